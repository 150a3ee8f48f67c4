import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import type { NamedTensors } from '../../src/differentiation/gradient-method.js';
import { central } from '../../src/differentiation/loop.js';
import {
  structured,
  type StructuredKernel,
  type StructuredOptions,
} from '../../src/differentiation/structured.js';
import { InputError } from '../../src/errors.js';
import type { ActivationName } from '../../src/functions/activations.js';
import { Mlp } from '../../src/networks/mlp.js';
import { TwoLayerNet } from '../../src/networks/two-layer-net.js';
import { fixtures, parameterNames } from '../networks/fixtures.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';
import { distanceToKink, largestShare, loopDifferences, loopLoss, type DenseNet } from './dense-loop.js';

/** What done-when 4 asks for: a millionth of the largest entry, in float32. */
const tolerance = { maxRelativeToLargest: 1e-6 };
const activations: ActivationName[] = ['sigmoid', 'tanh', 'relu', 'softplus', 'identity'];

/** From samples, and every move by itself. */
const kernels = ['auto', 'tensors'] as const;

/** The gradients of a network of plain numbers, every one as a list. */
function structuredGradients(
  net: DenseNet,
  options?: StructuredOptions,
  oneHot = false,
): Record<string, number[]> {
  const [inputs, hidden, classes] = net.sizes;
  const network = new Mlp({
    sizes: net.sizes,
    activations: net.activation,
    loss: net.epsilon > 0 ? 'crossEntropy' : 'softmaxCrossEntropy',
    epsilon: net.epsilon,
    seed: 0,
  });
  return tf.tidy(() => {
    const list = (name: keyof typeof net.parameters) => Array.from(net.parameters[name]);
    network.setParameters({
      W1: tf.tensor(list('W1'), [inputs, hidden]),
      b1: tf.tensor(list('b1'), [hidden]),
      W2: tf.tensor(list('W2'), [hidden, classes]),
      b2: tf.tensor(list('b2'), [classes]),
    });
    const x = tf.tensor(Array.from(net.x), [net.labels.length, inputs]);
    const labels = tf.tensor1d(Array.from(net.labels), 'int32');
    const t = oneHot ? tf.oneHot(labels, classes) : labels;
    const { loss, gradients } = structured(options).lossAndGradients(network, x, t);
    expect(Math.abs(loss - loopLoss(net))).toBeLessThan(2e-6 * Math.max(1, loopLoss(net)));
    network.dispose();
    expect(parameterNames.map((name) => gradients[name].shape)).toEqual([
      [inputs, hidden],
      [hidden],
      [hidden, classes],
      [classes],
    ]);
    return Object.fromEntries(parameterNames.map((name) => [name, Array.from(gradients[name].dataSync())]));
  });
}

/** The fixtures' net with its W2 scaled. */
function fixtureNet(activation: ActivationName, epsilon: number, scaleOfW2 = 1): DenseNet {
  const { x, labels, parameters } = fixtures.hiddenLayer;
  return {
    sizes: [9, 6, 4],
    activation,
    epsilon,
    parameters: {
      W1: parameters.W1.values,
      b1: parameters.b1.values,
      W2: parameters.W2.values.map((weight) => weight * scaleOfW2),
      b2: parameters.b2.values,
    },
    x: x.values,
    labels,
  };
}

function describeOnEachKernel(name: string, body: (kernel: StructuredKernel) => void): void {
  describe.each(kernels)(`${name}, kernel %s`, (kernel) => describeOnEachBackend('', () => body(kernel)));
}

describeOnEachKernel('the book’s loop in numpy', (kernel) => {
  describe.each(fixtures.hiddenLayer.differences)('$activation, ε = $epsilon, W2 × $scaleOfW2', (each) => {
    const net = fixtureNet(each.activation, each.epsilon, each.scaleOfW2);

    test.each(each.steps)('h = $h', (step) => {
      const gradients = structuredGradients(net, { h: step.h, kernel });
      for (const name of parameterNames) {
        expectClose(gradients[name], step[name], tolerance);
        expectRejected(
          step[name].map((value) => value * (1 + 3e-6)),
          step[name],
          tolerance,
        );
      }
      // At h = ½ the difference is far from the derivative: what comes out is the one and not the other.
      if (step.h === 0.5) expectRejected(each.derivative['W1'], step.W1, { maxRelativeToLargest: 1e-3 });
    });
  });

  test('the plain loop of this test agrees with numpy’s', () => {
    for (const { activation, epsilon, scaleOfW2, steps, loss } of fixtures.hiddenLayer.differences) {
      const net = fixtureNet(activation, epsilon, scaleOfW2);
      expect(loopLoss(net)).toBeCloseTo(loss, 9);
      for (const { h, W1 } of steps) {
        expectClose(loopDifferences(net, 'W1', h, [0, 13, 53]), [W1[0], W1[13], W1[53]], {
          absolute: 1e-9,
        });
      }
    }
  });
});

const numbers = (random: () => number, count: number, size: number): number[] =>
  Array.from({ length: count }, () => Math.fround((random() * 2 - 1) * size));

/** A linear congruential generator (Numerical Recipes), from 0 to 1. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Nets of all sizes up to 6-5-5 with weights within ±scale, and batches in which inputs are repeated and `zeros` of them 0. */
const randomNet = (...scales: number[]): fc.Arbitrary<DenseNet> =>
  fc
    .record({
      sizes: fc.tuple(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 2, max: 5 }),
      ),
      examples: fc.integer({ min: 1, max: 5 }),
      activation: fc.constantFrom(...activations),
      epsilon: fc.constantFrom(1e-7, 0, 1e-3),
      zeros: fc.constantFrom(0, 0.5, 0.9),
      scale: fc.constantFrom(...scales),
      seed: fc.nat(),
    })
    .map(({ sizes, examples, activation, epsilon, zeros, scale, seed }) => {
      const [inputs, hidden, classes] = sizes;
      const random = randomFrom(seed);
      const x = numbers(random, examples * inputs, 2).map((value) =>
        random() < zeros ? 0 : Math.round(value * 8) / 8,
      );
      const parameters = {
        W1: numbers(random, inputs * hidden, scale),
        b1: numbers(random, hidden, scale),
        W2: numbers(random, hidden * classes, scale),
        b2: numbers(random, classes, scale),
      };
      const labels = Array.from({ length: examples }, () => Math.floor(random() * classes));
      return { sizes, activation, epsilon, parameters, x, labels };
    });

describeOnEachKernel('the loop in plain doubles, on random networks', (kernel) => {
  /** Shares of the examples may cancel; the rounding of the probabilities is that of the shares. */
  function expectLoop(net: DenseNet, h: number, oneHot: boolean, relative: number): void {
    const gradients = structuredGradients(net, { h, kernel }, oneHot);
    const share = largestShare(net, h);
    // A move across ReLU's kink ends at the pre-activation, which is rounded to float32.
    const crosses = net.activation === 'relu' && distanceToKink(net) < 2 * h;
    const crossing = crosses ? (2e-7 / h) * Math.max(share, 1) : 0;
    // The last term is what the loop itself loses, in doubles.
    const allowed = { absolute: Math.max(relative * share, crossing, 1e-14 / h) };
    for (const name of parameterNames) {
      expectClose(gradients[name], loopDifferences(net, name, h), allowed);
    }
    const b2 = Array.from(loopDifferences(net, 'b2', h));
    const largest = Math.max(...b2.map(Math.abs));
    if (largest > 100 * allowed.absolute) {
      expectRejected(
        b2.map((value) => value * 1.02),
        b2,
        allowed,
      );
    }
  }
  const steps = fc.constantFrom(1e-4, 1e-3, 1e-2, 0.1, 0.5, 3);

  test('weights up to 1: to a millionth', () => {
    fc.assert(
      fc.property(randomNet(0.01, 1), steps, fc.boolean(), (net, h, oneHot) =>
        expectLoop(net, h, oneHot, 1e-6),
      ),
      { numRuns: 40 },
    );
  });

  test('weights up to 3, whose logits of up to 50 are rounded to float32 before: to 1/50,000', () => {
    fc.assert(
      fc.property(randomNet(3), steps, fc.boolean(), (net, h, oneHot) => expectLoop(net, h, oneHot, 2e-5)),
      { numRuns: 40 },
    );
  });
});

describeOnEachKernel('the generic loop over the parameters', (kernel) => {
  test.each(activations)('central gives the same for %s, as far as float32 lets it', (activation) => {
    const network = new Mlp({ sizes: [4, 3, 3], activations: activation, weightInitStd: 0.7, seed: 8 });
    const x = tf.tensor2d([0.5, 0, -1, 1, 0, 0.5, 0.5, -0.25, 1, 1, 0, 0], [3, 4]);
    const t = tf.tensor1d([0, 2, 1], 'int32');
    const h = 2 ** -4;
    const expected = central({ h }).lossAndGradients(network, x, t).gradients;
    const got = structured({ h, kernel }).lossAndGradients(network, x, t).gradients;
    const autodiff = network.gradient(x, t);
    const loop = { absolute: 4e-6 };
    for (const name of parameterNames) expectClose(got[name], expected[name].dataSync<'float32'>(), loop);
    // With this step the derivative is another number.
    expectRejected(autodiff['W1'], expected['W1'].dataSync<'float32'>(), loop);
    network.dispose();
  });
});

describeOnEachKernel('the ways to the same numbers', (kernel) => {
  const net = fixtureNet('sigmoid', 1e-7);

  test('one row or one unit at a time', () => {
    const whole = structuredGradients(net, { kernel });
    const rows = structuredGradients(net, { memoryLimit: 1e-6, kernel });
    for (const name of parameterNames) expectClose(rows[name], whole[name], { maxRelativeToLargest: 3e-7 });
    expectRejected(rows['b1'], whole['W1'], { maxRelativeToLargest: 3e-7 });
  });

  test('labels, one-hot rows, one-hot int32, a batch of one and a single example', () => {
    const network = new TwoLayerNet({
      inputSize: 3,
      hiddenSize: 2,
      outputSize: 3,
      weightInitStd: 1,
      seed: 3,
    });
    const x = tf.tensor2d([0.5, 0, -1], [1, 3]);
    const method = structured({ h: 1e-2, kernel });
    const expected = network.gradient(x, tf.tensor1d([2], 'int32'), method);
    const ways: [tf.Tensor, tf.Tensor][] = [
      [x, tf.tensor2d([[0, 0, 1]])],
      [x, tf.tensor2d([[0, 0, 1]], [1, 3], 'int32')],
      [x.as1D(), tf.scalar(2, 'int32')],
      [x.as1D(), tf.tensor1d([0, 0, 1])],
    ];
    for (const [input, target] of ways) {
      const got = network.gradient(input, target, method);
      for (const name of parameterNames) {
        expect(Array.from(got[name].dataSync())).toEqual(Array.from(expected[name].dataSync()));
      }
    }
    const other = network.gradient(x, tf.tensor1d([1], 'int32'), method);
    expectRejected(other['b2'], expected['b2'].dataSync<'float32'>(), tolerance);
    network.dispose();
  });

  test('inputs of 0 have no part in W1’s gradient', () => {
    const dark = { ...net, x: Array.from(net.x, (value, i) => (i % 9 === 4 ? 0 : value)) };
    const { W1 } = structuredGradients(dark, { kernel });
    expect(W1.slice(4 * 6, 5 * 6)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(Math.min(...W1.slice(0, 6).map(Math.abs))).toBeGreaterThan(0);
    const black = structuredGradients({ ...net, x: Array.from(net.x, () => 0) }, { kernel });
    expect(black['W1'].every((value) => value === 0)).toBe(true);
    expectClose(
      black['b1'],
      loopDifferences({ ...net, x: Array.from(net.x, () => 0) }, 'b1', 1e-4),
      tolerance,
    );
  });
});

describeOnEachKernel('saturated networks', (kernel) => {
  const certain = (label: number, epsilon: number): DenseNet => ({
    sizes: [1, 1, 2],
    activation: 'identity',
    epsilon,
    parameters: { W1: [1], b1: [0], W2: [400, -400], b2: [0, 0] },
    x: [1],
    labels: [label],
  });

  test.each([1e-7, 0])('certain and right, ε = %d: gradient 0', (epsilon) => {
    for (const h of [1e-4, 0.1]) {
      const gradients = structuredGradients(certain(0, epsilon), { h, kernel });
      for (const name of parameterNames)
        expectClose(
          gradients[name],
          gradients[name].map(() => 0),
          { absolute: 1e-30 },
        );
    }
  });

  test('certain and wrong: the full gradient without ε, as good as none with it', () => {
    // L = 800·z + …: ∂L/∂z is 800, ∂L/∂W2 is ±z.
    const without = structuredGradients(certain(1, 0), { kernel });
    expectClose(without['W1'], [800], { relative: 1e-6 });
    expectClose(without['W2'], [1, -1], { relative: 1e-6 });
    expectRejected(without['W1'], [800 * (1 + 3e-6)], { relative: 1e-6 });
    const withEpsilon = structuredGradients(certain(1, 1e-7), { kernel });
    for (const name of parameterNames)
      expectClose(
        withEpsilon[name],
        withEpsilon[name].map(() => 0),
        { absolute: 1e-30 },
      );
  });

  test('a move across a kink or from certain to uncertain: the loop’s numbers', () => {
    for (const epsilon of [1e-7, 0]) {
      for (const label of [0, 1]) {
        for (const h of [0.9, 1.01, 3]) {
          const net = certain(label, epsilon);
          const gradients = structuredGradients(net, { h, kernel });
          for (const name of parameterNames) {
            expectClose(gradients[name], loopDifferences(net, name, h), { relative: 2e-6, absolute: 1e-9 });
          }
        }
      }
    }
  });

  test('hidden units far from 0, moved far', () => {
    // The loop in doubles loses the last digits of a loss of up to 50.
    const allowed = { ...tolerance, absolute: 1e-9 };
    for (const activation of activations) {
      const net: DenseNet = {
        sizes: [1, 4, 2],
        activation,
        epsilon: 0,
        parameters: {
          W1: [0, 0, 0, 0],
          b1: [-30, -2, 2, 30],
          W2: [1, -1, 0.5, 1, -1, 0, 0.25, -0.5],
          b2: [0, 1],
        },
        x: [2],
        labels: [1],
      };
      for (const h of [1e-4, 1, 15]) {
        const gradients = structuredGradients(net, { h, kernel });
        expectClose(gradients['W1'], loopDifferences(net, 'W1', h), allowed);
        expectClose(gradients['b1'], loopDifferences(net, 'b1', h), allowed);
      }
    }
  });
});

describe('options and targets', () => {
  const x = tf.ones([2, 3]);
  const t = tf.tensor1d([0, 1], 'int32');
  const run = (network: Mlp, target: tf.Tensor = t, options?: StructuredOptions): NamedTensors =>
    structured(options).lossAndGradients(network, x, target).gradients;

  test('every dense network is known; a kernel that is none', () => {
    for (const network of [
      new Mlp({ sizes: [3, 3, 3, 2] }),
      new Mlp({ sizes: [3, 2] }),
      new Mlp({ sizes: [3, 3, 2], activations: ['tanh', 'softmax'], loss: 'halfSumSquaredError' }),
    ]) {
      const target = network.structure.loss === 'halfSumSquaredError' ? tf.ones([2, 2]) : t;
      expect(() => tf.dispose(run(network, target))).not.toThrow();
      network.dispose();
    }
    expect(() => structured({ kernel: 'gpu' as never })).toThrow(
      /kernel must be 'auto' or 'tensors', got "gpu"/,
    );
  });

  test.each(kernels)('targets that are none, kernel %s', (kernel) => {
    const network = new Mlp({ sizes: [3, 3, 2] });
    expect(() => run(network, tf.tensor1d([0, 2], 'int32'), { kernel })).toThrow(
      /labels must be integers from 0 to 1, got 2/,
    );
    expect(() => run(network, tf.tensor1d([0, 1]), { kernel })).toThrow(/must be int32/);
    expect(() => run(network, tf.tensor1d([0, 1, 1], 'int32'), { kernel })).toThrow(InputError);
    // As many numbers as are wanted, in another shape.
    expect(() => tf.dispose(run(network, tf.tensor2d([1, 0, 0, 1], [2, 2]), { kernel }))).not.toThrow();
    for (const shape of [
      [1, 4],
      [4, 1],
      [2, 2, 1],
      [1, 2, 2],
    ]) {
      expect(() => run(network, tf.tensor([1, 0, 0, 1], shape), { kernel })).toThrow(
        /must have the same shape/,
      );
    }
    expect(() => run(network, tf.ones([3, 2]), { kernel })).toThrow(/must have the same shape/);
    const lost = run(network, tf.tensor2d([1, 0, NaN, 1], [2, 2]), { kernel });
    expect(lost['b2'].dataSync()[0]).toBeNaN();
    network.dispose();
  });

  test.each([0, -1e-4, NaN, Infinity])('h = %d', (h) => {
    expect(() => structured({ h })).toThrow(/structured: the step h must be a finite number above 0/);
  });

  test.each([0, -1, NaN])('a memory limit of %d MiB', (memoryLimit) => {
    expect(() => structured({ memoryLimit })).toThrow(/memoryLimit must be a number of MiB above 0, got/);
  });

  test('no tensors stay', () => {
    const network = new Mlp({ sizes: [3, 4, 3, 2] });
    const three = tf.ones([3, 2]);
    for (const [options, net] of [
      [{}, network],
      [{ kernel: 'tensors' }, network],
      [{}, new TwoLayerNet({ inputSize: 3 })],
    ] as const) {
      expectNoLeak(() => run(net, t, options));
      expectNoLeak(() => expect(() => run(net, three, options)).toThrow());
    }
    network.dispose();
  });
});
