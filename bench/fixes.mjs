/**
 * What `gradparity/fixes` costs: a step of training and a prediction of two networks on each backend, without the fixes and with them.
 *
 * A machine that does other things too slows down for seconds. So both are measured in pairs, one right after the other and in turns which of
 * them comes first, by the processor time of the process, and the ratio is the median of the pairs' ratios. Its interval, in which the
 * median lies with 95 %, is that of its ranks. `--rounds` as many pairs of each, 60 by default; `--backends cpu,wasm,tensorflow`; `--json`.
 */
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { applyFixes, removeFixes } from '../dist/fixes/public.js';
import { selectBackend } from '../dist/node.js';
import { optionsOf } from '../scripts/options.mjs';

const { values: options } = optionsOf('bench fixes', {
  rounds: { type: 'string', default: '60' },
  backends: { type: 'string', default: 'cpu,wasm,tensorflow' },
  json: { type: 'boolean', default: false },
});
const rounds = Number(options.rounds);
if (!Number.isInteger(rounds) || rounds < 6) {
  console.error(`bench fixes: --rounds must be a whole number from 6, got ${options.rounds}.`);
  process.exit(2);
}
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
  }),
  'convolution, batch norm, relu6, pooling, batch 16': () => ({
    model: tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [14, 14, 1], filters: 8, kernelSize: 3 }),
        tf.layers.batchNormalization(),
        tf.layers.reLU({ maxValue: 6 }),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 10, activation: 'softmax' }),
      ],
    }),
    x: tf.randomUniform([16, 14, 14, 1], 0, 1, 'float32', 2),
  }),
};

const sorted = (numbers) => numbers.toSorted((a, b) => a - b);
const median = (numbers) => sorted(numbers)[Math.floor(numbers.length / 2)];

/** Between which of the sorted numbers the median of what they are drawn from lies, with 95 %: the ranks of a binomial distribution. */
function interval(numbers) {
  const reach = Math.ceil(0.98 * Math.sqrt(numbers.length));
  const middle = Math.floor(numbers.length / 2);
  const all = sorted(numbers);
  return [all[Math.max(0, middle - reach)], all[Math.min(all.length - 1, middle + reach)]];
}

/** Milliseconds of processor time that f takes, of all threads. */
function processorTime(f) {
  const begun = process.cpuUsage();
  f();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
}

/** How long one measurement should take at least: the clock of processor time has steps. */
const AT_LEAST = 40;

function compare(once) {
  const many = (times) => () => {
    for (let i = 0; i < times; i++) once();
  };
  applyFixes();
  many(3)();
  removeFixes();
  try {
    many(3)();
  } catch (error) {
    return { throws: error.message.split('\n')[0] };
  }
  const times = Math.max(1, Math.ceil(AT_LEAST / (processorTime(many(3)) / 3)));
  const of = { without: [], with: [] };
  for (let round = 0; round < rounds; round++) {
    for (const state of round % 2 === 0 ? ['without', 'with'] : ['with', 'without']) {
      if (state === 'with') applyFixes();
      else removeFixes();
      // What was compiled for the other state is left behind.
      once();
      of[state].push(processorTime(many(times)) / times);
    }
  }
  removeFixes();
  const ratios = of.with.map((time, i) => time / of.without[i]);
  return {
    without: median(of.without),
    with: median(of.with),
    ratio: median(ratios),
    interval: interval(ratios),
  };
}

const results = [];
for (const wanted of options.backends.split(',')) {
  const { name: backend } = await selectBackend(wanted);
  for (const [network, build] of Object.entries(networks)) {
    const { model, x } = build();
    const classes = Array.from({ length: x.shape[0] }, (_, i) => i % 10);
    const y = tf.tidy(() => tf.oneHot(tf.tensor1d(classes, 'int32'), 10).toFloat());
    const optimizer = tf.train.sgd(0.01);
    const work = {
      'a step of training': () =>
        optimizer.minimize(() =>
          tf.losses.softmaxCrossEntropy(y, model.apply(x, { training: true })).asScalar(),
        ),
      'a prediction': () => tf.tidy(() => model.predict(x).dataSync()),
    };
    for (const [what, once] of Object.entries(work)) {
      results.push({ backend, network, what, ...compare(once) });
    }
    tf.dispose([x, y]);
    model.dispose();
    optimizer.dispose();
  }
}
if (options.json) {
  console.log(JSON.stringify({ schemaVersion: 2, rounds, results }, null, 2));
} else {
  const table = new Table({
    head: ['backend', 'network', 'what', 'without', 'with the fixes', 'ratio', '95 %'],
  });
  for (const { backend, network, what, throws, without, with: mended, ratio, interval } of results) {
    if (throws)
      table.push([backend, network, what, { colSpan: 4, content: `throws without them: ${throws}` }]);
    else
      table.push([
        backend,
        network,
        what,
        `${without.toFixed(2)} ms`,
        `${mended.toFixed(2)} ms`,
        ratio.toFixed(3),
        interval.map((end) => end.toFixed(3)).join(' … '),
      ]);
  }
  console.log(`Milliseconds of processor time, medians of ${rounds} pairs.`);
  console.log(table.toString());
}
