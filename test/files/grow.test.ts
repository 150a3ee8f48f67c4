/** Files that grow. Oracle: what the file system holds. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { GrowingFile } from '../../src/files/grow.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'grow-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('holds all pieces in their order at the end', async () => {
  const file = path.join(folder, 'deep', 'a.csv');
  const growing = await GrowingFile.begin(file, 'head\n');
  expect(readFileSync(file, 'utf8')).toBe('head\n');
  for (let k = 0; k < 1000; k++) growing.add(`${k}\n`);
  growing.add(Uint8Array.of(33));
  await growing.end();
  expect(readFileSync(file, 'utf8')).toBe(
    `head\n${Array.from({ length: 1000 }, (_, k) => `${k}\n`).join('')}!`,
  );
});

test('is there to read after a second, before the end', async () => {
  const file = path.join(folder, 'b.csv');
  const growing = await GrowingFile.begin(file, '');
  growing.add('a');
  await new Promise((resolve) => setTimeout(resolve, 1050));
  growing.add('b');
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(readFileSync(file, 'utf8')).toBe('ab');
  await growing.end();
});

test('a file that is taken away meanwhile is told at the end, and not made again', async () => {
  const file = path.join(folder, 'c.csv');
  const growing = await GrowingFile.begin(file, 'head');
  rmSync(file);
  growing.add('more');
  await expect(growing.end()).rejects.toMatchObject({ code: 'ENOENT' });
  expect(() => readFileSync(file)).toThrow('ENOENT');
});
