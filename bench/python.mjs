/** The Python peers of the benchmarks, in a virtual environment of their own with pinned versions. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from '../dist/files/cache-directory.js';

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));

/** The interpreter of an environment that holds bench/requirements.txt; made at first use. Throws with what to do. */
export function benchPython() {
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = cacheDirectory(`bench-python-${hash}`);
  const python = path.join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const done = path.join(folder, 'done');
  if (existsSync(done)) return python;
  console.error('Installing the Python peers of the benchmark (bench/requirements.txt) …');
  rmSync(folder, { recursive: true, force: true });
  must(process.env.PYTHON ?? 'python3', ['-m', 'venv', folder]);
  must(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
  writeFileSync(done, '');
  return python;
}

/** Runs a program and returns its stdout; throws with its exit code where that is not 0. */
export function must(command, args) {
  const { status, stdout, error } = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 28,
    encoding: 'utf8',
  });
  if (status !== 0) {
    throw new Error(
      `${command} ${args[0]} ${error ? `does not start (${error.message})` : `ended with exit code ${status}`}. ` +
        'The benchmark compares with Python: it needs python3 with venv and pip.',
    );
  }
  return stdout;
}
