/** Samples of a layer. Oracle: the plain loss in doubles with one example's pre-activation moved; distances by hand. */
import { describe, expect, test } from '@jest/globals';
import { last } from '../../../src/collections.js';
import { stateOf } from '../../../src/differentiation/structured/around.js';
import { sampleLayer } from '../../../src/differentiation/structured/samples.js';
import { nodesOf } from '../../../src/differentiation/structured/sampling.js';
import { inFloat64 } from '../../../src/float64/in-float64.js';
import type { ActivationName } from '../../../src/functions/activations.js';
import { expectClose } from '../../support/close.js';
import { example, heads, plainNetwork, withNetwork, type Drawn } from './drawn-networks.js';
import { plainLoss, type PlainNetwork } from './mlp-loop.js';

interface Sampled {
  shape: number[];
  odd: number[];
  even: number[];
  towardsKink?: number[];
  reach: number;
}

/** A layer's samples, by so many numbers in a tensor. */
function sampled(
  plain: PlainNetwork,
  layer: number,
  R: number[],
  nodes: number[],
  chunk = Infinity,
): Sampled {
  return inFloat64(() =>
    withNetwork(plain, (network, x, t) => {
      const state = stateOf(network, x, t, () => t);
      const { odd, even, towardsKink, reach } = sampleLayer(state, layer, new Float32Array(R), nodes, chunk);
      return {
        shape: odd.shape,
        odd: Array.from(odd.dataSync()),
        even: Array.from(even.dataSync()),
        towardsKink: towardsKink && Array.from(towardsKink.dataSync()),
        reach,
      };
    }),
  );
}

/** Example n alone, with the pre-activation of a layer's unit moved; its loss, summed over the outputs where each has one. */
function lossAt(plain: PlainNetwork, n: number, layer: number, unit: number, move: number): number {
  const { sizes, loss } = plain.structure;
  const [inputs, outputs] = [sizes[0], last(sizes)];
  const bias = `b${layer + 1}`;
  const mean = plainLoss({
    ...plain,
    x: plain.x.slice(n * inputs, (n + 1) * inputs),
    t: plain.t.slice(n * outputs, (n + 1) * outputs),
    parameters: {
      ...plain.parameters,
      [bias]: plain.parameters[bias].map((value, j) => (j === unit ? value + move : value)),
    },
  });
  return loss === 'meanSquaredError' || loss === 'binaryCrossEntropy' ? mean * outputs : mean;
}

const drawn = (sizes: number[], hidden: ActivationName[]): Drawn => ({
  ...example,
  sizes,
  hidden,
  examples: 3,
  zeros: 0,
  scale: 0.8,
});

const headOf = (output: string, loss: string): (typeof heads)[number] =>
  heads.find((head) => head.output === output && head.loss === loss && head.epsilon <= 1e-7) ?? heads[0];

describe.each([
  ['tanh and sigmoid, softmax', headOf('softmax', 'crossEntropy'), ['tanh', 'sigmoid']],
  ['softplus and tanh, squares', headOf('identity', 'meanSquaredError'), ['softplus', 'tanh']],
  ['ReLU and identity, sigmoid', headOf('sigmoid', 'binaryCrossEntropy'), ['relu', 'identity']],
] as const)('%s', (_name, head, hidden) => {
  const plain = plainNetwork(head, drawn([4, 3, 5, 2], [...hidden]));
  // No move here comes over a kink.
  const R = [0.01, 0.02, 0.005];
  const nodes = nodesOf(3);

  test.each([0, 1, 2])('layer %d: odd and even differences of every example, unit and move', (layer) => {
    const units = plain.structure.sizes[layer + 1];
    const { shape, odd, even, towardsKink = [] } = sampled(plain, layer, R, nodes);
    expect(shape).toEqual([3, 3, units]);
    expect(Math.max(0, ...towardsKink)).toBeLessThan(1);
    const expected = nodes.flatMap((node) =>
      R.flatMap((r, n) =>
        Array.from({ length: units }, (_, unit) =>
          [r * Math.sqrt(node), 0, -r * Math.sqrt(node)].map((move) => lossAt(plain, n, layer, unit, move)),
        ),
      ),
    );
    const allowed = { relative: 1e-9, absolute: 1e-14 };
    expectClose(
      odd,
      expected.map(([plus, , minus]) => plus - minus),
      allowed,
    );
    expectClose(
      even,
      expected.map(([plus, still, minus]) => plus - still + (minus - still)),
      allowed,
    );
  });

  test.each([0, 1, 2])('layer %d: in pieces of any size the same', (layer) => {
    for (const count of [1, 3]) {
      const whole = sampled(plain, layer, R, nodesOf(count));
      for (const chunk of [1, 7, 11, 30, 31, 60, 100]) {
        const pieces = sampled(plain, layer, R, nodesOf(count), chunk);
        expect(pieces.shape).toEqual(whole.shape);
        for (const part of ['odd', 'even', 'towardsKink'] as const)
          expectClose(pieces[part] ?? [], whole[part] ?? [], { relative: 1e-12, absolute: 1e-18 });
        expect(pieces.towardsKink === undefined).toBe(whole.towardsKink === undefined);
        expect(pieces.reach).toBeCloseTo(whole.reach, 12);
      }
    }
  });
});

describe('the reach: the largest moves over how far the singularities are, summed', () => {
  const R = [0.01, 0.02, 0.005];
  const of = (head: (typeof heads)[number], hidden: ActivationName[], layer: number): number =>
    sampled(plainNetwork(head, drawn([4, ...hidden.map(() => 3), 2], hidden)), layer, R, nodesOf(2)).reach;
  const squares = headOf('identity', 'meanSquaredError');
  const largest = 0.02;

  test.each<[ActivationName, number]>([
    ['tanh', Math.PI / 2],
    ['sigmoid', Math.PI],
    ['softplus', Math.PI],
    ['relu', Infinity],
    ['identity', Infinity],
  ])('%s alone', (activation, radius) => {
    expect(of(squares, [activation], 0)).toBeCloseTo(largest / radius, 12);
    // The squares above have none.
    expect(of(squares, [activation], 1)).toBe(0);
  });

  test('of the loss of the logits', () => {
    expect(of(headOf('softmax', 'crossEntropy'), [], 0)).toBeCloseTo(largest / (Math.PI / 2), 12);
    expect(of(headOf('sigmoid', 'binaryCrossEntropy'), [], 0)).toBeCloseTo(largest / Math.PI, 12);
    expect(of(headOf('sigmoid', 'meanSquaredError'), [], 0)).toBeCloseTo(largest / Math.PI, 12);
  });

  test('of the layers above, by what comes there', () => {
    const plain = plainNetwork(squares, drawn([4, 3, 2, 2], ['identity', 'sigmoid']));
    const W = Math.max(...plain.parameters.W2.map(Math.abs));
    expect(sampled(plain, 0, R, nodesOf(2)).reach).toBeCloseTo((largest * W) / Math.PI, 12);
    const curved = plainNetwork(squares, drawn([4, 1, 1, 2], ['tanh', 'sigmoid']));
    const { x, parameters } = curved;
    const a = R.map(
      (_, n) => parameters.b1[0] + parameters.W1.reduce((sum, weight, i) => sum + weight * x[4 * n + i], 0),
    );
    const moved = R.flatMap((r, n) =>
      [1, -1].map((sign) => Math.abs(Math.tanh(a[n] + sign * r) - Math.tanh(a[n]))),
    );
    const expected = largest / (Math.PI / 2) + (Math.max(...moved) * Math.abs(parameters.W2[0])) / Math.PI;
    expect(sampled(curved, 0, R, nodesOf(2)).reach).toBeCloseTo(expected, 8);
  });
});

describe('the share of the way to the nearest kink', () => {
  const R = [0.01, 0.02, 0.5];

  test('of the units themselves: the largest move over their distance', () => {
    const plain = plainNetwork(headOf('identity', 'meanSquaredError'), drawn([4, 3, 2], ['relu']));
    const { x, parameters } = plain;
    const expected = R.flatMap((r, n) =>
      parameters.b1.map((bias, j) => {
        const a = parameters.W1.reduce(
          (sum, weight, at) => sum + (at % 3 === j ? weight * x[4 * n + Math.floor(at / 3)] : 0),
          bias,
        );
        return r / Math.abs(a);
      }),
    );
    expectClose(sampled(plain, 0, R, nodesOf(2)).towardsKink ?? [], expected, { relative: 1e-9 });
    expect(sampled(plain, 1, R, nodesOf(2)).towardsKink).toBeUndefined();
    expect(Math.max(...expected)).toBeGreaterThan(0.1);
  });

  test('of the residuals above', () => {
    const plain = plainNetwork(headOf('identity', 'meanAbsoluteError'), drawn([4, 2], []));
    const { x, t, parameters } = plain;
    const expected = R.flatMap((r, n) =>
      parameters.b1.map((bias, j) => {
        const y = parameters.W1.reduce(
          (sum, weight, at) => sum + (at % 2 === j ? weight * x[4 * n + Math.floor(at / 2)] : 0),
          bias,
        );
        return r / Math.abs(y - t[2 * n + j]);
      }),
    );
    // What moves in proportion is known to the last digit, so that no margin is kept.
    expectClose(sampled(plain, 0, R, nodesOf(2)).towardsKink ?? [], expected, { relative: 1e-9 });
  });
});
