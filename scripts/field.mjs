/**
 * `npm run field`: installs packages with hand-written gradients into runs/field, by name and version, checks their ops with the cases in
 * scripts/field, and prints what comes of it. It fails where a verdict is not the one that docs/field-study.md tells, that of its program too.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import Table from 'cli-table3';
import { optionsOf } from './options.mjs';
import { setup } from './setup.mjs';

optionsOf('field');
const packages = [
  { name: '@genai-fi/nanogpt', version: '1.3.0', cases: 'nanogpt.mjs' },
  { name: 'tfjsctcloss', version: '1.0.1', cases: 'tfjsctcloss.mjs' },
];

const root = fileURLToPath(new URL('..', import.meta.url));
/** The study's program, as a file, and the case of the table that it shows. */
const PROGRAM = 'study.mjs';
const SHOWN = 'Rope, pastLen 2';
const study = path.join(root, 'docs', 'field-study.md');
const folder = path.join(root, 'runs', 'field');
const modules = path.join(folder, 'node_modules');

/** The verdicts that the study tells, by case: the rows of its tables. */
function toldVerdicts() {
  const text = readFileSync(study, 'utf8');
  return new Map(
    Array.from(text.matchAll(/^\| `([^`]+)` +\| (\w+) +\|/gm), ([, name, verdict]) => [name, verdict]),
  );
}

function install() {
  mkdirSync(folder, { recursive: true });
  const isThere = packages.every(({ name, version }) => {
    const manifest = path.join(modules, name, 'package.json');
    return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version === version;
  });
  if (!isThere) {
    writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n');
    const names = packages.map(({ name, version }) => `${name}@${version}`);
    // Their install scripts are not needed, and not run.
    const { status } = spawnSync(
      'npm',
      ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', ...names],
      {
        cwd: folder,
        stdio: ['ignore', 2, 2],
        shell: process.platform === 'win32',
      },
    );
    if (status !== 0) throw new Error(`npm could not install ${names.join(' and ')}.`);
  }
  // One TensorFlow.js for all: the packages then find the one of this repository.
  rmSync(path.join(modules, '@tensorflow'), { recursive: true, force: true });
  if (!existsSync(path.join(modules, 'gradparity')))
    symlinkSync(root, path.join(modules, 'gradparity'), 'junction');
}

/** Puts the cases beside the packages, and the study's own program, which is one of them by itself. */
function layOut() {
  for (const { cases } of packages)
    cpSync(path.join(root, 'scripts', 'field', cases), path.join(folder, cases));
  const [, code] = /^```js\n(.*?)^```$/ms.exec(readFileSync(study, 'utf8')) ?? [];
  if (code === undefined) throw new Error('docs/field-study.md has no program.');
  writeFileSync(path.join(folder, PROGRAM), code);
}

function check({ name, version, cases }) {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(root, 'dist', 'cli', 'main.js'), 'check', cases, '--shim', '--json'],
    { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  if (!stdout.startsWith('{'))
    throw new Error(`gradparity check ${cases} gave no report:\n${stderr.slice(-2000)}`);
  const { results, refused } = JSON.parse(stdout);
  if (refused.length > 0) throw new Error(refused.join('\n'));
  return results.map(({ name: one, report, error }) => ({
    package: `${name} ${version}`,
    name: one,
    verdict: report?.verdict ?? 'failed',
    says: report ? (report.diagnosis[0] ?? '') : error,
  }));
}

try {
  await setup();
  install();
  layOut();
  const told = toldVerdicts();
  const rows = packages.flatMap(check);
  const table = new Table({
    head: ['package', 'case', 'verdict', 'what the check says first'],
    style: { head: [], border: [] },
    colWidths: [26, 32, 13, 70],
    wordWrap: true,
  });
  for (const row of rows) table.push([row.package, row.name, row.verdict, row.says]);
  console.log(table.toString());
  const other = rows.filter(({ name, verdict }) => told.get(name) !== verdict);
  for (const { name, verdict } of other)
    console.error(
      `field: ${name} is ${verdict}; docs/field-study.md has ${told.get(name) ?? 'no such case'}.`,
    );
  const program = check({ ...packages[0], cases: PROGRAM })[0];
  if (program?.verdict !== told.get(SHOWN))
    console.error(`field: the program in docs/field-study.md is ${program?.verdict}; ${SHOWN} is not.`);
  if (other.length > 0 || program?.verdict !== told.get(SHOWN)) process.exitCode = 1;
} catch (error) {
  console.error(`field: ${error.message}`);
  process.exitCode = 3;
}
