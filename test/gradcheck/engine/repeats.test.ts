/** Whether what is computed twice is the same. Oracle: what each function draws, and when. */
import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from '@jest/globals';
import { gradcheck } from '../../../src/gradcheck/gradcheck.js';
import { largestIn, requireSame, slackOf } from '../../../src/gradcheck/engine/repeats.js';
import type { GradcheckReport } from '../../../src/gradcheck/report/report.js';
import { randomFrom } from '../../../src/random.js';

describe('numbers', () => {
  const same =
    (first: number[], second: number[], slack = 0) =>
    (): void => {
      requireSame(Float64Array.from(first), Float64Array.from(second), 'f', slack);
    };

  test('that are the same, or no farther apart than the slack over the largest', () => {
    expect(same([1, NaN, 0, Infinity], [1, NaN, -0, Infinity])).not.toThrow();
    expect(same([8, 1], [8, 1.5], 2 ** -4)).not.toThrow();
    expect(same([8, Infinity, 1], [8, Infinity, 1.625], 2 ** -4)).toThrow(
      'f gives 1 and then 1.625 at entry 2. Fix its seeds, and keep state out of it.',
    );
    expect(same([1, NaN], [1, 0])).toThrow('f gives NaN and then 0 at entry 1.');
    expect(same([1], [1 + Number.EPSILON])).toThrow('f gives 1 and then');
  });

  test('by the precision', () => {
    expect(slackOf({ precision: 'float64' })).toBe(0);
    expect(slackOf({ precision: 'native' })).toBe(2 ** -18);
    expect(largestIn([-3, 2, NaN, -Infinity])).toBe(3);
  });
});

/** Drops entries at a rate, by draws that go on from call to call. */
function dropping(rate: number, seed: number): (x: tf.Tensor) => tf.Tensor {
  const random = randomFrom(seed);
  return (x) => {
    const kept = Array.from({ length: x.size }, () => (random.uniform(0, 1) < rate ? 0 : 1));
    return tf.mul(tf.tanh(x), kept);
  };
}

describe('a function that draws', () => {
  const seeds = Array.from({ length: 40 }, (_, seed) => seed);
  const check = (rate: number, x: number[]): Promise<GradcheckReport[]> =>
    Promise.all(seeds.map((seed) => gradcheck(dropping(rate, seed), [x], { seed })));

  test('heads or tails for its single entry is not deterministic', async () => {
    for (const { verdict, diagnosis } of await check(1 / 2, [0.3])) {
      expect(verdict).toBe('nondeterministic');
      expect(diagnosis[0]).toMatch(/^The function is not deterministic: called (twice|again) with the same/);
    }
  });

  test('now and then is never wrong', async () => {
    const verdicts = (await check(0.01, [0.3, -0.2, 0.7, 1.1, -1.4])).map(({ verdict }) => verdict);
    expect(verdicts).not.toContain('wrong');
    expect(verdicts).not.toContain('kink');
    expect(verdicts.filter((verdict) => verdict === 'nondeterministic').length).toBeGreaterThan(10);
  });

  test('and one that never drops is right', async () => {
    const verdicts = (await check(0, [0.3, -0.2])).map(({ verdict }) => verdict);
    expect(new Set(verdicts)).toEqual(new Set(['right']));
  });
});

/** 2x for so many calls at other points than this one, and x from there on; with the gradient of x. At the point itself it is always the same. */
function changing(calls: number, point: number): (x: tf.Tensor) => tf.Tensor {
  let left = calls;
  return tf.customGrad((given) => {
    const x = given as tf.Tensor;
    const slope = x.dataSync()[0] !== point && left-- > 0 ? 2 : 1;
    return { value: tf.add(tf.mul(tf.sub(x, point), slope), point), gradFunc: (dy: tf.Tensor) => dy.clone() };
  });
}

describe('a function that is another one after some calls', () => {
  test('is not deterministic where its quotients are', async () => {
    const { verdict, diagnosis } = await gradcheck(changing(26, 0.5), [[0.5]]);
    expect({ verdict, diagnosis }).toEqual({
      verdict: 'nondeterministic',
      diagnosis: [
        expect.stringMatching(
          /^The function is not deterministic: the difference quotient at entry 0 of input 0, computed twice with the same step, is not the same\. Fix its seeds/,
        ),
      ],
    });
  });

  test('and wrong where it stays as it is', async () => {
    const { verdict } = await gradcheck(changing(Infinity, 0.5), [[0.5]]);
    expect(verdict).toBe('wrong');
  });
});

test('a wrong gradient of a function whose calls differ by rounding alone, in single precision, is wrong', async () => {
  for (let seed = 0; seed < 8; seed++) {
    const random = randomFrom(seed);
    const f = (x: tf.Tensor): tf.Tensor => {
      const factor = 1 + random.uniform(-1, 1) * 2 ** -23;
      return tf.customGrad((y) => ({
        value: tf.mul(tf.square(y as tf.Tensor), factor),
        gradFunc: (dy: tf.Tensor) => tf.mul(dy, 3),
      }))(x);
    };
    const { verdict } = await gradcheck(f, [[0.5, 1, 2]], { seed, precision: 'native' });
    expect(verdict).toBe('wrong');
  }
});
