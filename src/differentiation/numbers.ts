/** Numerical derivatives of functions of numbers, in JavaScript's doubles. */
import { InputError } from '../errors.js';

/** The step that "Deep Learning from Scratch" uses throughout: 1e-4. */
export const BOOK_STEP = 1e-4;

/** How a difference quotient is formed; `richardson` extrapolates three central differences to a step of zero. */
export type DifferenceScheme = 'forward' | 'central' | 'richardson';

/**
 * The step that balances truncation against rounding, for arguments of size 1 and a significand of `bits`: ε^(1/2) for
 * forward, ε^(1/3) for central, ε^(1/7) for the smallest of Richardson's three; rounded to a power of two, so that adding
 * it to an argument of size 1 is exact.
 *
 * Source: Dennis & Schnabel, "Numerical Methods for Unconstrained Optimization", §5.4.
 */
export function optimalStep(scheme: DifferenceScheme, bits: 24 | 53): number {
  const errorOrder = { forward: 2, central: 3, richardson: 7 }[scheme];
  return 2 ** Math.round((1 - bits) / errorOrder);
}

/** The power of two nearest to `size`, in its exponent. */
export const powerOfTwoNear = (size: number): number => 2 ** Math.round(Math.log2(size));

const doubleStep = (scheme: DifferenceScheme, x: number): number =>
  optimalStep(scheme, 53) * powerOfTwoNear(Math.max(Math.abs(x), 1));

/** Checks a step that a caller chose: it must be above 0 and move x. */
export function checkStep(where: string, h: number): void {
  if (!(h > 0 && Number.isFinite(h))) {
    throw new InputError(
      `${where}: the step h must be a finite number above 0, got ${h}. The book's is 1e-4.`,
    );
  }
}

/** The error for a step that is lost in rounding: x + h = x, and the quotient would be 0 / 0. */
export const lostStep = (where: string, h: number, x: number): InputError =>
  new InputError(
    `${where}: the step h = ${h} does not move x = ${x} in this precision. Choose a larger one.`,
  );

function checkFinite(where: string, x: number): void {
  if (!Number.isFinite(x)) throw new InputError(`${where}: x must be a finite number, got ${x}.`);
}

/**
 * The forward difference: `(f(x + h) - f(x)) / h`. Its truncation error is `h/2·f''`: of first order.
 *
 * - h: 2⁻²⁶ times the size of x unless given. The quotient divides by the distance that x really moved, (x + h) - x.
 *
 * @throws InputError where x is not finite, h is not above 0 or too small to move x. Source: Saito, §4.3.1.
 */
export function forwardDifference(f: (x: number) => number, x: number, h?: number): number {
  checkFinite('forwardDifference', x);
  const step = h ?? doubleStep('forward', x);
  checkStep('forwardDifference', step);
  const ahead = x + step;
  if (ahead === x) throw lostStep('forwardDifference', step, x);
  return (f(ahead) - f(x)) / (ahead - x);
}

/**
 * The central difference: `(f(x + h) - f(x - h)) / 2h`. Its truncation error is `h²/6·f'''`: of second order.
 *
 * - h: 2⁻¹⁷ times the size of x unless given; as forwardDifference otherwise.
 *
 * @throws InputError as forwardDifference. Source: Saito, §4.3.1.
 */
export function centralDifference(f: (x: number) => number, x: number, h?: number): number {
  checkFinite('centralDifference', x);
  const step = h ?? doubleStep('central', x);
  checkStep('centralDifference', step);
  const ahead = x + step;
  const behind = x - step;
  if (ahead === x || behind === x) throw lostStep('centralDifference', step, x);
  return (f(ahead) - f(behind)) / (ahead - behind);
}

/**
 * The partial derivative `∂f/∂x_i` at x, the other variables held fast, by a central difference. x is not changed.
 *
 * @throws InputError where i is no index of x, else as centralDifference. Source: Saito, §4.3.3.
 */
export function partialDerivative(
  f: (x: number[]) => number,
  x: readonly number[],
  i: number,
  h?: number,
): number {
  if (!Number.isInteger(i) || i < 0 || i >= x.length) {
    throw new InputError(`partialDerivative: i must be an index of x, 0 to ${x.length - 1}, got ${i}.`);
  }
  const along = (xi: number): number => f(x.map((value, index) => (index === i ? xi : value)));
  return centralDifference(along, x[i], h);
}
