/** What is known of a composition: value, Jacobian, and what rounding does to them. */
import type { Composition } from './composition.js';
import { Dice } from './dice.js';
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

/** An error can be seen if some central difference is off by less than this share of it. */
const VISIBLE = 1 / 8;
/** That difference's step is the entry's size times 2^-k. */
const STEPS = [17, 14, 20, 11, 23, 8, 26, 29, 5, 32, 35, 38];

/**
 * Whether an error of that relative size in an entry's derivative can be seen in doubles: over some step 2^-k·|x|, the central
 * difference's distance to the known derivative and f's rounding over that step are together below an eighth of the error.
 */
export function isVisible(
  composition: Composition,
  { noise, rows, columns }: Known,
  input: number,
  j: number,
  error: number,
): boolean {
  return STEPS.some((k) => {
    const { quotient, step } = difference(composition, input, j, k);
    const off = Math.hypot(...rows.map((row, l) => quotient[l] - row[input][j]));
    return off + noise / step <= VISIBLE * error * columns[input][j];
  });
}

/** The central difference quotient of each output over the step 2^-k·|x|, and the step as it was taken. */
function difference({ inputs, nodes }: Composition, input: number, j: number, k: number) {
  const x = inputs[input].values[j];
  const at = (value: number): Float64Array => {
    const values = inputs[input].values.slice();
    values[j] = value;
    const moved = inputs.map((each, i) => (i === input ? { ...each, values } : each));
    return evaluate({ inputs: moved, nodes }).output.data;
  };
  const [above, below] = [x + x * 2 ** -k, x - x * 2 ** -k];
  const [up, down] = [at(above), at(below)];
  return { quotient: up.map((v, l) => (v - down[l]) / (above - below)), step: Math.abs(above - below) / 2 };
}

/** A gradient is called right in all sizes that matter: an error of this relative size would have been noticed. */
const DECIDED = 1e-5;

/**
 * Whether f hides some entry's derivative: f does depend on the entry, by more than its own rounding, but no difference in doubles, of
 * fourth order and over a step 2^-k·|x|, would show an error of 1e-5 (a kink or the end of the domain is near, and f's value
 * large). There *inconclusive* is the true answer.
 */
export function isHidden(composition: Composition): boolean {
  const known = know(composition, new Dice(1));
  const { noise, rows, columns } = known;
  const shows = (i: number, j: number): boolean => {
    let longer = difference(composition, i, j, 0);
    for (let k = 1; k < 40; k++) {
      const shorter = difference(composition, i, j, k);
      const off = Math.hypot(
        ...rows.map((row, l) => (4 * shorter.quotient[l] - longer.quotient[l]) / 3 - row[i][j]),
      );
      if (off + (2 * noise) / shorter.step <= VISIBLE * DECIDED * columns[i][j]) return true;
      longer = shorter;
    }
    return false;
  };
  return columns.some((column, i) =>
    column.some((slope, j) => slope * Math.abs(composition.inputs[i].values[j]) > noise && !shows(i, j)),
  );
}
