/** Forms that a wrong gradient takes as a whole: a factor, another order, another input's, a wrong use of dy. */
import type { Entry } from '../engine/judge.js';
import type { Evidence } from './explain.js';
import { columnOf } from '../engine/pass.js';
import { coordinateOf } from '../engine/subject.js';

/** A form has to hold at so many entries whose derivative is not 0; fewer say nothing. */
const enough = (entries: readonly unknown[], total: number): boolean => entries.length >= Math.min(2, total);

/** Entries that stand clear of rounding. */
const telling = ({ numerical, same }: Evidence, entries: readonly Entry[], q: number): Entry[] =>
  entries.filter((entry) => Number.isFinite(numerical(entry, q)) && !same(numerical(entry, q), 0, entry, q));

/** The same factor at every entry and for every cotangent. */
export function constantFactor(evidence: Evidence, entries: readonly Entry[]): string | undefined {
  const { pass, numerical, autodiff, same } = evidence;
  const ratios: number[] = [];
  for (let q = 0; q < pass.cotangents.length; q++) {
    const clear = telling(evidence, entries, q);
    if (entries.some((entry) => !clear.includes(entry) && !same(autodiff(entry, q), 0, entry, q)))
      return undefined;
    ratios.push(...clear.map((entry) => autodiff(entry, q) / numerical(entry, q)));
  }
  if (ratios.length === 0) return undefined;
  const factor = [...ratios].sort((a, b) => a - b)[ratios.length >> 1];
  const spread = Math.max(...ratios.map((ratio) => Math.abs(ratio - factor)));
  if (factor === 0 || spread > 0.05 * Math.abs(factor - 1) || spread > 0.01 * Math.abs(factor))
    return undefined;
  return `the gradient is off by a constant factor: it is ${factorText(factor)} times what it should be${meaningOf(factor, evidence)}.`;
}

function factorText(factor: number): string {
  if (Math.abs(factor - 1) < 1e-3)
    return `1 ${factor > 1 ? '+' : '−'} ${Math.abs(factor - 1).toPrecision(2)}`;
  const near = (wanted: number): boolean => Math.abs(factor - wanted) <= 1e-4 * Math.abs(wanted);
  const size = Math.abs(factor);
  const sign = factor < 0 ? '−' : '';
  if (near(Math.sign(factor) * 0.5)) return `${sign}½`;
  if (Math.round(size) > 0 && near(Math.sign(factor) * Math.round(size))) return `${sign}${Math.round(size)}`;
  const inverse = Math.round(1 / size);
  if (inverse > 2 && near(Math.sign(factor) / inverse)) return `${sign}1/${inverse}`;
  return factor.toPrecision(4);
}

/** Where a factor may come from: a sign, a number of entries, the length of an axis. */
function meaningOf(factor: number, { pass, name, shape, input }: Evidence): string {
  const size = Math.abs(factor);
  const whole = size >= 1 ? size : 1 / size;
  const n = Math.round(whole);
  if (factor < 0 && n === 1) return ': the sign is wrong';
  if (n < 2 || Math.abs(whole - n) > 1e-3 * n) return '';
  const [output] = pass.subject.outputShapes!;
  const offset = output.length - shape.length;
  const broadcast = output.findIndex(
    (length, axis) => length === n && (axis < offset || (shape[axis - offset] === 1 && length !== 1)),
  );
  const meanings: string[] = [];
  if (broadcast >= 0 && pass.subject.outputShapes!.length === 1) {
    meanings.push(
      size < 1
        ? `it was averaged over the broadcast axis ${broadcast} of the output, of length ${n}, instead of summed`
        : `the broadcast axis ${broadcast} of the output has length ${n}`,
    );
  }
  const count = (dims: readonly number[]): number => dims.reduce((product, length) => product * length, 1);
  if (count(shape) === n && shape.length > 0) meanings.push(`${name} has ${n} entries`);
  shape.forEach(
    (length, axis) =>
      length === n && shape.length > 1 && meanings.push(`axis ${axis} of ${name} has length ${n}`),
  );
  pass.subject.active.forEach((other, i) =>
    other.shape.forEach(
      (length, axis) =>
        i !== input && length === n && meanings.push(`axis ${axis} of ${other.name} has length ${n}`),
    ),
  );
  if (count(output) === n && output.length > 0) meanings.push(`the output has ${n} entries`);
  return meanings.length > 0 ? ` (${meanings.slice(0, 2).join('; ')})` : '';
}

/** The right numbers in the wrong places: axes exchanged, an axis reversed or shifted. */
export function rearranged(evidence: Evidence): string | undefined {
  const { shape, entries, pass, input } = evidence;
  const holds = (place: (coordinate: number[]) => number): boolean =>
    pass.cotangents.every((_, q) => {
      const clear = telling(evidence, entries, q);
      return (
        clear.length >= 3 &&
        clear.every((entry) =>
          evidence.same(
            evidence.numerical(entry, q),
            pass.autodiff[q][input][place(coordinateOf(entry.j, shape))],
            entry,
            q,
          ),
        )
      );
    });
  for (const order of shape.length <= 4 ? permutations(shape.length) : []) {
    if (order.every((axis, i) => axis === i)) continue;
    const permuted = order.map((axis) => shape[axis]);
    if (permuted.filter((length) => length > 1).length < 2) continue;
    if (
      holds((at) =>
        flatOf(
          order.map((axis) => at[axis]),
          permuted,
        ),
      )
    ) {
      return `the gradient is transposed: its axes are in the order [${order.join(',')}]. Its numbers are right, their places are not.`;
    }
  }
  for (let axis = 0; axis < shape.length; axis++) {
    const length = shape[axis];
    const moved = (by: (i: number) => number) => (at: number[]) =>
      flatOf(
        at.map((i, a) => (a === axis ? by(i) : i)),
        shape,
      );
    if (length > 1 && holds(moved((i) => length - 1 - i)))
      return `the gradient is reversed along axis ${axis}.`;
    for (const by of length > 2 ? [1, -1] : []) {
      if (holds(moved((i) => (i + by + length) % length)))
        return `the gradient is shifted by one along axis ${axis}.`;
    }
  }
  return undefined;
}

const flatOf = (at: readonly number[], shape: readonly number[]): number =>
  at.reduce((flat, i, axis) => flat * shape[axis] + i, 0);

function permutations(n: number): number[][] {
  if (n === 0) return [[]];
  return permutations(n - 1).flatMap((order) =>
    Array.from({ length: n }, (_, at) => [...order.slice(0, at), n - 1, ...order.slice(at)]),
  );
}

/** The gradient of one input given as that of another. */
export function otherInput(evidence: Evidence, all: readonly Evidence[]): string | undefined {
  const { pass, input, name } = evidence;
  for (const other of all) {
    if (
      other.input === input ||
      pass.subject.active[other.input].values.length !== pass.subject.active[input].values.length
    )
      continue;
    const clear = telling(other, other.entries, 0);
    const taken =
      enough(clear, other.entries.length) &&
      pass.cotangents.every((_, q) =>
        other.entries.every((entry) =>
          other.same(other.numerical(entry, q), pass.autodiff[q][input][entry.j], entry, q),
        ),
      );
    if (taken)
      return `the gradient is that of another input: what is given for ${name} is the gradient of ${other.name}.`;
  }
  return undefined;
}

/** Mistakes in the use of dy, the gradient that comes from above. */
export function dependenceOnCotangent(evidence: Evidence): string | undefined {
  const { pass, input, units, same } = evidence;
  const entries = evidence.entries.slice(0, 24);
  const columns = entries.map(({ j }) => columnOf(pass, input, j, units[j]));
  const matches = (use: (c: Float64Array) => (k: number) => number): boolean => {
    let clear = 0;
    for (let q = 0; q < pass.cotangents.length; q++) {
      const weight = use(pass.cotangents[q]);
      for (const [i, entry] of entries.entries()) {
        const expected = columns[i].reduce(
          (sum, slope, k) => (Number.isFinite(slope) ? sum + weight(k) * slope : sum),
          0,
        );
        if (!same(expected, pass.autodiff[q][input][entry.j], entry, q)) return false;
        if (!same(expected, 0, entry, q)) clear++;
      }
    }
    return clear >= Math.min(2, entries.length);
  };
  if (matches(() => () => 1)) return 'dy is ignored: the gradient is that for a dy of ones. Multiply by dy.';
  if (matches((c) => (k) => Math.sign(c[k]))) return 'of dy only the sign is used.';
  if (matches((c) => (k) => Math.abs(c[k]))) return "dy's sign is lost: the gradient uses |dy|.";
  if (matches((c) => (k) => c[k] ** 2)) return 'dy is squared: the gradient has to be linear in it.';
  if (matches((c) => (k) => Math.min(1, Math.max(-1, c[k])))) return 'dy is clipped to -1 … 1.';
  const mean = (c: Float64Array): number => c.reduce((sum, value) => sum + value, 0) / c.length;
  if (matches((c) => () => mean(c))) return 'dy is averaged before it is used: each output has its own.';
  if (matches((c) => () => mean(c) * c.length))
    return 'dy is summed before it is used: each output has its own.';
  const alone =
    pass.outputs.length === pass.subject.active[input].values.length &&
    entries.some((entry, i) => columns[i].some((slope, k) => k !== entry.j && !same(slope, 0, entry, 0))) &&
    entries.every((entry, i) =>
      pass.cotangents.every((c, q) =>
        same(c[entry.j] * columns[i][entry.j], pass.autodiff[q][input][entry.j], entry, q),
      ),
    );
  if (alone)
    return 'each entry counts for its own output only: what it does to the other outputs is missing (the Jacobian is taken for diagonal).';
  return partOfAxis(evidence, entries, matches) ?? notLinear(evidence, entries);
}

/** With several outputs: which of them the error comes by. */
export function wrongOutput({ pass, input, units, entries, same }: Evidence): string | undefined {
  const shapes = pass.subject.outputShapes!;
  if (shapes.length < 2) return undefined;
  const looked = entries.slice(0, 16);
  const columns = looked.map(({ j }) => columnOf(pass, input, j, units[j]));
  const sizes = shapes.map((shape) => shape.reduce((product, length) => product * length, 1));
  const start = (output: number): number => sizes.slice(0, output).reduce((sum, size) => sum + size, 0);
  const wrong = shapes.flatMap((_, output) => {
    const weights = pass.cotangents[0].map((c, k) =>
      k >= start(output) && k < start(output) + sizes[output] ? c : 0,
    );
    const gradient = pass.subject.vjp(sizes.map((size, i) => weights.slice(start(i), start(i) + size)))[
      input
    ];
    const right = looked.every((entry, i) => {
      const expected = columns[i].reduce(
        (sum, slope, k) => (weights[k] === 0 ? sum : sum + weights[k] * slope),
        0,
      );
      return same(expected, gradient?.[entry.j] ?? 0, entry, 0);
    });
    return right ? [] : [output];
  });
  if (wrong.length === 0 || wrong.length === shapes.length) return undefined;
  return `the error comes from output ${wrong.join(' and ')} of ${shapes.length}; the others' part is right.`;
}

/** The contribution of a single slice of the output: an axis over which to sum was not summed. */
function partOfAxis(
  { pass, name, shape }: Evidence,
  entries: readonly Entry[],
  matches: (use: (c: Float64Array) => (k: number) => number) => boolean,
): string | undefined {
  const shapes = pass.subject.outputShapes!;
  if (shapes.length !== 1 || entries.length === 0) return undefined;
  const [output] = shapes;
  for (let axis = 0; axis < output.length; axis++) {
    if (output[axis] < 2) continue;
    const stride = output.slice(axis + 1).reduce((product, length) => product * length, 1);
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

function notLinear({ pass, input, same }: Evidence, entries: readonly Entry[]): string | undefined {
  const { subject, cotangents } = pass;
  // The largest ones, so that a limit on dy shows.
  const last = cotangents.length - 1;
  let at = 0;
  const double = subject.outputShapes!.map((shape) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return cotangents[last].slice(at, (at += size)).map((weight) => 2 * weight);
  });
  const twice = subject.vjp(double)[input];
  const linear = entries.every((entry) =>
    same(twice?.[entry.j] ?? 0, 2 * pass.autodiff[last][input][entry.j], entry, last),
  );
  return linear ? undefined : 'the gradient is not linear in dy: for twice the dy it is not twice as large.';
}

/** A relation that goes with the input's own value: a missing or a doubled inner derivative, a constant added. */
export function relatedToInput(evidence: Evidence, entries: readonly Entry[]): string | undefined {
  const { pass, input, numerical, autodiff, same } = evidence;
  const { values } = pass.subject.active[input];
  const clear = telling(evidence, entries, 0).filter(({ j }) => values[j] !== 0);
  if (clear.length < 3) return undefined;
  const steady = (list: number[]): boolean => {
    const size = Math.max(...list.map(Math.abs));
    return size > 0 && list.every((value) => Math.abs(value - list[0]) <= 1e-4 * size);
  };
  const ratio = (entry: Entry): number => autodiff(entry, 0) / numerical(entry, 0);
  const text = (factor: number): string =>
    Math.abs(factor - 1) < 1e-4 ? '' : ` times ${factor.toPrecision(3)}`;
  const missing = clear.map((entry) => ratio(entry) * values[entry.j]);
  if (steady(missing))
    return `the gradient is too small by the factor x${text(1 / missing[0])}: an inner derivative is missing.`;
  const doubled = clear.map((entry) => ratio(entry) / values[entry.j]);
  if (steady(doubled)) return `the gradient has the factor x${text(doubled[0])} too much.`;
  if (
    entries.length === evidence.entries.length &&
    entries.every((entry) => !same(numerical(entry, 0), autodiff(entry, 0), entry, 0))
  ) {
    const added = clear.map((entry) => autodiff(entry, 0) - numerical(entry, 0));
    if (steady(added))
      return `a constant was added to the gradient: ${added[0].toPrecision(3)} (for the dy of this check).`;
  }
  return undefined;
}

/** What is missing is the way by a mean over an axis, or by mean and spread, as normalisations leave it out. */
export function missingStatistics({
  pass,
  input,
  shape,
  entries,
  numerical,
  autodiff,
  same,
}: Evidence): string | undefined {
  const { values } = pass.subject.active[input];
  if (entries.length !== values.length) return undefined;
  for (const [axis, length] of shape.entries()) {
    if (length < 3) continue;
    const slices = new Map<string, Entry[]>();
    for (const entry of entries) {
      const key = coordinateOf(entry.j, shape)
        .map((i, a) => (a === axis ? '' : i))
        .join();
      slices.set(key, [...(slices.get(key) ?? []), entry]);
    }
    /** Whether along every slice the error is a constant, or a straight line in x; a line through few points says nothing. */
    const holds = (straight: boolean): boolean =>
      pass.cotangents.every((_, q) =>
        [...slices.values()].every((slice) => {
          const at = slice.map(({ j }) => values[j]);
          const errors = slice.map((entry) => numerical(entry, q) - autodiff(entry, q));
          const mean = (list: readonly number[]): number =>
            list.reduce((sum, one) => sum + one, 0) / list.length;
          const [middle, level] = [mean(at), mean(errors)];
          const spread = mean(at.map((x) => (x - middle) ** 2));
          const slope =
            straight && spread > 0 ? mean(at.map((x, i) => (x - middle) * (errors[i] - level))) / spread : 0;
          return slice.every((entry, i) => {
            const line = level + slope * (at[i] - middle);
            return same(autodiff(entry, q) + line, numerical(entry, q), entry, q);
          });
        }),
      );
    if (holds(false))
      return `an amount that is the same along axis ${axis} is missing: f takes a sum or a mean over that axis, and the gradient leaves it out.`;
    if (length > 3 && holds(true))
      return `what is missing is, along axis ${axis}, a constant and a multiple of x: f normalises over that axis, and the gradient leaves out that the mean and the variance depend on x.`;
  }
  return undefined;
}
