/** The matchers in projects of their own: Jest with CommonJS, ES modules and ts-jest, Vitest; and a bundle by Vite. */
import path from 'node:path';
import { chromium } from 'playwright-core';
import { chromiumExecutable } from '../../dist/sweep/run/lanes/chromium.js';
import { folder, npmInstall, requireEqual, run } from './project.mjs';

const BODY = `
const double = tf.customGrad((x, save) => {
  save([x]);
  return { value: tf.square(x), gradFunc: (dy, [x]) => tf.mul(dy, tf.mul(x, 4)) };
});
test('right', async () => {
  await expect((x) => tf.square(x)).toHaveRightGradients([[1, 2, 3]]);
  await expect(double).not.toHaveRightGradients([[1, 2, 3]]);
});
test('wrong, and it says how', async () => {
  await expect(expect(double).toHaveRightGradients([[1, 2, 3]])).rejects.toThrow(/2 times what it should be/);
  await expect(expect((x) => tf.square(x)).not.toHaveRightGradients([[1, 2, 3]])).rejects.toThrow(/is right/);
  await expect(expectGradients(double, [[1, 2, 3]])).rejects.toBeInstanceOf(GradientMismatchError);
});
`;
const TYPED = BODY.replaceAll('((x) =>', '((x: tf.Tensor) =>')
  .replace('tf.customGrad((x, save)', 'tf.customGrad(((x: tf.Tensor, save: tf.GradSaveFunc)')
  .replace('(dy, [x])', '(dy: tf.Tensor, [x]: tf.Tensor[])')
  .replace('\n});', '\n}) as never);');

const COMMON_JS = `const tf = require('@tensorflow/tfjs');
const { expectGradients, GradientMismatchError } = require('gradparity');`;
const esm = (setup) => `import * as tf from '@tensorflow/tfjs';
import { expectGradients, GradientMismatchError } from 'gradparity';
${setup}`;

/** In a project into which the package is installed by npm. */
export async function runners(project) {
  npmInstall(
    project,
    'jest@30.5.2',
    'ts-jest@29.4.15',
    'typescript@5.9.3',
    'vitest@4.1.12',
    'vite@7.3.6',
    '@types/node@20.19.43',
    '@types/jest@30.0.0',
  );
  const inside = (name, files) => folder(`${path.basename(project)}/${name}`, files);
  const bin = (...parts) => path.join(project, 'node_modules', ...parts);
  const jest = bin('jest', 'bin', 'jest.js');
  const node = (...args) => run(process.execPath, args.slice(0, -1), args.at(-1));

  // The tape's order by one import, in either kind of module.
  const second =
    'const of = tf.grad((x) => tf.grad(tf.exp)(x))(tf.scalar(0)).dataSync()[0];\nif (of !== 1) throw new Error(`${of}`);\n';
  const fixes = inside('fixes', {
    'package.json': { private: true },
    'a.cjs': `const tf = require('@tensorflow/tfjs');\nrequire('gradparity/fixes/tape');\n${second}`,
    'a.mjs': `import * as tf from '@tensorflow/tfjs';\nimport 'gradparity/fixes/tape';\n${second}`,
  });
  for (const file of ['a.cjs', 'a.mjs']) node(file, fixes);
  // All fixes, likewise.
  const cumsum =
    "const of = tf.grad((x) => tf.cumsum(x, 0))(tf.ones([2, 1])).dataSync().join();\nif (of !== '2,1') throw new Error(of);\n";
  const all = inside('all-fixes', {
    'package.json': { private: true },
    'a.cjs': `const tf = require('@tensorflow/tfjs');\nrequire('gradparity/fixes');\n${cumsum}`,
    'a.mjs': `import * as tf from '@tensorflow/tfjs';\nimport 'gradparity/fixes';\n${cumsum}`,
  });
  for (const file of ['a.cjs', 'a.mjs']) node(file, all);

  // The matcher in the test file, and by setupFilesAfterEnv.
  node(
    jest,
    inside('jest-cjs', {
      'package.json': { private: true },
      'a.test.js': `${COMMON_JS}\nrequire('gradparity/jest');${BODY}`,
    }),
  );
  node(
    jest,
    inside('jest-setup', {
      'package.json': { private: true, jest: { setupFilesAfterEnv: ['gradparity/jest'] } },
      'a.test.js': COMMON_JS + BODY,
    }),
  );
  node(
    '--experimental-vm-modules',
    jest,
    inside('jest-esm', {
      'package.json': { private: true, type: 'module' },
      'a.test.js': esm("import { expect, test } from '@jest/globals';\nimport 'gradparity/jest';") + BODY,
    }),
  );
  node(
    jest,
    inside('ts-jest', {
      'package.json': { private: true, jest: { preset: 'ts-jest', setupFilesAfterEnv: ['gradparity/jest'] } },
      'tsconfig.json': {
        compilerOptions: {
          target: 'es2022',
          module: 'commonjs',
          strict: true,
          esModuleInterop: true,
          skipLibCheck: true,
          types: ['jest', 'node'],
        },
      },
      'a.test.ts': esm("import 'gradparity/jest';") + TYPED,
    }),
  );
  node(
    bin('vitest', 'vitest.mjs'),
    'run',
    inside('vitest', {
      'package.json': { private: true, type: 'module' },
      'a.test.js': esm("import { expect, test } from 'vitest';\nimport 'gradparity/vitest';") + BODY,
    }),
  );
  const vite = inside('vite', {
    'package.json': { private: true, type: 'module' },
    'vite.config.js':
      "export default { logLevel: 'error', build: { lib: { entry: 'main.js', formats: ['iife'], name: 'built', fileName: 'main' } } };\n",
    'main.js': `import * as tf from '@tensorflow/tfjs';
import { gradcheck } from 'gradparity';
export const verdict = () => gradcheck((x) => tf.tanh(x), [[0.5, -1]]).then(({ verdict }) => verdict);
`,
  });
  node(bin('vite', 'bin', 'vite.js'), 'build', vite);
  requireEqual('the page that Vite built', await inBrowser(path.join(vite, 'dist', 'main.iife.js')), 'right');
}

/** What the bundle says in the Chromium that is installed. */
async function inBrowser(bundle) {
  const executablePath = chromiumExecutable();
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ path: bundle });
    return await page.evaluate('built.verdict()');
  } finally {
    await browser.close();
  }
}
