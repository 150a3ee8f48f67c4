/** TensorFlow.js' tape. Oracle: graphs made by hand, counts of tensors. */
import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { recorded, releasingSaved, waysBetween, type TapeNode } from '../../../src/gradcheck/engine/tape.js';
import { tensorCount } from '../../support/backends.js';

test('nodes between inputs and outputs are found in any order, and no others', () => {
  const [x, y, a, b, z] = [1, 2, 3, 4, 5].map((value) => tf.scalar(value)) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const node = (kernelName: string, inputs: tf.Tensor[], output: tf.Tensor): TapeNode => ({
    kernelName,
    inputs: Object.fromEntries(inputs.map((input, i) => [`input${i}`, input])),
    outputs: [output],
  });
  const tape = [node('last', [a], z), node('first', [x], a), node('elsewhere', [y], b)];
  const names = (list: TapeNode[]): string[] => list.map(({ kernelName }) => kernelName);
  const late = waysBetween(tape, [x], [z]);
  expect(names(late.nodes)).toEqual(['last', 'first']);
  expect(names(late.late)).toEqual(['first']);
  const inOrder = waysBetween([tape[1]!, tape[0]!], [x], [z]);
  expect(names(inOrder.nodes)).toEqual(['first', 'last']);
  expect(inOrder.late).toEqual([]);
  expect(waysBetween(tape, [x], [b]).nodes).toEqual([]);
  expect(waysBetween(tape, [y], [z]).nodes).toEqual([]);
  tf.dispose([x, y, a, b, z]);
});

test('a recording leaves no tensors and no tape, whether the function throws or not', () => {
  const before = tensorCount();
  tf.tidy(() => {
    const x = tf.tensor1d([1, 2]);
    const { tape } = recorded(() => tf.exp(tf.sin(x)));
    expect(tape.map(({ kernelName }) => kernelName)).toEqual(expect.arrayContaining(['Sin', 'Exp']));
  });
  expect(tensorCount()).toBe(before);
  expect(() =>
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2]);
      recorded(() => {
        tf.exp(x);
        throw new Error('boo');
      });
    }),
  ).toThrow('boo');
  expect(tensorCount()).toBe(before);
  expect(tf.engine().state.activeTape).toBeNull();
});

test('without it, a gradient that throws leaves what was saved: the case that it is for', () => {
  const before = tensorCount();
  const throwing = (): void => {
    tf.tidy(() => {
      const x = tf.tensor1d([1, 2]);
      tf.grad((at) => {
        tf.exp(at);
        throw new Error('boo');
      })(x);
    });
  };
  expect(throwing).toThrow('boo');
  const left = tensorCount() - before;
  expect(left).toBeGreaterThan(0);
  expect(() => releasingSaved(throwing)).toThrow('boo');
  expect(tensorCount() - before).toBe(left);
  for (const { saved } of tf.engine().state.activeTape ?? []) tf.dispose(saved);
});
