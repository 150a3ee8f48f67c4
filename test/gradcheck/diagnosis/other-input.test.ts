/** One input's gradient given as another's. Oracle: which one was given. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { explain } from '../../../src/gradcheck/diagnosis/index.js';
import type { Entry } from '../../../src/gradcheck/engine/index.js';
import { random, withGradient } from '../zoo/support.js';
import { diagonal, full, made, sentences, type MadeInput } from './made-up.js';
import { said } from './support.js';

const product = withGradient(
  (x, y) => tf.mul(x, tf.sin(y)),
  (dy, x, y) => {
    const [ofX, ofY] = [tf.mul(dy, tf.sin(y)), tf.mul(dy, tf.mul(x, tf.cos(y)))];
    return [ofY, ofX];
  },
);

test('exchanged', () => {
  const text = said(product, [random([4]), random([4], 2)]);
  expect(text).toMatch(/input 0: the gradient is that of another input.*gradient of input 1/);
  expect(text).toMatch(/input 1: the gradient is that of another input.*gradient of input 0/);
});

test('of one entry each the numbers are given, and no pattern', () => {
  expect(said(product, [[0.3], [0.7]])).not.toMatch(/another input/);
});

test('a gradient of its own that is wrong is no other one', () => {
  const f = withGradient(
    (x, y) => tf.mul(x, tf.sin(y)),
    (dy, x, y) => [tf.mul(dy, y), tf.mul(dy, tf.mul(x, tf.cos(y)))],
  );
  expect(said(f, [random([4]), random([4], 2)])).not.toMatch(/another input/);
});

describe('in words', () => {
  const [forX, forY] = [
    [0.9, -1.2, 0.4, 2],
    [1.3, 0.8, -0.7, 0.5],
  ];
  const input = (name: string, slopes: number[], gradient?: MadeInput['gradient']): MadeInput => ({
    name,
    shape: [slopes.length],
    jacobian: diagonal(slopes),
    gradient,
  });
  const by = (slopes: number[]) => (dy: number[]) => dy.map((value, j) => value * slopes[j]);
  const sentence = 'x: the gradient is that of another input: what is given for x is the gradient of y.';

  test('given as that of another, at every entry and for every cotangent', () => {
    expect(sentences([input('x', forX, by(forY)), input('y', forY)])).toEqual([sentence]);
    expect(
      sentences([
        input(
          'w',
          forX.map((one) => 3 * one),
        ),
        input('x', forX, by(forY)),
        input('y', forY),
      ]),
    ).toEqual([sentence]);
    const almost = [...forY.slice(0, 3), 0.51];
    expect(sentences([input('x', forX, by(almost)), input('y', forY)]).join()).not.toMatch(/another input/);
    const atOnce = (dy: number[]): number[] => by(Math.abs(dy[0]) > 100 ? almost : forY)(dy);
    expect(sentences([input('x', forX, atOnce), input('y', forY)]).join()).not.toMatch(/another input/);
  });

  test('an error too small for a form is none of its own gradient', () => {
    const off = (_dy: number[], right: number[]): number[] =>
      right.map((value, j) => value * (1 + (j + 1) * 2e-6));
    expect(sentences([input('x', forX, off)])).toEqual([
      expect.stringMatching(/^x: 4 of 4 entries compared are wrong, in no form that is known here/),
    ]);
  });

  test('of as many entries, three or more of which are not 0', () => {
    const zeros = (count: number): number[] => forY.map((one, j) => (j < count ? 0 : one));
    expect(sentences([input('x', forX, by(zeros(1))), input('y', zeros(1))])).toEqual([sentence]);
    expect(sentences([input('x', forX, by(zeros(2))), input('y', zeros(2))]).join()).not.toMatch(
      /another input/,
    );
    const longer: MadeInput = { name: 'y', shape: [5], jacobian: full([...forY, 1], 4) };
    const likeIt = (dy: number[]): number[] =>
      forX.map((_, j) => dy.reduce((sum, value, k) => sum + value * longer.jacobian[k][j], 0));
    expect(sentences([input('x', forX, likeIt), longer]).join()).not.toMatch(/another input/);
    const shorter = input('y', forY);
    const andMore = (dy: number[]): number[] => [...by(forY)(dy), 7 * dy[0]];
    const x: MadeInput = { name: 'x', shape: [5], jacobian: full([...forX, 1], 4), gradient: andMore };
    expect(sentences([x, shorter]).join()).not.toMatch(/another input/);
  });

  test('not where the two gradients are the same but for entries that were not compared', () => {
    const off = (dy: number[], right: number[]): number[] =>
      right.map((one, j) => (j === 3 ? 9 * dy[j] : one));
    const { pass, found } = made([input('x', forX, off), input('y', forX)]);
    const [x, y] = found;
    const kinked = y.map((one): Entry => (one.j === 3 ? { ...one, state: 'kink' } : one));
    expect(explain(pass, [x, kinked]).join()).not.toMatch(/another input/);
    expect(explain(pass, [x, y]).join()).not.toMatch(/another input/);
  });
});
