/** Which part of a gradient is made wrong, and by how much, so that doubles can show it. */
import { sizeOf } from '../../src/shapes.js';
import { KINDS, type Composition, type Falsification, type Kind } from './composition.js';
import type { Dice } from './dice.js';
import { Rejected } from './growing.js';
import { isVisible, type Known } from './known.js';
import { isSpread, type Stratum } from './strata.js';

/** Relative errors of falsified gradients. */
export const ERRORS = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

/** Each falsified case takes the next of these. */
export const VARIANTS: readonly { kind: Kind; error: number }[] = [
  ...ERRORS.flatMap((error) => KINDS.slice(0, 3).map((kind) => ({ kind, error }))),
  ...KINDS.slice(3).map((kind) => ({ kind, error: 1 })),
];

/** An entry is falsified only if its own effect is at least this share of the largest effect in its input. */
const LEAST_SHARE = 1e-3;
/** A transposed gradient differs by more than this share of an entry. */
const SWAPPED = 0.01;
/** Picks what is made wrong; throws where no entry would show it. */
export function falsify(
  stratum: Stratum,
  composition: Composition,
  known: Known,
  variant: { kind: Kind; error: number },
  dice: Dice,
): Falsification {
  const { kind } = variant;
  const { inputs } = composition;
  const { columns, gradient } = known;
  const isSwapped = (i: number, j: number): boolean => {
    const [n] = inputs[i].shape;
    const other = gradient[i][(j % n) * n + Math.floor(j / n)];
    return Math.abs(other - gradient[i][j]) > SWAPPED * Math.abs(gradient[i][j]);
  };
  const eligible = columns.map((column, i) => {
    const { shape, values } = inputs[i];
    if (kind === 'transposed' && !(shape.length === 2 && shape[0] === shape[1] && shape[0] > 1)) return [];
    // Of an input at spread scales, the effect of moving an entry by its own size counts, else the derivative.
    const effects = isSpread(stratum) ? column.map((v, j) => v * Math.abs(values[j])) : column;
    const largest = effects.reduce((a, b) => Math.max(a, b), 0);
    return Array.from(column, (_, j) => j).filter(
      (j) =>
        effects[j] > 0 && effects[j] >= LEAST_SHARE * largest && (kind !== 'transposed' || isSwapped(i, j)),
    );
  });
  const candidates = inputs.map((_, i) => i).filter((i) => eligible[i].length > 0);
  if (candidates.length === 0) throw new Rejected('no entry to falsify');
  const input = dice.pick(candidates);
  const at = dice.pick(eligible[input]);
  if (!isVisible(composition, known, input, at, kind === 'transposed' ? SWAPPED : variant.error)) {
    throw new Rejected('an error that doubles cannot show');
  }
  const error = dice.sign() * variant.error;
  switch (kind) {
    case 'entry':
      return { kind, error, input, range: [at, at + 1] };
    case 'row': {
      const { shape, values } = inputs[input];
      const length = shape.length > 1 ? sizeOf(shape.slice(1)) : Math.max(1, Math.ceil(values.length / 4));
      const from = Math.floor(at / length) * length;
      return { kind, error, input, range: [from, Math.min(from + length, values.length)] };
    }
    case 'everywhere':
      return { kind, error, input: null, range: null };
    case 'sign':
      return { kind, error: -2, input, range: [0, inputs[input].values.length] };
    case 'transposed':
      return { kind, error: 1, input, range: null };
    case 'dy ignored':
      return { kind, error: 1, input: null, range: null };
  }
}
