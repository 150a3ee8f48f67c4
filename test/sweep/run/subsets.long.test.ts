/**
 * Sweeps of the same ops on several sets of backends. Oracle: one another. What is found, and who is blamed for it, does not hang
 * on which backends run beside.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { causesOf } from '../../../src/sweep/report/causes.js';
import type { Finding, SweepReport } from '../../../src/sweep/report/report.js';
import { chromiumExecutable } from '../../../src/sweep/run/lanes/chromium.js';
import { gradparity } from '../../cli/run-cli.js';

const cwd = mkdtempSync(path.join(os.tmpdir(), 'gradparity-subsets-'));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

/** Kernels that are wrong on several backends, windows that the core places wrongly, errors of the core and of backends. */
const parts = 'maxPool3d,resizeBilinear,batchNorm2d,clipByValue';
const subsets = [['cpu'], ['wasm']];
const browserTest = chromiumExecutable() === undefined ? test.skip : test;

async function findingsOf(ops: string, backends: readonly string[]): Promise<Finding[]> {
  const file = `${ops}-${backends.join('-')}.json`;
  const args = ['--ops', ops, '--backends', backends.join(','), '--report', file, '--journal', `${file}l`];
  await gradparity(['sweep', ...args], { cwd });
  return (JSON.parse(readFileSync(path.join(cwd, file), 'utf8')) as SweepReport).findings;
}

/** What is said of the core and of these backends, and of what cause. */
const saidOf = (findings: readonly Finding[], backends: readonly string[]): string[] =>
  causesOf(findings)
    .flatMap(({ id: cause, findings: some }) =>
      some
        .filter(({ backend }) => backend === 'core' || backends.includes(backend))
        .map(({ id, message }) => `${id} (${cause}): ${message}`),
    )
    .sort();

describe('on backends of this process', () => {
  let all: Finding[] = [];
  beforeAll(async () => {
    all = await findingsOf(parts, ['cpu', 'wasm', 'tensorflow']);
  }, 300_000);

  test('there is something to find in each of them', () => {
    for (const part of parts.split(',')) {
      expect(all.filter(({ op }) => op.toLowerCase().includes(part.toLowerCase())).length).toBeGreaterThan(0);
    }
  });

  test.each(subsets)(
    'the same on %s',
    async (...backends) => {
      const some = await findingsOf(parts, backends);
      expect(saidOf(some, backends)).toEqual(saidOf(all, backends));
    },
    300_000,
  );
});

browserTest(
  'the same on webgl and webgpu, alone and beside others',
  async () => {
    const [ops, backends] = ['asinh,cropAndResize', ['webgl', 'webgpu']];
    const all = await findingsOf(ops, ['cpu', 'wasm', ...backends]);
    expect(all.map(({ backend }) => backend)).toEqual(expect.arrayContaining(backends));
    for (const backend of backends) {
      expect(saidOf(await findingsOf(ops, [backend]), [backend])).toEqual(saidOf(all, [backend]));
    }
  },
  600_000,
);
