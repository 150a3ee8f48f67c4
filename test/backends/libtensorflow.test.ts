/** The wheel that serves a platform, and what is taken out of it. The oracle is a zip written by the test itself. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { makeFolderWhole, unpackWheel, wheelFor } from '../../src/backends/libtensorflow.js';
import { storedZip } from './stored-zip.js';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(path.join(os.tmpdir(), 'libtensorflow-'))));
afterEach(() => rm(folder, { recursive: true }));

describe('wheelFor', () => {
  test('Linux on x86 and ARM, and Macs with Apple silicon, each have a wheel of their own', () => {
    const found = [
      ['linux', 'x64'],
      ['linux', 'arm64'],
      ['darwin', 'arm64'],
    ].map(([platform, arch]) => wheelFor(platform, arch));
    expect(found.map((wheel) => wheel?.package)).toEqual([
      'tensorflow-cpu',
      'tensorflow-cpu-aws',
      'tensorflow',
    ]);
    expect(new Set(found.map((wheel) => wheel?.sha256)).size).toBe(3);
    for (const wheel of found) expect(wheel?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('elsewhere there is none', () => {
    expect(wheelFor('win32', 'x64')).toBeUndefined();
    expect(wheelFor('linux', 'ia32')).toBeUndefined();
  });
});

describe('unpackWheel', () => {
  const links = { 'libtensorflow.so': 'libtensorflow_cc.so.2' };
  const wheel = async (files: Record<string, string>) => {
    const file = path.join(folder, 'a.whl');
    await writeFile(file, storedZip(files));
    return file;
  };

  test('takes libraries, headers and licences, and nothing else', async () => {
    const file = await wheel({
      'tensorflow/libtensorflow_cc.so.2': 'cc',
      'tensorflow/libtensorflow_framework.so.2': 'framework',
      'tensorflow/include/tensorflow/c/eager/c_api.h': 'header',
      'tensorflow/include/tensorflow/core/kernels/other.h': 'not needed',
      'tensorflow/python/_pywrap.so': 'not needed',
      'tensorflow_cpu_aws.libs/libomp.so.5': 'omp',
      'tensorflow_cpu-2.15.1.dist-info/LICENSE': 'licence',
    });
    const parts: number[] = [];
    const deps = path.join(folder, 'deps');
    await unpackWheel(file, deps, { links }, { onProgress: (part) => parts.push(part) });
    const names = readdirSync(deps, { recursive: true }).map((name) =>
      String(name).replaceAll(path.sep, '/'),
    );
    expect(names.filter((name) => /\.|LICENSE/.test(name)).sort()).toEqual([
      'LICENSE',
      'include/tensorflow/c/eager/c_api.h',
      'lib/libomp.so.5',
      'lib/libtensorflow.so',
      'lib/libtensorflow_cc.so.2',
      'lib/libtensorflow_framework.so.2',
    ]);
    expect(readFileSync(path.join(deps, 'lib', 'libtensorflow.so'), 'utf8')).toBe('cc');
    expect(parts.at(-1)).toBe(1);
  });

  test('a wheel without the library is refused by name', async () => {
    const file = await wheel({ 'tensorflow/include/tsl/platform/status.h': '' });
    await expect(unpackWheel(file, path.join(folder, 'deps'), { links })).rejects.toThrow(
      'a.whl holds no libtensorflow_cc.so.2',
    );
  });

  test('a name that leads out of the folder is refused', async () => {
    const file = await wheel({ 'tensorflow/include/tsl/../../../../../escaped.h': 'x' });
    await expect(unpackWheel(file, path.join(folder, 'a', 'deps'), { links })).rejects.toThrow(
      /relative path/,
    );
    expect(existsSync(path.join(folder, 'escaped.h'))).toBe(false);
  });
});

describe('makeFolderWhole', () => {
  test('what fails leaves nothing, and what a killed process left is removed', async () => {
    const target = path.join(folder, 'library');
    await mkdir(path.join(folder, '.library.2147483646.partial'));
    const failing = makeFolderWhole(target, async (beside) => {
      await writeFile(path.join(beside, 'half'), '');
      throw new Error('no space');
    });
    await expect(failing).rejects.toThrow('no space');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a folder that another process finished first stays', async () => {
    const target = path.join(folder, 'library');
    await makeFolderWhole(target, async (beside) => {
      await writeFile(path.join(beside, 'ours'), '');
      await mkdir(target);
      await writeFile(path.join(target, 'theirs'), '');
    });
    expect(readdirSync(folder)).toEqual(['library']);
    expect(readdirSync(target)).toEqual(['theirs']);
  });
});
