/** Makes PNG files for tests, from the format's description and without the decoder's code. */
import { crc32, deflateSync } from 'node:zlib';

export interface PngParts {
  width: number;
  height: number;
  depth: 1 | 2 | 4 | 8 | 16;
  /** 0 grey, 2 colour, 3 palette, 4 grey and alpha, 6 colour and alpha. */
  kind: 0 | 2 | 3 | 4 | 6;
  /** The bytes of each row, without the filter's. */
  rows: number[][];
  palette?: number[];
  transparency?: number[];
}

const crcTable = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});
/** Node 20.19 has zlib.crc32 in some builds only. */
const sumOf = (bytes: Uint8Array): number =>
  typeof crc32 === 'function'
    ? crc32(bytes)
    : (bytes.reduce((c, byte) => crcTable[(c ^ byte) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0;

export function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(sumOf(body));
  return Buffer.concat([length, body, sum]);
}

export const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export function header(width: number, height: number, depth: number, kind: number): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set([depth, kind, 0, 0, 0], 8);
  return chunk('IHDR', data);
}

export function pngBytes({ width, height, depth, kind, rows, palette, transparency }: PngParts): Buffer {
  return Buffer.concat([
    signature,
    header(width, height, depth, kind),
    ...(palette ? [chunk('PLTE', Uint8Array.from(palette))] : []),
    ...(transparency ? [chunk('tRNS', Uint8Array.from(transparency))] : []),
    chunk('IDAT', deflateSync(Uint8Array.from(rows.flatMap((row) => [0, ...row])))),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

/** A grey PNG of 8 bits, of numbers from 0 to 1. */
export const greyPng = (values: ArrayLike<number>, width: number): Buffer => {
  const height = values.length / width;
  const rows = Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => Math.round(255 * values[y * width + x])),
  );
  return pngBytes({ width, height, depth: 8, kind: 0, rows });
};
