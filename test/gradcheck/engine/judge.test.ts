/** One entry's verdict, at the borders of its rules. Oracle: closed forms, put off by an error that is known. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../../src/backends/select.js';
import { compareEntry, largestOf, type Entry } from '../../../src/gradcheck/engine/judge.js';
import { openPass, type Pass } from '../../../src/gradcheck/engine/pass.js';
import { Subject } from '../../../src/gradcheck/engine/subject.js';
import { tolerances, type Tolerance } from '../../../src/gradcheck/engine/tolerance.js';
import type { GradcheckPrecision } from '../../../src/gradcheck/report/report.js';
import { randomFrom } from '../../../src/random.js';
import { withGradient } from '../zoo/support.js';
import { present } from '../../support/present.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

interface Case {
  f: (x: tf.Tensor) => tf.Tensor;
  x: number[];
  /** What autodiff is said to say, from what it says for the entry, for a cotangent of size 1. */
  autodiff?: (g: number) => number;
  /** What autodiff's rounding is said to be, over its value. */
  rounding?: number;
  precision?: GradcheckPrecision;
  tolerance?: Partial<Tolerance>;
  seed?: number;
}

/** The verdict on every entry of x. */
function judge({
  f,
  x,
  autodiff = (g) => g,
  rounding,
  precision = 'float64',
  tolerance,
  seed = 1,
}: Case): Entry[] {
  const subject = Subject.of(f, [x], { precision });
  const opened = openPass(subject, 1, randomFrom(seed));
  const said = opened.autodiff.map(([gradient], q) =>
    gradient.map((g) => autodiff(g / opened.scales[q]) * opened.scales[q]),
  );
  const pass: Pass = {
    ...opened,
    autodiff: said.map((gradient) => [gradient]),
    rounding:
      rounding === undefined
        ? opened.rounding
        : said.map((gradient) => [gradient.map((g) => Math.abs(g * rounding))]),
  };
  return subject.work(() =>
    x.map((_, j) => compareEntry(pass, 0, j, { ...tolerances[precision], ...tolerance })),
  );
}

const states = (one: Case): Entry['state'][] => judge(one).map(({ state }) => state);
const all = (state: Entry['state'], n = 3): Entry['state'][] => Array.from({ length: n }, () => state);

const sin = (x: tf.Tensor): tf.Tensor => tf.sin(x);
const x = [0.3, -0.7, 1.1];
/** By a factor of 1 + error. */
const off = (error: number) => (g: number) => g * (1 + error);

describe.each<[GradcheckPrecision, number, number]>([
  ['float64', 2 ** -22, 1e-7],
  ['native', 2 ** -13, 2 ** -9],
])('an entry, in %s', (precision, rtol, roundingCap) => {
  test('is right up to a relative error of rtol, and wrong beyond', () => {
    // Natively f's own rounding comes on top.
    const [below, above] = precision === 'float64' ? [0.9, 1.2] : [0.5, 8];
    for (const sign of [1, -1]) {
      const at = (error: number): Entry['state'][] =>
        states({ f: sin, x, precision, rounding: 0, autodiff: off(sign * error) });
      expect(at(0)).toEqual(all('right'));
      expect(at(below * rtol)).toEqual(all('right'));
      expect(at(above * rtol)).toEqual(all('wrong'));
      expect(at(2)).toEqual(all('wrong'));
    }
  });

  test('has the tolerance that the caller gives', () => {
    const tolerance = { rtol: 0.01, atOnce: 0.0025 };
    const at = (error: number): Entry['state'][] =>
      states({ f: sin, x, precision, tolerance, autodiff: off(error) });
    expect(at(0.008)).toEqual(all('right'));
    expect(at(0.013)).toEqual(all('wrong'));
  });

  test('has the absolute tolerance that the caller gives, for a cotangent of size 1', () => {
    const at = (atol: number): Entry['state'][] =>
      states({ f: sin, x: [0.3], precision, tolerance: { atol }, autodiff: (g) => g + Math.sign(g) * 0.01 });
    // An output's cotangent is between ½ and 1½.
    expect(at(0.02)).toEqual(['right']);
    expect(at(0.005)).toEqual(['wrong']);
  });

  test('may be off by eight of autodiff’s own rounding errors, but by no more than the cap', () => {
    const at = (error: number, rounding: number): Entry | undefined =>
      judge({ f: sin, x: [0.3], precision, rounding, autodiff: off(error) })[0];
    const within = rtol + 0.7 * roundingCap;
    const beyond = 1.5 * rtol + 3 * roundingCap;
    expect(at(within, roundingCap)?.state).toBe('right');
    if (precision === 'float64') expect(at(within, 0)?.state).toBe('wrong');
    // Beyond the cap it is not right; what its rounding explains is not wrong either.
    expect(at(beyond, 10 * roundingCap)).toMatchObject({ state: 'blind', blindness: 'rounding' });
    expect(at(beyond, 0)?.state).toBe('wrong');
  });

  test('whose gradient is not finite is said to be so', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      expect(judge({ f: sin, x: [0.3], precision, autodiff: () => value })[0]).toMatchObject({
        state: 'nonFinite',
        between: false,
      });
    }
  });

  test('whose gradient is not finite has the slope that it has beside a right one, and a kink where there is one', () => {
    const values = (entries: readonly Entry[]): number[][] =>
      entries.map(({ slopes }) => slopes.map(({ value }) => value));
    const unknown = { precision, autodiff: () => NaN };
    expect(values(judge({ f: sin, x, ...unknown }))).toEqual(values(judge({ f: sin, x, precision })));
    const [bent, flat] = judge({ f: (at) => tf.relu(at), x: [0, -1], ...unknown });
    expect(bent.slopes.map(({ kind }) => kind)).toEqual(['kink', 'kink', 'kink']);
    expect(flat.slopes.map(({ kind, value }) => [kind, value])).toEqual(Array(3).fill(['smooth', 0]));
  });

  test('at a kink: whether the gradient lies between the slopes', () => {
    const slopes = (x: tf.Tensor): tf.Tensor => tf.maximum(tf.mul(x, 3), tf.mul(x, -1));
    const at = (g: number): Entry | undefined =>
      judge({ f: slopes, x: [0], precision, autodiff: () => g, seed: 3 })[0];
    // The cotangent turns and scales the two slopes, -1 and 3.
    const { left, right } = present(at(0)).slopes[0];
    const [low, high] = [Math.min(left, right), Math.max(left, right)];
    const scale = Math.abs(high - low) / 4;
    expect(scale).toBeGreaterThan(0.49);
    expect(scale).toBeLessThan(1.51);
    expect([-low, high].map((side) => side / scale).sort((a, b) => a - b)[0]).toBeCloseTo(1, 3);
    expect(at(0)).toMatchObject({ state: 'kink', between: true });
    // Also where it is their mean, which a central difference gives at every step.
    const mean = withGradient(
      (at) => slopes(at),
      (dy) => tf.mul(dy, 1),
    );
    expect(judge({ f: mean, x: [0], precision })[0]).toMatchObject({ state: 'kink', between: true });
    expect(at(20)).toMatchObject({ state: 'kink', between: false });
    expect(at(-20)).toMatchObject({ state: 'kink', between: false });
  });

  test('of a constant f is right where autodiff says 0, and wrong where it says more than rounding', () => {
    const flat = (x: tf.Tensor): tf.Tensor => tf.add(tf.mul(x, 0), 2);
    expect(states({ f: flat, x, precision })).toEqual(all('right'));
    expect(states({ f: flat, x, precision, autodiff: () => 0.01 })).toEqual(all('wrong'));
  });

  test('is found wrong in any one of its cotangents', () => {
    const subject = Subject.of(sin, [x], { precision });
    const pass = openPass(subject, 1, randomFrom(1));
    for (const q of pass.scales.keys()) {
      const autodiff = pass.autodiff.map(([gradient], other) => [
        gradient.map((g, j) => (other === q && j === 1 ? 1.5 * g : g)),
      ]);
      const entries = subject.work(() =>
        x.map((_, j) => compareEntry({ ...pass, autodiff }, 0, j, tolerances[precision])),
      );
      expect(entries.map(({ state }) => state)).toEqual(['right', 'wrong', 'right']);
      expect(entries[1]).toMatchObject({ j: 1, q, autodiff: autodiff[q][0][1] });
      expect(entries[1].numerical / pass.autodiff[q][0][1]).toBeCloseTo(1, 3);
    }
  });
});

test('f that overflows by long steps, beside an entry much larger than the others', () => {
  const f = (at: tf.Tensor): tf.Tensor => tf.exp(tf.relu(at));
  const x = [0.1, -0.5, -558283, 0.3, -36];
  expect(judge({ f, x }).map(({ state }) => state)).toEqual(Array(5).fill('right'));
  for (const error of [-1, 1, 1e-5]) {
    const states = judge({ f, x, autodiff: (g) => g * (1 + error) }).map(({ state }) => state);
    expect(states).toEqual(['wrong', 'right', 'right', 'wrong', 'right']);
  }
});

describe('an entry that cannot be seen', () => {
  const reasonOf = (one: Case): Entry['blindness'] | Entry['state'] => {
    const [{ state, blindness }] = judge(one) as [Entry];
    return blindness ?? state;
  };

  test.each([
    ['sin x + 1e6 can', 1e6, 'right'],
    ['sin x + 1e15 cannot', 1e15, 'hidden'],
  ])('%s', (_name, offset, reason) => {
    const f = (at: tf.Tensor): tf.Tensor => tf.add(tf.sin(at), offset);
    expect(reasonOf({ f, x: [0.3] })).toBe(reason);
    // Neither is a wrong one called wrong where it is hidden.
    expect(reasonOf({ f, x: [0.3], autodiff: off(0.5) })).toBe(reason === 'right' ? 'wrong' : 'hidden');
  });

  test('f that is 0, and does not change, beside a gradient below the rounding of quantities like 1', () => {
    const f = (at: tf.Tensor): tf.Tensor => tf.mul(at, 0);
    expect(reasonOf({ f, x: [8], autodiff: () => 1e-18 })).toBe('hidden');
    expect(reasonOf({ f, x: [8], autodiff: () => 1e-12 })).toBe('wrong');
  });

  test('f that stands still on one side, and is infinite on the other, by steps longer than a small entry', () => {
    const f = (at: tf.Tensor): tf.Tensor =>
      tf.sub(tf.sqrt(tf.add(0.25, tf.exp(tf.sub(tf.mul(at, [-2e7, 0]), 62)))), 0.5);
    expect(reasonOf({ f, x: [9e-8, 1e7], autodiff: () => 1e-12 })).toBe('hidden');
    expect(reasonOf({ f, x: [9e-8, 1e7], autodiff: () => 1e-3 })).toBe('wrong');
  });

  test('a part of f that short steps do not move, being rounded beside a large constant', () => {
    const beside =
      (constant: number) =>
      (at: tf.Tensor): tf.Tensor =>
        tf.add(at, tf.sub(tf.add(at, constant), constant));
    // Over 2^-27 of the entry that is rounding; over 2^-10 of it, f is a staircase beside a line.
    expect(reasonOf({ f: beside(5e7), x: [1.3] })).toBe('contradicted');
    expect(reasonOf({ f: beside(5e12), x: [1.3] })).toBe('wrong');
    expect(reasonOf({ f: beside(5e12), x: [1.3], autodiff: off(-0.5) })).toBe('right');
  });

  test('f that is not finite around the point', () => {
    const f = (at: tf.Tensor): tf.Tensor => tf.sqrt(tf.neg(tf.square(tf.sub(at, 0.5))));
    expect(reasonOf({ f, x: [0.5], autodiff: () => 0 })).toBe('undefined');
  });

  test('f whose rounding at the entry’s last bits is large', () => {
    const f = (at: tf.Tensor): tf.Tensor => tf.sin(tf.mul(at, 1e14));
    expect(['undecided', 'noise', 'contradicted']).toContain(reasonOf({ f, x: [0.3] }));
  });
});

describe('steps suit the entry', () => {
  test('a small entry beside large ones, each right; and each wrong where it is', () => {
    const f = (at: tf.Tensor): tf.Tensor => tf.sin(tf.div(at, [1e-7, 1, 1e7]));
    const mixed = [0.3e-7, 0.8, 1.1e7];
    expect(states({ f, x: mixed })).toEqual(all('right'));
    expect(states({ f, x: mixed, autodiff: off(1e-5) })).toEqual(all('wrong'));
  });

  test('near the end of f’s domain, far from the other entries’ size', () => {
    const f = (at: tf.Tensor): tf.Tensor => tf.log(at);
    expect(states({ f, x: [1e-8, 1, 1e4] })).toEqual(all('right'));
    expect(states({ f, x: [1e-8, 1, 1e4], autodiff: off(-1e-5) })).toEqual(all('wrong'));
  });

  test('what is in step with powers of two is not taken for the slope', () => {
    const f = (at: tf.Tensor): tf.Tensor => tf.add(tf.mul(at, 0.1), tf.sin(tf.mul(at, 2 * Math.PI * 512)));
    expect(states({ f, x })).toEqual(all('right'));
    // The slope without the wave.
    expect(states({ f, x: [0.3], autodiff: () => 0.1 })).toEqual(['wrong']);
  });
});

describe('structure finer than the distance at which rounding is measured', () => {
  /** n turns of y ← 3.9·y·(1 − y), outside of the tape. */
  const logistic = (n: number): Case['f'] => {
    const turn = (at: tf.Tensor, slope: boolean): tf.Tensor => {
      const numbers = Array.from(at.dataSync(), (start) => {
        let [y, d] = [start, 1];
        for (let i = 0; i < n; i++) [y, d] = [3.9 * y * (1 - y), d * 3.9 * (1 - 2 * y)];
        return slope ? d : y;
      });
      return tf.tensor(numbers, at.shape);
    };
    return withGradient(
      (at) => turn(at, false),
      (dy, at) => tf.mul(dy, turn(at, true)),
    );
  };
  const cosines = (at: tf.Tensor): tf.Tensor =>
    tf.addN(Array.from({ length: 12 }, (_, i) => tf.mul(0.5 ** i, tf.cos(tf.mul(7 ** i * Math.PI, at)))));
  const statesOf = (one: Case): Entry['state'][] => [2, 3, 4].map((seed) => judge({ ...one, seed })[0].state);

  test('is not taken for rounding against autodiff', () => {
    expect(statesOf({ f: logistic(40), x: [0.3] })).not.toContain('wrong');
    expect(statesOf({ f: cosines, x: [0.61] })).not.toContain('wrong');
    // Rounding is: long steps show the slope.
    const rounded = (at: tf.Tensor): tf.Tensor => tf.sub(tf.add(at, 1e10), 1e10);
    expect(statesOf({ f: rounded, x: [0.3], autodiff: () => 1e6 })).toEqual(all('wrong'));
  });

  test('f that varies as much within that distance as anywhere shows nothing; one that does not vary does', () => {
    expect(statesOf({ f: logistic(55), x: [0.3] })).toEqual(all('blind'));
    const flat = (at: tf.Tensor): tf.Tensor =>
      tf.sub(tf.add(tf.square(tf.sin(at)), tf.square(tf.cos(at))), 1);
    expect(statesOf({ f: flat, x: [0.3], autodiff: () => 0.01 })).toEqual(all('wrong'));
  });

  test('beside a trend, however faint, it shows nothing either', () => {
    const beside =
      (size: number, turns: number) =>
      (at: tf.Tensor): tf.Tensor =>
        tf.add(tf.mul(size, logistic(turns)(at)), at);
    for (const size of [1e-2, 1e-4, 1e-6, 1e-8]) {
      for (const turns of [45, 60]) {
        const found = statesOf({ f: beside(size, turns), x: [0.3] });
        expect([size, turns, ...found]).not.toContain('wrong');
      }
      // Few turns are seen, and a slope that is not there.
      expect(statesOf({ f: beside(size, 8), x: [0.3] })).toEqual(all('right'));
      expect(statesOf({ f: beside(size, 8), x: [0.3], autodiff: () => 3 })).toEqual(all('wrong'));
    }
  });

  test('few turns of the same recurrence are seen, right and wrong', () => {
    expect(statesOf({ f: logistic(12), x: [0.3] })).toEqual(all('right'));
    expect(statesOf({ f: logistic(12), x: [0.3], autodiff: off(0.01) })).toEqual(all('wrong'));
  });
});

describe('an entry that is 0', () => {
  test('of an output that only it moves, and that cancels there', () => {
    const f = (at: tf.Tensor): tf.Tensor => tf.sub(tf.add(at, 500), 500);
    expect(states({ f, x: [0, 900, 1000] })).toEqual(all('right'));
    expect(states({ f, x: [0, 900, 1000], autodiff: off(1e-5) })).toEqual(all('wrong'));
  });

  test('beside an entry whose size says nothing of it', () => {
    const f = (at: tf.Tensor): tf.Tensor => tf.sin(tf.mul(at, [1, 1e-12]));
    expect(states({ f, x: [0, 1e12] })).toEqual(all('right', 2));
    expect(states({ f, x: [0, 1e12], autodiff: off(1e-5) })).toEqual(all('wrong', 2));
  });

  test('where f bends by long steps as at a kink, and does not by short ones', () => {
    const smooth = (at: tf.Tensor): tf.Tensor => tf.sqrt(tf.add(1, tf.square(at)));
    expect(states({ f: smooth, x: [0, 1e10] })).toEqual(all('right', 2));
    expect(states({ f: (at) => tf.abs(at), x: [0, 1e10] })).toEqual(['kink', 'right']);
  });
});

test('the largest entry leaves out what is not finite', () => {
  const pass = { autodiff: [[Float64Array.of(1, -3, NaN), Float64Array.of(Infinity)], [Float64Array.of(0)]] };
  const of = (q: number, input: number): number => largestOf(pass as unknown as Pass, q, input);
  expect([of(0, 0), of(0, 1), of(1, 0)]).toEqual([3, 0, 0]);
  expect(of(0, 0)).toBe(3);
});
