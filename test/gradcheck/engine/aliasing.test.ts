/** Ops that give away tensors which are not theirs. Oracle: what TensorFlow.js does with them, by its own tape. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { gradcheck } from '../../../src/gradcheck/gradcheck.js';
import { stop } from '../zoo/ops.js';
import { withGradient } from '../zoo/support.js';

type T = tf.Tensor;
const at = [0.3, -0.7, 1.4];

test('TensorFlow.js adds dy to the gradient of an op that returns its input', () => {
  const once = tf.customGrad((x) => ({ value: x as T, gradFunc: (dy: T) => tf.mul(3, dy) }));
  const gradient = tf.tidy(() =>
    tf
      .grad((x: T) => tf.mul(2, once(x)))(tf.tensor1d(at))
      .dataSync(),
  );
  // 2·(1 + 3), where 2·3 is meant.
  expect(Array.from(gradient)).toEqual([8, 8, 8]);
});

test('a kernel that returns its input is named', async () => {
  const config = { kernelName: 'ReturnsItsInput', backendName: 'cpu' };
  tf.registerKernel({ ...config, kernelFunc: ({ inputs }) => inputs.x as T });
  tf.registerGradient({
    kernelName: 'ReturnsItsInput',
    gradFunc: (dy) => ({ x: () => tf.zerosLike(dy as T) }),
  });
  try {
    const f = (x: T): T => tf.mul(x, tf.engine().runKernel('ReturnsItsInput', { x }));
    const { verdict, diagnosis } = await gradcheck(f, [at]);
    expect(verdict).toBe('wrong');
    expect(diagnosis[0]).toMatch(/^ReturnsItsInput returned its input itself/);
  } finally {
    tf.unregisterKernel('ReturnsItsInput', 'cpu');
    tf.unregisterKernel('ReturnsItsInput', 'float64');
    tf.unregisterGradient('ReturnsItsInput');
  }
});

test('a tensor that an earlier call left is named, where the gradient is wrong for it', async () => {
  let first: T | undefined;
  const cached = withGradient(
    (x) => (first ??= tf.keep(tf.exp(x))),
    (dy, x) => tf.mul(dy, tf.exp(x)),
  );
  const report = await gradcheck((x: T) => tf.mul(2, cached(x)), [at]);
  first?.dispose();
  expect(report.verdict).toBe('wrong');
  expect(report.diagnosis.join('\n')).toMatch(/was there before f was called, such as one that is cached/);
});

test('what is off the way from the inputs to the outputs does not count', async () => {
  const f = (x: T): T => {
    stop(true)(tf.cos(x));
    return tf.sin(x);
  };
  expect(await gradcheck(f, [at])).toMatchObject({ verdict: 'right', diagnosis: [] });
});

test('a gradient of one’s own is named by tf.customGrad, and each op that is at fault has a sentence', async () => {
  const config = { kernelName: 'GivesItsInputAway', backendName: 'cpu' };
  tf.registerKernel({ ...config, kernelFunc: ({ inputs }) => inputs.x as T });
  tf.registerGradient({
    kernelName: 'GivesItsInputAway',
    gradFunc: (dy) => ({ x: () => tf.clone(dy as T) }),
  });
  try {
    const given = (x: T): T => tf.engine().runKernel('GivesItsInputAway', { x });
    const { verdict, diagnosis } = await gradcheck((x: T) => tf.mul(given(x), stop(true)(tf.exp(x))), [at]);
    expect(verdict).toBe('wrong');
    const sentences = diagnosis.filter((sentence) => sentence.includes('returned its input itself'));
    expect(sentences.map((sentence) => sentence.split(' ')[0]).sort()).toEqual([
      'GivesItsInputAway',
      'tf.customGrad',
    ]);
  } finally {
    tf.unregisterKernel('GivesItsInputAway', 'cpu');
    tf.unregisterKernel('GivesItsInputAway', 'float64');
    tf.unregisterGradient('GivesItsInputAway');
  }
});

test('each is said once, in the second order too', async () => {
  const { diagnosis } = await gradcheck((x: T) => tf.mul(x, stop(true)(x)), [at], { order: 2 });
  expect(diagnosis.filter((sentence) => sentence.includes('returned its input'))).toHaveLength(1);
});
