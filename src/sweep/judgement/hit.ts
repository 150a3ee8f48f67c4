/** What a case shows to be wrong: the kinds of findings, and what speaks for them. */
import type { SweepCase } from '../cases/case.js';
import type { SweepBackend } from '../observation/observation.js';

/**
 * - formula: what TensorFlow.js' core computes, values or gradient, is wrong on every backend
 * - kernel: a backend's kernel gives wrong numbers, while the core's formula is right
 * - no gradient: an op that has a derivative has no gradient registered
 * - kernel missing: a backend has no kernel for it
 * - throws, hangs, crashes, leaks: instead of giving a result, or besides
 * - limitation: what TensorFlow.js' documentation says it does not do
 * - convention: at a kink, where the gradient is a choice; no mistake
 */
export const findingKinds = [
  'formula',
  'kernel',
  'no gradient',
  'kernel missing',
  'throws',
  'hangs',
  'crashes',
  'leaks',
  'limitation',
  'convention',
] as const;
export type FindingKind = (typeof findingKinds)[number];

export type Direction = 'forward' | 'backward' | 'second order';

/** A second opinion on a finding, besides our own differences in double precision. */
export interface Witness {
  /** another library: TensorFlow for Python. backend: another backend of TensorFlow.js. observed: an error, a count, a time: a fact of the run. */
  kind: 'closed form' | 'another library' | 'backend' | 'observed';
  /** "TensorFlow 2.15.1", "backend tensorflow". */
  by: string;
}

/** A finding as one case shows it. */
export interface Hit {
  /** The same from run to run, seed to seed: "avgPool/kernel/cpu/backward", "conv3d/kernel/wasm/backward/filter". */
  id: string;
  op: string;
  family: string;
  kind: FindingKind;
  /** The backend at fault; `core` where it is no backend's. */
  backend: SweepBackend | 'core';
  direction: Direction;
  /**
   * What tells it from other findings of the op, kind, backend and direction: the gradient or kernel that is missing, the error's
   * words, the input of several whose gradient it is.
   */
  fault?: string;
  /** The part of TensorFlow.js that is at fault, as far as it can be told: a kernel, a gradient, a function of the core. */
  culprit?: string;
  /** A backend that shows it, where the cpu backend, on which programs run, does not. */
  shownOn?: SweepBackend;
  /** One sentence on what is wrong. */
  message: string;
  /** None: the finding is a suspicion. */
  witness: Witness | null;
  /** The input whose gradient it is. */
  input?: string;
  /** Inputs that autodiff does not reach: tf.grads would throw. */
  unreached?: string[];
  /** The numbers, or what was thrown; what is wanted instead. */
  got: string;
  expected: string;
}

/** A cell of the matrix op × backend. */
export type Cell = 'right' | 'wrong' | 'missing' | 'not run';

const ranks: readonly Cell[] = ['not run', 'right', 'missing', 'wrong'];
export const worse = (a: Cell, b: Cell): Cell => (ranks.indexOf(a) >= ranks.indexOf(b) ? a : b);

export type HitDraft = Omit<Hit, 'id' | 'op' | 'family' | 'witness'> & { witness?: Witness | null };

export function hitOf(one: SweepCase, draft: HitDraft): Hit {
  const op = one.variant ? `${one.op} (${one.variant})` : one.op;
  return {
    id: [op, draft.kind, draft.backend, draft.direction, draft.fault]
      .filter((part) => part !== undefined)
      .join('/')
      .replaceAll(' ', '-'),
    op: one.op,
    family: one.family,
    witness: null,
    ...draft,
  };
}

export const observed = (by: string): Witness => ({ kind: 'observed', by });
