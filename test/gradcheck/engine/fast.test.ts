/** Projections and the search. Oracle: how the gradient was falsified. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../../src/backends/select.js';
import { projectAll, type Projections } from '../../../src/gradcheck/engine/fast.js';
import { openPass } from '../../../src/gradcheck/engine/pass.js';
import { Subject, type CheckedFunction } from '../../../src/gradcheck/engine/subject.js';
import { tolerances } from '../../../src/gradcheck/engine/tolerance.js';
import type { GradcheckPrecision } from '../../../src/gradcheck/report/report.js';
import { randomFrom } from '../../../src/random.js';
import { present } from '../../support/present.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

/** What autodiff is said to say of entry j of an input, for a cotangent, from what it says for one of size 1. */
type Falsify = (g: number, j: number, input: number, q: number) => number;

interface Case {
  f: CheckedFunction;
  inputs: ArrayLike<number>[];
  falsify?: Falsify;
  seed?: number;
  precision?: GradcheckPrecision;
}

function project({ f, inputs, falsify = (g) => g, seed = 1, precision = 'float64' }: Case): Projections & {
  evaluations: number;
} {
  const subject = Subject.of(
    f,
    inputs.map((values): number[] => Array.from(values)),
    { precision },
  );
  const pass = openPass(subject, 1, randomFrom(seed));
  const autodiff = pass.autodiff.map((gradients, q) =>
    gradients.map((gradient, input) =>
      gradient.map((g, j) => falsify(g / pass.scales[q], j, input, q) * pass.scales[q]),
    ),
  );
  const before = subject.evaluations;
  return subject.work(() => {
    const work = projectAll({ ...pass, autodiff }, tolerances[precision]);
    for (;;) {
      const step = work.next();
      if (step.done) return { ...step.value, evaluations: subject.evaluations - before };
    }
  });
}

const sin = (x: tf.Tensor): tf.Tensor => tf.sin(x);
const numbers = (n: number, seed = 1): Float64Array => randomFrom(seed).weights(n);
const wrongIn = ({ entries }: Projections): number[][] =>
  entries.map((found) => found.filter(({ state }) => state === 'wrong').map(({ j }) => j));
const isQuiet = (result: Projections): boolean =>
  !result.unresolved.some(Boolean) && !result.moreKinks.some(Boolean) && wrongIn(result).flat().length === 0;

test('an error of a small entry beside a huge one, and beside a 0, which is moved by the size of a typical entry', () => {
  const f = (x: tf.Tensor): tf.Tensor => tf.tanh(x);
  const inputs = [[0, 1, 1.7e9]];
  for (const seed of [1, 2, 3]) {
    expect(isQuiet(project({ f, inputs, seed }))).toBe(true);
    expect(wrongIn(project({ f, inputs, seed, falsify: (g, j) => (j === 1 ? 1.1 * g : g) }))).toEqual([[1]]);
  }
});

test('entries that cross a kink of the derivative on the way, many of them', () => {
  const f = (x: tf.Tensor): tf.Tensor => tf.sum(tf.square(tf.relu(x)));
  const inputs = [numbers(3000).map((value) => value * 3)];
  for (const seed of [1, 2, 3]) expect(isQuiet(project({ f, inputs, seed }))).toBe(true);
  const wrong = present(inputs[0]).findIndex((value, j) => j > 1000 && value > 1);
  expect(wrongIn(project({ f, inputs, falsify: (g, j) => (j === wrong ? g * 1.0001 : g) }))).toEqual([
    [wrong],
  ]);
});

describe('kinks at zeros', () => {
  const f = (x: tf.Tensor): tf.Tensor => tf.relu(x);
  const withZeros = (n: number): Float64Array =>
    numbers(400).map((value, j) => (j % 2 === 0 && j < 2 * n ? 0 : value));

  test('up to 64 are all looked at, one by one', () => {
    const { entries, moreKinks, settled, evaluations } = project({ f, inputs: [withZeros(40)] });
    expect(present(entries[0]).filter(({ state }) => state === 'kink')).toHaveLength(40);
    expect([moreKinks, settled]).toEqual([[false], [true]]);
    expect(evaluations).toBeLessThan(15_000);
  });

  test('beyond that they are put aside, and do not hide an error elsewhere', () => {
    const inputs = [withZeros(150)];
    const { entries, moreKinks } = project({ f, inputs });
    expect(present(entries[0]).filter(({ state }) => state === 'kink')).toHaveLength(64);
    expect(moreKinks).toEqual([true]);
    const wrong = present(inputs[0]).findIndex((value, j) => j > 350 && value > 0);
    expect(wrongIn(project({ f, inputs, falsify: (g, j) => (j === wrong ? 2 : g) }))).toEqual([[wrong]]);
  });
});

describe('a brief look along a direction is not enough', () => {
  test('where f is rounded much: three pairs by longer steps are', () => {
    const result = project({ f: (x: tf.Tensor) => tf.sin(x).add(4.5e3), inputs: [numbers(20)] });
    expect(isQuiet(result)).toBe(true);
    // The first direction finds the step, of seven that it tries; the others begin with it.
    expect(result.evaluations).toBe(6 + 7 * 8 + 3 * 8);
    expect(result.resolution).toBeLessThan(4e-9);
  });

  test('where the derivative has kinks on the way', () => {
    const f = (x: tf.Tensor): tf.Tensor => tf.square(tf.relu(x));
    const result = project({ f, inputs: [[...numbers(20), 2 ** -10]] });
    expect(isQuiet(result)).toBe(true);
    expect(result.evaluations).toBeGreaterThan(24);
  });

  test.each<[string, (x: tf.Tensor) => tf.Tensor, number[]]>([
    [
      'a hard threshold',
      (x) => tf.mul(x, tf.cast(tf.greater(tf.abs(x), 1e-4), 'float32')),
      [0, 0.7, -1.2, 0.9],
    ],
    [
      'a hard threshold beside 0',
      (x) => tf.mul(x, tf.cast(tf.greater(tf.abs(x), 1e-4), 'float32')),
      [1e-10, 0.7],
    ],
    [
      'a snap to whole numbers',
      (x) => tf.where(tf.less(tf.abs(tf.sub(x, tf.round(x))), 1e-3), tf.round(x), x),
      [1, 2, 3],
    ],
    [
      'a bell of 1e-5',
      (x) => tf.add(x, tf.mul(x, tf.exp(tf.neg(tf.square(tf.div(x, 1e-5)))))),
      [0, 0.7, -1.2],
    ],
  ])('where f has structure between its steps and the point: %s, passed straight through', (_name, f, x) => {
    const straight = (y: tf.Tensor): tf.Tensor =>
      tf.customGrad((z) => ({ value: f(z as tf.Tensor), gradFunc: (dy: tf.Tensor) => tf.clone(dy) }))(y);
    for (const seed of [1, 2, 3]) {
      expect(wrongIn(project({ f: straight, inputs: [x], seed })).flat()).not.toEqual([]);
      // The same function away from that is right.
      expect(isQuiet(project({ f: straight, inputs: [[0.25, 0.75, -1.25]], seed }))).toBe(true);
    }
  });

  test('at a kink, where both slopes are 0 with their mean; a 0 where f is smooth beside it', () => {
    const inputs = [[0, 0.5, -0.75]];
    const kink = project({ f: (x: tf.Tensor) => tf.abs(x), inputs, falsify: (g, j) => (j === 0 ? 0 : g) });
    expect(kink.entries[0]).toMatchObject([{ j: 0, state: 'kink' }]);
    const smooth = project({ f: (x: tf.Tensor) => tf.square(x), inputs });
    expect(smooth.entries).toEqual([[]]);
    expect(smooth.evaluations).toBe(24);
  });
});

describe.each<[GradcheckPrecision, number]>([
  ['float64', 1e-5],
  ['native', 2 ** -5],
])('in %s', (precision, error) => {
  test('right gradients agree along every direction, at a cost that does not depend on their number', () => {
    const small = project({ f: sin, inputs: [numbers(20)], precision });
    const large = project({ f: sin, inputs: [numbers(600)], precision });
    for (const result of [small, large]) {
      expect(isQuiet(result)).toBe(true);
      expect(result.entries).toEqual([[]]);
      expect(result.relative[0]).toBeLessThan(error / 8);
      expect(result.absolute[0]).toBeGreaterThan(0);
      expect(result.resolution).toBeGreaterThan(0);
      expect(result.resolution).toBeLessThanOrEqual(error);
    }
    expect(large.evaluations).toBe(precision === 'float64' ? 24 : 32);
  });

  test.each([
    ['the first', 0],
    ['one in the middle', 77],
    ['the last', 199],
  ])('%s of 200 entries is found where it is off', (_name, at) => {
    const values = numbers(200);
    for (const seed of [1, 2]) {
      const falsify: Falsify = (g, j) => (j === at ? g + 200 * error : g);
      const result = project({ f: sin, inputs: [values], falsify, seed, precision });
      expect(wrongIn(result)).toEqual([[at]]);
      expect(result.unresolved).toEqual([false]);
    }
  });

  test('where all are off, three of them are found, and the others are not looked for', () => {
    for (const falsify of [(g: number) => -g, (g: number) => 1.5 * g, (g: number) => g + 0.5] as Falsify[]) {
      const result = project({ f: sin, inputs: [numbers(120)], falsify, precision });
      const found = wrongIn(result)[0];
      expect(found).toHaveLength(3);
      expect(new Set(found).size).toBe(3);
      expect(result.evaluations).toBeLessThan(1200);
    }
  });
});

describe('the search', () => {
  const inputs = [numbers(2_000)];
  const off =
    (...places: number[]): Falsify =>
    (g, j) =>
      places.includes(j) ? 1.01 * g : g;

  test('goes to where a single culprit has to be', () => {
    for (const at of [0, 1, 999, 1_501, 1_999]) {
      const result = project({ f: sin, inputs, falsify: off(at) });
      expect(wrongIn(result)).toEqual([[at]]);
      expect(result.settled).toEqual([true]);
      // Halving alone takes 11 looks of 8, beside the five along all entries.
      expect(result.evaluations).toBeLessThan(110);
    }
  });

  test('halves where there are several, also such as look like one in their middle', () => {
    for (const places of [
      [400, 1_600],
      [990, 1_010],
    ]) {
      const falsify: Falsify = (g, j) => (places.includes(j) ? g + 1e-3 / inputs[0][j] : g);
      const result = project({ f: sin, inputs, falsify });
      expect([...wrongIn(result)[0]].sort((a, b) => a - b)).toEqual(places);
      expect(result.settled).toEqual([true]);
      expect(result.evaluations).toBeLessThan(400);
    }
  });

  test('that ends before all is seen says so', () => {
    const result = project({ f: sin, inputs, falsify: (g) => 1.5 * g });
    expect(wrongIn(result)[0]).toHaveLength(3);
    expect(result.settled).toEqual([false]);
  });
});

describe('several inputs', () => {
  const f = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.concat([tf.sin(x), tf.mul(tf.sin(y), 1e-6)]);
  const inputs = [numbers(40), numbers(30, 2)];

  test('the one with the small share is not hidden by the one with the large', () => {
    for (const [input, at] of [
      [0, 39],
      [1, 0],
      [1, 29],
    ] as const) {
      const falsify: Falsify = (g, j, which) => (which === input && j === at ? 1.01 * g : g);
      const found = wrongIn(project({ f, inputs, falsify }));
      expect(found[input]).toEqual([at]);
      expect(found[1 - input]).toEqual([]);
    }
    expect(isQuiet(project({ f, inputs }))).toBe(true);
  });

  test('of like shares are looked at together', () => {
    const sum = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.concat([tf.sin(x), tf.cos(y)]);
    const together = project({ f: sum, inputs }).evaluations;
    expect(together).toBeLessThan(project({ f, inputs }).evaluations);
    expect(together).toBe(project({ f: sin, inputs: [numbers(70)] }).evaluations);
  });
});

test('an error in one cotangent alone is seen', () => {
  for (const q of [0, 1, 2]) {
    const falsify: Falsify = (g, j, _input, other) => (other === q && j === 5 ? 1.5 * g : g);
    const result = project({ f: sin, inputs: [numbers(50)], falsify });
    expect(wrongIn(result)).toEqual([[5]]);
    expect(present(result.entries[0].find(({ j }) => j === 5)).q).toBe(q);
  }
});

test('all off by one factor within the tolerance is not off', () => {
  const result = project({
    f: sin,
    inputs: [[...numbers(20), 2 ** -10]],
    falsify: (g) => g * (1 + 2 ** -23),
  });
  expect(isQuiet(result)).toBe(true);
  const beyond = project({
    f: sin,
    inputs: [[...numbers(20), 2 ** -10]],
    falsify: (g) => g * (1 + 2 ** -20),
  });
  expect(wrongIn(beyond)[0].length).toBeGreaterThan(0);
});

test('entries of the gradient that are not finite are compared first, and hide nothing', () => {
  const values = numbers(60);
  const result = project({
    f: sin,
    inputs: [values],
    falsify: (g, j) => (j === 7 ? NaN : j === 9 ? Infinity : g),
  });
  const broken = result.entries[0].filter(({ state }) => state === 'nonFinite').map(({ j }) => j);
  expect(broken).toEqual([7, 9]);
  for (const value of [NaN, Infinity, -Infinity]) {
    const beside = project({
      f: sin,
      inputs: [values],
      falsify: (g, j) => (j === 9 ? value : j === 40 ? 2 * g : g),
    });
    expect(wrongIn(beside)).toEqual([[40]]);
  }
});

describe('kinks', () => {
  const relu = (x: tf.Tensor): tf.Tensor => tf.relu(x);
  const withZeros = (n: number, zeros: number[]): Float64Array =>
    numbers(n).map((value, j) => (zeros.includes(j) ? 0 : value));

  test('are found one after the other, and what is wrong beside them too', () => {
    const inputs = [withZeros(60, [3, 30, 59])];
    const result = project({ f: relu, inputs });
    const kinks = (some: Projections): number[] =>
      some.entries[0].filter(({ state }) => state === 'kink').map(({ j }) => j);
    expect(kinks(result).sort((a, b) => a - b)).toEqual([3, 30, 59]);
    expect(isQuiet(result)).toBe(true);
    const positive = inputs[0].findIndex((value, j) => value > 0 && j > 40);
    const falsify: Falsify = (g, j) => (j === positive ? 0.5 : g);
    expect(wrongIn(project({ f: relu, inputs, falsify }))).toEqual([[positive]]);
  });

  test('that are more than are put aside are said to be so', () => {
    const zeros = Array.from({ length: 80 }, (_, j) => j);
    const result = project({ f: relu, inputs: [withZeros(100, zeros)] });
    expect(result.moreKinks).toEqual([true]);
    expect(result.entries[0].filter(({ state }) => state === 'kink').length).toBeGreaterThan(60);
  });
});

test('what noise hides is not resolved, and not called right', () => {
  const f = (x: tf.Tensor): tf.Tensor => tf.add(tf.sin(x), 1e15);
  expect(project({ f, inputs: [numbers(30)] }).unresolved).toEqual([true]);
});
