/**
 * `npm run fixes-since`: which versions of TensorFlow.js have the fault that a fix mends, on the cpu backend. Runs the programs of
 * fixes-since/programs.mjs with each version below, from npm, writes fixes-since/versions.json, which `npm run fixes-page` reads, and checks
 * that each program is wrong in the newest version and right in it with the fixes.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildIfNeeded } from './build.mjs';
import { formatted } from './formatted.mjs';
import { optionsOf } from './options.mjs';

/** Oldest first. */
const VERSIONS = [
  '0.15.3',
  '1.0.0',
  '1.7.4',
  '2.0.0',
  '2.8.6',
  '3.0.0',
  '3.21.0',
  '4.0.0',
  '4.10.0',
  '4.22.0',
];
const self = fileURLToPath(import.meta.url);

const isNear = (got, wanted) =>
  got.length === wanted.length &&
  got.every((value, i) => Object.is(value, wanted[i]) || Math.abs(value - wanted[i]) <= 1e-4);

/** 'right', 'wrong', or 'absent' where an op is not there, or can't do yet what is asked of it. */
async function verdicts(tf) {
  const { PROGRAMS } = await import('./fixes-since/programs.mjs');
  const has = (need) => {
    if (typeof need === 'string') return need.split('.').reduce((at, name) => at?.[name], tf) !== undefined;
    try {
      return Boolean(tf.tidy(() => ({ has: need(tf) })).has);
    } catch {
      return false;
    }
  };
  return Object.fromEntries(
    Object.entries(PROGRAMS).map(([id, [needs, run, wanted]]) => {
      if (!needs.every(has)) return [id, 'absent'];
      try {
        return [id, isNear(tf.tidy(() => ({ got: run(tf) })).got, wanted) ? 'right' : 'wrong'];
      } catch {
        return [id, 'wrong'];
      }
    }),
  );
}

async function child(bundle, withFixes) {
  let tf;
  if (withFixes) {
    tf = await import('@tensorflow/tfjs');
    const { applyFixes } = await import('../dist/fixes/public.js');
    applyFixes();
  } else {
    tf = createRequire(import.meta.url)(bundle);
  }
  console.warn = () => undefined;
  // The oldest versions run on the cpu backend where there is no browser.
  await tf.setBackend('cpu');
  process.stdout.write(`\n${JSON.stringify(await verdicts(tf))}\n`);
}

function run(bundle, ...more) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [self, '--child', bundle, ...more], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${bundle}: ${stderr.slice(-800)}`);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

async function main() {
  optionsOf('fixes-since');
  buildIfNeeded();
  const { writeFileWhole } = await import('../dist/files/write.js');
  const folder = mkdtempSync(join(tmpdir(), 'gradparity-since-'));
  try {
    const mended = run('none', '--fixes');
    for (const [id, verdict] of Object.entries(mended)) {
      if (verdict !== 'right') throw new Error(`${id} is ${verdict} with the fixes.`);
    }
    const byFix = {};
    for (const version of VERSIONS) {
      const at = join(folder, version);
      mkdirSync(at);
      execFileSync('npm', ['pack', '--silent', `@tensorflow/tfjs@${version}`], { cwd: at });
      execFileSync('tar', ['xzf', `tensorflow-tfjs-${version}.tgz`, 'package/dist/tf.min.js'], { cwd: at });
      // A package of CommonJS, whatever is around it.
      writeFileSync(join(at, 'package.json'), '{}');
      const found = run(pathToFileURL(join(at, 'package/dist/tf.min.js')).pathname);
      for (const [id, verdict] of Object.entries(found)) (byFix[id] ??= {})[version] = verdict;
      console.log(
        `${version}: ${['wrong', 'right', 'absent'].map((word) => `${Object.values(found).filter((one) => one === word).length} ${word}`).join(', ')}`,
      );
    }
    for (const [id, found] of Object.entries(byFix)) {
      if (found[VERSIONS.at(-1)] !== 'wrong')
        throw new Error(`${id} is ${found[VERSIONS.at(-1)]} in ${VERSIONS.at(-1)}.`);
    }
    const target = fileURLToPath(new URL('fixes-since/versions.json', import.meta.url));
    await writeFileWhole(
      target,
      await formatted(target, JSON.stringify({ versions: VERSIONS, fixes: byFix }, null, 2)),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[2] === '--child') await child(process.argv[3], process.argv[4] === '--fixes');
else {
  try {
    await main();
  } catch (error) {
    console.error(`fixes-since: ${error.message}`);
    process.exitCode = 1;
  }
}
