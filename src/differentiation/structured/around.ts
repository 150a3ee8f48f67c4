/** A dense network around one batch: what the differences of its layers and of its loss are made from. */
import * as tf from '@tensorflow/tfjs';
import { activationByName, sigmoid, softmax } from '../../functions/activations.js';
import { activationDifference, type Around, type Differentiable } from '../differences.js';
import type { DifferentiableNetwork } from '../gradient-method.js';
import { outputDifference } from '../loss-differences.js';
import { lossRow } from '../losses.js';

/** A function on the way from a pre-activation to the loss, around its values for the batch. */
export interface Step extends Around {
  radius: number;
  isLinear: boolean;
  /** 1 over the distance to the kink, [N,1,D]; undefined where there is none. */
  perKink?: tf.Tensor;
}

/** A network around one batch. Layers count from 0; values have the shape [N,1,D]. */
export interface State {
  /** The weights of every layer, [D,D']. */
  weights: tf.Tensor2D[];
  /** The inputs of every layer, [N,D]. */
  inputs: tf.Tensor2D[];
  /** The activation of every hidden layer. */
  hidden: Step[];
  /** The output's activation, where the loss does not start from the logits, and the loss. */
  output?: Step;
  loss: Step;
  /** How many single losses the loss is the mean of; 1 where it is their sum. */
  count: number;
  /** The loss at the parameters; and whether it is the root of a mean. */
  value: number;
  isRoot: boolean;
}

/** No distance counts as less: its inverse is finite. */
const LEAST_DISTANCE = 1e-30;

function stepAround({ around, radius, isLinear = false, kink }: Differentiable, a: tf.Tensor): Step {
  return {
    ...around(a),
    radius,
    isLinear,
    perKink: kink && tf.div(1, tf.maximum(kink(a), LEAST_DISTANCE)),
  };
}

const outputs = { sigmoid, softmax };

/** The forward pass, for targets t as the loss takes them; `targetOf` has them as [N,outputs]. */
export function stateOf(
  network: DifferentiableNetwork,
  x: tf.Tensor,
  t: tf.Tensor,
  targetOf: () => tf.Tensor,
): State {
  const { structure, parameters } = network;
  const { output, loss, epsilon } = structure;
  const depth = structure.sizes.length - 1;
  const weights: tf.Tensor2D[] = [];
  const inputs = [tf.reshape<tf.Rank.R2>(x, [-1, structure.sizes[0]])];
  const hidden: Step[] = [];
  const examples = inputs[0].shape[0];
  const spread = (values: tf.Tensor): tf.Tensor => tf.reshape(values, [examples, 1, -1]);
  let a: tf.Tensor = inputs[0];
  for (let layer = 0; layer < depth; layer++) {
    weights.push(parameters[`W${layer + 1}`] as tf.Tensor2D);
    a = tf.add(tf.matMul(inputs[layer], weights[layer]), parameters[`b${layer + 1}`]);
    if (layer === depth - 1) break;
    const activation = structure.hidden[layer];
    hidden.push(stepAround(activationDifference[activation], spread(a)));
    inputs.push(activationByName[activation](a) as tf.Tensor2D);
  }
  const { difference, singles, whole } = lossRow(loss);
  const single = x.rank === 1 ? tf.reshape(a, [structure.sizes[depth]]) : a;
  // Refuses targets that do not fit.
  const value = (network.lossOfLogits?.(single, t) ?? network.lossAt(parameters, x, t)).dataSync()[0];
  const count = singles === 'example' ? examples : examples * structure.sizes[depth];
  const [logits, target] = [spread(a), spread(targetOf())];
  const state = {
    weights,
    inputs,
    hidden,
    count: whole === 'sum' ? 1 : count,
    value,
    isRoot: whole === 'root',
  };
  if ('ofLogits' in difference) {
    return { ...state, loss: stepAround(difference.ofLogits(target, epsilon), logits) };
  }
  const y = output === 'identity' ? logits : outputs[output](logits);
  return {
    ...state,
    output: output === 'identity' ? undefined : stepAround(outputDifference[output], logits),
    loss: stepAround(difference.ofResiduals, tf.sub(y, target)),
  };
}

/** The weights by which a change of a layer's units goes on to the layer above, [units,D]; a logit goes on as it is. */
export const outgoing = ({ weights, hidden }: State, layer: number): tf.Tensor2D =>
  layer === hidden.length ? tf.eye(weights[layer].shape[1]) : weights[layer + 1];
