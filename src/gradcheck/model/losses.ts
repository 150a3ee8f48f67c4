/** The losses that `LayersModel.compile` takes, by their names. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../errors.js';

/** `loss(target, prediction)`, a tensor of any shape, of which the mean counts. */
export type ModelLossFunction = (target: tf.Tensor, prediction: tf.Tensor) => tf.Tensor;

/** The names that `compile` knows. TensorFlow.js keeps its table to itself. */
const names = [
  'binaryCrossentropy',
  'categoricalCrossentropy',
  'categoricalHinge',
  'cosineProximity',
  'hinge',
  'kullbackLeiblerDivergence',
  'logcosh',
  'meanAbsoluteError',
  'meanAbsolutePercentageError',
  'meanSquaredError',
  'meanSquaredLogarithmicError',
  'poisson',
  'sparseCategoricalCrossentropy',
  'squaredHinge',
] as const;

/** What Keras and `tf.metrics` call some of them for short; `compile` itself does not. */
const aliases = {
  mse: 'meanSquaredError',
  MSE: 'meanSquaredError',
  mae: 'meanAbsoluteError',
  MAE: 'meanAbsoluteError',
  mape: 'meanAbsolutePercentageError',
  MAPE: 'meanAbsolutePercentageError',
  msle: 'meanSquaredLogarithmicError',
  MSLE: 'meanSquaredLogarithmicError',
  kld: 'kullbackLeiblerDivergence',
  KLD: 'kullbackLeiblerDivergence',
  cosine: 'cosineProximity',
} as const;

/** The losses that `model.compile` knows by name, with their short names. */
export type LossByName = (typeof names)[number] | keyof typeof aliases;

/** A loss by name, or a function. */
export type ModelLoss = LossByName | ModelLossFunction;

export const LOSS_NAMES: readonly LossByName[] = [...names, ...(Object.keys(aliases) as LossByName[])];

/**
 * The function of a loss.
 *
 * @throws InputError, with the names there are, for anything else
 */
export function lossFunction(loss: unknown): ModelLossFunction {
  if (typeof loss === 'function') return loss as ModelLossFunction;
  if (!LOSS_NAMES.includes(loss as LossByName)) {
    throw new InputError(
      `gradcheckModel: loss must be a function of target and prediction, or one of ${LOSS_NAMES.join(', ')}, got ${JSON.stringify(loss)}.`,
    );
  }
  const name = loss as LossByName;
  const known = Object.hasOwn(aliases, name) ? aliases[name as keyof typeof aliases] : name;
  // A model that has nothing but its input: compiling it is the only way to the function.
  probe ??= identityModel();
  const optimizer = tf.train.sgd(0);
  probe.compile({ optimizer, loss: known });
  optimizer.dispose();
  return probe.lossFunctions[0];
}

let probe: tf.LayersModel | undefined;

/** Its names are given, so that the numbers in those that other layers and models get do not change. */
function identityModel(): tf.LayersModel {
  const input = tf.input({ shape: [1], name: 'gradparity_loss' });
  return tf.model({ inputs: input, outputs: input, name: 'gradparity_loss_model' });
}
