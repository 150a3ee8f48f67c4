/** Entries that the judge compares, with the verdict that each must have. */
import {
  compareAtOnce,
  compareEntry,
  type Entry,
  type Memory,
} from '../../../../src/gradcheck/engine/judge.js';
import { tolerances, type Tolerance } from '../../../../src/gradcheck/engine/tolerance.js';
import {
  abs,
  bell,
  bent,
  cube,
  digest,
  elementwise,
  linear,
  lossy,
  mixed,
  passOf,
  plus,
  power,
  quantised,
  reciprocal,
  relu,
  root,
  rounded,
  shifted,
  square,
  squareRoot,
  subjectOf,
  times,
  waves,
  within,
  type Curve,
  type Opening,
  type Plain,
} from './plain.js';

export interface EntryCase extends Partial<Opening> {
  name: string;
  /** What f is, at which inputs. */
  of: Pick<Plain, 'x' | 'f' | 'vjp'>;
  precision?: Plain['precision'];
  tolerance?: Partial<Tolerance>;
  /** By entry, the verdict, or why there is none. */
  expected: string;
}

const x = [0.3, -0.7, 1.1];
const off = (factor: number) => (g: number) => g * factor;
const at = (curve: Curve, ...values: number[]) => elementwise(curve, values);

/** Falsified in entry 1 alone. */
const only =
  (change: (g: number) => number, entry = 1) =>
  (g: number, j: number): number =>
    j === entry ? change(g) : g;
/** Falsified in cotangent q alone. */
const inCotangent =
  (change: (g: number) => number, wanted: number) =>
  (g: number, _j: number, q: number): number =>
    q === wanted ? change(g) : g;
const constant = (value: number): Curve => [() => value, () => 0];
const float32 = (curve: Curve): Curve => rounded(curve, Math.fround);
const grid =
  (bits: number) =>
  (y: number): number =>
    Math.round(y * 2 ** bits) * 2 ** -bits;
/** Σ of all entries, in one output, and differences in others. */
const folded = (curve: Curve, values: number[]) =>
  mixed(curve, 2, (k, j) => (k === 0 ? 1 : j % 2 ? 0.5 : -1.5), values);

/** Curves that are smooth at x, with their own derivative: right everywhere, however they are looked at. */
const smooth: Record<string, Curve> = {
  'a parabola': square,
  'a cubic': cube,
  'a bell': bell(),
  'a narrow bell': shifted(bell(1e-3), 0.2995),
  'a square root': root,
  'a line': linear(3, 2),
  'a wave': waves(3),
  'fast waves on a line': plus(linear(0.1), waves(512)),
  'a parabola and 1e6': plus(square, constant(1e6)),
  'tiny values': times(1e-12, cube),
  'huge values': times(1e12, cube),
  'a kink a thousandth away': plus(shifted(relu, 0.301), square),
  'a kink a millionth away': plus(shifted(relu, 0.300001), square),
};

/** Whose derivative at 0 is said to be 0. */
const flatAt0 = ([f, d]: Curve): Curve => [f, (v) => (v === 0 ? 0 : d(v))];
const step = (height: number): Curve => [(v) => (v > 0 ? height : 0), () => 0];
const rootOfSize: Curve = flatAt0([
  (v) => Math.sqrt(Math.abs(v)),
  (v) => (Math.sign(v) * 0.5) / Math.sqrt(Math.abs(v)),
]);
const fourthRoot: Curve = flatAt0([
  (v) => Math.sqrt(Math.sqrt(Math.abs(v))),
  (v) => (Math.sign(v) * 0.25) / Math.sqrt(Math.abs(v)) / Math.sqrt(Math.sqrt(Math.abs(v))),
]);
const oddRoot: Curve = flatAt0([
  (v) => Math.sign(v) * Math.sqrt(Math.abs(v)),
  (v) => 0.5 / Math.sqrt(Math.abs(v)),
]);
const product = ([f, d]: Curve, [g, e]: Curve): Curve => [
  (v) => f(v) * g(v),
  (v) => d(v) * g(v) + f(v) * e(v),
];
const from0 = (v: number): boolean => v >= 0;

/** Curves at 0, with what the judge has to say of them, and of a gradient that is off by 20; and another point, where they are smooth. */
const special: [string, Curve, right: string, wrong: string, other?: number][] = [
  ['|x|', abs, 'kink', 'outside'],
  ['relu', relu, 'kink', 'outside'],
  ['relu and a line', plus(relu, linear(1)), 'kink', 'outside'],
  ['relu and a parabola', plus(relu, square), 'kink', 'outside'],
  ['slopes of either sign', bent(-1, 3), 'kink', 'outside'],
  ['a faint kink', plus(times(1e-3, abs), cube), 'kink', 'outside'],
  ['a kink on 1000', plus(abs, constant(1e3)), 'kink', 'outside'],
  ['relu(x)²', product(relu, relu), 'right', 'wrong'],
  ['x|x|', product(linear(1), abs), 'right', 'wrong'],
  ['|x|^1.5 and a line', plus(power(1, 1), linear(3)), 'right', 'wrong'],
  ['relu(x)^1.5', power(1, 0), 'right', 'wrong'],
  ['relu(x)^1.25', power(2, 0), 'right', 'wrong'],
  ['relu(x)^1.125', power(3, 0), 'right', 'wrong'],
  ['relu(x)^1.0625', power(4, 0), 'right', 'wrong'],
  ['a jump', step(1), 'kink', 'outside'],
  ['a small jump on a line', plus(step(1e-6), linear(1)), 'kink', 'outside'],
  ['a root of |x|', rootOfSize, 'kink', 'kink'],
  ['a root with x’s sign', oddRoot, 'undecided', 'undecided'],
  ['a fourth root', fourthRoot, 'kink', 'kink'],
  ['a root at its end', squareRoot, 'nonFinite', 'nonFinite'],
  ['a root at its end, where autodiff says 0', flatAt0(squareRoot), 'kink', 'kink'],
  ['x^1.5 at its end', within(power(1, 1), from0), 'right', 'wrong'],
  ['a line at its end', within(linear(2), from0), 'right', 'wrong'],
  ['a line at its end, to the left', within(linear(2), (v) => v <= 0), 'right', 'wrong', -0.5],
  ['a line that throws beyond its end', within(linear(2), from0, true), 'right', 'wrong'],
  ['a point', within(linear(2), (v) => v === 0 || v > 0.1), 'undefined', 'undefined'],
  [
    'a point, and f throws elsewhere',
    within(linear(2), (v) => v === 0 || v > 0.1, true),
    'undefined',
    'undefined',
  ],
];

/** What can be wrong with a gradient, at a curve whose derivative is 2x. */
const faults: [string, Partial<EntryCase>, string][] = [
  ['twice', { falsify: off(2) }, 'wrong wrong wrong'],
  ['nothing', { falsify: off(0) }, 'wrong wrong wrong'],
  ['off by 1e-3', { falsify: off(1.001) }, 'wrong wrong wrong'],
  ['off by 3e-7', { falsify: off(1 + 3e-7) }, 'wrong wrong wrong'],
  ['off by 2e-7', { falsify: off(1 - 2e-7) }, 'right right right'],
  ['off by 1e-7', { falsify: off(1 + 1e-7) }, 'right right right'],
  ['off by 1e-9', { falsify: off(1 + 1e-9) }, 'right right right'],
  ['off by a part', { falsify: (g) => g + 1e-3 }, 'wrong wrong wrong'],
  ['wrong in one entry', { falsify: only(off(-1), 2) }, 'right right wrong'],
  ['wrong in the first cotangent', { falsify: inCotangent(off(1.5), 0) }, 'wrong wrong wrong'],
  ['wrong in the second', { falsify: inCotangent(off(1.5), 1) }, 'wrong wrong wrong'],
  ['wrong in the third', { falsify: inCotangent(off(1.5), 2) }, 'wrong wrong wrong'],
  ['that of |dy|', { falsify: (g, j) => Math.abs(g) * Math.sign(x[j]) }, 'wrong wrong wrong'],
  ['NaN', { falsify: only(() => NaN) }, 'right nonFinite right'],
  ['infinite', { falsify: only(() => -Infinity) }, 'right nonFinite right'],
  ['NaN in one cotangent', { falsify: (g, j, q) => (q === 1 && j === 0 ? NaN : g) }, 'nonFinite right right'],
  ['off by its own rounding', { falsify: off(1 + 1e-6), rounding: 1e-5 }, 'rounding rounding rounding'],
  [
    'off by less than its rounding, within the cap',
    { falsify: off(1 + 3e-7), rounding: 1e-6 },
    'right right right',
  ],
  [
    'within a wide tolerance',
    { falsify: off(1.008), tolerance: { rtol: 0.01, atOnce: 0.0025 } },
    'right right right',
  ],
  [
    'beyond a wide tolerance',
    { falsify: off(1.013), tolerance: { rtol: 0.01, atOnce: 0.0025 } },
    'wrong wrong wrong',
  ],
  [
    'within an absolute tolerance',
    { falsify: (g) => g + 0.01, tolerance: { atol: 0.02 } },
    'right right right',
  ],
  [
    'beyond an absolute tolerance',
    { falsify: (g) => g + 0.01, tolerance: { atol: 0.005 } },
    'wrong wrong wrong',
  ],
];

type Listed = [name: string, of: EntryCase['of'], expected: string, rest?: Partial<EntryCase>];

/** f's rounding, in all its forms. */
const rounding: Listed[] = [
  ['a parabola that lost bits to 1e6', at(lossy(square, 1e6), ...x), 'right right right'],
  ['a parabola that lost bits to 1e9', at(lossy(square, 1e9), ...x), 'right right right'],
  [
    'a parabola that lost bits to 1e12, and is a staircase',
    at(lossy(square, 1e12), ...x),
    'wrong wrong wrong',
  ],
  ['a parabola that lost bits to 1e15', at(lossy(square, 1e15), ...x), 'wrong wrong wrong'],
  [
    'a parabola that lost bits to 1e6, off by 1e-3',
    at(lossy(square, 1e6), ...x),
    'wrong wrong wrong',
    { falsify: off(1.001) },
  ],
  [
    'a parabola that lost bits to 1e9, off by 1e-3',
    at(lossy(square, 1e9), ...x),
    'wrong wrong wrong',
    { falsify: off(1.001) },
  ],
  ['a parabola and 1e10', at(plus(square, constant(1e10)), ...x), 'right right right'],
  ['a parabola and 1e13', at(plus(square, constant(1e13)), ...x), 'noise noise noise'],
  ['a parabola and 1e15', at(plus(square, constant(1e15)), ...x), 'hidden hidden hidden'],
  [
    'a parabola and 1e15, off by a half',
    at(plus(square, constant(1e15)), ...x),
    'hidden hidden hidden',
    { falsify: off(1.5) },
  ],
  ['a parabola in float32', at(float32(square), ...x), 'right right right'],
  [
    'a parabola in float32, off by 1e-3',
    at(float32(square), ...x),
    'wrong wrong wrong',
    { falsify: off(1.001) },
  ],
  ['a bell in float32', at(float32(bell()), ...x), 'right right right'],
  ['a line on a grid of 2^-30', at(rounded(linear(3), grid(30)), ...x), 'right right right'],
  [
    'a line on a grid of 2^-30, off by a half',
    at(rounded(linear(3), grid(30)), ...x),
    'wrong wrong wrong',
    { falsify: off(1.5) },
  ],
  ['a line on a grid of 2^-12', at(rounded(linear(3), grid(12)), ...x), 'wrong wrong wrong'],
  ['a quantiser of 256 steps', at(quantised(linear(1), 256), 0.3123, 0.7), 'right right'],
  ['a quantiser of 1000 steps', at(quantised(linear(1), 1000), 0.3123, 0.7), 'right right'],
  [
    'a quantiser of 256 steps, whose gradient is that of what it rounds',
    at(
      rounded(linear(1), (v) => Math.round(v * 256) / 256),
      0.3123,
      0.7,
    ),
    'wrong wrong',
  ],
  [
    'noise at the last bits',
    at(
      rounded([(v) => 1e14 * v, () => 1e14], (v) => v - Math.floor(v)),
      0.3,
    ),
    'noise',
  ],
];

/** Where f does not move. */
const flat: Listed[] = [
  ['a constant', at(constant(3), ...x), 'right right right'],
  [
    'a constant, where autodiff says 0.01',
    at(constant(3), ...x),
    'wrong wrong wrong',
    { falsify: () => 0.01 },
  ],
  [
    'a constant, where autodiff says 1e-20',
    at(constant(3), ...x),
    'hidden hidden hidden',
    { falsify: () => 1e-20 },
  ],
  ['zero', at(constant(0), 0, 0), 'right right'],
  ['zero, where autodiff says 1e-20', at(constant(0), 0, 0), 'hidden hidden', { falsify: () => 1e-20 }],
  ['zero, where autodiff says 1e-10', at(constant(0), 0, 0), 'wrong wrong', { falsify: () => 1e-10 }],
  [
    'a line of which nothing is left',
    at([(v) => (v + 1) * 3 - (3 * v + 3), (v) => (v + 1) * 3 - (3 * v + 3)], ...x),
    'right right right',
  ],
  ['one entry of three', mixed(square, 1, (_k, j) => (j === 1 ? 1 : 0), x), 'right right right'],
  [
    'one entry of three, and autodiff gives another some',
    mixed(square, 1, (_k, j) => (j === 1 ? 1 : 0), x),
    'wrong right right',
    { falsify: only((g) => g + 1e-9, 0) },
  ],
  ['a parabola at its foot', at(square, 0, 0), 'right right'],
  ['a parabola at its foot, and another point', at(square, 0, 3), 'right right'],
  [
    'a parabola at its foot, off by 1e-9',
    at(square, 0, 3),
    'wrong right',
    { falsify: only((g) => g + 1e-9, 0) },
  ],
  ['a wave that long steps see as flat', at(waves(64), 0.5, 0.25), 'right right'],
  ['a faint slope between equal ends', at(plus(waves(256), linear(1e-6)), 0.5), 'right'],
  [
    'a faint slope between equal ends, that is said to be 0',
    at(plus(waves(256), linear(1e-6)), 0.5),
    'wrong',
    { falsify: () => 0 },
  ],
];

/** Entries of unlike sizes. */
const sizes: Listed[] = [
  ['a parabola of all sizes', at(square, 1e-8, -1, 1e8), 'right right right'],
  [
    'a parabola of all sizes, off by 1e-5: nothing beside the largest',
    at(square, 1e-8, -1, 1e8),
    'right right wrong',
    { falsify: off(1 + 1e-5) },
  ],
  ['a reciprocal near its pole', at(reciprocal, 1e-8, 1, 1e4), 'right right right'],
  [
    'a reciprocal near its pole, off by 1e-5: nothing beside the largest',
    at(reciprocal, 1e-8, 1, 1e4),
    'wrong wrong right',
    { falsify: off(1 - 1e-5) },
  ],
  ['a root near its end', at(squareRoot, 1e-12, 1, 100), 'right right right'],
  [
    'a root near its end, off by 1e-5',
    at(squareRoot, 1e-12, 1, 100),
    'wrong wrong wrong',
    { falsify: off(1 - 1e-5) },
  ],
  [
    'a root near its end, where f throws beyond it',
    at(
      within(squareRoot, (v) => v >= 0, true),
      1e-12,
      1,
      100,
    ),
    'right right right',
  ],
  [
    'a bell that is narrower than its entry',
    at(shifted(bell(1e-5), 1000), 1000.00001, 999.99998),
    'right right',
  ],
  [
    'a bell that is narrower than its entry, off by 1e-2',
    at(shifted(bell(1e-5), 1000), 1000.00001, 999.99998),
    'wrong wrong',
    { falsify: off(1.01) },
  ],
  ['a kink beside a small entry', at(plus(shifted(abs, 2e-9), square), 1e-9, 1), 'right right'],
  ['zeros among others', at(plus(square, linear(2)), 0, 0, 1e-6, 5), 'right right right right'],
  ['a single small entry', at(cube, 1e-300), 'right'],
  ['large ones', at(square, 1e60, 3e60), 'right right'],
];

/** Kinks, beyond those at 0. */
const kinks: Listed[] = [
  ['at 1', at(shifted(relu, 1), 1, 2), 'kink right'],
  ['at 0.3, of a relu and a line', at(plus(shifted(relu, 0.3), linear(1)), 0.3, 2), 'kink right'],
  ['two inputs at their maximum', mixed(abs, 1, (_k, j) => j + 1, [0, 0.5]), 'kink right'],
  ['in two outputs', mixed(relu, 2, (k) => k + 1, [0, 0.5]), 'kink right'],
  ['in two outputs of opposite signs', mixed(relu, 2, (k) => (k ? 1 : -1), [0, 0.5]), 'kink right'],
  ['and a gradient that is the mean', at(abs, 0), 'kink'],
  ['and a gradient that is a side’s', at(relu, 0), 'kink', { falsify: (g) => g }],
  ['and a gradient just beyond', at(bent(-1, 3), 0), 'outside', { falsify: (g) => g * 3.1 }],
  ['and NaN', at(abs, 0), 'nonFinite', { falsify: () => NaN }],
  ['of 2^-20', at(plus(times(2 ** -20, abs), linear(1)), 0), 'kink'],
  ['of 2^-26', at(plus(times(2 ** -26, abs), linear(1)), 0), 'right'],
  ['a billionth away', at(plus(shifted(relu, 1e-9), square), 0, 1), 'right right'],
  ['a jump within a wave', at(plus([(v) => (v > 1 ? 1 : 0), () => 0], waves(2)), 1, 0.3), 'kink right'],
];

/** A line through (0.3, 0) of slope 1, with something of width 1e-11 on it that makes it steeper there. */
const hidden: Curve = shifted(
  plus(linear(1), [
    (v) => v / (1 + v * 1e11 * v * 1e11),
    (v) => (1 - v * 1e11 * v * 1e11) / (1 + v * 1e11 * v * 1e11) / (1 + v * 1e11 * v * 1e11),
  ]),
  0.3,
);
const asStated = (value: number): number => 2 ** -53 * Math.abs(value);

/** x², and something faint that moves to the right of 0.3 alone. */
const faintBeside: EntryCase['of'] = {
  x: [[0.3]],
  f: ([v]) => [v[0] * v[0], 1e-12 * cube[0](relu[0](v[0] - 0.3)) + 2e-12 * relu[0](v[0] - 0.3)],
  vjp: (c, [v]) => [[2 * c[0] * v[0]]],
};
/** What long steps and short ones do not see alike. */
const scales: Listed[] = [
  ['two outputs to the right, one to the left', faintBeside, 'right'],
  ['a narrow place that is steeper', at(hidden, 0.3), 'contradicted'],
  [
    'a narrow place that is steeper, where autodiff has the slope of the rest',
    at(hidden, 0.3),
    'wrong',
    { falsify: () => 1 },
  ],
  ['a narrow place that is steeper, twice', at(hidden, 0.3), 'wrong', { falsify: off(2) }],
  ['the same beside others', at(hidden, 0.3, 0.3, 2), 'contradicted contradicted right'],
  ['a kink 1e-10 away', at(plus(shifted(relu, 0.3 + 1e-10), linear(1, -0.3)), 0.3), 'right'],
  [
    'a kink 1e-10 away, off by 1e-3',
    at(plus(shifted(relu, 0.3 + 1e-10), linear(1, -0.3)), 0.3),
    'wrong',
    { falsify: off(1.001) },
  ],
  ['a kink 1e-11 away', at(plus(shifted(relu, 0.3 + 1e-11), linear(1)), 0.3), 'right'],
  ['a kink 1e-12 away', at(plus(shifted(abs, 0.3 + 1e-12), linear(2, -0.6)), 0.3), 'right'],
  ['a kink 1e-14 away', at(plus(shifted(abs, 0.3 + 1e-14), linear(2, -0.6)), 0.3), 'kink'],
  ['a kink beside 1e-10, among larger ones', at(abs, 1e-10, 1, 1), 'right right right'],
  [
    'a kink beside 1e-10, among larger ones, on 1',
    at(plus(abs, constant(1)), 1e-10, 1, 1),
    'right right right',
  ],
  [
    'a root beside 1e-11, among larger ones, on 1',
    at(plus(squareRoot, constant(1)), 1e-11, 1, 1),
    'right right right',
  ],
  ['symmetric, and differentiable once', at(plus(power(2, 1), linear(1)), 0), 'right'],
  ['symmetric, and differentiable just once', at(plus(power(3, 1), linear(3)), 0), 'right'],
  [
    'symmetric, and differentiable just once, off by 1e-3',
    at(plus(power(3, 1), linear(3)), 0),
    'wrong',
    { falsify: off(1.001) },
  ],
  ['a line at its end, by half', at(within(linear(2), from0), 0), 'wrong', { falsify: off(0.5) }],
  ['a line at its end, by 2.5', at(within(linear(2), from0), 0), 'wrong', { falsify: off(2.5) }],
  [
    'a line at its end to the left, by half',
    at(
      within(linear(2), (v) => v <= 0),
      0,
    ),
    'wrong',
    { falsify: off(0.5) },
  ],
  ['a line on a grid of 2^-36', at(rounded(linear(3), grid(36)), ...x), 'right right right'],
  [
    'a line on a grid of 2^-36 whose rounding is not known',
    at(rounded(linear(3), grid(36)), ...x),
    'right right right',
    { noise: asStated },
  ],
  [
    'a line on a grid of 2^-40 whose rounding is not known',
    at(rounded(linear(3), grid(40)), ...x),
    'right right right',
    { noise: asStated },
  ],
  [
    'a parabola in float32 whose rounding is not known',
    at(float32(square), -0.7, 1.1),
    'right right',
    { noise: asStated },
  ],
  [
    'a parabola in float32 whose rounding is not known, off by 1e-3',
    at(float32(square), ...x),
    'wrong wrong wrong',
    { noise: asStated, falsify: off(1.001) },
  ],
  [
    'a parabola that lost bits to 1e5 and does not know it',
    at(lossy(square, 1e5), ...x),
    'right right right',
    { noise: asStated },
  ],
  [
    'a parabola that lost bits to 1000 and does not know it',
    at(lossy(square, 1e3), ...x),
    'right right right',
    { noise: asStated },
  ],
  [
    'a parabola that lost bits to 30 and does not know it',
    at(lossy(square, 30), ...x),
    'right right right',
    { noise: asStated },
  ],
  [
    'a parabola that lost bits to 30 and does not know it, wrong in one cotangent',
    at(lossy(square, 30), ...x),
    'wrong wrong wrong',
    { noise: asStated, falsify: inCotangent(off(1.5), 1) },
  ],
  [
    'a wave that does not know its rounding, off by 1e-6',
    at(waves(3), ...x),
    'wrong contradicted right',
    { noise: asStated, falsify: off(1 + 1e-6) },
  ],
  [
    'a small entry of what is large, with its rounding',
    at(plus(square, constant(1e6)), 1e-4, 1),
    'right right',
  ],
  [
    'a small entry of what is large, with its rounding, off by a half',
    at(plus(square, constant(1e6)), 1e-4, 1),
    'contradicted wrong',
    { falsify: off(1.5) },
  ],
  [
    'a small entry of a steep line that is large',
    at(plus(linear(1e3), constant(1e6)), 1e-4, 1),
    'right right',
  ],
  [
    'narrow first, then coarse',
    at(shifted(bell(1e-4), 0.3), 0.30001, 0.30002, 0.5, 0.30003),
    'right right right right',
    { noise: (_value, k) => (k === 2 ? 1e-17 : 2 ** -53) },
  ],
  [
    'nowhere but at tiny steps',
    at(plus(times(1e-6, waves(1e6)), linear(1)), 1e-40, 1, 0.1234567),
    'right right right',
  ],
];

const exactly: Partial<EntryCase> = { exact: (_k, q) => (q === 2 ? -1 : 1), noise: () => 0 };
/** x, x + relu(x) and relu(x) at 0, whose gradient says 0 of the relus. */
const lineAndRelu: EntryCase['of'] = {
  x: [[0]],
  f: ([v]) => [v[0], v[0] + relu[0](v[0]), relu[0](v[0])],
  vjp: (c) => [[c[0] + c[1]]],
};
/** Exact numbers at the very borders of the rules. */
const borders: Listed[] = [
  [
    'a line that is off by rtol',
    at(linear(1), 0),
    'right',
    { ...exactly, falsify: off(1 - 2 ** -22 - 3 * 2 ** -52) },
  ],
  [
    'a line that is off by a little more',
    at(linear(1), 0),
    'wrong',
    { ...exactly, falsify: off(1 - 2 ** -22 - 7 * 2 ** -53) },
  ],
  [
    'a line that is off by half of rtol',
    at(linear(1), 0),
    'right',
    { ...exactly, falsify: off(1 - 2 ** -23) },
  ],
  [
    'a line that is off by what is right at once',
    at(linear(1), 0),
    'right',
    { ...exactly, falsify: off(1 - 2 ** -24) },
  ],
  [
    'a line that is off by a hundred times rtol',
    at(linear(1), 0),
    'wrong',
    { ...exactly, falsify: off(1 - 100 * 2 ** -22) },
  ],
  [
    'a line that is off by atol',
    at(linear(1), 0),
    'right',
    { ...exactly, falsify: (g) => g - 2 ** -7, tolerance: { atol: 2 ** -7 - 2 ** -22 } },
  ],
  [
    'a line within a very wide tolerance of the larger',
    at(linear(1), 0),
    'right',
    { ...exactly, falsify: off(1.4), tolerance: { rtol: 0.3, atOnce: 0.075 } },
  ],
  [
    'a line within a very wide tolerance of the larger, at once',
    at(linear(1), 0),
    'right',
    { ...exactly, falsify: off(1.08), tolerance: { rtol: 0.3, atOnce: 0.075 } },
  ],
  ['a kink, and the slope of its left', at(bent(-1, 3), 0), 'kink', { ...exactly, falsify: off(1) }],
  ['a kink, and the slope of its right', at(bent(-1, 3), 0), 'kink', { ...exactly, falsify: off(-3) }],
  [
    'a kink, and a little beyond its left',
    at(bent(-1, 3), 0),
    'kink',
    { ...exactly, falsify: off(1 + 3 * 2 ** -22) },
  ],
  [
    'a kink, and a little beyond its right',
    at(bent(-1, 3), 0),
    'kink',
    { ...exactly, falsify: off(-3 - 3 * 2 ** -22) },
  ],
  [
    'a kink, and more beyond its left',
    at(bent(-1, 3), 0),
    'outside',
    { ...exactly, falsify: off(1 + 2 ** -18) },
  ],
  [
    'a kink, and more beyond its right',
    at(bent(-1, 3), 0),
    'outside',
    { ...exactly, falsify: off(-3 - 2 ** -18) },
  ],
  [
    'a kink, and within atol beyond its left',
    at(bent(-1, 3), 0),
    'kink',
    { ...exactly, falsify: off(1.01), tolerance: { atol: 0.02 } },
  ],
  [
    'a kink, and within atol beyond its right',
    at(bent(-1, 3), 0),
    'kink',
    { ...exactly, falsify: off(-3.01), tolerance: { atol: 0.02 } },
  ],
  [
    'a kink, and more than atol beyond its right',
    at(bent(-1, 3), 0),
    'outside',
    { ...exactly, falsify: off(-3.01), tolerance: { atol: 0.005 } },
  ],
  [
    'a kink far to the left in one cotangent',
    at(bent(-1, 3), 0),
    'outside',
    { ...exactly, falsify: inCotangent(off(20), 0) },
  ],
  [
    'a kink that one cotangent does not see',
    mixed(relu, 3, (k) => k && 1, [0]),
    'kink',
    { exact: (k, q) => (k === 2 && q === 0 ? -1 : 1) },
  ],
  [
    'a kink that one cotangent alone sees',
    mixed(relu, 3, (k) => k && 1, [0]),
    'kink',
    { exact: (k, q) => (k === 2 && q !== 1 ? -1 : 1) },
  ],
  [
    'a kink beside a line that one cotangent does not see',
    lineAndRelu,
    'kink',
    { exact: (k, q) => (k === 2 && q === 0 ? -1 : 1) },
  ],
  [
    'a kink beside a line that one cotangent alone sees',
    lineAndRelu,
    'kink',
    { exact: (k, q) => (k === 2 && q !== 1 ? -1 : 1) },
  ],
  ['a kink of tiny slopes', at(times(1e-12, abs), 0), 'kink'],
  ['a kink of 2^-21 on 1', at(plus(times(2 ** -21, abs), linear(1, 1)), 0, 1), 'right right'],
  ['a kink of 2^-22 on 1', at(plus(times(2 ** -22, abs), linear(1, 1)), 0, 1), 'right right'],
  [
    'a kink of 2^-22 on 1, off by 1e-3',
    at(plus(times(2 ** -22, abs), linear(1, 1)), 0, 1),
    'wrong wrong',
    { falsify: off(1.001) },
  ],
  ['a line whose gradient is far too steep', at(linear(1, 1), 1), 'wrong', { falsify: off(1e14) }],
  ['a kink far to the left', at(bent(-1, 3), 0), 'outside', { ...exactly, falsify: off(20) }],
];

/** A gradient that is rounding alone: what is left of x where a large number was added to it, and both were taken off. */
const garbage: Curve = [() => 3, (v) => v + v * 1e5 - v * 1e5 - v];
const garbled: Listed[] = [
  ['a constant whose gradient is rounding', at(garbage, ...x), 'right right right'],
  [
    'a constant whose gradient is rounding, but for one',
    at(garbage, ...x),
    'right wrong right',
    { falsify: only((g) => g + 1e-6) },
  ],
  [
    'a constant whose gradient is more than rounding',
    at(garbage, ...x),
    'wrong wrong wrong',
    { falsify: off(1e4) },
  ],
  [
    'zero whose gradient is rounding, beside others',
    at([(v) => (v > 1 ? v : 0), (v) => (v > 1 ? 1 : garbage[1](v))], ...x),
    'right right right',
  ],
  [
    'noise that autodiff knows the slope of',
    at([(v) => waves(1)[0](v), () => 1e14], 0.3),
    'noise',
    { noise: () => 1e-9 },
  ],
];

/** x → 4x(1 − x), so many times. */
const logistic = (rounds: number): Curve => [
  (v) => {
    for (let i = 0; i < rounds; i++) v = 4 * v * (1 - v);
    return v;
  },
  (v) => {
    let slope = 1;
    for (let i = 0; i < rounds; i++) [v, slope] = [4 * v * (1 - v), slope * 4 * (1 - 2 * v)];
    return slope;
  },
];
const zero = (): number => 0;
/**
 * Structure of f that is finer than the steps at which its rounding is measured, or nearly: a gradient that is right is never wrong by it,
 * and a wrong one never right.
 */
const fine: Listed[] = (
  [
    [12, 'right right', 'wrong wrong', 'right right', 'wrong wrong'],
    [20, 'right right', 'wrong wrong', 'right right', 'wrong wrong'],
    [26, 'right right', 'wrong wrong', 'right right', 'wrong wrong'],
    [30, 'contradicted noise', 'contradicted noise', 'contradicted contradicted', 'wrong contradicted'],
    [34, 'noise noise', 'noise noise', 'contradicted contradicted', 'wrong wrong'],
    [40, 'noise noise', 'noise noise', 'contradicted contradicted', 'contradicted wrong'],
  ] as const
).flatMap(([bits, right, twice, faint, line]): Listed[] => {
  const wave = waves(2 ** bits);
  const [strong, weak] = [plus(wave, linear(1)), plus(times(2 ** -bits, wave), linear(1))];
  const name = `waves of 2^-${bits} on a line`;
  return [
    [name, at(strong, 0.3, 0.7), right],
    [`${name}, twice`, at(strong, 0.3, 0.7), twice, { falsify: off(2) }],
    [`faint ${name}`, at(weak, 0.3, 0.7), faint],
    [`faint ${name}, where autodiff has that of the line`, at(weak, 0.3, 0.7), line, { falsify: () => 1 }],
  ];
});
const recurrences: Listed[] = (
  [
    [5, 'right right', 'wrong wrong', 'right right'],
    [15, 'right right', 'wrong wrong', 'right right'],
    [25, 'right right', 'wrong wrong', 'right right'],
    [30, 'noise noise', 'wrong wrong', 'noise noise'],
    [35, 'noise noise', 'noise noise', 'contradicted contradicted'],
    [45, 'noise noise', 'noise noise', undefined],
  ] as const
).flatMap(([rounds, right, twice, faint]): Listed[] => {
  const name = `a recurrence of ${rounds} rounds`;
  const weak = plus(times(1e-9, logistic(rounds)), linear(1));
  return [
    [name, at(logistic(rounds), 0.3, 0.123), right],
    [`${name}, twice`, at(logistic(rounds), 0.3, 0.123), twice, { falsify: off(2) }],
    ...(faint ? [[`${name}, faint, on a line`, at(weak, 0.3, 0.123), faint] as Listed] : []),
  ];
});

/** Rounding that shows where an entry that is 0 moves alone. Where f is flat by it up to some step, 0 is right as well. */
const lostAt0: Listed[] = (
  [
    [30, 'wrong wrong', 'kink right'],
    [500, 'right wrong', 'kink right'],
    [1e6, 'right wrong', 'right right'],
  ] as const
).flatMap(([large, flat, kink]): Listed[] => {
  const name = `a line that lost bits to ${large} at 0`;
  const of = at(lossy(linear(1), large), 0, 1);
  return [
    [name, of, 'right right'],
    [`${name}, off by 1e-3`, of, 'wrong wrong', { falsify: off(1.001) }],
    [`${name}, zero`, of, flat, { falsify: zero }],
    [`|x| that lost bits to ${large} at 0`, at(lossy(abs, large), 0, 1), kink],
    [
      `a line that lost bits to ${large} at 0, and a line beside it`,
      { x: [[0, 1]], f: ([v]) => [of.f([[v[0]]])[0], v[0], v[1]], vjp: (c) => [[c[0] + c[1], c[2]]] },
      'right right',
    ],
  ];
});
const ends: Listed[] = [
  [
    'x^1.5 at its end, off by 1e-6',
    at(within(power(1, 1), from0), 0, 1),
    'wrong right',
    { falsify: only((g) => g + 1e-6, 0) },
  ],
  ['a parabola and 1e3 at its end', at(within(plus(square, linear(2, 1e3)), from0), 0, 1), 'right right'],
  [
    'a parabola and 1e3 at its end, off by 1e-3',
    at(within(plus(square, linear(2, 1e3)), from0), 0, 1),
    'wrong wrong',
    { falsify: off(1.001) },
  ],
];

/** What is rounded within f, before it becomes small: (1 + s·x) − 1. */
const nearlyFlat: Listed[] = (
  [
    [1e-18, 'hidden', 'right', 'hidden'],
    [1e-15, 'hidden', 'right', 'hidden'],
    [1e-12, 'hidden', 'right', 'hidden'],
    [1e-9, 'right', 'wrong', 'wrong'],
    [1e-6, 'right', 'wrong', 'wrong'],
  ] as const
).flatMap(([slope, right, none, more]): Listed[] => {
  const curve: Curve = [(v) => 1 + slope * v - 1, () => slope];
  const beside = plus(curve, [(v) => (v > 1 ? v : 0), (v) => (v > 1 ? 1 : 0)]);
  const thrice = (verdict: string): string => [verdict, verdict, verdict].join(' ');
  return [
    [`a slope of ${slope} on 1`, at(curve, ...x), thrice(right)],
    [`a slope of ${slope} on 1, zero`, at(curve, ...x), thrice(none), { falsify: zero }],
    [`a slope of ${slope} on 1, ten times`, at(curve, ...x), thrice(more), { falsify: off(10) }],
    [`a slope of ${slope} on 1, beside another`, at(beside, ...x), 'right right right'],
  ];
});

/** A gradient that is what is left of dy·(1 + s) when dy is taken off. */
const cancelling = (slope: number, change: (c: number) => number = (c) => c): EntryCase['of'] => ({
  x: [[0.3, -0.7, 1.1]],
  f: ([values]) => Array.from(values, (v) => slope * v),
  vjp: (c, [values]) => [Array.from(values, (_v, j) => change(c[j]) * (1 + slope) - change(c[j]))],
});
const cancelled: Listed[] = (
  [
    [1e-5, 'right'],
    [1e-8, 'right'],
    [1e-9, 'right'],
    [1e-10, 'rounding'],
    [1e-12, 'rounding'],
    [1e-14, 'wrong'],
  ] as const
).flatMap(([slope, verdict]): Listed[] => [
  [`what is left of ${slope}`, cancelling(slope), [verdict, verdict, verdict].join(' ')],
  [
    `what is left of ${slope}, off by a hundredth`,
    cancelling(slope),
    'wrong wrong wrong',
    { falsify: off(1.01) },
  ],
  [`what is left of ${slope}, of |dy|`, cancelling(slope, Math.abs), 'wrong wrong wrong'],
]);

/** √(width² + x²): a kink that is round, at steps below its width. */
const soft = (width: number): Curve => [
  (v) => Math.sqrt(width * width + v * v),
  (v) => v / Math.sqrt(width * width + v * v),
];
const softKinks: Listed[] = (
  [
    [1e-3, 'right right right', 'wrong wrong wrong', 'right right'],
    [1e-6, 'right right right', 'wrong wrong wrong', 'right right'],
    [1e-8, 'right right right', 'wrong wrong wrong', 'right right'],
    [1e-9, 'right right right', 'wrong wrong wrong', 'right right'],
    [1e-10, 'right right right', 'wrong wrong wrong', 'undecided right'],
    [1e-11, 'right right right', 'wrong wrong wrong', 'undecided right'],
    [1e-12, 'right right right', 'wrong wrong wrong', 'undecided right'],
    [1e-16, 'kink right right', 'kink undecided wrong', 'kink right'],
  ] as const
).flatMap(([width, right, wrong, on1]): Listed[] => [
  [`round by ${width}`, at(soft(width), 0, width, 1), right],
  [`round by ${width}, off by a half`, at(soft(width), 0, width, 1), wrong, { falsify: (g) => g + 0.5 }],
  [`round by ${width}, on 1`, at(plus(soft(width), constant(1)), 0, 1), on1],
]);
const beside = (large: number): Listed[] => [
  [`√(1 + x²) at 0 beside ${large}`, at(root, 0, large), 'right right'],
  [
    `√(1 + x²) at 0 beside ${large}, off by a half`,
    at(root, 0, large),
    'wrong wrong',
    { falsify: (g) => g + 0.5 },
  ],
  [`|x| at 0 beside ${large}`, at(abs, 0, large), 'kink right'],
  [`a bell at 0.5 beside ${large}`, at(bell(), 0.5, large), 'right right'],
];

/** Even functions at 0, alone: their derivative is 0, and nothing else is there to compare it with. */
const even: Listed[] = [1, 1e3, 1e6, 1e10, 1e15].flatMap((offset): Listed[] => [
  [`a parabola and ${offset} at 0`, at(plus(square, constant(offset)), 0), 'right'],
  [
    `a parabola and ${offset} at 0, off by 1e-2`,
    at(plus(square, constant(offset)), 0),
    offset < 1e15 ? 'wrong' : 'hidden',
    { falsify: (g) => g + 1e-2 },
  ],
  [`a bell and ${offset} at 0`, at(plus(bell(0.1), constant(offset)), 0), 'right'],
]);

/** What is rounding where all cancels: (1 + x)² − 1 − 2x − x². */
const nothing: Curve = [(v) => (1 + v) * (1 + v) - 1 - 2 * v - v * v, (v) => 2 * (1 + v) - 2 - 2 * v];
const shiftedGarbage: Curve = [() => 3, (v) => garbage[1](v + 0.7)];
const cancellations: Listed[] = [
  ['a sum of which nothing is left', at(nothing, ...x), 'right right right'],
  [
    'a sum of which nothing is left, off by 1e-3',
    at(nothing, ...x),
    'wrong wrong wrong',
    { falsify: (g) => g + 1e-3 },
  ],
  [
    'a sum of which nothing is left, and an offset',
    at(plus(nothing, constant(5)), ...x),
    'right right right',
  ],
  ['a gradient that is rounding, with zeros', at(shiftedGarbage, 0, ...x), 'right right right right'],
  [
    'a gradient that is rounding, with zeros, of which one is more',
    at(shiftedGarbage, 0, ...x, 0),
    'wrong right right right right',
    { falsify: only((g) => g + 1e-6, 0) },
  ],
  ...[1e3, 1e5, 1e7].flatMap((offset): Listed[] => [
    [
      `a parabola and ${offset}, off by 1.5e-7`,
      at(plus(square, constant(offset)), ...x),
      'right right right',
      { falsify: off(1 + 1.5e-7) },
    ],
    [`fast waves on ${offset}`, at(plus(waves(64), linear(1, offset)), ...x), 'right right right'],
    [
      `a narrow bell on ${offset}`,
      at(plus(shifted(bell(1e-3), 0.2995), linear(1, offset)), ...x),
      'right right right',
    ],
    [
      `a narrow bell on ${offset}, off by 1e-3`,
      at(plus(shifted(bell(1e-3), 0.2995), linear(1, offset)), ...x),
      'wrong wrong wrong',
      { falsify: off(1.001) },
    ],
  ]),
];

/** x, and twice a curve that the first cotangent does not see, as its weights cancel; and another entry. */
const unseenByFirst = (curve: Curve, v: number): Pick<EntryCase, 'of' | 'exact'> => ({
  of: {
    x: [[v, 0.5]],
    f: ([values]) => [values[0], curve[0](values[0]), curve[0](values[0]), values[1]],
    vjp: (c, [values]) => [[c[0] + (c[1] + c[2]) * curve[1](values[0]), c[3]]],
  },
  exact: (k, q) => (k === 2 && q === 0 ? -1 : 1),
});
const inSomeCotangents: EntryCase[] = (
  [
    ['a parabola', square, 0.3, 'right'],
    ['a narrow place that is steeper', hidden, 0.3, 'contradicted'],
    ['a root with x’s sign', oddRoot, 0, 'undecided'],
    ['a root of |x|', rootOfSize, 0, 'kink'],
    ['a round kink', soft(1e-10), 0, 'right'],
    ['a parabola and 1e13', plus(square, constant(1e13)), 0.3, 'noise'],
    ['a parabola and 1e15', plus(square, constant(1e15)), 0.3, 'hidden'],
    ['a point', within(linear(2), (v) => v === 0), 0, 'undefined'],
    ['waves of 2^-30', waves(2 ** 30), 0.3, 'noise'],
  ] as const
).flatMap(([name, curve, v, expected]): EntryCase[] => [
  {
    name: `${name}, which one does not see`,
    ...unseenByFirst(curve, v),
    expected: `${expected} right`,
  },
]);

/** What float32 does not show: what is much smaller than the largest, and what is below its last bits. */
const inFloat32: Record<string, [right: string, wrong: string]> = {
  'a narrow bell': ['right right right', 'wrong right right'],
  'fast waves on a line': ['right right noise', 'wrong wrong wrong'],
  'a parabola and 1e6': ['hidden hidden hidden', 'hidden hidden hidden'],
  'a kink a millionth away': ['kink right right', 'kink wrong wrong'],
};

/** In float32. */
const native: Listed[] = [
  ...Object.entries(smooth).flatMap(([name, curve]): Listed[] => {
    const [right, wrong] = inFloat32[name] ?? ['right right right', 'wrong wrong wrong'];
    return [
      [name, at(curve, ...x), right],
      [`${name}, off by a tenth`, at(curve, ...x), wrong, { falsify: off(1.1) }],
    ];
  }),
  ...special.map(([name, curve, right, , other = 0.5]): Listed => [
    name,
    at(curve, 0, other),
    `${name === 'a small jump on a line' ? 'contradicted' : right} right`,
  ]),
  ['a parabola, off by 2e-3', at(square, ...x), 'wrong wrong wrong', { falsify: off(1.002) }],
  ['a parabola, off by 2e-4', at(square, ...x), 'wrong wrong wrong', { falsify: off(1.0002) }],
  ['a parabola, off by 5e-5', at(square, ...x), 'right right right', { falsify: off(1.00005) }],
  ['a parabola of all sizes', at(square, 1e-8, -1, 1e8), 'right right right'],
  ['a reciprocal near its pole', at(reciprocal, 1e-4, 1, 100), 'right right right'],
  ['a parabola that lost bits to 100', at(lossy(square, 100), ...x), 'right right right'],
  ['a parabola and 1e4', at(plus(square, constant(1e4)), ...x), 'right right right'],
  ['a parabola and 1e6', at(plus(square, constant(1e6)), ...x), 'hidden hidden hidden'],
  ['a parabola and 1e8', at(plus(square, constant(1e8)), ...x), 'hidden hidden hidden'],
  ['a constant', at(constant(3), ...x), 'right right right'],
  ['a line that is off by rtol', at(linear(1), 0), 'right', { ...exactly, falsify: off(1 - 2 ** -13) }],
  [
    'a parabola and 30, off by 2^-15.5',
    at(plus(square, constant(30)), ...x),
    'right right right',
    { falsify: off(1 + 2e-5) },
  ],
  [
    'a parabola and 30, off by 2^-14',
    at(plus(square, constant(30)), ...x),
    'right right right',
    { falsify: off(1 + 6e-5) },
  ],
  [
    'a parabola and 300, off by 2^-15.5',
    at(plus(square, constant(300)), ...x),
    'right right right',
    { falsify: off(1 - 2e-5) },
  ],
  [
    'a parabola and 300, off by 2^-14',
    at(plus(square, constant(300)), ...x),
    'right right right',
    { falsify: off(1 - 6e-5) },
  ],
  ['a line that is off by atOnce', at(linear(1), 0), 'right', { ...exactly, falsify: off(1 - 2 ** -16) }],
];

const listed = (list: readonly Listed[], more: Partial<EntryCase> = {}): EntryCase[] =>
  list.map(([name, of, expected, rest]) => ({ name, of, expected, ...rest, ...more }));

/** All cases, by what they are about. */
export const entryCases: Record<string, EntryCase[]> = {
  ...Object.fromEntries(
    Object.entries(smooth).map(([name, curve]) => [
      name,
      listed([
        ['right', at(curve, ...x), 'right right right'],
        ['off by 1e-6', at(curve, ...x), 'wrong wrong wrong', { falsify: off(1 + 1e-6) }],
        ['of the wrong sign', at(curve, 0.3), 'wrong', { falsify: off(-1) }],
        ['in sums', folded(curve, x), 'right wrong right', { falsify: only(off(1.001)) }],
      ]),
    ]),
  ),
  'where f is not smooth': listed(
    special.map(([name, curve, right, , other = 0.5]) => [name, at(curve, 0, other), `${right} right`]),
  ),
  'where f is not smooth, off by 20': listed(
    special.map(([name, curve, , wrong, other = 0.5]) => [name, at(curve, 0, other), `${wrong} right`]),
    { falsify: only((g) => g + 20, 0) },
  ),
  'once differentiable, alone': listed(
    special.slice(7, 13).map(([name, curve, right]) => [name, at(curve, 0), right]),
  ),
  'gradients of a parabola': faults.map(([name, rest, expected]) => ({
    name,
    of: at(square, ...x),
    expected,
    ...rest,
  })),
  rounding: listed(rounding),
  'flat functions': listed(flat),
  'unlike sizes': listed(sizes),
  kinks: listed(kinks),
  'long steps and short ones': listed(scales),
  'borders of the rules': listed(borders),
  'gradients that are rounding alone': listed(garbled),
  'fine structure': listed(fine),
  recurrences: listed(recurrences),
  'rounding at 0': listed([...lostAt0, ...ends]),
  'nearly flat': listed(nearlyFlat),
  'gradients that lose bits': listed(cancelled),
  'round kinks': listed(softKinks),
  'zeros beside what is large': listed([1e3, 2 ** 20, 1e10].flatMap(beside)),
  'even functions': listed(even),
  cancellations: listed(cancellations),
  'what some cotangents see': inSomeCotangents,
  'in float32': listed(native, { precision: 'native' }),
};

/** Compares every entry of a case, as `examine` does, and by a first look alone. */
export function recordEntries({ of, precision = 'float64', tolerance, seed = 1, ...opening }: EntryCase): {
  verdict: string;
  lines: string[];
} {
  const subject = subjectOf({ ...of, precision });
  const pass = passOf(subject, { seed, ...opening });
  const limits = { ...tolerances[precision], ...tolerance };
  const memory: Memory = { shortFirst: false };
  const found = pass.subject.active.flatMap(({ values }, input) =>
    Array.from(values, (_value, j) => {
      const before = subject.evaluations;
      const entry = compareEntry(pass, input, j, limits, memory);
      const after = subject.evaluations;
      const atOnce = compareAtOnce(pass, input, j, limits, { ...memory });
      const cost = [after - before, subject.evaluations - after];
      return { entry, line: lineOf(entry, cost, { entry, atOnce, memory }) };
    }),
  );
  return {
    verdict: found.map(({ entry }) => verdictOf(entry)).join(' '),
    lines: found.map(({ line }) => line),
  };
}

/** As a case has it: `outside` is a kink whose slopes the gradient does not lie between. */
const verdictOf = ({ state, blindness, between }: Entry): string =>
  blindness ?? (state === 'kink' && !between ? 'outside' : state);

const lineOf = ({ q, numerical, errorBar, unit, slopes }: Entry, cost: number[], all: unknown): string =>
  `${slopes.map(({ kind }) => kind).join(' ')}: ${numerical} ± ${errorBar} by dy ${q} in steps of ${unit}; ${cost.join(' and ')} evaluations; ${digest(all)}`;
