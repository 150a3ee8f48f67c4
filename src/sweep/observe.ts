/** Runs a case on one backend, or in double precision, and says what came. Runs in Node and in the browser. */
import * as tf from '@tensorflow/tfjs';
import { observingKernels } from '../float64/in-float64.js';
import {
  compareEntry,
  forgetTape,
  GradientFailure,
  gradientOf,
  openForward,
  openPass,
  Subject,
  tolerances,
  type Entry,
  type Memory,
  type Pass,
} from '../gradcheck/engine/index.js';
import { randomFrom } from '../random.js';
import { sizeOf } from '../shapes.js';
import { bracketsAt, type Bracket } from './kinks.js';
import { hashOf, type SweepCase } from './cases/case.js';
import { run } from './expression.js';
import type { SweepBackend } from './report.js';

/** double: the kernels of the double-precision backend, and numerical differences of them. */
export type Stage = 'double' | SweepBackend;

/** A part of a stage: told before it begins, so that one who waits knows where it hung. */
export type Phase = 'forward' | 'backward' | 'differences' | 'second order';

/** Flat numbers with their shape, or what was thrown. */
export type Outcome<T> = { ok: T } | { error: string };

export interface Values {
  shape: number[];
  values: number[];
}

/** By differentiated input; null where autodiff did not reach it. */
export type Gradients = Record<string, number[] | null>;

export interface StageObservation {
  stage: Stage;
  forward: Outcome<Values>;
  /** Not there where the forward pass threw. */
  backward?: Outcome<Gradients>;
  /** Tensors left behind by each pass. */
  leaks: { forward: number; backward: number };
}

export interface DoubleObservation extends StageObservation {
  stage: 'double';
  /** By differentiated input, the derivative of Σ dy·f by each entry, and what is to be said of it. */
  differences?: Record<string, Difference[]>;
  /** At kinks: what the gradient's component along some directions has to lie between. */
  brackets?: Bracket[];
  second?: SecondOrder;
  kernels: { forward: string[]; backward: string[] };
  /** Kernels whose outputs are never of a floating-point dtype: they have no derivative. */
  discrete: string[];
}

export interface Difference {
  numerical: number;
  errorBar: number;
  state: Entry['state'];
}

export interface SecondOrder {
  /** What the gradient's gradient threw, or did else than give numbers. */
  failure?: string;
  /** The first entry that is wrong. */
  wrong?: { input: string; entry: number; autodiff: number; numerical: number; errorBar: number };
  /** All entries of the input that has a wrong one. */
  autodiff?: number[];
  /** Autodiff did not reach that input: tf.grad throws where these are zeros. */
  unreached?: true;
}

/** A stage that never came to its end. */
export interface LostObservation {
  stage: Stage;
  lost: 'hangs' | 'crashes' | 'memory';
  phase: Phase;
  message: string;
}

export type Observation = StageObservation | DoubleObservation | LostObservation;

export const isLost = (observation: Observation): observation is LostObservation => 'lost' in observation;

/** Entries of an input whose second derivative is looked at. */
const SECOND_ENTRIES = 10;

/** The differentiated inputs' names. */
export const activeInputs = ({ inputs }: SweepCase): string[] =>
  Object.keys(inputs).filter((name) => inputs[name].dtype === 'float32' && !inputs[name].constant);

/** Random weights in 64ths, exact in float32; the case's own where it has some. */
function weightsOf(
  { id, cotangent, plainSecond, kink }: SweepCase,
  n: number,
  second: boolean,
): Float64Array {
  if (!second && cotangent) return Float64Array.from(cotangent);
  if (second && plainSecond) return new Float64Array(n).fill(1);
  return randomFrom(hashOf(id))
    .weights(n)
    .map((weight) => {
      const rounded = Math.round(weight * 64) / 64;
      // With signs, a choice at each of several kinks may be none of the sum's, however right each is.
      return kink ? Math.abs(rounded) : rounded;
    });
}

/** What multiplies the outputs, n of them. */
export const cotangentOf = (one: SweepCase, n: number): Float64Array => weightsOf(one, n, false);

/** What multiplies the gradients in the second order, by input, where all of them reach the outputs. */
export function secondCotangents(one: SweepCase): Record<string, number[]> {
  const names = activeInputs(one);
  const sizes = names.map((name) => sizeOf(one.inputs[name].shape));
  const weights = weightsOf(
    one,
    sizes.reduce((sum, size) => sum + size, 0),
    true,
  );
  let at = 0;
  return Object.fromEntries(
    names.map((name, i) => [name, Array.from(weights.subarray(at, (at += sizes[i])))]),
  );
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function makeTensors({ inputs }: SweepCase): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype, values }]) => [
      name,
      tf.tensor(toTyped(values, dtype), [...shape], dtype),
    ]),
  );
}

const toTyped = (values: readonly number[], dtype: string): tf.TypedArray =>
  dtype === 'float32'
    ? Float32Array.from(values)
    : dtype === 'int32'
      ? Int32Array.from(values)
      : Uint8Array.from(values);

/** Reads a tensor also where it can only be read asynchronously (WebGPU). */
const read = async (tensor: tf.Tensor): Promise<number[]> =>
  Array.from((await tensor.data()) as ArrayLike<number>);

/** Both passes on the backend in use. Nothing is left behind but what TensorFlow.js leaks itself, which is counted. */
export async function observeBackend(
  one: SweepCase,
  stage: SweepBackend,
  begin: (phase: Phase) => void,
): Promise<StageObservation> {
  const count = (): number => tf.memory().numTensors;
  begin('forward');
  const before = count();
  const forward = await attempt(async () => {
    const y = tf.tidy(() => run(one.expression, makeTensors(one)) as tf.Tensor);
    const values = { shape: [...y.shape], values: await read(y) };
    y.dispose();
    return values;
  });
  const leaks = { forward: count() - before, backward: 0 };
  if ('error' in forward) return { stage, forward, leaks };
  begin('backward');
  const again = count();
  const backward = await attempt(async () => {
    const grads = tidied(() => gradientTensors(one, forward.ok));
    const result: Gradients = {};
    for (const [name, gradient] of Object.entries(grads)) result[name] = gradient && (await read(gradient));
    tf.dispose(Object.values(grads).filter((gradient) => gradient !== null));
    return result;
  });
  leaks.backward = count() - again;
  if ('error' in backward) forgetTape();
  return { stage, forward, backward, leaks };
}

/** tf.tidy, whose types know no null. */
const tidied = <T>(f: () => T): T => tf.tidy(f as () => tf.TensorContainer) as T;

async function attempt<T>(f: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: await f() };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** The gradients of Σ dy·f as TensorFlow.js gives them, errors and all. */
function gradientTensors(one: SweepCase, { shape, values }: Values): Record<string, tf.Tensor | null> {
  const tensors = makeTensors(one);
  const names = activeInputs(one);
  const dy = tf.tensor(Float32Array.from(cotangentOf(one, values.length)), shape, 'float32');
  const { grads } = tf.engine().gradients(
    () => run(one.expression, tensors) as tf.Tensor,
    names.map((name) => tensors[name]),
    dy,
    true,
  );
  return Object.fromEntries(names.map((name, i) => [name, (grads[i] as tf.Tensor | undefined) ?? null]));
}

/** Both passes in double precision, differences of them, and the second order. */
export function observeDouble(one: SweepCase, begin: (phase: Phase) => void): DoubleObservation {
  const kernels = { forward: new Set<string>(), backward: new Set<string>() };
  const discrete = new Set<string>();
  const real = new Set<string>();
  const observing = <T>(which: 'forward' | 'backward', f: () => T): T =>
    observingKernels((name, _inputs, outputs) => {
      kernels[which].add(name);
      const isDiscrete = outputs.every(({ dtype }) => dtype !== 'float32' && dtype !== 'complex64');
      (isDiscrete ? discrete : real).add(name);
    }, f);
  const finish = (
    part: Partial<DoubleObservation> & Pick<DoubleObservation, 'forward'>,
  ): DoubleObservation => ({
    stage: 'double',
    leaks: { forward: 0, backward: 0 },
    ...part,
    kernels: { forward: [...kernels.forward], backward: [...kernels.backward] },
    discrete: [...discrete].filter((name) => !real.has(name)),
  });
  begin('forward');
  const forward = attemptSync(() =>
    observing('forward', () => {
      const y = run(one.expression, makeTensors(one)) as tf.Tensor;
      return { shape: [...y.shape], values: Array.from(y.dataSync()) };
    }),
  );
  if ('error' in forward) return finish({ forward });
  begin('backward');
  const backward = attemptSync(() =>
    observing('backward', () =>
      Object.fromEntries(
        Object.entries(gradientTensors(one, forward.ok)).map(([name, gradient]) => [
          name,
          gradient && Array.from(gradient.dataSync()),
        ]),
      ),
    ),
  );
  if ('error' in backward) forgetTape();
  begin('differences');
  const subject = subjectOf(one);
  const pass = firstPass(one, subject, backward);
  const names = activeInputs(one);
  if (one.kink) {
    const brackets = bracketsAt(pass);
    return finish({ forward, backward, brackets });
  }
  const differences = Object.fromEntries(
    names.map((name, input) => [name, compareInput(pass, input).map(toDifference)]),
  );
  const fine =
    'ok' in backward &&
    Object.values(differences)
      .flat()
      .every(({ state }) => state === 'right');
  if (one.order === 1 || !fine) return finish({ forward, backward, differences });
  begin('second order');
  return finish({ forward, backward, differences, second: secondOrder(one, subject) });
}

function attemptSync<T>(f: () => T): Outcome<T> {
  try {
    return { ok: f() };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

const toDifference = ({ slopes: [{ value, errorBar }], state }: Entry): Difference => ({
  numerical: value,
  errorBar,
  state,
});

function subjectOf(one: SweepCase): Subject {
  const names = Object.keys(one.inputs);
  const active = activeInputs(one);
  return new Subject(
    (tensors) => {
      const y = run(one.expression, Object.fromEntries(names.map((name, i) => [name, tensors[i]])));
      // An op that gives its input back would be refused, as tf.grad refuses it.
      return tensors.includes(y as tf.Tensor) ? tf.clone(y as tf.Tensor) : y;
    },
    names.map((name, index) => {
      const { shape, dtype, values } = one.inputs[name];
      const isActive = active.includes(name);
      return {
        index,
        name,
        shape: [...shape],
        dtype,
        active: isActive,
        values: isActive ? Float64Array.from(values) : toTyped(values, dtype),
      };
    }),
    'float64',
  );
}

/** The pass of the first order; where the gradient throws, one without it, for the sake of the differences. */
function firstPass(one: SweepCase, subject: Subject, backward: Outcome<Gradients>): Pass {
  const weights = (n: number): Float64Array => cotangentOf(one, n);
  try {
    if ('ok' in backward) return openPass(subject, 1, randomFrom(hashOf(one.id)), weights);
  } catch (error) {
    if (!(error instanceof GradientFailure)) throw error;
    forgetTape();
  }
  return subject.work(() => openForward(subject, 1, randomFrom(hashOf(one.id)), weights));
}

function compareInput(pass: Pass, input: number, indices?: readonly number[]): Entry[] {
  const memory: Memory = { shortFirst: false };
  return pass.subject.work(() =>
    Array.from(indices ?? pass.subject.active[input].values.keys(), (j) =>
      compareEntry(pass, input, j, tolerances.float64, memory),
    ),
  );
}

function secondOrder(one: SweepCase, subject: Subject): SecondOrder {
  const random = randomFrom(hashOf(one.id));
  try {
    const pass = openPass(
      gradientOf(subject, (n) => cotangentOf(one, n)),
      2,
      random,
      (n) => weightsOf(one, n, true),
    );
    for (const [input, { name, values }] of pass.subject.active.entries()) {
      const entries = compareInput(pass, input, random.sample(values.length, SECOND_ENTRIES));
      const wrong = entries.find(({ state }) => state === 'wrong' || state === 'nonFinite');
      if (!wrong) continue;
      // Of the first cotangent, as everything else that is said of the case; the second has other weights.
      const { numerical, errorBar } = toDifference(wrong);
      const autodiff = Array.from(pass.autodiff[0][input]);
      return {
        wrong: { input: name, entry: wrong.j, autodiff: autodiff[wrong.j], numerical, errorBar },
        autodiff,
        ...(pass.unreached.has(input) && { unreached: true }),
      };
    }
    return {};
  } catch (error) {
    forgetTape();
    // TensorFlow.js' own words, where there are any.
    return { failure: messageOf((error as Error).cause ?? error) };
  }
}

/** A stage of a case on the backend that is in use, or in double precision. */
export async function observe(
  one: SweepCase,
  stage: Stage,
  begin: (phase: Phase) => void = () => {},
): Promise<StageObservation | DoubleObservation> {
  return stage === 'double' ? observeDouble(one, begin) : observeBackend(one, stage, begin);
}
