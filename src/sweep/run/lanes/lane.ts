/** A lane runs stages of cases one after the other, in a process or browser of its own, and survives what they do to it. */
import type { SweepCase } from '../../cases/case.js';
import type {
  LostObservation,
  Observation,
  Phase,
  Stage,
  SweepBackend,
} from '../../observation/observation.js';

export interface Lane {
  /**
   * Never throws because of the case: what hangs or dies is said in the observation.
   * @param timeLimit seconds, instead of the lane's own
   * @param afresh whether a backend that keeps compiled shaders and buffers from case to case starts without them
   */
  observe(one: SweepCase, stage: Stage, timeLimit?: number, afresh?: boolean): Promise<Observation>;
  close(): Promise<void>;
}

/** The argument with which a lane's process mends TensorFlow.js at its start. */
export const WITH_FIXES = '--fixes';

export interface LaneLimits {
  /** Seconds for a stage. */
  timeLimit: number;
  /** MiB for the process. */
  memoryLimit: number;
}

export const lostTo = (
  lost: LostObservation['lost'],
  stage: Stage,
  phase: Phase,
  { timeLimit, memoryLimit }: LaneLimits,
  how = '',
): LostObservation => {
  const what = phase === 'forward' ? 'The op' : phase === 'differences' ? 'The op' : 'The gradient';
  const where = stage === 'double' ? 'the double-precision kernels' : `the ${stage} backend`;
  const text = {
    hangs: `${what} does not end within ${timeLimit} s on ${where}.`,
    memory: `${what} takes more than ${memoryLimit} MiB on ${where}.`,
    crashes: `${what} ends the process on ${where}${how ? ` (${how})` : ''}.`,
  };
  return { stage, lost, phase, message: text[lost] };
};

/** Backends that run in Node; the others run in a browser. */
export const nodeBackends: readonly SweepBackend[] = ['cpu', 'wasm', 'wasm-nosimd', 'tensorflow'];
