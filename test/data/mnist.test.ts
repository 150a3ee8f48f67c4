import { describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { loadMnist, type MnistOptions } from '../../src/data/mnist.js';
import { InputError } from '../../src/errors.js';
import { idxBytes } from './idx-bytes.js';
import { inTemporaryFolder } from './server.js';
import { selectBackend } from '../../src/backends/select.js';

await selectBackend('cpu');

/** 3 training images holding all pixel values from 0 on, 1 test image; 8 × 16 pixels. */
const FILES: Record<string, Uint8Array> = {
  'train-images-idx3-ubyte': idxBytes(
    [3, 8, 16],
    Array.from({ length: 384 }, (_, i) => i % 256),
  ),
  'train-labels-idx1-ubyte': idxBytes([3], [5, 0, 9]),
  't10k-images-idx3-ubyte': idxBytes([1, 8, 16], new Array(128).fill(51)),
  't10k-labels-idx1-ubyte': idxBytes([1], [7]),
};

async function withFiles(
  changed: Record<string, Uint8Array>,
  action: (dataDir: string) => Promise<void>,
): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const files = Object.entries({ ...FILES, ...changed });
    await Promise.all(files.map(([name, bytes]) => writeFile(path.join(folder, name), bytes)));
    await action(folder);
  });
}

async function complaint(options: MnistOptions): Promise<string> {
  const before = tf.memory().numTensors;
  const error = await loadMnist(options).then(
    () => new Error('no error came'),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  expect(tf.memory().numTensors).toBe(before);
  return error.message;
}

describe('loadMnist on small files (oracle: the bytes the test wrote)', () => {
  it('scales pixels to the float32 nearest to pixel / 255, and leaves labels whole', async () => {
    await withFiles({}, async (dataDir) => {
      const { train, test, source, dispose } = await loadMnist({ dataDir });
      expect(source).toBe(`the folder ${dataDir}`);
      expect([train.x.shape, train.x.dtype, train.t.shape, train.t.dtype]).toEqual([
        [3, 128],
        'float32',
        [3],
        'int32',
      ]);
      const values = train.x.dataSync();
      for (let i = 0; i < 384; i++) expect(values[i]).toBe(Math.fround((i % 256) / 255));
      // What must differ: the product with 1/255, which is one rounding off for some pixels.
      const products = values.map((_, i) => Math.fround(1 / 255) * (i % 256));
      expect(products.some((product, i) => product !== values[i])).toBe(true);
      expect([values[0], values[255]]).toEqual([0, 1]);
      expect(Array.from(train.t.dataSync())).toEqual([5, 0, 9]);
      expect([test.x.shape, Array.from(test.t.dataSync())]).toEqual([[1, 128], [7]]);
      expect(test.x.dataSync()[0]).toBe(Math.fround(0.2));
      dispose();
    });
  });

  it('makes four tensors and disposes of them, once or twice', async () => {
    await withFiles({}, async (dataDir) => {
      const before = tf.memory().numTensors;
      const { dispose } = await loadMnist({ dataDir });
      expect(tf.memory().numTensors).toBe(before + 4);
      dispose();
      dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  });

  it('has the options of the book: pixels to 255, images of rank 3, one-hot labels', async () => {
    await withFiles({}, async (dataDir) => {
      const { train, dispose } = await loadMnist({ dataDir, normalize: false, flatten: false, oneHot: true });
      expect(train.x.shape).toEqual([3, 8, 16, 1]);
      expect(Array.from(train.x.dataSync().slice(250, 258))).toEqual([250, 251, 252, 253, 254, 255, 0, 1]);
      expect([train.t.shape, train.t.dtype]).toEqual([[3, 10], 'float32']);
      expect(train.t.arraySync()).toEqual(
        [5, 0, 9].map((label) => Array.from({ length: 10 }, (_, k) => +(k === label))),
      );
      dispose();
    });
  });

  it('takes the first examples where fewer are asked for', async () => {
    await withFiles({}, async (dataDir) => {
      const { train, test, dispose } = await loadMnist({ dataDir, trainSize: 2, testSize: 1 });
      expect([train.x.shape, test.x.shape]).toEqual([
        [2, 128],
        [1, 128],
      ]);
      expect(Array.from(train.t.dataSync())).toEqual([5, 0]);
      dispose();
      expect(await complaint({ dataDir, trainSize: 4 })).toMatch(/trainSize must be at most 3, .*, got 4/);
      for (const size of [0, -1, 1.5, NaN, '2' as never]) {
        expect(await complaint({ dataDir, testSize: size })).toBe(
          `loadMnist: testSize must be a whole number of at least 1, got ${size}.`,
        );
      }
    });
  });

  it('rejects files that are not what their names say, by name, and leaves no tensor', async () => {
    const rejected = async (changed: Record<string, Uint8Array>, reason: RegExp) =>
      withFiles(changed, async (dataDir) => expect(await complaint({ dataDir })).toMatch(reason));
    await rejected(
      { 't10k-images-idx3-ubyte': FILES['t10k-labels-idx1-ubyte'] },
      /t10k-images.*not an IDX file of images/,
    );
    await rejected(
      { 'train-labels-idx1-ubyte': idxBytes([2], [1, 2]) },
      /has 3 images, but .*train-labels.* has 2 labels/,
    );
    await rejected(
      { 't10k-labels-idx1-ubyte': idxBytes([1], [10]) },
      /t10k-labels.*labels from 0 to 9, got 10/,
    );
    await rejected(
      { 'train-images-idx3-ubyte': FILES['train-images-idx3-ubyte'].slice(0, -1) },
      /train-images.*cut short/,
    );
    await rejected({ 't10k-labels-idx1-ubyte': gzipSync(idxBytes([1], [10])) }, /got 10 at position 0/);
    await rejected(
      { 't10k-images-idx3-ubyte': idxBytes([1, 16, 8], new Array(128).fill(0)) },
      /training and test images must have the same size, got 8 × 16 in .*train-images.* and 16 × 8 in .*t10k-images/,
    );
  });

  it('ends with the reason of an abort, and leaves no tensor', async () => {
    await withFiles({}, async (dataDir) => {
      const before = tf.memory().numTensors;
      await expect(loadMnist({ dataDir, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
        'enough',
      );
      expect(tf.memory().numTensors).toBe(before);
    });
  });
});

describe('loadMnist on MNIST itself (oracle: the figures published for it)', () => {
  it('has 60,000 and 10,000 digits with the known labels, mean and deviation', async () => {
    const { train, test, dispose } = await loadMnist({ source: 'package' });
    expect([train.x.shape, test.x.shape]).toEqual([
      [60_000, 784],
      [10_000, 784],
    ]);
    const labels = train.t.dataSync();
    const histogram = new Array(10).fill(0);
    labels.forEach((label) => histogram[label]++);
    expect(histogram).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    expect([labels[0], test.t.dataSync()[0]]).toEqual([5, 7]);

    const { mean, deviation } = moments(train.x.dataSync());
    expect([mean.toFixed(4), deviation.toFixed(4)]).toEqual(['0.1307', '0.3081']);
    // The test set's own figures differ in the same digits.
    const other = moments(test.x.dataSync());
    expect([other.mean.toFixed(4), other.deviation.toFixed(4)]).not.toEqual(['0.1307', '0.3081']);
    dispose();
  });
});

function moments(values: ArrayLike<number>): { mean: number; deviation: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    squares += values[i] ** 2;
  }
  const mean = sum / values.length;
  return { mean, deviation: Math.sqrt(squares / values.length - mean ** 2) };
}
