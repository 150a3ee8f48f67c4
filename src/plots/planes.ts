/** Pictures of the plane: the regions a classifier decides for, and the path of a descent over contour lines. */
import * as Plot from '@observablehq/plot';
import { last } from '../collections.js';
import { InputError } from '../errors.js';
import { checkDomain, isFinitePoint } from './curves.js';
import type { Point } from './curves.js';
import { xAxis, yAxis, colourOf, documentFor, figure, ink, pixels, plotPanel, tick } from './svg.js';
import type { DrawingOptions } from './svg.js';

/** The part of the plane that is drawn: from and to, along each axis. */
export interface Domain {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

export interface LabelledPoint extends Point {
  /** A class, 0, 1, 2 … */
  readonly label: number;
}

/** A classifier of points of the plane, and the points. */
export interface Boundary {
  readonly title?: string;
  /** The class of each point [x, y]. */
  readonly predict: (points: number[][]) => ArrayLike<number>;
  readonly points: readonly LabelledPoint[];
  readonly domain: Domain;
}

export interface BoundaryPlotOptions extends Boundary, DrawingOptions {
  readonly xLabel?: string;
  readonly yLabel?: string;
}

export interface BoundaryGridOptions extends DrawingOptions {
  readonly title?: string;
  readonly panels: readonly Boundary[];
  readonly columns?: number;
  readonly xLabel?: string;
  readonly yLabel?: string;
}

/**
 * The regions of the plane that a classifier gives to each class, with the data on them, as SVG. `predict` is called once, on a fine
 * grid that reaches 2 % beyond the domain.
 *
 * @throws InputError for a bad domain, labels that are not 0 … 6, points that are not finite, and a `predict` that returns the wrong number of classes or none.
 */
export function boundaryPlot(options: BoundaryPlotOptions): string {
  const { title, ...panel } = options;
  return drawBoundaries('boundaryPlot', { ...options, title, columns: 1, panels: [panel] }, 480);
}

/** `boundaryPlot` for several classifiers side by side, each under its own title. */
export function boundaryGrid(options: BoundaryGridOptions): string {
  return drawBoundaries('boundaryGrid', options, 260);
}

/** Cells along a side of the grid that a picture is drawn from, those of them beyond each edge, and samples along a side of a cell. */
const cells = 100;
const margin = 2;
const samples = 2;
const symbols = ['circle', 'triangle', 'square', 'diamond', 'star', 'cross', 'wye'] as const;

function drawBoundaries(caller: string, options: BoundaryGridOptions, usualWidth: number): string {
  const document = documentFor(caller, options.document);
  const { panels, columns = Math.min(4, panels.length) } = options;
  if (panels.length === 0) throw new InputError(`${caller}: panels is empty; give at least one.`);
  if (!(Number.isInteger(columns) && columns > 0)) {
    throw new InputError(`${caller}: columns must be a positive whole number, got ${columns}.`);
  }
  const total = pixels(caller, 'width', options.width, usualWidth * columns);
  const width = pixels(caller, 'width of a panel', total / columns, usualWidth);
  const height = pixels(caller, 'height', options.height, width);
  const drawn = panels.map((panel) => drawBoundary(caller, document, panel, { ...options, width, height }));
  const rows = Array.from({ length: Math.ceil(drawn.length / columns) }, (_, row) =>
    drawn.slice(row * columns, (row + 1) * columns).map(({ panel }) => panel),
  );
  const classes = [...new Set(drawn.flatMap(({ found }) => found))].sort((a, b) => a - b);
  const legend = classes.map((label) => ({ name: `class ${label}`, colour: colourOf(label), square: true }));
  return figure({ document, title: options.title, legend, rows });
}

function drawBoundary(
  caller: string,
  document: Document,
  { title, predict, points, domain }: Boundary,
  { width, height, xLabel = 'x₁', yLabel = 'x₂' }: BoundaryGridOptions,
): { panel: Element; found: number[] } {
  checkDomains(caller, domain);
  points.forEach((point, k) => {
    checkClass(caller, `the label of point ${k}`, point.label);
    if (!isFinitePoint(point))
      throw new InputError(`${caller}: point ${k} must be finite, got (${point.x}, ${point.y}).`);
  });
  const seen = widened(domain);
  const classes = predictGrid(caller, predict, seen);
  const found = [...new Set([...classes, ...points.map((point) => point.label)])];
  const panel = plotPanel(document, {
    width,
    height,
    marginTop: title ? 30 : 12,
    marginLeft: 64,
    x: { ...xAxis({ label: xLabel, domain: domain.x }), grid: false, ticks: 5 },
    y: { ...yAxis({ label: yLabel, domain: domain.y }), grid: false, ticks: 5, labelOffset: 50 },
    marks: [
      ...found.map((label) => region(shares(classes, label), label, seen)),
      ...found.map((label) =>
        Plot.dot(
          points.filter((point) => point.label === label),
          {
            x: 'x',
            y: 'y',
            symbol: symbols[label],
            r: 6,
            fill: colourOf(label),
            stroke: 'white',
            strokeWidth: 1.5,
          },
        ),
      ),
      Plot.frame({ stroke: ink }),
      ...(title ? [Plot.text([title], { frameAnchor: 'top', dy: -20, fontSize: 14, fontWeight: 600 })] : []),
    ],
  });
  return { panel, found };
}

/** The class at each of (cells · samples)² places, row by row from the low end of y. */
function predictGrid(caller: string, predict: Boundary['predict'], { x, y }: Domain): number[] {
  const side = cells * samples;
  const points = Array.from({ length: side * side }, (_, k) => [
    centre(x, k % side, side),
    centre(y, Math.floor(k / side), side),
  ]);
  const classes = Array.from(predict(points));
  if (classes.length !== points.length) {
    throw new InputError(
      `${caller}: predict must return one class for each point, got ${classes.length} for ${points.length} points.`,
    );
  }
  classes.forEach((label) => checkClass(caller, "predict's class", label));
  return classes;
}

/** Of each cell, the share of its samples that has the class. */
function shares(classes: readonly number[], label: number): Float64Array {
  const side = cells * samples;
  const share = new Float64Array(cells * cells);
  classes.forEach((one, k) => {
    if (one !== label) return;
    const column = Math.floor((k % side) / samples);
    const row = Math.floor(k / side / samples);
    share[row * cells + column] += 1 / samples ** 2;
  });
  return share;
}

function region(share: Float64Array, label: number, domain: Domain): Plot.Markish {
  return Plot.contour(share, {
    ...grid(domain),
    thresholds: [0.5],
    blur: 0.7,
    fill: colourOf(label),
    fillOpacity: 0.22,
    stroke: ink,
    strokeOpacity: 0.6,
  });
}

export interface ContourPathPlotOptions extends DrawingOptions {
  readonly title?: string;
  readonly xLabel?: string;
  readonly yLabel?: string;
  /** The function that is descended. Where it is not finite, the ground stays white. */
  readonly f: (x0: number, x1: number) => number;
  /** The points [x0, x1] of the descent, the start first. A point that is not finite ends the line, and so does one a million times the domain's width away. */
  readonly path: readonly (readonly number[])[];
  readonly domain: Domain;
}

/** Contour lines, and one ground colour each. */
const rings = 12;
const lowest = '#f3f8fd';
const highest = '#4a90c8';

/**
 * The contours of f(x0, x1) with the path of a descent over them, as SVG. The levels lie closer together towards the bottom,
 * `low + (high − low)·(k / 12)²`, so that a bowl shows rings at even distances; a scale on the right gives their values.
 * What lies outside the domain is cut off.
 *
 * @throws InputError for a bad domain, a path that is empty or whose start is not two finite numbers, and an f without a finite value.
 */
export function contourPathPlot(options: ContourPathPlotOptions): string {
  const caller = 'contourPathPlot';
  const document = documentFor(caller, options.document);
  const { title, f, domain, xLabel = 'x₀', yLabel = 'x₁' } = options;
  checkDomains(caller, domain);
  const path = descent(options.path, domain);
  const seen = widened(domain);
  const values = Float64Array.from({ length: cells * cells }, (_, k) =>
    f(centre(seen.x, k % cells), centre(seen.y, Math.floor(k / cells))),
  );
  const levels = levelsOf(values);
  const colour = levelColours(levels.length);

  const width = pixels(caller, 'width', options.width, 580) - scaleWidth;
  const height = pixels(caller, 'height', options.height, 460);
  const line = { stroke: colourOf(1), strokeWidth: 1.75, clip: true } as const;
  const end = last(path);
  const inside = ({ x, y }: Point) =>
    x >= domain.x[0] && x <= domain.x[1] && y >= domain.y[0] && y <= domain.y[1];
  const name = {
    x: 'x',
    y: 'y',
    fill: ink,
    stroke: 'white',
    strokeWidth: 4,
    fontSize: 13,
    clip: true,
  } as const;
  const panel = plotPanel(document, {
    width,
    height,
    x: { ...xAxis({ label: xLabel, domain: domain.x }), grid: false },
    y: { ...yAxis({ label: yLabel, domain: domain.y }), grid: false },
    color: { type: 'threshold', domain: levels, range: ['white', ...colour] },
    marks: [
      Plot.contour(values, {
        ...grid(seen),
        thresholds: levels,
        fill: 'value',
        stroke: '#2f6ea3',
        strokeWidth: 0.5,
      }),
      Plot.link(segments(path, domain), { x1: 'x1', y1: 'y1', x2: 'x2', y2: 'y2', ...line }),
      Plot.dot(path.slice(1, -1).filter(inside), { x: 'x', y: 'y', r: 2.5, fill: colourOf(1), clip: true }),
      Plot.dot([path[0]].filter(inside), { x: 'x', y: 'y', r: 5, fill: 'white', ...line }),
      Plot.dot([end].filter(inside), {
        x: 'x',
        y: 'y',
        r: 5,
        fill: colourOf(1),
        stroke: 'white',
        strokeWidth: 1.5,
        clip: true,
      }),
      Plot.text([path[0]].filter(inside), { ...name, text: ['start'], dy: -14 }),
      Plot.text([end].filter(inside), {
        ...name,
        text: [path.length === 1 ? '' : `after ${path.length - 1} steps`],
        dy: 16,
      }),
      Plot.frame({ stroke: ink }),
    ],
  });
  return figure({ document, title, rows: [[panel, levelScale(document, levels, colour, height)]] });
}

const scaleWidth = 86;

/** The ground colours beside the values where they begin. */
function levelScale(
  document: Document,
  levels: readonly number[],
  colour: readonly string[],
  height: number,
): Element {
  return plotPanel(document, {
    width: scaleWidth,
    height,
    marginLeft: 4,
    marginRight: 66,
    x: { axis: null, domain: [0, 1] },
    y: {
      domain: [0, levels.length],
      axis: 'right',
      label: null,
      ticks: levels.map((_, k) => k),
      tickFormat: (k: number) => tick(Number(levels[k].toPrecision(3))),
    },
    marks: [
      Plot.rect(colour, { x1: 0, x2: 1, y1: (_, k) => k, y2: (_, k) => k + 1, fill: (c: string) => c }),
      Plot.frame({ stroke: ink, strokeWidth: 0.5 }),
    ],
  });
}

function levelsOf(values: Float64Array): number[] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) {
    throw new InputError('contourPathPlot: f is finite nowhere in the domain; there is nothing to draw.');
  }
  const low = finite.reduce((a, b) => Math.min(a, b));
  const high = finite.reduce((a, b) => Math.max(a, b));
  if (low === high) return [low];
  return Array.from({ length: rings }, (_, k) => low + (high - low) * (k / rings) ** 2);
}

function levelColours(count: number): string[] {
  const colour = Plot.scale({ color: { type: 'linear', domain: [0, rings - 1], range: [lowest, highest] } });
  return Array.from({ length: count }, (_, k) => String(colour.apply(k)));
}

/** Beyond so many widths of the domain a path has no more to show, and arithmetic with its coordinates no more digits. */
const farthest = 1e6;

/** The path as points, up to where it stops being finite or, that point included, flies off. */
function descent(path: ContourPathPlotOptions['path'], domain: Domain): Point[] {
  if (path.length === 0)
    throw new InputError('contourPathPlot: path is empty; it must hold at least the starting point.');
  const odd = path.findIndex((point) => point.length !== 2);
  if (odd >= 0) {
    throw new InputError(
      `contourPathPlot: each point of path must be [x0, x1], got ${path[odd].length} numbers at index ${odd}.`,
    );
  }
  const points = path.map(([x, y]) => ({ x, y }));
  if (!isFinitePoint(points[0])) {
    throw new InputError(
      `contourPathPlot: path must start at a finite point, got (${points[0].x}, ${points[0].y}).`,
    );
  }
  const isFar = (point: Point) =>
    (['x', 'y'] as const).some((side) => {
      const [low, high] = domain[side];
      return Math.abs(point[side] - low) > farthest * (high - low);
    });
  const overflow = points.findIndex((point) => !isFinitePoint(point));
  const finite = overflow < 0 ? points : points.slice(0, overflow);
  const flight = finite.findIndex(isFar);
  return flight < 0 ? finite : finite.slice(0, flight + 1);
}

interface Segment {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** The parts of the path inside the domain: a diverging path has coordinates that no viewer can draw. Liang and Barsky (1984). */
function segments(path: readonly Point[], domain: Domain): Segment[] {
  return path.slice(1).flatMap((to, k) => {
    const from = path[k];
    let enter = 0;
    let leave = 1;
    for (const side of ['x', 'y'] as const) {
      const [low, high] = domain[side];
      const run = to[side] - from[side];
      if (run === 0) {
        if (from[side] < low || from[side] > high) return [];
        continue;
      }
      const crossings = [(low - from[side]) / run, (high - from[side]) / run];
      enter = Math.max(enter, Math.min(...crossings));
      leave = Math.min(leave, Math.max(...crossings));
    }
    if (!(enter <= leave)) return [];
    const at = (side: 'x' | 'y', share: number) => from[side] + share * (to[side] - from[side]);
    return [{ x1: at('x', enter), y1: at('y', enter), x2: at('x', leave), y2: at('y', leave) }];
  });
}

/** The middle of cell `k` of `count` along an axis. */
function centre([from, to]: readonly [number, number], k: number, count = cells): number {
  return from + ((to - from) * (k + 0.5)) / count;
}

/** The domain with a margin of cells on each side: contours round off the corners of their grid, and there nobody sees it. */
function widened({ x, y }: Domain): Domain {
  const wide = ([from, to]: readonly [number, number]): [number, number] => {
    const room = ((to - from) * margin) / (cells - 2 * margin);
    return [from - room, to + room];
  };
  return { x: wide(x), y: wide(y) };
}

/** A grid of cells over the domain for Plot.contour, taken as it is: interpolation would fill what is not finite. */
function grid({ x, y }: Domain): Plot.ContourOptions {
  const size = { width: cells, height: cells, x1: x[0], x2: x[1], y1: y[0], y2: y[1] };
  return { ...size, value: (v: number) => v, interpolate: null, clip: true };
}

function checkDomains(caller: string, { x, y }: Domain): void {
  checkDomain(caller, 'domain.x', x);
  checkDomain(caller, 'domain.y', y);
}

function checkClass(caller: string, what: string, label: number): void {
  if (!(Number.isInteger(label) && label >= 0 && label < symbols.length)) {
    throw new InputError(
      `${caller}: ${what} must be a whole number from 0 to ${symbols.length - 1}, got ${label}.`,
    );
  }
}
