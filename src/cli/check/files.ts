/** Runs the cases of users' files, each file in a process of its own, each case within a time limit. */
import { fork } from 'node:child_process';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../../errors.js';
import type { CaseResult } from './cases.js';
import type { ChildMessage, ChildRequest } from './child.js';
import type { RegisteredList } from './registered.js';

export interface FileOptions extends Omit<ChildRequest, 'file' | 'from'> {
  /** Seconds for a case, and for loading the file. */
  timeLimit: number;
  signal: AbortSignal;
  onCase?: (name: string, index: number, count: number) => void;
}

export const CASE_FILES = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs'];

/** What came of a file's cases. A file that has none, or can't be loaded, is `refused`. */
export interface FileResult {
  results: CaseResult[];
  refused?: string;
  /** With `registered`: what the package registered. */
  list?: RegisteredList;
}

/** @throws InputError for a file that isn't there or is no script. */
export async function requireFile(file: string): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw new InputError(`check: there is no file ${file}.`);
  if (!CASE_FILES.includes(path.extname(file))) {
    throw new InputError(`check: ${file} must be a script with one of the endings ${CASE_FILES.join(', ')}.`);
  }
}

export async function checkFile(file: string, options: FileOptions): Promise<FileResult> {
  const results: CaseResult[] = [];
  for (;;) {
    const { refused, ended, list } = await runChild(file, results, options);
    if (refused !== undefined || ended || options.signal.aborted) return { results, refused, list };
  }
}

/** Runs the cases that are not judged yet, until the end, or until one of them ends the process. */
function runChild(
  file: string,
  results: CaseResult[],
  { timeLimit, signal, onCase, ...request }: FileOptions,
): Promise<{ refused?: string; ended: boolean; list?: RegisteredList }> {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(new URL('./child.js', import.meta.url)), {
      // A package is found from the working directory, as its user would import it.
      execArgv: ['--experimental-import-meta-resolve', '--import', import.meta.resolve('tsx')],
      serialization: 'advanced',
      // What the user's code prints must not mix with the result on stdout.
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    let names: string[] = [];
    let running: number | undefined;
    let timer: NodeJS.Timeout;
    let list: RegisteredList | undefined;
    let outcome: { refused?: string; ended: boolean } | undefined;
    let late = false;
    const start = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        late = true;
        child.kill('SIGKILL');
      }, 1000 * timeLimit);
    };
    const stop = (): void => void child.kill('SIGKILL');
    signal.addEventListener('abort', stop);
    start();
    child.on('message', (message: ChildMessage) => {
      start();
      if (message.kind === 'cases') ({ names, list } = message);
      if (message.kind === 'refused') outcome = { refused: message.error, ended: true };
      if (message.kind === 'end') outcome = { ended: true };
      if (message.kind === 'start') {
        running = message.index;
        onCase?.(names[running], running, names.length);
      }
      if (message.kind === 'done') {
        const { report, error, changed, anomaly } = message;
        results.push({
          file,
          name: names[message.index],
          ...(report ? { report } : { error }),
          ...(changed.length > 0 && { changed }),
          ...(anomaly && { anomaly }),
        });
        running = undefined;
      }
    });
    child.on('close', (code, killedBy) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      if (outcome || signal.aborted) return resolve({ ...(outcome ?? { ended: true }), list });
      const reason = late
        ? `did not end within ${timeLimit} s (--time-limit)`
        : `ended the process (${killedBy ? `signal ${killedBy}` : `exit code ${code}`})`;
      if (running === undefined)
        return resolve({ refused: `${file} ${reason} while it was loaded.`, ended: true });
      results.push({ file, name: names[running], error: `The case ${reason}.` });
      resolve({ ended: results.length === names.length, list });
    });
    child.send({ file, from: results.length, ...request } satisfies ChildRequest);
  });
}
