/**
 * The fixes in processes of their own, from the built package: with copies of TensorFlow.js beside each other, before a backend is there, in
 * workers, and with another version. Oracle: the closed forms of gradients.test.ts.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../..', import.meta.url));
// Within the package, which its own name stands for there.
mkdirSync(path.join(root, 'runs'), { recursive: true });
const scratch = mkdtempSync(path.join(root, 'runs', 'fixes-test-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const place = path.join(scratch, name);
  writeFileSync(place, text);
  return place;
}

const run = (name: string, text: string): unknown =>
  JSON.parse(
    execFileSync(process.execPath, [file(name, text)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );

/** The gradient of cumsum down the columns of ones, and of max at a tie; wrong without the fixes. */
const gradients =
  'const gradients = (t) => [...t.grad((x) => t.cumsum(x, 0))(t.ones([2, 2])).dataSync(), ...t.grad((x) => t.max(x))(t.tensor1d([1, 3, 3])).dataSync()];';
const right = [2, 2, 1, 1, 0, 0.5, 0.5];

test('a copy of TensorFlow.js that is loaded later, of another build, shares them, and takes nothing away', () => {
  const printed = run(
    'copy.mjs',
    `import { createRequire } from 'node:module';
    import { readFileSync } from 'node:fs';
    import vm from 'node:vm';
    import * as tf from '@tensorflow/tfjs';
    import { fixesIntact, removeFixes } from 'gradparity/fixes';
    ${gradients}
    const require = createRequire(import.meta.url);
    const found = [gradients(tf)];
    // Once more the same files, and the minified build that a page loads by a script tag.
    const place = require.resolve('@tensorflow/tfjs');
    require('@tensorflow/tfjs');
    for (const key of Object.keys(require.cache)) if (/@tensorflow/.test(key)) delete require.cache[key];
    const second = require('@tensorflow/tfjs');
    // In Node it asks for packages of Node.
    globalThis.require = require;
    vm.runInThisContext(readFileSync(place.replace(/[^/\\\\]*$/, 'tf.min.js'), 'utf8'));
    const third = globalThis.tf;
    found.push(gradients(second), gradients(third), gradients(tf));
    const { intact } = fixesIntact();
    removeFixes();
    found.push(gradients(third));
    console.log(JSON.stringify({ found, intact, copies: new Set([tf.grad, second.grad, third.grad]).size }));`,
  ) as { found: number[][]; intact: boolean; copies: number };
  expect(printed.copies).toBe(3);
  expect(printed.found.slice(0, 4)).toEqual([right, right, right, right]);
  expect(printed.intact).toBe(true);
  expect(printed.found[4]).not.toEqual(right);
});

test('classes are those of each copy: of the one of a script tag, and of those that are given', () => {
  const printed = run(
    'classes.mjs',
    `import { createRequire } from 'node:module';
    import { readFileSync } from 'node:fs';
    import vm from 'node:vm';
    import * as tf from '@tensorflow/tfjs';
    import { applyFixes, fixesIntact, removeFixes } from 'gradparity/fixes';
    // Of two variables by turns, each goes by its own steps: 1, and 1 + 1.5.
    const byTurns = (t) => {
      const [a, b] = [t.variable(t.scalar(0)), t.variable(t.scalar(0))];
      const optimizer = t.train.momentum(1, 0.5);
      for (const x of [a, b, b]) optimizer.applyGradients([{ name: x.name, tensor: t.scalar(1) }]);
      return [...a.dataSync(), ...b.dataSync()];
    };
    const require = createRequire(import.meta.url);
    const place = require.resolve('@tensorflow/tfjs');
    for (const key of Object.keys(require.cache)) if (/@tensorflow/.test(key)) delete require.cache[key];
    const second = require('@tensorflow/tfjs');
    globalThis.require = require;
    vm.runInThisContext(readFileSync(place.replace(/[^/\\\\]*$/, 'tf.min.js'), 'utf8'));
    await null;
    const third = globalThis.tf;
    const found = [byTurns(tf), byTurns(third), byTurns(second)];
    applyFixes({ copies: [second] });
    found.push(byTurns(second));
    const { intact } = fixesIntact();
    removeFixes();
    found.push(byTurns(tf), byTurns(second), byTurns(third));
    console.log(JSON.stringify({ found, intact }));`,
  ) as { found: number[][]; intact: boolean };
  const [right, mixed] = [
    [-1, -2.5],
    [-1, -3.25],
  ];
  expect(printed).toEqual({ found: [right, right, mixed, right, mixed, mixed, mixed], intact: true });
});

test('require and import in one process are one', () => {
  const printed = run(
    'both.mjs',
    `import { createRequire } from 'node:module';
    import * as tf from '@tensorflow/tfjs';
    import { fixesIntact, FIXES } from 'gradparity/fixes';
    ${gradients}
    const other = createRequire(import.meta.url)('gradparity/fixes');
    const before = tf.getGradient('Cumsum');
    other.applyFixes();
    const found = [tf.getGradient('Cumsum') === before, gradients(tf), fixesIntact(), other.fixesIntact(), FIXES.length === other.FIXES.length];
    other.removeFixes();
    found.push(gradients(tf));
    console.log(JSON.stringify(found));`,
  ) as unknown[];
  expect(printed.slice(0, 5)).toEqual([
    true,
    right,
    { intact: true, lost: [] },
    { intact: true, lost: [] },
    true,
  ]);
  expect(printed[5]).not.toEqual(right);
});

test('before a backend is there, and in two workers, each by itself', () => {
  const worker = file(
    'worker.mjs',
    `import { parentPort, workerData } from 'node:worker_threads';
    import * as tf from '@tensorflow/tfjs';
    if (workerData) await import('gradparity/fixes');
    ${gradients}
    parentPort.postMessage({ backend: tf.engine().backendName ?? null, found: gradients(tf) });`,
  );
  const printed = run(
    'workers.mjs',
    `import { Worker } from 'node:worker_threads';
    const answers = await Promise.all([true, true, false].map((workerData) => new Promise((resolve, reject) => {
      const worker = new Worker(${JSON.stringify(worker)}, { workerData, stdout: true, stderr: true });
      worker.once('message', resolve);
      worker.once('error', reject);
    })));
    console.log(JSON.stringify(answers));`,
  ) as { backend: string | null; found: number[] }[];
  expect(printed.map(({ backend }) => backend)).toEqual([null, null, null]);
  expect(printed.map(({ found }) => found).slice(0, 2)).toEqual([right, right]);
  expect(printed[2].found).not.toEqual(right);
});

test('with another version of TensorFlow.js a warning names the fixes, once', () => {
  const text = `import * as tf from '@tensorflow/tfjs';
    tf.version['tfjs-core'] = '4.23.0';
    const { applyFixes } = await import('gradparity/fixes');
    applyFixes();
    ${gradients}
    console.log(JSON.stringify(gradients(tf)));`;
  const { stdout, stderr } = spawnSync(process.execPath, [file('version.mjs', text)], { encoding: 'utf8' });
  expect(JSON.parse(stdout)).toEqual(right);
  const told = stderr.split('\n').filter((line) => line.startsWith('gradparity/fixes: '));
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(
    /made for TensorFlow\.js 4\.22\.0 and not tried with 4\.23\.0, .*: tape-order, .*cumsum/,
  );
});

test('docs/fixes.md has the table of the list', () => {
  const { status, stderr } = spawnSync(
    process.execPath,
    [path.join(root, 'scripts/fixes-page.mjs'), '--check'],
    {
      encoding: 'utf8',
    },
  );
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
});
