/**
 * How the structured gradient's time grows with the hidden units, the batch, the share of inputs that are not 0 and the depth, against
 * the cost that its structure predicts: the numbers that it has to evaluate. With `--write`, the picture docs/images/growth.svg.
 */
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { movesOf } from '../dist/differentiation/moves.js';
import { writeFileWhole } from '../dist/files/write.js';
import { Mlp, structured } from '../dist/index.js';
import { curvePlot } from '../dist/plots/index.js';
import { selectBackend } from '../dist/node.js';
import { nodeDocument } from '../dist/plots/node-document.js';

const { values: options } = parseArgs({
  options: {
    repeats: { type: 'string', default: '5' },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const INPUTS = 784;
const CLASSES = 10;
/** A fifth of MNIST's pixels is not 0. */
const usual = { hidden: 50, batch: 100, depth: 1, density: 0.2 };
const questions = [
  { name: 'hidden units', vary: 'hidden', values: [10, 20, 50, 100, 200, 500], kernel: 'auto' },
  { name: 'batch', vary: 'batch', values: [10, 30, 100, 300, 1000], kernel: 'auto' },
  { name: 'density', vary: 'density', values: [0.05, 0.1, 0.2, 0.5, 1], kernel: 'auto' },
  { name: 'hidden units, by tensors', vary: 'hidden', values: [10, 20, 50, 100, 200], kernel: 'tensors' },
  { name: 'depth, by tensors', vary: 'depth', values: [1, 2, 3, 4], kernel: 'tensors' },
];

const backend = await selectBackend('auto');
const series = questions.map(({ name, vary, values, kernel }) => {
  const points = values.map((value) => {
    console.error(`${name}: ${value} …`);
    return { [vary]: value, ...measure({ ...usual, [vary]: value }, kernel) };
  });
  return { name, vary, points, exponent: fittedExponent(points) };
});
const result = {
  schemaVersion: 1,
  benchmark: 'growth',
  machine: `${os.cpus().length} × ${os.cpus()[0].model}, Node ${process.version}`,
  backend: `${backend.name} ${backend.version}`,
  usual: { inputs: INPUTS, classes: CLASSES, ...usual },
  series,
};
if (options.json) console.log(JSON.stringify(result, null, 2));
else print();
if (options.write) await write();

function measure({ hidden, batch, depth, density }, kernel) {
  const network = new Mlp({
    sizes: [INPUTS, ...new Array(depth).fill(hidden), CLASSES],
    weightInitStd: 0.05,
    seed: 1,
  });
  const pixels = tf.tidy(() => {
    const level = tf.ceil(tf.randomUniform([batch, INPUTS], 0, 255, 'float32', 2));
    const lit = tf.less(tf.randomUniform([batch, INPUTS], 0, 1, 'float32', 3), density);
    return tf.mul(tf.div(level, 255), tf.cast(lit, 'float32'));
  });
  const labels = tf.tensor1d(
    Array.from({ length: batch }, (_, n) => n % CLASSES),
    'int32',
  );
  const times = [];
  for (let run = -1; run < Number(options.repeats); run++) {
    const started = performance.now();
    const gradients = network.gradient(pixels, labels, structured({ kernel }));
    for (const gradient of Object.values(gradients)) gradient.dataSync();
    if (run >= 0) times.push(performance.now() - started);
    tf.dispose(gradients);
  }
  const distinct = movesOf(pixels.dataSync(), batch, INPUTS).input.length;
  tf.dispose([pixels, labels]);
  const sizes = network.structure.sizes;
  network.dispose();
  times.sort((a, b) => a - b);
  return {
    cost: predictedCost(sizes, batch, distinct, kernel),
    milliseconds: times[times.length >> 1],
  };
}

/**
 * A number for each distinct move and unit that it moves; by tensors also for every unit above. Moves of the first layer: its distinct
 * non-zero inputs and biases; of the others every input of every example, as activations are not 0 and differ.
 */
function predictedCost(sizes, batch, distinct, kernel) {
  let cost = 0;
  for (let layer = 1; layer < sizes.length; layer++) {
    const moves = layer === 1 ? distinct : batch * (sizes[layer - 1] + 1);
    const above = sizes.slice(layer + 1).reduce((sum, size) => sum + size, 0);
    cost += moves * sizes[layer] * (kernel === 'tensors' ? 1 + above : 1);
  }
  return cost;
}

/** The slope of log time over log cost, by least squares. */
function fittedExponent(points) {
  const mean = (list) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const x = points.map(({ cost }) => Math.log(cost));
  const y = points.map(({ milliseconds }) => Math.log(milliseconds));
  const [mx, my] = [mean(x), mean(y)];
  return mean(x.map((value, i) => (value - mx) * (y[i] - my))) / mean(x.map((value) => (value - mx) ** 2));
}

function print() {
  console.log(
    `784-50-10, batch 100, density 0.2 where not varied; on ${result.backend}; ${result.machine}.\nMedians of ${options.repeats}; cost: millions of numbers to evaluate.`,
  );
  const table = new Table({
    head: ['varied', 'value', 'cost', 'ms', 'ns a number', 'exponent'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...Array(5).fill('right')],
  });
  for (const { name, vary, points, exponent } of series) {
    points.forEach((point, i) =>
      table.push([
        i === 0 ? name : '',
        String(point[vary]),
        (point.cost / 1e6).toPrecision(3),
        point.milliseconds.toPrecision(3),
        ((1e6 * point.milliseconds) / point.cost).toFixed(1),
        i === 0 ? exponent.toFixed(2) : '',
      ]),
    );
  }
  console.log(table.toString());
}

async function write() {
  const file = path.join(fileURLToPath(new URL('..', import.meta.url)), 'docs', 'images', 'growth.svg');
  const picture = curvePlot({
    document: nodeDocument(),
    title: 'Time of a structured gradient by what it has to evaluate',
    xLabel: 'numbers to evaluate',
    yLabel: 'milliseconds',
    xScale: 'log',
    yScale: 'log',
    series: series.map(({ name, points, exponent }) => ({
      name: `${name} (exponent ${exponent.toFixed(2)})`,
      x: points.map(({ cost }) => cost),
      y: points.map(({ milliseconds }) => milliseconds),
      dots: true,
    })),
  });
  await writeFileWhole(file, picture);
  console.error('Written: docs/images/growth.svg.');
}
