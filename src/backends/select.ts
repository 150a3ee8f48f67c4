/** Which TensorFlow.js backend runs, and why. */
import { createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { EnvironmentError, InputError } from '../errors.js';
import { loadNative, nativeObstacle } from './native.js';

/** A backend, by the name TensorFlow.js gives it; `tensorflow` is tfjs-node's native one. */
export type BackendName = 'tensorflow' | 'wasm' | 'cpu';

/** Every backend, fastest first: the order in which `auto` tries them. */
export const backendNames: readonly BackendName[] = ['tensorflow', 'wasm', 'cpu'];

/** What `selectBackend` chose. `why` is part of a sentence: "native libtensorflow 2.15.1 runs here". */
export interface SelectedBackend {
  name: BackendName;
  /** libtensorflow's version for `tensorflow`, else TensorFlow.js'. */
  version?: string;
  why: string;
}

/**
 * Makes a backend the current one and says which and why. `auto` takes the first of tensorflow, wasm and cpu that
 * runs here; a backend asked for by name is the one that runs, or there is an error.
 *
 * @throws InputError for a name that isn't a backend's
 * @throws EnvironmentError where the backend asked for does not run, with the reason and the way out
 */
export async function selectBackend(request: BackendName | 'auto' = 'auto'): Promise<SelectedBackend> {
  if (request !== 'auto' && !backendNames.includes(request))
    throw new InputError(
      `selectBackend: there is no backend "${String(request)}"; choose auto, ${backendNames.join(', ')}.`,
    );
  const obstacles: string[] = [];
  for (const name of request === 'auto' ? backendNames : [request]) {
    const obstacle = await start(name);
    if (obstacle === undefined) return describe(name, request, obstacles);
    obstacles.push(obstacle);
  }
  throw new EnvironmentError(
    `selectBackend: the backend ${request === 'auto' ? 'can be none here' : `${request} was asked for`}, but ` +
      `${obstacles.join('; ')}.`,
  );
}

/** The backends that run on this machine, fastest first. The current backend stays what it is. */
export async function availableBackends(): Promise<BackendName[]> {
  const current = tf.getBackend();
  const available: BackendName[] = [];
  for (const name of backendNames) {
    if ((await start(name)) === undefined) available.push(name);
  }
  const back = current || available[0];
  if (back !== undefined) await tf.setBackend(back);
  return available;
}

/** Starts a backend and makes it the current one; returns what keeps it from running, undefined where nothing does. */
async function start(name: BackendName): Promise<string | undefined> {
  dismissBanner();
  return { tensorflow: startNative, wasm: startWasm, cpu: startCpu }[name]();
}

async function startNative(): Promise<string | undefined> {
  const obstacle = nativeObstacle();
  if (obstacle !== undefined) return obstacle;
  try {
    if (tf.findBackendFactory('tensorflow') === null) await loadNative();
  } catch (error) {
    return `the native backend does not load (${firstLine(error)}); run \`gradparity doctor\``;
  }
  if (tf.findBackendFactory('tensorflow') === null)
    return 'the native backend belongs to another copy of TensorFlow.js; install tfjs-node in the version of @tensorflow/tfjs';
  return (await tf.setBackend('tensorflow')) ? undefined : 'the native backend does not start';
}

async function startWasm(): Promise<string | undefined> {
  try {
    const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
    if (tf.engine().registry.wasm === undefined) setWasmPaths(wasmFolder());
    return (await withoutNewProcessListeners(() => tf.setBackend('wasm')))
      ? undefined
      : 'the wasm backend does not start';
  } catch (error) {
    return `the wasm backend does not load (${firstLine(error)})`;
  }
}

async function startCpu(): Promise<string | undefined> {
  return (await tf.setBackend('cpu')) ? undefined : 'the cpu backend does not start';
}

/** Where the .wasm files lie, with the separator that the loader appends a file name to. */
function wasmFolder(): string {
  return path.dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')) + path.sep;
}

/**
 * The wasm module's start-up code listens to uncaught errors of the whole process and throws them again, which turns
 * an exit code 1 into 7 and prints a line of its own source. Those listeners go when it has started.
 */
async function withoutNewProcessListeners<T>(action: () => Promise<T>): Promise<T> {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => process.rawListeners(event));
  try {
    return await action();
  } finally {
    events.forEach((event, index) => {
      for (const listener of process.rawListeners(event)) {
        if (!before[index].includes(listener)) process.removeListener(event, listener as () => void);
      }
    });
  }
}

/** The cpu backend recommends tfjs-node on its first use; `why` says it better, and stderr is the command's. */
function dismissBanner(): void {
  Object.assign(tf.findBackend('cpu') as object, { firstUse: false });
}

function describe(name: BackendName, request: string, obstacles: string[]): SelectedBackend {
  const version = name === 'tensorflow' ? nativeVersion() : tf.version.tfjs;
  if (name === 'tensorflow') return { name, version, why: `native libtensorflow ${version} runs here` };
  return { name, version, why: request === 'auto' ? obstacles.join('; ') : 'it was asked for' };
}

function nativeVersion(): string {
  return (tf.backend() as unknown as { binding: { TF_Version: string } }).binding.TF_Version;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0].trim();
}
