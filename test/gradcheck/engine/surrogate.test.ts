/** What a gradient is compared with by the option `surrogate`. Oracle: closed forms of the surrogates' derivatives. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { expectGradients } from '../../../src/gradcheck/expect.js';
import { gradcheck } from '../../../src/gradcheck/gradcheck.js';
import { rulesFor } from '../../../src/gradcheck/engine/surrogate.js';
import { describeReport } from '../../../src/gradcheck/report/describe.js';
import type { GradcheckOptions } from '../../../src/gradcheck/report/report.js';
import { withGradient } from '../zoo/support.js';

type T = tf.Tensor;
const step = withGradient(
  (x) => tf.step(x),
  (dy) => tf.clone(dy),
);
const at = [0.3, -0.7, 1.4];
const product = (x: T, y: T): T => tf.mul(x, y);

/** The verdict, of each input too. */
const verdicts = async (f: (...inputs: T[]) => T, inputs: number[][], options: GradcheckOptions) => {
  const { verdict, inputs: reports } = await gradcheck(f, inputs, options);
  return [verdict, ...reports.map((report) => report.verdict)];
};

describe('a function', () => {
  test('gives the numbers that the report has', async () => {
    const report = await gradcheck(step, [at], { surrogate: (x: T) => tf.mul(x, 1) });
    expect(report.verdict).toBe('right');
    expect(report.inputs[0]).toMatchObject({ surrogate: 'function', worst: { autodiff: 1 } });
    expect(report.inputs[0].worst?.numerical).toBeCloseTo(1, 10);
    expect(describeReport(report)).toMatch(/compared with the derivative of the surrogate/);
  });

  test('that is off by 1e-6 is noticed', async () => {
    expect(await verdicts(step, [at], { surrogate: (x: T) => tf.mul(x, 1 + 1e-6) })).toEqual([
      'wrong',
      'wrong',
    ]);
  });

  test('of f that is random is enough', async () => {
    // Drawn from a seed of its own in each call: the same on every run.
    let seed = 1;
    const noisy = withGradient(
      (x) => tf.step(tf.add(x, tf.randomNormal(x.shape, 0, 1, 'float32', seed++))),
      (dy) => tf.clone(dy),
    );
    expect((await gradcheck(noisy, [at])).verdict).toBe('nondeterministic');
    expect(await verdicts(noisy, [at], { surrogate: 'identity' })).toEqual(['right', 'right']);
  });

  test.each<[string, (x: T) => unknown, RegExp]>([
    [
      'of another shape',
      (x) => tf.sum(x),
      /the surrogate must return tensors of the shapes that f returns, \[3\], got \[\]/,
    ],
    ['of no tensor', () => 3, /the surrogate must return a tensor/],
    [
      'that throws',
      () => {
        throw new Error('not here');
      },
      /the surrogate threw: not here/,
    ],
  ])('%s is refused', async (_what, surrogate, message) => {
    await expect(gradcheck(step, [at], { surrogate })).rejects.toThrow(message);
  });

  test('without a gradient leaves the second order unsupported', async () => {
    const report = await gradcheck(step, [at], { surrogate: (x: T) => tf.cumprod(tf.mul(x, 1)), order: 2 });
    expect(report.verdict).toBe('wrong');
    const other = await gradcheck(tf.cumsum, [at], {
      surrogate: (x: T) => tf.add(tf.cumsum(x), tf.mul(0, tf.cumprod(x))),
      order: 2,
    });
    expect(other.verdict).toBe('unsupported');
    expect(other.diagnosis[0]).toMatch(
      /Second order: the second order needs the gradient of the surrogate.*Cumprod/,
    );
  });
});

describe('a rule', () => {
  test('stands for one input, the others are checked as ever', async () => {
    const stopped = withGradient(product, (dy, _x, y) => [tf.mul(dy, y), tf.zerosLike(y)]);
    expect(await verdicts(stopped, [at, [1, 2, 3]], { surrogate: [null, 'zero'] })).toEqual([
      'right',
      'right',
      'right',
    ]);
    expect(await verdicts(stopped, [at, [1, 2, 3]], { surrogate: ['zero', 'zero'] })).toEqual([
      'wrong',
      'wrong',
      'right',
    ]);
    expect(await verdicts(stopped, [at, [1, 2, 3]], {})).toEqual(['wrong', 'right', 'wrong']);
  });

  test('adds to what the other inputs do', async () => {
    const straight = withGradient(
      (x, b) => tf.add(tf.round(x), tf.square(b)),
      (dy, _x, b) => [tf.clone(dy), tf.mul(dy, tf.mul(2, b))],
    );
    expect(await verdicts(straight, [at, [1, 2, 3]], { surrogate: ['identity'] })).toEqual([
      'right',
      'right',
      'right',
    ]);
    expect(await verdicts(straight, [at, [1, 2, 3]], { surrogate: ['identity', { scale: 1.01 }] })).toEqual([
      'wrong',
      'right',
      'wrong',
    ]);
  });

  test('is in the report and in its words', async () => {
    const report = await gradcheck((x: T) => tf.neg(x), [at], { surrogate: { scale: 1 }, names: ['z'] });
    expect(report.inputs[0].surrogate).toEqual({ scale: 1 });
    expect(describeReport(report)).toMatch(/compared with the surrogate \(z: 1 times f's derivative\)/);
  });

  test.each<[string, unknown, RegExp]>([
    [
      'no rule',
      'half',
      /surrogate must be a function, or 'zero', 'identity' or \{ scale: a number \}.*got half/,
    ],
    ['a scale that is no number', { scale: NaN }, /surrogate names no input: "scale"/],
    ['too many', ['zero', 'zero', 'zero'], /3 rules for 2 inputs/],
    ['a name that is none', { q: 'zero' }, /surrogate names no input: "q"\. There are input 0, input 1/],
    ['one for a constant', [null, 'zero'], /a rule for input 1, which is not differentiated/],
    ['a number', 3, /got 3/],
  ])('%s is refused', async (_what, surrogate, message) => {
    const options = { surrogate, constant: [1] } as GradcheckOptions;
    await expect(gradcheck(product, [at, at], options)).rejects.toThrow(message);
  });

  test("identity needs the input's shape", async () => {
    await expect(gradcheck((x: T) => tf.sum(x), [at], { surrogate: 'identity' })).rejects.toThrow(
      /'identity' of input 0 \[3\] needs one output of the same shape, got \[\]/,
    );
  });
});

test('expectGradients takes it, and no check leaves a tensor', async () => {
  const before = tf.memory().numTensors;
  await expectGradients(step, [at], { surrogate: 'identity' });
  await expect(expectGradients(step, [at], { surrogate: 'zero' })).rejects.toThrow(
    /dy itself, as the identity's/,
  );
  expect(tf.memory().numTensors).toBe(before);
});

test('every input has its rule, or none; a rule for all is for those that are differentiated', () => {
  const [a, b, held] = [
    { name: 'a', active: true },
    { name: 'b', active: true },
    { name: 'held', active: false },
  ];
  const none = [undefined, undefined, undefined];
  for (const nothing of [undefined, null, (x: T) => x, [], {}]) {
    expect(rulesFor([a, b, held], nothing as GradcheckOptions['surrogate'])).toStrictEqual(none);
  }
  expect(rulesFor([a, b, held], 'zero')).toEqual(['zero', 'zero', undefined]);
  expect(rulesFor([a, b, held], [null, { scale: 2 }])).toEqual([undefined, { scale: 2 }, undefined]);
  expect(rulesFor([a, b, held], { a: 'identity' })).toEqual(['identity', undefined, undefined]);
  expect(() => rulesFor([a, held], { held: 'zero' })).toThrow(/held, which is not differentiated/);
});
