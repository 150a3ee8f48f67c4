/** Projections and the search that they lead to, with what they must find. */
import { projectAll } from '../../../../src/gradcheck/engine/fast.js';
import type { Entry } from '../../../../src/gradcheck/engine/judge.js';
import { tolerances } from '../../../../src/gradcheck/engine/tolerance.js';
import { randomFrom } from '../../../../src/random.js';
import {
  abs,
  bell,
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
  waves,
  within,
  type Curve,
  type Falsify,
  type Opening,
  type Plain,
} from './plain.js';

export interface ProjectionCase extends Partial<Opening> {
  name: string;
  of: Pick<Plain, 'x' | 'f' | 'vjp'>;
  precision?: Plain['precision'];
  /** By input, the entries that must be found wrong, or not finite; `some` where there are more than are looked for. */
  wrong: (number[] | 'some')[];
  /** By input, the kinks that must be found; 'many' where there are more than are put aside. */
  kinks?: (number[] | 'many')[];
  /** By input, whether something is left open. */
  open?: boolean[];
}

const numbers = (n: number, seed = 1): Float64Array => randomFrom(seed).weights(n);
const withZeros = (n: number, zeros: readonly number[]): Float64Array =>
  numbers(n).map((value, j) => (zeros.includes(j) ? 0 : value));
const at =
  (...places: number[]) =>
  (change: (g: number) => number, wanted = 0): Falsify =>
  (g, j, _q, input) =>
    input === wanted && places.includes(j) ? change(g) : g;
const all =
  (change: (g: number) => number): Falsify =>
  (g) =>
    change(g);
const constant = (value: number): Curve => [() => value, () => 0];
const float32 = (curve: Curve): Curve => rounded(curve, Math.fround);

const few = elementwise(square, numbers(7));
const some = elementwise(root, numbers(60));
const many = elementwise(square, numbers(300));
const summed = mixed(root, 3, (k, j) => ((j * (k + 1)) % 5) - 2.5, numbers(40));
const two = elementwise(root, numbers(40), numbers(30, 2));
/** The second input's share of f is 1e-8 of the first's. */
const unlike = {
  ...two,
  f: ([a, b]: readonly ArrayLike<number>[]) => [
    ...Array.from(a, root[0]),
    ...Array.from(b, (x) => 1e-8 * root[0](x)),
  ],
  vjp: (c: ArrayLike<number>, [a, b]: readonly ArrayLike<number>[]) => [
    Array.from(a, (x, j) => c[j] * root[1](x)),
    Array.from(b, (x, j) => 1e-8 * c[a.length + j] * root[1](x)),
  ],
};
const twice = (g: number): number => 2 * g;

export const projectionCases: ProjectionCase[] = [
  { name: 'few entries', of: few, wrong: [[]] },
  { name: 'some entries', of: some, wrong: [[]] },
  { name: 'many entries', of: many, wrong: [[]] },
  { name: 'sums', of: summed, wrong: [[]] },
  { name: 'one entry', of: elementwise(cube, [0.7]), wrong: [[]] },
  { name: 'one entry, wrong', of: elementwise(cube, [0.7]), falsify: all(twice), wrong: [[0]] },
  { name: 'two entries, one wrong', of: elementwise(cube, [0.7, 0.2]), falsify: at(1)(twice), wrong: [[1]] },
  ...[0, 3, 6].map((j): ProjectionCase => ({
    name: `entry ${j} of few is wrong`,
    of: few,
    falsify: at(j)((g) => -g),
    wrong: [[j]],
  })),
  ...[0, 1, 150, 298, 299].map((j): ProjectionCase => ({
    name: `entry ${j} of many is wrong`,
    of: many,
    falsify: at(j)((g) => 1.01 * g),
    wrong: [[j]],
    seed: 2,
  })),
  { name: 'one of many by 1e-5', of: many, falsify: at(77)((g) => g * (1 + 1e-5)), wrong: [[77]] },
  {
    name: 'one of many by 1e-6, seed 3',
    of: many,
    falsify: at(77)((g) => g * (1 + 1e-6)),
    wrong: [[77]],
    seed: 3,
  },
  { name: 'one of sums', of: summed, falsify: at(12)((g) => g + 0.01), wrong: [[12]] },
  { name: 'two of many', of: many, falsify: at(20, 280)((g) => 1.1 * g), wrong: [[20, 280]] },
  {
    name: 'two of many beside each other',
    of: many,
    falsify: at(120, 121)((g) => 1.1 * g),
    wrong: [[120, 121]],
  },
  {
    name: 'two of many like one in the middle',
    of: many,
    falsify: at(140, 160)((g) => g + 1e-3 * Math.sign(g)),
    wrong: [[140, 160]],
  },
  { name: 'three of many', of: many, falsify: at(3, 150, 151)((g) => 1.1 * g), wrong: [[3, 150, 151]] },
  { name: 'five of many', of: many, falsify: at(3, 150, 151, 152, 200)((g) => 1.1 * g), wrong: ['some'] },
  {
    name: 'a large and a small one',
    of: many,
    falsify: (g, j) => (j === 10 ? 3 * g : j === 200 ? g * 1.0001 : g),
    wrong: [[10, 200]],
  },
  { name: 'all of another sign', of: some, falsify: all((g) => -g), wrong: ['some'] },
  { name: 'all by a part', of: some, falsify: all((g) => g + 0.5), wrong: ['some'] },
  {
    name: 'all by a factor within the tolerance',
    of: some,
    falsify: all((g) => g * (1 + 2 ** -23)),
    wrong: [[]],
  },
  {
    name: 'all by a factor beyond the tolerance',
    of: some,
    falsify: all((g) => g * (1 + 2 ** -20)),
    wrong: ['some'],
  },
  { name: 'a half of them', of: some, falsify: (g, j) => (j < 30 ? 1.5 * g : g), wrong: ['some'] },
  {
    name: 'in the first cotangent',
    of: some,
    falsify: (g, j, q) => (q === 0 && j === 5 ? 1.5 * g : g),
    wrong: [[5]],
  },
  {
    name: 'in the second cotangent',
    of: some,
    falsify: (g, j, q) => (q === 1 && j === 5 ? 1.5 * g : g),
    wrong: [[5]],
  },
  {
    name: 'in the third cotangent',
    of: some,
    falsify: (g, j, q) => (q === 2 && j === 5 ? 1.5 * g : g),
    wrong: [[5]],
  },
  {
    name: 'NaN and infinite',
    of: some,
    falsify: (g, j) => (j === 7 ? NaN : j === 9 ? Infinity : g),
    wrong: [[7, 9]],
  },
  { name: 'NaN everywhere', of: some, falsify: all(() => NaN), wrong: ['some'] },
  {
    name: 'NaN in one cotangent',
    of: some,
    falsify: (g, j, q) => (q === 2 && j === 7 ? NaN : g),
    wrong: [[7]],
  },
  { name: 'zero', of: some, falsify: all(() => 0), wrong: ['some'] },
  { name: 'a constant', of: elementwise(constant(3), numbers(20)), wrong: [[]] },
  {
    name: 'a constant, with a gradient',
    of: elementwise(constant(3), numbers(20)),
    falsify: at(4)(() => 0.1),
    wrong: [[4]],
  },
  { name: 'a line', of: elementwise(linear(2, 1), numbers(20)), wrong: [[]] },
  { name: 'fast waves', of: elementwise(waves(50), numbers(20)), wrong: [[]] },
  { name: 'faster waves', of: elementwise(plus(waves(5000), linear(1)), numbers(20)), wrong: [[]] },
  {
    name: 'faster waves, one wrong',
    of: elementwise(plus(waves(5000), linear(1)), numbers(20)),
    falsify: at(11)(twice),
    wrong: [[11]],
  },
  { name: 'narrow bells', of: elementwise(shifted(bell(1e-3), 0.501), numbers(20)), wrong: [[]] },
  { name: 'a cubic on 1e6', of: elementwise(plus(cube, constant(1e6)), numbers(30)), wrong: [[]] },
  {
    name: 'a cubic on 1e6, one wrong',
    of: elementwise(plus(cube, constant(1e6)), numbers(30)),
    falsify: at(17)(twice),
    wrong: [[17]],
  },
  {
    name: 'a cubic on 1e10',
    of: elementwise(plus(cube, constant(1e10)), numbers(30)),
    wrong: [[]],
    open: [true],
  },
  {
    name: 'a cubic on 1e15',
    of: elementwise(plus(cube, constant(1e15)), numbers(30)),
    wrong: [[]],
    open: [true],
  },
  { name: 'a parabola that lost bits', of: elementwise(lossy(square, 1e6), numbers(30)), wrong: [[]] },
  { name: 'a parabola in float32', of: elementwise(float32(square), numbers(30)), wrong: [[]] },
  {
    name: 'a parabola in float32 whose rounding is not known',
    of: elementwise(float32(square), numbers(30)),
    noise: (value) => 2 ** -53 * Math.abs(value),
    wrong: [[]],
    open: [true],
  },
  {
    name: 'a parabola in float32, one wrong',
    of: elementwise(float32(square), numbers(30)),
    falsify: at(29)(twice),
    wrong: [[29]],
  },
  { name: 'a quantiser', of: elementwise(quantised(linear(1), 256), numbers(10)), wrong: [[]], open: [true] },
  {
    name: 'a quantiser whose gradient is that of a line',
    of: elementwise(
      rounded(linear(1), (v) => Math.round(v * 256) / 256),
      numbers(10),
    ),
    wrong: ['some'],
  },
  {
    name: 'off by its own rounding',
    of: some,
    falsify: all((g) => g * (1 + 1e-6)),
    rounding: 1e-5,
    wrong: [[]],
    open: [true],
  },
  {
    name: 'off by what its rounding explains',
    of: some,
    falsify: all((g) => g * (1 + 3e-8)),
    rounding: 1e-7,
    wrong: [[]],
  },
  { name: 'kinks', of: elementwise(relu, withZeros(60, [3, 30, 59])), wrong: [[]], kinks: [[3, 30, 59]] },
  {
    name: 'kinks of |x| in sums',
    of: mixed(abs, 2, (k, j) => ((j + k) % 3) + 1, withZeros(30, [4, 5])),
    wrong: [[]],
    kinks: [[4, 5]],
  },
  {
    name: 'kinks, and one wrong',
    of: elementwise(abs, withZeros(60, [3, 30, 59])),
    falsify: at(41)(twice),
    wrong: [[41]],
    kinks: [[3, 30, 59]],
  },
  {
    name: '63 entries that are NaN, and a kink',
    of: elementwise(abs, withZeros(70, [69])),
    falsify: (g, j) => (j < 63 ? NaN : g),
    wrong: ['some'],
    kinks: [[69]],
  },
  {
    name: '64 entries that are NaN, and a kink: more than are put aside',
    of: elementwise(abs, withZeros(70, [69])),
    falsify: (g, j) => (j < 64 ? NaN : g),
    wrong: ['some'],
    kinks: ['many'],
  },
  {
    name: 'relu², differentiable once',
    of: elementwise(power(0, 0), withZeros(20, [2, 9])),
    wrong: [[]],
  },
  {
    name: '|x|^1.25, differentiable just once',
    of: elementwise(power(2, 1), withZeros(20, [2, 9])),
    wrong: [[]],
  },
  {
    name: 'jumps nearby',
    of: elementwise(plus([(v) => (v > 0.50001 ? 1 : 0), () => 0], square), [0.5, 0.6, 0.7]),
    wrong: [[]],
  },
  { name: 'two inputs', of: two, wrong: [[], []] },
  { name: 'two inputs, the first wrong', of: two, falsify: at(39)(twice, 0), wrong: [[39], []] },
  { name: 'two inputs, the second wrong', of: two, falsify: at(0)(twice, 1), wrong: [[], [0]] },
  {
    name: 'two inputs, both wrong',
    of: two,
    falsify: (g, j) => (j === 11 ? 1.1 * g : g),
    wrong: [[11], [11]],
  },
  { name: 'unlike inputs', of: unlike, wrong: [[], []] },
  { name: 'unlike inputs, the first wrong', of: unlike, falsify: at(7)(twice, 0), wrong: [[7], []] },
  {
    name: 'unlike inputs, the second wrong',
    of: unlike,
    falsify: at(29)((g) => 1.01 * g, 1),
    wrong: [[], [29]],
  },
  {
    name: 'an input without effect',
    of: {
      ...two,
      f: ([a]) => Array.from(a, root[0]),
      vjp: (c, [a, b]) => [Array.from(a, (x, j) => c[j] * root[1](x)), Array.from(b, () => 0)],
    },
    wrong: [[], []],
  },
  {
    name: 'three inputs of unlike sizes',
    of: elementwise(square, [1, 2, 3], [1e-3, 2e-3], [1e5]),
    wrong: [[], [], []],
  },
  {
    name: 'three inputs of unlike sizes, the small one wrong',
    of: elementwise(square, [1, 2, 3], [1e-3, 2e-3], [1e5]),
    falsify: at(1)(twice, 1),
    wrong: [[], [], []],
    open: [false, true, false],
  },
  { name: 'mixed sizes', of: elementwise(square, [1e-8, 1, 1e-4, 1e8, 1e-6, 2]), wrong: [[]] },
  { name: 'mixed sizes near a pole', of: elementwise(reciprocal, [1e-8, 1, 1e4, 2]), wrong: [[]] },
  { name: 'mixed sizes near an end', of: elementwise(squareRoot, [1e-10, 1, 100, 1e-3, 2]), wrong: [[]] },
  {
    name: 'one small entry near an end',
    of: elementwise(
      within(squareRoot, (v) => v >= 0, true),
      [1e-10, ...Array.from({ length: 20 }, (_, j) => j + 1)],
    ),
    wrong: [[]],
  },
  {
    name: 'one small entry near an end, wrong',
    of: elementwise(
      within(squareRoot, (v) => v >= 0, true),
      [1e-10, ...Array.from({ length: 20 }, (_, j) => j + 1)],
    ),
    falsify: at(0)(twice),
    wrong: [[0]],
  },
  {
    name: 'at an end',
    of: elementwise(
      within(linear(2), (v) => v >= 0),
      [0, 1, 2, 3],
    ),
    wrong: [[]],
  },
  { name: 'zeros', of: elementwise(square, [0, 0, 0]), wrong: [[]], open: [true] },
  { name: 'zeros of a line', of: elementwise(linear(1), [0, 0, 0]), wrong: [[]] },
];

const native: ProjectionCase[] = [
  { name: 'some entries', of: some, wrong: [[]] },
  { name: 'many entries', of: many, wrong: [[]] },
  { name: 'one wrong', of: many, falsify: at(123)((g) => g + 10), wrong: [[123]] },
  { name: 'the last wrong', of: some, falsify: at(59)((g) => g + 2), wrong: [[59]] },
  { name: 'all wrong', of: some, falsify: all(twice), wrong: ['some'] },
  { name: 'all off by 1e-5', of: some, falsify: all((g) => g * (1 + 1e-5)), wrong: [[]] },
  { name: 'kinks', of: elementwise(abs, withZeros(30, [3, 17])), wrong: [[]], kinks: [[3, 17]] },
  { name: 'fast waves', of: elementwise(waves(5), numbers(20)), wrong: [[]] },
  { name: 'on 1e6', of: elementwise(plus(cube, constant(1e6)), numbers(20)), wrong: [[]], open: [true] },
  { name: 'mixed sizes', of: elementwise(square, [1e-4, 1, 1e4, 2]), wrong: [[]] },
];
projectionCases.push(
  ...native.map((one): ProjectionCase => ({ ...one, name: `native: ${one.name}`, precision: 'native' })),
);

const isWrong = ({ state }: Entry): boolean => state === 'wrong' || state === 'nonFinite';
const listOf = (entries: readonly Entry[], is: (entry: Entry) => boolean): string =>
  String(
    entries
      .filter(is)
      .map(({ j }) => j)
      .sort((a, b) => a - b),
  );

/** What a case asks for, in words. */
export const expectedOf = ({ wrong, kinks, open }: ProjectionCase): string =>
  wrong
    .map((entries, i) => `wrong ${entries}, kinks ${kinks?.[i] ?? []}, open ${open?.[i] ?? false}`)
    .join('; ');

export function recordProjections(one: ProjectionCase): {
  verdict: string;
  lines: string;
} {
  const { of, precision = 'float64', seed = 1, wrong, kinks } = one;
  const subject = subjectOf({ ...of, precision });
  const pass = passOf(subject, { ...one, seed });
  const before = subject.evaluations;
  const work = projectAll(pass, tolerances[precision]);
  let turns = 0;
  let step = work.next();
  for (; !step.done; step = work.next()) turns++;
  const { entries, unresolved, absolute, relative, moreKinks, settled, resolution } = step.value;
  const verdicts = entries.map((list, i) => {
    const culprits = wrong[i] === 'some' && list.filter(isWrong).length >= 3 ? 'some' : listOf(list, isWrong);
    const kinked =
      kinks?.[i] === 'many' && moreKinks[i] ? 'many' : listOf(list, ({ state }) => state === 'kink');
    return `wrong ${culprits}, kinks ${kinked}, open ${unresolved[i]}`;
  });
  const found = entries.map((list) =>
    list.map(({ j, state, blindness }) => `${j} ${blindness ?? state}`).join(', '),
  );
  return {
    verdict: verdicts.join('; '),
    lines: `${found.join('; ')} | more kinks ${moreKinks}, settled ${settled}, off by ${absolute} or ${relative}, seen ${resolution}; ${subject.evaluations - before} evaluations in ${turns} turns; ${digest(step.value)}`,
  };
}
