/**
 * `npm run witnesses`: asks TensorFlow for Python about every case of the sweep, forward and backward, and writes its answers to
 * witnesses/, a file a family. Then it sweeps with TensorFlow at hand, and writes the smallest case of each finding, with what
 * TensorFlow says of it, to witnesses/findings.json. `-- --findings report.json` takes the findings of that report
 * (`gradparity sweep --report`) instead, and asks about them alone; `-- --cases` asks about the cases alone, and
 * `-- --cases --families optimizers,pairs` about those of these families.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { optionsOf } from './options.mjs';
import { setup } from './setup.mjs';
import { pythonEnvironment } from './python-environment.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
/** The committed tables are of this seed, as the committed report is. */
const SEED = 1;

/** JSON has no NaN and no Infinity: their names. */
const rounded = (digits) => (value) =>
  Number.isFinite(Number(value)) ? Number(Number(value).toPrecision(digits)) : String(Number(value));
const answered = ({ composed, forward, shape, gradients, second }, digits) => {
  const numbers = (list) => list && list.map(rounded(digits));
  const eachOf = (lists) =>
    Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, numbers(list)]));
  return {
    ...(composed && { composed }),
    forward: numbers(forward),
    shape,
    gradients: eachOf(gradients),
    ...(second && { second: eachOf(second) }),
  };
};

/** An entry a line. */
const writeLines = (name, before, entries, after) =>
  writeFileSync(
    here(`../witnesses/${name}.json`),
    `${before}\n${entries.map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`).join(',\n')}\n${after}\n`,
  );

/** What TensorFlow answers; errors of TensorFlow are said on stderr. */
function ask(python, cases) {
  const { stdout, status } = spawnSync(python, [here('../witnesses/ask.py')], {
    input: JSON.stringify({ cases }),
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', PYTHONDONTWRITEBYTECODE: '1' },
  });
  if (status !== 0) throw new Error(`ask.py ended with exit code ${status}`);
  const { by, cases: answers } = JSON.parse(stdout);
  for (const { key, error } of answers) if (error) console.error(`  no answer on ${key}: ${error}`);
  return { by, answers: answers.filter(({ error }) => !error) };
}

async function askAboutCases(python, families) {
  const { sweepCases } = await import('../dist/sweep/cases/index.js');
  const { questionOf } = await import('../dist/sweep/run/tensorflow.js');
  const { digestOfCase } = await import('../dist/sweep/judgement/oracle.js');
  const { outputsOf } = await import('../dist/sweep/observation/double.js');
  const all = sweepCases(SEED);
  const names = new Set(all.map(({ family }) => family));
  const unknown = families?.find((family) => !names.has(family));
  if (unknown !== undefined) {
    throw new Error(
      `--families: there is no family ${JSON.stringify(unknown)}, but ${[...names].join(', ')}.`,
    );
  }
  const cases = all.filter(({ family }) => families?.includes(family) ?? true);
  console.error(`Asking TensorFlow for Python about ${cases.length} cases …`);
  const questions = cases.map((one) => questionOf(one.id, { ...one, order: 1 }, outputsOf(one)));
  const { by, answers } = ask(python, questions);
  const byId = new Map(answers.map((answer) => [answer.key, answer]));
  for (const family of new Set(cases.map((one) => one.family))) {
    const entries = cases.flatMap((one) => {
      const answer = byId.get(one.id);
      if (one.family !== family || !answer) return [];
      const digest = digestOfCase(one, answer.forward.length);
      return [[one.id, { digest, ...answered(answer, 7) }]];
    });
    writeLines(
      family.replaceAll(' ', '-'),
      `{"by": ${JSON.stringify(by)}, "seed": ${SEED}, "cases": {`,
      entries,
      '}}',
    );
  }
  console.error(`Written: answers on ${answers.length} of ${cases.length} cases.`);
}

function sweepNow(python) {
  const folder = mkdtempSync(path.join(tmpdir(), 'gradparity-witnesses-'));
  try {
    const file = path.join(folder, 'report.json');
    const journal = path.join(folder, 'journal.jsonl');
    const main = here('../dist/cli/main.js');
    const options = ['--seed', SEED, '--report', file, '--journal', journal, '--tensorflow', python];
    spawnSync(process.execPath, [main, 'sweep', ...options.map(String)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return JSON.parse(readFileSync(file, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function askAboutFindings(python, report) {
  const { questionOf } = await import('../dist/sweep/run/tensorflow.js');
  // A report's NaN and Infinity are null in JSON: such a case is shown as it is, not by a smaller one.
  const isWhole = ({ repro }) =>
    Object.values(repro.inputs).every(({ values }) => values.every((value) => value !== null));
  const entries = report.findings.filter(isWhole).map(({ direction, repro, ...finding }) => {
    const { inputs, expression, cotangent, plainSecond, kink, entrywise, pair } = repro;
    const order = direction === 'second order' ? 2 : 1;
    return [finding.id, { inputs, expression, cotangent, plainSecond, kink, entrywise, pair, order }];
  });
  const asked = report.findings.filter(
    ({ kind, repro, ...finding }) =>
      isWhole({ ...finding, repro }) &&
      !['hangs', 'crashes', 'leaks', 'kernel missing'].includes(kind) &&
      repro.cotangent.length > 0,
  );
  console.error(`Asking TensorFlow for Python about ${asked.length} findings …`);
  const byId = new Map(entries);
  // What multiplies the gradients in the second order is random by the case's own id.
  const questions = asked.map(({ id, first, repro }) =>
    questionOf(id, { id: first, ...byId.get(id) }, repro.cotangent.length),
  );
  const { by, answers } = ask(python, questions);
  const oracles = new Map(answers.map((answer) => [answer.key, { by, ...answered(answer, 10) }]));
  const lines = entries.map(([id, one]) => [id, { case: one, oracle: oracles.get(id) }]);
  writeLines(
    'findings',
    '{',
    lines.sort(([a], [b]) => (a < b ? -1 : 1)),
    '}',
  );
  console.error(`Written: ${lines.length} findings, ${oracles.size} with TensorFlow's numbers.`);
}

const { values } = optionsOf('witnesses', {
  findings: { type: 'string' },
  cases: { type: 'boolean' },
  families: { type: 'string' },
});
try {
  if (values.families !== undefined && !values.cases) throw new Error('--families goes with --cases.');
  await setup();
  const python = pythonEnvironment(here('../witnesses/requirements.txt'));
  if (values.findings === undefined) await askAboutCases(python, values.families?.split(','));
  if (!values.cases) {
    const { findings } = values;
    await askAboutFindings(
      python,
      findings === undefined ? sweepNow(python) : JSON.parse(readFileSync(findings, 'utf8')),
    );
  }
} catch (error) {
  console.error(`witnesses: ${error.message}`);
  process.exitCode = 1;
}
