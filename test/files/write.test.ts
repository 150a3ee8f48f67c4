/** Files whole or not at all, and a folder asked before the work whether it can be written. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/errors.js';
import { requireWritable, unwritable, writeFileWhole, writeJson } from '../../src/files/write.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'write-'));
});
afterEach(() => rm(folder, { recursive: true }));
const at = (...parts: string[]): string => path.join(folder, ...parts);

test('text and bytes are written as they are, folders made, old content replaced', async () => {
  await writeFileWhole(at('new', 'deep', 'file'), 'η = 0.1\n');
  expect(await readFile(at('new', 'deep', 'file'), 'utf8')).toBe('η = 0.1\n');
  const bytes = new Uint8Array([9, 0, 255, 128, 9]).subarray(1, 4);
  await writeFileWhole(at('new', 'deep', 'file'), bytes);
  expect([...(await readFile(at('new', 'deep', 'file')))]).toEqual([0, 255, 128]);
  await writeJson(at('value.json'), { a: [1, null] });
  expect(await readFile(at('value.json'), 'utf8')).toBe('{\n  "a": [\n    1,\n    null\n  ]\n}\n');
});

test('of many writes at a time one remains, whole', async () => {
  const texts = Array.from({ length: 10 }, (_, i) => String(i).repeat(200_000));
  await Promise.all(texts.map((text) => writeFileWhole(at('file'), text)));
  expect(texts).toContain(await readFile(at('file'), 'utf8'));
  expect(await readdir(folder)).toEqual(['file']);
});

test('a failed write leaves nothing beside the target', async () => {
  await mkdir(at('target'));
  await expect(writeFileWhole(at('target'), 'text')).rejects.toThrow();
  expect(await readdir(folder)).toEqual(['target']);
});

describe('requireWritable', () => {
  test('takes a folder that is there and one that can be made, and makes none', async () => {
    await requireWritable('f', folder);
    await requireWritable('f', at('new', 'deep'));
    expect(await readdir(folder)).toEqual([]);
  });

  test('refuses a file, and a folder below one', async () => {
    await writeFile(at('file'), '');
    for (const place of [at('file'), at('file', 'new', 'deep')]) {
      await expect(requireWritable('train', place)).rejects.toThrow(
        `train: can't write to ${place} (ENOTDIR). Choose another folder.`,
      );
    }
  });

  (process.getuid?.() === 0 ? test.skip : test)('refuses a folder that one may not write to', async () => {
    await chmod(folder, 0o500);
    await expect(requireWritable('train', at('new'))).rejects.toThrow(/\(EACCES\)/);
    await chmod(folder, 0o700);
  });
});

test("unwritable: a file system's error becomes the user's, another stays", () => {
  expect(unwritable('f', 'here', Object.assign(new Error(), { code: 'ENOSPC' }))).toBeInstanceOf(InputError);
  const other = new TypeError('bug');
  expect(unwritable('f', 'here', other)).toBe(other);
});
