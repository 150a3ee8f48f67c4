/**
 * How the structured gradient's time grows with the hidden units, the batch, the inputs, the depth and the width of a deep network, against
 * the work that its structure predicts: multiplications and numbers to evaluate. With `--write`, the picture docs/images/growth.svg.
 */
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { writeFileWhole } from '../dist/files/write.js';
import { Mlp, structured } from '../dist/index.js';
import { curvePlot } from '../dist/plots/index.js';
import { selectBackend } from '../dist/node.js';
import { nodeDocument } from '../dist/plots/node-document.js';
import { optionsOf } from '../scripts/options.mjs';

const { values: options } = optionsOf('bench growth', {
  repeats: { type: 'string', default: '15' },
  write: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
});
const CLASSES = 10;
const usual = { inputs: 784, hidden: 50, batch: 100, depth: 1 };
const deep = { ...usual, depth: 3 };
const questions = [
  { name: 'hidden units', vary: 'hidden', of: usual, values: [10, 20, 50, 100, 200, 500, 1000] },
  { name: 'batch', vary: 'batch', of: usual, values: [10, 30, 100, 300, 1000] },
  { name: 'inputs', vary: 'inputs', of: usual, values: [100, 200, 400, 784, 1600, 3200] },
  { name: 'depth', vary: 'depth', of: usual, values: [1, 2, 3, 4, 5] },
  { name: 'units of three hidden layers', vary: 'hidden', of: deep, values: [10, 20, 50, 100, 200] },
];

const backend = await selectBackend('auto');
const series = questions.map(({ name, vary, of, values }) => {
  const points = values.map((value) => {
    console.error(`${name}: ${value} …`);
    return { [vary]: value, ...measure({ ...of, [vary]: value }) };
  });
  return { name, vary, points, exponent: fittedExponent(points) };
});
const result = {
  schemaVersion: 1,
  benchmark: 'growth',
  machine: `${os.cpus().length} × ${os.cpus()[0].model}, Node ${process.version}`,
  backend: `${backend.name} ${backend.version}`,
  usual: { classes: CLASSES, ...usual },
  series,
};
if (options.json) console.log(JSON.stringify(result, null, 2));
else print();
if (options.write) await write();

function measure({ inputs, hidden, batch, depth }) {
  const sizes = [inputs, ...new Array(depth).fill(hidden), CLASSES];
  const network = new Mlp({ sizes, weightInitStd: 0.05, seed: 1 });
  const pixels = tf.randomUniform([batch, inputs], 0, 1, 'float32', 2);
  const labels = tf.tensor1d(
    Array.from({ length: batch }, (_, n) => n % CLASSES),
    'int32',
  );
  const times = [];
  for (let run = -5; run < Number(options.repeats); run++) {
    const started = performance.now();
    const gradients = network.gradient(pixels, labels, structured());
    for (const gradient of Object.values(gradients)) gradient.dataSync();
    if (run >= 0) times.push(performance.now() - started);
    tf.dispose(gradients);
  }
  tf.dispose([pixels, labels]);
  network.dispose();
  times.sort((a, b) => a - b);
  return { cost: predictedCost(sizes, batch), milliseconds: times[times.length >> 1] };
}

/**
 * For each layer: the product of its inputs with the differences; and for both moves of each unit ten steps for every number that changes, its
 * own output and all of the layers above, with the products that lead from one layer to the next.
 */
function predictedCost(sizes, batch) {
  let cost = 0;
  for (let layer = 1; layer < sizes.length; layer++) {
    cost += batch * sizes[layer - 1] * sizes[layer];
    const isLogit = layer === sizes.length - 1;
    let numbers = isLogit ? sizes[layer] : 1;
    for (let above = layer + 1; above < sizes.length; above++) {
      numbers += sizes[above] * (1 + (above + 1 < sizes.length ? sizes[above + 1] / 10 : 0));
    }
    cost += 10 * 2 * batch * sizes[layer] * numbers;
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
    `784-50-10, batch 100 where not varied; on ${result.backend}; ${result.machine}.\nMedians of ${options.repeats}; work: millions of multiplications and numbers to evaluate.`,
  );
  const table = new Table({
    head: ['varied', 'value', 'work', 'ms', 'ns each', 'exponent'],
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
    title: 'Time of a structured gradient by its work',
    xLabel: 'multiplications and numbers to evaluate',
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
