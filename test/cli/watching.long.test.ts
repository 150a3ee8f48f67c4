/**
 * What a run tells while it goes on. Oracles: TensorBoard, which reads the event files of a run on each backend, and the run's own
 * history.json.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { must, pythonEnvironment } from '../../scripts/python-environment.mjs';
import { availableBackends } from '../../src/backends/select.js';
import type { History } from '../../src/training/history.js';
import { present } from '../support/present.js';
import { gradparity, writeDigits } from './run-cli.js';

const here = path.resolve(import.meta.dirname, '..', 'tensorboard');
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'watching-'));
  await writeDigits(path.join(folder, 'data'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (...parts: string[]): string => path.join(folder, ...parts);
const train = (line: string, onStderr?: Parameters<typeof gradparity>[1]['onStderr']) =>
  gradparity(['train', '--data-dir', 'data', '--batch-size', '25', '--hidden', '6', ...line.split(' ')], {
    cwd: folder,
    onStderr,
  });
const historyIn = (run: string): History => JSON.parse(readFileSync(at(run, 'history.json'), 'utf8'));

type Scalars = Record<string, Record<string, [step: number, value: number][]>>;
const readByTensorBoard = (place: string): Scalars =>
  JSON.parse(
    must(pythonEnvironment(path.join(here, 'requirements.txt')), [path.join(here, 'read.py'), at(place)]),
  );

/** As TensorBoard has them: float32. */
const rounded = (pairs: (readonly [number, number | undefined])[]): [number, number][] =>
  pairs.flatMap(([step, value]) => (value === undefined ? [] : [[step, Math.fround(value)]]));

function expectSame(scalars: Scalars[string], history: History): void {
  expect(scalars.loss).toEqual(rounded(history.steps.map(({ step, loss }) => [step, loss])));
  for (const side of ['train', 'test'] as const) {
    const all = history.epochs.map((epoch) => [epoch.step, epoch[`${side}Accuracy`]] as const);
    expect(scalars[`accuracy/${side}`]).toEqual(rounded(all));
  }
  expect(scalars['parity/worst_relative_difference']).toEqual(
    rounded(history.probes.map(({ step, worstRelativeDifference }) => [step, worstRelativeDifference])),
  );
}

/** Rows of a CSV file by its head. */
function rowsOf(file: string): Record<string, string>[] {
  const [head, ...lines] = readFileSync(at(file), 'utf8').trim().split('\n');
  return lines.map((line) =>
    Object.fromEntries(line.split(',').map((value, k) => [head.split(',')[k], value])),
  );
}

function expectRows(file: string, { steps, epochs }: History): void {
  const rows = rowsOf(file);
  const losses = rows.filter(({ loss }) => loss !== '');
  expect(losses.map(({ step, loss }) => [Number(step), Number(loss)])).toEqual(
    steps.map(({ step, loss }) => [step, loss]),
  );
  const taken = rows.filter(({ test_accuracy: accuracy }) => accuracy !== '');
  expect(
    taken.map((row) => [
      Number(row.step),
      Number(row.epoch),
      Number(row.train_accuracy),
      Number(row.test_accuracy),
    ]),
  ).toEqual(
    epochs.map(({ step, epoch, trainAccuracy, testAccuracy }) => [step, epoch, trainAccuracy, testAccuracy]),
  );
  expect(new Set(rows.map(({ step }) => step)).size).toBe(rows.length);
}

describe('train --tensorboard --csv', () => {
  test('TensorBoard and the CSV file have the history of a run on each backend', async () => {
    const backends = await availableBackends();
    for (const backend of backends) {
      const { code, stderr, stdout } = await train(
        `--steps 23 --probe-every 10 --evaluate-every 7 --backend ${backend} --output ${backend} --tensorboard tb --csv ${backend}.csv`,
      );
      if (code !== 0) throw new Error(stderr);
      expect(stdout).toContain(`CSV: ${backend}.csv`);
      expect(stdout).toContain(`TensorBoard: ${path.join('tb', backend)}`);
    }
    const read = readByTensorBoard('tb');
    expect(Object.keys(read).sort()).toEqual([...backends].sort());
    for (const backend of backends) {
      expectSame(read[backend], historyIn(backend));
      expectRows(`${backend}.csv`, historyIn(backend));
    }
    // A reader that reads anything would find the runs alike.
    expect(() => expectSame(read[backends[0]], { ...historyIn(backends[0]), steps: [] })).toThrow();
  });

  test('a run that is stopped and resumed is one curve, without a step twice', async () => {
    const more =
      '--backend cpu --gradient autodiff --probe-every 0 --evaluate-every 50 --checkpoint-every 40';
    const stopped = await train(
      `--steps 4000 ${more} --output long --tensorboard tb2 --csv long.csv`,
      (text, interrupt) => {
        if (/step 200\//.test(text)) interrupt();
      },
    );
    expect(stopped.code).toBe(130);
    const done = historyIn('long').steps.length;
    const { code } = await gradparity(
      [
        'train',
        '--resume',
        'long',
        '--steps',
        String(done + 60),
        '--tensorboard',
        'tb2',
        '--csv',
        'long.csv',
      ],
      { cwd: folder },
    );
    expect(code).toBe(0);
    const history = { ...historyIn('long'), probes: [] };
    expect(history.steps.length).toBe(done + 60);
    expectRows('long.csv', history);
    const { loss, 'accuracy/test': accuracy } = readByTensorBoard('tb2').long;
    expect(loss).toEqual(rounded(history.steps.map(({ step, loss: value }) => [step, value])));
    const known = new Map(
      history.epochs.map(({ step, testAccuracy }) => [step, Math.fround(present(testAccuracy))]),
    );
    for (const [step, value] of accuracy) if (known.has(step)) expect(value).toBe(known.get(step));
    expect(new Set(accuracy.map(([step]) => step)).size).toBe(accuracy.length);
  });

  test('what cannot be written is told before the training', async () => {
    const refused = await train('--steps 5 --output no --csv data/train-images-idx3-ubyte/x.csv');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/can't write to data\/train-images-idx3-ubyte/);
    expect(existsSync(at('no'))).toBe(false);
  });

  test('a file that is taken away meanwhile costs the file alone', async () => {
    const { code, stderr } = await train(
      '--steps 1500 --gradient autodiff --backend cpu --probe-every 0 --output kept --csv gone.csv',
      (text) => {
        if (/step 300\//.test(text)) rmSync(at('gone.csv'), { force: true });
      },
    );
    expect(stderr).toMatch(/gradparity: train: can't write to gone\.csv/);
    expect(code).toBe(2);
    expect(historyIn('kept').steps).toHaveLength(1500);
  });
});
