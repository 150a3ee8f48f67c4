/**
 * `npm run check:package`: what would be published works for those who install it. Packs the package, installs the tarball in an
 * empty project and uses it there: imports, types, the command line.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = fileURLToPath(new URL('..', import.meta.url));
const project = mkdtempSync(path.join(os.tmpdir(), 'gradparity-package-'));

function run(command, args, cwd = project) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${error ?? stdout + stderr}`);
  return stdout;
}

const write = (name, content) => writeFileSync(path.join(project, name), content);

/** The matcher in projects of their own: Jest with CommonJS and with ES modules, and Vitest. */
function testFrameworks() {
  run('npm', [
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    'jest@30.5.2',
    'vitest@4.1.12',
    '@types/node@20.19.43',
  ]);
  const body = `
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
  const commonJs = `const tf = require('@tensorflow/tfjs');
const { expectGradients, GradientMismatchError } = require('gradparity');
require('gradparity/jest');`;
  const esm = (setup) => `import * as tf from '@tensorflow/tfjs';
import { expectGradients, GradientMismatchError } from 'gradparity';
${setup}`;
  const jest = path.join(project, 'node_modules', 'jest', 'bin', 'jest.js');
  const folder = (name, type, files) => {
    mkdirSync(path.join(project, name));
    write(`${name}/package.json`, JSON.stringify({ name, private: true, type }));
    for (const [file, content] of Object.entries(files)) write(`${name}/${file}`, content);
    return path.join(project, name);
  };
  run(process.execPath, [jest], folder('jest-cjs', 'commonjs', { 'a.test.js': commonJs + body }));
  run(
    process.execPath,
    ['--experimental-vm-modules', jest],
    folder('jest-esm', 'module', {
      'a.test.js': esm("import { expect, test } from '@jest/globals';\nimport 'gradparity/jest';") + body,
    }),
  );
  run(
    process.execPath,
    [path.join(project, 'node_modules', 'vitest', 'vitest.mjs'), 'run'],
    folder('vitest', 'module', {
      'a.test.js': esm("import { expect, test } from 'vitest';\nimport 'gradparity/vitest';") + body,
    }),
  );

  // The matcher's types, as an ES module and as CommonJS see them.
  const typed = (framework) => `import { expect } from '${framework === 'jest' ? '@jest/globals' : 'vitest'}';
import { square, type Tensor } from '@tensorflow/tfjs';
import { gradcheck, type GradcheckReport } from 'gradparity';
import 'gradparity/${framework}';
const report: Promise<GradcheckReport> = gradcheck((x: Tensor) => square(x), [[1, 2]]);
const passed: Promise<void> = expect((x: Tensor) => square(x)).toHaveRightGradients([[1, 2]], { mode: 'fast' });
// @ts-expect-error -- there is no such mode
void expect(square).toHaveRightGradients([[1, 2]], { mode: 'slow' });
export { passed, report };
`;
  write('jest-esm/types.ts', typed('jest'));
  write('jest-cjs/types.ts', typed('jest'));
  write('vitest/types.ts', typed('vitest'));
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const options = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    'node',
  ];
  for (const name of ['jest-esm', 'jest-cjs', 'vitest'])
    run(process.execPath, [compiler, ...options, `${name}/types.ts`]);
}

try {
  const { messages, pkg } = await publint({ pkgDir: root, strict: true });
  if (messages.length > 0) throw new Error(messages.map((message) => formatMessage(message, pkg)).join('\n'));

  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', project], root);
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz'));
  const listed = run('tar', ['-tzf', path.join(project, tarball)]).split('\n');
  const stray = listed.filter(
    (name) =>
      name && !/^package\/(dist|models)\/|^package\/[A-Z]+(\.md)?$|^package\/package\.json$/.test(name),
  );
  if (stray.length > 0) throw new Error(`The package holds files it should not: ${stray.join(', ')}.`);

  write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }));
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', tarball]);

  write(
    'use.ts',
    `import * as tf from '@tensorflow/tfjs';
import { numericalGradient, TwoLayerNet, type History } from 'gradparity';
import { selectBackend, type BackendName } from 'gradparity/node';
const { name }: { name: BackendName } = await selectBackend('cpu');
const gradient: tf.Tensor = numericalGradient((x) => tf.sum(tf.square(x)), [1, 2, 3]);
const network = new TwoLayerNet({ inputSize: 3, hiddenSize: 2, outputSize: 2, seed: 1 });
const W1: tf.Variable = network.parameters.W1;
export const history: History | undefined = undefined;
console.log(name, W1.shape.join('x'), Array.from(gradient.dataSync(), Math.round).join(' '));
`,
  );
  write(
    'tsconfig.json',
    JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'es2022',
        strict: true,
        skipLibCheck: true,
        types: [],
        outDir: 'out',
        rootDir: '.',
      },
      files: ['use.ts'],
    }),
  );
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  run(process.execPath, [compiler]);
  const printed = run(process.execPath, ['out/use.js']).trim();
  if (printed !== 'cpu 3x2 2 4 6')
    throw new Error(`A consumer's program printed "${printed}" instead of "cpu 3x2 2 4 6".`);

  testFrameworks();

  const { gates } = JSON.parse(run('npx', ['--no-install', 'gradparity', 'gates', '--json']));
  if (gates.length !== 4) throw new Error('The installed command line does not print the four gates.');
  console.log(
    `The package is sound: ${listed.length - 1} files, imports, types, the matchers of Jest and Vitest and the command line work when installed.`,
  );
} catch (error) {
  console.error(`check:package: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(project, { recursive: true, force: true });
}
