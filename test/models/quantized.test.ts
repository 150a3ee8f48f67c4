/** Weights in fewer bits (oracles: IEEE 754's half precision; half a step of the range), read back by TensorFlow.js itself. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { loadModel, saveModel } from '../../src/models/files.js';
import { toFloat16 } from '../../src/models/quantized.js';
import { describeOnEachBackend } from '../support/backends.js';
import { parametersOf, smallNetwork } from '../training/problems.js';

test.each([
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [0.1, 0x2e66],
  [1 / 3, 0x3555],
  [65504, 0x7bff],
  [65519, 0x7bff],
  [65520, 0x7c00],
  [-Infinity, 0xfc00],
  [NaN, 0x7e00],
  [2 ** -14, 0x0400],
  [2 ** -24, 0x0001],
  [2 ** -25, 0x0000],
  [1.5 * 2 ** -24, 0x0002],
  [2048 + 1, 0x6800],
  [2048 + 3, 0x6802],
])('%d in float16', (value, bits) => {
  expect(toFloat16(Math.fround(value))).toBe(bits);
});

test('every finite float16 is its own nearest', () => {
  const patterns = Array.from({ length: 0x7c00 }, (_, bits) => bits);
  const nearest = patterns.map((bits) => {
    const [exponent, fraction] = [bits >> 10, bits & 1023];
    return toFloat16(exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
  });
  expect(nearest).toEqual(patterns);
});

describeOnEachBackend('a model', () => {
  test.each([
    ['uint8', 43, 1 / 255],
    ['uint16', 86, 1 / 65535],
    ['float16', 86, 2 ** -10],
  ] as const)(
    'with %s weights has %i bytes of them, and each within half a step',
    async (quantize, bytes, step) => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'quantized-'));
      const network = smallNetwork();
      await saveModel(network, folder, { quantize });
      expect(readFileSync(path.join(folder, 'weights.bin'))).toHaveLength(bytes);
      const loaded = await loadModel(folder);
      const wanted = parametersOf(network);
      let worst = 0;
      for (const [name, values] of Object.entries(parametersOf(loaded))) {
        const range = quantize === 'float16' ? 1 : Math.max(...wanted[name]) - Math.min(...wanted[name]);
        values.forEach((value, k) => {
          const bound = quantize === 'float16' ? Math.abs(wanted[name][k]) * step : range * step;
          worst = Math.max(worst, bound === 0 ? 0 : Math.abs(value - wanted[name][k]) / bound);
        });
      }
      // Half a step, and float32's rounding of scale · q + min.
      expect(worst).toBeLessThan(0.51);
      expect(worst).toBeGreaterThan(0.1);
      network.dispose();
      loaded.dispose();
      rmSync(folder, { recursive: true });
      expect(tf.memory().numTensors).toBe(0);
    },
  );
});
