/** tfjs-node as it lies on this machine: where it is, whether it can run, how it is loaded. */
import { accessSync, constants, existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import util from 'node:util';

/** The tfjs-node release that gradparity installs and provisions: the one that belongs to its TensorFlow.js. */
export const tfjsNodeVersion = '4.22.0';

/** tfjs-node is an N-API addon built for version 8, so one binary serves Node 20 and every later one. */
export const nodeApiVersion = 8;

/** The folder of the installed `@tensorflow/tfjs-node`, or undefined where it is not installed. */
export function tfjsNodeFolder(): string | undefined {
  try {
    return path.dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json'));
  } catch {
    return undefined;
  }
}

/** The compiled addon inside tfjs-node's folder; the file need not exist. */
export function bindingFile(folder: string): string {
  return path.join(folder, 'lib', `napi-v${nodeApiVersion}`, 'tfjs_binding.node');
}

/** `GRADPARITY_NATIVE=off` takes the native backend away everywhere, for tests and comparisons. */
export function nativeIsSwitchedOff(): boolean {
  return process.env.GRADPARITY_NATIVE === 'off';
}

/**
 * What keeps the native backend from running, as the end of a sentence, or undefined where nothing is known to.
 * Looks at files only, so it takes a millisecond and can't crash; loading the addon is the last test.
 */
export function nativeObstacle(folder = tfjsNodeFolder()): string | undefined {
  if (nativeIsSwitchedOff()) return 'the native backend is switched off by GRADPARITY_NATIVE=off';
  if (folder === undefined)
    return `the native backend is not set up (@tensorflow/tfjs-node is not installed)${remedy}`;
  const libraries = path.join(folder, 'deps', 'lib');
  const unreadable = unreadableLibrary(libraries) ?? unreadableFile(bindingFile(folder));
  if (unreadable !== undefined)
    return `the native backend cannot be read by this user (${unreadable}); run as the user who set it up, or let this one read it`;
  if (!holdsLibtensorflow(libraries))
    return `the native backend is not set up (no libtensorflow in ${libraries})${remedy}`;
  if (!existsSync(bindingFile(folder)))
    return `the native backend is not set up (no ${bindingFile(folder)})${remedy}`;
  return processorObstacle();
}

const remedy = '; run `gradparity doctor --fix`';

/** libtensorflow ends the whole process on an x86 processor without AVX: find out before it does. */
export function processorObstacle(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const flags = /^flags\s*:.*$/m.exec(readOrEmpty('/proc/cpuinfo'))?.[0];
  return flags !== undefined && !/\savx\s/.test(`${flags} `)
    ? 'the native backend cannot run on this processor (it has no AVX instructions)'
    : undefined;
}

function holdsLibtensorflow(folder: string): boolean {
  if (!existsSync(folder)) return false;
  return readdirSync(folder).some(
    (name) => /^(lib)?tensorflow(\.|_cc\.)/.test(name) && existsSync(path.join(folder, name)),
  );
}

/** A library that is there, in a place where this user may not look, with the system's reason. */
function unreadableLibrary(folder: string): string | undefined {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    return refusalOf(error, folder);
  }
  for (const name of names) {
    const file = path.join(folder, name);
    const reason = unreadableFile(file);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function unreadableFile(file: string): string | undefined {
  try {
    accessSync(file, constants.R_OK);
    return undefined;
  } catch (error) {
    return refusalOf(error, file);
  }
}

const refusalOf = (error: unknown, place: string): string | undefined => {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EACCES' || code === 'EPERM' ? `${code}: ${place}` : undefined;
};

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The environment in which libtensorflow keeps quiet and small networks run fastest; what the user set stays. */
export function nativeEnvironment(): Record<string, string> {
  return {
    TF_CPP_MIN_LOG_LEVEL: process.env.TF_CPP_MIN_LOG_LEVEL ?? '2',
    TF_ENABLE_ONEDNN_OPTS: process.env.TF_ENABLE_ONEDNN_OPTS ?? '0',
  };
}

/**
 * Imports tfjs-node, which registers the backend `tensorflow` and makes it the current one.
 * Rejects with the loader's own error where the addon or a library is missing or does not fit.
 */
export async function loadNative(): Promise<void> {
  Object.assign(process.env, nativeEnvironment());
  // tfjs-node 4.22 calls two functions that Node 22 warns about and Node 23 removed.
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  });
  const folder = tfjsNodeFolder();
  // By its file: a package that was installed since Node looked for it first is not found by its name in the same process.
  await import(folder === undefined ? '@tensorflow/tfjs-node' : pathToFileURL(entryOf(folder)).href);
}

/** The file that the package's name stands for. */
function entryOf(folder: string): string {
  const { main } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { main: string };
  return path.join(folder, main);
}
