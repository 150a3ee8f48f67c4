/** What f, or its gradient, did instead of giving a result, in words. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../errors.js';
import { DisposedTensorError, isCustom, kernelOf, nameOf, type TapeNode } from './tape.js';

/** What a gradient function did instead of giving a gradient. */
export class GradientFailure extends Error {
  /** The op at which it happened, where it is one of TensorFlow.js' own. */
  readonly op?: string;

  constructor(
    readonly verdict: 'wrong' | 'unsupported' | 'nondeterministic',
    message: string,
    { op, ...options }: ErrorOptions & { op?: string } = {},
  ) {
    super(message, options);
    this.op = op;
  }
}

/** f threw where it has to give a value. `cause` is its own error. */
export class FunctionError extends InputError {}

/**
 * - alone: f is called for its value, for the first time
 * - again: f is called for its value, and has given one before
 * - taped: f is called while TensorFlow.js records it, as under tf.grad
 */
export type Phase = 'alone' | 'again' | 'taped';

const messageOf = (error: unknown): string => (error as Error | undefined)?.message ?? String(error);

/** Errors that say already what they are about: those of a function within the function, as in the second order. */
const isInWords = (error: unknown): error is Error =>
  error instanceof GradientFailure || error instanceof FunctionError;

/** Whether a tensor was used that is not there any more. */
export const isDisposedError = (error: unknown): boolean =>
  error instanceof DisposedTensorError || messageOf(error) === 'Tensor is disposed.';

/** f's own error, told by when it came. `who` is f, or the surrogate. */
export function functionFailure(error: unknown, phase: Phase, who = 'f'): Error {
  if (isInWords(error)) return error;
  const missing = missingKernel(error);
  if (missing) return missing;
  if (phase === 'taped') {
    return new GradientFailure(
      'wrong',
      `${who} runs alone, but throws while TensorFlow.js records it, so that tf.grad throws too: ${messageOf(error)}`,
      { cause: error, op: kernelOf(error) },
    );
  }
  const again = phase === 'again';
  const what = isDisposedError(error)
    ? `${who} uses a tensor that was disposed${again ? ` since ${who} was called before: ${who} disposes of it, or made it in its first call, at whose end it was tidied away. Make it outside of ${who}, or in each call` : `. Make it anew, and keep it while ${who} is in use`}.`
    : `${who} threw${again ? ', after it had run before' : ''}: ${messageOf(error)}`;
  return new FunctionError(`gradcheck: ${what}`, { cause: error });
}

function missingKernel(error: unknown): GradientFailure | undefined {
  const [, kernel, backend] =
    /Kernel '(.+?)' not registered for backend '(.+?)'/.exec(messageOf(error)) ?? [];
  if (kernel === undefined) return undefined;
  const wayOut =
    backend === 'float64'
      ? " Check with precision: 'native' on a backend that has one, or register one for cpu."
      : '';
  return new GradientFailure('unsupported', `${kernel} has no kernel on the backend ${backend}.${wayOut}`, {
    cause: error,
  });
}

/** An error in a backward pass, in words. `node` is the op whose gradient was at work. */
export function gradientFailure(error: unknown, node: TapeNode | undefined): Error {
  if (isInWords(error)) return error;
  const custom = node !== undefined && isCustom(node);
  const op = node && !custom ? nameOf(node) : undefined;
  const told = (verdict: GradientFailure['verdict'], message: string): GradientFailure =>
    new GradientFailure(verdict, message, { cause: error, op });
  const message = messageOf(error);
  const missing = missingKernel(error);
  if (missing) return missing;
  const [, ungraded] = /gradient function not found for (.+?)\.?$/m.exec(message) ?? [];
  if (ungraded !== undefined) {
    return new GradientFailure(
      'unsupported',
      `${ungraded} has no gradient in TensorFlow.js. Where none is needed, as in a condition, compute that part inside of tf.customGrad with a gradient of zeros.`,
      { cause: error, op: ungraded },
    );
  }
  const shape =
    /gradient for op (.+?)\. The gradient of input '(.+?)' has shape '(.*?)', which does not match the shape of the input '(.*?)'/.exec(
      message,
    );
  if (shape) {
    const [, name, input, got, wanted] = shape;
    return told(
      'wrong',
      `The gradient has the wrong shape: ${op ?? opName(name)} gives [${got}] for its input ${input}, which has shape [${wanted}].${broadcastHint(got, wanted)}`,
    );
  }
  const dtype =
    /gradient for op (.+?)\. The gradient of input '?(.+?)'? must have 'float32' dtype, but has '(.+?)'/.exec(
      message,
    );
  if (dtype) {
    return told(
      'wrong',
      `The gradient has the wrong dtype: ${op ?? opName(dtype[1])} gives ${dtype[3]} for its input ${dtype[2]}, wanted float32.`,
    );
  }
  if (/same number of tensors as inputs/.test(message)) {
    return told(
      'wrong',
      'The gradient function of tf.customGrad gives another number of gradients than it has inputs: one for each is wanted.',
    );
  }
  if (/a list of only tensors/.test(message)) {
    return told(
      'wrong',
      'The gradient function of tf.customGrad gives something that is no tensor: it has to return a tensor, or a list of one for each input.',
    );
  }
  if (isDisposedError(error)) {
    const where = error instanceof DisposedTensorError ? ` (in ${error.kernel})` : '';
    return told(
      'wrong',
      custom || node === undefined
        ? `The gradient throws: the gradient function of tf.customGrad uses a tensor that was disposed${where}. What it needs of the forward pass, save with save([...]) and read from its second argument, \`saved\`.`
        : `The gradient throws: that of ${op} meets a tensor that was disposed${where}. f disposes of it before the backward pass: leave that to tf.tidy.`,
    );
  }
  return told('wrong', `The gradient${op ? ` of ${op}` : ''} throws: ${message}`);
}

const opName = (name: string): string => (tf.getGradient(name) ? name : 'a custom op (tf.customGrad)');

function broadcastHint(got: string, wanted: string): string {
  const [from, to] = [got, wanted].map((text) => (text === '' ? [] : text.split(',').map(Number)));
  const offset = from.length - to.length;
  if (offset < 0 || !to.every((size, axis) => size === from[axis + offset] || size === 1)) return '';
  const axes = from
    .map((_, axis) => axis)
    .filter((axis) => axis < offset || (to[axis - offset] === 1 && from[axis] !== 1));
  return axes.length === 0
    ? ''
    : ` The input was broadcast along axis ${axes.join(', ')}: sum the gradient over it.`;
}
