/** Differences move by move: of the examples and units that come over a kink, or of all where a layer has few moves. */
import * as tf from '@tensorflow/tfjs';
import type { Pick } from '../differences.js';
import { outgoing, type State } from './around.js';
import { follow, formFor, widestAbove } from './follow.js';
import { movesOf, type Moves } from './moves.js';

/** Σ over the examples of odd and even differences (see samples.ts) for every parameter, [D + 1, units], the biases last. */
export interface Sums {
  odd: Float64Array;
  even: Float64Array;
}

/** An example and a unit of a layer, and the moves of its pre-activation. */
interface Pair {
  example: number;
  unit: number;
  moves: Moves;
  /** The moves from here up to there. */
  from: number;
  to: number;
}

/** The sums over those examples and units that `flags`, [N,units], name. `chunk`: numbers in a tensor. */
export function oneByOne(
  state: State,
  layer: number,
  h: number,
  flags: ArrayLike<number>,
  chunk: number,
): Sums {
  const [inputs, units] = state.weights[layer].shape;
  const examples = state.inputs[layer].shape[0];
  const widest = widestAbove(state, layer);
  const most = Math.max(1, Math.floor(chunk / (2 * widest)));
  const values = state.inputs[layer].dataSync();
  const sums = { odd: new Float64Array((inputs + 1) * units), even: new Float64Array((inputs + 1) * units) };
  let waiting: Pair[] = [];
  let longest = 0;
  const evaluate = (): void => {
    if (waiting.length > 0) addChanges(sums, state, layer, h, waiting, longest);
    waiting = [];
    longest = 0;
  };
  for (let example = 0; example < examples; example++) {
    let moves: Moves | undefined;
    for (let unit = 0; unit < units; unit++) {
      if (!flags[example * units + unit]) continue;
      moves ??= movesOf(values, example * inputs, inputs);
      for (let from = 0; from < moves.input.length; from += most) {
        const to = Math.min(from + most, moves.input.length);
        const length = Math.max(longest, to - from);
        if ((waiting.length + 1) * length > most) evaluate();
        longest = Math.max(longest, to - from);
        waiting.push({ example, unit, moves, from, to });
      }
    }
  }
  evaluate();
  return sums;
}

function addChanges(
  { odd, even }: Sums,
  state: State,
  layer: number,
  h: number,
  pairs: Pair[],
  longest: number,
): void {
  const units = state.weights[layer].shape[1];
  // Rows shorter than the longest end in moves of 0.
  const moves = new Float32Array(pairs.length * 2 * longest);
  pairs.forEach(({ moves: { input }, from, to }, p) => {
    for (let u = from; u < to; u++) {
      const at = p * 2 * longest + (u - from);
      moves[at] = h * input[u];
      moves[at + longest] = -h * input[u];
    }
  });
  const changes = tf.tidy(() => changesOf(state, layer, pairs, moves).dataSync());
  pairs.forEach(({ unit, moves: { columns, first }, from, to }, p) => {
    for (let u = from; u < to; u++) {
      const at = p * 2 * longest + (u - from);
      const [plus, minus] = [changes[at], changes[at + longest]];
      for (let c = first[u]; c < first[u + 1]; c++) {
        odd[columns[c] * units + unit] += plus - minus;
        even[columns[c] * units + unit] += plus + minus;
      }
    }
  });
}

/** The changes of the loss by moves [pairs, moves] of each pair's pre-activation. */
function changesOf(state: State, layer: number, pairs: Pair[], moves: Float32Array): tf.Tensor {
  const units = state.weights[layer].shape[1];
  const indices = (of: (pair: Pair) => number): tf.Tensor1D => tf.tensor1d(pairs.map(of), 'int32');
  const examples = indices(({ example }) => example);
  const unitsOf = indices(({ unit }) => unit);
  const pick: Pick = (x) => tf.gather(x, examples);
  const own = indices(({ example, unit }) => example * units + unit);
  const pickOwn: Pick = (x) => tf.reshape(tf.gather(tf.reshape(x, [-1]), own), [-1, 1, 1]);
  const delta = tf.tensor3d(moves, [pairs.length, moves.length / pairs.length, 1]);
  const isLogit = layer === state.hidden.length;
  const largest = moves.reduce((most, move) => Math.max(most, Math.abs(move)), 0);
  const step = isLogit ? undefined : state.hidden[layer];
  const fan = tf.gather(outgoing(state, layer), unitsOf);
  return follow(state, {
    layer,
    own: step ? step[formFor(step, largest, true)](pickOwn, delta) : delta,
    fan: tf.expandDims(fan, 1),
    pick,
    overKinks: true,
  }).change;
}
