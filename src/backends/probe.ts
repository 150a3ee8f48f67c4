/** Runs the native backend in a process of its own, which a library that does not fit may end without harm. */
import { last } from '../collections.js';
import { nativeEnvironment } from './native.js';
import { run } from './run.js';

/** The answer of the probe: the version of libtensorflow that computed, or what went wrong. */
export type Probe = { version: string } | { problem: string };

/** The functions of node:util that tfjs-node calls and Node has removed. */
const shim = `
  const util = require('node:util');
  util.isNullOrUndefined = (value) => value == null;
  util.isArray = Array.isArray;
`;

const program = `
  const tf = require(process.argv[1]);
  tf.ready().then(() => {
    const product = tf.matMul([[1, 2], [3, 4]], [[5], [6]]);
    console.log(JSON.stringify([tf.getBackend(), [...product.dataSync()], tf.backend().binding.TF_Version]));
  });
`;

/**
 * Loads tfjs-node from `folder` in a child process and multiplies two matrices with it. About a second. Without the shim it is loaded as
 * by a program that knows nothing of gradparity.
 */
export async function probeNative(
  folder: string | undefined,
  signal?: AbortSignal,
  { shimmed = true }: { shimmed?: boolean } = {},
): Promise<Probe> {
  if (folder === undefined) return { problem: '@tensorflow/tfjs-node is not installed' };
  const ended = await run(process.execPath, ['-e', (shimmed ? shim : '') + program, folder], {
    env: { ...process.env, ...nativeEnvironment() },
    timeLimit: 120,
    signal,
  });
  if (ended.problem !== undefined) return { problem: `${ended.problem}: ${lineOfError(ended.output)}` };
  const [backend, product, version] = answer(ended.stdout);
  return backend === 'tensorflow' && String(product) === '17,39' && typeof version === 'string'
    ? { version }
    : { problem: `it answered ${ended.stdout.trim() || 'nothing'}` };
}

function answer(stdout: string): unknown[] {
  try {
    return JSON.parse(last(stdout.trim().split('\n'))) as unknown[];
  } catch {
    return [];
  }
}

/** The line of a program's output that says what went wrong: the first with "error:" in it, else the last of all. */
export function lineOfError(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(at |Node\.js v|\^+$|npm notice)/.test(line));
  return lines.find((line) => /error: /i.test(line)) ?? lines.at(-1) ?? 'it said nothing';
}
