/** Gzip data decompressed to no more than an IDX header says (oracle: zlib). */
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { uncompressed } from '../../src/data/gzip.js';
import { gzipWithZeros } from './bomb.js';
import { idxBytes } from './idx-bytes.js';

const images = idxBytes([40, 50, 60], new Uint8Array(120_000).fill(7));

test('what is compressed and what is not comes out as it is', async () => {
  expect(Buffer.from(await uncompressed(gzipSync(images))).equals(images)).toBe(true);
  expect(await uncompressed(images)).toBe(images);
  const text = Buffer.from('label,pixel0\n1,2\n');
  expect(await uncompressed(gzipSync(text))).toEqual(text);
});

test('a bomb is refused at its header’s bound, with no more memory than that', async () => {
  // 1 GB of zeros behind a header that says 100 bytes.
  const bomb = gzipWithZeros(idxBytes([92], []), 1024);
  const before = process.memoryUsage().rss;
  await expect(uncompressed(bomb)).rejects.toThrow('it holds more than 100 bytes, which its header says');
  expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
});

test('a header that says more than the bytes can hold is refused before they are decompressed', async () => {
  const cut = gzipSync(Buffer.concat([idxBytes([60_000, 3000, 3000], []), Buffer.alloc(1000)]));
  await expect(uncompressed(cut)).rejects.toThrow(/cut short: its header says 540000000016 bytes/);
});

test('one byte more than the header says is found, and one less is left to the reader of IDX', async () => {
  await expect(uncompressed(gzipSync(Buffer.concat([images, Buffer.alloc(1)])))).rejects.toThrow(
    /more than 120016 bytes/,
  );
  expect(await uncompressed(gzipSync(images.subarray(0, -1)))).toHaveLength(120_015);
});

test('a text larger than the bound is refused', async () => {
  await expect(uncompressed(gzipSync('x'.repeat(5000)), 4000)).rejects.toThrow(
    'it holds more than 4000 bytes, the most here',
  );
});
