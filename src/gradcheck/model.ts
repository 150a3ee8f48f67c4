/** The gradient check of a whole model: every trainable weight of a tf.LayersModel. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import type { TensorInput } from '../functions/arguments.js';
import { gradcheck } from './gradcheck.js';
import type { GradcheckOptions, GradcheckReport } from './report/report.js';

/** `loss(target, prediction)`, a tensor of any shape; or the name of one of TensorFlow.js' losses. */
export type ModelLoss = LossByName | ((target: tf.Tensor, prediction: tf.Tensor) => tf.Tensor);

export type LossByName = keyof typeof lossByName;

const { metrics } = tf;
const lossByName = {
  meanSquaredError: metrics.meanSquaredError,
  meanAbsoluteError: metrics.meanAbsoluteError,
  meanAbsolutePercentageError: metrics.meanAbsolutePercentageError,
  binaryCrossentropy: metrics.binaryCrossentropy,
  categoricalCrossentropy: metrics.categoricalCrossentropy,
};

export interface ModelGradcheckOptions extends Omit<GradcheckOptions, 'names' | 'constant'> {
  /** Whether the model runs as in training: dropout drops (give its layers seeds), batch normalization uses the batch's statistics. Default false. */
  training?: boolean;
}

/** A weight as tfjs-layers keeps it; `read` is what layers call in their forward pass. */
interface LayerVariable {
  readonly originalName: string;
  readonly trainable: boolean;
  read(): tf.Tensor;
  write(value: tf.Tensor): unknown;
}

/**
 * Checks the gradient of `loss(y, model(x))`, plus the model's regularization losses, by every trainable weight. The report
 * names the weights as the model does.
 *
 * The weights' own values, and the moving averages that training changes, stay as they are.
 *
 * @throws InputError for a model without trainable weights or with several outputs, an unknown loss, and as gradcheck does
 */
export async function gradcheckModel(
  model: tf.LayersModel,
  x: TensorInput | readonly TensorInput[],
  y: TensorInput,
  loss: ModelLoss,
  { training = false, ...options }: ModelGradcheckOptions = {},
): Promise<GradcheckReport> {
  const where = 'gradcheckModel';
  if (!(model instanceof tf.LayersModel)) {
    throw new InputError(
      `${where}: model must be a tf.LayersModel (tf.model, tf.sequential), got ${typeof model}.`,
    );
  }
  if (model.outputs.length !== 1) {
    throw new InputError(
      `${where}: the model must have one output, it has ${model.outputs.length}. Check a function of its outputs with gradcheck.`,
    );
  }
  const lossOf = typeof loss === 'function' ? loss : lossByName[loss];
  if (typeof lossOf !== 'function') {
    throw new InputError(
      `${where}: loss must be a function of target and prediction, or one of ${Object.keys(lossByName).join(', ')}, got ${JSON.stringify(loss)}.`,
    );
  }
  const all = model.weights as unknown as LayerVariable[];
  const weights = model.trainableWeights as unknown as LayerVariable[];
  if (weights.length === 0)
    throw new InputError(`${where}: the model has no trainable weights: there is nothing to check.`);
  const xs = (model.inputs.length === 1 ? [x] : x) as TensorInput[];
  if (!Array.isArray(xs) || xs.length !== model.inputs.length) {
    throw new InputError(
      `${where}: the model has ${model.inputs.length} inputs: x must be a list of as many tensors.`,
    );
  }

  const evaluate = (...tensors: tf.Tensor[]): tf.Tensor => {
    const values = tensors.slice(0, weights.length);
    const inputs = tensors.slice(weights.length, -1);
    const [target] = tensors.slice(-1);
    return withWeights(all, weights, values, () => {
      const prediction = model.apply(inputs.length === 1 ? inputs[0] : inputs, { training }) as tf.Tensor;
      return model
        .calculateLosses()
        .reduce((sum: tf.Tensor, penalty) => tf.add(sum, penalty), tf.mean(lossOf(target, prediction)));
    });
  };
  const names = [...weights.map(({ originalName }) => originalName), ...xs.map((_, i) => `x ${i}`), 'y'];
  const constant = [...xs.keys(), xs.length].map((i) => weights.length + i);
  return gradcheck(evaluate, [...weights.map((weight) => weight.read()), ...xs, y], {
    ...options,
    names,
    constant,
  });
}

/** Runs `f` with the trainable weights replaced by tensors, and every write to a weight left undone. */
function withWeights<T>(
  all: readonly LayerVariable[],
  weights: readonly LayerVariable[],
  values: readonly tf.Tensor[],
  f: () => T,
): T {
  try {
    for (const weight of all) weight.write = () => weight;
    weights.forEach((weight, i) => {
      weight.read = () => values[i];
    });
    return f();
  } finally {
    for (const weight of all) {
      Reflect.deleteProperty(weight, 'write');
      Reflect.deleteProperty(weight, 'read');
    }
  }
}

/** What the model makes of x with these tensors in the places of all its weights, which stay as they are. */
export function applyWithWeights(
  model: tf.LayersModel,
  values: readonly tf.Tensor[],
  x: tf.Tensor,
  training: boolean,
): tf.Tensor {
  const all = model.weights as unknown as LayerVariable[];
  if (values.length !== all.length) {
    throw new InputError(
      `applyWithWeights: the model has ${all.length} weights, got ${values.length} tensors for them.`,
    );
  }
  return withWeights(all, all, values, () => model.apply(x, { training }) as tf.Tensor);
}
