/** Mistakes in the use of dy. Oracle: what each function does with it. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { random, withGradient } from '../zoo/support.js';
import { said } from './support.js';

type T = tf.Tensor;

const sine = (use: (dy: T) => T) =>
  withGradient(
    (x) => tf.sin(x!),
    (dy, x) => tf.mul(use(dy), tf.cos(x!)),
  );
const sum = (use: (dy: T) => T) =>
  withGradient(
    (x) => tf.sum(tf.sin(x!)),
    (dy, x) => tf.mul(use(dy), tf.cos(x!)),
  );
/** Every output hangs on every input. */
const mixed = (use: (dy: T) => T) =>
  withGradient(
    (x) => tf.cumsum(tf.sin(x!)),
    (dy, x) => tf.mul(tf.cumsum(use(dy), 0, false, true), tf.cos(x!)),
  );
const clipNorm =
  (limit: number) =>
  (dy: T): T =>
    tf.mul(dy, tf.minimum(1, tf.div(limit, tf.norm(dy))));
const dropped =
  (limit: number) =>
  (dy: T): T =>
    tf.where(tf.less(tf.abs(dy), limit), tf.zerosLike(dy), dy);

const uses: [string, (dy: T) => T, RegExp][] = [
  ['ignored', (dy) => tf.onesLike(dy), /dy is ignored/],
  ['its sign', (dy) => tf.sign(dy), /of dy only the sign/],
  ['its size', (dy) => tf.abs(dy), /\|dy\|/],
  ['squared', (dy) => tf.square(dy), /dy is squared/],
  ['relu', (dy) => tf.relu(dy), /where dy < 0 it is taken for zero/],
  ['clipped to 1', (dy) => tf.clipByValue(dy, -1, 1), /clipped to −1 … 1:/],
  ['clipped to 5', (dy) => tf.clipByValue(dy, -5, 5), /clipped to −5 … 5:/],
  ['clipped to 4.2', (dy) => tf.clipByValue(dy, -4.2, 4.2), /clipped to −4\.2 … 4\.2:|not linear in dy/],
  ['small ones dropped', dropped(0.01), /dy's small values are dropped/],
];

describe.each([
  ['elementwise', sine],
  ['of a sum', sum],
  ['of sums that overlap', mixed],
])('%s', (_kind, make) => {
  test.each(uses)('%s', (_name, use, sentence) => {
    expect(said(make(use), [random([6])])).toMatch(sentence);
  });

  test('dy as it is: nothing is said', () => {
    expect(
      said(
        make((dy) => dy),
        [random([6])],
      ),
    ).toBe('');
  });

  test('dy clipped beyond any that was given: nothing is said', () => {
    expect(
      said(
        make((dy) => tf.clipByValue(dy, -2e3, 2e3)),
        [random([6])],
      ),
    ).toBe('');
  });
});

test('clipped to a norm', () => {
  expect(said(sine(clipNorm(5)), [random([6])])).toMatch(/dy is clipped to a norm of 5:/);
  expect(said(mixed(clipNorm(5)), [random([6])])).toMatch(/dy is clipped to a norm of 5:/);
});

test('divided by its norm; averaged; a factor where it is negative', () => {
  expect(
    said(
      sine((dy) => tf.div(dy, tf.norm(dy))),
      [random([6])],
    ),
  ).toMatch(/divided by its norm/);
  expect(
    said(
      sine((dy) => tf.fill(dy.shape, 1).mul(tf.mean(dy))),
      [random([6])],
    ),
  ).toMatch(/dy is averaged/);
  expect(
    said(
      sine((dy) => tf.add(dy, tf.relu(tf.neg(dy)).mul(0.3))),
      [random([6])],
    ),
  ).toMatch(/only where dy < 0/);
});

test('what has no form but is not linear', () => {
  expect(
    said(
      sine((dy) => tf.tanh(dy)),
      [random([6])],
    ),
  ).toMatch(/not linear in dy: for twice the dy/);
});

test('a scalar: a wrong factor is not taken for a use of dy', () => {
  expect(
    said(
      sum((dy) => tf.mul(dy, 1.5)),
      [[0.3]],
    ),
  ).toMatch(/the differences give/);
});
