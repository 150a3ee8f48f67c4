/** Samples of a layer: the differences of the loss by a few moves of every example's every unit. */
import * as tf from '@tensorflow/tfjs';
import type { Pick } from '../differences.js';
import { outgoing, type State } from './around.js';
import { follow, formFor, shareOfWay, widestAbove } from './follow.js';

/** By the moves ±R·√s_k of every example and unit, [K,N,units]. */
export interface Samples extends tf.TensorContainerObject {
  /** L(a + δ) - L(a - δ). */
  odd: tf.Tensor;
  /** L(a + δ) + L(a - δ) - 2L(a). */
  even: tf.Tensor;
  /** The share of the way to the nearest kink that the largest move goes; undefined where there is none on the way. */
  towardsKink?: tf.Tensor2D;
  /** 1/Λ; see sampling.ts. */
  reach: number;
}

/** The samples of a layer whose largest moves are R, [N]. `chunk`: numbers in a tensor. To be called within tf.tidy. */
export function sampleLayer(
  state: State,
  layer: number,
  R: Float32Array,
  nodes: readonly number[],
  chunk: number,
): Samples {
  const [examples, units] = [R.length, state.weights[layer].shape[1]];
  const widest = widestAbove(state, layer);
  const moves = 2 * nodes.length * widest;
  // Units at a time, then examples at a time: both where a single example of all units is too large already.
  const unitsAtOnce = Math.min(units, Math.max(1, Math.floor(chunk / moves)));
  const rows = Math.min(examples, Math.max(1, Math.floor(chunk / (moves * unitsAtOnce))));
  const columns: Samples[] = [];
  for (let unit = 0; unit < units; unit += unitsAtOnce) {
    const fan = fanOf(state, layer, unit, Math.min(unitsAtOnce, units - unit));
    const parts: Samples[] = [];
    for (let row = 0; row < examples; row += rows) {
      const largest = R.subarray(row, row + rows);
      parts.push(tf.tidy(() => sampleChunk(state, layer, largest, row, fan, unit, nodes)));
    }
    columns.push(joined(parts, 0));
  }
  return joined(columns, 1);
}

function joined(parts: Samples[], axis: number): Samples {
  if (parts.length === 1) return parts[0];
  const join = (of: (part: Samples) => tf.Tensor): tf.Tensor => tf.concat(parts.map(of), axis + 1);
  const kinks = parts.flatMap(({ towardsKink }) => towardsKink ?? []);
  return {
    odd: join(({ odd }) => odd),
    even: join(({ even }) => even),
    towardsKink: kinks.length > 0 ? tf.concat(kinks, axis) : undefined,
    reach: Math.max(...parts.map(({ reach }) => reach)),
  };
}

/** What the change of some units' own outputs does to the pre-activations above, [1,units,D]. */
function fanOf(state: State, layer: number, unit: number, count: number): tf.Tensor3D {
  const all = outgoing(state, layer);
  return tf.expandDims(count === all.shape[0] ? all : tf.slice(all, [unit, 0], [count, -1]), 0);
}

function sampleChunk(
  state: State,
  layer: number,
  R: Float32Array,
  row: number,
  fan: tf.Tensor3D,
  unit: number,
  nodes: readonly number[],
): Samples {
  const [rows, units, sides] = [R.length, fan.shape[1], 2 * nodes.length];
  const whole = rows === state.inputs[0].shape[0];
  const pick: Pick = (x) => (whole ? x : tf.slice(x, [row, 0, 0], [rows, -1, -1]));
  const pickUnits: Pick = (x) =>
    whole && units === x.shape[2] ? x : tf.slice(x, [row, 0, unit], [rows, -1, units]);
  const steps = nodes.map(Math.sqrt);
  const multiples = [...steps, ...steps.map((step) => -step)];
  const moves = tf.tensor3d(R, [rows, 1, 1]);
  const largest = R.reduce((most, r) => Math.max(most, r), 0);
  const isLogit = layer === state.hidden.length;
  const step = isLogit ? undefined : state.hidden[layer];
  const isLinear = step?.isLinear ?? true;

  let own: tf.Tensor;
  const kinks: tf.Tensor[] = [];
  if (!step) {
    own = tf.mul(moves, tf.ones([1, units, 1]));
  } else {
    const delta = isLinear ? moves : tf.mul(moves, tf.tensor3d(multiples, [1, sides, 1]));
    own = step[formFor(step, largest, false)](pickUnits, delta);
    if (step.perKink) {
      const shares = shareOfWay(tf.expandDims(moves, 3), tf.expandDims(pickUnits(step.perKink), 3), false);
      kinks.push(shares);
    }
  }
  const end = follow(state, {
    layer,
    own: tf.reshape(own, [rows, -1, 1]),
    fan: isLinear ? fan : tf.concat(new Array<tf.Tensor3D>(sides).fill(fan), 1),
    multiples: isLinear ? multiples : undefined,
    pick,
    overKinks: false,
  });
  const changes = tf.reshape<tf.Rank.R4>(end.change, [rows, 2, nodes.length, units]);
  const side = (index: number): tf.Tensor => {
    const one = tf.reshape(tf.slice(changes, [0, index, 0, 0], [-1, 1, -1, -1]), [rows, nodes.length, units]);
    return nodes.length === 1 ? tf.reshape(one, [1, rows, units]) : tf.transpose(one, [1, 0, 2]);
  };
  const [plus, minus] = [side(0), side(1)];
  const shares = [...kinks, ...end.towardsKinks].map((share) =>
    tf.max<tf.Tensor2D>(tf.reshape(share, [rows, -1, units]), 1),
  );
  return {
    odd: tf.sub(plus, minus),
    even: tf.add(plus, minus),
    towardsKink: shares.length > 0 ? shares.reduce((a, b) => tf.maximum(a, b)) : undefined,
    reach: end.reach + (step && step.radius < Infinity ? largest / step.radius : 0),
  };
}
