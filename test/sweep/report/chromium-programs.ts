/** Runs programs of the report in Chromium, as modules that import what a bundler would give them. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';
import { chromiumExecutable } from '../../../src/sweep/run/lanes/chromium.js';

export interface BrowserEnding {
  out: string;
  err: string;
  code: number | null;
  signal: string | null;
  late: boolean;
}

/** Whether a program is for a browser. */
export const isForBrowser = ({ code }: { code: string }): boolean =>
  /setBackend\('webg(?:l|pu)'\)/.test(code);

const root = (name: string): string => fileURLToPath(new URL(`../../../${name}`, import.meta.url));

/** The modules that programs import, by their names; what they share is shared. */
async function modules(): Promise<Map<string, string>> {
  const entries: Record<string, string> = {
    tfjs: '@tensorflow/tfjs',
    webgpu: '@tensorflow/tfjs-backend-webgpu',
    fixes: root('dist/fixes/index.js'),
  };
  if (!existsSync(entries.fixes)) delete entries.fixes;
  const { outputFiles } = await build({
    entryPoints: entries,
    absWorkingDir: root('.'),
    outdir: '/',
    bundle: true,
    splitting: true,
    format: 'esm',
    write: false,
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  return new Map(outputFiles.map(({ path, text }) => [path, text]));
}

const html = `<!doctype html><title>programs</title><script type="importmap">${JSON.stringify({
  imports: {
    '@tensorflow/tfjs': '/tfjs.js',
    '@tensorflow/tfjs-backend-webgpu': '/webgpu.js',
    'gradparity/fixes': '/fixes.js',
  },
})}</script>`;

export interface Programs {
  /**
   * What programs did, one after the other in one page, by their places. Those after one that did not end within so many seconds are not
   * there.
   */
  run(codes: readonly string[], seconds: number): Promise<BrowserEnding[]>;
  close(): Promise<void>;
}

/**
 * Browsers for programs. A program may end what all pages of its browser share, so that one runs in a browser at a time; what the modules
 * compile to is kept from page to page.
 */
export async function openPrograms(browsers: number): Promise<Programs[]> {
  const files = await modules();
  const server = createServer(({ url = '/' }, response) => {
    const body = files.get(url);
    response.setHeader('Content-Type', body === undefined ? 'text/html' : 'text/javascript');
    response.setHeader('Cache-Control', 'max-age=3600');
    response.end(body ?? html);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  let open = browsers;
  return Promise.all(
    Array.from({ length: browsers }, async () => {
      const { run, close } = await openBrowser(address);
      return {
        run,
        async close() {
          await close();
          if (--open === 0) server.close();
        },
      };
    }),
  );
}

async function openBrowser(address: string): Promise<Programs> {
  const browser: Browser = await chromium.launch({
    executablePath: chromiumExecutable(),
    args: [
      '--no-sandbox',
      '--enable-unsafe-swiftshader',
      '--enable-unsafe-webgpu',
      '--ignore-gpu-blocklist',
      '--use-gl=angle',
      '--use-angle=swiftshader',
    ],
  });
  const context = await browser.newContext();
  return {
    async run(codes, seconds) {
      const page = await context.newPage();
      let [out, err] = ['', ''];
      page.on('console', (message) => {
        if (message.type() === 'log') out += `${message.text()}\n`;
        else err += `${message.text()}\n`;
      });
      await page.goto(address);
      const endings: BrowserEnding[] = [];
      for (const code of codes) {
        [out, err] = ['', ''];
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<'late'>((resolve) => {
          timer = setTimeout(() => resolve('late'), 1000 * seconds);
        });
        const failure = await Promise.race([failureOf(page, code), late]);
        clearTimeout(timer);
        endings.push({
          out: out.trim().split('\n').at(-1) ?? '',
          err: err + (failure ?? ''),
          code: failure === undefined ? 0 : 1,
          signal: null,
          late: failure === 'late',
        });
        if (failure === 'late') break;
      }
      await page.close();
      return endings;
    },
    close: () => browser.close(),
  };
}

/** The error that a program ends with in the page. */
const failureOf = (page: Page, code: string): Promise<string | undefined> =>
  page
    .evaluate((source) => {
      const program = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
      return import(program).then(
        () => undefined,
        (error: unknown) => String((error as Error).stack ?? error),
      );
    }, code)
    .catch((error: Error) => error.message);
