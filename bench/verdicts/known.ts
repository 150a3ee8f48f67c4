/** What is known of a composition: value, Jacobian, and what rounding does to them. */
import type { Composition } from './composition.js';
import type { Dice } from './dice.js';
import { Rejected } from './growing.js';
import { evaluate, gradient } from './reference.js';

/** Rounding of doubles. */
const EPSILON = 2 ** -53;
const RUNS = 3;

export interface Known {
  /** f's outputs. */
  value: Float64Array;
  /** How far rounding inside of f moves its outputs (L2 norm). */
  noise: number;
  /** The Jacobian: for each output a gradient by each input. */
  rows: Float64Array[][];
  /** For each input the L2 norm of each entry's column of the Jacobian. */
  columns: Float64Array[];
  /** The gradient of the sum of the outputs. */
  gradient: Float64Array[];
  /** How far rounding moves that gradient. */
  rounding: Float64Array[];
}

/**
 * Value and gradient, with what rounding does to them: everything is computed again with each intermediate result, forward and
 * backward, off by a random relative error of up to 2·2^-53 (stochastic arithmetic).
 */
export function know(composition: Composition, dice: Dice): Known {
  const exact = evaluate(composition);
  const value = exact.output.data;
  const ones = new Float64Array(value.length).fill(1);
  const sum = gradient(composition, exact, ones);
  const rounding = sum.map(({ length }) => new Float64Array(length));
  let noise = EPSILON * Math.hypot(...value);
  for (let run = 0; run < RUNS; run++) {
    const round = (v: number): number => v * (1 + EPSILON * dice.uniform(-2, 2));
    const other = evaluate(composition, round);
    noise = Math.max(noise, Math.hypot(...value.map((v, k) => v - other.output.data[k])));
    gradient(composition, other, ones, round).forEach((g, i) =>
      g.forEach((v, j) => {
        const off = Math.abs(v - sum[i][j]);
        if (!(off <= rounding[i][j])) rounding[i][j] = off;
      }),
    );
  }
  const rows = Array.from(value, (_, k) =>
    value.length === 1
      ? sum
      : gradient(
          composition,
          exact,
          ones.map((_, l) => Number(k === l)),
        ),
  );
  const columns = sum.map((g, i) => g.map((_, j) => Math.hypot(...rows.map((row) => row[i][j]))));
  return { value, noise, rows, columns, gradient: sum, rounding };
}

/** Double-precision differentiation may be off by this share of an entry; where it is off by more the case is thrown away. */
const MOST_ROUNDING = 1e-9;

/**
 * Throws where even a right gradient in doubles has few right digits: an entry's rounding is above 1e-9 of it, and it is more than f's own
 * rounding would hide (rounding·|x| above 16·2^-53·|f|).
 */
export function requireSound({ inputs }: Composition, known: Known): Float64Array[] {
  const { value, noise, gradient, rounding } = known;
  if (!value.every(Number.isFinite) || !gradient.every((g) => g.every(Number.isFinite))) {
    throw new Rejected('a value or gradient that is not finite');
  }
  const hidden = Math.max(noise, 16 * EPSILON * Math.hypot(...value));
  return gradient.map((g, i) =>
    g.map((v, j) => {
      const unseen = hidden / Math.abs(inputs[i].values[j]);
      if (rounding[i][j] > Math.max(MOST_ROUNDING * Math.abs(v), unseen)) {
        throw new Rejected('a gradient that doubles cannot give to 1e-9');
      }
      return 8 * rounding[i][j] + unseen;
    }),
  );
}
