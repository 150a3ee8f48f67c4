/**
 * `npm run faults`: the list of TensorFlow.js' ops whose gradient is known to be wrong, missing or to throw, by which a gradient
 * check tells whose mistake it found. It is made from docs/tfjs-gradients.known.json: the smallest case of each finding runs once
 * more, to see which op of its tape is at fault. Writes src/gradcheck/diagnosis/tfjs-faults.json; with `-- --check` it fails
 * where that file would change.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildIfNeeded } from './build.mjs';
import { formatted } from './formatted.mjs';
import { optionsOf } from './options.mjs';

const { values: options } = optionsOf('known-faults', { check: { type: 'boolean' } });

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const target = here('../src/gradcheck/diagnosis/tfjs-faults.json');

buildIfNeeded();
const { gradientOf, Subject } = await import('../dist/gradcheck/engine/index.js');
const { writeFileWhole } = await import('../dist/files/write.js');
const { randomFrom } = await import('../dist/random.js');
const { run } = await import('../dist/sweep/cases/expression.js');
const { applyFixes, FIXES, removeFixes } = await import('../dist/fixes/public.js');
const { fixtures } = await import('../dist/sweep/explanation/witness.js');

/** What a kind of finding is for a user: the other kinds are no matter of gradients, or come to no report. */
const kinds = {
  formula: 'wrong',
  kernel: 'wrong',
  'no-gradient': 'missing',
  throws: 'throws',
  limitation: 'throws',
};

/** Ops that other ops call for shapes and dtypes, and that are right where they are not alone. */
const helpers = ['Cast', 'Reshape', 'Identity', 'Add', 'Transpose'];

const typed = { float32: Float64Array, int32: Int32Array, bool: Uint8Array };

function subjectOf({ inputs, expression }) {
  const names = Object.keys(inputs);
  return new Subject(
    (tensors) => run(expression, Object.fromEntries(names.map((name, i) => [name, tensors[i]]))),
    names.map((name, index) => {
      const { shape, dtype, constant, values } = inputs[name];
      const active = dtype === 'float32' && !constant;
      return { index, name, shape, dtype, active, values: typed[dtype].from(values) };
    }),
    'float64',
  );
}

/** The op at whose gradient a case fails, or the only one that it has, or the one that has the finding's name. */
function opAtFault(fixture, name, kind, order) {
  const subject = subjectOf(fixture.case);
  return subject.work(() => {
    let steps = [];
    try {
      subject.evaluateGuarded();
      ({ steps } = subject.recording());
      if (order === 1) differentiate(subject);
    } catch (error) {
      if (error.op !== undefined) return error.op;
    }
    // What TensorFlow.js loses by its tape's order is seen on the tape itself.
    if (order === 2 && kind === 'wrong' && isLostByOrder(subject)) return undefined;
    const ops = [...new Set(steps.map(({ op }) => op))];
    const own = ops.length === 1 ? ops : ops.filter((op) => !helpers.includes(op));
    const [last] = name.replace(/-\(.+/, '').split('.').slice(-1);
    return own.length === 1 ? own[0] : own.find((op) => op === last);
  });
}

const differentiate = (subject) =>
  subject.vjp(subject.evaluateGuarded().map((output) => output.map(() => 1)));

function isLostByOrder(subject) {
  try {
    const second = gradientOf(subject, randomFrom(1).weights);
    second.evaluateGuarded();
    return second.recording().late.length > 0;
  } catch {
    return false;
  }
}

/** The gradient that the smallest case of a finding gives, or that of its gradient; undefined where it throws. */
function outcomeOf(fixture, order) {
  const subject = subjectOf(fixture.case);
  return subject.work(() => {
    try {
      subject.evaluateGuarded();
      const differentiated = order === 1 ? subject : gradientOf(subject, randomFrom(1).weights);
      return JSON.stringify(
        differentiated.vjp(differentiated.evaluateGuarded().map((output) => output.map((_, i) => 1 + i / 7))),
      );
    } catch {
      return undefined;
    }
  });
}

/** Whether the fixes mend it: a gradient in the place of an error, or another one. A kernel's fault by a kernel in its place. */
function isMended(fixture, { op, order, kind, backend }) {
  if (backend !== 'core') {
    return FIXES.some(({ kernels = [] }) =>
      kernels.some(
        ({ backendName, kernelName }) =>
          backendName === backend && kernelName.replace('_', '').startsWith(op),
      ),
    );
  }
  const stock = outcomeOf(fixture, order);
  applyFixes();
  const mended = outcomeOf(fixture, order);
  removeFixes();
  return mended !== undefined && (kind !== 'wrong' || mended !== stock);
}

const { tfjs, findings } = JSON.parse(readFileSync(here('../docs/tfjs-gradients.known.json'), 'utf8'));
const faults = new Map();
// Two ways of computing the same are of several ops: each op has a finding of its own.
for (const finding of findings.filter((id) => !id.includes('-(as-'))) {
  const [name, kind, backend, direction] = finding.split('/');
  const fixture = fixtures()[finding];
  if (!(kind in kinds) || direction === 'forward' || !fixture) continue;
  const order = direction === 'backward' ? 1 : 2;
  const op = opAtFault(fixture, name, kinds[kind], order);
  if (op === undefined) continue;
  const [, variant] = /-\((.+)\)$/.exec(name) ?? [];
  const when = variant?.replaceAll('-', ' ');
  const key = [op, order, kinds[kind], backend].join();
  const before = faults.get(key);
  // A fault that has no condition makes those with one superfluous.
  if (before === undefined || (before.when !== undefined && when === undefined)) {
    const fault = { op, order, kind: kinds[kind], backend, ...(when && { when }) };
    faults.set(key, { ...fault, ...(isMended(fixture, fault) && { mended: true }), finding });
  }
}
const list = [...faults.values()].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
const text = await formatted(target, JSON.stringify({ tfjs, faults: list }));
if (!options.check) {
  await writeFileWhole(target, text);
  console.log(`${list.length} faults written to ${target}`);
} else if (text !== readFileSync(target, 'utf8')) {
  console.error(
    `known-faults: ${target} is not what docs/tfjs-gradients.known.json gives. Run npm run faults.`,
  );
  process.exitCode = 1;
}
