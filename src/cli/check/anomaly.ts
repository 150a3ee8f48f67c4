/** `check --anomaly`: the op and the line at which a case's value or gradient is first not finite. */
import * as tf from '@tensorflow/tfjs';
import { AnomalyError, detectAnomaly } from '../../derivatives/detect-anomaly.js';
import type { Anomaly, CheckCase } from './cases.js';

/** A case's function with its inputs as tensors; those made here are to be disposed of. */
async function functionOf(one: CheckCase): Promise<{ f: () => unknown; xs: tf.Tensor[]; own: tf.Tensor[] }> {
  const made = <T>(value: T | (() => T | Promise<T>)): T | Promise<T> =>
    typeof value === 'function' ? (value as () => T)() : value;
  let f: (...x: tf.Tensor[]) => unknown;
  let inputs: readonly unknown[];
  if ('model' in one) {
    const { lossOfWeights } = await import('../../gradcheck/model.js');
    ({ f, inputs } = lossOfWeights(
      await made(one.model),
      await made(one.x),
      await made(one.y),
      one.loss,
      one.options,
    ));
  } else {
    f = one.f as typeof f;
    inputs = (await made(one.inputs)) as readonly unknown[];
  }
  const own: tf.Tensor[] = [];
  const xs = inputs.map((input) => {
    if (input instanceof tf.Tensor) return input as tf.Tensor;
    const tensor = tf.tensor(input as tf.TensorLike);
    own.push(tensor);
    return tensor;
  });
  return { f: () => f(...xs), xs, own };
}

/** The sum of all outputs, in arrays and objects too. */
function total(outputs: unknown): tf.Tensor {
  const tensors: tf.Tensor[] = [];
  const visit = (value: unknown): void => {
    if (value instanceof tf.Tensor) tensors.push(tf.sum(tf.cast(value as tf.Tensor, 'float32')));
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  visit(outputs);
  return tensors.length > 0 ? tf.addN(tensors) : tf.scalar(0);
}

/**
 * Where the first number that is not finite arises in a case, on the backend in use; undefined where there is none. What else f throws is left to the
 * check of its gradient.
 */
export async function anomalyOf(one: CheckCase): Promise<Anomaly | undefined> {
  const { f, xs, own } = await functionOf(one);
  try {
    const real = xs.filter(({ dtype }) => dtype === 'float32');
    detectAnomaly(() =>
      tf.tidy(() => {
        if (real.length === 0) f();
        else tf.engine().gradients(() => total(f()), real, undefined, true);
      }),
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof AnomalyError)) return undefined;
    const { op, phase, line, message } = error;
    return { op, phase, ...(line !== undefined && { line }), message };
  } finally {
    tf.dispose(own);
  }
}
