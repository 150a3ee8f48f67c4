/** Where a gradient is wrong: a part of the input that can be named. */
import type { Entry } from '../engine/judge.js';
import { coordinateOf } from '../engine/inputs.js';
import type { Evidence } from './evidence.js';

/** A sentence on the region, where the wrong entries have one; undefined where every entry is wrong. */
export function whereWrong(evidence: Evidence, wrong: readonly Entry[]): string | undefined {
  const right = evidence.entries.filter(({ state }) => state === 'right');
  if (right.length === 0) return undefined;
  // Where the derivative is 0 a wrong factor does not show: such entries belong to either side.
  const telling = right.filter((entry) => !evidence.same(evidence.numerical(entry, 0), 0, entry, 0));
  const others = telling.length > 0 ? telling : right;
  const region = byValue(evidence, wrong, others) ?? byPlace(evidence, wrong, others);
  if (region) return `the gradient is wrong only ${region}.`;
  return fewEntries(evidence, wrong);
}

/** A threshold of the input's own value, or of its size. */
function byValue(
  { pass, input }: Evidence,
  wrong: readonly Entry[],
  right: readonly Entry[],
): string | undefined {
  if (wrong.length < 2) return undefined;
  const { values } = pass.subject.active[input];
  const of = (entries: readonly Entry[], measure: (x: number) => number): number[] =>
    entries.map(({ j }) => measure(values[j]));
  const measures: [string, (x: number) => number][] = [
    ['x', (x) => x],
    ['|x|', Math.abs],
  ];
  for (const [name, measure] of measures) {
    const [bad, good] = [of(wrong, measure), of(right, measure)];
    const [badLow, badHigh] = [Math.min(...bad), Math.max(...bad)];
    const [goodLow, goodHigh] = [Math.min(...good), Math.max(...good)];
    if (badHigh < goodLow) {
      const limit = threshold(badHigh, goodLow);
      return `where ${name} ${limit > badHigh ? '<' : '≤'} ${limit}`;
    }
    if (badLow > goodHigh) {
      const limit = threshold(goodHigh, badLow);
      return `where ${name} ${limit < badLow ? '>' : '≥'} ${limit}`;
    }
  }
  return undefined;
}

/** A round number between two, or one of them: 0 or 1 where they are, else one with few digits. */
function threshold(low: number, high: number): number {
  for (const round of [0, 1, -1, 0.5, -0.5]) if (low <= round && round <= high) return round;
  for (let digits = 1; digits < 8; digits++) {
    const middle = Number(((low + high) / 2).toPrecision(digits));
    if (low <= middle && middle <= high) return middle;
  }
  return (low + high) / 2;
}

/** One slice along one axis: the first row, the last column. */
function byPlace({ shape }: Evidence, wrong: readonly Entry[], right: readonly Entry[]): string | undefined {
  const at = ({ j }: Entry): number[] => coordinateOf(j, shape);
  for (let axis = 0; axis < shape.length; axis++) {
    const length = shape[axis];
    const places = new Set(wrong.map((entry) => at(entry)[axis]));
    const free = new Set(right.map((entry) => at(entry)[axis]));
    if (length < 2 || [...places].some((place) => free.has(place))) continue;
    // A single entry is no slice.
    if ((shape.length === 1 || wrong.length === 1) && places.size === 1) continue;
    if (places.size === 1) {
      const [place] = places;
      const which = place === 0 ? 'first' : place === length - 1 ? 'last' : undefined;
      return which
        ? `in the ${which} slice along axis ${axis} (index ${place})`
        : `in the slice at index ${place} of axis ${axis}`;
    }
    const [low, high] = [Math.min(...places), Math.max(...places)];
    if (places.size === high - low + 1) return `at the indices ${low} to ${high} of axis ${axis}`;
    if (places.size === 2 && low === 0 && high === length - 1) return `at both ends of axis ${axis}`;
  }
  return undefined;
}

function fewEntries({ shape, entries, pass, input }: Evidence, wrong: readonly Entry[]): string | undefined {
  if (wrong.length > 4 || wrong.length * 2 > entries.length) return undefined;
  const places = wrong.map(({ j }) => `[${coordinateOf(j, shape).join(',')}]`).join(', ');
  const total = pass.subject.active[input].values.length;
  const looked = entries.length < total ? `, of ${entries.length} looked at` : '';
  return `the gradient is wrong only at ${places} (${wrong.length} of ${total} entries${looked}).`;
}
