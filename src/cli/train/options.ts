/** The options of a training run: what was given, over what a run to resume has, over the defaults. */
import type { BackendName } from '../../backends/select.js';
import type { GradientMethodName } from '../../differentiation/methods.js';
import { InputError } from '../../errors.js';
import type { ActivationName } from '../../functions/activations.js';
import type { Sampling } from '../../training/batches.js';

/** What a run's result depends on, and its checkpoints and its config.json keep. */
export interface RunOptions {
  gradient: GradientMethodName;
  stepSize?: number;
  hidden: number[];
  activation: ActivationName;
  /** The folder of the model it began with. */
  from?: string;
  steps?: number;
  epochs?: number;
  batchSize: number;
  learningRate: number;
  weightInitStd: number;
  sampling: Sampling;
  seed: number;
  probeEvery: number;
  evaluateEvery?: number;
  checkpointEvery: number;
  backend: BackendName | 'auto';
  data?: string;
  dataDir?: string;
  trainSize?: number;
  testSize?: number;
  holdOut?: number;
}

export const DEFAULTS = {
  gradient: 'structured',
  hidden: [50],
  activation: 'sigmoid',
  batchSize: 100,
  learningRate: 0.1,
  weightInitStd: 0.01,
  sampling: 'shuffle',
  seed: 1,
  probeEvery: 100,
  checkpointEvery: 100,
  backend: 'auto',
} satisfies RunOptions;

/** The names of a run's options; what else the command takes is not the run's. */
export const RUN_OPTIONS: readonly (keyof RunOptions)[] = [
  'gradient',
  'stepSize',
  'hidden',
  'activation',
  'from',
  'steps',
  'epochs',
  'batchSize',
  'learningRate',
  'weightInitStd',
  'sampling',
  'seed',
  'probeEvery',
  'evaluateEvery',
  'checkpointEvery',
  'backend',
  'data',
  'dataDir',
  'trainSize',
  'testSize',
  'holdOut',
];

/** Those that a run which is resumed may have differently: how far it goes, and what does not change its numbers. */
const CHANGEABLE: readonly (keyof RunOptions)[] = [
  'steps',
  'epochs',
  'probeEvery',
  'evaluateEvery',
  'checkpointEvery',
  'backend',
  'data',
  'dataDir',
];

const flag = (name: string): string => `--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;

/**
 * The options of a run, `before` those of the run to resume.
 *
 * @throws InputError for one that is given otherwise than the run to resume has it
 */
export function runOptions(given: Partial<RunOptions>, before?: Partial<RunOptions>): RunOptions {
  const known = Object.fromEntries(
    RUN_OPTIONS.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])),
  ) as Partial<RunOptions>;
  if (before) {
    const own = { ...DEFAULTS, ...before };
    const differs = RUN_OPTIONS.find(
      (name) =>
        known[name] !== undefined &&
        !CHANGEABLE.includes(name) &&
        JSON.stringify(known[name]) !== JSON.stringify(own[name]),
    );
    if (differs) {
      throw new InputError(
        `train: the run to resume has ${flag(differs)} ${own[differs] ?? 'not set'}, got ${known[differs]}. Leave ${flag(differs)} out, or begin a new run.`,
      );
    }
    // One of the two says how far the run goes.
    if (known.steps !== undefined || known.epochs !== undefined) {
      before = { ...before, steps: undefined, epochs: undefined };
    }
  }
  if (known.from !== undefined && !before) {
    const own = (['hidden', 'activation', 'weightInitStd'] as const).find(
      (name) => known[name] !== undefined,
    );
    if (own) {
      throw new InputError(`train: the model that --from names has its own ${own}. Leave ${flag(own)} out.`);
    }
  }
  return { ...DEFAULTS, ...before, ...known };
}

/**
 * What config.json of a run holds, so that `train --config` does the same again: the options with the backend that was chosen and the number of
 * steps, without those that the model of --from brings.
 */
export function reproducing(
  options: RunOptions,
  { backend, steps }: { backend: BackendName; steps: number },
): Partial<RunOptions> {
  const all: Partial<RunOptions> = { ...options, backend, steps, epochs: undefined };
  if (options.from === undefined) return all;
  return { ...all, hidden: undefined, activation: undefined, weightInitStd: undefined };
}
