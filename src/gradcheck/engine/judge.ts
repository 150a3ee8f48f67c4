/** Whether an entry of the gradient is right. */
import { bend, noiseOf, pairAt, quotient, scaleOf, soleOf, type Line, type Pair } from './line.js';
import { coordinateLine, epsilonOf, noiseAlong, noiseDistance, type Pass } from './pass.js';
import { largestIn } from './repeats.js';
import { ladderOf, slopeFrom, type Slope } from './slope.js';
import type { Tolerance } from './tolerance.js';

/**
 * Why an entry could not be judged.
 * - noise: f's rounding, over any step that its curvature allows, is not small beside the derivative
 * - hidden: f's value is so large that its rounding hides what the entry does
 * - undefined: f is not finite, or throws, around the point
 * - undecided: the difference quotients have no limit that shows
 * - contradicted: long steps and short ones say different things
 * - rounding: autodiff's own rounding is larger than the difference
 */
export type Blindness = 'noise' | 'hidden' | 'undefined' | 'undecided' | 'contradicted' | 'rounding';

export interface Entry {
  /** Flat index in its input. */
  j: number;
  /** The cotangent that shows the largest error. */
  q: number;
  /** For that cotangent. */
  numerical: number;
  autodiff: number;
  errorBar: number;
  /** By cotangent. */
  slopes: Slope[];
  /** The scale of the steps that it was judged by. */
  unit: number;
  /** blind: no verdict. nonFinite: autodiff is NaN or infinite. */
  state: 'right' | 'wrong' | 'kink' | 'blind' | 'nonFinite';
  blindness?: Blindness;
  /** At a kink: whether the gradient lies between the one-sided slopes. */
  between: boolean;
}

/** Remembers, for one input, which scale of steps worked last: it is tried first at the next entry. */
export interface Memory {
  shortFirst: boolean;
}

type State = Pick<Entry, 'state' | 'between' | 'blindness'>;

/** An entry, its line and what autodiff says of it. */
interface Question {
  pass: Pass;
  input: number;
  j: number;
  line: Line;
  /** By cotangent. */
  expected: readonly number[];
  /** The size by which it is moved at most. */
  unit: number;
  /** The longest step that says something of the entry: its own size, where it is much smaller than the others. */
  span: number;
  tolerance: Tolerance;
}

/**
 * Compares one entry: by a first look of three pairs where these settle it, else by long looks at several scales.
 *
 * - right: a value from long steps and one from the shortest step at which rounding lets an error of `rtol` be seen both agree with autodiff.
 * - wrong: two families of steps agree with each other and not with autodiff, beyond the rounding of f and of autodiff, and so
 *   does the shortest step at which rounding lets the two values be told apart.
 * - The rest is blind.
 */
export function compareEntry(
  pass: Pass,
  input: number,
  j: number,
  tolerance: Tolerance,
  memory: Memory = { shortFirst: false },
): Entry {
  const question = questionOf(pass, input, j, tolerance);
  return reconsidered(question, answerTo(question, memory));
}

/** Two measurements of the same rounding differ by less than this. */
const KNOWN = 4;

/**
 * The entry, judged again where it is a 0 of which nothing good is said. Entries that are 0 rest where f's rounding is measured, and so the rounding
 * of an output that only they move is not known: that of `(x + 1) − 1` at 0 seems to be 0.
 */
function reconsidered(question: Question, entry: Entry): Entry {
  const { pass, input, j } = question;
  if (entry.state !== 'wrong' && entry.state !== 'blind') return entry;
  if (magnitudeOf(question) !== 0) return entry;
  const noise = noiseAlong(pass, input, j, zeroUnit(question));
  if (noise.every((value, k) => value <= KNOWN * pass.noise[k])) return entry;
  return answerTo({ ...question, line: coordinateLine({ ...pass, noise }, input, j) });
}

/** The entry where a first look settles it. */
export const compareAtOnce = (
  pass: Pass,
  input: number,
  j: number,
  tolerance: Tolerance,
  memory: Memory,
): Entry | undefined => {
  const question = questionOf(pass, input, j, tolerance);
  const { entry } = firstAnswer(question, memory);
  return entry && reconsidered(question, entry);
};

const questionOf = (pass: Pass, input: number, j: number, tolerance: Tolerance): Question => ({
  pass,
  input,
  j,
  line: coordinateLine(pass, input, j),
  expected: pass.autodiff.map((gradients) => gradients[input][j]),
  unit: pass.units[input][j],
  span: spanOf(pass, input, j),
  tolerance,
});

/** The entry's value, without its sign. */
const magnitudeOf = ({ pass, input, j }: Pick<Question, 'pass' | 'input' | 'j'>): number =>
  Math.abs(pass.subject.active[input].values[j]);

/** What a first look shows, and the entry where that settles it. */
function firstAnswer(question: Question, memory: Memory): { glance?: Glance; entry?: Entry } {
  const glance = firstLook(question, memory);
  const entry = glance && settled(question, glance);
  // Where autodiff says nothing, a glance that found nothing either has nothing to hold a long look against.
  return isKnown(question) ? { glance, entry } : { entry };
}

/** Whether autodiff's values are finite. */
const isKnown = ({ expected }: Pick<Question, 'expected'>): boolean => expected.every(Number.isFinite);

function answerTo(question: Question, memory: Memory = { shortFirst: false }): Entry {
  const { glance, entry } = firstAnswer(question, memory);
  return entry ?? longLooks(question, glance);
}

/** An entry so much smaller than what it is moved by is one of another size than its tensor's. */
const MIXED = 64;

function spanOf(pass: Pass, input: number, j: number): number {
  const [own, unit] = [magnitudeOf({ pass, input, j }), pass.units[input][j]];
  return own > 0 && own < unit / MIXED ? own : unit;
}

/** What three pairs show. */
interface Glance {
  /** By cotangent, from the long steps that agree best with the short one. */
  slopes: Slope[];
  /** The values by the short step, with the rounding over it. */
  short: { value: number; noise: number }[];
  /** Whether the one-sided slopes have come together at the short step. */
  isClosed: boolean;
  /** The short step. */
  h: number;
  steps: LongSteps;
  /** Whether the long steps agree with autodiff. */
  agrees: boolean;
  verdict: 'right' | 'off' | 'found' | undefined;
}

/** An error of `rtol` is to be eight times the rounding of the short step. */
const CLEAR = 8;

/**
 * A slope that is to be seen also where autodiff and the long steps say 0, over what f changes by within the entry's own size: f may
 * be the same at both ends of the long steps.
 */
const FAINT = 2 ** -20;

/** Where rounding is larger than it seemed, the short step is taken longer by these factors, before a long look is. */
const LONGER = [4, 16];

/** Long steps are so many short ones where rounding makes these longer than the usual long ones. */
const WIDE = 16;

/** Pairs of long steps, each of half the step before, extrapolated. */
interface LongSteps {
  pairs: readonly Pair[];
  /** By cotangent. */
  values: readonly number[];
  unit: number;
}

/** Two pairs of long steps, extrapolated, and one pair with the shortest step at which an error of `rtol` can be seen. */
function firstLook(question: Question, memory: Memory): Glance | undefined {
  const { line, expected, unit, tolerance, pass } = question;
  const { near, octaves, rtol } = tolerance;
  const longSteps = (scale: number, count = 2): LongSteps => {
    const h = pass.factors[0] * scale * 2 ** -near;
    const pairs = Array.from({ length: count }, (_, i) => pairAt(line, h * 2 ** -i));
    return { pairs, values: extrapolated(pairs, expected), unit: scale };
  };
  const whole = longSteps(unit);
  const [noise, reach] = [line.noise(), line.reach()];
  const shortest = expected.map((g, q) => {
    const size = Math.max(sizeOf(g), Math.abs(whole.values[q]) || 0, (FAINT * reach[q]) / question.span);
    return size > 0 ? (CLEAR * Math.SQRT2 * noise[q]) / (rtol * size) : 0;
  });
  const h = pass.factors[1] * Math.max(leastStep(question), ...shortest);
  // Where little changes beside f's value, rounding asks for steps that are nearly as long as the entry.
  if (h > question.span) return undefined;
  if (h > (unit * 2 ** -near) / 4) {
    const wide = Math.min(unit / 2, WIDE * h);
    return h <= wide / 4 ? glanceAt(question, longSteps(wide * 2 ** near, 3), pairAt(line, h)) : undefined;
  }
  const close = pairAt(line, h);
  const glances: Glance[] = memory.shortFirst ? [] : [glanceAt(question, whole, close)];
  // Where f has features that are smaller than the inputs, the long steps follow from the short one.
  const scale = h * 2 ** (octaves + near);
  const isSmaller = scale < unit / 4;
  if (isSmaller && !glances[0]?.verdict) {
    glances.push(glanceAt(question, longSteps(scale), close));
    memory.shortFirst = glances[glances.length - 1].verdict !== undefined;
  } else {
    memory.shortFirst = false;
    if (glances.length === 0) glances.push(glanceAt(question, whole, close));
  }
  const last = glances[glances.length - 1];
  if (last.verdict) return last;
  for (const { steps } of glances.filter(({ agrees }) => agrees)) {
    for (const factor of LONGER.filter((one) => one * h <= (steps.unit * 2 ** -near) / 4)) {
      const again = glanceAt(question, steps, pairAt(line, factor * h));
      if (again.verdict) return again;
    }
  }
  return { ...glances[0], isClosed: last.isClosed, steps: last.steps };
}

/** The size of what autodiff says; 0 where it says nothing. */
const sizeOf = (g: number): number => (Number.isFinite(g) ? Math.abs(g) : 0);

function glanceAt(question: Question, steps: LongSteps, close: Pair): Glance {
  const { line, expected } = question;
  const { pairs, values } = steps;
  const noise = line.noise();
  const short = expected.map((_, q) => ({
    value: quotient(close, q),
    noise: (Math.SQRT2 * noiseOf(close, q, noise[q])) / close.t,
  }));
  const isClosed = expected.every((_, q) => {
    const slack = Math.max(2 ** -20 * scaleOf(close, q), Math.abs(bend(pairs[0], q)) / 4);
    return closes(close, q, slack, noise);
  });
  const slopes = expected.map((_, q) => glanceSlope(pairs, values[q], close, line, q));
  return { slopes, short, isClosed, h: close.t, steps, ...verdictOf(question, slopes, short, pairs, close) };
}

/** The shortest step that is worth taking: the entry's value is stored with an error of half a unit in its last place. */
function leastStep(question: Question): number {
  return ownUnit(question) * epsilonOf(question.pass.subject) * 2 ** 9;
}

/** Sizes from which on they say nothing of a 0 beside them: it may as well be of size 1. */
const HUGE = 2 ** 20;

/** The size of an entry that is 0. */
const zeroUnit = ({ unit }: Question): number => (unit > HUGE ? 1 : unit);

/** The entry's own size. */
const ownUnit = (question: Question): number => magnitudeOf(question) || zeroUnit(question);

/** Richardson's value from pairs, each of half the step before. */
const extrapolated = (pairs: readonly Pair[], expected: readonly number[]): number[] =>
  expected.map((_, q) => {
    let row = pairs.map((pair) => quotient(pair, q));
    for (let ratio = 4; row.length > 1; ratio *= 4) {
      row = row.slice(1).map((finer, i) => finer + (finer - row[i]) / (ratio - 1));
    }
    return row[0];
  });

function glanceSlope(pairs: readonly Pair[], value: number, close: Pair, line: Line, q: number): Slope {
  const fine = pairs[pairs.length - 1];
  const noise = noiseOf(fine, q, line.noise()[q]);
  const correction = Math.abs(value - quotient(fine, q));
  return {
    kind: 'smooth',
    value,
    errorBar: Math.min(correction, Math.abs(value - quotient(close, q))) + (4 * noise) / fine.t,
    left: value,
    right: value,
    scale: scaleOf(fine, q),
    noise,
    sole: soleOf(fine, q),
    t: fine.t,
    ladder: [...pairs, close].map((pair) => ({ t: pair.t, quotient: quotient(pair, q) })),
  };
}

/**
 * right: long steps and the short one agree with autodiff. off: they agree with each other, and autodiff is far from both. found: they agree with
 * each other, and autodiff says nothing.
 */
function verdictOf(
  { expected, tolerance, line }: Question,
  slopes: readonly Slope[],
  short: Glance['short'],
  pairs: readonly Pair[],
  close: Pair,
): Pick<Glance, 'agrees' | 'verdict'> {
  const { rtol, atOnce } = tolerance;
  const noise = line.noise();
  const fine = pairs[pairs.length - 1];
  const judged = expected.map((g, q) => {
    const { value } = slopes[q];
    const size = Math.max(Math.abs(value), sizeOf(g));
    const rounding = (4 * noiseOf(fine, q, noise[q])) / fine.t;
    const slack = Math.max(atOnce * size, Math.min(rounding, (rtol / 4) * size));
    const seen = (rtol / 2) * size;
    // Where f is smooth the one-sided slopes come together in proportion to the step; at a kink they stay as far apart as they are.
    const curved = Math.abs(bend(fine, q)) * Math.min((4 * close.t) / fine.t, 1 / 2);
    const closed = closes(close, q, Math.max(seen, 2 ** -20 * scaleOf(close, q), curved), noise);

    const together = Math.abs(short[q].value - value) <= 4 * rtol * Math.abs(value) + 8 * short[q].noise;
    // Where f overflows, an infinite value is as near to g as an infinite slack allows.
    const agrees = Number.isFinite(value) && Math.abs(value - g) <= slack;
    return {
      agrees,
      right: closed && agrees && Math.abs(short[q].value - g) <= seen,
      smooth: closed && together && value !== 0,
      flat: closed && value === 0 && short[q].value === 0,
      off: Math.abs(g - value) > 100 * (Math.abs(short[q].value - value) + rtol * size + short[q].noise),
    };
  });
  if (!isKnown({ expected })) {
    const isFound = judged.every(({ smooth, flat }) => smooth || flat);
    return { agrees: false, verdict: isFound ? 'found' : undefined };
  }
  const agrees = judged.every((one) => one.agrees);
  if (judged.every(({ right }) => right)) return { agrees, verdict: 'right' };
  const isOff = judged.every(({ smooth }) => smooth) && judged.some(({ off }) => off);
  return { agrees, verdict: isOff ? 'off' : undefined };
}

/** Whether the one-sided slopes have come together, as they do where f is smooth. */
const closes = (pair: Pair, q: number, slack: number, noise: readonly number[]): boolean =>
  Math.abs(bend(pair, q)) <= slack + (8 * noiseOf(pair, q, noise[q])) / pair.t;

/** The entry, where the first look has settled it. */
function settled(question: Question, { slopes, verdict, steps }: Glance): Entry | undefined {
  if (!verdict) return undefined;
  const entry = entryOf(question, slopes, steps.unit);
  if (verdict === 'right') return { ...entry, state: 'right', between: true, blindness: undefined };
  if (verdict === 'found') return entry;
  return entry.state === 'wrong' && isRefuted(question, entry) ? entry : undefined;
}

/** Scales that are scanned for the one at which f varies, and the ratio of two of them. */
const SCAN = 24;
const SCAN_RATIO = 16;

/** Looks by two families of steps over many octaves, at the scale of the tensor, of the entry, and of the short step. */
function longLooks(question: Question, glance: Glance | undefined): Entry {
  const scales = [question.unit, ownUnit(question), glance?.steps.unit ?? 0].filter(
    (scale, i, all) => scale > 0 && all.slice(0, i).every((other) => scale < other / 16),
  );
  const undecided: Entry[] = [];
  const faint: Entry[] = [];
  const look = (scale: number): Entry | undefined => {
    const entry = lookAt(question, scale);
    const decided = decide(question, entry, scale, glance);
    if (decided && isFaint(question, decided)) faint.push(decided);
    else if (decided) return decided;
    else undecided.push(entry);
    return undefined;
  };
  /** The last that looked wrong, else the first. */
  const kept = (): Entry => undecided.filter(({ state }) => state === 'wrong').at(-1) ?? undecided[0];
  for (const scale of scales) {
    const decided = look(scale);
    if (decided) return decided;
  }
  const best = (): Entry => faint.reduce((least, one) => (one.errorBar < least.errorBar ? one : least));
  if (faint.length > 0) return best();
  if (kept().blindness !== 'hidden') {
    const scale = scan(question);
    const decided = scale === undefined ? undefined : look(scale);
    if (decided) return decided;
    if (faint.length > 0) return best();
  }
  const contradicted = undecided.some(({ state }) => state === 'wrong' || state === 'right');
  return {
    ...kept(),
    state: 'blind',
    between: true,
    blindness: contradicted ? 'contradicted' : (kept().blindness ?? 'undecided'),
  };
}

/** Whether an entry is right by grace of its error bars alone: steps of another size may see it more closely. */
const isFaint = ({ pass, input, tolerance, expected }: Question, { state, slopes }: Entry): boolean =>
  state === 'right' &&
  slopes.some(({ value, coarse }, q) => {
    const size = Math.max(
      Math.abs(value),
      Math.abs(expected[q]),
      tolerance.blind ** 2 * largestOf(pass, q, input),
    );
    return !coarse && Math.abs(value - expected[q]) > 2 * tolerance.rtol * size;
  });

function lookAt(question: Question, scale: number): Entry {
  const { line, pass, expected, tolerance } = question;
  const ladders = pass.factors.map((factor) =>
    ladderOf(line, { unit: scale, factor, first: 1, last: tolerance.last }),
  );
  const noise = line.noise();
  const slopes = expected.map((_, q) => slopeFrom(ladders, scale, q, noise[q]));
  return entryOf(question, slopes, scale);
}

/**
 * The entry where a look's verdict stands. A short step below all of the look's must not contradict it; nor must the witness, that
 * autodiff is wrong.
 */
function decide(
  question: Question,
  entry: Entry,
  scale: number,
  glance: Glance | undefined,
): Entry | undefined {
  const { tolerance, span } = question;
  const { state, slopes } = entry;
  if (state === 'wrong')
    return isRefuted(question, entry) && !isGrained(question, entry, glance) ? entry : undefined;
  if (state === 'blind') return undefined;
  const shortest = scale * 2 ** -tolerance.last;
  if (state === 'kink') {
    // Steps that are all longer than the entry itself may take the end of f's domain for a kink.
    const isShort = shortest <= span / 16 && !(glance?.isClosed && glance.h < shortest);
    return isShort && isSharp(question, entry, shortest) ? entry : undefined;
  }
  // There is no glance at an entry whose gradient is not finite: it is decided.
  if (!glance || glance.h >= shortest) return entry;
  const isConfirmed = glance.short.every(({ value, noise }, q) => {
    const slack = tolerance.rtol * Math.abs(value) + 8 * noise + 3 * slopes[q].errorBar;
    return !Number.isFinite(value) || Math.abs(value - slopes[q].value) <= slack;
  });
  return isConfirmed ? entry : undefined;
}

/** Steps below a look's shortest that a kink is looked at by, each so many times shorter than the one before. */
const CLOSER = 16;

/** Whether the bend stays as it is at steps shorter than a look's, down to rounding: `√(1 + x²)` bends by steps of a thousand as |x| does. */
function isSharp(question: Question, { slopes }: Entry, shortest: number): boolean {
  const { line } = question;
  // A vertical tangent: the slope is infinite, and there is nothing that autodiff's value could lie between.
  if (slopes.some(({ kind, left, right }) => kind === 'singular' && left === right)) return false;
  const kinks = slopes.flatMap(({ kind, left, right }, q) =>
    kind === 'kink' ? [{ q, least: Math.abs(right - left) / 2 }] : [],
  );
  for (let h = shortest / CLOSER; h >= leastStep(question); h /= CLOSER) {
    const pair = pairAt(line, h);
    const noise = line.noise();
    const clear = kinks.filter(({ q, least }) => (16 * noiseOf(pair, q, noise[q])) / pair.t < least);
    if (clear.length === 0) return true;
    if (clear.some(({ q, least }) => !(Math.abs(bend(pair, q)) >= least))) return false;
  }
  return true;
}

/** The step relative to the rounding at which two values are told apart. */
const APART = 32;

/**
 * The witness against autodiff: at the shortest step at which rounding lets the two values be told apart, extrapolated
 * differences of both families lie nearer to the numerical value. No shorter step may speak for autodiff where f is rough, and no
 * kink may lie within that step.
 */
function isRefuted(question: Question, { q, slopes }: Entry): boolean {
  const { line, pass, expected } = question;
  const { value } = slopes[q];
  const distance = Math.abs(value - expected[q]);
  const noise = line.noise()[q];
  const step = Math.max(leastStep(question), (APART * noise) / distance);
  if (!(step <= question.span / 16)) return false;
  const isWitness = pass.factors.every((factor, family) => {
    const h = factor * step * (family + 1);
    const [pair, half] = [pairAt(line, h), pairAt(line, h / 2)];
    const near = limitNear(pair, half, q);
    return (
      Math.abs(near - value) < Math.abs(near - expected[q]) && !isBent([pair, half], q, value, expected[q])
    );
  });
  return isWitness && !(isNoisy(pass, noise, q, FINE) && isBorneOut(question, q, distance, step));
}

/** A one-sided slope is autodiff's value where it is nearer to it than this share of its distance to the central difference. */
const ONE_SIDED = 1 / 8;

/** Whether a kink lies within a step: at that step and at half of it, the slope to one side is autodiff's value. A central difference is no witness then, wherever the kink is. */
function isBent(pairs: readonly Pair[], q: number, value: number, g: number): boolean {
  const slack = ONE_SIDED * Math.abs(value - g);
  return (['ahead', 'behind'] as const).some((side) =>
    pairs.every(({ [side]: { change, t } }) => Math.abs(change[q] / t - g) <= slack),
  );
}

/** Rounding, over half a unit in the last place, from which on it may be structure of f, as fine as the steps at which rounding is measured. */
const FINE = 2 ** 8;
/** Shorter steps, each half of the one before, speak for autodiff where so many in a row, by both families, are nearer to it than this share of the distance. */
const IN_ROW = 3;
const NEARER = 8;

/**
 * Whether steps shorter than the witness' say what autodiff says: `sin(1e9·x)`, or a chaotic recurrence, has no slope that long steps could show, and
 * what they leave of a parabola is no rounding. Rounding alone does not come near to a value three times, by both families.
 */
function isBorneOut(question: Question, q: number, distance: number, step: number): boolean {
  const { line, pass, expected } = question;
  let inRow = 0;
  for (let h = step / 8; h > leastStep(question) / 64 && inRow < IN_ROW; h /= 2) {
    const isNear = pass.factors.every((factor) => {
      const pair = pairAt(line, factor * h);
      return scaleOf(pair, q) > 0 && Math.abs(quotient(pair, q) - expected[q]) <= distance / NEARER;
    });
    inRow = isNear ? inRow + 1 : 0;
  }
  return inRow === IN_ROW;
}

/** Structure of f that is finer than this, relative to the entry, may be a large quantity's rounding, which a short step does not move. */
const GRAIN = 2 ** -23;

/** Whether differences by long steps say what autodiff says, and those by steps of the finest structure that counts still do. */
function isGrained(question: Question, { q, slopes }: Entry, glance: Glance | undefined): boolean {
  const { line, pass, expected } = question;
  const step = magnitudeOf(question) * GRAIN;
  const isNearer = (value: number, times: number): boolean =>
    times * Math.abs(value - expected[q]) < Math.abs(value - slopes[q].value);
  return (
    step > 0 &&
    glance !== undefined &&
    isNearer(glance.slopes[q].value, 2 ** 10) &&
    pass.factors.every((factor) => {
      const near = limitNear(pairAt(line, factor * step), pairAt(line, (factor * step) / 2), q);
      return isNearer(near, 4);
    })
  );
}

/** Richardson's value from two pairs; from one side where f is finite on one only. */
function limitNear(coarse: Pair, fine: Pair, q: number): number {
  const central = (4 * quotient(fine, q) - quotient(coarse, q)) / 3;
  if (Number.isFinite(central)) return central;
  for (const side of ['ahead', 'behind'] as const) {
    const slope = (pair: Pair): number => pair[side].change[q] / pair[side].t;
    const value = 2 * slope(fine) - slope(coarse);
    if (Number.isFinite(value)) return value;
  }
  return NaN;
}

/** The scale around which difference quotients agree best with each other, for the first cotangent. */
function scan(question: Question): number | undefined {
  const { line, pass, unit, tolerance } = question;
  const least = leastStep(question);
  const steps: Pair[] = [];
  for (let m = 0; m <= SCAN; m++) {
    const step = pass.factors[m % 2] * unit * SCAN_RATIO ** -m;
    if (step < least) break;
    steps.push(pairAt(line, step));
  }
  const noise = line.noise();
  let best: { t: number; spread: number } | undefined;
  steps.slice(1).forEach((pair, i) => {
    const spread =
      Math.abs(quotient(pair, 0) - quotient(steps[i], 0)) + (2 * noiseOf(pair, 0, noise[0])) / pair.t;
    if (Number.isFinite(spread) && (!best || spread < best.spread)) best = { t: pair.t, spread };
  });
  return best && Math.min(unit, best.t * 2 ** tolerance.near);
}

/** The verdict on an entry from its slopes. */
function entryOf(question: Question, slopes: Slope[], scale: number): Entry {
  const { expected, j } = question;
  const judged = slopes.map((slope, q) => {
    const size = Math.max(Math.abs(slope.value), Math.abs(expected[q])) || 1;
    return {
      q,
      autodiff: expected[q],
      numerical: slope.value,
      errorBar: slope.errorBar,
      ...stateOf(question, slope, q, scale),
      excess: Math.abs(slope.value - expected[q]) / size,
    };
  });
  const rank: Entry['state'][] = ['right', 'blind', 'kink', 'wrong', 'nonFinite'];
  const [{ q, autodiff, numerical, errorBar, state, blindness }] = [...judged].sort(
    (a, b) => rank.indexOf(b.state) - rank.indexOf(a.state) || b.excess - a.excess,
  );
  return {
    j,
    q,
    slopes,
    unit: scale,
    autodiff,
    numerical,
    errorBar,
    state,
    blindness,
    between: judged.every(({ between }) => between),
  };
}

const blind = (blindness: Blindness): State => ({ state: 'blind', between: true, blindness });
const isRight: State = { state: 'right', between: true };

/**
 * Autodiff's cancellation is an explanation for errors up to this share of the entry: a gradient that clips dy does not grow with it either, and
 * is off by more.
 */
const CANCELLED = 2 ** -10;

function stateOf(question: Question, slope: Slope, q: number, scale: number): State {
  const { pass, input, j, expected, tolerance } = question;
  const { rtol, atol, roundingCap } = tolerance;
  const g = expected[q];
  if (!Number.isFinite(g)) return { state: 'nonFinite', between: false };
  const { kind, left, right } = slope;
  if (kind === 'kink' || kind === 'singular') {
    const slack =
      rtol * Math.max(...[left, right, g].map(Math.abs).filter(Number.isFinite), 0) +
      atol * pass.scales[q] +
      (slope.sideBar ?? 0);
    const [low, high] = [left, right].map((side) => (Number.isNaN(side) ? g : side)).sort((a, b) => a - b);
    return { state: 'kink', between: g >= low - slack && g <= high + slack };
  }
  if (kind !== 'smooth') return blind(kind);
  const largest = largestOf(pass, q, input);
  const rounding = pass.rounding[q][input][j];
  const allowed = ({ value, errorBar }: { value: number; errorBar: number }): number => {
    const size = Math.max(Math.abs(value), Math.abs(g));
    const own = Math.min(8 * rounding, roundingCap * Math.max(size, largest * 1e-3));
    return rtol * size + atol * pass.scales[q] + 3 * errorBar + own;
  };
  if (slope.coarse && Math.abs(slope.coarse.value - g) <= allowed(slope.coarse)) return isRight;
  const distance = Math.abs(slope.value - g);
  if (distance <= allowed(slope)) return resolved(question, slope, q, scale);
  const still = slope.value === 0 ? stillness(slope) : 0;
  const isHidden =
    distance * Math.min(scale, question.span) <= hiding(pass, q) ||
    (still > 0 && distance * Math.min(still, question.span) <= HIDING * pass.innerNoise()[q]);
  if (isHidden) return hidden(question, slope, q);
  if (isGarbage(question, slope, q)) return isRight;
  if (distance <= 8 * rounding + 3 * slope.errorBar) return blind('rounding');
  const size = Math.max(Math.abs(slope.value), Math.abs(g));
  if (distance <= CANCELLED * size + 3 * slope.errorBar) {
    const own = 8 * pass.inhomogeneity()[input][j] * pass.scales[q];
    if (distance <= own + 3 * slope.errorBar) return blind('rounding');
  }
  return isRough(question, slope, q) || isErratic(question, slope, q)
    ? blind('noise')
    : { state: 'wrong', between: false };
}

/** The two values agree: whether that says anything. */
function resolved(question: Question, slope: Slope, q: number, scale: number): State {
  const { pass, input, expected, tolerance, line } = question;
  const size = Math.max(Math.abs(slope.value), Math.abs(expected[q]));
  const seen = Math.max(tolerance.blind * size, tolerance.blind ** 2 * largestOf(pass, q, input));
  if (3 * slope.errorBar <= seen) return isRight;
  // Flat, as far as the steps at which it is flat can show.
  if (expected[q] === 0 && 3 * slope.errorBar * scale <= tolerance.blind ** 2 * line.reach()[q])
    return isRight;
  return size * Math.min(scale, question.span) <= hiding(pass, q)
    ? hidden(question, slope, q)
    : blind('noise');
}

/**
 * Rounding errors of all outputs together, those that rest too, below which nothing can be said of a change. Where f does not change
 * at all, its outputs do not show what is rounded within it: `log(erf(8))` is 0, and `log(cos(1e-7))` one of few numbers near 0, since
 * erf and cos are rounded to 1 or so.
 */
const HIDING = 64;

const hiding = ({ allNoise }: Pass, q: number): number => HIDING * allNoise[q];

/** The longest step up to which f does not change; 0 where it changes by every step. */
function stillness({ ladder }: Slope): number {
  let longest = 0;
  for (const { t, quotient } of [...ladder].sort((a, b) => a.t - b.t)) {
    if (quotient !== 0) break;
    longest = t;
  }
  return longest;
}

/** What f's rounding hides is right where it is nothing beside the input's other entries, or where autodiff's value is rounding itself. */
function hidden(question: Question, slope: Slope, q: number): State {
  const { pass, input, expected, tolerance } = question;
  const beside = tolerance.blind ** 2 * largestOf(pass, q, input);
  const size = Math.max(Math.abs(slope.value), Math.abs(expected[q]));
  return size <= beside || isGarbage(question, slope, q) ? isRight : blind('hidden');
}

/**
 * Whether f is flat, as far as can be seen, and autodiff's value is nothing but rounding: no larger than what small values of the
 * same input move by when the inputs move by a millionth, or than what any of them lacks to be linear in the cotangent.
 */
function isGarbage({ pass, input, expected }: Question, slope: Slope, q: number): boolean {
  if (Math.abs(slope.value) > 3 * slope.errorBar) return false;
  const { values } = pass.subject.active[input];
  const { moved, notAdditive } = pass.instability();
  const small = 2 ** 10 * hiding(pass, 0);
  // Of all entries: one of them may be the same by chance wherever it is looked at.
  const rounding = notAdditive[input].reduce((most, own, j) => {
    const step = Math.abs(values[j]) || pass.units[input][j];
    const isSmall = Math.abs(pass.autodiff[0][input][j]) * step <= small;
    return Math.max(most, own, isSmall ? moved[input][j] : 0);
  }, 0);
  return Math.abs(expected[q]) <= 4 * rounding * pass.scales[q];
}

/** Rounding, over half a unit in the last place, from which on f counts as rough at the scale of its inputs' last bits. */
const ROUGH = 2 ** 12;

/** Whether f changes so much within the last bits of x that a slope as steep as autodiff says could not be seen. */
function isRough(question: Question, { noise }: Slope, q: number): boolean {
  const { pass, expected, line } = question;
  const step = magnitudeOf(question) * epsilonOf(pass.subject) * 2 ** 9;
  // What is left where quantities of size 1 cancel, as in sin² + cos² − 1, is rounding, however small f is.
  const isRounding = noise <= HIDING * pass.flatNoise[q];
  return !isRounding && isNoisy(pass, noise, q, ROUGH) && Math.abs(expected[q]) * step > line.reach()[q] / 4;
}

/** Noise, over the rounding of the largest output or of 1, from which on no rounding explains it, and its share of what else it is held against. */
const ERRATIC = 2 ** 30;
const MOST = 1 / 64;
/** The largest share of it that the slope by longer steps makes up. */
const TREND = 1 / 16;
/** Fainter noise may be rounding, but where the slope would be hidden in it so many times over. */
const FAINT_NOISE = 2 ** 20;
const OVER = 8;

/**
 * Whether f varies within the distance at which noise is measured far more than by the slope that longer steps show, and as much as beside that slope by
 * these, as a chaotic recurrence does, with or without a trend: then no step shows its slope, if that is as steep as autodiff says. Beside a large quantity
 * f keeps its value within that distance, or nearly.
 */
function isErratic(question: Question, { value, errorBar, noise, t }: Slope, q: number): boolean {
  const { pass, expected, line } = question;
  const near = magnitudeOf(question) * noiseDistance(pass.subject);
  const claimed = Math.abs(expected[q]) * near;
  const isFaint = noise <= ERRATIC * pass.flatNoise[q];
  return (
    Math.abs(value) * near <= TREND * noise &&
    noise > FAINT_NOISE * pass.flatNoise[q] &&
    noise >= MOST * errorBar * t &&
    claimed >= (isFaint ? OVER : MOST) * noise &&
    pass.factors.some((factor) => {
      const pair = pairAt(line, factor * near);
      return Math.abs(quotient(pair, q)) * pair.t >= MOST * noise;
    })
  );
}

/** Whether a line's noise is so many times the rounding of f's outputs to their last bits. */
function isNoisy(pass: Pass, noise: number, q: number, times: number): boolean {
  const value = Math.sqrt(pass.cotangents[q].reduce((sum, c, k) => sum + (c * pass.outputs[k] || 0) ** 2, 0));
  return noise > times * epsilonOf(pass.subject) * value;
}

const largest = new WeakMap<Float64Array, number>();

/** The size of an input's largest gradient entry. */
export function largestOf({ autodiff }: Pass, q: number, input: number): number {
  const gradient = autodiff[q][input];
  let found = largest.get(gradient);
  if (found === undefined) {
    found = largestIn(gradient);
    largest.set(gradient, found);
  }
  return found;
}
