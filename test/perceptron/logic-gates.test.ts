/** The gates against JavaScript's own bitwise operators. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../src/errors.js';
import { and, nand, or, xor } from '../../src/perceptron/logic-gates.js';
import { ThresholdLogicUnit } from '../../src/perceptron/threshold-logic-unit.js';
import { selectBackend } from '../../src/backends/select.js';

await selectBackend('cpu');

const bits = [0, 1] as const;
const corners = bits.flatMap((x1) => bits.map((x2) => [x1, x2] as const));
const gates = [
  ['and', and, (a: number, b: number) => a & b],
  ['nand', nand, (a: number, b: number) => 1 - (a & b)],
  ['or', or, (a: number, b: number) => a | b],
  ['xor', xor, (a: number, b: number) => a ^ b],
] as const;

describe.each(gates)('%s', (name, gate, bitwise) => {
  test('has the truth table of the bitwise operator, and leaves no tensor', () => {
    const before = tf.memory().numTensors;
    expect(corners.map(([x1, x2]) => gate(x1, x2))).toEqual(corners.map(([x1, x2]) => bitwise(x1, x2)));
    expect(tf.memory().numTensors).toBe(before);
  });

  test('predicts a batch and a single vector alike, leaving only the result', () => {
    const before = tf.memory().numTensors;
    const batch = gate.predict(corners.map((corner) => [...corner]));
    const single = gate.predict([1, 0]);
    expect(tf.memory().numTensors).toBe(before + 2);
    expect(batch.shape).toEqual([4]);
    expect(single.shape).toEqual([]);
    expect(Array.from(batch.dataSync())).toEqual(corners.map(([x1, x2]) => bitwise(x1, x2)));
    expect(Array.from(single.dataSync())).toEqual([bitwise(1, 0)]);
    tf.dispose([batch, single]);
  });

  test.each([2, -1, 0.5, NaN])('refuses %p as an input', (odd) => {
    expect(() => gate(odd, 0)).toThrow(InputError);
    expect(() => gate(1, odd)).toThrow(new RegExp(`${name}: inputs must be 0 or 1, got ${odd}`));
  });
});

test('xor is two layers of the other units', () => {
  expect(xor.layers).toEqual([[nand.unit, or.unit], [and.unit]]);
  expect(and.layers).toEqual([[and.unit]]);
});

test('no single unit on a grid of weights is XOR, though every other gate is there', () => {
  const values = [-1, -0.7, -0.5, -0.2, 0, 0.2, 0.5, 0.7, 1];
  const tables = new Set<string>();
  const inputs = tf.tensor2d(corners.map((corner) => [...corner]));
  for (const w1 of values) {
    for (const w2 of values) {
      for (const bias of values) {
        const unit = new ThresholdLogicUnit({ weights: [w1, w2], bias });
        tables.add(tf.tidy(() => unit.predict(inputs).dataSync().join('')));
      }
    }
  }
  inputs.dispose();
  // Of the 16 truth tables of two inputs, all but XOR and its negation are linearly separable.
  expect(tables.size).toBe(14);
  expect([...tables]).toEqual(expect.arrayContaining(['0001', '1110', '0111']));
  expect(tables.has('0110') || tables.has('1001')).toBe(false);
});
