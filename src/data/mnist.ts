/** MNIST as tensors: 60,000 + 10,000 handwritten digits of 28 × 28 pixels. Node only. */
import { setImmediate } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { CLASSES, parseIdxPair } from './idx.js';
import { type MnistFilesOptions, type NamedBytes, readMnistFiles } from './mnist-files.js';

export type { DownloadProgress } from './mnist-files.js';

/** How much of MNIST is loaded, and in what form. */
export interface MnistOptions extends MnistFilesOptions {
  /** true, the default: pixels from 0 to 1; false: from 0 to 255. */
  normalize?: boolean;
  /** true, the default: x is [N, 784]; false: [N, 28, 28, 1], as tf.conv2d takes it. */
  flatten?: boolean;
  /** true: t is float32 [N, 10] with a one at the label; false, the default: t is int32 [N]. */
  oneHot?: boolean;
  /** Only the first so many examples; all unless given. */
  trainSize?: number;
  testSize?: number;
}

/** Images with their labels. */
export interface MnistPart<X extends tf.Tensor = tf.Tensor2D> {
  x: X;
  t: tf.Tensor;
}

/** MNIST: what to learn from and what to be tested on. */
export interface Mnist<X extends tf.Tensor = tf.Tensor2D> {
  train: MnistPart<X>;
  test: MnistPart<X>;
  /** In words, where the data came from. */
  source: string;
  /** Disposes of all four tensors. */
  dispose(): void;
}

/** Pixels converted between two looks at the event loop; some 20 ms. */
const SLICE = 2 ** 22;

/**
 * MNIST: x float32, `x = pixel / 255` rounded once; t the labels.
 *
 * The options and their defaults are those of the book's `load_mnist`. `dataDir`, `source` and `mirrors` say where
 * the data may come from (see `readMnistFiles`), `source` in the result where it did. The caller disposes of it.
 *
 * InputError for a wrong option, and for files in `dataDir` that aren't what they should be; EnvironmentError where
 * MNIST is nowhere to be had; the signal's reason on abort, with no tensor left behind.
 * Source: Saito, Deep Learning from Scratch, section 3.6.1.
 */
export async function loadMnist(options?: MnistOptions & { flatten?: true }): Promise<Mnist>;
export async function loadMnist(options: MnistOptions & { flatten: false }): Promise<Mnist<tf.Tensor4D>>;
export async function loadMnist(options: MnistOptions): Promise<Mnist<tf.Tensor2D | tf.Tensor4D>>;
export async function loadMnist(options: MnistOptions = {}): Promise<Mnist<tf.Tensor2D | tf.Tensor4D>> {
  requireCount('trainSize', options.trainSize);
  requireCount('testSize', options.testSize);
  const files = await readMnistFiles(options);
  const trainExamples = await convert(files.trainImages, files.trainLabels, 'trainSize', options);
  const testExamples = await convert(files.testImages, files.testLabels, 'testSize', options);
  requireSameSize(trainExamples, testExamples);
  await tf.ready();
  options.signal?.throwIfAborted();
  const { train, test } = tf.tidy(() => ({
    train: toTensors(trainExamples, options),
    test: toTensors(testExamples, options),
  }));
  return { train, test, source: files.source, dispose: () => tf.dispose([train.x, train.t, test.x, test.t]) };
}

interface Examples {
  /** The images' file. */
  name: string;
  count: number;
  rows: number;
  columns: number;
  x: Float32Array;
  labels: Uint8Array;
}

/** The first `options[sizeOption]` examples of a pair of files. */
async function convert(
  imageFile: NamedBytes,
  labelFile: NamedBytes,
  sizeOption: 'trainSize' | 'testSize',
  { normalize = true, signal, ...options }: MnistOptions,
): Promise<Examples> {
  const { images, labels } = parseIdxPair(imageFile, labelFile);
  const [available, rows, columns] = images.shape;
  const count = options[sizeOption] ?? available;
  if (count > available) {
    throw new InputError(
      `loadMnist: ${sizeOption} must be at most ${available}, the examples in ${imageFile.name}, got ${count}.`,
    );
  }
  const pixels = images.data.subarray(0, count * rows * columns);
  const x = await toFloats(pixels, normalize ? 255 : 1, signal);
  return { name: imageFile.name, count, rows, columns, x, labels: labels.data.subarray(0, count) };
}

/** `pixel / divisor`, in slices between which other work gets its turn. */
async function toFloats(pixels: Uint8Array, divisor: number, signal?: AbortSignal): Promise<Float32Array> {
  // Rounding the double quotient to float32 gives the float32 quotient: 53 bits are more than 2 · 24 + 1.
  const values = Float32Array.from({ length: 256 }, (_, pixel) => pixel / divisor);
  const floats = new Float32Array(pixels.length);
  for (let start = 0; start < pixels.length; start += SLICE) {
    signal?.throwIfAborted();
    lookUp(pixels, values, floats, start, Math.min(start + SLICE, pixels.length));
    await setImmediate();
  }
  return floats;
}

function lookUp(
  pixels: Uint8Array,
  values: Float32Array,
  out: Float32Array,
  start: number,
  end: number,
): void {
  for (let i = start; i < end; i++) out[i] = values[pixels[i]];
}

function toTensors({ count, rows, columns, x, labels }: Examples, options: MnistOptions) {
  const { flatten = true, oneHot = false } = options;
  return {
    x: flatten ? tf.tensor2d(x, [count, rows * columns]) : tf.tensor4d(x, [count, rows, columns, 1]),
    t: oneHot
      ? tf.tensor2d(oneHotRows(labels), [count, CLASSES])
      : tf.tensor1d(Int32Array.from(labels), 'int32'),
  };
}

function oneHotRows(labels: Uint8Array): Float32Array {
  const rows = new Float32Array(labels.length * CLASSES);
  labels.forEach((label, n) => (rows[n * CLASSES + label] = 1));
  return rows;
}

function requireSameSize(train: Examples, test: Examples): void {
  if (train.rows === test.rows && train.columns === test.columns) return;
  throw new InputError(
    `loadMnist: training and test images must have the same size, got ${train.rows} × ${train.columns} ` +
      `in ${train.name} and ${test.rows} × ${test.columns} in ${test.name}.`,
  );
}

function requireCount(option: string, count?: number): void {
  if (count !== undefined && !(Number.isInteger(count) && count >= 1)) {
    throw new InputError(`loadMnist: ${option} must be a whole number of at least 1, got ${count}.`);
  }
}
