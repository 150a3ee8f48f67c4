/**
 * The built site in Chromium, as wide as a desk's window and as a telephone, light and dark. `npm run docs -- --check` builds it and runs this. Oracles: axe's
 * rules; that nothing is wider than the window, nothing is asked of another host, and the console stays empty; for the playground, the verdicts
 * that its examples name.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { chromiumExecutable } from '../../src/sweep/run/lanes/chromium.js';
import { violations } from '../../test/support/axe.js';
import { present } from '../../test/support/present.js';
import { inChinese } from '../src/playground/chinese.js';
import { codeOf, examples } from '../src/playground/examples.js';

const dist = path.resolve(import.meta.dirname, '..', 'dist');
const executablePath = chromiumExecutable();
if (!existsSync(path.join(dist, 'index.html')))
  throw new Error('There is no site in site/dist: npm run docs');

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

/** The files of dist/, as any web server gives them. */
function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    const file = path.join(dist, decodeURIComponent(pathname), pathname.endsWith('/') ? 'index.html' : '');
    if (!file.startsWith(dist) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    const type = types[path.extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type }).end(readFileSync(file));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

(executablePath ? describe : describe.skip)('the site', () => {
  let browser: Browser;
  let server: Server;
  let origin: string;
  let context: BrowserContext;
  let complaints: string[];

  beforeAll(async () => {
    server = await serve();
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    // There is no GPU here: that pages are drawn without one takes less than a GPU made of software.
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });
  beforeEach(() => {
    complaints = [];
  });
  afterEach(async () => {
    await context?.close();
    expect(complaints).toEqual([]);
  });

  async function open(
    address: string,
    width = 1300,
    colorScheme: 'light' | 'dark' = 'light',
    keep = false,
  ): Promise<Page> {
    if (!keep) {
      await context?.close();
      context = await browser.newContext({
        viewport: { width, height: 900 },
        colorScheme,
        reducedMotion: 'reduce',
        permissions: ['clipboard-read', 'clipboard-write'],
      });
    }
    const page = await context.newPage();
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(`${address}: ${message.text()}`);
    });
    page.on('pageerror', (error) => complaints.push(`${address}: ${error.message}`));
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${origin}/`))
        complaints.push(`${address} asks for ${request.url()}`);
    });
    await page.goto(origin + address, { waitUntil: 'load' });
    return page;
  }

  /** The contents, and one with pictures of every kind: with titles and without. */
  const tutorials = ['00', '10'].map((start) => {
    const list = readFileSync(path.join(dist, 'tutorial', 'index.html'), 'utf8');
    return present(new RegExp(`href="(/tutorial/${start}[^"]*)"`).exec(list))[1];
  });
  const pages = [
    '/',
    '/guides/custom-op/',
    '/guides/modes-and-tolerances/',
    '/explanation/structured-differences/',
    '/playground/',
    '/guides/fixes/',
    '/guides/field-study/',
    ...tutorials,
  ];
  const looks = [
    [1300, 'light'],
    [1300, 'dark'],
    [420, 'light'],
    [420, 'dark'],
  ] as const;

  test.each([
    ...pages,
    ...pages.map((page) => `/zh-cn${page}`),
    '/reference/gradparity/functions/gradcheck/',
    '/404.html',
  ])('%s: axe finds nothing and nothing hangs over', async (address) => {
    // The first pages in every look, the others in two that have everything in them.
    const seen = ['/', '/zh-cn/'].includes(address) ? looks : [looks[0], looks[3]];
    const page = await open(address, ...seen[0]);
    for (const [place, [width, colorScheme]] of seen.entries()) {
      if (place > 0) {
        await page.setViewportSize({ width, height: 900 });
        await page.emulateMedia({ colorScheme });
        await page.reload({ waitUntil: 'load' });
      }
      const shown = await page.evaluate(() => {
        const { lang, dataset, scrollWidth } = document.documentElement;
        return { language: lang, theme: dataset.theme, width: scrollWidth };
      });
      expect({ ...shown, violations: await violations(page) }).toEqual({
        language: address.startsWith('/zh-cn/') ? 'zh-CN' : 'en',
        theme: colorScheme,
        width,
        violations: [],
      });
    }
  });

  test('axe finds what is wrong, and what is too wide is seen', async () => {
    const page = await open('/', 420);
    await page.evaluate(() => {
      document
        .querySelector('main')
        ?.insertAdjacentHTML('beforeend', '<img src="data:,"><p style="width: 600px">x');
    });
    expect((await violations(page)).join(' ')).toContain('image-alt');
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeGreaterThan(420);
  });

  test('from the first page it is one click to the guide to the checker, in both languages', async () => {
    for (const [start, guide] of [
      ['/', '/guides/custom-op/'],
      ['/zh-cn/', '/zh-cn/guides/custom-op/'],
    ]) {
      const page = await open(start);
      await page.locator('.hero a').first().click();
      await page.waitForURL(`**${guide}`);
      expect(await page.locator('pre').first().textContent()).toContain('gradcheck');
    }
  });

  test.each([
    ['/', 'gradient of a broadcast bias', /custom-op/],
    ['/zh-cn/', '折点', /kinks/],
  ])('%s: the search finds %s', async (address, words, wanted) => {
    const page = await open(address);
    // Starlight makes the field in an idle moment of the page. A headless Chromium whose dialog is open before the first one may never have another.
    const field = page.locator('dialog input');
    await field.waitFor({ state: 'attached' });
    await page.keyboard.press('Control+k');
    await field.waitFor();
    await field.fill(words);
    const links = page.locator('dialog .pagefind-ui__result-link');
    await links.first().waitFor();
    const addresses = await links.evaluateAll((all) => all.map((a) => a.getAttribute('href')));
    expect(addresses.join(' ')).toMatch(wanted);
  });

  test('formulas are there, made at the build, with MathML for screen readers', async () => {
    const page = await open('/explanation/structured-differences/');
    expect(await page.locator('.katex-display math[display=block]').count()).toBeGreaterThan(3);
    expect(await page.evaluate(() => document.fonts.check('16px KaTeX_Main'))).toBe(true);
    expect(await page.locator('.katex-error').count()).toBe(0);
  });

  describe('the table of gradients', () => {
    test('who looks for an op finds its row and its findings; the address keeps the question', async () => {
      const page = await open('/tfjs/gradients/?op=mirrorPad');
      expect(await page.inputValue('input[name=op]')).toBe('mirrorPad');
      expect(await page.locator('details[id^="mirrorPad"]:visible').count()).toBeGreaterThan(0);
      expect(await page.locator('details[id^="avgPool"]:visible').count()).toBe(0);
      await page.fill('input[name=op]', '');
      await page.selectOption('select[name=direction]', 'second-order');
      expect(new URL(page.url()).search).toBe('?direction=second-order');
      expect(await page.locator('details[id*="/second-order"]:visible').count()).toBeGreaterThan(50);
      expect(await page.locator('details[id*="/forward"]:visible').count()).toBe(0);
    });

    // The English page has the same tables.
    test('axe finds nothing', async () => {
      const page = await open('/zh-cn/tfjs/gradients/?op=avgPool', 420, 'dark');
      const ids = await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => id));
      expect(new Set(ids).size).toBe(ids.length);
      // axe passes over what is not shown, and takes a quarter of a minute for it.
      await page.evaluate(() => document.querySelectorAll('main [hidden]').forEach((one) => one.remove()));
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(420);
    });
  });

  describe('the playground', () => {
    const part = (name: string): string => `#playground [data-part="${name}"]`;

    async function playground(
      address = '/playground/',
      width = 1300,
      scheme: 'light' | 'dark' = 'light',
    ): Promise<Page> {
      const page = await open(address, width, scheme);
      await page.locator(`${part('start')}:enabled`).waitFor({ timeout: 60_000 });
      return page;
    }

    async function write(page: Page, code: string): Promise<void> {
      await page.locator('#playground .cm-content').click();
      await page.keyboard.press('Control+a');
      await page.keyboard.insertText(code);
    }

    /** The heading of what came of it, and the first sentence. */
    async function check(page: Page): Promise<{ kind: string; title: string; says: string }> {
      await page.locator(part('start')).click();
      const heading = page.locator('#playground .verdict');
      await heading.waitFor({ timeout: 60_000 });
      return {
        kind: (await heading.getAttribute('class'))?.replace('verdict ', '') ?? '',
        title: (await heading.textContent()) ?? '',
        says: (await page.locator('#playground .says').first().textContent()) ?? '',
      };
    }

    test('each example gets its verdict, without the fixes and with them', async () => {
      const page = await playground();
      for (const { id, verdict, fixed } of examples) {
        await page.selectOption(part('example'), id);
        expect([id, (await check(page)).kind]).toEqual([id, verdict]);
        await page.check(part('fixes'));
        expect([id, (await check(page)).kind]).toEqual([id, fixed]);
        await page.uncheck(part('fixes'));
        expect([id, (await check(page)).kind]).toEqual([id, verdict]);
      }
    });

    test('the diagnosis, the table and the map of the error are there, in double precision', async () => {
      const page = await playground();
      const { title, says } = await check(page);
      expect(title).toBe('Wrong');
      expect(says).toBe(
        'input 0: the gradient is off by a constant factor: it is ½ times what it should be.',
      );
      expect(await page.locator('#playground .facts').textContent()).toContain('double precision');
      expect(await page.locator('#playground figure').count()).toBeGreaterThanOrEqual(2);
      expect(await page.locator('#playground figure').first().locator('rect').count()).toBe(12);
      expect(await page.locator('#playground tbody tr').first().textContent()).toContain('[3,4]');
    });

    test('in Chinese it speaks Chinese, with the original beside it', async () => {
      const page = await playground('/zh-cn/playground/');
      const { title, says } = await check(page);
      expect([title, says]).toEqual(['错误', '输入 0：梯度差一个常数因子：是正确值的 ½ 倍。']);
      expect(await page.locator('#playground details p[lang=en]').textContent()).toContain(
        'off by a constant factor',
      );
    });

    test.each([
      ['/playground/', 1300, 'light'],
      ['/playground/', 420, 'dark'],
      ['/zh-cn/playground/', 420, 'light'],
      ['/zh-cn/playground/', 1300, 'dark'],
    ] as const)('%s at %i px, %s: axe finds nothing beside a result', async (address, width, scheme) => {
      const page = await playground(address, width, scheme);
      await page.selectOption(part('example'), 'kink');
      expect((await check(page)).kind).toBe('kink');
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    });

    test('mistakes in the code are told in a sentence, with their line', async () => {
      const page = await playground();
      const mistakes = [
        ['const f = (x) => tf.square(x;', 'syntax', /^Line 1: The code cannot be read/],
        [
          'const f = (x) => tf.square(x);\nconst inputs = [nothing];',
          'throws',
          /^Line 2: The code throws: nothing is not defined/,
        ],
        ['const inputs = [1];', 'missing f', /does not define f/],
        ['const f = (x) => x;', 'missing inputs', /does not define inputs/],
        ["import { f } from 'torch';\nconst g = f;", 'module', /There is no module torch here/],
        ['const f = () => tf.scalar(1);\nconst inputs = [1];', 'nothing to check', /gradcheck: /],
        [
          'const f = (x) => {\n  throw new Error("my own");\n};\nconst inputs = [1];',
          'f throws',
          /^Line 2: .*my own/,
        ],
        ['const f = (x) => x;\nconst inputs = [[1, NaN]];', 'NaN', /gradcheck: /],
        ['let f = 1; const inputs = [1];', 'no function', /gradcheck: /],
      ] as const;
      for (const [code, what, wanted] of mistakes) {
        await write(page, code);
        const { kind, says } = await check(page);
        expect([what, kind, says]).toEqual([what, 'failed', expect.stringMatching(wanted)]);
      }
    });

    test('TypeScript, imports, other options and what is printed are understood', async () => {
      const page = await playground();
      await write(
        page,
        "import * as tf from '@tensorflow/tfjs';\nimport { sigmoid } from 'gradparity';\nexport const f = (x: tf.Tensor) => sigmoid(x);\nexport const inputs: number[][] = [[1, 2]];\nconst options = { order: 2 as const };\nconsole.log('so', [1, 2]);\n",
      );
      expect((await check(page)).kind).toMatch(/right|wrong/);
      expect(await page.locator('#playground pre').textContent()).toBe('so [1,2]');
      expect(await page.locator('#playground .facts').textContent()).toContain('gradient’s gradient');
    });

    test('an endless loop leaves the page alone, and Stop ends it', async () => {
      const page = await playground();
      await write(page, 'const f = (x) => { for (;;); };\nconst inputs = [1];');
      await page.click(part('start'));
      await page.locator(part('status')).getByText('1 s').waitFor();
      await page.click(part('stop'));
      expect(await page.locator(part('status')).textContent()).toBe('Stopped.');
      await page.locator(`${part('start')}:enabled`).waitFor({ timeout: 60_000 });
      await page.selectOption(part('example'), 'right');
      expect((await check(page)).kind).toBe('right');
    });

    test('a link carries the code and what is chosen; a damaged one says so', async () => {
      const page = await playground();
      const code = '// 平方\nconst f = (x) => tf.square(x);\nconst inputs = [[1, 2]];\n';
      await write(page, code);
      await page.check(part('second'));
      await page.check(part('fixes'));
      await page.click(part('share'));
      await page.locator(part('status')).getByText('The link is copied').waitFor();
      const link = await page.evaluate(() => navigator.clipboard.readText());
      expect(link).toBe(page.url());
      const other = await playground(link.slice(origin.length));
      expect((await other.locator('.cm-line').allTextContents()).join('\n')).toBe(code);
      expect(await other.isChecked(part('second'))).toBe(true);
      expect(await other.isChecked(part('fixes'))).toBe(true);
      const damaged = await playground('/playground/#code=xyz');
      expect(await damaged.locator(part('status')).textContent()).toContain('damaged');
      expect((await check(damaged)).kind).toBe('wrong');
    });

    test('the keyboard alone is enough', async () => {
      const page = await playground();
      await page.locator(part('example')).focus();
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.className)).toContain('cm-content');
      await page.keyboard.press('Control+Enter');
      await page.locator('#playground .verdict').waitFor();
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.getAttribute('data-part'))).toBe('second');
    });
  });
});

describe('the diagnosis in Chinese', () => {
  test('sentences of the usual mistakes are known', () => {
    expect(inChinese('dw: dy is ignored: the gradient is that for a dy of ones. Multiply by dy.')).toBe(
      'dw：没有用到 dy：这是 dy 全为 1 时的梯度。请乘以 dy。',
    );
    expect(inChinese('input 0: the gradient is wrong only where x < 0.')).toBe(
      '输入 0：只有在 x < 0 的部分，梯度是错的。',
    );
    expect(inChinese('Second order: x: the gradient at [0] is 1, the differences give 2.')).toBe(
      '二阶：x：在 [0] 处，梯度是 1，数值微分给出 2。',
    );
    expect(
      inChinese(
        'b: the gradient is off by a constant factor: it is 1/3 times what it should be (axis 0 of input 1 has length 3).',
      ),
    ).toBe('b：梯度差一个常数因子：是正确值的 1/3 倍（输入 1 的轴 0 的长度是 3）。');
    expect(inChinese('A sentence of no form that is known.')).toBeUndefined();
    expect(
      inChinese(
        "f uses MirrorPad, whose gradient in TensorFlow.js 4.22 is wrong (docs/tfjs-gradients.md; import 'gradparity/fixes' mends it).",
      ),
    ).toBe(
      'f 用到了 MirrorPad，它在 TensorFlow.js 4.22 中的梯度是错的。勾选“使用 gradparity 的修正”可以修正。',
    );
    expect(
      inChinese(
        "f also uses AvgPool, whose second derivative in TensorFlow.js 4.22 is wrong on the backend cpu (docs/tfjs-gradients.md): the mistake may be there, or in a gradient function of f's own.",
      ),
    ).toBe(
      'f 还用到了 AvgPool，它在 TensorFlow.js 4.22 的 cpu 后端上的二阶导数是错的：错误可能出在那里，也可能出在 f 自己的梯度函数中。',
    );
    expect(inChinese('the gradient is wrong only at the indices 1 to 2 of axis 0.')).toBe(
      '梯度只在以下位置是错的：轴 0 的下标 1 至 2。',
    );
  });

  test('each example has its comment in both languages', () => {
    for (const example of examples) {
      expect(codeOf(example, 'zh')).toMatch(/\p{Script=Han}/u);
      expect(codeOf(example, 'en')).not.toMatch(/\p{Script=Han}/u);
    }
  });
});
