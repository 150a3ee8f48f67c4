/** What commands that compute share: the backend, the data, and how they are spoken of on stderr. */
import { stderr } from 'node:process';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import type { BackendName, SelectedBackend } from '../backends/select.js';
import type { ImageForm } from '../data/image-form.js';
import type { Mnist } from '../data/mnist.js';
import { InputError } from '../errors.js';

/** Starts the backend and says in a line on stderr which and why. */
export async function startBackend(request: BackendName | 'auto'): Promise<SelectedBackend> {
  const { selectBackend } = await import('../backends/select.js');
  const backend = await selectBackend(request);
  stderr.write(`Backend: ${backend.name} (${backend.why}).\n`);
  return backend;
}

export interface DataArguments {
  data?: string;
  holdOut?: number;
  dataDir?: string;
  trainSize?: number;
  testSize?: number;
}

/**
 * MNIST, with a line on stderr that says where it came from, and a bar while it downloads. With `testOnly` the training set
 * is there, but of one example.
 */
export async function openMnist(
  { dataDir, trainSize, testSize }: DataArguments,
  { signal, testOnly = false }: { signal?: AbortSignal; testOnly?: boolean } = {},
): Promise<Mnist> {
  const { loadMnist } = await import('../data/mnist.js');
  const { downloadBar } = await import('./progress.js');
  const bar = await downloadBar();
  try {
    const mnist = await loadMnist({
      dataDir,
      trainSize: testOnly ? 1 : trainSize,
      testSize,
      signal,
      log: (line) => stderr.write(`${line}\n`),
      onProgress: bar.update,
    });
    const training = testOnly ? '' : `${mnist.train.x.shape[0]} training and `;
    stderr.write(`Data: ${training}${mnist.test.x.shape[0]} test examples from ${mnist.source}.\n`);
    return mnist;
  } finally {
    bar.stop();
  }
}

/** The data that a command works on, MNIST where none are named. */
export interface OpenedData {
  train: { x: Tensor2D; t: Tensor };
  test: { x: Tensor2D; t: Tensor };
  classes: string[];
  image?: ImageForm;
  dispose(): void;
}

/**
 * The data in `--data`, else MNIST, with a line on stderr that says where they came from. What is held out of them is the same for every
 * command and every seed of a training, so that no model is judged by what it learned from.
 */
export async function openData(
  options: DataArguments,
  { signal, testOnly = false }: { signal?: AbortSignal; testOnly?: boolean } = {},
): Promise<OpenedData> {
  const { data, holdOut, trainSize, testSize } = options;
  if (data === undefined) {
    if (holdOut !== undefined) {
      throw new InputError('--hold-out is for the data of --data; MNIST has a test set. Leave it out.');
    }
    const mnist = await openMnist(options, { signal, testOnly });
    return { ...mnist, classes: [...'0123456789'], image: await imageFormOf(mnist.test.x) };
  }
  const { loadData } = await import('../data/own.js');
  const loaded = await loadData(data, { trainSize, testSize, holdOut, signal });
  const { train, test, source, classes } = loaded;
  stderr.write(
    `Data: ${train.x.shape[0]} training and ${test.x.shape[0]} test examples of ${classes.length} classes from ${source}.\n`,
  );
  return loaded;
}

/** Of square pictures in a set that says nothing of their size. */
async function imageFormOf(x: Tensor2D): Promise<ImageForm | undefined> {
  const side = Math.sqrt(x.shape[1]);
  if (!Number.isInteger(side)) return undefined;
  const { looksLikeDigits } = await import('../data/digits.js');
  const count = Math.min(200, x.shape[0]);
  const some = x.slice([0, 0], [count, x.shape[1]]);
  const isDigits = looksLikeDigits(some.dataSync(), count, { rows: side, columns: side });
  some.dispose();
  return { rows: side, columns: side, preparation: isDigits ? 'digit' : 'plain' };
}

/** What asks a command to end: Ctrl-C, `kill` (and docker stop, timeout, a batch system), a terminal that closes; with their numbers. */
export const ENDING_SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/** Milliseconds within which a second Ctrl-C is the first one, come by another way: from the terminal and from npm. */
const SAME_SIGNAL = 300;

let interruptedBy: keyof typeof ENDING_SIGNALS = 'SIGINT';

/**
 * Aborts at the first signal that asks the command to end, so that it can end in good order; a second Ctrl-C ends the process at once.
 * Call `release` when that no longer matters. A command that has nothing to end says nothing (`quiet`).
 */
export function abortOnInterrupt({ quiet = false } = {}): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  let first = 0;
  const interrupt = (name: keyof typeof ENDING_SIGNALS): void => {
    if (controller.signal.aborted) {
      // The others often come twice, as from timeout, which asks the process and then its group.
      if (name === 'SIGINT' && performance.now() - first > SAME_SIGNAL) process.exit(interruptedCode());
      return;
    }
    first = performance.now();
    interruptedBy = name;
    // First, as a progress bar that ends puts the cursor back to its own line.
    controller.abort();
    if (!quiet) stderr.write('\nInterrupted: ending after this step. Once more to quit at once.\n');
  };
  const names = Object.keys(ENDING_SIGNALS) as (keyof typeof ENDING_SIGNALS)[];
  for (const name of names) process.on(name, interrupt);
  return {
    signal: controller.signal,
    // A signal that comes again while the process ends is heard no more, instead of ending it half-way.
    release: () => {
      if (!controller.signal.aborted) for (const name of names) process.removeListener(name, interrupt);
    },
  };
}

/** The shell's exit code for a command that the signal ended which came. */
export const interruptedCode = (): number => 128 + ENDING_SIGNALS[interruptedBy];

/** The one JSON document of a command. JSON has no NaN and no Infinity: they are strings there. */
export function printJson(document: object): void {
  const numbers = (_key: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
  process.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...document }, numbers, 2)}\n`);
}

export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
