import { expect, test } from '@jest/globals';
import { randomFrom, randomIndices } from '../src/random.js';

test('weights are of size ½ to 1½, of both signs, and follow from the seed', () => {
  const weights = randomFrom(7).weights(1000, 4);
  expect(weights.every((weight) => Math.abs(weight) >= 2 && Math.abs(weight) <= 6)).toBe(true);
  const negative = weights.filter((weight) => weight < 0).length;
  expect(negative).toBeGreaterThan(400);
  expect(negative).toBeLessThan(600);
  expect(randomFrom(7).weights(1000, 4)).toEqual(weights);
  expect(randomFrom(8).weights(1000, 4)).not.toEqual(weights);
});

test('a sample is of different indices in order; all where there are no more', () => {
  const sample = randomFrom(1).sample(1000, 20);
  expect(new Set(sample).size).toBe(20);
  expect(sample).toEqual([...sample].sort((a, b) => a - b));
  expect(sample.every((index) => index >= 0 && index < 1000)).toBe(true);
  expect(randomFrom(1).sample(3, 20)).toEqual([0, 1, 2]);
});

test('randomIndices: one number from 0 up to n, n left out', () => {
  const random = randomIndices(0);
  const drawn = Array.from({ length: 300 }, () => random(3));
  expect(new Set(drawn)).toEqual(new Set([0, 1, 2]));
  expect(random(1)).toBe(0);
});

test('seeds that differ in their high bits alone give other numbers', () => {
  const seeds = [1, 1 + 2 ** 32, 1 + 2 ** 33, 1 - 2 ** 32, -1, 2 ** 32 - 1, 2 ** 53 - 1, -(2 ** 53) + 1];
  expect(new Set(seeds.map((seed) => String(randomFrom(seed).weights(4)))).size).toBe(seeds.length);
});
