/** Inputs for kernels of which nothing is known. Oracle: kernels made here, which run with what they say and nothing else. */
import { afterAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { probe } from '../../../src/gradcheck/kernel/probe.js';
import { registered, restoreRegistered } from '../../../src/gradcheck/registry.js';
import { tensorCount } from '../../support/backends.js';

type T = tf.Tensor;
type Named = Record<string, T>;
type Attributes = Record<string, unknown>;

const before = registered();
afterAll(() => restoreRegistered(before));

const refuse = (message: string): never => {
  throw new Error(message);
};

let count = 0;

/** What is found for a kernel, registered for this purpose, with its gradient, of which 0 is the default. */
function probed(
  run: (inputs: Named, attrs: Attributes) => T,
  gradient: ((dy: T, saved: T[], attrs: Attributes) => Record<string, () => T>) | undefined,
  saves: string[] = [],
): ReturnType<typeof probe> {
  const kernelName = `TestProbed${++count}`;
  tf.registerKernel({
    kernelName,
    backendName: 'cpu',
    kernelFunc: ({ inputs, attrs }) => tf.tidy(() => run(inputs as Named, (attrs ?? {}) as Attributes)),
  });
  if (gradient) {
    tf.registerGradient({
      kernelName,
      inputsToSave: saves,
      gradFunc: (dy, saved, attrs) => gradient(dy as T, saved, attrs),
    });
  }
  const tensors = tensorCount();
  const result = probe(kernelName);
  expect(tensorCount()).toBe(tensors);
  return result;
}

const byX = (dy: T): Record<string, () => T> => ({ x: () => tf.clone(dy) });
/** The identity on an x that `fits`. */
const ofX = (fits: (x: T) => boolean) =>
  probed(({ x }) => (fits(x) ? tf.add(x, 0) : refuse('another shape')), byX);

describe('shapes', () => {
  test.each<[string, (x: T) => boolean]>([
    ['2,4', () => true],
    ['2,3,4', ({ rank }) => rank === 3],
    ['1,2,3,4', ({ rank }) => rank === 4],
    ['4', ({ rank }) => rank === 1],
    ['4,4', ({ shape }) => shape.length === 2 && shape[0] === shape[1]],
    ['1,2,4,4', ({ shape }) => shape.length === 4 && shape[2] === shape[3]],
    ['2,2,4,4', ({ shape }) => shape.length === 4 && shape[0] === 2],
    ['', ({ rank }) => rank === 0],
  ])('one input [%s]', (shape, fits) => {
    expect(ofX(fits)).toMatchObject({ shapes: `x [${shape}]`, attrs: {} });
  });

  test('none that fits', () => {
    expect(ofX(({ rank }) => rank === 5)).toEqual({
      inputs: ['x'],
      attrs: [],
      reason: 'it does not run with the shapes and attributes that were tried',
    });
  });

  const both = (fits: (x: T, w: T) => boolean, run: (x: T, w: T) => T) =>
    probed(
      ({ x, w }) => {
        const [a, b] = [x, w];
        return fits(a, b) ? run(a, b) : refuse('other shapes');
      },
      (dy, [x, w]) => ({ x: () => tf.zerosLike(x), w: () => tf.mul(tf.zerosLike(w), tf.sum(dy)) }),
      ['x', 'w'],
    );

  test.each<[string, (x: T, w: T) => boolean]>([
    ['x [2,4], w [2,4]', () => true],
    ['x [2,4], w [4]', (x, w) => w.rank === 1 && x.rank > 1],
    ['x [2,3,4], w [3,4]', (x, w) => x.rank === 3 && w.rank === 2],
    ['x [2,4], w [4,2]', (x, w) => x.rank === 2 && w.rank === 2 && w.shape[0] !== x.shape[0]],
    ['x [2,3,4], w [2,4,3]', (x, w) => x.rank === 3 && w.rank === 3 && w.shape[2] === 3],
  ])('two inputs: %s', (shapes, fits) => {
    expect(both(fits, (x) => tf.add(x, 0))).toMatchObject({ shapes });
  });
});

test('the values are numbers of these shapes; labels, indices and masks whole ones, which have no gradient', () => {
  const found = probed(
    ({ x, ids }) => {
      if (x.rank !== 2 || ids.dtype !== 'int32') return refuse('another kind');
      return tf.mul(x, tf.add(tf.cast(ids, 'float32'), 1));
    },
    (dy, [ids]) => ({ x: () => tf.mul(dy, tf.add(tf.cast(ids, 'float32'), 1)) }),
    ['ids'],
  );
  expect(found).toMatchObject({
    shapes: 'x [2,4], ids [2,4]',
    inputs: {
      ids: [
        [0, 1, 0, 1],
        [0, 1, 0, 1],
      ],
    },
  });
  const { x } = found.inputs as unknown as { x: number[][] };
  expect(x.map((row) => row.length)).toEqual([4, 4]);
  expect(new Set(x.flat()).size).toBe(8);
});

test('which names are those of whole numbers', () => {
  const dtypes = (names: string[]): Record<string, string> => {
    const seen: Record<string, string> = {};
    probed((inputs) => {
      for (const name of names) seen[name] = inputs[name].dtype;
      return refuse('enough');
    }, undefined);
    return seen;
  };
  expect(dtypes(['labels', 'indices', 'index', 'id', 'ids', 'mask', 'targets', 'positions', 'Mask'])).toEqual(
    Object.fromEntries(
      ['labels', 'indices', 'index', 'id', 'ids', 'mask', 'targets', 'positions', 'Mask'].map((name) => [
        name,
        'int32',
      ]),
    ),
  );
  expect(dtypes(['x', 'width', 'idx', 'wide', 'grid'])).toEqual({
    x: 'float32',
    width: 'float32',
    idx: 'float32',
    wide: 'float32',
    grid: 'float32',
  });
});

describe('attributes', () => {
  test('by what their names mean; of others 1', () => {
    const guesses: Attributes = {
      epsilon: 1e-5,
      eps: 1e-5,
      axis: -1,
      dim: -1,
      dtype: 'float32',
      outDtype: 'float32',
      isTraining: false,
      hasBias: false,
      useBias: false,
      doScale: false,
      keepDims: false,
      negate: false,
      causal: false,
      transposeA: false,
      reverse: false,
      exclusive: false,
      alignCorners: false,
      halfPixelCenters: false,
      training: false,
      scale: 0.5,
      alpha: 0.5,
      beta: 0.5,
      lambda: 0.5,
      rate: 0.5,
      temperature: 0.5,
      factor: 0.5,
      momentum: 0.5,
      numHeads: 2,
      blockSize: 2,
      count: 2,
      n: 2,
      k: 2,
      N: 2,
      group: 2,
      groups: 2,
      offset: 1,
      pastLength: 1,
      start: 1,
      pos: 1,
      // Only at their beginning, or alone, do some names mean that.
      dimension: 1,
      innerdim: 1,
      network: 1,
      pattern: 1,
      kind: 1,
      link: 1,
      radius: 1,
      mode: 1,
    };
    const found = probed(({ x }, attrs) => {
      for (const name of Object.keys(guesses)) void attrs[name];
      return tf.add(x, 0);
    }, byX);
    expect(found).toMatchObject({ attrs: guesses });
    expect(Object.keys((found as { attrs: object }).attrs)).toEqual(Object.keys(guesses));
  });

  test('without any where those do not fit', () => {
    const found = probed(
      ({ x }, { mode = 'same' }) => (mode === 'same' ? tf.add(x, 0) : refuse('same only')),
      byX,
    );
    expect(found).toMatchObject({ attrs: {}, shapes: 'x [2,4]' });
  });
});

describe('what it has to give', () => {
  const none = 'it does not run with the shapes and attributes that were tried';
  const noGradient =
    'it runs, but its gradient throws, or is not finite, with the attributes that were tried (x [2,4])';

  test.each<[string, (x: T) => T]>([
    ['whole numbers', (x) => tf.cast(x, 'int32')],
    ['nothing', () => tf.zeros([0, 4])],
    ['NaN at one place', (x) => tf.where(tf.equal(x, tf.max(x)), NaN, x)],
    ['zeros', (x) => tf.zerosLike(x)],
  ])('not %s', (_what, run) => {
    expect(probed(({ x }) => run(x), byX)).toEqual({ inputs: ['x'], attrs: [], reason: none });
  });

  test('zeros at some places are no zeros', () => {
    expect(probed(({ x }) => tf.relu(x), byX)).toMatchObject({ shapes: 'x [2,4]' });
  });

  test('a finite gradient, at every entry', () => {
    const identity = ({ x }: Named): T => tf.add(x, 0);
    expect(probed(identity, () => refuse('not yet written'))).toMatchObject({ reason: noGradient });
    expect(probed(identity, undefined)).toMatchObject({ reason: noGradient });
    const infinite = (dy: T) => ({ x: () => tf.where(tf.equal(dy, 1), Infinity, dy) });
    expect(probed(identity, infinite)).toMatchObject({ reason: noGradient });
    // With a shape that comes later it has one.
    expect(probed(identity, (dy) => (dy.rank === 1 ? byX(dy) : refuse('a row only')))).toMatchObject({
      shapes: 'x [4]',
    });
  });

  test('inputs that it reads by their names', () => {
    const reason = 'it reads no inputs by name';
    expect(probed((inputs) => tf.add(inputs[0], inputs[1]), undefined)).toEqual({
      inputs: [],
      attrs: [],
      reason,
    });
    expect(probed((inputs, { axis }) => tf.concat(Object.values(inputs), axis as number), undefined)).toEqual(
      { inputs: [], attrs: ['axis'], reason },
    );
  });
});
