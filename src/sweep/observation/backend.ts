/** Runs a case on the backend that is in use, in Node or in the browser. */
import * as tf from '@tensorflow/tfjs';
import { forgetTape } from '../../gradcheck/engine/index.js';
import type { SweepCase } from '../cases/case.js';
import { run } from '../cases/expression.js';
import { gradientTensors, makeTensors, messageOf } from './computation.js';
import type { Gradients, Outcome, Phase, StageObservation, SweepBackend } from './observation.js';

/** Both passes on the backend in use. Nothing is left behind but what TensorFlow.js leaks itself, which is counted. */
export async function observeBackend(
  one: SweepCase,
  stage: SweepBackend,
  begin: (phase: Phase) => void,
  guard: Guard = (f) => f(),
): Promise<StageObservation> {
  const count = (): number => tf.memory().numTensors;
  begin('forward');
  const before = count();
  const forward = await attempt(guard, async () => {
    const y = tf.tidy(() => run(one.expression, makeTensors(one)) as tf.Tensor);
    const values = { shape: [...y.shape], values: await read(y) };
    y.dispose();
    return values;
  });
  const leaks = { forward: count() - before, backward: 0 };
  if ('error' in forward) return { stage, forward, leaks };
  begin('backward');
  const again = count();
  const backward = await attempt(guard, async () => {
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

/** Runs a pass, and throws where the backend did something wrong that it does not throw itself. */
export type Guard = <T>(f: () => Promise<T>) => Promise<T>;

async function attempt<T>(guard: Guard, f: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: await guard(f) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** Reads a tensor also where it can only be read asynchronously (WebGPU). */
const read = async (tensor: tf.Tensor): Promise<number[]> =>
  Array.from((await tensor.data()) as ArrayLike<number>);
