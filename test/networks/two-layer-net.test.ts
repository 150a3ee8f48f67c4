import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../src/errors.js';
import { Mlp } from '../../src/networks/mlp.js';
import { TwoLayerNet } from '../../src/networks/two-layer-net.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose } from '../support/close.js';

test('the book’s network is the default', () => {
  const network = new TwoLayerNet();
  expect(network.structure).toEqual({
    sizes: [784, 50, 10],
    hidden: ['sigmoid'],
    output: 'softmax',
    loss: 'crossEntropy',
    epsilon: 1e-7,
  });
  const { W1, b1, W2, b2 } = network.parameters;
  expect([W1.shape, b1.shape, W2.shape, b2.shape]).toEqual([[784, 50], [50], [50, 10], [10]]);
  const { mean, variance } = tf.moments(W1);
  expect(Math.abs(mean.dataSync()[0])).toBeLessThan(2e-4);
  expect(Math.abs(Math.sqrt(variance.dataSync()[0]) - 0.01)).toBeLessThan(2e-4);
  network.dispose();
});

test('it is an Mlp with these options: the same seed gives the same weights', () => {
  const options = { seed: 9, weightInitStd: 0.5 };
  const network = new TwoLayerNet({ inputSize: 4, hiddenSize: 3, outputSize: 2, ...options });
  const same = new Mlp({ sizes: [4, 3, 2], ...options });
  expect(network).toBeInstanceOf(Mlp);
  expect(network.seed).toBe(9);
  for (const name of ['W1', 'W2'] as const) {
    expect(Array.from(network.parameters[name].dataSync())).toEqual(
      Array.from(same.parameters[name].dataSync()),
    );
  }
  network.dispose();
  same.dispose();
});

test.each([{ inputSize: 0 }, { hiddenSize: 1.5 }, { outputSize: 1 }, { seed: NaN }])(
  '%j is refused',
  (options) => {
    expect(() => new TwoLayerNet(options)).toThrow(InputError);
  },
);

describeOnEachBackend('the untrained network', () => {
  test('knows nothing: all ten classes are alike likely, the loss is ln 10', () => {
    const network = new TwoLayerNet({ seed: 0 });
    const x = tf.randomUniform([20, 784], 0, 1, 'float32', 1);
    const t = tf.tensor1d(
      Array.from({ length: 20 }, (_, n) => n % 10),
      'int32',
    );
    expectClose(network.predict(x), new Array<number>(200).fill(0.1), { absolute: 0.02 });
    expectClose(network.loss(x, t), Math.log(10), { absolute: 0.02 });
    expectNoLeak(() => network.gradient(x, t));
    network.dispose();
    tf.dispose([x, t]);
  });
});
