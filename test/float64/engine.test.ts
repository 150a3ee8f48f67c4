import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { EnvironmentError } from '../../src/errors.js';
import { cpuBackendClass } from '../../src/float64/engine.js';

test('where the cpu backend is not registered, the error says what to import', async () => {
  await tf.setBackend('cpu');
  const factory = tf.findBackendFactory('cpu');
  const Class = cpuBackendClass();
  expect(tf.backend()).toBeInstanceOf(Class);
  tf.removeBackend('cpu');
  expect(cpuBackendClass).toThrow(EnvironmentError);
  expect(cpuBackendClass).toThrow(/cpu backend is not registered.+Import @tensorflow\/tfjs/);
  tf.registerBackend('cpu', factory);
  expect(cpuBackendClass()).toBe(Class);
});
