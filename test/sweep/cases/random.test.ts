/** Oracle: laws of random compositions, and closed forms that do not depend on which they are. */
import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../../src/backends/select.js';
import { inputsOf, run } from '../../../src/sweep/cases/expression.js';
import { randomCases } from '../../../src/sweep/cases/random.js';
import { callsIn, candidates } from '../../../src/sweep/explanation/shrink.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

test('the same for the same seed, others for another, and no two alike', () => {
  const cases = randomCases(200, 3);
  expect(randomCases(200, 3)).toEqual(cases);
  expect(new Set(cases.map(({ id }) => id)).size).toBe(200);
  const others = new Set(randomCases(200, 4).map(({ id }) => id));
  expect(cases.filter(({ id }) => others.has(id)).length).toBeLessThan(20);
  // More of them begin as fewer do.
  expect(randomCases(300, 3).slice(0, 200)).toEqual(cases);
});

test('each uses its inputs and gives six finite numbers', () => {
  for (const { id, expression, inputs } of randomCases(300, 5)) {
    expect(inputsOf(expression).sort()).toEqual(Object.keys(inputs).sort());
    const values = tf.tidy(() => {
      const tensors = Object.fromEntries(
        Object.entries(inputs).map(([name, { shape, values: numbers }]) => [
          name,
          tf.tensor([...numbers], [...shape]),
        ]),
      );
      return (run(expression, tensors) as tf.Tensor).dataSync();
    });
    expect([id, values.length, values.every(Number.isFinite)]).toEqual([id, 6, true]);
  }
});

test('a smaller one may be any part that calls something', () => {
  const [one] = randomCases(20, 5).filter(({ expression }) => callsIn(expression).length > 4);
  const parts = [...candidates(one)].map(({ expression }) => callsIn(expression).length);
  expect(Math.min(...parts)).toBe(1);
  // Of an ordinary case the op is called still.
  const kept = [...candidates({ ...one, variant: undefined })].map(({ expression }) => callsIn(expression));
  expect(kept.every((calls) => calls.includes(one.op))).toBe(true);
});
