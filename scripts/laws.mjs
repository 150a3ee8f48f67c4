/**
 * `npm run laws`: the tests' laws (fast-check) by a random seed, which is printed, and 10,000 cases each (a law that
 * sets its own number keeps it).
 * `npm run laws -- --seed 7 --runs 100 idx` repeats a seed, with fewer cases, in the files whose name has idx.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { optionsOf } from './options.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

function fail(message) {
  console.error(`laws: ${message}`);
  process.exit(2);
}

const { values, positionals } = optionsOf(
  'laws',
  { seed: { type: 'string' }, runs: { type: 'string', default: '10000' } },
  { allowPositionals: true, hint: 'Usage: npm run laws -- [--seed N] [--runs N] [file …]' },
);
const seed = values.seed ?? String(Math.floor(Math.random() * 2 ** 31));
for (const [name, value] of Object.entries({ ...values, seed })) {
  if (!/^\d+$/.test(value)) fail(`--${name} must be a whole number, got ${JSON.stringify(value)}.`);
}

const files = readdirSync(path.join(root, 'test'), { recursive: true })
  .filter((file) => file.endsWith('.test.ts') && positionals.every((part) => file.includes(part)))
  .map((file) => path.join('test', file))
  .filter((file) => readFileSync(path.join(root, file), 'utf8').includes("from 'fast-check'"));
if (files.length === 0) fail(`no laws in files whose name has ${positionals.join(' and ')}.`);

console.error(`Laws of ${files.length} files by seed ${seed}, ${values.runs} cases each …`);
const { status } = spawnSync(
  process.execPath,
  [path.join(root, 'scripts', 'test.mjs'), '--testTimeout=3600000', ...files],
  {
    stdio: 'inherit',
    cwd: root,
    env: { ...process.env, GRADPARITY_LAWS_SEED: seed, GRADPARITY_LAWS_RUNS: values.runs },
  },
);
console.error(
  `npm run laws -- --seed ${seed} --runs ${values.runs} ${positionals.join(' ')}`.trimEnd() +
    ' repeats this.',
);
process.exitCode = status ?? 1;
