/** Oracle: closed forms, and how the functions were made. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../../src/backends/select.js';
import {
  concat,
  coordinateLine,
  closePass,
  directionLine,
  epsilonOf,
  openForward,
  openPass,
  SCALES,
  split,
  unitsOf,
  type Pass,
} from '../../../src/gradcheck/engine/pass.js';
import { columnOf, slopeOf, weighted } from '../../../src/gradcheck/diagnosis/columns.js';
import { Subject, type ActiveInput, type CheckedFunction } from '../../../src/gradcheck/engine/subject.js';
import { randomFrom } from '../../../src/random.js';
import { elementwise, linear, rounded, square, subjectOf, within, type Curve } from './record/plain.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

const open = (f: CheckedFunction, inputs: unknown[], seed = 1, order: 1 | 2 = 1): Pass =>
  openPass(Subject.of(f, inputs as number[][], {}), order, randomFrom(seed));

const sin = (x: tf.Tensor): tf.Tensor => tf.sin(x);

describe('cotangents', () => {
  test('are none of them 0, of like signs and of opposite ones, of three sizes, output by output, whatever the seed', () => {
    const patterns = new Set<string>();
    for (let seed = 1; seed <= 40; seed++) {
      const { cotangents, scales } = open(sin, [[0.1, 0.2, 0.3]], seed);
      expect(scales).toBe(SCALES);
      expect(SCALES).toEqual([1, 2 ** -10, 2 ** 10]);
      cotangents.forEach((c, q) => {
        for (const weight of c) {
          expect(Math.abs(weight) / SCALES[q]).toBeGreaterThanOrEqual(0.5);
          expect(Math.abs(weight) / SCALES[q]).toBeLessThanOrEqual(1.5);
        }
      });
      const [first, small, large] = cotangents.map((c) => Array.from(c, Math.sign));
      expect(small).toEqual(first);
      expect(large).toEqual(first.map((sign) => -sign));
      patterns.add(String(first));
    }
    expect(patterns.size).toBe(8);
  });

  test('of outputs that are not finite are 0, and these are none of the finite ones', () => {
    const { cotangents, finite, noise } = open((x: tf.Tensor) => tf.log(x), [[1, 0, 2]]);
    expect(cotangents.map((c) => c[1])).toEqual([0, 0, 0]);
    expect(cotangents.every((c) => c[0] !== 0 && c[2] !== 0)).toBe(true);
    expect(Array.from(finite)).toEqual([0, 2]);
    expect(noise[1]).toBe(0);
  });
});

describe('the gradient', () => {
  test('is that of every cotangent, by input; one that is not reached is said to be so, and reads 0', () => {
    const f = (x: tf.Tensor, _y: tf.Tensor, z: tf.Tensor): tf.Tensor => tf.mul(tf.square(x), tf.add(z, 1));
    const { autodiff, cotangents, unreached } = open(f, [
      [2, 3],
      [7, 7, 7],
      [0.5, 4],
    ]);
    cotangents.forEach(([a, b], q) => {
      expect(Array.from(autodiff[q][0])).toEqual(
        [a * 2 * 2 * 1.5, b * 2 * 3 * 5].map((g) => expect.closeTo(g, 8)),
      );
      expect(Array.from(autodiff[q][1])).toEqual([0, 0, 0]);
      expect(Array.from(autodiff[q][2])).toEqual([a * 4, b * 9].map((g) => expect.closeTo(g, 8)));
    });
    expect([...unreached]).toEqual([1]);
  });

  test('has a rounding of some of its last bits where the formula is well conditioned, and much more where it cancels', () => {
    const relative = ({ autodiff, rounding }: Pass, q: number): number =>
      rounding[q][0][0] / Math.abs(autodiff[q][0][0]);
    const plain = open((x: tf.Tensor) => tf.square(x), [[0.3]]);
    // The gradient is 2x: it moves as x does, by two of its last bits.
    for (const q of [0, 1, 2]) {
      expect(relative(plain, q)).toBeGreaterThan(2 ** -54);
      expect(relative(plain, q)).toBeLessThan(2 ** -49);
    }
    // The gradient is x - 0.2999999, and moves by what x does.
    const cancelling = tf.customGrad((...args) => {
      const [x, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
      save([x]);
      return {
        value: tf.square(x),
        gradFunc: (dy: tf.Tensor, [at]: tf.Tensor[]) => tf.mul(dy, tf.sub(at, 0.2999999)),
      };
    }) as CheckedFunction;
    const lost = relative(open(cancelling, [[0.3]]), 0) / ((0.3 * 2 ** -52) / 1e-7);
    expect(lost).toBeGreaterThan(0.5);
    expect(lost).toBeLessThan(2);
  });

  test('is unstable where it is nothing but rounding, relative to its size', () => {
    const steady = open((x: tf.Tensor) => tf.square(x), [[0.3, -2]]);
    const {
      moved: [own],
    } = steady.subject.work(steady.instability);
    // 2x moves by what x moves, a millionth or so, for a cotangent of up to 1½.
    for (const [j, value] of [0.3, -2].entries()) {
      expect(own[j]).toBeGreaterThan((2 ** -20 * 2 * Math.abs(value)) / 8);
      expect(own[j]).toBeLessThan(2 ** -20 * 2 * Math.abs(value) * 3);
    }
    expect(steady.subject.work(steady.instability)).toBe(steady.subject.work(steady.instability));
    const rounding = open(
      (x: tf.Tensor) => tf.sub(tf.mul(tf.add(x, 1), 3), tf.add(tf.mul(x, 3), 3)),
      [[0.3]],
    );
    expect(rounding.subject.work(rounding.instability).moved[0][0]).toBeLessThan(1e-15);
  });
});

describe('what does not repeat itself is refused', () => {
  const counting = (change: (calls: number) => number): CheckedFunction => {
    let calls = 0;
    return (x: tf.Tensor) => tf.add(tf.sin(x), change(calls++));
  };

  test.each<[string, () => unknown, RegExp]>([
    [
      'a function',
      () =>
        open(
          counting((calls) => calls),
          [[0, 1]],
        ),
      /^The function is not deterministic: called twice with the same inputs it gives 0 and then 1 at entry 0\. Fix its seeds/,
    ],
    [
      'a function, by its last bit',
      () =>
        open(
          counting((calls) => calls * 2 ** -52),
          [[0, 1]],
        ),
      /called twice with the same inputs/,
    ],
    [
      'a gradient',
      () => {
        let calls = 0;
        return open(
          tf.customGrad((...args) => {
            const [x, save] = args as unknown as [tf.Tensor, tf.GradSaveFunc];
            save([x]);
            return { value: tf.sin(x), gradFunc: (dy: tf.Tensor) => tf.mul(dy, 1 + calls++) };
          }) as CheckedFunction,
          [[0, 1]],
        );
      },
      /^The gradient is not deterministic: computed twice at the same point, that of input 0 gives .+ at entry 0/,
    ],
    [
      'a function that has changed since',
      () => {
        let offset = 0;
        const pass = open((x: tf.Tensor) => tf.add(tf.sin(x), offset), [[0.5, 1]]);
        closePass(pass);
        offset = 2;
        return closePass(pass);
      },
      /^The function is not deterministic: called again with the same inputs it gives 0\.479.+ and then 2\.479/,
    ],
  ])('%s', (_name, run, says) => {
    expect(run).toThrow(says);
    expect(run).toThrow(expect.objectContaining({ verdict: 'nondeterministic' }));
  });

  test('but NaN that is NaN again, and -0 for 0, are the same', () => {
    let calls = 0;
    const f = (x: tf.Tensor): tf.Tensor =>
      tf.concat([tf.log(x), tf.mul(tf.zerosLike(x), calls++ % 2 ? -1 : 1)]);
    expect(() => closePass(open(f, [[0, 1]]))).not.toThrow();
  });

  test('natively, what is larger than float32’s own unrest', () => {
    const native = (relative: number): (() => Pass) => {
      let calls = 0;
      const f = (x: tf.Tensor): tf.Tensor => tf.mul(x, 1 + relative * (calls++ % 2));
      return () => openPass(Subject.of(f, [[1, 2]], { precision: 'native' }), 1, randomFrom(1));
    };
    expect(native(2 ** -20)).not.toThrow();
    expect(native(2 ** -15)).toThrow(/not deterministic/);
  });
});

describe('the rounding of f', () => {
  const noiseOf = (f: CheckedFunction, x: number[], seed = 1): Float64Array => open(f, [x], seed).noise;

  test('is half a unit in the last place of its value where nothing is lost', () => {
    const [noise] = noiseOf((x: tf.Tensor) => tf.mul(x, 3), [0.7]);
    expect(noise).toBeGreaterThan(2 * 2 ** -53);
    expect(noise).toBeLessThan(2.1 * 2 ** -51);
  });

  test.each([1e4, 3e5])('is that of the largest number within f: %s', (offset) => {
    const f = (x: tf.Tensor): tf.Tensor => tf.sub(tf.add(tf.sin(x), offset), offset);
    for (const seed of [1, 2, 3]) {
      for (const noise of noiseOf(f, [0.7, -0.2, 1.3], seed)) {
        expect(noise / (offset * 2 ** -53)).toBeGreaterThan(0.1);
        expect(noise / (offset * 2 ** -53)).toBeLessThan(4);
      }
    }
  });

  test('is the standard deviation of what f is rounded by: that of a grid is its spacing over √12', () => {
    const grid = 2 ** -44;
    const x = [randomFrom(3).weights(600)];
    const [f, d] = rounded(square, (y) => Math.round(y / grid) * grid);
    const { noise } = openPass(subjectOf(elementwise([f, d], ...x)), 1, randomFrom(1));
    const variance = noise.reduce((sum, value) => sum + value ** 2, 0) / noise.length;
    // That of 600 outputs with five degrees of freedom each is known to 3 %.
    expect(variance / (grid ** 2 / 12)).toBeGreaterThan(0.9);
    expect(variance / (grid ** 2 / 12)).toBeLessThan(1.1);
  });

  test('is half a unit in the last place where f is not finite at some of the points, or throws at most of them', () => {
    const x = randomFrom(3).weights(10).map(Math.abs);
    const open = (isThrown: boolean): Pass =>
      openPass(
        subjectOf(
          elementwise(
            within(linear(1), (value) => x.some((one) => Math.abs(value / one - 1) < 3e-10), isThrown),
            x,
          ),
        ),
        1,
        randomFrom(1),
      );
    for (const { noise } of [open(false), open(true)]) {
      expect(noise).toEqual(x.map((value) => 2 ** -53 * value));
    }
  });

  test('is half a unit in the last place or little more, from however few points of a short domain', () => {
    const least = 2 ** -53 * (0.7 * 0.7);
    const counts = new Set<number>();
    for (let reach = 0.25; reach < 14; reach += 0.25) {
      let inside = -2;
      const short: Curve = within(square, (v) => Math.abs(v / 0.7 - 1) <= reach * 2 ** -33, true);
      const counted: Curve = [(v) => (short[0](v), inside++, v * v), short[1]];
      const { noise } = openForward(subjectOf(elementwise(counted, [0.7])), 1, randomFrom(1));
      counts.add(inside);
      expect(noise[0]).toBeGreaterThanOrEqual(least);
      expect(noise[0]).toBeLessThan(8 * least);
    }
    expect([...counts]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('is measured at eight points; at eight more where f has few values at these', () => {
    const evaluations = (curve: Curve): number => {
      const subject = subjectOf(elementwise(curve, [0.3, 0.7]));
      subject.work(() => openForward(subject, 1, randomFrom(1)));
      return subject.evaluations;
    };
    // Two more are the point itself.
    expect(evaluations(square)).toBe(10);
    expect(evaluations(rounded(square, Math.fround))).toBe(18);
  });

  test('takes neither slope nor curvature for rounding, also where all entries are 0', () => {
    const f = (x: tf.Tensor): tf.Tensor => tf.add(tf.mul(tf.square(x), 50), tf.mul(x, 1000));
    for (const noise of noiseOf(f, [0.01, -0.02])) expect(noise).toBeLessThan(30 * 2 ** -50);
    for (const noise of noiseOf((x: tf.Tensor) => tf.cos(x), [0, 0])) expect(noise).toBeLessThan(2 ** -51);
  });

  test('adds up over the outputs by the cotangents', () => {
    const { noise, allNoise, cotangents } = open(sin, [[0.7, -0.2, 1.3]]);
    cotangents.forEach((c, q) => {
      expect(allNoise[q] / Math.hypot(...Array.from(c, (weight, k) => weight * noise[k]))).toBeCloseTo(1, 12);
    });
  });
});

describe('units', () => {
  const units = (values: number[]): number[] =>
    Array.from(unitsOf({ values: Float64Array.from(values) } as unknown as ActiveInput));

  test('are an entry’s own size, or twice the root mean square where it is smaller', () => {
    expect(units([3, -4])).toEqual([
      expect.closeTo(2 * Math.sqrt(12.5), 12),
      expect.closeTo(2 * Math.sqrt(12.5), 12),
    ]);
    const wide = units([100, 0, 0, 0, 0, 0, 0, -1]);
    expect(wide[0]).toBe(100);
    for (const one of wide.slice(1)) expect(one).toBeCloseTo(2 * Math.sqrt(10001 / 8), 10);
    expect(units([-5])).toEqual([10]);
  });

  test('of zeros are 1; of numbers whose squares over- or underflow they are what they should be', () => {
    expect(units([0, 0])).toEqual([1, 1]);
    expect(units([1e200, 1e200]).map((one) => one / 2e200)).toEqual([1, 1]);
    expect(units([1e-200, 1e-200]).map((one) => one / 2e-200)).toEqual([1, 1]);
  });
});

describe('lines', () => {
  const f = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.add(tf.square(x), tf.mul(y, 3));

  test('along one coordinate: the others rest, and the step is what was stored', () => {
    const pass = open(f, [
      [1, 2],
      [5, 6],
    ]);
    pass.subject.work(() => {
      const at = coordinateLine(pass, 0, 1).at(0.25);
      expect(at.t).toBe(0.25);
      expect(at.sole).toBe(1);
      expect(at.change[0]).toBeCloseTo(pass.cotangents[0][1] * (2.25 ** 2 - 4), 12);
      const tiny = coordinateLine(pass, 1, 0).at(2 ** -51);
      // 5 has a last place of 2^-50: half of it is lost.
      expect(tiny.t).toBe(0);
      expect(coordinateLine(pass, 1, 0).at(2 ** -2).change[0]).toBeCloseTo(pass.cotangents[0][0] * 0.75, 12);
    });
  });

  test('along a direction: by multiples of it, and inputs without one rest', () => {
    const pass = open(f, [
      [1, 2],
      [5, 6],
    ]);
    pass.subject.work(() => {
      const both = directionLine(pass, [Float64Array.of(1, 0), Float64Array.of(0, 2)]).at(0.5);
      const [a, b] = pass.cotangents[0];
      expect(both).toMatchObject({ t: 0.5, sole: -1 });
      expect(both.change[0]).toBeCloseTo(a * (1.5 ** 2 - 1) + b * 3, 12);
      const one = directionLine(pass, [null, Float64Array.of(1, 0)]).at(-1);
      expect(one.sole).toBe(0);
      expect(one.change[0]).toBeCloseTo(a * -3, 12);
    });
  });

  test('every output’s derivative by one coordinate, to eight digits', () => {
    const pass = open((x: tf.Tensor) => tf.concat([tf.sin(x), tf.exp(x)]), [[0.3, 0.9]]);
    const column = pass.subject.work(() => columnOf(pass, 0, 1, pass.units[0][1]));
    expect(Array.from(column.places)).toEqual([1, 3]);
    expect(Array.from(column.slopes)).toEqual([
      expect.closeTo(Math.cos(0.9), 7),
      expect.closeTo(Math.exp(0.9), 7),
    ]);
    expect([0, 1, 2, 3].map((k) => slopeOf(column, k))).toEqual([0, column.slopes[0], 0, column.slopes[1]]);
    expect(weighted(column, (k) => k)).toBeCloseTo(column.slopes[0] + 3 * column.slopes[1], 12);
    const subject = Subject.of(
      (x: tf.Tensor) => {
        if (x.dataSync()[1] !== 0.9) throw new Error('elsewhere');
        return tf.sin(x);
      },
      [[0.3, 0.9]],
      {},
    );
    const nowhere = subject.work(() => columnOf(openForward(subject, 1, randomFrom(1)), 0, 1, 1));
    expect(nowhere).toEqual({ places: Int32Array.of(0, 1), slopes: Float64Array.of(NaN, NaN) });
    expect(weighted(nowhere, () => 1)).toBe(0);
  });

  test('no step is a power of two, nor in a simple ratio to one of the other family', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const [long, short] = open(sin, [[1]], seed).factors;
      expect(long > 0.6 && long < 0.75 && short > 0.8 && short < 0.95).toBe(true);
    }
  });
});

test('a pass without its gradient has the same outputs and cotangents, and NaN for a gradient', () => {
  const subject = Subject.of(sin, [[0.1, 0.2]], {});
  const forward = subject.work(() => openForward(subject, 2, randomFrom(4)));
  const whole = open(sin, [[0.1, 0.2]], 4, 2);
  expect(forward.order).toBe(2);
  expect(forward.outputs).toEqual(whole.outputs);
  expect(forward.cotangents).toEqual(whole.cotangents);
  expect(Array.from(forward.autodiff[2][0])).toEqual([NaN, NaN]);
  expect(Array.from(forward.rounding[2][0])).toEqual([0, 0]);
  expect(Array.from(forward.instability().moved[0])).toEqual([NaN, NaN]);
});

test('half a unit in the last place of 1, in each precision', () => {
  expect(epsilonOf(Subject.of(sin, [[1]], {}))).toBe(Number.EPSILON / 2);
  expect(epsilonOf(Subject.of(sin, [[1]], { precision: 'native' }))).toBe(2 ** -24);
});

test('concat and split are each other’s inverse', () => {
  const whole = Float64Array.of(1, 2, 3, 4, 5, 6, 7);
  const parts = split(whole, [[2, 2], [], [2]]);
  expect(parts.map((part) => Array.from(part))).toEqual([[1, 2, 3, 4], [5], [6, 7]]);
  expect(concat(parts)).toEqual(whole);
  expect(concat([whole])).toBe(whole);
});
