/** A sweep from its cases to its report. */
import { hashOf, type SweepCase } from '../cases/case.js';
import { sweepCases } from '../cases/index.js';
import { randomCases } from '../cases/random.js';
import type { Explanation } from '../explanation/explain.js';
import { worse, type Cell } from '../judgement/hit.js';
import type { SweepBackend } from '../observation/observation.js';
import type { Finding, MatrixRow, SweepReport } from '../report/report.js';
import { saidBy, withoutDuplicates } from '../report/duplicates.js';
import { upstreamOf } from '../report/upstream.js';
import type { CaseResult } from './examiner.js';
import { unexplained, type ExplainTask, type Workforce } from './workforce.js';
import { lookUp } from '../../collections.js';
import { InputError } from '../../errors.js';

/** What makes two runs the same run. */
export type SweepPlan = Pick<
  SweepReport,
  'tfjs' | 'seed' | 'backends' | 'ops' | 'random' | 'shard' | 'fixes'
>;

/** What an earlier run of the same plan has done already, and where this one's steps are kept. */
export interface SweepMemory {
  results: readonly CaseResult[];
  explanations: readonly Explanation[];
  keepResult(result: CaseResult): void;
  keepExplanation(explanation: Explanation): void;
}

export interface SweepProgress {
  phase: 'judging' | 'explaining';
  done: number;
  total: number;
  findings: number;
}

export interface SweepRun {
  plan: SweepPlan;
  workforce: Workforce;
  memory?: SweepMemory;
  versions?: Readonly<Record<string, string>>;
  /** Findings that need no smallest case and no program, where nothing is told of them but that they are there: by id, stock and with the fixes. */
  untold?: { findings: ReadonlySet<string>; fixed: ReadonlySet<string> };
  signal?: AbortSignal;
  onProgress?: (progress: SweepProgress) => void;
}

/** The cases of a seed, and a number that tells them from others'. */
export function planCases({ seed, ops, random, shard }: SweepPlan): { cases: SweepCase[]; chosen: number[] } {
  const cases = random === undefined ? sweepCases(seed) : randomCases(random, seed);
  const parts = ops?.split(',').map((part) => part.trim().toLowerCase());
  const isOf = (part: string, { op }: SweepCase): boolean => op.toLowerCase().includes(part);
  const strangers = parts?.filter((part) => part === '' || !cases.some((one) => isOf(part, one))) ?? [];
  if (strangers.length > 0) {
    const names = strangers.length > 1 ? `one of ${strangers.join(', ')}` : JSON.stringify(strangers[0]);
    throw new InputError(
      `sweep: no op's name contains ${names}. The names are TensorFlow.js', as in avgPool or image.resizeBilinear.`,
    );
  }
  const ofOps = [...cases.keys()].filter((index) => parts?.some((part) => isOf(part, cases[index])) ?? true);
  const chosen = ofOps.filter((index) => shard === undefined || index % shard.count === shard.index - 1);
  if (shard && chosen.length === 0) {
    throw new InputError(
      `sweep: shard ${shard.index}/${shard.count} has no cases: there are ${ofOps.length}.`,
    );
  }
  return { cases, chosen };
}

export const digestOf = (cases: readonly SweepCase[]): number => hashOf(JSON.stringify(cases));

/** Judges the plan's cases, explains what was found, and reports. An abort ends it early, with a report of what is known by then. */
export async function sweep({
  plan,
  workforce,
  memory,
  versions = {},
  untold,
  signal,
  onProgress = () => {},
}: SweepRun): Promise<SweepReport> {
  const started = performance.now();
  const { cases, chosen } = planCases(plan);
  const wanted = new Set(chosen);
  const results = new Map(
    (memory?.results ?? []).filter(({ index }) => wanted.has(index)).map((result) => [result.index, result]),
  );
  const found = new Set([...results.values()].flatMap(({ hits }) => hits.map(({ id }) => id)));
  const progress = (): void =>
    onProgress({ phase: 'judging', done: results.size, total: chosen.length, findings: found.size });
  progress();
  await workforce.judge(
    chosen.filter((index) => !results.has(index)),
    (result) => {
      // A case that two workers had is in the report once.
      if (results.has(result.index)) return;
      results.set(result.index, result);
      result.hits.forEach(({ id }) => found.add(id));
      memory?.keepResult(result);
      progress();
    },
    signal,
  );
  const ordered = [...results.values()].sort((a, b) => a.index - b.index);
  const stockTasks = firstHits(ordered);
  const orderedFixed = ordered.flatMap(({ index, fixed }) => (fixed ? [{ index, ...fixed }] : []));
  // What stays with the fixes in place has a program of its own: its smallest case may be another one.
  const fixedTasks = firstHits(orderedFixed).map((task): ExplainTask => ({ ...task, withFixes: true }));
  const tasks = [...stockTasks, ...fixedTasks];
  /** What is said of the plain op is not said again of its variants, and needs no program. */
  const shownAmong = (some: readonly ExplainTask[]): ExplainTask[] => {
    const ids = new Set(some.map(({ hit }) => hit.id));
    return some.filter(({ hit }) => saidBy(hit, ids) === undefined);
  };
  const explanations: Explanations = new Map((memory?.explanations ?? []).map((one) => [keyOf(one), one]));
  const isOpen = (task: ExplainTask): boolean => !explanations.has(keyOfTask(task));
  const isTold = ({ hit: { id }, withFixes }: ExplainTask): boolean =>
    !(withFixes ? untold?.fixed : untold?.findings)?.has(id);
  const open = [...shownAmong(stockTasks), ...shownAmong(fixedTasks)].filter(
    (task) => isTold(task) && isOpen(task),
  );
  const explained = (): void =>
    onProgress({
      phase: 'explaining',
      done: tasks.length - open.filter(isOpen).length,
      total: tasks.length,
      findings: found.size,
    });
  if (!signal?.aborted) {
    explained();
    await workforce.explain(
      open,
      (explanation) => {
        explanations.set(keyOf(explanation), explanation);
        memory?.keepExplanation(explanation);
        explained();
      },
      signal,
    );
  }
  const reported = (
    some: readonly ExplainTask[],
    judged: readonly CaseResult[],
  ): Pick<SweepReport, 'findings' | 'matrix'> => {
    const isRandom = plan.random !== undefined;
    const { findings, filedAs } = findingsOf(cases, some, explanations, judged, isRandom);
    return withoutDuplicates(findings, matrixOf(cases, judged, filedAs));
  };
  const { tfjs, seed, backends, shard } = plan;
  return {
    schemaVersion: 1,
    tfjs,
    seed,
    backends,
    versions,
    ...(plan.ops !== undefined && { ops: plan.ops }),
    ...(plan.random !== undefined && { random: plan.random }),
    ...(shard && { shard }),
    ...(plan.fixes && { fixes: plan.fixes }),
    cases: chosen.length,
    judged: results.size,
    complete: results.size === chosen.length && !signal?.aborted,
    ...reported(stockTasks, ordered),
    ...(plan.fixes && { fixed: reported(fixedTasks, orderedFixed) }),
    seconds: (performance.now() - started) / 1000,
  };
}

/** A finding may be there without the fixes and with them. */
const keyOf = ({ id, withFixes }: Pick<Explanation, 'id' | 'withFixes'>): string =>
  withFixes ? `${id} with the fixes` : id;
const keyOfTask = ({ hit: { id }, withFixes }: ExplainTask): string => keyOf({ id, withFixes });

type Explanations = Map<string, Explanation>;

/** The findings with how many cases show each, and what each hit is filed under. */
function findingsOf(
  cases: readonly SweepCase[],
  tasks: readonly ExplainTask[],
  explanations: Explanations,
  judged: readonly CaseResult[],
  isRandom: boolean,
): { findings: Finding[]; filedAs: Map<string, string> } {
  const findings = new Map<string, Finding>();
  /** A random composition's hit is filed under what is behind it. */
  const filedAs = new Map<string, string>();
  for (const task of tasks) {
    const { hit, index } = task;
    const { finding, repro } = (explanations.get(keyOfTask(task)) ?? unexplained(cases, task)).filed;
    const [upstream] = upstreamOf(finding.id, finding.culprit);
    filedAs.set(hit.id, finding.id);
    if (findings.has(finding.id)) continue;
    const op = isRandom ? finding.id.split('/')[0] : hit.op;
    findings.set(finding.id, {
      ...finding,
      op,
      family: hit.family,
      first: cases[index].id,
      cases: 0,
      repro,
      ...(upstream && { upstream }),
    });
  }
  for (const { hits } of judged) for (const { id } of hits) lookUp(findings, lookUp(filedAs, id)).cases++;
  return { findings: [...findings.values()], filedAs };
}

/** Each finding on the first case that shows it. */
function firstHits(ordered: readonly CaseResult[]): ExplainTask[] {
  const tasks = new Map<string, ExplainTask>();
  for (const { index, hits, outputShape } of ordered) {
    for (const hit of hits) if (!tasks.has(hit.id)) tasks.set(hit.id, { index, hit, outputShape });
  }
  return [...tasks.values()];
}

function matrixOf(
  cases: readonly SweepCase[],
  ordered: readonly CaseResult[],
  filedAs: ReadonlyMap<string, string>,
): MatrixRow[] {
  const rows = new Map<string, MatrixRow>();
  for (const { index, backends, formula, second, hits } of ordered) {
    const { id: first, family, variant } = cases[index];
    // As in the findings' ids: what is wrong with a variant says nothing of the op without it.
    const op = variant ? `${cases[index].op} (${variant})` : cases[index].op;
    let row = rows.get(op);
    if (!row) {
      row = {
        op,
        family,
        first,
        cases: 0,
        backends: {},
        formula: 'not run',
        second: 'not run',
        findings: [],
      };
      rows.set(op, row);
    }
    row.cases++;
    row.formula = worse(row.formula, formula);
    row.second = worse(row.second, second);
    for (const [backend, cell] of Object.entries(backends) as [SweepBackend, Cell][]) {
      row.backends[backend] = worse(row.backends[backend] ?? 'not run', cell);
    }
    for (const { id: hitId, op: hitOp } of hits) {
      const id = lookUp(filedAs, hitId);
      // What is no op's own, as the leak of every gradient that throws, is not said at each of them.
      if (hitOp !== cases[index].op) continue;
      if (!row.findings.includes(id)) row.findings.push(id);
    }
  }
  for (const row of rows.values()) row.findings.sort();
  return [...rows.values()];
}
