/** Whose mistake it is. Oracle: docs/tfjs-gradients.known.json, and mistakes put in beside TensorFlow.js' own. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { gradcheck } from '../../../src/gradcheck/gradcheck.js';
import { elementwise } from '../zoo/support.js';
import { said } from './support.js';

type T = tf.Tensor;
const at = [[0.3, 0.7, -1.1, 0.2]];
const mirror = (x: T): T => tf.mirrorPad(x, [[2, 2]], 'reflect');
const ofMirror =
  /f uses MirrorPad, whose gradient in TensorFlow\.js 4\.22 is wrong \(docs\/tfjs-gradients\.md\)\./;

test('an op whose gradient is known to be wrong', () => {
  expect(said(mirror, at)).toMatch(ofMirror);
  expect(said((x: T) => tf.sum(mirror(tf.sin(x))), at)).toMatch(ofMirror);
});

test('one that is not on the way from the inputs to the output is not named', () => {
  const f = elementwise(
    (x) => tf.sin(x),
    (x) => tf.mul(2, tf.cos(x)),
  );
  const beside = (x: T): T => {
    mirror(x);
    return tf.add(f(x), tf.sum(mirror(tf.tensor1d([1, 2, 3]))));
  };
  const text = said(beside, at);
  expect(text).toMatch(/2 times what it should be/);
  expect(text).not.toMatch(/TensorFlow/);
});

test("a wrong gradient of the user's own beside such an op: its form first, then the possibility", () => {
  const f = elementwise(
    (x) => tf.sin(x),
    (x) => tf.mul(2, tf.cos(x)),
  );
  const text = said((x: T) => tf.concat([f(x), mirror(tf.mul(0, x))]), at);
  expect(text).toMatch(/^input 0: .*2 times what it should be/);
  expect(text).toMatch(
    /\nf also uses MirrorPad.*: the mistake may be there, or in a gradient function of f's own/,
  );
});

test('where the gradient is right such an op is not named', () => {
  expect(said((x: T) => tf.mirrorPad(x, [[0, 0]], 'reflect'), at)).toBe('');
});

test('a condition that the tape shows: casts to whole numbers, and not others', () => {
  const f = elementwise(
    (x) => tf.sin(x),
    (x) => tf.add(tf.cos(x), 1),
  );
  expect(said((x: T) => tf.cast(f(x), 'float32').add(tf.cast(tf.cast(x, 'int32'), 'float32')), at)).toMatch(
    /f also uses Cast, .* wrong to whole numbers/,
  );
  expect(said((x: T) => tf.pow(tf.add(f(x), 3), 2), at)).not.toMatch(/Cast/);
});

test.each<[string, (x: T) => T, 1 | 2, RegExp]>([
  [
    'one part',
    (x) => tf.split(x, 1)[0]!,
    1,
    /SplitV throws.*\nThat is a fault of TensorFlow\.js 4\.22 \(docs/s,
  ],
  [
    'batchNorm',
    (x) => tf.batchNorm(tf.reshape(x, [2, 2]), [0, 0], [1, 1]),
    1,
    /records it.*\nThat is a fault/s,
  ],
  ['cumprod', (x) => tf.cumprod(x), 1, /Cumprod has no gradient.*\nThat is a fault/s],
  [
    'elu, second order',
    (x) => tf.elu(x),
    2,
    /Second order: EluGrad has no gradient.*\nSecond order: f uses Elu, whose second derivative TensorFlow\.js 4\.22 cannot/s,
  ],
])('a gradient that cannot be computed: %s', async (_name, f, order, sentence) => {
  expect((await gradcheck(f, at, { order })).diagnosis.join('\n')).toMatch(sentence);
});

test("a gradient of the user's own that throws is not TensorFlow.js' fault", async () => {
  const f = (x: T): T =>
    tf.customGrad((y) => ({
      value: tf.sin(y as T),
      gradFunc: () => {
        throw new Error('not yet written');
      },
    }))(x);
  expect((await gradcheck(f, at)).diagnosis).toEqual(['The gradient throws: not yet written']);
});

test("a backend's own kernel is named where the check is on that backend", async () => {
  await tf.setBackend('cpu');
  const x = tf.randomNormal([1, 3, 3, 1], 0, 1, 'float32', 1);
  const pooled = (image: T): T => tf.avgPool(image as tf.Tensor4D, 2, 1, 'same');
  const { verdict, diagnosis } = await gradcheck(pooled, [x], { precision: 'native' });
  expect(verdict).toBe('wrong');
  expect(diagnosis.join('\n')).toMatch(
    /f uses AvgPool, whose gradient in TensorFlow\.js 4\.22 is wrong on the backend cpu/,
  );
  x.dispose();
  expect(said(mirror, at)).not.toMatch(/on the backend/);
});

test('of another TensorFlow.js than the one that was swept nothing is said', () => {
  const { 'tfjs-core': version } = tf.version;
  try {
    tf.version['tfjs-core'] = '4.23.0';
    expect(said(mirror, at)).not.toMatch(/TensorFlow/);
    tf.version['tfjs-core'] = '4.22.1';
    expect(said(mirror, at)).toMatch(ofMirror);
  } finally {
    tf.version['tfjs-core'] = version;
  }
});

const read = (file: string): { findings?: string[]; faults?: { finding: string }[] } =>
  JSON.parse(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'));

test('the list is what the known findings give', () => {
  const known = new Set(read('docs/tfjs-gradients.known.json').findings);
  const { faults } = read('src/gradcheck/diagnosis/tfjs-faults.json');
  expect(faults!.length).toBeGreaterThan(80);
  expect(faults!.filter(({ finding }) => !known.has(finding))).toEqual([]);
  const { status, stderr } = spawnSync(
    process.execPath,
    [new URL('../../../scripts/known-faults.mjs', import.meta.url).pathname, '--check'],
    { encoding: 'utf8' },
  );
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
});
