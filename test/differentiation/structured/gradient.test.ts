/** Structured differences of every kind of dense network against the plain loop in doubles. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { last } from '../../../src/collections.js';
import type { LossName, OutputName } from '../../../src/differentiation/losses.js';
import {
  structured,
  type StructuredKernel,
  type StructuredOptions,
} from '../../../src/differentiation/structured.js';
import { inFloat64 } from '../../../src/float64/in-float64.js';
import type { ActivationName } from '../../../src/functions/activations.js';
import { Mlp } from '../../../src/networks/mlp.js';
import { describeOnEachBackend, expectNoLeak } from '../../support/backends.js';
import { expectClose, expectRejected } from '../../support/close.js';
import { distanceToKink, plainDifferences, plainLoss, type PlainNetwork } from './mlp-loop.js';

const activations: ActivationName[] = ['sigmoid', 'tanh', 'relu', 'softplus', 'identity'];

/** Every output with every loss that goes with it; cross-entropies with the book's ε and without. */
const heads: { output: OutputName; loss: LossName; epsilon: number }[] = [
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

interface Drawn {
  sizes: number[];
  hidden: ActivationName[];
  examples: number;
  soft: boolean;
  zeros: number;
  scale: number;
  seed: number;
}

const drawn: fc.Arbitrary<Drawn> = fc.integer({ min: 1, max: 4 }).chain((depth) =>
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
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function plainNetwork(
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

/** Loss and gradients through the library, as lists. */
function structuredOf(
  plain: PlainNetwork,
  h: number,
  options: Omit<StructuredOptions, 'h'> = {},
): { loss: number; gradients: Record<string, number[]> } {
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
      const x = tf.tensor(plain.x, [plain.x.length / sizes[0], sizes[0]]);
      const t = tf.tensor(plain.t, [plain.x.length / sizes[0], last(sizes)]);
      const method = structured({ h, ...options });
      const result = method.lossAndGradients(network, x, t);
      const lists = Object.entries(result.gradients).map(([name, tensor]) => [
        name,
        Array.from(tensor.dataSync()),
      ]);
      return { loss: result.loss, gradients: Object.fromEntries(lists) };
    });
  } finally {
    network.dispose();
  }
}

/**
 * Every parameter against the loop. What is allowed is relative to the largest entry that there would be if the examples'
 * shares did not cancel, and never below the loop's own rounding.
 */
function expectLoop(plain: PlainNetwork, h: number, relative: number): void {
  const expectedLoss = plainLoss(plain);
  const inputs = plain.structure.sizes[0];
  const outputs = last(plain.structure.sizes);
  const examples = plain.x.length / inputs;
  // Also with the targets turned round: where an output meets its target, the residual is mostly the rounding of the two.
  const alone = Array.from({ length: 2 * examples }, (_, at) => {
    const n = at % examples;
    const t = plain.t.slice(n * outputs, (n + 1) * outputs);
    return {
      ...plain,
      x: plain.x.slice(n * inputs, (n + 1) * inputs),
      t: at < examples ? t : t.map((value) => 1 - value),
    };
  });
  const names = Object.keys(plain.parameters);
  const share = Math.max(
    ...names.flatMap((name) => alone.flatMap((one) => plainDifferences(one, name, h).map(Math.abs))),
  );
  // A move across a kink stops or starts where the pre-activation is, and float32 rounds that by some 1e-7.
  const reach = 2 * h * 5 ** (plain.structure.sizes.length - 1);
  const crossing = relative > 1e-9 && distanceToKink(plain) < reach ? (5e-7 / h) * Math.max(share, 1) : 0;
  const allowed = {
    absolute: Math.max(relative * share, crossing, (4e-15 * Math.max(1, expectedLoss)) / h),
  };
  const expected = Object.fromEntries(names.map((name) => [name, plainDifferences(plain, name, h)]));
  for (const kernel of ['auto', 'tensors'] as const) {
    const { loss, gradients } = structuredOf(plain, h, { kernel });
    expect(Math.abs(loss - expectedLoss)).toBeLessThan(Math.max(2e-6, relative) * Math.max(1, expectedLoss));
    for (const name of names) expectClose(gradients[name], expected[name], allowed);
  }
}

/** The steps; but for a root none that may reach a loss of nearly 0, where it magnifies the rounding of what is below it. */
const stepsFor = ({ loss }: (typeof heads)[number]): fc.Arbitrary<number> =>
  fc.constantFrom(1e-4, 1e-2, 0.5, ...(loss === 'rootMeanSquaredError' ? [] : [4]));

describeOnEachBackend('every output and loss, at any depth', () => {
  test.each(heads)('$output, $loss, ε = $epsilon', (head) => {
    fc.assert(
      fc.property(drawn, stepsFor(head), (network, h) => expectLoop(plainNetwork(head, network), h, 4e-6)),
      { numRuns: 12 },
    );
  });
});

describe('in double precision', () => {
  test.each(heads)('$output, $loss, ε = $epsilon', (head) => {
    fc.assert(
      fc.property(drawn, fc.constantFrom(1e-3, 1e-2, 0.5, 4), (network, h) =>
        inFloat64(() => expectLoop(plainNetwork(head, network), h, 1e-10)),
      ),
      { numRuns: 12 },
    );
  });
});

const example: Drawn = {
  sizes: [5, 4, 3, 3],
  hidden: ['tanh', 'softplus'],
  examples: 3,
  soft: false,
  zeros: 0.3,
  scale: 1,
  seed: 9,
};

describeOnEachBackend('the difference and its pieces', () => {
  test('at h = ½ it is the difference and not the derivative', () => {
    const plain = plainNetwork(heads[1], example);
    const { gradients } = structuredOf(plain, 0.5);
    const near = structuredOf(plain, 1e-4).gradients;
    for (const name of Object.keys(plain.parameters)) {
      const expected = plainDifferences(plain, name, 0.5);
      expectClose(gradients[name], expected, { maxRelativeToLargest: 2e-6 });
      expectRejected(
        expected.map((value) => value * (1 + 5e-6)),
        expected,
        { maxRelativeToLargest: 2e-6 },
      );
      expectRejected(near[name], expected, { maxRelativeToLargest: 1e-3 });
    }
  });

  test.each(['auto', 'tensors'] as const)(
    'a unit and a move at a time, and no tensors stay: %s',
    (kernel) => {
      const plain = plainNetwork(heads[1], example);
      const whole = structuredOf(plain, 1e-3).gradients;
      expectNoLeak(() => {
        const pieces = structuredOf(plain, 1e-3, { memoryLimit: 1e-6, kernel }).gradients;
        for (const name of Object.keys(whole))
          expectClose(pieces[name], whole[name], { maxRelativeToLargest: 6e-7 });
      });
    },
  );
});

/** Wide enough for samples to be worth it: every input of an example is another number. */
const wide: fc.Arbitrary<Drawn> = fc.integer({ min: 1, max: 3 }).chain((depth) =>
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
function wideNetwork(head: (typeof heads)[number], from: Drawn): PlainNetwork {
  const plain = plainNetwork(head, from);
  const random = randomFrom(from.seed + 1);
  return { ...plain, x: plain.x.map((value) => (value === 0 ? 0 : Math.fround(2 * random() - 1))) };
}

/**
 * The worst difference of any parameter's gradient from another, relative to the largest entry of that parameter, or to a thousandth
 * of the largest of all.
 */
function worstOf(got: Record<string, number[]>, expected: Record<string, number[]>): number {
  const largestOf = (values: number[]): number => Math.max(...values.map(Math.abs));
  const least = largestOf(Object.values(expected).flat()) / 1000;
  return Math.max(
    ...Object.entries(expected).map(([name, values]) => {
      const worst = Math.max(...values.map((value, i) => Math.abs(value - got[name][i])));
      return worst / Math.max(largestOf(values), least);
    }),
  );
}

describe('from samples and move by move, where there are many moves', () => {
  const steps = fc.constantFrom(1e-4, 1e-3, 1e-2, 0.1, 0.5, 2);

  test.each(heads)('in doubles: $output, $loss, ε = $epsilon', (head) => {
    fc.assert(
      fc.property(wide, steps, (network, h) =>
        inFloat64(() => {
          const plain = wideNetwork(head, network);
          const sampled = structuredOf(plain, h).gradients;
          expect(worstOf(sampled, structuredOf(plain, h, { kernel: 'tensors' }).gradients)).toBeLessThan(
            1e-9,
          );
        }),
      ),
      { numRuns: 4 },
    );
  });

  test.each(heads)('in float32: $output, $loss, ε = $epsilon', (head) => {
    fc.assert(
      fc.property(wide, steps, (network, h) => {
        const plain = wideNetwork(head, network);
        const sampled = structuredOf(plain, h).gradients;
        expect(worstOf(sampled, structuredOf(plain, h, { kernel: 'tensors' }).gradients)).toBeLessThan(2e-5);
      }),
      { numRuns: 4 },
    );
  });

  test('one sample where the difference bends would not do', () => {
    const plain = wideNetwork(heads[1], { ...example, sizes: [40, 6, 5, 3], scale: 0.3 });
    inFloat64(() => {
      const far = structuredOf(plain, 0.5).gradients;
      const near = structuredOf(plain, 1e-4).gradients;
      expect(worstOf(near, far)).toBeGreaterThan(1e-4);
    });
  });
});

describe('what is evaluated', () => {
  /** Numbers that the kernels put out. */
  async function work(plain: PlainNetwork, h: number, kernel: StructuredKernel): Promise<number> {
    const { kernels } = await tf.profile(() => {
      structuredOf(plain, h, { kernel });
      return tf.scalar(0);
    });
    return kernels
      .flatMap(({ outputShapes }) => outputShapes as (number[] | undefined)[])
      .reduce((sum, shape) => sum + tf.util.sizeFromShape(shape ?? []), 0);
  }
  const of = (hidden: ActivationName[], scale: number): PlainNetwork =>
    wideNetwork(heads[1], { ...example, sizes: [200, 12, 8, 3], hidden, examples: 5, zeros: 0, scale });

  test('a few moves of each unit, and not each', async () => {
    const plain = of(['tanh', 'softplus'], 0.1);
    const all = await work(plain, 1e-4, 'tensors');
    expect(await work(plain, 1e-4, 'auto')).toBeLessThan(all / 10);
    // A tenth of a move's size bends the difference: more samples, still few.
    const longer = await work(plain, 0.1, 'auto');
    expect(longer).toBeGreaterThan(1.5 * (await work(plain, 1e-4, 'auto')));
    expect(longer).toBeLessThan(all / 3);
  });

  test('each move only of what comes over a kink', async () => {
    const plain = of(['relu', 'relu'], 0.1);
    const all = await work(plain, 1e-4, 'tensors');
    expect(await work(plain, 1e-4, 'auto')).toBeLessThan(all / 10);
    expect(await work(plain, 0.5, 'auto')).toBeGreaterThan(all / 10);
  });
});

describeOnEachBackend('moves over kinks among many that are not', () => {
  test.each([1e-3, 0.03])('h = %d: the loop’s numbers', (h) => {
    const plain = wideNetwork(heads[1], {
      ...example,
      sizes: [30, 8, 6, 3],
      hidden: ['relu', 'relu'],
      scale: 0.5,
    });
    expect(distanceToKink(plain)).toBeLessThan(h === 0.03 ? h : Infinity);
    const { gradients } = structuredOf(plain, h);
    const names = Object.keys(gradients);
    const expected = Object.fromEntries(names.map((name) => [name, plainDifferences(plain, name, h)]));
    expect(worstOf(gradients, expected)).toBeLessThan(1e-5);
    // With each pre-activation of the first layer moved off its kink, another number.
    if (h === 0.03) {
      const smooth = structuredOf(plain, 1e-4).gradients;
      expect(worstOf(smooth, expected)).toBeGreaterThan(1e-3);
    }
  });
});
