/** What a training run leaves behind besides its parameters. Plain JSON, in which a number that is not finite reads null. */
import type { ProbeRecord } from '../parity/probe.js';
import type { Sampling } from './batches.js';

/** The settings that a run was made with. */
export interface TrainingSettings {
  method: string;
  learningRate: number;
  batchSize: number;
  steps: number;
  sampling: Sampling;
  /** Seed of the batches; `initialSeed` is that of the network's weights. */
  seed: number;
  initialSeed: number;
  sizes: readonly number[];
  loss: string;
  backend: string;
}

/** Accuracies (0 to 1) of a classifier, mean losses of a regression, at the end of an epoch or within one. */
export interface EpochRecord {
  /** Epochs done: whole, but within one. */
  epoch: number;
  step: number;
  /** Left out for all; within an epoch only the first so many of each set were looked at. */
  examples?: number;
  trainAccuracy?: number;
  testAccuracy?: number;
  trainLoss?: number;
  testLoss?: number;
}

/** What happened in a run: the loss of each step, the accuracy of each epoch, and how it ended. */
export interface History {
  schemaVersion: 1;
  settings: TrainingSettings;
  /** Loss of each step's batch, before its update. */
  steps: { step: number; loss: number }[];
  epochs: EpochRecord[];
  probes: ProbeRecord[];
  stopped: 'finished' | 'interrupted' | 'diverged';
  message: string;
  /** For a run that learned nothing: what in it says why, and what to change. */
  advice?: string;
  /** Time in steps alone, without accuracies and probes. */
  trainingSeconds: number;
  seconds: number;
}
