/** The gradient check of a whole model: every trainable weight of a tf.LayersModel, or of an object with variables. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { shapeText, toTensor, type TensorInput } from '../functions/arguments.js';
import { gradcheck } from './gradcheck.js';
import {
  trainableWeightsOf,
  weightsOf,
  withFixedRandom,
  withRecurrentState,
  withWeights,
} from './model/held.js';
import { lossFunction, type ModelLoss, type ModelLossFunction } from './model/losses.js';
import { forwardOf, variablesIn, type ForwardOption } from './model/objects.js';
import type { GradcheckOptions, GradcheckReport } from './report/report.js';

export type { LossByName, ModelLoss, ModelLossFunction } from './model/losses.js';
export type { ForwardOption } from './model/objects.js';

/** The weight of each class in the loss, by the class's index. */
export type ClassWeight = Readonly<Record<number, number>>;

/** One of something for a model with one output (or, of x, input); for several a list in their order, or an object by their names. */
export type PerOutput<T> = T | readonly T[] | Readonly<Record<string, T>>;

/** The options of `gradcheck`, and how the model's loss is made. */
export interface ModelGradcheckOptions extends Omit<GradcheckOptions, 'names' | 'constant'> {
  /** Whether the model runs as in training: dropout drops, batch normalization uses the batch's statistics. Default false. */
  training?: boolean;
  /** The weight of each example in the loss: [N] for each output, or of the shape of its loss. */
  sampleWeight?: PerOutput<TensorInput>;
  /** The weight of each class, as `model.fit` takes it: of targets that are one-hot [N,K] or class indices [N] or [N,1]. */
  classWeight?: PerOutput<ClassWeight>;
  /** Of a model that is no tf.LayersModel: its forward pass, where it is not `forward`, `call`, `apply` or `predict`. */
  forward?: ForwardOption;
}

const WHERE = 'gradcheckModel';

/**
 * Checks the gradient of the loss that `model` is trained by, `Σ mean(weight·loss(y, model(x)))` over its outputs plus its
 * regularization losses, by every trainable weight. The report names the weights as the model does.
 *
 * - model: a tf.LayersModel; or any object, layer or function with tf.Variables and a forward function that takes x, or each of a list x. Its variables are
 *   those in the option `variables`, else in its `trainableVariables`, `trainableWeights`, `variables`, `weights` or `parameters`, else in its properties,
 *   at any depth; its forward function is the option `forward`, else its `forward`, `call`, `apply` or `predict`. It needs a loss.
 * - x, y: one tensor (or numbers in arrays) for each input and output, as `model.fit` takes them; of shape [N], they stand for [N,1].
 * - loss: a name that `compile` knows (or its short form: mse, mae, mape, msle, kld, cosine), or a function; one for all
 *   outputs, or a list or an object with one for each. Left out, it is the one that the model was compiled with.
 * - Dropout and every other layer that draws random numbers by TensorFlow.js or `Math.random` draws the same ones in every evaluation,
 *   by `options.seed`. Stateful recurrent layers start from the state that they are in.
 *
 * The weights' own values, the moving averages that training changes, states and optimizer stay as they are, also after an error.
 *
 * @throws InputError for a model without trainable weights, an unknown loss, x, y or weights that do not fit the model, and as gradcheck does
 */
export async function gradcheckModel(
  model: object,
  x: PerOutput<TensorInput>,
  y: PerOutput<TensorInput>,
  loss?: PerOutput<ModelLoss>,
  options: ModelGradcheckOptions = {},
): Promise<GradcheckReport> {
  const { training, sampleWeight, classWeight, forward, ...rest } = options;
  const { variables, seed } = rest;
  if (!isObjectModel(model) && (forward !== undefined || variables !== undefined)) {
    throw new InputError(
      `${WHERE}: the options forward and variables are for models that are no tf.LayersModel: leave them out.`,
    );
  }
  const own = { training, sampleWeight, classWeight, forward, variables, seed };
  const { f, inputs, ...found } = lossOf(model, x, y, loss, own);
  return gradcheck(f, inputs, { ...rest, ...found });
}

/** Whether it is to be taken as an object with variables and a forward function. */
const isObjectModel = (model: unknown): model is object =>
  (typeof model === 'object' || typeof model === 'function') &&
  model !== null &&
  !(model instanceof tf.LayersModel);

/** An object's loss as a function of its variables, x and y being constant. */
function lossOfObject(
  model: object,
  x: PerOutput<TensorInput>,
  y: PerOutput<TensorInput>,
  loss: PerOutput<ModelLoss> | undefined,
  { training = false, sampleWeight, classWeight, forward: given, variables, seed = 1 }: ModelGradcheckOptions,
): LossOfWeights & Pick<GradcheckOptions, 'variables'> {
  if (sampleWeight !== undefined || classWeight !== undefined) {
    throw new InputError(
      `${WHERE}: sampleWeight and classWeight are for tf.LayersModels; of another model, put them into the loss.`,
    );
  }
  if (loss === undefined || loss === null) {
    throw new InputError(
      `${WHERE}: loss must be given for a model that is no tf.LayersModel: a name, or a function (y, prediction) => tensor.`,
    );
  }
  const forward = forwardOf(model, given, training);
  const listOf = (what: string, value: unknown): { name: string; input: TensorInput }[] => {
    if (isTensorInput(value)) return [{ name: what, input: value as TensorInput }];
    if (Array.isArray(value) && value.every(isTensorInput))
      return value.map((input: TensorInput, i) => ({ name: `${what} ${i}`, input }));
    throw new InputError(
      `${WHERE}: ${what} must be a tensor, numbers in arrays, or a list of tensors for each ${what === 'x' ? 'argument of the forward function' : 'output'}, got ${isRecord(value) ? 'an object' : String(value)}.`,
    );
  };
  const [xs, ys] = [listOf('x', x), listOf('y', y)];
  const losses = ys.map((_, i) => requiringShape(Array.isArray(loss) ? loss[i] : loss, `output ${i}`));
  const find = (): Record<string, tf.Variable> => variablesIn(model);
  let own = variables ?? find();
  if (Object.keys(own).length === 0) {
    // Layers make their weights when they are first applied.
    tf.tidy(
      () => void withFixedRandom(seed, () => forward(...xs.map(({ input }) => toTensor(WHERE, 'x', input)))),
    );
    own = find();
  }
  if (Object.keys(own).length === 0) {
    throw new InputError(
      `${WHERE}: the model has no trainable tf.Variables in its properties. Name them in the option variables.`,
    );
  }
  return {
    f: (...tensors) =>
      withFixedRandom(seed, () => {
        const result = forward(...tensors.slice(0, xs.length));
        const predictions = Array.isArray(result) ? result : [result];
        if (predictions.length !== ys.length) {
          throw new InputError(
            `${WHERE}: y must have one tensor for each output of the model: it has ${predictions.length} outputs, y ${ys.length}.`,
          );
        }
        return predictions
          .map((prediction, i) => tf.mean(losses[i](tensors[xs.length + i], prediction)))
          .reduce((sum, term) => tf.add(sum, term));
      }),
    inputs: [...xs, ...ys].map(({ input }) => input),
    names: [...xs, ...ys].map(({ name }) => name),
    constant: [...xs, ...ys].map((_, i) => i),
    variables: own,
  };
}

/** The loss of a model of either kind, as gradcheckModel takes it. */
export const lossOf = (
  model: object,
  x: PerOutput<TensorInput>,
  y: PerOutput<TensorInput>,
  loss?: PerOutput<ModelLoss>,
  options: ModelGradcheckOptions = {},
): LossOfWeights & Pick<GradcheckOptions, 'variables'> =>
  isObjectModel(model)
    ? lossOfObject(model, x, y, loss, options)
    : lossOfWeights(model as tf.LayersModel, x, y, loss, options);

/** A model's loss as a function of its trainable weights, the first inputs; the others are constant. */
export interface LossOfWeights {
  f: (...tensors: tf.Tensor[]) => tf.Tensor;
  inputs: TensorInput[];
  names: string[];
  constant: number[];
}

/** The function that gradcheckModel checks. */
export function lossOfWeights(
  model: tf.LayersModel,
  x: PerOutput<TensorInput>,
  y: PerOutput<TensorInput>,
  loss: PerOutput<ModelLoss> | undefined,
  { training = false, sampleWeight, classWeight, seed = 1 }: ModelGradcheckOptions = {},
): LossOfWeights {
  requireModel(model);
  const inputNames = namesOf(model.inputs);
  const outputNames = namesOf(model.outputs);
  const all = weightsOf(model);
  const weights = trainableWeightsOf(model);
  const losses = lossesOf(model, loss);
  const xs = eachOf('x', x, inputNames, isTensorInput) as TensorInput[];
  const ys = eachOf('y', y, outputNames, isTensorInput) as TensorInput[];
  const sampleWeights = optional<TensorInput>('sampleWeight', sampleWeight, outputNames, isTensorInput);
  const classWeights = optional<ClassWeight>('classWeight', classWeight, outputNames, isClassWeight);

  // The inputs that are held fast, with the output that each one belongs to.
  const inputs = weights.map((weight): TensorInput => weight.read());
  const names = weights.map(({ originalName }) => originalName);
  const add = (name: string, input: TensorInput): number => {
    names.push(name);
    return inputs.push(input) - 1;
  };
  const suffix = (list: readonly string[], i: number): string => (list.length > 1 ? ` ${list[i]}` : '');
  const fed = xs.map((input, i) => add(`x ${i}`, input));
  const outputs = ys.map((target, i) => ({
    target: add(`y${suffix(outputNames, i)}`, target),
    weights: [
      ...(sampleWeights[i] === undefined
        ? []
        : [add(`sampleWeight${suffix(outputNames, i)}`, sampleWeights[i])]),
      ...(classWeights[i] === undefined
        ? []
        : [add(`classWeight${suffix(outputNames, i)}`, weightsOfClasses(target, classWeights[i]))]),
    ],
  }));

  const evaluate = (tensors: readonly tf.Tensor[]): tf.Tensor => {
    const feed = fed.map((i) => asBatch(tensors[i]));
    const result = model.apply(feed.length === 1 ? feed[0] : feed, { training }) as tf.Tensor | tf.Tensor[];
    const predictions = Array.isArray(result) ? result : [result];
    const means = outputs.map(({ target, weights: own }, i) => {
      const value = losses[i](asBatch(tensors[target]), predictions[i]);
      return tf.mean(own.reduce((sum, k) => weighted(sum, tensors[k]), value));
    });
    return [...means, ...model.calculateLosses()].reduce((sum, term) => tf.add(sum, term));
  };
  return {
    f: (...tensors) =>
      withWeights(all, weights, tensors.slice(0, weights.length), () =>
        withRecurrentState(model, () => withFixedRandom(seed, () => evaluate(tensors))),
      ),
    inputs,
    names,
    constant: Array.from({ length: inputs.length - weights.length }, (_, i) => weights.length + i),
  };
}

function requireModel(model: tf.LayersModel): void {
  if (!(model instanceof tf.LayersModel)) {
    throw new InputError(
      `${WHERE}: model must be a tf.LayersModel (tf.model, tf.sequential), got ${typeof model}.`,
    );
  }
  if (model.outputs.length === 0) {
    throw new InputError(
      `${WHERE}: the model is not built, so that it has no weights yet. Give its first layer an inputShape.`,
    );
  }
  if (model.trainableWeights.length === 0) {
    throw new InputError(`${WHERE}: the model has no trainable weights: there is nothing to check.`);
  }
}

/** The names of a model's inputs or outputs: those of their layers. A Sequential has `outputNames` only once it was used. */
const namesOf = (tensors: readonly tf.SymbolicTensor[]): string[] =>
  tensors.map(({ sourceLayer }) => sourceLayer.name);

/** The loss function of every output; one that `compile` knows by name takes targets of the shapes that `fit` takes. */
function lossesOf(model: tf.LayersModel, given: PerOutput<ModelLoss> | undefined): ModelLossFunction[] {
  const loss = given ?? (model.loss as PerOutput<ModelLoss> | undefined);
  if (loss === undefined || loss === null) {
    throw new InputError(
      `${WHERE}: the model was not compiled, so that loss must be given: a name, a function, or one of them for each output.`,
    );
  }
  const outputNames = namesOf(model.outputs);
  const isLoss = (value: unknown): boolean => typeof value === 'string' || typeof value === 'function';
  const list = isLoss(loss) ? outputNames.map(() => loss) : eachOf('loss', loss, outputNames, isLoss);
  return list.map((one, i) => requiringShape(one, `the output ${outputNames[i]}`));
}

/** A loss; one that is given by its name refuses targets of other shapes than `fit` takes, where it would broadcast. */
function requiringShape(loss: unknown, output: string): ModelLossFunction {
  const value = lossFunction(loss);
  if (typeof loss === 'function') return value;
  return (target, prediction) => {
    const shape =
      loss === 'sparseCategoricalCrossentropy' ? [...prediction.shape.slice(0, -1), 1] : prediction.shape;
    if (!tf.util.arraysEqual(target.shape, shape)) {
      throw new InputError(
        `${WHERE}: y must have shape ${shapeText(shape)} for the loss ${String(loss)} of ${output}, got ${shapeText(target.shape)}.`,
      );
    }
    return value(target, prediction);
  };
}

/** Tensors of shape [N] stand for [N,1], as `fit`, `evaluate` and `predict` have it. */
const asBatch = (tensor: tf.Tensor): tf.Tensor =>
  tensor.rank === 1 ? tf.reshape(tensor, [tensor.size, 1]) : tensor;

/** `weight·loss`, for weights whose shape is that of the loss or of its first axes. */
function weighted(loss: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  const leading = loss.shape.slice(0, weight.rank);
  if (weight.rank === 0 || !tf.util.arraysEqual(leading, weight.shape)) {
    throw new InputError(
      `${WHERE}: sampleWeight and classWeight give weights of shape ${shapeText(weight.shape)}, which do not fit a loss of shape ${shapeText(loss.shape)}: one weight an example is wanted, and a loss that has one number for each.`,
    );
  }
  return tf.mul(loss, tf.reshape(weight, [...weight.shape, ...loss.shape.slice(weight.rank).map(() => 1)]));
}

/** The weight of every example's class, as `fit` finds it. */
function weightsOfClasses(y: TensorInput, classWeight: ClassWeight): number[] {
  const classes = tf.tidy(() => {
    const target = asBatch(toTensor(WHERE, 'y', y));
    if (target.rank !== 2 || target.shape[1] === 0) {
      throw new InputError(
        `${WHERE}: classWeight needs targets that are one-hot [N,K] or class indices [N] or [N,1], got ${shapeText(target.shape)}.`,
      );
    }
    return Array.from(target.shape[1] === 1 ? target.dataSync() : tf.argMax(target, 1).dataSync());
  });
  return classes.map((index) => {
    const weight: unknown = Object.hasOwn(classWeight, index) ? classWeight[index] : undefined;
    if (typeof weight !== 'number') {
      throw new InputError(
        `${WHERE}: classWeight must have a weight for every class in y; it has none for ${index}.`,
      );
    }
    return weight;
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !ArrayBuffer.isView(value) &&
  !(value instanceof tf.Tensor);

/** A list that holds tensors is one of inputs or outputs, not one input of numbers. */
const isTensorInput = (value: unknown): boolean =>
  typeof value === 'number' ||
  value instanceof tf.Tensor ||
  ArrayBuffer.isView(value) ||
  (Array.isArray(value) && !value.some((item) => item instanceof tf.Tensor));

const isClassWeight = (value: unknown): boolean =>
  isRecord(value) && Object.values(value).every((weight) => typeof weight === 'number');

/** What was given for each of the model's inputs or outputs, in their order. */
function eachOf<T>(
  what: string,
  given: PerOutput<T>,
  names: readonly string[],
  isOne: (value: unknown) => boolean,
  mayLack = false,
): (T | undefined)[] {
  const isGood = (value: unknown): boolean => isOne(value) || (mayLack && (value ?? undefined) === undefined);
  if (names.length === 1 && isOne(given)) return [given as T];
  if (Array.isArray(given) && given.length === names.length && given.every(isGood)) {
    return given.map((one: T | null) => one ?? undefined);
  }
  if (isRecord(given) && Object.keys(given).every((name) => names.includes(name))) {
    const list = names.map((name) => (given as Record<string, T | null>)[name] ?? undefined);
    if (list.every(isGood)) return list;
  }
  const got = Array.isArray(given)
    ? `a list of ${given.length}`
    : isRecord(given)
      ? `an object with the keys ${Object.keys(given).join(', ')}`
      : given instanceof tf.Tensor
        ? 'one tensor'
        : String(given);
  throw new InputError(
    names.length === 1
      ? `${WHERE}: ${what} must be given for the one ${what === 'x' ? 'input' : 'output'} of the model, by itself or as {${names[0]}: …}, got ${got}.`
      : `${WHERE}: ${what} must be a list of ${names.length}, one for each ${what === 'x' ? 'input' : 'output'} of the model, or an object with the keys ${names.join(', ')}, got ${got}.`,
  );
}

const optional = <T>(
  what: string,
  given: PerOutput<T> | undefined,
  names: readonly string[],
  isOne: (value: unknown) => boolean,
): (T | undefined)[] =>
  given === undefined || given === null
    ? names.map(() => undefined)
    : eachOf(what, given, names, isOne, true);

/** What the model makes of x with these tensors in the places of all its weights, which stay as they are. */
export function applyWithWeights(
  model: tf.LayersModel,
  values: readonly tf.Tensor[],
  x: tf.Tensor,
  training: boolean,
): tf.Tensor {
  const all = weightsOf(model);
  if (values.length !== all.length) {
    throw new InputError(
      `applyWithWeights: the model has ${all.length} weights, got ${values.length} tensors for them.`,
    );
  }
  return withWeights(all, all, values, () => model.apply(x, { training }) as tf.Tensor);
}
