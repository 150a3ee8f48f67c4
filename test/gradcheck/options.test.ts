import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/errors.js';
import { readOptions } from '../../src/gradcheck/options.js';
import type { GradcheckOptions } from '../../src/gradcheck/report/report.js';

test('the defaults', () => {
  expect(readOptions({})).toEqual({ precision: 'float64', order: 1, seed: 1 });
});

test('all that is known passes as it is', () => {
  const { signal } = new AbortController();
  const options: GradcheckOptions = {
    mode: 'fast',
    precision: 'native',
    order: 2,
    seed: -7,
    constant: [1, 'b'],
    names: ['a', 'b'],
    rtol: 0,
    atol: 0.5,
    details: true,
    signal,
  };
  expect(readOptions(options)).toEqual(options);
  expect(readOptions({ mode: 'full', precision: 'float64', order: 1, rtol: 1e-3, atol: 0 })).toMatchObject({
    mode: 'full',
    rtol: 1e-3,
  });
});

describe('refused', () => {
  test.each<[object, string]>([
    [{ mode: 'slow' }, 'mode must be full or fast, got "slow".'],
    [{ mode: null }, 'mode must be full or fast, got null.'],
    [{ precision: 'half' }, 'precision must be float64 or native, got "half".'],
    [{ order: 3 }, 'order must be 1 or 2, got 3.'],
    [{ order: '1' }, 'order must be 1 or 2, got "1".'],
    [{ seed: 1.5 }, 'seed must be a whole number, got 1.5.'],
    [{ seed: 2 ** 53 }, 'seed must be a whole number, got 9007199254740992.'],
    [{ rtol: -1 }, 'rtol must be a finite number of at least 0, got -1.'],
    [{ rtol: NaN }, 'rtol must be a finite number of at least 0, got NaN.'],
    [{ atol: Infinity }, 'atol must be a finite number of at least 0, got Infinity.'],
    [
      { seed: 1, tol: 1 },
      'there is no option tol. There are mode, precision, order, seed, constant, names, surrogate, variables, rtol, atol, details, signal.',
    ],
  ])('%j', (options, message) => {
    expect(() => readOptions(options)).toThrow(InputError);
    expect(() => readOptions(options)).toThrow(`gradcheck: ${message}`);
  });
});
