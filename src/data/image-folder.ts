/** Images in folders, one folder a class: red/1.png, red/2.jpg, blue/1.png. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '../errors.js';
import { readFileBounded } from '../files/read.js';
import { toInputs } from './digits.js';
import { reasonOf } from './download.js';
import { decodeImage, IMAGE_NAME, loadDecoders } from './images.js';
import type { RawData, RawPart } from './own.js';

const byName = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

/** The folders in a folder, those with a dot before their name left out. */
async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort(byName);
}

async function imagesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => IMAGE_NAME.test(name) && !name.startsWith('.')).sort(byName);
}

/** Whether a folder has folders with images in them, or a folder "train" with such. */
export async function hasImageFolders(folder: string): Promise<boolean> {
  const root = (await foldersIn(folder)).includes('train') ? path.join(folder, 'train') : folder;
  for (const name of await foldersIn(root))
    if ((await imagesIn(path.join(root, name))).length > 0) return true;
  return false;
}

/**
 * The images below a folder, made grey and of one size: that of the first one where all have it, else 28 × 28. With folders "train" and
 * "test" (or "val") in it, the classes are below these.
 *
 * @throws InputError for a file that is no image, for classes in the test set that the training set has not, and for fewer than two classes
 */
export async function readImageFolder(
  folder: string,
  { size, signal }: { size?: { rows: number; columns: number }; signal?: AbortSignal } = {},
): Promise<RawData> {
  const folders = await foldersIn(folder);
  const isSplit = folders.includes('train');
  const trainRoot = isSplit ? path.join(folder, 'train') : folder;
  const testName = isSplit
    ? ['test', 'val', 'valid', 'validation'].find((name) => folders.includes(name))
    : undefined;
  const classes = await classesIn(trainRoot);
  if (classes.length < 2) {
    throw new InputError(
      `${trainRoot}: wanted two folders of images or more, one for each class, got ${classes.length}.`,
    );
  }
  const form = { ...(size ?? (await commonSize(trainRoot, classes))), preparation: 'plain' as const };
  const train = await readPart(trainRoot, classes, form, signal);
  const testRoot = testName && path.join(folder, testName);
  if (testRoot) {
    const unknown = (await classesIn(testRoot)).find((name) => !classes.includes(name));
    if (unknown)
      throw new InputError(
        `${testRoot}: the class ${unknown} is not in the training set (${classes.join(', ')}).`,
      );
  }
  const test = testRoot ? await readPart(testRoot, classes, form, signal) : undefined;
  return {
    train,
    test,
    classes,
    image: { rows: form.rows, columns: form.columns },
    source: `the images in ${folder}`,
  };
}

async function classesIn(root: string): Promise<string[]> {
  const classes: string[] = [];
  for (const name of await foldersIn(root))
    if ((await imagesIn(path.join(root, name))).length > 0) classes.push(name);
  return classes;
}

async function commonSize(
  root: string,
  classes: readonly string[],
): Promise<{ rows: number; columns: number }> {
  const decoders = await loadDecoders('Reading images');
  const sizes = new Set<string>();
  for (const name of classes) {
    const [first] = await imagesIn(path.join(root, name));
    const file = path.join(root, name, first);
    const { width, height } = decodeImage(await bytesOf(file), file, decoders);
    sizes.add(`${height} ${width}`);
  }
  const [rows, columns] = [...sizes][0].split(' ').map(Number);
  // Larger ones are photos, of which a network of dense layers learns little more.
  return sizes.size === 1 && rows <= 64 && columns <= 64 ? { rows, columns } : { rows: 28, columns: 28 };
}

async function bytesOf(file: string): Promise<Uint8Array> {
  try {
    return await readFileBounded(file);
  } catch (error) {
    throw new InputError(`${file}: can't be read: ${reasonOf(error)}.`, { cause: error });
  }
}

async function readPart(
  root: string,
  classes: readonly string[],
  form: { rows: number; columns: number; preparation: 'plain' },
  signal?: AbortSignal,
): Promise<RawPart> {
  const decoders = await loadDecoders('Reading images');
  const files: { file: string; label: number; place: number }[] = [];
  for (const [label, name] of classes.entries()) {
    const images = await imagesIn(path.join(root, name));
    images.forEach((each, place) => files.push({ file: path.join(root, name, each), label, place }));
  }
  if (files.length === 0) throw new InputError(`${root}: there are no images in the folders of the classes.`);
  // The first so many examples are to be of all classes.
  files.sort((a, b) => a.place - b.place || a.label - b.label);
  const width = form.rows * form.columns;
  const values = new Float32Array(files.length * width);
  for (const [n, { file }] of files.entries()) {
    signal?.throwIfAborted();
    values.set(toInputs(decodeImage(await bytesOf(file), file, decoders), form, file), n * width);
  }
  return {
    name: root,
    count: files.length,
    width,
    values,
    divisor: 1,
    labels: Int32Array.from(files, ({ label }) => label),
  };
}
