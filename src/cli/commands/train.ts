/** `gradparity train`: the textbook network on MNIST, by whichever gradient. */
import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { BackendName } from '../../backends/select.js';
import type { GradientMethod } from '../../differentiation/gradient-method.js';
import type { GradientMethodName } from '../../differentiation/methods.js';
import { EnvironmentError, InputError } from '../../errors.js';
import type { ActivationName } from '../../functions/activations.js';
import type { Mlp } from '../../networks/mlp.js';
import type { Sampling } from '../../training/batches.js';
import type { ProbeRecord } from '../../parity/probe.js';
import type { EpochRecord, History } from '../../training/history.js';
import {
  backendOption,
  dataOptions,
  jsonOption,
  realNumber,
  text,
  wholeNumber,
  type CommonArguments,
} from '../options.js';
import { loadPlots } from '../optional.js';
import {
  abortOnInterrupt,
  INTERRUPTED,
  openMnist,
  percent,
  printJson,
  startBackend,
  type DataArguments,
} from '../session.js';

interface TrainArguments extends CommonArguments, DataArguments {
  gradient: GradientMethodName;
  stepSize?: number;
  hidden: number[];
  activation: ActivationName;
  steps?: number;
  epochs?: number;
  batchSize: number;
  learningRate: number;
  weightInitStd: number;
  sampling: Sampling;
  seed: number;
  probeEvery: number;
  output: string;
  backend: BackendName | 'auto';
}

const command: CommandModule<object, TrainArguments> = {
  command: 'train',
  describe: 'Train the textbook network on MNIST by numerical gradients or by tf.grad',
  builder: {
    gradient: {
      choices: ['structured', 'autodiff', 'central', 'forward'],
      default: 'structured',
      requiresArg: true,
      describe:
        'structured: exact central differences through the network; autodiff: tf.grad; central, forward: every parameter in turn (slow)',
    },
    'step-size': realNumber({ above: 0 }, { describe: 'h of the differences; the book has 1e-4' }),
    hidden: {
      default: '50',
      requiresArg: true,
      describe: 'Sizes of the hidden layers, such as 50 or 100,50',
      coerce: layerSizes,
    },
    activation: {
      choices: ['sigmoid', 'tanh', 'relu', 'softplus'],
      default: 'sigmoid',
      requiresArg: true,
      describe: 'Activation of the hidden layers',
    },
    steps: wholeNumber(
      { min: 0 },
      { describe: 'Steps of training; one epoch where left out', conflicts: 'epochs' },
    ),
    epochs: wholeNumber({ min: 0 }, { describe: 'Epochs of training, instead of steps' }),
    'batch-size': wholeNumber({ min: 1 }, { default: 100, describe: 'Examples a step' }),
    'learning-rate': realNumber({ above: 0 }, { default: 0.1, describe: 'η in θ ← θ − η·∂L/∂θ' }),
    'weight-init-std': realNumber(
      { min: 0 },
      { default: 0.01, describe: 'Standard deviation of the first weights' },
    ),
    sampling: {
      choices: ['shuffle', 'replacement'],
      default: 'shuffle',
      requiresArg: true,
      describe: 'Batches: each example once an epoch, or drawn at random each time',
    },
    seed: wholeNumber(
      { min: 0, max: 2 ** 32 - 1 },
      { default: 1, describe: 'Seed of the weights and of the batches' },
    ),
    'probe-every': wholeNumber(
      { min: 0 },
      { default: 100, describe: 'Compare numerical gradient and tf.grad every so many steps; 0 for never' },
    ),
    output: text({ default: 'runs/latest', describe: 'Folder for the model, its history and the picture' }),
    backend: backendOption,
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

async function trainCommand(options: TrainArguments): Promise<void> {
  const { requireWritable } = await import('../../files/write.js');
  await requireWritable('train', options.output);
  const { signal, release } = abortOnInterrupt();
  try {
    const { name: backend } = await startBackend(options.backend);
    const mnist = await openMnist(options, { signal });
    const network = await makeNetwork(options, mnist.train.x.shape[1]);
    try {
      const history = await runTraining(network, mnist, options, signal);
      if (history.stopped === 'interrupted' && history.steps.length === 0) throw signal.reason;
      const files = await writeRun(network, history, options.output);
      report(history, files, backend, options.json);
      process.exitCode = { finished: 0, diverged: 1, interrupted: INTERRUPTED }[history.stopped];
    } finally {
      network.dispose();
      mnist.dispose();
    }
  } catch (error) {
    if (error !== signal.reason) throw error;
    process.stderr.write('Interrupted before the first step; nothing was written.\n');
    process.exitCode = INTERRUPTED;
  } finally {
    release();
  }
}

async function makeNetwork(options: TrainArguments, inputs: number): Promise<Mlp> {
  const { Mlp } = await import('../../networks/mlp.js');
  return new Mlp({
    sizes: [inputs, ...options.hidden, 10],
    activations: options.activation,
    task: 'multiclass',
    weightInitStd: options.weightInitStd,
    seed: options.seed,
  });
}

async function runTraining(
  network: Mlp,
  data: Parameters<typeof import('../../training/trainer.js').train>[1],
  options: TrainArguments,
  signal: AbortSignal,
): Promise<History> {
  const { train } = await import('../../training/trainer.js');
  const { trainingBar } = await import('../progress.js');
  const examples = 'train' in data ? data.train.x.shape[0] : data.x.shape[0];
  const stepsPerEpoch = Math.ceil(examples / options.batchSize);
  const steps = options.steps ?? (options.epochs ?? 1) * stepsPerEpoch;
  process.stderr.write(
    `Training ${network.structure.sizes.join('-')}: ${steps} steps of ${options.batchSize} examples, gradients by ${options.gradient}.\n`,
  );
  const bar = trainingBar(steps);
  signal.addEventListener('abort', bar.stop);
  try {
    return await train(network, data, {
      method: await method(options),
      learningRate: options.learningRate,
      batchSize: options.batchSize,
      steps,
      sampling: options.sampling,
      seed: options.seed,
      probeEvery: options.probeEvery,
      signal,
      onStep: ({ step, loss }) => bar.update(step, loss),
      onEpoch: (record) => bar.accuracy(record.testAccuracy ?? record.trainAccuracy ?? NaN),
    });
  } finally {
    bar.stop();
  }
}

async function method({
  gradient,
  stepSize: h,
}: TrainArguments): Promise<GradientMethodName | GradientMethod> {
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

interface RunFiles {
  model: string;
  history: string;
  picture?: string;
}

async function writeRun(network: Mlp, history: History, output: string): Promise<RunFiles> {
  const [{ saveModel }, { unwritable, writeFileWhole, writeJson }] = await Promise.all([
    import('../../models/files.js'),
    import('../../files/write.js'),
  ]);
  const files: RunFiles = { model: output, history: path.join(output, 'history.json') };
  try {
    await saveModel(network, output);
    await writeJson(files.history, history);
    const picture = history.steps.length > 1 ? await drawn(history) : undefined;
    if (picture !== undefined) {
      files.picture = path.join(output, 'training.svg');
      await writeFileWhole(files.picture, picture);
    }
  } catch (error) {
    throw unwritable('train', output, error);
  }
  return files;
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

function report(history: History, files: RunFiles, backend: BackendName, json: boolean): void {
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
      files,
    });
    return;
  }
  const lines = [
    ...history.epochs.map(epochLine),
    history.message,
    `Training took ${history.trainingSeconds.toFixed(1)} s in steps, ${history.seconds.toFixed(1)} s with accuracies and probes.`,
    ...(probe ? [probeLine(probe, history.probes.length)] : []),
    `Model: ${files.model}  History: ${files.history}${files.picture ? `  Picture: ${files.picture}` : ''}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
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
