/**
 * Structured differences of any dense network, by tf ops.
 *
 * Moving W_l[i,j] by ±h moves one pre-activation of each example n by δ = ±h·x[n,i], x the layer's input, and nothing else. What that
 * does to the example's loss is a function of that one number, D_nj(δ) = L_n(a_nj + δ) - L_n(a_nj - δ). It is evaluated for a few moves
 * of every example and unit (samples.ts), and D_nj(δ) / 2δ, a smooth function of s = (δ/R_n)², is put together from Chebyshev polynomials
 * (sampling.ts), so that the gradient of a layer is a product of matrices:
 *
 *     ∂W[i,j] = Σ_n D_nj(h·x_ni) / 2h = Σ_n x_ni·Σ_k c_njk·T_k(2·s_ni - 1) = (Σ_k (X ∘ T_k(2S - 1))ᵀ·C_k)[i,j],  s_ni = (h·x_ni / R_n)²
 *
 * with R_n = h·max_i |x_ni|. Where a move comes over a kink D is not smooth; there each move is evaluated (one-by-one.ts).
 */
import * as tf from '@tensorflow/tfjs';
import { significandBits } from '../../functions/arguments.js';
import type { DifferentiableNetwork, LossAndGradients } from '../gradient-method.js';
import { stateOf, type State } from './around.js';
import { largestOf } from './follow.js';
import { oneByOne, type Sums } from './one-by-one.js';
import { sampleLayer } from './samples.js';
import { chebyshevBasis, coefficientsOf, nodesOf, samplesFor } from './sampling.js';

/** Tensors of a chunk's size that are alive at once, at the most. */
const LIVE_TENSORS = 24;

/** Bytes of a tensor beyond which the native backend takes longer for each of its entries. */
const FASTEST_CHUNK = 2 ** 22;

/** More samples are not taken; every move is evaluated instead. */
const MOST_SAMPLES = 24;

export interface StructuredSettings {
  h: number;
  /** Bytes. */
  memoryLimit: number;
  /** Whether moves are sampled, rather than each evaluated. */
  isSampled: boolean;
}

/** The loss and the gradients of all parameters, for targets as stateOf takes them. To be called within tf.tidy. */
export function structuredGradients(
  network: DifferentiableNetwork,
  x: tf.Tensor,
  t: tf.Tensor,
  targetOf: () => tf.Tensor,
  { h, memoryLimit, isSampled }: StructuredSettings,
): LossAndGradients {
  const state = stateOf(network, x, t, targetOf);
  const chunk = Math.max(1, Math.floor(Math.min(memoryLimit / LIVE_TENSORS, FASTEST_CHUNK) / 4));
  const gradients = state.weights.flatMap((_, layer): [string, tf.Tensor][] => {
    const [W, b] = tf.tidy(() => layerGradient(state, layer, h, chunk, isSampled));
    return [
      [`W${layer + 1}`, W],
      [`b${layer + 1}`, b],
    ];
  });
  return { loss: state.value, gradients: Object.fromEntries(gradients) };
}

/** The sums over the examples: of odd differences over 2h, and of even ones. */
interface Quotients {
  odd: tf.Tensor2D;
  even?: tf.Tensor2D;
}

function layerGradient(
  state: State,
  layer: number,
  h: number,
  chunk: number,
  isSampled: boolean,
): [tf.Tensor, tf.Tensor] {
  const [size, units] = state.weights[layer].shape;
  const examples = state.inputs[layer].shape[0];
  const sampled = isSampled ? sampledQuotients(state, layer, h, chunk) : undefined;
  const flags = sampled ? sampled.flags : new Uint8Array(examples * units).fill(1);
  const parts = sampled ? [sampled.quotients] : [];
  if (flags) parts.push(quotientsOf(oneByOne(state, layer, h, flags, chunk), h, size + 1, units));
  const sumOf = (some: tf.Tensor2D[]): tf.Tensor2D => some.reduce((a, b) => tf.add(a, b));
  const odd = sumOf(parts.map((part) => part.odd));
  const evenParts = parts.flatMap(({ even }) => even ?? []);
  const quotient = state.isRoot ? ofRoot(state.value, state.count, h, odd, sumOf(evenParts)) : odd;
  const gradient = tf.div(quotient, state.count);
  return [
    tf.slice(gradient, [0, 0], [size, units]),
    tf.reshape(tf.slice(gradient, [size, 0], [1, units]), [units]),
  ];
}

const quotientsOf = ({ odd, even }: Sums, h: number, rows: number, units: number): Quotients => ({
  odd: tf.tensor2d(new Float32Array(odd.map((sum) => sum / (2 * h))), [rows, units]),
  even: tf.tensor2d(new Float32Array(even), [rows, units]),
});

/**
 * Of the root of the mean square M, by M's changes D: `(D₊ - D₋) / (√(M + D₊) + √(M + D₋))`, and 0 where both roots are. The changes count relative to
 * M, which may be too large itself.
 */
function ofRoot(root: number, count: number, h: number, odd: tf.Tensor2D, even: tf.Tensor2D): tf.Tensor2D {
  const unit = root || 1;
  const relative = (change: tf.Tensor, factor: number): tf.Tensor =>
    tf.div(tf.div(tf.mul(change, factor / count), unit), unit);
  const [halfEven, halfOdd] = [relative(even, 0.5), relative(odd, h)];
  const sideOf = (change: tf.Tensor): tf.Tensor => tf.sqrt(tf.relu(tf.add(change, root === 0 ? 0 : 1)));
  const roots = tf.add(sideOf(tf.add(halfEven, halfOdd)), sideOf(tf.sub(halfEven, halfOdd)));
  return tf.divNoNan(tf.div(odd, unit), roots);
}

/**
 * The quotients by samples, without the examples and units, flagged in [N,units], whose moves come over a kink; undefined where more
 * samples are needed than are worth it.
 */
function sampledQuotients(
  state: State,
  layer: number,
  h: number,
  chunk: number,
): { quotients: Quotients; flags?: Uint8Array } | undefined {
  const [examples, size] = state.inputs[layer].shape;
  const x = tf.concat([state.inputs[layer], tf.ones<tf.Rank.R2>([examples, 1])], 1);
  const largest = tf.max(tf.abs(x), 1, true);
  const reach = tf.mul<tf.Tensor2D>(largest, h);
  const R = Float32Array.from(reach.dataSync());
  const most = Math.min(MOST_SAMPLES, size + 1);
  let samples: number | undefined = 1;
  while (samples !== undefined) {
    const nodes = nodesOf(samples);
    const values = sampleLayer(state, layer, R, nodes, chunk);
    const crossing = values.towardsKink && tf.greaterEqual(values.towardsKink, 1);
    const flags = crossing && Uint8Array.from(crossing.dataSync());
    const crosses = flags?.includes(1) ? flags : undefined;
    const smooth = (all: tf.Tensor): tf.Tensor =>
      crossing && crosses ? tf.where(tf.broadcastTo(crossing, all.shape), tf.zerosLike(all), all) : all;
    const steps = tf.mul(
      tf.reshape(reach, [1, examples, 1]),
      tf.tensor3d(nodes.map(Math.sqrt), [samples, 1, 1]),
    );
    const q = coefficientsOf(smooth(tf.div(values.odd, tf.mul(steps, 2))));
    const needed = samplesNeeded(values.reach, q, tf.div(values.even, steps), most);
    if (needed !== samples) {
      samples = needed;
      continue;
    }
    const shares = (): tf.Tensor2D => tf.square(tf.div<tf.Tensor2D>(x, largest));
    const sumOver = (weight: tf.Tensor2D, coefficients: tf.Tensor): tf.Tensor2D => {
      const rows = tf.reshape<tf.Rank.R2>(coefficients, [-1, coefficients.shape[2] as number]);
      return tf.matMul(chebyshevBasis(nodes.length, shares, weight), rows, true);
    };
    // An even difference over (δ/R)², which is smooth as well.
    const even = (): tf.Tensor2D =>
      sumOver(
        shares(),
        coefficientsOf(smooth(tf.div(values.even, tf.tensor3d(nodes, [nodes.length, 1, 1])))),
      );
    return {
      quotients: { odd: sumOver(x, q), even: state.isRoot ? even() : undefined },
      flags: crosses,
    };
  }
  return undefined;
}

/**
 * How many samples are needed, at least those taken: as many as make the remainder of q as small as a rounding of its largest value, by
 * where its singularities are; and one more where the samples themselves show that its coefficients, [K,N,units], fall more slowly.
 *
 * The remainder is relative to the difference at the edge of where it is analytic, at Λ times R. Its odd part grows with Λ, its even one with Λ².
 */
function samplesNeeded(reach: number, q: tf.Tensor, even: tf.Tensor, most: number): number | undefined {
  const taken = q.shape[0];
  const tolerance = 2 ** -(significandBits() + 1);
  const largest = largestOf(q);
  if (largest === 0) return taken;
  const weight = reach === 0 ? 1 : 1 + largestOf(even) / (2 * largest * reach);
  const needed = samplesFor(reach, tolerance / weight, most);
  if (needed === undefined || needed > taken) return needed;
  if (taken === 1) return 1;
  // The coefficients fall as a geometric series, from 1 on, until they are rounding.
  const last = largestOf(tf.slice(q, taken - 1)) / largest;
  const next = last ** (taken / (taken - 1));
  if (last <= 8 * tolerance || !(next > 2 * tolerance)) return taken;
  return taken < most ? taken + 1 : undefined;
}
