/** The threshold logic unit against the sum written out in plain numbers. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { InputError } from '../../src/errors.js';
import { ThresholdLogicUnit } from '../../src/perceptron/threshold-logic-unit.js';
import { selectBackend } from '../../src/backends/select.js';

await selectBackend('cpu');

const numbers = (tensor: tf.Tensor) => tf.tidy(() => Array.from(tensor.dataSync()));

describe('predict', () => {
  test('is step(w·x + b), row by row (oracle: exact sums of whole numbers)', () => {
    const whole = fc.integer({ min: -50, max: 50 });
    const cases = fc.integer({ min: 1, max: 5 }).chain((size) => {
      const vector = fc.array(whole, { minLength: size, maxLength: size });
      return fc.tuple(vector, whole, fc.array(vector, { minLength: 1, maxLength: 8 }));
    });
    fc.assert(
      fc.property(cases, ([weights, bias, rows]) => {
        const unit = new ThresholdLogicUnit({ weights, bias });
        const output = unit.predict(rows);
        const sums = rows.map((row) => row.reduce((sum, x, k) => sum + x * weights[k], bias));
        expect(numbers(output)).toEqual(sums.map((sum) => (sum > 0 ? 1 : 0)));
        output.dispose();
      }),
    );
  });

  test('does not fire at the threshold itself, and does just above', () => {
    const unit = new ThresholdLogicUnit({ weights: [0.5, 0.25], threshold: 0.75 });
    expect(numbers(unit.predict([1, 1]))).toEqual([0]);
    expect(numbers(unit.predict([1, 1.0001]))).toEqual([1]);
  });

  test('threshold and bias are one number with two signs', () => {
    const byThreshold = new ThresholdLogicUnit({ weights: [1], threshold: 0.7 });
    const byBias = new ThresholdLogicUnit({ weights: [1], bias: -0.7 });
    expect([byThreshold.bias, byBias.threshold]).toEqual([-0.7, 0.7]);
    expect(numbers(byThreshold.predict([[0.6], [0.8]]))).toEqual(numbers(byBias.predict([[0.6], [0.8]])));
    expect(Object.is(new ThresholdLogicUnit({ weights: [1], threshold: 0 }).bias, 0)).toBe(true);
  });

  test('keeps shapes and dtype, takes int32 and bool, and leaves only its result', () => {
    const unit = new ThresholdLogicUnit({ weights: [1, 1], threshold: 1 });
    const inputs = [
      tf.tensor1d([1, 1], 'int32'),
      tf.tensor2d([[true, false]], undefined, 'bool'),
      tf.zeros([0, 2]),
    ];
    const before = tf.memory().numTensors;
    const outputs = inputs.map((input) => unit.predict(input));
    expect(tf.memory().numTensors).toBe(before + 3);
    expect(outputs.map(({ shape }) => shape)).toEqual([[], [1], [0]]);
    expect(outputs.map(({ dtype }) => dtype)).toEqual(['float32', 'float32', 'float32']);
    expect(outputs.map((output) => numbers(output))).toEqual([[1], [0], []]);
  });

  test.each([
    ['a wrong size', [1, 2, 3], /shape \[2\].*\[N,2\].*got \[3\]/],
    ['three axes', [[[1, 2]]], /got \[1,1,2\]/],
    ['a number', 1, /got \[\]/],
    ['NaN', [1, NaN], /finite/],
    ['Infinity', [[1, Infinity]], /finite/],
    ['a sum beyond float32', [3e38, 3e38], /overflows/],
    ['ragged rows', [[1, 2], [3]], /predict: x must be/],
    ['text', ['a', 'b'], /predict: x must/],
  ])('refuses %s', (_, x, message) => {
    const unit = new ThresholdLogicUnit({ weights: [2, 2], threshold: 1 });
    const before = tf.memory().numTensors;
    expect(() => unit.predict(x as tf.TensorLike)).toThrow(InputError);
    expect(() => unit.predict(x as tf.TensorLike)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('the constructor', () => {
  test.each([
    ['both limits', { weights: [1], threshold: 1, bias: -1 }, /exactly one .* both/],
    ['no limit', { weights: [1] }, /exactly one .* neither/],
    ['no weights', { weights: [], bias: 0 }, /empty/],
    ['NaN as a weight', { weights: [1, NaN], bias: 0 }, /weights\[1\].*NaN/],
    ['a weight beyond float32', { weights: [1e39], bias: 0 }, /weights\[0\].*1e\+39/],
    ['an infinite threshold', { weights: [1], threshold: Infinity }, /threshold.*Infinity/],
    ['NaN as a bias', { weights: [1], bias: NaN }, /bias.*NaN/],
  ])('refuses %s', (_, options, message) => {
    expect(() => new ThresholdLogicUnit(options as never)).toThrow(InputError);
    expect(() => new ThresholdLogicUnit(options as never)).toThrow(message);
  });
});
