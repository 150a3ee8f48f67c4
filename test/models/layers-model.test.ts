/** Networks as layers models and back: what TensorFlow.js makes of the layers is the oracle. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../src/errors.js';
import { fromLayersModel, toLayersModel, withOutputActivation } from '../../src/models/layers-model.js';
import { Mlp } from '../../src/networks/mlp.js';
import { describeOnEachBackend, tensorCount } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';
import { parametersOf, smallNetwork, threeClasses } from '../training/problems.js';

let tensors: number;
beforeEach(() => {
  tensors = tensorCount();
});
afterEach(() => expect(tensorCount()).toBe(tensors));

const valuesOf = (f: () => tf.Tensor): Float32Array => tf.tidy(() => f().dataSync<'float32'>());

describeOnEachBackend('toLayersModel', () => {
  test.each(['sigmoid', 'tanh', 'relu', 'softplus'] as const)(
    'predicts as the network does, %s',
    (activation) => {
      const network = new Mlp({ sizes: [4, 6, 3], activations: activation, weightInitStd: 1, seed: 5 });
      const { x, t } = threeClasses(8);
      const model = toLayersModel(network);
      const logits = toLayersModel(network, { logits: true });
      const wanted = valuesOf(() => network.predict(x));
      expectClose(
        valuesOf(() => model.predict(x) as tf.Tensor),
        wanted,
        { absolute: 1e-6 },
      );
      const wantedLogits = valuesOf(() => network.predict(x, { logits: true }));
      expectClose(
        valuesOf(() => logits.predict(x) as tf.Tensor),
        wantedLogits,
        { absolute: 2e-6 },
      );
      expectRejected(wantedLogits, wanted, { absolute: 1e-6 });
      const back = fromLayersModel(model);
      expect(parametersOf(back)).toEqual(parametersOf(network));
      expect(back.structure).toEqual(network.structure);
      tf.dispose([x, t]);
      back.dispose();
      model.dispose();
      logits.dispose();
      network.dispose();
    },
  );
});

test('the copies are independent of each other', () => {
  const network = smallNetwork();
  const model = toLayersModel(network);
  const back = fromLayersModel(model);
  const before = parametersOf(network);
  model.dispose();
  back.setParameters({ b2: [1, 2, 3] });
  expect(parametersOf(network)).toEqual(before);
  network.dispose();
  expect(parametersOf(back).b2).toEqual([1, 2, 3]);
  back.dispose();
});

test('without metadata the output layer tells the loss', () => {
  const outputs = (activation: 'softmax' | 'sigmoid' | 'linear', units: number): string => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units, activation, inputShape: [2] })] });
    const network = fromLayersModel(model);
    model.dispose();
    network.dispose();
    return network.structure.loss;
  };
  expect(outputs('softmax', 3)).toBe('crossEntropy');
  expect(outputs('sigmoid', 1)).toBe('binaryCrossEntropy');
  expect(outputs('linear', 2)).toBe('meanSquaredError');
});

test('metadata can tell the loss, not the shape', () => {
  const network = smallNetwork();
  const model = toLayersModel(network);
  const metadata = model.getUserDefinedMetadata() as { gradparity: object };
  model.setUserDefinedMetadata({
    gradparity: { ...metadata.gradparity, sizes: [9, 9], activations: 'relu' },
  });
  const back = fromLayersModel(model);
  expect(back.structure).toEqual(network.structure);
  back.dispose();
  model.setUserDefinedMetadata({ gradparity: { loss: 'magic' } });
  expect(() => fromLayersModel(model)).toThrow(InputError);
  model.dispose();
  network.dispose();
});

test('dense layers without a bias, activations of their own, dropout: a network that predicts the same', () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, useBias: false, inputShape: [3] }),
      tf.layers.activation({ activation: 'tanh' }),
      tf.layers.dropout({ rate: 0.5 }),
      tf.layers.dense({ units: 5 }),
      tf.layers.reLU(),
      tf.layers.dense({ units: 3 }),
      tf.layers.softmax(),
    ],
  });
  const network = fromLayersModel(model);
  expect(network.structure).toMatchObject({
    sizes: [3, 4, 5, 3],
    hidden: ['tanh', 'relu'],
    output: 'softmax',
  });
  const x = tf.randomNormal([6, 3], 0, 1, 'float32', 3);
  const wanted = valuesOf(() => model.predict(x) as tf.Tensor);
  const got = valuesOf(() => network.predict(x));
  got.forEach((value, k) => expect(Math.abs(value - wanted[k])).toBeLessThan(1e-6));
  network.dispose();
  model.dispose();
  x.dispose();
});

describe('refuses', () => {
  const dense = (options: Partial<Parameters<typeof tf.layers.dense>[0]> = {}): tf.layers.Layer =>
    tf.layers.dense({ units: 3, ...options });
  const branches = (): tf.LayersModel => {
    const input = tf.input({ shape: [3] });
    const outputs = [dense().apply(input), dense().apply(input)] as tf.SymbolicTensor[];
    return tf.model({ inputs: input, outputs });
  };
  /** Layers of fitting sizes that both read the input; only the second is the output's. */
  const skipping = (): tf.LayersModel => {
    const input = tf.input({ shape: [3] });
    const first = dense().apply(input) as tf.SymbolicTensor;
    const second = dense().apply(input) as tf.SymbolicTensor;
    return tf.model({ inputs: input, outputs: tf.layers.add().apply([first, second]) as tf.SymbolicTensor });
  };
  const twice = (): tf.LayersModel => {
    const input = tf.input({ shape: [3] });
    const layer = dense();
    return tf.model({ inputs: input, outputs: layer.apply(layer.apply(input)) as tf.SymbolicTensor });
  };

  test.each<[string, () => tf.LayersModel, RegExp]>([
    [
      'a convolutional network',
      () =>
        tf.sequential({
          layers: [
            tf.layers.conv2d({ filters: 2, kernelSize: 3, inputShape: [8, 8, 1], name: 'conv' }),
            tf.layers.flatten(),
            dense({ activation: 'softmax' }),
          ],
        }),
      /every layer must be dense, or an activation behind a dense layer without one, got Conv2D 'conv'\.$/,
    ],
    [
      'an activation behind an activation',
      () =>
        tf.sequential({
          layers: [
            dense({ activation: 'relu', inputShape: [2] }),
            tf.layers.activation({ activation: 'tanh', name: 'more' }),
          ],
        }),
      /got Activation 'more'\.$/,
    ],
    [
      'a ReLU with a bound',
      () =>
        tf.sequential({
          layers: [dense({ inputShape: [2] }), tf.layers.reLU({ maxValue: 6, name: 'six' }), dense()],
        }),
      /got ReLU 'six'\.$/,
    ],
    [
      'a hidden activation it does not know',
      () =>
        tf.sequential({ layers: [dense({ activation: 'selu', inputShape: [2], name: 'first' }), dense()] }),
      /layer 'first' has the activation selu; hidden layers may have /,
    ],
    [
      'an output activation it does not know',
      () => tf.sequential({ layers: [dense({ activation: 'tanh', inputShape: [2] })] }),
      /output's activation must be identity, sigmoid or softmax, got tanh/,
    ],
    [
      'inputs of rank 3',
      () => tf.sequential({ layers: [dense({ inputShape: [4, 2] })] }),
      /one chain of layers/,
    ],
    ['two outputs', branches, /one chain of layers/],
    ['layers side by side', skipping, /every layer must be dense/],
    ['a layer used twice', twice, /one chain of layers/],
  ])('%s', (_what, make, message) => {
    const model = make();
    const attempt = (): unknown => fromLayersModel(model);
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
    // Not model.dispose, which leaves a layer that is used twice.
    tf.disposeVariables();
  });
});

describe('withOutputActivation', () => {
  test.each([true, false])('gives the probabilities of the network, logits %p', (logits) => {
    const network = new Mlp({ sizes: [4, 6, 3], activations: 'tanh', weightInitStd: 1, seed: 5 });
    const { x, t } = threeClasses(8);
    const model = toLayersModel(network, { logits });
    const whole = withOutputActivation(model);
    expect(whole.structure.output).toBe('softmax');
    const wanted = valuesOf(() => network.predict(x));
    expectClose(
      valuesOf(() => whole.predict(x)),
      wanted,
      { absolute: 1e-6 },
    );
    expectRejected(
      valuesOf(() => whole.predict(x, { logits: true })),
      wanted,
      { absolute: 1e-6 },
    );
    [network, model, whole].forEach((each) => each.dispose());
    tf.dispose([x, t]);
  });

  test('leaves the numbers of a regression as they are', () => {
    const network = new Mlp({ sizes: [4, 6, 3], task: 'regression', weightInitStd: 1, seed: 5 });
    const model = toLayersModel(network, { logits: true });
    const whole = withOutputActivation(model);
    expect(whole.structure.output).toBe('identity');
    [network, model, whole].forEach((each) => each.dispose());
  });
});
