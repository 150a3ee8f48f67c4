/** Reads IDX, the format of MNIST's files: a magic number, the sizes, the values. Runs anywhere. */
import { InputError } from '../errors.js';
import { sizeOf } from '../shapes.js';

export const IMAGES_MAGIC = 0x00000803;
export const LABELS_MAGIC = 0x00000801;
/** Labels are the digits 0 to 9. */
export const CLASSES = 10;

export interface IdxOptions {
  /** What error messages call the file. */
  name?: string;
}

export interface IdxArray<Shape extends number[] = number[]> {
  shape: Shape;
  /** The values in row-major order; a view into the bytes given, not a copy. */
  data: Uint8Array;
}

const DEFAULT_NAME = 'IDX data';
const UNSIGNED_BYTE = 0x08;
const ELEMENT_TYPES: Record<number, string> = {
  [UNSIGNED_BYTE]: 'unsigned byte',
  0x09: 'signed byte',
  0x0b: '16-bit integer',
  0x0c: '32-bit integer',
  0x0d: '32-bit float',
  0x0e: '64-bit float',
};

/**
 * The array in an IDX file of unsigned bytes, of any rank.
 *
 *     0  0  type  rank | size₁ … size_rank, 32 bits each, big-endian | the values
 *
 * The file must end where its sizes say. InputError for anything else: another format, gzip not yet undone,
 * another element type, a size of 0, bytes missing or left over.
 * Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
 */
export function parseIdx(bytes: Uint8Array, { name = DEFAULT_NAME }: IdxOptions = {}): IdxArray {
  const magic = readMagic(bytes, name);
  const type = (magic >>> 8) & 0xff;
  const rank = magic & 0xff;
  if (magic >>> 16 !== 0 || !(type in ELEMENT_TYPES) || rank === 0) {
    throw new InputError(
      `${name}: not an IDX file; wanted a magic number 0x000008nn with nn dimensions, got ${hex(magic)}.`,
    );
  }
  if (type !== UNSIGNED_BYTE) {
    throw new InputError(
      `${name}: wanted unsigned bytes (type 0x08), got ${ELEMENT_TYPES[type]}s (magic number ${hex(magic)}).`,
    );
  }
  const shape = readShape(bytes, rank, name);
  const header = 4 + 4 * rank;
  requireLength(bytes, header, shape, name);
  return { shape, data: bytes.subarray(header) };
}

/** The images of an IDX file with magic number 2051: shape [count, rows, columns]. Errors as `parseIdx`. */
export function parseIdxImages(
  bytes: Uint8Array,
  { name = DEFAULT_NAME }: IdxOptions = {},
): IdxArray<[count: number, rows: number, columns: number]> {
  requireMagic(bytes, IMAGES_MAGIC, 'images', name);
  const { shape, data } = parseIdx(bytes, { name });
  return { shape: [shape[0], shape[1], shape[2]], data };
}

/** The labels of an IDX file with magic number 2049: shape [count], each 0 to 9. Errors as `parseIdx`. */
export function parseIdxLabels(
  bytes: Uint8Array,
  { name = DEFAULT_NAME }: IdxOptions = {},
): IdxArray<[count: number]> {
  requireMagic(bytes, LABELS_MAGIC, 'labels', name);
  const { shape, data } = parseIdx(bytes, { name });
  const wrong = data.findIndex((label) => label >= CLASSES);
  if (wrong !== -1) {
    throw new InputError(`${name}: wanted labels from 0 to 9, got ${data[wrong]} at position ${wrong}.`);
  }
  return { shape: [shape[0]], data };
}

/** Images and their labels, from two files that must hold equally many. */
export function parseIdxPair(
  images: { bytes: Uint8Array; name: string },
  labels: { bytes: Uint8Array; name: string },
) {
  const parsedImages = parseIdxImages(images.bytes, images);
  const parsedLabels = parseIdxLabels(labels.bytes, labels);
  if (parsedImages.shape[0] !== parsedLabels.shape[0]) {
    throw new InputError(
      `${images.name} has ${parsedImages.shape[0]} images, but ${labels.name} has ${parsedLabels.shape[0]} labels; ` +
        'wanted one label for each image. Take both files from the same data set.',
    );
  }
  return { images: parsedImages, labels: parsedLabels };
}

/** How long the IDX file is that begins with these bytes, or undefined where that cannot be told from them. */
export function idxLength(begin: Uint8Array): number | undefined {
  if (begin.length < 4) return undefined;
  const magic = uint32(begin, 0);
  const rank = magic & 0xff;
  const header = 4 + 4 * rank;
  if (magic >>> 8 !== UNSIGNED_BYTE || rank === 0 || begin.length < header) return undefined;
  return header + sizeOf(Array.from({ length: rank }, (_, axis) => uint32(begin, 4 + 4 * axis)));
}

/** Whether `bytes` begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function readMagic(bytes: Uint8Array, name: string): number {
  if (isGzip(bytes)) throw new InputError(`${name}: compressed with gzip; decompress it first.`);
  if (bytes.length < 4) throw truncated(name, 'at least 4 bytes', bytes.length);
  return uint32(bytes, 0);
}

function requireMagic(bytes: Uint8Array, wanted: number, content: string, name: string): void {
  const magic = readMagic(bytes, name);
  if (magic === wanted) return;
  const known =
    { [IMAGES_MAGIC]: ', which marks images', [LABELS_MAGIC]: ', which marks labels' }[magic] ?? '';
  throw new InputError(
    `${name}: not an IDX file of ${content}; wanted the magic number ${hex(wanted)} (${wanted}), ` +
      `got ${hex(magic)} (${magic})${known}.`,
  );
}

function readShape(bytes: Uint8Array, rank: number, name: string): number[] {
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw truncated(name, `a header of ${header} bytes`, bytes.length);
  const shape = Array.from({ length: rank }, (_, axis) => uint32(bytes, 4 + 4 * axis));
  if (shape.includes(0)) {
    throw new InputError(`${name}: holds nothing; wanted sizes of at least 1, got [${shape}].`);
  }
  return shape;
}

function requireLength(bytes: Uint8Array, header: number, shape: number[], name: string): void {
  const wanted = sizeOf(shape) + header;
  if (!Number.isSafeInteger(wanted)) {
    throw new InputError(`${name}: damaged header; no file can hold the sizes it gives, [${shape}].`);
  }
  if (bytes.length < wanted) throw truncated(name, `${wanted} bytes for sizes [${shape}]`, bytes.length);
  if (bytes.length > wanted) {
    throw new InputError(
      `${name}: ${bytes.length - wanted} bytes too many; wanted ${wanted} bytes for sizes [${shape}], got ${bytes.length}.`,
    );
  }
}

function truncated(name: string, wanted: string, came: number): InputError {
  return new InputError(`${name}: cut short; wanted ${wanted}, got ${came}. Fetch or copy the file again.`);
}

function uint32(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(offset);
}

function hex(magic: number): string {
  return `0x${magic.toString(16).padStart(8, '0')}`;
}
