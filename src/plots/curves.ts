/** Curves: functions and their derivatives, losses over steps, bars. */
import * as Plot from '@observablehq/plot';
import { InputError } from '../errors.js';
import { xAxis, yAxis, colourOf, dashOf, documentFor, figure, ink, pixels, plotPanel } from './svg.js';
import type { DrawingOptions } from './svg.js';

export interface Series {
  readonly name: string;
  readonly x: ArrayLike<number>;
  /** As many as `x`. A value that is not finite leaves a gap in the line. */
  readonly y: ArrayLike<number>;
  /** Marks each point with a dot; 'only' leaves out the line between them. */
  readonly dots?: boolean | 'only';
}

export interface CurvePlotOptions extends DrawingOptions {
  readonly title?: string;
  readonly xLabel?: string;
  readonly yLabel?: string;
  readonly xScale?: 'linear' | 'log';
  readonly yScale?: 'linear' | 'log';
  /** The ends of the axes, smaller first; from the data where left out. Curves are cut off at the frame. */
  readonly xDomain?: readonly [number, number];
  readonly yDomain?: readonly [number, number];
  /** One curve each, with its entry in the legend where there are several. */
  readonly series: readonly Series[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Curves over a common pair of axes, as SVG. A point with a coordinate that is not finite is a gap.
 *
 * @throws InputError for no series, x and y of different lengths, a series without a single finite point, and values ≤ 0 on a log axis.
 */
export function curvePlot(options: CurvePlotOptions): string {
  const document = documentFor('curvePlot', options.document);
  const { title, series, xScale = 'linear', yScale = 'linear' } = options;
  if (series.length === 0) throw new InputError('curvePlot: series is empty; give at least one curve.');
  const curves = series.map((one) => seriesPoints('curvePlot', one));
  if (xScale === 'log') refuseNonPositive('x', series, curves);
  if (yScale === 'log') refuseNonPositive('y', series, curves);
  const xDomain = checkDomain('curvePlot', 'xDomain', options.xDomain, xScale);
  const yDomain = checkDomain('curvePlot', 'yDomain', options.yDomain, yScale);

  const finite = curves.flat().filter(isFinitePoint);
  const panel = plotPanel(document, {
    width: pixels('curvePlot', 'width', options.width, 640),
    height: pixels('curvePlot', 'height', options.height, 380),
    x: xAxis({ label: options.xLabel, scale: xScale, domain: xDomain ?? extent(finite.map((p) => p.x)) }),
    y: yAxis({
      label: options.yLabel,
      scale: yScale,
      domain:
        yDomain ??
        padded(
          finite.map((p) => p.y),
          yScale,
        ),
    }),
    clip: true,
    marks: [
      ...zeroLines(finite, xScale, yScale),
      ...curves.flatMap((points, k) => [
        ...(series[k].dots === 'only'
          ? []
          : [
              Plot.line(thinned(points), {
                x: 'x',
                y: 'y',
                stroke: colourOf(k),
                strokeWidth: 2,
                strokeDasharray: dashOf(k),
                // Round ends would fill the gaps, and hide a curve below that coincides.
                strokeLinecap: 'butt',
              }),
            ]),
        ...(series[k].dots ? [Plot.dot(points, { x: 'x', y: 'y', fill: colourOf(k), r: 3 })] : []),
      ]),
      Plot.frame({ stroke: ink, clip: false }),
    ],
  });
  const legend = series.map(({ name, dots }, k) => ({
    name,
    colour: colourOf(k),
    dash: dashOf(k),
    dot: dots === 'only',
  }));
  return figure({ document, title, legend: series.length > 1 ? legend : [], rows: [[panel]] });
}

export interface BarPlotOptions extends DrawingOptions {
  readonly title?: string;
  readonly xLabel?: string;
  readonly yLabel?: string;
  /** One name a bar, all different. */
  readonly labels: readonly string[];
  /** As many as `labels`. A bar that is not finite is left out. */
  readonly values: ArrayLike<number>;
  readonly yDomain?: readonly [number, number];
  /** The bar drawn in the second colour: the predicted class, say. */
  readonly highlight?: number;
}

/**
 * Bars with names under them, as SVG: a network's output for one digit, counts of labels.
 *
 * @throws InputError for no bars, labels and values of different lengths, a label given twice, no finite value, a highlight that is no bar's index.
 */
export function barPlot(options: BarPlotOptions): string {
  const document = documentFor('barPlot', options.document);
  const { labels, title, highlight } = options;
  const values = Array.from(options.values);
  if (labels.length === 0) throw new InputError('barPlot: labels is empty; give at least one bar.');
  if (labels.length !== values.length) {
    throw new InputError(
      `barPlot: wanted one value for each label, got ${values.length} for ${labels.length} labels.`,
    );
  }
  if (new Set(labels).size < labels.length) throw new InputError('barPlot: every label must be different.');
  if (!values.some(Number.isFinite))
    throw new InputError('barPlot: no value is finite; there is nothing to draw.');
  if (highlight !== undefined && !(highlight in labels)) {
    throw new InputError(
      `barPlot: highlight must be a bar's index, 0 … ${labels.length - 1}, got ${highlight}.`,
    );
  }
  const bars = labels.map((label, k) => ({
    label,
    value: values[k],
    colour: colourOf(k === highlight ? 1 : 0),
  }));
  const drawn = bars.filter(({ value }) => Number.isFinite(value));
  const yDomain = checkDomain('barPlot', 'yDomain', options.yDomain, 'linear');
  const panel = plotPanel(document, {
    width: pixels('barPlot', 'width', options.width, 480),
    height: pixels('barPlot', 'height', options.height, 260),
    x: {
      ...xAxis({ label: options.xLabel }),
      type: 'band',
      grid: false,
      tickFormat: undefined,
      domain: [...labels],
    },
    y: yAxis({ label: options.yLabel, domain: yDomain ?? padded([0, ...drawn.map((bar) => bar.value)]) }),
    marks: [
      Plot.barY(drawn, { x: 'label', y: 'value', fill: 'colour', clip: true }),
      Plot.ruleY([0], { stroke: ink, clip: true }),
    ],
  });
  return figure({ document, title, rows: [[panel]] });
}

/** x and y of a series as points, checked. */
export function seriesPoints(caller: string, { name, x, y }: Series): Point[] {
  if (x.length !== y.length) {
    throw new InputError(
      `${caller}: x and y of "${name}" must be of the same length, got ${x.length} and ${y.length}.`,
    );
  }
  const points = Array.from(x, (value, k) => ({ x: value, y: y[k] }));
  if (!points.some(isFinitePoint)) {
    const what = points.length === 0 ? 'is empty' : 'has no point with finite x and y';
    throw new InputError(`${caller}: "${name}" ${what}; there is nothing to draw.`);
  }
  return points.map((point) => (isFinitePoint(point) ? point : { x: point.x, y: NaN }));
}

export const isFinitePoint = ({ x, y }: Point): boolean => Number.isFinite(x) && Number.isFinite(y);

/** An axis's domain given by the caller, checked. */
export function checkDomain(
  caller: string,
  name: string,
  domain: readonly [number, number] | undefined,
  scale: 'linear' | 'log' = 'linear',
): readonly [number, number] | undefined {
  if (domain === undefined) return undefined;
  const [from, to] = domain;
  if (!(Number.isFinite(from) && Number.isFinite(to) && from < to) || (scale === 'log' && from <= 0)) {
    const wanted =
      scale === 'log' ? 'two positive numbers, the smaller first' : 'two numbers, the smaller first';
    throw new InputError(`${caller}: ${name} must be ${wanted}, got [${String(domain)}].`);
  }
  return domain;
}

/** Smallest and largest; a single value gets room on both sides. */
export function extent(values: readonly number[]): [number, number] {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  if (low < high) return [low, high];
  return low > 0 ? [low / 2, low * 2] : [low - 1, low + 1];
}

/** `extent` with 4 % of room, but none beyond 0 where the values stop there. */
export function padded(values: readonly number[], scale: 'linear' | 'log' = 'linear'): [number, number] {
  const [low, high] = extent(values);
  if (scale === 'log') {
    const room = (high / low) ** 0.04;
    return [low / room, high * room];
  }
  const room = 0.04 * high - 0.04 * low;
  return [low === 0 ? 0 : low - room, high === 0 ? 0 : high + room];
}

/**
 * At most about `limit` of the points, for curves with more points than pixels: of each run of neighbours the lowest and the
 * highest stay, in their order, so that peaks survive; a gap stays a gap, and both ends stay.
 */
export function thinned(points: readonly Point[], limit = 1500): readonly Point[] {
  if (points.length <= limit) return points;
  const run = Math.ceil((2 * points.length) / limit);
  const kept = new Set([points[0], points.at(-1)]);
  for (let start = 0; start < points.length; start += run) {
    const part = points.slice(start, start + run);
    kept.add(part.find((point) => !isFinitePoint(point)));
    const finite = part.filter(isFinitePoint);
    if (finite.length === 0) continue;
    kept.add(finite.reduce((a, b) => (b.y < a.y ? b : a)));
    kept.add(finite.reduce((a, b) => (b.y > a.y ? b : a)));
  }
  return points.filter((point) => kept.has(point));
}

function zeroLines(points: readonly Point[], xScale: string, yScale: string): Plot.Markish[] {
  const crosses = (values: number[]) => values.some((v) => v < 0) && values.some((v) => v > 0);
  const style = { stroke: ink, strokeOpacity: 0.5 };
  return [
    ...(xScale === 'linear' && crosses(points.map((p) => p.x)) ? [Plot.ruleX([0], style)] : []),
    ...(yScale === 'linear' && crosses(points.map((p) => p.y)) ? [Plot.ruleY([0], style)] : []),
  ];
}

function refuseNonPositive(
  side: 'x' | 'y',
  series: readonly Series[],
  curves: readonly (readonly Point[])[],
): void {
  curves.forEach((points, k) => {
    const index = points.findIndex((point) => isFinitePoint(point) && point[side] <= 0);
    if (index >= 0) {
      throw new InputError(
        `curvePlot: a log axis wants positive numbers, but ${side} of "${series[k].name}" is ${points[index][side]} at index ${index}. ` +
          `Use ${side}Scale 'linear', or NaN for a gap there.`,
      );
    }
  });
}
