/** The list of known findings. Oracle: lists written by hand. */
import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../../src/errors.js';
import { compareKnown, knownOf, parseKnown } from '../../../src/sweep/report/known.js';
import type { SweepReport } from '../../../src/sweep/report/report.js';
import { convention, formulaFinding, kernelFinding, sampleReport, suspicion } from './sample-report.js';

const ids = [formulaFinding.id, kernelFinding.id, suspicion.id];

describe('knownOf', () => {
  test('every finding and suspicion by id, sorted, and no convention', () => {
    expect(knownOf(sampleReport)).toEqual({ schemaVersion: 1, tfjs: '4.22.0', findings: ids });
    expect(ids).not.toContain(convention.id);
  });

  test('is what parseKnown reads', () => {
    expect(parseKnown('known.json', JSON.stringify(knownOf(sampleReport)))).toEqual(knownOf(sampleReport));
    expect(knownOf(sampleReport).findings).toEqual(ids);
    expect(parseKnown('known.json', '{"schemaVersion": 1, "findings": []}').findings).toEqual([]);
    const fixed = { schemaVersion: 1, findings: ['a'], fixed: ['b'] };
    expect(parseKnown('known.json', JSON.stringify(fixed))).toEqual(fixed);
  });
});

describe('parseKnown', () => {
  const refusal = (text: string): unknown => {
    try {
      return parseKnown('known.json', text);
    } catch (error) {
      return error;
    }
  };

  test.each([
    ['no JSON', 'avgPool', /must be JSON/],
    ['nothing', '', /must be JSON/],
    ['half a document', '{"schemaVersion": 1,\n"findings": [\n', /must be JSON/],
    ['a list alone', '["a"]', /at its top/],
    ['null', 'null', /at its top/],
    ['no list in it', '{"schemaVersion": 1}', /at findings/],
    ['no version', '{"findings": []}', /at schemaVersion/],
    ['another version', '{"schemaVersion": 2, "findings": []}', /at schemaVersion/],
    ['a number among the ids', '{"schemaVersion": 1, "findings": ["a", 1]}', /at findings\.1/],
    ['a text for a list', '{"schemaVersion": 1, "findings": "a"}', /at findings/],
    ['no list of what the fixes leave', '{"schemaVersion": 1, "findings": [], "fixed": 1}', /at fixed/],
  ])('%s is refused in one line that names the file', (_what, text, message) => {
    const error = refusal(text) as Error;
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(message);
    expect(error.message).toMatch(/^known\.json must be [^\n]*\.$/);
  });
});

describe('compareKnown', () => {
  const compare = (known: readonly string[], rest: Partial<SweepReport> = {}) =>
    compareKnown({ ...sampleReport, ...rest }, { findings: [...known] });

  test('the same list: nothing new, nothing gone', () => {
    expect(compare(ids)).toEqual({ added: [], vanished: [] });
    expect(compare([...ids].reverse())).toEqual({ added: [], vanished: [] });
  });

  test('what the list lacks is new, in order; conventions never are', () => {
    expect(compare([kernelFinding.id]).added).toEqual([formulaFinding.id, suspicion.id]);
    expect(compare([]).added).toEqual(ids);
  });

  test('with the fixes: only where the list was written with them', () => {
    const fixed = { ...sampleReport, findings: [kernelFinding] };
    const report = { ...sampleReport, fixed };
    expect(compareKnown(report, { findings: ids }).fixed).toBeUndefined();
    expect(compareKnown(report, { findings: ids, fixed: [kernelFinding.id] }).fixed).toEqual({
      added: [],
      vanished: [],
    });
    expect(compareKnown(report, { findings: ids, fixed: [] }).fixed?.added).toEqual([kernelFinding.id]);
  });

  test('what the report lacks is gone, on backends that were run and in the core', () => {
    const gone = ['zeros/kernel/wasm/forward', 'abs/formula/core/backward'];
    expect(compare([...ids, ...gone])).toEqual({ added: [], vanished: [...gone].sort() });
  });

  test('a known convention is not there to be found', () => {
    expect(compare([...ids, convention.id]).vanished).toEqual([convention.id]);
  });

  test('nothing can be said to be gone on a backend that was not run', () => {
    const elsewhere = ['a/kernel/tensorflow/forward', 'a/kernel/webgpu/backward', 'no id at all'];
    expect(compare([...ids, ...elsewhere]).vanished).toEqual([]);
  });

  test.each<[string, Partial<SweepReport>]>([
    ['some ops', { ops: 'pool' }],
    ['a shard', { shard: { index: 1, count: 2 } }],
    ['an interrupted run', { complete: false, judged: 40 }],
  ])('nothing is gone for %s, but new is new', (_what, part) => {
    expect(compare(['abs/formula/core/backward'], part)).toEqual({ added: ids, vanished: [] });
  });
});
