/** Follows the moves of units' outputs through the layers above to the loss. */
import * as tf from '@tensorflow/tfjs';
import { NEAR, type Pick } from '../differences.js';
import type { State, Step } from './around.js';

/** Moves of the units of a layer. */
export interface Start {
  layer: number;
  /** The change of the units' outputs, [rows, moves, 1]. */
  own: tf.Tensor;
  /** The weights by which it goes on, [rows or 1, moves or 1, D]; from a logit, what picks it out of all. */
  fan: tf.Tensor;
  /** The moves wanted are `own` times each of these; followed as one while the steps are linear. */
  multiples?: readonly number[];
  pick: Pick;
  /** Whether a move goes on over a kink. If not, how far it is from one is told, and what comes out beyond is meaningless. */
  overKinks: boolean;
}

export interface End {
  /** The change of each example's loss, [rows, moves]; with multiples [rows, multiples · moves], all moves by the first one first. */
  change: tf.Tensor;
  /** The largest move at every step over its radius, summed. */
  reach: number;
  /** The share of the way to the nearest kink, 1 at it, at each step that has one: [rows, moves], or as many as `change`. */
  towardsKinks: tf.Tensor[];
}

/** What a move may be at most, where it was found by some of the moves and is no linear function of them, over the largest found. */
const MARGIN = 1.5;

/** The share of the way to the nearest kink that the moves go. */
export const shareOfWay = (delta: tf.Tensor, perKink: tf.Tensor, isCurved: boolean): tf.Tensor => {
  const share = tf.max(tf.abs(tf.mul(delta, perKink)), -1);
  return isCurved ? tf.mul(share, MARGIN) : share;
};

/** Numbers that a move of a layer's unit comes to at the most: the size of the largest layer above, or of the logits'. */
export const widestAbove = ({ weights }: State, layer: number): number =>
  Math.max(...weights.slice(Math.min(layer + 1, weights.length - 1)).map(({ shape }) => shape[1]));

/** Which form serves moves of at most `largest`. */
export const formFor = (step: Step, largest: number, overKinks: boolean): 'near' | 'any' => {
  if (step.perKink) return overKinks ? 'any' : 'near';
  return step.isLinear || largest <= NEAR ? 'near' : 'any';
};

/** To be called within tf.tidy. */
export function follow(state: State, start: Start): End {
  const { weights, hidden, output, loss } = state;
  const { pick, overKinks } = start;
  let { multiples } = start;
  let delta = tf.mul(start.own, start.fan);
  let reach = 0;
  const towardsKinks: tf.Tensor[] = [];

  function expand(): void {
    if (!multiples) return;
    const one = delta;
    delta = tf.concat(
      multiples.map((multiple) => (multiple === 1 ? one : tf.mul(one, multiple))),
      1,
    );
    multiples = undefined;
  }

  function pass(step: Step): void {
    if (!step.isLinear) expand();
    if (step.perKink && !overKinks) {
      towardsKinks.push(shareOfWay(delta, pick(step.perKink), multiples === undefined));
    }
    const largest = step.isLinear ? 0 : largestOf(delta);
    if (step.radius < Infinity) reach += largest / step.radius;
    delta = step[formFor(step, largest, overKinks)](pick, delta);
  }

  for (let layer = start.layer + 1; layer < weights.length - 1; layer++) {
    pass(hidden[layer]);
    const [rows, moves, width] = delta.shape;
    const flat = tf.reshape<tf.Rank.R2>(delta, [-1, width]);
    delta = tf.reshape(tf.matMul(flat, weights[layer + 1]), [rows, moves, -1]);
  }
  if (output) pass(output);
  pass(loss);
  expand();
  return { change: delta, reach, towardsKinks };
}

/** The largest |Δ|. */
export const largestOf = (delta: tf.Tensor): number => tf.tidy(() => tf.max(tf.abs(delta)).dataSync()[0]);
