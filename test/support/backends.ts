/** Runs tests on every backend that this machine has, and counts the tensors that they leave. */
import { beforeAll, describe, expect } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { availableBackends, selectBackend, type BackendName } from '../../src/backends/select.js';

/** The backends of this machine, fastest first. */
export const backends: readonly BackendName[] = await availableBackends();

/** A `describe` for each backend, which is the current one while the tests in `body` run (not yet while `body` lists them). */
export function describeOnEachBackend(name: string, body: (backend: BackendName) => void): void {
  describe.each(backends)(`${name}, on %s`, (backend) => {
    beforeAll(async () => {
      expect((await selectBackend(backend)).name).toBe(backend);
    });
    body(backend);
  });
}

/** How many tensors exist. */
export const tensorCount = (): number => tf.memory().numTensors;

/**
 * Runs `f` and expects it to leave no tensors but those it returns (one, or several in arrays and objects), which are
 * disposed. An error in `f` is passed on, after the same count.
 */
export function expectNoLeak(f: () => unknown): void {
  const before = tensorCount();
  try {
    tf.dispose(f() as tf.TensorContainer);
  } finally {
    expect(tensorCount() - before).toBe(0);
  }
}
