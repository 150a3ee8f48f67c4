import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { describeReport } from '../../src/gradcheck/report/describe.js';
import { expectGradients, GradientMismatchError } from '../../src/gradcheck/expect.js';
import { gradcheck } from '../../src/gradcheck/gradcheck.js';
import { matchers } from '../../src/gradcheck/matcher.js';
import { elementwise } from './zoo/support.js';

beforeAll(async () => {
  await selectBackend();
});

const doubled = elementwise(
  (x) => tf.square(x),
  (x) => tf.mul(4, x),
);
const square = (x: tf.Tensor): tf.Tensor => tf.square(x);
const relu = (x: tf.Tensor): tf.Tensor => tf.relu(x);
const reluOff = elementwise(
  (x) => tf.relu(x),
  (x) => tf.add(tf.mul(5, tf.cast(tf.equal(x, 0), 'float32')), tf.cast(tf.greater(x, 0), 'float32')),
);

describe('expectGradients', () => {
  test('gives the report where the gradient is right, or between the slopes of a kink', async () => {
    await expect(expectGradients(square, [[1, 2]])).resolves.toMatchObject({ verdict: 'right' });
    await expect(expectGradients(relu, [[0, 1]])).resolves.toMatchObject({ verdict: 'kink' });
  });

  test('throws with the report and its words', async () => {
    const error: unknown = await expectGradients(doubled, [[1, 2, 3]], { seed: 9, names: ['weights'] }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(GradientMismatchError);
    const { message, report, name } = error as GradientMismatchError;
    expect(name).toBe('GradientMismatchError');
    expect(report.verdict).toBe('wrong');
    expect(message).toMatch(/weights: .*2 times/);
    expect(message).toMatch(/worst at \[\d\]: differences give \d/);
    expect(message).toMatch(/Seed 9/);
  });

  test('throws at a kink where the gradient lies outside of the slopes', async () => {
    await expect(expectGradients(reluOff, [[0, 1]])).rejects.toThrow(/not between them/);
  });
});

describe('toHaveRightGradients', () => {
  expect.extend(matchers);
  const match = (isNot: boolean, f: unknown) => matchers.toHaveRightGradients.call({ isNot }, f, [[1, 2, 3]]);

  test('passes on right ones, and .not on wrong ones', async () => {
    expect((await match(false, square)).pass).toBe(true);
    expect((await match(false, doubled)).pass).toBe(false);
    expect((await match(true, doubled)).pass).toBe(false);
    expect((await match(true, square)).pass).toBe(true);
    expect((await match(false, doubled)).message()).toMatch(
      /right gradients were expected.*\n.*wrong[^]*2 times/,
    );
  });

  test('.not fails where there was nothing to judge', async () => {
    const noGradient = (x: tf.Tensor): tf.Tensor => tf.cumprod(x);
    expect((await match(true, noGradient)).pass).toBe(true);
    expect((await match(false, noGradient)).pass).toBe(false);
  });
});

test('describeReport is one line where all is right', async () => {
  const report = await gradcheck(square, [[1, 2]]);
  expect(describeReport(report)).toBe('The gradient is right (full mode, in double precision).');
});
