import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { AnomalyError, detectAnomaly } from '../../src/derivatives/detect-anomaly.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { isReplaced } from '../support/replaced.js';

/** The error that it ends with. */
function anomaly(f: () => unknown, options?: Parameters<typeof detectAnomaly>[1]): AnomalyError {
  try {
    tf.dispose(detectAnomaly(f, options) as tf.TensorContainer);
  } catch (error) {
    expect(error).toBeInstanceOf(AnomalyError);
    return error as AnomalyError;
  }
  throw new Error('no anomaly was found');
}

/** Its line is named below. */
const norm = (x: tf.Tensor): tf.Tensor => tf.sqrt(tf.sum(tf.square(x)));

describeOnEachBackend('the first number that is not finite', () => {
  test('in the gradient: the op and the line at which it is called', () => {
    const x = tf.tensor1d([0, 0]);
    // √ has no slope at 0, and 0·∞ is NaN.
    const f = (x: tf.Tensor): tf.Tensor => tf.add(tf.sum(tf.square(x)), norm(tf.mul(x, 3)));
    const found = anomaly(() => tf.grad(f)(x));
    expect(found.op).toBe('Sqrt');
    expect(found.phase).toBe('gradient');
    expect(found.line).toMatch(/detect-anomaly\.test\.ts:19:\d+$/);
    expect(found.message).toMatch(
      /^detectAnomaly: the gradient of Sqrt, called at .*, gives the first number that is not finite, by RealDiv\.$/,
    );
    x.dispose();
  });

  test('in f itself', () => {
    const x = tf.tensor1d([1, -1]);
    const found = anomaly(() => tf.tidy(() => tf.mul(tf.log(x), 0)));
    expect([found.op, found.phase]).toEqual(['Log', 'forward']);
    expect(found.message).toMatch(
      /Log, called at .*test\.ts:\d+:\d+, gives the first number that is not finite, from inputs that are finite\.$/,
    );
    x.dispose();
  });

  test('an overflow is one, unless NaN alone is looked for', () => {
    const x = tf.tensor1d([200]);
    expect(anomaly(() => tf.tidy(() => tf.exp(x))).op).toBe('Exp');
    expect(() => tf.tidy(() => detectAnomaly(() => tf.exp(x), { infinities: false }))).not.toThrow();
    expect(anomaly(() => tf.tidy(() => tf.sub(tf.exp(x), tf.exp(x))), { infinities: false }).op).toBe('Sub');
    x.dispose();
  });

  test('what is finite passes, with its result; so does what comes from outside', () => {
    const x = tf.tensor1d([1, 2]);
    expectNoLeak(() => {
      const result = detectAnomaly(() => tf.grad((x: tf.Tensor) => norm(x))(x));
      expect(Array.from(result.dataSync())[0]).toBeCloseTo(1 / Math.sqrt(5), 6);
      return result;
    });
    const mask = tf.tensor1d([0, -Infinity]);
    expect(() => tf.tidy(() => detectAnomaly(() => tf.softmax(tf.add(x, mask))))).not.toThrow();
    tf.dispose([x, mask]);
  });

  test('in training by an optimizer, and no tensors stay behind', () => {
    const w = tf.variable(tf.tensor1d([0, 0]));
    const optimizer = tf.train.sgd(0.1);
    expectNoLeak(() => {
      // Without tf.tidy TensorFlow.js itself leaves the value of a function whose gradient throws.
      tf.tidy(() => expect(anomaly(() => optimizer.minimize(() => norm(w) as tf.Scalar)).op).toBe('Sqrt'));
    });
    w.dispose();
    optimizer.dispose();
  });
});

describe('the engine afterwards', () => {
  const methods = (): unknown[] => {
    const engine = tf.engine() as unknown as { runKernelFunc: unknown; addTapeNode: unknown };
    return [engine.runKernelFunc, engine.addTapeNode];
  };

  test('is as before, also after an error of f', () => {
    const before = methods();
    detectAnomaly(() => 1);
    expect(() =>
      detectAnomaly(() => {
        throw new Error('mine');
      }),
    ).toThrow('mine');
    expect(methods()).toEqual(before);
    expect(isReplaced(tf.engine(), 'runKernelFunc')).toBe(false);
  });

  test('an op of customGrad is called so', () => {
    const x = tf.scalar(1);
    const broken = (x: tf.Tensor): tf.Tensor =>
      tf.customGrad<tf.Tensor>((x) => ({
        value: tf.square(x as tf.Tensor),
        gradFunc: (dy: tf.Tensor) => tf.div(dy, tf.zerosLike(dy)),
      }))(x);
    expect(anomaly(() => tf.grad(broken)(x)).op).toBe('customGrad');
    x.dispose();
  });
});
