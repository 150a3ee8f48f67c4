/**
 * Ops that TensorFlow.js puts together of others, wrongly. They can't be replaced from outside, but each runs in a scope that has its name in every
 * build, and the kernels it asks for can be given what it should have asked for.
 */
import * as tf from '@tensorflow/tfjs';
import { engine, engineMethod, type Engine } from './engine-methods.js';
import type { EngineChange, Fix } from './fix.js';

type Run = (
  inputs: Record<string, tf.Tensor>,
  attributes: Record<string, unknown>,
) => tf.Tensor | tf.Tensor[];

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

/** The op whose kernel is asked for. */
const scopeOfKernel = (): string | undefined => engine().state.scopeStack.at(-1)?.name;

/** Whether a gradient will be asked for. */
const isRecorded = (): boolean => {
  const { state } = engine();
  return state.gradientDepth > 0 && state.kernelDepth === 0;
};

/** Sums along one axis of a matrix norm: the axis, and how many there were. */
const sums = new WeakMap<object, { removed: number; rank: number }>();

/**
 * The extreme of a norm's sums along the other axis of the matrices. TensorFlow.js has summed along one and hands on the other as it was counted
 * before: for ord 1, summed along the first of two, as `second - 1`; for ±∞, summed along the second, as `first`. That is right where both are counted
 * from the beginning and the first is before the second. Nothing tells which ord it is, but the minimum, which is for -∞ alone, and an axis that is none or
 * is the one that is gone. Where either may be, the first is before the second.
 */
const extreme =
  (isMinimum: boolean): Handler =>
  (features, inputs, attributes, run) => {
    const name = 'reductionIndices' in attributes ? 'reductionIndices' : 'axis';
    const axis = attributes[name];
    const sum = features.has('norm') ? sums.get(inputs.x) : undefined;
    if (!sum || typeof axis !== 'number') return run(inputs, attributes);
    const { removed, rank } = sum;
    const axisAt = (given: number): number | undefined => {
      if (given < -rank || given >= rank) return undefined;
      const counted = (given + rank) % rank;
      return counted === removed ? undefined : counted;
    };
    const first = axisAt(axis);
    const second = isMinimum ? undefined : axisAt(axis + 1);
    const isFirst = second === undefined || (first !== undefined && (first < removed || second < removed));
    const wanted = isFirst ? first : second;
    if (wanted === undefined) return run(inputs, attributes);
    return run(inputs, { ...attributes, [name]: wanted > removed ? wanted - 1 : wanted });
  };

/** The largest finite number of the current backend. */
function largest(): number {
  const precision = tf.backend().floatPrecision() as number;
  return precision === 64 ? Number.MAX_VALUE : precision === 16 ? 65504 : 3.4028234663852886e38;
}

/** Calls of irfft with a vector. */
const vectors = new WeakSet<object>();

/** The call of irfft that asks for a kernel. */
function irfftCall(): object | undefined {
  const { scopeStack } = engine().state;
  return isWithin('irfft__op') ? scopeStack[scopeStack.length - 2] : undefined;
}

/** irfft makes a matrix of a vector. */
function noteVector(x: tf.Tensor): void {
  const call = x.rank === 1 && x.dtype === 'complex64' ? irfftCall() : undefined;
  if (call) vectors.add(call);
}

const handlers = new Map<string, Handler>([
  [
    'Reshape',
    (features, inputs, attributes, run) => {
      if (features.has('irfft')) noteVector(inputs.x);
      return run(inputs, attributes);
    },
  ],
  [
    'Real',
    (features, inputs, attributes, run) => {
      if (!features.has('irfft')) return run(inputs, attributes);
      noteVector(inputs.input);
      const y = run(inputs, attributes) as tf.Tensor;
      const call = irfftCall();
      return call && vectors.has(call) && y.rank === 2 ? tf.reshape(y, [y.size]) : y;
    },
  ],
  [
    'Sum',
    (features, inputs, attributes, run) => {
      const y = run(inputs, attributes);
      if (features.has('norm') && isWithin('norm__op')) {
        const axes = tf.util.parseAxisParam(attributes.axis as number, inputs.x.shape);
        if (axes.length === 1) sums.set(y, { removed: axes[0], rank: inputs.x.rank });
      }
      return y;
    },
  ],
  ['Max', extreme(false)],
  ['Min', extreme(true)],
  [
    'RealDiv',
    (features, inputs, attributes, run) => {
      if (!features.has('divNoNan') || !isRecorded() || !isWithin('divNoNan__op')) {
        return run(inputs, attributes);
      }
      // What is divided by 0 is left out afterwards; its gradient would be 0·∞.
      const isZero = tf.equal(inputs.b, 0);
      return run({ a: inputs.a, b: tf.where(isZero, tf.onesLike(inputs.b), inputs.b) }, attributes);
    },
  ],
  [
    'Sqrt',
    (features, inputs, attributes, run) => {
      if (!features.has('norm-zero') || !isRecorded() || !isWithin('norm__op')) {
        return run(inputs, attributes);
      }
      // √ has no slope at 0, the norm the subgradient 0.
      const isZero = tf.equal(inputs.x, 0);
      const root = run({ x: tf.where(isZero, tf.onesLike(inputs.x), inputs.x) }, attributes) as tf.Tensor;
      return tf.where(isZero, tf.zerosLike(root), root);
    },
  ],
  [
    'Sub',
    (features, inputs, attributes, run) => {
      if (
        !features.has('logSumExp') ||
        inputs.b.dtype !== 'float32' ||
        !isWithin('logSumExp__op') ||
        scopeOfKernel() !== 'sub__op'
      ) {
        return run(inputs, attributes);
      }
      // The largest entry, which is taken from all of them: ∞ - ∞ would be NaN.
      const limit = largest();
      return run({ a: inputs.a, b: tf.clipByValue(inputs.b, -limit, limit) }, attributes);
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
      return run(inputs, {
        ...attributes,
        pad: [
          [0, 0],
          [0, 0],
          [pad, pad],
          [0, 0],
        ],
      });
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

const kernelsOf = (
  feature: 'norm' | 'norm-zero' | 'conv1d-pad' | 'irfft' | 'divNoNan' | 'logSumExp',
): EngineChange => change(feature);

export const ops: readonly Fix[] = [
  {
    id: 'norm-negative-axes',
    family: 'reductions',
    ops: ['norm'],
    wrong:
      'The norm of matrices is along another axis, or throws, where axes are negative, or the first is behind the second.',
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
    id: 'logSumExp',
    family: 'reductions',
    ops: ['logSumExp'],
    wrong: 'The result is NaN where an entry is ∞, or all of them are -∞.',
    engine: kernelsOf('logSumExp'),
  },
  {
    id: 'divNoNan',
    family: 'elementwise',
    ops: ['divNoNan'],
    wrong: 'The gradient is NaN where it divides by 0.',
    engine: kernelsOf('divNoNan'),
  },
  {
    id: 'irfft-of-a-vector',
    family: 'complex',
    ops: ['spectral.irfft'],
    wrong: 'The result for a vector is a matrix of one row.',
    engine: kernelsOf('irfft'),
  },
  {
    id: 'conv1d-pad',
    family: 'convolution',
    ops: ['conv1d'],
    wrong: 'With a number for pad it throws, or pads above and below too.',
    engine: kernelsOf('conv1d-pad'),
  },
];
