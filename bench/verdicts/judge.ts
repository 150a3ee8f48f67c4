/** What a checker's verdicts on cases count as. */
import type { Case } from './generate.js';

/** `threw`: the checker ended with an error. */
export type Said = 'right' | 'wrong' | 'kink' | 'inconclusive' | 'nondeterministic' | 'unsupported' | 'threw';

export interface Answer {
  said: Said;
  evaluations: number;
  seconds: number;
}

/**
 * - fine: a right gradient called right (or said to lie at a kink), a wrong one called wrong.
 * - false alarm: a right gradient called wrong or nondeterministic, or an error.
 * - miss: a wrong gradient called right or excused by a kink.
 * - undecided: inconclusive or unsupported; an error where the gradient is wrong.
 */
export type Outcome = 'fine' | 'false alarm' | 'miss' | 'undecided';

export function outcomeOf({ falsification }: Pick<Case, 'falsification'>, said: Said): Outcome {
  if (said === 'inconclusive' || said === 'unsupported') return 'undecided';
  if (falsification) {
    if (said === 'wrong' || said === 'nondeterministic') return 'fine';
    return said === 'threw' ? 'undecided' : 'miss';
  }
  return said === 'right' || said === 'kink' ? 'fine' : 'false alarm';
}

/** What `error` sizes and forms a table's columns are about. */
export const columnOf = ({ kind, error }: NonNullable<Case['falsification']>): string =>
  kind === 'entry' || kind === 'row' || kind === 'everywhere' ? Math.abs(error).toExponential(0) : kind;
