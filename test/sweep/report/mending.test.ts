/** What the fixes do to the findings. Oracle: reports written by hand. */
import { describe, expect, test } from '@jest/globals';
import {
  cellPair,
  fateOf,
  mendingOf,
  mendingText,
  reasonOf,
  type Mending,
} from '../../../src/sweep/report/mending.js';
import reasons from '../../../src/sweep/report/staying.json' with { type: 'json' };
import { compareKnown, knownOf } from '../../../src/sweep/report/known.js';
import {
  convention,
  fixedReport,
  formulaFinding,
  kernelFinding,
  regression,
  sampleReport,
  suspicion,
} from './sample-report.js';

const mending = mendingOf(fixedReport) as Mending;
const ids = (some: readonly { id: string }[]): string[] => some.map(({ id }) => id).sort();

describe('mendingOf', () => {
  test('what is gone is mended, what is there with and without stays, what is there with them alone is new', () => {
    expect(ids(mending.mended)).toEqual([kernelFinding.id]);
    expect(ids(mending.stays)).toEqual([formulaFinding.id, suspicion.id].sort());
    expect(ids(mending.fresh)).toEqual([regression.id]);
    // A choice at a kink is none of them.
    expect(ids([...mending.mended, ...mending.stays, ...mending.fresh])).not.toContain(convention.id);
  });

  test('counts by place, suspicions among them', () => {
    expect(mending.counts).toEqual([
      { place: 'core', before: 1, after: 1 },
      { place: 'cpu', before: 1, after: 0 },
      { place: 'wasm', before: 0, after: 1 },
      { place: 'webgl', before: 1, after: 1 },
    ]);
    expect(mendingText(mending)).toBe('core 1 → 1, cpu 1 → 0, wasm 0 → 1, webgl 1 → 1, 1 new');
    expect(mendingText({ ...mending, fresh: [] })).toMatch(/, none new$/);
  });

  test('a report without fixes has none', () => {
    expect(mendingOf(sampleReport)).toBeUndefined();
  });

  test("a variant's finding that was said of the plain op, and is left alone, is not new: the plain one stays", () => {
    const plain = {
      ...regression,
      id: 'einsum/throws/core/backward/Some-words',
      kind: 'throws' as const,
      backend: 'core' as const,
    };
    const variant = { ...plain, id: 'einsum-(trace)/throws/core/backward/Some-words' };
    const matrix = fixedReport.matrix;
    const { fresh, stays } = mendingOf({
      backends: ['cpu'],
      findings: [plain],
      fixed: { findings: [variant], matrix },
    }) as Mending;
    expect([ids(fresh), ids(stays)]).toEqual([[], [plain.id]]);
    // Other words are another fault.
    const other = { ...variant, id: 'einsum-(trace)/throws/core/backward/Other-words' };
    const second = mendingOf({
      backends: ['cpu'],
      findings: [plain],
      fixed: { findings: [other], matrix },
    }) as Mending;
    expect([ids(second.fresh), ids(second.mended)]).toEqual([[other.id], [plain.id]]);
  });
});

test('each finding is told what becomes of it', () => {
  expect(fateOf(kernelFinding, mending)).toBe('mended');
  expect(fateOf(formulaFinding, mending)).toBe('stays');
  expect(fateOf(regression, mending)).toBe('new');
  const known = { ...formulaFinding, id: 'norm-(negative-axes)/formula/core/forward' };
  expect(fateOf(known, { ...mending, stays: [known] })).toBe(`stays: ${reasonOf(known)}`);
});

test('a cell that the fixes do not change is one', () => {
  expect(cellPair('right', 'right')).toEqual(['right']);
  expect(cellPair('wrong', 'right')).toEqual(['wrong', 'right']);
  expect(cellPair('wrong', undefined)).toEqual(['wrong']);
});

test('reasons are sentences, and regular expressions that match', () => {
  for (const { findings, reason } of reasons) {
    expect(() => new RegExp(findings)).not.toThrow();
    expect(reason).toMatch(/^[A-Z].*\.$/);
  }
  expect(reasonOf({ id: 'norm-(negative-axes)/throws/core/forward/Some-words' })).toBeDefined();
  expect(reasonOf({ id: 'norm/formula/core/forward' })).toBeUndefined();
});

describe('the known list', () => {
  test('has what there is with the fixes, and is compared with it', () => {
    const known = knownOf(fixedReport);
    expect(known.fixed).toEqual(ids([suspicion, formulaFinding, regression]));
    expect(compareKnown(fixedReport, known)).toEqual({
      added: [],
      vanished: [],
      fixed: { added: [], vanished: [] },
    });
    const { findings } = known;
    expect(
      compareKnown(fixedReport, { findings, fixed: [formulaFinding.id, suspicion.id, kernelFinding.id] })
        .fixed,
    ).toEqual({
      added: [regression.id],
      vanished: [kernelFinding.id],
    });
  });

  test('says nothing of the fixes where it, or the run, was made without', () => {
    expect(compareKnown(fixedReport, knownOf(sampleReport))).toEqual({ added: [], vanished: [] });
    expect(compareKnown(sampleReport, knownOf(fixedReport))).toEqual({ added: [], vanished: [] });
  });
});
