/** Structured differences of every kind of dense network against the plain loop in doubles. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { last } from '../../../src/collections.js';
import type { StructuredKernel } from '../../../src/differentiation/structured.js';
import { inFloat64 } from '../../../src/float64/in-float64.js';
import type { ActivationName } from '../../../src/functions/activations.js';
import { describeOnEachBackend, expectNoLeak } from '../../support/backends.js';
import { expectClose, expectRejected } from '../../support/close.js';
import { present } from '../../support/present.js';
import {
  drawn,
  example,
  heads,
  plainNetwork,
  structuredOf,
  wideNetwork,
  worstOf,
  type Drawn,
} from './drawn-networks.js';
import { distanceToKink, plainDifferences, plainLoss, type PlainNetwork } from './mlp-loop.js';

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
      { numRuns: 6 },
    );
  });
});

describe('in double precision', () => {
  test.each(heads)('$output, $loss, ε = $epsilon', (head) => {
    fc.assert(
      fc.property(drawn, fc.constantFrom(1e-3, 1e-2, 0.5, 4), (network, h) =>
        inFloat64(() => expectLoop(plainNetwork(head, network), h, 1e-10)),
      ),
      { numRuns: 6 },
    );
  });
});

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

describe('where the samples themselves show that more are needed than the singularities say', () => {
  // Found by a search over random networks: saturated ones with long steps, in which the coefficients fall slowly.
  const found: [string, Partial<Drawn>, number][] = [
    [
      'meanAbsoluteError',
      { sizes: [31, 7, 4, 9, 2], hidden: ['tanh', 'tanh', 'sigmoid'], scale: 8, seed: 986988304, soft: true },
      1,
    ],
    [
      'rootMeanSquaredError',
      {
        sizes: [44, 9, 9, 2, 3, 3],
        hidden: ['tanh', 'softplus', 'identity', 'identity'],
        examples: 2,
        scale: 2,
        seed: 717319736,
      },
      0.05,
    ],
    [
      'halfSumSquaredError',
      {
        sizes: [37, 2, 4, 4, 4],
        hidden: ['softplus', 'identity', 'relu'],
        examples: 2,
        scale: 4,
        seed: 45935386,
        soft: true,
      },
      0.05,
    ],
  ];
  test.each(found)('%s: the numbers of every move by itself', (loss, network, h) => {
    const head = present(heads.find((one) => one.output === 'softmax' && one.loss === loss));
    const plain = wideNetwork(head, { ...example, examples: 1, zeros: 0, ...network });
    const each = structuredOf(plain, h, { kernel: 'tensors' }).gradients;
    // As many samples as the singularities ask for leave 1.4e-4 and more.
    expect(worstOf(structuredOf(plain, h).gradients, each)).toBeLessThan(2e-5);
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
