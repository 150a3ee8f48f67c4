/** The derivative along a line, with an error bar, as the limit of difference quotients whose steps shrink. */
import {
  bend,
  noiseOf,
  pairAt,
  quotient,
  scaleOf,
  soleOf,
  type Line,
  type Pair,
  type Sample,
} from './line.js';

export interface Slope {
  /**
   * smooth: `value ± errorBar` is the derivative. kink: the one-sided derivatives `left` and `right` differ. singular: the
   * function jumps, or its slope is infinite. undefined: f is not finite around the point. undecided: the steps do not agree.
   */
  kind: 'smooth' | 'kink' | 'singular' | 'undefined' | 'undecided';
  value: number;
  errorBar: number;
  left: number;
  right: number;
  /** How far the one-sided derivatives at a kink may be off. */
  sideBar?: number;
  /** `size` over the step: what the slope would be if nothing cancelled. */
  scale: number;
  /** The rounding of a weighted change. */
  noise: number;
  /** The only output that changes along the line; -1 where there are more, or none. */
  sole: number;
  /** The shortest step that `value` was made from. */
  t: number;
  /** The central difference at each step. */
  ladder: { t: number; quotient: number }[];
  /** Where f is flat at the shortest steps, because something within it is rounded: the slope that the longer steps agree on. */
  coarse?: Estimate;
}

export interface Estimate {
  value: number;
  errorBar: number;
  t: number;
}

/** Steps `factor·unit·2^-k`, k from first to last. */
export interface Steps {
  unit: number;
  factor: number;
  first: number;
  last: number;
}

export const ladderOf = (line: Line, { unit, factor, first, last }: Steps): Pair[] =>
  Array.from({ length: last - first + 1 }, (_, i) => pairAt(line, factor * unit * 2 ** -(first + i)));

/**
 * The slope from two ladders whose steps stand in no simple ratio: what looks like a limit on one of them because a structure of
 * f is in step with it, does not look so on the other.
 */
export function slopeFrom(
  ladders: readonly (readonly Pair[])[],
  unit: number,
  q: number,
  noise: number,
): Slope {
  const [one, other] = ladders.map((pairs) => slopeOf(pairs, unit, q, noise));
  if (!other) return one;
  const [better, worse] = one.errorBar <= other.errorBar ? [one, other] : [other, one];
  if (one.kind !== other.kind) {
    return { ...better, kind: 'undecided', errorBar: Infinity };
  }
  const ladder = [...one.ladder, ...other.ladder].sort((a, b) => b.t - a.t);
  if (one.kind !== 'smooth') return { ...better, ladder };
  const distance = Math.abs(one.value - other.value);
  const agree = distance <= 3 * (one.errorBar + other.errorBar);
  return {
    ...better,
    kind: agree ? 'smooth' : 'undecided',
    errorBar: agree ? Math.max(better.errorBar, Math.min(distance, worse.errorBar)) : Infinity,
    ladder,
  };
}

function slopeOf(pairs: readonly Pair[], unit: number, q: number, lineNoise: number): Slope {
  const finite = pairs.filter((pair) => Number.isFinite(quotient(pair, q)));
  const noise = finite.map((pair) => noiseOf(pair, q, lineNoise));
  const ladder = finite.map((pair) => ({ t: pair.t, quotient: quotient(pair, q) }));
  if (finite.length < Math.min(6, pairs.length)) return oneSided(pairs, q, lineNoise, ladder);
  const scale = scaleOf(finite[finite.length - 1], q);
  const quotients = ladder.map((step) => step.quotient);
  const steps = ladder.map(({ t }) => t);
  const central = limitOf(steps, quotients, noise, true);
  const special = singularIn(finite, q, noise) ?? kinkIn(finite, unit, q, noise);
  const coarse = special ? undefined : grainIn(finite, unit, q, noise);
  return {
    kind: Number.isFinite(central.errorBar) ? 'smooth' : 'undecided',
    ...central,
    left: central.value,
    right: central.value,
    scale,
    noise: lineNoise,
    sole: soleOf(finite[0], q),
    ladder,
    ...special,
    ...(coarse && { coarse }),
  };
}

/**
 * The limit of quotients at steps t, each half of the one before. Three ways to it, of which the one with the smallest error bar
 * counts: Richardson's in t², for what is smooth; Richardson's in t, for one-sided slopes and for functions that are
 * differentiable once, as relu(x)²; Aitken's, for those that differ by a power of t that is not whole, as |x|^1.5.
 */
function limitOf(
  t: readonly number[],
  quotients: readonly number[],
  noise: readonly number[],
  isCentral: boolean,
): Estimate {
  // Long steps may agree on a wrong value, as over a narrow bell, which they all miss: shorter ones must not leave it again.
  const holds = (value: number, errorBar: number, i: number): boolean => {
    const reach = Math.abs(quotients[i] - value) + errorBar;
    for (let l = i + 1; l < t.length; l++) {
      if (!(Math.abs(quotients[l] - value) <= reach + (16 * noise[l]) / t[l])) return false;
    }
    return true;
  };
  const candidates = [
    ...(isCentral ? [richardson(t, quotients, noise, 4, holds)] : []),
    richardson(t, quotients, noise, 2, holds),
    aitken(t, quotients, noise, holds),
  ];
  return candidates.reduce((best, one) => (one.errorBar < best.errorBar ? one : best));
}

type Holds = (value: number, errorBar: number, i: number) => boolean;

/** Columns of Richardson's triangle: beyond them rounding is all that is left to eliminate. */
const DEPTH = 5;

/**
 * The best value of Richardson's triangle. `ratio` is 4 for an error series in t², 2 for one in t. Of all values so made it takes
 * the one that differs least from its three neighbours, and the largest of those differences, with the rounding over the step on
 * top, is the error bar.
 * Source: Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", 1982; the rounding keeps neighbours that agree by chance
 * from passing for accuracy.
 */
function richardson(
  t: readonly number[],
  quotients: readonly number[],
  noise: readonly number[],
  ratio: number,
  holds: Holds,
): Estimate {
  let best: Estimate = { value: quotients[0] ?? NaN, errorBar: Infinity, t: t[0] };
  let above: number[] = [];
  quotients.forEach((quotient, i) => {
    const consecutive = i > 0 && t[i - 1] === 2 * t[i];
    const row = [quotient];
    for (let k = 1; consecutive && k <= DEPTH && k <= above.length; k++) {
      row.push(row[k - 1] + (row[k - 1] - above[k - 1]) / (ratio ** k - 1));
      const neighbours = [row[k - 1], above[k - 1], above[k] ?? row[k - 1]];
      const spread = Math.max(...neighbours.map((value) => Math.abs(row[k] - value)));
      const errorBar = spread + (2 * noise[i]) / t[i];
      if (errorBar < best.errorBar && holds(row[k], errorBar, i)) best = { value: row[k], errorBar, t: t[i] };
    }
    above = row;
  });
  return best;
}

/** The limit of quotients that come nearer by the same factor from step to step, as far as these stand clear of rounding. */
function aitken(
  t: readonly number[],
  quotients: readonly number[],
  noise: readonly number[],
  holds: Holds,
): Estimate {
  let best: Estimate = { value: NaN, errorBar: Infinity, t: t[0] };
  for (let i = 4; i < t.length; i++) {
    if (t[i - 4] !== 16 * t[i]) continue;
    const moves = [3, 2, 1, 0].map((back) => quotients[i - back] - quotients[i - back - 1]);
    if (moves.some((move) => Math.abs(move) <= (64 * noise[i]) / t[i])) continue;
    const ratios = [1, 2, 3].map((k) => moves[k] / moves[k - 1]);
    const [, before, ratio] = ratios;
    // Powers of t from 0.05 to 1, which Richardson's scheme in t takes.
    if (!ratiosWithin(ratios, 0.98, 1.02) || !(ratio > 0.45 && ratio < 0.97)) continue;
    const value = quotients[i] + (moves[3] * ratio) / (1 - ratio);
    const previous = quotients[i - 1] + (moves[2] * before) / (1 - before);
    const errorBar = Math.abs(value - previous) + (4 * noise[i]) / t[i] / (1 - ratio) ** 2;
    if (errorBar < best.errorBar && holds(value, errorBar, i)) best = { value, errorBar, t: t[i] };
  }
  return best;
}

const ratiosWithin = (list: readonly number[], low: number, high: number): boolean =>
  list.slice(1).every((value, i) => value / list[i] >= low && value / list[i] <= high);

/** Slopes that grow beyond bounds as the step shrinks: at a jump they double, at a vertical tangent they grow more slowly. */
function singularIn(pairs: readonly Pair[], q: number, noise: readonly number[]): Partial<Slope> | undefined {
  const shortest = pairs.slice(-7);
  const heights = shortest.map((pair) => Math.max(Math.abs(bend(pair, q)), Math.abs(quotient(pair, q))));
  const aboveNoise = shortest.every(
    (pair, i) =>
      Math.max(Math.abs(pair.ahead.change[q]), Math.abs(pair.behind.change[q])) >
      1e3 * noise[pairs.length - shortest.length + i],
  );
  if (pairs.length < 8 || !aboveNoise || !ratiosWithin(heights, 1.15, 2.2)) return undefined;
  const [finest] = shortest.slice(-1);
  const side = ({ change, t }: Sample): number => {
    const slope = change[q] / t;
    return Math.abs(slope) > heights[6] / 4 ? Math.sign(slope) * Infinity : slope;
  };
  return { kind: 'singular', left: side(finest.behind), right: side(finest.ahead), errorBar: Infinity };
}

/** How far a one-sided slope by the two shortest steps that show a kink may be off, in roundings over the shorter one. */
const SIDES = 4;

/** One-sided slopes that keep differing as the step shrinks. */
function kinkIn(
  pairs: readonly Pair[],
  unit: number,
  q: number,
  noise: readonly number[],
): Partial<Slope> | undefined {
  const bends = pairs.map((pair) => Math.abs(bend(pair, q)));
  // Beyond the last step that stands clear of the noise nothing can be said.
  let end = pairs.length;
  while (end > 0 && bends[end - 1] <= (16 * noise[end - 1]) / pairs[end - 1].t) end--;
  if (end < 6) return undefined;
  // It has to be the noise that hides the bend further on, and not that the bend is gone.
  const gone = pairs.slice(end).some(({ t }, i) => (16 * noise[end + i]) / t < bends[end - 1] / 2);
  const fine = pairs[end - 1];
  // A power of t that is nearly 1 bends a little less at each step.
  const whole = bends[end - 1] / bends[end - 6];
  const steady = ratiosWithin(bends.slice(end - 6, end), 0.8, 1.25) && whole > 0.85 && whole < 1.18;
  if (gone || !steady || fine.t > unit * 2 ** -6 || bends[end - 1] <= 2 ** -24 * scaleOf(fine, q))
    return undefined;
  const shown = pairs.slice(0, end);
  const side = (which: 'ahead' | 'behind'): { value: number; bar: number } => {
    const slopes = shown.map((pair) => pair[which].change[q] / pair[which].t);
    const found = limitOf(
      shown.map(({ t }) => t),
      slopes,
      noise,
      false,
    );
    const bar = (SIDES * noise[end - 1]) / fine.t;
    return 3 * found.errorBar < bar
      ? { value: found.value, bar: 3 * found.errorBar }
      : { value: 2 * slopes[end - 1] - slopes[end - 2], bar };
  };
  const [left, right] = [side('behind'), side('ahead')];
  return { kind: 'kink', left: left.value, right: right.value, sideBar: Math.max(left.bar, right.bar) };
}

/** A grain may be so coarse, relative to the longest step; what is coarser belongs to the function. */
const COARSEST_GRAIN = 2 ** -20;

/**
 * f does not change at all at the shortest steps, and at the others by a slope with a scatter over the step that is no larger than
 * a grain: something within f is rounded, to float32 say. Returns the slope of the others.
 */
function grainIn(
  pairs: readonly Pair[],
  unit: number,
  q: number,
  noise: readonly number[],
): Estimate | undefined {
  let end = pairs.length;
  while (end > 0 && pairs[end - 1].ahead.size[q] === 0 && pairs[end - 1].behind.size[q] === 0) end--;
  if (end === pairs.length || end < 10 || pairs[end - 1].t > unit * COARSEST_GRAIN) return undefined;
  const moving = pairs.slice(0, end);
  const quotients = moving.map((pair) => quotient(pair, q));
  const t = moving.map((pair) => pair.t);
  const grain = moving.map((_, i) => noise[i] + 2 * pairs[end - 1].t * Math.abs(quotients[0]));
  const found = limitOf(t, quotients, grain, true);
  return Number.isFinite(found.errorBar) ? found : undefined;
}

/** At the edge of f's domain: the slope from the side where f is finite. */
function oneSided(pairs: readonly Pair[], q: number, lineNoise: number, ladder: Slope['ladder']): Slope {
  const nothing: Slope = {
    kind: 'undefined',
    value: NaN,
    errorBar: Infinity,
    left: NaN,
    right: NaN,
    scale: 0,
    noise: lineNoise,
    sole: -1,
    t: pairs[0].t,
    ladder,
  };
  for (const side of ['ahead', 'behind'] as const) {
    const finite = pairs.filter((pair) => Number.isFinite(pair[side].change[q]));
    if (finite.length < 6) continue;
    const slopes = finite.map((pair) => pair[side].change[q] / pair[side].t);
    const noise = finite.map((pair) => Math.max(lineNoise, pair[side].noise[q]));
    const tail = slopes.slice(-6);
    if (tail.slice(1).every((value, i) => Math.abs(value / tail[i]) >= 1.15)) {
      const infinite = Math.sign(tail[5]) * Infinity;
      return { ...nothing, kind: 'singular', [side === 'ahead' ? 'right' : 'left']: infinite };
    }
    const found = limitOf(
      finite.map(({ t }) => t),
      slopes,
      noise,
      false,
    );
    return {
      ...nothing,
      ...found,
      kind: Number.isFinite(found.errorBar) ? 'smooth' : 'undecided',
      scale: finite[finite.length - 1][side].size[q] / finite[finite.length - 1].t,
      ladder: finite.map(({ t }, i) => ({ t, quotient: slopes[i] })),
    };
  }
  return nothing;
}
