/** The parity check of this library's own functions and network: numerical gradient against tf.grad, on the backend in use. */
import * as tf from '@tensorflow/tfjs';
import { central } from '../differentiation/loop.js';
import { autodiff } from '../differentiation/autodiff.js';
import type { GradientMethod, NamedTensors } from '../differentiation/gradient-method.js';
import { structured } from '../differentiation/structured.js';
import * as activations from '../functions/activations.js';
import * as losses from '../functions/losses.js';
import { Mlp } from '../networks/mlp.js';
import { TwoLayerNet } from '../networks/two-layer-net.js';
import { compareGradients, largestDifference, type Comparison } from './compare.js';

/**
 * What float32 leaves of a smooth function of size 1 whose arguments are of size 1: differences reach some 2e-6 of the
 * largest entry.
 */
export const FUNCTION_TOLERANCE = 1e-5;

/** Structured differences and tf.grad are both exact to some rounding errors. */
export const STRUCTURED_TOLERANCE = 1e-6;

/** The loop sees the loss only as rounded to float32, over a step of 1/64. */
export const LOOP_TOLERANCE = 5e-4;

export interface ParityCase {
  /** What is checked, and by what: "sigmoid", "TwoLayerNet structured W1". */
  name: string;
  tolerance: number;
  compare: () => Comparison;
}

export interface ParityResult extends Comparison {
  name: string;
  tolerance: number;
  right: boolean;
}

/** Judges a case: right where the worst difference is within its tolerance. */
export function judge({ name, tolerance, compare }: ParityCase): ParityResult {
  const comparison = compare();
  return { name, tolerance, ...comparison, right: comparison.worstRelativeDifference <= tolerance };
}

/** Signed numbers of size 1, asymmetric, none of them within 1/8 of a kink at 0 or ±1, so that no difference crosses one. */
const points = [-2.5, -1.75, -1.375, -0.75, -0.625, -0.375, 0.25, 0.5, 0.8125, 1.25, 1.5, 2.25];

/** A function's gradient at a matrix of such points. Steps are 2⁻⁴ to 2⁻²·2⁻¹ and stay on the same side of the kinks. */
const functionCase = (
  name: string,
  f: (x: tf.Tensor) => tf.Tensor,
  values: number[] = points,
): ParityCase => ({
  name,
  tolerance: FUNCTION_TOLERANCE,
  compare: () => {
    const x = tf.tensor2d(values, [3, 4]);
    try {
      return compareGradients(f, x, { h: 2 ** -5 });
    } finally {
      x.dispose();
    }
  },
});

function activationCases(): ParityCase[] {
  const { step, sign, identity, sigmoid, tanh, relu, softplus, softmax, logSoftmax } = activations;
  const elementwise = { step, sign, identity, sigmoid, tanh, relu, softplus };
  return [
    ...Object.entries(elementwise).map(([name, f]) => functionCase(name, (x) => f(x))),
    functionCase('softmax', (x) => softmax(x)),
    functionCase('softmax, axis 0', (x) => softmax(x, 0)),
    functionCase('logSoftmax', (x) => logSoftmax(x)),
    functionCase('logSoftmax, axis 0', (x) => logSoftmax(x, 0)),
  ];
}

function lossCases(): ParityCase[] {
  const target = [0.25, -0.5, 0.125, 0.75, -0.25, 0.625, -0.875, 1.5, -1.375, 0.125, -0.25, 0.5];
  const residual = {
    meanSquaredError: losses.meanSquaredError,
    halfSumSquaredError: losses.halfSumSquaredError,
    rootMeanSquaredError: losses.rootMeanSquaredError,
    meanAbsoluteError: losses.meanAbsoluteError,
    huber: losses.huber,
  };
  const probabilities = [0.2, 0.4, 0.3, 0.6, 0.7, 0.25, 0.35, 0.5, 0.45, 0.65, 0.55, 0.75];
  const labels = [2, 0, 3];
  const oneHot = [0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1];
  const reductions = ['mean', 'sum', 'none'] as const;
  return [
    ...Object.entries(residual).flatMap(([name, loss]) =>
      reductions.map((reduction) =>
        functionCase(`${name}, ${reduction}`, (y) => loss(y, tf.tensor2d(target, [3, 4]), { reduction })),
      ),
    ),
    functionCase('crossEntropy, labels', (y) => losses.crossEntropy(y, labels), probabilities),
    functionCase(
      'crossEntropy, one-hot',
      (y) => losses.crossEntropy(y, tf.tensor2d(oneHot, [3, 4])),
      probabilities,
    ),
    functionCase(
      'binaryCrossEntropy',
      (y) => losses.binaryCrossEntropy(y, tf.tensor2d(oneHot, [3, 4])),
      probabilities,
    ),
    functionCase('softmaxCrossEntropy, labels', (a) => losses.softmaxCrossEntropy(a, labels)),
    functionCase('softmaxCrossEntropy, one-hot', (a) =>
      losses.softmaxCrossEntropy(a, tf.tensor2d(oneHot, [3, 4])),
    ),
  ];
}

/** A network's gradient by a numerical method against tf.grad's, a case a parameter. */
function networkCases(
  name: string,
  method: GradientMethod,
  tolerance: number,
  make: () => { network: Mlp; x: tf.Tensor; t: tf.Tensor },
  parameters: readonly string[],
): ParityCase[] {
  const gradients = (by: GradientMethod): NamedTensors => {
    const { network, x, t } = make();
    try {
      return by.lossAndGradients(network, x, t).gradients;
    } finally {
      network.dispose();
      tf.dispose([x, t]);
    }
  };
  return parameters.map((parameter) => ({
    name: `${name}, ${method.name}, ${parameter}`,
    tolerance,
    compare: () => {
      const numerical = gradients(method);
      const expected = gradients(autodiff);
      try {
        return largestDifference(numerical[parameter].dataSync(), expected[parameter].dataSync());
      } finally {
        tf.dispose([numerical, expected]);
      }
    },
  }));
}

const batch = (inputs: number, classes: number): { x: tf.Tensor; t: tf.Tensor } =>
  tf.tidy(() => {
    const pixels = tf.randomUniform([7, inputs], 0, 1, 'float32', 11);
    // As digits are: about half of the pixels 0, some values equal.
    const x = tf.div(tf.round(tf.mul(tf.relu(tf.sub(pixels, 0.5)), 40)), 20);
    return {
      x,
      t: tf.tensor1d(
        [0, 2, 1, 1, 2, 0, 1].map((label) => label % classes),
        'int32',
      ),
    };
  });

function networkParity(): ParityCase[] {
  const textbook = () => ({
    network: new TwoLayerNet({ inputSize: 12, hiddenSize: 5, outputSize: 3, weightInitStd: 0.5, seed: 3 }),
    ...batch(12, 3),
  });
  const deep = () => ({
    network: new Mlp({ sizes: [6, 5, 4, 3], activations: 'tanh', weightInitStd: 0.5, seed: 4 }),
    ...batch(6, 3),
  });
  const shallow = ['W1', 'b1', 'W2', 'b2'];
  return [
    ...networkCases('TwoLayerNet 12-5-3', structured(), STRUCTURED_TOLERANCE, textbook, shallow),
    ...networkCases('TwoLayerNet 12-5-3', central(), LOOP_TOLERANCE, textbook, shallow),
    ...networkCases('Mlp 6-5-4-3, tanh', central(), LOOP_TOLERANCE, deep, [...shallow, 'W3', 'b3']),
  ];
}

/** Every activation, loss and network parameter. */
export const parityCases = (): ParityCase[] => [...activationCases(), ...lossCases(), ...networkParity()];
