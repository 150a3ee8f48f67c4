/** What a sweep found: the types of its report. */
import type { SweepCase } from './cases/case.js';

/** Backends of TensorFlow.js, by their names there; wasm-nosimd is wasm without vector instructions, which has a build of its own. */
export const sweepBackends = ['cpu', 'wasm', 'wasm-nosimd', 'tensorflow', 'webgl', 'webgpu'] as const;
export type SweepBackend = (typeof sweepBackends)[number];

/**
 * - formula: the gradient in TensorFlow.js' core is wrong on every backend
 * - kernel: a backend's kernel gives wrong numbers, while the core's formula is right
 * - no gradient: an op that has a derivative has no gradient registered
 * - kernel missing: a backend has no kernel for it
 * - throws, hangs, crashes, leaks: instead of giving a result, or besides
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
  'convention',
] as const;
export type FindingKind = (typeof findingKinds)[number];

export type Direction = 'forward' | 'backward' | 'second order';

/** A second opinion on a finding, besides our own differences in double precision. */
export interface Witness {
  /** fixture: TensorFlow for Python or PyTorch. backend: another backend of TensorFlow.js. observed: an error, a count, a time: a fact of the run. */
  kind: 'closed form' | 'fixture' | 'backend' | 'observed';
  /** "TensorFlow 2.15.1", "backend tensorflow". */
  by: string;
}

/** A case as small as it still shows the finding. */
export interface Repro extends Pick<
  SweepCase,
  'inputs' | 'expression' | 'plainSecond' | 'kink' | 'entrywise'
> {
  /** What multiplies the outputs: the gradient is that of Σ dy·f. */
  cotangent: readonly number[];
  /** At most three lines that run as an ES module. */
  code: string;
  /** What the last line prints today, and what it should; sentences where there are no numbers. */
  got: string;
  expected: string;
}

export interface Finding {
  /** The same from run to run, seed to seed: "avgPool/kernel/cpu/backward". */
  id: string;
  /** The id under which it was found, where another library's numbers have shown that another backend is at fault. */
  foundAs?: string;
  op: string;
  family: string;
  kind: FindingKind;
  /** The backend at fault; `core` where it is no backend's. */
  backend: SweepBackend | 'core';
  direction: Direction;
  /** One sentence on what is wrong. */
  message: string;
  /** The first case that shows it, by id, and how many do. */
  first: string;
  cases: number;
  repro: Repro;
  /** None: the finding is a suspicion. */
  witness: Witness | null;
  /** An issue of TensorFlow.js' repository on it. */
  upstream?: string;
}

/** A cell of the matrix op × backend. */
export type Cell = 'right' | 'wrong' | 'missing' | 'not run';

export interface MatrixRow {
  op: string;
  family: string;
  /** The first of its cases, by id. */
  first: string;
  cases: number;
  /** By backend: the worst of the op's cases there. */
  backends: Partial<Record<SweepBackend, Cell>>;
  /** The gradient's formula, in double precision, first and second order. */
  formula: Cell;
  second: Cell;
  /** Ids of the op's findings. */
  findings: string[];
}

export interface SweepReport {
  schemaVersion: 1;
  tfjs: string;
  seed: number;
  backends: readonly SweepBackend[];
  /** Only ops whose name contains this were looked at. */
  ops?: string;
  /** The index-th of so many parts, from 1. */
  shard?: { index: number; count: number };
  /** Versions beyond tfjs': libtensorflow, Chromium. */
  versions: Readonly<Record<string, string>>;
  cases: number;
  /** Cases that were judged; fewer than `cases` where the run was interrupted or is one shard of several. */
  judged: number;
  complete: boolean;
  findings: Finding[];
  matrix: MatrixRow[];
  /** Of this run, or of all shards together. */
  seconds: number;
}
