/** Projects that use the package, each in a folder of its own under one that is removed at the end. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const scratch = mkdtempSync(path.join(os.tmpdir(), 'gradparity-package-'));

export const removeScratch = () => rmSync(scratch, { recursive: true, force: true });

/** npm's settings that say how to reach the registry. */
const NETWORK = /^npm_config_(registry|(https?_?|no_?)?proxy|ca|cafile|strict_ssl|userconfig|globalconfig)$/i;

/** The registry that npm uses here. */
export const registry = () => run('npm', ['config', 'get', 'registry'], scratch).trim();

/** What a command printed and its exit code. */
export function result(command, args, cwd, env = {}) {
  // A package manager that runs inside another's script must not take over its settings.
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_|^pnpm_|^yarn_/i.test(name) || NETWORK.test(name)),
  );
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    env: { ...inherited, ...env },
  });
  return { status, stdout, stderr: error ? String(error) : stderr };
}

/** What a command printed. Throws where it fails. */
export function run(command, args, cwd, env) {
  const { status, stdout, stderr } = result(command, args, cwd, env);
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${(stdout + stderr).slice(-4000)}`);
  return stdout;
}

/** A folder with these files. */
export function folder(name, files) {
  const place = path.join(scratch, name);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(place, file)), { recursive: true });
    writeFileSync(
      path.join(place, file),
      typeof content === 'string' ? content : JSON.stringify(content, null, 2),
    );
  }
  return place;
}

export const npmInstall = (cwd, ...packages) =>
  run(
    'npm',
    ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...packages],
    cwd,
  );

/** Packs a package of this repository, as `npm publish` would; gives the tarball. */
export function pack(packageFolder) {
  const before = new Set(readdirSync(scratch));
  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', scratch], packageFolder);
  return path.join(
    scratch,
    readdirSync(scratch).find((name) => name.endsWith('.tgz') && !before.has(name)),
  );
}

export function requireEqual(what, got, wanted) {
  if (got !== wanted)
    throw new Error(`${what}: got ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}.`);
}

export function requireMatch(what, text, pattern) {
  if (!pattern.test(text)) throw new Error(`${what}: ${pattern} is not in ${JSON.stringify(text)}.`);
}
