/** One comparison of gradients: a function, a point, cotangents, its gradient there by tf.grad, and the rounding of both. */
import type { Random } from '../../random.js';
import { sizeOf } from '../../shapes.js';
import { lineThrough, type Line } from './line.js';
import { largestIn, requireSame, slackOf } from './repeats.js';
import type { ActiveInput, Numbers, Subject } from './subject.js';

export interface Pass {
  subject: Subject;
  order: 1 | 2;
  /** Each cotangent's numbers, output after output. An output that is not finite has 0. */
  cotangents: Float64Array[];
  /** The cotangents' sizes. */
  scales: readonly number[];
  /** f's outputs at the point, one after the other. */
  outputs: Float64Array;
  /** Places of the finite outputs. */
  finite: Int32Array;
  /** The rounding of each output, as seen around the point. */
  noise: Float64Array;
  /** By cotangent: that of the weighted sum of all outputs. */
  allNoise: readonly number[];
  /** The same, if every output were rounded as the largest is, or as 1 is. */
  flatNoise: readonly number[];
  /** The same, if every output were rounded as the largest number within f is. Measured when it is first asked for. */
  innerNoise: () => readonly number[];
  /** By cotangent, then by active input. */
  autodiff: Float64Array[][];
  /** How far autodiff's entries move when the inputs move by their last bit: their own rounding error. */
  rounding: Float64Array[][];
  /** Active inputs that autodiff did not reach. */
  unreached: Set<number>;
  /** By active input, the size by which an entry is moved. */
  units: Float64Array[];
  /** What the two families of steps begin with: no step is a power of two, and no two of them stand in a simple ratio. */
  factors: readonly [number, number];
  random: Random;
  /** Measured when it is first asked for. */
  instability: () => Instability;
  /**
   * By active input, for a cotangent of size 1: how far autodiff's entries are from growing with the cotangent. That is rounding alone: one that is
   * lost where large terms cancel depends on the digits of the small ones, and stays as it is when the inputs move by their last bit.
   */
  inhomogeneity: () => Float64Array[];
}

/**
 * What tells a derivative from rounding, by active input, for a cotangent of size 1: how far autodiff's entries move when the inputs
 * move by a millionth of themselves, and how far they are from linear in the cotangent.
 */
export interface Instability {
  moved: Float64Array[];
  notAdditive: Float64Array[];
}

/**
 * A check uses three cotangents. The second has the first's signs and is small; the third has the opposite ones and is large. So a
 * gradient that uses |dy| or relu(dy), clips dy or its norm, or drops small ones, is wrong for one of them at every output.
 */
export const SCALES: readonly number[] = [1, 2 ** -10, 2 ** 10];

/** The relative movement at which a derivative hardly changes, and what is rounding alone does. */
const SMALL_MOVE = 2 ** -20;

/** The cotangent is multiplied by 1 and up to this much more, so many times: each rounding is another one then. */
const STRETCH = 1 / 8;
const STRETCHES = 4;

/** Half a unit in the last place of 1. */
export const epsilonOf = ({ bits }: Subject): number => 2 ** -bits;

/** How far f's outputs beside a gradient may be from those without, over the largest of them: the kernels that are recorded may be others. */
const RECORDED = 2 ** -30;

/** Evaluates the function and its gradient, several times each, to see that they repeat themselves. */
export function openPass(
  subject: Subject,
  order: 1 | 2,
  random: Random,
  weightsOf: (n: number) => Float64Array = random.weights,
): Pass {
  return subject.work(() => {
    const pass = openForward(subject, order, random, weightsOf);
    const { cotangents, scales } = pass;
    const vjp = (c: Float64Array): (Float64Array | null)[] => repeatedVjp(pass, c);
    const first = cotangents.map(vjp);
    const full = (gradients: (Float64Array | null)[]): Float64Array[] =>
      gradients.map((gradient, i) => gradient ?? new Float64Array(subject.active[i].values.length));
    const autodiff = first.map(full);
    vjp(cotangents[0]).forEach((again, i) => requireSameGradient(subject, i, autodiff[0][i], again));
    const moved = (q: number, relative: number, rounds: number, isExact: boolean): Float64Array[] =>
      movement(
        pass,
        autodiff[q],
        (values) => {
          const gradients = subject.vjpMoved(split(cotangents[q], subject.outputShapes), values);
          return gradients && full(gradients);
        },
        relative,
        rounds,
        isExact,
      );
    const own = moved(0, 2 * epsilonOf(subject), 2, true);
    const farthest = (all: Float64Array[][]): Float64Array[] =>
      all.reduce((most, one) => most.map((far, i) => far.map((value, j) => Math.max(value, one[i][j]))));
    /** The gradient for a sum of cotangents, less those for its parts: rounding alone, as it is linear in them. */
    const notAdditive = (): Float64Array[] => {
      const [c] = cotangents;
      const other = random.weights(c.length).map((weight, k) => (c[k] === 0 ? 0 : subject.round(weight)));
      const sum = other.map((weight, k) => subject.round(weight + c[k]));
      const [ofOther, ofSum] = [other, sum].map((one) => full(vjp(one)));
      return ofSum.map((far, i) =>
        far.map((value, j) => Math.abs(value - ofOther[i][j] - autodiff[0][i][j])),
      );
    };
    const instability = (): Instability => ({
      moved: farthest(
        scales.map((scale, q) =>
          moved(q, Math.max(SMALL_MOVE, 16 * epsilonOf(subject)), 4, false).map((far) =>
            far.map((one) => one / scale),
          ),
        ),
      ),
      notAdditive: farthest(Array.from({ length: 4 }, notAdditive)),
    });
    /** The gradient for a multiple of the cotangent, over that multiple, beside the gradient. A gradient that uses |dy| passes: it is no excuse for it. */
    const notHomogeneous = (): Float64Array[] => {
      const times = 1 + random.uniform(STRETCH / 4, STRETCH);
      const stretched = cotangents[0].map((weight) => subject.round(times * weight));
      return full(vjp(stretched)).map((far, i) =>
        far.map((value, j) => Math.abs(value / times - autodiff[0][i][j])),
      );
    };
    const stretch = (): Float64Array[] => farthest(Array.from({ length: STRETCHES }, notHomogeneous));
    let unstable: Instability | undefined;
    let stretched: Float64Array[] | undefined;
    return {
      ...pass,
      autodiff,
      rounding: scales.map((scale) => own.map((errors) => errors.map((error) => error * scale))),
      unreached: new Set(first[0].flatMap((gradient, i) => (gradient === null ? [i] : []))),
      instability: () => (unstable ??= instability()),
      inhomogeneity: () => (stretched ??= stretch()),
    };
  });
}

/** Fails where an input's gradient, computed again, is another one. */
export const requireSameGradient = (
  subject: Subject,
  input: number,
  gradient: Float64Array,
  again: Float64Array | null,
): void =>
  requireSame(
    gradient,
    again ?? new Float64Array(gradient.length),
    `The gradient is not deterministic: computed twice at the same point, that of ${subject.active[input].name}`,
    slackOf(subject),
  );

/** What is said of f that gives other outputs at the same point, before they are named. */
const CALLED_TWICE = 'The function is not deterministic: called twice with the same inputs it';

/** The vector-Jacobian product; fails where f's outputs beside it are not those that it had. */
export function repeatedVjp(
  { subject, outputs }: Pick<Pass, 'subject' | 'outputs'>,
  c: Float64Array,
): (Float64Array | null)[] {
  const gradients = subject.vjp(split(c, subject.outputShapes));
  if (subject.taped && subject.reference === 'f') {
    requireSame(outputs, concat(subject.taped), CALLED_TWICE, Math.max(slackOf(subject), RECORDED));
  }
  return gradients;
}

/** The pass without its gradient, which reads NaN: for differences alone. To be called within the subject's work. */
export function openForward(
  subject: Subject,
  order: 1 | 2,
  random: Random,
  weightsOf: (n: number) => Float64Array = random.weights,
): Pass {
  const outputs = concat(subject.evaluateGuarded());
  requireSame(outputs, concat(subject.evaluateGuarded()), CALLED_TWICE, slackOf(subject));
  const cotangents = cotangentsFor(outputs, weightsOf(outputs.length), random).map((c) =>
    c.map((weight, k) => (Number.isFinite(outputs[k]) ? subject.round(weight) : 0)),
  );
  const unknown = subject.active.map(({ values: { length } }) => new Float64Array(length).fill(NaN));
  const pass: Pass = {
    subject,
    order,
    cotangents,
    scales: SCALES,
    outputs,
    finite: Int32Array.from(outputs.keys()).filter((k: number) => Number.isFinite(outputs[k])),
    noise: new Float64Array(outputs.length),
    allNoise: [],
    flatNoise: [],
    innerNoise: () => [],
    autodiff: cotangents.map(() => unknown),
    rounding: cotangents.map(() => unknown.map(({ length }) => new Float64Array(length))),
    unreached: new Set(),
    units: subject.active.map(unitsOf),
    factors: [random.uniform(0.6, 0.75), random.uniform(0.8, 0.95)],
    random,
    instability: () => ({ moved: unknown, notAdditive: unknown }),
    inhomogeneity: () => unknown,
  };
  pass.noise = noiseOf(pass);
  const largest = pass.finite.reduce((most, k) => Math.max(most, Math.abs(outputs[k])), 1);
  const together = (noiseAt: (k: number) => number): number[] =>
    cotangents.map((c) => Math.sqrt(c.reduce((sum, weight, k) => sum + (weight * noiseAt(k)) ** 2, 0)));
  pass.allNoise = together((k) => pass.noise[k]);
  pass.flatNoise = together(() => epsilonOf(subject) * largest);
  let inner: readonly number[] | undefined;
  pass.innerNoise = () => {
    if (inner) return inner;
    const within = Math.max(largest, subject.largestWithin());
    return (inner = together(() => epsilonOf(subject) * within));
  };
  return pass;
}

function cotangentsFor(outputs: Float64Array, first: Float64Array, random: Random): Float64Array[] {
  const [, small, large] = SCALES;
  const sizes = [small, large].map((scale) => random.weights(outputs.length, scale).map(Math.abs));
  return [
    first,
    first.map((c, k) => (Math.sign(c) || 1) * sizes[0][k]),
    first.map((c, k) => -(Math.sign(c) || 1) * sizes[1][k]),
  ];
}

/** Fails where the function has changed since the pass was opened, or does so within so many calls. */
export function closePass({ subject, outputs }: Pass, calls = 1): void {
  subject.work(() => {
    for (let call = 0; call < calls; call++) {
      requireSame(
        outputs,
        concat(subject.evaluateGuarded()),
        'The function is not deterministic: called again with the same inputs it',
        slackOf(subject),
      );
    }
  });
}

/** Points at which the noise is measured, and the coefficients of the parabola through them. */
const NOISE_POINTS = 8;
const PARABOLA = 3;
/** Their distance, relative to the entries, as a power of the precision: 2^-33 in doubles, 2^-15 in float32. */
const NOISE_STEP = 5 / 8;
export const noiseDistance = (subject: Subject): number => epsilonOf(subject) ** NOISE_STEP;
/** Where an output has few values at these points they are taken so many times farther apart. */
const FARTHER = 2 ** 10;

/**
 * The rounding of f's outputs: what is left of them beside the parabola that fits best, at points so close together that a smooth
 * function is a parabola there; at least half a unit in the last place. The points are not so close that a quantity 2^20 times as
 * large as the entry, which is rounded within f, is the same at all of them, and their distances are not equal: rounding errors at
 * equidistant points may lie on a line themselves. Entries that are 0 rest, unless all are.
 * Source: Moré and Wild, "Estimating computational noise", 2011, for the idea.
 */
function noiseOf(pass: Pass): Float64Array {
  const { subject, units, random } = pass;
  const still = subject.active.every(({ values }) => values.every((value) => value === 0));
  return noiseBy(pass, (distance) =>
    subject.active.map(({ values }, i) => {
      const weights = random.weights(values.length, distance);
      return values.map((value, j) => weights[j] * (still ? units[i][j] : value));
    }),
  );
}

/**
 * The rounding of f's outputs where one entry alone moves, by parts of `unit`. Each side is looked at by itself, so that a kink at the point is
 * not in it; and what shrinks with the distance, as at the root's end, is structure of f.
 */
export function noiseAlong(pass: Pass, input: number, j: number, unit: number): Float64Array {
  const residuals = (size: number): Residual[] =>
    residualsOf(
      pass,
      pass.subject.active.map(({ values }, i) => {
        const steps = values.map(() => 0);
        if (i === input) steps[j] = size;
        return steps;
      }),
    );
  const distance = unit * noiseDistance(pass.subject);
  const [ahead, behind] = [distance, -distance].map((size) => {
    const [far, near] = [residuals(size), residuals(size / FARTHER)];
    return far.map(({ noise }, k) => (near[k].isCoarse || near[k].noise >= noise / 4 ? noise : 0));
  });
  return pass.noise.map((noise, k) => Math.max(noise, ahead[k], behind[k]));
}

/** The rounding of f's outputs at points that lie so many steps away; the steps are made for a relative distance. */
function noiseBy(pass: Pass, stepsFor: (distance: number) => Numbers[]): Float64Array {
  const distance = noiseDistance(pass.subject);
  const near = residualsOf(pass, stepsFor(distance));
  if (near.every(({ isCoarse }) => !isCoarse)) return Float64Array.from(near, ({ noise }) => noise);
  const far = residualsOf(pass, stepsFor(distance * FARTHER));
  return Float64Array.from(near, ({ noise, isCoarse }, k) =>
    isCoarse ? Math.max(noise, far[k].noise) : noise,
  );
}

interface Residual {
  noise: number;
  /** The output has so few values at the points that its rounding may be coarser than their distance; or it rests. */
  isCoarse: boolean;
}

/** By output, what is left beside the best parabola at points that lie so many steps away. */
function residualsOf({ subject, outputs, random }: Pass, steps: readonly Numbers[]): Residual[] {
  const epsilon = epsilonOf(subject);
  const places: { t: number; there: Float64Array }[] = [];
  for (let point = 1; point <= NOISE_POINTS; point++) {
    const t = point + random.uniform(-0.4, 0.4);
    const there = subject.evaluateMoved(subject.active.map(({ values }, i) => along(values, steps[i], t)));
    if (there) places.push({ t, there: concat(there) });
  }
  const basis = parabolas(places.map(({ t }) => t));
  return Array.from(outputs, (output, k) => {
    if (!Number.isFinite(output)) return { noise: 0, isCoarse: false };
    const least = epsilon * Math.abs(output);
    const changes = places.map(({ there }) => there[k] - output);
    if (places.length <= PARABOLA || !changes.every(Number.isFinite))
      return { noise: least, isCoarse: false };
    const isCoarse = new Set(changes).size <= places.length / 2;
    for (const vector of basis) {
      const part = vector.reduce((sum, value, i) => sum + value * changes[i], 0);
      vector.forEach((value, i) => (changes[i] -= part * value));
    }
    const squares = changes.reduce((sum, value) => sum + value ** 2, 0);
    return { noise: Math.max(least, Math.sqrt(squares / (places.length - PARABOLA))), isCoarse };
  });
}

/** An orthonormal basis of the parabolas at these places (Gram and Schmidt). */
function parabolas(t: readonly number[]): number[][] {
  const basis: number[][] = [];
  for (let power = 0; power < PARABOLA; power++) {
    const vector = t.map((at) => (at / NOISE_POINTS - 0.5) ** power);
    for (const other of basis) {
      const part = other.reduce((sum, value, i) => sum + value * vector[i], 0);
      other.forEach((value, i) => (vector[i] -= part * value));
    }
    const length = Math.hypot(...vector);
    basis.push(vector.map((value) => value / length));
  }
  return basis;
}

/**
 * By active input, the farthest that the gradient moves when every entry of the inputs moves by `relative` of itself: by exactly
 * that, as the last bit has to, or by something like it.
 */
function movement(
  { subject, random }: Pass,
  gradient: readonly Float64Array[],
  gradientAt: (values: readonly Numbers[]) => Float64Array[] | undefined,
  relative: number,
  rounds: number,
  isExact: boolean,
): Float64Array[] {
  const farthest = gradient.map(({ length }) => new Float64Array(length));
  for (let round = 0; round < rounds; round++) {
    const moved = subject.active.map(({ values }) => {
      const weights = random.weights(values.length);
      const there = values.slice();
      for (let i = 0; i < there.length; i++) {
        there[i] *= 1 + (isExact ? Math.sign(weights[i]) : weights[i]) * relative;
      }
      return there;
    });
    gradientAt(moved)?.forEach((there, i) => {
      const [here, far] = [gradient[i], farthest[i]];
      for (let j = 0; j < far.length; j++) {
        const distance = Math.abs(there[j] - here[j]);
        if (distance > far[j]) far[j] = distance;
      }
    });
  }
  return farthest;
}

export function concat(parts: readonly Float64Array[]): Float64Array {
  if (parts.length === 1) return parts[0];
  const whole = new Float64Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The numbers of each output, as views of a whole that has them one after the other. */
export function split(whole: Float64Array, shapes: readonly number[][]): Float64Array[] {
  let at = 0;
  return shapes.map((shape) => whole.subarray(at, (at += sizeOf(shape))));
}

/** The size by which an entry is moved: its own, or twice the root mean square of all where it is smaller. */
export function unitsOf({ values }: ActiveInput): Float64Array {
  let squares = 0;
  const largest = largestIn(values);
  for (let j = 0; j < values.length; j++) squares += (values[j] / (largest || 1)) ** 2;
  const typical = 2 * largest * Math.sqrt(squares / values.length);
  const units = new Float64Array(values.length);
  for (let j = 0; j < units.length; j++) units[j] = Math.max(Math.abs(values[j]), typical) || 1;
  return units;
}

/** Numbers moved by `t` times others. */
function along(values: Numbers, by: Numbers, t: number): Numbers {
  const moved = values.slice();
  for (let j = 0; j < moved.length; j++) moved[j] += t * by[j];
  return moved;
}

/** The places of those entries of an input whose gradient is not finite, for one of the cotangents at least. */
export function nonFinitePlaces({ autodiff }: Pass, input: number): number[] {
  const places = new Set<number>();
  for (const gradients of autodiff) {
    const gradient = gradients[input];
    for (let j = 0; j < gradient.length; j++) {
      if (!Number.isFinite(gradient[j])) places.add(j);
    }
  }
  return [...places].sort((a, b) => a - b);
}

const pointOf = (pass: Pass): Parameters<typeof lineThrough>[0] => ({
  ...pass,
  epsilon: epsilonOf(pass.subject),
});

/** f along one coordinate of an active input; its steps are the distance. */
export function coordinateLine(pass: Pass, input: number, j: number): Line {
  const { subject } = pass;
  const { values } = subject.active[input];
  return lineThrough(pointOf(pass), (step) => {
    const moved = values.slice();
    moved[j] = values[j] + step;
    return { t: moved[j] - values[j], there: outputsAt(subject, (i, own) => (i === input ? moved : own)) };
  });
}

/** A direction through active inputs; null for an input that rests. */
export type Direction = readonly (Float64Array | null)[];

/** f along a direction; its steps are multiples of the direction. Entries whose direction is 0 rest. */
export function directionLine(pass: Pass, direction: Direction): Line {
  const { subject } = pass;
  return lineThrough(pointOf(pass), (t) => ({
    t,
    there: outputsAt(subject, (i, own) => {
      const by = direction[i];
      if (by === null) return own;
      return along(own, by, t);
    }),
  }));
}

/** f's outputs, one after the other, where each active input is what `move` makes of it; undefined where f refuses that. */
export function outputsAt(
  subject: Subject,
  move: (input: number, values: Numbers) => Numbers,
): Float64Array | undefined {
  const there = subject.evaluateMoved(subject.active.map(({ values }, i) => move(i, values)));
  return there && concat(there);
}
