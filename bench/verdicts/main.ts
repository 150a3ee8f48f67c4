/** The command: makes the cases, has every checker judge them, counts and prints. */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import Table from 'cli-table3';
import { print } from './composition.js';
import { caseOf, ERRORS, makeCase, STRATA, type Case, type Rejections, type Stratum } from './generate.js';
import { columnOf, outcomeOf, type Answer } from './judge.js';
import { askPeers } from './peers.js';
import { distanceToReference, prepare } from './tensorflow.js';
import { isPassed } from '../../src/gradcheck/report/describe.js';
import { selectBackend } from '../../src/backends/select.js';
import type { GradcheckOptions, GradcheckReport } from '../../src/gradcheck/report/report.js';

const USAGE = `npm run bench -- verdicts [options]
  --right N        right gradients a stratum (100); strata of large inputs take a part of it
  --falsified N    falsified ones a stratum (100)
  --seed S         (1)
  --strata a,b     of ${Object.keys(STRATA).join(', ')}
  --modes a,b      full, fast
  --no-peers       without PyTorch and JAX
  --peers-most N   the first N right and N falsified ones of a stratum go to the peers too (all)
  --case ID        judges one case, as printed with every failure, and prints its expression and diagnosis
  --source         judges src/ instead of the build
  --list           prints each case's verdicts
  --json           prints numbers instead of tables`;

/** The part of --right and --falsified that a stratum of larger inputs takes. */
const SHARE: Partial<Record<Stratum, number>> = { medium: 0.2, 'spread-medium': 0.2, large: 0.06 };
/** Above so many entries no checker compares entry by entry: it would take hours. */
export const MOST_ENTRY_BY_ENTRY = 2048;
/** TensorFlow.js' own gradient may be off by so much of an entry. */
const AGREEMENT = 1e-10;

type Gradcheck = (
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  options?: GradcheckOptions,
) => Promise<GradcheckReport>;

export interface Row {
  stratum: Stratum;
  checker: string;
  right: number;
  falsified: number;
  falseAlarms: string[];
  kinks: number;
  undecidedRight: string[];
  undecidedFalsified: string[];
  /** By size of error, and by form. */
  misses: Record<string, { of: number; missed: string[] }>;
  evaluations: number;
  seconds: number;
}

const entriesOf = ({ composition }: Case): number =>
  composition.inputs.reduce((sum, { values }) => sum + values.length, 0);

export async function main(args: string[]): Promise<number> {
  const { values: options } = parseArgs({
    args,
    options: {
      right: { type: 'string', default: '100' },
      falsified: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      strata: { type: 'string', default: Object.keys(STRATA).join(',') },
      modes: { type: 'string', default: 'full,fast' },
      'no-peers': { type: 'boolean', default: false },
      'peers-most': { type: 'string', default: 'Infinity' },
      case: { type: 'string' },
      source: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const strata = options.strata.split(',') as Stratum[];
  const modes = options.modes.split(',') as ('full' | 'fast')[];
  const [right, falsified, seed] = [options.right, options.falsified, options.seed].map(Number);
  const unknown = [
    ...strata.filter((name) => !Object.hasOwn(STRATA, name)),
    ...modes.filter((mode) => !['full', 'fast'].includes(mode)),
    ...[right, falsified, seed].filter((n) => !Number.isSafeInteger(n)),
  ];
  if (unknown.length > 0) {
    console.error(`verdicts: ${unknown.join(', ')} is not known.\n${USAGE}`);
    return 2;
  }
  const { gradcheck } = (await import(
    options.source ? '../../src/index.js' : ('../../dist/index.js' as string)
  )) as {
    gradcheck: Gradcheck;
  };
  await selectBackend('cpu');
  if (options.case !== undefined) return explainCase(gradcheck, options.case, modes);

  const rows: Row[] = [];
  const rejections: Rejections = new Map();
  const differing: string[] = [];
  for (const stratum of strata) {
    const counts = [right, falsified].map((n) => Math.ceil(n * (SHARE[stratum] ?? 1)));
    const answers = new Map<string, Map<Case, Answer>>();
    const cases: Case[] = [];
    const forPeers: Case[] = [];
    for (const [said, count] of counts.entries()) {
      for (let index = 0; index < count; index++) {
        progress(`${stratum}: ${said === 0 ? 'right' : 'falsified'} ${index + 1} of ${count}`);
        const one = makeCase(stratum, seed, index, said === 1, rejections);
        const distance = distanceToReference(one.composition, one);
        if (distance > AGREEMENT) {
          differing.push(`${one.id} (${distance.toExponential(1)})`);
          continue;
        }
        cases.push(one);
        if (index < Number(options['peers-most'])) forPeers.push(one);
        for (const mode of modes) {
          if (mode === 'full' && entriesOf(one) > MOST_ENTRY_BY_ENTRY) continue;
          note(answers, `gradparity, ${mode}`, one, (await judge(gradcheck, one, mode)).answer);
        }
        if (options.list) {
          const verdicts = [...answers].map(([checker, all]) => `${checker}: ${all.get(one)?.said ?? '–'}`);
          console.log(`${one.id}  ${words(one)}  ${verdicts.join('  ')}`);
        }
      }
    }
    if (!options['no-peers'] && forPeers.length > 0) {
      for (const { checker, one, answer } of await askPeers(forPeers, MOST_ENTRY_BY_ENTRY, (done) =>
        progress(`${stratum}: PyTorch and JAX ${done} of ${forPeers.length}`),
      )) {
        note(answers, checker, one, answer);
      }
    }
    for (const [checker, all] of answers) rows.push(count(stratum, checker, all));
  }
  progress('');
  const result = {
    schemaVersion: 1,
    benchmark: 'verdicts',
    seed,
    thrownAway: Object.fromEntries(rejections),
    tensorflowDiffers: differing,
    rows,
  };
  if (options.json) console.log(JSON.stringify(result, null, 2));
  else printTables(result);
  return 0;
}

function note(answers: Map<string, Map<Case, Answer>>, checker: string, one: Case, answer: Answer): void {
  if (!answers.has(checker)) answers.set(checker, new Map());
  answers.get(checker)!.set(one, answer);
}

async function judge(
  gradcheck: Gradcheck,
  one: Case,
  mode: 'full' | 'fast',
): Promise<{ answer: Answer; diagnosis: string[] }> {
  const { f, inputs, dispose } = prepare(one);
  const started = performance.now();
  try {
    const report = await gradcheck(f, inputs, { mode });
    const { verdict: said, evaluations, diagnosis } = report;
    const seconds = (performance.now() - started) / 1000;
    return { answer: { said, passed: isPassed(report), evaluations, seconds }, diagnosis };
  } catch (error) {
    const seconds = (performance.now() - started) / 1000;
    return {
      answer: { said: 'threw', passed: false, evaluations: 0, seconds },
      diagnosis: [String(error)],
    };
  } finally {
    dispose();
  }
}

const words = ({ falsification }: Case): string => {
  if (!falsification) return 'right';
  const { kind, error, input, range } = falsification;
  const where = input === null ? '' : ` of x${input}${range ? ` from ${range[0]} up to ${range[1]}` : ''}`;
  return `${kind}${where}${['entry', 'row', 'everywhere'].includes(kind) ? ` by ${error}` : ''}`;
};

async function explainCase(gradcheck: Gradcheck, id: string, modes: ('full' | 'fast')[]): Promise<number> {
  let one: Case;
  try {
    one = caseOf(id);
  } catch (error) {
    console.error(`verdicts: ${(error as Error).message}`);
    return 2;
  }
  console.log(`${id}: ${words(one)}\n${print(one.composition)}`);
  one.reference.forEach((g, i) => {
    console.log(`gradient by x${i}: ${Array.from(g.slice(0, 24)).join(', ')}${g.length > 24 ? ', …' : ''}`);
  });
  const distance = distanceToReference(one.composition, one);
  console.log(`TensorFlow.js’ own gradient in doubles is off by ${distance.toExponential(1)} of an entry.`);
  for (const mode of modes) {
    if (mode === 'full' && entriesOf(one) > MOST_ENTRY_BY_ENTRY) continue;
    const { answer, diagnosis } = await judge(gradcheck, one, mode);
    console.log(
      `\n${mode}: ${answer.said}, ${outcomeOf(one, answer)}; ${answer.evaluations} evaluations, ${answer.seconds.toFixed(2)} s`,
    );
    for (const sentence of diagnosis) console.log(`  ${sentence}`);
  }
  return 0;
}

function count(stratum: Stratum, checker: string, answers: Map<Case, Answer>): Row {
  const row: Row = {
    stratum,
    checker,
    right: 0,
    falsified: 0,
    falseAlarms: [],
    kinks: 0,
    undecidedRight: [],
    undecidedFalsified: [],
    misses: {},
    evaluations: 0,
    seconds: 0,
  };
  for (const [one, answer] of answers) {
    const { said, evaluations, seconds } = answer;
    row.evaluations += evaluations;
    row.seconds += seconds;
    const outcome = outcomeOf(one, answer);
    if (one.falsification) {
      row.falsified++;
      const column = (row.misses[columnOf(one.falsification)] ??= { of: 0, missed: [] });
      column.of++;
      if (outcome === 'miss') column.missed.push(one.id);
      if (outcome === 'undecided') row.undecidedFalsified.push(one.id);
    } else {
      row.right++;
      if (said === 'kink') row.kinks++;
      if (outcome === 'false alarm') row.falseAlarms.push(one.id);
      if (outcome === 'undecided') row.undecidedRight.push(one.id);
    }
  }
  return row;
}

const COLUMNS = [...ERRORS.map((error) => error.toExponential(0)), 'sign', 'transposed', 'dy ignored'];

function printTables({
  rows,
  thrownAway,
  tensorflowDiffers,
}: {
  rows: Row[];
  thrownAway: Record<string, number>;
  tensorflowDiffers: string[];
}): void {
  const style = { head: [], border: [], compact: true };
  const table = new Table({
    head: ['stratum', 'checker', 'right', 'false alarms', 'kink', 'undecided', 'evaluations', 'seconds'],
    style,
  });
  const misses = new Table({ head: ['stratum', 'checker', 'falsified', ...COLUMNS, 'undecided'], style });
  for (const row of rows) {
    table.push([
      row.stratum,
      row.checker,
      row.right,
      row.falseAlarms.length,
      row.kinks,
      row.undecidedRight.length,
      row.evaluations,
      row.seconds.toPrecision(3),
    ]);
    misses.push([
      row.stratum,
      row.checker,
      row.falsified,
      ...COLUMNS.map((column) => {
        const { of, missed } = row.misses[column] ?? { of: 0, missed: [] };
        return of === 0 ? '–' : `${missed.length}/${of}`;
      }),
      row.undecidedFalsified.length,
    ]);
  }
  console.log('Right gradients: how many are called wrong; evaluations and seconds of all cases together.');
  console.log(table.toString());
  console.log(
    'Falsified gradients: how many are called right, by the relative size of the error or its form.',
  );
  console.log(misses.toString());
  const thrown = Object.entries(thrownAway).map(([why, n]) => `${n} for ${why}`);
  console.log(`Compositions thrown away while they were made: ${thrown.join('; ') || 'none'}.`);
  console.log(
    `Cases left out because TensorFlow.js’ own gradient differs from the reference by more than ${AGREEMENT}: ${tensorflowDiffers.join(', ') || 'none'}.`,
  );
  const failures = (of: (row: Row) => string[]) =>
    rows
      .filter(({ checker }) => checker.startsWith('gradparity'))
      .flatMap((row) => of(row).map((id) => `  ${id}  (${row.checker})`));
  for (const [what, list] of [
    ['False alarms', failures((row) => row.falseAlarms)],
    ['Misses', failures((row) => Object.values(row.misses).flatMap(({ missed }) => missed))],
    ['Undecided', failures((row) => [...row.undecidedRight, ...row.undecidedFalsified])],
  ] as const) {
    if (list.length > 0) console.log(`${what} (look at one with --case ID):\n${list.join('\n')}`);
  }
}

let shown = 0;

/** On a terminal only: one line that is written over. */
function progress(text: string): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r${text.padEnd(shown)}`);
  shown = text.length;
  if (text === '') process.stderr.write('\r');
}
