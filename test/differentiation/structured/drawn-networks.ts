/** Networks drawn at random, as plain numbers, and their gradients through the library. */
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { last } from '../../../src/collections.js';
import type { LossName, OutputName } from '../../../src/differentiation/losses.js';
import { structured, type StructuredOptions } from '../../../src/differentiation/structured.js';
import type { ActivationName } from '../../../src/functions/activations.js';
import { Mlp } from '../../../src/networks/mlp.js';
import type { PlainNetwork } from './mlp-loop.js';

export const activations: ActivationName[] = ['sigmoid', 'tanh', 'relu', 'softplus', 'identity'];

/** Every output with every loss that goes with it; cross-entropies with the book's ε and without. */
export const heads: { output: OutputName; loss: LossName; epsilon: number }[] = [
  { output: 'softmax', loss: 'softmaxCrossEntropy', epsilon: 1e-7 },
  { output: 'softmax', loss: 'crossEntropy', epsilon: 1e-7 },
  { output: 'softmax', loss: 'crossEntropy', epsilon: 0 },
  { output: 'softmax', loss: 'crossEntropy', epsilon: 0.05 },
  { output: 'sigmoid', loss: 'binaryCrossEntropy', epsilon: 1e-7 },
  { output: 'sigmoid', loss: 'binaryCrossEntropy', epsilon: 0 },
  ...(['identity', 'sigmoid', 'softmax'] as const).flatMap((output) =>
    (
      [
        'meanSquaredError',
        'halfSumSquaredError',
        'rootMeanSquaredError',
        'meanAbsoluteError',
        'huber',
      ] as const
    ).map((loss) => ({ output, loss, epsilon: 1e-7 })),
  ),
];

export interface Drawn {
  sizes: number[];
  hidden: ActivationName[];
  examples: number;
  soft: boolean;
  zeros: number;
  scale: number;
  seed: number;
}

export const drawn: fc.Arbitrary<Drawn> = fc.integer({ min: 1, max: 4 }).chain((depth) =>
  fc.record({
    sizes: fc
      .tuple(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: depth, maxLength: depth }),
        fc.integer({ min: 2, max: 4 }),
      )
      .map(([sizes, outputs]) => [...sizes, outputs]),
    hidden: fc.array(fc.constantFrom(...activations), { minLength: depth - 1, maxLength: depth - 1 }),
    examples: fc.integer({ min: 1, max: 4 }),
    soft: fc.boolean(),
    zeros: fc.constantFrom(0, 0.6),
    scale: fc.constantFrom(0.3, 1.2),
    seed: fc.nat(),
  }),
);

/** A linear congruential generator (Numerical Recipes), from 0 to 1. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function plainNetwork(
  head: (typeof heads)[number],
  { sizes, hidden, examples, soft, zeros, scale, seed }: Drawn,
): PlainNetwork {
  const random = randomFrom(seed);
  const numbers = (count: number, size: number): number[] =>
    Array.from({ length: count }, () => Math.fround((random() * 2 - 1) * size));
  const parameters: Record<string, number[]> = {};
  for (let layer = 1; layer < sizes.length; layer++) {
    parameters[`W${layer}`] = numbers(sizes[layer - 1] * sizes[layer], scale);
    parameters[`b${layer}`] = numbers(sizes[layer], scale);
  }
  const x = numbers(examples * sizes[0], 2).map((value) =>
    random() < zeros ? 0 : Math.round(value * 4) / 4,
  );
  const outputs = last(sizes);
  const t = Array.from({ length: examples }, () => {
    const label = Math.floor(random() * outputs);
    const hard = Array.from({ length: outputs }, (_, k) => Number(k === label));
    return soft ? hard.map((one) => Math.fround(0.75 * one + 0.25 / outputs)) : hard;
  }).flat();
  return { structure: { sizes, hidden, ...head }, parameters, x, t };
}

/** What is made of the library's network of these numbers, its examples and their targets; all its tensors are disposed of. */
export function withNetwork<T extends tf.TensorContainer>(
  plain: PlainNetwork,
  use: (network: Mlp, x: tf.Tensor2D, t: tf.Tensor2D) => T,
): T {
  const { sizes, hidden, output, loss, epsilon } = plain.structure;
  const network = new Mlp({ sizes, activations: [...hidden, output], loss, epsilon, seed: 0 });
  try {
    return tf.tidy(() => {
      network.setParameters(
        Object.fromEntries(
          Object.entries(plain.parameters).map(([name, values]) => [
            name,
            tf.tensor(values, network.parameters[name].shape),
          ]),
        ),
      );
      const examples = plain.x.length / sizes[0];
      return use(
        network,
        tf.tensor2d(plain.x, [examples, sizes[0]]),
        tf.tensor2d(plain.t, [examples, last(sizes)]),
      );
    });
  } finally {
    network.dispose();
  }
}

/** Loss and gradients through the library, as lists. */
export function structuredOf(
  plain: PlainNetwork,
  h: number,
  options: Omit<StructuredOptions, 'h'> = {},
): { loss: number; gradients: Record<string, number[]> } {
  return withNetwork(plain, (network, x, t) => {
    const result = structured({ h, ...options }).lossAndGradients(network, x, t);
    const lists = Object.entries(result.gradients).map(([name, tensor]) => [
      name,
      Array.from(tensor.dataSync()),
    ]);
    return { loss: result.loss, gradients: Object.fromEntries(lists) };
  });
}

export const example: Drawn = {
  sizes: [5, 4, 3, 3],
  hidden: ['tanh', 'softplus'],
  examples: 3,
  soft: false,
  zeros: 0.3,
  scale: 1,
  seed: 9,
};

/** Wide enough for samples to be worth it: every input of an example is another number. */
export const wide: fc.Arbitrary<Drawn> = fc.integer({ min: 1, max: 3 }).chain((depth) =>
  fc.record({
    sizes: fc
      .tuple(
        fc.integer({ min: 25, max: 50 }),
        fc.array(fc.integer({ min: 3, max: 12 }), { minLength: depth - 1, maxLength: depth - 1 }),
        fc.integer({ min: 2, max: 4 }),
      )
      .map(([inputs, layers, outputs]) => [inputs, ...layers, outputs]),
    hidden: fc.array(fc.constantFrom(...activations), { minLength: depth - 1, maxLength: depth - 1 }),
    examples: fc.integer({ min: 1, max: 5 }),
    soft: fc.boolean(),
    zeros: fc.constantFrom(0, 0.6),
    scale: fc.constantFrom(0.05, 0.3, 1),
    seed: fc.nat(),
  }),
);

/** The network, and a batch whose inputs have all the digits of a float32. */
export function wideNetwork(head: (typeof heads)[number], from: Drawn): PlainNetwork {
  const plain = plainNetwork(head, from);
  const random = randomFrom(from.seed + 1);
  return { ...plain, x: plain.x.map((value) => (value === 0 ? 0 : Math.fround(2 * random() - 1))) };
}

/**
 * The worst difference of any parameter's gradient from another, relative to the largest entry of that parameter, or to a thousandth
 * of the largest of all.
 */
export function worstOf(got: Record<string, number[]>, expected: Record<string, number[]>): number {
  const largestOf = (values: number[]): number => Math.max(...values.map(Math.abs));
  const least = largestOf(Object.values(expected).flat()) / 1000;
  return Math.max(
    ...Object.entries(expected).map(([name, values]) => {
      const worst = Math.max(...values.map((value, i) => Math.abs(value - got[name][i])));
      return worst / Math.max(largestOf(values), least);
    }),
  );
}
