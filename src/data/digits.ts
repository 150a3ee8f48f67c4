/** From an image to what a network of images takes: grey, of its size, and a digit as MNIST has it. */
import { InputError } from '../errors.js';
import type { Image } from './images.js';
import type { ImageForm } from './image-form.js';

/** Whether pictures are digits as MNIST has them: nearly all with nothing at the border and their mass in the middle. */
export function looksLikeDigits(
  values: ArrayLike<number>,
  count: number,
  { rows, columns }: { rows: number; columns: number },
): boolean {
  // Of pictures of a few pixels the middle says nothing.
  if (Math.min(rows, columns) < 16) return false;
  const looked = Math.min(count, 200);
  let centred = 0;
  for (let n = 0; n < looked; n++) {
    const at = Math.floor((n * count) / looked) * rows * columns;
    const picture = Float32Array.from({ length: rows * columns }, (_, k) => values[at + k]);
    const most = picture.reduce((a, b) => Math.max(a, b), 0) || 1;
    if (isCentred({ width: columns, height: rows, values: picture.map((value) => value / most) })) centred++;
  }
  return centred > 0.9 * looked;
}

/** One number a pixel, 0 to 1. */
interface Plane {
  width: number;
  height: number;
  values: Float32Array;
}

/** The inputs, rows · columns of them, 0 to 1. @throws InputError for an image of one colour, in which there is no digit */
export function toInputs(
  image: Image,
  { rows, columns, preparation }: ImageForm,
  name: string,
): Float32Array {
  if (preparation === 'plain') return resized(greyOf(image), columns, rows).values;
  return digitOf(image, { rows, columns }, name);
}

/** Luminance, by the weights of sRGB's primaries (Rec. 709). */
function greyOf({ width, height, rgb }: Image): Plane {
  const values = Float32Array.from(
    { length: width * height },
    (_, k) => 0.2126 * rgb[3 * k] + 0.7152 * rgb[3 * k + 1] + 0.0722 * rgb[3 * k + 2],
  );
  return { width, height, values };
}

/** Where the centre of mass is of MNIST's digits, from 0 at the border: in the middle of the pixel behind the middle. */
const middleOf = (size: number): number => size / 2 + 0.5;

/** Size of a digit's box in MNIST's 28 × 28 pixels. */
const BOX = 20 / 28;
/** Pixels that the longer side is looked at with. */
const LOOK = 160;
/** The digit's box while its strokes are looked at, in pixels for each of the result's. */
const FINE = 4;
/** A stroke's width over the box's size: MNIST's digits have about 1/8; thinner ones are drawn thicker. */
const THIN = 0.09;
const WANTED = 0.125;

/**
 * A digit as MNIST's were made: whatever is not of the background's colour is ink; the ink's box is made 20 pixels large, and put with
 * its centre of mass in the middle. Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
 */
function digitOf(
  image: Image,
  { rows, columns }: { rows: number; columns: number },
  name: string,
): Float32Array {
  const found = inkOf(image);
  if (!found) throw new InputError(`${name}: the image is of one colour; wanted a digit on a background.`);
  const { plane, most } = found;
  if (image.width === columns && image.height === rows && isCentred(plane)) return plane.values;
  const ink = cleaned(withinReach({ ...plane, values: plane.values.map((value) => value / most) }));
  const box = boxOf(ink);
  if (!box)
    throw new InputError(`${name}: there is nothing but noise in the image; wanted a digit on a background.`);
  const size = BOX * Math.min(rows, columns);
  const scale = size / Math.max(box.width, box.height);
  const target = (length: number): number => Math.max(1, Math.round(scale * length));
  const fine = thickened(resized(part(ink, box), FINE * target(box.width), FINE * target(box.height)));
  const small = brightened(resized(fine, target(box.width), target(box.height)));
  return centred(small, rows, columns);
}

/** How far each pixel is from the background, and the farthest of them; undefined where all are alike. */
function inkOf({ width, height, rgb }: Image): { plane: Plane; most: number } | undefined {
  const background = [0, 1, 2].map((c) => borderMedian(rgb, width, height, c));
  const values = new Float32Array(width * height);
  let most = 0;
  for (let k = 0; k < values.length; k++) {
    for (let c = 0; c < 3; c++) values[k] = Math.max(values[k], Math.abs(rgb[3 * k + c] - background[c]));
    most = Math.max(most, values[k]);
  }
  // A hundredth of the range is no ink but the trace of compression.
  if (most < 0.02) return undefined;
  return { plane: { width, height, values }, most };
}

function borderMedian(rgb: Float32Array, width: number, height: number, channel: number): number {
  const border: number[] = [];
  for (let x = 0; x < width; x++) border.push(x, (height - 1) * width + x);
  for (let y = 1; y < height - 1; y++) border.push(y * width, y * width + width - 1);
  const sorted = border.map((pixel) => rgb[3 * pixel + channel]).sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** Whether it is a digit as MNIST has it already: on nothing, in its box, its mass in the middle. */
function isCentred(plane: Plane): boolean {
  const box = boxOf(plane);
  if (!box || Math.max(box.width, box.height) > BOX * plane.width + 1) return false;
  const { x, y } = centreOf(plane);
  return Math.abs(x - middleOf(plane.width)) < 0.75 && Math.abs(y - middleOf(plane.height)) < 0.75;
}

/** A large image made smaller: what is looked at does not grow with the camera. */
function withinReach(plane: Plane): Plane {
  const scale = LOOK / Math.max(plane.width, plane.height);
  if (scale >= 1) return plane;
  return resized(
    plane,
    Math.max(1, Math.round(scale * plane.width)),
    Math.max(1, Math.round(scale * plane.height)),
  );
}

/** Without the background's unevenness, and without specks. */
function cleaned({ width, height, values }: Plane): Plane {
  const threshold = otsu(values);
  const inked = values.filter((value) => value > threshold);
  const full = inked.reduce((sum, value) => sum + value, 0) / Math.max(1, inked.length);
  const low = threshold / 2;
  const clean = values.map((value) => Math.min(1, Math.max(0, (value - low) / Math.max(full - low, 1e-6))));
  removeSpecks(clean, width, height);
  return { width, height, values: clean };
}

/** The value that parts dark from bright best. Source: Otsu, "A threshold selection method from gray-level histograms", 1979. */
function otsu(values: Float32Array): number {
  const counts = new Float64Array(256);
  for (const value of values) counts[Math.min(255, Math.floor(255 * value))]++;
  const total = counts.reduce((sum, count, k) => sum + k * count, 0);
  let below = 0;
  let sumBelow = 0;
  let best = { spread: -1, at: 0 };
  for (let k = 0; k < 255; k++) {
    below += counts[k];
    sumBelow += k * counts[k];
    const above = values.length - below;
    if (below === 0 || above === 0) continue;
    const difference = sumBelow / below - (total - sumBelow) / above;
    const spread = below * above * difference ** 2;
    if (spread > best.spread) best = { spread, at: k };
  }
  return (best.at + 1) / 255;
}

/** A connected piece with less of the ink than this is no part of the digit. */
const SPECK = 0.03;

function removeSpecks(values: Float32Array, width: number, height: number): void {
  const piece = new Int32Array(values.length).fill(-1);
  const masses: number[] = [];
  for (let start = 0; start < values.length; start++) {
    if (values[start] === 0 || piece[start] !== -1) continue;
    const stack = [start];
    piece[start] = masses.length;
    let mass = 0;
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      mass += values[at];
      const x = at % width;
      for (let dy = -width; dy <= width; dy += width) {
        for (let dx = -1; dx <= 1; dx++) {
          const next = at + dy + dx;
          if (x + dx < 0 || x + dx >= width || next < 0 || next >= width * height) continue;
          if (values[next] === 0 || piece[next] !== -1) continue;
          piece[next] = masses.length;
          stack.push(next);
        }
      }
    }
    masses.push(mass);
  }
  const least = SPECK * masses.reduce((sum, mass) => sum + mass, 0);
  for (let k = 0; k < values.length; k++) if (piece[k] !== -1 && masses[piece[k]] < least) values[k] = 0;
}

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

function boxOf({ width, height, values }: Plane): Box | undefined {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (values[y * width + x] <= 0.05) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

function part({ width, values }: Plane, box: Box): Plane {
  const out = new Float32Array(box.width * box.height);
  for (let y = 0; y < box.height; y++) {
    const from = (box.top + y) * width + box.left;
    out.set(values.subarray(from, from + box.width), y * box.width);
  }
  return { width: box.width, height: box.height, values: out };
}

/** Each new pixel the mean of the area that it covers (of the nearest pixels where it is smaller than one). */
function resized(plane: Plane, width: number, height: number): Plane {
  if (plane.width === width && plane.height === height) return plane;
  const across = shares(plane.width, width);
  const down = shares(plane.height, height);
  const rows = new Float32Array(width * plane.height);
  for (let y = 0; y < plane.height; y++) {
    for (let x = 0; x < width; x++) {
      for (const [from, share] of across[x])
        rows[y * width + x] += share * plane.values[y * plane.width + from];
    }
  }
  const values = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (const [from, share] of down[y]) {
      for (let x = 0; x < width; x++) values[y * width + x] += share * rows[from * width + x];
    }
  }
  return { width, height, values };
}

/** Of each of `to` pixels, which of `from` it is made of and with what share. */
function shares(from: number, to: number): [number, number][][] {
  return Array.from({ length: to }, (_, k) => {
    const [begin, end] = [(k * from) / to, ((k + 1) * from) / to];
    const covered: [number, number][] = [];
    for (let pixel = Math.floor(begin); pixel < end && pixel < from; pixel++) {
      const share = (Math.min(end, pixel + 1) - Math.max(begin, pixel)) / (end - begin);
      if (share > 0) covered.push([pixel, share]);
    }
    return covered;
  });
}

/** Thin strokes as thick as MNIST's; others as they are. */
function thickened(plane: Plane): Plane {
  const { width, height, values } = plane;
  const size = Math.max(width, height);
  // Twice the area over the border's length is the width of a long stroke.
  let area = 0;
  let border = 0;
  const inked = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && values[y * width + x] > 0.5;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inked(x, y)) continue;
      area++;
      border +=
        Number(!inked(x - 1, y)) +
        Number(!inked(x + 1, y)) +
        Number(!inked(x, y - 1)) +
        Number(!inked(x, y + 1));
    }
  }
  const stroke = border === 0 ? 0 : (2.4 * area) / border;
  if (stroke >= THIN * size) return plane;
  const radius = (WANTED * size - stroke) / 2;
  const reach = Math.ceil(radius);
  const out = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let most = 0;
      for (let dy = -reach; dy <= reach; dy++) {
        for (let dx = -reach; dx <= reach; dx++) {
          if (
            dx * dx + dy * dy > radius * radius ||
            x + dx < 0 ||
            x + dx >= width ||
            y + dy < 0 ||
            y + dy >= height
          )
            continue;
          most = Math.max(most, values[(y + dy) * width + x + dx]);
        }
      }
      out[y * width + x] = most;
    }
  }
  return { width, height, values: out };
}

/** The brightest pixels at 1: strokes do not fade with the size. */
function brightened(plane: Plane): Plane {
  const sorted = [...plane.values].sort((a, b) => b - a);
  const bright = sorted[Math.floor(sorted.length / 50)] || sorted[0] || 1;
  return { ...plane, values: plane.values.map((value) => Math.min(1, value / bright)) };
}

/** The centre of mass, in pixels from the upper left corner. */
function centreOf({ width, values }: Plane): { x: number; y: number } {
  let [mass, x, y] = [0, 0, 0];
  for (let k = 0; k < values.length; k++) {
    mass += values[k];
    x += values[k] * ((k % width) + 0.5);
    y += values[k] * (Math.floor(k / width) + 0.5);
  }
  return { x: x / mass, y: y / mass };
}

/** Moved by whole pixels so that the centre of mass is in the middle, as far as all of it stays inside. */
function centred(plane: Plane, rows: number, columns: number): Float32Array {
  const { x, y } = centreOf(plane);
  const place = (middle: number, centre: number, size: number, room: number): number =>
    Math.min(Math.max(Math.round(middle - centre), 0), room - size);
  const left = place(middleOf(columns), x, plane.width, columns);
  const top = place(middleOf(rows), y, plane.height, rows);
  const out = new Float32Array(rows * columns);
  for (let row = 0; row < plane.height; row++) {
    out.set(plane.values.subarray(row * plane.width, (row + 1) * plane.width), (top + row) * columns + left);
  }
  return out;
}
