import { expect, test } from '@jest/globals';
import { movesOf } from '../../../src/differentiation/structured/moves.js';

test('distinct inputs other than 0, each with its columns; the bias is a column whose input is 1', () => {
  const inputs = [9, 9, 0.5, 0, 1, 0.5, -0.5];
  expect(movesOf(inputs, 2, 5)).toEqual({
    input: [0.5, 1, -0.5],
    columns: [0, 3, 2, 5, 4],
    first: [0, 2, 4, 5],
  });
});

test('of no inputs the bias alone', () => {
  expect(movesOf([0, 0], 0, 2)).toEqual({ input: [1], columns: [2], first: [0, 1] });
});
