/** Every benchmark of bench/ loads, and refuses what it does not know. Oracle: the list that `npm run bench` prints. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';

const root = path.resolve(import.meta.dirname, '..');
const names = readdirSync(path.join(root, 'bench'))
  .filter((file) => file.endsWith('.mjs'))
  .map((file) => file.replace(/\.mjs$/, ''));
const run = (...args: string[]): { code: number | null; said: string } => {
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return { code: status, said: stderr };
};

test.each(names)('%s', (name) => {
  const { code, said } = run(path.join('bench', `${name}.mjs`), '--nonsense');
  expect({ code, said }).toEqual({ code: 2, said: expect.stringMatching(/: Unknown option '--nonsense'/) });
  expect(said).not.toMatch(/^\s+at /m);
});

test('all of them are listed', () => {
  const { code, said } = run(path.join('scripts', 'bench.mjs'));
  expect(code).toBe(2);
  expect(
    said
      .match(/^ {2}\S+/gm)
      ?.map((name) => name.trim())
      .sort(),
  ).toEqual(names.sort());
});
