/**
 * The values in a real browser, on WebGL. Oracle: closed forms, beside each case. Needs Chromium, which CI installs; elsewhere the test is skipped
 * without it.
 */
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { chromiumExecutable } from '../../src/sweep/run/lanes/chromium.js';
import { mismatch } from '../support/close.js';
import { foundInChromium, WEBGL } from '../support/in-chromium.js';
import { VALUES, type valuesOf } from './values.js';

const executablePath = chromiumExecutable();
const at = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

// Sums on WebGL have fewer digits.
const tolerance = { relative: 1e-4, absolute: 1e-5 };

(executablePath ? describe : describe.skip)('values, on WebGL in Chromium', () => {
  let found: {
    backend: string;
    intact: boolean;
    mended: ReturnType<typeof valuesOf>;
    stock: ReturnType<typeof valuesOf>;
  };

  beforeAll(async () => {
    found = await foundInChromium(executablePath, at('./browser/page.ts'), WEBGL);
  }, 180_000);

  test('the fixes are in place, and without them most values are wrong', () => {
    expect(found.backend).toBe('webgl');
    expect(found.intact).toBe(true);
    const wrong = found.stock.filter(
      ({ found: got }, i) =>
        typeof got === 'string' || mismatch(got, VALUES[i].wanted, tolerance) !== undefined,
    );
    expect(wrong.length).toBeGreaterThan(VALUES.length / 2);
  });

  const here = VALUES.flatMap(({ name, wanted, notOnWebgl }, i) =>
    notOnWebgl === undefined ? [[name, wanted, i] as const] : [],
  );

  test.each(here)('%s', (_name, wanted, i) => {
    const { found: got, left } = found.mended[i];
    if (typeof got === 'string') throw new Error(got);
    expect(mismatch(got, wanted, tolerance)).toBeUndefined();
    expect(left).toBe(0);
  });
});
