/** Registered kernels as they are. Oracle: kernels made here, whose gradients are right, or wrong in a known way. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../src/errors.js';
import { gradcheckKernel } from '../../src/gradcheck/kernel.js';
import { probe } from '../../src/gradcheck/kernel/probe.js';
import { registered, restoreRegistered } from '../../src/gradcheck/registry.js';

type T = tf.Tensor;
const before = registered();

/** sin(scale·x) + offset, with a gradient that uses `power` of the scale; the attribute `unused` is read by nobody. */
function register(kernelName: string, power: number, backendName = 'cpu'): void {
  tf.registerKernel({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { x } = inputs;
      const { scale, offset = 0 } = attrs as unknown as Record<'scale' | 'offset', number>;
      return tf.tidy(() => tf.add(tf.sin(tf.mul(x as T, scale)), offset));
    },
  });
  tf.registerGradient({
    kernelName,
    inputsToSave: ['x'],
    gradFunc: (dy, [x], attrs) => {
      const { scale } = attrs as unknown as { scale: number };
      return { x: () => tf.mul(dy as T, tf.mul(scale ** power, tf.cos(tf.mul(x, scale)))) };
    },
  });
}

beforeAll(async () => {
  await tf.setBackend('cpu');
  register('TestSwing', 1);
  register('TestSwingOnce', 0);
  register('TestElsewhere', 1, 'somewhere');
});
afterAll(() => restoreRegistered(before));

const inputs = { x: [0.3, -0.7, 1.4] };

describe('gradcheckKernel', () => {
  test('says which kernels and gradients ran, and what the attributes do', async () => {
    const tensors = tf.memory().numTensors;
    const report = await gradcheckKernel('TestSwing', inputs, {
      scale: 0.7,
      offset: 2,
      unused: true,
      mode: 'x',
    });
    expect(tf.memory().numTensors).toBe(tensors);
    expect(report.verdict).toBe('right');
    expect(report.ran).toMatchObject({ gradients: ['TestSwing'] });
    expect(report.ran.kernels[0]).toBe('TestSwing');
    expect(report.attributes?.map(({ name, onValue, onGradient }) => [name, onValue, onGradient])).toEqual([
      ['scale', true, true],
      ['offset', true, false],
      ['unused', false, false],
    ]);
    expect(report.diagnosis).toEqual([
      expect.stringMatching(/^The attribute offset changes f, but has no effect on its gradient/),
      expect.stringMatching(/^The attribute unused has no effect, neither on f nor on its gradient/),
    ]);
  });

  test('names a scale that the gradient forgets', async () => {
    const { verdict, diagnosis } = await gradcheckKernel('TestSwingOnce', inputs, { scale: 0.7 });
    expect(verdict).toBe('wrong');
    expect(diagnosis[0]).toMatch(/scale \(0\.7\) is applied once too seldom/);
  });

  test('takes a list of inputs, as Concat does', async () => {
    const { verdict } = await gradcheckKernel(
      'Concat',
      [
        [1, 2],
        [3, 4, 5],
      ],
      { axis: 0 },
    );
    expect(verdict).toBe('right');
  });

  test('a kernel that is not registered is refused; where it is, if there is such a backend, is told', async () => {
    const refused = async (name: unknown, precision?: 'native'): Promise<Error> => {
      const error: unknown = await gradcheckKernel(name as string, inputs, {}, { precision }).catch(
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(InputError);
      return error as Error;
    };
    const message = (name: string, wayOut: string, backend = 'cpu'): string =>
      `gradcheckKernel: no kernel ${name} is registered for the backend ${backend}. ${wayOut}`;
    const nowhere = 'Import what registers it first.';
    expect((await refused('TestNowhere')).message).toBe(message('"TestNowhere"', nowhere));
    expect((await refused('TestNowhere', 'native')).message).toBe(message('"TestNowhere"', nowhere));
    expect((await refused(3)).message).toBe(message('3', nowhere));
    expect((await refused('TestElsewhere')).message).toBe(message('"TestElsewhere"', nowhere));
    const { backend } = tf.engine();
    for (const name of ['somewhere', 'empty']) tf.registerBackend(name, () => backend);
    try {
      for (const precision of [undefined, 'native'] as const) {
        expect((await refused('TestElsewhere', precision)).message).toBe(
          message('"TestElsewhere"', "There is one for somewhere: check there with precision: 'native'."),
        );
      }
    } finally {
      for (const name of ['somewhere', 'empty']) Reflect.deleteProperty(tf.engine().registryFactory, name);
    }
  });
});

test('inputs are made for a kernel of which nothing is known, and what it reads is told where that fails', () => {
  expect(probe('TestSwing')).toMatchObject({ attrs: { scale: 0.5, offset: 1 }, shapes: 'x [2,4]' });
  tf.registerKernel({
    kernelName: 'TestChoosy',
    backendName: 'cpu',
    kernelFunc: ({ inputs: { q }, attrs }) => {
      if ((attrs as { mode?: unknown }).mode !== 'blue') throw new Error('blue only');
      return q as tf.TensorInfo;
    },
  });
  expect(probe('TestChoosy')).toEqual({
    inputs: ['q'],
    attrs: ['mode'],
    reason: 'it does not run with the shapes and attributes that were tried',
  });
});
