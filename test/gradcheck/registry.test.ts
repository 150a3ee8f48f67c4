/** What is registered, replaced and removed, and put back. Oracle: TensorFlow.js' own registry. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { inFloat64 } from '../../src/float64/in-float64.js';
import {
  registered,
  registeredSince,
  restoreRegistered,
  type Registered,
} from '../../src/gradcheck/registry.js';

const BACKEND = { backendName: 'cpu' };
const kernelFunc: tf.KernelFunc = ({ inputs }) => inputs.x as tf.TensorInfo;
const gradFunc: tf.GradFunc = (dy) => ({ x: () => dy as tf.Tensor });
const exponential = (): number => inFloat64(() => tf.exp(tf.scalar(0.1)).dataSync()[0]);

let before: Registered;
beforeEach(() => {
  // Every kernel of the double-precision backend is there.
  exponential();
  before = registered();
});
afterEach(() => restoreRegistered(before));

function change(): void {
  tf.registerKernel({ kernelName: 'Test_Later', ...BACKEND, kernelFunc });
  tf.registerKernel({ kernelName: 'TestLater', backendName: 'webgl', kernelFunc });
  tf.registerGradient({ kernelName: 'TestLater', gradFunc });
  for (const name of ['Exp', 'Sin']) tf.unregisterKernel(name, 'cpu');
  for (const name of ['Abs', 'Cos']) tf.unregisterGradient(name);
  tf.registerKernel({ kernelName: 'Exp', ...BACKEND, kernelFunc });
  tf.registerGradient({ kernelName: 'Abs', gradFunc });
}

test('new, replaced and removed ones, by kernel and backend; an underscore may be in a name', () => {
  expect(registeredSince(before)).toEqual({ kernels: [], gradients: [] });
  change();
  const { kernels, gradients } = registeredSince(before);
  expect(kernels).toHaveLength(4);
  expect(kernels).toEqual(
    expect.arrayContaining([
      { name: 'Test_Later', backend: 'cpu', kind: 'new' },
      { name: 'TestLater', backend: 'webgl', kind: 'new' },
      { name: 'Exp', backend: 'cpu', kind: 'replaced' },
      { name: 'Sin', backend: 'cpu', kind: 'removed' },
    ]),
  );
  expect(gradients).toHaveLength(3);
  expect(gradients).toEqual(
    expect.arrayContaining([
      { name: 'TestLater', kind: 'new' },
      { name: 'Abs', kind: 'replaced' },
      { name: 'Cos', kind: 'removed' },
    ]),
  );
});

test('the copies of the double-precision backend are none of it', () => {
  change();
  inFloat64(() => undefined);
  expect(tf.getKernel('Test_Later', 'float64')).toBeDefined();
  expect(registeredSince(before).kernels.filter(({ backend }) => backend === 'float64')).toEqual([]);
});

test('all as it was, also for the double-precision backend', () => {
  const [exp, sin] = [tf.getKernel('Exp', 'cpu'), tf.getKernel('Sin', 'cpu')];
  const [abs, cos] = [tf.getGradient('Abs'), tf.getGradient('Cos')];
  const sine = tf.getKernel('Sin', 'float64');
  change();
  // The copy of a kernel that somebody replaced is that one's.
  expect(exponential()).toBe(0.1);
  restoreRegistered(before);
  expect([tf.getKernel('Exp', 'cpu'), tf.getKernel('Sin', 'cpu')]).toEqual([exp, sin]);
  expect(tf.getKernel('Exp', 'cpu').kernelFunc).toBe(exp.kernelFunc);
  expect([tf.getGradient('Abs'), tf.getGradient('Cos')]).toEqual([abs, cos]);
  for (const backend of ['cpu', 'webgl', 'float64']) {
    expect(tf.getKernel('Test_Later', backend)).toBeUndefined();
    expect(tf.getKernel('TestLater', backend)).toBeUndefined();
  }
  expect(tf.getGradient('TestLater')).toBeUndefined();
  // Copies of kernels that are there stay; they follow theirs.
  expect(tf.getKernel('Sin', 'float64')).toBe(sine);
  expect(tf.getKernel('Exp', 'float64')).toBeDefined();
  expect(exponential()).toBe(Math.exp(0.1));
  expect(registeredSince(before)).toEqual({ kernels: [], gradients: [] });
});

test('with nothing changed nothing changes', () => {
  const kernels = tf.getKernelsForBackend('float64').length;
  restoreRegistered(before);
  expect(tf.getKernelsForBackend('float64')).toHaveLength(kernels);
  expect(kernels).toBeGreaterThan(100);
});
