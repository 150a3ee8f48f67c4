/** Mini-batch gradient descent, by whichever gradient method. */
import * as tf from '@tensorflow/tfjs';
import { autodiff } from '../differentiation/autodiff.js';
import type { GradientMethod, LossAndGradients, NamedTensors } from '../differentiation/gradient-method.js';
import { GRADIENT_METHODS, gradientMethod, type GradientMethodName } from '../differentiation/methods.js';
import { last } from '../collections.js';
import { InputError } from '../errors.js';
import { shapeText } from '../functions/arguments.js';
import type { Mlp } from '../networks/mlp.js';
import type { ProbeRecord } from '../parity/probe.js';
import { adviceFor, endedWorse } from './advice.js';
import { Sampler, type Sampling } from './batches.js';
import { restoreParameters, type Checkpoint } from './checkpoint.js';
import type { EpochRecord, History, TrainingSettings } from './history.js';
import { parityProbe } from '../parity/probe.js';

/** Inputs [N,D] and their targets: one-hot [N,K], labels [N], or numbers [N,K]. */
export type Dataset = { x: tf.Tensor2D; t: tf.Tensor };

/** What `train` learns from, and what it measures the accuracy on. */
export interface TrainingData {
  train: Dataset;
  test?: Dataset;
}

/** How `train` learns, and whom it tells. */
export interface TrainOptions {
  /** Default 'autodiff'. */
  method?: GradientMethodName | GradientMethod;
  /** Default 0.1. */
  learningRate?: number;
  /** Examples a step, 100 by default; no more than there are. */
  batchSize?: number;
  /** Default: one epoch, ceil(N / batchSize). */
  steps?: number;
  /** Default 'shuffle'. */
  sampling?: Sampling;
  /** Seed of the batches (and of the probes' sample), below 2³², 0 by default. The same seed gives the same run on the same backend. */
  seed?: number;
  /** A parity probe every so many steps, from the first on; 0, the default, for none. */
  probeEvery?: number;
  /** Accuracies within an epoch too, every so many steps, on the first 1,000 examples of each set; 0, the default, for none. */
  evaluateEvery?: number;
  /** A checkpoint for `onCheckpoint` every so many steps, and one at the end of a run that did not diverge; 0, the default, for none. */
  checkpointEvery?: number;
  /** The run waits until it is done. */
  onCheckpoint?: (checkpoint: Checkpoint) => unknown;
  /** Kept in every checkpoint, as JSON. */
  extra?: unknown;
  /**
   * Goes on where this checkpoint was taken, and ends as the run would have that was never stopped. The network gets its parameters.
   * Options left out are the run's own; those given, the network and the data must be the same, but for `steps`, which may be more,
   * and for the callbacks.
   */
  resume?: Checkpoint;
  /** Ends the run after the step under way, with what was learned. */
  signal?: AbortSignal;
  /** Told after each step. */
  onStep?: (progress: Progress) => void;
  /** The run waits until it is done. */
  onEpoch?: (record: EpochRecord) => unknown;
  /** Told of each comparison of the gradient with numerical differences, every `probeEvery` steps. */
  onProbe?: (record: ProbeRecord) => void;
}

/** How far a training run is. */
export interface Progress {
  /** Steps done, of `steps`. */
  step: number;
  steps: number;
  loss: number;
}

/**
 * Trains the network in place: `θ ← θ - η·∂L/∂θ` on one mini-batch a step.
 *
 * - An epoch is ceil(N / batchSize) steps. Accuracy on the train and the test set is recorded before the first step, after each
 *   epoch and at the end; a regression's mean loss instead.
 * - A loss or a parameter that is NaN, infinite or beyond float32 ends the run as 'diverged', with the last good parameters; so does,
 *   at its end, a loss far above that of the first step.
 * - The event loop gets a turn some twenty times a second. Nothing but the network's parameters stays allocated, nor after
 *   an error in the method or in a callback, which is passed on.
 *
 * @throws InputError for data that does not fit the network, and options out of range. Source: Saito, §4.5.
 */
export async function train(
  network: Mlp,
  data: TrainingData | Dataset,
  options: TrainOptions = {},
): Promise<History> {
  const { train: trainSet, test: testSet } = 'train' in data ? data : { train: data, test: undefined };
  const { resume, signal, probeEvery = 0, evaluateEvery = 0, checkpointEvery = 0 } = options;
  const { onStep, onEpoch, onProbe, onCheckpoint } = options;
  const method = gradientMethod(options.method ?? methodOf(resume) ?? 'autodiff');
  const settings = resolveSettings(network, trainSet, testSet, method, options);
  const { steps, batchSize, seed } = settings;
  const examples = trainSet.x.shape[0];
  const stepsPerEpoch = Math.ceil(examples / batchSize);
  const dataName = resume || (checkpointEvery > 0 && onCheckpoint) ? fingerprint(trainSet) : '';
  const sampler = new Sampler(examples, batchSize, settings.sampling, seed);

  const started = performance.now();
  const history: History = {
    schemaVersion: 1,
    settings,
    steps: [...(resume?.history.steps ?? [])],
    epochs: [...(resume?.history.epochs ?? [])],
    probes: [...(resume?.history.probes ?? [])],
    stopped: 'finished',
    message: `${steps} steps done.`,
    trainingSeconds: 0,
    seconds: 0,
  };
  let stepping = 1000 * (resume?.history.trainingSeconds ?? 0);
  const seconds = (): number => (resume?.history.seconds ?? 0) + (performance.now() - started) / 1000;
  const recordEpoch = async (step: number, most?: number): Promise<void> => {
    const before = history.epochs.at(-1);
    if (before?.step === step && (before.examples === undefined || most !== undefined)) return;
    if (before?.step === step) history.epochs.pop();
    const record = { epoch: step / stepsPerEpoch, step, ...evaluate(network, trainSet, testSet, most) };
    history.epochs.push(record);
    await onEpoch?.(record);
  };
  /** The records of a run at this step that is neither its first nor its last. */
  const recordWithin = async (step: number): Promise<void> => {
    if (step % stepsPerEpoch === 0) await recordEpoch(step);
    else if (evaluateEvery > 0 && step % evaluateEvery === 0) await recordEpoch(step, EXAMPLES_WITHIN);
  };
  const save = async (step: number): Promise<void> => {
    if (checkpointEvery === 0 || !onCheckpoint) return;
    await onCheckpoint({
      step,
      settings,
      structure: network.structure,
      parameters: Object.fromEntries(
        Object.entries(network.parameters).map(([name, parameter]) => [
          name,
          { shape: [...parameter.shape], values: Float32Array.from(parameter.dataSync<'float32'>()) },
        ]),
      ),
      sampler: sampler.state(),
      history: {
        steps: [...history.steps],
        epochs: [...history.epochs],
        probes: [...history.probes],
        trainingSeconds: stepping / 1000,
        seconds: seconds(),
      },
      data: dataName,
      extra: options.extra,
    });
  };

  const lastGood = new Snapshot(network);
  let batch: Dataset | undefined;
  let step = resume?.step ?? 0;
  let turn = performance.now();
  /** Goes back to the parameters after `goodStep` steps, from the batch that shows it. */
  const diverge = (bad: Dataset, goodStep: number, symptom: string, areGradientsFinite = true): void => {
    lastGood.restore();
    const cause = areGradientsFinite
      ? divergenceCause(step, bad, settings)
      : gradientCause(network, bad, settings);
    history.epochs = history.epochs.filter((record) => record.step <= goodStep);
    history.stopped = 'diverged';
    history.message = `Diverged: after ${step} steps ${symptom}. ${cause} The parameters are those after ${goodStep} steps.`;
    step = goodStep;
  };
  if (resume) {
    requireSameRun(network, resume, dataName, step, steps);
    restoreParameters(network, resume.parameters);
    sampler.restore(resume.sampler);
  }
  try {
    if (step === 0) await recordEpoch(0);
    else if (step < steps) await recordWithin(step);
    while (step < steps) {
      if (performance.now() - turn > EVENT_LOOP_INTERVAL) {
        await tf.nextFrame();
        turn = performance.now();
      }
      if (signal?.aborted) {
        history.stopped = 'interrupted';
        history.message = `Interrupted after ${step} of ${steps} steps.`;
        break;
      }
      const stepStarted = performance.now();
      tf.dispose(batch ?? []);
      batch = takeBatch(trainSet, sampler.next());
      let result: LossAndGradients;
      try {
        result = lossAndGradients(method, network, batch);
      } catch (error) {
        // Parameters far out: a numerical gradient's step does not move them any more.
        if (lastGood.isEmpty || !(error instanceof InputError)) throw error;
        diverge(batch, step - 1, `there is no gradient (${error.message.replace(/\.$/, '')})`);
        break;
      }
      const { loss, gradients } = result;
      let isFiniteNow = true;
      let areGradientsFinite = true;
      try {
        if (!isFiniteLoss(loss)) {
          diverge(batch, lastGood.isEmpty ? step : step - 1, `the loss is ${loss}`);
          break;
        }
        stepping += performance.now() - stepStarted;
        if (probeEvery > 0 && step % probeEvery === 0) {
          const known = { method: method.name, gradients };
          const record = parityProbe(network, batch.x, batch.t, known, { step, seed: seed + step });
          history.probes.push(record);
          onProbe?.(record);
        }
        const updateStarted = performance.now();
        lastGood.take();
        update(network, gradients, settings);
        isFiniteNow = areFinite(network.parameters);
        if (!isFiniteNow) areGradientsFinite = areFinite(gradients);
        stepping += performance.now() - updateStarted;
      } finally {
        tf.dispose(gradients);
      }
      history.steps.push({ step, loss });
      step++;
      if (!isFiniteNow) {
        diverge(batch, step - 1, 'a parameter is not finite', areGradientsFinite);
        break;
      }
      onStep?.({ step, steps, loss });
      if (step === steps) break;
      await recordWithin(step);
      if (step % checkpointEvery === 0) await save(step);
    }
    if (history.stopped !== 'diverged' && batch) {
      const { x, t } = batch;
      const loss = tf.tidy(() => network.loss(x, t).dataSync()[0]);
      if (!isFiniteLoss(loss)) diverge(batch, step - 1, `the loss is ${loss}`);
    }
    const isSaved = resume?.step === step && resume.settings.steps === steps;
    if (history.stopped !== 'diverged' && !isSaved) await save(step);
    await recordEpoch(step);
    if (history.stopped === 'finished') {
      const worse = endedWorse(network, history);
      if (worse !== undefined) {
        history.stopped = 'diverged';
        history.message = worse;
      }
      history.advice = worse === undefined ? adviceFor(network, trainSet, history) : undefined;
    }
  } finally {
    lastGood.dispose();
    tf.dispose(batch ?? []);
  }
  if (history.advice === undefined) delete history.advice;
  history.trainingSeconds = stepping / 1000;
  history.seconds = seconds();
  return history;
}

/** Examples of each set that are looked at within an epoch. */
const EXAMPLES_WITHIN = 1000;

/** The checkpoint's gradient method, where it is one of those that have a name. */
function methodOf(resume: Checkpoint | undefined): GradientMethodName | undefined {
  const name = resume?.settings.method;
  if (name === undefined || (GRADIENT_METHODS as readonly string[]).includes(name)) {
    return name as GradientMethodName | undefined;
  }
  throw new InputError(
    `train: the checkpoint's gradients are by ${name}; give that method as the option method.`,
  );
}

function requireSameRun(network: Mlp, resume: Checkpoint, data: string, step: number, steps: number): void {
  const differs = (Object.keys(resume.structure) as (keyof Mlp['structure'])[]).find(
    (key) => JSON.stringify(resume.structure[key]) !== JSON.stringify(network.structure[key]),
  );
  if (differs) {
    throw new InputError(
      `train: the checkpoint is of another network; its ${differs} is ${JSON.stringify(resume.structure[differs])}, got ${JSON.stringify(network.structure[differs])}.`,
    );
  }
  if (resume.data !== data) {
    throw new InputError(
      `train: the checkpoint was made with other training data (${resume.data}), got ${data}. Resume with the same.`,
    );
  }
  if (steps < step) {
    throw new InputError(
      `train: steps must be at least ${step}, which the checkpoint has done, got ${steps}.`,
    );
  }
}

/** The number of examples, their size, and a sum (FNV-1a) over the targets and over inputs all through the set. */
function fingerprint({ x, t }: Dataset): string {
  const [count, inputs] = x.shape;
  const sample = Int32Array.from(
    { length: Math.min(64, count) },
    (_, k) => Math.floor((k * count) / 64) % count,
  );
  const pixels = tf.tidy(() => tf.gather(x, tf.tensor1d(sample, 'int32')).dataSync());
  let sum = 0x811c9dc5;
  for (const values of [pixels, t.dataSync()]) {
    for (const word of new Uint32Array(Float32Array.from(values).buffer)) {
      sum = Math.imul(sum ^ word, 0x01000193);
      sum ^= sum >>> 15;
    }
  }
  return `${count} examples of ${inputs}, sum ${(sum >>> 0).toString(16)}`;
}

/** Milliseconds after which the event loop gets a turn. */
const EVENT_LOOP_INTERVAL = 50;

/** Losses saturate at the largest float rather than become infinite. */
const isFiniteLoss = (loss: number): boolean => Math.abs(loss) < 3.4e38;

/** Why a gradient is not finite where the loss is. */
function gradientCause(network: Mlp, batch: Dataset, settings: TrainingSettings): string {
  const isMethods = tf.tidy(() => areFinite(autodiff.lossAndGradients(network, batch.x, batch.t).gradients));
  return isMethods
    ? `The gradient by ${settings.method} is not finite, that by tf.grad is: choose another step h of the differences.`
    : divergenceCause(settings.steps, batch, settings);
}

/** Whether no entry is NaN or infinite, by one number read back. */
const areFinite = (tensors: Readonly<NamedTensors>): boolean =>
  tf.tidy(() => {
    const sums = Object.values(tensors).map((each) => tf.sum(tf.cast(each, 'float32')));
    return Number.isFinite(tf.addN(sums).dataSync()[0]);
  });

function divergenceCause(step: number, batch: Dataset, { learningRate }: TrainingSettings): string {
  if (!areFinite({ x: batch.x, t: batch.t })) {
    return 'The inputs or targets of its batch are not finite numbers: clean the data.';
  }
  if (step === 0) return 'The inputs, targets or first weights are too large: scale them down.';
  return `A learning rate of ${learningRate} is too large here; try a tenth of it.`;
}

/** What the method gives; a method that throws leaves no tensors. */
const lossAndGradients = (method: GradientMethod, network: Mlp, { x, t }: Dataset): LossAndGradients =>
  tf.tidy(() => ({ ...method.lossAndGradients(network, x, t) }));

function takeBatch({ x, t }: Dataset, indices: Int32Array): Dataset {
  return tf.tidy(() => {
    const rows = tf.tensor1d(indices, 'int32');
    return { x: tf.gather(x, rows), t: tf.gather(t, rows) };
  });
}

function update(network: Mlp, gradients: NamedTensors, { method, learningRate }: TrainingSettings): void {
  tf.tidy(() => {
    const updated = Object.entries(network.parameters).map(([name, parameter]) => {
      const shape = gradients[name]?.shape;
      if (!shape || !tf.util.arraysEqual(shape, parameter.shape)) {
        throw new InputError(
          `train: the gradient method ${method} must give ${name} a gradient of shape ${shapeText(parameter.shape)}, got ${shape ? shapeText(shape) : 'none'}.`,
        );
      }
      return { parameter, value: tf.sub(parameter, tf.mul(gradients[name], learningRate)) };
    });
    for (const { parameter, value } of updated) parameter.assign(value);
  });
}

/** Of all examples, or of the first `most` of each set. */
function evaluate(
  network: Mlp,
  trainSet: Dataset,
  testSet?: Dataset,
  most = Infinity,
): Omit<EpochRecord, 'epoch' | 'step'> {
  const isPart = [trainSet, testSet].some((set) => set && set.x.shape[0] > most);
  if (isPart) {
    return tf.tidy(() => ({
      examples: most,
      ...evaluate(network, firstOf(trainSet, most), testSet && firstOf(testSet, most)),
    }));
  }
  if (network.structure.output === 'identity') {
    const loss = ({ x, t }: Dataset): number => tf.tidy(() => network.loss(x, t).dataSync()[0]);
    return { trainLoss: loss(trainSet), ...(testSet && { testLoss: loss(testSet) }) };
  }
  const accuracy = ({ x, t }: Dataset): number => network.accuracy(x, t);
  return { trainAccuracy: accuracy(trainSet), ...(testSet && { testAccuracy: accuracy(testSet) }) };
}

const firstOf = ({ x, t }: Dataset, most: number): Dataset => {
  const count = Math.min(most, x.shape[0]);
  return { x: tf.slice(x, 0, count), t: tf.slice(t, 0, count) };
};

/** The parameters before the last step. */
class Snapshot {
  private saved: NamedTensors = {};

  constructor(private readonly network: Mlp) {}

  get isEmpty(): boolean {
    return Object.keys(this.saved).length === 0;
  }

  take(): void {
    this.dispose();
    this.saved = Object.fromEntries(
      Object.entries(this.network.parameters).map(([name, parameter]) => [name, tf.clone(parameter)]),
    );
  }

  restore(): void {
    this.network.setParameters(this.saved);
  }

  dispose(): void {
    tf.dispose(this.saved);
    this.saved = {};
  }
}

function resolveSettings(
  network: Mlp,
  trainSet: Dataset,
  testSet: Dataset | undefined,
  method: GradientMethod,
  options: TrainOptions,
): TrainingSettings {
  const own = options.resume?.settings;
  for (const name of ['learningRate', 'batchSize', 'sampling', 'seed'] as const) {
    requireOwn(name, own?.[name], options[name]);
  }
  requireOwn('method', own?.method, method.name);
  const {
    learningRate = own?.learningRate ?? 0.1,
    batchSize = own?.batchSize ?? 100,
    steps = own?.steps,
    sampling = own?.sampling ?? 'shuffle',
    seed = own?.seed ?? 0,
    probeEvery = 0,
    evaluateEvery = 0,
    checkpointEvery = 0,
  } = options;
  checkDataset('train', trainSet, network);
  if (testSet) checkDataset('test', testSet, network);
  const examples = trainSet.x.shape[0];
  if (!(learningRate > 0 && Number.isFinite(learningRate))) {
    throw new InputError(`train: learningRate must be a finite number above 0, got ${learningRate}.`);
  }
  const wholeNumber = (name: string, value: number, least: number, most = Infinity): void => {
    if (Number.isSafeInteger(value) && value > most) {
      throw new InputError(`train: ${name} must be at most ${most}, got ${value}.`);
    }
    if (!Number.isSafeInteger(value) || value < least) {
      throw new InputError(`train: ${name} must be a whole number of at least ${least}, got ${value}.`);
    }
  };
  wholeNumber('batchSize', batchSize, 1);
  if (batchSize > examples) {
    throw new InputError(
      `train: batchSize must be at most the number of training examples, ${examples}, got ${batchSize}.`,
    );
  }
  const resolvedSteps = steps ?? Math.ceil(examples / batchSize);
  wholeNumber('steps', resolvedSteps, 0);
  wholeNumber('seed', seed, 0, MOST_SEED);
  wholeNumber('probeEvery', probeEvery, 0);
  wholeNumber('evaluateEvery', evaluateEvery, 0);
  wholeNumber('checkpointEvery', checkpointEvery, 0);
  if (sampling !== 'shuffle' && sampling !== 'replacement') {
    throw new InputError(
      `train: sampling must be 'shuffle' or 'replacement', got ${JSON.stringify(sampling)}.`,
    );
  }
  return {
    method: method.name,
    learningRate,
    batchSize,
    steps: resolvedSteps,
    sampling,
    seed,
    initialSeed: own?.initialSeed ?? network.seed,
    sizes: network.structure.sizes,
    loss: network.structure.loss,
    backend: tf.getBackend(),
  };
}

/** A run that goes on does so with its own settings. */
function requireOwn(name: string, own: unknown, given: unknown): void {
  if (own === undefined || given === undefined || own === given) return;
  throw new InputError(
    `train: the run to resume has a ${name} of ${JSON.stringify(own)}, got ${JSON.stringify(given)}. Leave ${name} out, or begin a new run.`,
  );
}

/** The generator of the batches takes 32 bits. */
const MOST_SEED = 2 ** 32 - 1;

function checkDataset(name: string, { x, t }: Dataset, network: Mlp): void {
  if (!(x instanceof tf.Tensor && t instanceof tf.Tensor)) {
    throw new InputError(`train: x and t of the ${name} set must be tensors; make them with tf.tensor.`);
  }
  const inputs = network.structure.sizes[0];
  if (x.rank !== 2 || x.shape[1] !== inputs || x.shape[0] === 0) {
    throw new InputError(
      `train: the inputs of the ${name} set must have shape [examples,${inputs}], got ${shapeText(x.shape)}.`,
    );
  }
  if (t.rank === 0 || t.shape[0] !== x.shape[0]) {
    throw new InputError(
      `train: the ${name} set must hold as many targets as inputs, got ${shapeText(t.shape)} for ${shapeText(x.shape)}.`,
    );
  }
  // What the loss has to say of targets, before tf.grad, which leaves tensors behind where the loss throws.
  tf.tidy(() => void network.loss(tf.slice(x, [0, 0], [1, inputs]), tf.slice(t, 0, 1)));
  if (network.structure.output === 'softmax' && t.rank === 1) checkLabels(name, t, network);
}

function checkLabels(name: string, t: tf.Tensor, network: Mlp): void {
  const classes = last(network.structure.sizes);
  const wrong = t.dataSync().find((label) => !(label >= 0 && label < classes));
  if (wrong !== undefined) {
    throw new InputError(
      `train: the labels of the ${name} set must be integers from 0 to ${classes - 1}, got ${wrong}.`,
    );
  }
}
