import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { gradcheckModel } from '../../src/gradcheck/model.js';
import { withGradient } from './zoo/support.js';

/** A dense layer whose gradient by its weights is twice what it should be. */
class Doubled extends tf.layers.Layer {
  static className = 'Doubled';
  private kernel!: tf.LayerVariable;

  override build(shape: number[]): void {
    this.kernel = this.addWeight(
      'kernel',
      [shape[1]!, 2],
      'float32',
      tf.initializers.glorotNormal({ seed: 3 }),
    );
    this.built = true;
  }

  override computeOutputShape(shape: number[]): number[] {
    return [shape[0]!, 2];
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = Array.isArray(inputs) ? inputs[0]! : inputs;
    return withGradient(
      (a, w) => tf.matMul(a!, w!),
      (dy, a, w) => [tf.matMul(dy, w!, false, true), tf.mul(2, tf.matMul(a!, dy, true, false))],
    )(x, this.kernel.read());
  }
}
tf.serialization.registerClass(Doubled);

const deep = (): tf.LayersModel =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [6, 6, 1],
        filters: 2,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: tf.initializers.glorotNormal({ seed: 1 }),
      }),
      tf.layers.batchNormalization(),
      tf.layers.reshape({ targetShape: [4, 8] }),
      tf.layers.lstm({
        units: 3,
        returnSequences: true,
        kernelInitializer: tf.initializers.glorotNormal({ seed: 2 }),
      }),
      tf.layers.gru({ units: 2, kernelInitializer: tf.initializers.glorotNormal({ seed: 3 }) }),
      tf.layers.dense({
        units: 3,
        activation: 'softmax',
        kernelRegularizer: 'l1l2',
        kernelInitializer: tf.initializers.glorotNormal({ seed: 4 }),
      }),
    ],
  });

const data = () => ({
  x: tf.randomNormal([4, 6, 6, 1], 0, 1, 'float32', 3),
  y: tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d([0, 1, 2, 1], 'int32'), 3), 'float32')),
});

beforeAll(async () => {
  await selectBackend();
});

describe('gradcheckModel', () => {
  test.each([false, true])(
    'every weight of convolution, batch norm, lstm, gru and dense; training %s',
    async (training) => {
      const model = deep();
      const { x, y } = data();
      const weights = (): number[][] => model.getWeights().map((weight) => Array.from(weight.dataSync()));
      const before = weights();
      const { numTensors } = tf.memory();
      for (const mode of training ? (['fast'] as const) : (['full', 'fast'] as const)) {
        const report = await gradcheckModel(model, x, y, 'categoricalCrossentropy', { training, mode });
        expect({ verdict: report.verdict, diagnosis: report.diagnosis }).toEqual({
          verdict: 'right',
          diagnosis: [],
        });
        expect(report.inputs.map(({ name }) => name)).toEqual(
          model.trainableWeights.map(({ originalName }) => originalName),
        );
      }
      expect(weights()).toEqual(before);
      expect(tf.memory().numTensors).toBe(numTensors);
      tf.dispose([x, y]);
      model.dispose();
    },
  );

  test('a layer with a wrong gradient is named', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] }), new Doubled()] });
    const x = tf.randomNormal([5, 4], 0, 1, 'float32', 1);
    const y = tf.zeros([5, 2]);
    const report = await gradcheckModel(model, x, y, (target, prediction) =>
      tf.squaredDifference(target, prediction),
    );
    expect(report.verdict).toBe('wrong');
    expect(report.inputs.filter(({ verdict }) => verdict === 'wrong').map(({ name }) => name)).toEqual([
      expect.stringMatching(/^doubled_Doubled\d*\/kernel/i),
    ]);
    expect(report.diagnosis.join()).toMatch(/2 times/);
    tf.dispose([x, y]);
    model.dispose();
  });
});

describe('dropout', () => {
  const dropped = (seed?: number): tf.LayersModel =>
    tf.sequential({
      layers: [tf.layers.dense({ units: 30, inputShape: [4] }), tf.layers.dropout({ rate: 0.5, seed })],
    });
  const run = (model: tf.LayersModel, training: boolean) =>
    gradcheckModel(model, [[1, 2, 3, 4]], [Array.from({ length: 30 }, () => 0)], 'meanSquaredError', {
      training,
    });

  test('with a seed it is right, without one not deterministic, in inference right either way', async () => {
    expect((await run(dropped(7), true)).verdict).toBe('right');
    expect((await run(dropped(), true)).verdict).toBe('nondeterministic');
    expect((await run(dropped(), false)).verdict).toBe('right');
  });
});

describe('bad input', () => {
  const model = (): tf.LayersModel =>
    tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'no model',
      () => gradcheckModel({} as tf.LayersModel, [[1]], [[1]], 'meanSquaredError'),
      /model must be a tf\.LayersModel/,
    ],
    [
      'an unknown loss',
      () => gradcheckModel(model(), [[1, 2, 3]], [[1, 2]], 'loss' as 'meanSquaredError'),
      /or one of meanSquaredError/,
    ],
    [
      'nothing to train',
      () =>
        gradcheckModel(
          tf.sequential({ layers: [tf.layers.flatten({ inputShape: [3, 1] })] }),
          [[1, 2, 3]],
          [[1]],
          'meanSquaredError',
        ),
      /no trainable weights/,
    ],
    [
      'x of another shape',
      () => gradcheckModel(model(), [[1, 2]], [[1, 2]], 'meanSquaredError'),
      /gradcheck: f threw/,
    ],
  ])('%s', async (_name, check, message) => {
    await expect(check()).rejects.toThrow(message);
  });
});
