/**
 * Makes a fresh clone ready: packages, dist/, the native backend. `npm run setup`, `npm start` and `npm test` begin
 * with it. Uses nothing but Node, does only what is missing, and takes a fraction of a second when nothing is.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildIfNeeded } from './build.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const inRoot = (...parts) => path.join(root, ...parts);

/** Throws an Error that says what to do where packages can't be installed or sources don't compile. */
export async function setup() {
  installIfNeeded();
  buildIfNeeded();
  await provision();
}

// ---- packages ----

const stamp = inRoot('node_modules', '.gradparity-setup');

function installIfNeeded() {
  if (isInstalled()) return;
  console.error('Installing the packages of package-lock.json …');
  // The npm that runs this script; where none does, the one on PATH.
  const npm = process.env.npm_execpath;
  const [command, ...before] = npm?.endsWith('npm-cli.js') ? [process.execPath, npm] : ['npm'];
  const { status, error } = spawnSync(
    command,
    [...before, 'ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: root, stdio: ['ignore', 2, 2] },
  );
  if (status !== 0)
    throw new Error(
      `npm ci ${error ? `does not start (${error.message})` : `ended with exit code ${status}`}; see its message above. ` +
        'Run npm run setup; it needs npm 10 or later and a package registry that it can reach.',
    );
  writeFileSync(stamp, fingerprint());
}

/**
 * Whether node_modules is what package-lock.json says: this script made it so, or npm has written it since. Node's
 * version does not matter: every package is JavaScript or N-API.
 */
function isInstalled() {
  const written = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(written)) return false;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint()) return true;
  const sameSystem = !existsSync(stamp) || readFileSync(stamp, 'utf8').startsWith(system);
  if (!sameSystem || statSync(written).mtimeMs < statSync(inRoot('package-lock.json')).mtimeMs) return false;
  writeFileSync(stamp, fingerprint());
  return true;
}

const system = `${process.platform} ${process.arch} `;

function fingerprint() {
  return (
    system +
    createHash('sha256')
      .update(readFileSync(inRoot('package-lock.json')))
      .digest('hex')
  );
}

// ---- the native backend ----

/** What asks a process to end. */
const signals = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };

const refusal = inRoot('node_modules', '.gradparity-no-native');

/**
 * Does what `gradparity doctor --fix` does, once: where that fails the embedded backends serve, so it is no failure
 * here, and the next setup does not wait for the same failure again.
 */
async function provision() {
  if (process.env.GRADPARITY_NATIVE === 'off') return;
  const { nativeObstacle } = await import('../dist/backends/native.js');
  if (existsSync(refusal) && nativeObstacle() !== undefined) {
    console.error(
      'The native backend could not be set up before; `npx gradparity doctor --fix` tries again.',
    );
    return;
  }
  const { provisionNative } = await import('../dist/backends/provision.js');
  const { stepLines } = await import('../dist/backends/step-lines.js');
  const controller = new AbortController();
  const interrupt = (name) => controller.abort(name);
  for (const name of Object.keys(signals)) process.once(name, interrupt);
  const { log, end } = stepLines(process.stderr);
  try {
    const { how, libtensorflow } = await provisionNative({ log, signal: controller.signal });
    end();
    rmSync(refusal, { force: true });
    if (how !== 'already') console.error(`The native backend is set up: libtensorflow ${libtensorflow}.`);
  } catch (error) {
    end();
    if (controller.signal.aborted) {
      console.error('Interrupted; nothing half-made is left.');
      process.exit(128 + signals[controller.signal.reason]);
    }
    if (error.name !== 'EnvironmentError') throw error;
    console.error(error.message);
    writeFileSync(refusal, `${error.message}\n`);
  } finally {
    for (const name of Object.keys(signals)) process.removeListener(name, interrupt);
  }
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await setup();
    console.error('Everything is set up.');
  } catch (error) {
    console.error(`setup: ${error.message}`);
    process.exitCode = 3;
  }
}
