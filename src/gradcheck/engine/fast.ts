/**
 * The fast mode: derivatives along random directions instead of along every coordinate, and a search for the culprit where one
 * of them is off.
 */
import { agreesAtOnce, isPlain, ladderOf, slopeFrom, type Slope } from './line.js';
import { compareEntry, type Entry, type Memory } from './judge.js';
import { directionLine, unitsOf, type Pass, type Tolerance } from './pass.js';
import type { Random } from '../../random.js';

/** Directions for each input. An error whose largest entry is twice what a projection lets pass is missed by one with probability ½ at most. */
export const DIRECTIONS = 4;

/** Entries that a search compares one by one, wrong ones among them, and lines that it follows, before it stops. */
const LEAVES = 8;
const CULPRITS = 3;
const LINES = 120;

/** What the projections of one input showed. */
export interface Projection {
  /** Entries that the search came upon. */
  entries: Entry[];
  /** A projection could not be told from noise. */
  blind: boolean;
  /** The largest distance of a projection from what autodiff says, and that over the projection's size. */
  absolute: number;
  relative: number;
  /** There are more kinks than the search has found. */
  moreKinks: boolean;
}

/** A set of entries to be looked into. */
interface Suspect {
  indices: number[];
  excess: number;
}

/** Checks an active input by projections. Yields between pieces of work. */
export function* projectInput(
  pass: Pass,
  input: number,
  tolerance: Tolerance,
  random: Random,
): Generator<void, Projection> {
  const units = unitsOf(pass.subject.active[input]);
  const memory: Memory = { quick: tolerance.quick };
  const entries: Entry[] = [];
  const compare = (j: number): Entry => {
    const entry = compareEntry(pass, input, j, units[j], tolerance, memory);
    entries.push(entry);
    return entry;
  };
  let resting = new Set<number>();
  const broken = pass.autodiff.flatMap((gradients) =>
    Array.from(gradients[input].keys()).filter((j) => !Number.isFinite(gradients[input][j])),
  );
  for (const j of [...new Set(broken)].slice(0, LEAVES)) {
    compare(j);
    yield;
  }
  resting = new Set(broken);

  let blind = false;
  let moreKinks = false;
  let absolute = 0;
  let relative = 0;
  for (let round = 0; round < DIRECTIONS; round++) {
    const weights = random.weights(units.length);
    const direction = weights.map((weight, j) =>
      resting.has(j) ? 0 : pass.subject.round(weight * units[j]),
    );
    const look = (indices: readonly number[]): Look =>
      lookAlong(pass, input, restrict(direction, indices), tolerance);
    const whole = lookAlong(pass, input, direction, tolerance);
    yield;
    blind ||= whole.blind;
    absolute = Math.max(absolute, whole.absolute);
    relative = Math.max(relative, whole.relative);
    if (!whole.suspicious) continue;
    const before = entries.length;
    yield* search(
      { indices: Array.from(direction).flatMap((d, j) => (d === 0 ? [] : [j])), excess: whole.excess },
      look,
      compare,
    );
    const found = entries.slice(before);
    if (found.some(({ state }) => state === 'wrong' || state === 'nonFinite')) break;
    const kinks = found.filter(({ state }) => state === 'kink');
    for (const { j } of kinks) resting.add(j);
    // Kinks that are still there would hide what else is wrong: look again without those found, a few times.
    if (kinks.length > 0) {
      if (resting.size > 8 * LEAVES) {
        moreKinks = true;
        break;
      }
      round--;
    }
  }
  return { entries, blind, absolute, relative, moreKinks };
}

interface Look {
  suspicious: boolean;
  blind: boolean;
  excess: number;
  absolute: number;
  relative: number;
}

/** Compares the slope along a direction with what autodiff says. */
function lookAlong(pass: Pass, input: number, direction: Float64Array, tolerance: Tolerance): Look {
  const line = directionLine(pass, input, direction);
  const expected = pass.autodiff.map((gradients, q) => {
    let sum = 0;
    let size = 0;
    let rounding = 0;
    direction.forEach((d, j) => {
      if (d === 0) return;
      sum += gradients[input][j] * d;
      size += Math.abs(gradients[input][j] * d);
      rounding += (pass.rounding[q][input][j] * d) ** 2;
    });
    const own = Math.min(8 * Math.sqrt(rounding), tolerance.roundingCap * size);
    return { sum, size, slack: own + size * 2 ** (9 - pass.subject.bits) };
  });
  const off = (slope: Slope, q: number): number =>
    Math.abs(slope.value - expected[q].sum) - 3 * slope.errorBar - expected[q].slack;

  const errors = (slopes: readonly Slope[]): { absolute: number; relative: number } => {
    const absolute = slopes.map(({ kind, value }, q) =>
      kind === 'smooth' ? Math.abs(value - expected[q].sum) : 0,
    );
    return {
      absolute: Math.max(...absolute),
      relative: Math.max(
        ...absolute.map((error, q) => error / (Math.max(expected[q].size, Math.abs(slopes[q].value)) || 1)),
      ),
    };
  };

  const first = ladderOf(line, tolerance.quickAlong);
  const quick = expected.map((_, q) => slopeFrom(first, q));
  if (
    quick.every(
      (slope, q) =>
        slope.errorBar <= expected[q].size * tolerance.projection &&
        off(slope, q) <= 0 &&
        agreesAtOnce(first, slope, q, slope.value, 0),
    )
  ) {
    return { suspicious: false, blind: false, excess: 0, ...errors(quick) };
  }
  // Off beyond doubt: the culprit is searched for without longer ladders.
  if (
    quick.every((slope, q) => isPlain(first, slope, q, tolerance.atOnce)) &&
    quick.some((slope, q) => off(slope, q) > 0)
  ) {
    return { suspicious: true, blind: false, excess: Math.max(...quick.map(off)), ...errors(quick) };
  }
  const pairs = ladderOf(line, tolerance.ladder);
  const slopes = expected.map((_, q) => slopeFrom(pairs, q));
  const smooth = slopes.every(({ kind }) => kind === 'smooth');
  const excess = Math.max(...slopes.map((slope, q) => (slope.kind === 'smooth' ? off(slope, q) : Infinity)));
  const blind = slopes.some(
    ({ errorBar, floor, value }, q) =>
      Math.abs(value - expected[q].sum) > tolerance.atOnce * expected[q].size &&
      3 * errorBar > tolerance.blind * expected[q].size &&
      Math.max(Math.abs(value), expected[q].size) > tolerance.resolution * floor,
  );
  return { suspicious: !smooth || excess > 0, blind: smooth && blind, excess, ...errors(slopes) };
}

const restrict = (direction: Float64Array, indices: readonly number[]): Float64Array => {
  const part = new Float64Array(direction.length);
  for (const j of indices) part[j] = direction[j];
  return part;
};

/** Halves the suspicious set until single entries are left; the half that is further off goes first. */
function* search(
  whole: Suspect,
  look: (indices: readonly number[]) => Look,
  compare: (j: number) => Entry,
): Generator<void> {
  const suspects = [whole];
  let leaves = 0;
  let culprits = 0;
  let lines = 0;
  while (suspects.length > 0 && leaves < LEAVES && culprits < CULPRITS && lines < LINES) {
    suspects.sort((a, b) => a.excess - b.excess);
    const { indices } = suspects.pop()!;
    if (indices.length === 1) {
      if (compare(indices[0]).state === 'wrong') culprits++;
      leaves++;
      yield;
      continue;
    }
    const middle = indices.length >> 1;
    for (const half of [indices.slice(0, middle), indices.slice(middle)]) {
      const { suspicious, excess } = look(half);
      lines++;
      if (suspicious) suspects.push({ indices: half, excess });
      yield;
    }
  }
}
