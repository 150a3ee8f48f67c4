/** The journal of a sweep. Oracle: what was put in. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { EnvironmentError, InputError } from '../../../src/errors.js';
import type { Explanation } from '../../../src/sweep/explanation/explain.js';
import type { CaseResult } from '../../../src/sweep/run/examiner.js';
import { openJournal } from '../../../src/sweep/run/journal.js';
import type { SweepMemory, SweepPlan } from '../../../src/sweep/run/sweep.js';
import { kernelFinding } from '../report/sample-report.js';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'gradparity-journal-'));
  file = path.join(folder, 'some', 'journal.jsonl');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const plan: SweepPlan = { tfjs: '4.22.0', seed: 1, backends: ['cpu', 'wasm'] };
const DIGEST = 77;
const open = (resume: boolean, of: Partial<SweepPlan> = {}, digest = DIGEST): SweepMemory =>
  openJournal(file, { ...plan, ...of }, digest, resume);

const resultOf = (index: number): CaseResult => ({
  index,
  hits: [],
  backends: { cpu: 'right', wasm: 'wrong' },
  formula: 'right',
  second: 'not run',
  outputShape: [2, 3],
});
const { id, kind, backend, direction, message, witness, repro } = kernelFinding;
const explanation: Explanation = {
  id,
  filed: { finding: { id, kind, backend, direction, message, witness }, repro },
};

/** A journal of results 0, 1, 2 and an explanation. */
function write(): void {
  const memory = open(false);
  [0, 1, 2].forEach((index) => memory.keepResult(resultOf(index)));
  memory.keepExplanation(explanation);
}

describe('openJournal', () => {
  test('a resumed run has what the one before kept, and keeps more', () => {
    write();
    const { results, explanations, keepResult } = open(true);
    expect(results).toEqual([0, 1, 2].map(resultOf));
    expect(explanations).toEqual([explanation]);
    keepResult(resultOf(3));
    expect(open(true).results).toEqual([0, 1, 2, 3].map(resultOf));
  });

  test('what an op says of its shape comes back, numbers or not', () => {
    open(false).keepResult({ ...resultOf(0), outputShape: [NaN, 2] });
    open(true).keepResult({ ...resultOf(1), outputShape: undefined });
    expect(open(true).results.map(({ outputShape }) => outputShape)).toEqual([[NaN, 2], undefined]);
  });

  test('what comes of a case with the fixes comes back too', () => {
    const { index, ...fixed } = { ...resultOf(0), outputShape: [NaN] };
    const fixes = { fixes: true as const };
    open(false, fixes).keepResult({ ...resultOf(index), fixed });
    expect(open(true, fixes).results).toEqual([{ ...resultOf(index), fixed }]);
    // A run without them is another run.
    expect(() => open(true)).toThrow(InputError);
  });

  test('without resume it begins anew', () => {
    write();
    expect(open(false)).toMatchObject({ results: [], explanations: [] });
    expect(open(true)).toMatchObject({ results: [], explanations: [] });
  });

  test('with nothing to resume it begins anew, folder and all', () => {
    const memory = open(true);
    expect(memory).toMatchObject({ results: [], explanations: [] });
    expect(existsSync(file)).toBe(true);
    memory.keepResult(resultOf(5));
    expect(open(true).results).toEqual([resultOf(5)]);
  });

  test('killed anywhere after the header, it has every line that was whole, and goes on', () => {
    write();
    const whole = readFileSync(file);
    const header = whole.indexOf('\n') + 1;
    fc.assert(
      fc.property(fc.integer({ min: header, max: whole.length }), (length) => {
        writeFileSync(file, whole);
        truncateSync(file, length);
        const kept = readFileSync(file, 'utf8').split('\n').slice(1);
        // A line is whole with its last brace, whether its end is there or not.
        const lines = kept.filter((line) => isJson(line)).length;
        const { results, explanations, keepResult } = open(true);
        expect(results.length + explanations.length).toBe(lines);
        keepResult(resultOf(9));
        const again = open(true);
        expect(again.results).toEqual([...results, resultOf(9)]);
        expect(again.explanations).toEqual(explanations);
      }),
      { numRuns: 60 },
    );
  });

  test('lines that say nothing are passed over', () => {
    write();
    appendFileSync(file, 'null\n1\n"result"\n{}\n\0\0\0\n');
    expect(open(true).results).toHaveLength(3);
  });

  test.each<[string, Partial<SweepPlan>, number?]>([
    ['seed', { seed: 2 }],
    ['backends', { backends: ['cpu'] }],
    ['ops', { ops: 'pool' }],
    ['shard', { shard: { index: 1, count: 2 } }],
    ['TensorFlow.js', { tfjs: '4.21.0' }],
    ['cases', {}, 78],
  ])('a journal of other %s is refused, and left as it is', (_what, of, digest = DIGEST) => {
    write();
    const before = readFileSync(file, 'utf8');
    expect(() => open(true, of, digest)).toThrow(InputError);
    expect(() => open(true, of, digest)).toThrow(/another run[^\n]*Leave --resume out/);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  test('a file that is no journal is refused', () => {
    mkdirSync(path.dirname(file));
    writeFileSync(file, 'My diary\n');
    expect(() => open(true)).toThrow(InputError);
    expect(readFileSync(file, 'utf8')).toBe('My diary\n');
  });

  test('a place that can’t be written to is the environment’s, one that can’t be read the input’s', () => {
    writeFileSync(path.join(folder, 'some'), 'a file where a folder should be');
    expect(() => open(false)).toThrow(EnvironmentError);
    expect(() => open(false)).toThrow(/can't be written \(E\w+\)\. Choose another place with --journal\.$/);
    expect(() => open(true)).toThrow(InputError);
    file = folder;
    expect(() => open(false)).toThrow(EnvironmentError);
    expect(() => open(true)).toThrow(/can't be read \(EISDIR\)/);
  });

  test('a journal that begins anew takes the place of the old one whole, with nothing beside it', () => {
    open(false).keepResult(resultOf(0));
    open(false);
    expect(readFileSync(file, 'utf8').split('\n').filter(Boolean)).toHaveLength(1);
    expect(readdirSync(path.dirname(file))).toEqual([path.basename(file)]);
  });

  test('a place that is gone in mid-run is the environment’s', () => {
    const { keepResult } = open(false);
    rmSync(path.dirname(file), { recursive: true });
    expect(() => keepResult(resultOf(0))).toThrow(EnvironmentError);
  });
});

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
