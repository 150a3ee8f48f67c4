import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../src/errors.js';
import { inFloat64 } from '../../src/float64/in-float64.js';
import { gradientDescent, type DescentOptions } from '../../src/training/gradient-descent.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';
import { present } from '../support/present.js';

const squares = (x: tf.Tensor): tf.Tensor => tf.sum(tf.square(x));
const start = [-3, 4];
const point = (x: tf.Tensor): number[] => Array.from(x.dataSync());

describeOnEachBackend('the book’s f = x0² + x1² from (-3, 4), §4.4.1', () => {
  test('rate 0.1, 100 steps: within 1e-9 of 0', () => {
    const { x, value, path, stopped, message } = gradientDescent(squares, start, {
      learningRate: 0.1,
      steps: 100,
    });
    for (const entry of point(x)) expect(Math.abs(entry)).toBeLessThan(1e-9);
    expect(value).toBeLessThan(2e-18);
    expect([stopped, message]).toEqual(['steps', '100 steps done.']);
    expect(path).toHaveLength(101);
    expect(path[0]).toEqual(start);
    expect(path.at(-1)).toEqual(point(x));
    // Every step takes a fifth off: x ← x - 0.1·2x.
    path.forEach((at, step) => {
      at.forEach((entry, i) => expect(Math.abs(entry / (start[i] * 0.8 ** step) - 1)).toBeLessThan(1e-2));
    });
    // After half of them it is not there yet.
    expect(Math.abs(path[50][0])).toBeGreaterThan(1e-9);
  });

  test('a rate of 10 diverges, and says so', () => {
    const { x, value, path, stopped, message } = gradientDescent(squares, start, { learningRate: 10 });
    expect(stopped).toBe('diverged');
    expect(message).toMatch(
      /^Diverged at step \d+: .* A learning rate of 10 is too large here; try a tenth of it\.$/,
    );
    expect(path.length).toBe(Number(present(/\d+/.exec(message))[0]));
    expect(point(x).every(Number.isFinite)).toBe(true);
    expect(Number.isFinite(value)).toBe(true);
    expect(path.at(-1)).toEqual(point(x));
    // It overshoots by a factor of 19 a step.
    expect(path[1][0] / path[0][0]).toBeCloseTo(-19, 1);
  });

  test('a rate of 1e-10 hardly moves', () => {
    const { x, stopped, path } = gradientDescent(squares, start, { learningRate: 1e-10 });
    expect(stopped).toBe('steps');
    expect(path).toHaveLength(101);
    point(x).forEach((entry, i) => expect(Math.abs(entry - start[i])).toBeLessThan(1e-6));
  });

  test('the default: rate 0.01, 100 steps', () => {
    const { x, path } = gradientDescent(squares, start);
    expect(path).toHaveLength(101);
    point(x).forEach((entry, i) => expect(entry / (start[i] * 0.98 ** 100)).toBeCloseTo(1, 2));
  });

  test('a forward difference may be asked for, or a step of one’s own', () => {
    const forward = gradientDescent(squares, start, { scheme: 'forward', h: 0.5, learningRate: 0.1 });
    // Its derivative is off by h: it ends where 2x + h = 0.
    for (const entry of point(forward.x)) expect(entry).toBeCloseTo(-0.25, 4);
  });
});

describeOnEachBackend('where it stops', () => {
  const saddle = (x: tf.Tensor): tf.Tensor => tf.sum(tf.mul(tf.square(x), tf.tensor1d([1, -1])));

  test('at a saddle point, though it is no minimum', () => {
    const { path, stopped, message } = gradientDescent(saddle, [0, 0], { learningRate: 0.1 });
    expect([path, stopped]).toEqual([[[0, 0]], 'stationary']);
    expect(message).toMatch(
      /^Stopped after 0 steps: the gradient is 0 here, which a minimum, a saddle point and a plateau/,
    );
    // Beside it the saddle is left downwards.
    const beside = gradientDescent(saddle, [1, 1e-3], { learningRate: 0.1 });
    expect(Math.abs(point(beside.x)[1])).toBeGreaterThan(1);
  });

  test('on a plateau', () => {
    const plateau = (x: tf.Tensor): tf.Tensor => tf.sum(tf.relu(tf.sub(x, 1)));
    const { path, stopped } = gradientDescent(plateau, [-3, 0]);
    expect([path, stopped]).toEqual([[[-3, 0]], 'stationary']);
    const slope = gradientDescent(plateau, [2.5], { learningRate: 1, steps: 10 });
    expect(slope.stopped).toBe('stationary');
    expect(slope.message).toMatch(/^Stopped after 2 steps/);
    expect(slope.path).toHaveLength(3);
    expect(point(slope.x)[0]).toBeCloseTo(0.5, 3);
  });

  test('at a minimum that it hits exactly', () => {
    const { x, value, path, stopped } = gradientDescent(squares, [1, 1], { learningRate: 0.5, h: 0.25 });
    expect([point(x), value, stopped]).toEqual([[0, 0], 0, 'stationary']);
    expect(path).toEqual([[1, 1], [0, 0]]); // prettier-ignore
  });

  test('f that becomes NaN or infinite is divergence, and the last good point is kept', () => {
    const cliff = (x: tf.Tensor): tf.Tensor => tf.sum(tf.log(x));
    const { x, value, stopped } = gradientDescent(cliff, [0.5], { learningRate: 0.2 });
    expect(stopped).toBe('diverged');
    expect(point(x)[0]).toBeGreaterThan(0);
    expect(value).toBeCloseTo(Math.log(point(x)[0]), 5);
    const broken = gradientDescent(() => NaN, [1, 2]);
    expect(broken.stopped).toBe('diverged');
    expect(point(broken.x)).toEqual([1, 2]);
  });

  test('ascent climbs to a maximum', () => {
    const hill = (x: tf.Tensor): tf.Tensor => tf.neg(squares(tf.sub(x, tf.tensor1d([1, -2]))));
    const { x, stopped } = gradientDescent(hill, [0, 0], { learningRate: 0.1, direction: 'ascent' });
    expect(stopped).not.toBe('diverged');
    point(x).forEach((entry, i) => expect(entry).toBeCloseTo([1, -2][i], 2));
    const down = gradientDescent(hill, [0, 0], { learningRate: 0.1 });
    expect(Math.hypot(...point(down.x))).toBeGreaterThan(100);
  });

  test('x0 of any rank keeps its shape; the path is flat', () => {
    for (const shape of [[], [2, 2], [1, 2, 1, 2]]) {
      const { x, path } = gradientDescent(squares, tf.ones(shape), { steps: 2 });
      expect(x.shape).toEqual(shape);
      expect(path).toHaveLength(3);
      expect(path[2]).toHaveLength(x.size);
    }
  });

  test('no steps: the point itself', () => {
    const { path, stopped, value, message } = gradientDescent(squares, start, { steps: 0 });
    expect({ path, stopped, value, message }).toEqual({
      path: [start],
      stopped: 'steps',
      value: 25,
      message: '0 steps done.',
    });
  });

  test('f that returns a number is not rounded to float32: it moves where float32 sees a plateau', () => {
    const shallow = (x: tf.Tensor): number => 1 + 1e-9 * x.dataSync()[0];
    const { stopped, value, x } = gradientDescent(shallow, [1], { learningRate: 1e8, steps: 3 });
    expect(stopped).toBe('steps');
    expect(point(x)[0]).toBeCloseTo(0.7, 3);
    expect(value).toBe(1 + 1e-9 * point(x)[0]);
    expect(Math.fround(value)).toBe(1);
    const rounded = gradientDescent((x) => tf.scalar(shallow(x)), [1], { learningRate: 1e8, steps: 3 });
    expect(rounded.stopped).toBe('stationary');
  });

  test('in double precision it gets as near as doubles do', () => {
    const bowl = (x: tf.Tensor): tf.Tensor => tf.sum(tf.square(tf.sub(x, Math.PI)));
    const options = { learningRate: 0.25, steps: 60 };
    const inDoubles = inFloat64(() => point(gradientDescent(bowl, [0.1, 5], options).x));
    expectClose(inDoubles, [Math.PI, Math.PI], { relative: 1e-12 });
    expectRejected(point(gradientDescent(bowl, [0.1, 5], options).x), [Math.PI, Math.PI], {
      relative: 1e-12,
    });
  });

  test('x0 is not changed, and an int32 one is taken as numbers', () => {
    const x0 = tf.tensor1d([-3, 4]);
    gradientDescent(squares, x0, { learningRate: 0.1, steps: 3 });
    expect(point(x0)).toEqual([-3, 4]);
    const whole = gradientDescent(squares, tf.tensor1d([-3, 4], 'int32'), { steps: 1 });
    expect(whole.x.dtype).toBe('float32');
  });
});

describe('errors', () => {
  test.each<[DescentOptions, RegExp]>([
    [
      { learningRate: 0 },
      /learningRate must be a finite number above 0, got 0. For a maximum, choose the direction/,
    ],
    [{ learningRate: -0.1 }, /learningRate/],
    [{ learningRate: NaN }, /learningRate .* got NaN/],
    [{ learningRate: Infinity }, /learningRate/],
    [{ steps: -1 }, /steps must be a whole number of at least 0, got -1/],
    [{ steps: 1.5 }, /steps/],
    [{ steps: Infinity }, /steps/],
    [{ direction: 'up' as 'ascent' }, /direction must be 'descent' or 'ascent', got "up"/],
    [{ h: 0 }, /the step h must be a finite number above 0/],
    [{ scheme: 'backward' as 'forward' }, /scheme must be/],
  ])('%j', (options, message) => {
    expect(() => gradientDescent(squares, start, options)).toThrow(InputError);
    expect(() => gradientDescent(squares, start, options)).toThrow(message);
  });

  test('f that gives no scalar, x0 that is none', () => {
    expect(() => gradientDescent((x) => x, start)).toThrow(/f must return a scalar/);
    expect(() => gradientDescent((x) => x, start, { steps: 0 })).toThrow(/f must return a scalar/);
    expect(() => gradientDescent(squares, [NaN, 1])).toThrow(/x must be finite, got NaN at entry 0/);
    expect(() => gradientDescent(squares, 'x')).toThrow(/x0 must be a tensor/);
  });
});

describeOnEachBackend('tensors', () => {
  test('none stay but x, however it ends', () => {
    const x0 = tf.tensor1d(start);
    const failing = (x: tf.Tensor): tf.Tensor => {
      if (x.dataSync()[0] > -2.9) throw new RangeError('on purpose');
      return squares(x);
    };
    expectNoLeak(() => gradientDescent(squares, x0, { steps: 5 }).x);
    expectNoLeak(() => gradientDescent(squares, start, { learningRate: 10 }).x);
    expectNoLeak(() => gradientDescent(squares, [0, 0]).x);
    expectNoLeak(() => expect(() => gradientDescent(failing, x0)).toThrow(RangeError));
    expectNoLeak(() => expect(() => gradientDescent((x) => x, x0)).toThrow(InputError));
    expectNoLeak(() => expect(() => gradientDescent((x) => x, x0, { steps: 0 })).toThrow(InputError));
    expect(point(x0)).toEqual(start);
    x0.dispose();
  });
});
