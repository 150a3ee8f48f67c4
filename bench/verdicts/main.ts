/** The command: makes the cases, has every checker judge them, counts and prints. */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { print } from './composition.js';
import { caseOf, makeCase, type Case, type Rejections } from './cases.js';
import { STRATA, type Stratum } from './strata.js';
import { outcomeOf, type Answer } from './judge.js';
import { askPeers } from './peers.js';
import { failures, tables, wordsFor, type Row } from './tables.js';
import { distanceToReference, prepare } from './tensorflow.js';
import { optionsOf } from '../../scripts/options.mjs';
import { isPassed } from '../../src/gradcheck/report/describe.js';
import { selectBackend } from '../../src/backends/select.js';
import type { GradcheckOptions, GradcheckReport } from '../../src/gradcheck/report/report.js';

const USAGE = `npm run bench -- verdicts [options]
  --right N        right gradients a stratum (48); strata of large inputs take a part of it
  --falsified N    falsified ones a stratum (48)
  --seed S         (1)
  --most-seconds N how long gradcheck may take for one case; after that the case is undecided (60)
  --strata a,b     of ${Object.keys(STRATA).join(', ')}
  --modes a,b      full, fast
  --no-peers       without PyTorch and JAX
  --peers-most N   the first N right and N falsified ones of a stratum go to the peers too (all)
  --case ID        judges one case, as printed with every failure, and prints its expression and diagnosis
  --source         judges src/ instead of the build
  --list           prints each case's verdicts
  --json           prints numbers instead of tables`;

/** The part of --right and --falsified that a stratum of larger inputs takes. */
const SHARE: Partial<Record<Stratum, number>> = { medium: 0.1, 'spread-medium': 0.1, large: 0.1 };
/** Above so many entries no checker compares entry by entry: it would take hours. */
export const MOST_ENTRY_BY_ENTRY = 2048;
/** TensorFlow.js' own gradient may be off by so much of an entry. */
const AGREEMENT = 1e-10;

type Gradcheck = (
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  options?: GradcheckOptions,
) => Promise<GradcheckReport>;

const entriesOf = ({ composition }: Case): number =>
  composition.inputs.reduce((sum, { values }) => sum + values.length, 0);

export async function main(): Promise<number> {
  const { values: options } = optionsOf(
    'verdicts',
    {
      right: { type: 'string', default: '48' },
      falsified: { type: 'string', default: '48' },
      seed: { type: 'string', default: '1' },
      'most-seconds': { type: 'string', default: '60' },
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
    { hint: `\n${USAGE}` },
  );
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const strata = options.strata.split(',') as Stratum[];
  const modes = options.modes.split(',') as ('full' | 'fast')[];
  const [right, falsified, seed, mostSeconds] = [
    options.right,
    options.falsified,
    options.seed,
    options['most-seconds'],
  ].map(Number);
  const unknown = [
    ...strata.filter((name) => !Object.hasOwn(STRATA, name)),
    ...modes.filter((mode) => !['full', 'fast'].includes(mode)),
    ...[right, falsified, seed, mostSeconds].filter((n) => !Number.isSafeInteger(n)),
  ];
  if (unknown.length > 0) {
    console.error(`verdicts: ${unknown.join(', ')} is not known.\n${USAGE}`);
    return 2;
  }
  const { gradcheck } = (await import(options.source ? '../../src/index.js' : '../../dist/index.js')) as {
    gradcheck: Gradcheck;
  };
  await selectBackend('cpu');
  if (options.case !== undefined) return explainCase(gradcheck, options.case, modes, mostSeconds);

  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  let peerVersions: Record<string, string> = {};
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
          note(answers, `gradparity, ${mode}`, one, (await judge(gradcheck, one, mode, mostSeconds)).answer);
        }
        if (options.list) {
          const verdicts = [...answers].map(([checker, all]) => `${checker}: ${all.get(one)?.said ?? '–'}`);
          console.log(`${one.id}  ${wordsFor(one.falsification)}  ${verdicts.join('  ')}`);
        }
      }
    }
    if (!options['no-peers'] && forPeers.length > 0) {
      const peers = await askPeers(forPeers, MOST_ENTRY_BY_ENTRY, (done) =>
        progress(`${stratum}: PyTorch and JAX ${done} of ${forPeers.length}`),
      );
      peerVersions = peers.versions;
      for (const { checker, one, answer } of peers.answers) {
        note(answers, checker, one, answer);
      }
    }
    for (const [checker, all] of answers) {
      const judged = [...all].map(([one, answer]) => ({
        id: one.id,
        ...(one.falsification && { falsification: one.falsification }),
        ...answer,
        outcome: outcomeOf(one, answer),
      }));
      rows.push({ stratum, checker, judged });
    }
  }
  progress('');
  const thrownAway = Object.fromEntries(rejections);
  const versions = { gradparity: version, tfjs: tf.version.tfjs, node: process.version, ...peerVersions };
  if (options.json) {
    const head = { schemaVersion: 1, benchmark: 'verdicts', versions, seed };
    console.log(JSON.stringify({ ...head, thrownAway, tensorflowDiffers: differing, rows }, null, 2));
    return 0;
  }
  console.log(tables(rows));
  const thrown = Object.entries(thrownAway).map(([why, n]) => `${n} for ${why}`);
  console.log(`Compositions thrown away while they were made: ${thrown.join('; ') || 'none'}.`);
  console.log(
    `Cases left out because TensorFlow.js’ own gradient differs from the reference by more than ${AGREEMENT}: ${differing.join(', ') || 'none'}.`,
  );
  console.log(
    Object.entries(versions)
      .map((pair) => pair.join(' '))
      .join(', '),
  );
  const failed = failures(rows);
  if (failed !== '') console.log(failed);
  return 0;
}

function note(answers: Map<string, Map<Case, Answer>>, checker: string, one: Case, answer: Answer): void {
  const ofChecker = answers.get(checker) ?? new Map<Case, Answer>();
  answers.set(checker, ofChecker.set(one, answer));
}

async function judge(
  gradcheck: Gradcheck,
  one: Case,
  mode: 'full' | 'fast',
  mostSeconds: number,
): Promise<{ answer: Answer; diagnosis: string[] }> {
  const { f, inputs, dispose } = prepare(one);
  const started = performance.now();
  const signal = AbortSignal.timeout(mostSeconds * 1000);
  try {
    const report = await gradcheck(f, inputs, { mode, signal });
    const { verdict: said, evaluations, diagnosis } = report;
    const seconds = (performance.now() - started) / 1000;
    return { answer: { said, passed: isPassed(report), evaluations, seconds }, diagnosis };
  } catch (error) {
    const seconds = (performance.now() - started) / 1000;
    return {
      answer: { said: signal.aborted ? 'no answer' : 'threw', passed: false, evaluations: 0, seconds },
      diagnosis: [String(error)],
    };
  } finally {
    dispose();
  }
}

async function explainCase(
  gradcheck: Gradcheck,
  id: string,
  modes: ('full' | 'fast')[],
  mostSeconds: number,
): Promise<number> {
  let one: Case;
  try {
    one = caseOf(id);
  } catch (error) {
    console.error(`verdicts: ${(error as Error).message}`);
    return 2;
  }
  console.log(`${id}: ${wordsFor(one.falsification)}\n${print(one.composition)}`);
  one.reference.forEach((g, i) => {
    console.log(`gradient by x${i}: ${Array.from(g.slice(0, 24)).join(', ')}${g.length > 24 ? ', …' : ''}`);
  });
  const distance = distanceToReference(one.composition, one);
  console.log(`TensorFlow.js’ own gradient in doubles is off by ${distance.toExponential(1)} of an entry.`);
  for (const mode of modes) {
    if (mode === 'full' && entriesOf(one) > MOST_ENTRY_BY_ENTRY) continue;
    const { answer, diagnosis } = await judge(gradcheck, one, mode, mostSeconds);
    console.log(
      `\n${mode}: ${answer.said}, ${outcomeOf(one, answer)}; ${answer.evaluations} evaluations, ${answer.seconds.toFixed(2)} s`,
    );
    for (const sentence of diagnosis) console.log(`  ${sentence}`);
  }
  return 0;
}

let shown = 0;

/** On a terminal only: one line that is written over. */
function progress(text: string): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r${text.padEnd(shown)}`);
  shown = text.length;
  if (text === '') process.stderr.write('\r');
}
