/**
 * Structured differences of any dense network, by tf ops.
 *
 * Moving W_l[i,j] by ±h moves one pre-activation of each example n by δ = ±h·z[n,i], z the layer's input, and nothing else.
 * What that does to the layers above is followed as a change, Δz = φ(a + Δa) - φ(a) and Δa = Δz·W, and ends as a change of
 * the example's loss; both are in forms that do not cancel (differences.ts). So an entry of the gradient is a sum of
 * differences that depend on example, unit and δ alone: none where z[n,i] is 0, and equal inputs of an example share one.
 */
import * as tf from '@tensorflow/tfjs';
import { activationByName } from '../functions/activations.js';
import { activationDifference, lossDifference, type Difference, type LossDifference } from './differences.js';
import type { DifferentiableNetwork, NamedTensors } from './gradient-method.js';
import { addRow, movesOf, type Moves } from './moves.js';

/** A network around one batch. Layers count from 0. */
interface State {
  /** The weights of every layer, [D, D']. */
  weights: tf.Tensor2D[];
  /** The inputs of every layer, [N, D]. */
  inputs: tf.Tensor[];
  /** The difference of every hidden layer's activation. */
  hidden: Difference[];
  loss: LossDifference;
  /** The loss at the parameters, where it is the root of a mean. */
  root?: number;
}

/** Tensors of a chunk's size that are alive at once, at the most. */
const LIVE_TENSORS = 24;

/** Bytes of a tensor beyond which the native backend takes twice as long for each of its entries. */
const FASTEST_CHUNK = 2 ** 20;

/** The gradients of all parameters, for targets of the outputs' shape. `memoryLimit` is in bytes. */
export function tensorDifferences(
  network: DifferentiableNetwork,
  x: tf.Tensor,
  target: tf.Tensor,
  h: number,
  memoryLimit: number,
): NamedTensors {
  return tf.tidy(() => {
    const state = forwardPass(network, x, target);
    const chunk = Math.max(1, Math.floor(Math.min(memoryLimit / LIVE_TENSORS, FASTEST_CHUNK) / 4));
    return Object.fromEntries(state.weights.flatMap((_, layer) => layerGradients(state, layer, h, chunk)));
  });
}

function forwardPass(network: DifferentiableNetwork, x: tf.Tensor, target: tf.Tensor): State {
  const { structure, parameters } = network;
  const depth = structure.sizes.length - 1;
  const weights: tf.Tensor2D[] = [];
  const inputs = [tf.reshape(x, [-1, structure.sizes[0]])];
  const hidden: Difference[] = [];
  let a: tf.Tensor = inputs[0];
  for (let layer = 0; layer < depth; layer++) {
    weights.push(parameters[`W${layer + 1}`] as tf.Tensor2D);
    a = tf.add(tf.matMul(inputs[layer] as tf.Tensor2D, weights[layer]), parameters[`b${layer + 1}`]);
    if (layer === depth - 1) break;
    hidden.push(activationDifference[structure.hidden[layer]](a));
    inputs.push(activationByName[structure.hidden[layer]](a));
  }
  const isRoot = structure.loss === 'rootMeanSquaredError';
  return {
    weights,
    inputs,
    hidden,
    loss: lossDifference(structure, a, target),
    root: isRoot
      ? network.lossAt(parameters, x, tf.reshape(target, x.rank === 1 ? [-1] : target.shape)).dataSync()[0]
      : undefined,
  };
}

function layerGradients(state: State, layer: number, h: number, chunk: number): [string, tf.Tensor][] {
  const { inputs, weights, loss, root } = state;
  const [examples, size] = inputs[layer].shape as [number, number];
  const units = weights[layer].shape[1];
  const moves = movesOf(inputs[layer].dataSync(), examples, size);
  const widest = Math.max(...weights.slice(layer).map(({ shape }) => shape[1]));
  // Units at a time, then moves at a time: both where a single move of all units is too large already.
  const unitsAtOnce = Math.min(units, Math.max(1, Math.floor(chunk / widest)));
  const rows = Math.max(1, Math.floor(chunk / (widest * unitsAtOnce)));
  /** Of +h and of -h where a root is taken of their sums; else their difference alone. */
  const sums = Array.from({ length: root === undefined ? 1 : 2 }, () => new Float64Array((size + 1) * units));

  for (let unit = 0; unit < units; unit += unitsAtOnce) {
    const count = Math.min(unitsAtOnce, units - unit);
    const evaluate = unitDifferences(state, layer, moves, unit, count);
    for (let start = 0; start < moves.input.length; start += rows) {
      const end = Math.min(start + rows, moves.input.length);
      // Read outside of tidy, which would walk through a returned array in search of tensors.
      const changes = tf.tidy(() => {
        const [ahead, behind] = [evaluate(start, end, h), evaluate(start, end, -h)];
        return root === undefined ? [tf.sub(ahead, behind)] : [ahead, behind];
      });
      changes.forEach((change, side) => {
        const values = change.dataSync();
        for (let u = start; u < end; u++) {
          const from = (u - start) * count;
          for (let c = moves.first[u]; c < moves.first[u + 1]; c++) {
            addRow(sums[side], moves.columns[c] * units + unit, values, from, count);
          }
        }
        change.dispose();
      });
    }
  }
  const differences =
    root === undefined ? sums[0].map((sum) => sum / loss.count) : rootDifferences(sums, loss.count, root);
  const gradient = new Float32Array(differences.map((difference) => difference / (2 * h)));
  return [
    [`W${layer + 1}`, tf.tensor(gradient.subarray(0, size * units), [size, units])],
    [`b${layer + 1}`, tf.tensor(gradient.subarray(size * units), [units])],
  ];
}

/** `√(M + D₊) - √(M + D₋) = (D₊ - D₋) / (√(M + D₊) + √(M + D₋))`, M the mean square and D its changes. */
function rootDifferences([ahead, behind]: Float64Array[], count: number, root: number): Float64Array {
  return ahead.map((sum, i) => {
    const [plus, minus] = [sum / count, behind[i] / count];
    const roots = Math.sqrt(Math.max(root ** 2 + plus, 0)) + Math.sqrt(Math.max(root ** 2 + minus, 0));
    return roots === 0 ? 0 : (plus - minus) / roots;
  });
}

/** The changes of the loss, [end - start, count], by a move of h times the input of units `unit` … `unit + count - 1` of a layer. */
function unitDifferences(
  { weights, hidden, loss }: State,
  layer: number,
  { example, input }: Moves,
  unit: number,
  count: number,
): (start: number, end: number, h: number) => tf.Tensor {
  const last = weights.length - 1;
  /** What the change of a unit's own output does to the pre-activations above, [units, D]; a logit is its own. */
  const fan =
    layer === last
      ? tf.slice(tf.eye(weights[last].shape[1]), [unit, 0], [count, -1])
      : tf.slice(weights[layer + 1], [unit, 0], [count, -1]);
  return (start, end, step) => {
    const rows = tf.tensor1d(example.subarray(start, end), 'int32');
    const pickUnits = (x: tf.Tensor): tf.Tensor => tf.gather(tf.slice(x, [0, unit], [-1, count]), rows);
    const pick = (x: tf.Tensor): tf.Tensor => tf.expandDims(tf.gather(x, rows), 1);
    const delta = tf.tensor2d(
      Float32Array.from(input.subarray(start, end), (value) => value * step),
      [end - start, 1],
    );
    const own = layer === last ? tf.tile(delta, [1, count]) : hidden[layer](pickUnits, delta);
    let change: tf.Tensor = tf.mul(tf.expandDims(own, 2), tf.expandDims(fan, 0));
    for (let above = layer + 1; above < last; above++) {
      const z = hidden[above](pick, change);
      const [, width] = weights[above].shape;
      const flat = tf.reshape<tf.Rank.R2>(z, [-1, width]);
      change = tf.reshape(tf.matMul(flat, weights[above + 1]), [end - start, count, -1]);
    }
    return loss.change(pick, change);
  };
}
