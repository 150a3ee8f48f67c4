/** Compressed zeros without number, made in a moment: one megabyte of them is compressed, and its blocks are repeated. */
import { constants, deflateRawSync } from 'node:zlib';

const MEGABYTE = 2 ** 20;

/** Blocks that need nothing of those before them, and none of which is the last. */
const blocksOf = (bytes: Uint8Array): Buffer =>
  deflateRawSync(bytes, { finishFlush: constants.Z_FULL_FLUSH });
const last = deflateRawSync(new Uint8Array(0));

const blocksOfZeros = (megabytes: number): Buffer[] =>
  new Array<Buffer>(megabytes).fill(blocksOf(new Uint8Array(MEGABYTE)));

/** A zlib stream of zeros, with its checksum (Adler-32: 1, and of n zeros n modulo 65521). */
export function zlibOfZeros(megabytes: number): Buffer {
  const sum = Buffer.alloc(4);
  sum.writeUInt16BE((megabytes * MEGABYTE) % 65_521);
  sum.writeUInt16BE(1, 2);
  return Buffer.concat([Buffer.from([0x78, 0x9c]), ...blocksOfZeros(megabytes), last, sum]);
}

/** A gzip file of these bytes and then zeros, without its sums: for readers that end before they come to them. */
export const gzipWithZeros = (first: Uint8Array, megabytes: number): Buffer =>
  Buffer.concat([
    Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]),
    blocksOf(first),
    ...blocksOfZeros(megabytes),
    last,
  ]);
