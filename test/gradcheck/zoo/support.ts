/** What the zoo's cases are made of. */
import * as tf from '@tensorflow/tfjs';
import type { CheckedFunction, CheckedInputs } from '../../../src/gradcheck/engine/subject.js';
import type { GradcheckOptions, Verdict } from '../../../src/gradcheck/report/report.js';

export interface ZooCase {
  name: string;
  f: CheckedFunction;
  /** Made when the case runs. */
  inputs: () => CheckedInputs;
  options?: GradcheckOptions;
  verdict: Verdict;
  /** What the diagnosis must say. */
  says?: RegExp;
}

/** Signed random numbers. */
export const random = (shape: number[], seed = 1, mean = 0, deviation = 1): number[] =>
  tf.tidy(() => tf.randomNormal(shape, mean, deviation, 'float32', seed).arraySync() as number[]);

type Gradient = (dy: tf.Tensor, ...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];

/** An op with a gradient of one's own. */
export const withGradient =
  (
    value: (...inputs: tf.Tensor[]) => tf.Tensor,
    gradient: Gradient,
  ): ((...inputs: tf.Tensor[]) => tf.Tensor) =>
  (...inputs) =>
    tf.customGrad((...args) => {
      const save = args.pop() as unknown as tf.GradSaveFunc;
      const given = args as tf.Tensor[];
      save(given);
      return {
        value: value(...given),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => gradient(dy, ...saved),
      };
    })(...inputs);

/** An elementwise op with a wrong derivative. */
export const elementwise = (
  value: (x: tf.Tensor) => tf.Tensor,
  derivative: (x: tf.Tensor) => tf.Tensor,
): ((x: tf.Tensor) => tf.Tensor) =>
  withGradient(
    (x) => value(x),
    (dy, x) => tf.mul(dy, derivative(x)),
  );

/** Ones, but for entry `at`. */
export const onesBut = (n: number, at: number, value: number): tf.Tensor =>
  tf.tensor1d(Array.from({ length: n }, (_, i) => (i === at ? value : 1)));
