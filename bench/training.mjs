/**
 * The article's whole run, 10,000 steps on MNIST, by numerical gradients and by tf.grad from the same seed: time, accuracy, and how
 * far the parameters drift apart. With `--write`, the trained model, its card and the picture of both curves are written too.
 */
import { parseArgs } from 'node:util';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { trainingBar } from '../dist/cli/progress.js';
import { writeFileWhole, writeJson } from '../dist/files/write.js';
import { train, trainingPlot, TwoLayerNet } from '../dist/index.js';
import { loadMnist, nodeDocument, saveModel, selectBackend } from '../dist/node.js';

const { values: options } = parseArgs({
  options: {
    steps: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const seed = Number(options.seed);
const steps = Number(options.steps);
const root = fileURLToPath(new URL('..', import.meta.url));

const backend = await selectBackend('auto');
console.error(`Backend: ${backend.name} (${backend.why}).`);
const mnist = await loadMnist();
const runs = [];
for (const method of ['structured', 'autodiff']) {
  console.error(`${method}: ${steps} steps …`);
  const network = new TwoLayerNet({ seed });
  const bar = trainingBar(steps);
  const history = await train(network, mnist, {
    method,
    steps,
    seed,
    probeEvery: 500,
    onStep: ({ step, loss }) => bar.update(step, loss),
    onEpoch: ({ testAccuracy }) => bar.accuracy(testAccuracy),
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
};
if (options.json) console.log(JSON.stringify(result, null, 2));
else print(result);
for (const { method, history } of runs) {
  await writeJson(path.join(root, 'runs', 'bench', `training-${method}.json`), history);
}
if (options.write) await write(result);

function print() {
  const table = new Table({
    head: ['gradient', 's in steps', 'ms a step', 'train accuracy', 'test accuracy', 'worst probe'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...Array(5).fill('right')],
  });
  for (const run of result.runs) table.push(Object.values(cells(run)));
  console.log(
    `784-50-10, ${steps} steps of 100, rate 0.1, seed ${seed}, on ${result.backend}; ${result.machine}.`,
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
  const folder = path.join(root, 'models', 'mnist-784-50-10');
  await saveModel(structured.network, folder);
  await writeFileWhole(path.join(folder, 'README.md'), card());
  const named = runs.map(({ method, history }) => ({
    name: method === 'autodiff' ? 'tf.grad' : 'numerical gradients',
    history,
  }));
  const title = 'MNIST by numerical gradients and by tf.grad';
  await writeFileWhole(
    path.join(root, 'docs', 'images', 'training.svg'),
    trainingPlot(named, { document: nodeDocument(), title }),
  );
  console.error(`Written: ${path.relative(root, folder)} and docs/images/training.svg.`);
}

function card() {
  const rows = result.runs.map((run) => `| ${Object.values(cells(run)).join(' | ')} |`).join('\n');
  return `# mnist-784-50-10

The network of "Deep Learning from Scratch", chapter 4 (784 pixels, 50 sigmoids, softmax over 10 digits; 39,760 parameters), trained on
MNIST by numerical gradients alone: exact central differences with the book's step of 1e-4. A tf.LayersModel: \`model.json\` and
\`weights.bin\`, for \`tf.loadLayersModel\`.

| gradient | seconds in steps | ms a step | train accuracy | test accuracy | worst probe |
| --- | ---: | ---: | ---: | ---: | ---: |
${rows}

The model is the first row's; the second is the same run by tf.grad, from the same weights through the same batches. "Worst probe" is
the largest difference of the two kinds of gradient, relative to the largest entry, at the same parameters, every 500 steps. After the
last step the parameters of the two runs differ by at most: ${driftText()}.

- **Made by** \`npm run bench -- training --write\`: ${steps.toLocaleString('en')} steps of 100 examples in shuffled epochs, learning rate 0.1, weights
  N(0, 0.01²), seed ${seed}; backend ${result.backend}, ${result.machine}. Times are that machine's; the rest comes out again from the same
  seed on the same backend. \`gradparity train --steps ${steps} --seed ${seed}\` makes the same model.
- **Checked by** \`gradparity evaluate\`, which prints its accuracy and confusion matrix.
- **Input** [N, 784] float32, pixels from 0 to 1, row by row. **Output** [N, 10], the probabilities of the digits.
- **Use** for teaching and tests. It knows centred, upright digits of 28 × 28 pixels, light on dark, and nothing else.
- **Data**: MNIST (LeCun, Cortes, Burges), 60,000 training images; its 10,000 test images were used for the figures above alone.
`;
}
