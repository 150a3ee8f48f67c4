/** Computations on a backend without and with some fixes. */
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { expect } from '@jest/globals';
import { applyFixes, removeFixes } from '../../../src/fixes/public.js';

export type Computation = () => tf.Tensor;

/** What a backend gives: numbers with their shape, or the error's first line. */
export type Answer = { shape: number[]; values: number[] } | { error: string };

/** The computation on a backend, as it is. Counts its tensors. */
export async function answerOf(backend: string, f: Computation): Promise<Answer> {
  if (tf.getBackend() !== backend) await tf.setBackend(backend);
  const before = tf.memory();
  const buffers = tf.engine().backend.numDataIds();
  try {
    const y = tf.tidy(f);
    const answer = { shape: [...y.shape], values: Array.from(y.dataSync()) };
    y.dispose();
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.engine().backend.numDataIds()).toBe(buffers);
    return answer;
  } catch (error) {
    if (!(error instanceof Error) || 'matcherResult' in error) throw error;
    return { error: error.message.split('\n')[0] };
  }
}

/** The same with these fixes in place. */
export async function mendedAnswerOf(
  backend: string,
  only: readonly string[],
  f: Computation,
): Promise<Answer> {
  applyFixes({ only });
  try {
    return await answerOf(backend, f);
  } finally {
    removeFixes();
  }
}

/** Whether an answer is these numbers, within float32's rounding. */
export function isNear(answer: Answer, expected: readonly number[], tolerance = 1e-5): boolean {
  if ('error' in answer) return false;
  const { values } = answer;
  return (
    values.length === expected.length &&
    values.every(
      (value, i) =>
        Object.is(value, expected[i]) ||
        Math.abs(value - expected[i]) <= tolerance * Math.max(1, Math.abs(expected[i])),
    )
  );
}

/** A wrong answer without the fixes, the right one with them. */
export async function expectMended(
  backend: string,
  only: readonly string[],
  f: Computation,
  expected: readonly number[],
): Promise<void> {
  const before = await answerOf(backend, f);
  const after = await mendedAnswerOf(backend, only, f);
  expect({ after, isRight: isNear(after, expected) }).toMatchObject({ isRight: true });
  // The tolerance rejects what TensorFlow.js gives.
  expect({ before, isRight: isNear(before, expected) }).toMatchObject({ isRight: false });
}

/** What was right stays bit for bit. */
export async function expectUnchanged(
  backend: string,
  only: readonly string[],
  f: Computation,
): Promise<void> {
  const before = await answerOf(backend, f);
  expect(before).not.toHaveProperty('error');
  expect(await mendedAnswerOf(backend, only, f)).toEqual(before);
}
