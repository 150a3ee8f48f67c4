/** PNG and JPEG as pixels (oracle: the bytes that the test put there), and wrong files, refused with a sentence and within bounds. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import jpeg from 'jpeg-js';
import { decodeImage, loadDecoders } from '../../src/data/images.js';
import { InputError } from '../../src/errors.js';
import { zlibOfZeros } from './bomb.js';
import { chunk, header, pngBytes, signature, type PngParts } from './png-bytes.js';

let decoders: Awaited<ReturnType<typeof loadDecoders>>;
beforeAll(async () => {
  decoders = await loadDecoders('the test');
});
const pixels = (bytes: Uint8Array): number[][] => {
  const { width, height, rgb } = decodeImage(bytes, 'a.png', decoders);
  return Array.from({ length: width * height }, (_, k) =>
    [...rgb.subarray(3 * k, 3 * k + 3)].map((v) => Math.round(255 * v)),
  );
};
const grey = (v: number): number[] => [v, v, v];

describe('PNG', () => {
  test.each<[string, PngParts, number[][]]>([
    [
      'grey, 8 bits',
      {
        width: 2,
        height: 2,
        depth: 8,
        kind: 0,
        rows: [
          [0, 100],
          [200, 255],
        ],
      },
      [0, 100, 200, 255].map(grey),
    ],
    [
      'grey, 1 bit, rows of their own bytes',
      { width: 3, height: 2, depth: 1, kind: 0, rows: [[0b10100000], [0b01000000]] },
      [255, 0, 255, 0, 255, 0].map(grey),
    ],
    [
      'grey, 4 bits',
      { width: 3, height: 1, depth: 4, kind: 0, rows: [[0x0f, 0x30]] },
      [0, 255, 51].map(grey),
    ],
    [
      'grey, 16 bits',
      { width: 2, height: 1, depth: 16, kind: 0, rows: [[0xff, 0xff, 0x80, 0x80]] },
      [255, 128].map(grey),
    ],
    [
      'grey with alpha, on white',
      { width: 2, height: 1, depth: 8, kind: 4, rows: [[0, 0, 0, 51]] },
      [255, 204].map(grey),
    ],
    [
      'grey with one clear value',
      { width: 2, height: 1, depth: 8, kind: 0, rows: [[7, 8]], transparency: [0, 7] },
      [255, 8].map(grey),
    ],
    [
      'colour',
      {
        width: 1,
        height: 2,
        depth: 8,
        kind: 2,
        rows: [
          [1, 2, 3],
          [4, 5, 6],
        ],
      },
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    [
      'colour with alpha',
      { width: 1, height: 1, depth: 8, kind: 6, rows: [[255, 0, 0, 51]] },
      [[255, 204, 204]],
    ],
    [
      'palette, 2 bits',
      { width: 3, height: 1, depth: 2, kind: 3, rows: [[0b00011000]], palette: [9, 8, 7, 1, 2, 3, 4, 5, 6] },
      [
        [9, 8, 7],
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    [
      'palette with a clear colour',
      {
        width: 2,
        height: 1,
        depth: 8,
        kind: 3,
        rows: [[0, 1]],
        palette: [9, 8, 7, 1, 2, 3],
        transparency: [0],
      },
      [
        [255, 255, 255],
        [1, 2, 3],
      ],
    ],
  ])('%s', (_what, parts, wanted) => {
    expect(pixels(pngBytes(parts))).toEqual(wanted);
  });

  const good = pngBytes({
    width: 2,
    height: 2,
    depth: 8,
    kind: 0,
    rows: [
      [0, 100],
      [200, 255],
    ],
  });
  const flipped = (at: number): Buffer => {
    const bytes = Buffer.from(good);
    bytes[at] ^= 1;
    return bytes;
  };

  test.each<[string, Uint8Array, RegExp]>([
    ['cut short', good.subarray(0, 40), /^a\.png: the PNG image can't be read: it is cut short\.$/],
    ['without its end', good.subarray(0, -12), /cut short/],
    ['a changed byte of the data', flipped(45), /can't be read: /],
    ['a wrong sum', flipped(good.length - 1), /can't be read: /],
    [
      'no rows',
      Buffer.concat([signature, header(2, 2, 8, 0), chunk('IEND', new Uint8Array(0))]),
      /can't be read: /,
    ],
    [
      'rows missing',
      pngBytes({ width: 2, height: 3, depth: 8, kind: 0, rows: [[0, 100]] }),
      /rows of pixels are missing/,
    ],
    [
      'too large',
      Buffer.concat([
        signature,
        header(100_000, 100_000, 8, 0),
        chunk('IDAT', new Uint8Array(9)),
        chunk('IEND', new Uint8Array(0)),
      ]),
      /100000 × 100000 are more than the 50 million pixels/,
    ],
    [
      'no size',
      Buffer.concat([
        signature,
        header(0, 3, 8, 0),
        chunk('IDAT', new Uint8Array(9)),
        chunk('IEND', new Uint8Array(0)),
      ]),
      /its size is 0 × 3/,
    ],
    ['a GIF', Buffer.from('GIF89a'), /wanted a PNG or JPEG image, got a GIF\.$/],
    ['a text', Buffer.from('hello'), /got another kind of file/],
    ['nothing', new Uint8Array(0), /the file is empty/],
  ])('%s is refused', (_what, bytes, message) => {
    expect(() => pixels(bytes)).toThrow(InputError);
    expect(() => pixels(bytes)).toThrow(message);
  });

  test('a bomb in the pixels or in a text takes no memory', () => {
    const zeros = zlibOfZeros(512);
    const end = chunk('IEND', new Uint8Array(0));
    const before = process.memoryUsage().rss;
    const inPixels = Buffer.concat([signature, header(2, 2, 8, 0), chunk('IDAT', zeros), end]);
    expect(() => pixels(inPixels)).toThrow(/can't be read: /);
    const profile = chunk('iCCP', Buffer.concat([Buffer.from('x\0\0'), zeros]));
    const inProfile = Buffer.concat([good.subarray(0, 33), profile, good.subarray(33)]);
    expect(pixels(inProfile)).toHaveLength(4);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });
});

describe('JPEG', () => {
  /** Left half dark, right half bright, with a bright bar above on the left. */
  const [width, height] = [32, 16];
  const data = new Uint8Array(4 * width * height).map((_, k) => {
    const x = (k >> 2) % width;
    return k % 4 === 3 || x >= 16 ? 255 : 0;
  });
  const bytes = Buffer.from(jpeg.encode({ width, height, data }, 90).data);
  /** The same with Exif's word on how the camera was held. */
  const held = (orientation: number): Buffer => {
    const exif = Buffer.concat([
      Buffer.from('Exif\0\0', 'latin1'),
      Buffer.from([
        0x4d,
        0x4d,
        0,
        42,
        0,
        0,
        0,
        8,
        0,
        1,
        0x01,
        0x12,
        0,
        3,
        0,
        0,
        0,
        1,
        0,
        orientation,
        0,
        0,
        0,
        0,
        0,
        0,
      ]),
    ]);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(exif.length + 2);
    return Buffer.concat([bytes.subarray(0, 2), Buffer.from([0xff, 0xe1]), length, exif, bytes.subarray(2)]);
  };
  const at = (image: { width: number; rgb: Float32Array }, x: number, y: number): number =>
    image.rgb[3 * (y * image.width + x)];

  test('is read, and turned as its camera was held', () => {
    const plain = decodeImage(bytes, 'a.jpg', decoders);
    expect([plain.width, plain.height]).toEqual([32, 16]);
    expect(at(plain, 4, 8)).toBeLessThan(0.1);
    expect(at(plain, 28, 8)).toBeGreaterThan(0.9);
    const mirrored = decodeImage(held(2), 'a.jpg', decoders);
    expect([at(mirrored, 4, 8) > 0.9, at(mirrored, 28, 8) < 0.1]).toEqual([true, true]);
    // Turned by a quarter to the right: what was left is above.
    const turned = decodeImage(held(6), 'a.jpg', decoders);
    expect([turned.width, turned.height]).toEqual([16, 32]);
    expect([at(turned, 8, 4) < 0.1, at(turned, 8, 28) > 0.9]).toEqual([true, true]);
    const other = decodeImage(held(8), 'a.jpg', decoders);
    expect([at(other, 8, 4) > 0.9, at(other, 8, 28) < 0.1]).toEqual([true, true]);
  });

  test('cut short or damaged is refused', () => {
    for (const wrong of [
      bytes.subarray(0, 3),
      bytes.subarray(0, 100),
      Buffer.concat([bytes.subarray(0, 3), Buffer.alloc(50)]),
    ]) {
      expect(() => decodeImage(wrong, 'a.jpg', decoders)).toThrow(InputError);
      expect(() => decodeImage(wrong, 'a.jpg', decoders)).toThrow(/^a\.jpg: the JPEG image can't be read: /);
    }
  });
});
