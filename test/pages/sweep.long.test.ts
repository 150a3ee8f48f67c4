/**
 * The page of the committed report's kind in Chromium, as wide as a desk's window and as a telephone. Oracle: axe's rules, and
 * that nothing is wider than the window.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';
import { sweepPage } from '../../src/pages/sweep.js';
import { chromiumExecutable } from '../../src/sweep/run/lanes/chromium.js';
import { violations } from '../support/axe.js';
import { sampleReport } from '../sweep/report/sample-report.js';

const executablePath = chromiumExecutable();

(executablePath ? describe : describe.skip)('the page of a sweep', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());

  async function open(html: string, width: number, colorScheme: 'light' | 'dark' = 'light'): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    await page.setContent(html);
    return page;
  }

  test.each([
    [1300, 'light'],
    [1300, 'dark'],
    [420, 'light'],
    [420, 'dark'],
  ] as const)('at %i px, %s: axe finds nothing, and nothing hangs over', async (width, scheme) => {
    const page = await open(sweepPage(sampleReport), width, scheme);
    for (const details of await page.locator('details').all()) {
      await details.evaluate((element) => element.setAttribute('open', ''));
    }
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await page.close();
  });

  test('axe finds what is wrong, and what is too wide is seen', async () => {
    const wrong = '<!doctype html><title>x</title><img src="x"><p style="width: 600px">x';
    const page = await open(wrong, 420);
    expect((await violations(page)).length).toBeGreaterThan(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeGreaterThan(420);
    await page.close();
  });

  test('who looks for an op finds its row and its findings by typing its name', async () => {
    const page = await open(sweepPage(sampleReport), 420);
    await page.fill('input[name=op]', 'avgPool');
    expect(await page.locator('.matrix tr[data-op]:visible').count()).toBe(1);
    expect(await page.locator('.finding:visible').count()).toBe(1);
    expect(await page.locator('.cause:visible').count()).toBe(1);
    expect(await page.locator('.causes li:visible').count()).toBe(1);
    await page.close();
  });
});
