/** Mini-batches: laws over any sizes and seeds, and a χ² test of the uniform draws. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { batches, type Sampling } from '../../src/training/batches.js';

function take(
  count: number,
  batchSize: number,
  sampling: Sampling,
  seed: number,
  number: number,
): number[][] {
  const taken: number[][] = [];
  for (const batch of batches(count, batchSize, sampling, seed)) {
    if (taken.length === number) break;
    taken.push(Array.from(batch));
  }
  return taken;
}

/** N and a batch size of at most N. */
const sizes = fc
  .integer({ min: 1, max: 60 })
  .chain((count) => fc.tuple(fc.constant(count), fc.integer({ min: 1, max: count })));
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const samplings = fc.constantFrom<Sampling>('shuffle', 'replacement');

/** Σ (seen - expected)² / expected. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, n) => sum + n, 0) / counts.length;
  return counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
}

function countsOf(indices: readonly number[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const index of indices) counts[index] += 1;
  return counts;
}

describe('shuffle', () => {
  test('every epoch is ceil(N / batch) batches, the last what is left, with each example once', () => {
    fc.assert(
      fc.property(sizes, seeds, ([count, batchSize], seed) => {
        const perEpoch = Math.ceil(count / batchSize);
        const three = take(count, batchSize, 'shuffle', seed, 3 * perEpoch);
        for (let epoch = 0; epoch < 3; epoch++) {
          const own = three.slice(epoch * perEpoch, (epoch + 1) * perEpoch);
          expect(own.slice(0, -1).every(({ length }) => length === batchSize)).toBe(true);
          expect(own.at(-1)).toHaveLength(count - (perEpoch - 1) * batchSize);
          expect(own.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
        }
      }),
    );
  });

  test('each epoch has an order of its own', () => {
    const [first, second] = take(100, 100, 'shuffle', 1, 2);
    expect(first).not.toEqual(second);
  });

  test('every order of three is alike likely: χ² of 6 orders, 5 degrees of freedom, 0.1 % at 20.5', () => {
    const orders = take(3, 3, 'shuffle', 5, 6000).map((order) => order.join(''));
    const counts = ['012', '021', '102', '120', '201', '210'].map(
      (order) => orders.filter((each) => each === order).length,
    );
    expect(chiSquare(counts)).toBeLessThan(20.5);
    // What the shuffle that swaps every place with any place gives: 4, 5, 5, 5, 4, 4 of 27.
    expect(chiSquare([4, 5, 5, 5, 4, 4].map((share) => (6000 * share) / 27))).toBeGreaterThan(20.5);
  });

  test('a batch stays what it was when the next is drawn', () => {
    const [first] = take(10, 10, 'shuffle', 3, 1);
    const generator = batches(10, 10, 'shuffle', 3);
    const held = generator.next().value as Int32Array;
    generator.next();
    expect(Array.from(held)).toEqual(first);
  });
});

describe('replacement', () => {
  test('every batch is full and within range', () => {
    fc.assert(
      fc.property(sizes, seeds, ([count, batchSize], seed) => {
        for (const batch of take(count, batchSize, 'replacement', seed, 5)) {
          expect(batch).toHaveLength(batchSize);
          expect(batch.every((index) => Number.isInteger(index) && index >= 0 && index < count)).toBe(true);
        }
      }),
    );
  });

  test('draws are uniform: χ² of 20 examples, 19 degrees of freedom, 0.1 % at 43.8', () => {
    const drawn = take(20, 50, 'replacement', 7, 400).flat();
    expect(chiSquare(countsOf(drawn, 20))).toBeLessThan(43.8);
    // One example drawn twice as often as each of the others is told apart.
    const lopsided = drawn.map((index, n) => (index === 1 && n % 2 === 0 ? 0 : index));
    expect(chiSquare(countsOf(lopsided, 20))).toBeGreaterThan(43.8);
  });

  test('an example may come twice in a batch, as it does not with shuffle', () => {
    const [batch] = take(20, 20, 'replacement', 1, 1);
    expect(new Set(batch).size).toBeLessThan(20);
  });
});

test('the same seed gives the same batches, another seed others', () => {
  fc.assert(
    fc.property(sizes, seeds, samplings, ([count, batchSize], seed, sampling) => {
      const once = take(count, batchSize, sampling, seed, 6);
      expect(take(count, batchSize, sampling, seed, 6)).toEqual(once);
    }),
  );
  for (const sampling of ['shuffle', 'replacement'] as const) {
    const all = Array.from({ length: 50 }, (_, seed) => String(take(40, 40, sampling, seed, 1)));
    expect(new Set(all).size).toBe(50);
  }
});
