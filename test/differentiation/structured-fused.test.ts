/** The fused kernel by itself: the lengths of its series, and its gradients against the book's loop in plain doubles. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import type { DifferentiableNetwork } from '../../src/differentiation/gradient-method.js';
import { selectBackend } from '../../src/backends/select.js';
import { expm1Terms, fusedDifferences, isFusable } from '../../src/differentiation/structured-fused.js';
import type { ActivationName } from '../../src/functions/activations.js';
import { parameterNames } from '../networks/fixtures.js';
import { expectClose, expectRejected, mismatch } from '../support/close.js';
import { present } from '../support/present.js';
import { loopDifferences, loopLoss, type DenseNet } from './dense-loop.js';

beforeAll(async () => {
  await selectBackend();
});

describe('expm1Terms', () => {
  const series = (x: number, terms: number): number => {
    let sum = 0;
    for (let m = terms; m >= 1; m--) sum = ((1 + sum) * x) / m;
    return sum;
  };

  test('so many terms are exact to a hundredth of float32’s rounding, and one fewer is not', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 0.5, noNaN: true }), (bound) => {
        const terms = expm1Terms(bound);
        if (terms === undefined) return expect(bound).toBeGreaterThan(0.2);
        for (const x of [bound, -bound]) {
          expect(mismatch(series(x, terms), Math.expm1(x), { relative: 2 ** -31.7 })).toBeUndefined();
        }
        // The remainder is reckoned against x, and expm1(x) is larger, by up to 2^0.4 at 0.5.
        if (terms > 1) {
          expect(
            mismatch(series(bound, terms - 1), Math.expm1(bound), { relative: 2 ** -32.4 }),
          ).toBeDefined();
        }
      }),
    );
  });

  test('none for moves that are large', () => {
    expect(expm1Terms(0.5)).toBeUndefined();
    expect(expm1Terms(Infinity)).toBeUndefined();
    expect(expm1Terms(NaN)).toBeUndefined();
    expect(expm1Terms(0)).toBe(1);
  });
});

describe('fusedDifferences', () => {
  const numbers = (count: number, shift: number, size = 1): number[] =>
    Array.from({ length: count }, (_, i) => Math.fround(size * Math.sin(2.3 * i + shift)));
  /** Five examples of all classes; inputs are repeated, and some are 0. */
  const netOf = (activation: ActivationName, epsilon: number, size = 1): DenseNet => ({
    sizes: [3, 4, 3],
    activation,
    epsilon,
    parameters: {
      W1: numbers(12, 0.2),
      b1: numbers(4, 0.7),
      W2: numbers(12, 1.3, size),
      b2: numbers(3, 0.4),
    },
    x: [0.5, 0, -1, 1, 1, 0.25, 0, 0, 0, -0.75, 0.5, 0.5, 1, -1, 0],
    labels: [0, 2, 1, 2, 1],
  });
  const fused = (net: DenseNet, h: number) => {
    const { sizes, activation, epsilon, parameters, x, labels } = net;
    const network = {
      structure: {
        sizes,
        hidden: [activation],
        output: 'softmax',
        loss: epsilon > 0 ? 'crossEntropy' : 'softmaxCrossEntropy',
        // Without ε in the loss this one has no part in it.
        epsilon: epsilon || 0.5,
      },
      parameters: Object.fromEntries(
        parameterNames.map((name) => [name, { dataSync: () => parameters[name] }]),
      ),
    } as unknown as DifferentiableNetwork;
    return fusedDifferences(network, x, Int32Array.from(labels), h);
  };
  const cases = (['sigmoid', 'tanh', 'relu', 'softplus', 'identity'] as const).flatMap((activation) =>
    [0, 1e-3, 0.2].flatMap((epsilon) =>
      [1e-5, 1e-4, 1e-2, 0.04].map((h) => [activation, epsilon, h] as const),
    ),
  );

  test.each(cases)('%s, ε = %d, h = %d: loss and gradients of the loop', (activation, epsilon, h) => {
    const net = netOf(activation, epsilon);
    const { loss, gradients } = present(fused(net, h));
    expect(loss).toBeCloseTo(loopLoss(net), 12);
    // What float32 leaves of the result, and doubles of the loop.
    const allowed = { maxRelativeToLargest: 1e-7, absolute: 1e-15 / h };
    for (const name of parameterNames) {
      const expected = Array.from(loopDifferences(net, name, h));
      expectClose(gradients[name], expected, allowed);
      expectRejected(
        expected.map((value, i) =>
          i === 1 ? value + 3e-7 * Math.max(...expected.map(Math.abs)) + 3e-15 / h : value,
        ),
        expected,
        allowed,
      );
    }
    expect(parameterNames.map((name) => gradients[name].shape)).toEqual([[3, 4], [4], [4, 3], [3]]);
    tf.dispose(gradients);
  });

  test('none where a move is too far for the series: of the logits, by weights or inputs, or by the step', () => {
    const far = (net: DenseNet, h: number): boolean => {
      const result = fused(net, h);
      tf.dispose(result?.gradients ?? []);
      return result === undefined;
    };
    const net = netOf('identity', 0);
    expect(far(net, 0.04)).toBe(false);
    expect(far(net, 0.4)).toBe(true);
    expect(far(netOf('identity', 0, 10), 0.04)).toBe(true);
    // A sigmoid's slope is at most a quarter.
    expect(far(netOf('sigmoid', 0, 6), 0.04)).toBe(false);
    expect(far(netOf('identity', 0, 6), 0.04)).toBe(true);
    const wide = (x: number): DenseNet => ({
      ...netOf('identity', 0, 1e-3),
      x: Array.from(net.x, (one) => x * one),
    });
    expect(far(wide(1), 0.04)).toBe(false);
    expect(
      far({ ...wide(26), parameters: { ...wide(1).parameters, W1: numbers(12, 0.2, 1e-3) } }, 0.04),
    ).toBe(true);
  });

  test('for one hidden layer, softmax and cross-entropy', () => {
    const structure = {
      sizes: [3, 4, 3],
      hidden: ['tanh'],
      output: 'softmax',
      loss: 'crossEntropy',
      epsilon: 0,
    } as const;
    expect(isFusable(structure)).toBe(true);
    expect(isFusable({ ...structure, loss: 'softmaxCrossEntropy' })).toBe(true);
    expect(isFusable({ ...structure, loss: 'meanSquaredError' })).toBe(false);
    expect(isFusable({ ...structure, output: 'sigmoid' })).toBe(false);
    expect(isFusable({ ...structure, sizes: [3, 3] })).toBe(false);
    expect(isFusable({ ...structure, sizes: [3, 4, 4, 3] })).toBe(false);
  });
});
