/** `check --anomaly`: the op and the line at which a case's value or gradient is first not finite. */
import * as tf from '@tensorflow/tfjs';
import { inputList, type CheckedInputs } from '../../gradcheck/engine/index.js';
import { AnomalyError, detectAnomaly } from '../../derivatives/detect-anomaly.js';
import { made, type Anomaly, type CheckCase } from './cases.js';

/** A case's function, its inputs, and the variables that it captures. */
async function partsOf(one: CheckCase): Promise<{
  f: (...x: unknown[]) => unknown;
  inputs: CheckedInputs;
  variables: tf.Variable[];
}> {
  if ('model' in one) {
    const { lossOf } = await import('../../gradcheck/model.js');
    const [model, x, y] = [await made(one.model), await made(one.x), await made(one.y)];
    const { f, inputs, variables = [] } = lossOf(model, x, y, one.loss, one.options);
    return { f: f as (...x: unknown[]) => unknown, inputs, variables: Object.values(variables) };
  }
  if ('kernel' in one) {
    const { kernelFunction } = await import('../../gradcheck/kernel.js');
    const inputs = await made(one.inputs);
    return { f: kernelFunction(one.kernel, inputs, one.attrs), inputs, variables: [] };
  }
  const variables = Object.values(one.options?.variables ?? {});
  return { f: one.f as (...x: unknown[]) => unknown, inputs: await made(one.inputs), variables };
}

/** A case's function with its inputs as tensors; those made here are to be disposed of. */
async function functionOf(one: CheckCase): Promise<{ f: () => unknown; xs: tf.Tensor[]; own: tf.Tensor[] }> {
  const { f, inputs, variables } = await partsOf(one);
  const { list, keys } = inputList(inputs);
  const own: tf.Tensor[] = [];
  const given = list.map((input) => {
    if (input instanceof tf.Tensor) return input;
    const tensor = tf.tensor(input);
    own.push(tensor);
    return tensor;
  });
  const named = keys && Object.fromEntries(keys.map((key, i) => [key, given[i]]));
  return { f: () => (named ? f(named) : f(...given)), xs: [...given, ...variables], own };
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
