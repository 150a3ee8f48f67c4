/**
 * The ordinary training step: one epoch of MNIST (600 steps of 100) for the article's network, by this project's `train` with tf.grad,
 * by tf.LayersModel.fit on the same backend, and by PyTorch, all by plain gradient descent at a rate of 0.1.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { train, TwoLayerNet } from '../dist/index.js';
import { availableBackends, loadMnist, selectBackend } from '../dist/node.js';
import { must, pythonEnvironment } from '../scripts/python-environment.mjs';
import { optionsOf } from '../scripts/options.mjs';

const { values: options } = optionsOf('bench epoch', {
  repeats: { type: 'string', default: '3' },
  json: { type: 'boolean', default: false },
});
const BATCH = 100;
const RATE = 0.1;

await selectBackend('auto');
const loaded = await loadMnist({ testSize: 1 });
const [pixels, labels] = [loaded.train.x.dataSync(), loaded.train.t.dataSync()];
const examples = labels.length;
const rows = [];
for (const backend of (await availableBackends()).filter((name) => name !== 'cpu')) {
  await selectBackend(backend);
  const x = tf.tensor2d(pixels, [examples, 784]);
  const t = tf.tensor1d(labels, 'int32');
  rows.push(await measure('train, tf.grad', backend, () => byTrain(x, t)));
  rows.push(await measure('LayersModel.fit', backend, () => byFit(x, t)));
  tf.dispose([x, t]);
}
rows.push(...byTorch());
const result = {
  schemaVersion: 1,
  benchmark: 'epoch',
  machine: `${os.cpus().length} × ${os.cpus()[0].model}, Node ${process.version}`,
  rows,
};
if (options.json) console.log(JSON.stringify(result, null, 2));
else print();

async function byTrain(x, t) {
  const network = new TwoLayerNet({ seed: 1 });
  const history = await train(
    network,
    { train: { x, t } },
    { seed: 1, batchSize: BATCH, learningRate: RATE },
  );
  const { trainAccuracy } = history.epochs.at(-1);
  network.dispose();
  // The accuracies before and after belong to what `fit` does not do.
  return { seconds: history.trainingSeconds, accuracy: trainAccuracy };
}

async function byFit(x, t) {
  const initializer = () => tf.initializers.randomNormal({ stddev: 0.01, seed: 1 });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 50,
        inputShape: [784],
        activation: 'sigmoid',
        kernelInitializer: initializer(),
      }),
      tf.layers.dense({ units: 10, activation: 'softmax', kernelInitializer: initializer() }),
    ],
  });
  const optimizer = tf.train.sgd(RATE);
  model.compile({ optimizer, loss: 'categoricalCrossentropy' });
  const target = tf.oneHot(t, 10);
  const started = performance.now();
  await model.fit(x, target, { batchSize: BATCH, epochs: 1, verbose: 0, yieldEvery: 'never' });
  const seconds = (performance.now() - started) / 1000;
  const accuracy = tf.tidy(
    () =>
      tf
        .mean(tf.cast(tf.equal(tf.argMax(model.predict(x, { batchSize: 5000 }), 1), t), 'float32'))
        .dataSync()[0],
  );
  tf.dispose([target, optimizer]);
  model.dispose();
  return { seconds, accuracy };
}

async function measure(method, by, run) {
  console.error(`${method} on ${by} …`);
  const runs = [];
  for (let i = 0; i < Number(options.repeats); i++) runs.push(await run());
  runs.sort((a, b) => a.seconds - b.seconds);
  const { seconds, accuracy } = runs[runs.length >> 1];
  return { method, by, seconds, accuracy, fastest: runs[0].seconds, slowest: runs.at(-1).seconds };
}

function byTorch() {
  console.error('PyTorch …');
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gradparity-bench-'));
  try {
    for (const [name, data] of [
      ['x', pixels],
      ['t', labels],
    ]) {
      writeFileSync(
        path.join(folder, `${name}.bin`),
        Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      );
    }
    const python = pythonEnvironment(fileURLToPath(new URL('gradcheck/requirements.txt', import.meta.url)));
    const script = fileURLToPath(new URL('epoch_torch.py', import.meta.url));
    return JSON.parse(must(python, [script, folder, options.repeats]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function print() {
  console.log(
    `784-50-10, one epoch of ${examples / BATCH} steps of ${BATCH}, rate ${RATE}; ${result.machine}.`,
  );
  const table = new Table({
    head: ['training', 'by', 'median s', 'fastest', 'slowest', 'ms a step', 'train accuracy'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', ...Array(5).fill('right')],
  });
  for (const { method, by, seconds, fastest, slowest, accuracy } of rows) {
    table.push([
      method,
      by,
      seconds.toFixed(2),
      fastest.toFixed(2),
      slowest.toFixed(2),
      ((1000 * seconds * BATCH) / examples).toFixed(2),
      `${(100 * accuracy).toFixed(2)} %`,
    ]);
  }
  console.log(table.toString());
}
