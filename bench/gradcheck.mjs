/**
 * `npm run bench -- gradcheck`: the same functions through this library's gradcheck, PyTorch's, JAX' check_grads and numdifftools'
 * Gradient, each by its default settings, in one run: verdict, error of the numerical gradient, evaluations, seconds, and which
 * wrong gradients each notices. Then what a check of the article's network costs, in its own gradients, and one of a million entries.
 * `--json` prints the numbers instead of tables.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { gradcheck, inFloat64, TwoLayerNet } from '../dist/index.js';
import { selectBackend } from '../dist/node.js';
import { optionsOf } from '../scripts/options.mjs';
import { pythonEnvironment } from '../scripts/python-environment.mjs';

const { values: options } = optionsOf('bench gradcheck', { json: { type: 'boolean' } });

/** Relative errors that a check should notice. */
const ERRORS = [1e-2, 1e-4, 1e-6];

await selectBackend('cpu');

const random = (shape, seed, deviation = 1) => ({
  shape,
  values: Array.from(tf.tidy(() => tf.randomNormal(shape, 0, deviation, 'float32', seed).dataSync())),
});
const oneHot = (labels, classes) => ({
  shape: [labels.length, classes],
  values: labels.flatMap((label) => Array.from({ length: classes }, (_, i) => Number(i === label))),
});
const labels = (n, classes) => Array.from({ length: n }, (_, i) => (i * 7) % classes);

const logSoftmax = (x) => {
  const z = tf.sub(x, tf.max(x, -1, true));
  return tf.sub(z, tf.log(tf.sum(tf.exp(z), -1, true)));
};
const network = (x, W1, b1, W2, b2, t) => {
  const logits = tf.add(tf.matMul(tf.sigmoid(tf.add(tf.matMul(x, W1), b1)), W2), b2);
  return tf.neg(tf.mean(tf.sum(tf.mul(t, logSoftmax(logits)), -1)));
};
const networkInputs = (batch, inputs, hidden, classes) => [
  random([batch, inputs], 1),
  random([inputs, hidden], 2, inputs ** -0.5),
  random([hidden], 3),
  random([hidden, classes], 4, hidden ** -0.5),
  random([classes], 5),
  oneHot(labels(batch, classes), classes),
];

/** `active`: the inputs that are differentiated. */
const functions = {
  softmax: { f: (x) => tf.softmax(x), inputs: [random([8, 10], 1)], active: [0] },
  'layer norm': {
    f: (x, gamma, beta) => {
      const centred = tf.sub(x, tf.mean(x, -1, true));
      const deviation = tf.sqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-5));
      return tf.add(tf.mul(gamma, tf.div(centred, deviation)), beta);
    },
    inputs: [random([8, 16], 1), random([16], 2), random([16], 3)],
    active: [0, 1, 2],
  },
  dense: {
    f: (x, W, b) => tf.tanh(tf.add(tf.matMul(x, W), b)),
    inputs: [random([8, 12], 1), random([12, 10], 2, 0.3), random([10], 3)],
    active: [0, 1, 2],
  },
  'conv, relu, pool': {
    f: (x, k) => tf.maxPool(tf.relu(tf.conv2d(x, k, 1, 'same')), 2, 2, 'valid'),
    inputs: [random([2, 8, 8, 2], 1), random([3, 3, 2, 4], 2)],
    active: [0, 1],
  },
  'cross-entropy': {
    f: (x, t) => tf.neg(tf.mean(tf.sum(tf.mul(t, logSoftmax(x)), -1))),
    inputs: [random([16, 10], 1), oneHot(labels(16, 10), 10)],
    active: [0],
  },
  'network 20-8-5': { f: network, inputs: networkInputs(6, 20, 8, 5), active: [1, 2, 3, 4] },
  // 39,760 parameters, batch 100: for checks by projections only.
  'network 784-50-10': {
    f: network,
    inputs: networkInputs(100, 784, 50, 10),
    active: [1, 2, 3, 4],
    fastOnly: true,
  },
};

for (const one of Object.values(functions)) {
  const shape = tf.tidy(() => one.f(...one.inputs.map(tensorOf)).shape);
  one.cotangent = random(shape, 9);
}

function tensorOf({ shape, values }) {
  return tf.tensor(values, shape);
}

/** Σ c·f, its gradient made `factor` times as large. */
function scalarOf({ f, cotangent }, factor = 1) {
  const scaled = tf.customGrad((y) => ({
    value: tf.clone(y),
    gradFunc: (dy) => tf.mul(dy, factor),
  }));
  const c = tensorOf(cotangent);
  return (...inputs) => {
    const y = tf.sum(tf.mul(f(...inputs), c));
    return factor === 1 ? y : scaled(y);
  };
}

async function timed(run, most = 9) {
  const seconds = [];
  let report;
  while (seconds.length === 0 || (seconds.length < most && seconds.reduce((a, b) => a + b, 0) < 5)) {
    const start = performance.now();
    report = await run();
    seconds.push((performance.now() - start) / 1000);
  }
  return { report, seconds: seconds.sort((a, b) => a - b)[seconds.length >> 1] };
}

async function ours(one, mode) {
  const inputs = one.inputs.map(tensorOf);
  const constant = one.inputs.flatMap((_, i) => (one.active.includes(i) ? [] : [i]));
  const check = (factor) =>
    gradcheck(scalarOf(one, factor), inputs, { mode, constant, details: mode === 'full' });
  await check(1);
  const { report, seconds } = await timed(() => check(1));
  const noticed = {};
  for (const error of ERRORS) noticed[error] = (await check(1 + error)).verdict === 'wrong';
  tf.dispose(inputs);
  return { verdict: report.verdict, evaluations: report.evaluations, seconds, noticed, report };
}

console.error('gradparity …');
const results = {};
for (const [name, one] of Object.entries(functions)) {
  console.error(`  ${name}`);
  results[name] = {
    ...(!one.fastOnly && { 'gradparity, full': await ours(one, 'full') }),
    'gradparity, fast': await ours(one, 'fast'),
  };
}

/** Its input, with the gradient of one entry off by a factor. */
const falsified = (x, at, factor) =>
  tf.customGrad((w) => ({
    value: tf.clone(w),
    gradFunc: (dy) =>
      tf.mul(
        dy,
        tf.tensor(
          Float32Array.from({ length: w.size }, (_, i) => (i === at ? factor : 1)),
          w.shape,
        ),
      ),
  }))(x);

/** The article's network with its book-style weights, some four fifths of its inputs 0, as MNIST's are. */
async function costs() {
  console.error('costs …');
  const network = new TwoLayerNet({ inputSize: 784, hiddenSize: 50, outputSize: 10, seed: 1 });
  const x = tf.tidy(() => tf.mul(tf.relu(tf.sub(tf.randomUniform([100, 784], 0, 1, 'float32', 3), 0.8)), 5));
  const t = tf.tensor1d(labels(100, 10), 'int32');
  const loss = (parameters) => network.lossAt(parameters, x, t);
  const names = Object.keys(network.parameters);
  const gradient = await timed(() =>
    inFloat64(() => {
      const f = (...tensors) => loss(Object.fromEntries(names.map((name, i) => [name, tensors[i]])));
      tf.grads(f)(Object.values(network.parameters)).forEach((one) => one.dataSync());
    }),
  );
  const right = await timed(() => gradcheck(loss, network.parameters), 5);
  const oneWrong = await timed(
    () => gradcheck((p) => loss({ ...p, W1: falsified(p.W1, 12345, 1.01) }), network.parameters),
    3,
  );
  const million = tf.randomNormal([1e6], 0, 1, 'float32', 5);
  const millionWrong = await timed(() => gradcheck((v) => tf.tanh(falsified(v, 654321, 1.01)), [million]), 1);
  network.dispose();
  tf.dispose([x, t, million]);
  const row = ({ report, seconds }) => ({
    verdict: report.verdict,
    evaluations: report.evaluations,
    seconds,
    gradients: seconds / gradient.seconds,
  });
  return {
    gradientSeconds: gradient.seconds,
    'the article’s network, right': { ...row(right), target: '30 gradients' },
    'one of its 39,760 weights off by 1 %': { ...row(oneWrong), target: '300 gradients' },
    'tanh of 1e6 entries, one off by 1 %': { ...row(millionWrong), target: '15 s' },
  };
}

const cost = await costs();

const python = pythonEnvironment(fileURLToPath(new URL('./gradcheck/requirements.txt', import.meta.url)));
console.error('PyTorch, JAX, numdifftools …');
const { status, stdout } = spawnSync(
  python,
  [fileURLToPath(new URL('./gradcheck/peers.py', import.meta.url))],
  {
    input: JSON.stringify({
      errors: ERRORS,
      secondsEach: 5,
      functions: Object.fromEntries(
        Object.entries(functions).map(([name, { inputs, active, cotangent, fastOnly = false }]) => [
          name,
          { inputs, active, cotangent, fastOnly },
        ]),
      ),
    }),
    stdio: ['pipe', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  },
);
if (status !== 0) {
  console.error(`bench: the peers ended with exit code ${status}.`);
  process.exit(1);
}
const peers = JSON.parse(stdout);

for (const [name, rows] of Object.entries(results)) {
  const { exact, ...others } = peers.results[name];
  const full = rows['gradparity, full'];
  if (full) {
    const largest = Math.max(...exact.flat().map(Math.abs));
    full.error = Math.max(
      ...full.report.inputs.flatMap(({ details }, i) =>
        details.numerical.map((value, j) => Math.abs(value - exact[i][details.indices[j]]) / largest),
      ),
    );
  }
  for (const row of Object.values(rows)) delete row.report;
  Object.assign(rows, others);
}

const version = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
const versions = { gradparity: version, tfjs: tf.version.tfjs, node: process.version, ...peers.versions };
if (options.json) {
  console.log(
    JSON.stringify(
      { schemaVersion: 1, benchmark: 'gradcheck', versions, errors: ERRORS, results, cost },
      null,
      2,
    ),
  );
} else {
  const table = new Table({
    head: [
      'function',
      'checker',
      'verdict',
      'error',
      'evaluations',
      'seconds',
      ...ERRORS.map((error) => `notices ${error}`),
    ],
    style: { head: [], border: [], compact: true },
  });
  for (const [name, rows] of Object.entries(results)) {
    for (const [checker, { verdict = '–', error, evaluations, seconds, noticed }] of Object.entries(rows)) {
      table.push([
        name,
        checker,
        verdict,
        error === undefined ? '–' : error.toExponential(1),
        evaluations,
        seconds.toPrecision(2),
        ...ERRORS.map((size) =>
          noticed ? (Object.entries(noticed).find(([key]) => Number(key) === size)[1] ? 'yes' : 'NO') : '–',
        ),
      ]);
    }
  }
  console.log(table.toString());
  const { gradientSeconds, ...checks } = cost;
  const prices = new Table({
    head: ['check, fast mode', 'verdict', 'evaluations', 'seconds', 'in gradients', 'target'],
    style: { head: [], border: [], compact: true },
  });
  for (const [name, { verdict, evaluations, seconds, gradients, target }] of Object.entries(checks)) {
    prices.push([name, verdict, evaluations, seconds.toPrecision(2), gradients.toPrecision(3), target]);
  }
  console.log(prices.toString());
  console.log(
    `One gradient of the article's network in double precision: ${(1000 * gradientSeconds).toPrecision(3)} ms.`,
  );
  console.log(
    Object.entries(versions)
      .map((pair) => pair.join(' '))
      .join(', '),
  );
  for (const [name, rows] of Object.entries(results)) {
    const full = rows['gradparity, full'];
    if (!full) continue;
    const best = Math.min(
      ...Object.entries(rows).flatMap(([checker, { error }]) =>
        error === undefined || checker.startsWith('gradparity') ? [] : [error],
      ),
    );
    const peer = rows.numdifftools;
    console.log(
      `${name}: accuracy ${full.error <= best ? 'no worse than any peer' : `${(full.error / best).toPrecision(2)} times the best peer's error`}; ` +
        `${full.seconds <= peer.seconds ? 'not slower than numdifftools' : 'SLOWER than numdifftools'} (${(peer.seconds / full.seconds).toPrecision(2)} x as fast).`,
    );
  }
}
