import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { compareGradients } from '../../src/parity/compare.js';
import { judge, parityCases } from '../../src/parity/textbook.js';
import * as losses from '../../src/functions/losses.js';
import { relu, sigmoid, softmax, tanh } from '../../src/functions/activations.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { evaluated, withWrongAutodiff } from './wrong.js';

const cases = parityCases().filter(({ name }) => !/central|structured/.test(name));

describeOnEachBackend('numerical gradient against tf.grad', () => {
  test.each(cases.map((each) => [each.name, each] as const))('%s', (name, parityCase) => {
    const each = evaluated(parityCase);
    const result = judge(each);
    expect(result.worstRelativeDifference).toBeLessThanOrEqual(each.tolerance);
    expect(result.right).toBe(true);
    // Off by three tolerances in one entry it is rejected; where the derivative is 0, by any amount.
    const wrong = judge(withWrongAutodiff(each, 3 * each.tolerance));
    expect(wrong.right).toBe(false);
    if (name !== 'step' && name !== 'sign') expect(wrong.worstRelativeDifference).toBeLessThan(0.01);
  });

  test('the checks leave no tensors', () => {
    expectNoLeak(() => cases.filter((_, i) => i % 4 === 0).forEach((each) => void judge(each)));
  });
});

/** `f` with a gradient of one's own making. */
const withGradient =
  (
    value: (x: tf.Tensor) => tf.Tensor,
    gradient: (dy: tf.Tensor, x: tf.Tensor) => tf.Tensor,
  ): ((x: tf.Tensor) => tf.Tensor) =>
  (x) =>
    tf.customGrad((...args) => {
      const [input, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
      save([input]);
      return {
        value: value(input),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradient(dy, saved[0]),
      };
    })(x);

describeOnEachBackend('gradients that people write, and that are wrong', () => {
  const points = [-2.5, -1.75, -1.375, -0.75, -0.625, -0.375, 0.25, 0.5, 0.8125];
  const square = (): tf.Tensor => tf.tensor2d(points, [3, 3]);
  const labels = [2, 0, 1];
  const target = (): tf.Tensor => tf.tensor2d([0, 0, 1, 1, 0, 0, 0, 1, 0], [3, 3]);
  const worst = (f: (x: tf.Tensor) => tf.Tensor): number =>
    tf.tidy(() => compareGradients(f, square(), { h: 2 ** -5 }).worstRelativeDifference);

  const wrong: [string, (x: tf.Tensor) => tf.Tensor, (dy: tf.Tensor, x: tf.Tensor) => tf.Tensor][] = [
    ['sigmoid: twice', sigmoid, (dy, x) => tf.mul(dy, tf.mul(2, tf.mul(sigmoid(x), sigmoid(tf.neg(x)))))],
    ['sigmoid: y instead of y(1 - y)', sigmoid, (dy, x) => tf.mul(dy, sigmoid(x))],
    ['sigmoid: dy ignored', sigmoid, (_dy, x) => tf.mul(sigmoid(x), sigmoid(tf.neg(x)))],
    ['tanh: 1 - y instead of 1 - y²', tanh, (dy, x) => tf.mul(dy, tf.sub(1, tanh(x)))],
    ['relu: 1 everywhere', relu, (dy) => tf.clone(dy)],
    ['relu: transposed', relu, (dy, x) => tf.transpose(tf.mul(dy, tf.step(x)))],
    [
      'softmax: its diagonal alone',
      (x) => softmax(x),
      (dy, x) => tf.mul(dy, tf.mul(softmax(x), tf.sub(1, softmax(x)))),
    ],
    [
      'softmax: along the other axis',
      (x) => softmax(x),
      (dy, x) => {
        const y = softmax(x);
        return tf.mul(y, tf.sub(dy, tf.sum(tf.mul(dy, y), 0, true)));
      },
    ],
    [
      'softmax: over the whole batch, as the article has it',
      (x) => softmax(x),
      (dy, x) => {
        const y = softmax(x.flatten()).reshape(x.shape);
        return tf.mul(y, tf.sub(dy, tf.sum(tf.mul(dy, y))));
      },
    ],
    [
      'softmaxCrossEntropy: not divided by the batch',
      (x) => losses.softmaxCrossEntropy(x, labels),
      (dy, x) => tf.mul(dy, tf.sub(softmax(x), target())),
    ],
    [
      'softmaxCrossEntropy: divided by the entries',
      (x) => losses.softmaxCrossEntropy(x, labels),
      (dy, x) => tf.mul(dy, tf.div(tf.sub(softmax(x), target()), 9)),
    ],
    [
      'meanSquaredError: the book’s y - t, without the 2/n',
      (x) => losses.meanSquaredError(x, target()),
      (dy, x) => tf.mul(dy, tf.sub(x, target())),
    ],
    [
      'huber: not clipped',
      (x) => losses.huber(x, target(), { reduction: 'none' }),
      (dy, x) => tf.mul(dy, tf.sub(x, target())),
    ],
  ];

  test.each(wrong)('%s', (_what, value, gradient) => {
    expect(worst(withGradient(value, gradient))).toBeGreaterThan(0.05);
  });

  test('the same functions with the gradients they have', () => {
    for (const [what, value] of wrong) {
      if (!what.startsWith('huber')) expect(worst(value)).toBeLessThan(1e-4);
    }
  });

  test('a softmax over the whole batch is another function, and its own gradient is right', () => {
    const article = (x: tf.Tensor): tf.Tensor => softmax(x.flatten()).reshape(x.shape);
    expect(worst(article)).toBeLessThan(1e-4);
    const values = tf.tidy(() => [article(square()), softmax(square())].map((y) => tf.sum(y, 1).arraySync()));
    expect(values[0]).not.toEqual(values[1]);
  });
});

describeOnEachBackend('no difference crosses a kink', () => {
  test('functions that are straight or parabolic beside their kinks are exact, which a difference across one is not', () => {
    const kinked = cases.filter(({ name }) =>
      /^(step|sign|relu|huber, (sum|none)|meanAbsoluteError, (sum|none)|rootMeanSquaredError, none)$/.test(
        name,
      ),
    );
    expect(kinked).toHaveLength(8);
    for (const each of kinked) expect(judge(each).worstRelativeDifference).toBeLessThan(1e-6);
    const x = tf.tensor1d([-1, 0.4, 1]);
    const across = compareGradients(relu, x, { h: 2 ** -3 });
    x.dispose();
    expect(across.worstRelativeDifference).toBeGreaterThan(1e-3);
  });
});
