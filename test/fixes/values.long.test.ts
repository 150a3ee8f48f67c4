/**
 * The values in a real browser, on WebGL. Oracle: closed forms, beside each case. Needs Chromium, which CI installs; elsewhere the test is skipped
 * without it.
 */
import { readFileSync, rmSync, mkdtempSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chromium, type Browser } from 'playwright-core';
import { chromiumExecutable } from '../../src/sweep/run/lanes/chromium.js';
import { mismatch } from '../support/close.js';
import { VALUES, type valuesOf } from './values.js';

const executablePath = chromiumExecutable();
const at = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

// Sums on WebGL have fewer digits.
const tolerance = { relative: 1e-4, absolute: 1e-5 };

(executablePath ? describe : describe.skip)('values, on WebGL in Chromium', () => {
  let browser: Browser | undefined;
  let found: {
    backend: string;
    intact: boolean;
    mended: ReturnType<typeof valuesOf>;
    stock: ReturnType<typeof valuesOf>;
  };
  const folder = mkdtempSync(path.join(tmpdir(), 'gradparity-values-'));

  beforeAll(async () => {
    const bundle = path.join(folder, 'page.js');
    execFileSync(process.execPath, [
      at('../../node_modules/esbuild/bin/esbuild'),
      at('./browser/page.ts'),
      '--bundle',
      '--platform=browser',
      '--log-level=error',
      `--outfile=${bundle}`,
    ]);
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--enable-unsafe-swiftshader', '--use-gl=angle', '--use-angle=swiftshader'],
    });
    const page = await browser.newPage();
    await page.addScriptTag({ content: readFileSync(bundle, 'utf8') });
    found = await page.evaluate('run()');
  }, 180_000);

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

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
