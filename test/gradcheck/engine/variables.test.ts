/** Variables that f captures. Oracle: the closed form of w²'s derivative, and the same numbers given as inputs. */
import { afterAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { holding } from '../../../src/gradcheck/engine/variables.js';
import { gradcheck } from '../../../src/gradcheck/gradcheck.js';
import type { GradcheckOptions } from '../../../src/gradcheck/report/report.js';

type T = tf.Tensor;
const w = tf.variable(tf.tensor1d([0.5, -1, 0.25]), true, 'variables/w');
const whole = tf.variable(tf.tensor1d([1, 2], 'int32'), true, 'variables/whole', 'int32');
afterAll(() => tf.disposeVariables());

const square = () => tf.square(w);

test('are differentiated, with and without inputs, in both precisions', async () => {
  for (const precision of ['float64', 'native'] as const) {
    const alone = await gradcheck(square, [], { variables: [w], precision });
    expect(alone.verdict).toBe('right');
    const [{ name, worst }] = alone.inputs;
    const [at] = worst?.coordinate ?? [0];
    expect(name).toBe('variables/w');
    expect(worst?.numerical).toBeCloseTo(2 * w.dataSync()[at], 3);
    const beside = await gradcheck(
      ({ x }: { x: T }) => tf.mul(x, w),
      { x: [1, 2, 3] },
      { variables: { v: w }, precision },
    );
    const f = ({ x, v }: Record<'x' | 'v', T>) => tf.mul(x, v);
    const given = await gradcheck(f, { x: [1, 2, 3], v: w }, { precision });
    expect(beside.inputs.map((one) => [one.name, one.verdict])).toEqual([
      ['x', 'right'],
      ['v', 'right'],
    ]);
    expect(given.verdict).toBe('right');
  }
});

test('have their own numbers, and their methods, afterwards', async () => {
  const before = tf.memory();
  await gradcheck(square, [], { variables: [w], order: 2 });
  await expect(
    gradcheck(() => tf.sum(w.assign(tf.zeros([3])) as unknown as T), [], { variables: [w] }),
  ).rejects.toThrow(/f assigns to the variable variables\/w/);
  await expect(
    gradcheck(
      () => {
        w.dispose();
        return square();
      },
      [],
      { variables: [w] },
    ),
  ).rejects.toThrow(/f disposes of the variable/);
  expect(Array.from(w.dataSync())).toEqual([0.5, -1, 0.25]);
  expect(Object.keys(w)).not.toContain('assign');
  const { numTensors, numBytes, numDataBuffers } = tf.memory();
  expect([numTensors, numBytes, numDataBuffers]).toEqual([
    before.numTensors,
    before.numBytes,
    before.numDataBuffers,
  ]);
  w.assign(tf.tidy(() => tf.mul(w, 1)));
  expect(Array.from(w.dataSync())).toEqual([0.5, -1, 0.25]);
});

test('hold the numbers of the innermost work, and are refused to it until the outermost ends', () => {
  const [v, outer, inner] = [
    tf.variable(tf.scalar(1), true, 'variables/nested'),
    tf.scalar(2),
    tf.scalar(3),
  ] as const;
  const value = (): number => v.dataSync()[0];
  const refused = (): void => {
    expect(() => {
      v.assign(outer);
    }).toThrow(/f assigns to the variable variables\/nested/);
    expect(() => {
      v.dispose();
    }).toThrow(/f disposes of the variable variables\/nested/);
  };
  holding([undefined, v], [inner, outer], () => {
    expect(value()).toBe(2);
    holding([v], [inner], () => {
      expect(value()).toBe(3);
      refused();
    });
    expect(value()).toBe(2);
    refused();
  });
  expect(value()).toBe(1);
  expect(() =>
    holding([v], [inner], () => {
      throw new Error('boo');
    }),
  ).toThrow('boo');
  v.assign(outer);
  expect(value()).toBe(2);
  tf.dispose([v, outer, inner]);
  expect(v.isDisposed).toBe(true);
});

test('may be constant, and have rules', async () => {
  const f = (x: T) => tf.mul(x, w);
  const held = await gradcheck(f, [[1, 2, 3]], { variables: { v: w }, constant: ['v'] });
  expect(held.inputs.map(({ name }) => name)).toEqual(['input 0']);
  expect((await gradcheck(f, [[1, 2, 3]], { variables: { v: w }, surrogate: { v: 'zero' } })).verdict).toBe(
    'wrong',
  );
});

describe('refused', () => {
  test.each<[string, unknown, RegExp]>([
    ['a tensor', [tf.tensor1d([1])], /variable 0 is a tensor\. Give it as an input/],
    ['a number', 3, /must be a list of tf\.Variables/],
    ['whole numbers', [whole], /must be of dtype float32 to be differentiated, got int32/],
    ['the same twice', [w, w], /variable 1 and variable 0 are the same/],
  ])('%s', async (_what, variables, message) => {
    await expect(gradcheck(square, [], { variables } as GradcheckOptions)).rejects.toThrow(message);
  });

  test('none at all, with the way out', async () => {
    await expect(gradcheck(square, [])).rejects.toThrow(
      /the tf\.Variables that f captures in the option variables/,
    );
    await expect(gradcheck((x: T) => (void x, square()), [1])).rejects.toThrow(
      /name them in the option variables/,
    );
  });
});
