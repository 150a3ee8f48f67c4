import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../../src/backends/select.js';
import { InputError } from '../../../src/errors.js';
import { numbersOf, outputList } from '../../../src/gradcheck/engine/outputs.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

describe('outputList', () => {
  test('a tensor, a list, an object: those of dtype float32', () => {
    tf.tidy(() => {
      const [x, y, n] = [tf.scalar(1), tf.tensor1d([]), tf.scalar(1, 'int32')];
      expect(outputList(x)).toEqual([x]);
      expect(outputList([x, n, y])).toEqual([x, y]);
      expect(outputList({ a: n, b: x })).toEqual([x]);
    });
  });

  const wanted = 'gradcheck: f must return a tensor, a list of tensors or an object of tensors';
  test.each<[string, () => unknown, string]>([
    ['nothing', () => undefined, `${wanted}, got undefined.`],
    ['null', () => null, `${wanted}, got null.`],
    ['a number', () => 3, `${wanted}, got 3.`],
    ['an array of numbers', () => new Float32Array(2), `${wanted}, got an object of number, number.`],
    ['an empty list', () => [], `${wanted}, got an empty list.`],
    ['a list with a number', () => [tf.scalar(1), 2], `${wanted}, got a list with something else in it.`],
    ['an empty object', () => ({}), `${wanted}, got an object of nothing.`],
    ['an object of others', () => ({ a: 1, b: 'x' }), `${wanted}, got an object of number, string.`],
    [
      'a promise',
      async () => tf.scalar(1),
      `${wanted}, got a promise. tf.grad is synchronous: f has to be as well.`,
    ],
    [
      'integers',
      () => [tf.scalar(1, 'int32'), tf.scalar(true, 'bool')],
      `${wanted} of dtype float32, got int32, bool: integers have no derivative.`,
    ],
    [
      'a complex number',
      () => tf.complex(1, 2),
      `${wanted} of dtype float32, got complex64: return tf.real and tf.imag of it.`,
    ],
    [
      'empty tensors',
      () => [tf.zeros([0]), tf.zeros([2, 0])],
      'gradcheck: f returned nothing but empty tensors: there is nothing to differentiate.',
    ],
    [
      'a tensor that is gone',
      () => {
        const x = tf.scalar(1);
        x.dispose();
        return [tf.scalar(2), x];
      },
      'gradcheck: f returned a tensor that was disposed. Return it from tf.tidy instead, and do not dispose of it.',
    ],
  ])('%s is refused', (_name, result, message) => {
    tf.tidy(() => {
      const given = result();
      expect(() => outputList(given)).toThrow(InputError);
      expect(() => outputList(given)).toThrow(new InputError(message));
    });
  });

  test('a promise that fails is looked after', async () => {
    expect(() => outputList(Promise.reject(new Error('late')))).toThrow(/got a promise/);
    await new Promise((resolve) => setTimeout(resolve));
  });
});

test('numbersOf: the numbers, as doubles; fewer than the shape has room for are a kernel’s fault', () => {
  tf.tidy(() => {
    const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    expect(numbersOf(x)).toEqual(Float64Array.of(1, 2, 3, 4));
    const short = Object.assign(tf.clone(x), { dataSync: () => new Float32Array(3) });
    expect(() => numbersOf(short)).toThrow(
      /^f's output has shape \[2,2\] and 3 numbers instead of 4: a kernel of the backend cpu computes it wrongly/,
    );
    expect(() => numbersOf(short)).toThrow(expect.objectContaining({ verdict: 'unsupported' }));
  });
});
