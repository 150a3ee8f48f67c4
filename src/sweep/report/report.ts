/** What a sweep found: the types of its report. */
import type { Repro } from '../explanation/repro.js';
import type { Cell, Hit } from '../judgement/hit.js';
import type { SweepBackend } from '../observation/observation.js';

export interface Finding extends Omit<Hit, 'input' | 'unreached' | 'got' | 'expected'> {
  /** The first case that shows it, by id, and how many do. */
  first: string;
  cases: number;
  repro: Repro;
  /** An issue of TensorFlow.js' repository on it. */
  upstream?: string;
}

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
  /** So many random compositions instead of the families' cases. */
  random?: number;
  /** The index-th of so many parts, from 1. */
  shard?: { index: number; count: number };
  /** Each case was judged with `gradparity/fixes` too. */
  fixes?: true;
  /** Versions beyond tfjs': libtensorflow, Chromium. */
  versions: Readonly<Record<string, string>>;
  cases: number;
  /** Cases that were judged; fewer than `cases` where the run was interrupted or is one shard of several. */
  judged: number;
  complete: boolean;
  findings: Finding[];
  matrix: MatrixRow[];
  /** The same with `gradparity/fixes` in place, where that was asked for. */
  fixed?: { findings: Finding[]; matrix: MatrixRow[] };
  /** Of this run, or of all shards together. */
  seconds: number;
}
