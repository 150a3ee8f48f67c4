/**
 * `gradparity sweep` and `merge`, run as a user runs them. Oracle: the files and exit codes that the help promises, and an
 * uninterrupted run of the same cases.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SweepReport } from '../../src/sweep/report/report.js';
import { emptyReport } from '../sweep/report/sample-report.js';
import { present } from '../support/present.js';
import { gradparity, main, type Outcome } from './run-cli.js';

let cwd: string;
const folders: string[] = [];
/** What a whole run of the cases of cumsum on cpu says. */
let whole: SweepReport;
let first: Outcome;

const at = (name: string): string => path.join(cwd, name);
const read = (name: string): string => readFileSync(at(name), 'utf8');
const small = ['sweep', '--ops', 'cumsum', '--backends', 'cpu', '--jobs', '2'];
const run = (...args: string[]): Promise<Outcome> => gradparity(args, { cwd });
const withoutSeconds = (text: string): string => text.replace(/"seconds": [\d.e+-]+/, '"seconds": 0');

beforeAll(async () => {
  cwd = mkdtempSync(path.join(os.tmpdir(), 'gradparity-sweep-'));
  folders.push(cwd);
  first = await run(
    ...small,
    ...[
      '--report',
      'reports/whole.json',
      '--html',
      'page.html',
      '--markdown',
      'page.md',
      '--write-known',
      'known.json',
    ],
  );
  whole = JSON.parse(read('reports/whole.json')) as SweepReport;
}, 60_000);

afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

describe('sweep --fixes', () => {
  test('counts what there is without and with the fixes, and ends with 0 where they leave nothing', async () => {
    const args = ['sweep', '--fixes', '--ops', 'cumprod', '--backends', 'cpu', '--jobs', '1'];
    const known = path.join(cwd, 'fixed-known.json');
    const { code, stdout } = await run(...args, '--json', '--write-known', known);
    const { findings, fixed, mending } = JSON.parse(stdout) as SweepReport & {
      mending: { counts: object[]; mended: string[]; stays: string[]; fresh: string[] };
    };
    // By hand: an axis counted from the end is wrong on cpu, and there is no gradient.
    expect(findings.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['cumprod/kernel/cpu/forward', 'cumprod/no-gradient/core/backward/Cumprod']),
    );
    expect(fixed?.findings.map(({ id }) => id)).not.toContain('cumprod/kernel/cpu/forward');
    expect(mending.mended).toContain('cumprod/kernel/cpu/forward');
    expect(mending.fresh).toEqual([]);
    expect(code).toBe(0);
    const list = JSON.parse(readFileSync(known, 'utf8')) as { findings: string[]; fixed: string[] };
    expect(list.findings).toContain('cumprod/kernel/cpu/forward');
    expect(list.fixed).toEqual(mending.stays);
    const again = await run(...args, '--known', known);
    expect(again.stdout).toMatch(
      /Without and with gradparity\/fixes: core \d+ → 0, cpu \d+ → 0, none new\.\n+Nothing new, nothing gone\.\n$/,
    );
    expect(again.code).toBe(0);
    rmSync(known);
  });
});

describe('sweep', () => {
  test('says which findings there are; ends with 0 where they are written down as known', () => {
    expect(first.code).toBe(0);
    expect(first.stderr).toBe('');
    expect(whole).toMatchObject({
      schemaVersion: 1,
      seed: 1,
      backends: ['cpu'],
      ops: 'cumsum',
      complete: true,
    });
    expect(whole.judged).toBe(whole.cases);
    const [{ id }] = whole.findings;
    expect(first.stdout).toContain(id);
    expect(first.stdout).toMatch(/\d+ of \d+ cases judged: \d+ findings?, /);
  });

  test('ends with 1 where there are findings', async () => {
    const { code, stdout } = await run('sweep', '--ops', 'mirrorPad', '--backends', 'cpu', '--jobs', '1');
    expect([code, stdout]).toEqual([1, expect.stringContaining('mirrorPad/formula/core/backward')]);
  });

  test('writes its pages whole, and nothing half beside them', () => {
    const page = read('page.html');
    expect(page).toMatch(/^<!doctype html>[^]*<\/html>\s*$/);
    for (const { id } of whole.findings) expect(page).toContain(id);
    expect(read('page.md')).toMatch(/cumsum/);
    expect(readdirSync(cwd).sort()).toEqual(['known.json', 'page.html', 'page.md', 'reports', 'runs']);
    expect(readdirSync(at('reports'))).toEqual(['whole.json']);
  });

  test('knows what it is told: 0 with all of its findings in the list, 1 with one of them not', async () => {
    const known = JSON.parse(read('known.json')) as { findings: string[] };
    const mistakes = whole.findings.filter(({ kind }) => kind !== 'convention').map(({ id }) => id);
    expect(known).toEqual({ schemaVersion: 1, tfjs: whole.tfjs, findings: mistakes.sort() });
    const [taken, ...others] = known.findings;
    // Of a part of the ops nothing is gone.
    writeFileSync(
      at('more.json'),
      JSON.stringify({ ...known, findings: [...known.findings, 'abs/formula/core/backward'] }),
    );
    writeFileSync(at('less.json'), JSON.stringify({ ...known, findings: others }));
    const same = await run(...small, '--known', 'more.json', '--json');
    expect(same.code).toBe(0);
    expect(JSON.parse(same.stdout)).toMatchObject({
      schemaVersion: 1,
      command: 'sweep',
      cases: whole.cases,
      findings: whole.findings.map(({ id }) => ({ id })),
      known: { added: [], vanished: [] },
    });
    const less = await run(...small, '--known', 'less.json');
    expect(less.code).toBe(1);
    expect(less.stdout.match(/^(new|gone): .*$/gm)).toEqual([`new: ${taken}`]);
    // Only what is new is made smaller and explained: nothing is written of the others.
    const explained = read('runs/sweep/journal.jsonl').match(/"explanation":\{"id":"[^"]+"/g);
    expect(explained).toEqual([`"explanation":{"id":"${taken}"`]);
  });

  test('finds nothing where nothing is wrong, and ends with 0', async () => {
    const { code, stdout } = await run('sweep', '--ops', 'sinh', '--backends', 'cpu', '--jobs', '1');
    expect([code, stdout.split('\n').at(-2)]).toEqual([
      0,
      expect.stringMatching(/: 0 findings, 0 suspicions, \d+ conventions?\.$/),
    ]);
  });

  test.each<[string, string[], RegExp]>([
    ['an unknown backend', ['--backends', 'cpu,gpu'], /--backends: wanted some of cpu,wasm.*"cpu,gpu"/],
    ['a shard beyond the last', ['--shard', '5/3'], /--shard: wanted i\/n.*"5\/3"/],
    ['a shard in words', ['--shard', 'first'], /--shard: wanted i\/n/],
    ['a name that no op has', ['--ops', 'cumsam'], /no op's name contains "cumsam"/],
    ['one name of several', ['--ops', 'cumsum, mirrorPat'], /no op's name contains "mirrorpat"/],
    ['names that no op has', ['--ops', 'cumsam,mirrorPat'], /no op's name contains one of cumsam, mirrorpat/],
    ['no jobs', ['--jobs', '0'], /--jobs/],
    ['a list that is not there', ['--known', 'none.json'], /none\.json can't be read \(ENOENT\)/],
    ['a list that is none', ['--known', 'page.md'], /page\.md must be JSON/],
    ['a report in a file', ['--report', 'page.md/r.json'], /--report: can't write to page\.md/],
    ['a page in a file', ['--html', 'page.md/deep/r.html'], /--html: can't write to page\.md\/deep/],
    ['Markdown in a file', ['--markdown', 'page.md/r.md'], /--markdown: can't write/],
    ['a list in a file', ['--write-known', 'page.md/k.json'], /--write-known: can't write/],
    ['a queue of another kind', ['--queue', 'http://localhost'], /must be redis:\/\/host:port/],
  ])('%s: one sentence, exit code 2, and nothing is written', async (_what, args, message) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'gradparity-sweep-bad-'));
    folders.push(folder);
    writeFileSync(path.join(folder, 'page.md'), '# Page\n');
    const given = Object.entries({ '--ops': 'cumsum', '--backends': 'cpu' }).filter(
      ([name]) => !args.includes(name),
    );
    const { code, stdout, stderr } = await gradparity(['sweep', ...given.flat(), ...args], { cwd: folder });
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect([code, stdout]).toEqual([2, '']);
    if (!args.includes('--queue')) expect(readdirSync(folder)).toEqual(['page.md']);
  });
});

describe('merge', () => {
  const shard = (index: number): string => {
    const name = `shard-${index}.json`;
    writeFileSync(at(name), JSON.stringify({ ...emptyReport, shard: { index, count: 2 } }));
    return name;
  };
  const known = (...findings: string[]): string => {
    writeFileSync(at('list.json'), JSON.stringify({ schemaVersion: 1, findings }));
    return 'list.json';
  };

  test('a whole report, of which a known finding can be gone', async () => {
    const parts = [shard(2), shard(1)];
    const { code, stdout } = await run('merge', ...parts, '--known', known('abs/kernel/wasm/forward'));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^gone: abs\/kernel\/wasm\/forward$/m);
    const json = await run('merge', ...parts, '--known', known(), '--json', '--report', 'merged.json');
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toMatchObject({
      schemaVersion: 1,
      command: 'merge',
      cases: 200,
      known: { added: [], vanished: [] },
    });
    expect(JSON.parse(read('merged.json'))).toMatchObject({ cases: 200, complete: true });
  });

  test.each<[string, () => string[], RegExp]>([
    ['a shard alone', () => [shard(1)], /shard 2\/2 is missing/],
    ['the same twice', () => [shard(1), 'shard-1.json'], /are both shard 1\/2/],
    ['a file that is not there', () => ['none.json'], /none\.json can't be read \(ENOENT\)/],
    ['a whole report', () => ['reports/whole.json'], /whole already/],
    ['a page', () => ['page.md'], /page\.md must be JSON/],
    ['nothing', () => [], /reports|Not enough/],
  ])('%s: one sentence, exit code 2', async (_what, files, message) => {
    const { code, stderr, stdout } = await run('merge', ...files());
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect([code, stdout]).toEqual([2, '']);
  });
});

/** The processes that the process has started, and theirs. */
function descendants(pid: number): number[] {
  const pairs = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    pairs.filter(([, ppid]) => ppid === parent).flatMap(([id]) => [id, ...below(id)]);
  return below(pid);
}

/** Whether a process runs; one that only waits to be buried doesn't. */
function runs(pid: number): boolean {
  try {
    const state = execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return state !== '' && !state.startsWith('Z');
  } catch {
    return false;
  }
}

(process.platform === 'win32' ? describe.skip : describe)('a run that is cut off', () => {
  const journal = 'cut/journal.jsonl';
  const lines = (): number =>
    existsSync(at(journal)) ? read(journal).split('\n').filter(Boolean).length : 0;

  /** A run that goes on until its journal has so many lines; its child processes are there then. */
  async function begin(
    wanted: number,
    name: string,
    detached = false,
  ): Promise<{ child: ChildProcess; lanes: number[] }> {
    rmSync(at('cut'), { recursive: true, force: true });
    const child = spawn(process.execPath, [main, ...small, '--journal', journal, '--report', name], {
      cwd,
      stdio: 'ignore',
      detached,
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    while (lines() < wanted && child.exitCode === null) await sleep(10);
    expect(child.exitCode).toBeNull();
    const lanes = descendants(present(child.pid));
    expect(lanes.length).toBeGreaterThan(0);
    return { child, lanes };
  }

  const ended = (child: ChildProcess): Promise<number | null> =>
    child.exitCode !== null || child.signalCode !== null
      ? Promise.resolve(child.exitCode)
      : new Promise((resolve) => child.once('close', resolve));

  /** Waits for the processes to end; the test's own limit is the limit. */
  async function gone(lanes: readonly number[]): Promise<void> {
    while (lanes.some(runs)) await sleep(50);
  }

  test('by SIGKILL leaves no process; resumed, it says what an uninterrupted one says', async () => {
    const { child, lanes } = await begin(4, 'killed.json');
    child.kill('SIGKILL');
    await ended(child);
    await gone(lanes);
    expect(existsSync(at('killed.json'))).toBe(false);
    const before = lines();
    const other = await run(...small, '--seed', '2', '--journal', journal, '--resume');
    expect([other.code, other.stderr]).toEqual([2, expect.stringMatching(/is of another run/)]);
    const { size } = statSync(at(journal));
    const { code } = await run(...small, '--journal', journal, '--report', 'resumed.json', '--resume');
    expect(code).toBe(1);
    expect(statSync(at(journal)).size).toBeGreaterThan(size);
    expect(withoutSeconds(read('resumed.json'))).toBe(withoutSeconds(read('reports/whole.json')));
    // Each case is in the journal once: what was judged before was not judged again.
    const indices = read(journal)
      .split('\n')
      .flatMap((line) => /^\{"result":\{"index":(\d+)/.exec(line)?.[1] ?? []);
    expect([indices.length, new Set(indices).size]).toEqual([whole.cases, whole.cases]);
    expect(before).toBeGreaterThan(3);
  });

  test.each([
    ['Ctrl-C to the process', false, 'SIGINT', 130],
    ['Ctrl-C to the terminal’s whole group', true, 'SIGINT', 130],
    ['kill', false, 'SIGTERM', 143],
    ['a terminal that closes', true, 'SIGHUP', 129],
  ] as const)(
    'by %s ends with the signal’s code, a report that says so, and no process',
    async (_what, group, name, code) => {
      const { child, lanes } = await begin(3, 'interrupted.json', true);
      process.kill(group ? -present(child.pid) : present(child.pid), name);
      expect(await ended(child)).toBe(code);
      await gone(lanes);
      const report = JSON.parse(read('interrupted.json')) as SweepReport;
      expect(report).toMatchObject({ schemaVersion: 1, complete: false, cases: whole.cases });
      expect(report.judged).toBeGreaterThan(0);
      expect(report.matrix.reduce((sum, { cases }) => sum + cases, 0)).toBe(report.judged);
      // Nothing that the end itself did is taken for a finding.
      expect(JSON.stringify(report)).not.toMatch(/\/(crashes|hangs)\//);
      rmSync(at('interrupted.json'));
    },
  );
});
