import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { central, forward, parameterDifferences } from '../../src/differentiation/loop.js';
import type { GradientMethod } from '../../src/differentiation/gradient-method.js';
import { InputError } from '../../src/errors.js';
import { inFloat64 } from '../../src/float64/in-float64.js';
import { Mlp } from '../../src/networks/mlp.js';
import { fixtures, parameterNames, type NetworkCase } from '../networks/fixtures.js';
import { networkOf, tensorsOf } from '../networks/build.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';
import { present } from '../support/present.js';

const label = ({ sizes, activations, loss, targets }: NetworkCase): string =>
  `${loss} of ${targets} targets, ${sizes.join('-')} ${activations.join(', ')}`;
const cases = fixtures.networks.map((each) => [label(each), each] as const);

/** Truncation and, over a step of 1/64, the rounding of losses of size 1. */
const tolerances = {
  central: { maxRelativeToLargest: 1e-3, absolute: 1e-5 },
  forward: { maxRelativeToLargest: 4e-2 },
};

describeOnEachBackend('every parameter in turn, against PyTorch’s derivatives', () => {
  test.each(cases)('central, %s', (_label, each) => {
    const network = networkOf(each);
    const { x, t } = tensorsOf(each);
    const { loss, gradients } = central().lossAndGradients(network, x, t);
    expectClose(loss, each.value, { relative: 1e-6 });
    for (const [name, expected] of Object.entries(each.gradients)) {
      expect(gradients[name].shape).toEqual(each.parameters[name].shape);
      expectClose(gradients[name], expected, tolerances.central);
      expectRejected(
        expected.map((value) => value * 1.003),
        expected,
        tolerances.central,
      );
    }
    network.dispose();
  });

  test.each(cases.slice(0, 3))('forward, %s', (_label, each) => {
    const network = networkOf(each);
    const { x, t } = tensorsOf(each);
    const { gradients } = forward().lossAndGradients(network, x, t);
    const errors = Object.entries(each.gradients).map(([name, expected]) => {
      expectClose(gradients[name], expected, tolerances.forward);
      const got = gradients[name].dataSync();
      return Math.max(...expected.map((value, i) => Math.abs(value - got[i])));
    });
    // It is no central difference in disguise.
    expect(Math.max(...errors)).toBeGreaterThan(1e-4);
    network.dispose();
  });
});

describe('in double precision, against PyTorch’s derivatives', () => {
  const gradientsOf = (each: NetworkCase, method: GradientMethod): Record<string, Float64Array> =>
    inFloat64(() => {
      const network = networkOf(each);
      const { x, t } = tensorsOf(each);
      const { gradients } = method.lossAndGradients(network, x, t);
      network.dispose();
      return Object.fromEntries(
        Object.entries(gradients).map(([name, gradient]) => [name, Float64Array.from(gradient.dataSync())]),
      );
    });
  const precise = { central: { maxRelativeToLargest: 1e-8 }, forward: { maxRelativeToLargest: 1e-5 } };

  // Made outside, where another step is the default one.
  test.each([central(), forward()])('$name: the step suits it', (method) => {
    const tolerance = precise[method.name as 'central'];
    for (const [, each] of cases) {
      for (const [name, gradient] of Object.entries(gradientsOf(each, method))) {
        expectClose(gradient, each.gradients[name], tolerance);
      }
    }
  });

  test.each([central({ h: 2 ** -6 }), forward({ h: 2 ** -6 })])(
    '$name: float32’s step does not',
    (method) => {
      const [, each] = cases[0];
      expectRejected(
        gradientsOf(each, method)['W1'],
        each.gradients['W1'],
        precise[method.name as 'central'],
      );
    },
  );
});

describeOnEachBackend('the loop’s step', () => {
  const { x, labels, parameters, differences } = fixtures.hiddenLayer;

  test('h = ½: numpy’s differences and not its derivatives', () => {
    const { activation, steps, derivative } = present(differences.find((each) => each.activation === 'tanh'));
    const network = new Mlp({ sizes: [9, 6, 4], activations: activation });
    network.setParameters(
      Object.fromEntries(
        parameterNames.map((name) => [name, tf.tensor(parameters[name].values, parameters[name].shape)]),
      ),
    );
    const inputs = tf.tensor(x.values, x.shape);
    const { gradients } = central({ h: 0.5 }).lossAndGradients(network, inputs, tf.tensor1d(labels, 'int32'));
    for (const name of parameterNames) {
      expectClose(gradients[name], steps[2][name], { maxRelativeToLargest: 5e-6 });
      expectRejected(derivative[name], steps[2][name], { maxRelativeToLargest: 5e-6 });
    }
    network.dispose();
  });

  test('some coordinates of one parameter', () => {
    const network = new Mlp({ sizes: [3, 2, 2], weightInitStd: 1, seed: 5 });
    const inputs = tf.tensor2d([1, -2, 0.5, 0, 1, 1], [2, 3]);
    const targets = tf.tensor1d([0, 1], 'int32');
    const all = parameterDifferences(network, inputs, targets, 'W1');
    const some = parameterDifferences(network, inputs, targets, 'W1', { coordinates: [5, 0] });
    expect(all).toHaveLength(6);
    expect(Array.from(some)).toEqual([all[5], all[0]]);
    network.dispose();
  });

  test.each([0, -1, NaN, 1e-12])('a step of %d is refused', (h) => {
    const network = new Mlp({ sizes: [2, 2], weightInitStd: 1, seed: 1 });
    const run = () => central({ h }).lossAndGradients(network, tf.ones([1, 2]), tf.tensor1d([0], 'int32'));
    expect(run).toThrow(InputError);
    network.dispose();
  });
});

describe('tensors', () => {
  test('none stay but the gradients, and the parameters are as they were', () => {
    const network = new Mlp({ sizes: [3, 2, 2], seed: 5 });
    const before = network.parameters['W1'].arraySync();
    const x = tf.ones([2, 3]);
    const t = tf.tensor1d([0, 1], 'int32');
    const wrong = tf.tensor1d([0, 9], 'int32');
    for (const method of [central(), forward()]) {
      expectNoLeak(() => method.lossAndGradients(network, x, t).gradients);
      expectNoLeak(() => expect(() => method.lossAndGradients(network, x, wrong)).toThrow(InputError));
    }
    expect(network.parameters['W1'].arraySync()).toEqual(before);
    network.dispose();
    tf.dispose([x, t, wrong]);
  });
});
