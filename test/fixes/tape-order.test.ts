import { afterEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { applyTapeOrder, isTapeOrdered, removeTapeOrder, withTapeOrder } from '../../src/fixes/tape-order.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';
import { isReplaced } from '../support/replaced.js';

afterEach(removeTapeOrder);

const at = 0.5;
const second = (f: (x: tf.Tensor) => tf.Tensor): number =>
  tf.tidy(
    () =>
      tf
        .grad((x: tf.Tensor) => tf.grad(f)(x))(tf.scalar(at))
        .dataSync()[0],
  );
const third = (f: (x: tf.Tensor) => tf.Tensor): number =>
  tf.tidy(
    () =>
      tf
        .grad((x: tf.Tensor) => tf.grad((x: tf.Tensor) => tf.grad(f)(x))(x))(tf.scalar(at))
        .dataSync()[0],
  );

const s = 1 / (1 + Math.exp(-at));
const t = Math.tanh(at);
/** Functions whose gradient uses their saved output, with the closed forms of their second derivative. */
const savedOutputs: [string, (x: tf.Tensor) => tf.Tensor, number][] = [
  ['exp', tf.exp, Math.exp(at)],
  ['sigmoid', tf.sigmoid, s * (1 - s) * (1 - 2 * s)],
  ['tanh', tf.tanh, -2 * t * (1 - t * t)],
  ['x·sigmoid(x)', (x) => tf.mul(x, tf.sigmoid(x)), s * (1 - s) * (2 + at * (1 - 2 * s))],
  ['sqrt(exp(x))', (x) => tf.sqrt(tf.exp(x)), 0.25 * Math.exp(at / 2)],
];

describeOnEachBackend('second order through a saved output, against closed forms', () => {
  test.each(savedOutputs)('%s', (_name, f, expected) => {
    const tolerance = { relative: 2e-6 };
    // As TensorFlow.js has it: another number, or an error.
    let stock = NaN;
    try {
      stock = second(f);
    } catch (error) {
      expect((error as Error).message).toMatch(/Cannot compute gradient/);
    }
    expectRejected([stock], [expected], tolerance);
    applyTapeOrder();
    expectClose([second(f)], [expected], tolerance);
  });

  test('no tensors stay', () => {
    applyTapeOrder();
    const x = tf.scalar(at);
    expectNoLeak(() => tf.grad((x: tf.Tensor) => tf.grad(tf.tanh)(x))(x));
    x.dispose();
  });

  test('third order', () => {
    applyTapeOrder();
    expectClose([third(tf.tanh)], [-2 * (1 - t * t) * (1 - 3 * t * t)], { relative: 5e-6 });
  });

  test('softmax, whose gradient saves its output', () => {
    applyTapeOrder();
    const x = tf.tensor1d([0.2, -0.5, 1]);
    const c = tf.tensor1d([1, -2, 0.5]);
    const f = (x: tf.Tensor): tf.Tensor =>
      tf.sum(tf.square(tf.grad((x: tf.Tensor) => tf.sum(tf.mul(tf.softmax(x), c)))(x)));
    const gradient = Array.from(tf.grad(f)(x).dataSync());
    // Central differences of the first derivative in plain doubles.
    const p = (v: number[]): number[] => {
      const e = v.map(Math.exp);
      return e.map((one) => one / e.reduce((a, b) => a + b));
    };
    const weights = [1, -2, 0.5];
    const first = (v: number[]): number => {
      const y = p(v);
      const mean = y.reduce((sum, one, i) => sum + one * weights[i], 0);
      return y.reduce((sum, one, i) => sum + (one * (weights[i] - mean)) ** 2, 0);
    };
    const values = Array.from(x.dataSync());
    const expected = values.map((_, i) => {
      const moved = (by: number): number => first(values.map((value, j) => (j === i ? value + by : value)));
      return (moved(1e-5) - moved(-1e-5)) / 2e-5;
    });
    expectClose(gradient, expected, { maxRelativeToLargest: 1e-5 });
    tf.dispose([x, c]);
  });
});

describe('ops of one’s own', () => {
  /** exp, by customGrad, saving what it is told to in the order given. */
  const custom =
    (order: readonly ('x' | 'y')[]) =>
    (x: tf.Tensor): tf.Tensor =>
      tf.customGrad<tf.Tensor>((input, save) => {
        const y = tf.exp(input as tf.Tensor);
        (save as tf.GradSaveFunc)(order.map((which) => (which === 'x' ? (input as tf.Tensor) : y)));
        return {
          value: y,
          gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, saved[order.indexOf('y')]),
        };
      })(x);

  test.each([[['x', 'y']], [['y', 'x']], [['y']]] as const)('that save %j', (order) => {
    applyTapeOrder();
    expectClose([second(custom(order))], [Math.exp(at)], { relative: 1e-6 });
  });
});

describe('applying and removing', () => {
  test('twice is once, and removing leaves the engine’s own method', () => {
    const engine = tf.engine() as unknown as { addTapeNode: unknown };
    expect(isTapeOrdered()).toBe(false);
    applyTapeOrder();
    const ordered = engine.addTapeNode;
    applyTapeOrder();
    expect(engine.addTapeNode).toBe(ordered);
    expect(isTapeOrdered()).toBe(true);
    removeTapeOrder();
    expect(isReplaced(engine, 'addTapeNode')).toBe(false);
    removeTapeOrder();
    expect(isTapeOrdered()).toBe(false);
  });

  test('what another had put there stays', () => {
    const engine = tf.engine() as unknown as { addTapeNode?: (...args: unknown[]) => void };
    const own = engine.addTapeNode as (...args: unknown[]) => void;
    const names: unknown[] = [];
    const watcher = function (this: unknown, ...args: unknown[]): void {
      names.push(args[0]);
      own.apply(this, args);
    };
    engine.addTapeNode = watcher;
    try {
      applyTapeOrder();
      expectClose([second(tf.exp)], [Math.exp(at)], { relative: 1e-6 });
      expect(names).toContain('Exp');
      removeTapeOrder();
      expect(engine.addTapeNode).toBe(watcher);
    } finally {
      delete engine.addTapeNode;
    }
  });

  test('for the length of a call, also of one that throws', () => {
    expectClose([withTapeOrder(() => second(tf.exp))], [Math.exp(at)], { relative: 1e-6 });
    expect(isTapeOrdered()).toBe(false);
    expect(() =>
      withTapeOrder(() => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(isTapeOrdered()).toBe(false);
    applyTapeOrder();
    withTapeOrder(() => 1);
    expect(isTapeOrdered()).toBe(true);
  });

  test('first derivatives, variables and optimizers are as before', () => {
    const model = (x: tf.Tensor): tf.Tensor => tf.sum(tf.mul(tf.tanh(x), tf.sigmoid(tf.mul(x, 2))));
    const x = tf.tensor1d([0.3, -1, 2]);
    const before = Array.from(tf.tidy(() => tf.grad(model)(x).dataSync()));
    applyTapeOrder();
    expect(Array.from(tf.tidy(() => tf.grad(model)(x).dataSync()))).toEqual(before);
    const w = tf.variable(tf.scalar(1));
    const optimizer = tf.train.sgd(0.1);
    expectNoLeak(() => optimizer.minimize(() => tf.exp(tf.neg(w))));
    expectClose(w.dataSync(), [1 + 0.1 * Math.exp(-1)], { relative: 1e-6 });
    tf.dispose([x, w]);
    optimizer.dispose();
  });
});
