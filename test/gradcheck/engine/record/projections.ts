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

/** Output j is the curve that `of` says at entry j of all inputs together. */
const eachOwn = (of: (j: number) => Curve, ...x: readonly ArrayLike<number>[]): ProjectionCase['of'] => ({
  x,
  f: (inputs) => inputs.flatMap((values) => Array.from(values)).map((value, j) => of(j)[0](value)),
  vjp(c, inputs) {
    let next = 0;
    return inputs.map((values) =>
      Array.from(values, (value) => {
        const j = next++;
        return c[j] * of(j)[1](value);
      }),
    );
  },
});
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const zeros = [1, 4, 6, 9, 13, 14, 17];
/** Kinks at five zeros of seven; at the two others f is smooth. */
const fiveOfSeven = eachOwn(
  (j) => (j === 6 || j === 14 ? plus(square, linear(1)) : relu),
  withZeros(18, zeros),
);
const kinked = zeros.filter((j) => j !== 6 && j !== 14);
/** Few outputs, so that many kinks are looked at quickly. */
const fewOutputs = (curve: Curve, x: ArrayLike<number>) => mixed(curve, 2, (k, j) => ((j + k) % 3) + 1, x);
/** Kinks at entries that are 0, of which the search comes upon some, and beside them others. */
const atZeros: ProjectionCase[] = [
  { name: 'seven kinks at zeros', of: fewOutputs(relu, withZeros(18, zeros)), wrong: [[]], kinks: [zeros] },
  {
    name: 'five kinks at zeros, and two zeros where f is smooth',
    of: fiveOfSeven,
    wrong: [[]],
    kinks: [kinked],
  },
  {
    name: 'five kinks at zeros, and one wrong where f is smooth',
    of: fiveOfSeven,
    falsify: at(14)((g) => g + 0.5),
    wrong: [[14]],
    kinks: [kinked],
  },
  {
    name: 'five kinks at zeros, and one wrong that is none',
    of: fiveOfSeven,
    falsify: at(11)((g) => g + 0.5),
    wrong: [[11]],
    kinks: [kinked],
  },
  {
    name: 'kinks at zeros of the second input',
    of: elementwise(abs, numbers(11), withZeros(18, zeros)),
    wrong: [[], []],
    kinks: [[], zeros],
  },
  {
    name: 'kinks at zeros of the second input, and zeros of the first where f is smooth',
    of: eachOwn((j) => (j < 11 ? square : abs), withZeros(11, [2, 7]), withZeros(18, zeros)),
    wrong: [[], []],
    kinks: [[], zeros],
  },
  {
    name: 'kinks at zeros of both inputs, and one wrong in each',
    of: elementwise(abs, withZeros(18, zeros), withZeros(10, [0, 3, 5, 8, 9])),
    falsify: (g, j) => (j === 2 ? 2 * g : g),
    wrong: [[2], [2]],
    kinks: [zeros, [0, 3, 5, 8, 9]],
  },
  {
    name: 'kinks at entries that are not 0, beside zeros where f is smooth',
    of: eachOwn(
      (j) => (j < 6 ? shifted(abs, 0.5) : square),
      [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, ...withZeros(8, [1, 2, 3, 4, 5])],
    ),
    wrong: [[]],
    kinks: [[0, 1, 2, 3, 4, 5]],
  },
  {
    name: 'kinks at three zeros and at three other entries',
    of: eachOwn(
      (j) => (j < 6 ? (j < 3 ? abs : shifted(abs, 0.5)) : square),
      [0, 0, 0, 0.5, 0.5, 0.5, ...withZeros(8, [1, 2, 3, 4])],
    ),
    wrong: [[]],
    kinks: [[0, 1, 2, 3, 4, 5]],
  },
  {
    name: 'kinks at three other entries, and then at three zeros, beside zeros where f is smooth',
    of: eachOwn(
      (j) => (j < 6 ? (j < 3 ? shifted(abs, 0.5) : abs) : plus(square, linear(1))),
      [0.5, 0.5, 0.5, 0, 0, 0, ...withZeros(8, [1, 2, 3, 4])],
    ),
    wrong: [[]],
    kinks: [[0, 1, 2, 3, 4, 5]],
  },
  {
    name: 'kinks at five zeros, and then at two other entries, beside zeros where f is smooth',
    of: eachOwn(
      (j) => (j < 7 ? (j < 5 ? abs : shifted(abs, 0.5)) : plus(square, linear(1))),
      [0, 0, 0, 0, 0, 0.5, 0.5, ...withZeros(8, [1, 2, 3, 4])],
    ),
    wrong: [[]],
    kinks: [[0, 1, 2, 3, 4, 5, 6]],
  },
  {
    name: 'kinks at three zeros, and one zero wrong, beside zeros where f is smooth',
    of: eachOwn((j) => (j < 3 ? abs : plus(square, linear(1))), [0, 0, 0, 0, ...withZeros(8, [1, 2, 3, 4])]),
    falsify: at(3)((g) => g + 0.5),
    wrong: [[3]],
    kinks: [[0, 1, 2]],
  },
  {
    name: '70 kinks at zeros, and one wrong beside them',
    of: fewOutputs(relu, withZeros(80, range(5, 75))),
    falsify: at(77)(twice),
    wrong: [[77]],
    kinks: ['many'],
  },
  {
    name: '38 and 30 kinks at zeros of two inputs',
    of: {
      x: [withZeros(42, range(0, 38)), withZeros(42, range(10, 40))],
      f: ([a, b]) => [a, b].map((values) => Array.from(values).reduce((sum, v) => sum + relu[0](v), 0)),
      vjp: (c, x) => x.map((values, i) => Array.from(values, (v) => c[i] * relu[1](v))),
    },
    falsify: at(3)(twice, 1),
    wrong: [[], [3]],
    kinks: [range(0, 38), 'many'],
  },
];

/** Some of the entries, so near to 0 that a direction moves them to its other side. */
const withSmall = (n: number, every: number, size: number): Float64Array =>
  numbers(n).map((value, j) => (j % every === 0 ? value * size : value));
const once = power(0, 0);
const xTimesAbs: Curve = [(v) => v * Math.abs(v), (v) => 2 * Math.abs(v)];
const sums = (curve: Curve, x: ArrayLike<number>, outputs = 2) =>
  mixed(curve, outputs, (k, j) => ((j * (k + 1)) % 5) - 1.5, x);
/** Functions that are differentiable once, of entries that cross that place on the way. */
const crossing: ProjectionCase[] = [
  [once, 1e-2, 1, 'relu(x)² of entries near 0'],
  [once, 1e-4, 1, 'relu(x)² of entries nearer to 0'],
  [once, 1e-3, 2, 'relu(x)² of entries near 0, seed 2'],
  [xTimesAbs, 1e-3, 1, 'x|x| of entries near 0'],
  [plus(once, linear(1)), 1e-2, 3, 'relu(x)² and a line near 0'],
].flatMap(([curve, size, seed, name]): ProjectionCase[] => {
  const of = sums(curve as Curve, withSmall(200, 10, size as number));
  const rest = { of, seed: seed as number };
  return [
    { name: `${name as string}`, ...rest, wrong: [[]] },
    { name: `${name as string}, one wrong`, ...rest, falsify: at(57)((g) => g + 1e-3), wrong: [[57]] },
    {
      name: `${name as string}, one off by 1e-4 in one cotangent`,
      ...rest,
      falsify: (g, j, q) => (j === 57 && q === 1 ? g + 1e-4 : g),
      wrong: [[57]],
    },
  ];
});

/** From −3 to 3: of many entries some lie near 0, at every distance. */
const spread = (n: number): Float64Array => {
  const random = randomFrom(5);
  return Float64Array.from({ length: n }, () => random.uniform(-3, 3));
};
for (const [name, curve, n] of [
  ['relu(x)² of 300 entries', once, 300],
  ['relu(x)² of 3000 entries', once, 3000],
  ['x|x| of 300 entries', xTimesAbs, 300],
  ['|x|^1.5 of 300 entries', power(1, 1), 300],
] as const) {
  const x = spread(n);
  const of = sums(curve, x, 1);
  const wrong = x.findIndex((value, j) => value > 1 && j > n / 2);
  for (const seed of [1, 2, 3]) {
    const rest = { of, seed };
    crossing.push(
      { name: `${name}, seed ${seed}`, ...rest, wrong: [[]] },
      {
        name: `${name}, seed ${seed}, one off by 1e-4`,
        ...rest,
        falsify: at(wrong)((g) => g * (1 + 1e-4)),
        wrong: [[wrong]],
      },
      { name: `${name}, seed ${seed}, one wrong`, ...rest, falsify: at(wrong)(twice), wrong: [[wrong]] },
    );
  }
}

const mixedWithZeros = [0, 1e-8, 0, 1e-4, 1e-6, 2, 1, 3, 0, 3e-5];
/** Output 0 is linear in the first input, the others are the curve of the second's. */
const besideLine = (
  slope: number,
  curve: Curve,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
): ProjectionCase['of'] => eachOwn((j) => (j < a.length ? linear(slope) : curve), a, b);
/** Inputs, and entries, of other sizes than those beside them. */
const ofUnlikeSizes: ProjectionCase[] = [
  { name: 'mixed sizes with zeros', of: elementwise(plus(square, linear(1)), mixedWithZeros), wrong: [[]] },
  {
    name: 'mixed sizes with zeros, one of which is wrong',
    of: elementwise(plus(square, linear(1)), mixedWithZeros),
    falsify: at(2)(twice),
    wrong: [[2]],
  },
  {
    name: 'mixed sizes, and an input of one size',
    of: elementwise(plus(square, linear(1)), mixedWithZeros, [1, 2, 3, 0]),
    wrong: [[], []],
  },
  {
    name: 'an input of one size, and mixed sizes with a small one wrong',
    of: elementwise(plus(square, linear(1)), [1, 2, 3, 0], mixedWithZeros),
    falsify: at(4)(twice, 1),
    wrong: [[], [4]],
  },
  {
    name: 'zeros alone, and an input of one size',
    of: elementwise(plus(square, linear(1)), [0, 0, 0], [1, 2, 3]),
    falsify: at(1)(twice, 0),
    wrong: [[1], []],
  },
  {
    name: 'one entry in eight of another size',
    of: elementwise(squareRoot, [1e-3, 1, 2, 3, 4, 5, 6, 7]),
    wrong: [[]],
  },
  {
    name: 'two entries in eight of another size',
    of: elementwise(squareRoot, [1e-3, 1e-3, 2, 3, 4, 5, 6, 7]),
    wrong: [[]],
  },
  {
    name: 'an input whose share is a thousand times that of the other',
    of: besideLine(1000, cube, numbers(9), numbers(9, 2)),
    wrong: [[], []],
  },
  {
    name: 'an input whose share is a thousand times that of the other, which is wrong',
    of: besideLine(1000, cube, numbers(9), numbers(9, 2)),
    falsify: at(4)((g) => g * (1 + 1e-4), 1),
    wrong: [[], [4]],
  },
  {
    name: 'an input whose share is a million times that of two others',
    of: eachOwn((j) => (j < 5 ? linear(1e6) : root), numbers(5), numbers(6, 2), numbers(7, 3)),
    falsify: at(6)((g) => g * (1 + 1e-3), 2),
    wrong: [[], [], [6]],
  },
  {
    name: 'two inputs without effect',
    of: eachOwn((j) => (j < 5 ? square : constant(1)), numbers(5), numbers(6, 2), numbers(7, 3)),
    wrong: [[], [], []],
  },
  {
    name: 'two inputs without effect, of which one has a gradient',
    of: eachOwn((j) => (j < 5 ? square : constant(1)), numbers(5), numbers(6, 2), numbers(7, 3)),
    falsify: at(2)(() => 0.1, 2),
    wrong: [[], [], [2]],
  },
  {
    name: 'NaN in the input with the large share: that with the small one is not looked at',
    of: unlike,
    falsify: (g, j, _q, input) => (input === 0 ? (j === 3 ? NaN : g) : j === 5 ? 2 * g : g),
    wrong: [[3], []],
  },
  {
    name: 'NaN in the input with the small share',
    of: unlike,
    falsify: at(3)(() => NaN, 1),
    wrong: [[], [3]],
  },
];

/** What more the search meets. */
const searches: ProjectionCase[] = [
  ...[15, 16, 17, 32].map((n): ProjectionCase => ({
    name: `one of ${n} is wrong`,
    of: elementwise(square, numbers(n)),
    falsify: at(n >> 1)((g) => 1.01 * g),
    wrong: [[n >> 1]],
  })),
  ...[1, 2, 3].map((seed): ProjectionCase => ({
    name: `two of sums in two cotangents, seed ${seed}`,
    of: summed,
    falsify: (g, j, q) => (j === 5 && q === 0 ? 1.1 * g : j === 31 && q === 2 ? 0.9 * g : g),
    wrong: [[5, 31]],
    seed,
  })),
  {
    name: 'exact slopes, one wrong in one cotangent',
    of: elementwise(linear(1), numbers(40)),
    exact: (_k, q) => (q === 2 ? -1 : 1),
    falsify: (g, j, q) => (j === 23 && q === 1 ? 2 * g : g),
    wrong: [[23]],
  },
  {
    name: 'exact slopes, two wrong that differ',
    of: elementwise(linear(1), numbers(40)),
    exact: (_k, q) => (q === 2 ? -1 : 1),
    falsify: (g, j) => (j === 2 ? 2 * g : j === 30 ? 0.5 * g : g),
    wrong: [[2, 30]],
  },
  {
    name: 'in float32, one off by 1e-3, whose rounding is not known',
    of: elementwise(float32(square), numbers(30)),
    falsify: at(11)((g) => g * (1 + 1e-3)),
    noise: (value) => 2 ** -53 * Math.abs(value),
    wrong: [[]],
    open: [true],
  },
  {
    name: 'fast waves, one wrong',
    of: elementwise(plus(waves(50), linear(1)), numbers(40)),
    falsify: at(31)((g) => g + 1e-3),
    wrong: [[31]],
  },
  {
    name: 'narrow bells, two wrong',
    of: elementwise(plus(shifted(bell(1e-3), 0.501), linear(1)), numbers(40)),
    falsify: at(3, 38)((g) => g + 0.1),
    wrong: [[3, 38]],
  },
  {
    name: 'jumps on the way, one wrong',
    of: elementwise(plus([(v) => (v > 0.8 ? 1e-3 : 0), () => 0], square), numbers(60)),
    falsify: at(17)((g) => 1.1 * g),
    wrong: [[17]],
  },
  {
    name: 'a domain that ends nearby',
    of: elementwise(
      within(squareRoot, (v) => v >= 0.4999),
      numbers(30).map(Math.abs),
    ),
    wrong: [[]],
  },
  {
    name: 'a domain that ends nearby, one wrong',
    of: elementwise(
      within(squareRoot, (v) => v >= 0.4999, true),
      numbers(30).map(Math.abs),
    ),
    falsify: at(8)((g) => 1.01 * g),
    wrong: [[8]],
  },
  {
    name: 'all by a factor within the tolerance, two inputs',
    of: two,
    falsify: all((g) => g * (1 - 2 ** -23)),
    wrong: [[], []],
  },
  {
    name: 'the second input by a factor within the tolerance',
    of: two,
    falsify: (g, _j, _q, input) => (input === 1 ? g * (1 + 2 ** -23) : g),
    wrong: [[], []],
    open: [true, true],
  },
  {
    name: 'all by a factor within the tolerance, beside an input without effect',
    of: eachOwn((j) => (j < 5 ? constant(1) : root), numbers(5), numbers(20, 2)),
    falsify: all((g) => g * (1 + 2 ** -23)),
    wrong: [[], []],
  },
  ...[linear(1), square].map((curve, i): ProjectionCase => ({
    name: `${i === 0 ? 'a line' : 'a parabola'} in float32 that is said to be flat`,
    of: elementwise(float32(curve), numbers(12)),
    falsify: all(() => 0),
    wrong: ['some'],
  })),
  {
    name: 'all by a factor within the tolerance, in one cotangent',
    of: some,
    falsify: (g, _j, q) => (q === 0 ? g * (1 + 2 ** -23) : g),
    wrong: [[]],
  },
  {
    name: 'all by another factor within the tolerance',
    of: some,
    falsify: (g, j) => g * (1 + (j % 2 ? 1 : 0.5) * 2 ** -23),
    wrong: [[]],
    open: [true],
  },
];
projectionCases.push(...atZeros, ...crossing, ...ofUnlikeSizes, ...searches);

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
  { name: 'seven kinks at zeros', of: fewOutputs(relu, withZeros(18, zeros)), wrong: [[]], kinks: [zeros] },
  {
    name: 'five kinks at zeros, and one wrong where f is smooth',
    of: fiveOfSeven,
    falsify: at(14)((g) => g + 0.5),
    wrong: [[14]],
    kinks: [kinked],
  },
  { name: 'relu(x)² of entries near 0', of: sums(once, withSmall(100, 10, 1e-2)), wrong: [[]] },
  {
    name: 'relu(x)² of entries near 0, one wrong',
    of: elementwise(plus(once, linear(1)), withSmall(60, 10, 1e-2)),
    falsify: at(57)((g) => g + 1),
    wrong: [[57]],
  },
  { name: 'mixed sizes with zeros', of: elementwise(plus(square, linear(1)), mixedWithZeros), wrong: [[]] },
  {
    name: 'a domain that ends nearby',
    of: elementwise(
      within(squareRoot, (v) => v >= 0.4),
      numbers(30).map(Math.abs),
    ),
    wrong: [[]],
  },
  { name: 'two inputs, the second wrong', of: two, falsify: at(0)((g) => g + 2, 1), wrong: [[], [0]] },
  { name: 'NaN in one entry', of: some, falsify: at(9)(() => NaN), wrong: [[9]] },
  { name: 'a constant', of: elementwise(constant(3), numbers(20)), wrong: [[]] },
  {
    name: 'narrow bells',
    of: elementwise(plus(shifted(bell(1e-2), 0.51), linear(1)), numbers(20)),
    wrong: [[]],
    open: [true],
  },
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
