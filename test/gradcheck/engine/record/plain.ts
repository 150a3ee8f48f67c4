/**
 * What the records are made of: subjects on plain numbers, and functions whose values every JavaScript engine gives alike to the last
 * bit, as they are built from + - * /, Math.sqrt, Math.abs and Math.round alone.
 */
import { InputError } from '../../../../src/errors.js';
import { openPass, type Pass } from '../../../../src/gradcheck/engine/pass.js';
import type { Subject } from '../../../../src/gradcheck/engine/subject.js';
import type { GradcheckPrecision } from '../../../../src/gradcheck/report/report.js';
import { randomFrom } from '../../../../src/random.js';
import { present } from '../../../support/present.js';

/** A function of a number, and its derivative. */
export type Curve = readonly [(x: number) => number, (x: number) => number];

export interface Plain {
  /** By input. */
  x: readonly ArrayLike<number>[];
  /** From the inputs' numbers to those of all outputs; it may throw. */
  f: (x: readonly ArrayLike<number>[]) => number[];
  /** The vector-Jacobian product by input; null for an input that is not reached. */
  vjp: (c: ArrayLike<number>, x: readonly ArrayLike<number>[]) => (number[] | null)[];
  precision?: GradcheckPrecision;
}

/** Stands for a Subject. It counts its evaluations as a Subject does. */
export function subjectOf({ x, f, vjp, precision = 'float64' }: Plain): Subject {
  const isNative = precision === 'native';
  const rounded = (list: readonly number[]): Float64Array =>
    Float64Array.from(list, isNative ? Math.fround : Number);
  const active = x.map((values, index) => ({
    index,
    name: `input ${index}`,
    shape: [values.length],
    dtype: 'float32',
    active: true,
    values: isNative ? Float32Array.from(values) : Float64Array.from(values),
  }));
  const subject = {
    active,
    inputs: active,
    precision,
    bits: isNative ? 24 : 53,
    evaluations: 0,
    outputShapes: undefined as number[][] | undefined,
    round: isNative ? Math.fround : Number,
    work: <T>(piece: () => T): T => piece(),
    evaluateGuarded() {
      subject.evaluations++;
      const outputs = rounded(f(active.map(({ values }) => values)));
      subject.outputShapes = [[outputs.length]];
      return [outputs];
    },
    evaluateMoved(values: readonly ArrayLike<number>[]) {
      subject.evaluations++;
      try {
        return [rounded(f(values))];
      } catch {
        return undefined;
      }
    },
    vjp: (
      [c]: readonly Float64Array[],
      values: readonly ArrayLike<number>[] = active.map((one) => one.values),
    ) => vjp(c, values).map((gradient) => gradient && rounded(gradient)),
    vjpMoved(cotangents: readonly Float64Array[], values: readonly ArrayLike<number>[]) {
      try {
        return subject.vjp(cotangents, values);
      } catch {
        return undefined;
      }
    },
    largestWithin: () => 0,
    reference: 'f' as const,
    disconnected: ({ name }: { name: string }) => new InputError(`disconnected: ${name}`),
  };
  return subject as unknown as Subject;
}

/** Output j is the curve at entry j of all inputs together, plus an offset. */
export const elementwise = (
  [f, d]: Curve,
  ...x: readonly ArrayLike<number>[]
): Pick<Plain, 'x' | 'f' | 'vjp'> => ({
  x,
  f: (inputs) => inputs.flatMap((values) => Array.from(values, f)),
  vjp(c, inputs) {
    let at = 0;
    return inputs.map((values) => Array.from(values, (value) => c[at++] * d(value)));
  },
});

/** Output k is `Σ_j a(k, j)·curve(x_j)`. */
export const mixed = (
  [f, d]: Curve,
  outputs: number,
  a: (k: number, j: number) => number,
  x: ArrayLike<number>,
): Pick<Plain, 'x' | 'f' | 'vjp'> => {
  const rows = Array.from({ length: outputs }, (_, k) => Array.from(x, (_x, j) => a(k, j)));
  return {
    x: [x],
    f: ([values]) => rows.map((row) => row.reduce((sum, weight, j) => sum + weight * f(values[j]), 0)),
    vjp: (c, [values]) => [
      Array.from(values, (value, j) => rows.reduce((sum, row, k) => sum + c[k] * row[j], 0) * d(value)),
    ],
  };
};

/** What autodiff is said to say of entry j of an input, for cotangent q, from what it says for one of size 1. */
export type Falsify = (g: number, j: number, q: number, input: number) => number;

export interface Opening {
  seed: number;
  falsify?: Falsify;
  /** The rounding of output k, from its value. */
  noise?: (value: number, k: number) => number;
  /** The rounding of autodiff, over its value. */
  rounding?: number;
  /** By output and cotangent, its sign: cotangents are then powers of two and factors have few bits, so that a linear f's slopes are exact. */
  exact?: (k: number, q: number) => number;
}

/** The largest power of two that is no larger. */
function powerOfTwo(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  let found = 1;
  while (found > value) found /= 2;
  while (2 * found <= value) found *= 2;
  return found;
}

/**
 * A pass whose gradient is falsified. f's rounding is what is measured of it, down to a power of two: Math.hypot and a fractional power, by which it is measured, are not
 * the same to the last bit everywhere.
 */
export function passOf(subject: Subject, { seed, falsify, noise, rounding, exact }: Opening): Pass {
  const opened = openPass(subject, 1, randomFrom(seed));
  const { scales, outputs } = opened;
  const noises = outputs.map((value, k) =>
    noise && Number.isFinite(value) ? noise(value, k) : powerOfTwo(opened.noise[k]),
  );
  const cotangents = exact
    ? opened.cotangents.map((c, q) => c.map((weight, k) => weight && exact(k, q) * scales[q]))
    : opened.cotangents;
  const vjps = exact
    ? cotangents.map((c) => subject.vjp([c]).map((gradient) => present(gradient)))
    : opened.autodiff;
  const autodiff = vjps.map((gradients, q) =>
    gradients.map((gradient, input) =>
      falsify
        ? gradient.map((g, j) => subject.round(falsify(g / scales[q], j, q, input) * scales[q]))
        : gradient,
    ),
  );
  return {
    ...opened,
    cotangents,
    autodiff,
    noise: noises,
    allNoise: cotangents.map((c) =>
      Math.sqrt(c.reduce((sum, weight, k) => sum + (weight * noises[k]) ** 2, 0)),
    ),
    ...(rounding !== undefined && {
      rounding: autodiff.map((gradients) =>
        gradients.map((gradient) => gradient.map((g) => Math.abs(g * rounding))),
      ),
    }),
    ...(exact && { factors: [0.625, 0.875] as const }),
  };
}

// ---- curves ----

export const linear = (slope: number, offset = 0): Curve => [(x) => slope * x + offset, () => slope];
export const square: Curve = [(x) => x * x, (x) => 2 * x];
export const cube: Curve = [(x) => x * x * x - 2 * x, (x) => 3 * x * x - 2];
/** 1 / (1 + (x/width)²). */
export const bell = (width = 1): Curve => [
  (x) => 1 / (1 + (x / width) * (x / width)),
  (x) => (-2 * x) / (width * width) / (1 + (x / width) * (x / width)) / (1 + (x / width) * (x / width)),
];
export const root: Curve = [(x) => Math.sqrt(1 + x * x), (x) => x / Math.sqrt(1 + x * x)];
export const reciprocal: Curve = [(x) => 1 / x, (x) => -1 / (x * x)];
export const squareRoot: Curve = [Math.sqrt, (x) => 0.5 / Math.sqrt(x)];
export const abs: Curve = [Math.abs, Math.sign];
export const relu: Curve = [(x) => Math.max(x, 0), (x) => (x > 0 ? 1 : 0)];
/** `low·x` up to 0 and `high·x` from there on. */
export const bent = (low: number, high: number): Curve => [
  (x) => (x > 0 ? high : low) * x,
  (x) => (x > 0 ? high : low),
];
/** |x|^(1 + 1/2^n), by n square roots, `left` times it below 0. */
export const power = (n: number, left: number): Curve => {
  const rootOf = (x: number): number => {
    for (let i = 0; i < n; i++) x = Math.sqrt(x);
    return x;
  };
  return [
    (x) => (x < 0 ? left : 1) * Math.abs(x) * rootOf(Math.abs(x)),
    (x) => Math.sign(x) * (x < 0 ? left : 1) * (1 + 2 ** -n) * rootOf(Math.abs(x)),
  ];
};
const fraction = (x: number): number => x - Math.floor(x);
const bump = (u: number): number => u * (1 - u);
/** A smooth wave of height 1 and this many periods in 1. */
export const waves = (frequency: number): Curve => {
  const phase = (x: number): number => fraction(frequency * x);
  return [
    (x) => 256 * bump(phase(x)) * bump(phase(x)) * bump(phase(x)) * bump(phase(x)),
    (x) => 1024 * frequency * bump(phase(x)) * bump(phase(x)) * bump(phase(x)) * (1 - 2 * phase(x)),
  ];
};
/** Rounded to multiples of 1/steps. */
export const quantised = ([f]: Curve, steps: number): Curve => [
  (x) => Math.round(f(x) * steps) / steps,
  () => 0,
];
/** Rounded within, where autodiff sees through the rounding. */
export const rounded = ([f, d]: Curve, round: (y: number) => number): Curve => [(x) => round(f(x)), d];
export const plus = ([f, d]: Curve, [g, e]: Curve): Curve => [(x) => f(x) + g(x), (x) => d(x) + e(x)];
export const times = (factor: number, [f, d]: Curve): Curve => [(x) => factor * f(x), (x) => factor * d(x)];
export const shifted = ([f, d]: Curve, by: number): Curve => [(x) => f(x - by), (x) => d(x - by)];
/** Not finite, or an error, where `inside` does not hold. */
export const within = ([f, d]: Curve, inside: (x: number) => boolean, isThrown = false): Curve => [
  (x) => {
    if (inside(x)) return f(x);
    if (isThrown) throw new Error('outside');
    return NaN;
  },
  d,
];
/** Where the sum with a large number loses last bits, and the number is taken off again. */
export const lossy = ([f, d]: Curve, large: number): Curve => [(x) => f(x) + large - large, d];

// ---- what is written down ----

/** A number as it stands in a record: in full, and told apart from all others. */
const words = (_key: string, value: unknown): unknown => {
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)))
    return Object.is(value, -0) ? '-0' : String(value);
  if (value === undefined) return 'undefined';
  return ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value;
};

export const text = (value: unknown): string => JSON.stringify(value, words);

/** A digest of everything in a value, to the last bit: FNV-1a. */
export function digest(value: unknown): string {
  let hash = 0x811c9dc5;
  for (const char of text(value)) hash = Math.imul(hash ^ present(char.codePointAt(0)), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
