/**
 * `npm run docs`: builds the documentation site into site/dist, from a clean clone too. A link that leads nowhere, a formula that cannot be read, an
 * undocumented public name end it with exit code 1. `npm run docs -- --serve` builds it and shows it on this machine; `--check` builds it and
 * looks at it in Chromium (site/test).
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { optionsOf } from './options.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const site = path.join(root, 'site');

/** What Astro needs at least; the package of the registry that brings a Node where the one in use is older. */
const OLDEST = [22, 19];
const NODE = '22.23.3';

const { values: options } = optionsOf('docs', { serve: { type: 'boolean' }, check: { type: 'boolean' } });
try {
  // The site needs the packages and dist/ of the root, and no native backend.
  process.env.GRADPARITY_NATIVE = 'off';
  const { setup } = await import('./setup.mjs');
  await setup();
  installIfNeeded();
} catch (error) {
  console.error(`docs: ${error.message}`);
  process.exit(3);
}
const astro = path.join(site, 'node_modules', 'astro', 'bin', 'astro.mjs');
const compiler = path.join(site, 'node_modules', 'typescript', 'bin', 'tsc');
const steps = [
  [compiler, '-p', path.join(site, 'tsconfig.json')],
  [path.join(site, 'scripts', 'prepare.mjs')],
  [astro, 'build', '--silent'],
];
if (options.serve) steps.push([astro, 'preview']);
const failed = steps.find((args) => node(args) !== 0);
if (failed) {
  console.error(`docs: ${path.relative(root, failed[0])} failed; see its messages above.`);
  process.exit(1);
}
if (options.check && look() !== 0) process.exit(1);
console.log('The site is in site/dist.');

function installIfNeeded() {
  const stamp = path.join(site, 'node_modules', '.gradparity-site');
  const lock = createHash('sha256')
    .update(readFileSync(path.join(site, 'package-lock.json')))
    .digest('hex');
  const wanted = `${process.platform} ${process.arch} ${lock}`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  console.error('Installing the packages of site/package-lock.json …');
  if (npm(['ci', '--no-audit', '--no-fund', '--loglevel=error']) !== 0)
    throw new Error(
      'npm ci in site/ failed; see its message above. It needs a package registry that it can reach.',
    );
  writeFileSync(stamp, wanted);
}

/** npm, the one that runs this script or that on PATH, in site/. Returns its exit code. */
function npm(args) {
  const own = process.env.npm_execpath;
  const [command, ...before] = own?.endsWith('npm-cli.js') ? [process.execPath, own] : ['npm'];
  return spawnSync(command, [...before, ...args], { cwd: site, stdio: ['ignore', 2, 2], env: environment() })
    .status;
}

/** Runs a script by this Node, or by one that is new enough, and returns its exit code. */
function node(args) {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]))
    return spawnSync(process.execPath, args, { cwd: site, stdio: 'inherit', env: environment() }).status;
  const system = process.platform === 'win32' ? 'win' : process.platform;
  return npm(['exec', '--yes', `--package=node-${system}-${process.arch}@${NODE}`, '--', 'node', ...args]);
}

/** Runs the tests of the built site, by the root's Jest, and returns its exit code. */
function look() {
  const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const args = ['--testMatch', '<rootDir>/site/test/*.test.ts', '--testTimeout', '300000', '-w', '1'];
  return spawnSync(process.execPath, [...flags, jest, ...args], { cwd: root, stdio: 'inherit' }).status;
}

function environment() {
  // npm's own settings for this script's project would reach the one of site/.
  const own = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('npm_') || name === 'npm_config_registry',
  );
  return { ...Object.fromEntries(own), ASTRO_TELEMETRY_DISABLED: '1', NODE_OPTIONS: '' };
}
