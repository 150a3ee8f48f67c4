/** What a classifier took each class for. */
import * as Plot from '@observablehq/plot';
import { InputError } from '../errors.js';
import { colourOf, documentFor, figure, ink, pixels, plotPanel } from './svg.js';
import type { DrawingOptions } from './svg.js';

export interface ConfusionPlotOptions extends DrawingOptions {
  readonly title?: string;
  /** One name a class. */
  readonly labels: readonly string[];
  /** Row: the class; column: what it was taken for; as many of both as labels. */
  readonly counts: readonly (readonly number[])[];
}

/**
 * A confusion matrix as SVG: a row for each class, a column for what it was taken for, each cell with its count. The shade is the share of
 * the row, blue on the diagonal and orange beside it, where it is on the root's scale: mistakes are few. A cell of 0 stays empty.
 *
 * @throws InputError for no labels, a matrix that is not as many rows and columns, and counts that are not whole numbers of at least 0
 */
export function confusionPlot(options: ConfusionPlotOptions): string {
  const document = documentFor('confusionPlot', options.document);
  const { title, labels, counts } = options;
  if (labels.length === 0) throw new InputError('confusionPlot: labels is empty; give at least one class.');
  if (counts.length !== labels.length || counts.some((row) => row.length !== labels.length)) {
    throw new InputError(
      `confusionPlot: counts must have ${labels.length} rows of ${labels.length} numbers, as there are labels, got ${counts.length} rows of ${counts.map((row) => row.length).join(', ')}.`,
    );
  }
  const wrong = counts.flat().find((count) => !(Number.isInteger(count) && count >= 0));
  if (wrong !== undefined) {
    throw new InputError(`confusionPlot: counts must be whole numbers of at least 0, got ${wrong}.`);
  }
  const cells = counts.flatMap((row, actual) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.flatMap((count, taken) => {
      if (count === 0) return [];
      const share = count / total;
      const isRight = actual === taken;
      const opacity = isRight ? share : Math.sqrt(share);
      return [{ actual, taken, count, opacity, isRight, fill: colourOf(isRight ? 0 : 1) }];
    });
  });
  const side = pixels('confusionPlot', 'width', options.width, Math.max(300, 110 + 46 * labels.length));
  const height = pixels('confusionPlot', 'height', options.height, side - 40);
  const indices = labels.map((_, k) => k);
  const axis = {
    type: 'band',
    domain: indices,
    tickFormat: (k: number) => labels[k],
    labelAnchor: 'center',
    labelArrow: 'none',
    padding: 0.04,
  } as const;
  const panel = plotPanel(document, {
    width: side,
    height,
    x: { ...axis, label: 'taken for', labelOffset: 40 },
    y: { ...axis, label: 'class', labelOffset: 60 },
    marks: [
      Plot.cell(cells, { x: 'taken', y: 'actual', fill: 'fill', fillOpacity: 'opacity' }),
      Plot.text(cells, {
        x: 'taken',
        y: 'actual',
        text: (cell: { count: number }) => String(cell.count),
        // White where the shade is dark.
        fill: (cell: { opacity: number; isRight: boolean }) =>
          cell.opacity > (cell.isRight ? 0.55 : 0.75) ? 'white' : ink,
        fontSize: 12,
      }),
      Plot.frame({ stroke: ink }),
    ],
  });
  return figure({ document, title, rows: [[panel]] });
}
