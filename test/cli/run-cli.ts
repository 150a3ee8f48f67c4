/** Runs the built command line as a user does, and makes small data for it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { idxBytes } from '../data/idx-bytes.js';

export const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

if (!existsSync(main))
  throw new Error(`There is no ${main}; run \`npm run build\` first, or \`npm test\`, which does.`);

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd: string;
  env?: NodeJS.ProcessEnv;
  /** Options of Node itself. */
  node?: string[];
  /** Told what comes on stderr, with a way to interrupt the command as Ctrl-C does, or by another signal. */
  onStderr?: (text: string, interrupt: (signal?: NodeJS.Signals) => void) => void;
}

/** `gradparity …args`, to its end. */
export function gradparity(
  args: readonly string[],
  { cwd, env, node = [], onStderr }: RunOptions,
): Promise<Outcome> {
  const child = spawn(process.execPath, [...node, main, ...args], {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    outcome.stderr += text;
    onStderr?.(text, (signal = 'SIGINT') => void child.kill(signal));
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...outcome, code }));
  });
}

/** Images of 4 × 4 pixels on which the digit's own pixel is bright and the others are dim, in MNIST's four files. */
export async function writeDigits(folder: string, { train = 250, test = 60 } = {}): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, count] of [
    ['train', train],
    ['t10k', test],
  ] as const) {
    const labels = Array.from({ length: count }, (_, n) => (n * 7) % 10);
    const pixels = labels.flatMap((label, n) =>
      Array.from({ length: 16 }, (_, pixel) => (pixel === label ? 255 : (n * 31 + pixel * 17) % 64)),
    );
    await writeFile(path.join(folder, `${name}-images-idx3-ubyte`), idxBytes([count, 4, 4], pixels));
    await writeFile(path.join(folder, `${name}-labels-idx1-ubyte`), idxBytes([count], labels));
  }
  return folder;
}
