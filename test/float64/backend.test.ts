/** Tensors of other backends inside of inFloat64. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { inFloat64 } from '../../src/float64/in-float64.js';
import { describeOnEachBackend } from '../support/backends.js';

describeOnEachBackend('complex numbers from outside', (backend) => {
  const [real, imaginary] = [
    [3, 1.5, -2],
    [4, 0, 0.25],
  ];

  // The wasm backend has no complex numbers.
  (backend === 'wasm' ? test.skip : test)(
    'have their parts inside, more than once, and are what they were afterwards',
    () => {
      const z = tf.tidy(() => tf.complex(real, imaginary));
      const before = tf.memory();
      for (let time = 0; time < 2; time++) {
        const [re, im, size, twice] = inFloat64(() => [
          tf.real(z).dataSync(),
          tf.imag(z).dataSync(),
          tf.abs(z).dataSync(),
          tf.imag(tf.mul(z, tf.complex([0, 0, 0], [1, 1, 1]))).dataSync(),
        ]);
        expect(Array.from(re)).toEqual(real);
        expect(Array.from(im)).toEqual(imaginary);
        // |3 + 4i|; a float32 square root would not give the other's last digits.
        expect(Array.from(size)).toEqual(real.map((x, i) => Math.hypot(x, imaginary[i])));
        // i·z has z's real part for its imaginary one.
        expect(Array.from(twice)).toEqual(real);
      }
      expect(tf.memory().numTensors).toBe(before.numTensors);
      expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
      expect(Array.from(z.dataSync())).toEqual([3, 4, 1.5, 0, -2, 0.25]);
      z.dispose();
    },
  );
});

test('what is gone may be disposed of again', () => {
  const { numDataBuffers } = tf.memory();
  inFloat64(() => {
    const backend = tf.backend();
    const x = tf.ones([2]);
    const { dataId } = x;
    expect(backend.disposeData(dataId, true)).toBe(true);
    // The engine still has it down as this backend's.
    expect(backend.disposeData(dataId, true)).toBe(true);
    x.dispose();
    expect(backend.disposeData(dataId)).toBe(true);
  });
  expect(tf.memory().numDataBuffers).toBe(numDataBuffers);
});
