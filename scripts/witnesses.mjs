/**
 * `npm run witnesses`: asks TensorFlow for Python for a second opinion on everything that the sweep finds, and writes it, with the
 * smallest case of each finding, to src/sweep/witnesses.ts. With `-- report.json` it takes the findings of that report
 * (`gradparity sweep --report`) instead of sweeping anew.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { setup } from './setup.mjs';
import { pythonEnvironment } from './python-environment.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const target = here('../src/sweep/witnesses.ts');

/** What goes to Python, for a finding that numbers can speak of. */
async function question({ id, foundAs = id, op, family, repro, direction, first }) {
  const { secondCotangents } = await import('../dist/sweep/observe.js');
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
const numbers = (list) => list && list.map((value) => Number(number(value).toPrecision(10)));
const eachOf = (object, f) =>
  object && Object.fromEntries(Object.entries(object).map(([k, v]) => [k, v && f(v)]));
/** As code: JSON has no undefined, no NaN and no Infinity. */
const code = (value, nothing = 'null') => {
  if (value === null) return nothing;
  if (Array.isArray(value)) return `[${value.map((part) => code(part, nothing)).join(',')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .filter(([, part]) => part !== undefined)
      .map(
        ([name, part]) =>
          `${JSON.stringify(name)}:${code(part, name === 'expression' ? 'undefined' : nothing)}`,
      )
      .join(',')}}`;
  }
  // As the report has them.
  if (/^(-?Infinity|NaN)$/.test(value)) return value;
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
};

try {
  await setup();
  const [file] = process.argv.slice(2);
  const report = file ? JSON.parse(readFileSync(file, 'utf8')) : sweepNow();
  const asked = report.findings.filter(
    ({ kind, repro }) =>
      !['hangs', 'crashes', 'leaks', 'kernel missing'].includes(kind) && repro.cotangent.length > 0,
  );
  const cases = await Promise.all(asked.map(question));
  const python = pythonEnvironment(here('witnesses-requirements.txt'));
  console.error(`Asking TensorFlow for Python about ${cases.length} findings …`);
  const { stdout, status } = spawnSync(python, [here('witnesses.py')], {
    input: JSON.stringify({ cases }),
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  if (status !== 0) throw new Error(`witnesses.py ended with exit code ${status}`);
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
  const text = `/** Written by \`npm run witnesses\`: findings' smallest cases with what another library computes for them. */
import type { Fixture } from './witness.js';

// prettier-ignore
export const witnesses: Readonly<Record<string, Fixture>> = {
${sorted.map(([key, value]) => `  ${JSON.stringify(key)}: ${code(value)},`).join('\n')}
};
`;
  writeFileSync(target, await format(text, { ...(await resolveConfig(target)), filepath: target }));
  console.error(
    `Written: ${sorted.length} findings, ${oracles.size} with a second opinion, to ${path.relative(process.cwd(), target)}.`,
  );
} catch (error) {
  console.error(`witnesses: ${error.message}`);
  process.exitCode = 1;
}
