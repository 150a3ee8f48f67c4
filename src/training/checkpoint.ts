/** All that a run needs to go on as if it had never stopped. */
import * as tf from '@tensorflow/tfjs';
import type { DenseStructure } from '../differentiation/gradient-method.js';
import { InputError } from '../errors.js';
import { Mlp } from '../networks/mlp.js';
import type { SamplerState } from './batches.js';
import type { History, TrainingSettings } from './history.js';

/** A run after so many steps. Holds copies; nothing of it changes when the run goes on. */
export interface Checkpoint {
  /** Steps done. */
  step: number;
  settings: TrainingSettings;
  structure: DenseStructure;
  parameters: Record<string, { shape: number[]; values: Float32Array }>;
  sampler: SamplerState;
  /** Of the steps done; its times go on from there. */
  history: Pick<History, 'steps' | 'epochs' | 'probes' | 'trainingSeconds' | 'seconds'>;
  /** Tells other data apart; the examples' number, and a sum over some of them. */
  data: string;
  /** What the caller of `train` keeps with it, as JSON. */
  extra?: unknown;
}

/** The network as it was at the checkpoint. The caller disposes it. */
export function networkOf({ structure, settings, parameters }: Checkpoint): Mlp {
  const { sizes, hidden, output, loss, epsilon } = structure;
  const network = new Mlp({
    sizes,
    activations: [...hidden, output],
    loss,
    epsilon,
    seed: settings.initialSeed,
    weightInitStd: 0,
  });
  restoreParameters(network, parameters);
  return network;
}

/** @throws InputError where the parameters are another network's */
export function restoreParameters(network: Mlp, parameters: Checkpoint['parameters']): void {
  const names = Object.keys(network.parameters);
  const fits = (name: string): boolean =>
    Object.hasOwn(parameters, name) &&
    String(parameters[name].shape) === String(network.parameters[name].shape) &&
    parameters[name].values.length === network.parameters[name].size;
  const wrong = names.find((name) => !fits(name));
  if (wrong !== undefined || Object.keys(parameters).length !== names.length) {
    throw new InputError(
      `train: the checkpoint is of another network; wanted the parameters ${names.join(', ')} of sizes ${network.structure.sizes.join('-')}.`,
    );
  }
  tf.tidy(() =>
    network.setParameters(
      Object.fromEntries(
        names.map((name) => [name, tf.tensor(parameters[name].values, parameters[name].shape, 'float32')]),
      ),
    ),
  );
}
