/** TensorFlow.js' tape. Oracle: graphs made by hand, counts of tensors. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import {
  DisposedTensorError,
  isCustom,
  isOp,
  kernelOf,
  nameOf,
  recorded,
  releasingSaved,
  watchingKernels,
  waysBetween,
  type TapeNode,
} from '../../../src/gradcheck/engine/tape.js';
import { applyFixes, fixesIntact, removeFixes } from '../../../src/fixes/public.js';
import { tensorCount } from '../../support/backends.js';
import { isReplaced } from '../../support/replaced.js';

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
  const inOrder = waysBetween([tape[1], tape[0]], [x], [z]);
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

describe('watched kernels', () => {
  const own = (name: string): boolean => isReplaced(tf.engine(), name);

  test('an op that is given a disposed tensor among others throws by its kernel’s name', () => {
    const [x, gone] = [tf.scalar(1), tf.scalar(2)];
    gone.dispose();
    expect(() => watchingKernels(() => tf.mul(x, gone))).toThrow(new DisposedTensorError('Multiply'));
    expect(new DisposedTensorError('Multiply').message).toBe('Multiply was given a tensor that was disposed');
    expect(own('runKernel')).toBe(false);
    x.dispose();
  });

  test('an error is remembered with the op that threw it, the outermost one; others are not', () => {
    const caught = (f: () => unknown): unknown => {
      try {
        tf.tidy(() => {
          watchingKernels(f);
        });
        return undefined;
      } catch (error) {
        return error;
      }
    };
    expect(kernelOf(caught(() => tf.engine().runKernel('NoSuchOp', {})))).toBe('NoSuchOp');
    const plain = caught(() => {
      throw new Error('boo');
    });
    expect(kernelOf(plain)).toBeUndefined();
    for (const nothing of [null, undefined, 'text']) expect(kernelOf(nothing)).toBeUndefined();
  });

  test('what was there before is there again: nothing of its own, or what another watch had put there', () => {
    watchingKernels(() => {
      const { runKernel } = tf.engine();
      expect(own('runKernel')).toBe(true);
      expect(watchingKernels(() => 3)).toBe(3);
      expect(tf.engine().runKernel).toBe(runKernel);
    });
    expect(own('runKernel')).toBe(false);
  });

  test('and so it is with what releases saved tensors', () => {
    releasingSaved(() => {
      expect(own('clone') && own('keep')).toBe(true);
    });
    expect(own('clone') || own('keep')).toBe(false);
    expect(() =>
      releasingSaved(() => {
        throw new Error('boo');
      }),
    ).toThrow('boo');
    expect(own('clone') || own('keep')).toBe(false);
  });

  test('methods that gradparity/fixes has put there stay', () => {
    applyFixes({ warn: () => {} });
    try {
      releasingSaved(() => tf.square(1).dispose());
      expect(fixesIntact()).toEqual({ intact: true, lost: [] });
    } finally {
      removeFixes();
    }
    expect(own('clone') || own('keep')).toBe(false);
  });
});

describe('what a node is', () => {
  const node = (kernelName: string, inputs: unknown): TapeNode => ({
    kernelName,
    inputs: inputs as tf.NamedTensorMap,
    outputs: [],
  });
  test.each<[string, TapeNode, boolean, boolean, string]>([
    ['an op with a kernel and a gradient', node('Sin', { x: 1 }), true, false, 'Sin'],
    ['an op with a kernel alone', node('Greater', { a: 1, b: 1 }), true, false, 'Greater'],
    ['an op whose inputs are a list', node('Concat', [1, 2]), true, false, 'Concat'],
    ['a function within an op of TensorFlow.js', node('logLoss__op', { 0: 1 }), true, false, 'logLoss'],
    ['a function of the user’s', node('mine', { 0: 1, 1: 1 }), false, true, 'mine'],
    ['a function whose name has __op in its middle', node('a__opera', { 0: 1 }), false, true, 'a__opera'],
    ['a copy that was saved', node('', { x: 1 }), false, false, ''],
    ['a list of something else', node('unknown', [1]), false, false, 'unknown'],
  ])('%s', (_name, one, op, custom, name) => {
    expect([isOp(one), isCustom(one), nameOf(one)]).toEqual([op, custom, name]);
  });
});

describe('ways through a larger graph', () => {
  const tensors = Array.from({ length: 8 }, (_, id) => ({ id }) as tf.Tensor);
  const [x, a, b, c, d, e, y, z] = tensors as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  const node = (kernelName: string, inputs: tf.Tensor[], outputs: tf.Tensor[]): TapeNode => ({
    kernelName,
    inputs: Object.fromEntries(inputs.map((input, i) => [`input${i}`, input])),
    outputs,
  });
  const split = node('split', [x], [a, b]);
  const left = node('left', [a], [c]);
  const join = node('join', [c, b], [d]);
  const aside = node('aside', [b], [e]);
  const last = node('last', [d, y], [z]);
  const names = (tape: TapeNode[], inputs: tf.Tensor[], outputs: tf.Tensor[]): string[][] => {
    const { nodes, late } = waysBetween(tape, inputs, outputs);
    return [nodes, late].map((list) => list.map(({ kernelName }) => kernelName));
  };

  test('in the order of the tape: all of the way, and nothing late', () => {
    const tape = [split, left, aside, join, last];
    expect(names(tape, [x], [z])).toEqual([['split', 'left', 'join', 'last'], []]);
    expect(names(tape, [x], [e])).toEqual([['split', 'aside'], []]);
    expect(names(tape, [x], [e, z])).toEqual([['split', 'left', 'aside', 'join', 'last'], []]);
    expect(names(tape, [y], [z])).toEqual([['last'], []]);
    expect(names(tape, [a], [z])).toEqual([['left', 'join', 'last'], []]);
    expect(names(tape, [y], [e])).toEqual([[], []]);
  });

  test('what was recorded before what it needs is late where its result was used by then', () => {
    expect(names([last, join, left, split], [x], [z])).toEqual([
      ['last', 'join', 'left', 'split'],
      ['join', 'left', 'split'],
    ]);
    expect(names([split, join, left, last], [x], [z])).toEqual([['split', 'join', 'left', 'last'], []]);
    expect(names([join, last, left, split], [x], [z])).toEqual([
      ['join', 'last', 'left', 'split'],
      ['left', 'split'],
    ]);
  });
});
