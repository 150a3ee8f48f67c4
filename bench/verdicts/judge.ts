/** What a checker's verdicts on cases count as. */
import type { Case } from './cases.js';
import { isHidden } from './known.js';

export interface Answer {
  /** The verdict by its name; `threw` where the checker ended with an error, `no answer` where its time was up. */
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
 * - undecided: inconclusive, unsupported or without an answer in the time given; an error where the gradient is falsified.
 * - hidden: undecided of a right gradient that doubles do not show; undecided is the true answer there.
 */
export type Outcome = 'fine' | 'false alarm' | 'miss' | 'undecided' | 'hidden';

export function outcomeOf(
  { composition, falsification }: Pick<Case, 'composition' | 'falsification'>,
  { said, passed }: Pick<Answer, 'said' | 'passed'>,
): Outcome {
  if (said === 'inconclusive' || said === 'unsupported' || said === 'no answer') {
    return !falsification && isHidden(composition) ? 'hidden' : 'undecided';
  }
  if (!falsification) return passed ? 'fine' : 'false alarm';
  if (said === 'threw') return 'undecided';
  return passed ? 'miss' : 'fine';
}
