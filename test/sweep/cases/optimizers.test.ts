/** Oracle: closed forms of the steps, and the printed program, which is run. */
import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../../src/backends/select.js';
import {
  call,
  codeOf,
  input,
  inputsOf,
  run,
  type TrainExpression,
} from '../../../src/sweep/cases/expression.js';
import { sweepCases } from '../../../src/sweep/cases/index.js';
import { candidates } from '../../../src/sweep/explanation/shrink.js';
import { tensorCount } from '../../support/backends.js';
import { present } from '../../support/present.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

const [x, g, h] = ['x', 'g', 'h'].map(input);
const training = (train: string, args: number[], steps: TrainExpression['steps']): TrainExpression => ({
  train,
  args,
  variables: { x },
  steps,
  result: 'x',
});
const valuesOf = (expression: TrainExpression): number[] =>
  tf.tidy(() => {
    const tensors = { x: tf.tensor1d([1, 2]), g: tf.tensor1d([0.5, -1]), h: tf.tensor1d([1, 4]) };
    return Array.from((run(expression, tensors) as tf.Tensor).dataSync());
  });

test('steps by their closed forms, from gradients, from a list of them, from a cost', () => {
  const steps = [{ gradients: { x: g } }, { gradients: { x: h } }];
  expect(valuesOf(training('sgd', [0.5], steps))).toEqual([1 - 0.25 - 0.5, 2 + 0.5 - 2]);
  expect(
    valuesOf(
      training(
        'sgd',
        [0.5],
        steps.map((step) => ({ ...step, asList: true })),
      ),
    ),
  ).toEqual([0.25, 0.5]);
  // v = g; x -= v/2; v = v/2 + h; x -= v/2
  expect(valuesOf(training('momentum', [0.5, 0.5], steps))).toEqual([1 - 0.25 - 0.625, 2 + 0.5 - 1.75]);
  const cost = call('sum', call('square', x));
  expect(valuesOf(training('sgd', [0.25], [{ minimize: cost }]))).toEqual([0.5, 1]);
  const slower = [steps[0], { set: 'LearningRate', to: 0.25 }, steps[1]];
  expect(valuesOf(training('sgd', [0.5], slower))).toEqual([0.5, 1.5]);
});

test('nothing is left behind but what the optimizer leaves, by an error too', () => {
  const leftBy = (expression: TrainExpression): number => {
    const before = tensorCount();
    try {
      valuesOf(expression);
    } catch {
      // A gradient of another shape.
    }
    return tensorCount() - before;
  };
  expect(leftBy(training('sgd', [0.5], [{ gradients: { x: g } }]))).toBe(0);
  expect(leftBy(training('sgd', [0.5], [{ minimize: call('matMul', x, x) }]))).toBe(0);
  // The scalar of its learning rate: TensorFlow.js' own.
  expect(leftBy(training('momentum', [0.5, 0.5], [{ gradients: { x: g } }]))).toBe(1);
});

test('the program gives what the expression gives', () => {
  const cases = sweepCases(1).filter(({ family }) => family === 'optimizers');
  expect(cases.length).toBeGreaterThan(100);
  for (const variant of [undefined, 'list of gradients', 'minimize', 'setLearningRate']) {
    const one = present(cases.find((each) => each.op === 'train.momentum' && each.variant === variant));
    const tensors = Object.fromEntries(
      Object.entries(one.inputs).map(([name, { shape, values }]) => [
        name,
        tf.tensor([...values], [...shape]),
      ]),
    );
    const program = new Function('tf', ...Object.keys(tensors), `return ${codeOf(one.expression)};`);
    const printed = program(tf, ...Object.values(tensors)) as tf.Tensor;
    expect(Array.from(printed.dataSync())).toEqual(
      Array.from((run(one.expression, tensors) as tf.Tensor).dataSync()),
    );
  }
});

test('a smaller case has fewer steps, and the inputs of those alone', () => {
  const one = present(
    sweepCases(1).find(
      ({ op, expression }) => op === 'train.sgd' && 'train' in expression && expression.steps.length === 3,
    ),
  );
  const fewer = [...candidates(one)].filter(
    ({ expression }) => 'train' in expression && expression.steps.length === 2,
  );
  expect(fewer).toHaveLength(3);
  for (const each of fewer) expect(Object.keys(each.inputs).sort()).toEqual(inputsOf(each.expression).sort());
});
