/** Networks and batches made from the fixtures. */
import * as tf from '@tensorflow/tfjs';
import { Mlp } from '../../src/networks/mlp.js';
import { tensorOf } from '../support/fixtures.js';
import type { NetworkCase } from './fixtures.js';

export function networkOf({ sizes, activations, loss, parameters }: NetworkCase): Mlp {
  const network = new Mlp({ sizes, activations, loss, seed: 0 });
  tf.tidy(() => {
    const values = Object.entries(parameters).map(([name, array]) => [name, tensorOf(array)] as const);
    network.setParameters(Object.fromEntries(values));
  });
  return network;
}

export const tensorsOf = ({ x, t, targets }: NetworkCase): { x: tf.Tensor; t: tf.Tensor } => ({
  x: tensorOf(x),
  t: tensorOf(t, targets === 'labels' ? 'int32' : 'float32'),
});
