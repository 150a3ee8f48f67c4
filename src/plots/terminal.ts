/** Pictures in signs, for a terminal: curves in Braille's dots, images in shades, planes in letters. Needs no other package. */
import { InputError } from '../errors.js';

/** One curve of signs. */
export interface TextSeries {
  readonly name: string;
  readonly x: ArrayLike<number>;
  /** As many as `x`; what is not finite is left out. */
  readonly y: ArrayLike<number>;
  /** Points without lines between them. */
  readonly dots?: boolean | 'only';
}

/** What is drawn as curves of signs, and how large. */
export interface TextCurveOptions {
  readonly title?: string;
  readonly series: readonly TextSeries[];
  readonly xLabel?: string;
  readonly xScale?: 'linear' | 'log';
  readonly yScale?: 'linear' | 'log';
  /** Signs along a line and lines of the whole picture, axes among them. */
  readonly width?: number;
  readonly height?: number;
}

/** Of a sign's 2 × 4 dots, the bit of each, row by row. Source: Unicode, block "Braille Patterns". */
const DOTS = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80];

/**
 * Curves over a common pair of axes, each in a frame of its own, one below the other: dots of several colours are not to be told apart
 * where there are no colours. All have the same axes.
 *
 * @throws InputError for no series, and for none with a finite point
 */
export function textCurves(options: TextCurveOptions): string {
  const { title, series, xLabel, xScale = 'linear', yScale = 'linear', width = 72 } = options;
  if (series.length === 0) throw new InputError('textCurves: series is empty; give at least one curve.');
  const height = options.height ?? (series.length > 2 ? 5 : 8);
  const [toX, toY] = [xScale, yScale].map((scale) => (scale === 'log' ? Math.log10 : (v: number) => v));
  const curves = series.map(({ x, y }) =>
    Array.from(x, (value, k) => [toX(value), toY(y[k])] as const).filter((point) =>
      point.every(Number.isFinite),
    ),
  );
  const all = curves.flat();
  if (all.length === 0) throw new InputError('textCurves: no point is finite; there is nothing to draw.');
  const [xs, ys] = [spanOf(all.map(([x]) => x)), spanOf(all.map(([, y]) => y))];
  const label = (value: number, scale: string): string => short(scale === 'log' ? 10 ** value : value);
  const ends = ys.map((value) => label(value, yScale));
  const margin = Math.max(...ends.map((end) => end.length)) + 1;
  const columns = Math.max(10, width - margin - 1);
  const lines = series.flatMap(({ name, dots }, k) => {
    const rows = braille(curves[k], { xs, ys, columns, rows: height, isDotted: dots === 'only' });
    return [
      ...(series.length > 1 || name !== '' ? [`${' '.repeat(margin + 1)}${name}`] : []),
      ...rows.map((row, r) => {
        const end = r === 0 ? ends[1] : r === rows.length - 1 ? ends[0] : '';
        return `${end.padStart(margin - 1)} │${row}`;
      }),
    ];
  });
  const [left, right] = xs.map((value) => label(value, xScale));
  const middle = (xLabel ?? '').slice(0, Math.max(0, columns - left.length - right.length - 2));
  const room = Math.max(1, columns - left.length - right.length - middle.length);
  const axis = `${' '.repeat(margin + 1)}${left}${' '.repeat(room >> 1)}${middle}${' '.repeat(room - (room >> 1))}${right}`;
  return [...(title ? [title] : []), ...lines, `${' '.repeat(margin)}└${'─'.repeat(columns)}`, axis]
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function braille(
  points: readonly (readonly [number, number])[],
  {
    xs,
    ys,
    columns,
    rows,
    isDotted,
  }: { xs: number[]; ys: number[]; columns: number; rows: number; isDotted: boolean },
): string[] {
  const [across, down] = [2 * columns, 4 * rows];
  const signs = Array.from({ length: rows }, () => new Uint8Array(columns));
  const set = (x: number, y: number): void => {
    signs[y >> 2][x >> 1] |= DOTS[2 * (y & 3) + (x & 1)];
  };
  const at = (value: number, [low, high]: number[], size: number): number =>
    Math.round(((value - low) / (high - low)) * (size - 1));
  let before: [number, number] | undefined;
  for (const [x, y] of points) {
    const here: [number, number] = [at(x, xs, across), down - 1 - at(y, ys, down)];
    const from = isDotted || !before ? here : before;
    const steps = Math.max(1, Math.abs(here[0] - from[0]), Math.abs(here[1] - from[1]));
    for (let step = 0; step <= steps; step++) {
      const share = step / steps;
      set(
        Math.round(from[0] + share * (here[0] - from[0])),
        Math.round(from[1] + share * (here[1] - from[1])),
      );
    }
    before = here;
  }
  return signs.map((row) => String.fromCodePoint(...Array.from(row, (bits) => 0x2800 + bits)));
}

/** Smallest and largest; one value gets room on both sides. */
function spanOf(values: readonly number[]): [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  return low < high ? [low, high] : [low - 1, high + 1];
}

/** Three digits, with a real minus sign. */
const short = (value: number): string => {
  const rounded = Number(value.toPrecision(3));
  const size = Math.abs(rounded);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? rounded.toExponential() : String(rounded);
  return text.replace('e+', 'e').replaceAll('-', '−');
};

const BARS = '▁▂▃▄▅▆▇█';

/** A curve in one line of signs, each the mean of its part of the values: `▇▅▃▂▁▁`. Empty for no finite value. */
export function sparkLine(values: ArrayLike<number>, width: number): string {
  const finite = Array.from(values).filter(Number.isFinite);
  if (finite.length === 0) return '';
  const parts = Math.min(width, finite.length);
  const means = Array.from({ length: parts }, (_, k) => {
    const part = finite.slice(
      Math.floor((k * finite.length) / parts),
      Math.floor(((k + 1) * finite.length) / parts),
    );
    return part.reduce((sum, value) => sum + value / part.length, 0);
  });
  const low = Math.min(...means);
  const high = Math.max(...means);
  return means
    .map((value) => BARS[high > low ? Math.round(((value - low) / (high - low)) * (BARS.length - 1)) : 0])
    .join('');
}

/** What is drawn as an image of signs, and how large. */
export interface TextImageOptions {
  readonly images: readonly ArrayLike<number>[];
  readonly imageWidth?: number;
  readonly imageHeight?: number;
  readonly captions?: readonly string[];
  /** Values of both signs: shades above 0, dots below it. Each image has its own scale. */
  readonly signed?: boolean;
  /** Signs along a line. */
  readonly width?: number;
}

const INK = ' ░▒▓█';
const BELOW = ' ·:÷≡';

/** Images side by side, a sign for each pixel across and two pixels down. */
export function textImages(options: TextImageOptions): string {
  const { images, imageWidth = 28, imageHeight = 28, captions, signed = false, width = 80 } = options;
  const columns = Math.max(1, Math.floor((width + 1) / (imageWidth + 1)));
  const blocks = images.map((image) => imageLines(image, imageWidth, imageHeight, signed));
  const lines: string[] = [];
  for (let start = 0; start < blocks.length; start += columns) {
    const row = blocks.slice(start, start + columns);
    if (captions) {
      lines.push(row.map((_, k) => captions[start + k].slice(0, imageWidth).padEnd(imageWidth)).join(' '));
    }
    for (let line = 0; line < row[0].length; line++) lines.push(row.map((block) => block[line]).join(' '));
  }
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

function imageLines(image: ArrayLike<number>, width: number, height: number, signed: boolean): string[] {
  const values = Array.from(image);
  const most = values.reduce((a, b) => Math.max(a, signed ? Math.abs(b) : b), 0) || 1;
  return Array.from({ length: Math.ceil(height / 2) }, (_, line) =>
    Array.from({ length: width }, (_, x) => {
      const upper = values[2 * line * width + x];
      const lower = 2 * line + 1 < height ? values[(2 * line + 1) * width + x] : upper;
      const mean = (upper + lower) / 2 / most;
      return (mean < 0 ? BELOW : INK)[Math.min(4, Math.round(4 * Math.abs(mean)))];
    }).join(''),
  );
}

/** What a classifier says of a plane, in a letter for each class; `predict` is called once. The y axis points up. */
export function textPlane({
  predict,
  domain: { x, y },
  width = 44,
  height = 16,
}: {
  predict: (points: number[][]) => ArrayLike<number>;
  domain: { x: readonly [number, number]; y: readonly [number, number] };
  width?: number;
  height?: number;
}): string {
  const points = Array.from({ length: width * height }, (_, k) => [
    x[0] + ((x[1] - x[0]) * ((k % width) + 0.5)) / width,
    y[1] - ((y[1] - y[0]) * (Math.floor(k / width) + 0.5)) / height,
  ]);
  const classes = predict(points);
  const signs = Array.from(classes, (label) => '·#o+x*='[label] ?? '?');
  return Array.from(
    { length: height },
    (_, row) => `${signs.slice(row * width, (row + 1) * width).join('')}\n`,
  ).join('');
}
