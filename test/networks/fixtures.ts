/** The golden values of test/fixtures/network.json: numpy and PyTorch in float64, written by network.py beside it. */
import { readFileSync } from 'node:fs';
import type { LossName, OutputName } from '../../src/differentiation/losses.js';
import type { ActivationName } from '../../src/functions/activations.js';
import type { FixtureArray } from '../support/fixtures.js';

type Gradients = Record<string, number[]>;

/** Derivatives and central differences of one network with a hidden layer, on the shared inputs and parameters. */
export interface DifferenceCase {
  activation: ActivationName;
  /** Inside the logarithm of crossEntropy; 0 stands for softmaxCrossEntropy. */
  epsilon: number;
  /** W2 is that of the parameters times this. */
  scaleOfW2: number;
  loss: number;
  derivative: Gradients;
  steps: ({ h: number } & Record<ParameterName, number[]>)[];
}

export type ParameterName = 'W1' | 'b1' | 'W2' | 'b2';
export const parameterNames: readonly ParameterName[] = ['W1', 'b1', 'W2', 'b2'];

export interface NetworkCase {
  sizes: number[];
  /** Of the hidden layers and, last, of the output. */
  activations: (ActivationName | OutputName)[];
  loss: LossName;
  targets: 'labels' | 'one-hot' | 'soft' | 'zero-one' | 'real';
  x: FixtureArray;
  t: FixtureArray;
  parameters: Record<string, FixtureArray>;
  logits: number[];
  output: number[];
  value: number;
  gradients: Gradients;
}

export interface NetworkFixtures {
  hiddenLayer: {
    x: FixtureArray;
    labels: number[];
    parameters: Record<ParameterName, FixtureArray>;
    differences: DifferenceCase[];
  };
  networks: NetworkCase[];
}

export const fixtures = JSON.parse(
  readFileSync(new URL('../fixtures/network.json', import.meta.url), 'utf8'),
) as NetworkFixtures;
