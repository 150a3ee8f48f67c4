/** The demo's files: the page, the model, and the page's script with the TensorFlow.js that is installed here. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DEMO_FILES, demoPage } from '../../pages/demo/html.js';
import type { DemoModel } from '../../pages/demo/model.js';

export type DemoFile = (typeof DEMO_FILES)[number];

/** Their content, each by its name. */
export async function demoFiles(model: DemoModel): Promise<Record<DemoFile, string>> {
  return {
    'index.html': demoPage(),
    'model.js': `globalThis.gradparityDemo = ${JSON.stringify(model)};\n`,
    'demo.js': await bundle(),
  };
}

async function bundle(): Promise<string> {
  const { build } = await import('esbuild');
  const built = fileURLToPath(new URL('../../pages/demo/page.js', import.meta.url));
  const { outputFiles } = await build({
    entryPoints: [existsSync(built) ? built : built.replace(/\.js$/, '.ts')],
    bundle: true,
    write: false,
    minify: true,
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'silent',
  });
  return outputFiles[0].text;
}
