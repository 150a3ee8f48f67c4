/** The list of findings that are known: a run then fails on new ones, and on known ones that are gone. */
import { InputError } from '../../errors.js';
import { parseJson } from '../../json.js';
import type { SweepReport } from './report.js';

/** Findings that are known, by their ids. */
export interface KnownList {
  schemaVersion: 1;
  /** The release of TensorFlow.js. */
  tfjs?: string;
  findings: string[];
}

export interface KnownComparison {
  added: string[];
  vanished: string[];
}

/** A report's findings as such a list. Conventions are no mistakes, and are left out. */
export const knownOf = (report: SweepReport): KnownList => ({
  schemaVersion: 1,
  tfjs: report.tfjs,
  findings: report.findings
    .filter(({ kind }) => kind !== 'convention')
    .map(({ id }) => id)
    .sort(),
});

/**
 * @throws InputError where the text is no such list
 */
export function parseKnown(where: string, text: string): string[] {
  const value = parseJson(where, text);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const { schemaVersion, findings } = (isObject ? value : {}) as Partial<Record<keyof KnownList, unknown>>;
  const refuse = (wanted: string, got: unknown, at: string): InputError =>
    new InputError(
      `${where} must be a list of known findings, {"schemaVersion": 1, "findings": [ids…]}, as --write-known writes it: wanted ${wanted}, got ${(JSON.stringify(got) ?? 'nothing').slice(0, 60)} at ${at}.`,
    );
  if (!isObject) throw refuse('an object', value, 'its top');
  if (schemaVersion !== 1) throw refuse('1', schemaVersion, 'schemaVersion');
  if (!Array.isArray(findings)) throw refuse('a list', findings, 'findings');
  const wrong = findings.findIndex((id) => typeof id !== 'string');
  if (wrong >= 0) throw refuse('a text', findings[wrong], `findings.${wrong}`);
  return findings as string[];
}

/** What is new, and what is gone. Of a part of the sweep (ops, a shard, an interrupted run) nothing can be said to be gone. */
export function compareKnown(report: SweepReport, known: readonly string[]): KnownComparison {
  const here = new Set(knownOf(report).findings);
  const whole =
    report.complete && report.ops === undefined && report.random === undefined && report.shard === undefined;
  const backends = new Set<string>([...report.backends, 'core']);
  return {
    added: [...here].filter((id) => !known.includes(id)).sort(),
    vanished: whole ? known.filter((id) => !here.has(id) && backends.has(id.split('/')[2] ?? '')).sort() : [],
  };
}
