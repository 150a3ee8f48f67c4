/** A case as tensors, its gradients, and what was thrown on the way. */
import * as tf from '@tensorflow/tfjs';
import type { SweepCase } from '../cases/case.js';
import { activeInputs, cotangentOf } from '../cases/cotangents.js';
import { run } from '../cases/expression.js';
import { UNKNOWN_TENSOR, type Values } from './observation.js';

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * The part of TensorFlow.js whose line threw: its core, with the layers, or a kernel. A kernel that looks for a tensor that nobody
 * gave it is not to blame.
 */
export function originOf(error: unknown): 'core' | 'kernel' | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined;
  if (
    /Cannot read properties of (undefined|null) \(reading '(dataId|id|shape|dtype|backend)'\)/.test(
      error.message,
    ) ||
    error.message.includes(UNKNOWN_TENSOR)
  ) {
    return 'core';
  }
  for (const frame of error.stack.split('\n')) {
    if (!/^\s+at /.test(frame) || /\bassert\w* /.test(frame)) continue;
    if (/tfjs-backend-|float64\/kernels/.test(frame)) return 'kernel';
    if (/tfjs-(core|layers)/.test(frame)) return 'core';
  }
  return undefined;
}

export function makeTensors({ inputs }: SweepCase): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype, values }]) => [
      name,
      tf.tensor(toTyped(values, dtype), [...shape], dtype),
    ]),
  );
}

export const toTyped = (values: readonly number[], dtype: string): tf.TypedArray =>
  dtype === 'float32'
    ? Float32Array.from(values)
    : dtype === 'int32'
      ? Int32Array.from(values)
      : Uint8Array.from(values);

/** The gradients of Σ dy·f as TensorFlow.js gives them, errors and all. */
export function gradientTensors(one: SweepCase, { shape, values }: Values): Record<string, tf.Tensor | null> {
  const tensors = makeTensors(one);
  const names = activeInputs(one);
  if (names.length === 0) return {};
  const dy = tf.tensor(Float32Array.from(cotangentOf(one, values.length)), shape, 'float32');
  const { grads } = tf.engine().gradients(
    () => run(one.expression, tensors) as tf.Tensor,
    names.map((name) => tensors[name]),
    dy,
    true,
  );
  return Object.fromEntries(names.map((name, i) => [name, (grads[i] as tf.Tensor | undefined) ?? null]));
}
