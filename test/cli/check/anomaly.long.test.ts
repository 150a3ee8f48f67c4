/** `gradparity check --anomaly`. Oracle: the lines of the file's own text at which a number is made that is not finite. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { gradparity } from '../run-cli.js';

const root = path.resolve(import.meta.dirname, '../../..');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(root, 'node_modules', '.anomaly-test-'));
  await writeFile(
    path.join(folder, 'cases.mjs'),
    `import * as tf from '@tensorflow/tfjs';
const scale = tf.variable(tf.scalar(0));
export default [
  { name: 'fine', f: (x) => tf.square(x), inputs: [[1, 2]] },
  { name: 'logarithm', f: (x) => {
    return tf.log(tf.sub(x, 1));
  }, inputs: [[1, 2]] },
  { name: 'root', f: (x) => {
    return tf.sqrt(tf.square(tf.sub(x, x)));
  }, inputs: [[1, 2]] },
  { name: 'by name', f: ({ a }) => {
    return tf.log(tf.sub(a, 1));
  }, inputs: { a: [1, 2] } },
  { name: 'a variable', f: (x) => {
    return tf.mul(x, tf.sqrt(scale));
  }, inputs: [[1, 2]], options: { variables: { scale } } },
  { kernel: 'Log', inputs: { x: [0, 1] } },
];
`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('names op, phase and line of each case that has one, and fails', async () => {
  const { code, stdout } = await gradparity(['check', 'cases.mjs', '--anomaly', '--json'], { cwd: folder });
  expect(code).toBe(1);
  const { results } = JSON.parse(stdout) as {
    results: { name: string; anomaly?: { op: string; phase: string; line?: string } }[];
  };
  const found = results.map(({ name, anomaly }) => [
    name,
    anomaly && [anomaly.op, anomaly.phase, /cases\.mjs:(\d+):/.exec(anomaly.line ?? '')?.[1]],
  ]);
  expect(found).toEqual([
    ['fine', undefined],
    ['logarithm', ['Log', 'forward', '6']],
    ['root', ['Sqrt', 'gradient', '9']],
    ['by name', ['Log', 'forward', '12']],
    ['a variable', ['Sqrt', 'gradient', '15']],
    ['Log', ['Log', 'forward', undefined]],
  ]);
});

test('without a file it is refused', async () => {
  const { code, stderr } = await gradparity(['check', '--anomaly'], { cwd: folder });
  expect(code).toBe(2);
  expect(stderr).toMatch(/--anomaly is for the cases of a file, and none is named/);
});
