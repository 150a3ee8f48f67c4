/** Grey images, MNIST's digits, in a grid with captions. */
import * as Plot from '@observablehq/plot';
import { InputError } from '../errors.js';
import { colourOf, documentFor, figure, ink, pixels, plotPanel } from './svg.js';
import type { DrawingOptions } from './svg.js';

/** What `imagePlot` draws. */
export interface ImagePlotOptions extends Omit<DrawingOptions, 'height'> {
  readonly title?: string;
  /** Grey values row by row, 0 paper … `max` ink; NaN stays paper. */
  readonly images: readonly ArrayLike<number>[];
  readonly imageWidth?: number;
  readonly imageHeight?: number;
  /** The value of full ink: 1, or 255 for bytes. */
  readonly max?: number;
  /** Values of both signs, weights say: blue above 0 and orange below it, from -max to max. */
  readonly signed?: boolean;
  /** One text below each image. */
  readonly captions?: readonly string[];
  /** Indices of the images whose frame and caption take the second colour: the wrong ones, say. */
  readonly marked?: readonly number[];
  readonly columns?: number;
}

/** Shades between paper and ink: fewer mean longer runs, so smaller files, and 16 look like 256 at this size. */
const shades = 16;
/** Of each colour; weights are noisy, and their runs short. */
const signedShades = 8;
const gap = 10;
const captionHeight = 22;

/**
 * Images as dark ink on white paper in a grid, as SVG: each run of pixels of one shade is a rectangle, so that nothing is embedded that a viewer may refuse.
 *
 * @throws InputError for no images, an image of the wrong size, without a finite value, or with values outside [0, max] ([-max, max] where they are signed), and captions that are not one an image.
 */
export function imagePlot(options: ImagePlotOptions): string {
  const document = documentFor('imagePlot', options.document);
  const { title, images, imageWidth = 28, imageHeight = 28, max = 1, captions, marked = [] } = options;
  const { signed = false } = options;
  if (images.length === 0) throw new InputError('imagePlot: images is empty; give at least one.');
  const columns = options.columns ?? Math.min(10, images.length);
  requireCount('columns', columns);
  requireCount('imageWidth', imageWidth);
  requireCount('imageHeight', imageHeight);
  if (!(max > 0 && Number.isFinite(max)))
    throw new InputError(`imagePlot: max must be a positive number, got ${max}.`);
  if (captions && captions.length !== images.length) {
    throw new InputError(
      `imagePlot: wanted one caption for each image, got ${captions.length} for ${images.length} images.`,
    );
  }
  const stray = marked.find((index) => !(index in images));
  if (stray !== undefined) {
    throw new InputError(
      `imagePlot: marked must hold indices of images, 0 … ${images.length - 1}, got ${stray}.`,
    );
  }
  images.forEach((image, k) => checkImage(image, k, imageWidth * imageHeight, signed ? -max : 0, max));

  const width = pixels('imagePlot', 'width', options.width, Math.max(240, columns * 76 + gap));
  const scale = Math.max(1, Math.floor(((width - gap) / columns - gap) / imageWidth));
  const cellWidth = (width - gap) / columns;
  const cellHeight = imageHeight * scale + gap + (captions ? captionHeight : 0);
  const boxes = images.map((_, k) => ({
    index: k,
    caption: captions?.[k],
    left: Math.round(gap + (k % columns) * cellWidth + (cellWidth - gap - imageWidth * scale) / 2),
    top: Math.floor(k / columns) * cellHeight + gap / 2,
    colour: marked.includes(k) ? colourOf(1) : ink,
  }));
  const height = Math.ceil(images.length / columns) * cellHeight + gap / 2;
  const runs = boxes.flatMap(({ index, left, top }) =>
    runsOf(images[index], imageWidth, max, signed).map(({ x, y, length, fill }) => ({
      x1: left + x * scale,
      x2: left + (x + length) * scale,
      y1: top + y * scale,
      y2: top + (y + 1) * scale,
      fill,
    })),
  );
  const panel = plotPanel(document, {
    width,
    height,
    marginTop: 0,
    marginRight: 0,
    marginBottom: 0,
    marginLeft: 0,
    axis: null,
    x: { type: 'identity' },
    y: { type: 'identity' },
    marks: [
      Plot.rect(runs, { x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2', fill: 'fill', shapeRendering: 'crispEdges' }),
      Plot.rect(boxes, {
        x1: 'left',
        x2: (box: { left: number }) => box.left + imageWidth * scale,
        y1: 'top',
        y2: (box: { top: number }) => box.top + imageHeight * scale,
        fill: 'none',
        stroke: 'colour',
      }),
      Plot.text(captions ? boxes : [], {
        x: (box: { left: number }) => box.left + (imageWidth * scale) / 2,
        y: (box: { top: number }) => box.top + imageHeight * scale + 13,
        text: 'caption',
        fill: 'colour',
        fontSize: 13,
      }),
    ],
  });
  return figure({ document, title, rows: [[panel]] });
}

interface Run {
  readonly x: number;
  readonly y: number;
  readonly length: number;
  readonly fill: string;
}

/** Neighbours of one shade within a row as one run; paper is left out. */
function runsOf(image: ArrayLike<number>, width: number, max: number, signed: boolean): Run[] {
  const top = (signed ? signedShades : shades) - 1;
  const shadeAt = (k: number) => Math.round((image[k] / max) * top) || 0;
  const runs: Run[] = [];
  for (let start = 0; start < image.length;) {
    const shade = shadeAt(start);
    const x = start % width;
    let length = 1;
    while (x + length < width && shadeAt(start + length) === shade) length += 1;
    if (shade !== 0) {
      const full = !signed ? [0, 0, 0] : shade > 0 ? [0, 90, 160] : [213, 94, 0];
      const share = Math.abs(shade) / top;
      const fill = `rgb(${full.map((channel) => Math.round(255 + share * (channel - 255))).join()})`;
      runs.push({ x, y: Math.floor(start / width), length, fill });
    }
    start += length;
  }
  return runs;
}

function checkImage(image: ArrayLike<number>, index: number, size: number, min: number, max: number): void {
  if (image.length !== size) {
    throw new InputError(
      `imagePlot: image ${index} must have ${size} values, imageWidth × imageHeight, got ${image.length}.`,
    );
  }
  const values = Array.from(image);
  const wrong = values.find((value) => value < min || value > max);
  if (wrong !== undefined) {
    throw new InputError(
      `imagePlot: values must lie between ${min} and max = ${max}, got ${wrong} in image ${index}.`,
    );
  }
  if (values.every(Number.isNaN)) throw new InputError(`imagePlot: image ${index} holds nothing but NaN.`);
}

function requireCount(name: string, count: number): void {
  if (!(Number.isInteger(count) && count > 0)) {
    throw new InputError(`imagePlot: ${name} must be a positive whole number, got ${count}.`);
  }
}
