/** The book's way: every parameter in turn is moved by ±h and the whole network evaluated again. Slow, and right for any network. */
import * as tf from '@tensorflow/tfjs';
import { significandBits } from '../functions/arguments.js';
import type { DifferentiableNetwork, GradientMethod } from './gradient-method.js';
import { lossRow } from './losses.js';
import { optimalStep, type DifferenceScheme } from './numbers.js';
import { differenceQuotients, type QuotientOptions } from './tensors.js';

/**
 * The step for a network's parameters, by the precision in use. They may be as small as 0.01 at the start, yet the loss is of size 1.
 * In float32 it is rounded to 1e-7, and a step of 1/64 keeps that below 1e-5. In doubles the step that balances truncation and
 * rounding for size 1 does.
 */
const parameterStep = (scheme: DifferenceScheme): number =>
  significandBits() === 53 ? optimalStep(scheme, 53) : 2 ** -6;

/** ∂loss/∂parameter for some entries of one parameter (all by default), by differences; in doubles as far as the losses allow. */
export function parameterDifferences(
  network: DifferentiableNetwork,
  x: tf.Tensor,
  t: tf.Tensor,
  name: string,
  { scheme = 'central', h = parameterStep(scheme), ...options }: QuotientOptions = {},
): Float64Array {
  // Losses of the single examples, so that their differences are taken before they are added up.
  const { examples, share } = lossShares(network, x, t);
  const f = (value: tf.Tensor): tf.Tensor =>
    network.lossAt({ ...network.parameters, [name]: value }, x, t, examples);
  const sums = differenceQuotients(f, network.parameters[name], { scheme, h, ...options });
  return sums.map((sum) => sum * share);
}

/** How single losses make up the loss: their mean for most; a root does not come apart. */
function lossShares(
  network: DifferentiableNetwork,
  x: tf.Tensor,
  t: tf.Tensor,
): { examples: 'none' | undefined; share: number } {
  const { whole } = lossRow(network.structure.loss);
  if (whole === 'root') return { examples: undefined, share: 1 };
  if (whole === 'sum') return { examples: 'none', share: 1 };
  const count = tf.tidy(() => network.lossAt(network.parameters, x, t, 'none').size);
  return { examples: 'none', share: 1 / count };
}

function loopMethod(name: 'forward' | 'central', h: number | undefined): GradientMethod {
  return {
    name,
    lossAndGradients(network, x, t) {
      const loss = tf.tidy(() => network.lossAt(network.parameters, x, t).dataSync()[0]);
      const gradients = Object.fromEntries(
        Object.entries(network.parameters).map(([parameter, { shape }]) => {
          const values = parameterDifferences(network, x, t, parameter, { scheme: name, h });
          return [parameter, tf.tensor(Float32Array.from(values), shape)];
        }),
      );
      return { loss, gradients };
    },
  };
}

/** Central differences, 2 forwards of the whole network for each parameter: the book's `numerical_gradient`. Source: Saito, §4.5.2. */
export const central = ({ h }: { h?: number } = {}): GradientMethod => loopMethod('central', h);

/** Forward differences, 1 forward for each parameter and an error of first order in h. */
export const forward = ({ h }: { h?: number } = {}): GradientMethod => loopMethod('forward', h);
