/** What a checker's verdicts on cases count as. */
import type { Case } from './generate.js';

export interface Answer {
  /** The verdict by its name; `threw` where the checker ended with an error. */
  said: string;
  /** Whether the gradient passes: it is called right, or said to lie between the one-sided slopes at a kink. */
  passed: boolean;
  evaluations: number;
  seconds: number;
}

/**
 * - fine: a right gradient that passes, a falsified one that does not.
 * - false alarm: a right gradient that does not pass, be it called wrong, nondeterministic, outside of a kink's slopes, or by an error.
 * - miss: a falsified gradient that passes.
 * - undecided: inconclusive or unsupported; an error where the gradient is falsified.
 */
export type Outcome = 'fine' | 'false alarm' | 'miss' | 'undecided';

export function outcomeOf(
  { falsification }: Pick<Case, 'falsification'>,
  { said, passed }: Pick<Answer, 'said' | 'passed'>,
): Outcome {
  if (said === 'inconclusive' || said === 'unsupported') return 'undecided';
  if (!falsification) return passed ? 'fine' : 'false alarm';
  if (said === 'threw') return 'undecided';
  return passed ? 'miss' : 'fine';
}

/** The column of a table that a falsification belongs to: the size of its error, or its form. */
export const columnOf = ({ kind, error }: NonNullable<Case['falsification']>): string =>
  kind === 'entry' || kind === 'row' || kind === 'everywhere' ? Math.abs(error).toExponential(0) : kind;
