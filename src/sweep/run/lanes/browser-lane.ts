/** A lane in a headless Chromium of its own: WebGL and WebGPU, on the graphics card or in software. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { EnvironmentError } from '../../../errors.js';
import { optional } from '../../../optional.js';
import type { SweepCase } from '../../cases/case.js';
import type {
  LostObservation,
  Observation,
  Phase,
  Stage,
  SweepBackend,
} from '../../observation/observation.js';
import { chromiumExecutable } from './chromium.js';
import { lostTo, type Lane, type LaneLimits } from './lane.js';
import type { PageApi } from './page.js';

const switches = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
  '--enable-unsafe-swiftshader',
  '--enable-unsafe-webgpu',
  '--ignore-gpu-blocklist',
  '--use-gl=angle',
  '--use-angle=swiftshader',
];

/** An address that is never looked up: the lane answers it itself. WebGPU wants a secure page. */
const ADDRESS = 'https://gradparity.invalid/';
/** Seconds that a page may take to load the bundle and to start the backend. */
const START_LIMIT = 60;

export class BrowserLane implements Lane {
  private browser: Browser | undefined;
  private page: Page | undefined;
  private phase: Phase = 'forward';

  /** @param withFixes whether `gradparity/fixes` are in place in the page */
  constructor(
    private readonly limits: LaneLimits,
    private readonly withFixes = false,
  ) {}

  async observe(
    one: SweepCase,
    stage: Stage,
    timeLimit = this.limits.timeLimit,
    afresh = false,
  ): Promise<Observation> {
    const page = await this.running(stage as SweepBackend);
    this.phase = 'forward';
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<LostObservation['lost']>((resolve) => {
      timer = setTimeout(() => resolve('hangs'), 1000 * timeLimit);
    });
    const dead = new Promise<LostObservation['lost']>((resolve) => {
      page.once('crash', () => resolve('crashes'));
      page.once('close', () => resolve('crashes'));
    });
    // Playwright's types would unfold the case's, which are recursive.
    const ask = page.evaluate.bind(page) as unknown as (
      f: (argument: [SweepCase, SweepBackend, boolean]) => Promise<Observation>,
      argument: unknown,
    ) => Promise<Observation>;
    const answer = ask(
      ([each, backend, renewed]) =>
        (globalThis as unknown as { gradparity: PageApi }).gradparity.observe(each, backend, renewed),
      [one, stage, afresh],
    ).catch((): LostObservation['lost'] => 'crashes');
    const outcome = await Promise.race([answer, late, dead]);
    clearTimeout(timer);
    page.removeAllListeners('crash');
    page.removeAllListeners('close');
    if (typeof outcome !== 'string') return outcome;
    await this.close();
    return lostTo(outcome, stage, this.phase, this.limits);
  }

  private async running(backend: SweepBackend): Promise<Page> {
    if (this.page && !this.page.isClosed()) return this.page;
    this.browser ??= await launch();
    const page = await openPage(this.browser, backend, this.withFixes);
    await page.exposeFunction('gradparityPhase', (phase: Phase) => {
      this.phase = phase;
    });
    this.page = page;
    return page;
  }

  async close(): Promise<void> {
    const { browser } = this;
    this.browser = undefined;
    this.page = undefined;
    await browser?.close().catch(() => {});
  }
}

async function launch(): Promise<Browser> {
  const { chromium } = await optional(
    'A browser backend',
    ['playwright-core'],
    () => import('playwright-core'),
  );
  const executablePath = chromiumExecutable();
  if (executablePath === undefined) {
    throw new EnvironmentError(
      'The browser backends need Chromium, and none was found. Install it, or set CHROMIUM to its executable.',
    );
  }
  try {
    return await chromium.launch({
      executablePath,
      args: switches,
      // Ctrl-C is for the process, which ends its stage first.
      handleSIGINT: false,
      handleSIGTERM: false,
    });
  } catch (error) {
    throw new EnvironmentError(
      `Chromium (${executablePath}) does not start: ${(error as Error).message.split('\n')[0]}`,
      { cause: error },
    );
  }
}

/** A page with the bundle in it and the backend started. */
async function openPage(browser: Browser, backend: SweepBackend, withFixes = false): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(1000 * START_LIMIT);
  await page.route('**/*', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>gradparity</title>' }),
  );
  await page.goto(ADDRESS);
  await page.addScriptTag({ content: await bundle() });
  const started = await page.evaluate(
    ([name, fixes]) => (globalThis as unknown as { gradparity: PageApi }).gradparity.start(name, fixes),
    [backend, withFixes] as const,
  );
  if (!started) {
    throw new EnvironmentError(
      `The backend ${backend} does not start in this Chromium${backend === 'webgpu' ? ': it has no WebGPU adapter' : ''}. Leave it out of --backends.`,
    );
  }
  return page;
}

let bundled: Promise<string> | undefined;

/** page.ts with the TensorFlow.js that is installed here, and its WebGPU backend where that is. */
function bundle(): Promise<string> {
  return (bundled ??= (async () => {
    const { build } = await import('esbuild');
    const folder = path.dirname(fileURLToPath(import.meta.url));
    const page = fileURLToPath(new URL('./page.js', import.meta.url));
    const webgpu = '@tensorflow/tfjs-backend-webgpu';
    const lines = [
      `import { api } from '${existsSync(page) ? './page.js' : './page.ts'}';`,
      'globalThis.gradparity = api;',
    ];
    if (isInstalled(webgpu)) lines.unshift(`import '${webgpu}';`);
    const { outputFiles } = await build({
      stdin: {
        contents: lines.join('\n'),
        resolveDir: folder,
      },
      bundle: true,
      write: false,
      minify: true,
      platform: 'browser',
      target: 'es2022',
      logLevel: 'silent',
    });
    return outputFiles[0].text;
  })());
}

function isInstalled(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** The browser's version, once the backend has started in it. */
export async function browserVersion(backend: 'webgl' | 'webgpu'): Promise<string> {
  const browser = await launch();
  try {
    await openPage(browser, backend);
    return browser.version();
  } finally {
    await browser.close();
  }
}
