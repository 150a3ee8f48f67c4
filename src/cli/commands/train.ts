/** `gradparity train`: the textbook network on MNIST, by whichever gradient. */
import path from 'node:path';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs';
import type { CommandModule } from 'yargs';
import type { BackendName } from '../../backends/select.js';
import type { GradientMethod } from '../../differentiation/gradient-method.js';
import type { GradientMethodName } from '../../differentiation/methods.js';
import { EnvironmentError, InputError } from '../../errors.js';
import type { ModelNotes } from '../../models/layers-model.js';
import type { Mlp } from '../../networks/mlp.js';
import type { ProbeRecord } from '../../parity/probe.js';
import type { Checkpoint } from '../../training/checkpoint.js';
import type { EpochRecord, History } from '../../training/history.js';
import {
  backendOption,
  dataOptions,
  jsonOption,
  realNumber,
  text,
  wholeNumber,
  type CommonArguments,
  type OptionWithSchema,
} from '../options.js';
import { loadPlots } from '../optional.js';
import type { RunFiles, RunFolder } from '../train/folder.js';
import { DEFAULTS, reproducing, runOptions, type RunOptions } from '../train/options.js';
import type { Watching } from '../train/watching.js';
import {
  abortOnInterrupt,
  interruptedCode,
  openData,
  percent,
  printJson,
  startBackend,
  type DataArguments,
} from '../session.js';

interface TrainArguments extends CommonArguments, DataArguments, Partial<RunOptions> {
  resume?: string;
  output?: string;
  csv?: string;
  tensorboard?: string;
  data?: string;
  backend?: BackendName | 'auto';
}

const command: CommandModule<object, TrainArguments> = {
  command: 'train',
  describe: 'Train the textbook network, on MNIST or data of your own, by numerical gradients or by tf.grad',
  builder: {
    gradient: {
      choices: ['structured', 'autodiff', 'central', 'forward'],
      defaultDescription: DEFAULTS.gradient,
      requiresArg: true,
      describe:
        'structured: exact central differences through the network; autodiff: tf.grad; central, forward: every parameter in turn (slow)',
    },
    'step-size': realNumber({ above: 0 }, { describe: 'h of the differences; the book has 1e-4' }),
    hidden: {
      defaultDescription: '50',
      requiresArg: true,
      describe: 'Sizes of the hidden layers, such as 50 or 100,50',
      schema: {
        anyOf: [
          { type: 'integer', minimum: 1 },
          { type: 'array', items: { type: 'integer', minimum: 1 }, minItems: 1 },
          { type: 'string', pattern: '^[1-9][0-9]*(,[1-9][0-9]*)*$' },
        ],
      },
      coerce: layerSizes,
    } as OptionWithSchema,
    activation: {
      choices: ['sigmoid', 'tanh', 'relu', 'softplus'],
      defaultDescription: DEFAULTS.activation,
      requiresArg: true,
      describe: 'Activation of the hidden layers',
    },
    from: text({ describe: 'Folder of a model to go on from, instead of random first weights' }),
    steps: wholeNumber(
      { min: 0 },
      { describe: 'Steps of training; one epoch where both are left out', conflicts: 'epochs' },
    ),
    epochs: wholeNumber({ min: 0 }, { describe: 'Epochs of training, instead of steps' }),
    'batch-size': wholeNumber({ min: 1 }, { defaultDescription: '100', describe: 'Examples a step' }),
    'learning-rate': realNumber(
      { above: 0 },
      { defaultDescription: '0.1', describe: 'η in θ ← θ − η·∂L/∂θ' },
    ),
    'weight-init-std': realNumber(
      { min: 0 },
      { defaultDescription: '0.01', describe: 'Standard deviation of the first weights' },
    ),
    sampling: {
      choices: ['shuffle', 'replacement'],
      defaultDescription: DEFAULTS.sampling,
      requiresArg: true,
      describe: 'Batches: each example once an epoch, or drawn at random each time',
    },
    seed: wholeNumber(
      { min: 0, max: 2 ** 32 - 1 },
      { defaultDescription: '1', describe: 'Seed of the weights and of the batches' },
    ),
    'probe-every': wholeNumber(
      { min: 0 },
      {
        defaultDescription: '100',
        describe: 'Compare numerical gradient and tf.grad every so many steps; 0 for never',
      },
    ),
    'evaluate-every': wholeNumber(
      { min: 0 },
      {
        defaultDescription: 'a twentieth of the run',
        describe: 'Accuracy on 1,000 examples every so many steps, besides that of every epoch; 0 for never',
      },
    ),
    'checkpoint-every': wholeNumber(
      { min: 0 },
      { defaultDescription: '100', describe: 'A checkpoint for --resume every so many steps; 0 for none' },
    ),
    resume: text({ describe: 'Folder of a run that was stopped: goes on where its last checkpoint is' }),
    output: text({
      defaultDescription: 'a new folder in runs',
      describe: 'Folder for the model, its history, the picture and the checkpoints',
      conflicts: 'resume',
    }),
    csv: text({ describe: 'File that gets a line for each step while the run goes on: loss and accuracies' }),
    tensorboard: text({
      describe: "Folder for TensorBoard's event files; the run has a folder of its own name in it",
    }),
    backend: { ...backendOption, default: undefined, defaultDescription: 'auto' },
    json: jsonOption,
    ...dataOptions,
  },
  handler: trainCommand,
};

export default command;

function layerSizes(value: unknown): number[] {
  const sizes = (Array.isArray(value) ? value : String(value).split(',')).map(Number);
  if (sizes.every((size) => Number.isSafeInteger(size) && size > 0)) return sizes;
  throw new InputError(`wanted whole numbers above 0, such as 50 or 100,50, got ${JSON.stringify(value)}.`);
}

async function trainCommand(given: TrainArguments): Promise<void> {
  const { loadCheckpoint } = await import('../../models/checkpoints.js');
  const { requireRunFolder, RunFolder } = await import('../train/folder.js');
  const { requireWatchable, Watching } = await import('../train/watching.js');
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  const resume = given.resume === undefined ? undefined : await loadCheckpoint(given.resume, { log });
  const before = resume && optionsIn(resume, given.resume);
  if (given.data !== undefined) given.data = path.resolve(given.data);
  if (given.dataDir !== undefined) given.dataDir = path.resolve(given.dataDir);
  if (given.from !== undefined) given.from = path.resolve(given.from);
  const options = runOptions(given, before);
  await requireRunFolder(given.resume ?? given.output);
  await requireWatchable(given);
  const { signal, release } = abortOnInterrupt();
  try {
    const { name: backend } = await startBackend(options.backend);
    const data = await openData(options, { signal });
    const network = await makeNetwork(options, data.train.x.shape[1], data.classes.length, resume);
    let run: RunFolder | undefined;
    let nothingDone = true;
    try {
      run = await RunFolder.take(given.resume ?? given.output, { resuming: resume !== undefined });
      if (!resume) await run.clear();
      const best = bestOf(resume?.history.epochs ?? []);
      const notes: ModelNotes = { classes: data.classes, ...(data.image && { image: data.image }) };
      const watching = await Watching.begin(given, { run: run.folder, resume });
      const history = await runTraining(network, data, options, {
        signal,
        run,
        resume,
        best,
        notes,
        watching,
      });
      if (history.stopped === 'interrupted' && history.steps.length === 0) {
        await watching.discard();
        throw signal.reason;
      }
      nothingDone = false;
      const files = await run.finish(network, history, {
        notes,
        config: reproducing(options, { backend, steps: history.settings.steps }),
        picture: history.steps.length > 1 ? await drawn(history) : undefined,
        lastIsBest: isBest(history.epochs.at(-1), bestOf(history.epochs)),
      });
      const watched = await watching.end(history);
      report(
        history,
        { ...files, ...watched.files },
        {
          backend,
          json: given.json,
          folder: run.folder,
          canResume: options.checkpointEvery > 0,
        },
      );
      process.exitCode = { finished: 0, diverged: 1, interrupted: interruptedCode() }[history.stopped];
      if (watched.problem !== undefined) {
        process.stderr.write(`gradparity: ${watched.problem}\n`);
        if (history.stopped === 'finished') process.exitCode = 2;
      }
    } finally {
      await run?.release({ nothingDone });
      network.dispose();
      data.dispose();
    }
  } catch (error) {
    if (error !== signal.reason) throw error;
    process.stderr.write('Interrupted before the first step; nothing was written.\n');
    process.exitCode = interruptedCode();
  } finally {
    release();
  }
}

/** The options that the command keeps in its checkpoints. */
function optionsIn({ extra, settings }: Checkpoint, folder: string | undefined): Partial<RunOptions> {
  const { options } = (extra ?? {}) as { options?: Partial<RunOptions> };
  if (!options) {
    throw new InputError(
      `train: the run in ${folder} was not made by this command; resume it with train(network, data, { resume }).`,
    );
  }
  return { ...options, steps: settings.steps, epochs: undefined };
}

async function makeNetwork(
  options: RunOptions,
  inputs: number,
  classes: number,
  resume: Checkpoint | undefined,
): Promise<Mlp> {
  if (resume) return (await import('../../training/checkpoint.js')).networkOf(resume);
  if (options.from !== undefined) {
    const { loadModel } = await import('../../models/files.js');
    const network = await loadModel(options.from);
    const { sizes, output } = network.structure;
    if (sizes[0] === inputs && sizes.at(-1) === classes && output === 'softmax') return network;
    network.dispose();
    throw new InputError(
      `train: the model in ${options.from} must have ${inputs} inputs and ${classes} classes, as the data, got ${sizes.join('-')} with ${output} outputs.`,
    );
  }
  const { Mlp } = await import('../../networks/mlp.js');
  return new Mlp({
    sizes: [inputs, ...options.hidden, classes],
    activations: options.activation,
    task: 'multiclass',
    weightInitStd: options.weightInitStd,
    seed: options.seed,
  });
}

interface RunUnderWay {
  signal: AbortSignal;
  run: RunFolder;
  resume: Checkpoint | undefined;
  best: EpochRecord | undefined;
  notes: ModelNotes;
  watching: Watching;
}

async function runTraining(
  network: Mlp,
  data: { train: { x: Tensor2D; t: Tensor }; test?: { x: Tensor2D; t: Tensor } },
  options: RunOptions,
  { signal, run, resume, best, notes, watching }: RunUnderWay,
): Promise<History> {
  const { train } = await import('../../training/trainer.js');
  const { saveCheckpoint } = await import('../../models/checkpoints.js');
  const { trainingProgress } = await import('../progress.js');
  const stepsPerEpoch = Math.ceil(data.train.x.shape[0] / options.batchSize);
  const steps = options.steps ?? (options.epochs ?? 1) * stepsPerEpoch;
  const twentieth = Math.ceil(steps / 20);
  process.stderr.write(
    `Training ${network.structure.sizes.join('-')}: ${steps} steps of ${options.batchSize} examples, gradients by ${options.gradient}.\n`,
  );
  if (resume) process.stderr.write(`Resuming ${run.folder} after ${resume.step} steps.\n`);
  const progress = trainingProgress(steps, resume?.step ?? 0);
  signal.addEventListener('abort', progress.stop);
  try {
    return await train(network, data, {
      method: await method(options),
      learningRate: options.learningRate,
      batchSize: options.batchSize,
      steps,
      sampling: options.sampling,
      seed: options.seed,
      probeEvery: options.probeEvery,
      evaluateEvery: options.evaluateEvery ?? (twentieth < stepsPerEpoch ? twentieth : 0),
      checkpointEvery: options.checkpointEvery,
      onCheckpoint: (checkpoint) => saveCheckpoint(run.folder, checkpoint),
      extra: { options },
      resume,
      signal,
      onStep: ({ step, loss }) => {
        progress.update(step, loss);
        watching.step(step - 1, loss);
      },
      onProbe: (record) => watching.probe(record),
      onEpoch: async (record) => {
        progress.record(record);
        watching.record(record);
        if (!isBest(record, best) || record.step === 0) return;
        best = record;
        if (record.step < steps) await run.keepBest(network, notes);
      },
    });
  } finally {
    progress.stop();
  }
}

const scoreOf = ({ testAccuracy, trainAccuracy }: EpochRecord): number =>
  testAccuracy ?? trainAccuracy ?? NaN;

/** Whether an epoch's record is at least as good as the best one; those of a part of the examples do not count. */
const isBest = (record: EpochRecord | undefined, best: EpochRecord | undefined): boolean =>
  record !== undefined && record.examples === undefined && (!best || scoreOf(record) >= scoreOf(best));

const bestOf = (records: readonly EpochRecord[]): EpochRecord | undefined =>
  records
    .filter(({ step }) => step > 0)
    .reduce<EpochRecord | undefined>((best, record) => (isBest(record, best) ? record : best), undefined);

async function method({ gradient, stepSize: h }: RunOptions): Promise<GradientMethodName | GradientMethod> {
  if (h === undefined) return gradient;
  const { central, forward } = await import('../../differentiation/loop.js');
  const { structured } = await import('../../differentiation/structured.js');
  switch (gradient) {
    case 'autodiff':
      throw new InputError('train: --step-size is the h of numerical gradients; autodiff has none.');
    case 'central':
      return central({ h });
    case 'forward':
      return forward({ h });
    case 'structured':
      return structured({ h });
  }
}

/** The picture of a run, or undefined, with a word why, where nothing that draws is installed. */
async function drawn(history: History): Promise<string | undefined> {
  try {
    const { trainingPlot, nodeDocument } = await loadPlots('The picture of the run');
    return trainingPlot(history, { document: nodeDocument() });
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return undefined;
  }
}

interface WatchedFiles {
  csv?: string;
  tensorboard?: string;
}

interface Ended {
  backend: BackendName;
  json: boolean;
  folder: string;
  canResume: boolean;
}

function report(
  history: History,
  files: RunFiles & WatchedFiles,
  { backend, json, folder, canResume }: Ended,
): void {
  const { steps, ...rest } = history;
  const probe = worstProbe(history.probes);
  if (json) {
    printJson({
      command: 'train',
      backend,
      ...rest,
      steps: steps.length,
      finalLoss: steps.at(-1)?.loss ?? null,
      worstProbe: probe ?? null,
      folder,
      files,
    });
    return;
  }
  const lines = [
    ...history.epochs.filter(({ examples }) => examples === undefined).map(epochLine),
    history.message,
    ...(history.advice ? [history.advice.replaceAll('weightInitStd', '--weight-init-std')] : []),
    `Training took ${history.trainingSeconds.toFixed(1)} s in steps, ${history.seconds.toFixed(1)} s with accuracies and probes.`,
    ...(probe ? [probeLine(probe, history.probes.length)] : []),
    [
      `Model: ${files.model}`,
      `History: ${files.history}`,
      ...(files.picture ? [`Picture: ${files.picture}`] : []),
      ...(files.best ? [`Best epoch's model: ${files.best}`] : []),
      ...(files.csv ? [`CSV: ${files.csv}`] : []),
      ...(files.tensorboard ? [`TensorBoard: ${files.tensorboard}`] : []),
    ].join('  '),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  if (files.model !== folder) process.stderr.write(`The finished model in ${folder} stands.\n`);
  if (history.stopped === 'interrupted' && canResume) {
    process.stderr.write(`To go on: npx gradparity train --resume ${folder}\n`);
  }
  if (history.stopped === 'finished') {
    process.stderr.write(
      `Next: npx gradparity evaluate ${files.model}, npx gradparity demo ${files.model}, or npx gradparity export ${files.model} --output …\n`,
    );
  }
}

function epochLine({ epoch, step, trainAccuracy, testAccuracy }: EpochRecord): string {
  const accuracies = Object.entries({ train: trainAccuracy, test: testAccuracy }).flatMap(
    ([set, accuracy]) => (accuracy === undefined ? [] : [`${set} accuracy ${percent(accuracy)}`]),
  );
  return `epoch ${Number.isInteger(epoch) ? epoch : epoch.toFixed(2)} (step ${step}): ${accuracies.join(', ')}`;
}

const worstProbe = (probes: readonly ProbeRecord[]): ProbeRecord | undefined =>
  probes.reduce<ProbeRecord | undefined>(
    (worst, probe) =>
      worst && worst.worstRelativeDifference >= probe.worstRelativeDifference ? worst : probe,
    undefined,
  );

function probeLine(
  { worstRelativeDifference, worst, step, numericalMethod, coordinates }: ProbeRecord,
  probes: number,
): string {
  return (
    `Parity of ${numericalMethod} differences with tf.grad, ${probes} ${probes === 1 ? 'probe' : 'probes'} of ${coordinates} parameters: ` +
    `worst difference ${worstRelativeDifference.toExponential(1)} of the largest entry (${worst.parameter}[${worst.index}] at step ${step}).`
  );
}
