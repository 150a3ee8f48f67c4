/** The list of findings that are known: a run then fails on new ones, and on known ones that are gone. */
import { InputError } from '../../errors.js';
import { parseJson } from '../../json.js';
import type { Finding, SweepReport } from './report.js';

/** Findings that are known, by their ids. */
export interface KnownList {
  schemaVersion: 1;
  /** The release of TensorFlow.js. */
  tfjs?: string;
  findings: string[];
  /** Those that there are with `gradparity/fixes` in place, where they were tried. */
  fixed?: string[];
}

export interface KnownComparison {
  added: string[];
  vanished: string[];
  /** The same with the fixes in place, where both the run and the list have tried them. */
  fixed?: { added: string[]; vanished: string[] };
}

/** A report's findings as such a list. Conventions are no mistakes, and are left out. */
export const knownOf = (report: SweepReport): KnownList => ({
  schemaVersion: 1,
  tfjs: report.tfjs,
  findings: idsOf(report.findings),
  ...(report.fixed && { fixed: idsOf(report.fixed.findings) }),
});

const idsOf = (findings: readonly Finding[]): string[] =>
  findings
    .filter(({ kind }) => kind !== 'convention')
    .map(({ id }) => id)
    .sort();

/**
 * @throws InputError where the text is no such list
 */
export function parseKnown(where: string, text: string): KnownList {
  const value = parseJson(where, text);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const { schemaVersion, tfjs, findings, fixed } = (isObject ? value : {}) as Partial<
    Record<keyof KnownList, unknown>
  >;
  const refuse = (wanted: string, got: unknown, at: string): InputError =>
    new InputError(
      `${where} must be a list of known findings, {"schemaVersion": 1, "findings": [ids…]}, as --write-known writes it: wanted ${wanted}, got ${(JSON.stringify(got) ?? 'nothing').slice(0, 60)} at ${at}.`,
    );
  if (!isObject) throw refuse('an object', value, 'its top');
  if (schemaVersion !== 1) throw refuse('1', schemaVersion, 'schemaVersion');
  const textsOf = (list: unknown, at: string): string[] => {
    if (!Array.isArray(list)) throw refuse('a list', list, at);
    const wrong = list.findIndex((id) => typeof id !== 'string');
    if (wrong >= 0) throw refuse('a text', list[wrong], `${at}.${wrong}`);
    return list as string[];
  };
  return {
    schemaVersion,
    ...(typeof tfjs === 'string' && { tfjs }),
    findings: textsOf(findings, 'findings'),
    ...(fixed !== undefined && { fixed: textsOf(fixed, 'fixed') }),
  };
}

/** What is new, and what is gone. Of a part of the sweep (ops, a shard, an interrupted run) nothing can be said to be gone. */
export function compareKnown(
  report: SweepReport,
  known: Pick<KnownList, 'findings' | 'fixed'>,
): KnownComparison {
  const { findings, fixed } = knownOf(report);
  const stock = differences(report, findings, known.findings);
  // A list that was written without the fixes says nothing of them.
  if (!fixed || !known.fixed) return stock;
  return { ...stock, fixed: differences(report, fixed, known.fixed) };
}

function differences(
  report: SweepReport,
  found: readonly string[],
  known: readonly string[],
): Pick<KnownComparison, 'added' | 'vanished'> {
  const here = new Set(found);
  const whole =
    report.complete && report.ops === undefined && report.random === undefined && report.shard === undefined;
  const backends = new Set<string>([...report.backends, 'core']);
  return {
    added: [...here].filter((id) => !known.includes(id)).sort(),
    vanished: whole ? known.filter((id) => !here.has(id) && backends.has(id.split('/')[2] ?? '')).sort() : [],
  };
}
