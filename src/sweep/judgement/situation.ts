/** All that is known of a case when it is judged. */
import type { SweepCase } from '../cases/case.js';
import type { DoubleObservation, Stage, StageObservation } from '../observation/observation.js';
import type { Hit } from './hit.js';

/** What another library computes for the case: flat numbers; of the gradients null where there is none. */
export interface Oracle {
  by: string;
  forward: readonly number[];
  gradients: Readonly<Record<string, readonly number[] | null>>;
  second?: Readonly<Record<string, readonly number[] | null>>;
}

export interface Situation {
  one: SweepCase;
  names: string[];
  double: DoubleObservation;
  backends: StageObservation[];
  oracle?: Oracle;
  hits: Hit[];
}

/** Two builds of one source are one witness. */
export const sourceOf = (stage: Stage): Stage => (stage === 'wasm-nosimd' ? 'wasm' : stage);
