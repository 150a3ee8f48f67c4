/** What keeps the native backend from running, read off folders that the test lays out. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { bindingFile, nativeObstacle } from '../../src/backends/native.js';

const setting = process.env.GRADPARITY_NATIVE;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'native-'));
  delete process.env.GRADPARITY_NATIVE;
});
afterEach(async () => {
  if (setting !== undefined) process.env.GRADPARITY_NATIVE = setting;
  await rm(folder, { recursive: true });
});

test('each missing part is named, with the way out', async () => {
  expect(nativeObstacle(folder)).toMatch(/no libtensorflow in .*deps.lib\); run `gradparity doctor --fix`/);
  await mkdir(path.join(folder, 'deps', 'lib'), { recursive: true });
  await writeFile(path.join(folder, 'deps', 'lib', 'libtensorflow.so.2'), '');
  expect(nativeObstacle(folder)).toMatch(/no .*tfjs_binding\.node\)/);
  await mkdir(path.dirname(bindingFile(folder)), { recursive: true });
  await writeFile(bindingFile(folder), '');
  expect(nativeObstacle(folder) ?? '').not.toMatch('not set up');
});

test('a link into a cache that was emptied counts as nothing', async () => {
  await symlink(path.join(folder, 'emptied'), path.join(folder, 'deps'));
  expect(nativeObstacle(folder)).toMatch('no libtensorflow in');
});

test('GRADPARITY_NATIVE=off comes before everything else', () => {
  process.env.GRADPARITY_NATIVE = 'off';
  expect(nativeObstacle(folder)).toBe('the native backend is switched off by GRADPARITY_NATIVE=off');
});
