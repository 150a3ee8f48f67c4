/** The probe: which gradients it compares, and that it finds the entry that is wrong. */
import { beforeAll, afterAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { gradientMethod } from '../../src/differentiation/methods.js';
import { Mlp } from '../../src/networks/mlp.js';
import { parityProbe } from '../../src/parity/probe.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { smallNetwork, threeClasses } from '../training/problems.js';

describeOnEachBackend('a probe', () => {
  test.each([
    ['autodiff', 'structured', 1e-6],
    ['structured', 'structured', 1e-6],
    ['central', 'central', 2e-4],
  ] as const)('of %s is right, and leaves no tensors', (method, numericalMethod, tolerance) => {
    const network = smallNetwork();
    const { x, t } = threeClasses(9);
    expectNoLeak(() => {
      const { gradients } = gradientMethod(method).lossAndGradients(network, x, t);
      const record = parityProbe(network, x, t, { method, gradients }, { step: 7, seed: 1 });
      expect(record).toMatchObject({ step: 7, numericalMethod, coordinates: 43 });
      expect(record.worstRelativeDifference).toBeLessThan(tolerance);
      return gradients;
    });
    network.dispose();
    tf.dispose([x, t]);
  });
});

describe('on the cpu backend', () => {
  let network: Mlp;
  let data: { x: tf.Tensor2D; t: tf.Tensor1D };
  beforeAll(async () => {
    await selectBackend('cpu');
    network = smallNetwork();
    data = threeClasses(9);
  });
  afterAll(() => {
    network.dispose();
    tf.dispose(data);
  });

  const probe = (alter: (name: string, values: Float32Array) => void, coordinates?: number) => {
    const { gradients } = gradientMethod('autodiff').lossAndGradients(network, data.x, data.t);
    const altered = Object.fromEntries(
      Object.entries(gradients).map(([name, gradient]) => {
        const values = gradient.dataSync<'float32'>().slice();
        alter(name, values);
        return [name, tf.tensor(values, gradient.shape)];
      }),
    );
    const record = parityProbe(
      network,
      data.x,
      data.t,
      { method: 'altered', gradients: altered },
      { step: 0, seed: 1, coordinates },
    );
    tf.dispose([gradients, altered]);
    return record;
  };

  test('names the parameter and the entry that is off, by how much of the largest entry', () => {
    let largest = 0;
    const record = probe((name, values) => {
      if (name !== 'W2') return;
      largest = Math.max(...values.map(Math.abs));
      values[11] += 0.25;
    });
    expect(record.worst).toMatchObject({ parameter: 'W2', index: 11 });
    expect(record.worst.numerical - record.worst.autodiff).toBeCloseTo(0.25, 6);
    expect(record.worstRelativeDifference).toBeCloseTo(0.25 / largest, 4);
  });

  test('the same gradients differ by nothing', () => {
    expect(probe(() => undefined)).toMatchObject({ worstRelativeDifference: 0 });
  });

  test('NaN is the worst there is, also behind another error', () => {
    const record = probe((name, values) => {
      if (name === 'W1') values[0] += 1;
      if (name === 'b1') values[2] = NaN;
      if (name === 'W2') values[0] += 100;
    });
    expect(record.worstRelativeDifference).toBe(Infinity);
    expect(record.worst).toMatchObject({ parameter: 'b1', index: 2 });
  });

  test('a large parameter is sampled, by the seed; a small one compared whole', () => {
    expect(probe(() => undefined, 6).coordinates).toBe(6 + 5 + 6 + 3);
    // Every entry of b2 is looked at, whatever the sample.
    for (const index of [0, 1, 2]) {
      expect(probe((name, values) => name === 'b2' && (values[index] += 1), 3).worst).toMatchObject({
        parameter: 'b2',
        index,
      });
    }
  });

  test('a deep network is probed by central differences of the sampled entries', () => {
    const deep = new Mlp({ sizes: [4, 5, 4, 3], activations: 'tanh', weightInitStd: 0.5, seed: 1 });
    const { gradients } = gradientMethod('autodiff').lossAndGradients(deep, data.x, data.t);
    const record = parityProbe(deep, data.x, data.t, { method: 'autodiff', gradients }, { step: 0, seed: 1 });
    expect(['central', 'structured']).toContain(record.numericalMethod);
    expect(record.worstRelativeDifference).toBeLessThan(2e-4);
    tf.dispose(gradients);
    deep.dispose();
  });
});
