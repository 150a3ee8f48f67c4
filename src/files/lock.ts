/** One process at a time in a folder, also where the last one was killed. */
import { readFileSync, rmSync } from 'node:fs';
import { link, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { InputError } from '../errors.js';
import { writeNewFile } from './write.js';

const LOCK = '.lock';
/** Milliseconds between two signs of life, and after which a process of another machine counts as dead. */
const SIGN_OF_LIFE = 10_000;
const DEAD = 600_000;

interface Holder {
  pid: number;
  host: string;
  /** When the process began, in the system's own clock, where that can be known: numbers of processes come again. */
  started: string;
}

/**
 * Takes the folder for this process until `release`; its end does that too. A lock of a process that is no more is taken over.
 *
 * @throws InputError where another process has it, with which one and what to do
 */
export async function lockFolder(where: string, folder: string): Promise<{ release: () => void }> {
  const file = path.join(folder, LOCK);
  const own = JSON.stringify({
    pid: process.pid,
    host: os.hostname(),
    started: startOf(process.pid),
  } satisfies Holder);
  for (;;) {
    try {
      await writeNewFile(file, own);
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      await removeDead(where, folder, file);
    }
  }
  const timer = setInterval(() => void utimes(file, new Date(), new Date()).catch(() => {}), SIGN_OF_LIFE);
  timer.unref();
  const release = (): void => {
    clearInterval(timer);
    process.removeListener('exit', release);
    if (textOf(file) === own) rmSync(file, { force: true });
  };
  process.on('exit', release);
  return { release };
}

async function removeDead(where: string, folder: string, file: string): Promise<void> {
  const text = textOf(file);
  if (text === undefined) return;
  const holder = parse(text);
  const seen = (await stat(file).catch(() => undefined))?.mtimeMs ?? 0;
  if (!(await isDead(holder, Date.now() - seen))) {
    const who = holder ? `process ${holder.pid} on ${holder.host}` : 'another process';
    throw new InputError(
      `${where}: ${folder} is in use by ${who}. Wait until it ends, or choose another folder; if it is no more, delete ${file}.`,
    );
  }
  // Out of the way first, and a look at what that was: another process may have taken it over meanwhile.
  const aside = `${file}.${process.pid}.tmp`;
  try {
    await rename(file, aside);
  } catch {
    return;
  }
  if ((await readFile(aside, 'utf8')) !== text) await link(aside, file).catch(() => {});
  await rm(aside, { force: true });
}

async function isDead(holder: Holder | undefined, silence: number): Promise<boolean> {
  // A file that is being written, or was when its writer was killed.
  if (!holder) return silence > SIGN_OF_LIFE;
  if (holder.host !== os.hostname()) return silence > DEAD;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  return startOf(holder.pid) !== holder.started;
}

function parse(text: string): Holder | undefined {
  try {
    const { pid, host, started } = JSON.parse(text) as Holder;
    return Number.isSafeInteger(pid) && pid > 0 && typeof host === 'string'
      ? { pid, host, started }
      : undefined;
  } catch {
    return undefined;
  }
}

/** The 22nd field of Linux' /proc/PID/stat, of which the second may hold spaces; '' on other systems. */
function startOf(pid: number): string {
  return (
    textOf(`/proc/${pid}/stat`)
      ?.replace(/^.*\) /s, '')
      .split(' ')[19] ?? ''
  );
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
