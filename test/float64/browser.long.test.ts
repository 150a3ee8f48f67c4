/**
 * inFloat64 and gradcheck in a real browser, with WebGL as the backend outside. Oracle: JavaScript's doubles, of which the
 * float32 answer of the same op must fall short. Needs Chromium, which CI installs; elsewhere the tests are skipped without it.
 */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { chromiumExecutable } from '../../src/sweep/run/lanes/chromium.js';
import { mismatch } from '../support/close.js';
import { foundInChromium, WEBGL } from '../support/in-chromium.js';
import type { Findings } from './browser/page.js';

const executablePath = chromiumExecutable();
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

(executablePath ? describe : describe.skip)('in Chromium, on WebGL', () => {
  let found: Findings;

  beforeAll(async () => {
    found = await foundInChromium(executablePath, path('./browser/page.ts'), WEBGL);
  }, 120_000);

  const inputs = [1, -2.5, 4];

  test('computes in double precision, forward and backward', () => {
    expect(found.backend).toBe('webgl');
    expect(found.valueIsDouble).toBe(true);
    expect(mismatch(found.value, inputs.map(Math.exp), { relative: 1e-15 })).toBeUndefined();
    expect(mismatch(found.slope, inputs.map(Math.cos), { relative: 1e-15 })).toBeUndefined();
    expect(mismatch(found.single, inputs.map(Math.exp), { relative: 1e-15 })).toBeDefined();
  });

  test('leaves WebGL, its tensors and its variables as they were, after an error too', () => {
    expect(found).toMatchObject({
      backendAfter: 'webgl',
      backendAfterThrow: 'webgl',
      thrown: 'on purpose',
      arrayRestored: true,
      leaked: 0,
    });
    expect(found.outer).toEqual([2, -1.5, 5]);
    expect(found.variable.assigned).toEqual([1 / 3, 2 / 3, 1].map(Math.fround));
    expect(mismatch(found.variable.next, [4 / 3, 5 / 3, 2], { relative: 1e-6 })).toBeUndefined();
  });

  test('checks gradients, and catches one that is off by 1e-6', () => {
    expect(found.right).toBe('right');
    expect(found.wrong.verdict).toBe('wrong');
    expect(found.wrong.diagnosis[0]).toContain('constant factor: it is 1 + 0.0000010 times');
  });
});
