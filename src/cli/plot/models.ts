/** Pictures of a trained model: its hidden units, what it takes for what, what it misreads, its two gradients. */
import * as tf from '@tensorflow/tfjs';
import { autodiff } from '../../differentiation/autodiff.js';
import { structured } from '../../differentiation/structured.js';
import { InputError } from '../../errors.js';
import { textCurves, textImages } from '../../plots/terminal.js';
import { bundledModel } from '../models.js';
import { confusionOf, confusionTable, openClassifier, type Classifier } from '../classifier.js';
import { percent } from '../session.js';
import { documentOf, type Picture, type PlotOptions } from './picture.js';

function modelOf(kind: string, { paths }: PlotOptions): string {
  if (paths.length > 1) {
    throw new InputError(`plot: ${kind} draws one model, got ${paths.length}: ${paths.join(', ')}.`);
  }
  return paths[0] ?? bundledModel();
}

/** The weights of the first layer's units as pictures. */
export async function drawHidden(options: PlotOptions): Promise<Picture> {
  const model = modelOf('hidden', options);
  const { loadNotedModel } = await import('../../models/files.js');
  const { network, notes } = await loadNotedModel(model);
  try {
    const { W1 } = network.parameters;
    const [inputs = 0, units = 0] = W1.shape;
    const side = Math.sqrt(inputs);
    const form = notes.image ?? { rows: side, columns: side };
    if (!Number.isInteger(form.rows) || inputs < 16) {
      throw new InputError(
        `plot: the model in ${model} takes ${inputs} numbers, which are no square image, and says nothing of their form.`,
      );
    }
    const weights = W1.dataSync();
    const shown = Math.min(units, options.count ?? 50);
    const images = Array.from({ length: shown }, (_, unit) => {
      const own = Float32Array.from({ length: inputs }, (_, i) => weights[i * units + unit]);
      const most = own.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
      return own.map((weight) => weight / most);
    });
    const size = { imageWidth: form.columns, imageHeight: form.rows };
    const captions = images.map((_, unit) => `${unit + 1}`);
    const title = `Weights of ${shown === units ? `the ${units}` : `${shown} of the ${units}`} units of the first layer`;
    return {
      title,
      data: { model, units, shown, ...size },
      svg: (plots) =>
        plots.imagePlot({ ...documentOf(plots), title, images, captions, signed: true, ...size }),
      text: (width) => `${title}\n${textImages({ images, captions, signed: true, width, ...size })}`,
    };
  } finally {
    network.dispose();
  }
}

function answersOf({ network, data }: Classifier): { actual: Int32Array; predicted: Int32Array } {
  const classes = network.predictClasses(data.test.x);
  const predicted = Int32Array.from(classes.dataSync());
  classes.dispose();
  return { actual: Int32Array.from(data.test.t.dataSync()), predicted };
}

const requireFinite = (model: string, { network, data }: Classifier): void => {
  const sum = tf.tidy(() => tf.sum(network.predict(data.test.x)).dataSync()[0]);
  if (!Number.isFinite(sum)) {
    throw new InputError(
      `plot: the outputs of ${model} are no finite numbers, and no class is the likeliest. Train it again.`,
    );
  }
};

export async function drawConfusion(options: PlotOptions): Promise<Picture> {
  const model = modelOf('confusion', options);
  const open = await openClassifier('plot', model, options);
  try {
    requireFinite(model, open);
    const { classes: labels } = open.data;
    const { actual, predicted } = answersOf(open);
    const counts = confusionOf(actual, predicted, labels.length);
    const right = counts.reduce((sum, row, label) => sum + row[label], 0);
    const title = `What the model takes each class for (${percent(right / actual.length)} of ${actual.length} right)`;
    return {
      title,
      data: {
        model,
        examples: actual.length,
        accuracy: right / actual.length,
        classes: labels,
        confusion: counts,
      },
      svg: (plots) => plots.confusionPlot({ ...documentOf(plots), title, labels, counts }),
      text: async () => `${title}\n${await confusionTable(counts, labels)}\n`,
    };
  } finally {
    open.dispose();
  }
}

export async function drawMisread(options: PlotOptions): Promise<Picture> {
  const model = modelOf('misread', options);
  const open = await openClassifier('plot', model, options);
  try {
    requireFinite(model, open);
    const { image, classes, test } = open.data;
    if (!image) throw new InputError('plot: misread draws images; the examples of this data are none.');
    const { actual, predicted } = answersOf(open);
    const wrong = Array.from(actual.keys()).filter((n) => actual[n] !== predicted[n]);
    if (wrong.length === 0)
      throw new InputError(`plot: ${model} misreads none of the ${actual.length} examples.`);
    const shown = wrong.slice(0, options.count ?? 50);
    const pixels = Array.from(test.x.dataSync());
    const inputs = image.rows * image.columns;
    const most = pixels.reduce((a, b) => Math.max(a, b), 0) || 1;
    const images = shown.map((n) =>
      Float32Array.from({ length: inputs }, (_, i) => Math.max(0, pixels[n * inputs + i] / most)),
    );
    const captions = shown.map((n) => `${classes[actual[n]]} as ${classes[predicted[n]]}`);
    const size = { imageWidth: image.columns, imageHeight: image.rows };
    const title = `${shown.length} of ${wrong.length} that the model misreads, of ${actual.length}`;
    return {
      title,
      data: {
        model,
        examples: actual.length,
        misread: wrong.length,
        shown: shown.map((n) => ({ example: n, class: classes[actual[n]], takenFor: classes[predicted[n]] })),
      },
      svg: (plots) => plots.imagePlot({ ...documentOf(plots), title, images, captions, ...size }),
      text: (width) => `${title}\n${textImages({ images, captions, width, ...size })}`,
    };
  } finally {
    open.dispose();
  }
}

/** Entries of a parameter that are drawn. */
const MOST_ENTRIES = 300;

/** Each entry of the gradient by differences over the same by tf.grad, for one batch of the test data. */
export async function drawGradients(options: PlotOptions): Promise<Picture> {
  const model = modelOf('gradients', options);
  const count = options.count ?? 100;
  const open = await openClassifier('plot', model, options);
  try {
    const { network, data } = open;
    const examples = Math.min(count, data.test.t.shape[0]);
    const [numerical, automatic] = tf.tidy(() => {
      const x = tf.slice(data.test.x, [0, 0], [examples, data.test.x.shape[1]]);
      const t = tf.slice(data.test.t, 0, examples);
      return [structured(), autodiff].map((method) =>
        Object.fromEntries(
          Object.entries(method.lossAndGradients(network, x, t).gradients).map(([name, each]) => [
            name,
            Array.from(each.dataSync()),
          ]),
        ),
      );
    });
    const parts = Object.entries(automatic).map(([name, values]) => {
      const [largest, apart] = [values, values.map((value, k) => value - numerical[name][k])].map((each) =>
        each.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
      );
      const every = Math.max(1, Math.floor(values.length / MOST_ENTRIES));
      const drawn = Array.from(values.keys()).filter((k) => k % every === 0);
      return {
        name,
        entries: values.length,
        largest,
        largestDifference: apart,
        series: {
          name,
          x: drawn.map((k) => values[k] / (largest || 1)),
          y: drawn.map((k) => numerical[name][k] / (largest || 1)),
          dots: 'only' as const,
        },
      };
    });
    const worst = Math.max(
      ...parts.map(({ largest, largestDifference }) =>
        largestDifference === 0 ? 0 : largestDifference / largest,
      ),
    );
    const title = `Numerical gradient against tf.grad, ${examples} examples: they differ by at most ${worst.toExponential(0)}`;
    const series = parts.map((part) => part.series);
    const equal = { name: 'equal', x: [-1, 1], y: [-1, 1] };
    return {
      title,
      data: {
        model,
        examples,
        worstRelativeDifference: worst,
        parameters: parts.map(({ name, entries, largest, largestDifference }) => ({
          name,
          entries,
          largest,
          largestDifference,
        })),
      },
      svg: (plots) =>
        plots.curvePlot({
          ...documentOf(plots),
          title,
          series: [...series, equal],
          xLabel: 'by tf.grad, over the largest entry of the parameter',
          yLabel: 'by central differences, over the same',
          width: 680,
          height: 460,
        }),
      text: (width) =>
        textCurves({ title, width: Math.min(width, 60), series, xLabel: '∂L/∂θ by tf.grad', height: 6 }),
    };
  } finally {
    open.dispose();
  }
}
