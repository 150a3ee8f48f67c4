/** Runs programs of the report in Chromium, as modules that import what a bundler would give them. */
import { existsSync } from 'node:fs';
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

const ADDRESS = 'https://gradparity.invalid';
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

/** A browser for programs, each of which has a page of its own. */
export async function openPrograms(): Promise<{
  run(code: string, seconds: number): Promise<BrowserEnding>;
  close(): Promise<void>;
}> {
  const files = await modules();
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
  const script = { contentType: 'text/javascript' };
  return {
    async run(code, seconds) {
      const page: Page = await browser.newPage();
      let [out, err] = ['', ''];
      page.on('console', (message) => {
        if (message.type() === 'log') out += `${message.text()}\n`;
        else err += `${message.text()}\n`;
      });
      await page.route('**/*', (route) => {
        const { pathname } = new URL(route.request().url());
        const body = pathname === '/program.js' ? code : files.get(pathname);
        return route.fulfill(
          body === undefined ? { contentType: 'text/html', body: html } : { ...script, body },
        );
      });
      await page.goto(ADDRESS);
      let timer: NodeJS.Timeout | undefined;
      const ended = page
        .evaluate(() => {
          const program = '/program.js';
          return import(program).then(
            () => undefined,
            (error: unknown) => String((error as Error).stack ?? error),
          );
        })
        .catch((error: Error) => error.message);
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), 1000 * seconds);
      });
      const failure = await Promise.race([ended, late]);
      clearTimeout(timer);
      await page.close();
      return {
        out: out.trim().split('\n').at(-1) ?? '',
        err: err + (failure ?? ''),
        code: failure === undefined ? 0 : 1,
        signal: null,
        late: failure === 'late',
      };
    },
    close: () => browser.close(),
  };
}
