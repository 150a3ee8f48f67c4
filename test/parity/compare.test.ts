import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { compareGradients, largestDifference as largestOfPair } from '../../src/parity/compare.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';

const largestDifference = (numerical: number[], autodiff: number[]) => largestOfPair({ numerical, autodiff });

describe('largestDifference, by hand', () => {
  test('relative to the largest number in either list', () => {
    expect(largestDifference([1, 2, -4], [1, 2.5, -4])).toEqual({
      worstRelativeDifference: 0.125,
      worst: { index: 1, numerical: 2, autodiff: 2.5 },
    });
    expect(largestDifference([1], [-8]).worstRelativeDifference).toBe(9 / 8);
  });

  test('the same numbers differ by 0, zeros too', () => {
    expect(largestDifference([0, 0], [0, -0]).worstRelativeDifference).toBe(0);
    expect(largestDifference([3], [3]).worstRelativeDifference).toBe(0);
    expect(largestDifference([], []).worstRelativeDifference).toBe(0);
  });

  test.each([
    ['NaN on one side', [1, NaN], [1, 1], 1],
    ['NaN on the other', [1, 1, 1], [1, NaN, 1], 1],
    ['NaN on both', [NaN], [NaN], 0],
    ['an infinity', [Infinity, 1], [1, 1], 0],
    ['the same infinity on both', [Infinity], [Infinity], 0],
    ['NaN beside a large difference', [NaN, 9], [1, 1], 0],
  ])('%s is no agreement', (_what, numerical, autodiff, index) => {
    const { worstRelativeDifference, worst } = largestDifference(numerical, autodiff);
    expect(worstRelativeDifference <= 1e300).toBe(false);
    expect(worst.index).toBe(index);
  });

  test('lists of unlike length are no agreement', () => {
    expect(largestDifference([1], [1, 2])).toMatchObject({
      worstRelativeDifference: Infinity,
      worst: { index: 1 },
    });
    expect(largestDifference([1, 2], []).worstRelativeDifference).toBe(Infinity);
  });

  test('scaling both lists changes nothing', () => {
    const list = fc.array(fc.integer({ min: -99, max: 99 }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(list, list, fc.integer({ min: -40, max: 40 }), (a, b, exponent) => {
        const scaled = (values: number[]): number[] => values.map((value) => value * 2 ** exponent);
        const { worstRelativeDifference, worst } = largestDifference(a, b);
        const other = largestDifference(scaled(a), scaled(b));
        expect(other.worstRelativeDifference).toBe(worstRelativeDifference);
        expect(other.worst.index).toBe(worst.index);
      }),
    );
  });
});

/** `value` with a gradient of one's own making. */
const withGradient = (
  value: (x: tf.Tensor) => tf.Tensor,
  gradient: (dy: tf.Tensor, x: tf.Tensor) => tf.Tensor,
): ((x: tf.Tensor) => tf.Tensor) =>
  tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
    save([x]);
    return { value: value(x), gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradient(dy, saved[0]) };
  });

describeOnEachBackend('compareGradients', () => {
  const at = (shape: number[]): tf.Tensor =>
    tf.tensor(
      Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => ((i * 5) % 7) / 4 - 0.8125),
      shape,
    );
  const options = { h: 2 ** -4 };
  const difference = (f: (x: tf.Tensor) => tf.Tensor, shape = [2, 3]): number =>
    compareGradients(f, at(shape), options).worstRelativeDifference;

  test.each([[[]], [[4]], [[2, 3]], [[2, 1, 3]]])('right gradients agree, at shape %j', (shape) => {
    expect(difference(tf.sin, shape)).toBeLessThan(1e-5);
    expect(difference((x) => tf.sum(tf.exp(x)), shape)).toBeLessThan(1e-5);
    expect(difference((x) => tf.clone(x), shape)).toBeLessThan(1e-6);
    expect(difference((x) => tf.concat([x.flatten(), tf.square(x).flatten()]), shape)).toBeLessThan(1e-5);
  });

  test.each<[string, (dy: tf.Tensor, x: tf.Tensor) => tf.Tensor]>([
    ['twice what it should be', (dy, x) => tf.mul(dy, tf.mul(tf.cos(x), 2))],
    ['negated', (dy, x) => tf.mul(dy, tf.neg(tf.cos(x)))],
    ['nothing', (_dy, x) => tf.zerosLike(x)],
    ['dy ignored', (_dy, x) => tf.cos(x)],
    ['dy summed', (dy, x) => tf.mul(tf.sum(dy), tf.cos(x))],
    ['dy averaged', (dy, x) => tf.mul(tf.mean(dy), tf.cos(x))],
    ['dy reversed', (dy, x) => tf.mul(tf.reverse(dy), tf.cos(x))],
    ['dy without its sign', (dy, x) => tf.mul(tf.abs(dy), tf.cos(x))],
    ['taken at the next entry', (dy, x) => tf.mul(dy, tf.cos(tf.reverse(x, 1)))],
    ['off by 1/1000', (dy, x) => tf.mul(dy, tf.mul(tf.cos(x), 1.001))],
    ['NaN', (_dy, x) => tf.fill(x.shape, NaN)],
  ])('a gradient that is wrong is far off: %s', (_what, gradient) => {
    expect(difference(withGradient(tf.sin, gradient))).toBeGreaterThan(5e-4);
    expect(difference(withGradient(tf.sin, (dy, x) => tf.mul(dy, tf.cos(x))))).toBeLessThan(1e-5);
  });

  test('a transposed gradient is far off', () => {
    const wrong = withGradient(tf.square, (dy, x) => tf.transpose(tf.mul(tf.mul(dy, x), 2)));
    expect(difference(wrong, [3, 3])).toBeGreaterThan(0.1);
  });

  test('the worst entry is named', () => {
    const wrong = withGradient(tf.square, (dy, x) => {
      const factor = tf.tensor1d([2, 2, 2.5, 2]);
      return tf.mul(dy, tf.mul(x, factor));
    });
    const { worst } = compareGradients(wrong, tf.tensor1d([1, 1, 1, 1]), options);
    expect(worst.index).toBe(2);
    expect(worst.autodiff / worst.numerical).toBeCloseTo(1.25, 5);
  });

  test('leaves no tensors, and x as it was', () => {
    const x = at([2, 3]);
    const before = Array.from(x.dataSync());
    for (const f of [tf.sin, (x: tf.Tensor) => tf.clone(x), (x: tf.Tensor) => tf.sum(tf.exp(x))]) {
      expectNoLeak(() => void compareGradients(f, x, options));
    }
    expect(Array.from(x.dataSync())).toEqual(before);
    x.dispose();
  });
});
