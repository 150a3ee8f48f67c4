/** A strict comparison of numbers: NaN and ±Infinity equal only themselves, lengths must agree, every entry counts. */
import * as tf from '@tensorflow/tfjs';

/** What an entry may be off by: the largest of the allowances given; nothing where none is given. */
export interface Tolerance {
  /** In units in the last place of the expected entry as a float32 (at least the smallest subnormal's). */
  ulps?: number;
  /** Times the size of the expected entry. */
  relative?: number;
  absolute?: number;
  /** Times the size of the largest finite expected entry. */
  maxRelativeToLargest?: number;
}

export type Numbers = number | readonly number[] | tf.TypedArray | Float64Array;

/** Below this float32 has subnormals only, which fast kernels flush to 0. */
export const smallestNormal = 2 ** -126;
export const largestFloat32 = 3.4028234663852886e38;

/** The distance from |x| to the next larger float32 number. */
export function ulpOf(x: number): number {
  return 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -126) - 23);
}

/** Undefined where `actual` is close to `expected`; else a sentence with the worst entry and what was allowed. */
export function mismatch(actual: Numbers, expected: Numbers, tolerance: Tolerance = {}): string | undefined {
  const got = listOf(actual);
  const wanted = listOf(expected);
  if (got.length !== wanted.length) return `${wanted.length} numbers expected, got ${got.length}`;
  const largest = Math.max(0, ...wanted.filter(Number.isFinite).map(Math.abs));
  let worst: { index: number; excess: number } | undefined;
  let wrong = 0;
  wanted.forEach((entry, index) => {
    const excess = excessOf(got[index], entry, allowed(entry, largest, tolerance));
    if (excess <= 1) return;
    wrong += 1;
    if (worst === undefined || excess > worst.excess) worst = { index, excess };
  });
  if (worst === undefined) return undefined;
  const { index } = worst;
  const [a, e] = [got[index], wanted[index]];
  return (
    `${wrong} of ${wanted.length} entries differ; worst at index ${index}: expected ${e}, got ${a}, off by ` +
    `${Math.abs(a - e)} (${(Math.abs(a - e) / ulpOf(e)).toFixed(1)} ulps), allowed ${allowed(e, largest, tolerance)}`
  );
}

function listOf(numbers: Numbers): number[] {
  return typeof numbers === 'number' ? [numbers] : Array.from(numbers);
}

function allowed(entry: number, largest: number, tolerance: Tolerance): number {
  const { ulps = 0, relative = 0, absolute = 0, maxRelativeToLargest = 0 } = tolerance;
  const size = Number.isFinite(entry) ? Math.abs(entry) : 0;
  return Math.max(ulps * ulpOf(size), relative * size, absolute, maxRelativeToLargest * largest);
}

/** The error in units of what is allowed: 0 where the two are the same number, infinite where either is not finite. */
function excessOf(actual: number, expected: number, allowance: number): number {
  if (actual === expected || (Number.isNaN(actual) && Number.isNaN(expected))) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(expected)) return Infinity;
  return Math.abs(actual - expected) / allowance;
}

/** Throws, with the worst entry, unless every entry of `actual` is close to that of `expected`; a tensor must be float32. */
export function expectClose(actual: tf.Tensor | Numbers, expected: Numbers, tolerance: Tolerance = {}): void {
  if (actual instanceof tf.Tensor && actual.dtype !== 'float32') {
    throw new Error(`a float32 tensor expected, got ${actual.dtype}`);
  }
  const numbers = actual instanceof tf.Tensor ? actual.dataSync<'float32'>() : actual;
  const message = mismatch(numbers, expected, tolerance);
  if (message !== undefined) throw new Error(message);
}

/** Throws if `wrong` passes for `expected`: the other side of a tolerance, to stand next to each one that is used. */
export function expectRejected(
  wrong: tf.Tensor | Numbers,
  expected: Numbers,
  tolerance: Tolerance = {},
): void {
  const numbers = wrong instanceof tf.Tensor ? wrong.dataSync<'float32'>() : wrong;
  if (mismatch(numbers, expected, tolerance) === undefined) {
    throw new Error(`the tolerance ${JSON.stringify(tolerance)} lets wrong numbers pass: ${String(numbers)}`);
  }
}
