/**
 * One numerical gradient of the article's network at batch 100, from parameters in to gradients out: structured differences on
 * every backend, beside tf.grad, the plain loop in TensorFlow.js, numpy running the textbook's loop, PyTorch's vmap over
 * perturbations, numdifftools and PyTorch's autograd, on the same machine in the same run; then deeper networks beside tf.grad; a
 * profile of where the structured gradient's time goes, its peak memory, and the targets.
 *
 * numpy's step is extrapolated from `--forwards` of its 79,520 forwards (2,000 by default; `--full` runs them all), the other slow
 * peers' from samples too. Errors are against float64: the loop's differences of the sampled parameters, and the closed form.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { autodiff, inFloat64, Mlp, structured, TwoLayerNet } from '../dist/index.js';
import { parameterDifferences } from '../dist/differentiation/loop.js';
import { availableBackends, loadMnist, selectBackend } from '../dist/node.js';
import { must, pythonEnvironment } from '../scripts/python-environment.mjs';
import { optionsOf } from '../scripts/options.mjs';

const { values: options } = optionsOf('bench gradient', {
  forwards: { type: 'string', default: '2000' },
  full: { type: 'boolean', default: false },
  repeats: { type: 'string', default: '20' },
  json: { type: 'boolean', default: false },
  /** Only the structured gradient, for its memory. */
  alone: { type: 'boolean', default: false },
});
const H = 1e-4;
const BATCH = 100;

await selectBackend('auto');
const mnist = await loadMnist({ trainSize: BATCH, testSize: 1 });
const network = new TwoLayerNet({ seed: 1 });
if (options.alone) {
  for (let run = 0; run < 30; run++)
    tf.dispose(network.gradient(mnist.train.x, mnist.train.t, structured({ h: H })));
  console.log(process.resourceUsage().maxRSS / 1024);
  process.exit();
}
const { numpy: peer, others } = runPeers(options.full ? 1e9 : Number(options.forwards));
const numpySeconds = peer.secondsPerForward * 2 * peer.parameters;

const rows = [];
for (const backend of await availableBackends()) {
  await selectBackend(backend);
  rows.push(measure('structured', backend, structured({ h: H })));
  rows.push(measure('tf.grad', backend, autodiff));
}
const deeper = [];
for (const one of [
  { sizes: [784, 100, 50, 10], activations: 'relu', most: { tensorflow: 10 } },
  { sizes: [784, 100, 50, 10], activations: 'tanh', most: { tensorflow: 12 } },
  { sizes: [784, 200, 100, 50, 10], activations: 'softplus', most: { tensorflow: 40 } },
])
  deeper.push(...(await measureDeeper(one)));
await selectBackend('auto');
rows.push(measureLoop());
for (const { method, library, seconds, sampled, error } of others) {
  rows.push({
    backend: library,
    method,
    milliseconds: 1000 * seconds,
    timesFasterThanNumpy: numpySeconds / seconds,
    sampled,
    worstErrorAgainstClosedForm: error,
  });
}
const kernels = await kernelTimes(50);
const inputs = countInputs(mnist.train.x.dataSync());
const result = {
  schemaVersion: 1,
  benchmark: 'gradient',
  network: '784-50-10',
  batch: BATCH,
  h: H,
  machine: { cpus: os.cpus().length, model: os.cpus()[0].model, node: process.version },
  inputs,
  numpy: {
    version: peer.numpy,
    threads: peer.threads,
    forwards: peer.forwards,
    secondsPerStep: numpySeconds,
  },
  rows,
  deeper,
  kernels,
  peakMemoryMiB: peakMemory(),
};
result.targets = targets();
if (options.json) console.log(JSON.stringify(result, null, 2));
else print(result);

function runPeers(forwards) {
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
    const python = pythonEnvironment(fileURLToPath(new URL('gradcheck/requirements.txt', import.meta.url)));
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
    const numpy = run(threads, forwards);
    console.error('numdifftools, PyTorch …');
    const peers = fileURLToPath(new URL('gradient_peers.py', import.meta.url));
    return { numpy, others: JSON.parse(must(python, [peers, folder])) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Median time from parameters in to gradients out (read back), and the gradients. */
function timed(subject, method, backend, repeats = Number(options.repeats)) {
  const times = [];
  let gradients;
  for (let run = -2; run < repeats; run++) {
    const started = performance.now();
    const tensors = subject.gradient(mnist.train.x, mnist.train.t, method);
    gradients = Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => [name, tensor.dataSync()]),
    );
    if (run >= 0) times.push(performance.now() - started);
    tf.dispose(tensors);
  }
  times.sort((a, b) => a - b);
  return {
    milliseconds: times[times.length >> 1],
    fastest: times[0],
    slowest: times.at(-1),
    gradients,
    backend,
  };
}

/** The article's network, with its worst errors over the largest entry. */
function measure(name, backend, method) {
  const { gradients, ...times } = timed(network, method, backend);
  return {
    ...times,
    method: name,
    timesFasterThanNumpy: (numpySeconds * 1000) / times.milliseconds,
    worstErrorAgainstLoop: worst(peer.differences, gradients),
    worstErrorAgainstClosedForm: worst(
      Object.entries(peer.closedForm).flatMap(([name, g]) => g.map((value, i) => [name, i, value])),
      gradients,
    ),
  };
}

/** The plain loop in TensorFlow.js, of a sample of W1's entries; float32, and so its step is the larger one that it needs. */
function measureLoop() {
  const coordinates = Array.from({ length: 100 }, (_, i) => (i * 7919) % network.parameters.W1.size);
  const run = (some) =>
    parameterDifferences(network, mnist.train.x, mnist.train.t, 'W1', { coordinates: some });
  run(coordinates.slice(0, 10));
  const started = performance.now();
  const values = run(coordinates);
  const milliseconds = ((performance.now() - started) / coordinates.length) * peer.parameters;
  return {
    backend: tf.getBackend(),
    method: 'the loop, tfjs',
    milliseconds,
    timesFasterThanNumpy: (numpySeconds * 1000) / milliseconds,
    sampled: coordinates.length,
    worstErrorAgainstClosedForm: worst(
      coordinates.map((i) => ['W1', i, peer.closedForm.W1[i]]),
      { W1: Object.fromEntries(coordinates.map((i, k) => [i, values[k]])) },
    ),
  };
}

/** A deeper network on every backend beside tf.grad, and its error against the loop in doubles for some parameters. */
async function measureDeeper({ sizes, activations, most }) {
  const name = `${sizes.join('-')} ${activations}`;
  console.error(`${name} …`);
  await selectBackend('auto');
  const settings = { sizes, activations, weightInitStd: 0.1, seed: 1 };
  const { x, t } = mnist.train;
  const deep = new Mlp(settings);
  const loop = loopOf(settings, deep, x, t);
  const found = [];
  for (const backend of await availableBackends()) {
    await selectBackend(backend);
    const [numerical, automatic] = [structured({ h: H }), autodiff].map((method) =>
      timed(deep, method, backend),
    );
    found.push({
      network: name,
      backend,
      milliseconds: numerical.milliseconds,
      gradMilliseconds: automatic.milliseconds,
      ratio: numerical.milliseconds / automatic.milliseconds,
      most: most[backend],
      worstErrorAgainstLoop: worstOfLoop(loop, numerical.gradients),
    });
  }
  deep.dispose();
  return found;
}

/** Central differences of every 40th of each parameter's largest entries, in doubles. */
function loopOf(settings, deep, x, t) {
  const gradients = deep.gradient(x, t);
  const chosen = Object.entries(gradients).map(([name, tensor]) => {
    const values = Array.from(tensor.dataSync());
    const order = values.map((_, i) => i).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
    const largest = Math.abs(values[order[0]]);
    return { name, largest, coordinates: order.filter((_, i) => i % Math.ceil(order.length / 20) === 0) };
  });
  tf.dispose(gradients);
  const plain = Object.entries(deep.parameters).map(([name, { shape }]) => ({
    name,
    shape,
    values: Array.from(deep.parameters[name].dataSync()),
  }));
  const [images, labels] = [Array.from(x.dataSync()), Array.from(t.dataSync())];
  return inFloat64(() => {
    const double = new Mlp(settings);
    double.setParameters(
      Object.fromEntries(plain.map(({ name, shape, values }) => [name, tf.tensor(values, shape)])),
    );
    const [batch, wanted] = [tf.tensor2d(images, x.shape), tf.tensor1d(labels, 'int32')];
    return chosen.map(({ name, largest, coordinates }) => ({
      name,
      largest,
      coordinates,
      differences: parameterDifferences(double, batch, wanted, name, { h: H, coordinates }),
    }));
  });
}

function worstOfLoop(loop, gradients) {
  return Math.max(
    ...loop.flatMap(({ name, largest, coordinates, differences }) =>
      coordinates.map((at, i) => Math.abs(gradients[name][at] - differences[i]) / largest),
    ),
  );
}

/** The kernels that take most of a structured gradient's time, with their share of all kernels' time. */
async function kernelTimes(repeats) {
  const times = new Map();
  for (let run = 0; run < repeats; run++) {
    const { kernels: all } = await tf.profile(() => {
      tf.dispose(network.gradient(mnist.train.x, mnist.train.t, structured({ h: H })));
      return tf.scalar(0);
    });
    for (const { name, kernelTimeMs } of all) {
      // A custom gradient's scope holds kernels that are counted themselves.
      if (name === 'unnamed scope') continue;
      const known = times.get(name) ?? { name, runs: 0, milliseconds: 0 };
      times.set(name, {
        name,
        runs: known.runs + 1 / repeats,
        milliseconds: known.milliseconds + (await kernelTimeMs),
      });
    }
  }
  const sorted = [...times.values()].sort((a, b) => b.milliseconds - a.milliseconds);
  const total = sorted.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return sorted
    .slice(0, 8)
    .map(({ name, runs, milliseconds }) => ({ name, runs: Math.round(runs), share: milliseconds / total }));
}

/** Peak resident memory in MiB of a process that makes 30 structured gradients and nothing else. */
function peakMemory() {
  const { stdout, status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--alone'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? Number(stdout.trim().split('\n').at(-1)) : NaN;
}

/** What was aimed for, and what came. */
function targets() {
  const of = (method, backend) => rows.find((row) => row.method === method && row.backend === backend);
  const native = of('structured', 'tensorflow');
  const list = [
    ['structured, native: at least 2,000 × numpy', native?.timesFasterThanNumpy, (value) => value >= 2000],
    [
      'structured, native: at most 2.5 tf.grad gradients',
      native && native.milliseconds / of('tf.grad', 'tensorflow').milliseconds,
      (value) => value <= 2.5,
    ],
    [
      'structured: error within 5e-7 of the float64 loop',
      native?.worstErrorAgainstLoop,
      (value) => value <= 5e-7,
    ],
    ...deeper
      .filter(({ most }) => most !== undefined)
      .flatMap(({ network: name, ratio, most, worstErrorAgainstLoop }) => [
        [`${name}, native: at most ${most} tf.grad gradients`, ratio, (value) => value <= most],
        [`${name}: error within 5e-7 of the float64 loop`, worstErrorAgainstLoop, (value) => value <= 5e-7],
      ]),
    ['peak memory under 1 GiB, in MiB', result.peakMemoryMiB, (value) => value < 1024],
  ];
  return list.map(([target, value, met]) => ({
    target,
    value,
    met: value === undefined ? null : met(value),
  }));
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

function print({ numpy, machine, inputs, peakMemoryMiB, targets: aims }) {
  console.log(
    `784-50-10, batch ${BATCH}, h = ${H}, on ${machine.cpus} × ${machine.model}, Node ${machine.node}.\n` +
      `numpy ${numpy.version}, the textbook loop: ${numpy.secondsPerStep.toFixed(1)} s a step of 79,520 forwards (${numpy.forwards} of them run, ${numpy.threads} threads).\n` +
      `${((numpy.secondsPerStep * 10_000) / 86_400).toFixed(1)} days for the article's 10,000 steps.\n` +
      `Of ${inputs.all} inputs ${inputs.notZero} are not 0, with ${inputs.distinct} distinct values within their examples.`,
  );
  const table = new Table({
    head: [
      'gradient',
      'by',
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
  const error = (value) => value?.toExponential(1) ?? '';
  for (const row of rows) {
    table.push([
      row.method,
      row.backend,
      row.milliseconds.toFixed(1),
      row.fastest?.toFixed(1) ?? `of ${row.sampled}`,
      row.slowest?.toFixed(1) ?? '',
      row.timesFasterThanNumpy.toPrecision(3),
      error(row.worstErrorAgainstLoop),
      error(row.worstErrorAgainstClosedForm),
    ]);
  }
  console.log(table.toString());
  console.log(
    'Errors are the worst of all parameters against float64, relative to the largest entry of the same parameter.\n' +
      '"of N": the time is extrapolated from N of the 39,760 parameters, and the error is theirs.\n',
  );
  const others = new Table({
    head: ['network', 'by', 'structured ms', 'tf.grad ms', 'ratio', 'error, loop in doubles'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', ...Array(4).fill('right')],
  });
  for (const row of deeper) {
    others.push([
      row.network,
      row.backend,
      row.milliseconds.toFixed(1),
      row.gradMilliseconds.toFixed(1),
      row.ratio.toFixed(1),
      error(row.worstErrorAgainstLoop),
    ]);
  }
  console.log(
    `Deeper networks, weights N(0, 0.1²); errors of some 20 entries of each parameter:\n${others.toString()}\n`,
  );
  console.log(
    `Where the time of the structured gradient goes, by kernels and how often each runs:\n${kernels
      .map(({ name, runs, share }) => `  ${(100 * share).toFixed(0).padStart(3)} %  ${name} (${runs})`)
      .join('\n')}`,
  );
  console.log(`Peak memory of a process with nothing else: ${peakMemoryMiB.toFixed(0)} MiB.\n`);
  for (const { target, value, met } of aims) {
    console.log(
      `${met === null ? 'not run' : met ? 'met    ' : 'MISSED '}  ${target}${met === null ? '' : `: ${value.toPrecision(3)}`}`,
    );
  }
}
