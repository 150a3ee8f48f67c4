/** Runs another program to its end: its output kept, a time limit, and nothing left running after an abort. */
import { spawn, type ChildProcess } from 'node:child_process';

/** How a program ended. `problem` is absent where it left with exit code 0. */
export interface Ended {
  /** What it wrote to stdout. */
  stdout: string;
  /** What it wrote to stdout and stderr, in the order it came; the last 64 kB. */
  output: string;
  /** "not found", "took more than 20 s" or "ended with exit code 1". */
  problem?: string;
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** In seconds. */
  timeLimit?: number;
  signal?: AbortSignal | undefined;
  /** Called twice a second while it runs; a text that is returned ends the program and becomes its `problem`. */
  watch?: (seconds: number) => string | undefined;
}

/** Runs `command` with `args`, without a shell. Rejects only when `signal` is aborted. */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<Ended> {
  const { timeLimit = 600, signal, watch } = options;
  signal?.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that compilers and downloads which the program started can be ended with it.
    detached: process.platform !== 'win32',
  });
  const ended: Ended = { stdout: '', output: '' };
  const keep = (text: string) => (ended.output = (ended.output + text).slice(-65_536));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ended.stdout += text;
    keep(text);
  });
  child.stderr.setEncoding('utf8').on('data', keep);

  const stop = (problem: string) => {
    ended.problem ??= problem;
    endGroup(child);
  };
  const onAbort = () => stop('interrupted');
  signal?.addEventListener('abort', onAbort);
  const started = performance.now();
  const clock = setInterval(() => {
    const seconds = (performance.now() - started) / 1000;
    const problem = seconds > timeLimit ? `took more than ${timeLimit} s` : watch?.(seconds);
    if (problem !== undefined) stop(problem);
  }, 500);
  try {
    await new Promise<void>((resolve) => {
      child.on('error', (error: NodeJS.ErrnoException) => {
        ended.problem ??= error.code === 'ENOENT' ? 'not found' : error.message;
        resolve();
      });
      child.on('close', (code, killer) => {
        if (code !== 0) ended.problem ??= killer ? `was ended by ${killer}` : `ended with exit code ${code}`;
        resolve();
      });
    });
  } finally {
    clearInterval(clock);
    signal?.removeEventListener('abort', onAbort);
  }
  signal?.throwIfAborted();
  return ended;
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') child.kill();
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself in the meantime.
  }
}
