/** The README's program prints what the README says. Oracle: the comments in it. */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, expect, test } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '..');
const program = /```ts\n(.*?)```/s.exec(readFileSync(path.join(root, 'README.md'), 'utf8'))![1];
// Inside the package, so that the import of `gradparity` finds the built package itself.
const file = path.join(root, 'runs-readme-program.mjs');

afterAll(() => rmSync(file, { force: true }));

test('the program in the README prints its comments', () => {
  writeFileSync(file, program);
  const printed = execFileSync(process.execPath, [file], { encoding: 'utf8' });
  const lines = printed.split('\n').filter((line) => line !== '' && !/^=|^Hi,/.test(line.trim()));
  const promised = program
    .split('\n')
    .filter((line) => line.startsWith('show('))
    .map((line) => line.split('// ')[1]);
  expect(promised.every(Boolean)).toBe(true);
  expect(lines).toEqual(promised);
});
