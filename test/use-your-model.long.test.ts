/**
 * Each program of docs/use-your-model.md, as it stands: in Chromium, in Node, in numpy and in Keras, with weights of every kind that
 * `export` writes. Oracle: the network itself, which the export was made from. Its agreement with Keras is printed.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { chromium } from 'playwright-core';
import { must, pythonEnvironment } from '../scripts/python-environment.mjs';
import { selectBackend } from '../src/backends/select.js';
import { loadModel } from '../src/models/files.js';
import { chromiumExecutable } from '../src/sweep/run/lanes/chromium.js';
import { gradparity } from './cli/run-cli.js';
import { expectClose, expectRejected } from './support/close.js';
import { present } from './support/present.js';

const root = path.resolve(import.meta.dirname, '..');
const page = readFileSync(path.join(root, 'docs', 'use-your-model.md'), 'utf8');
const blockOf = (language: string, mark: string): string =>
  present(
    Array.from(page.matchAll(/^```(\w+)\n(.*?)^```$/gms)).find(
      ([, of, code]) => of === language && code.includes(mark),
    ),
  )[2];
const numpy = blockOf('python', 'import json');
const keras = blockOf('python', 'import keras');
const python = (): string => pythonEnvironment(path.join(root, 'witnesses', 'requirements.txt'));

/** Printed with four digits. */
const PRINTED = { absolute: 6e-5 };
const numbersIn = (line: string): number[] => line.trim().split(' ').map(Number);

let folder: string;
let expected: number[];
beforeAll(async () => {
  mkdirSync(path.join(root, 'runs'), { recursive: true });
  // Inside the package, so that the import of `gradparity` finds the built package itself.
  folder = mkdtempSync(path.join(root, 'runs', 'use-'));
  const { code, stderr } = await gradparity(['export', '--output', 'model'], { cwd: folder });
  if (code !== 0) throw new Error(stderr);
  await selectBackend('cpu');
  expected = await answerOf(path.join(root, 'models', 'mnist-784-50-10'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function answerOf(model: string): Promise<number[]> {
  const network = await loadModel(model);
  const answer = tf.tidy(() => Array.from(network.predict(tf.fill([1, 784], 0.5)).dataSync()));
  network.dispose();
  return answer;
}

test('the page tells of no even answer', () => {
  expect(expected.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
  expectRejected(new Array(10).fill(0.1), expected, PRINTED);
});

test('in Node', () => {
  const file = path.join(folder, 'program.mjs');
  writeFileSync(file, blockOf('js', 'gradparity/node'));
  const { stdout, stderr, status } = spawnSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });
  expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
  expectClose(numbersIn(present(stdout.trim().split('\n').at(-1))), expected, PRINTED);
});

(chromiumExecutable() ? test : test.skip)('in the browser', async () => {
  const browser = await chromium.launch({ executablePath: chromiumExecutable(), args: ['--no-sandbox'] });
  try {
    const tab = await browser.newPage();
    await tab.route('**/*', (route) => {
      const { hostname, pathname } = new URL(route.request().url());
      if (hostname === 'cdn.jsdelivr.net') {
        const [, file] = present(/^\/npm\/@tensorflow\/tfjs@[\d.]+(\/.*)$/.exec(pathname));
        return route.fulfill({ path: path.join(root, 'node_modules', '@tensorflow', 'tfjs', file) });
      }
      if (pathname === '/')
        return route.fulfill({ contentType: 'text/html', body: blockOf('html', 'tf.loadLayersModel') });
      return route.fulfill({ path: path.join(folder, pathname) });
    });
    await tab.goto('http://model.invalid/');
    await tab.waitForFunction(() => document.title.includes('0.'), undefined, { timeout: 60_000 });
    // WebGL in software, or the cpu backend.
    expectClose(numbersIn(await tab.title()), expected, { absolute: 1e-3 });
  } finally {
    await browser.close();
  }
});

describe('in Python', () => {
  const run = (program: string): number[] => {
    const file = path.join(folder, 'program.py');
    writeFileSync(file, `import os\nos.chdir(${JSON.stringify(folder)})\n${program}`);
    const lines = must(python(), [file], { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' })
      .trim()
      .split('\n');
    return numbersIn(present(lines.at(-1)));
  };

  test('ten lines of numpy read it', () => {
    expect(numpy.slice(0, numpy.indexOf('\n\n')).split('\n')).toHaveLength(10);
    expectClose(run(numpy), expected, PRINTED);
  });

  test('Keras gives the same', () => {
    const answer = run(`${numpy}\n${keras.replaceAll(':.4f', ':.9f')}`);
    expectClose(answer, expected, { absolute: 1e-6 });
    const apart = Math.max(...answer.map((p, k) => Math.abs(p - expected[k])));
    process.stdout.write(
      `Keras' probabilities differ from the network's by at most ${apart.toExponential(1)}.\n`,
    );
  });

  test.each(['uint8', 'uint16', 'float16'])('numpy reads weights of %s', async (kind) => {
    const made = await gradparity(['export', '--output', 'model', '--quantize', kind, '--test-size', '100'], {
      cwd: folder,
    });
    expect(made.code).toBe(0);
    const own = await answerOf(path.join(folder, 'model'));
    expectClose(run(numpy), own, PRINTED);
    if (kind === 'uint8') expectRejected(own, expected, PRINTED);
  });
});
