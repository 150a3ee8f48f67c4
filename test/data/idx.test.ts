import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gzipSync } from 'node:zlib';
import { parseIdx, parseIdxImages, parseIdxLabels, parseIdxPair } from '../../src/data/idx.js';
import { InputError } from '../../src/errors.js';
import { sizeOf } from '../../src/shapes.js';
import { idxBytes } from './idx-bytes.js';

/** The InputError's message; fails where another error or none is thrown. */
function complaint(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return (error as Error).message;
  }
  throw new Error('no error came');
}

// prettier-ignore
const TWO_IMAGES = Uint8Array.of(
  0, 0, 8, 3,  0, 0, 0, 2,  0, 0, 0, 2,  0, 0, 0, 3,
  1, 2, 3, 4, 5, 6,  250, 251, 252, 253, 254, 255,
);
const TWO_LABELS = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 9, 0);

describe('parseIdx (oracle: bytes made by hand from the description of the format)', () => {
  it('reads images, labels and other ranks', () => {
    expect(parseIdxImages(TWO_IMAGES)).toEqual({ shape: [2, 2, 3], data: TWO_IMAGES.slice(16) });
    expect(parseIdxLabels(TWO_LABELS)).toEqual({ shape: [2], data: Uint8Array.of(9, 0) });
    expect(parseIdx(Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 7, 8))).toEqual({
      shape: [1, 2],
      data: Uint8Array.of(7, 8),
    });
  });

  it('reads sizes as big-endian numbers of 32 bits', () => {
    const bytes = new Uint8Array(8 + 0x010203);
    bytes.set([0, 0, 8, 1, 0, 1, 2, 3]);
    expect(parseIdxLabels(bytes).shape).toEqual([0x010203]);
  });

  it('reads from the middle of a larger buffer', () => {
    const buffer = new Uint8Array(30);
    buffer.set(TWO_LABELS, 7);
    expect(parseIdxLabels(buffer.subarray(7, 17)).data).toEqual(Uint8Array.of(9, 0));
  });

  it('says what was wanted and what came, with the name of the file', () => {
    const name = 'digits';
    const images = (bytes: Uint8Array) => complaint(() => parseIdxImages(bytes, { name }));
    const labels = (bytes: Uint8Array) => complaint(() => parseIdxLabels(bytes, { name }));
    expect(images(TWO_LABELS)).toBe(
      'digits: not an IDX file of images; wanted the magic number 0x00000803 (2051), ' +
        'got 0x00000801 (2049), which marks labels.',
    );
    expect(labels(TWO_IMAGES)).toMatch(
      /wanted .* 0x00000801 \(2049\), got 0x00000803 \(2051\), which marks images/,
    );
    expect(images(Buffer.from('<!DOCTYPE html>'))).toMatch(/got 0x3c21444f/);
    expect(images(TWO_IMAGES.slice(0, 27))).toMatch(/cut short; wanted 28 bytes for sizes \[2,2,3\], got 27/);
    expect(images(TWO_IMAGES.slice(0, 15))).toMatch(/cut short; wanted a header of 16 bytes, got 15/);
    expect(images(new Uint8Array(0))).toMatch(/cut short; wanted at least 4 bytes, got 0/);
    expect(images(Uint8Array.of(...TWO_IMAGES, 0))).toMatch(/1 bytes too many; wanted 28 bytes .* got 29/);
    expect(images(idxBytes([0, 28, 28], []))).toMatch(
      /holds nothing; wanted sizes of at least 1, got \[0,28,28\]/,
    );
    expect(images(idxBytes([2, 0, 3], []))).toMatch(/holds nothing/);
    expect(labels(idxBytes([0], []))).toMatch(/holds nothing/);
    expect(images(idxBytes([2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], [1]))).toMatch(
      /damaged header; no file can hold the sizes it gives, \[4294967295,/,
    );
    expect(labels(idxBytes([3], [0, 9, 10]))).toMatch(/wanted labels from 0 to 9, got 10 at position 2/);
    expect(images(gzipSync(TWO_IMAGES))).toMatch(/compressed with gzip/);
    expect(complaint(() => parseIdx(gzipSync(TWO_IMAGES)))).toMatch(/^IDX data: compressed with gzip/);
    expect(complaint(() => parseIdx(idxBytes([1], [0, 0, 0, 0], 0x0d), { name }))).toMatch(
      /wanted unsigned bytes \(type 0x08\), got 32-bit floats/,
    );
    expect(complaint(() => parseIdx(Uint8Array.of(0, 0, 8, 0, 1), { name }))).toMatch(/not an IDX file/);
    expect(complaint(() => parseIdx(Uint8Array.of(0, 1, 8, 1, 0, 0, 0, 1, 5), { name }))).toMatch(
      /got 0x00010801/,
    );
  });
});

describe('parseIdxPair', () => {
  const images = { bytes: TWO_IMAGES, name: 'pictures' };

  it('takes as many labels as images', () => {
    const pair = parseIdxPair(images, { bytes: TWO_LABELS, name: 'names' });
    expect(pair.images.shape).toEqual([2, 2, 3]);
    expect(pair.labels.data).toEqual(Uint8Array.of(9, 0));
  });

  it('rejects another number of them', () => {
    const labels = { bytes: idxBytes([3], [0, 1, 2]), name: 'names' };
    expect(complaint(() => parseIdxPair(images, labels))).toMatch(
      /pictures has 2 images, but names has 3 labels/,
    );
  });
});

describe('laws (oracle: the writer in idx-bytes.ts)', () => {
  const arrays = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }).chain((shape) => {
    const length = sizeOf(shape);
    return fc.record({
      shape: fc.constant(shape),
      values: fc.uint8Array({ minLength: length, maxLength: length }),
    });
  });
  const sizes = fc.tuple(...[3, 3, 3].map((max) => fc.integer({ min: 1, max })));
  const imageFiles = sizes.chain((shape) => {
    const length = sizeOf(shape);
    return fc.uint8Array({ minLength: length, maxLength: length }).map((values) => idxBytes(shape, values));
  });

  it('gives back what was written', () => {
    fc.assert(
      fc.property(arrays, ({ shape, values }) => {
        expect(parseIdx(idxBytes(shape, values))).toEqual({ shape, data: values });
      }),
    );
  });

  it('rejects a file cut anywhere, and one with anything added', () => {
    fc.assert(
      fc.property(imageFiles, fc.uint8Array({ minLength: 1, maxLength: 5 }), (file, extra) => {
        for (let end = 0; end < file.length; end++) complaint(() => parseIdxImages(file.subarray(0, end)));
        complaint(() => parseIdxImages(Uint8Array.of(...file, ...extra)));
        parseIdxImages(file);
      }),
    );
  });

  it('rejects any change to one byte of the header', () => {
    const flips = fc.record({ at: fc.nat(15), by: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(imageFiles, flips, (file, { at, by }) => {
        const changed = file.slice();
        changed[at] ^= by;
        complaint(() => parseIdxImages(changed));
        complaint(() => parseIdx(changed));
      }),
    );
  });
});
