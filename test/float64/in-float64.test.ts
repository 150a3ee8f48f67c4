/** Entering and leaving. What the kernels compute is in kernels.test.ts. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { InputError } from '../../src/errors.js';
import { inFloat64, observingKernels } from '../../src/float64/in-float64.js';
import { describeOnEachBackend } from '../support/backends.js';
import { present } from '../support/present.js';
import { isReplaced } from '../support/replaced.js';

const ArrayBefore = globalThis.Float32Array;

describeOnEachBackend('inFloat64', () => {
  const global = () => ({
    backend: tf.getBackend(),
    array: globalThis.Float32Array,
    typed: isReplaced(tf.env().platform, 'isTypedArray'),
    engine: Object.keys(tf.engine()).sort(),
    tensors: tf.memory().numTensors,
    buffers: tf.memory().numDataBuffers,
  });

  test('computes in double precision, forward and backward', () => {
    const x = tf.tensor1d([0.1]);
    const [value, slope] = inFloat64(() => [
      tf.exp(tf.scalar(0.1)).dataSync()[0],
      tf
        .grad((at: tf.Tensor) => tf.exp(at))(x)
        .dataSync()[0],
    ]);
    expect(value).toBe(Math.exp(0.1));
    expect(slope).toBe(Math.exp(Math.fround(0.1)));
    // The same in float32 is another number.
    expect(tf.tidy(() => tf.exp(tf.scalar(0.1)).dataSync()[0])).not.toBe(Math.exp(0.1));
    x.dispose();
  });

  test('changes nothing outside, returning or throwing, or nested', () => {
    const before = global();
    expect(inFloat64(() => inFloat64(() => tf.getBackend()) + tf.getBackend())).toBe('float64float64');
    expect(global()).toEqual(before);
    const fail = () =>
      inFloat64(() => {
        tf.tensor1d([1, 2]);
        inFloat64(() => tf.ones([3]));
        throw new Error('boo');
      });
    expect(fail).toThrow('boo');
    expect(global()).toEqual(before);
    expect(before.array).toBe(ArrayBefore);
  });

  test('tensors from outside keep their backend and their numbers, whatever is done to them', () => {
    const x = tf.tensor2d([0.1, 0.2, 0.3, 0.4], [2, 2]);
    const before = { ...global(), values: Array.from(x.dataSync()) };
    inFloat64(() => {
      const same = tf.reshape(x, [4]);
      tf.clone(same).dispose();
      tf.sin(same);
      expect(x.dataSync()).toBeInstanceOf(Float64Array);
      expect(Array.from(x.dataSync())).toEqual(before.values);
    });
    expect({ ...global(), values: Array.from(x.dataSync()) }).toEqual(before);
    expect(tf.tidy(() => Array.from(tf.add(x, 0).dataSync()))).toEqual(before.values);
    const reshaped = inFloat64(() => tf.reshape(x, [4]));
    x.dispose();
    expect(Array.from(reshaped.dataSync())).toEqual(before.values);
    reshaped.dispose();
    expect(tf.memory().numTensors).toBe(before.tensors - 1);
    expect(tf.memory().numDataBuffers).toBe(before.buffers - 1);
  });

  test('variables that are assigned inside are float32 on the backend in use afterwards', () => {
    const v = tf.variable(tf.tensor1d([0.1, 0.2]));
    const fail = () =>
      inFloat64(() => {
        v.assign(tf.div(tf.ones([2]), 3));
        throw new Error('boo');
      });
    expect(fail).toThrow('boo');
    expect(Array.from(v.dataSync())).toEqual([Math.fround(1 / 3), Math.fround(1 / 3)]);
    expect(v.dataSync()).toBeInstanceOf(Float32Array);
    expect(tf.tidy(() => tf.mul(v, 3).dataSync()[0])).toBeCloseTo(1, 6);
    const made = inFloat64(() => tf.variable(tf.scalar(0.1)));
    expect(made.dataSync()[0]).toBe(Math.fround(0.1));
    tf.dispose([v, made]);
  });

  test('what such a variable holds is rounded once, and so is the same to every later call', () => {
    const v = tf.variable(tf.tensor1d([0.1, 0.2]));
    const assigned = inFloat64(() => {
      v.assign(tf.div(tf.ones([2]), 3));
      return v.dataSync()[0];
    });
    const made = inFloat64(() => tf.variable(tf.scalar(0.1)));
    // Inside it is a double; had it stayed on that backend, this is what the next call would find.
    expect(assigned).toBe(1 / 3);
    expect(inFloat64(() => [v.dataSync()[0], made.dataSync()[0]])).toEqual([1 / 3, 0.1].map(Math.fround));
    tf.dispose([v, made]);
  });

  test("a model's weights come through a prediction and a training step", () => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 2, inputShape: [3] }), tf.layers.batchNormalization()],
    });
    const x = tf.ones([2, 3]);
    const before = model.getWeights().map((weight) => Array.from(weight.dataSync()));
    const predicted = inFloat64(() => (model.predict(x) as tf.Tensor).dataSync());
    expect(predicted).toBeInstanceOf(Float64Array);
    expect(model.getWeights().map((weight) => Array.from(weight.dataSync()))).toEqual(before);
    const optimizer = tf.train.sgd(0.1);
    inFloat64(() => {
      optimizer.minimize(() => tf.sum<tf.Scalar>(model.apply(x) as tf.Tensor));
    });
    for (const weight of model.getWeights()) {
      const values = weight.dataSync();
      expect(values).toBeInstanceOf(Float32Array);
      expect(Array.from(values).every((value) => Math.fround(value) === value)).toBe(true);
    }
    expect(tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync()).length).toBe(4);
    x.dispose();
    model.dispose();
  });

  test('what is returned reads as doubles, and is float32 to an op of another backend', async () => {
    const third = inFloat64(() => ({ a: tf.div(1, tf.scalar(3)), rest: [tf.tensor1d([0.1], 'float32')] }));
    expect(third.a.dataSync()).toEqual(new Float64Array([1 / 3]));
    expect(await third.a.data()).toEqual(new Float64Array([1 / 3]));
    expect(third.rest[0].arraySync()).toEqual([0.1]);
    expect(inFloat64(() => tf.mul(third.a, 3).dataSync()[0])).toBe(1);
    expect(tf.tidy(() => tf.add(third.a, 0).dataSync())).toEqual(new Float32Array([1 / 3]));
    tf.dispose(third);
  });

  test('keeps what tf.keep keeps; other tensors are gone', () => {
    const { numTensors } = tf.memory();
    let kept: tf.Tensor | undefined;
    inFloat64(() => {
      kept = tf.keep(tf.add(tf.scalar(0.5), 0.25));
    });
    expect(tf.memory().numTensors).toBe(numTensors + 1);
    expect(kept?.dataSync()[0]).toBe(0.75);
    kept?.dispose();
  });

  test('integers, booleans and strings are what they are', () => {
    const outside = [tf.tensor1d([1, -2], 'int32'), tf.tensor1d([true, false], 'bool')];
    inFloat64(() => {
      expect(Array.from(tf.add(outside[0], 1).dataSync())).toEqual([2, -1]);
      expect(tf.logicalNot(outside[1]).dtype).toBe('bool');
      expect(tf.tensor1d(['a', 'ö']).dataSync()).toEqual(['a', 'ö']);
      expect(tf.cast(outside[0], 'float32').div(3).dataSync()[1]).toBe(-2 / 3);
    });
    tf.dispose(outside);
  });

  test('typed arrays of both precisions are such inside, and outside what they were', () => {
    const arrays = [new Int32Array(1), new ArrayBefore(1), new Float64Array(1), new Uint8Array(1), [1], 1];
    const kinds = (): boolean[] => arrays.map((array) => tf.env().platform.isTypedArray(array));
    const outside = kinds();
    expect(inFloat64(kinds)).toEqual([true, true, true, true, false, false]);
    expect(kinds()).toEqual(outside);
  });

  test('refuses what is asynchronous, in a sentence', () => {
    expect(() => inFloat64(async () => 1)).toThrow(InputError);
    expect(() => inFloat64(() => Promise.reject(new Error('late')))).toThrow(/must be synchronous/);
  });

  test('ordinary work between two calls is not disturbed', async () => {
    const one = Promise.resolve().then(() => inFloat64(() => tf.exp(tf.scalar(0.1)).dataSync()[0]));
    const two = Promise.resolve().then(() => tf.tidy(() => tf.mul(tf.scalar(0.1), 1).dataSync()[0]));
    expect(await Promise.all([one, two])).toEqual([Math.exp(0.1), Math.fround(0.1)]);
  });
});

describe('kernels', () => {
  beforeAll(async () => {
    await selectBackend('cpu');
  });

  test('that are registered for cpu later are there, and replaced ones are replaced', () => {
    const kernel = (factor: number): tf.KernelConfig => ({
      kernelName: 'Scaled',
      backendName: 'cpu',
      kernelFunc: ({ inputs, backend }) => {
        const { x } = inputs as { x: tf.TensorInfo };
        const cpu = backend as {
          data: { get(id: object): { values: Float32Array } };
          makeTensorInfo(...args: unknown[]): tf.TensorInfo;
        };
        const values = new Float32Array(cpu.data.get(x.dataId).values).map((value) => factor * value);
        return cpu.makeTensorInfo(x.shape, 'float32', values);
      },
    });
    const run = (): number =>
      inFloat64(
        () =>
          tf
            .engine()
            .runKernel<tf.Tensor>('Scaled', { x: tf.scalar(0.1) })
            .dataSync()[0],
      );
    tf.registerKernel(kernel(3));
    expect(run()).toBe(3 * 0.1);
    tf.unregisterKernel('Scaled', 'cpu');
    tf.registerKernel(kernel(7));
    expect(run()).toBe(7 * 0.1);
    tf.unregisterKernel('Scaled', 'cpu');
  });

  test('are what they are at the time, changed in place or as many as before', () => {
    const run = (): number => inFloat64(() => tf.elu(tf.scalar(-1)).dataSync()[0]);
    const cpu = present(tf.getKernel('Elu', 'cpu'));
    const { kernelFunc } = cpu;
    expect(run()).toBe(Math.expm1(-1));
    try {
      cpu.kernelFunc = ({ inputs }) => present(inputs.x);
      expect(run()).toBe(-1);
    } finally {
      cpu.kernelFunc = kernelFunc;
    }
    expect(run()).toBe(Math.expm1(-1));

    const other = { kernelName: 'Negated', kernelFunc };
    tf.registerKernel({ ...other, backendName: 'elsewhere' });
    expect(run()).toBe(Math.expm1(-1));
    tf.unregisterKernel('Negated', 'elsewhere');
    tf.registerKernel({ ...other, backendName: 'cpu' });
    expect(
      inFloat64(
        () =>
          tf
            .engine()
            .runKernel<tf.Tensor>('Negated', { x: tf.scalar(-1) })
            .dataSync()[0],
      ),
    ).toBeLessThan(0);
    tf.unregisterKernel('Negated', 'cpu');
  });

  test("are the user's own where they replace the cpu backend's, and the right ones again when they are gone", () => {
    const run = (): number => inFloat64(() => tf.elu(tf.scalar(-1)).dataSync()[0]);
    const cpu = tf.getKernel('Elu', 'cpu');
    expect(run()).toBe(Math.expm1(-1));
    try {
      tf.unregisterKernel('Elu', 'cpu');
      tf.registerKernel({ ...cpu, kernelFunc: ({ inputs }) => present(inputs.x) });
      expect(run()).toBe(-1);
    } finally {
      tf.unregisterKernel('Elu', 'cpu');
      tf.registerKernel(cpu);
    }
    expect(run()).toBe(Math.expm1(-1));
  });

  test('do not answer outside of inFloat64, where they would in single precision', () => {
    const { kernelFunc } = tf.getKernel('Exp', 'float64');
    expect(() => kernelFunc({ inputs: {}, backend: {} })).toThrow(/runs inside of inFloat64 only/);
  });

  test('that the cpu backend does not have are named', () => {
    expect(() => inFloat64(() => tf.engine().runKernel('Nothing', {}))).toThrow(
      /'Nothing' not registered for backend 'float64'/,
    );
  });

  test('are told to an observer, also those of a gradient', () => {
    const names: string[] = [];
    observingKernels(
      (name) => names.push(name),
      () => tf.grad((x: tf.Tensor) => tf.exp(x))(tf.scalar(1)),
    );
    expect(names).toContain('Exp');
    expect(names).toContain('Multiply');
    // The observer before is told again, and afterwards nobody.
    const outer: string[] = [];
    const inner: string[] = [];
    const sine = (): void => tf.sin(tf.scalar(1)).dispose();
    observingKernels(
      (name) => outer.push(name),
      () => {
        observingKernels((name) => inner.push(name), sine);
        sine();
      },
    );
    inFloat64(sine);
    expect([inner, outer]).toEqual([['Sin'], ['Sin']]);
  });

  test('are told with their inputs, attributes and all their outputs; none that throws', () => {
    const told: [string, string[], number[][], unknown][] = [];
    const run = (f: () => void): void =>
      observingKernels((name, inputs, outputs, attrs) => {
        told.push([name, Object.keys(inputs), outputs.map(({ shape }) => shape), { ...attrs }]);
      }, f);
    run(() => void tf.sin(tf.ones([2, 3])));
    run(() => void tf.split(tf.ones([2, 3]), [1, 2], 1));
    run(() => void tf.sum(tf.ones([2, 3]), 1));
    const kernels = (name: string) => told.filter(([one]) => one === name);
    expect(kernels('Sin')).toEqual([['Sin', ['x'], [[2, 3]], {}]]);
    expect(kernels('SplitV')).toEqual([
      [
        'SplitV',
        ['x'],
        [
          [2, 1],
          [2, 2],
        ],
        { numOrSizeSplits: [1, 2], axis: 1 },
      ],
    ]);
    expect(kernels('Sum')).toEqual([['Sum', ['x'], [[2]], { axis: 1, keepDims: false }]]);
    told.length = 0;
    expect(() => {
      run(() => tf.engine().runKernel('Sin', { x: tf.complex([1], [2]) }));
    }).toThrow();
    expect(kernels('Sin')).toEqual([]);
  });
});
