import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../src/errors.js';
import {
  constantOf,
  differentiable,
  differentiablePair,
  floatTensor,
  largestFinite,
  resolveAxis,
  saturate,
  shapeText,
  toTensor,
  type TensorInput,
} from '../../src/functions/arguments.js';
import { selectBackend } from '../../src/backends/select.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose, expectRejected, largestFloat32 } from '../support/close.js';

describe('toTensor and floatTensor', () => {
  test('tensors pass as they are; int32 and bool become float32 in floatTensor alone', () => {
    const x = tf.tensor1d([1, 2]);
    expect(toTensor('f', 'x', x)).toBe(x);
    expect(floatTensor('f', 'x', x)).toBe(x);
    expect(toTensor('f', 'x', tf.scalar(1, 'int32')).dtype).toBe('int32');
    expectClose(floatTensor('f', 'x', tf.tensor1d([3, -1], 'int32')), [3, -1]);
    expectClose(floatTensor('f', 'x', tf.tensor1d([true, false], 'bool')), [1, 0]);
  });

  test.each([
    [3, []],
    [[1, 2], [2]],
    [
      [[1], [2]],
      [2, 1],
    ],
    [[[[1, 2]]], [1, 1, 2]],
    [new Float32Array(3), [3]],
    [
      [new Float32Array(3), new Float32Array(3)],
      [2, 3],
    ],
    [new Int32Array(2), [2]],
    [[], [0]],
    [
      [[], []],
      [2, 0],
    ],
    [[true, false], [2]],
  ] as [TensorInput, number[]][])('%p has a shape', (x, shape) => {
    const tensor = floatTensor('f', 'x', x);
    expect([tensor.dtype, tensor.shape]).toEqual(['float32', shape]);
  });

  test.each([
    [[[1, 2], [3]], 'arrays of unlike lengths, or with something else in them'],
    [[[1, 2], 3], 'arrays of unlike lengths, or with something else in them'],
    [[1, [2]], 'arrays of unlike lengths, or with something else in them'],
    [[[1], [2, 3], []], 'arrays of unlike lengths, or with something else in them'],
    [[new Float32Array(2), new Float32Array(3)], 'arrays of unlike lengths, or with something else in them'],
    [[1, null], 'arrays of unlike lengths, or with something else in them'],
    [[1, '2'], 'arrays of unlike lengths, or with something else in them'],
    [[1, undefined], 'arrays of unlike lengths, or with something else in them'],
    [['1'], 'arrays of unlike lengths, or with something else in them'],
    ['word', 'word'],
    [null, 'null'],
    [undefined, 'undefined'],
    [new Float64Array(2), 'Float64Array'],
    [new Map(), 'Map'],
  ] as [unknown, string][])('%p is refused', (x, came) => {
    expectNoLeak(() => {
      expect(() => floatTensor('relu', 'x', x as TensorInput)).toThrow(
        new InputError(
          `relu: x must be a tensor, a number, or arrays of numbers of one shape (typed ones: Float32Array, Int32Array or Uint8Array), got ${came}.`,
        ),
      );
    });
  });

  test('tensors of other dtypes and disposed ones are refused', async () => {
    // wasm has no complex numbers to refuse.
    await selectBackend('cpu');
    expect(() => floatTensor('relu', 'x', tf.tensor1d(['a']))).toThrow(InputError);
    expect(() => floatTensor('relu', 'x', tf.complex(1, 2))).toThrow('got dtype complex64');
    const gone = tf.scalar(1);
    gone.dispose();
    expect(() => toTensor('relu', 'x', gone)).toThrow('x is a tensor that was disposed');
  });
});

test('shapeText and resolveAxis', () => {
  expect([shapeText([]), shapeText([2, 3])]).toEqual(['[]', '[2,3]']);
  expect([-3, -1, 0, 2].map((axis) => resolveAxis('f', axis, [4, 5, 6]))).toEqual([0, 2, 0, 2]);
  for (const axis of [-4, 3, 0.5, NaN, Infinity]) {
    expect(() => resolveAxis('f', axis, [4, 5, 6])).toThrow(
      new InputError(`f: axis must be an integer from -3 to 2 for shape [4,5,6], got ${axis}.`),
    );
  }
  expect(() => resolveAxis('f', 0, [])).toThrow('got a scalar. Reshape it to [1].');
});

describeOnEachBackend('saturate', () => {
  test('an overflow becomes the largest finite float, NaN stays, the rest is untouched', () => {
    expect(largestFinite()).toBe(largestFloat32);
    const x = [Infinity, -Infinity, NaN, 3e38, -1, 0, largestFloat32].map(Math.fround);
    const expected = [largestFloat32, -largestFloat32, ...x.slice(2)];
    expectClose(saturate(tf.tensor1d(x)), expected);
    expectRejected(tf.tensor1d(x), expected);
    expectClose(saturate(tf.scalar(NaN)), [NaN]);
  });
});

describeOnEachBackend('ops with a gradient of their own', () => {
  // x³ with the derivative 3x², and x²·y with 2xy and x²: closed forms for the derivatives of these too.
  const cube = (x: tf.Tensor): tf.Tensor =>
    differentiable(
      x,
      (x) => tf.pow(x, 3),
      (dy, x) => tf.mul(dy, tf.mul(3, tf.square(x))),
    );
  const product = (x: tf.Tensor, y: tf.Tensor): tf.Tensor =>
    differentiablePair(
      x,
      y,
      (x, y) => tf.mul(tf.square(x), y),
      (dy, x, y) => [tf.mul(dy, tf.mul(2, tf.mul(x, y))), tf.mul(dy, tf.square(x))],
    );

  test('differentiable: value, gradient with a cotangent, second and third derivative', () => {
    const x = tf.tensor1d([1, -2, 3]);
    expectClose(cube(x), [1, -8, 27], { ulps: 2 });
    expectClose(tf.grad(cube)(x, tf.tensor1d([1, 2, -1])), [3, 24, -27]);
    expectClose(tf.grad(tf.grad(cube))(x), [6, -12, 18]);
    expectClose(tf.grad(tf.grad(tf.grad(cube)))(x), [6, 6, 6]);
    expectRejected(tf.grad(tf.grad(cube))(x), [6, 12, 18]);
  });

  test('differentiablePair: both gradients, and the mixed second derivative', () => {
    const [x, y] = [tf.tensor1d([2, -3]), tf.tensor1d([5, 7])];
    expectClose(product(x, y), [20, 63]);
    const [ofX, ofY] = tf.grads(product)([x, y], tf.tensor1d([1, -2]));
    expectClose(ofX, [20, 84]);
    expectClose(ofY, [4, -18]);
    expectClose(tf.grad((y: tf.Tensor) => tf.grad((x: tf.Tensor) => product(x, y))(x))(y), [4, -6]);
  });

  test('constantOf lets a comparison stand in a function that is differentiated', () => {
    const x = tf.tensor1d([-1, 0, 2]);
    const isZero = (x: tf.Tensor): tf.Tensor => tf.equal(x, 0);
    const choice = (condition: (x: tf.Tensor) => tf.Tensor) => (x: tf.Tensor) =>
      tf.where(condition(x), tf.onesLike(x), tf.square(x));
    expect(() => tf.grad(choice(isZero))(x)).toThrow();
    expectClose(choice((x) => constantOf(x, isZero))(x), [1, 1, 4]);
    expectClose(tf.grad(choice((x) => constantOf(x, isZero)))(x), [-2, 0, 4]);
  });

  test('nothing is left behind', () => {
    const x = tf.tensor1d([1, 2]);
    expectNoLeak(() => cube(x));
    expectNoLeak(() => tf.grad(cube)(x));
    expectNoLeak(() => tf.grad(tf.grad(cube))(x));
    expectNoLeak(() => tf.grads(product)([x, x]));
    x.dispose();
  });
});
