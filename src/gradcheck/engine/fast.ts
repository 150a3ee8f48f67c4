/**
 * The fast mode: derivatives along random directions through all inputs at once instead of along every coordinate, and a search
 * for the culprit where one of them is off.
 */
import { compareEntry, type Entry, type Memory } from './judge.js';
import { bend, noiseOf, pairAt, quotient, scaleOf, type Line, type Pair } from './line.js';
import { directionLine, nonFinitePlaces, type Direction, type Pass } from './pass.js';
import { ladderOf, slopeFrom } from './slope.js';
import type { Tolerance } from './tolerance.js';

/**
 * Directions for each group of inputs. Whatever the errors are, turning the sign of the largest one's weight moves a projection by
 * twice its share: so at most one of two signs hides it, and a direction misses it with probability ½ at most.
 */
export const DIRECTIONS = 4;

/** Inputs whose shares of f's change differ by more than this are looked at apart; within it the larger are moved by less, down to this many times the least. */
const GROUP = 2 ** 20;
const EVEN = 2 ** 4;

/** Culprits after which a search ends, entries that it compares at most, and kinks that it puts aside. */
const CULPRITS = 3;
const LEAVES = 24;
const MOST_KINKS = 64;

/** What the projections showed. */
export interface Projections {
  /** By active input: entries that the search came upon. */
  entries: Entry[][];
  /** By active input: whether a projection through it could not be told from noise, or was off for no reason that was found. */
  unresolved: boolean[];
  /** By active input: the largest distance of a projection from what autodiff says, and that over the sum of its parts. */
  absolute: number[];
  relative: number[];
  /** By active input: there are more kinks than the search has put aside. */
  moreKinks: boolean[];
  /** By active input: but for the entries that were found, all directions agree. */
  settled: boolean[];
  /** The smallest error of an entry, times its step, over the sum of all entries' shares, that every projection shows. */
  resolution: number;
}

/** All active inputs' entries, one after the other. */
interface Space {
  pass: Pass;
  tolerance: Tolerance;
  offsets: number[];
  size: number;
}

/** The derivative along a direction, by cotangent, beside what autodiff says. */
interface Look {
  state: 'agrees' | 'off' | 'rough' | 'unresolved';
  /** Numerical less autodiff. */
  deviation: number[];
  /** How far the two may be apart. */
  slack: number[];
  expected: number[];
  /** The sum of the entries' shares, without their signs. */
  share: number[];
  hint: Hint;
}

/** The step that showed most, and its error bar over the sum of the shares: where the next look begins, and what is enough for it. */
interface Hint {
  step: number;
  worst: number;
}

/** Checks all active inputs by projections. Yields between pieces of work. */
export function* projectAll(pass: Pass, tolerance: Tolerance): Generator<void, Projections> {
  const sizes = pass.subject.active.map(({ values }) => values.length);
  const offsets = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  const space: Space = {
    pass,
    tolerance,
    offsets,
    size: sizes.reduce((sum, size) => sum + size, 0),
  };
  const result: Projections = {
    entries: sizes.map(() => []),
    unresolved: sizes.map(() => false),
    absolute: sizes.map(() => 0),
    relative: sizes.map(() => 0),
    moreKinks: sizes.map(() => false),
    settled: sizes.map(() => false),
    resolution: 0,
  };
  const memories: Memory[] = sizes.map(() => ({ shortFirst: false }));
  const compare = (at: number): Entry => {
    const input = inputOf(space, at);
    const entry = compareEntry(pass, input, at - offsets[input], tolerance, memories[input]);
    result.entries[input].push(entry);
    return entry;
  };
  const resting = new Resting();
  const broken = sizes.flatMap((_, input) => nonFinitePlaces(pass, input).map((j) => offsets[input] + j));
  for (const at of broken.slice(0, LEAVES)) {
    compare(at);
    yield;
  }
  broken.forEach((at) => resting.add(at));
  for (const group of groupsOf(space)) {
    yield* projectGroup(space, group, compare, resting, result);
    if (result.entries.some((entries) => entries.some(isWrong))) break;
  }
  return result;
}

/** Entries that are no longer moved, and how many of them have not been looked at. */
class Resting extends Set<number> {
  unseen = 0;
}

const isWrong = ({ state }: Pick<Entry, 'state'>): boolean => state === 'wrong' || state === 'nonFinite';

const inputOf = ({ offsets }: Space, at: number): number => {
  let input = offsets.length - 1;
  while (offsets[input] > at) input--;
  return input;
};

/** Inputs that are looked at together: where the shares of some are larger, they are moved by less. */
interface Group {
  inputs: number[];
  /** By active input. */
  factors: number[];
}

/** The active inputs in groups; those on which f does not hang by autodiff's word are one of their own. */
function groupsOf({ pass }: Space): Group[] {
  const shares = pass.subject.active.map((_, input) =>
    pass.autodiff[0][input].reduce(
      (sum, g, j) => (Number.isFinite(g) ? sum + Math.abs(g * pass.units[input][j]) : sum),
      0,
    ),
  );
  const order = [...shares.keys()].sort((a, b) => shares[b] - shares[a]);
  const groups: number[][] = [];
  for (const input of order) {
    const group = groups[groups.length - 1];
    const largest = group && shares[group[0]];
    if (group && (shares[input] * GROUP >= largest || largest === 0)) group.push(input);
    else groups.push([input]);
  }
  return groups.map((inputs) => {
    const least = shares[inputs[inputs.length - 1]];
    return { inputs, factors: shares.map((share) => (least > 0 ? Math.min(1, (EVEN * least) / share) : 1)) };
  });
}

function* projectGroup(
  space: Space,
  { inputs, factors }: Group,
  compare: (at: number) => Entry,
  resting: Resting,
  result: Projections,
): Generator<void> {
  const { pass, offsets } = space;
  const size = inputs.reduce((sum, input) => sum + pass.units[input].length, 0);
  const mark = (flags: boolean[]): void => inputs.forEach((input) => (flags[input] = true));
  const isMixed = inputs.some((input) => isMixedInput(pass, input));
  let hint: Hint = { step: pass.subject.precision === 'native' ? 2 ** -3 : 2 ** -8, worst: 0 };
  // Single precision rounds too much for so short a step.
  let isBrief = pass.subject.precision === 'float64';
  for (let round = 0; round < DIRECTIONS; round++) {
    const weights = pass.random.weights(size);
    const along = (isOwn: boolean): Float64Array => {
      const direction = new Float64Array(space.size);
      let i = 0;
      for (const input of inputs) {
        const steps = isOwn ? ownSteps(pass, input) : pass.units[input];
        for (let j = 0, at = offsets[input]; j < steps.length; j++, at++, i++) {
          if (!resting.has(at)) direction[at] = pass.subject.round(weights[i] * factors[input] * steps[j]);
        }
      }
      return direction;
    };
    let direction = along(isMixed);
    const brief = isBrief ? briefLook(space, direction, hint) : undefined;
    let whole = brief ?? lookAlong(space, direction, 0, space.size, hint);
    if (whole.state === 'agrees') isBrief = brief !== undefined;
    yield;
    // Entries much smaller than the others may stand at the end of f's domain, or vary f at their own scale.
    if (!isMixed && (whole.state === 'rough' || whole.state === 'unresolved')) {
      const own = along(true);
      const closer = lookAlong(space, own, 0, space.size, hint);
      yield;
      if (closer.state === 'agrees' || closer.state === 'off') [whole, direction] = [closer, own];
    }
    hint = whole.hint;
    if (whole.state === 'agrees') {
      note(result, inputs, whole);
      continue;
    }
    const found = yield* search(space, direction, whole, compare);
    const wrong = found.filter(isWrong);
    const culprits = result.entries.flat().filter(isWrong).length;
    if (wrong.length > 0 && culprits >= CULPRITS) return;
    const kinks = found.filter(({ state }) => state === 'kink');
    const last = found.at(-1);
    if (wrong.length > 0 || kinks.length > 0) {
      // What is put aside no longer hides what else there is: look again.
      for (const entry of [...wrong, ...kinks]) resting.add(entry.at);
      yield* restZeros(space, kinks, compare, resting, result);
      if (resting.size - resting.unseen > MOST_KINKS) {
        mark(result.moreKinks);
        return;
      }
      round--;
    } else {
      note(result, inputs, whole);
      if (last && isUniform(last, whole, space)) continue;
      if (culprits === 0) mark(result.unresolved);
      return;
    }
  }
  mark(result.settled);
}

/** Kinks at entries that are 0 after which the input's other zeros are compared one by one: the search would come upon each of them. */
const ZEROS = 4;

function* restZeros(
  { pass, offsets }: Space,
  kinks: readonly Found[],
  compare: (at: number) => Entry,
  resting: Resting,
  { entries, moreKinks }: Projections,
): Generator<void> {
  for (const [input, { values }] of pass.subject.active.entries()) {
    const isHere = kinks.some(({ at }) => values[at - offsets[input]] === 0);
    const known = entries[input].filter(({ state, j }) => state === 'kink' && values[j] === 0).length;
    if (!isHere || known < ZEROS) continue;
    const zeros = Array.from(values.keys())
      .map((j) => offsets[input] + j)
      .filter((at) => values[at - offsets[input]] === 0 && !resting.has(at));
    const room = Math.max(0, MOST_KINKS - (resting.size - resting.unseen));
    for (const at of zeros.slice(0, room)) {
      const { state } = compare(at);
      if (state === 'kink' || isWrong({ state })) resting.add(at);
      yield;
    }
    const unseen = zeros.slice(room);
    unseen.forEach((at) => resting.add(at));
    resting.unseen += unseen.length;
    if (unseen.length > 0) moreKinks[input] = true;
  }
}

/** An entry is of another size than its tensor where it is so much smaller than what it would be moved by; a tensor is mixed where so many are. */
const SMALLER = 64;
const MIXED = 1 / 8;

/** Whether the entries are of such different sizes that each is to be moved by its own. */
function isMixedInput({ subject, units }: Pass, input: number): boolean {
  const { values } = subject.active[input];
  let [others, all] = [0, 0];
  values.forEach((value, j) => {
    if (value === 0) return;
    all++;
    if (Math.abs(value) * SMALLER < units[input][j]) others++;
  });
  return others > all * MIXED;
}

/** How far entries are moved by a weight of 1 where each is moved by its own size, and a 0 by that of a typical entry which is none. */
function ownSteps({ subject, units }: Pass, input: number): Float64Array {
  const { values } = subject.active[input];
  const typical = typicalOf(values);
  return units[input].map((unit, j) => Math.abs(values[j]) || typical || unit);
}

/** The lower median of the sizes of those entries that are not 0; 0 where all are. */
function typicalOf(values: ArrayLike<number>): number {
  const sizes = Float64Array.from(values, Math.abs)
    .filter((size) => size > 0)
    .sort();
  return sizes[(sizes.length - 1) >> 1] ?? 0;
}

function note(result: Projections, inputs: readonly number[], { deviation, slack, share }: Look): void {
  const absolute = Math.max(...deviation.map((value) => Math.abs(value) || 0));
  const relative = Math.max(...deviation.map((value, q) => (Math.abs(value) || 0) / (share[q] || 1)));
  for (const input of inputs) {
    result.absolute[input] = Math.max(result.absolute[input], absolute);
    result.relative[input] = Math.max(result.relative[input], relative);
  }
  result.resolution = Math.max(
    result.resolution,
    ...slack.map((value, q) => (2 * value) / (share[q] || 1) || 0),
  );
}

/** The longest and the shortest step of short looks, and how they go on from the first one. */
const STEPS = { float64: [2 ** -2, 2 ** -20], native: [2 ** -2, 2 ** -6] } as const;
const LONGER = 2 ** 2;
const SHORTER = 2 ** -5;
/** A deviation that is at most so many times the slack is looked at again, by steps so many times shorter. */
const BARELY = 64;
const CLOSER = 2 ** -2;
/** In a search, error bars are to be so many times smaller than the deviation whose part, or whose place, is looked for. */
const PART = 16;
const PLACE = 2 ** 20;

/** A part of a direction to be looked along: f there, what autodiff says of it, and what becomes of slopes with their error bars. */
interface View extends Pick<Look, 'expected' | 'share'> {
  line: Line;
  lookOf: (values: number[], bars: number[], hint: Hint, isSmooth: boolean) => Look;
}

function viewAlong(space: Space, direction: Float64Array, low: number, high: number): View {
  const { pass, tolerance } = space;
  const line = directionLine(pass, restricted(space, direction, low, high));
  const { expected, share, rounding } = projected(space, direction, low, high);
  const own = rounding.map((error, q) => Math.min(8 * error, tolerance.roundingCap * share[q]));
  const least = share.map((sum) => sum * 2 ** (9 - pass.subject.bits));
  const lookOf: View['lookOf'] = (values, bars, { step, worst }, isSmooth) => {
    const distances = values.map((value, q) => value - expected[q]);
    const slack = bars.map((bar, q) => 3 * bar + own[q] + least[q]);
    const isOff = distances.some((distance, q) => Math.abs(distance) > slack[q]);
    const isSeen = bars.every(
      (bar, q) => 3 * bar <= tolerance.rtol * share[q] || (bar === 0 && share[q] === 0),
    );
    const state = !isSmooth ? 'rough' : isOff ? 'off' : isSeen ? 'agrees' : 'unresolved';
    return { state, deviation: distances, slack, expected, share, hint: { step, worst } };
  };
  return { line, expected, share, lookOf };
}

/** The short pair's step in a brief look, over the long one's. */
const BRIEF = 2 ** -3;
/** The error bar, over the sum of the shares, that a brief look may have. Of three pairs more is asked. */
const BRIEF_BAR = 2 ** -32;
/** The part of the correction that counts as its error: t²/20 at the long step is 2^-21, so f's fifth derivative may be 2^7 times its third. */
const UNSURE = 2 ** -14;

/**
 * Two pairs along a direction, one of either family of steps, and a close one. The error of a central difference grows with the square of
 * its step: so the long pair tells by how much the short one is to be corrected, to within a part of the correction. Where autodiff says
 * the same as the corrected one, the close pair says nothing else, and one-sided slopes come together, no more is needed. The error bar
 * may be too small: that lets nothing pass, as what does not agree is for `lookAlong`.
 */
function briefLook(space: Space, direction: Float64Array, { step }: Hint): Look | undefined {
  const { factors } = space.pass;
  const { line, share, lookOf } = viewAlong(space, direction, 0, space.size);
  const [long, short] = [step, step * BRIEF].map((t, i) => pairAt(line, factors[i] * t));
  const close = closePair(line, space.pass, step);
  const noise = line.noise();
  const values: number[] = [];
  const bars: number[] = [];
  for (const q of share.keys()) {
    const [far, near] = [quotient(long, q), quotient(short, q)];
    const correction = (near - far) / ((long.t / short.t) ** 2 - 1);
    const value = near + correction;
    const bar = UNSURE * Math.abs(correction) + (4 * noiseOf(short, q, noise[q])) / short.t;
    const isPrecise = bar <= BRIEF_BAR * share[q];
    if (!isPrecise || !confirms(close, value, q, share, noise) || !closes([long, short], q, noise))
      return undefined;
    values.push(value);
    bars.push(bar);
  }
  const look = lookOf(values, bars, { step, worst: 0 }, true);
  return look.state === 'agrees' ? look : undefined;
}

/** A pair so much closer than a look's others that what f has between them is seen. */
const closePair = (line: Line, { factors, subject }: Pass, step: number): Pair =>
  pairAt(line, factors[1] * step * (subject.precision === 'native' ? 2 ** -4 : 2 ** -9));

/** Whether a close pair's slope is a value, as far as its rounding shows. */
function confirms(
  close: Pair,
  value: number,
  q: number,
  share: readonly number[],
  noise: readonly number[],
): boolean {
  const size = Math.max(share[q], Math.abs(value));
  const rounding = (8 * noiseOf(close, q, noise[q])) / close.t;
  return Math.abs(quotient(close, q) - value) <= 2 ** -12 * size + rounding;
}

/**
 * Compares the slope along the entries from `low` up to `high` of a direction with what autodiff says: as closely as can be, or so
 * closely that error bars are below what is `enough`, by cotangent.
 */
function lookAlong(
  space: Space,
  direction: Float64Array,
  low: number,
  high: number,
  hint: Hint,
  enough?: readonly number[],
): Look {
  const { pass, tolerance } = space;
  const { line, expected, share, lookOf } = viewAlong(space, direction, low, high);
  const isEnough = (bars: readonly number[]): boolean =>
    enough !== undefined && bars.every((bar, q) => bar <= enough[q]);
  const [longest, shortest] = STEPS[pass.subject.precision];
  const tried = new Set<number>();
  let best: { values: number[]; bars: number[]; step: number; worst: number } | undefined;
  for (let { step } = hint; step <= longest && step >= shortest && !tried.has(step);) {
    tried.add(step);
    const look = shortLook(line, pass, step, share);
    const worst = look
      ? Math.max(...look.bars.map((bar, q) => bar / (share[q] || Math.abs(look.values[q]) || 1)))
      : Infinity;
    if (look && (!best || worst < best.worst)) best = { ...look, step, worst };
    if (look && (worst <= Math.max(tolerance.projection, 2 * hint.worst) || isEnough(look.bars))) break;
    // Longer steps help against rounding, shorter ones against curvature.
    const isRounding = look?.noise.every((bar, q) => bar >= look.bars[q] / 2) ?? false;
    step *= isRounding ? LONGER : SHORTER;
  }
  if (best && (best.worst <= tolerance.rtol / 16 || isEnough(best.bars))) {
    let look = lookOf(best.values, best.bars, best, true);
    // Where entries cross a kink of the derivative on the way, as in Σ relu(x)², a value may be off by more than it seems: then it comes nearer by
    // shorter steps. What is real stays as it is. A step whose slack is more than twice the deviation tells nothing of it.
    for (let { step } = best; isBarely(look) && step * CLOSER >= shortest;) {
      step *= CLOSER;
      const short = shortLook(line, pass, step, share);
      if (!short) continue;
      const next = lookOf(short.values, short.bars, { step, worst: hint.worst }, true);
      const { deviation, slack } = look;
      const isSame = (q: number): boolean => Math.abs(deviation[q]) <= slack[q];
      const tells = next.slack.every((own, q) => isSame(q) || own <= 2 * Math.abs(deviation[q]));
      const shrank = next.deviation.every(
        (own, q) => isSame(q) || Math.abs(own) <= Math.abs(deviation[q]) / 2,
      );
      if (!tells || (next.state !== 'off' && !shrank)) break;
      look = next;
    }
    return look;
  }
  const { last } = tolerance;
  const ladders = pass.factors.map((factor) => ladderOf(line, { unit: 1, factor, first: 1, last }));
  const noise = line.noise();
  const slopes = expected.map((_, q) => slopeFrom(ladders, 1, q, noise[q]));
  const smooth = slopes.every(({ kind }) => kind === 'smooth');
  const values = slopes.map(({ value, coarse }, q) =>
    coarse && Math.abs(coarse.value - expected[q]) < Math.abs(value - expected[q]) ? coarse.value : value,
  );
  const bars = slopes.map(({ errorBar, coarse, value }, q) =>
    coarse && values[q] !== value ? coarse.errorBar : errorBar,
  );
  return lookOf(values, bars, { ...hint, worst: 0 }, smooth);
}

/** Whether a look is off, by so little that its error bar may be too small. */
const isBarely = ({ state, deviation, slack }: Look): boolean =>
  state === 'off' && deviation.every((distance, q) => Math.abs(distance) <= BARELY * slack[q]);

/** Three pairs, extrapolated twice, and a short one that must not say anything else. */
function shortLook(
  line: Line,
  pass: Pass,
  step: number,
  share: readonly number[],
): { values: number[]; bars: number[]; noise: number[] } | undefined {
  const pairs = [1, 1 / 2, 1 / 4].map((part) => pairAt(line, pass.factors[0] * step * part));
  const close = closePair(line, pass, step);
  const noise = line.noise();
  const [coarse, middle, fine] = pairs;
  const values: number[] = [];
  const bars: number[] = [];
  const roundings: number[] = [];
  for (const q of share.keys()) {
    const [one, two] = [
      (4 * quotient(middle, q) - quotient(coarse, q)) / 3,
      (4 * quotient(fine, q) - quotient(middle, q)) / 3,
    ];
    const value = (16 * two - one) / 15;
    const own = (4 * noiseOf(fine, q, noise[q])) / fine.t;
    // The last correction is a fifteenth of this, which is its error only where f has four derivatives: in Σ relu(x)², entries cross 0 on the way.
    const bar = Math.abs(two - one) + own;
    const isSeen = Number.isFinite(value) && confirms(close, value, q, share, noise);
    if (!isSeen || !closes(pairs, q, noise)) return undefined;
    values.push(value);
    bars.push(bar);
    roundings.push(own);
  }
  return { values, bars, noise: roundings };
}

/**
 * Whether the one-sided slopes come together as the step shrinks, as they do where f is smooth: a kink may be half of what f bends by over
 * the longest step.
 */
function closes(pairs: readonly Pair[], q: number, noise: readonly number[]): boolean {
  const [coarse, fine] = [pairs[0], pairs[pairs.length - 1]];
  const bends = [coarse, fine].map((pair) => Math.abs(bend(pair, q)));
  return (
    bends[1] <= (bends[0] * (1 / 2 + fine.t / coarse.t)) / (3 / 2) ||
    bends[1] <= 2 ** -20 * scaleOf(fine, q) + (8 * noiseOf(fine, q, noise[q])) / fine.t
  );
}

/** The part of a direction that lies within a range, by input. */
function restricted({ pass, offsets }: Space, direction: Float64Array, low: number, high: number): Direction {
  return pass.subject.active.map(({ values: { length } }, input) => {
    const [from, to] = [Math.max(low, offsets[input]), Math.min(high, offsets[input] + length)];
    if (from >= to) return null;
    if (from === offsets[input] && to === from + length) return direction.subarray(from, to);
    const part = new Float64Array(length);
    part.set(direction.subarray(from, to), from - offsets[input]);
    return part;
  });
}

/** What autodiff says of the slope along a range of a direction, by cotangent. */
function projected(
  { pass, offsets }: Space,
  direction: Float64Array,
  low: number,
  high: number,
): Pick<Look, 'expected' | 'share'> & { rounding: number[] } {
  const parts = pass.cotangents.map((_, q) =>
    pass.autodiff[q].map((gradient, input) => {
      const offset = offsets[input];
      const [from, to] = [Math.max(low, offset), Math.min(high, offset + gradient.length)];
      return partOf(gradient, pass.rounding[q][input], direction, offset, from, to);
    }),
  );
  const sums = (which: 'sum' | 'share' | 'squares'): number[] =>
    parts.map((own) => own.reduce((all, part) => all + part[which], 0));
  return { expected: sums('sum'), share: sums('share'), rounding: sums('squares').map(Math.sqrt) };
}

/** What an input's entries at these places, which count from `offset` on, add to the slope along a direction. */
function partOf(
  gradient: Float64Array,
  errors: Float64Array,
  direction: Float64Array,
  offset: number,
  from: number,
  to: number,
): Record<'sum' | 'share' | 'squares', number> {
  let sum = 0;
  let share = 0;
  let squares = 0;
  for (let at = from; at < to; at++) {
    const d = direction[at];
    // An entry that rests may have a gradient that is not finite.
    if (d === 0) continue;
    const part = gradient[at - offset] * d;
    const error = errors[at - offset] * d;
    sum += part;
    share += Math.abs(part);
    squares += error * error;
  }
  return { sum, share, squares };
}

/** An entry with its place among those of all inputs. */
type Found = Entry & { at: number };

/** Fewer entries than this are halved rather than looked at by their place. */
const FEW = 16;

/**
 * Narrows the set that is off down to a single entry: to where a single culprit has to be, if there is but one, or to one of its halves.
 * A deviation is linear in the direction: what the first half does not account for is the second's, which needs no look of its own.
 */
function* search(
  space: Space,
  direction: Float64Array,
  whole: Look,
  compare: (at: number) => Entry,
): Generator<void, Found[]> {
  const places = Int32Array.from(direction.keys()).filter((at) => direction[at] !== 0);
  let [low, high] = [0, places.length];
  let { deviation } = whole;
  let known = whole.state === 'off';
  let { hint } = whole;
  const range = (from: number, to: number): [number, number] => [places[from], places[to - 1] + 1];
  const goal = (part: number): number[] => deviation.map((value) => Math.abs(value) / part);
  /** Where a single culprit has to be, with its deviation, if the entries there account for all of it. */
  function* aroundSingle(): Generator<void, [number, number, number[]] | undefined> {
    const ramp = new Float64Array(space.size);
    for (let i = low; i < high; i++) ramp[places[i]] = (direction[places[i]] * (i - low)) / (high - low);
    const risen = lookAlong(space, ramp, ...range(low, high), hint, goal(PLACE));
    yield;
    const place = placeOf(risen, whole, deviation, high - low);
    if (!place) return undefined;
    const [from, to] = place.map((i) => low + i);
    const there = lookAlong(space, direction, ...range(from, to), hint, goal(PART));
    yield;
    return there.state === 'off' && isMost(there, deviation) ? [from, to, there.deviation] : undefined;
  }
  let failures = 0;
  for (let level = 0; high - low > 1; level++) {
    // Where there are several culprits, a single one is left in a part that is much smaller.
    if (known && high - low >= FEW && level >= 4 ** failures - 1) {
      const single = yield* aroundSingle();
      if (single) {
        [low, high, deviation] = single;
        continue;
      }
      failures++;
    }
    const middle = (low + high) >> 1;
    const first = lookAlong(space, direction, ...range(low, middle), hint, known ? goal(PART) : undefined);
    yield;
    const isFirst = known
      ? first.state === 'rough' ||
        first.deviation.some(
          (part, q) => Math.abs(part) > Math.abs(deviation[q]) / 2 && Math.abs(part) > first.slack[q],
        )
      : first.state !== 'agrees';
    if (isFirst) {
      high = middle;
      deviation = first.deviation;
      known = first.state === 'off';
      hint = first.hint;
    } else {
      low = middle;
      deviation = deviation.map((all, q) => all - first.deviation[q]);
      if (!known) {
        const second = lookAlong(space, direction, ...range(low, high), hint);
        yield;
        if (second.state === 'agrees') return [];
        deviation = second.deviation;
        known = second.state === 'off';
        hint = second.hint;
      }
    }
  }
  if (high === low) return [];
  const at = places[low];
  return [{ ...compare(at), at }];
}

/** Whether a part of a deviation is nearly all of it. */
const isMost = (part: Look, all: readonly number[]): boolean =>
  all.every((one, q) => Math.abs(part.deviation[q] - one) <= Math.abs(one) / 8 + part.slack[q]);

/**
 * Where, among n entries, a single culprit has to be: what it adds to the deviation where weights rise from 0 to 1 along the entries is
 * its place's share of all. Undefined where no single place explains all cotangents, or where it is not known better than to a half.
 */
function placeOf(
  risen: Look,
  { slack }: Look,
  deviation: readonly number[],
  n: number,
): [number, number] | undefined {
  if (risen.state === 'rough') return undefined;
  let [from, to] = [0, n];
  for (const [q, all] of deviation.entries()) {
    if (all === 0) continue;
    const place = (n * risen.deviation[q]) / all;
    const blur = (n * (risen.slack[q] + slack[q])) / Math.abs(all);
    from = Math.max(from, Math.floor(place - blur));
    to = Math.min(to, Math.ceil(place + blur) + 1);
  }
  return to > from && to - from <= n / 2 ? [from, to] : undefined;
}

/** Whether one factor within the tolerance, that of an entry which was compared, is what a projection is off by. */
function isUniform(
  { state, slopes, at }: Found,
  { deviation, expected, slack, share }: Look,
  space: Space,
): boolean {
  if (state !== 'right') return false;
  const input = inputOf(space, at);
  return deviation.every((distance, q) => {
    const g = space.pass.autodiff[q][input][at - space.offsets[input]];
    const factor = slopes[q].value / g - 1;
    return (
      Math.abs(factor) <= space.tolerance.rtol &&
      Math.abs(distance - factor * expected[q]) <= slack[q] + (Math.abs(factor) * share[q]) / 64
    );
  });
}
