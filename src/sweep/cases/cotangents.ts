/** What a case is differentiated by, and what multiplies its outputs and its gradients. */
import { randomFrom } from '../../random.js';
import { sizeOf } from '../../shapes.js';
import { hashOf, type SweepCase } from './case.js';

/** The differentiated inputs' names. */
export const activeInputs = ({ inputs }: SweepCase): string[] =>
  Object.keys(inputs).filter((name) => inputs[name].dtype === 'float32' && !inputs[name].constant);

/** Random weights in 64ths, exact in float32; the case's own where it has some. */
export function weightsOf(
  { id, cotangent, plainSecond, kink }: SweepCase,
  n: number,
  second: boolean,
): Float64Array {
  if (!second && cotangent) return Float64Array.from(cotangent);
  if (second && plainSecond) return new Float64Array(n).fill(1);
  return randomFrom(hashOf(id))
    .weights(n)
    .map((weight) => {
      const rounded = Math.round(weight * 64) / 64;
      // With signs, a choice at each of several kinks may be none of the sum's, however right each is.
      return kink ? Math.abs(rounded) : rounded;
    });
}

/** What multiplies the outputs, n of them. */
export const cotangentOf = (one: SweepCase, n: number): Float64Array => weightsOf(one, n, false);

/** What multiplies the gradients in the second order, by input, where all of them reach the outputs. */
export function secondCotangents(one: SweepCase): Record<string, number[]> {
  const names = activeInputs(one);
  const sizes = names.map((name) => sizeOf(one.inputs[name].shape));
  const weights = weightsOf(
    one,
    sizes.reduce((sum, size) => sum + size, 0),
    true,
  );
  let at = 0;
  return Object.fromEntries(
    names.map((name, i) => [name, Array.from(weights.subarray(at, (at += sizes[i])))]),
  );
}
