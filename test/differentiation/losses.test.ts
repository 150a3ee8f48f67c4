import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { NEAR } from '../../src/differentiation/differences.js';
import { lossRow, lossTable, type LossName } from '../../src/differentiation/losses.js';
import { inFloat64 } from '../../src/float64/in-float64.js';
import { Mlp } from '../../src/networks/mlp.js';
import { describeOnEachBackend } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';

const names = Object.keys(lossTable) as LossName[];

describe.each(names)('%s', (name) => {
  const row = lossRow(name);

  test('its single losses make up the whole as the row says', () => {
    const network = new Mlp({ sizes: [3, 3], loss: name, weightInitStd: 1, seed: 2 });
    expect(network.structure.output).toBe(row.output);
    const x = tf.tensor2d([0.5, -1, 2, 1, 0, -0.5], [2, 3]);
    const t = tf.tensor2d([0, 1, 0, 1, 0, 0], [2, 3]);
    const whole = network.lossAt(network.parameters, x, t).dataSync()[0];
    const singles = Array.from(network.lossAt(network.parameters, x, t, 'none').dataSync());
    expect(singles).toHaveLength(row.singles === 'example' ? 2 : 6);
    const sum = singles.reduce((a, b) => a + b, 0);
    const mean = sum / singles.length;
    // The single ones of a root of mean squares are |r|.
    const root = Math.sqrt(singles.reduce((a, b) => a + b * b, 0) / singles.length);
    const ways = { mean, sum, root };
    expectClose(whole, ways[row.whole], { relative: 1e-6 });
    for (const way of ['mean', 'sum', 'root'] as const) {
      if (way !== row.whole) expectRejected(whole, ways[way], { relative: 1e-6 });
    }
    network.dispose();
  });
});

describeOnEachBackend('both forms of a change of the loss', () => {
  /** Logits or residuals of two examples, off every kink, and targets; as many moves as outputs, each of one output alone. */
  const values = [0.5, -1.25, 2, 1.75, 0.25, -0.5];
  const moved = (size: number): number[] => [0, 1].flatMap(() => [size, 0, 0, 0, -size, 0, 0, 0, size]);
  const differenceOf = (
    name: LossName,
    form: 'any' | 'near',
    epsilon: number,
    target: number[],
    size: number,
  ): number[] =>
    tf.tidy(() => {
      const t = tf.tensor3d(target, [2, 1, 3]);
      const { difference } = lossRow(name);
      const differentiable =
        'ofLogits' in difference ? difference.ofLogits(t, epsilon) : difference.ofResiduals;
      const around = differentiable.around(tf.tensor3d(values, [2, 1, 3]));
      return Array.from(around[form]((x) => x, tf.tensor3d(moved(size), [2, 3, 3])).dataSync());
    });
  const hard = [0, 1, 0, 1, 0, 0];
  const soft = [0.25, 0.5, 0.25, 0.75, 0.25, 0];

  test.each(names)('%s: near and any agree, and the near form with doubles', (name) => {
    for (const target of [hard, soft]) {
      for (const epsilon of [0, 1e-7, 0.05]) {
        for (const size of [1e-6, 1e-3, NEAR / 2]) {
          const expected = inFloat64(() => differenceOf(name, 'any', epsilon, target, size));
          const tolerance = { relative: 2e-6, maxRelativeToLargest: 1e-6 };
          for (const form of ['near', 'any'] as const) {
            expectClose(differenceOf(name, form, epsilon, target, size), expected, tolerance);
          }
          expectRejected(
            expected.map((value) => value * (1 + 5e-6)),
            expected,
            tolerance,
          );
        }
      }
    }
  });
});
