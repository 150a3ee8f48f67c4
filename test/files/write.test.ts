/** Files whole or not at all, and a folder asked before the work whether it can be written. */
import {
  chmod,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
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

describe('on a disk that takes a part of the bytes only', () => {
  /** Lets every `write` take `most` bytes, until the disk holds `room`; then a write takes none, or fails. */
  async function shortWrites(most: number, room: number, full: 'takes nothing' | 'ENOSPC'): Promise<void> {
    const handle = await open(at('some'), 'w');
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    await rm(at('some'));
    const whole = prototype.write as (bytes: Uint8Array, from: number, length: number) => Promise<unknown>;
    let left = room;
    jest.spyOn(prototype, 'write').mockImplementation(async function (this: FileHandle, ...args: unknown[]) {
      const [bytes, from, length] = args as [Uint8Array, number, number];
      if (left === 0 && full === 'ENOSPC') throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      const taken = Math.min(most, left, length);
      left -= taken;
      if (taken > 0) await whole.call(this, bytes, from, taken);
      return { bytesWritten: taken, buffer: bytes } as never;
    });
  }
  afterEach(() => void jest.restoreAllMocks());

  test('the rest is written too', async () => {
    await shortWrites(100, 10_000, 'ENOSPC');
    const text = 'abcdefghij'.repeat(95);
    await writeFileWhole(at('file'), text);
    expect(await readFile(at('file'), 'utf8')).toBe(text);
  });

  test.each(['takes nothing', 'ENOSPC'] as const)(
    'a full one, that %s: an error, and the old file',
    async (full) => {
      await writeFile(at('file'), 'old');
      await shortWrites(100, 250, full);
      await expect(writeFileWhole(at('file'), 'x'.repeat(251))).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(await readFile(at('file'), 'utf8')).toBe('old');
      expect(await readdir(folder)).toEqual(['file']);
    },
  );

  test('a disk that says it took all and did not: an error, and the old file', async () => {
    await writeFile(at('file'), 'old');
    await shortWrites(100, 10_000, 'ENOSPC');
    const handle = await open(at('file'));
    const prototype = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    jest.spyOn(prototype, 'write').mockImplementation((async (
      bytes: Uint8Array,
      _from: number,
      length: number,
    ) => ({
      bytesWritten: length,
      buffer: bytes,
    })) as never);
    await expect(writeFileWhole(at('file'), 'new')).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await readFile(at('file'), 'utf8')).toBe('old');
  });
});

test('a link is followed, and permissions stay', async () => {
  await writeFile(at('real'), 'old');
  await chmod(at('real'), 0o640);
  await symlink('real', at('link'));
  await writeFileWhole(at('link'), 'new');
  expect(await readFile(at('real'), 'utf8')).toBe('new');
  expect(await readlink(at('link'))).toBe('real');
  expect((await stat(at('real'))).mode & 0o777).toBe(0o640);
});

test('what a killed writer left goes after an hour, not before: it may be at work', async () => {
  const [old, young, other] = ['.file.99999-a-0.tmp', '.file.99998-a-0.tmp', '.other.99999-a-0.tmp'];
  for (const name of [old, young, other]) await writeFile(at(name), '');
  for (const name of [old, other]) await utimes(at(name), 0, Date.now() / 1000 - 4000);
  await writeFileWhole(at('file'), 'text');
  expect((await readdir(folder)).sort()).toEqual([young, other, 'file']);
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

  test('refuses what no file can replace: a folder, a link to nowhere', async () => {
    await mkdir(at('model.json'));
    await symlink('nowhere', at('weights.bin'));
    await symlink('nowhere', at('out'));
    await expect(requireWritable('f', folder, ['new', 'model.json'])).rejects.toThrow(
      `f: can't write to ${at('model.json')}: it is a folder (EISDIR). Choose another folder.`,
    );
    await expect(requireWritable('f', folder, ['weights.bin'])).rejects.toThrow(
      /weights\.bin: it is a link to nowhere \(ENOENT\)/,
    );
    await expect(requireWritable('f', at('out'))).rejects.toThrow(/out \(ENOENT\)/);
    await expect(writeFileWhole(at('weights.bin'), '')).rejects.toThrow('it is a link to nowhere');
    await requireWritable('f', folder, ['new']);
  });

  (process.getuid?.() === 0 ? test.skip : test)('refuses a folder that one may not write to', async () => {
    await chmod(folder, 0o500);
    await expect(requireWritable('train', at('new'))).rejects.toThrow(/\(EACCES\)/);
    await chmod(folder, 0o700);
  });
});

test("unwritable: a file system's error becomes the user's, another stays", () => {
  expect(unwritable('f', 'here', Object.assign(new Error(), { code: 'ENOSPC' }))).toBeInstanceOf(InputError);
  expect((unwritable('f', 'here', Object.assign(new Error(), { code: 'ENOSPC' })) as Error).message).toBe(
    "f: can't write to here (ENOSPC). There is no room; what was there before stands. Free some space, or choose another folder.",
  );
  const other = new TypeError('bug');
  expect(unwritable('f', 'here', other)).toBe(other);
});
