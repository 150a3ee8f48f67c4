/** Puts the reports of a sweep's shards together: the report that one process would have made. */
import { lookUp } from '../../collections.js';
import { InputError } from '../../errors.js';
import { parseJson } from '../../json.js';
import { sweepCases } from '../cases/index.js';
import { worse } from '../judgement/hit.js';
import type { SweepBackend } from '../observation/observation.js';
import { withoutDuplicates } from './duplicates.js';
import type { Finding, MatrixRow, SweepReport } from './report.js';

export interface ShardReport {
  /** Where it came from, for the errors. */
  name: string;
  report: SweepReport;
}

/** The text as a report. @throws InputError where it is none */
export function parseReport(name: string, text: string): ShardReport {
  const report = parseJson(`merge: ${name}`, text) as Partial<SweepReport>;
  const whole =
    report?.schemaVersion === 1 &&
    typeof report.seed === 'number' &&
    Array.isArray(report.backends) &&
    Array.isArray(report.findings) &&
    report.findings.every((one) => typeof one?.id === 'string' && typeof one.first === 'string') &&
    Array.isArray(report.matrix) &&
    report.matrix.every((row) => typeof row?.first === 'string' && Array.isArray(row.findings)) &&
    (report.shard === undefined || isShard(report.shard)) &&
    (report.fixed === undefined ||
      (Array.isArray(report.fixed.findings) && Array.isArray(report.fixed.matrix)));
  if (!whole) {
    throw new InputError(
      `merge: ${name} is no report of a sweep, as \`gradparity sweep --report\` writes it.`,
    );
  }
  return { name, report: report as SweepReport };
}

const isShard = (shard: SweepReport['shard'] | null): boolean =>
  shard != null &&
  Number.isInteger(shard.index) &&
  Number.isInteger(shard.count) &&
  shard.index >= 1 &&
  shard.index <= shard.count;

/**
 * The whole report.
 *
 * @throws InputError where the reports are not the shards of one run, or one of them is there twice or not at all
 */
export function mergeReports(shards: readonly ShardReport[]): SweepReport {
  const [first] = shards;
  if (first === undefined) throw new InputError('merge: name the reports of the shards.');
  const parts = shards.map(({ name, report }) => {
    if (!report.shard)
      throw new InputError(`merge: ${name} is not the report of a shard: it is whole already.`);
    for (const key of ['tfjs', 'seed', 'backends', 'ops', 'versions', 'fixes'] as const) {
      const [one, other] = [first.report[key], report[key]].map((value) => JSON.stringify(value));
      if (one !== other) {
        throw new InputError(
          `merge: ${first.name} and ${name} are of different runs: ${key} is ${one} and ${other}.`,
        );
      }
    }
    return { name, report, ...report.shard };
  });
  const [{ count }] = parts;
  const byIndex = new Map<number, (typeof parts)[number]>();
  for (const part of parts) {
    if (part.count !== count) {
      throw new InputError(
        `merge: ${first.name} is one of ${count} shards, ${part.name} one of ${part.count}.`,
      );
    }
    const twin = byIndex.get(part.index);
    if (twin)
      throw new InputError(`merge: ${twin.name} and ${part.name} are both shard ${part.index}/${count}.`);
    byIndex.set(part.index, part);
  }
  const missing = Array.from({ length: count }, (_, i) => i + 1).filter((index) => !byIndex.has(index));
  if (missing.length > 0) {
    throw new InputError(
      `merge: shard ${missing.map((index) => `${index}/${count}`).join(', ')} is missing.`,
    );
  }
  const common = { ...first.report };
  delete common.shard;
  const places = new Map(sweepCases(common.seed).map(({ id }, index) => [id, index]));
  for (const { name, report } of shards) {
    const stranger = [...report.findings, ...report.matrix].find((one) => !places.has(one.first));
    if (stranger) {
      throw new InputError(
        `merge: ${name} has a case that is none of this version's, ${JSON.stringify(stranger.first)}: merge with the gradparity that made it.`,
      );
    }
  }
  // In one order, whatever the caller's: sums of seconds depend on it.
  const reports = [...byIndex.values()].sort((a, b) => a.index - b.index).map(({ report }) => report);
  const sum = (of: (report: SweepReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  return {
    ...common,
    cases: sum(({ cases }) => cases),
    judged: sum(({ judged }) => judged),
    complete: reports.every(({ complete }) => complete),
    // A variant's finding may be in another shard than the plain op's.
    ...withoutDuplicates(mergeFindings(reports, places), mergeMatrix(reports, places)),
    ...(common.fixed && { fixed: mergeFixed(reports, places) }),
    seconds: sum(({ seconds }) => seconds),
  };
}

type Places = ReadonlyMap<string, number>;

/** Each finding as the shard has it whose case comes first; in the order of these cases, and within a case in the shard's. */
/** The same of what there is with the fixes in place. */
function mergeFixed(reports: readonly SweepReport[], places: Places): SweepReport['fixed'] {
  const fixed = reports.flatMap((report) => report.fixed ?? []);
  return withoutDuplicates(mergeFindings(fixed, places), mergeMatrix(fixed, places));
}

type Found = Pick<SweepReport, 'findings' | 'matrix'>;

function mergeFindings(reports: readonly Found[], places: Places): Finding[] {
  const merged = new Map<string, { finding: Finding; place: number; rank: number; cases: number }>();
  for (const { findings } of reports) {
    for (const [rank, finding] of findings.entries()) {
      const other = merged.get(finding.id);
      const place = lookUp(places, finding.first);
      const cases = finding.cases + (other?.cases ?? 0);
      const earliest = !other || place < other.place ? { finding, place, rank } : other;
      merged.set(finding.id, { ...earliest, cases });
    }
  }
  return [...merged.values()]
    .sort((a, b) => a.place - b.place || a.rank - b.rank)
    .map(({ finding, cases }) => ({ ...finding, cases }));
}

function mergeMatrix(reports: readonly Found[], places: Places): MatrixRow[] {
  const merged = new Map<string, MatrixRow>();
  const rows = reports
    .flatMap(({ matrix }) => matrix)
    .sort((a, b) => lookUp(places, a.first) - lookUp(places, b.first));
  for (const row of rows) {
    const other = merged.get(row.op);
    if (!other) {
      merged.set(row.op, { ...row, backends: { ...row.backends }, findings: [...row.findings] });
      continue;
    }
    other.cases += row.cases;
    other.formula = worse(other.formula, row.formula);
    other.second = worse(other.second, row.second);
    for (const [backend, cell] of Object.entries(row.backends) as [SweepBackend, MatrixRow['formula']][]) {
      other.backends[backend] = worse(other.backends[backend] ?? 'not run', cell);
    }
    for (const id of row.findings) if (!other.findings.includes(id)) other.findings.push(id);
  }
  for (const row of merged.values()) row.findings.sort();
  return [...merged.values()];
}
