/** The golden values of test/fixtures/functions.json: PyTorch and numpy in float64, written by functions.py beside it. */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { largestFloat32 } from './close.js';

/** float32 numbers with their shape. */
export interface FixtureArray {
  shape: number[];
  values: number[];
}

export interface ActivationCase {
  name: string;
  case: string;
  options: { axis?: number };
  x: FixtureArray;
  value: number[];
  cotangent: number[];
  /** The vector-Jacobian product of `cotangent`. */
  gradient: number[];
  /** `second` is the derivative, by x, of Σ direction·gradient. */
  direction?: number[];
  second?: number[];
}

export interface LossCase {
  name: string;
  case: string;
  options: { reduction?: 'mean' | 'sum' | 'none'; delta?: number; epsilon?: number };
  y: FixtureArray;
  t: FixtureArray;
  /** Whether t holds integer labels; it has no gradients then. */
  labels: boolean;
  value: FixtureArray;
  cotangent: number[];
  gradientOfY: number[];
  gradientOfT: number[] | null;
  /** The derivatives, by y and t, of Σ direction·gradientOfY. */
  direction?: number[];
  secondOfY?: number[];
  secondOfT?: number[] | null;
}

export interface Fixtures {
  madeBy: { numpy: string; torch: string };
  steps: { atZero: number; x: number[]; value: number[] }[];
  activations: ActivationCase[];
  losses: LossCase[];
}

const marks: Record<string, number> = { max: largestFloat32, '-max': -largestFloat32 };

/** The fixtures, with the marks for what float32 cannot hold read as the largest finite float32 numbers. */
export const fixtures = JSON.parse(
  readFileSync(new URL('../fixtures/functions.json', import.meta.url), 'utf8'),
  (_key, value: unknown) =>
    Array.isArray(value) ? value.map((item) => marks[item as string] ?? item) : value,
) as Fixtures;

/** A float32 tensor of a fixture's numbers, or an int32 one of labels. */
export const tensorOf = (
  { shape, values }: FixtureArray,
  dtype: 'float32' | 'int32' = 'float32',
): tf.Tensor => tf.tensor(values, shape, dtype);
