import { afterAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { applyFixes, removeFixes } from '../../../src/fixes/apply.js';
import { FIXES } from '../../../src/fixes/all.js';
import { gradcheck } from '../../../src/index.js';
import { selectBackend } from '../../../src/backends/select.js';
import { CASES, type FixCase } from './cases.js';

// Oracle: central differences in double precision, by gradcheck. Without the fix it has to convict.

await selectBackend('cpu');
afterAll(() => removeFixes());

async function verdicts({ f, inputs }: FixCase): Promise<string[]> {
  const made: string[] = [];
  for (const order of [1, 2] as const) {
    const x = inputs();
    const before = tf.memory().numTensors;
    made.push((await gradcheck(f, x, { order })).verdict);
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(x);
  }
  return made;
}

describe('the gradient, and the gradient of the gradient, without any fix and with all of them', () => {
  test.each(CASES.map((one) => [`${one.fix}: ${one.name}`, one] as const))('%s', async (_name, one) => {
    removeFixes();
    expect(await verdicts(one)).toEqual(one.stock);
    expect(one.stock).not.toEqual(['right', 'right']);
    applyFixes();
    expect(await verdicts(one)).toEqual(['right', 'right']);
  });
});

test('every fix that registers gradients has a case here', () => {
  // At ties a gradient is a choice, which no difference shows: gradients.test.ts has its values.
  const elsewhere = ['max-min-ties'];
  const mended = FIXES.filter(({ gradients = [] }) => gradients.length > 0).map(({ id }) => id);
  expect(mended.filter((id) => !CASES.some(({ fix }) => fix === id))).toEqual(elsewhere);
});
