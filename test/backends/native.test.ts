/** What keeps the native backend from running, read off folders that the test lays out. */
import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { bindingFile, nativeObstacle } from '../../src/backends/native.js';

const built = new URL('../../dist/backends/native.js', import.meta.url).href;
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

test('a package that is installed while the process runs is loaded in it, as npm start does in a fresh clone', async () => {
  await copyFile(new URL(built), path.join(folder, 'native.mjs'));
  await writeFile(
    path.join(folder, 'late.mjs'),
    `import { mkdirSync, writeFileSync } from 'node:fs';
    import { loadNative, tfjsNodeFolder } from './native.mjs';
    const before = tfjsNodeFolder();
    mkdirSync('node_modules/@tensorflow/tfjs-node/dist', { recursive: true });
    writeFileSync('node_modules/@tensorflow/tfjs-node/package.json', '{"main": "dist/index.js"}');
    writeFileSync('node_modules/@tensorflow/tfjs-node/dist/index.js', 'globalThis.isLoaded = true;');
    await loadNative();
    console.log(before, globalThis.isLoaded);`,
  );
  const printed = execFileSync(process.execPath, ['late.mjs'], { cwd: folder, encoding: 'utf8' });
  expect(printed).toBe('undefined true\n');
});

test('a link into a cache that was emptied counts as nothing', async () => {
  await symlink(path.join(folder, 'emptied'), path.join(folder, 'deps'));
  expect(nativeObstacle(folder)).toMatch('no libtensorflow in');
});

(process.platform === 'win32' ? test.skip : test)(
  'a library that is there and that this user may not read is told as such, not as missing',
  async () => {
    const library = path.join(folder, 'deps', 'lib', 'libtensorflow.so.2');
    await mkdir(path.dirname(library), { recursive: true });
    await writeFile(library, '');
    await chmod(folder, 0o755);
    // Root reads everything: it asks as nobody, in a process that can't go back.
    const program = `
      const { nativeObstacle } = await import(${JSON.stringify(built)});
      if (process.getuid() === 0) process.setuid(65534);
      console.log(nativeObstacle(process.argv[1]));`;
    const reason = (): string =>
      execFileSync(process.execPath, ['--input-type=module', '--eval', program, folder], {
        env: { ...process.env, GRADPARITY_NATIVE: undefined },
        encoding: 'utf8',
      }).trim();
    expect(reason()).toMatch('no ');
    for (const place of [library, path.dirname(library)]) {
      await chmod(place, 0o000);
      expect(reason()).toBe(
        `the native backend cannot be read by this user (EACCES: ${place}); run as the user who set it up, or let this one read it`,
      );
      await chmod(place, 0o755);
    }
  },
);

test('GRADPARITY_NATIVE=off comes before everything else', () => {
  process.env.GRADPARITY_NATIVE = 'off';
  expect(nativeObstacle(folder)).toBe('the native backend is switched off by GRADPARITY_NATIVE=off');
});
