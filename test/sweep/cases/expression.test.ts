/** Oracle: TensorFlow.js' own functions, called by hand; for the code, that it gives the same numbers as the expression does. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { selectBackend } from '../../../src/backends/select.js';
import { InputError } from '../../../src/errors.js';
import {
  call,
  codeOf,
  get,
  input,
  inputsOf,
  isExpression,
  modelCode,
  run,
  type Expression,
  type LayersExpression,
} from '../../../src/sweep/cases/expression.js';
import { expectNoLeak } from '../../support/backends.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

const [x, y] = [input('x'), input('y')];

type Tensors = Record<string, tf.Tensor>;

const tensors = (): Tensors => ({
  x: tf.tensor2d([1, -2, 3, 0.5, -0.25, 4], [2, 3]),
  y: tf.tensor2d([2, 1, -1, 0.5, 3, -4], [2, 3]),
});

const valuesOf = (value: unknown): number[] => Array.from((value as tf.Tensor).dataSync());

/** The flat numbers of what `make` gives for the two inputs; nothing is left behind. */
function numbersOf(make: (inputs: Tensors) => unknown): number[] {
  let numbers: number[] = [];
  expectNoLeak(() =>
    tf.tidy(() => {
      numbers = valuesOf(make(tensors()));
    }),
  );
  return numbers;
}

const dense: LayersExpression = {
  layers: [
    ['dense', { inputShape: [3], units: 2, activation: 'relu' }],
    ['dense', { units: 1, useBias: false }],
  ],
  of: x,
  weights: ['kernel', 'bias', 'last'],
};

describe('run', () => {
  test.each<[string, Expression, (inputs: Tensors) => tf.Tensor]>([
    ['an input', x, (t) => t.x],
    ['a call', call('square', x), (t) => tf.square(t.x)],
    ['nested calls', call('sub', call('exp', x), call('mul', y, x)), (t) => tf.exp(t.x).sub(t.y.mul(t.x))],
    ['a path', call('losses.huberLoss', x, y), (t) => tf.losses.huberLoss(t.x, t.y)],
    ['lists of expressions', call('concat', [x, call('neg', y)], 1), (t) => tf.concat([t.x, tf.neg(t.y)], 1)],
    ['lists of numbers', call('pad', x, [[1, 0], [0, 2]], 7), (t) => tf.pad(t.x, [[1, 0], [0, 2]], 7)], // prettier-ignore
    [
      'option objects, with expressions in them',
      call('fused.matMul', { a: x, b: y, transposeB: true, activation: 'relu' }),
      (t) => tf.fused.matMul({ a: t.x, b: t.y, transposeB: true, activation: 'relu' }),
    ],
    ['an index of a list', get(call('split', x, 3, 1), 2), (t) => tf.split(t.x, 3, 1)[2]],
    ['a name of an object', get(call('moments', x, 1), 'variance'), (t) => tf.moments(t.x, 1).variance],
    ['defaults', call('sum', x, undefined, true), (t) => tf.sum(t.x, undefined, true)],
  ])('%s', (_what, expression, expected) => {
    const numbers = numbersOf((t) => run(expression, t));
    expect(numbers.length).toBeGreaterThan(0);
    expect(numbers).toEqual(numbersOf(expected));
  });

  test('layers, with their weights', () => {
    const weights = (): Tensors => ({
      kernel: tf.tensor2d([1, -1, 0.5, 2, -0.25, 1], [3, 2]),
      bias: tf.tensor1d([0.5, -1]),
      last: tf.tensor2d([2, 3], [2, 1]),
    });
    const numbers = numbersOf((t) => run(dense, { ...t, ...weights() }));
    // x·kernel + bias = [-0.25, -3] and [-0.125, 2]; relu; ·[2, 3].
    expect(numbers).toEqual([0, 6]);
    const one = { ...weights(), last: tf.tensor2d([2, 4], [2, 1]) };
    expect(tf.tidy(() => valuesOf(run(dense, { x: tensors().x, ...one })))).toEqual([0, 8]);
    tf.dispose(one);
  });

  test('layers in training and not', () => {
    const make = (training: boolean): LayersExpression => ({
      layers: [['batchNormalization', { inputShape: [3], epsilon: 0.25 }]],
      of: x,
      weights: ['gamma', 'beta', 'mean', 'variance'],
      training,
    });
    const numbers = [false, true].map((training) =>
      numbersOf((t) =>
        run(make(training), {
          x: t.x,
          gamma: tf.ones([3]),
          beta: tf.zeros([3]),
          mean: tf.ones([3]),
          variance: tf.fill([3], 3.75),
        }),
      ),
    );
    // (x − 1) / √4, and by the batch's own mean and variance.
    expect(numbers[0]).toEqual([0, -1.5, 1, -0.25, -0.625, 1.5]);
    const own = [1, 2, 3].map((_, i) => {
      const [a, b] = [[1, 0.5], [-2, -0.25], [3, 4]][i]; // prettier-ignore
      return (a - b) / 2 / Math.sqrt(((a - b) / 2) ** 2 + 0.25);
    });
    own.forEach((value, i) => expect(numbers[1][i]).toBeCloseTo(value, 5));
  });

  test.each<[string, Expression, RegExp]>([
    ['a function that is not there', call('sine', x), /no function tf\.sine/],
    ['a path that is not there', call('image.math.add', x), /no function tf\.image\.math\.add/],
    ['what is no function', call('losses', x), /no function tf\.losses/],
    ['an input that is not there', call('add', x, input('z')), /there is no input z/],
    ['one that every object has', input('constructor'), /there is no input constructor/],
    ['a layer that is not there', { ...dense, layers: [['thick', {}]] }, /no function tf\.layers\.thick/],
    ['a weight that is not there', { ...dense, weights: ['k', 'b', 'l'] }, /there is no input k/],
    [
      'too few weights',
      { ...dense, weights: ['y'] },
      /weights of the shapes \[\[null,3\],\[3,2\],\[2\],\[2,1\]\], got \[\[null,3\],\[2,3\]\]/,
    ],
  ])('%s is an InputError, and nothing is left behind', (_what, expression, message) => {
    expectNoLeak(() =>
      tf.tidy(() => {
        const inputs = tensors();
        expect(() => run(expression, inputs)).toThrow(message);
        expect(() => run(expression, inputs)).toThrow(InputError);
      }),
    );
  });

  test("passes on the function's own error, which is no InputError", () => {
    tf.tidy(() => {
      const wrong = (): unknown => run(call('matMul', x, y), tensors());
      expect(wrong).toThrow(/inner shapes/);
      expect(wrong).not.toThrow(InputError);
    });
  });
});

describe('codeOf', () => {
  test.each<[Expression, string]>([
    [call('square', x), 'tf.square(x)'],
    [call('concat', [x, y], -1), 'tf.concat([x, y], -1)'],
    [call('pool', x, [2, 3], 'avg', 'same'), "tf.pool(x, [2, 3], 'avg', 'same')"],
    [
      call('f', "it's", 'a\\b', -0, null, undefined, true),
      "tf.f('it\\'s', 'a\\\\b', -0, null, undefined, true)",
    ],
    [call('fused.matMul', { x, b: y, transposeA: true }), 'tf.fused.matMul({x, b: y, transposeA: true})'],
    [get(call('split', x, 2), 1), 'tf.split(x, 2)[1]'],
    [get(call('moments', x), 'mean'), 'tf.moments(x).mean'],
    [
      { ...dense, training: true },
      "tf.sequential({layers: [tf.layers.dense({inputShape: [3], units: 2, activation: 'relu'}), " +
        'tf.layers.dense({units: 1, useBias: false})]}).apply(x, {training: true})',
    ],
  ])('%#', (expression, code) => {
    expect(codeOf(expression)).toBe(code);
  });

  test('inputs as one likes', () => {
    expect(codeOf(call('add', x, { y }), (name) => `${name}[2,3]`)).toBe('tf.add(x[2,3], {y: y[2,3]})');
  });

  const unary = fc
    .constantFrom('neg', 'square', 'relu', 'sigmoid', 'sin')
    .map((op) => (of: Expression) => call(op, of));
  const withOptions = fc.constantFrom<(of: Expression) => Expression>(
    (of) => get(call('moments', of, 1, true), 'mean'),
    (of) => get(call('split', of, 1, 1), 0),
    (of) => call('concat', [call('slice', of, [0, 1], [2, 2]), call('slice', of, [0, 0], [-1, 1])], -1),
    (of) => call('clipByValue', of, -1.5, 2),
    (of) => call('fused.matMul', { a: of, b: y, transposeA: false, transposeB: true, bias: undefined }),
    (of) => call('reshape', call('reshape', of, [-1]), [2, -1]),
    (of) => call('sum', of, [1], true),
    (of) => call('cast', call('greater', of, 0.25), 'float32'),
  );
  const expressions: fc.Memo<Expression> = fc.memo((depth) =>
    depth <= 1
      ? fc.constantFrom<Expression>(x, y)
      : fc.oneof(
          fc.tuple(unary, expressions()).map(([make, of]) => make(of)),
          fc
            .tuple(withOptions, fc.constantFrom<Expression>(x, y, call('mul', x, y)))
            .map(([make, of]) => make(of)),
          fc.tuple(expressions(), expressions()).map(([a]) => call('mul', call('sum', a), x)),
        ),
  );

  /** The code, as another program would run it. */
  const evaluate = (code: string, inputs: Tensors): unknown =>
    new Function('tf', ...Object.keys(inputs), `return ${code};`)(tf, ...Object.values(inputs));

  test('the code gives the same numbers as the expression', () => {
    fc.assert(
      fc.property(expressions(4), (expression) => {
        const code = codeOf(expression);
        const numbers = numbersOf((t) => run(expression, t));
        expect(numbersOf((t) => evaluate(code, t))).toEqual(numbers);
      }),
      { numRuns: 100 },
    );
    // The comparison tells expressions apart.
    const other = numbersOf((t) => evaluate(codeOf(call('sub', x, y)), t));
    expect(numbersOf((t) => run(call('sub', y, x), t))).not.toEqual(other);
  });

  test('the code of a model, given the weights, gives the same numbers', () => {
    const weights = [tf.ones([3, 2]), tf.ones([2]), tf.ones([2, 1])];
    const { x: point } = tensors();
    const model = evaluate(modelCode(dense), {}) as tf.Sequential;
    model.setWeights(weights);
    const [kernel, bias, last] = weights as [tf.Tensor, tf.Tensor, tf.Tensor];
    const own = run(dense, { x: point, kernel, bias, last });
    const code = codeOf(dense).replace(modelCode(dense), 'model');
    expect(valuesOf(evaluate(code, { model: model as unknown as tf.Tensor, x: point }))).toEqual(
      valuesOf(own),
    );
    tf.disposeVariables();
  });
});

describe('inputsOf', () => {
  test.each<[string, Expression, string[]]>([
    ['in the order of their first use', call('add', y, call('mul', x, y)), ['y', 'x']],
    ['within lists and objects', call('f', [x, { a: input('b') }]), ['x', 'b']],
    ['of members', get(call('split', x, 2), 0), ['x']],
    ['of layers, weights after what they are applied to', dense, ['x', 'kernel', 'bias', 'last']],
    ['none', call('zeros', [2], 'float32'), []],
  ])('%s', (_what, expression, names) => {
    expect(inputsOf(expression)).toEqual(names);
  });

  test('text that is like a name is none', () => {
    expect(inputsOf(call('einsum', 'x', y))).toEqual(['y']);
    expect([x, call('exp', x), dense, get(x, 0)].every(isExpression)).toBe(true);
    expect(['x', 1, null, undefined, [x], { a: x }].some(isExpression)).toBe(false);
  });
});
