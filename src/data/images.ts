/** PNG and JPEG images as pixels. What decodes them (fast-png, jpeg-js) is to be installed beside this library. */
import { inflateSync } from 'node:zlib';
import { InputError } from '../errors.js';
import { optional } from '../optional.js';

/** Pixels of red, green and blue, 0 to 1, row after row; what is transparent is on white. */
export interface Image {
  width: number;
  height: number;
  rgb: Float32Array;
}

export const IMAGE_PACKAGES = ['fast-png', 'jpeg-js'] as const;
export const IMAGE_NAME = /\.(png|jpe?g)$/i;

/** A photo of 50 megapixels takes 600 MB as numbers. */
const MOST_PIXELS = 50e6;

type Decoders = Pick<typeof import('fast-png'), 'decode' | 'convertIndexedToRgb'> & {
  jpeg: (typeof import('jpeg-js'))['decode'];
};

/** @throws EnvironmentError where the packages are not installed */
export const loadDecoders = (use: string): Promise<Decoders> =>
  optional(use, IMAGE_PACKAGES, async () => {
    const [png, { default: jpeg }] = await Promise.all([import('fast-png'), import('jpeg-js')]);
    return { decode: png.decode, convertIndexedToRgb: png.convertIndexedToRgb, jpeg: jpeg.decode };
  });

/**
 * The pixels of a PNG (of any depth and kind, interlaced or not) or a JPEG (also progressive, turned as its camera says).
 *
 * @throws InputError with the image's name for any other file, a damaged one, and one of more than 50 million pixels
 */
export function decodeImage(bytes: Uint8Array, name: string, decoders: Decoders): Image {
  const isPng = startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const isJpeg = startsWith(bytes, [0xff, 0xd8, 0xff]);
  if (bytes.length === 0) throw new InputError(`${name}: the file is empty; wanted a PNG or JPEG image.`);
  if (!isPng && !isJpeg) throw new InputError(`${name}: wanted a PNG or JPEG image, got ${kindOf(bytes)}.`);
  try {
    return isPng ? decodePng(bytes, decoders) : decodeJpeg(bytes, decoders);
  } catch (error) {
    const { name: kind, message, cause, code } = error as Error & { code?: string };
    // What a decoder trips over in a damaged file says nothing of the file.
    const isSlip =
      ['TypeError', 'RangeError', 'ReferenceError'].includes(kind) || code === 'ERR_BUFFER_TOO_LARGE';
    const said = String(cause instanceof Error ? cause.message : message);
    const reason = isSlip ? 'it is damaged' : said.split('\n')[0].replace(/[.:]+$/, '');
    throw new InputError(`${name}: the ${isPng ? 'PNG' : 'JPEG'} image can't be read: ${reason}.`, {
      cause: error,
    });
  }
}

const startsWith = (bytes: Uint8Array, begin: readonly number[]): boolean =>
  begin.every((byte, k) => bytes[k] === byte);

function kindOf(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (text.startsWith('GIF8')) return 'a GIF';
  if (text.startsWith('RIFF') && text.endsWith('WEBP')) return 'a WebP';
  if (text.startsWith('BM')) return 'a BMP';
  if (/^.{4}ftyp(hei|mif|avi)/s.test(text)) return 'a HEIF or AVIF';
  if (text.startsWith('%PDF')) return 'a PDF';
  return 'another kind of file';
}

function requirePixels(width: number, height: number): void {
  if (width < 1 || height < 1) throw new Error(`its size is ${width} × ${height}`);
  if (width * height > MOST_PIXELS) {
    throw new Error(
      `${width} × ${height} are more than the ${MOST_PIXELS / 1e6} million pixels that are taken`,
    );
  }
}

/** What of a PNG makes its pixels; the rest (texts, profiles) may be large and is left out. */
const PIXEL_CHUNKS = ['IHDR', 'PLTE', 'tRNS', 'IDAT', 'IEND'];
const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

function decodePng(bytes: Uint8Array, { decode, convertIndexedToRgb }: Decoders): Image {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  const data: Uint8Array[] = [];
  let ended = false;
  for (let at = 8; at < bytes.length && !ended;) {
    if (at + 12 > bytes.length) throw new Error('it is cut short');
    const length = view.getUint32(at);
    const type = Buffer.from(bytes.subarray(at + 4, at + 8)).toString('latin1');
    const end = at + 12 + length;
    if (end > bytes.length) throw new Error('it is cut short');
    if (PIXEL_CHUNKS.includes(type)) kept.push(bytes.subarray(at, end));
    if (type === 'IDAT') data.push(bytes.subarray(at + 8, end - 4));
    ended = type === 'IEND';
    at = end;
  }
  if (!ended) throw new Error('it is cut short');
  if (kept[1]?.length !== 25) throw new Error('it has no header');
  const [width, height, depth, kind, interlaced] = [
    view.getUint32(16),
    view.getUint32(20),
    bytes[24],
    bytes[25],
    bytes[28],
  ];
  requirePixels(width, height);
  // No more than the pixels take, before anything is decompressed in full; interlaced, each of seven parts has rows of its own.
  const row = Math.ceil((width * (CHANNELS[kind] ?? 4) * depth) / 8) + 1;
  const most = interlaced ? 2 * row * height + 16 * (width + height) : row * height;
  const inflated = inflateSync(Buffer.concat(data), { maxOutputLength: most });
  if (!interlaced && inflated.length < most) throw new Error('rows of pixels are missing');
  const png = decode(Uint8Array.from(Buffer.concat(kept)), { checkCrc: true });
  if (png.palette) {
    return fromPixels(width, height, convertIndexedToRgb(png), png.palette[0].length, 255);
  }
  const scale = 2 ** depth - 1;
  const values = depth < 8 ? unpacked(png.data as Uint8Array, width, height, depth) : png.data;
  return fromPixels(width, height, values, png.channels, scale, png.transparency);
}

/** Several pixels a byte, each row from a byte of its own. */
function unpacked(packed: Uint8Array, width: number, height: number, depth: number): Uint8Array {
  const values = new Uint8Array(width * height);
  const rowBytes = Math.ceil((width * depth) / 8);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const bit = x * depth;
      values[y * width + x] =
        (packed[y * rowBytes + (bit >> 3)] >> (8 - depth - (bit & 7))) & (2 ** depth - 1);
    }
  }
  return values;
}

/** Grey or colour, with or without alpha, put on white; `clear` is the one value that is transparent. */
function fromPixels(
  width: number,
  height: number,
  values: ArrayLike<number>,
  channels: number,
  scale: number,
  clear?: ArrayLike<number>,
): Image {
  const rgb = new Float32Array(3 * width * height);
  const colours = channels < 3 ? 1 : 3;
  const hasAlpha = channels === 2 || channels === 4;
  for (let pixel = 0; pixel < width * height; pixel++) {
    const at = pixel * channels;
    let alpha = hasAlpha ? values[at + channels - 1] / scale : 1;
    if (clear && Array.from({ length: colours }, (_, c) => values[at + c] === clear[c]).every(Boolean))
      alpha = 0;
    for (let c = 0; c < 3; c++) {
      rgb[3 * pixel + c] = 1 - alpha * (1 - values[at + (colours === 1 ? 0 : c)] / scale);
    }
  }
  return { width, height, rgb };
}

function decodeJpeg(bytes: Uint8Array, { jpeg }: Decoders): Image {
  const size = jpegSize(bytes);
  if (!size) throw new Error('it has no header');
  requirePixels(size.width, size.height);
  const { width, height, data, exifBuffer } = jpeg(bytes, {
    useTArray: true,
    tolerantDecoding: false,
    maxResolutionInMP: MOST_PIXELS / 1e6,
    maxMemoryUsageInMB: 1024,
  }) as { width: number; height: number; data: Uint8Array; exifBuffer?: Uint8Array };
  return turned(fromPixels(width, height, data, 4, 255), orientationOf(exifBuffer));
}

/** The sizes in the frame's header. */
function jpegSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 2; at + 9 < bytes.length;) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1];
    if (marker === 0xff) at++;
    else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    } else at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

/** Exif's orientation, 1 to 8; 1 where there is none. */
function orientationOf(exif?: Uint8Array): number {
  if (!exif || exif.length < 14) return 1;
  // What the decoder gives begins with the zero bytes of "Exif\0\0", or after them.
  const begin = Buffer.from(exif).findIndex(
    (byte, k) => (byte === 0x49 || byte === 0x4d) && exif[k + 1] === byte,
  );
  if (begin < 0 || begin > 6) return 1;
  const view = new DataView(exif.buffer, exif.byteOffset + begin, exif.length - begin);
  const isLittle = view.getUint8(0) === 0x49;
  const directory = view.byteLength >= 8 ? view.getUint32(4, isLittle) : Infinity;
  if (directory + 2 > view.byteLength) return 1;
  const entries = view.getUint16(directory, isLittle);
  for (let k = 0; k < entries && directory + 14 + 12 * k <= view.byteLength; k++) {
    const at = directory + 2 + 12 * k;
    if (view.getUint16(at, isLittle) === 0x0112) return view.getUint16(at + 8, isLittle);
  }
  return 1;
}

/** The image as it is to be looked at. */
function turned(image: Image, orientation: number): Image {
  if (!(orientation >= 2 && orientation <= 8)) return image;
  const { width: w, height: h, rgb } = image;
  const isOnItsSide = orientation >= 5;
  const [width, height] = isOnItsSide ? [h, w] : [w, h];
  const out = new Float32Array(rgb.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fx, fy] = [width - 1 - x, height - 1 - y];
      const [sx, sy] = [[], [], [fx, y], [fx, fy], [x, fy], [y, x], [y, fx], [fy, fx], [fy, x]][orientation];
      out.set(rgb.subarray(3 * (sy * w + sx), 3 * (sy * w + sx) + 3), 3 * (y * width + x));
    }
  }
  return { width, height, rgb: out };
}
