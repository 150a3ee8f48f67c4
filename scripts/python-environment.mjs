/** Python programs in virtual environments of their own: one for each requirements file, in the user's cache. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheDirectory } from '../dist/files/cache-directory.js';

/**
 * The interpreter of an environment that holds what a requirements file names; made at first use, by `PYTHON` or python3.
 * The folder's name says whose it is: notebooks/requirements.txt becomes notebooks-python-…. Throws with what to do.
 */
export function pythonEnvironment(requirements) {
  const name = path.basename(path.dirname(requirements));
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = cacheDirectory(`${name}-python-${hash}`);
  const python = path.join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const done = path.join(folder, 'done');
  if (existsSync(done) && existsSync(python)) return python;
  console.error(`Installing the Python packages of ${name}/requirements.txt …`);
  rmSync(folder, { recursive: true, force: true });
  must(process.env.PYTHON ?? 'python3', ['-m', 'venv', folder]);
  must(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  writeFileSync(done, '');
  return python;
}

/** Runs a program and returns its stdout; throws with its exit code where that is not 0. */
export function must(command, args, env = process.env) {
  const { status, stdout, error } = spawnSync(command, args, {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 28,
    encoding: 'utf8',
  });
  if (status !== 0) {
    throw new Error(
      `${[command, ...args.slice(0, 2)].join(' ')} ${error ? `does not start (${error.message})` : `ended with exit code ${status}`}. ` +
        'This needs Python 3.10 or later with venv and pip; set PYTHON where it is not the python3 on PATH.',
    );
  }
  return stdout;
}
