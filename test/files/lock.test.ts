/** One run at a time in a folder; a lock of a process that is no more is no lock. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lockFolder } from '../../src/files/lock.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lock-'));
});
afterEach(() => rm(folder, { recursive: true }));
const lock = (): string => path.join(folder, '.lock');

test('the second is told who has it, until the first releases it', async () => {
  const { release } = await lockFolder('train', folder);
  await expect(lockFolder('train', folder)).rejects.toThrow(
    `train: ${folder} is in use by process ${process.pid} on ${os.hostname()}. Wait until it ends, or choose another folder; if it is no more, delete ${lock()}.`,
  );
  release();
  const again = await lockFolder('train', folder);
  again.release();
  expect(await readdir(folder)).toEqual([]);
});

test('of many at a time one gets it, also where a dead one is in the way', async () => {
  const dead = spawnSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).stdout.trim();
  await writeFile(lock(), JSON.stringify({ pid: Number(dead), host: os.hostname(), started: '1' }));
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder('f', folder)));
  const taken = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  expect(taken).toHaveLength(1);
  taken[0].release();
});

test('a process of the same number that began at another time is another one', async () => {
  await writeFile(lock(), JSON.stringify({ pid: process.pid, host: os.hostname(), started: 'before' }));
  (await lockFolder('f', folder)).release();
});

test('of another machine nobody knows more than when it gave its last sign of life', async () => {
  await writeFile(lock(), JSON.stringify({ pid: 1, host: 'elsewhere', started: '' }));
  await expect(lockFolder('f', folder)).rejects.toThrow(/process 1 on elsewhere/);
  await utimes(lock(), 0, Date.now() / 1000 - 700);
  (await lockFolder('f', folder)).release();
});

test('an empty lock is one that is being written; after some seconds nobody is writing it', async () => {
  await writeFile(lock(), '');
  await expect(lockFolder('f', folder)).rejects.toThrow(/in use by another process/);
  await utimes(lock(), 0, Date.now() / 1000 - 20);
  (await lockFolder('f', folder)).release();
});
