/** Mistakes in the use of dy, the gradient that comes from above. */
import { sizeOf } from '../../shapes.js';
import type { Entry } from '../engine/judge.js';
import { concat, split, type Pass } from '../engine/pass.js';
import { columnOf, slopeOf, weighted, type Column } from './columns.js';
import type { Evidence } from './evidence.js';

/** What is put in the place of a dy: its entry k, made from the whole. */
type Use = (dy: Float64Array) => (k: number) => number;

/** So many entries are looked at. */
const LOOKED_AT = 24;

/** Each use of dy that explains the gradient is tried at every cotangent; the first that does is named. */
export function dependenceOnCotangent(evidence: Evidence): string | undefined {
  const { pass } = evidence;
  const entries = evidence.entries.slice(0, LOOKED_AT);
  const columns = entries.map(({ j, unit }) => columnOf(pass, evidence.input, j, unit));
  const matches = matcher(evidence, entries, columns);
  for (const [use, sentence] of [
    ...plainUses,
    ...limitsOf(evidence, entries, columns).map(clippedTo),
    ...droppedIn(pass),
    ...normLimitsOf(evidence, entries).map(normClippedTo),
  ]) {
    if (matches(use)) return sentence;
  }
  if (isDiagonal(evidence, entries, columns))
    return 'each entry counts for its own output only: what it does to the other outputs is missing (the Jacobian is taken for diagonal).';
  return partOfAxis(evidence, matches) ?? bySign(evidence) ?? notLinear(evidence, entries);
}

/** Whether a use of dy gives autodiff's numbers, at all entries and cotangents, and other ones than dy itself would. */
function matcher(
  { pass, input, same }: Evidence,
  entries: readonly Entry[],
  columns: readonly Column[],
): (use: Use) => boolean {
  return (use) => {
    let clear = 0;
    let differs = false;
    for (const [q, dy] of pass.cotangents.entries()) {
      const weight = use(dy);
      for (const [i, entry] of entries.entries()) {
        const expected = weighted(columns[i], weight);
        if (!same(expected, pass.autodiff[q][input][entry.j], entry, q)) return false;
        if (!same(expected, 0, entry, q)) clear++;
        differs ||= !same(
          expected,
          weighted(columns[i], (k) => dy[k]),
          entry,
          q,
        );
      }
    }
    return differs && clear >= Math.min(2, entries.length);
  };
}

const mean = (dy: Float64Array): number => dy.reduce((sum, value) => sum + value, 0) / dy.length;
const norm = (dy: Float64Array): number => Math.sqrt(dy.reduce((sum, value) => sum + value ** 2, 0));
const largestOf = (dy: Float64Array): number =>
  dy.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** A use of a number that all of dy gives: once, and not for each output. */
const byWhole =
  (whole: (dy: Float64Array) => number, use: (value: number, whole: number) => number): Use =>
  (dy) => {
    const number = whole(dy);
    return (k) => use(dy[k], number);
  };

const plainUses: [Use, string][] = [
  [() => () => 1, 'dy is ignored: the gradient is that for a dy of ones. Multiply by dy.'],
  [(dy) => (k) => Math.sign(dy[k]), 'of dy only the sign is used.'],
  [(dy) => (k) => Math.abs(dy[k]), "dy's sign is lost: the gradient uses |dy|."],
  [(dy) => (k) => dy[k] ** 2, 'dy is squared: the gradient has to be linear in it.'],
  [(dy) => (k) => Math.max(dy[k], 0), 'where dy < 0 it is taken for zero: the gradient uses relu(dy).'],
  [(dy) => (k) => Math.min(dy[k], 0), 'where dy > 0 it is taken for zero.'],
  [
    byWhole(norm, (value, size) => value / size),
    'dy is divided by its norm: the gradient has to be linear in it.',
  ],
  [byWhole(mean, (_, average) => average), 'dy is averaged before it is used: each output has its own.'],
  [
    byWhole(
      (dy) => mean(dy) * dy.length,
      (_, sum) => sum,
    ),
    'dy is summed before it is used: each output has its own.',
  ],
];

const digits = (value: number): string => String(Number(value.toPrecision(3)));

const clippedTo = (limit: number): [Use, string] => [
  (dy) => (k) => Math.min(limit, Math.max(-limit, dy[k])),
  `dy is clipped to −${digits(limit)} … ${digits(limit)}: the gradient has to be linear in it. Clip gradients in the optimizer.`,
];

/** Limits that dy's entries may be clipped to: usual ones, and what a single output's dy seems to have been. */
function limitsOf(
  { pass, input, same }: Evidence,
  entries: readonly Entry[],
  columns: readonly Column[],
): number[] {
  const largest = pass.cotangents.reduce((most, dy) => Math.max(most, largestOf(dy)), 0);
  const seen = entries.flatMap((entry, i) => {
    const telling = columns[i].slopes.filter((slope) => !same(slope, 0, entry, 0));
    if (telling.length !== 1) return [];
    return pass.autodiff.map((gradients) => Math.abs(gradients[input][entry.j] / telling[0]));
  });
  return [1, 5, 0.1, 0.5, 2, 3, 10, Math.max(0, ...seen)].filter((limit) => limit < largest);
}

/** Small dy taken for zero, where the cotangents' sizes leave a gap for a threshold. */
function droppedIn({ cotangents }: Pass): [Use, string][] {
  const sizes = concat(cotangents)
    .map(Math.abs)
    .filter((size) => size > 0)
    .sort();
  const uses: [Use, string][] = [];
  for (let i = 1; i < sizes.length; i++) {
    const [below, size] = [sizes[i - 1], sizes[i]];
    if (size < 4 * below) continue;
    const threshold = Math.sqrt(size * below);
    uses.push([
      (dy) => (k) => (Math.abs(dy[k]) < threshold ? 0 : dy[k]),
      `dy's small values are dropped: a dy of size ${digits(below)} counts as zero, one of ${digits(size)} does not.`,
    ]);
  }
  return uses;
}

const normClippedTo = (limit: number): [Use, string] => [
  (dy) => {
    const scale = Math.min(1, limit / norm(dy));
    return (k) => scale * dy[k];
  },
  `dy is clipped to a norm of ${digits(limit)}: the gradient has to be linear in it. Clip gradients in the optimizer.`,
];

/** What dy's norm may be clipped to: what it seems to be for the largest dy. */
function normLimitsOf({ pass, numerical, autodiff }: Evidence, entries: readonly Entry[]): number[] {
  const norms = pass.cotangents.map(norm);
  const q = norms.indexOf(Math.max(...norms));
  const ratios = entries
    .map((entry) => autodiff(entry, q) / numerical(entry, q))
    .filter(Number.isFinite)
    .sort((a, b) => a - b);
  const ratio = ratios[ratios.length >> 1];
  return ratio > 0 && ratio < 1 ? [ratio * norms[q]] : [];
}

function isDiagonal(
  { pass, input, same }: Evidence,
  entries: readonly Entry[],
  columns: readonly Column[],
): boolean {
  return (
    pass.outputs.length === pass.subject.active[input].values.length &&
    entries.some((entry, i) =>
      columns[i].places.some((k, at) => k !== entry.j && !same(columns[i].slopes[at], 0, entry, 0)),
    ) &&
    entries.every((entry, i) =>
      pass.cotangents.every((dy, q) =>
        same(dy[entry.j] * slopeOf(columns[i], entry.j), pass.autodiff[q][input][entry.j], entry, q),
      ),
    )
  );
}

/** The contribution of a single slice of the output: an axis over which to sum was not summed. */
function partOfAxis({ pass, name, shape }: Evidence, matches: (use: Use) => boolean): string | undefined {
  const shapes = pass.subject.outputShapes;
  if (shapes.length !== 1) return undefined;
  const [output] = shapes;
  for (let axis = 0; axis < output.length; axis++) {
    if (output[axis] < 2) continue;
    const stride = sizeOf(output.slice(axis + 1));
    const place = (k: number): number => Math.floor(k / stride) % output[axis];
    for (const at of [0, output[axis] - 1]) {
      if (matches((c) => (k) => (place(k) === at ? c[k] : 0))) {
        const broadcast =
          axis - (output.length - shape.length) < 0 || shape[axis - (output.length - shape.length)] === 1;
        return `only the ${at === 0 ? 'first' : 'last'} slice along axis ${axis} of the output counts: the gradient was not summed over ${broadcast ? `the broadcast axis, along which ${name} is used ${output[axis]} times` : 'that axis'}.`;
      }
    }
  }
  return undefined;
}

/** Where dy has one sign: for functions whose output has an entry for each of the input's. */
function bySign({ pass, input, entries, numerical, autodiff, same }: Evidence): string | undefined {
  if (pass.outputs.length !== pass.subject.active[input].values.length) return undefined;
  const all = entries
    .flatMap((entry) =>
      pass.cotangents.map((dy, q) => ({
        sign: Math.sign(dy[entry.j]),
        telling: !same(numerical(entry, q), 0, entry, q),
        bad: !same(numerical(entry, q), autodiff(entry, q), entry, q),
      })),
    )
    .filter(({ telling, bad }) => telling || bad);
  const sign = [-1, 1].find((one) => all.every((each) => each.bad === (each.sign === one)));
  const both = new Set(all.map((each) => each.sign)).size === 2;
  return sign !== undefined && both
    ? `the gradient is wrong only where dy ${sign < 0 ? '<' : '>'} 0.`
    : undefined;
}

const multiples: [number, string][] = [
  [2, 'for twice the dy it is not twice as large'],
  [2 ** -10, 'for a dy 1,024 times smaller it is not 1,024 times smaller'],
  [-1, 'for −dy it is not its negative'],
];

function notLinear({ pass, input, same }: Evidence, entries: readonly Entry[]): string | undefined {
  const { subject, cotangents, autodiff } = pass;
  for (const q of new Set([0, cotangents.length - 1])) {
    for (const [factor, sentence] of multiples) {
      const multiple = cotangents[q].map((weight) => factor * weight);
      const gradient = subject.vjp(split(multiple, subject.outputShapes))[input];
      const linear = entries.every((entry) =>
        same((gradient?.[entry.j] ?? 0) / factor, autodiff[q][input][entry.j], entry, q),
      );
      if (!linear) return `the gradient is not linear in dy: ${sentence}.`;
    }
  }
  return undefined;
}
