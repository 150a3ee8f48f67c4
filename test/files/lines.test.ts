/** Files of lines. Oracle: what the file system holds; a full disk is /dev/full's. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { addLine, beginLines } from '../../src/files/lines.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'lines-'));
  file = path.join(folder, 'deep', 'journal.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('begins whole in place of what was there, with nothing beside it, and grows by lines', () => {
  beginLines(file, 'old');
  addLine(file, 'older');
  beginLines(file, 'head');
  expect(readFileSync(file, 'utf8')).toBe('head\n');
  addLine(file, 'é 1');
  addLine(file, '');
  expect(readFileSync(file, 'utf8')).toBe('head\né 1\n\n');
  expect(readdirSync(path.dirname(file))).toEqual(['journal.jsonl']);
});

test('where it cannot begin, what was there stands', () => {
  writeFileSync(path.join(folder, 'deep'), 'a file where a folder should be');
  expect(() => beginLines(file, 'head')).toThrow(/EEXIST|ENOTDIR/);
  expect(readFileSync(path.join(folder, 'deep'), 'utf8')).toBe('a file where a folder should be');
  expect(() => beginLines(folder, 'head')).toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
  expect(
    readdirSync(path.dirname(folder)).filter((name) => name.startsWith(`.${path.basename(folder)}`)),
  ).toEqual([]);
});

test('a file that is gone is not made anew by a line', () => {
  expect(() => addLine(path.join(folder, 'none'), 'a')).toThrow(/ENOENT/);
  expect(existsSync(path.join(folder, 'none'))).toBe(false);
});

(existsSync('/dev/full') ? test : test.skip)('a disk without room is an error', () => {
  expect(() => addLine('/dev/full', 'a')).toThrow(/ENOSPC/);
});
