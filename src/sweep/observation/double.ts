/** Runs a case in double precision: both passes, differences of them, and the second order. */
import * as tf from '@tensorflow/tfjs';
import { observingKernels } from '../../float64/in-float64.js';
import { doubleKernels } from '../../float64/kernels/index.js';
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
} from '../../gradcheck/engine/index.js';
import { randomFrom } from '../../random.js';
import { hashOf, type SweepCase } from '../cases/case.js';
import { activeInputs, cotangentOf, weightsOf } from '../cases/cotangents.js';
import { run } from '../cases/expression.js';
import { gradientTensors, makeTensors, messageOf, originOf, toTyped } from './computation.js';
import { bracketsAt } from './kinks.js';
import { misplaced } from './plans.js';
import type { Difference, DoubleObservation, Gradients, Outcome, Phase, SecondOrder } from './observation.js';

/** Entries of an input whose second derivative is looked at. */
const SECOND_ENTRIES = 10;

/** Both passes in double precision, differences of them, and the second order. */
export function observeDouble(one: SweepCase, begin: (phase: Phase) => void): DoubleObservation {
  const kernels = { forward: new Set<string>(), backward: new Set<string>() };
  const discrete = new Set<string>();
  const real = new Set<string>();
  let misplacing: string | undefined;
  const observing = <T>(which: 'forward' | 'backward', f: () => T): T =>
    observingKernels((name, inputs, outputs, attrs) => {
      kernels[which].add(name);
      misplacing ??= misplaced(name, inputs, attrs);
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
    stock: [...new Set([...kernels.forward, ...kernels.backward])].filter((name) => !doubleKernels[name]),
    ...(misplacing !== undefined && { misplacing }),
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
  if (activeInputs(one).length === 0) return finish({ forward });
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
    const origin = originOf(error);
    return { error: messageOf(error), ...(origin && { origin }) };
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
    const second = gradientOf(subject, (n) => cotangentOf(one, n));
    const pass = openPass(second, 2, random, (n) => weightsOf(one, n, true));
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
        ...(isLostByOrder(second) && { lostByOrder: true }),
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

function isLostByOrder(second: Subject): boolean {
  try {
    return second.work(() => {
      second.evaluateGuarded();
      return second.recording().late.length > 0;
    });
  } catch {
    return false;
  }
}

/** How many numbers the case gives; 0 where it throws. */
export function outputsOf(one: SweepCase): number {
  const outcome = attemptSync(() =>
    observingKernels(
      () => {},
      () => (run(one.expression, makeTensors(one)) as tf.Tensor).size,
    ),
  );
  return 'ok' in outcome ? outcome.ok : 0;
}
