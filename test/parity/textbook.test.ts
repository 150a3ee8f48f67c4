import { describe, expect, test } from '@jest/globals';
import { judge, parityCases } from '../../src/parity/textbook.js';
import * as activations from '../../src/functions/activations.js';
import * as losses from '../../src/functions/losses.js';

describe('judge', () => {
  const judged = (autodiff: number): boolean =>
    judge({
      name: 'a case',
      tolerance: 2 ** -10,
      gradients: () => ({ numerical: [1024], autodiff: [autodiff] }),
    }).right;

  test('right up to the tolerance, wrong beyond it', () => {
    expect(judged(1024)).toBe(true);
    expect(judged(1023)).toBe(true);
    expect(judged(1022.99)).toBe(false);
  });

  test('NaN and Infinity are wrong', () => {
    expect(judged(NaN)).toBe(false);
    expect(judged(Infinity)).toBe(false);
  });
});

describe('parityCases', () => {
  const names = parityCases().map(({ name }) => name);

  test('have names of their own and tolerances that mean something', () => {
    expect(new Set(names).size).toBe(names.length);
    for (const { tolerance } of parityCases()) {
      expect(tolerance).toBeGreaterThan(0);
      expect(tolerance).toBeLessThanOrEqual(5e-4);
    }
  });

  test('cover every activation and every loss', () => {
    const functions = (module: object): string[] =>
      Object.entries(module)
        .filter(([, value]) => typeof value === 'function')
        .map(([name]) => name);
    const helpers = ['oneHotOfLabels', 'checkLabels'];
    for (const name of [...functions(activations), ...functions(losses)]) {
      if (helpers.includes(name)) continue;
      expect(names.filter((each) => each === name || each.startsWith(`${name},`))).not.toEqual([]);
    }
  });

  test('cover every parameter of the networks', () => {
    for (const parameter of ['W1', 'b1', 'W2', 'b2']) {
      expect(names).toContain(`TwoLayerNet 12-5-3, structured, ${parameter}`);
      expect(names).toContain(`TwoLayerNet 12-5-3, central, ${parameter}`);
    }
    for (const parameter of ['W1', 'b1', 'W2', 'b2', 'W3', 'b3']) {
      expect(names).toContain(`Mlp 6-5-4-3, tanh, central, ${parameter}`);
    }
  });
});
