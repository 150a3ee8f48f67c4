/** Curves of several runs over each other: by numerical gradients and by tf.grad, say. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { reasonOf } from '../../data/download.js';
import { InputError } from '../../errors.js';
import { localPath } from '../../files/place.js';
import { readFileBounded } from '../../files/read.js';
import { parseJson } from '../../json.js';
import type { History } from '../../training/history.js';
import { textCurves } from '../../plots/terminal.js';
import { documentOf, type Picture, type PlotOptions } from './picture.js';

/** Larger than the history of any run: ten million steps. */
const MOST_BYTES = 2 ** 30;

type Drawn = Pick<History, 'steps' | 'epochs'>;

export async function drawRuns({ paths }: PlotOptions): Promise<Picture> {
  const named = paths.length > 0 ? paths : [path.join('runs', 'latest')];
  const runs: { name: string; history: Drawn }[] = [];
  for (const place of named) {
    const { history, method } = await readHistory(place);
    runs.push({ name: method === undefined ? place : `${place} (${method})`, history });
  }
  const title = runs.length === 1 ? runs[0].name : 'Loss and accuracy of the runs';
  const accuracies = runs.flatMap(({ name, history: { epochs } }) =>
    (['trainAccuracy', 'testAccuracy'] as const).flatMap((side) => {
      const known = epochs.filter((epoch) => epoch[side] !== undefined);
      const set = side === 'testAccuracy' ? 'test' : 'training';
      return known.length === 0
        ? []
        : [
            {
              name: `${set} accuracy, ${name}`,
              x: known.map(({ step }) => step),
              y: known.map((epoch) => epoch[side] ?? NaN),
            },
          ];
    }),
  );
  return {
    title,
    data: {
      runs: runs.map(({ name, history }) => ({
        name,
        steps: history.steps.length,
        finalLoss: history.steps.at(-1)?.loss ?? null,
        epochs: history.epochs,
      })),
    },
    svg: (plots) =>
      plots.trainingPlot(runs.length === 1 ? runs[0].history : runs, { ...documentOf(plots), title }),
    text: (width) =>
      textCurves({
        title,
        width,
        xLabel: 'step',
        series: runs.map(({ name, history: { steps } }) => ({
          name: `loss, ${name}`,
          x: steps.map(({ step }) => step),
          y: steps.map(({ loss }) => loss),
        })),
      }) + (accuracies.length > 0 ? textCurves({ width, xLabel: 'step', series: accuracies }) : ''),
  };
}

/** The history in a run's folder, or in a file. */
async function readHistory(place: string): Promise<{ history: Drawn; method?: string }> {
  const given = localPath('plot', place);
  let file = given;
  let text: string;
  try {
    if ((await stat(given)).isDirectory()) file = path.join(given, 'history.json');
    text = new TextDecoder().decode(await readFileBounded(file, MOST_BYTES));
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(
      `plot: ${file} can't be read: ${reasonOf(error)}. Wanted the folder of a run of gradparity train, or its history.json.`,
      { cause: error },
    );
  }
  const history = parseJson(`plot: ${file}`, text);
  if (!isHistory(history)) {
    throw new InputError(`plot: ${file} is no history of a run; wanted one that gradparity train wrote.`);
  }
  if (history.steps.length === 0)
    throw new InputError(`plot: the run in ${place} has no steps; there is nothing to draw.`);
  const steps = history.steps.map(({ step, loss }) => ({ step, loss: loss ?? NaN }));
  const { method } = history.settings ?? {};
  return { history: { steps, epochs: history.epochs }, ...(typeof method === 'string' && { method }) };
}

function isHistory(value: unknown): value is History {
  const { steps, epochs } = (value ?? {}) as Partial<History>;
  const isNumber = (each: unknown): boolean => typeof each === 'number';
  const isShare = (each: unknown): boolean =>
    each === undefined || (isNumber(each) && Number(each) >= 0 && Number(each) <= 1);
  return (
    Array.isArray(steps) &&
    Array.isArray(epochs) &&
    // A loss that is not finite is null in JSON.
    steps.every((each) => isNumber(each?.step) && (each.loss === null || isNumber(each.loss))) &&
    epochs.every(
      (each) =>
        isNumber(each?.step) &&
        isNumber(each.epoch) &&
        isShare(each.trainAccuracy) &&
        isShare(each.testAccuracy),
    )
  );
}
