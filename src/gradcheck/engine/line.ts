/** The derivative of a function along a line, with an error bar, from central differences at many steps. */

/** The weighted change of f along the line, one number a cotangent c: `Σ_k c_k·(f_k(x + t·d) - f_k(x))`. */
export interface Sample {
  /** The distance that was really gone, in units of d: t as the precision stores it. */
  t: number;
  change: number[];
  /** `Σ_k |c_k·(f_k(x + t·d) - f_k(x))|`: what the sum would be if nothing cancelled. */
  size: number[];
  /** The place of the only output that changed; -1 where there are more, or none. */
  sole: number;
  /** The rounding error to expect of `change`: half a unit in the last place of the outputs that changed. */
  noise: number[];
}

export type Line = (t: number) => Sample;

export interface Slope {
  /**
   * smooth: `value ± errorBar` is the derivative. kink: the one-sided derivatives `left` and `right` differ. singular: the
   * function jumps, or its slope is infinite. unknown: f is not finite around the point.
   */
  kind: 'smooth' | 'kink' | 'singular' | 'unknown';
  value: number;
  errorBar: number;
  left: number;
  right: number;
  /** `size` over the step: what the slope would be if nothing cancelled. */
  scale: number;
  /** The best that rounding allows: noise over the longest step. */
  floor: number;
  /** The only output that changes along the line; -1 where there are more, or none. */
  sole: number;
  /** The shortest step that `value` was made from. */
  t: number;
  /** The central difference at each step. */
  ladder: { t: number; quotient: number }[];
}

/** Both sides of the point at one step. */
interface Pair {
  t: number;
  ahead: Sample;
  behind: Sample;
}

/** From one step to the next the step halves: 2^-first … 2^-last. */
export interface Steps {
  first: number;
  last: number;
}

export const pairAt = (line: Line, t: number): Pair => ({ t, ahead: line(t), behind: line(-t) });

const quotient = ({ ahead, behind }: Pair, c: number): number =>
  (ahead.change[c] - behind.change[c]) / (ahead.t - behind.t);

/** The difference of the one-sided slopes. */
const bend = ({ ahead, behind }: Pair, c: number): number =>
  ahead.change[c] / ahead.t - behind.change[c] / behind.t;

const scaleOf = ({ ahead, behind }: Pair, c: number): number =>
  Math.max(ahead.size[c], behind.size[c]) / Math.abs(ahead.t);

const noiseOf = ({ ahead, behind }: Pair, c: number): number => Math.max(ahead.noise[c], behind.noise[c]);

/** Whether the one-sided slopes come together as the step shrinks, as they do where f is smooth. */
function closes(pairs: readonly Pair[], c: number): boolean {
  const [coarse, fine] = [pairs[0], pairs[pairs.length - 1]];
  const bends = [coarse, fine].map((pair) => Math.abs(bend(pair, c)));
  const noise = (8 * noiseOf(fine, c)) / fine.t;
  return bends[1] <= bends[0] / 2 || bends[1] <= 2 ** -20 * scaleOf(fine, c) + noise;
}

/**
 * Whether a few steps say already that the slope is `expected`: two independent numbers that agree to `tolerance`, and one-sided
 * slopes that come together as the step shrinks. Anything else is for a longer ladder to find out.
 */
export function agreesAtOnce(
  pairs: readonly Pair[],
  { kind, value }: Slope,
  c: number,
  expected: number,
  tolerance: number,
): boolean {
  const distance = Math.abs(value - expected);
  return (
    kind === 'smooth' &&
    distance <= tolerance * Math.max(Math.abs(value), Math.abs(expected)) &&
    closes(pairs, c)
  );
}

/** Whether a few steps give the slope, and so closely that no longer ladder is needed. A slope of 0 may be a feature missed. */
export const isPlain = (
  pairs: readonly Pair[],
  { kind, value, errorBar }: Slope,
  c: number,
  tolerance: number,
): boolean => kind === 'smooth' && value !== 0 && errorBar <= tolerance * Math.abs(value) && closes(pairs, c);

/** Samples a ladder of steps, each half of the one before. */
export const ladderOf = (line: Line, { first, last }: Steps): Pair[] =>
  Array.from({ length: last - first + 1 }, (_, i) => pairAt(line, 2 ** -(first + i)));

/**
 * The slope from a ladder of steps: central differences have the error series c₂t² + c₄t⁴ + …, whose terms Richardson's scheme
 * eliminates one after the other. Of all values so made it takes the one that differs least from its three neighbours, and the
 * largest of those differences, with the rounding noise over the step on top, is the error bar.
 * Source: Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", 1982; the noise floor keeps neighbours that agree by chance
 * from passing for accuracy.
 */
export function slopeFrom(pairs: readonly Pair[], c: number): Slope {
  const finite = pairs.filter((pair) => Number.isFinite(quotient(pair, c)));
  const ladder = finite.map((pair) => ({ t: pair.t, quotient: quotient(pair, c) }));
  if (finite.length < Math.min(3, pairs.length)) return oneSided(pairs, c, ladder);
  const noise = noiseLevel(finite, c);
  const scale = scaleOf(finite[finite.length - 1], c);
  const floor = noise / finite[0].t;
  const special = singularIn(finite, c) ?? kinkIn(finite, c, noise);
  const central = richardson(
    finite.map(({ t }) => t),
    ladder.map(({ quotient }) => quotient),
    noise,
    4,
  );
  const [{ ahead, behind }] = finite;
  // At the kink of a relu one side changes nothing.
  const sole =
    behind.size[c] === 0 || ahead.sole === behind.sole ? ahead.sole : ahead.size[c] === 0 ? behind.sole : -1;
  const both = { left: central.value, right: central.value };
  return { ...both, ...central, kind: 'smooth', scale, floor, sole, ladder, ...special };
}

/** The rounding noise of `change`: what the outputs' size suggests, or what the shortest steps show, whichever is more. */
function noiseLevel(pairs: readonly Pair[], c: number): number {
  const expected = Math.max(...pairs.map((pair) => noiseOf(pair, c)));
  const shortest = pairs.slice(-7);
  const seen = shortest
    .slice(1)
    .map((pair, i) => (Math.abs(quotient(pair, c) - quotient(shortest[i], c)) * pair.t) / 2)
    .sort((a, b) => a - b);
  // A ladder of few steps shows truncation rather than noise.
  return pairs.length >= 12 ? Math.max(expected, 2 * seen[Math.floor(seen.length / 2)]) : expected;
}

/** The best value of Richardson's triangle over quotients at steps t, each half of the one before. `ratio` is 4 for t², 2 for t. */
function richardson(
  t: readonly number[],
  quotients: readonly number[],
  noise: number,
  ratio: number,
): { value: number; errorBar: number; t: number } {
  const depth = 5;
  let best = { value: quotients[0] ?? NaN, errorBar: Infinity, t: t[0] };
  let above: number[] = [];
  // Long steps may agree on a wrong value, as over a narrow bell, which they all miss: shorter ones must not leave it again.
  const holdsFurtherOn = (value: number, errorBar: number, i: number): boolean => {
    const reach = Math.abs(quotients[i] - value) + errorBar;
    for (let l = i + 1; l < t.length; l++) {
      if (!(Math.abs(quotients[l] - value) <= reach + (16 * noise) / t[l])) return false;
    }
    return true;
  };
  quotients.forEach((quotient, i) => {
    const consecutive = i > 0 && t[i - 1] === 2 * t[i];
    const row = [quotient];
    for (let k = 1; consecutive && k <= depth && k <= above.length; k++) {
      row.push(row[k - 1] + (row[k - 1] - above[k - 1]) / (ratio ** k - 1));
      const neighbours = [row[k - 1], above[k - 1], above[k] ?? row[k - 1]];
      const spread = Math.max(...neighbours.map((value) => Math.abs(row[k] - value)));
      const errorBar = spread + (2 * noise) / t[i];
      if (errorBar < best.errorBar && holdsFurtherOn(row[k], errorBar, i)) {
        best = { value: row[k], errorBar, t: t[i] };
      }
    }
    above = row;
  });
  return best;
}

const ratiosWithin = (list: readonly number[], low: number, high: number): boolean =>
  list.slice(1).every((value, i) => value / list[i] >= low && value / list[i] <= high);

/** Slopes that grow beyond bounds as the step shrinks: at a jump they double, at a vertical tangent they grow more slowly. */
function singularIn(pairs: readonly Pair[], c: number): Partial<Slope> | undefined {
  const shortest = pairs.slice(-7);
  const heights = shortest.map((pair) => Math.max(Math.abs(bend(pair, c)), Math.abs(quotient(pair, c))));
  const aboveNoise = shortest.every(
    (pair) =>
      Math.max(Math.abs(pair.ahead.change[c]), Math.abs(pair.behind.change[c])) > 1e3 * noiseOf(pair, c),
  );
  if (pairs.length < 8 || !aboveNoise || !ratiosWithin(heights, 1.15, 2.2)) return undefined;
  const [finest] = shortest.slice(-1);
  const side = ({ change, t }: Sample): number => {
    const slope = change[c] / t;
    return Math.abs(slope) > heights[6] / 4 ? Math.sign(slope) * Infinity : slope;
  };
  return { kind: 'singular', left: side(finest.behind), right: side(finest.ahead), errorBar: Infinity };
}

/** One-sided slopes that keep differing as the step shrinks. */
function kinkIn(pairs: readonly Pair[], c: number, noise: number): Partial<Slope> | undefined {
  const bends = pairs.map((pair) => Math.abs(bend(pair, c)));
  // Beyond the last step that stands clear of the noise nothing can be said.
  let end = pairs.length;
  while (end > 0 && bends[end - 1] <= (16 * noise) / pairs[end - 1].t) end--;
  if (end < 5) return undefined;
  // It has to be the noise that hides the bend further on, and not that the bend is gone.
  const gone = pairs.slice(end).some(({ t }) => (16 * noise) / t < bends[end - 1] / 2);
  const [coarse, fine] = pairs.slice(end - 2, end);
  const steady = ratiosWithin(bends.slice(end - 5, end), 0.8, 1.25);
  if (gone || !steady || fine.t > 2 ** -6 || bends[end - 1] <= 2 ** -24 * scaleOf(fine, c)) return undefined;
  const side = (which: 'ahead' | 'behind'): number =>
    (2 * fine[which].change[c]) / fine[which].t - coarse[which].change[c] / coarse[which].t;
  return { kind: 'kink', left: side('behind'), right: side('ahead') };
}

/** At the edge of f's domain: the slope from the side where f is finite. */
function oneSided(pairs: readonly Pair[], c: number, ladder: Slope['ladder']): Slope {
  const nothing: Slope = {
    kind: 'unknown',
    value: NaN,
    errorBar: Infinity,
    left: NaN,
    right: NaN,
    scale: 0,
    floor: Infinity,
    sole: -1,
    t: pairs[0].t,
    ladder,
  };
  for (const side of ['ahead', 'behind'] as const) {
    const finite = pairs.filter((pair) => Number.isFinite(pair[side].change[c]));
    if (finite.length < 6) continue;
    const slopes = finite.map((pair) => pair[side].change[c] / pair[side].t);
    const noise = Math.max(...finite.map((pair) => pair[side].noise[c]));
    const tail = slopes.slice(-6);
    if (tail.slice(1).every((value, i) => Math.abs(value / tail[i]) >= 1.15)) {
      const infinite = Math.sign(tail[5]) * Infinity;
      return { ...nothing, kind: 'singular', [side === 'ahead' ? 'right' : 'left']: infinite };
    }
    // A slope that keeps shrinking as √t does has the limit 0, which no series in t finds.
    const vanishes = tail.slice(1).every((value, i) => Math.abs(value / tail[i]) <= 0.87);
    const found = vanishes
      ? { value: 0, errorBar: 0, t: finite[finite.length - 1].t }
      : richardson(
          finite.map(({ t }) => t),
          slopes,
          noise,
          2,
        );
    const scale = finite[finite.length - 1][side].size[c] / finite[finite.length - 1].t;
    return {
      ...nothing,
      ...found,
      kind: 'smooth',
      scale,
      floor: noise / finite[0].t,
      ladder: finite.map(({ t }, i) => ({ t, quotient: slopes[i] })),
    };
  }
  return nothing;
}
