/** What attributes do. Oracle: functions of x and an attribute whose part in the value and in the gradient is known. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { Subject } from '../../../src/gradcheck/engine/index.js';
import { effectsOf, explainAttributes, othersOf } from '../../../src/gradcheck/kernel/attributes.js';
import { tensorCount } from '../../support/backends.js';
import { withGradient } from '../zoo/support.js';

type T = tf.Tensor;
type Attributes = Record<string, unknown>;

test.each<[unknown, unknown[]]>([
  [true, [false]],
  [false, [true]],
  [3, [4, 2, 5, -3]],
  [0, [1, -1, 2]],
  [-1, [0, -2, 1, 1]],
  [0.5, [1, 0.25, -0.5]],
  [-1.5, [-3, -0.75, 1.5]],
  [Infinity, []],
  [NaN, []],
  [
    [1, 2],
    [
      [2, 3],
      [0, 1],
    ],
  ],
  [[0.5], [[1.5], [-0.5]]],
  [[], []],
  [['a'], []],
  [[1, 'a'], []],
  [[1, [2]], []],
  ['same', []],
  [null, []],
  [undefined, []],
  [{ length: 1 }, []],
])('other values of %j are %j', (value, others) => {
  expect(othersOf(value)).toEqual(others);
});

describe('effects', () => {
  const inputs = [[0.3, -0.7, 1.4]];
  const of = (f: (x: T, own: Attributes) => T, attributes: Attributes) => {
    const before = tensorCount();
    const effects = effectsOf(attributes, (own) => Subject.of((x: T) => f(x, own), inputs, {}));
    expect(tensorCount()).toBe(before);
    return effects;
  };
  /** x times the one attribute, with a gradient that is another's. */
  const scaled = (x: T, { value = 1, slope = 1 }: Attributes): T =>
    withGradient(
      (at) => tf.mul(at, value as number),
      (dy) => tf.mul(dy, slope as number),
    )(x);

  test('on the value, on the gradient, on both, on none; tried until both have changed', () => {
    expect(of(scaled, { value: 3, slope: 3, both: true })).toEqual([
      { name: 'value', tried: [4, 2, 5, -3], onValue: true, onGradient: false },
      { name: 'slope', tried: [4, 2, 5, -3], onValue: false, onGradient: true },
      { name: 'both', tried: [false], onValue: false, onGradient: false },
    ]);
    const plain = (x: T, { scale }: Attributes): T => tf.mul(x, scale as number);
    expect(of(plain, { scale: 3 })).toEqual([{ name: 'scale', tried: [4], onValue: true, onGradient: true }]);
    const capped = (x: T, { scale }: Attributes): T => tf.mul(x, Math.min(scale as number, 1));
    expect(of(capped, { scale: 1 })).toEqual([
      { name: 'scale', tried: [2, 0], onValue: true, onGradient: true },
    ]);
  });

  test('every output and every entry counts', () => {
    const last = (x: T, { by }: Attributes): T => tf.add(x, tf.tensor1d([0, 0, by as number]));
    expect(of(last, { by: 0.5 })[0]).toMatchObject({ onValue: true, onGradient: false });
  });

  test('values with which it does not run, or its gradient does not, are not tried', () => {
    const choosy = (x: T, { mode }: Attributes): T => {
      if ((mode as number) > 2) throw new Error('1 or 2');
      return tf.mul(x, mode as number);
    };
    expect(of(choosy, { mode: 2 })).toEqual([{ name: 'mode', tried: [1], onValue: true, onGradient: true }]);
    const only = (x: T, { mode }: Attributes): T => {
      if (mode !== 2) throw new Error('2 only');
      return tf.sin(x);
    };
    expect(of(only, { mode: 2 })).toEqual([]);
    const stuck =
      (right: number) =>
      (x: T, { mode }: Attributes): T =>
        withGradient(
          (at) => tf.sin(at),
          (dy, at) => {
            if (mode !== right) throw new Error('not yet written');
            return tf.mul(dy, tf.cos(at));
          },
        )(x);
    expect(of(stuck(1), { mode: 1 })).toEqual([]);
    expect(of(stuck(2), { mode: 1 })).toEqual([]);
    expect(of(stuck(1), { mode: 1, other: 1 })).toEqual([
      { name: 'other', tried: [2, 0, 3, -1], onValue: false, onGradient: false },
    ]);
  });

  test('a list of numbers as a whole; what cannot be changed is left out', () => {
    const moved = (x: T, { by }: Attributes): T => tf.mul(x, tf.tensor1d(by as number[]));
    expect(of(moved, { by: [1, 2, 3], mode: 'fast', names: ['a'] })).toEqual([
      { name: 'by', tried: [[2, 3, 4]], onValue: true, onGradient: true },
    ]);
  });

  test('another shape of the result is a change of both', () => {
    const kept = (x: T, { keepDims }: Attributes): T => tf.sum(x, 0, keepDims as boolean);
    expect(of(kept, { keepDims: false })).toEqual([
      { name: 'keepDims', tried: [true], onValue: true, onGradient: true },
    ]);
  });

  test('a 0 of the other sign is no change', () => {
    const zero = (x: T, { by }: Attributes): T => tf.mul(tf.mul(x, 0), by as number);
    expect(of(zero, { by: 1 })).toEqual([
      { name: 'by', tried: [2, 0, 3, -1], onValue: false, onGradient: false },
    ]);
  });
});

test('sentences: with the values that were tried, and for a wrong gradient what it seems to ignore', () => {
  const effect = (name: string, onValue: boolean, onGradient: boolean) => ({
    name,
    tried: [2, [1, 0], false],
    onValue,
    onGradient,
  });
  const effects = [
    effect('both', true, true),
    effect('value', true, false),
    effect('gradient', false, true),
    effect('none', false, false),
  ];
  const on = (ending: string): string[] => [
    `The attribute value changes f, but has no effect on its gradient (tried: 2, [1,0], false)${ending}.`,
    'The attribute gradient changes the gradient, but has no effect on f (tried: 2, [1,0], false).',
    'The attribute none has no effect, neither on f nor on its gradient (tried: 2, [1,0], false).',
  ];
  expect(explainAttributes(effects, false)).toEqual(on(''));
  expect(explainAttributes(effects, true)).toEqual(on(': the gradient function seems to ignore it'));
  expect(explainAttributes([], true)).toEqual([]);
});
