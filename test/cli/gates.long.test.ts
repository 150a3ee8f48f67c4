/** `gradparity gates`: its JSON against the bitwise operators, its text, its picture. */
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import yargs from 'yargs';
import gates from '../../src/cli/commands/gates.js';
import { InputError } from '../../src/errors.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'gates-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** What the command prints. */
async function run(...args: string[]): Promise<string> {
  const written: string[] = [];
  const spy = jest
    .spyOn(process.stdout, 'write')
    .mockImplementation((text) => written.push(String(text)) > 0);
  try {
    await yargs(['gates', ...args])
      .command(gates)
      .strict()
      .exitProcess(false)
      .fail((message, error) => {
        throw error ?? new Error(message);
      })
      .parseAsync();
  } finally {
    spy.mockRestore();
  }
  return written.join('');
}

describe('gradparity gates', () => {
  test('--json is one document with the truth tables, the weights and the cycle', async () => {
    const report = JSON.parse(await run('--json'));
    expect(report).toMatchObject({ schemaVersion: 1, command: 'gates' });
    const outputs = Object.fromEntries(
      report.gates.map((gate: { name: string; truthTable: { x1: number; x2: number; output: number }[] }) => [
        gate.name,
        gate.truthTable.map(({ x1, x2, output }) => `${x1}${x2}${output}`).join(' '),
      ]),
    );
    expect(outputs).toEqual({
      AND: '000 010 100 111',
      NAND: '001 011 101 110',
      OR: '000 011 101 111',
      XOR: '000 011 101 110',
    });
    expect(report.gates[0].layers).toEqual([[{ name: 'AND', weights: [0.5, 0.5], threshold: 0.7 }]]);
    expect(report.gates[3].layers.map((units: { name: string }[]) => units.map(({ name }) => name))).toEqual([
      ['NAND', 'OR'],
      ['AND'],
    ]);
    const converged = report.learning.map((one: { converged: boolean }) => one.converged);
    expect(converged).toEqual([true, true, true, false]);
    expect(report.learning[3].cycle).toEqual({ from: 2, length: 1 });
  });

  test('the text has the tables, the reason and the evidence', async () => {
    const text = await run();
    expect(text).toMatch(/│ x1 │ x2 │ AND │ NAND │ OR │ XOR │/);
    expect(text).toContain('−0.5·x1 − 0.5·x2 > −0.7');
    expect(text).toContain('w1 + w2 + b > −b ≥ 0');
    expect(text).toContain(
      'the weights after epoch 3 are those after epoch 2, w = (−1, 0), b = 1, with 4 mistakes between',
    );
    expect(text).not.toContain('\u001b');
  });

  test('--plot writes the four gates, and the result names the file', async () => {
    const file = path.join(folder, 'new', 'gates.svg');
    expect(await run('--plot', file)).toContain(`Picture: ${file}`);
    const svg = await readFile(file, 'utf8');
    for (const name of ['AND', 'NAND', 'OR', 'XOR']) expect(svg).toContain(`>${name}</text>`);
    expect(await readdir(path.dirname(file))).toEqual(['gates.svg']);
  });

  test.each([
    ['another kind of file', ['--plot', 'gates.png'], /ends in \.svg, got "gates\.png"/],
    ['two files', ['--plot', 'a.svg', '--plot', 'b.svg'], /one file name/],
    ['a folder that is a file', ['--plot', path.join('package.json', 'a.svg')], /cannot write/],
  ])('refuses %s and prints nothing', async (_, args, message) => {
    const attempt = run(...args);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toBeInstanceOf(InputError);
  });
});
