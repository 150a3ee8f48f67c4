/** TensorFlow.js' errors as it words them; what is said of them. */
import { describe, expect, test } from '@jest/globals';
import type { Tensor } from '@tensorflow/tfjs';
import {
  FunctionError,
  functionFailure,
  GradientFailure,
  gradientFailure,
} from '../../../src/gradcheck/engine/failures.js';
import { DisposedTensorError, type TapeNode } from '../../../src/gradcheck/engine/tape.js';

const failed = (error: Error): string =>
  error instanceof GradientFailure ? `${error.verdict}: ${error.message}` : error.message;

describe('f throws', () => {
  const boo = new Error('boo');

  test('alone, again, and while it is recorded: each in its words, with its own error kept', () => {
    const alone = functionFailure(boo, 'alone');
    expect(alone).toBeInstanceOf(FunctionError);
    expect(alone).toMatchObject({ message: 'gradcheck: f threw: boo', cause: boo });
    expect(failed(functionFailure(boo, 'again'))).toBe('gradcheck: f threw, after it had run before: boo');
    const taped = functionFailure(boo, 'taped');
    expect(failed(taped)).toBe(
      'wrong: f runs alone, but throws while TensorFlow.js records it, so that tf.grad throws too: boo',
    );
    expect(taped.cause).toBe(boo);
    expect(failed(functionFailure('text', 'alone'))).toBe('gradcheck: f threw: text');
  });

  test('because a tensor was disposed', () => {
    const disposed = new Error('Tensor is disposed.');
    expect(failed(functionFailure(disposed, 'alone'))).toBe(
      'gradcheck: f uses a tensor that was disposed. Make it anew, and keep it while f is in use.',
    );
    expect(failed(functionFailure(disposed, 'again'))).toMatch(
      /^gradcheck: f uses a tensor that was disposed since f was called before: f disposes of it, or made it in its first call/,
    );
  });

  test('because a kernel is missing: with a way out where the check is in doubles', () => {
    const missing = (backend: string): Error =>
      new Error(`Kernel 'Digamma' not registered for backend '${backend}'`);
    expect(failed(functionFailure(missing('wasm'), 'alone'))).toBe(
      'unsupported: Digamma has no kernel on the backend wasm.',
    );
    expect(failed(functionFailure(missing('float64'), 'alone'))).toBe(
      "unsupported: Digamma has no kernel on the backend float64. Check with precision: 'native' on a backend that has one, or register one for cpu.",
    );
    expect(failed(gradientFailure(missing('wasm'), undefined))).toMatch(
      /^unsupported: Digamma has no kernel/,
    );
  });

  test('in words already', () => {
    const inner = new GradientFailure('unsupported', 'so it is');
    expect(functionFailure(inner, 'taped')).toBe(inner);
    expect(gradientFailure(inner, undefined)).toBe(inner);
    const own = new FunctionError('gradcheck: f threw: boo');
    expect(functionFailure(own, 'alone')).toBe(own);
  });
});

describe('the whole message', () => {
  const node = (kernelName: string, ...names: string[]): TapeNode => ({
    kernelName,
    inputs: Object.fromEntries(names.map((name) => [name, undefined as unknown as Tensor])),
    outputs: [],
  });
  const sin = node('Sin', 'x');
  const custom = node('mine', '0');
  const said = (message: string, at?: TapeNode): string => failed(gradientFailure(new Error(message), at));
  const broken = (part: string): string =>
    `Error in gradient for op Custom. The gradient of input 'first' ${part}`;
  const shaped = broken("has shape '3,2', which does not match the shape of the input '2,3'");
  const typed = broken("must have 'float32' dtype, but has 'int32'");
  const gone = new DisposedTensorError('Multiply');
  const customGone = (where: string): string =>
    `wrong: The gradient throws: the gradient function of tf.customGrad uses a tensor that was disposed${where}. What it needs of the forward pass, save with save([...]) and read from its second argument, \`saved\`.`;

  test.each<[string, () => string, string]>([
    [
      'f, disposed before',
      () => failed(functionFailure(gone, 'again')),
      'gradcheck: f uses a tensor that was disposed since f was called before: f disposes of it, or made it in its first call, at whose end it was tidied away. Make it outside of f, or in each call.',
    ],
    [
      'no gradient',
      () => said('Cannot compute gradient: gradient function not found for Greater.'),
      'unsupported: Greater has no gradient in TensorFlow.js. Where none is needed, as in a condition, compute that part inside of tf.customGrad with a gradient of zeros.',
    ],
    [
      'no gradient, without a full stop',
      () => said('gradient function not found for Some.Op\nmore'),
      'unsupported: Some.Op has no gradient in TensorFlow.js. Where none is needed, as in a condition, compute that part inside of tf.customGrad with a gradient of zeros.',
    ],
    [
      'another shape, of a custom op',
      () => said(shaped),
      'wrong: The gradient has the wrong shape: a custom op (tf.customGrad) gives [3,2] for its input first, which has shape [2,3].',
    ],
    [
      'another shape, of an op that is known',
      () => said(shaped, sin),
      'wrong: The gradient has the wrong shape: Sin gives [3,2] for its input first, which has shape [2,3].',
    ],
    [
      'another dtype, of a custom op',
      () => said(typed, custom),
      'wrong: The gradient has the wrong dtype: a custom op (tf.customGrad) gives int32 for its input first, wanted float32.',
    ],
    [
      'another dtype, of an op that is known',
      () => said(typed.replace("'first'", 'first'), sin),
      'wrong: The gradient has the wrong dtype: Sin gives int32 for its input first, wanted float32.',
    ],
    [
      'another dtype, of an op by its name',
      () => said(typed.replace('Custom', 'Sin')),
      'wrong: The gradient has the wrong dtype: Sin gives int32 for its input first, wanted float32.',
    ],
    [
      'another number of gradients',
      () => said('returns the same number of tensors as inputs passed', custom),
      'wrong: The gradient function of tf.customGrad gives another number of gradients than it has inputs: one for each is wanted.',
    ],
    [
      'no tensors',
      () => said('returns a list of only tensors', custom),
      'wrong: The gradient function of tf.customGrad gives something that is no tensor: it has to return a tensor, or a list of one for each input.',
    ],
    [
      'a disposed tensor, of a custom op',
      () => failed(gradientFailure(gone, custom)),
      customGone(' (in Multiply)'),
    ],
    ['a disposed tensor, of an op that is not known', () => said('Tensor is disposed.'), customGone('')],
    [
      'a disposed tensor, of an op',
      () => failed(gradientFailure(gone, sin)),
      'wrong: The gradient throws: that of Sin meets a tensor that was disposed (in Multiply). f disposes of it before the backward pass: leave that to tf.tidy.',
    ],
    ['anything else, of an op', () => said('boo', sin), 'wrong: The gradient of Sin throws: boo'],
    ['anything else, of a custom op', () => said('boo', custom), 'wrong: The gradient throws: boo'],
    [
      'a text instead of an error',
      () => failed(gradientFailure('boo', custom)),
      'wrong: The gradient throws: boo',
    ],
    [
      'nothing instead of an error',
      () => failed(gradientFailure(undefined, sin)),
      'wrong: The gradient of Sin throws: undefined',
    ],
  ])('%s', (_name, run, message) => {
    expect(run()).toBe(message);
  });

  test('has the op, where it is TensorFlow.js’ own, and the error that it is of', () => {
    const boo = new Error('boo');
    expect(gradientFailure(boo, sin)).toMatchObject({ op: 'Sin', cause: boo, verdict: 'wrong' });
    expect(gradientFailure(boo, custom)).not.toHaveProperty('op', expect.anything());
    expect(gradientFailure(boo, undefined)).not.toHaveProperty('op', expect.anything());
    const none = new Error('gradient function not found for Greater');
    expect(gradientFailure(none, custom)).toMatchObject({ op: 'Greater', cause: none });
    const missing = new Error("Kernel 'Digamma' not registered for backend 'wasm'");
    expect(functionFailure(missing, 'taped')).toMatchObject({ verdict: 'unsupported', cause: missing });
    expect(functionFailure(missing, 'taped')).not.toHaveProperty('op', expect.anything());
  });
});

describe('its gradient throws', () => {
  const said = (message: string): string => failed(gradientFailure(new Error(message), undefined));

  test.each<[string, string, RegExp]>([
    [
      'no gradient',
      'Cannot compute gradient: gradient function not found for Greater.',
      /^unsupported: Greater has no gradient in TensorFlow\.js\. Where none is needed/,
    ],
    [
      'the wrong dtype',
      "Error in gradient for op Foo. The gradient of input 'x' must have 'float32' dtype, but has 'int32'",
      /^wrong: The gradient has the wrong dtype: a custom op \(tf\.customGrad\) gives int32 for its input x, wanted float32\.$/,
    ],
    [
      'another number of gradients',
      'The function f passed in customGrad(f) must return an object where `obj.gradFunc` is a function that returns the same number of tensors as inputs passed to f(...).',
      /^wrong: The gradient function of tf\.customGrad gives another number of gradients/,
    ],
    [
      'no tensors',
      'obj.gradFunc is a function that returns a list of only tensors.',
      /^wrong: The gradient function of tf\.customGrad gives something that is no tensor/,
    ],
    ['a disposed tensor', 'Tensor is disposed.', /^wrong: .+uses a tensor that was disposed\. .+`saved`\.$/],
    ['anything else', 'boo', /^wrong: The gradient throws: boo$/],
  ])('%s', (_name, message, words) => {
    expect(said(message)).toMatch(words);
  });

  const shapes = (got: string, wanted: string): string =>
    said(
      `Error in gradient for op Sin. The gradient of input 'x' has shape '${got}', which does not match the shape of the input '${wanted}'`,
    );

  test('the wrong shape: which, of what, and what is wanted', () => {
    expect(shapes('3,2', '2,3')).toBe(
      'wrong: The gradient has the wrong shape: Sin gives [3,2] for its input x, which has shape [2,3].',
    );
  });

  test.each([
    ['4,2,3', '2,3', '0'],
    ['2,3', '', '0, 1'],
    ['5,2,3', '1,3', '0, 1'],
    ['2,3', '2,1', '1'],
    ['2,3', '1,1', '0, 1'],
  ])('[%s] for [%s] was broadcast along axis %s', (got, wanted, axes) => {
    expect(shapes(got, wanted)).toContain(
      ` The input was broadcast along axis ${axes}: sum the gradient over it.`,
    );
  });

  test.each([
    ['3,2', '2,3'],
    ['2,3', '4,2,3'],
    ['2,3', '2,4'],
    ['4,2,3', '1,2'],
  ])('[%s] for [%s] was not broadcast', (got, wanted) => {
    expect(shapes(got, wanted)).not.toContain('broadcast');
  });
});
