/** What a page's script finds in a real browser. */
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import { present } from './present.js';

/** Switches for WebGL by Chromium's software renderer. */
export const WEBGL = ['--enable-unsafe-swiftshader', '--use-gl=angle', '--use-angle=swiftshader'];

/** Bundles the script, and runs in Chromium the function `run` that it makes global. */
export async function foundInChromium<T>(
  executablePath: string | undefined,
  script: string,
  switches: readonly string[] = [],
): Promise<T> {
  const { outputFiles } = await build({
    entryPoints: [script],
    bundle: true,
    platform: 'browser',
    logLevel: 'error',
    write: false,
  });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', ...switches] });
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ content: present(outputFiles[0]).text });
    return await page.evaluate('run()');
  } finally {
    await browser.close();
  }
}
