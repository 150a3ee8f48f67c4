/** Whether an entry of the gradient is right. */
import { coordinateLine, hiddenNoise, type Pass, type Tolerance } from './pass.js';
import { agreesAtOnce, isPlain, ladderOf, slopeFrom, type Slope, type Steps } from './line.js';

export interface Entry {
  /** Flat index in its input. */
  j: number;
  /** The cotangent that shows the largest error. */
  q: number;
  /** For that cotangent. */
  numerical: number;
  autodiff: number;
  errorBar: number;
  /** By cotangent, per `unit`. */
  slopes: Slope[];
  /** The size of a step of 1. */
  unit: number;
  /** blind: the function's own rounding hides the derivative. nonFinite: autodiff is NaN or infinite. */
  state: 'right' | 'wrong' | 'kink' | 'blind' | 'nonFinite';
  /** At a kink: whether the gradient lies between the one-sided slopes. */
  between: boolean;
}

/** Remembers, for one input, which steps worked last: they are tried first at the next entry. */
export interface Memory {
  quick: Steps;
}

/** Compares one entry, by a few steps where these settle it, else by the long ladder. */
export function compareEntry(
  pass: Pass,
  input: number,
  j: number,
  unit: number,
  tolerance: Tolerance,
  memory: Memory,
): Entry {
  const line = coordinateLine(pass, input, j, unit);
  const expected = pass.autodiff.map((gradients) => gradients[input][j] * unit);
  let slopes: Slope[] = [];
  if (expected.every(Number.isFinite)) {
    const pairs = ladderOf(line, memory.quick);
    slopes = expected.map((_, q) => slopeFrom(pairs, q));
    if (expected.every((value, q) => agreesAtOnce(pairs, slopes[q], q, value, tolerance.atOnce))) {
      return entryOf(pass, input, j, unit, slopes, tolerance);
    }
    // What is wrong by far, at steps that leave no doubt, needs no more of them.
    if (slopes.every((slope, q) => isPlain(pairs, slope, q, tolerance.atOnce))) {
      const entry = entryOf(pass, input, j, unit, slopes, tolerance);
      if (entry.state === 'wrong' && !explainedByRounding(pass, input, entry, unit)) return entry;
    }
  }
  const long = (unit: number): Entry => {
    const pairs = ladderOf(coordinateLine(pass, input, j, unit), tolerance.ladder);
    slopes = expected.map((_, q) => slopeFrom(pairs, q));
    return entryOf(pass, input, j, unit, slopes, tolerance);
  };
  const entry = long(unit);
  const last = Math.round(-Math.log2(slopes[0].t));
  if (slopes[0].kind === 'smooth') memory.quick = { first: Math.max(1, last - 2), last: Math.max(3, last) };
  if (entry.state === 'right') return entry;
  // A value much smaller than its neighbours may need steps of its own size: log's slope at 1e-9 is one.
  const own = 2 ** Math.floor(Math.log2(Math.abs(pass.subject.active[input].values[j])));
  if (own > 0 && own <= unit / 4) {
    const closer = long(own);
    if (closer.state === 'right' || (closer.state === 'wrong' && entry.state !== 'wrong')) return closer;
  }
  return entry.state === 'wrong' && explainedByRounding(pass, input, entry, unit)
    ? { ...entry, state: 'right' }
    : entry;
}

/**
 * Whether outputs that do not change over the steps, but would over longer ones, explain the difference: their rounding hides
 * what the entry does to them. The 1 of a saturated softmax does so.
 */
function explainedByRounding(pass: Pass, input: number, { j, slopes }: Entry, unit: number): boolean {
  const hidden = hiddenNoise(pass, input, j, unit);
  return slopes.every(({ value, errorBar }, q) => {
    const distance = Math.abs(value - pass.autodiff[q][input][j] * unit);
    return distance <= 3 * errorBar + 8 * hidden[q];
  });
}

/** The verdict on an entry from its slopes, which are per `unit`. */
function entryOf(
  pass: Pass,
  input: number,
  j: number,
  unit: number,
  slopes: Slope[],
  tolerance: Tolerance,
): Entry {
  const judged = slopes.map((slope, q) => {
    const autodiff = pass.autodiff[q][input][j];
    const numerical = slope.value / unit;
    const errorBar = slope.errorBar / unit;
    const state = stateOf(
      slope,
      autodiff * unit,
      pass.rounding[q][input][j] * unit,
      largestOf(pass, q, input) * unit,
      unit,
      tolerance,
    );
    const scale = Math.max(Math.abs(numerical), Math.abs(autodiff)) || 1;
    return { q, autodiff, numerical, errorBar, ...state, excess: Math.abs(numerical - autodiff) / scale };
  });
  const rank = ['right', 'blind', 'kink', 'wrong', 'nonFinite'];
  const [worst] = [...judged].sort(
    (a, b) => rank.indexOf(b.state) - rank.indexOf(a.state) || b.excess - a.excess,
  );
  return { j, unit, slopes, ...worst, between: judged.every(({ between }) => between) };
}

function stateOf(
  slope: Slope,
  autodiff: number,
  rounding: number,
  largest: number,
  unit: number,
  { rtol, atol, atOnce, blind, resolution, roundingCap }: Tolerance,
): { state: Entry['state']; between: boolean } {
  const { kind, value, errorBar, left, right, floor } = slope;
  if (kind === 'kink' || kind === 'singular') {
    const slack = rtol * Math.max(...[left, right, autodiff].map(Math.abs).filter(Number.isFinite), 0) + atol;
    const [low, high] = [left, right]
      .map((side) => (Number.isNaN(side) ? autodiff : side))
      .sort((a, b) => a - b);
    return { state: 'kink', between: autodiff >= low - slack && autodiff <= high + slack };
  }
  if (!Number.isFinite(autodiff)) return { state: 'nonFinite', between: false };
  if (kind === 'unknown') return { state: 'blind', between: true };
  const size = Math.max(Math.abs(value), Math.abs(autodiff));
  const own = Math.min(8 * rounding, roundingCap * Math.max(size, largest * 1e-3));
  const allowed = rtol * size + atol * unit + 3 * errorBar + own;
  if (Math.abs(value - autodiff) > allowed) return { state: 'wrong', between: false };
  // Two independent numbers that agree so closely need no error bar.
  if (Math.abs(value - autodiff) <= atOnce * size) return { state: 'right', between: true };
  // Where f rounds away nearly all that it changes by, as a saturated sigmoid does, its derivative is right as far as can be seen.
  const hidden = size <= resolution * floor;
  if (!hidden && 3 * errorBar > blind * size && 3 * errorBar > blind ** 2 * largest)
    return { state: 'blind', between: true };
  return { state: 'right', between: true };
}

const largest = new WeakMap<Float64Array, number>();

/** The size of an input's largest gradient entry. */
export function largestOf({ autodiff }: Pass, q: number, input: number): number {
  const gradient = autodiff[q][input];
  let found = largest.get(gradient);
  if (found === undefined) {
    found = gradient.reduce(
      (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
      0,
    );
    largest.set(gradient, found);
  }
  return found;
}
