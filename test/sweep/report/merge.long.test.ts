/**
 * Shards put together. Oracles: the report of a sweep in a single process, of real cases through the command line, and of made-up
 * results through `sweep` itself.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { InputError } from '../../../src/errors.js';
import type { Explanation } from '../../../src/sweep/explanation/explain.js';
import type { Cell } from '../../../src/sweep/judgement/hit.js';
import { mergeReports, parseReport, type ShardReport } from '../../../src/sweep/report/merge.js';
import type { SweepReport } from '../../../src/sweep/report/report.js';
import type { CaseResult } from '../../../src/sweep/run/examiner.js';
import { planCases, sweep, type SweepPlan } from '../../../src/sweep/run/sweep.js';
import type { Workforce } from '../../../src/sweep/run/workforce.js';
import { gradparity } from '../../cli/run-cli.js';
import { present } from '../../support/present.js';
import { emptyReport, formulaFinding, kernelFinding, sampleReport, suspicion } from './sample-report.js';

const withoutSeconds = (report: SweepReport): string => JSON.stringify({ ...report, seconds: 0 });

describe('shards of a real sweep', () => {
  let cwd: string;
  let whole: SweepReport;
  let shards: ShardReport[];

  beforeAll(async () => {
    cwd = mkdtempSync(path.join(os.tmpdir(), 'gradparity-merge-'));
    const reportOf = async (name: string, ...args: string[]): Promise<ShardReport> => {
      const file = path.join(cwd, `${name}.json`);
      const { code, stderr } = await gradparity(
        [
          ...['sweep', '--ops', 'cumsum', '--backends', 'cpu', '--jobs', '2', '--report', file],
          ...['--journal', path.join(cwd, `${name}.jsonl`), ...args],
        ],
        { cwd },
      );
      expect([code, stderr]).toEqual([expect.any(Number), '']);
      return parseReport(name, readFileSync(file, 'utf8'));
    };
    whole = (await reportOf('whole')).report;
    shards = [];
    for (const index of [1, 2, 3]) shards.push(await reportOf(`shard ${index}`, '--shard', `${index}/3`));
  }, 120_000);

  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  test('give the single process’ report, to the byte but for the seconds', () => {
    expect(whole.findings.length).toBeGreaterThan(0);
    expect(whole.complete).toBe(true);
    expect(shards.every(({ report }) => report.judged < whole.judged)).toBe(true);
    expect(withoutSeconds(mergeReports(shards))).toBe(withoutSeconds(whole));
    expect(withoutSeconds(mergeReports([...shards].reverse()))).toBe(withoutSeconds(whole));
  });

  test('one of which lacks a case don’t', () => {
    const [first, ...others] = shards;
    const less = { ...first.report, judged: first.report.judged - 1, complete: false };
    const merged = mergeReports([{ name: 'less', report: less }, ...others]);
    expect(merged).toMatchObject({ judged: whole.judged - 1, complete: false });
  });
});

const OPS = 'cumsum';
const plan: SweepPlan = { tfjs: '4.22.0', seed: 1, backends: ['cpu', 'wasm'], ops: OPS };
const { chosen } = planCases(plan);
const pool = [kernelFinding, formulaFinding, suspicion, { ...kernelFinding, id: 'x/throws/wasm/forward' }];

/** The report of made-up results: every case as it says, every explanation on its own case. */
function reportOf(results: readonly CaseResult[], shard?: SweepPlan['shard']): Promise<SweepReport> {
  const workforce: Workforce = {
    async judge(indices, onResult) {
      for (const index of indices) onResult(present(results.find((one) => one.index === index)));
    },
    async explain(tasks, onResult) {
      for (const { hit, index } of tasks) onResult(explanationOf(hit.id, index));
    },
    async close() {},
  };
  return sweep({ plan: { ...plan, ...(shard && { shard }) }, workforce, versions: {} });
}

function explanationOf(id: string, index: number): Explanation {
  const { kind, backend, direction } = present(pool.find((one) => one.id === id));
  return {
    id,
    filed: {
      finding: {
        ...{ id, kind, backend, direction },
        message: `as in case ${index}`,
        witness: index % 2 ? null : kernelFinding.witness,
      },
      repro: { ...kernelFinding.repro, got: String(index) },
    },
  };
}

const cell = fc.constantFrom<Cell>('right', 'wrong', 'missing', 'not run');
const anyResult = (index: number): fc.Arbitrary<CaseResult> =>
  fc
    .record({ hits: fc.shuffledSubarray(pool), cpu: cell, wasm: cell, formula: cell, second: cell })
    .map(({ hits, cpu, wasm, formula, second }) => ({
      index,
      hits: hits.map(({ id, op, family, kind, backend, direction, message, witness }) => ({
        ...{ id, op, family, kind, backend, direction, message, witness },
        got: '1',
        expected: '2',
      })),
      backends: { cpu, wasm },
      formula,
      second,
    }));

describe('shards of made-up sweeps', () => {
  test('in whatever order, give the single process’ report', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(...chosen.map(anyResult)),
        fc.integer({ min: 1, max: 4 }).chain((count) =>
          fc.shuffledSubarray(
            Array.from({ length: count }, (_, i) => ({ index: i + 1, count })),
            { minLength: count },
          ),
        ),
        async (results, parts) => {
          const shards: ShardReport[] = [];
          for (const shard of parts)
            shards.push({ name: `${shard.index}`, report: await reportOf(results, shard) });
          expect(withoutSeconds(mergeReports(shards))).toBe(withoutSeconds(await reportOf(results)));
          const { seconds } = mergeReports(shards);
          expect(mergeReports([...shards].reverse()).seconds).toBe(seconds);
        },
      ),
      { numRuns: 10, endOnFailure: true },
    );
  }, 120_000);
});

describe('mergeReports refuses', () => {
  const shard = (index: number, rest: Partial<SweepReport> = {}): ShardReport => ({
    name: `${index}.json`,
    report: { ...emptyReport, shard: { index, count: 3 }, ...rest },
  });
  const all = [shard(1), shard(2), shard(3)];

  test('nothing of three shards of one run', () => {
    expect(mergeReports(all)).toMatchObject({ cases: 300, judged: 300, complete: true, seconds: 3 * 754.2 });
    expect(mergeReports(all)).not.toHaveProperty('shard');
  });

  test.each<[string, ShardReport[], RegExp]>([
    ['no reports', [], /name the reports/],
    ['one twice', [...all, shard(2)], /2\.json and 2\.json are both shard 2\/3\.$/],
    ['one missing', [shard(1), shard(3)], /shard 2\/3 is missing\.$/],
    ['two missing', [shard(2)], /shard 1\/3, 3\/3 is missing\.$/],
    [
      'another seed',
      [...all.slice(0, 2), shard(3, { seed: 8 })],
      /1\.json and 3\.json are of different runs: seed is 7 and 8\.$/,
    ],
    [
      'other backends',
      [...all.slice(0, 2), shard(3, { backends: ['cpu'] })],
      /different runs: backends is \["cpu","wasm","webgl"\] and \["cpu"\]\.$/,
    ],
    [
      'other ops',
      [...all.slice(0, 2), shard(3, { ops: 'pool' })],
      /different runs: ops is undefined and "pool"\.$/,
    ],
    ['another TensorFlow.js', [...all.slice(0, 2), shard(3, { tfjs: '4.21.0' })], /different runs: tfjs is/],
    ['another Chromium', [...all.slice(0, 2), shard(3, { versions: {} })], /different runs: versions is/],
    [
      'a part of four',
      [...all.slice(0, 2), shard(3, { shard: { index: 3, count: 4 } })],
      /1\.json is one of 3 shards, 3\.json one of 4\.$/,
    ],
    [
      'a whole report',
      [...all, { name: 'whole.json', report: emptyReport }],
      /whole\.json is not the report of a shard: it is whole already\.$/,
    ],
    [
      'another version’s cases',
      [...all.slice(0, 2), shard(3, { findings: sampleReport.findings })],
      /3\.json has a case that is none of this version's, "[^"]+": merge with the gradparity that made it\.$/,
    ],
  ])('%s', (_what, reports, message) => {
    expect(() => mergeReports(reports)).toThrow(InputError);
    expect(() => mergeReports(reports)).toThrow(message);
    expect(() => mergeReports(reports)).toThrow(/^merge: [^\n]+\.$/);
  });
});

describe('parseReport', () => {
  test('reads a report', () => {
    const text = JSON.stringify(sampleReport, null, 2);
    expect(parseReport('r.json', text)).toEqual({ name: 'r.json', report: sampleReport });
  });

  test.each<[string, string, RegExp]>([
    ['no JSON', 'hello\nworld', /must be JSON/],
    ['half a report', JSON.stringify(sampleReport, null, 2).slice(0, 500), /must be JSON/],
    ['null', 'null', /no report of a sweep/],
    ['another document', '{"schemaVersion": 1}', /no report of a sweep/],
    ['another version', JSON.stringify({ ...sampleReport, schemaVersion: 2 }), /no report of a sweep/],
    ['a shard in words', JSON.stringify({ ...sampleReport, shard: '1/3' }), /no report of a sweep/],
    [
      'a shard beyond the last',
      JSON.stringify({ ...sampleReport, shard: { index: 4, count: 3 } }),
      /no report of a sweep/,
    ],
    ['findings of nothing', JSON.stringify({ ...sampleReport, findings: [null] }), /no report of a sweep/],
    ['rows of nothing', JSON.stringify({ ...sampleReport, matrix: [{}] }), /no report of a sweep/],
  ])('refuses %s in one line', (_what, text, message) => {
    expect(() => parseReport('r.json', text)).toThrow(InputError);
    expect(() => parseReport('r.json', text)).toThrow(message);
    expect(() => parseReport('r.json', text)).toThrow(/^merge: r\.json [^\n]+\.$/);
  });
});
