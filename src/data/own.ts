/** Data of a user's own as tensors: IDX files, CSV, folders of images; a part held out where there is no test set. Node only. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { EnvironmentError, InputError } from '../errors.js';
import { localPath } from '../files/place.js';
import { readFileBounded } from '../files/read.js';
import { randomIndices, shuffle } from '../random.js';
import { parseCsv, type CsvTable } from './csv.js';
import { looksLikeDigits } from './digits.js';
import type { ImageForm } from './image-form.js';
import { reasonOf } from './download.js';
import { uncompressed } from './gzip.js';
import { hasImageFolders, readImageFolder } from './image-folder.js';
import { hasIdx, readIdxFolder } from './own-idx.js';

/** Examples as they were read. */
export interface RawPart {
  /** The file or folder, for messages. */
  name: string;
  count: number;
  /** Numbers an example. */
  width: number;
  values: Uint8Array | Float32Array;
  /** What the values are divided by: 255 for pixels. */
  divisor: number;
  labels: Int32Array;
}

export interface RawData {
  train: RawPart;
  test?: RawPart;
  classes: string[];
  image?: { rows: number; columns: number };
  source: string;
}

/** How much of a data set is loaded, and what is held out of it. */
export interface DataOptions {
  /** Only the first so many examples; all unless given. */
  trainSize?: number;
  testSize?: number;
  /** The share of the training examples that are held out for the test, above 0 and below 1; 0.15 where there is no test set. */
  holdOut?: number;
  /** Seed of the choice of these; 1 unless given. */
  seed?: number;
  /** Size of images in folders; that of the first ones unless given. */
  imageSize?: { rows: number; columns: number };
  signal?: AbortSignal;
}

/** A data set of one's own: what to learn from and what to be tested on. */
export interface LoadedData {
  train: { x: tf.Tensor2D; t: tf.Tensor1D };
  test: { x: tf.Tensor2D; t: tf.Tensor1D };
  /** The classes' names: label k of t is classes[k]. */
  classes: string[];
  /** For images: how they became inputs. */
  image?: ImageForm;
  /** In words, where the data came from, and whether the test set was held out. */
  source: string;
  /** Disposes of all four tensors. */
  dispose(): void;
}

/**
 * The data in a folder or a file:
 *
 * - a folder of IDX files with MNIST's names, or EMNIST's (`emnist-letters-train-images-idx3-ubyte.gz`), plain or .gz, of any number of
 *   classes and any size. Labels that begin at 1 begin at 0 here. Of several sets in a folder one is named by what its files begin with:
 *   `folder/emnist-letters`.
 * - a CSV file (or .csv.gz), the label first, then the numbers; whole numbers from 0 to 255 are divided by 255. A file of the same name
 *   with "test" for "train" is the test set; in a folder likewise.
 * - a folder with a folder of PNG and JPEG images for each class, or with "train" and "test" that have these.
 *
 * x is [N, numbers an example], t int32 [N]. The caller disposes of it.
 *
 * @throws InputError for wrong files: which, where, why
 */
export async function loadData(place: string | URL, options: DataOptions = {}): Promise<LoadedData> {
  const given = localPath('loadData', place);
  const raw = await read(given, options);
  const { holdOut } = options;
  if (holdOut !== undefined && !(holdOut > 0 && holdOut < 1)) {
    throw new InputError(`loadData: holdOut must be a share above 0 and below 1, got ${holdOut}.`);
  }
  if (raw.test && holdOut !== undefined) {
    throw new InputError(`loadData: ${given} has a test set (${raw.test.name}); leave holdOut out.`);
  }
  if (raw.test && raw.test.width !== raw.train.width) {
    throw new InputError(
      `loadData: training and test examples must have as many numbers, got ${raw.train.width} in ${raw.train.name} and ${raw.test.width} in ${raw.test.name}.`,
    );
  }
  if (raw.classes.length < 2) {
    throw new InputError(
      `loadData: all labels in ${raw.train.name} are ${raw.classes[0]}; wanted two classes or more.`,
    );
  }
  const { train, test } = raw.test
    ? (raw as Required<RawData>)
    : split(raw.train, holdOut ?? 0.15, options.seed ?? 1);
  const parts = [first(train, options.trainSize, 'trainSize'), first(test, options.testSize, 'testSize')];
  await tf.ready();
  options.signal?.throwIfAborted();
  const image = raw.image && {
    ...raw.image,
    preparation: looksLikeDigits(train.values, train.count, raw.image)
      ? ('digit' as const)
      : ('plain' as const),
  };
  const tensors = tf.tidy(() => parts.map(toTensors));
  return {
    train: tensors[0],
    test: tensors[1],
    classes: raw.classes,
    ...(image && { image }),
    source: raw.source + (raw.test ? '' : `, ${test.count} of them held out for the test`),
    dispose: () => tf.dispose(tensors.flatMap(({ x, t }) => [x, t])),
  };
}

async function read(given: string, { imageSize: size, signal }: DataOptions): Promise<RawData> {
  const found = await stat(given).catch((error: NodeJS.ErrnoException) => ({ error }));
  try {
    if ('error' in found) {
      // The beginning of the names of a set in a folder of several.
      const folder = path.dirname(given);
      if (found.error.code === 'ENOENT' && (await hasIdx(folder).catch(() => false))) {
        return await readIdxFolder(folder, path.basename(given));
      }
      throw found.error;
    }
    if (!found.isDirectory()) return await readCsv(given);
    if (await hasIdx(given)) return await readIdxFolder(given);
    if (await hasImageFolders(given)) return await readImageFolder(given, { size, signal });
    const tables = (await readdir(given)).filter((name) => CSV_NAME.test(name)).sort();
    const table = tables.find((name) => /train/i.test(name)) ?? (tables.length === 1 ? tables[0] : undefined);
    if (table) return await readCsv(path.join(given, table));
  } catch (error) {
    if (error instanceof InputError || error instanceof EnvironmentError || signal?.aborted) throw error;
    throw new InputError(`loadData: ${given} can't be read: ${reasonOf(error)}.`, { cause: error });
  }
  throw new InputError(
    `loadData: there are no data in ${given}; wanted IDX files (train-images-idx3-ubyte, …), a CSV file, or a folder of PNG or JPEG images for each class.`,
  );
}

const CSV_NAME = /\.csv(\.gz)?$/i;

async function readCsv(file: string): Promise<RawData> {
  if (!CSV_NAME.test(file)) {
    throw new InputError(`loadData: ${file} must be a CSV file (.csv, .csv.gz) or a folder.`);
  }
  const train = await tableOf(file);
  const beside = path.basename(file).replace(/train/i, 'test');
  const testFile = path.join(path.dirname(file), beside);
  const hasTest = beside !== path.basename(file) && (await stat(testFile).catch(() => undefined))?.isFile();
  const test = hasTest ? await tableOf(testFile) : undefined;
  const classes = classesOf(train.labels);
  const unknown = test?.labels.findIndex((label) => !classes.includes(label)) ?? -1;
  if (test && unknown !== -1) {
    throw new InputError(
      `${testFile}: the label ${test.labels[unknown]} of row ${unknown + 1} is not in the training set.`,
    );
  }
  // Of both sets alike.
  const divisor = isPixels(train.values) && (!test || isPixels(test.values)) ? 255 : 1;
  const part = (name: string, { labels, values, width }: CsvTable): RawPart => {
    const index = new Map(classes.map((label, k) => [label, k]));
    return {
      name,
      count: labels.length,
      width,
      values,
      divisor,
      labels: Int32Array.from(labels, (label) => index.get(label) ?? 0),
    };
  };
  const side = Math.sqrt(train.width);
  return {
    train: part(file, train),
    test: test && part(testFile, test),
    classes,
    image: divisor === 255 && Number.isInteger(side) && side >= 8 ? { rows: side, columns: side } : undefined,
    source: `the table ${file}`,
  };
}

async function tableOf(file: string): Promise<CsvTable> {
  let bytes: Uint8Array;
  try {
    bytes = await uncompressed(await readFileBounded(file));
  } catch (error) {
    throw new InputError(`${file}: can't be read: ${reasonOf(error)}.`, { cause: error });
  }
  return parseCsv(bytes, file);
}

/** Numbers in their order, from 0 to the largest where they are few whole ones; words in theirs. */
function classesOf(labels: readonly string[]): string[] {
  const words = [...new Set(labels)];
  const numbers = words.map(Number);
  if (!numbers.every((number) => Number.isSafeInteger(number))) return words.sort();
  return words.sort((a, b) => Number(a) - Number(b));
}

function isPixels(values: Float32Array): boolean {
  let most = 0;
  for (const value of values) {
    if (!(value >= 0 && value <= 255 && Number.isInteger(value))) return false;
    most = Math.max(most, value);
  }
  return most > 1;
}

/**
 * Parts the examples at random; of each class its share is held out, as near as whole numbers go. What a smaller share holds out is a
 * part of what a larger one does.
 */
function split(all: RawPart, share: number, seed: number): { train: RawPart; test: RawPart } {
  const order = Int32Array.from({ length: all.count }, (_, n) => n);
  shuffle(order, randomIndices(seed));
  const counts = new Map<number, number>();
  for (const label of all.labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  const seen = new Map<number, number>();
  const isHeld = new Uint8Array(all.count);
  for (const n of order) {
    const label = all.labels[n];
    const before = seen.get(label) ?? 0;
    seen.set(label, before + 1);
    // A class of which nothing is left cannot be learned.
    const count = counts.get(label) ?? 0;
    isHeld[n] = Number(before < Math.min(Math.round(share * count), count - 1));
  }
  const held = order.filter((n) => isHeld[n]);
  const kept = order.filter((n) => !isHeld[n]);
  if (held.length === 0 || kept.length === 0) {
    throw new InputError(
      `loadData: of ${all.count} examples in ${all.name} no ${held.length === 0 ? 'test' : 'training'} set can be held out; wanted more, or another share (holdOut).`,
    );
  }
  return { train: pick(all, kept), test: pick(all, held) };
}

function pick(all: RawPart, indices: Int32Array): RawPart {
  const { width } = all;
  const values =
    all.values instanceof Uint8Array
      ? new Uint8Array(indices.length * width)
      : new Float32Array(indices.length * width);
  indices.forEach((n, k) => values.set(all.values.subarray(n * width, (n + 1) * width), k * width));
  return { ...all, count: indices.length, values, labels: Int32Array.from(indices, (n) => all.labels[n]) };
}

function first(part: RawPart, count: number | undefined, option: string): RawPart {
  if (count === undefined) return part;
  if (!Number.isInteger(count) || count < 1 || count > part.count) {
    throw new InputError(
      `loadData: ${option} must be a whole number from 1 to ${part.count}, the examples in ${part.name}, got ${count}.`,
    );
  }
  return {
    ...part,
    count,
    values: part.values.subarray(0, count * part.width),
    labels: part.labels.subarray(0, count),
  };
}

function toTensors({ count, width, values, divisor, labels }: RawPart): { x: tf.Tensor2D; t: tf.Tensor1D } {
  const floats =
    divisor === 1 ? Float32Array.from(values) : Float32Array.from(values, (value) => value / divisor);
  return { x: tf.tensor2d(floats, [count, width]), t: tf.tensor1d(labels, 'int32') };
}
