/** Whether what is computed twice is the same. */
import { GradientFailure } from './failures.js';
import type { GradcheckPrecision } from '../report/report.js';

/** How far values of the same computation may be apart, over the largest of them: sums may be taken in another order on a native backend. */
export const slackOf = ({ precision }: { precision: GradcheckPrecision }): number =>
  precision === 'float64' ? 0 : 2 ** -18;

/** Whether two values are the same; NaN is NaN, and -0 is 0. */
export const isSame = (one: unknown, other: unknown): boolean => one === other || Object.is(one, other);

/** @throws GradientFailure where numbers are farther apart than `slack`, over the largest of the first ones */
export function requireSame(
  first: Float64Array,
  second: Float64Array,
  sentence: string,
  slack: number,
): void {
  let largest: number | undefined;
  for (let k = 0; k < first.length; k++) {
    if (isSame(first[k], second[k])) continue;
    if (Math.abs(first[k] - second[k]) <= slack * (largest ??= largestIn(first))) continue;
    throw nondeterministic(`${sentence} gives ${first[k]} and then ${second[k]} at entry ${k}.`);
  }
}

/** The size of the largest finite number. */
export function largestIn(values: ArrayLike<number>): number {
  let largest = 0;
  for (let k = 0; k < values.length; k++) {
    const size = Math.abs(values[k]);
    if (size > largest && size < Infinity) largest = size;
  }
  return largest;
}

/** What was found, and what to do. */
export const nondeterministic = (sentence: string): GradientFailure =>
  new GradientFailure('nondeterministic', `${sentence} Fix its seeds, and keep state out of it.`);
