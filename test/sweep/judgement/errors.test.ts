import { expect, test } from '@jest/globals';
import { firstWords } from '../../../src/sweep/judgement/errors.js';

// Oracle: errors of TensorFlow.js, as they are.

test('an error is told by its first line, with the number that a process gives to the first layer of a class', () => {
  expect(firstWords('Error in concat1D: no\n    at x')).toBe('Error in concat1D: no');
  expect(firstWords('Invalid TF_Status: 3\nMessage: too few\n  at x')).toBe(
    'Invalid TF_Status: 3 Message: too few',
  );
  for (const [name, first] of [
    ['random_width_RandomWidth7', 'random_width_RandomWidth1'],
    ['conv2d_Conv2D12', 'conv2d_Conv2D1'],
    ['max_pooling1d_MaxPooling1D3', 'max_pooling1d_MaxPooling1D1'],
  ]) {
    expect(firstWords(`adding layer ${name} with input shape [,2,4,2]`)).toBe(
      `adding layer ${first} with input shape [,2,4,2]`,
    );
  }
  // Names that somebody has given, and kernels, keep their numbers.
  for (const words of ['no kernel Conv2D', 'x_1 and w2', 'resizeBilinear: size [4, 2]'])
    expect(firstWords(words)).toBe(words);
});
