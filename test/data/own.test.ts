/** Data of a user's own (oracle: what the test put into the files): IDX of any kind, CSV, folders of images; wrong files are named. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { selectBackend } from '../../src/backends/select.js';
import { parseCsv } from '../../src/data/csv.js';
import { loadData, type DataOptions, type LoadedData } from '../../src/data/own.js';
import { InputError } from '../../src/errors.js';
import { tensorCount } from '../support/backends.js';
import { idxBytes } from './idx-bytes.js';
import { greyPng } from './png-bytes.js';

let folder: string;
let tensors: number;
beforeAll(() => selectBackend('cpu'));
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'own-'));
  tensors = tensorCount();
});
afterEach(() => {
  expect(tensorCount()).toBe(tensors);
  rmSync(folder, { recursive: true });
});
const at = (...parts: string[]): string => path.join(folder, ...parts);

interface Plain {
  x: number[][];
  t: number[];
}
async function load(
  place: string,
  options?: DataOptions,
): Promise<Omit<LoadedData, 'train' | 'test' | 'dispose'> & { train: Plain; test: Plain }> {
  const { train, test, dispose, ...rest } = await loadData(place, options);
  const plain = ({ x, t }: LoadedData['train']): Plain => ({ x: x.arraySync(), t: t.arraySync() });
  const result = { ...rest, train: plain(train), test: plain(test) };
  dispose();
  return result;
}
const refused = async (place: string, options?: DataOptions): Promise<string> => {
  const error = (await loadData(place, options).then(
    () => new Error('no error came'),
    (reason: unknown) => reason,
  )) as Error;
  expect(error).toBeInstanceOf(InputError);
  return error.message;
};

describe('IDX files', () => {
  const images = (count: number, rows = 2, columns = 3): Uint8Array =>
    idxBytes(
      [count, rows, columns],
      Array.from({ length: count * rows * columns }, (_, k) => (k * 51) % 256),
    );

  test('of any size and number of classes, plain or compressed, under MNIST’s names', async () => {
    writeFileSync(at('train-images-idx3-ubyte'), images(4));
    writeFileSync(at('train-labels-idx1-ubyte.gz'), gzipSync(idxBytes([4], [0, 36, 2, 11])));
    writeFileSync(at('t10k-images.idx3-ubyte'), images(1));
    writeFileSync(at('t10k-labels.idx1-ubyte'), idxBytes([1], [5]));
    const { train, test, classes, image } = await load(folder);
    expect(classes).toHaveLength(37);
    expect(train.t).toEqual([0, 36, 2, 11]);
    expect(train.x[0]).toEqual([0, 51, 102, 153, 204, 255].map((v) => Math.fround(v / 255)));
    expect(test.t).toEqual([5]);
    expect(image).toEqual({ rows: 2, columns: 3, preparation: 'plain' });
  });

  test('EMNIST’s letters: labels from 1 are from 0, pictures stand upright, one set of several', async () => {
    writeFileSync(at('emnist-letters-train-images-idx3-ubyte'), images(52));
    writeFileSync(
      at('emnist-letters-train-labels-idx1-ubyte'),
      idxBytes(
        [52],
        Array.from({ length: 52 }, (_, k) => (k % 26) + 1),
      ),
    );
    writeFileSync(at('emnist-digits-train-images-idx3-ubyte'), images(2));
    writeFileSync(at('emnist-digits-train-labels-idx1-ubyte'), idxBytes([2], [0, 1]));
    expect(await refused(folder)).toMatch(
      /holds several data sets; name one of .*emnist-digits, .*emnist-letters\./,
    );
    const { train, test, classes, image, source } = await load(at('emnist-letters'), { holdOut: 0.5 });
    expect(classes.join('')).toBe('ABCDEFGHIJKLMNOPQRSTUVWXYZ');
    for (const part of [train, test]) {
      expect([...part.t].sort((a, b) => a - b)).toEqual(Array.from({ length: 26 }, (_, k) => k));
    }
    expect(image).toMatchObject({ rows: 3, columns: 2 });
    expect(source).toMatch(/26 of them held out for the test/);
    // 0 51 102 / 153 204 255 in the file.
    const pixels = [...train.x, ...test.x].map((x) => x.map((v) => Math.round(255 * v)));
    expect(pixels).toContainEqual([0, 153, 51, 204, 102, 255]);
  });

  test.each<[string, () => void, RegExp]>([
    [
      'no labels',
      () => rmSync(at('train-labels-idx1-ubyte')),
      /has .*train-images-idx3-ubyte of the train set, but no labels for it/,
    ],
    [
      'fewer labels',
      () => writeFileSync(at('train-labels-idx1-ubyte'), idxBytes([3], [0, 1, 2])),
      /has 4 images, but .* has 3 labels/,
    ],
    [
      'cut short',
      () => writeFileSync(at('train-images-idx3-ubyte'), images(4).subarray(0, -1)),
      /train-images-idx3-ubyte: cut short/,
    ],
    [
      'damaged gzip',
      () => writeFileSync(at('train-images-idx3-ubyte'), gzipSync(images(4)).subarray(0, 30)),
      /train-images-idx3-ubyte: can't be read: /,
    ],
    ['no IDX', () => writeFileSync(at('train-images-idx3-ubyte'), 'hello world'), /not an IDX file/],
    [
      'one class',
      () => writeFileSync(at('train-labels-idx1-ubyte'), idxBytes([4], [0, 0, 0, 0])),
      /all labels in .* are 0/,
    ],
    [
      'a test set of another size',
      () => {
        writeFileSync(at('t10k-images-idx3-ubyte'), images(2, 3, 3));
        writeFileSync(at('t10k-labels-idx1-ubyte'), idxBytes([2], [0, 1]));
      },
      /must have as many numbers, got 6 in .* and 9 in /,
    ],
  ])('%s: which, where, why', async (_what, damage, message) => {
    writeFileSync(at('train-images-idx3-ubyte'), images(4));
    writeFileSync(at('train-labels-idx1-ubyte'), idxBytes([4], [0, 1, 2, 3]));
    damage();
    expect(await refused(folder)).toMatch(message);
  });
});

describe('CSV', () => {
  test('with a header, in MNIST’s form: pixels by 255, the test set beside it', async () => {
    writeFileSync(at('mnist_train.csv'), '\uFEFFlabel,1x1,1x2\r\n7,0,255\r\n\r\n3,51,0\r\n10,0,0\r\n');
    writeFileSync(at('mnist_test.csv'), 'label,1x1,1x2\n3,255,255\n');
    for (const place of [folder, at('mnist_train.csv')]) {
      const { train, test, classes } = await load(place);
      expect(classes).toEqual(['3', '7', '10']);
      expect(train).toEqual({
        x: [
          [0, 1],
          [Math.fround(0.2), 0],
          [0, 0],
        ],
        t: [1, 0, 2],
      });
      expect(test).toEqual({ x: [[1, 1]], t: [0] });
    }
  });

  test('with words for labels and any numbers; a part is held out of each class, the same each time', async () => {
    const rows = Array.from(
      { length: 40 },
      (_, k) => `${k % 4 === 0 ? '"iris, wild"' : 'rose'},${k},${-k / 8},1e-3`,
    );
    writeFileSync(at('flowers.csv'), rows.join('\n'));
    const { train, test, classes } = await load(at('flowers.csv'), { holdOut: 0.2 });
    expect(classes).toEqual(['iris, wild', 'rose']);
    expect(test.t.filter((t) => t === 0)).toHaveLength(2);
    expect(test.t.filter((t) => t === 1)).toHaveLength(6);
    const all = [...train.x, ...test.x].map(([k]) => k).sort((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: 40 }, (_, k) => k));
    for (const [k, second] of train.x) expect(second).toBe(-k / 8);
    expect((await load(at('flowers.csv'), { holdOut: 0.2 })).test).toEqual(test);
    const fewer = await load(at('flowers.csv'), { holdOut: 0.1 });
    for (const x of fewer.test.x) expect(test.x).toContainEqual(x);
    expect((await load(at('flowers.csv'), { holdOut: 0.2, seed: 2 })).test).not.toEqual(test);
  });

  test.each<[string, string, RegExp]>([
    ['a row too short', '1,2,3\n0,2\n', /a\.csv: line 2 has 2 fields; wanted 3, as the rows before it/],
    ['a word for a number', '1,2,3\n0,2,x\n', /a\.csv: line 2, field 3: wanted a number, got "x"/],
    ['an empty field', '1,2,3\n0,,4\n', /line 2, field 2: wanted a number, got ""/],
    ['a number beyond float32', '1,2,3\n0,1e39,4\n', /line 2, field 2: wanted a number/],
    ['NaN', '1,2,3\n0,NaN,4\n', /line 2, field 2: wanted a number/],
    ['no label', '1,2\n,3\n', /line 2 has no label/],
    ['nothing', '', /no rows/],
    ['a header only', 'label,a,b\n', /no rows/],
    ['one field', '1\n2\n', /one field only/],
    ['bytes', '1,2\0\n', /not a text/],
  ])('%s: which line, which field', async (_what, text, message) => {
    writeFileSync(at('a.csv'), text);
    expect(await refused(at('a.csv'))).toMatch(message);
  });

  test('a label in the test set that the training set has not', async () => {
    writeFileSync(at('train.csv'), '1,2\n0,3\n');
    writeFileSync(at('test.csv'), '1,2\n4,3\n');
    expect(await refused(folder)).toMatch(/test\.csv: the label 4 of row 2 is not in the training set/);
  });

  test('a quote within quotes, a header of numbers in words', () => {
    const { labels, values, width } = parseCsv(Buffer.from('"say ""a""",1\nb,2'), 'x');
    expect([labels, [...values], width]).toEqual([['say "a"', 'b'], [1, 2], 1]);
  });
});

describe('folders of images', () => {
  const picture = (value: number): Buffer =>
    greyPng(
      new Float32Array(16).fill(0).map((_, k) => (k === 0 ? value : 0)),
      4,
    );
  const write = (name: string, bytes: Uint8Array | string): void => {
    mkdirSync(path.dirname(at(name)), { recursive: true });
    writeFileSync(at(name), bytes);
  };

  test('one for each class; the first so many are of all of them', async () => {
    for (let k = 0; k < 10; k++) {
      write(`cats/${k}.png`, picture(1));
      write(`dogs/${k}.png`, picture(0.2));
    }
    write('cats/notes.txt', 'none of them');
    write('.hidden/1.png', 'none of them');
    const { train, test, classes, image } = await load(folder, { holdOut: 0.2 });
    expect([classes, image]).toEqual([['cats', 'dogs'], { rows: 4, columns: 4, preparation: 'plain' }]);
    expect([train.t.length, test.t.length]).toEqual([16, 4]);
    train.x.forEach(([first], n) => expect(first).toBeCloseTo(train.t[n] === 0 ? 1 : 0.2, 2));
  });

  test('with train and test; of another size where asked', async () => {
    for (const [name, value] of [
      ['train/a/1.png', 1],
      ['train/b/1.png', 0],
      ['test/b/1.png', 0],
    ] as const)
      write(name, picture(value));
    const { train, test } = await load(folder, { imageSize: { rows: 2, columns: 2 } });
    expect([train.t, test.t]).toEqual([[0, 1], [1]]);
    expect(train.x[0][0]).toBeCloseTo(0.25, 2);
  });

  test('wrong ones: an image that is none, one class only, a class the training set has not', async () => {
    write('a/1.png', picture(1));
    expect(await refused(folder)).toMatch(/wanted two folders of images or more/);
    write('b/1.png', 'no image');
    expect(await refused(folder)).toMatch(/b\/1\.png: wanted a PNG or JPEG image, got another kind of file/);
    for (const name of ['t/train/a/1.png', 't/train/b/1.png', 't/test/c/1.png']) write(name, picture(1));
    expect(await refused(at('t'))).toMatch(/the class c is not in the training set \(a, b\)/);
  });
});

test('nothing there, nothing in it, a file of another kind', async () => {
  expect(await refused(at('none'))).toMatch(/none can't be read: .*ENOENT/);
  expect(await refused(folder)).toMatch(/there are no data in .*; wanted IDX files/);
  writeFileSync(at('a.xlsx'), '');
  expect(await refused(at('a.xlsx'))).toMatch(/must be a CSV file/);
});
