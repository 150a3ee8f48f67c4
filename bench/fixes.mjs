/**
 * What `gradparity/fixes` costs: a step of training and a prediction of two networks, without the fixes and with them, turn by turn in one run.
 * `--rounds` as many measurements of each, 20 by default; `--backend` another backend than the fastest; `--json`.
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { applyFixes, removeFixes } from '../dist/fixes/public.js';
import { selectBackend } from '../dist/node.js';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    backend: { type: 'string', default: 'auto' },
    json: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error(`bench fixes: --rounds must be a whole number from 1, got ${options.rounds}.`);
  process.exit(2);
}
const { name: backend } = await selectBackend(options.backend);

/** Networks as users build them, with a batch. */
const networks = {
  'dense 784-50-10, batch 100': () => ({
    model: tf.sequential({
      layers: [
        tf.layers.dense({ inputShape: [784], units: 50, activation: 'sigmoid' }),
        tf.layers.dense({ units: 10, activation: 'softmax' }),
      ],
    }),
    x: tf.randomUniform([100, 784], 0, 1, 'float32', 1),
    each: 20,
  }),
  'convolutions, pooling, batch norm, batch 16': () => ({
    model: tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [14, 14, 1], filters: 8, kernelSize: 3, activation: 'relu' }),
        tf.layers.batchNormalization(),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 10, activation: 'softmax' }),
      ],
    }),
    x: tf.randomUniform([16, 14, 14, 1], 0, 1, 'float32', 2),
    each: 5,
  }),
};

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const results = [];
for (const [name, build] of Object.entries(networks)) {
  const { model, x, each } = build();
  const y = tf
    .oneHot(
      tf.tensor1d(
        Array.from({ length: x.shape[0] }, (_, i) => i % 10),
        'int32',
      ),
      10,
    )
    .toFloat();
  const optimizer = tf.train.sgd(0.01);
  const work = {
    'a step of training': () =>
      optimizer.minimize(() =>
        tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true })).asScalar(),
      ),
    'a prediction': () => tf.tidy(() => model.predict(x).dataSync()),
  };
  for (const [what, once] of Object.entries(work)) {
    const times = { without: [], with: [] };
    for (let round = -2; round < rounds; round++) {
      // In turns, and in both orders, so that a machine that slows down slows both.
      for (const state of round % 2 === 0 ? ['without', 'with'] : ['with', 'without']) {
        if (state === 'with') applyFixes();
        else removeFixes();
        const begun = performance.now();
        for (let i = 0; i < each; i++) once();
        const time = (performance.now() - begun) / each;
        if (round >= 0) times[state].push(time);
      }
    }
    results.push({ network: name, what, without: median(times.without), with: median(times.with) });
  }
  tf.dispose([x, y]);
  model.dispose();
  optimizer.dispose();
}
if (options.json) {
  console.log(JSON.stringify({ schemaVersion: 1, backend, rounds, results }, null, 2));
} else {
  const table = new Table({ head: ['network', 'what', 'without', 'with the fixes', 'ratio'] });
  for (const result of results) {
    table.push([
      result.network,
      result.what,
      `${result.without.toFixed(2)} ms`,
      `${result.with.toFixed(2)} ms`,
      (result.with / result.without).toFixed(2),
    ]);
  }
  console.log(`Backend: ${backend}; medians of ${rounds} rounds.`);
  console.log(table.toString());
}
