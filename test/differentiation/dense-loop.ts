/**
 * The book's loop in plain doubles, for networks with one hidden layer: `(L(θ + h) - L(θ - h)) / 2h`, one parameter at a
 * time. The oracle of the structured differences; it shares no code with them.
 */
import type { ActivationName } from '../../src/functions/activations.js';
import { parameterNames, type ParameterName } from '../networks/fixtures.js';

/** A batch and a network D-H-K, all matrices row by row. */
export interface DenseNet {
  sizes: [inputs: number, hidden: number, classes: number];
  activation: ActivationName;
  /** Inside the logarithm of crossEntropy; 0 for softmaxCrossEntropy. */
  epsilon: number;
  parameters: Record<ParameterName, ArrayLike<number>>;
  x: ArrayLike<number>;
  labels: ArrayLike<number>;
}

const activations: Record<ActivationName, (a: number) => number> = {
  identity: (a) => a,
  sigmoid: (a) => 1 / (1 + Math.exp(-a)),
  tanh: Math.tanh,
  relu: (a) => Math.max(a, 0),
  softplus: (a) => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))),
};

const preActivations = new WeakMap<DenseNet, Float64Array>();

/** x·W1 + b1, [examples, hidden]; once a network, as a moved parameter moves one column of it at the most. */
function preActivationsOf(net: DenseNet): Float64Array {
  const known = preActivations.get(net);
  if (known) return known;
  const [inputs, hidden] = net.sizes;
  const a1 = new Float64Array(net.labels.length * hidden);
  a1.forEach((_, at) => {
    const [n, j] = [Math.floor(at / hidden), at % hidden];
    let sum = net.parameters.b1[j];
    for (let i = 0; i < inputs; i++) sum += net.x[n * inputs + i] * net.parameters.W1[i * hidden + j];
    a1[at] = sum;
  });
  preActivations.set(net, a1);
  return a1;
}

/** How near a pre-activation comes to 0, ReLU's kink. */
export const distanceToKink = (net: DenseNet): number =>
  preActivationsOf(net).reduce((nearest, a) => Math.min(nearest, Math.abs(a)), Infinity);

/** The losses of the single examples with one parameter moved by `by`. */
function losses(net: DenseNet, name?: ParameterName, index = -1, by = 0): Float64Array {
  const [inputs, hidden, classes] = net.sizes;
  const a1 = preActivationsOf(net);
  const { W2, b2 } = net.parameters;
  const phi = activations[net.activation];
  return Float64Array.from(net.labels, (label, n) => {
    const logits = Array.from({ length: classes }, (_, k) => b2[k] + (name === 'b2' && index === k ? by : 0));
    for (let j = 0; j < hidden; j++) {
      let a = a1[n * hidden + j];
      if (name === 'b1' && index === j) a += by;
      if (name === 'W1' && index % hidden === j) a += by * net.x[n * inputs + Math.floor(index / hidden)];
      const z = phi(a);
      for (let k = 0; k < classes; k++) {
        const at = j * classes + k;
        logits[k] += z * (W2[at] + (name === 'W2' && index === at ? by : 0));
      }
    }
    return crossEntropy(logits, label, net.epsilon);
  });
}

/** -log softmax, or -log(softmax + ε), of one example. */
function crossEntropy(logits: readonly number[], label: number, epsilon: number): number {
  const most = Math.max(...logits);
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
  const logarithm = logits[label] - most - Math.log(sum);
  return epsilon > 0 ? -Math.log(Math.exp(logarithm) + epsilon) : -logarithm;
}

/** The mean loss. */
export const loopLoss = (net: DenseNet): number => mean(losses(net));

/** The differences of some entries of one parameter, all by default. */
export function loopDifferences(
  net: DenseNet,
  name: ParameterName,
  h: number,
  indices: readonly number[] = indicesOf(net, name),
): Float64Array {
  return Float64Array.from(indices, (index) => mean(differencesByExample(net, name, index, h)));
}

/**
 * The largest entry that the gradient would have if the examples' shares of it did not cancel: what the rounding of float32
 * probabilities is relative to.
 */
export function largestShare(net: DenseNet, h: number): number {
  return Math.max(
    ...parameterNames.flatMap((name) =>
      indicesOf(net, name).map((index) => mean(differencesByExample(net, name, index, h).map(Math.abs))),
    ),
  );
}

const indicesOf = (net: DenseNet, name: ParameterName): number[] =>
  Array.from({ length: net.parameters[name].length }, (_, index) => index);

const mean = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function differencesByExample(net: DenseNet, name: ParameterName, index: number, h: number): Float64Array {
  const behind = losses(net, name, index, -h);
  return losses(net, name, index, h).map((loss, n) => (loss - behind[n]) / (2 * h));
}
