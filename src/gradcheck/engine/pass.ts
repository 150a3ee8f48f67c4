/** One comparison of gradients: a function, a point, cotangents, and its gradient there by tf.grad. */
import type { ActiveInput, Numbers, Subject } from './subject.js';
import { GradientFailure } from './subject.js';
import type { Line, Sample, Steps } from './line.js';
import type { Random } from '../../random.js';

export interface Tolerance {
  rtol: number;
  atol: number;
  /** Relative agreement that settles a coordinate at once. */
  atOnce: number;
  /** The error bar, over the sum of the entries' sizes, up to which a projection's first look is precise enough. */
  projection: number;
  /** The error bar, over the larger value, from which on a coordinate counts as not seen. */
  blind: number;
  /** A derivative that is no larger than this many times what f's rounding makes of it counts as too small to see, and not as noisy. */
  resolution: number;
  /** How many of its own rounding errors the autodiff value may be off by, relative to its size, at the most. */
  roundingCap: number;
  /** The steps of the first look at an entry, at a direction, along which f changes by more, and of the long ladder. */
  quick: Steps;
  quickAlong: Steps;
  ladder: Steps;
}

/**
 * In doubles an error of 1e-6 is to be caught, and constants that were rounded to float32 outside of the function are to pass.
 * In float32 the tolerance is what a backend's kernels may round.
 */
export const tolerances: Record<Subject['precision'], Tolerance> = {
  float64: {
    rtol: 2 ** -22,
    atol: 0,
    atOnce: 1e-8,
    projection: 2 ** -37,
    blind: 1e-3,
    resolution: 2 ** 16,
    roundingCap: 1e-7,
    quick: { first: 6, last: 8 },
    quickAlong: { first: 8, last: 10 },
    ladder: { first: 1, last: 26 },
  },
  native: {
    rtol: 2 ** -13,
    atol: 0,
    atOnce: 2 ** -16,
    projection: 2 ** -14,
    blind: 2 ** -5,
    resolution: 4,
    roundingCap: 2 ** -9,
    quick: { first: 3, last: 5 },
    quickAlong: { first: 3, last: 5 },
    ladder: { first: 1, last: 13 },
  },
};

export interface Pass {
  subject: Subject;
  order: 1 | 2;
  /** Each cotangent's numbers, output after output. An output that is not finite has 0. */
  cotangents: Float64Array[];
  /** f's outputs at the point, one after the other. */
  outputs: Float64Array;
  /** Places of the finite outputs. */
  finite: Int32Array;
  /** By cotangent, then by active input. */
  autodiff: Float64Array[][];
  /** How far autodiff's entries move when the inputs move by their last bit: their own rounding error. */
  rounding: Float64Array[][];
  /** Active inputs that autodiff did not reach. */
  unreached: Set<number>;
}

/** How many cotangents a check uses: of size about 1 and about 4, so that a gradient that is not linear in dy shows. */
export const COTANGENTS = [1, 4];

/** Evaluates the function and its gradient, twice each, to see that they repeat themselves. */
export function openPass(subject: Subject, order: 1 | 2, random: Random): Pass {
  return subject.work(() => {
    const outputs = concat(subject.evaluateGuarded());
    requireSame(
      subject,
      outputs,
      concat(subject.evaluateGuarded()),
      'The function is not deterministic: called twice with the same inputs it',
    );
    const finite = Int32Array.from(outputs.keys()).filter((k: number) => Number.isFinite(outputs[k]));
    const cotangents = COTANGENTS.map((scale) =>
      random
        .weights(outputs.length, scale)
        .map((weight, k) => (Number.isFinite(outputs[k]) ? subject.round(weight) : 0)),
    );
    const vjp = (c: Float64Array, values?: readonly Numbers[]): (Float64Array | null)[] =>
      subject.vjp(split(c, subject.outputShapes!), values);
    const first = cotangents.map((c) => vjp(c));
    const unreached = new Set(first[0].flatMap((gradient, i) => (gradient === null ? [i] : [])));
    const full = (gradients: (Float64Array | null)[]): Float64Array[] =>
      gradients.map((gradient, i) => gradient ?? new Float64Array(subject.active[i].values.length));
    const autodiff = first.map(full);
    full(vjp(cotangents[0])).forEach((again, i) =>
      requireSame(
        subject,
        autodiff[0][i],
        again,
        `The gradient is not deterministic: computed twice at the same point, that of ${subject.active[i].name}`,
      ),
    );
    const rounding = roundingOf(subject, cotangents, autodiff, (c, values) => full(vjp(c, values)), random);
    return { subject, order, cotangents, outputs, finite, autodiff, rounding, unreached };
  });
}

/** Fails where the function has changed since the pass was opened. */
export function closePass({ subject, outputs }: Pass): void {
  subject.work(() =>
    requireSame(
      subject,
      outputs,
      concat(subject.evaluateGuarded()),
      'The function is not deterministic: called again with the same inputs it',
    ),
  );
}

function roundingOf(
  subject: Subject,
  cotangents: readonly Float64Array[],
  autodiff: readonly Float64Array[][],
  vjp: (c: Float64Array, values: readonly Numbers[]) => Float64Array[],
  random: Random,
): Float64Array[][] {
  const rounding = autodiff.map((gradients) => gradients.map(({ length }) => new Float64Array(length)));
  const unit = 2 ** (1 - subject.bits);
  for (let round = 0; round < 2; round++) {
    const moved = subject.active.map(({ values }) => {
      const weights = random.weights(values.length);
      return values.map((value, i) => value * (1 + Math.sign(weights[i]) * unit));
    });
    cotangents.forEach((c, q) =>
      vjp(c, moved).forEach((gradient, i) =>
        gradient.forEach((value, j) => {
          const distance = Math.abs(value - autodiff[q][i][j]);
          if (distance > rounding[q][i][j]) rounding[q][i][j] = distance;
        }),
      ),
    );
  }
  return rounding;
}

function requireSame(subject: Subject, first: Float64Array, second: Float64Array, sentence: string): void {
  const slack = subject.precision === 'float64' ? 0 : 2 ** -18;
  const largest = first.reduce(
    (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
    0,
  );
  const at = first.findIndex(
    (value, k) =>
      !Object.is(value, second[k]) &&
      value !== second[k] &&
      !(Math.abs(value - second[k]) <= slack * largest),
  );
  if (at < 0) return;
  throw new GradientFailure(
    'nondeterministic',
    `${sentence} gives ${first[at]} and then ${second[at]} at entry ${at}. Fix its seeds, and keep state out of it.`,
  );
}

function concat(parts: readonly Float64Array[]): Float64Array {
  if (parts.length === 1) return parts[0];
  const whole = new Float64Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function split(whole: Float64Array, shapes: readonly number[][]): Float64Array[] {
  let at = 0;
  return shapes.map((shape) => whole.subarray(at, (at += shape.reduce((size, n) => size * n, 1))));
}

/** The size by which an entry is moved: its own, or twice the root mean square of all where it is smaller; a power of two. */
export function unitsOf({ values }: ActiveInput): Float64Array {
  let squares = 0;
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  for (const value of values) squares += (value / (largest || 1)) ** 2;
  const typical = 2 * largest * Math.sqrt(squares / values.length);
  return Float64Array.from(values, (value) => powerOfTwo(Math.max(Math.abs(value), typical) || 1));
}

const powerOfTwo = (size: number): number => 2 ** Math.max(-900, Math.min(900, Math.round(Math.log2(size))));

/** f along one coordinate of an active input, in steps of `unit`. */
export function coordinateLine(pass: Pass, input: number, j: number, unit: number): Line {
  const { values } = pass.subject.active[input];
  return (t) => {
    const moved = values.slice();
    moved[j] = values[j] + t * unit;
    return sample(pass, input, moved, (moved[j] - values[j]) / unit);
  };
}

/** f along a direction of an active input; entries whose direction is 0 rest. */
export function directionLine(pass: Pass, input: number, direction: Float64Array): Line {
  const { values } = pass.subject.active[input];
  return (t) =>
    sample(
      pass,
      input,
      values.map((value, i) => value + t * direction[i]),
      t,
    );
}

function sample(
  { subject, cotangents, outputs, finite }: Pass,
  input: number,
  moved: Numbers,
  t: number,
): Sample {
  const there = concat(
    subject.evaluate(subject.active.map(({ values }, i) => (i === input ? moved : values))),
  );
  const unit = 2 ** -subject.bits;
  const change = cotangents.map(() => 0);
  const size = cotangents.map(() => 0);
  const squares = cotangents.map(() => 0);
  let changed = 0;
  let last = -1;
  for (const k of finite) {
    const difference = there[k] - outputs[k];
    if (difference === 0) continue;
    changed++;
    last = k;
    const magnitude = Math.max(Math.abs(outputs[k]), Math.abs(there[k]));
    for (let q = 0; q < cotangents.length; q++) {
      const c = cotangents[q][k];
      change[q] += c * difference;
      size[q] += Math.abs(c * difference);
      squares[q] += (c * magnitude) ** 2;
    }
  }
  return {
    t,
    change,
    size,
    sole: changed === 1 ? last : -1,
    noise: squares.map((sum) => unit * Math.sqrt(sum)),
  };
}

/** By cotangent: the rounding of those outputs that long steps change and short ones do not. */
export function hiddenNoise(pass: Pass, input: number, j: number, unit: number): number[] {
  const { subject, outputs, finite, cotangents } = pass;
  const { values } = subject.active[input];
  const at = (t: number): Float64Array => {
    const moved = values.slice();
    moved[j] = values[j] + t * unit;
    return concat(subject.evaluate(subject.active.map((active, i) => (i === input ? moved : active.values))));
  };
  const near = [0.5, -0.5].map(at);
  const far = [2, 8, 64, 1024].flatMap((t) => [t, -t]).map(at);
  const squares = cotangents.map(() => 0);
  for (const k of finite) {
    const changes = (places: Float64Array[]): boolean => places.some((place) => place[k] !== outputs[k]);
    if (changes(near) || !changes(far)) continue;
    cotangents.forEach((c, q) => (squares[q] += (c[k] * outputs[k]) ** 2));
  }
  return squares.map((sum) => 2 ** -subject.bits * Math.sqrt(sum));
}

/** The derivative of every single output by one coordinate, good to some eight digits. */
export function columnOf(pass: Pass, input: number, j: number, unit: number): Float64Array {
  const { subject } = pass;
  const { values } = subject.active[input];
  const at = (t: number): Float64Array => {
    const moved = values.slice();
    moved[j] = values[j] + t * unit;
    return concat(subject.evaluate(subject.active.map((active, i) => (i === input ? moved : active.values))));
  };
  const t = subject.precision === 'float64' ? 2 ** -9 : 2 ** -5;
  const [ahead, behind, farAhead, farBehind] = [t, -t, 2 * t, -2 * t].map(at);
  return ahead.map((value, k) => {
    const near = (value - behind[k]) / (2 * t * unit);
    const far = (farAhead[k] - farBehind[k]) / (4 * t * unit);
    return (4 * near - far) / 3;
  });
}
