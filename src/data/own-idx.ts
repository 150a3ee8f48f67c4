/** IDX files of a user's own: any number of classes, any size; MNIST's, Fashion-MNIST's and EMNIST's names. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '../errors.js';
import { readFileBounded } from '../files/read.js';
import { reasonOf } from './download.js';
import { uncompressed } from './gzip.js';
import { parseIdx } from './idx.js';
import type { RawData, RawPart } from './own.js';
import { sizeOf } from '../shapes.js';

const NAME = /^(.*?)-?(train|t10k|test)-(images|labels)[.-]idx\d-ubyte(?:\.gz)?$/i;

/** EMNIST's classes, where its labels are not the digits or start at 1. Source: Cohen et al., "EMNIST: an extension of MNIST to handwritten letters", 2017. */
const DIGITS = [...'0123456789'];
const UPPER = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const emnistClasses: Record<string, string[]> = {
  letters: UPPER,
  byclass: [...DIGITS, ...UPPER, ...UPPER.map((letter) => letter.toLowerCase())],
  bymerge: [...DIGITS, ...UPPER, ...'abdefghnqrt'],
  balanced: [...DIGITS, ...UPPER, ...'abdefghnqrt'],
};

interface Found {
  images?: string;
  labels?: string;
}

/** The sets of IDX files in a folder, by what their names begin with ('' for MNIST's own names). */
async function setsIn(folder: string): Promise<Map<string, Record<'train' | 'test', Found>>> {
  const sets = new Map<string, Record<'train' | 'test', Found>>();
  for (const name of (await readdir(folder)).sort()) {
    const [, prefix, part, content] = NAME.exec(name) ?? [];
    if (prefix === undefined) continue;
    const set = sets.get(prefix) ?? { train: {}, test: {} };
    sets.set(prefix, set);
    const role = part.toLowerCase() === 'train' ? 'train' : 'test';
    set[role][content.toLowerCase() as 'images' | 'labels'] ??= path.join(folder, name);
  }
  return sets;
}

/** Whether there are IDX files in the folder. */
export const hasIdx = async (folder: string): Promise<boolean> => (await setsIn(folder)).size > 0;

/**
 * The data of a folder's IDX files, those that begin with `prefix` where it is given.
 *
 * @throws InputError for several sets, for images without labels, and for what `parseIdx` says
 */
export async function readIdxFolder(folder: string, prefix?: string): Promise<RawData> {
  const sets = await setsIn(folder);
  if (prefix === undefined && sets.size > 1) {
    const names = [...sets.keys()].map((name) => path.join(folder, name || 'mnist'));
    throw new InputError(`${folder} holds several data sets; name one of ${names.join(', ')}.`);
  }
  const name = prefix ?? [...sets.keys()][0];
  const set = sets.get(name === 'mnist' && !sets.has('mnist') ? '' : name);
  if (!set) throw new InputError(`${folder} holds no IDX files that begin with ${name}.`);
  const kind = /^emnist-([a-z]+)$/i.exec(name)?.[1]?.toLowerCase();
  const train = await readPart(folder, set.train, 'train', kind !== undefined);
  if (!train)
    throw new InputError(
      `${folder} holds no training images; wanted …train-images-idx3-ubyte, plain or as .gz.`,
    );
  const test = await readPart(folder, set.test, 'test', kind !== undefined);
  return named(folder, train, test, kind);
}

type IdxPart = RawPart & { rows: number; columns: number };

async function readPart(
  folder: string,
  { images, labels }: Found,
  part: string,
  transposed: boolean,
): Promise<IdxPart | undefined> {
  if (!images && !labels) return undefined;
  if (!images || !labels) {
    throw new InputError(
      `${folder} has ${images ?? labels} of the ${part} set, but no ${images ? 'labels' : 'images'} for it.`,
    );
  }
  const pictures = parseIdx(await bytesOf(images), { name: images });
  const classes = parseIdx(await bytesOf(labels), { name: labels });
  if (classes.shape.length !== 1)
    throw new InputError(`${labels}: wanted labels in one dimension, got [${classes.shape}].`);
  if (pictures.shape.length < 2)
    throw new InputError(`${images}: wanted images in two or more dimensions, got [${pictures.shape}].`);
  const [count, rows, ...others] = pictures.shape;
  const columns = sizeOf(others);
  if (count !== classes.shape[0]) {
    throw new InputError(
      `${images} has ${count} images, but ${labels} has ${classes.shape[0]} labels. Take both files from the same data set.`,
    );
  }
  return {
    name: images,
    count,
    width: rows * columns,
    // A rank of two is examples of plain numbers.
    rows: others.length === 0 ? 1 : transposed ? columns : rows,
    columns: others.length === 0 || transposed ? rows : columns,
    values: transposed ? transpose(pictures.data, count, rows, columns) : pictures.data,
    divisor: 255,
    labels: Int32Array.from(classes.data),
  };
}

/** EMNIST's images lie on their side: rows and columns change places. */
function transpose(data: Uint8Array, count: number, rows: number, columns: number): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let n = 0; n < count; n++) {
    const at = n * rows * columns;
    for (let y = 0; y < columns; y++) {
      for (let x = 0; x < rows; x++) out[at + y * rows + x] = data[at + x * columns + y];
    }
  }
  return out;
}

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    return await uncompressed(await readFileBounded(file));
  } catch (error) {
    throw new InputError(`${file}: can't be read: ${reasonOf(error)}.`, { cause: error });
  }
}

/** Labels that begin at 1, as those of EMNIST's letters do, begin at 0 here. */
function named(folder: string, train: IdxPart, test: IdxPart | undefined, kind: string | undefined): RawData {
  const parts = [train, ...(test ? [test] : [])];
  const least = Math.min(...parts.map(({ labels }) => labels.reduce((a, b) => Math.min(a, b), 255)));
  const most = Math.max(...parts.map(({ labels }) => labels.reduce((a, b) => Math.max(a, b), 0)));
  const offset = least === 1 ? 1 : 0;
  if (offset > 0) for (const part of parts) part.labels = part.labels.map((label) => label - offset);
  const known = kind === undefined ? undefined : emnistClasses[kind];
  const classes = Array.from({ length: most + 1 - offset }, (_, k) => String(k + offset));
  return {
    train,
    test,
    classes: known?.length === classes.length ? known : classes,
    image: train.rows > 1 ? { rows: train.rows, columns: train.columns } : undefined,
    source: `the IDX files in ${folder}`,
  };
}
