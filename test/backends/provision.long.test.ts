/**
 * The ways to the native backend, on a tfjs-node whose installer, compiler and library are small scripts.
 * The oracle is what lies in its folder and in the cache afterwards.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { wheelFor } from '../../src/backends/libtensorflow.js';
import { bindingFile } from '../../src/backends/native.js';
import { provisionNative } from '../../src/backends/provision.js';
import { EnvironmentError } from '../../src/errors.js';
import { storedZip } from './stored-zip.js';

const wheel = wheelFor();
const describeWhereWheelsServe = wheel === undefined ? describe.skip : describe;

const libtensorflow = `module.exports = {
  ready: async () => {},
  getBackend: () => 'tensorflow',
  matMul: () => ({ dataSync: () => [17, 39] }),
  backend: () => ({ binding: { TF_Version: '2.15.1' } }),
};`;
const failingInstaller = `
  require('node:fs').writeFileSync('package.json', 'half-edited');
  console.error('Error: getaddrinfo ENOTFOUND nowhere');
  process.exit(1);`;
const workingInstaller = `
  const fs = require('node:fs');
  fs.mkdirSync('deps/lib', { recursive: true });
  fs.writeFileSync('deps/lib/libtensorflow.so.2', '');
  fs.mkdirSync('lib/napi-v8', { recursive: true });
  fs.writeFileSync('lib/napi-v8/tfjs_binding.node', 'downloaded');`;
const compiler = `
  const fs = require('node:fs');
  fs.mkdirSync('lib/napi-v8', { recursive: true });
  fs.writeFileSync('lib/napi-v8/tfjs_binding.node', 'built');`;

const environment = { ...process.env };
let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'provision-'));
  process.env.GRADPARITY_CACHE_DIR = path.join(root, 'cache');
  process.env.PATH = path.join(root, 'bin');
  delete process.env.GRADPARITY_NATIVE;
  delete process.env.CXX;
  await mkdir(process.env.PATH);
});
afterEach(async () => {
  delete process.env.GRADPARITY_CACHE_DIR;
  delete process.env.GRADPARITY_NATIVE;
  Object.assign(process.env, environment);
  await rm(root, { recursive: true });
});

/** A clone's tfjs-node. */
async function clone(
  name: string,
  { installer = failingInstaller, library = libtensorflow } = {},
): Promise<string> {
  const folder = path.join(root, name, 'tfjs-node');
  const preGyp = path.join(root, name, 'node_modules', '@mapbox', 'node-pre-gyp');
  await mkdir(path.join(folder, 'scripts'), { recursive: true });
  await mkdir(path.join(preGyp, 'bin'), { recursive: true });
  await writeFile(path.join(folder, 'package.json'), '{"main":"index.js"}');
  await writeFile(path.join(folder, 'index.js'), library);
  await writeFile(path.join(folder, 'scripts', 'install.js'), installer);
  await writeFile(path.join(preGyp, 'package.json'), '{}');
  await writeFile(path.join(preGyp, 'bin', 'node-pre-gyp'), compiler);
  return folder;
}

function addToPath(name: string, program: string): void {
  writeFileSync(path.join(root, 'bin', name), `#!${process.execPath}\n${program}`, { mode: 0o755 });
}

function addCompiler(): void {
  addToPath('c++', 'console.log("compiler 1")');
  addToPath('make', 'console.log("make 1")');
}

function addPip(): void {
  const libraries = ['so.2', '2.dylib'].flatMap((end) => [
    [`tensorflow/libtensorflow_cc.${end}`, 'cc'],
    [`tensorflow/libtensorflow_framework.${end}`, 'framework'],
  ]);
  writeFileSync(path.join(root, 'a.whl'), storedZip(Object.fromEntries(libraries) as Record<string, string>));
  addToPath(
    'python3',
    `const at = process.argv.indexOf('--dest');
     if (at < 0) console.log('pip 1 from here');
     else require('node:fs').copyFileSync(${JSON.stringify(path.join(root, 'a.whl'))}, process.argv[at + 1] + '/a.whl');`,
  );
}

/** What provisioning has made in a clone's folder. */
function made(folder: string): string[] {
  return readdirSync(folder).filter((name) => !['index.js', 'package.json', 'scripts'].includes(name));
}

describeWhereWheelsServe('provisionNative', () => {
  test('takes the library out of the wheel, once for all clones', async () => {
    addCompiler();
    addPip();
    const first = await clone('first');
    const steps: string[] = [];
    const log = ({ text }: { text: string }) => steps.push(text);

    expect(await provisionNative({ folder: first, log })).toEqual({
      how: 'wheel',
      libtensorflow: '2.15.1',
      folder: first,
    });
    expect(lstatSync(path.join(first, 'deps')).isSymbolicLink()).toBe(true);
    expect(realpathSync(path.join(first, 'deps'))).toContain(realpathSync(path.join(root, 'cache')));
    expect(readFileSync(bindingFile(first), 'utf8')).toBe('built');
    expect(new Set(steps).size).toBe(5);

    steps.length = 0;
    expect((await provisionNative({ folder: first, log })).how).toBe('already');
    expect(steps).toEqual([]);

    await rm(path.join(root, 'bin'), { recursive: true });
    const second = await clone('second');
    expect((await provisionNative({ folder: second })).how).toBe('kept library');
    expect(readFileSync(bindingFile(second), 'utf8')).toBe('built');
  });

  test("keeps what tfjs-node's own installer downloaded for the next clone", async () => {
    const first = await clone('first', { installer: workingInstaller });
    expect((await provisionNative({ folder: first })).how).toBe('own download');
    expect(lstatSync(path.join(first, 'deps')).isSymbolicLink()).toBe(true);
    const second = await clone('second');
    expect((await provisionNative({ folder: second })).how).toBe('kept library');
    expect(readFileSync(bindingFile(second), 'utf8')).toBe('downloaded');
  });

  test('without pip it says what failed on each way, and leaves nothing', async () => {
    addCompiler();
    const folder = await clone('first');
    const failing = provisionNative({ folder });
    await expect(failing).rejects.toThrow(EnvironmentError);
    await expect(failing).rejects.toThrow(
      /own download: .*ENOTFOUND nowhere(.|\n)*there is no pip(.|\n)*install Python/,
    );
    expect(made(folder)).toEqual([]);
    expect(readFileSync(path.join(folder, 'package.json'), 'utf8')).toBe('{"main":"index.js"}');
  });

  test('without a compiler nothing is downloaded', async () => {
    addPip();
    const folder = await clone('first');
    await expect(provisionNative({ folder })).rejects.toThrow('there is no C++ compiler');
    expect(existsSync(path.join(root, 'cache'))).toBe(false);
  });

  test('a library that computes wrongly is taken away again', async () => {
    const library = libtensorflow.replace('[17, 39]', '[17, 38]');
    const folder = await clone('first', { installer: workingInstaller, library });
    await expect(provisionNative({ folder })).rejects.toThrow(
      'it does not run: it answered ["tensorflow",[17,38]',
    );
    expect(made(folder)).toEqual([]);
  });

  test('a library that ends the process is taken away again', async () => {
    const library = 'process.abort();';
    const folder = await clone('first', { installer: workingInstaller, library });
    await expect(provisionNative({ folder })).rejects.toThrow('was ended by SIGABRT');
    expect(made(folder)).toEqual([]);
  });

  test('interrupted at any step, it leaves nothing half-made', async () => {
    addCompiler();
    addPip();
    const steps = ['Asking', 'Downloading', 'Unpacking', 'Multiplying'];
    for (const step of steps) {
      const folder = await clone(step);
      const controller = new AbortController();
      const log = ({ text }: { text: string }) =>
        text.startsWith(step) && controller.abort(new Error('enough'));
      await expect(provisionNative({ folder, log, signal: controller.signal })).rejects.toThrow('enough');
      expect(made(folder)).toEqual([]);
      const cached = existsSync(path.join(root, 'cache')) ? readdirSync(path.join(root, 'cache')) : [];
      expect(cached.filter((name) => name.includes('partial'))).toEqual([]);
    }
  });
});

test('GRADPARITY_NATIVE=off is said, not overridden', async () => {
  process.env.GRADPARITY_NATIVE = 'off';
  await expect(provisionNative({ folder: root })).rejects.toThrow(/GRADPARITY_NATIVE=off .* unset it/);
});
