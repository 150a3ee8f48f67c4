import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { applyFixes, removeFixes } from '../../src/fixes/apply.js';
import { describeOnEachBackend } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';
import { VALUES, valuesOf } from './values.js';

// Oracle: closed forms, beside each case.

beforeAll(() => void applyFixes());
afterAll(() => removeFixes());

const tolerance = { relative: 1e-5, absolute: 2e-6 };

describeOnEachBackend('values', () => {
  let found: ReturnType<typeof valuesOf> = [];
  beforeAll(() => void (found = valuesOf()));

  test.each(VALUES.map(({ name, wanted }, i) => [name, wanted, i] as const))('%s', (_name, wanted, i) => {
    const { found: got, left } = found[i];
    if (typeof got === 'string') throw new Error(got);
    expectClose(got, wanted, tolerance);
    expectRejected(
      wanted.map((one) => (Number.isFinite(one) ? one + 1e-4 * Math.max(1, Math.abs(one)) : 0)),
      wanted,
      tolerance,
    );
    expect(left).toBe(0);
  });
});
