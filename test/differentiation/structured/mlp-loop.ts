/**
 * The book's loop in plain doubles, for any dense network and loss: `(L(θ + h) - L(θ - h)) / 2h`, the whole network evaluated
 * again for every parameter. The oracle of the structured differences; it shares no code with them.
 */
import type { DenseStructure } from '../../../src/differentiation/gradient-method.js';

/** A network, and a batch of inputs and targets [examples, outputs]; all matrices row by row. */
export interface PlainNetwork {
  structure: DenseStructure;
  /** W1, b1, W2, … */
  parameters: Record<string, number[]>;
  x: number[];
  t: number[];
}

const sigmoid = (a: number): number => 1 / (1 + Math.exp(-a));

const activations = {
  identity: (a: number): number => a,
  sigmoid,
  tanh: Math.tanh,
  relu: (a: number): number => Math.max(a, 0),
  softplus: (a: number): number => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a))),
};

function logSoftmax(a: readonly number[]): number[] {
  const most = Math.max(...a);
  const log = most + Math.log(a.reduce((sum, one) => sum + Math.exp(one - most), 0));
  return a.map((one) => one - log);
}

function logits(
  { structure: { sizes, hidden }, parameters }: PlainNetwork,
  x: readonly number[],
  seen?: (a: number[], activation: string | undefined) => void,
): number[] {
  let z = [...x];
  for (let layer = 1; layer < sizes.length; layer++) {
    const [W, b] = [parameters[`W${layer}`], parameters[`b${layer}`]];
    const units = sizes[layer];
    const a = b.map((bias, j) => z.reduce((sum, input, i) => sum + input * W[i * units + j], bias));
    seen?.(a, hidden[layer - 1]);
    z = layer === sizes.length - 1 ? a : a.map(activations[hidden[layer - 1]]);
  }
  return z;
}

/** A single loss of y and t. */
const ofResidual: Record<string, (r: number) => number> = {
  meanSquaredError: (r) => r * r,
  rootMeanSquaredError: (r) => r * r,
  halfSumSquaredError: (r) => (r * r) / 2,
  meanAbsoluteError: Math.abs,
  huber: (r) => (Math.abs(r) <= 1 ? (r * r) / 2 : Math.abs(r) - 0.5),
};

function outputsOf({ output }: DenseStructure, a: number[]): number[] {
  if (output === 'identity') return a;
  return output === 'sigmoid' ? a.map(sigmoid) : logSoftmax(a).map(Math.exp);
}

/** An example's losses: one for each output, or one for all. */
function losses(structure: DenseStructure, a: number[], t: readonly number[]): number[] {
  const { loss, epsilon } = structure;
  const sum = (list: number[]): number => list.reduce((total, one) => total + one, 0);
  switch (loss) {
    case 'softmaxCrossEntropy':
      return [-sum(logSoftmax(a).map((log, k) => t[k] * log))];
    case 'crossEntropy':
      return [-sum(logSoftmax(a).map((log, k) => t[k] * Math.log(Math.exp(log) + epsilon)))];
    case 'binaryCrossEntropy':
      return a.map((one, k) => {
        const log = (sign: number): number =>
          epsilon === 0 ? -activations.softplus(-sign * one) : Math.log(sigmoid(sign * one) + epsilon);
        return -(t[k] * log(1) + (1 - t[k]) * log(-1));
      });
    default: {
      const y = outputsOf(structure, a);
      return y.map((one, k) => ofResidual[loss](one - t[k]));
    }
  }
}

export function plainLoss(network: PlainNetwork): number {
  const { structure, x, t } = network;
  const { sizes } = structure;
  const [inputs, outputs] = [sizes[0], sizes[sizes.length - 1]];
  const all = Array.from({ length: x.length / inputs }, (_, n) =>
    losses(
      structure,
      logits(network, x.slice(n * inputs, (n + 1) * inputs)),
      t.slice(n * outputs, (n + 1) * outputs),
    ),
  ).flat();
  const sum = all.reduce((total, one) => total + one, 0);
  if (structure.loss === 'halfSumSquaredError') return sum;
  return structure.loss === 'rootMeanSquaredError' ? Math.sqrt(sum / all.length) : sum / all.length;
}

/** The differences of every entry of one parameter. */
export function plainDifferences(network: PlainNetwork, name: string, h: number): number[] {
  const values = network.parameters[name];
  const at = (index: number, by: number): number =>
    plainLoss({
      ...network,
      parameters: {
        ...network.parameters,
        [name]: values.map((value, i) => (i === index ? value + by : value)),
      },
    });
  return values.map((_, index) => (at(index, h) - at(index, -h)) / (2 * h));
}

/** How near to a kink the network is: the least |a| of a ReLU, |r| of an absolute error, distance of |r| from Huber's δ. */
export function distanceToKink(network: PlainNetwork): number {
  const { structure, x, t } = network;
  const { sizes } = structure;
  const [inputs, outputs] = [sizes[0], sizes[sizes.length - 1]];
  let nearest = Infinity;
  const near = (distances: number[]): void => {
    nearest = Math.min(nearest, ...distances.map(Math.abs));
  };
  for (let n = 0; n < x.length / inputs; n++) {
    const a = logits(network, x.slice(n * inputs, (n + 1) * inputs), (values, activation) => {
      if (activation === 'relu') near(values);
    });
    const r = outputsOf(structure, a).map((y, k) => y - t[n * outputs + k]);
    if (structure.loss === 'meanAbsoluteError') near(r);
    if (structure.loss === 'huber') near(r.map((value) => Math.abs(value) - 1));
  }
  return nearest;
}
