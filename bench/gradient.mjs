/**
 * One numerical gradient of the article's network at batch 100: structured differences on every backend, beside numpy running
 * the textbook loop on the same machine, in the same run, and tf.grad.
 *
 * numpy's step is extrapolated from `--forwards` of its 79,520 forwards (2,000 by default; `--full` runs them all). Errors are
 * against float64: the loop's differences of the sampled parameters, and the closed form for all of them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { autodiff, structured, TwoLayerNet } from '../dist/index.js';
import { availableBackends, loadMnist, selectBackend } from '../dist/node.js';
import { must, pythonEnvironment } from '../scripts/python-environment.mjs';

const { values: options } = parseArgs({
  options: {
    forwards: { type: 'string', default: '2000' },
    full: { type: 'boolean', default: false },
    repeats: { type: 'string', default: '20' },
    json: { type: 'boolean', default: false },
  },
});
const H = 1e-4;
const BATCH = 100;

await selectBackend('auto');
const mnist = await loadMnist({ trainSize: BATCH, testSize: 1 });
const network = new TwoLayerNet({ seed: 1 });
const peer = runNumpy(options.full ? 1e9 : Number(options.forwards));
const numpySeconds = peer.secondsPerForward * 2 * peer.parameters;

const rows = [];
for (const backend of await availableBackends()) {
  await selectBackend(backend);
  rows.push(measure(backend, structured({ h: H })));
  rows.push(measure(backend, autodiff));
}
const result = {
  schemaVersion: 1,
  benchmark: 'gradient',
  network: '784-50-10',
  batch: BATCH,
  h: H,
  machine: { cpus: os.cpus().length, model: os.cpus()[0].model, node: process.version },
  inputs: countInputs(mnist.train.x.dataSync()),
  numpy: {
    version: peer.numpy,
    threads: peer.threads,
    forwards: peer.forwards,
    secondsPerStep: numpySeconds,
  },
  rows,
};
if (options.json) console.log(JSON.stringify(result, null, 2));
else print(result);

function runNumpy(forwards) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'gradparity-bench-'));
  try {
    const parameters = Object.entries(network.parameters);
    const spec = {
      h: H,
      x: [BATCH, 784],
      parameters: Object.fromEntries(parameters.map(([k, v]) => [k, v.shape])),
    };
    writeFileSync(path.join(folder, 'spec.json'), JSON.stringify(spec));
    for (const [name, tensor] of [...parameters, ['x', mnist.train.x], ['t', mnist.train.t]]) {
      const data = tensor.dataSync();
      writeFileSync(
        path.join(folder, `${name}.bin`),
        Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      );
    }
    const python = pythonEnvironment(fileURLToPath(new URL('requirements.txt', import.meta.url)));
    const script = fileURLToPath(new URL('numpy_gradient.py', import.meta.url));
    const run = (threads, count) => {
      const env = { ...process.env, OPENBLAS_NUM_THREADS: String(threads) };
      return { threads, ...JSON.parse(must(python, [script, folder, String(count)], env)) };
    };
    // numpy at its best: small products may be slower on several threads than on one.
    const tried = [1, os.cpus().length].map((threads) => run(threads, 400));
    const { threads } = tried.reduce((a, b) => (b.secondsPerForward < a.secondsPerForward ? b : a));
    console.error(
      `numpy: the textbook loop, ${forwards >= 79520 ? 'all of its' : forwards} forwards, ${threads} threads …`,
    );
    return run(threads, forwards);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Median time from parameters in to gradients out (read back), and the worst error over the largest entry. */
function measure(backend, method) {
  const times = [];
  const repeats = backend === 'cpu' ? 3 : Number(options.repeats);
  let gradients;
  for (let run = -2; run < repeats; run++) {
    const started = performance.now();
    const tensors = network.gradient(mnist.train.x, mnist.train.t, method);
    gradients = Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name, tensor.dataSync()]),
    );
    if (run >= 0) times.push(performance.now() - started);
    tf.dispose(tensors);
  }
  times.sort((a, b) => a - b);
  const milliseconds = times[times.length >> 1];
  return {
    backend,
    method: method.name,
    milliseconds,
    fastest: times[0],
    slowest: times.at(-1),
    timesFasterThanNumpy: (numpySeconds * 1000) / milliseconds,
    worstErrorAgainstLoop: worst(peer.differences, gradients),
    worstErrorAgainstClosedForm: worst(
      Object.entries(peer.closedForm).flatMap(([name, g]) => g.map((value, i) => [name, i, value])),
      gradients,
    ),
  };
}

function worst(expected, gradients) {
  let error = 0;
  for (const [name, i, value] of expected) {
    const largest = peer.closedForm[name].reduce((most, g) => Math.max(most, Math.abs(g)), 0);
    error = Math.max(error, Math.abs(gradients[name][i] - value) / largest);
  }
  return error;
}

/** What the structure leaves to do: inputs that are not 0, and distinct values among them, example by example. */
function countInputs(x) {
  let notZero = 0;
  let distinct = 0;
  for (let n = 0; n < BATCH; n++) {
    const values = x.slice(n * 784, (n + 1) * 784).filter((value) => value !== 0);
    notZero += values.length;
    distinct += new Set(values).size;
  }
  return { all: x.length, notZero, distinct };
}

function print({ numpy, machine, inputs }) {
  console.log(
    `784-50-10, batch ${BATCH}, h = ${H}, on ${machine.cpus} × ${machine.model}, Node ${machine.node}.\n` +
      `numpy ${numpy.version}, the textbook loop: ${numpy.secondsPerStep.toFixed(1)} s a step of 79,520 forwards (${numpy.forwards} of them run, ${numpy.threads} threads).\n` +
      `${((numpy.secondsPerStep * 10_000) / 86_400).toFixed(1)} days for the article's 10,000 steps.\n` +
      `Of ${inputs.all} inputs ${inputs.notZero} are not 0, with ${inputs.distinct} distinct values within their examples.`,
  );
  const table = new Table({
    head: [
      'gradient',
      'backend',
      'median ms',
      'fastest',
      'slowest',
      '× numpy',
      'error, loop',
      'error, closed form',
    ],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', ...Array(6).fill('right')],
  });
  for (const row of rows) {
    table.push([
      row.method,
      row.backend,
      row.milliseconds.toFixed(1),
      row.fastest.toFixed(1),
      row.slowest.toFixed(1),
      row.timesFasterThanNumpy.toFixed(0),
      row.worstErrorAgainstLoop.toExponential(1),
      row.worstErrorAgainstClosedForm.toExponential(1),
    ]);
  }
  console.log(table.toString());
  console.log(
    'Errors are the worst of all parameters against float64, relative to the largest entry of the same parameter.',
  );
}
