/** A multilayer perceptron learns XOR by numerical gradient descent, which one unit can't; the truth table is the oracle. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { Mlp } from '../../src/networks/mlp.js';
import { xor } from '../../src/perceptron/logic-gates.js';
import { train } from '../../src/training/trainer.js';
import { describeOnEachBackend } from '../support/backends.js';
import { xorPoints } from '../training/problems.js';

/** What the network takes for true at the four corners after training. */
async function learn(network: Mlp, steps: number): Promise<number[]> {
  const { x, t } = xorPoints();
  try {
    const history = await train(
      network,
      { x, t },
      { method: 'central', batchSize: 4, steps, learningRate: 2 },
    );
    expect(history.stopped).toBe('finished');
    return tf.tidy(() => Array.from(network.predict(x).dataSync(), (y) => (y > 0.5 ? 1 : 0)));
  } finally {
    tf.dispose([x, t]);
    network.dispose();
  }
}

const truth = [xor(0, 0), xor(0, 1), xor(1, 0), xor(1, 1)];

describeOnEachBackend('XOR', (backend) => {
  test.each(backend === 'cpu' ? [1, 2, 3] : [1])(
    'is learned by 2-4-1 in 40 central-difference steps from seed %d',
    async (seed) => {
      const network = new Mlp({
        sizes: [2, 4, 1],
        activations: 'tanh',
        task: 'binary',
        weightInitStd: 1,
        seed,
      });
      expect(await learn(network, 40)).toEqual(truth);
    },
  );
});

describe('without a hidden layer', () => {
  test.each([1, 2])('it is not, from seed %d', async (seed) => {
    const network = new Mlp({ sizes: [2, 1], task: 'binary', weightInitStd: 1, seed });
    expect(await learn(network, 40)).not.toEqual(truth);
  });
});
