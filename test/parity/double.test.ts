import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { sigmoid } from '../../src/functions/activations.js';
import { gradcheck } from '../../src/gradcheck/gradcheck.js';
import { DOUBLE_TOLERANCE, doubleCases, parityCases } from '../../src/parity/textbook.js';

beforeAll(async () => {
  await selectBackend();
});

describe('the textbook in double precision', () => {
  test.each(doubleCases().map(({ name, check }) => [name, check] as const))('%s', async (name, check) => {
    const tensors = tf.memory().numTensors;
    const report = await check();
    expect({ verdict: report.verdict, diagnosis: report.diagnosis }).toEqual({
      verdict: 'right',
      // Steps are flat, and the check says so.
      diagnosis: ['step', 'sign'].includes(name) ? [expect.stringContaining('f is flat there')] : [],
    });
    expect(Math.max(...report.inputs.map(({ maxRelativeError }) => maxRelativeError))).toBeLessThan(
      DOUBLE_TOLERANCE,
    );
    expect(tf.memory().numTensors).toBe(tensors);
  });

  test('has every function of the float32 suite', () => {
    const names = doubleCases().map(({ name }) => name);
    for (const one of parityCases()) if ('subject' in one) expect(names).toContain(one.name);
  });

  test.each([
    [3, 'wrong'],
    [0.3, 'right'],
  ])('a gradient that is off by %d tolerances is %s', async (share, verdict) => {
    const factor = 1 + share * DOUBLE_TOLERANCE;
    const f = tf.customGrad((...args) => {
      const [x, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
      save([x]);
      return {
        value: sigmoid(x),
        gradFunc: (dy: tf.Tensor, [saved]: tf.Tensor[]) =>
          tf.mul(dy, tf.mul(factor, tf.mul(sigmoid(saved), sigmoid(tf.neg(saved))))),
      };
    });
    const report = await gradcheck(f, [[-1.5, 0.25, 2]], { rtol: DOUBLE_TOLERANCE });
    expect(report.verdict).toBe(verdict);
  });
});
