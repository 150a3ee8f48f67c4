/** The inputs as they are read. Oracle: the numbers given; the messages' own words. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../../src/backends/select.js';
import { InputError } from '../../../src/errors.js';
import {
  coordinateOf,
  readInputs,
  tidied,
  type CheckedInputs,
  type Input,
} from '../../../src/gradcheck/engine/inputs.js';
import type { GradcheckOptions } from '../../../src/gradcheck/report/report.js';
import { tensorCount } from '../../support/backends.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

const read = (inputs: unknown, options: GradcheckOptions = {}): { read: Input[]; keys?: string[] } => {
  const before = tensorCount();
  const result = readInputs(inputs as CheckedInputs, options);
  expect(tensorCount()).toBe(before);
  return result;
};
const tenth = Math.fround(0.1);

describe('what is read', () => {
  test.each<[string, () => unknown, Float64Array[], number[][]]>([
    [
      'a list of arrays',
      () => [[0.1, 2], [[3]]],
      [Float64Array.of(0.1, 2), Float64Array.of(3)],
      [[2], [1, 1]],
    ],
    ['a number', () => 0.1, [Float64Array.of(0.1)], [[]]],
    ['a typed array', () => Float32Array.of(0.1, 2), [Float64Array.of(tenth, 2)], [[2]]],
    ['numbers in a list', () => [0.1, 2], [Float64Array.of(0.1), Float64Array.of(2)], [[], []]],
    ['an object', () => ({ a: [0.1], b: 2 }), [Float64Array.of(0.1), Float64Array.of(2)], [[1], []]],
  ])('%s: doubles, as they are', (_name, inputs, values, shapes) => {
    const { read: list } = read(inputs());
    expect(list.map((input) => input.values)).toEqual(values);
    expect(list.map(({ shape }) => shape)).toEqual(shapes);
    expect(list.map(({ index }) => index)).toEqual(list.map((_, i) => i));
    expect(list.every(({ active, dtype }) => active && dtype === 'float32')).toBe(true);
  });

  test('a tensor, alone or in a list: the numbers that it has', () => {
    const x = tf.tensor2d([[0.1], [2]]);
    for (const inputs of [x, [x]]) {
      const [input] = read(inputs).read;
      expect(input).toEqual({
        index: 0,
        name: 'input 0',
        shape: [2, 1],
        dtype: 'float32',
        active: true,
        values: Float64Array.of(tenth, 2),
      });
      expect(input.shape).not.toBe(x.shape);
    }
    expect(x.isDisposed).toBe(false);
    x.dispose();
  });

  test('in native precision: float32 numbers', () => {
    expect(read([[0.1, 2]], { precision: 'native' }).read[0].values).toEqual(Float32Array.of(0.1, 2));
  });

  test('by name: the keys in their order; in order: none', () => {
    expect(read({ b: 1, a: 2 })).toMatchObject({
      keys: ['b', 'a'],
      read: [
        { name: 'b', index: 0 },
        { name: 'a', index: 1 },
      ],
    });
    expect(read([1]).keys).toBeUndefined();
    expect(read({ b: 1, a: 2 }, { names: ['x', 'y'] }).read.map(({ name }) => name)).toEqual(['x', 'y']);
  });

  test('what is constant, by index or by name, and what has another dtype, is not differentiated', () => {
    const active = (inputs: unknown, options?: GradcheckOptions): boolean[] =>
      read(inputs, options).read.map((input) => input.active);
    expect(active([1, 2, 3], { constant: [1] })).toEqual([true, false, true]);
    expect(active({ a: 1, b: 2 }, { constant: ['a'] })).toEqual([false, true]);
    expect(active([1, 2], { names: ['x', 'y'], constant: ['y'] })).toEqual([true, false]);
    const n = tf.tensor1d([1, 2], 'int32');
    const { read: list } = read([[0.5], n]);
    expect(list[1]).toEqual({
      index: 1,
      name: 'input 1',
      shape: [2],
      dtype: 'int32',
      active: false,
      values: Int32Array.of(1, 2),
    });
    expect(list[1].values).not.toBe(n.dataSync());
    n.dispose();
  });

  test('a constant may be empty or not finite', () => {
    const { read: list } = read([[1], [NaN, Infinity], []], { constant: [1, 2] });
    expect(list.map(({ active }) => active)).toEqual([true, false, false]);
  });
});

describe('refused', () => {
  test.each<[string, () => unknown, GradcheckOptions, string]>([
    [
      'nothing',
      () => [],
      {},
      'there is nothing to differentiate: no inputs were given. Give at least one float32 input, or the tf.Variables that f captures in the option variables.',
    ],
    [
      'nothing but constants',
      () => [1, 2],
      { constant: [0, 1] },
      'there is nothing to differentiate: every input is constant or not of dtype float32. Give at least one float32 input.',
    ],
    [
      'too few names',
      () => [1, 2],
      { names: ['a'] },
      'names must have one name for each of the 2 inputs, got 1: ["a"].',
    ],
    [
      'a constant that is no input, by index',
      () => [1, 2],
      { constant: [0, 2] },
      'constant names no input: 2. There are 0 (input 0), 1 (input 1).',
    ],
    [
      'a constant that is no input, by name',
      () => ({ a: 1 }),
      { constant: ['input 0'] },
      'constant names no input: "input 0". There are 0 (a).',
    ],
    [
      'null',
      () => null,
      {},
      'inputs must be a list of tensors (or arrays of numbers), one tensor, or an object of named ones, got null.',
    ],
    [
      'a text',
      () => 'x',
      {},
      'inputs must be a list of tensors (or arrays of numbers), one tensor, or an object of named ones, got string.',
    ],
    [
      'a complex tensor',
      () => [tf.complex([1], [2])],
      {},
      'input 0 is complex. Give its real and its imaginary part as two inputs and put them together with tf.complex in f.',
    ],
    [
      'an empty input',
      () => [[1], tf.zeros([0, 2])],
      {},
      'input 1 is empty (shape [0,2]): there is nothing to differentiate. Give it entries, or name it in the option constant.',
    ],
    [
      'NaN at the first place',
      () => [[NaN, 1]],
      {},
      'input 0 must be finite, got NaN at [0]. Check at a point where f is defined.',
    ],
    [
      'an infinite number within',
      () => ({
        x: [
          [1, 2],
          [3, -Infinity],
        ],
      }),
      {},
      'x must be finite, got -Infinity at [1,1]. Check at a point where f is defined.',
    ],
    ['a text among numbers', () => [['a']], {}, 'input 0 must be a tensor'],
  ])('%s', (_name, inputs, options, message) => {
    tf.tidy(() => {
      const given = inputs();
      expect(() => readInputs(given as CheckedInputs, options)).toThrow(InputError);
      const whole = message.endsWith('.') ? new InputError(`gradcheck: ${message}`) : `gradcheck: ${message}`;
      expect(() => readInputs(given as CheckedInputs, options)).toThrow(whole);
    });
  });
});

test('an entry’s coordinate', () => {
  expect([0, 1, 4, 5, 23].map((flat) => coordinateOf(flat, [2, 3, 4]))).toEqual([
    [0, 0, 0],
    [0, 0, 1],
    [0, 1, 0],
    [0, 1, 1],
    [1, 2, 3],
  ]);
  expect(coordinateOf(0, [])).toEqual([]);
  expect(coordinateOf(3, [5])).toEqual([3]);
});

test('tidied work returns what it gives, and leaves no tensors', () => {
  const before = tensorCount();
  expect(tidied(() => tf.scalar(2).dataSync()[0])).toBe(2);
  expect(tensorCount()).toBe(before);
});
