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
import { gradcheck } from '../gradcheck/gradcheck.js';
import type { GradcheckReport } from '../gradcheck/report/report.js';
import { gradientPair, largestDifference, type Comparison, type GradientPair } from './compare.js';

/** Structured differences and tf.grad are both exact to some rounding errors. */
export const STRUCTURED_TOLERANCE = 1e-6;

/** The loop sees the loss only as rounded to float32, over a step of 1/64. */
export const LOOP_TOLERANCE = 5e-4;

export interface ParityCase {
  /** What is checked, and by what: "sigmoid", "TwoLayerNet structured W1". */
  name: string;
  tolerance: number;
  /** Evaluates both gradients. */
  gradients: () => GradientPair;
}

/** A case of a function, with the function itself and a point. */
export interface FunctionCase extends ParityCase {
  subject: { f: (x: tf.Tensor) => tf.Tensor; values: readonly number[]; shape: [number, number] };
}

export interface ParityResult extends Comparison {
  name: string;
  tolerance: number;
  right: boolean;
}

/** Judges a case: right where the worst difference is within its tolerance. */
export function judge({ name, tolerance, gradients }: ParityCase): ParityResult {
  const comparison = largestDifference(gradients());
  return { name, tolerance, ...comparison, right: comparison.worstRelativeDifference <= tolerance };
}

/** Signed numbers of size 1, asymmetric, none within 1/8 of 0, where some functions have a kink. */
const points = [-2.5, -1.75, -1.375, -0.75, -0.625, -0.375, 0.25, 0.5, 0.8125, 1.25, 1.5, 2.25];

/**
 * The step that suits a function (Richardson's go up to 4h), and what float32 then leaves of its differences, relative to the
 * largest entry: some three times the worst that the backends show. A mean of twelve has slopes a twelfth of its size.
 */
interface Expectation {
  tolerance: number;
  h: number;
  values?: number[];
}

/** Straight lines on either side of a kink at 0. */
const straight: Expectation = { tolerance: 1e-6, h: 2 ** -5 };

/** A function's gradient at a matrix of points. */
const functionCase = (
  name: string,
  f: (x: tf.Tensor) => tf.Tensor,
  { tolerance, h, values = points }: Expectation,
): FunctionCase => ({
  name,
  tolerance,
  subject: { f, values, shape: [3, 4] },
  gradients: () => {
    const x = tf.tensor2d(values, [3, 4]);
    try {
      return gradientPair(f, x, { h });
    } finally {
      x.dispose();
    }
  },
});

function activationCases(): FunctionCase[] {
  const { step, sign, identity, sigmoid, tanh, relu, softplus, softmax, logSoftmax } = activations;
  return [
    functionCase('step', (x) => step(x), straight),
    functionCase('sign', sign, straight),
    functionCase('identity', identity, straight),
    functionCase('relu', relu, straight),
    functionCase('sigmoid', sigmoid, { tolerance: 3e-6, h: 2 ** -3 }),
    functionCase('tanh', tanh, { tolerance: 3e-6, h: 2 ** -4 }),
    functionCase('softplus', softplus, { tolerance: 3e-6, h: 2 ** -3 }),
    functionCase('softmax', (x) => softmax(x), { tolerance: 1e-5, h: 2 ** -4 }),
    functionCase('softmax, axis 0', (x) => softmax(x, 0), { tolerance: 1e-5, h: 2 ** -3 }),
    functionCase('logSoftmax', (x) => logSoftmax(x), { tolerance: 1e-5, h: 2 ** -2 }),
    functionCase('logSoftmax, axis 0', (x) => logSoftmax(x, 0), { tolerance: 1e-5, h: 2 ** -2 }),
  ];
}

/** Targets; the residuals from `points` are no closer than 5/16 to 0 and ±1, the kinks of the losses. */
const targets = [0.25, -0.4375, 0.125, 0.75, -0.25, 0.25, -1.0625, 1.1875, -1.375, -0.0625, -0.25, 0.5];

function residualLossCases(): FunctionCase[] {
  const { meanSquaredError, halfSumSquaredError, rootMeanSquaredError, meanAbsoluteError, huber } = losses;
  const kinked: Expectation = { tolerance: 1e-6, h: 2 ** -4 };
  const squared: Expectation = { tolerance: 1e-6, h: 2 ** -1 };
  const root: Expectation = { tolerance: 1.5e-5, h: 2 ** -2 };
  const cases: [string, typeof huber, Record<losses.Reduction, Expectation>][] = [
    [
      'meanSquaredError',
      meanSquaredError,
      { sum: squared, none: squared, mean: { ...squared, tolerance: 3e-6 } },
    ],
    [
      'halfSumSquaredError',
      halfSumSquaredError,
      { sum: squared, none: squared, mean: { ...squared, tolerance: 3e-6 } },
    ],
    ['rootMeanSquaredError', rootMeanSquaredError, { mean: root, sum: root, none: kinked }],
    [
      'meanAbsoluteError',
      meanAbsoluteError,
      { sum: kinked, none: kinked, mean: { ...kinked, tolerance: 4e-5 } },
    ],
    ['huber', huber, { sum: kinked, none: kinked, mean: { ...kinked, tolerance: 2e-5 } }],
  ];
  return cases.flatMap(([name, loss, expectations]) =>
    (Object.keys(expectations) as losses.Reduction[]).map((reduction) =>
      functionCase(
        `${name}, ${reduction}`,
        (y) => loss(y, tf.tensor2d(targets, [3, 4]), { reduction }),
        expectations[reduction],
      ),
    ),
  );
}

function crossEntropyCases(): FunctionCase[] {
  const { crossEntropy, binaryCrossEntropy, softmaxCrossEntropy } = losses;
  const labels = [2, 0, 3];
  const oneHot = (): tf.Tensor => tf.tensor2d([0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1], [3, 4]);
  const probabilities = [0.2, 0.4, 0.3, 0.6, 0.7, 0.25, 0.35, 0.5, 0.45, 0.65, 0.55, 0.75];
  const even = [0.4, 0.45, 0.375, 0.6, 0.625, 0.55, 0.35, 0.5, 0.475, 0.65, 0.525, 0.575];
  const ofProbabilities: Expectation = { tolerance: 1e-5, h: 2 ** -6, values: probabilities };
  const ofLogits: Expectation = { tolerance: 1e-5, h: 2 ** -2 };
  return [
    functionCase('crossEntropy, labels', (y) => crossEntropy(y, labels), ofProbabilities),
    functionCase('crossEntropy, one-hot', (y) => crossEntropy(y, oneHot()), ofProbabilities),
    functionCase('binaryCrossEntropy', (y) => binaryCrossEntropy(y, oneHot()), {
      tolerance: 3e-5,
      h: 2 ** -5,
      values: even,
    }),
    functionCase('softmaxCrossEntropy, labels', (a) => softmaxCrossEntropy(a, labels), ofLogits),
    functionCase('softmaxCrossEntropy, one-hot', (a) => softmaxCrossEntropy(a, oneHot()), ofLogits),
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
  const gradientsBy = (by: GradientMethod): NamedTensors => {
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
    gradients: () => {
      const numerical = gradientsBy(method);
      const expected = gradientsBy(autodiff);
      try {
        return { numerical: numerical[parameter].dataSync(), autodiff: expected[parameter].dataSync() };
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

const textbookNetwork = () => ({
  network: new TwoLayerNet({ inputSize: 12, hiddenSize: 5, outputSize: 3, weightInitStd: 0.5, seed: 3 }),
  ...batch(12, 3),
});

const deepNetwork = () => ({
  network: new Mlp({ sizes: [6, 5, 4, 3], activations: 'tanh', weightInitStd: 0.5, seed: 4 }),
  ...batch(6, 3),
});

function networkParity(): ParityCase[] {
  const shallow = ['W1', 'b1', 'W2', 'b2'];
  return [
    ...networkCases('TwoLayerNet 12-5-3', structured(), STRUCTURED_TOLERANCE, textbookNetwork, shallow),
    ...networkCases('TwoLayerNet 12-5-3', central(), LOOP_TOLERANCE, textbookNetwork, shallow),
    ...networkCases('Mlp 6-5-4-3, tanh', structured(), STRUCTURED_TOLERANCE, deepNetwork, [
      ...shallow,
      'W3',
      'b3',
    ]),
    ...networkCases('Mlp 6-5-4-3, tanh', central(), LOOP_TOLERANCE, deepNetwork, [...shallow, 'W3', 'b3']),
  ];
}

/** What is checked in double precision: a function or a network's loss, at this relative tolerance. */
export const DOUBLE_TOLERANCE = 1e-7;

export interface DoubleCase {
  name: string;
  check: () => Promise<GradcheckReport>;
}

/** Every activation and loss, first and second order, and the networks' losses by all of their parameters, through `gradcheck`. */
export function doubleCases(): DoubleCase[] {
  const ofFunctions = [...activationCases(), ...residualLossCases(), ...crossEntropyCases()].map(
    ({ name, subject }): DoubleCase => ({
      name,
      check: async () => {
        const { f, values, shape } = subject;
        const x = tf.tensor2d([...values], shape);
        try {
          return await gradcheck(f, [x], { order: 2, rtol: DOUBLE_TOLERANCE });
        } finally {
          x.dispose();
        }
      },
    }),
  );
  const ofNetworks = Object.entries({
    'TwoLayerNet 12-5-3': textbookNetwork,
    'Mlp 6-5-4-3, tanh': deepNetwork,
  }).map(([name, make]): DoubleCase => ({
    name: `${name}, every parameter`,
    check: async () => {
      const { network, x, t } = make();
      try {
        return await gradcheck(
          (parameters: NamedTensors) => network.lossAt(parameters, x, t),
          network.parameters,
          {
            rtol: DOUBLE_TOLERANCE,
          },
        );
      } finally {
        network.dispose();
        tf.dispose([x, t]);
      }
    },
  }));
  return [...ofFunctions, ...ofNetworks];
}

/** Every activation, loss and network parameter. */
export const parityCases = (): ParityCase[] => [
  ...activationCases(),
  ...residualLossCases(),
  ...crossEntropyCases(),
  ...networkParity(),
];
