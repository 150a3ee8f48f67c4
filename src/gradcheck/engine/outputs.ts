/** What f returns: the tensors of it that have a derivative, and their numbers. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../errors.js';
import { shapeText } from '../../functions/arguments.js';
import { GradientFailure } from './failures.js';

/** f's differentiable outputs. */
export function outputList(result: unknown, who = 'f'): tf.Tensor[] {
  const wanted = `gradcheck: ${who} must return a tensor, a list of tensors or an object of tensors`;
  if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function') {
    (result as PromiseLike<unknown>).then(undefined, () => {});
    throw new InputError(`${wanted}, got a promise. tf.grad is synchronous: ${who} has to be as well.`);
  }
  const list = itemsOf(result);
  if (list.length === 0 || !list.every((item) => item instanceof tf.Tensor)) {
    throw new InputError(`${wanted}, got ${kindOf(result)}.`);
  }
  const tensors = list as tf.Tensor[];
  if (tensors.some(({ isDisposed }) => isDisposed)) {
    throw new InputError(
      `gradcheck: ${who} returned a tensor that was disposed. Return it from tf.tidy instead, and do not dispose of it.`,
    );
  }
  const real = tensors.filter(({ dtype }) => dtype === 'float32');
  if (real.length === 0) {
    throw new InputError(
      `${wanted} of dtype float32, got ${tensors.map(({ dtype }) => dtype).join(', ')}: ${tensors[0].dtype === 'complex64' ? 'return tf.real and tf.imag of it' : 'integers have no derivative'}.`,
    );
  }
  if (real.every(({ size }) => size === 0)) {
    throw new InputError(
      `gradcheck: ${who} returned nothing but empty tensors: there is nothing to differentiate.`,
    );
  }
  return real;
}

function itemsOf(result: unknown): unknown[] {
  if (result instanceof tf.Tensor) return [result];
  if (Array.isArray(result)) return result;
  return typeof result === 'object' && result !== null && !ArrayBuffer.isView(result)
    ? Object.values(result)
    : [];
}

function kindOf(result: unknown): string {
  if (result === null || typeof result !== 'object') return String(result);
  if (Array.isArray(result))
    return result.length === 0 ? 'an empty list' : 'a list with something else in it';
  const kinds = Object.values(result).map((value) => typeof value);
  return `an object of ${kinds.join(', ') || 'nothing'}`;
}

/** An output's numbers. Some kernels make fewer than the shape has room for. */
export function numbersOf(output: tf.Tensor): Float64Array {
  const numbers = new Float64Array(output.dataSync());
  if (numbers.length !== output.size) {
    throw new GradientFailure(
      'unsupported',
      `f's output has shape ${shapeText(output.shape)} and ${numbers.length} numbers instead of ${output.size}: a kernel of the backend ${tf.getBackend()} computes it wrongly. Check on another backend, or write f in another way.`,
    );
  }
  return numbers;
}
