import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { backends, describeOnEachBackend, expectNoLeak } from './backends.js';

test('the pure JavaScript backend is there on every machine', () => {
  expect(backends).toContain('cpu');
});

describeOnEachBackend('a test', (backend) => {
  test('runs on the backend it names', () => {
    expect(tf.getBackend()).toBe(backend);
    expect(Array.from(tf.add([1, 2], [3, 4]).dataSync())).toEqual([4, 6]);
  });
});

test('expectNoLeak: returned tensors are fine, others are not, also beside an error', () => {
  expectNoLeak(() => [tf.scalar(1), { x: tf.scalar(2) }]);
  expectNoLeak(() => undefined);
  let leaked!: tf.Tensor;
  expect(() => expectNoLeak(() => void (leaked = tf.scalar(1)))).toThrow('Received: 1');
  leaked.dispose();
  const failing = (leak: boolean) => () => {
    const x = tf.scalar(1);
    if (!leak) x.dispose();
    else leaked = x;
    throw new Error('on purpose');
  };
  expect(() => expectNoLeak(failing(false))).toThrow('on purpose');
  expect(() => expectNoLeak(failing(true))).toThrow('Received: 1');
  leaked.dispose();
});
