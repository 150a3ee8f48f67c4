/** Each step of docs/check-others-ops.md is run as it stands. Oracle: the exit codes and sentences that it says itself, beside the commands. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { main } from './cli/run-cli.js';

const root = path.resolve(import.meta.dirname, '..');
const text = readFileSync(path.join(root, 'docs', 'check-others-ops.md'), 'utf8');

interface Block {
  language: string;
  /** What stands beside the language: the file's name, or what a command ends with and says. */
  marks: string;
  code: string;
}

const blocks = Array.from(
  text.matchAll(/^```(\w+) ?(.*)\n([^]*?)^```$/gm),
  ([, language, marks, code]): Block => ({ language, marks, code }),
);
const fileOf = ({ marks }: Block): string | undefined => /file=(\S+)/.exec(marks)?.[1];

// Inside the package, so that the import of `gradparity` finds the built package itself.
let folder: string;
beforeAll(() => {
  mkdirSync(path.join(root, 'runs'), { recursive: true });
  folder = mkdtempSync(path.join(root, 'runs', 'guide-'));
  for (const block of blocks) {
    const file = fileOf(block);
    if (file) writeFileSync(path.join(folder, file), block.code);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (args: readonly string[]) =>
  spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });

const commands = blocks.filter(({ language }) => language === 'sh');
const programs = blocks.filter(({ marks }) => marks.includes('run='));

test('every block is a file, or a command with what it ends with and says', () => {
  expect(commands.length).toBeGreaterThanOrEqual(4);
  expect(programs).toHaveLength(1);
  for (const block of blocks) {
    if (block.language === 'sh') expect(block.marks).toMatch(/^exit=\d says=\/.+\/$/);
    else expect(fileOf(block)).toBeDefined();
  }
});

describe('the commands', () => {
  test.each(commands.map(({ code, marks }) => [code.trim(), marks]))('%s', (command, marks) => {
    const [, exit, says] = /^exit=(\d) says=\/(.+)\/$/.exec(marks) ?? [];
    const words = command.split(' ');
    expect(words.slice(0, 2)).toEqual(['npx', 'gradparity']);
    const { status, stdout, stderr } = run([main, ...words.slice(2)]);
    expect({ status, stdout: stdout + (status === 2 ? stderr : '') }).toEqual({
      status: Number(exit),
      stdout: expect.stringMatching(new RegExp(says)),
    });
  });
});

test.each(programs.map((block) => [fileOf(block) ?? '', block.marks]))(
  '%s prints what is said',
  (file, marks) => {
    const { stdout, status } = run([file]);
    expect(status).toBe(0);
    const lines = stdout.split('\n').filter((line) => line !== '' && !/^=+$|^Hi, looks like/.test(line));
    expect(lines.join()).toBe(/run=(\S+)/.exec(marks)?.[1]);
  },
);
