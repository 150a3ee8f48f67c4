/** Runs a case on one backend, or in double precision, and says what came. Runs in Node and in the browser. */
import type { SweepCase } from '../cases/case.js';
import { observeBackend, type Guard } from './backend.js';
import { observeDouble } from './double.js';
import type { DoubleObservation, Phase, Stage, StageObservation } from './observation.js';

/** A stage of a case on the backend that is in use, or in double precision. */
export async function observe(
  one: SweepCase,
  stage: Stage,
  begin: (phase: Phase) => void = () => {},
  guard: Guard = (f) => f(),
): Promise<StageObservation | DoubleObservation> {
  return stage === 'double' ? observeDouble(one, begin) : observeBackend(one, stage, begin, guard);
}
