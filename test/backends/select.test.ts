/** Which backend is chosen, on those this machine has. The oracle of each is a product worked out by hand. */
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { availableBackends, selectBackend } from '../../src/backends/select.js';
import { EnvironmentError, InputError } from '../../src/errors.js';

const listenerCount = () =>
  process.listenerCount('uncaughtException') + process.listenerCount('unhandledRejection');
const listenersBefore = listenerCount();
const available = await availableBackends();

const setting = process.env.GRADPARITY_NATIVE;

afterEach(() => {
  if (setting === undefined) delete process.env.GRADPARITY_NATIVE;
  else process.env.GRADPARITY_NATIVE = setting;
  jest.restoreAllMocks();
});

test('the embedded backends are on every machine', () => {
  expect(available).toEqual(expect.arrayContaining(['wasm', 'cpu']));
});

describe.each(available)('%s', (name) => {
  test('computes, without a word on the console', async () => {
    const consoleMethods = (['log', 'info', 'warn', 'error'] as const).map((method) =>
      jest.spyOn(console, method).mockImplementation(() => undefined),
    );
    const selected = await selectBackend(name);
    expect(selected.name).toBe(name);
    expect(tf.getBackend()).toBe(name);
    const before = tf.memory().numTensors;
    const product = tf.tidy(() => tf.matMul([[1, 2]], [[3], [4]]).dataSync());
    expect([...product]).toEqual([11]);
    expect(tf.memory().numTensors).toBe(before);
    for (const method of consoleMethods) expect(method).not.toHaveBeenCalled();
  });
});

test('auto takes the fastest of those that run', async () => {
  const { name, why } = await selectBackend();
  expect(name).toBe(available[0]);
  expect(why).toMatch(
    name === 'tensorflow' ? /^native libtensorflow \d+\.\d+\.\d+ runs here$/ : /native backend/,
  );
});

test('starting the backends leaves the process no listeners for uncaught errors', () => {
  expect(listenerCount()).toBe(listenersBefore);
});

describe('with GRADPARITY_NATIVE=off', () => {
  test('auto takes wasm and says why', async () => {
    process.env.GRADPARITY_NATIVE = 'off';
    expect(await selectBackend('auto')).toMatchObject({
      name: 'wasm',
      why: 'the native backend is switched off by GRADPARITY_NATIVE=off',
    });
  });

  test('the native backend, asked for by name, is an error and never another', async () => {
    process.env.GRADPARITY_NATIVE = 'off';
    await selectBackend('cpu');
    const asked = selectBackend('tensorflow');
    await expect(asked).rejects.toThrow(EnvironmentError);
    await expect(asked).rejects.toThrow(/tensorflow was asked for, but .*GRADPARITY_NATIVE=off/);
    expect(tf.getBackend()).toBe('cpu');
  });

  test('it is not available, and the current backend stays', async () => {
    process.env.GRADPARITY_NATIVE = 'off';
    await selectBackend('cpu');
    expect(await availableBackends()).toEqual(['wasm', 'cpu']);
    expect(tf.getBackend()).toBe('cpu');
  });
});

test('a name that is no backend is refused with those that are', async () => {
  const asked = selectBackend('webgl' as 'cpu');
  await expect(asked).rejects.toThrow(InputError);
  await expect(asked).rejects.toThrow('no backend "webgl"; choose auto, tensorflow, wasm, cpu');
});
