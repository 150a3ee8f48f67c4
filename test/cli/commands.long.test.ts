/** train, evaluate, export and check from start to end, as processes, on small images. */
import { mkdtemp, readFile, readdir, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { last } from '../../src/collections.js';
import { loadMnist } from '../../src/data/mnist.js';
import { loadLayersModel, loadModel, saveModel } from '../../src/models/files.js';
import { Mlp } from '../../src/networks/mlp.js';
import type { History } from '../../src/training/history.js';
import { backends } from '../support/backends.js';
import { gradparity, writeDigits, type Outcome } from './run-cli.js';

let folder: string;
let data: string;
const at = (...parts: string[]): string => path.join(folder, ...parts);
const run = (line: string, env?: NodeJS.ProcessEnv): Promise<Outcome> =>
  gradparity(line.split(' '), { cwd: folder, env });
const historyOf = async (output: string): Promise<History> =>
  JSON.parse(await readFile(at(output, 'history.json'), 'utf8')) as History;

let trained: Outcome;
beforeAll(async () => {
  await selectBackend('cpu');
  folder = await mkdtemp(path.join(os.tmpdir(), 'commands-'));
  data = await writeDigits(at('data'));
  trained = await run(
    'train --backend cpu --data-dir data --hidden 12 --weight-init-std 0.5 --learning-rate 3 --epochs 15 --probe-every 20 --output model',
  );
});
afterAll(() => rm(folder, { recursive: true }));

describe('train', () => {
  test('writes the model, its history and the picture, and tells of epochs, time and parity', async () => {
    expect(trained.code).toBe(0);
    expect(trained.stderr.split('\n')).toEqual([
      'Backend: cpu (it was asked for).',
      `Data: 250 training and 60 test examples from the folder ${await realpath(data)}.`,
      'Training 16-12-10: 45 steps of 100 examples, gradients by structured.',
      expect.stringMatching(/^step 0\/45 {2}test accuracy [\d.]+ %$/),
      ...Array.from({ length: 15 }, (_, epoch) =>
        expect.stringMatching(new RegExp(`^step ${3 * epoch + 3}/45  loss [\\d.]+  test accuracy [\\d.]+ %`)),
      ),
      'Next: npx gradparity evaluate model, npx gradparity demo model, or npx gradparity export model --output …',
      '',
    ]);
    const lines = trained.stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(16 + 4);
    expect(lines[0]).toMatch(/^epoch 0 \(step 0\): train accuracy [\d.]+ %, test accuracy [\d.]+ %$/);
    expect(lines[15]).toMatch(/^epoch 15 \(step 45\): /);
    expect(lines[18]).toMatch(
      /^Parity of structured differences with tf.grad, 3 probes of .* worst difference \S+e-\d+ /,
    );
    expect(lines[19]).toBe('Model: model  History: model/history.json  Picture: model/training.svg');
    expect((await readdir(at('model'))).sort()).toEqual([
      'checkpoints',
      'config.json',
      'history.json',
      'model.json',
      'training.svg',
      'weights.bin',
    ]);
    const history = await historyOf('model');
    expect(history.stopped).toBe('finished');
    expect(last(history.epochs).testAccuracy).toBeGreaterThan(0.9);
    expect(
      Math.max(...history.probes.map(({ worstRelativeDifference }) => worstRelativeDifference)),
    ).toBeLessThan(1e-5);
  });

  test('has no colours and no progress bar where there is no terminal', () => {
    expect(trained.stdout + trained.stderr).not.toMatch(/[\u001b\r█░]/);
  });

  test('--json is one document on stdout, NO_COLOR or not; the same seed gives the same', async () => {
    const line = 'train --backend cpu --data-dir data --hidden 4 --steps 4 --json --output json';
    const outcomes = await Promise.all([run(line), run(`${line}-2`, { NO_COLOR: '1', FORCE_COLOR: '1' })]);
    const documents = outcomes.map(({ stdout }) => JSON.parse(stdout));
    expect(documents[0]).toMatchObject({
      schemaVersion: 1,
      command: 'train',
      backend: 'cpu',
      steps: 4,
      stopped: 'finished',
      worstProbe: { numericalMethod: 'structured' },
      files: { model: 'json', history: 'json/history.json', picture: 'json/training.svg' },
    });
    expect(documents[1].finalLoss).toBe(documents[0].finalLoss);
    expect(await readFile(at('json', 'weights.bin'))).toEqual(await readFile(at('json-2', 'weights.bin')));
  });

  test('takes each gradient, and the step of the numerical ones', async () => {
    const options = ['autodiff', 'structured --step-size 0.0001', 'central --step-size 0.01', 'forward'];
    const losses = await Promise.all(
      options.map(async (option, i) => {
        const { stdout } = await run(
          `train --backend cpu --data-dir data --hidden 2 --steps 2 --train-size 20 --batch-size 10 --json --output g${i} --gradient ${option}`,
        );
        return JSON.parse(stdout).finalLoss as number;
      }),
    );
    for (const loss of losses) expect(loss).toBeCloseTo(losses[0], 5);
  });

  test('Ctrl-C ends it with exit code 130, model and history saved', async () => {
    let outcome: Outcome;
    let patience = 250;
    do {
      // Longer each time, until the machine has got to the first step before the interrupt.
      patience *= 4;
      const interruptAfter = patience;
      outcome = await gradparity(
        'train --backend cpu --data-dir data --hidden 4 --steps 1000000 --output stopped'.split(' '),
        {
          cwd: folder,
          onStderr: (text, interrupt) => {
            if (text.includes('Training 16-4-10')) setTimeout(() => interrupt(), interruptAfter);
          },
        },
      );
    } while (outcome.stderr.includes('before the first step') && patience < 60_000);
    expect(outcome.code).toBe(130);
    expect(outcome.stderr).toContain('Interrupted: ending after this step. Once more to quit at once.');
    expect(outcome.stdout).toMatch(/^Interrupted after \d+ of 1000000 steps\.$/m);
    const history = await historyOf('stopped');
    expect(history.stopped).toBe('interrupted');
    const network = await loadModel(at('stopped'));
    expect(network.structure.sizes).toEqual([16, 4, 10]);
    network.dispose();
  });

  test('Ctrl-C before the first step writes nothing', async () => {
    const { code, stderr } = await gradparity(
      'train --backend cpu --data-dir data --steps 1000000 --output never'.split(' '),
      { cwd: folder, onStderr: (text, interrupt) => text.includes('Backend') && interrupt() },
    );
    expect(code).toBe(130);
    expect(stderr).toContain('Interrupted');
    if (stderr.includes('before the first step')) expect(await readdir(folder)).not.toContain('never');
  });

  test('a run that diverges ends with exit code 1, its last good model saved', async () => {
    const { code, stdout } = await run(
      'train --backend cpu --data-dir data --hidden 4 --activation relu --gradient autodiff --steps 50 --learning-rate 1e36 --output diverged',
    );
    expect(stdout).toMatch(/^Diverged: after \d+ steps .*try a tenth of it\./m);
    expect(code).toBe(1);
    const network = await loadModel(at('diverged'));
    for (const tensor of Object.values(network.parameters)) {
      expect(tensor.dataSync<'float32'>().every(Number.isFinite)).toBe(true);
    }
    network.dispose();
  });
});

describe('evaluate', () => {
  test('its accuracy is that of the confusion matrix and of the network in the test', async () => {
    const { code, stdout } = await run('evaluate model --backend cpu --data-dir data --json');
    expect(code).toBe(0);
    const { accuracy, confusion, loss, examples, ...rest } = JSON.parse(stdout) as {
      accuracy: number;
      confusion: number[][];
      loss: number;
      examples: number;
    };
    expect(rest).toEqual({ schemaVersion: 1, command: 'evaluate', model: 'model' });
    expect(examples).toBe(60);
    expect(confusion.flat().reduce((sum, n) => sum + n)).toBe(60);
    expect(accuracy).toBe(confusion.reduce((sum, row, digit) => sum + row[digit], 0) / 60);
    expect(confusion.map((row) => row.reduce((sum, n) => sum + n))).toEqual(new Array(10).fill(6));
    const network = await loadModel(at('model'));
    const { test: digits, dispose } = await loadMnist({ dataDir: data });
    expect(accuracy).toBeCloseTo(network.accuracy(digits.x, digits.t), 6);
    expect(loss).toBeCloseTo(
      tf.tidy(() => network.loss(digits.x, digits.t).dataSync()[0]),
      5,
    );
    network.dispose();
    dispose();
  });

  test('as text it is a table and a line, the same on every backend', async () => {
    const outcomes = await Promise.all(
      backends.map((backend) => run(`evaluate model --backend ${backend} --data-dir data --test-size 50`)),
    );
    for (const { stdout, stderr } of outcomes) {
      expect(stdout).toBe(outcomes[0].stdout);
      expect(stderr).toMatch(/^Data: 50 test examples from /m);
    }
    expect(outcomes[0].stdout).toMatch(/^model: accuracy [\d.]+ %, mean loss [\d.]+ on 50 test images\.$/m);
  });

  test('a model of something else is refused', async () => {
    const network = new Mlp({ sizes: [4, 5, 3], seed: 1 });
    await saveModel(network, at('other'));
    network.dispose();
    const other = await run('evaluate other --backend cpu --data-dir data');
    expect([other.code, other.stdout]).toEqual([2, '']);
    expect(other.stderr).toContain(
      'evaluate: a model of MNIST has 16 inputs and 10 outputs, got 4-5-3 in other.',
    );
    expect((await run('export model --output logits --logits')).code).toBe(0);
    const logits = await run('evaluate logits --backend cpu --data-dir data');
    expect([logits.code, logits.stdout]).toEqual([2, '']);
    expect(logits.stderr).toContain('as export --logits writes it, and no probabilities');
  });
});

describe('export', () => {
  test.each([
    ['probabilities', ''],
    ['logits', ' --logits'],
  ])('%s: a model that predicts as the network does', async (_what, flag) => {
    const output = `exported${flag.trim()}`;
    const { code, stdout } = await run(`export model --output ${output} --json${flag}`);
    expect(code).toBe(0);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      schemaVersion: 1,
      command: 'export',
      model: 'model',
      files: [`${output}/model.json`, `${output}/weights.bin`],
      tolerance: 1e-6,
    });
    expect(document.largestPredictionDifference).toBeLessThanOrEqual(1e-6);
    const network = await loadModel(at('model'));
    const model = await loadLayersModel(at(output));
    const difference = tf.tidy(() => {
      const x = tf.randomUniform([5, 16], 0, 1, 'float32', 3);
      const predicted = network.predict(x, { logits: flag !== '' });
      return tf.max(tf.abs(tf.sub(model.predict(x) as tf.Tensor, predicted))).dataSync()[0];
    });
    expect(difference).toBeLessThanOrEqual(1e-6);
    network.dispose();
    model.dispose();
  });

  test('where it cannot write: exit code 2', async () => {
    const { code, stderr } = await run('export model --output model/model.json/new');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^gradparity: saveModel: can't write to .* \(ENOTDIR\)\. Choose another folder\.$/m,
    );
  });
});

describe('check', () => {
  test('--backend all finds every gradient right on every backend, exit code 0', async () => {
    const { code, stdout } = await run('check --backend all --json');
    const { results, ...document } = JSON.parse(stdout) as {
      results: { backend: string; right: boolean; name: string; worstRelativeDifference: number }[];
    };
    expect(results.filter(({ right }) => !right)).toEqual([]);
    expect(document).toEqual({ schemaVersion: 1, command: 'check', passed: results.length, failed: 0 });
    expect([...new Set(results.map(({ backend }) => backend))]).toEqual([...backends, 'float64']);
    expect(code).toBe(0);
  });

  test('as text: a row a gradient, and how many agree', async () => {
    const { stdout, stderr } = await run('check --backend cpu');
    expect(stderr).toBe('Backend: cpu (it was asked for).\n');
    expect(stdout).toMatch(/│ right │ sigmoid +│ cpu +│ +\S+e-\d+ │ +\S+e-\d+ │/);
    expect(stdout).toMatch(/\n\d+ of \d+ gradients agree with their differences\.\n$/);
  });
});

test('GRADPARITY_NATIVE=off: auto takes wasm and says why', async () => {
  const { code, stderr } = await run(
    'train --data-dir data --hidden 3 --steps 2 --train-size 20 --batch-size 10 --output wasm',
    { GRADPARITY_NATIVE: 'off' },
  );
  expect(code).toBe(0);
  expect(stderr).toMatch(/^Backend: wasm \(.*GRADPARITY_NATIVE=off.*\)\.$/m);
  expect((await historyOf('wasm')).settings.backend).toBe('wasm');
});
