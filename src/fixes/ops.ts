/**
 * Ops that TensorFlow.js puts together of others, wrongly. They can't be replaced from outside, but each runs in a scope that has its name in every
 * build, and the kernels it asks for can be given what it should have asked for.
 */
import * as tf from '@tensorflow/tfjs';
import { engine, engineMethod, type Engine } from './engine-methods.js';
import type { EngineChange, Fix } from './fix.js';

type Run = (inputs: Record<string, tf.Tensor>, attributes: Record<string, unknown>) => tf.Tensor | tf.Tensor[];

/** What a kernel is given in an op's scope, or its result. */
type Handler = (
  feature: ReadonlySet<string>,
  inputs: Record<string, tf.Tensor>,
  attributes: Record<string, unknown>,
  run: Run,
) => tf.Tensor | tf.Tensor[];

/** Whether an op by that name is at work, from which another asks for a kernel. */
const isWithin = (name: string): boolean => {
  const { scopeStack } = engine().state;
  // The innermost scope is that of the op that has the kernel.
  return scopeStack.length > 1 && scopeStack[scopeStack.length - 2].name === name;
};

/** Sums along one axis of a matrix norm. */
const sums = new WeakSet<object>();

/** The extreme of a norm's sums: their axis is counted from the end of a tensor that has one axis less. */
const extreme: Handler = (features, inputs, attributes, run) => {
  const name = 'reductionIndices' in attributes ? 'reductionIndices' : 'axis';
  const axis = attributes[name];
  if (!features.has('norm') || !sums.has(inputs.x) || typeof axis !== 'number' || axis >= 0) {
    return run(inputs, attributes);
  }
  return run(inputs, { ...attributes, [name]: axis + 1 });
};

const handlers = new Map<string, Handler>([
  [
    'Sum',
    (features, inputs, attributes, run) => {
      const y = run(inputs, attributes);
      if (features.has('norm') && isWithin('norm__op')) sums.add(y);
      return y;
    },
  ],
  ['Max', extreme],
  ['Min', extreme],
  [
    'Sqrt',
    (features, inputs, attributes, run) => {
      const { state } = engine();
      const isRecorded = state.gradientDepth > 0 && state.kernelDepth === 0;
      if (!features.has('norm-zero') || !isRecorded || !isWithin('norm__op')) return run(inputs, attributes);
      // √ has no slope at 0, the norm the subgradient 0.
      const isZero = tf.equal(inputs.x, 0);
      const root = run({ x: tf.where(isZero, tf.onesLike(inputs.x), inputs.x) }, attributes) as tf.Tensor;
      return tf.where(isZero, tf.zerosLike(root), root);
    },
  ],
  [
    'Conv2D',
    (features, inputs, attributes, run) => {
      const { pad } = attributes;
      if (!features.has('conv1d-pad') || typeof pad !== 'number' || pad === 0 || !isWithin('conv1d__op')) {
        return run(inputs, attributes);
      }
      // The row is an image of height 1, which is not to be padded above and below.
      return run(inputs, { ...attributes, pad: [[0, 0], [0, 0], [pad, pad], [0, 0]] });
    },
  ],
]);

const change = engineMethod(
  'runKernel',
  (before, features): Engine['runKernel'] =>
    function (this: Engine, name, inputs, attributes) {
      const handler = handlers.get(name);
      if (handler === undefined) return before.call(this, name, inputs, attributes);
      return handler(
        features,
        inputs as Record<string, tf.Tensor>,
        (attributes ?? {}) as Record<string, unknown>,
        (given, wanted) => before.call(this, name, given, wanted),
      );
    },
);

const kernelsOf = (feature: 'norm' | 'norm-zero' | 'conv1d-pad'): EngineChange => change(feature);

export const ops: readonly Fix[] = [
  {
    id: 'norm-negative-axes',
    family: 'reductions',
    ops: ['norm'],
    wrong: 'The norm of matrices is along another axis, or throws, where the axes are negative.',
    engine: kernelsOf('norm'),
  },
  {
    id: 'norm-zero',
    family: 'reductions',
    ops: ['norm'],
    wrong: 'The gradient of a norm is NaN at 0, where 0 is a subgradient.',
    engine: kernelsOf('norm-zero'),
  },
  {
    id: 'conv1d-pad',
    family: 'convolution',
    ops: ['conv1d'],
    wrong: 'With a number for pad it throws, or pads above and below too.',
    engine: kernelsOf('conv1d-pad'),
  },
];
