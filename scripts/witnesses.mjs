/**
 * `npm run witnesses`: asks TensorFlow for Python for a second opinion on everything that the sweep finds, and writes it, with the
 * smallest case of each finding, to witnesses/findings.json. With `-- report.json` it takes the findings of that report
 * (`gradparity sweep --report`) instead of sweeping anew.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';
import { pythonEnvironment } from './python-environment.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const target = here('../witnesses/findings.json');

/** What goes to Python, for a finding that numbers can speak of. */
async function question({ id, foundAs = id, op, family, repro, direction, first }) {
  const { secondCotangents } = await import('../dist/sweep/cases/cotangents.js');
  const { inputs, expression, cotangent, plainSecond, kink, entrywise } = repro;
  const one = {
    id: first,
    op,
    family,
    inputs,
    expression,
    cotangent,
    plainSecond,
    kink,
    entrywise,
    order: direction === 'second order' ? 2 : 1,
  };
  return {
    key: foundAs,
    inputs,
    expression,
    cotangent,
    ...(direction === 'second order' && { cotangent2: secondCotangents(one) }),
  };
}

function sweepNow() {
  const folder = mkdtempSync(path.join(tmpdir(), 'gradparity-witnesses-'));
  try {
    const file = path.join(folder, 'report.json');
    const journal = path.join(folder, 'journal.jsonl');
    spawnSync(
      process.execPath,
      [here('../dist/cli/main.js'), 'sweep', '--report', file, '--journal', journal],
      {
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    return JSON.parse(readFileSync(file, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const number = (value) =>
  typeof value === 'string' ? Number(value.replace(/^(-?)inf.*/i, '$1Infinity')) : value;
/** Ten digits, or the name of what JSON has no number for. */
const rounded = (value) => (Number.isFinite(value) ? Number(value.toPrecision(10)) : String(value));
const numbers = (list) => list && list.map((value) => rounded(number(value)));
const eachOf = (object, f) =>
  object && Object.fromEntries(Object.entries(object).map(([k, v]) => [k, v && f(v)]));

try {
  await setup();
  const [file] = process.argv.slice(2);
  const report = file ? JSON.parse(readFileSync(file, 'utf8')) : sweepNow();
  const asked = report.findings.filter(
    ({ kind, repro }) =>
      !['hangs', 'crashes', 'leaks', 'kernel missing'].includes(kind) && repro.cotangent.length > 0,
  );
  const cases = await Promise.all(asked.map(question));
  const python = pythonEnvironment(here('../witnesses/requirements.txt'));
  console.error(`Asking TensorFlow for Python about ${cases.length} findings …`);
  const { stdout, status } = spawnSync(python, [here('../witnesses/ask.py')], {
    input: JSON.stringify({ cases }),
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  if (status !== 0) throw new Error(`ask.py ended with exit code ${status}`);
  const answers = JSON.parse(stdout);
  const oracles = new Map();
  for (const { key, error, forward, gradients, second } of answers.cases) {
    if (error) {
      console.error(`  no answer on ${key}: ${error}`);
      continue;
    }
    oracles.set(key, {
      by: answers.by,
      forward: numbers(forward),
      gradients: eachOf(gradients, numbers),
      ...(second && { second: eachOf(second, numbers) }),
    });
  }
  const entries = report.findings.map(({ id, foundAs = id, direction, repro }) => {
    const { inputs, expression, cotangent, plainSecond, kink, entrywise } = repro;
    const order = direction === 'second order' ? 2 : 1;
    return [
      foundAs,
      {
        case: { inputs, expression, cotangent, plainSecond, kink, entrywise, order },
        oracle: oracles.get(foundAs),
      },
    ];
  });
  // Several findings may come from one case.
  const sorted = [...new Map(entries)].sort(([a], [b]) => (a < b ? -1 : 1));
  // A finding a line.
  const lines = sorted.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  writeFileSync(target, `{\n${lines.join(',\n')}\n}\n`);
  console.error(
    `Written: ${sorted.length} findings, ${oracles.size} with a second opinion, to ${path.relative(process.cwd(), target)}.`,
  );
} catch (error) {
  console.error(`witnesses: ${error.message}`);
  process.exitCode = 1;
}
