import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { autodiff } from '../../src/differentiation/autodiff.js';
import { Mlp } from '../../src/networks/mlp.js';
import { TwoLayerNet } from '../../src/networks/two-layer-net.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';
import { fixtures, parameterNames } from '../networks/fixtures.js';

const { x, labels, parameters, differences } = fixtures.hiddenLayer;

describeOnEachBackend('autodiff', () => {
  const tolerance = { maxRelativeToLargest: 1e-6 };

  test.each(differences.filter(({ scaleOfW2 }) => scaleOfW2 === 1))(
    'derivatives by the chain rule in numpy: $activation, ε = $epsilon',
    ({ activation, epsilon, derivative, loss, steps }) => {
      const network = new Mlp({
        sizes: [9, 6, 4],
        activations: activation,
        loss: epsilon > 0 ? 'crossEntropy' : 'softmaxCrossEntropy',
      });
      network.setParameters(
        Object.fromEntries(
          parameterNames.map((name) => [name, tf.tensor(parameters[name].values, parameters[name].shape)]),
        ),
      );
      const inputs = tf.tensor(x.values, x.shape);
      const found = autodiff.lossAndGradients(network, inputs, tf.tensor1d(labels, 'int32'));
      expectClose(found.loss, loss, { relative: 1e-6 });
      for (const name of parameterNames) {
        expect(found.gradients[name].shape).toEqual(parameters[name].shape);
        expectClose(found.gradients[name], derivative[name], tolerance);
        expectRejected(steps[2][name], derivative[name], tolerance); // differences with h = ½
      }
      network.dispose();
    },
  );

  test('leaves no tensors but the gradients', () => {
    const network = new TwoLayerNet({ inputSize: 4, hiddenSize: 3, outputSize: 2, seed: 1 });
    const inputs = tf.ones([2, 4]);
    const targets = tf.tensor1d([0, 1], 'int32');
    expectNoLeak(() => autodiff.lossAndGradients(network, inputs, targets).gradients);
    network.dispose();
    tf.dispose([inputs, targets]);
  });
});
