/** A gradient that is right and of no use. */
import type { Pass } from '../engine/pass.js';

/** What rounding may leave of a derivative that is 0, in units of the outputs' last places: a sum's, a quotient's. */
const ROUNDING = 16;

/**
 * A sentence on a right gradient that is 0 everywhere: 0 itself, or no more than autodiff's rounding, `16·ε·Σ_k |c_k·f_k|` for a step
 * of 1 or as long as the input's largest entry. Undefined for any other.
 */
export function explainFlat(
  { subject, autodiff, cotangents, outputs, finite }: Pass,
  input: number,
): string | undefined {
  const { name, values, surrogate } = subject.active[input];
  // A gradient that was declared zero is no surprise.
  if (surrogate === 'zero') return undefined;
  let step = 1;
  for (const value of values) step = Math.max(step, Math.abs(value));
  const flat = autodiff.every((gradients, q) => {
    const size = finite.reduce((sum, k) => sum + Math.abs(cotangents[q][k] * outputs[k]), 0);
    const rounding = ROUNDING * 2 ** -subject.bits * size;
    return gradients[input].every((value) => value === 0 || Math.abs(value) * step <= rounding);
  });
  return flat
    ? `${name}: the gradient is 0 everywhere, because ${subject.reference} is flat there: training will not move it.`
    : undefined;
}
