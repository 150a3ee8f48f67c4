/** Data from code (oracle: the numbers that went in). */
import { beforeAll, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { InputError } from '../../src/errors.js';
import { datasetFrom, heldOut } from '../../src/training/dataset.js';
import { train } from '../../src/training/trainer.js';
import { tensorCount } from '../support/backends.js';
import { smallNetwork } from './problems.js';

beforeAll(() => selectBackend('cpu'));
const rows = Array.from({ length: 20 }, (_, n) => [n, n / 2, 1 - n, 1]);
const labels = rows.map((_, n) => n % 3);

test('arrays, single elements of tf.data and batches of them give the same, and train takes it', async () => {
  const before = tensorCount();
  const elements = tf.data.zip({
    xs: tf.data.array(rows),
    ys: tf.data.array(labels),
  });
  for (const source of [{ x: rows, t: labels }, elements.map((each) => each), elements.batch(6)]) {
    const data = await datasetFrom(source);
    expect(data.x.arraySync()).toEqual(rows.map((row) => row.map(Math.fround)));
    expect([data.t.arraySync(), data.t.dtype]).toEqual([labels, 'int32']);
    const network = smallNetwork();
    expect((await train(network, data, { steps: 2, batchSize: 10 })).steps).toHaveLength(2);
    network.dispose();
    tf.dispose([data.x, data.t]);
  }
  expect(tensorCount()).toBe(before);
});

test('images become flat; one-hot targets stay', async () => {
  const data = await datasetFrom({
    x: tf.ones([2, 3, 3, 1]),
    t: [
      [0, 1],
      [1, 0],
    ],
  });
  expect([data.x.shape, data.t.shape]).toEqual([
    [2, 9],
    [2, 2],
  ]);
});

test.each<[string, () => Promise<unknown>, RegExp]>([
  ['one example', () => datasetFrom({ x: [1, 2], t: [1] }), /x must be a batch/],
  [
    'fewer targets',
    () => datasetFrom({ x: [[1], [2]], t: [1] }),
    /as many targets as inputs, got \[1\] for \[2,1\]/,
  ],
  ['no pairs', () => datasetFrom(tf.data.array([1, 2])), /must be \{xs, ys\} or \[xs, ys\]/],
  ['nothing', () => datasetFrom(tf.data.array([])), /no elements/],
])('refuses %s', async (_what, attempt, message) => {
  await expect(attempt()).rejects.toThrow(InputError);
  await expect(attempt()).rejects.toThrow(message);
});

test('a part held out: each example in one of the parts, with its own target', () => {
  const data = { x: tf.tensor2d(rows), t: tf.tensor1d(labels, 'int32') };
  const parts = heldOut(data, { share: 0.25, seed: 3 });
  const [train, held] = [parts.train, parts.test].map(({ x, t }) => ({
    x: x.arraySync(),
    t: t.arraySync() as number[],
  }));
  expect([train.t.length, held.t.length]).toEqual([15, 5]);
  for (const part of [train, held]) part.x.forEach(([n], k) => expect(part.t[k]).toBe(n % 3));
  expect([...train.x, ...held.x].map(([n]) => n).sort((a, b) => a - b)).toEqual(rows.map(([n]) => n));
  expect(() => heldOut(data, { share: 0.001 })).toThrow(InputError);
});
