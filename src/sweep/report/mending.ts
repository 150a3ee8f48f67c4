/** What `gradparity/fixes` do to the findings: which are mended, which stay, which are new. */
import type { Cell } from '../judgement/hit.js';
import { saidBy } from './duplicates.js';
import type { Finding, MatrixRow, SweepReport } from './report.js';
import reasons from './staying.json' with { type: 'json' };

/** Mistakes at one place, suspicions counted. */
export interface PlaceCount {
  /** The core or a backend. */
  place: string;
  before: number;
  after: number;
}

export interface Mending {
  /** By place, the core first. */
  counts: PlaceCount[];
  /** Findings of all kinds but conventions, as they are without the fixes. */
  mended: Finding[];
  stays: Finding[];
  /** What there is with the fixes alone: a regression. */
  fresh: Finding[];
  /** What stays and what is new as it is with the fixes in place: with programs that import them. */
  left: Finding[];
}

/** Why findings stay whose ids match a regular expression. */
interface Reason {
  findings: string;
  reason: string;
}

const isMistake = ({ kind }: Finding): boolean => kind !== 'convention' && kind !== 'limitation';

/** What the fixes do; undefined where the report knows nothing of them. */
export function mendingOf(report: Pick<SweepReport, 'backends' | 'findings' | 'fixed'>): Mending | undefined {
  const { backends, findings, fixed } = report;
  if (!fixed) return undefined;
  const after = new Map(fixed.findings.map((finding) => [finding.id, finding]));
  const before = new Map(findings.map((finding) => [finding.id, finding]));
  const listed = findings.filter(({ kind }) => kind !== 'convention');
  // A variant's finding that was said of the plain op may be left alone where the plain op is mended.
  const remains = new Set(fixed.findings.map((finding) => saidBy(finding, before)).filter(Boolean));
  const stays = listed.filter(({ id }) => after.has(id) || remains.has(id));
  const kept = new Set(stays);
  const places = ['core', ...backends];
  const countOf = (some: readonly Finding[], place: string): number =>
    some.filter((finding) => isMistake(finding) && finding.backend === place).length;
  return {
    counts: places.map((place) => ({
      place,
      before: countOf(findings, place),
      after: countOf(fixed.findings, place),
    })),
    mended: listed.filter((finding) => !kept.has(finding)),
    stays,
    fresh: fixed.findings.filter(
      (finding) =>
        finding.kind !== 'convention' && !before.has(finding.id) && saidBy(finding, before) === undefined,
    ),
    left: fixed.findings.filter(({ kind }) => kind !== 'convention'),
  };
}

/** "core 241 → 8, cpu 40 → 2, wasm 80 → 11, none new". */
export function mendingText({ counts, fresh }: Mending): string {
  const news = fresh.length === 0 ? 'none new' : `${fresh.length} new`;
  return `${counts.map(({ place, before, after }) => `${place} ${before} → ${after}`).join(', ')}, ${news}`;
}

/** Why a finding stays with the fixes in place; undefined where that is not known. */
export const reasonOf = ({ id }: Pick<Finding, 'id'>): string | undefined =>
  (reasons as readonly Reason[]).find(({ findings }) => new RegExp(`^(?:${findings})$`).test(id))?.reason;

/** What is said of a finding where the fixes were tried. */
export function fateOf(finding: Finding, { stays, fresh }: Mending): string {
  if (fresh.some(({ id }) => id === finding.id)) return 'new';
  if (!stays.some(({ id }) => id === finding.id)) return 'mended';
  const reason = reasonOf(finding);
  return reason === undefined ? 'stays' : `stays: ${reason}`;
}

/** The op's row with the fixes in place. */
export const fixedRowOf = ({ fixed }: Pick<SweepReport, 'fixed'>, { op }: MatrixRow): MatrixRow | undefined =>
  fixed?.matrix.find((row) => row.op === op);

/** A cell without and with the fixes, where they differ. */
export const cellPair = (before: Cell, after: Cell | undefined): [Cell] | [Cell, Cell] =>
  after === undefined || after === before ? [before] : [before, after];
