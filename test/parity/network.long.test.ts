import { afterAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { loadMnist, type Mnist } from '../../src/data/mnist.js';
import { autodiff } from '../../src/differentiation/autodiff.js';
import type { NamedTensors } from '../../src/differentiation/gradient-method.js';
import { judge, LOOP_TOLERANCE, parityCases, STRUCTURED_TOLERANCE } from '../../src/parity/textbook.js';
import { TwoLayerNet } from '../../src/networks/two-layer-net.js';
import { loopDifferences, type DenseNet } from '../differentiation/dense-loop.js';
import { parameterNames } from '../networks/fixtures.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';
import { evaluated, reversed, scaled, withWrongAutodiff } from './wrong.js';

const cases = parityCases().filter(({ name }) => /central|structured/.test(name));

describeOnEachBackend('numerical gradient against tf.grad', () => {
  test.each(cases.map((each) => [each.name, each] as const))('%s', (name, parityCase) => {
    const each = evaluated(parityCase);
    expect(each.tolerance).toBe(name.includes('structured') ? STRUCTURED_TOLERANCE : LOOP_TOLERANCE);
    const result = judge(each);
    expect(result.worstRelativeDifference).toBeLessThanOrEqual(each.tolerance);
    expect(result.right).toBe(true);
    for (const wrong of [
      withWrongAutodiff(each, 3 * each.tolerance),
      scaled(each, 2),
      scaled(each, -1),
      scaled(each, 0),
      scaled(each, 1 / 7), // divided by the batch once more
      reversed(each),
    ]) {
      expect(judge(wrong).right).toBe(false);
    }
  });

  test('the checks leave no tensors', () => {
    expectNoLeak(() => cases.filter((_, i) => i % 4 === 0).forEach((each) => void judge(each)));
  });
});

/** The network's numbers, for the loop in doubles. */
function denseNet(network: TwoLayerNet, x: tf.Tensor, t: tf.Tensor): DenseNet {
  const { W1, b1, W2, b2 } = network.parameters;
  return {
    sizes: [784, 50, 10],
    activation: 'sigmoid',
    epsilon: 1e-7,
    parameters: { W1: W1.dataSync(), b1: b1.dataSync(), W2: W2.dataSync(), b2: b2.dataSync() },
    x: x.dataSync(),
    labels: t.dataSync(),
  };
}

/** `count` numbers from 0 to size - 1, spread by the golden ratio. */
const sample = (size: number, count: number): number[] =>
  Array.from({ length: count }, (_, k) => Math.floor(((k * 0.6180339887) % 1) * size));

/** Entries that are compared: 160 of W1, 40 of them those with the largest gradients, 80 of W2, all of the biases. */
function coordinates(gradients: NamedTensors): Record<(typeof parameterNames)[number], number[]> {
  const values = gradients['W1'].dataSync();
  const bySize = Array.from(values.keys()).sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
  const all = (size: number): number[] => Array.from({ length: size }, (_, i) => i);
  return {
    W1: [...bySize.slice(0, 40), ...sample(values.length, 120)],
    b1: all(50),
    W2: sample(500, 80),
    b2: all(10),
  };
}

let mnist: Mnist | undefined;
afterAll(() => mnist?.dispose());

describeOnEachBackend('the book’s network on MNIST, batch 100, against its loop in doubles', (backend) => {
  /** Steps of plain gradient descent with rate 1 before the comparison. */
  const stages: [string, number][] = [
    ['freshly initialised', 0],
    ['after some training', backend === 'cpu' ? 10 : 40],
  ];

  test.each(stages)('%s', async (_stage, steps) => {
    mnist ??= await loadMnist({ trainSize: 2000, testSize: 1 });
    const { x: images, t: labels } = mnist.train;
    const network = new TwoLayerNet({ seed: 7 });
    try {
      tf.tidy(() => {
        const batch = (step: number): [tf.Tensor, tf.Tensor] => {
          const start = (step * 100) % 2000;
          return [tf.slice(images, [start, 0], [100, -1]), tf.slice(labels, start, 100)];
        };
        for (let step = 0; step < steps; step++) descend(network, ...batch(step));
        const [x, t] = batch(steps);
        compare(network, x, t);
      });
    } finally {
      network.dispose();
    }
  });

  function descend(network: TwoLayerNet, x: tf.Tensor, t: tf.Tensor): void {
    tf.tidy(() => {
      const { gradients } = autodiff.lossAndGradients(network, x, t);
      const moved = parameterNames.map((name) => [name, tf.sub(network.parameters[name], gradients[name])]);
      network.setParameters(Object.fromEntries(moved) as Record<string, tf.Tensor>);
    });
  }

  function compare(network: TwoLayerNet, x: tf.Tensor, t: tf.Tensor): void {
    const gradients = network.gradient(x, t, 'structured');
    const net = denseNet(network, x, t);
    const sampled = coordinates(gradients);
    for (const name of parameterNames) {
      const values = Array.from(gradients[name].dataSync());
      const expected = Array.from(loopDifferences(net, name, 1e-4, sampled[name]));
      // The largest entry of the whole gradient, not of the sample.
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const tolerance = { absolute: 1e-6 * largest };
      const got = sampled[name].map((index) => values[index]);
      expectClose(got, expected, tolerance);
      expectRejected(
        expected.map((value) => value + 3e-6 * largest),
        expected,
        tolerance,
      );
    }
  }
});

describe('the comparison itself', () => {
  test('samples are spread over the whole parameter', () => {
    const indices = sample(39200, 30);
    expect(new Set(indices).size).toBe(30);
    expect(Math.max(...indices)).toBeGreaterThan(35000);
    expect(Math.min(...indices)).toBeLessThan(3000);
  });
});
