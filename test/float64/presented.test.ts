/** Code that asks for the backend within the double-precision one. Oracle: tf.getBackend() outside, and the numbers' precision. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { inFloat64, presentedAsCpu } from '../../src/float64/in-float64.js';
import { isReplaced } from '../support/replaced.js';
import { isFast } from '../support/fast-properties.js';

type T = tf.Tensor;

test('is told cpu, in functions of tf.customGrad too, while kernels are those of doubles', () => {
  let count = 0;
  const seen: string[] = [];
  const y = inFloat64(() =>
    presentedAsCpu(
      () => count++,
      () => {
        seen.push(tf.getBackend());
        return tf.customGrad((x) => {
          seen.push(tf.getBackend());
          return { value: tf.exp(x as T), gradFunc: (dy: T) => dy };
        })(tf.scalar(0.1));
      },
    ),
  );
  expect(seen).toEqual(['cpu', 'cpu']);
  expect(count).toBe(2);
  expect(y.dataSync()[0]).toBe(Math.exp(0.1));
  y.dispose();
});

test('TensorFlow.js itself does not count as asking, and all is as before afterwards, after an error too', () => {
  const outside = tf.getBackend();
  let count = 0;
  const ask = () => count++;
  inFloat64(() => {
    presentedAsCpu(ask, () => tf.tidy(() => void tf.softmax(tf.matMul(tf.ones([2, 2]), tf.ones([2, 2])))));
    expect(tf.getBackend()).toBe('float64');
    expect(() =>
      presentedAsCpu(ask, () => {
        throw new Error('thrown');
      }),
    ).toThrow('thrown');
    expect(tf.getBackend()).toBe('float64');
  });
  expect(count).toBe(0);
  expect(tf.getBackend()).toBe(outside);
  expect(isReplaced(tf.engine(), 'runKernel')).toBe(false);
});

test('outside of the double-precision backend nothing is changed: nobody is told of questions', () => {
  let count = 0;
  const seen = presentedAsCpu(
    () => count++,
    () => [tf.getBackend(), isReplaced(tf.engine(), 'runKernel'), tf.engine().backendName],
  );
  expect(seen).toEqual([tf.getBackend(), false, tf.engine().backendName]);
  expect(count).toBe(0);
});

test('within itself it asks once, and all is as before afterwards', () => {
  const asked: string[] = [];
  inFloat64(() => {
    const seen = presentedAsCpu(
      () => asked.push('outer'),
      () => {
        const own = presentedAsCpu(
          () => asked.push('inner'),
          () => tf.getBackend(),
        );
        return [own, tf.getBackend()];
      },
    );
    expect(seen).toEqual(['cpu', 'cpu']);
    expect(tf.getBackend()).toBe('float64');
  });
  expect(asked).toEqual(['outer', 'outer']);
});

test('the backend that f sets is the one in use afterwards; the engine has the properties that it had', () => {
  const keys = (): string[] => Object.keys(tf.engine()).sort();
  const before = keys();
  inFloat64(() => {
    const inside = keys();
    presentedAsCpu(
      () => {},
      () => {
        expect(keys()).toEqual(expect.arrayContaining(inside));
        tf.engine().backendName = 'another';
        expect(tf.getBackend()).toBe('cpu');
      },
    );
    expect(keys()).toEqual(inside);
    expect(tf.getBackend()).toBe('another');
    tf.engine().backendName = 'float64';
  });
  expect(keys()).toEqual(before);
});

test('the engine is as fast an object afterwards as it was before', () => {
  inFloat64(() =>
    presentedAsCpu(
      () => {},
      () => tf.tidy(() => void tf.add(1, 2)),
    ),
  );
  inFloat64(() =>
    presentedAsCpu(
      () => {},
      () => tf.getBackend(),
    ),
  );
  expect(isFast(tf.engine())).toBe(true);
});

test('it is cpu also after somebody has defined the engine’s property anew', () => {
  const ask = (): string =>
    inFloat64(() =>
      presentedAsCpu(
        () => {},
        () => tf.getBackend(),
      ),
    );
  expect(ask()).toBe('cpu');
  const value = tf.engine().backendName;
  Object.defineProperty(tf.engine(), 'backendName', {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
  expect(ask()).toBe('cpu');
  expect(tf.getBackend()).toBe(value);
});
