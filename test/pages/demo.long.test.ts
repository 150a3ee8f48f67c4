/**
 * The demo's page in a real Chromium, from the command's own server and from a folder. Oracles: MNIST's labels, the command line's
 * `predict` on the same pictures, axe's rules.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { encode } from 'fast-png';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { selectBackend } from '../../src/backends/select.js';
import { loadMnist } from '../../src/data/mnist.js';
import { chromiumExecutable } from '../../src/sweep/run/lanes/chromium.js';
import { gradparity, main } from '../cli/run-cli.js';
import { violations } from '../support/axe.js';
import { present } from '../support/present.js';

const executablePath = chromiumExecutable();
const root = path.resolve(import.meta.dirname, '../..');
const PICTURES = 50;

let folder: string;
beforeAll(() => {
  mkdirSync(path.join(root, 'runs'), { recursive: true });
  folder = mkdtempSync(path.join(root, 'runs', 'demo-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const demo = (...args: string[]) => gradparity(['demo', ...args], { cwd: folder });

(executablePath ? describe : describe.skip)('the demo in Chromium', () => {
  let browser: Browser;
  let server: ChildProcess;
  let url: string;
  /** What pages said in their consoles, threw, or asked for in vain. */
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    server = spawn(process.execPath, [main, 'demo'], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
    url = await new Promise((resolve, reject) => {
      present(server.stdout).once('data', (line: Buffer) => resolve(String(line).trim()));
      server.once('exit', (code) => reject(new Error(`demo ended with ${code}`)));
    });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.kill();
  });

  async function open(options: BrowserContextOptions = {}, address = url): Promise<Page> {
    const page = await browser.newPage({ locale: 'en-GB', ...options });
    page.on('console', (message) => complaints.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
    page.on('requestfailed', (request) => complaints.push(`request: ${request.url()}`));
    await page.goto(address);
    await page.waitForSelector('.unit');
    return page;
  }

  const answered = (page: Page, text: RegExp) =>
    page.waitForFunction(
      ([source]) => new RegExp(source).test(document.getElementById('answer')?.textContent ?? ''),
      [text.source],
      { timeout: 20_000 },
    );
  const drawSeven = async (page: Page): Promise<void> => {
    const box = present(await page.locator('#pad').boundingBox());
    const at = (x: number, y: number): [number, number] => [box.x + x * box.width, box.y + y * box.height];
    await page.mouse.move(...at(0.32, 0.25));
    await page.mouse.down();
    await page.mouse.move(...at(0.67, 0.25), { steps: 6 });
    await page.mouse.move(...at(0.46, 0.8), { steps: 8 });
    await page.mouse.up();
  };

  test('reads a digit that is drawn with the mouse, and its two gradients agree', async () => {
    const page = await open();
    await drawSeven(page);
    await answered(page, /reads 7/);
    await page.waitForSelector('#gradients tbody tr');
    expect(await page.locator('#parity').textContent()).toMatch(/^They agree/);
    const rows = await page.locator('#gradients tbody tr').allTextContents();
    expect(rows.map((row) => row.slice(0, 2))).toEqual(['W1', 'b1', 'W2', 'b2']);
    expect(await page.locator('.unit').count()).toBe(50);
    // The gradient of a digit that is taken for another is another.
    const before = await page.locator('#gradients').textContent();
    await page.selectOption('#target', '3');
    await page.waitForFunction((text) => document.getElementById('gradients')?.textContent !== text, before);
    expect(await page.locator('#parity').textContent()).toMatch(/^They agree/);
    await page.click('#clear');
    await answered(page, /Draw something/);
    await page.close();
  });

  test('reads 50 of MNIST test digits as predict does, and at least 90 % of them right', async () => {
    await selectBackend('cpu');
    const { test: digits, dispose } = await loadMnist({ trainSize: 1, testSize: PICTURES });
    const [pixels, labels] = [digits.x.dataSync(), Array.from(digits.t.dataSync())];
    dispose();
    const page = await open();
    const read: number[] = [];
    for (let n = 0; n < PICTURES; n++) {
      const data = Uint8Array.from(pixels.subarray(784 * n, 784 * (n + 1)), (value) =>
        Math.round(255 * value),
      );
      const png = encode({ width: 28, height: 28, data, channels: 1, depth: 8 });
      await page.evaluate(() => ((document.getElementById('answer') as HTMLElement).textContent = ''));
      await page.setInputFiles('#file', {
        name: `${n}.png`,
        mimeType: 'image/png',
        buffer: Buffer.from(png),
      });
      await answered(page, /reads \d/);
      read.push(Number(/reads (\d)/.exec(present(await page.locator('#answer').textContent()))?.[1]));
    }
    const right = read.filter((digit, n) => digit === labels[n]).length;
    expect(right / PICTURES).toBeGreaterThanOrEqual(0.9);
    // Labels moved by one are what a page that reads nothing would come near to.
    expect(read.filter((digit, n) => digit === labels[(n + 1) % PICTURES]).length / PICTURES).toBeLessThan(
      0.9,
    );
    await page.close();
  });

  test('is drawn in by the keyboard alone, and by touch', async () => {
    const page = await open();
    await page.focus('#pad');
    for (let k = 0; k < 8; k++) await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Space');
    for (let k = 0; k < 16; k++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    await answered(page, /reads 1/);
    expect(await page.locator('#pen').textContent()).toMatch(/^Pen up at column 14, row 22/);
    await page.keyboard.press('Delete');
    await answered(page, /Draw something/);
    // Without any drawing at all: a digit from the list.
    for (const digit of '0123456789') {
      await page.selectOption('#sample', digit);
      await answered(page, new RegExp(`reads ${digit}`));
    }
    await page.close();

    const phone = await open({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 800 } });
    const box = present(await phone.locator('#pad').boundingBox());
    const session = await phone.context().newCDPSession(phone);
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', y = 0) =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: type === 'touchEnd' ? [] : [{ x: box.x + box.width / 2, y: box.y + y * box.height }],
      });
    await touch('touchStart', 0.2);
    for (let y = 0.25; y < 0.8; y += 0.05) await touch('touchMove', y);
    await touch('touchEnd');
    await answered(phone, /reads 1/);
    expect(await phone.evaluate(() => window.scrollY)).toBe(0);
    await phone.close();
  });

  test.each([
    [1200, 'light', 'en-GB'],
    [1200, 'dark', 'zh-CN'],
    [390, 'dark', 'en-GB'],
    [390, 'light', 'zh-CN'],
  ] as const)(
    'at %i px, %s, %s: axe finds nothing, nothing hangs over',
    async (width, colorScheme, locale) => {
      const page = await open({ viewport: { width, height: 900 }, colorScheme, locale });
      await page.selectOption('#sample', '4');
      await page.waitForSelector('#gradients tbody tr');
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
      const language = await page.evaluate(() => document.documentElement.lang);
      expect(language).toBe(locale === 'zh-CN' ? 'zh-CN' : 'en');
      expect(await page.locator('h1').textContent()).toBe(locale === 'zh-CN' ? '写一个数字' : 'Draw a digit');
      if (locale === 'zh-CN') {
        await page.selectOption('#language', 'en');
        expect(await page.locator('h1').textContent()).toBe('Draw a digit');
      }
      await page.close();
    },
  );

  test('works from a folder without a server, for an export without its output activation', async () => {
    await gradparity(['export', '--output', path.join(folder, 'logits'), '--logits'], { cwd: folder });
    const { code, stdout } = await demo('logits', '--out', 'page', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ command: 'demo', model: 'logits' });
    const page = await open({}, pathToFileURL(path.join(folder, 'page', 'index.html')).href);
    await page.selectOption('#sample', '3');
    await answered(page, /reads 3 \(\d/);
    await page.setInputFiles('#file', { name: 'no.png', mimeType: 'image/png', buffer: Buffer.from('no') });
    await page.waitForSelector('#image-error:not(:empty)');
    await page.close();
  });

  test('serves this machine alone, and nothing but its files', async () => {
    const { hostname, port } = new URL(url);
    expect(hostname).toBe('127.0.0.1');
    const { request } = await import('node:http');
    const ask = (place: string, host: string, method = 'GET') =>
      new Promise<number | undefined>((resolve, reject) => {
        const asked = request(
          { host: '127.0.0.1', port, path: place, method, headers: { host } },
          (answer) => {
            answer.resume();
            resolve(answer.statusCode);
          },
        );
        asked.on('error', reject).end();
      });
    expect(await ask('/', `127.0.0.1:${port}`)).toBe(200);
    expect(await ask('/', `localhost:${port}`)).toBe(200);
    expect(await ask('/', `evil.example:${port}`)).toBe(403);
    expect(await ask('/../package.json', `127.0.0.1:${port}`)).toBe(404);
    expect(await ask('/constructor', `127.0.0.1:${port}`)).toBe(404);
    expect(await ask('/', `127.0.0.1:${port}`, 'POST')).toBe(405);
    const taken = await demo('--port', port);
    expect(taken).toMatchObject({ code: 2, stdout: '' });
    expect(taken.stderr).toContain(`port ${port} is in use`);
  });

  test('no page complained', () => {
    expect(complaints).toEqual([]);
  });
});

describe('gradparity demo', () => {
  test('says what is wrong with a model of other inputs, and writes nothing', async () => {
    writeFileSync(
      path.join(folder, 'small.csv'),
      'label,a,b\nx,0,1\ny,1,0\nx,0,2\ny,2,0\nx,1,3\ny,3,1\nx,0,3\ny,3,0\n',
    );
    const made = await gradparity(
      [
        'train',
        '--data',
        'small.csv',
        '--steps',
        '2',
        '--batch-size',
        '2',
        '--output',
        'small',
        '--backend',
        'cpu',
      ],
      { cwd: folder },
    );
    expect(made.code).toBe(0);
    const { code, stderr } = await demo('small', '--output', 'nothing');
    expect(code).toBe(2);
    expect(stderr).toContain(
      'demo: the model in small takes 2 numbers; wanted one that takes 784, the pixels of a picture of 28 × 28.',
    );
    expect(() => readFileSync(path.join(folder, 'nothing', 'index.html'))).toThrow('ENOENT');
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('ends at %s in good order', async (signal) => {
    const outcome = await gradparity(['demo'], {
      cwd: folder,
      onStderr: (text, interrupt) => text.includes('Ctrl-C') && interrupt(signal),
    });
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\n$/);
  });
});
