/**
 * A whole training run on MNIST by numerical gradients and by tf.grad from the same seed: time, accuracy, and how far the parameters
 * drift apart, over time. The article's run of 10,000 steps by default; `--network deep` is as many of 784-100-50-10 with
 * ReLU. With `--write`, the trained model, its card and the pictures are written too.
 */
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { trainingProgress } from '../dist/cli/progress.js';
import { writeFileWhole, writeJson } from '../dist/files/write.js';
import { Mlp, train } from '../dist/index.js';
import { curvePlot, trainingPlot } from '../dist/plots/index.js';
import { loadMnist, saveModel, selectBackend } from '../dist/node.js';
import { nodeDocument } from '../dist/plots/node-document.js';
import { optionsOf } from '../scripts/options.mjs';

const { values: options } = optionsOf('bench training', {
  network: { type: 'string', default: 'article' },
  steps: { type: 'string' },
  seed: { type: 'string', default: '1' },
  write: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
});
const seed = Number(options.seed);
const networks = {
  article: {
    name: 'mnist-784-50-10',
    picture: 'training',
    steps: 10_000,
    settings: { sizes: [784, 50, 10], activations: 'sigmoid', weightInitStd: 0.01 },
    what: 'The network of "Deep Learning from Scratch", chapter 4 (784 pixels, 50 sigmoids, softmax over 10 digits; 39,760 parameters)',
    initial: 'N(0, 0.01²)',
  },
  deep: {
    name: 'mnist-784-100-50-10',
    picture: 'training-deep',
    steps: 10_000,
    settings: { sizes: [784, 100, 50, 10], activations: 'relu', weightInitStd: 0.05 },
    what: 'Two hidden layers (784 pixels, 100 and 50 ReLUs, softmax over 10 digits; 84,060 parameters)',
    initial: 'N(0, 0.05²)',
    note: `
Single probes differ by per cents, and both gradients are right: where a pre-activation lies within a step of ReLU's kink, the difference over the
step is not the derivative at its centre. Of a batch's 15,000 pre-activations one or two do.
`,
  },
};
const subject = networks[options.network];
if (!subject) throw new Error(`--network must be article or deep, got ${options.network}.`);
const steps = Number(options.steps ?? subject.steps);
/** Parameters are compared every so many steps. */
const every = Math.max(1, Math.round(steps / 200));
const root = fileURLToPath(new URL('..', import.meta.url));

const backend = await selectBackend('auto');
console.error(`Backend: ${backend.name} (${backend.why}).`);
const mnist = await loadMnist();
const runs = [];
/** The parameters of the first run at the steps in which they are compared. */
const snapshots = new Map();
const driftOverTime = { step: [], difference: [] };
for (const method of ['structured', 'autodiff']) {
  console.error(`${method}: ${steps} steps …`);
  const network = new Mlp({ ...subject.settings, seed });
  const bar = trainingProgress(steps, 0);
  const history = await train(network, mnist, {
    method,
    steps,
    seed,
    probeEvery: Math.max(1, Math.round(steps / 20)),
    onStep: ({ step, loss }) => {
      bar.update(step, loss);
      if (step % every === 0) compare(method, network, step);
    },
    onEpoch: bar.record,
  });
  bar.stop();
  runs.push({ method, network, history });
}
const [structured, autodiff] = runs;
const drift = Object.fromEntries(
  Object.entries(structured.network.parameters).map(([name, value]) => [
    name,
    tf.tidy(() => tf.max(tf.abs(tf.sub(value, autodiff.network.parameters[name]))).dataSync()[0]),
  ]),
);
const result = {
  schemaVersion: 1,
  benchmark: 'training',
  backend: `${backend.name} ${backend.version}`,
  machine: `${os.cpus().length} × ${os.cpus()[0].model}, Node ${process.version}`,
  steps,
  seed,
  runs: runs.map(({ method, history }) => ({
    method,
    secondsInSteps: history.trainingSeconds,
    millisecondsPerStep: (1000 * history.trainingSeconds) / history.steps.length,
    trainAccuracy: history.epochs.at(-1).trainAccuracy,
    testAccuracy: history.epochs.at(-1).testAccuracy,
    testAccuracyAfterFirstEpoch: history.epochs[1]?.testAccuracy,
    worstProbe: Math.max(...history.probes.map((probe) => probe.worstRelativeDifference)),
    probes: history.probes.length,
  })),
  largestParameterDifference: drift,
  driftOverTime,
};
if (options.json) console.log(JSON.stringify(result, null, 2));
else print(result);
for (const { method, history } of runs) {
  await writeJson(path.join(root, 'runs', 'bench', `training-${method}.json`), history);
}
if (options.write) await write(result);

/** Keeps the first run's parameters, and takes the largest difference of the second's from them. */
function compare(method, network, step) {
  const values = Object.values(network.parameters).map((parameter) => parameter.dataSync().slice());
  if (method === 'structured') {
    snapshots.set(step, values);
    return;
  }
  const before = snapshots.get(step);
  let largest = 0;
  values.forEach((list, k) =>
    list.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value - before[k][i]));
    }),
  );
  driftOverTime.step.push(step);
  driftOverTime.difference.push(largest);
}

function print() {
  const table = new Table({
    head: ['gradient', 's in steps', 'ms a step', 'train accuracy', 'test accuracy', 'worst probe'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...Array(5).fill('right')],
  });
  for (const run of result.runs) table.push(Object.values(cells(run)));
  console.log(
    `${subject.settings.sizes.join('-')}, ${steps} steps of 100, rate 0.1, seed ${seed}, on ${result.backend}; ${result.machine}.`,
  );
  console.log(table.toString());
  console.log(`Largest difference of a parameter after ${steps} steps: ${driftText()}.`);
}

function cells({ method, secondsInSteps, millisecondsPerStep, trainAccuracy, testAccuracy, worstProbe }) {
  const percent = (share) => `${(100 * share).toFixed(2)} %`;
  return {
    method,
    seconds: secondsInSteps.toFixed(0),
    milliseconds: millisecondsPerStep.toFixed(1),
    train: percent(trainAccuracy),
    test: percent(testAccuracy),
    probe: worstProbe.toExponential(1),
  };
}

function driftText() {
  return Object.entries(drift)
    .map(([name, value]) => `${name} ${value.toExponential(1)}`)
    .join(', ');
}

async function write() {
  const folder = path.join(root, 'models', subject.name);
  await saveModel(structured.network, folder);
  await writeFileWhole(path.join(folder, 'README.md'), card());
  const named = runs.map(({ method, history }) => ({
    name: method === 'autodiff' ? 'tf.grad' : 'numerical gradients',
    history,
  }));
  const title = 'MNIST by numerical gradients and by tf.grad';
  await writeFileWhole(
    path.join(root, 'docs', 'images', `${subject.picture}.svg`),
    trainingPlot(named, { document: nodeDocument(), title }),
  );
  await writeFileWhole(
    path.join(root, 'docs', 'images', `${subject.picture}-drift.svg`),
    curvePlot({
      document: nodeDocument(),
      title: 'Largest difference of a parameter between the two runs',
      xLabel: 'step',
      yLabel: 'difference',
      yScale: 'log',
      series: [{ name: 'largest difference', x: driftOverTime.step, y: driftOverTime.difference }],
    }),
  );
  console.error(`Written: ${path.relative(root, folder)} and docs/images/${subject.picture}{,-drift}.svg.`);
}

function card() {
  const rows = result.runs.map((run) => `| ${Object.values(cells(run)).join(' | ')} |`).join('\n');
  return `# ${subject.name}

${subject.what}, trained on
MNIST by numerical gradients alone: exact central differences with the book's step of 1e-4. A tf.LayersModel: \`model.json\` and
\`weights.bin\`, for \`tf.loadLayersModel\`.

| gradient | seconds in steps | ms a step | train accuracy | test accuracy | worst probe |
| --- | ---: | ---: | ---: | ---: | ---: |
${rows}

The model is the first row's; the second is the same run by tf.grad, from the same weights through the same batches. "Worst probe" is
the largest difference of the two kinds of gradient, relative to the largest entry, at the same parameters, every ${Math.round(steps / 20)} steps. After the
last step the parameters of the two runs differ by at most: ${driftText()}.
${subject.note ?? ''}
- **Made by** \`npm run bench -- training ${options.network === 'article' ? '' : `--network ${options.network} `}--write\`: ${steps.toLocaleString('en')} steps of 100 examples in shuffled epochs, learning rate 0.1, weights
  ${subject.initial}, seed ${seed}; backend ${result.backend}, ${result.machine}. Times are that machine's; the rest comes out again from the same
  seed on the same backend.${options.network === 'article' ? ` \`gradparity train --steps ${steps} --seed ${seed}\` makes the same model.` : ''}
- **Checked by** \`gradparity evaluate\`, which prints its accuracy and confusion matrix.
- **Input** [N, 784] float32, pixels from 0 to 1, row by row. **Output** [N, 10], the probabilities of the digits.
- **Use** for teaching and tests. It knows centred, upright digits of 28 × 28 pixels, light on dark, and nothing else.
- **Data**: MNIST (LeCun, Cortes, Burges), 60,000 training images; its 10,000 test images were used for the figures above alone.
`;
}
