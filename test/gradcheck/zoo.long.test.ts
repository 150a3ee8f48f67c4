/** Verdicts and diagnoses. Oracle: how each case was made, right or wrong. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { gradcheck } from '../../src/gradcheck/gradcheck.js';
import { rightOfOthers, wrongOfOthers } from './zoo/of-others.js';
import { rightOfPairs, wrongOfPairs } from './zoo/pairs.js';
import { right as others } from './zoo/right.js';
import type { ZooCase } from './zoo/support.js';
import { wrong as otherWrong } from './zoo/wrong.js';

beforeAll(async () => {
  await selectBackend();
});

const right = [...others, ...rightOfPairs, ...rightOfOthers];
const wrong = [...otherWrong, ...wrongOfPairs, ...wrongOfOthers];

const byName = (cases: ZooCase[]) => cases.map((one) => [one.name, one] as const);

async function judge({ f, inputs, options, verdict, says }: ZooCase): Promise<void> {
  for (const mode of options?.mode ? [options.mode] : (['full', 'fast'] as const)) {
    for (const seed of [1, 2, 3]) {
      const given = inputs();
      const before = tf.memory().numTensors;
      const report = await gradcheck(f, given, { ...options, mode, seed });
      const about = { mode, seed, diagnosis: report.diagnosis };
      expect({ ...about, verdict: report.verdict }).toEqual({ ...about, verdict });
      expect(tf.memory().numTensors).toBe(before);
      if (verdict === 'right')
        expect(about).toEqual({ mode, seed, diagnosis: says ? [expect.stringMatching(says)] : [] });
      if (says) expect(report.diagnosis.join('\n')).toMatch(says);
      tf.dispose(given as tf.TensorContainer);
    }
  }
}

test('the zoo is as large as it should be, and no two of its names are the same', () => {
  expect(right.length).toBeGreaterThanOrEqual(40);
  expect(wrong.length).toBeGreaterThanOrEqual(40);
  const names = [...right, ...wrong].map(({ name }) => name);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});

describe('right', () => {
  test.each(byName(right))('%s', (_name, one) => judge(one));
});

describe('not right', () => {
  test.each(byName(wrong))('%s', (_name, one) => judge(one));
});
