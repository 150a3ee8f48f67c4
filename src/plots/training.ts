/** How a training run went: the loss of every step above, the accuracy of every epoch below. */
import * as Plot from '@observablehq/plot';
import { InputError } from '../errors.js';
import { extent, isFinitePoint, padded, seriesPoints, thinned } from './curves.js';
import type { Point } from './curves.js';
import {
  xAxis,
  yAxis,
  colourOf,
  dashes,
  dashOf,
  documentFor,
  figure,
  ink,
  pixels,
  plotPanel,
} from './svg.js';
import type { DrawingOptions, LegendItem } from './svg.js';

/** The part of a training history that is drawn. */
export interface TrainingCurve {
  readonly steps: readonly { readonly step: number; readonly loss: number }[];
  readonly epochs: readonly {
    readonly epoch: number;
    /** The number of steps done when the accuracy was taken. */
    readonly step: number;
    readonly trainAccuracy?: number;
    readonly testAccuracy?: number;
  }[];
}

/** A run with its name in the legend. */
export interface NamedRun {
  readonly name: string;
  readonly history: TrainingCurve;
}

export interface TrainingPlotOptions extends DrawingOptions {
  readonly title?: string;
  /** Steps that one point of the thick line averages; a fiftieth of the run where left out. */
  readonly window?: number;
}

interface Run {
  readonly name: string;
  readonly colour: string;
  readonly loss: readonly Point[];
  readonly mean: readonly Point[];
  readonly train: readonly Point[];
  readonly test: readonly Point[];
}

/**
 * Loss (each step thin, running mean thick) above accuracy (training solid, test dashed) over the same steps, as SVG.
 * Several runs are laid over each other, a colour each. A loss that is not finite leaves a gap. Without epochs the lower panel is left out.
 *
 * @throws InputError for no runs, a run without a finite loss, an accuracy outside [0, 1], a window that is no positive integer.
 */
export function trainingPlot(
  history: TrainingCurve | readonly NamedRun[],
  options: TrainingPlotOptions = {},
): string {
  const document = documentFor('trainingPlot', options.document);
  const named = 'steps' in history ? [{ name: 'loss', history }] : history;
  if (named.length === 0) throw new InputError('trainingPlot: the list of runs is empty; give at least one.');
  const longest = Math.max(...named.map((run) => run.history.steps.length));
  const window = options.window ?? Math.max(1, Math.round(longest / 50));
  if (!(Number.isInteger(window) && window > 0)) {
    throw new InputError(`trainingPlot: window must be a positive whole number of steps, got ${window}.`);
  }
  const runs = named.map((run, k) => prepare(run, colourOf(k), window));

  const width = pixels('trainingPlot', 'width', options.width, 640);
  const height = pixels('trainingPlot', 'height', options.height, 260);
  const all = runs.flatMap((run) => [...run.loss, ...run.train, ...run.test].filter(isFinitePoint));
  const steps = extent(all.map((point) => point.x));
  const losses = lossPanel(document, runs, { width, height, steps });
  const single = 'steps' in history;
  const rows = [[losses]];
  if (runs.some((run) => run.train.length > 0)) {
    rows.push([
      accuracyPanel(document, runs, { width, height, steps, epochs: single ? history.epochs : undefined }),
    ]);
  }
  return figure({ document, title: options.title, legend: legend(runs, window, single), rows });
}

function prepare({ name, history }: NamedRun, colour: string, window: number): Run {
  const { steps, epochs } = history;
  const x = steps.map(({ step }) => step);
  const y = steps.map(({ loss }) => loss);
  const loss = seriesPoints('trainingPlot', { name, x, y });
  const accuracies = (side: 'trainAccuracy' | 'testAccuracy') =>
    epochs.flatMap((epoch) => {
      const value = epoch[side];
      if (value === undefined) return [];
      if (!(value >= 0 && value <= 1)) {
        throw new InputError(
          `trainingPlot: ${side} must be between 0 and 1, got ${value} at epoch ${epoch.epoch} of "${name}".`,
        );
      }
      return [{ x: epoch.step, y: value }];
    });
  return {
    name,
    colour,
    loss: thinned(loss),
    mean: thinned(runningMean(loss, window)),
    train: accuracies('trainAccuracy'),
    test: accuracies('testAccuracy'),
  };
}

/** The mean of the finite values among the `window` points around each point, fewer at the ends; NaN where there are none. */
export function runningMean(points: readonly Point[], window: number): Point[] {
  const before = Math.floor((window - 1) / 2);
  return points.map(({ x }, k) => {
    const near = points.slice(Math.max(0, k - before), k - before + window).filter(isFinitePoint);
    return { x, y: near.reduce((sum, point) => sum + point.y, 0) / near.length };
  });
}

interface PanelOptions {
  readonly width: number;
  readonly height: number;
  readonly steps: readonly [number, number];
}

const at = { x: 'x', y: 'y' } as const;

function lossPanel(
  document: Document,
  runs: readonly Run[],
  { width, height, steps }: PanelOptions,
): Element {
  const losses = runs.flatMap((run) => run.loss.filter(isFinitePoint).map((point) => point.y));
  return plotPanel(document, {
    width,
    height,
    x: xAxis({ label: 'step', domain: steps }),
    y: yAxis({ label: 'loss', domain: padded([0, ...losses]) }),
    clip: true,
    marks: [
      ...runs.map(({ loss, colour }) =>
        Plot.line(loss, { ...at, stroke: colour, strokeWidth: 0.75, strokeOpacity: 0.35 }),
      ),
      ...runs.map(({ mean, colour }, k) =>
        Plot.line(mean, {
          ...at,
          stroke: colour,
          strokeWidth: lineWidth(runs, k),
          strokeDasharray: lossDash(runs, k),
          strokeLinecap: 'butt',
        }),
      ),
      Plot.frame({ stroke: ink, clip: false }),
    ],
  });
}

/** A run is drawn over those before it, and thinner, so that all show where they coincide. */
const lineWidth = (runs: readonly Run[], k: number): number => 2.5 + 3 * (runs.length - 1 - k);

/** Dashes tell runs apart that coincide, unless they tell test from training in the panel below. */
function lossDash(runs: readonly Run[], k: number): string {
  return runs.some((run) => run.train.length > 0) ? dashes[0] : dashOf(k);
}

function accuracyPanel(
  document: Document,
  runs: readonly Run[],
  { width, height, steps, epochs }: PanelOptions & { readonly epochs?: TrainingCurve['epochs'] },
): Element {
  const values = runs.flatMap((run) => [...run.train, ...run.test].map((point) => point.y));
  const lowest = values.reduce((a, b) => Math.min(a, b));
  return plotPanel(document, {
    width,
    height,
    x: { ...xAxis({ label: 'step', domain: steps }), ...(epochs && epochTicks(epochs)) },
    y: yAxis({ label: 'accuracy', domain: [Math.min(0.9, Math.floor(lowest * 10) / 10), 1] }),
    marks: [
      ...runs.flatMap(({ train, test, colour }, k) => {
        const testColour = runs.length === 1 ? colourOf(1) : colourOf(k);
        const strokeWidth = lineWidth(runs, k) - 0.5;
        const dot = { ...at, r: 3 + (runs.length - 1 - k) * 2, clip: false } as const;
        return [
          Plot.line(train, { ...at, stroke: colour, strokeWidth }),
          Plot.line(test, { ...at, stroke: testColour, strokeWidth, strokeDasharray: dashes[1] }),
          Plot.dot(train, { ...dot, fill: colour }),
          Plot.dot(test, { ...dot, fill: 'white', stroke: testColour, strokeWidth: 1.5 }),
        ];
      }),
      Plot.frame({ stroke: ink }),
    ],
  });
}

/** The steps where epochs ended as ticks, a dozen at most, with the number of the epoch. */
function epochTicks(epochs: TrainingCurve['epochs']): Plot.ScaleOptions {
  const every = Math.ceil(epochs.length / 12);
  const shown = new Map(epochs.filter((_, k) => k % every === 0).map(({ step, epoch }) => [step, epoch]));
  return { label: 'epoch', ticks: [...shown.keys()], tickFormat: (step: number) => `${shown.get(step)}` };
}

function legend(runs: readonly Run[], window: number, single: boolean): LegendItem[] {
  const mean = `mean of ${window} steps`;
  const test = runs.some((run) => run.test.length > 0);
  const train = runs.some((run) => run.train.length > 0);
  if (single) {
    const colour = runs[0].colour;
    return [
      { name: window === 1 ? 'loss' : `loss, thick: ${mean}`, colour, strokeWidth: 2.5 },
      ...(train ? [{ name: 'training accuracy', colour }] : []),
      ...(test ? [{ name: 'test accuracy', colour: colourOf(1), dash: dashes[1] }] : []),
    ];
  }
  return [
    ...runs.map(({ name, colour }, k) => ({
      name,
      colour,
      strokeWidth: lineWidth(runs, k),
      dash: lossDash(runs, k),
    })),
    ...(train && test
      ? [
          { name: 'training', colour: ink },
          { name: 'test', colour: ink, dash: dashes[1] },
        ]
      : []),
  ];
}
