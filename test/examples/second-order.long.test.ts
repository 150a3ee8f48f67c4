/** The examples of second order, as a reader runs them. Oracles: Newton's quadratic convergence, sin(πx), a slope of 1. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from '@jest/globals';

const run = (name: string): string =>
  execFileSync(process.execPath, [path.resolve(import.meta.dirname, `../../examples/${name}.mjs`)], {
    encoding: 'utf8',
  });

test('Newton’s method: the gradient falls quadratically, and TensorFlow.js alone has another Hessian', () => {
  const printed = run('newtons-method');
  const sizes = Array.from(printed.matchAll(/\|gradient\| (\S+)$/gm), ([, size]) => Number(size));
  expect(sizes).toHaveLength(7);
  expect(sizes[6]).toBeLessThan(1e-12);
  expect(sizes[4]).toBeLessThan(10 * sizes[3] ** 2);
  const [, right, alone] =
    /H·1 at w = 1: with the fixes (.*); TensorFlow.js alone: (.*)$/m.exec(printed) ?? [];
  expect(right).toMatch(/^(-?\d\.\d{3} ?){3}$/);
  expect(alone).not.toBe(right);
});

test('a physics-informed network finds sin(πx) to 1e-3', () => {
  const errors = Array.from(run('physics-informed').matchAll(/at most (\S+)$/gm), ([, error]) =>
    Number(error),
  );
  expect(errors).toHaveLength(3);
  expect(errors[2]).toBeLessThan(1e-3);
});

test('a gradient penalty: wrong by TensorFlow.js alone, right with the fixes, and learned', () => {
  const printed = run('gradient-penalty');
  expect(printed).toMatch(/TensorFlow.js alone: tf.grad is off by [1-9]\d* %/);
  expect(printed).toMatch(/with the fixes: off by 0 %/);
  const [, lowest, highest] = /between (\S+) and (\S+)$/m.exec(printed) ?? [];
  expect(Number(lowest)).toBeGreaterThan(0.8);
  expect(Number(highest)).toBeLessThan(1.2);
});
