/** The gradient check: a function's numerical gradient against tf.grad's, in double precision. */
import * as tf from '@tensorflow/tfjs';
import { explain, explainFailure, explainFlat, explainKinks, explainUnseen } from './diagnosis/index.js';
import { DIRECTIONS, projectInput } from './engine/fast.js';
import { compareEntry, largestOf, type Entry, type Memory } from './engine/judge.js';
import {
  closePass,
  coordinateLine,
  openPass,
  tolerances,
  unitsOf,
  type Pass,
  type Tolerance,
} from './engine/pass.js';
import { readOptions, type Settings } from './options.js';
import { randomFrom, type Random } from '../random.js';
import type {
  GradcheckMode,
  GradcheckOptions,
  GradcheckReport,
  InputReport,
  Verdict,
} from './report/report.js';
import {
  coordinateOf,
  GradientFailure,
  Subject,
  type CheckedFunction,
  type CheckedInputs,
} from './engine/subject.js';

/** Up to so many entries, in all inputs together, every one is checked by default. */
export const FULL_LIMIT = 2048;

/** Entries that are compared one by one to explain an error that the fast mode found. */
const SAMPLE = 24;

/**
 * Checks that TensorFlow.js differentiates `f` rightly at `inputs`: its vector-Jacobian products `Σ_k c_k·∂f_k/∂x_i`, for random
 * cotangents c, against differences of f.
 *
 * - f: takes the inputs as tensors and returns a tensor, a list or an object of tensors; it must be synchronous and always
 *   give the same for the same inputs. inputs: a list of tensors or arrays of numbers of any rank, one tensor, or an object of named ones (f then takes
 *   one object). Integer, bool and string tensors, and those named in `constant`, are held fast. f gets copies: nothing of the caller's is changed.
 * - Precision: double by default (`inFloat64`), so that an error of 1e-6 is seen; `native` checks on the backend in use, in float32.
 * - Modes: `full` compares every entry, 6 evaluations for most and 52 for those that are not settled by that; `fast` compares projections on random directions,
 *   4 for each input, and searches for the culprit where one is off. Full is the default up to 2,048 entries.
 * - A difference is let pass up to `rtol` (2^-22 in doubles, 2^-13 natively) times the larger value, plus three times the numerical value's own error
 *   bar, plus the rounding error of autodiff as seen when the inputs move by their last bit.
 * - The verdict `kink` names points where the one-sided derivatives differ: there is no gradient there to be wrong.
 *
 * @returns the report; it never throws because a gradient is wrong
 * @throws InputError where there is nothing to check: f that is no function, throws, returns no tensor of real numbers or does not depend on an input; inputs that
 * are disposed, empty, not finite, or all constant.
 * Sources: PyTorch's gradcheck for the modes; Ridders 1982 for the error bar.
 */
export async function gradcheck(
  f: CheckedFunction,
  inputs: CheckedInputs,
  options: GradcheckOptions = {},
): Promise<GradcheckReport> {
  const settings = readOptions(options);
  return checkSubject(Subject.of(f, inputs, settings), settings);
}

/** Checks what has been read already: a function of tensors with its inputs. */
export async function checkSubject(subject: Subject, settings: Settings): Promise<GradcheckReport> {
  const started = performance.now();
  const entries = subject.active.reduce((sum, { values }) => sum + values.length, 0);
  const mode = settings.mode ?? (entries <= FULL_LIMIT ? 'full' : 'fast');
  const random = randomFrom(settings.seed);
  const subjects = [subject];
  const results: { inputs: InputReport[]; diagnosis: string[] }[] = [];
  let failure: GradientFailure | undefined;
  try {
    results.push(await checkPass(subject, 1, mode, settings, random));
    if (settings.order === 2) {
      const second = gradientOf(subject, random);
      subjects.push(second);
      const { inputs, diagnosis } = await checkPass(second, 2, mode, settings, random);
      results.push({ inputs, diagnosis: diagnosis.map((sentence) => `Second order: ${sentence}`) });
    }
  } catch (error) {
    if (!(error instanceof GradientFailure)) throw error;
    failure = error;
  }
  const reports = results.flatMap(({ inputs }) => inputs);
  const diagnosis = results.flatMap((result) => result.diagnosis);
  if (failure) {
    const order = results.length > 0 ? 2 : 1;
    const said = explainFailure(failure, subject, order);
    diagnosis.unshift(...said.map((sentence) => (order === 2 ? `Second order: ${sentence}` : sentence)));
  }
  return {
    schemaVersion: 1,
    verdict: worstVerdict([...reports.map(({ verdict }) => verdict), ...(failure ? [failure.verdict] : [])]),
    precision: settings.precision,
    backend: settings.precision === 'float64' ? 'float64' : tf.getBackend(),
    mode,
    order: settings.order,
    seed: settings.seed,
    inputs: reports,
    diagnosis,
    evaluations: subjects.reduce((sum, { evaluations }) => sum + evaluations, 0),
    seconds: (performance.now() - started) / 1000,
    ...(mode === 'fast' && { missProbability: 0.5 ** DIRECTIONS }),
  };
}

const severity: readonly Verdict[] = [
  'right',
  'kink',
  'inconclusive',
  'unsupported',
  'nondeterministic',
  'wrong',
];

const worstVerdict = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.reduce(
    (worst, verdict) => (severity.indexOf(verdict) > severity.indexOf(worst) ? verdict : worst),
    'right',
  );

/** The function (x, c) → Σ_k c_k·∂f_k/∂x, whose gradient is the second order. */
export function gradientOf(subject: Subject, random: Random): Subject {
  const count = subject.inputs.length;
  const cotangents = subject.outputShapes!.map((shape, k) => ({
    index: count + k,
    name: subject.outputShapes!.length === 1 ? 'dy' : `dy ${k}`,
    shape,
    dtype: 'float32' as const,
    active: true,
    values: toValues(random.weights(tf.util.sizeFromShape(shape)), subject),
  }));
  return new Subject(
    (tensors) => {
      const gradients = subject.gradients(tensors.slice(0, count), tensors.slice(count));
      const connected = gradients.filter((gradient) => gradient !== null);
      return connected;
    },
    [...subject.inputs, ...cotangents],
    subject.precision,
  );
}

const toValues = (weights: Float64Array, { precision }: Subject): Float64Array | Float32Array =>
  precision === 'float64' ? weights : Float32Array.from(weights);

async function checkPass(
  subject: Subject,
  order: 1 | 2,
  mode: GradcheckMode,
  settings: Settings,
  random: Random,
): Promise<{ inputs: InputReport[]; diagnosis: string[] }> {
  const tolerance = { ...tolerances[settings.precision], ...defined(settings) };
  const pass = openPass(subject, order, random);
  await turn(settings.signal);
  if (order === 1) requireConnected(pass, random);
  const found: Entry[][] = [];
  const notes: string[][] = [];
  const blind: boolean[] = [];
  const projected: { absolute: number; relative: number }[] = [];
  for (let input = 0; input < subject.active.length; input++) {
    const size = subject.active[input].values.length;
    const note: string[] = [];
    let entries: Entry[];
    blind[input] = false;
    if (mode === 'full') {
      entries = await drive(pass, compareAll(pass, input, range(size), tolerance), settings.signal);
    } else {
      const projection = await drive(pass, projectInput(pass, input, tolerance, random), settings.signal);
      entries = projection.entries;
      blind[input] = projection.blind;
      projected[input] = projection;
      if (projection.moreKinks && size <= FULL_LIMIT) {
        entries = await drive(pass, compareAll(pass, input, range(size), tolerance), settings.signal);
      } else if (projection.moreKinks) {
        note.push(
          `There are more kinks than the ${entries.length} found: move the inputs, or check in full mode.`,
        );
        blind[input] = true;
      }
    }
    found.push(entries.sort((a, b) => a.j - b.j));
    notes.push(note);
  }
  closePass(pass);
  const wrong = found.some((entries) =>
    entries.some(({ state }) => state === 'wrong' || state === 'nonFinite'),
  );
  if (wrong && mode === 'fast') {
    for (const [input, entries] of found.entries()) {
      const size = subject.active[input].values.length;
      const seen = new Set(entries.map(({ j }) => j));
      const more = random.sample(size, SAMPLE).filter((j) => !seen.has(j));
      entries.push(...(await drive(pass, compareAll(pass, input, more, tolerance), settings.signal)));
    }
  }
  const diagnosis: string[] = [];
  await drive(
    pass,
    (function* () {
      if (wrong) diagnosis.push(...explain(pass, found));
      yield;
      diagnosis.push(...explainKinks(pass, found));
    })(),
    settings.signal,
  );
  const inputs = subject.active.map((_, i) =>
    reportOf(pass, i, found[i], blind[i], settings.details ?? false, projected[i]),
  );
  const flat = inputs.map((report, i) =>
    order === 1 && report.verdict === 'right' ? explainFlat(pass, i) : undefined,
  );
  diagnosis.push(
    ...notes.flat(),
    ...flat.filter((text) => text !== undefined),
    ...unseen(pass, inputs, found),
  );
  return { inputs, diagnosis };
}

const defined = ({ rtol, atol }: Settings): Partial<Tolerance> => ({
  ...(rtol !== undefined && { rtol, atOnce: Math.min(1e-8, rtol / 4) }),
  ...(atol !== undefined && { atol }),
});

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

function* compareAll(
  pass: Pass,
  input: number,
  indices: readonly number[],
  tolerance: Tolerance,
): Generator<void, Entry[]> {
  const units = unitsOf(pass.subject.active[input]);
  const memory: Memory = { quick: tolerance.quick };
  const entries: Entry[] = [];
  for (const j of indices) {
    entries.push(compareEntry(pass, input, j, units[j], tolerance, memory));
    yield;
  }
  return entries;
}

/** Runs work in slices of some milliseconds, with a turn of the event loop in between. */
async function drive<T>({ subject }: Pass, work: Generator<void, T>, signal?: AbortSignal): Promise<T> {
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

/** An input that neither autodiff nor f's numbers know of was given by mistake. */
function requireConnected(pass: Pass, random: Random): void {
  const { subject, unreached } = pass;
  subject.work(() => {
    for (const input of unreached) {
      const active = subject.active[input];
      const units = unitsOf(active);
      const moved = random.sample(units.length, 64).some((j) => {
        const { size } = coordinateLine(pass, input, j, units[j])(1 / 8);
        return size.some((amount) => amount !== 0);
      });
      if (!moved) {
        throw subject.disconnected(active);
      }
    }
  });
}

function reportOf(
  pass: Pass,
  input: number,
  entries: Entry[],
  blind: boolean,
  details: boolean,
  projected = { absolute: 0, relative: 0 },
): InputReport {
  const { index, name, shape, values } = pass.subject.active[input];
  const at = (j: number): number[] => coordinateOf(j, shape);
  const largest = Math.max(...pass.autodiff.map((_, q) => largestOf(pass, q, input)));
  const errors = entries.map(({ unit, numerical, autodiff, slopes }) => {
    const absolute = Math.abs(numerical - autodiff);
    const scale = Math.max(...slopes.map(({ scale }) => scale)) / unit;
    return {
      absolute,
      relative:
        absolute / (Math.max(Math.abs(numerical), Math.abs(autodiff), 1e-6 * largest, 1e-6 * scale) || 1),
    };
  });
  const kinks = entries.filter(({ state }) => state === 'kink');
  const compared = entries
    .map((entry, i) => ({ entry, ...errors[i] }))
    .filter(({ entry }) => entry.state !== 'kink');
  const rank = ['right', 'blind', 'wrong', 'nonFinite'];
  const worst = compared.reduce<(typeof compared)[number] | undefined>((most, one) => {
    if (!most) return one;
    const [a, b] = [one, most].map(({ entry }) => rank.indexOf(entry.state));
    return a > b || (a === b && one.relative > most.relative) ? one : most;
  }, undefined);
  const has = (state: Entry['state']): boolean => entries.some((entry) => entry.state === state);
  const verdict: Verdict =
    has('wrong') || has('nonFinite')
      ? 'wrong'
      : blind || has('blind') || hidden(pass)
        ? 'inconclusive'
        : has('kink')
          ? 'kink'
          : 'right';
  return {
    index,
    name,
    shape,
    order: pass.order,
    verdict,
    entries: values.length,
    checked: entries.length,
    maxAbsoluteError: most(
      compared.length > 0 ? compared.map(({ absolute }) => absolute) : [projected.absolute],
    ),
    maxRelativeError: most(
      compared.length > 0 ? compared.map(({ relative }) => relative) : [projected.relative],
    ),
    worst: worst
      ? {
          coordinate: at(worst.entry.j),
          numerical: worst.entry.numerical / weightOf(pass, worst.entry, worst.entry.q),
          autodiff: worst.entry.autodiff / weightOf(pass, worst.entry, worst.entry.q),
          errorBar: Math.abs(worst.entry.errorBar / weightOf(pass, worst.entry, worst.entry.q)),
        }
      : null,
    kinks: kinks.map(({ j }) => at(j)),
    kinkDetails: kinks.map((entry) => {
      const { j, unit, slopes, between } = entry;
      const [{ left, right }] = slopes;
      const weight = weightOf(pass, entry, 0);
      return {
        coordinate: at(j),
        left: left / unit / weight,
        right: right / unit / weight,
        autodiff: pass.autodiff[0][input][j] / weight,
        between,
      };
    }),
    nonFinite: pass.autodiff[0][input].reduce(
      (count, _, j) =>
        count + (pass.autodiff.every((gradients) => Number.isFinite(gradients[input][j])) ? 0 : 1),
      0,
    ),
    ...(details && { details: detailsOf(pass, input, entries, worst?.entry) }),
  };
}

/** Outputs that are not finite cannot be differentiated: what was compared is the rest. */
const hidden = ({ outputs, finite }: Pass): boolean => finite.length < outputs.length;

const most = (numbers: readonly number[]): number =>
  numbers.reduce(
    (largest, value) =>
      Number.isNaN(value) || value > largest ? (Number.isNaN(value) ? Infinity : value) : largest,
    0,
  );

/** Numbers for plots, of the first cotangent: one cotangent's entries belong together. */
function detailsOf(
  pass: Pass,
  input: number,
  entries: readonly Entry[],
  worst: Entry | undefined,
): NonNullable<InputReport['details']> {
  const sorted = [...entries].sort((a, b) => a.j - b.j);
  const expected = worst && pass.autodiff[0][input][worst.j];
  return {
    indices: sorted.map(({ j }) => j),
    numerical: sorted.map((entry) => entry.slopes[0].value / entry.unit / weightOf(pass, entry, 0)),
    autodiff: sorted.map((entry) => pass.autodiff[0][input][entry.j] / weightOf(pass, entry, 0)),
    errorBar: sorted.map((entry) =>
      Math.abs(entry.slopes[0].errorBar / entry.unit / weightOf(pass, entry, 0)),
    ),
    steps: worst
      ? worst.slopes[0].ladder.map(({ t, quotient }) => ({
          h: t * worst.unit,
          error: Math.abs((quotient / worst.unit - expected!) / weightOf(pass, worst, 0)),
        }))
      : [],
  };
}

/**
 * The weight to divide by, so that the report speaks of derivatives where a single output hangs on the entry. Where more do,
 * it speaks of the vector-Jacobian product.
 */
function weightOf({ cotangents, outputs }: Pass, { slopes }: Entry, q: number): number {
  const sole = outputs.length === 1 ? 0 : slopes[0].sole;
  return (sole >= 0 && cotangents[q][sole]) || 1;
}

function unseen(pass: Pass, inputs: readonly InputReport[], found: readonly Entry[][]): string[] {
  const sentences: string[] = [];
  if (hidden(pass)) {
    const count = pass.outputs.length - pass.finite.length;
    sentences.push(
      `f is not finite here: ${count} of its ${pass.outputs.length} outputs are NaN or infinite, and were left out.`,
    );
  }
  const around = found.map((entries, i) => explainUnseen(pass, i, entries));
  sentences.push(...around.filter((text) => text !== undefined));
  const blind = inputs
    .filter(({ verdict }, i) => verdict === 'inconclusive' && around[i] === undefined)
    .map(({ name }) => name);
  if (blind.length > 0 && !hidden(pass)) {
    sentences.push(
      `The differences for ${blind.join(', ')} are too noisy to tell${pass.subject.precision === 'native' ? " in float32: check with precision: 'float64'" : ': scale f so that its value is not much larger than what it changes by'}.`,
    );
  }
  return sentences;
}
