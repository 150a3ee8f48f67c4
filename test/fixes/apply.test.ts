import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { applyFixes, fixesIntact, removeFixes } from '../../src/fixes/apply.js';
import { FIXES } from '../../src/fixes/all.js';
import { STOCK_GRADIENTS } from '../../src/fixes/stock.js';
import { expectClose, expectRejected } from '../support/close.js';
import { isReplaced } from '../support/replaced.js';

const registry = (name: 'gradRegistry' | 'kernelRegistry'): Map<string, tf.GradConfig> =>
  (globalThis as unknown as { _tfGlobals: Map<string, Map<string, tf.GradConfig>> })._tfGlobals.get(
    name,
  ) as Map<string, tf.GradConfig>;

const engine = tf.engine() as unknown as Record<string, unknown>;
const methods = ['addTapeNode', 'gradients', 'customGrad', 'getTensorsForGradient'];

let said: string[] = [];
const warn = (sentence: string): void => void said.push(sentence);

beforeEach(() => void (said = []));
afterEach(() => removeFixes());

/** The gradient of cumsum down the columns of a matrix of 2 rows. */
const gradient = (): number[] =>
  tf.tidy(() => [
    ...tf
      .grad((x: tf.Tensor) => tf.cumsum(x, 0))(
        tf.tensor2d([
          [1, 2],
          [3, 4],
        ]),
        tf.tensor2d([
          [1, 2],
          [3, 4],
        ]),
      )
      .dataSync(),
  ]);
const right = [4, 6, 3, 4];

test('the list of stock gradients is that of TensorFlow.js, in its order', () => {
  expect([...registry('gradRegistry').keys()]).toEqual(STOCK_GRADIENTS);
});

describe('the list', () => {
  test('ids are unique, and each fix says what is wrong of which ops', () => {
    expect(new Set(FIXES.map(({ id }) => id)).size).toBe(FIXES.length);
    for (const { id, ops, wrong, gradients = [], kernels = [], engine } of FIXES) {
      expect([id, ops.length > 0, wrong.endsWith('.')]).toEqual([id, true, true]);
      expect([id, gradients.length + kernels.length > 0 || engine !== undefined]).toEqual([id, true]);
    }
  });

  test('no two fixes are for one gradient or one kernel', () => {
    const names = FIXES.flatMap(({ gradients = [], kernels = [] }) => [
      ...gradients.map(({ kernelName }) => kernelName),
      ...kernels.map(({ backendName, kernelName }) => `${backendName} ${kernelName}`),
    ]);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });
});

describe('applying and removing', () => {
  test('removing leaves registries and engine as they were', () => {
    const before = [new Map(registry('gradRegistry')), new Map(registry('kernelRegistry'))];
    expectRejected(gradient(), right, { relative: 1e-6 });
    applyFixes({ warn });
    expectClose(gradient(), right, { relative: 1e-6 });
    expect(fixesIntact()).toEqual({ intact: true, lost: [] });
    removeFixes();
    expect(new Map(registry('gradRegistry'))).toEqual(before[0]);
    expect(new Map(registry('kernelRegistry'))).toEqual(before[1]);
    for (const name of ['gradRegistry', 'kernelRegistry'] as const) {
      expect(Object.hasOwn(registry(name), 'set')).toBe(false);
    }
    for (const method of methods) expect([method, isReplaced(engine, method)]).toEqual([method, false]);
    expect(said).toEqual([]);
  });

  test('twice is once', () => {
    const first = applyFixes({ warn });
    const now = new Map(registry('gradRegistry'));
    expect(applyFixes({ warn })).toEqual(first);
    expect(new Map(registry('gradRegistry'))).toEqual(now);
    removeFixes();
    expectRejected(gradient(), right, { relative: 1e-6 });
    removeFixes();
  });

  test('some alone', () => {
    expect(applyFixes({ only: ['cumsum'], warn }).applied).toEqual(['cumsum']);
    expectClose(gradient(), right, { relative: 1e-6 });
    expect(() => tf.tidy(() => tf.grad((x: tf.Tensor) => tf.greater(x, 0))(tf.scalar(1)))).toThrow(/Greater/);
    applyFixes({ only: ['whole-numbers'], warn });
    removeFixes({ only: ['cumsum'] });
    expectRejected(gradient(), right, { relative: 1e-6 });
    expect(
      tf.tidy(
        () =>
          tf
            .grad((x: tf.Tensor) => tf.greater(x, 0))(tf.scalar(1))
            .dataSync()[0],
      ),
    ).toBe(0);
  });

  test('an id that there is none of', () => {
    expect(() => applyFixes({ only: ['cumsun'] })).toThrow(
      'applyFixes: there is no fix "cumsun". FIXES lists them.',
    );
    expect(() => removeFixes({ only: ['cumsun'] })).toThrow('removeFixes: there is no fix "cumsun"');
  });

  test('after tf.disposeVariables, and for optimizers', () => {
    applyFixes({ warn });
    tf.variable(tf.scalar(1));
    tf.disposeVariables();
    expectClose(gradient(), right, { relative: 1e-6 });
    const w = tf.variable(tf.tensor1d([1, 3, 3]));
    const optimizer = tf.train.sgd(1);
    const before = tf.memory().numTensors;
    optimizer.minimize(() => tf.max(w).asScalar());
    expect(tf.memory().numTensors).toBe(before);
    expectClose(w.dataSync(), [1, 2.5, 2.5], { relative: 1e-6 });
    w.dispose();
    optimizer.dispose();
  });

  test('a gradient that throws leaves no tensors', () => {
    applyFixes({ warn });
    const x = tf.scalar(1);
    const before = tf.memory().numTensors;
    const f = (x: tf.Tensor): tf.Tensor => {
      tf.exp(tf.square(x));
      throw new Error('mine');
    };
    expect(() => tf.tidy(() => tf.grad(f)(x))).toThrow('mine');
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });
});

describe('what others register', () => {
  const mine = (kernelName: string): tf.GradConfig => ({
    kernelName,
    gradFunc: (dy) => ({ x: () => tf.zerosLike(dy as tf.Tensor) }),
  });

  test('a copy of TensorFlow.js that is loaded later leaves the fixes, and is what stands there without them', () => {
    const stock = STOCK_GRADIENTS.map((name) => tf.getGradient(name));
    applyFixes({ warn });
    const copy = stock.map((config) => ({ ...config }));
    copy.forEach((config) => tf.registerGradient(config));
    expect(fixesIntact().intact).toBe(true);
    expectClose(gradient(), right, { relative: 1e-6 });
    removeFixes();
    expect(tf.getGradient('Cumsum')).toBe(copy[STOCK_GRADIENTS.indexOf('Cumsum')]);
    stock.forEach((config) => tf.registerGradient(config));
    expect(said).toEqual([]);
  });

  test('a gradient of a user’s takes the place of the fix, and is told', () => {
    const stock = tf.getGradient('Cumsum');
    applyFixes({ warn });
    tf.registerGradient(mine('Cumsum'));
    expect(gradient()).toEqual([0, 0, 0, 0]);
    expect(fixesIntact()).toEqual({ intact: false, lost: ['cumsum'] });
    expect(said).toEqual([
      'gradparity/fixes: what you register for Cumsum takes the place of the fix cumsum.',
    ]);
    removeFixes();
    expect(gradient()).toEqual([0, 0, 0, 0]);
    tf.registerGradient(stock);
  });

  test('a gradient that a user has registered where TensorFlow.js has none stays, and is told', () => {
    const own = mine('Cumprod');
    tf.registerGradient(own);
    const { kept } = applyFixes({ warn });
    expect(kept).toEqual([{ kernelName: 'Cumprod', fix: 'cumprod' }]);
    expect(said.join()).toContain('the gradient that you have registered for Cumprod stays');
    expect(tf.getGradient('Cumprod')).toBe(own);
    removeFixes();
    expect(tf.getGradient('Cumprod')).toBe(own);
    tf.unregisterGradient('Cumprod');
  });

  test.each([
    [
      'that looks at what it is given',
      (dy: tf.Tensor | tf.Tensor[]) => ({ x: () => tf.zerosLike(dy as tf.Tensor) }),
    ],
    [
      'that looks at the saved tensors at once',
      (_: unknown, [x]: tf.Tensor[]) => ({ x: () => tf.zerosLike(x) }),
    ],
    ['that looks at nothing', () => ({ x: () => tf.zeros([2, 2]) })],
  ])(
    'a gradient %s, registered by a user in the place of TensorFlow.js’ own before, stays, and is told',
    (_name, gradFunc) => {
      const stock = tf.getGradient('Cumsum');
      const own = { kernelName: 'Cumsum', inputsToSave: ['x'], gradFunc } as tf.GradConfig;
      tf.registerGradient(own);
      expect(applyFixes({ warn }).kept).toEqual([{ kernelName: 'Cumsum', fix: 'cumsum' }]);
      expect(said.join()).toContain('registered for Cumsum stays, in place of the fix cumsum');
      expect(gradient()).toEqual([0, 0, 0, 0]);
      removeFixes();
      expect(tf.getGradient('Cumsum')).toBe(own);
      tf.registerGradient(stock);
    },
  );

  test('unregistering takes a fix away', () => {
    const stock = tf.getGradient('Cumsum');
    applyFixes({ warn });
    tf.unregisterGradient('Cumsum');
    expect(fixesIntact().lost).toEqual(['cumsum']);
    removeFixes();
    tf.registerGradient(stock);
  });

  test('a change to the engine by another is gone back to', () => {
    const own = engine.gradients;
    const theirs = function (this: unknown, ...args: unknown[]): unknown {
      return (own as (...args: unknown[]) => unknown).apply(this, args);
    };
    engine.gradients = theirs;
    applyFixes({ warn });
    expect(engine.gradients).not.toBe(theirs);
    removeFixes();
    expect(engine.gradients).toBe(theirs);
    delete engine.gradients;
  });
});
