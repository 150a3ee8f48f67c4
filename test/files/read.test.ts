/** Files of a user's: ordinary ones only, and no larger than they may be. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readFileBounded } from '../../src/files/read.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'read-'));
});
afterEach(() => rm(folder, { recursive: true }));
const at = (name: string): string => path.join(folder, name);

test('an ordinary file, up to the bound and not beyond', async () => {
  await writeFile(at('file'), 'abcd');
  expect(String(await readFileBounded(at('file')))).toBe('abcd');
  expect(String(await readFileBounded(at('file'), 4))).toBe('abcd');
  await expect(readFileBounded(at('file'), 3)).rejects.toThrow('it has 4 bytes, and 3 are the most here');
});

test('a pipe that nobody writes to and a device that never ends are refused at once', async () => {
  execFileSync('mkfifo', [at('pipe')]);
  for (const file of [at('pipe'), '/dev/zero']) {
    await expect(readFileBounded(file)).rejects.toMatchObject({ code: 'EINVAL' });
  }
  await expect(readFileBounded(folder)).rejects.toMatchObject({ code: 'EISDIR' });
  await expect(readFileBounded(at('none'))).rejects.toMatchObject({ code: 'ENOENT' });
});
