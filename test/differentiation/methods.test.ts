import { expect, test } from '@jest/globals';
import { autodiff } from '../../src/differentiation/autodiff.js';
import {
  GRADIENT_METHODS,
  gradientMethod,
  type GradientMethodName,
} from '../../src/differentiation/methods.js';
import { structured } from '../../src/differentiation/structured.js';
import { InputError } from '../../src/errors.js';

test('every name gives the method of that name', () => {
  expect(GRADIENT_METHODS).toEqual(['autodiff', 'central', 'forward', 'structured']);
  for (const name of GRADIENT_METHODS) expect(gradientMethod(name).name).toBe(name);
  expect(gradientMethod('autodiff')).toBe(autodiff);
});

test('a method is taken as it is', () => {
  const method = structured({ h: 1e-2 });
  expect(gradientMethod(method)).toBe(method);
});

test.each(['backprop', 'Central', '', 'toString', undefined, null, 3])('%j is none', (name) => {
  expect(() => gradientMethod(name as GradientMethodName)).toThrow(InputError);
  expect(() => gradientMethod(name as GradientMethodName)).toThrow(
    /method must be one of autodiff, central, forward, structured, got/,
  );
});
