/** What is known of an input whose gradient is wrong: its derivative by differences and by autodiff, entry by entry. */
import type { Entry } from '../engine/judge.js';
import type { Pass } from '../engine/pass.js';

/** An input's entries as numbers to compare, for each cotangent. */
export interface Evidence {
  pass: Pass;
  input: number;
  name: string;
  shape: number[];
  /** Entries that were compared one by one, but for kinks, those that could not be told from noise, and gradients of NaN or ±∞. */
  entries: Entry[];
  numerical(entry: Entry, q: number): number;
  autodiff(entry: Entry, q: number): number;
  /** Whether two numbers are the same as far as forms go, for entries of this input. */
  same(a: number, b: number, entry: Entry, q: number): boolean;
}

/** A form is named where so many entries whose derivative is not 0 agree on it: fewer may do so by chance. */
export const ENOUGH = 3;

/** Relative agreement that a form has to hold to: what rounding leaves of two equal numbers. */
const AGREEMENT = { float64: 1e-5, native: 2 ** -10 };
/** Of the largest entry: below it an entry is rounding. */
const ROUNDING = 1e-7;

export function evidenceOf(pass: Pass, input: number, entries: readonly Entry[]): Evidence {
  const { name, shape } = pass.subject.active[input];
  const numerical = ({ slopes }: Entry, q: number): number => slopes[q].value;
  const compared = entries.filter(({ state }) => state === 'right' || state === 'wrong');
  const largest = pass.cotangents.map((_, q) =>
    largestOf([...pass.autodiff[q][input], ...compared.map((entry) => numerical(entry, q))]),
  );
  const relative = AGREEMENT[pass.subject.precision];
  return {
    pass,
    input,
    name,
    shape,
    entries: compared,
    numerical,
    autodiff: ({ j }, q) => pass.autodiff[q][input][j],
    same: (a, b, { slopes }, q) =>
      Number.isFinite(a - b) &&
      Math.abs(a - b) <=
        relative * Math.max(Math.abs(a), Math.abs(b)) + ROUNDING * largest[q] + 3 * slopes[q].errorBar,
  };
}

/** The largest size among the finite numbers. */
const largestOf = (numbers: readonly number[]): number =>
  numbers.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0);

/** Entries that stand clear of rounding. */
export const telling = ({ numerical, same }: Evidence, entries: readonly Entry[], q: number): Entry[] =>
  entries.filter((entry) => Number.isFinite(numerical(entry, q)) && !same(numerical(entry, q), 0, entry, q));

/**
 * Autodiff's value over the numerical one, and the entry, for every entry and cotangent at which that says something; undefined where autodiff is not 0
 * at one that says nothing.
 */
export function ratiosOf(
  evidence: Evidence,
  entries: readonly Entry[],
): { ratio: number; entry: Entry }[] | undefined {
  const { pass, numerical, autodiff, same } = evidence;
  const ratios: { ratio: number; entry: Entry }[] = [];
  for (let q = 0; q < pass.cotangents.length; q++) {
    const clear = telling(evidence, entries, q);
    if (entries.some((entry) => !clear.includes(entry) && !same(autodiff(entry, q), 0, entry, q)))
      return undefined;
    for (const entry of clear) ratios.push({ ratio: autodiff(entry, q) / numerical(entry, q), entry });
  }
  return ratios;
}

/** What an entry's numbers are to be divided by, to be the derivative of a single output where only one hangs on it. */
export function weightOf({ cotangents, outputs }: Pass, { slopes }: Entry, q: number): number {
  const sole = outputs.length === 1 ? 0 : slopes[0].sole;
  return (sole >= 0 && cotangents[q][sole]) || 1;
}
