/** One pass from its opening to what was found: every entry compared, or projections and what they led to. */
import type { Random } from '../../random.js';
import type { GradcheckMode } from '../report/report.js';
import { projectAll, type Projections } from './fast.js';
import { compareAtOnce, compareEntry, type Entry, type Memory } from './judge.js';
import { pairAt, quotient } from './line.js';
import {
  closePass,
  coordinateLine,
  directionLine,
  openPass,
  repeatedVjp,
  requireSameGradient,
  type Pass,
} from './pass.js';
import { largestIn, nondeterministic, slackOf } from './repeats.js';
import type { Subject } from './subject.js';
import type { Tolerance } from './tolerance.js';

/** Up to so many entries, in all inputs together, every one can be compared. */
export const FULL_LIMIT = 2048;

/** Entries of each input that are compared one by one to explain an error that the fast mode found. */
const SAMPLE = 12;

/** Calls of f at its inputs by which one that draws random numbers now and then is told from a wrong gradient. */
const CALLS = 8;

export interface Findings {
  pass: Pass;
  /** By active input, in order. */
  entries: Entry[][];
  /** In fast mode. */
  projections?: Projections;
}

export interface Examination {
  mode: GradcheckMode;
  tolerance: Tolerance;
  random: Random;
  signal?: AbortSignal;
}

/** Examines one order of a subject. */
export async function examine(
  subject: Subject,
  order: 1 | 2,
  { mode, tolerance, random, signal }: Examination,
): Promise<Findings> {
  await turn(signal);
  const pass = openPass(subject, order, random);
  if (order === 1) requireConnected(pass);
  const run = <T>(work: Generator<void, T>): Promise<T> => drive(pass, work, signal);
  const sizes = subject.active.map(({ values }) => values.length);
  const projections = mode === 'fast' ? await run(projectAll(pass, tolerance)) : undefined;
  const entries = projections?.entries ?? sizes.map((): Entry[] => []);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const isOff = entries.some((found) => found.some(isWrong));
  for (const [input, size] of sizes.entries()) {
    const isOpen = !isOff && (projections?.unresolved[input] || projections?.moreKinks[input]);
    if (projections && !(isOpen && total <= FULL_LIMIT)) continue;
    entries[input] = await run(compareEach(pass, input, range(size), tolerance, compareEntry));
    if (!projections) continue;
    projections.unresolved[input] = false;
    projections.moreKinks[input] = false;
  }
  const isOpen = projections?.unresolved.some(Boolean) ?? false;
  const isRight = !isOpen && entries.every((found) => found.every(({ state }) => state === 'right'));
  closePass(pass, isRight ? 1 : CALLS);
  for (const [input, found] of entries.entries()) {
    const wrong = found.find(({ state }) => state === 'wrong');
    if (wrong) requireRepeated(pass, input, wrong);
  }
  if (projections && isOff) {
    for (const [input, size] of sizes.entries()) {
      if (projections.settled[input] && entries[input].length === 0) continue;
      const seen = new Set(entries[input].map(({ j }) => j));
      const more = random.sample(size, SAMPLE).filter((j) => !seen.has(j));
      // To explain what was found, those are enough that a first look settles.
      entries[input].push(...(await run(compareEach(pass, input, more, tolerance, compareAtOnce))));
    }
  }
  for (const found of entries) found.sort((a, b) => a.j - b.j);
  return { pass, entries, projections };
}

const isWrong = ({ state }: Entry): boolean => state === 'wrong' || state === 'nonFinite';

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Compares entries of an input; `compare` gives nothing for an entry that is to be left out. */
function* compareEach(
  pass: Pass,
  input: number,
  indices: readonly number[],
  tolerance: Tolerance,
  compare: typeof compareAtOnce,
): Generator<void, Entry[]> {
  const memory: Memory = { shortFirst: false };
  const entries: Entry[] = [];
  for (const j of indices) {
    const entry = compare(pass, input, j, tolerance, memory);
    if (entry) entries.push(entry);
    yield;
  }
  return entries;
}

/** Steps at which a difference quotient is computed again, those nearest to the one that it was taken from. */
const REPEATED = 4;

/** Fails where the gradient, or a difference quotient that speaks against it, is another one when it is computed again. */
function requireRepeated(
  pass: Pass,
  input: number,
  { j, q, slopes }: Pick<Entry, 'j' | 'q' | 'slopes'>,
): void {
  const { subject, cotangents, autodiff, outputs } = pass;
  const { name } = subject.active[input];
  subject.work(() => {
    requireSameGradient(subject, input, autodiff[q][input], repeatedVjp(pass, cotangents[q])[input]);
    const line = coordinateLine(pass, input, j);
    const { ladder, t, scale } = slopes[q];
    // Outputs that are the same to within the slack may make a quotient another one by so much.
    const blur = largestIn(outputs) * cotangents[q].reduce((sum, weight) => sum + Math.abs(weight), 0);
    const isSame = (one: number, other: number, t: number): boolean =>
      one === other || !(Math.abs(one - other) > slackOf(subject) * (scale + blur / t));
    const steps = [...ladder].sort((a, b) => Math.abs(Math.log(a.t / t)) - Math.abs(Math.log(b.t / t)));
    for (const step of steps.slice(0, REPEATED)) {
      const now = quotient(pairAt(line, step.t), q);
      if (isSame(now, step.quotient, step.t)) continue;
      throw nondeterministic(
        `The function is not deterministic: the difference quotient at entry ${j} of ${name}, computed twice with the same step, is not the same.`,
      );
    }
  });
}

/** Runs work in slices of some milliseconds, with a turn of the event loop in between. */
export async function drive<T>(
  { subject }: Pass,
  work: Generator<void, T>,
  signal?: AbortSignal,
): Promise<T> {
  for (;;) {
    const state: { end?: IteratorReturnResult<T> } = {};
    subject.work(() => {
      const until = performance.now() + 50;
      for (;;) {
        const step = work.next();
        if (step.done) state.end = step;
        if (step.done || performance.now() > until) return;
      }
    });
    if (state.end) return state.end.value;
    await turn(signal);
  }
}

async function turn(signal?: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  signal?.throwIfAborted();
}

/** Steps at which an input that autodiff did not reach is moved as a whole. */
const STEPS = [2 ** -3, 2 ** -10, 2 ** -20];

/** An input that neither autodiff nor f's numbers know of was given by mistake. */
function requireConnected(pass: Pass): void {
  const { subject, unreached, units, random, factors } = pass;
  // What a surrogate says is zero may be so.
  if (subject.reference !== 'f') return;
  subject.work(() => {
    for (const input of unreached) {
      const direction = random.weights(units[input].length).map((weight, j) => weight * units[input][j]);
      const line = directionLine(
        pass,
        subject.active.map((_, i) => (i === input ? direction : null)),
      );
      // A place where f throws or is not finite is one that it looks at.
      const isMoved = STEPS.some((step) => {
        const { change, size } = line.at(step * factors[0]);
        return Number.isNaN(change[0]) || size.some((amount) => amount !== 0);
      });
      if (!isMoved) {
        throw subject.disconnected(subject.active[input]);
      }
    }
  });
}
