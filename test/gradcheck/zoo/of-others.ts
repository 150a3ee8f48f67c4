/** Ops of the kinds that other people's packages have, with the gradients that they are meant to have, and with faults that were seen. */
import * as tf from '@tensorflow/tfjs';
import * as ops from './ops.js';
import { random, withGradient, type ZooCase } from './support.js';

type T = tf.Tensor;
const { mul } = tf;

/** Between −0.9 and 0.9, away from 0, ±½ and each other. */
const small = [0.31, -0.62, 0.83, -0.17, 0.74, -0.41];
const round = (gradient: (dy: T, x: T) => T) => withGradient((x) => tf.round(mul(4, x)), gradient);
const wide = [0.3, -0.6, 1.7, -2.4, 0.9, -0.45];
const oneHot = () => tf.oneHot([1, 0, 2, 1], 3).toFloat();

const surrogates: ZooCase[] = [
  {
    name: 'rounding with dy itself, declared',
    f: round((dy) => tf.clone(dy)),
    inputs: () => [small],
    options: { surrogate: 'identity' },
    verdict: 'right',
  },
  {
    name: 'rounding with dy itself, not declared',
    f: round((dy) => tf.clone(dy)),
    inputs: () => [small],
    verdict: 'wrong',
    says: /dy itself.*should be zero.*surrogate: 'identity'/,
  },
  {
    name: 'rounding with twice dy, declared to be dy',
    f: round((dy) => mul(2, dy)),
    inputs: () => [small],
    options: { surrogate: 'identity' },
    verdict: 'wrong',
    says: / 2 times/,
  },
  {
    name: 'rounding with the gradient of zeros, declared to be dy',
    f: round((dy) => tf.zerosLike(dy)),
    inputs: () => [small],
    options: { surrogate: 'identity' },
    verdict: 'wrong',
    says: /zero everywhere, while the surrogate changes/,
  },
  {
    name: 'a sign with the gradient of a clip, declared',
    f: withGradient(
      (x) => tf.sign(x),
      (dy, x) => mul(dy, tf.cast(tf.less(tf.abs(x), 1), 'float32')),
    ),
    inputs: () => [wide],
    options: { surrogate: (x: T) => tf.clipByValue(x, -1, 1) },
    verdict: 'right',
  },
  {
    name: 'a sign with dy everywhere, declared to be a clip',
    f: withGradient(
      (x) => tf.sign(x),
      (dy) => tf.clone(dy),
    ),
    inputs: () => [wide],
    options: { surrogate: (x: T) => tf.clipByValue(x, -1, 1) },
    verdict: 'wrong',
    says: /only where \|x\| > .*should be zero there, and is dy itself/,
  },
  {
    name: 'gradient reversal before a layer, declared',
    f: (x: T, w: T) => tf.sin(tf.matMul(ops.reversal(0.5)(x), w)),
    inputs: () => [random([3, 4]), random([4, 2], 2)],
    options: { surrogate: [{ scale: -0.5 }], order: 2 },
    verdict: 'right',
  },
  {
    name: 'gradient reversal, not declared',
    f: ops.reversal(),
    inputs: () => [small],
    verdict: 'wrong',
    says: /−1 times.*surrogate: \{ scale: -1 \}/,
  },
  {
    name: 'gradient reversal, declared with another sign',
    f: ops.reversal(),
    inputs: () => [small],
    options: { surrogate: { scale: 1 } },
    verdict: 'wrong',
    says: /−1 times/,
  },
  {
    name: 'a stopped factor, declared',
    f: ({ x, y }: { x: T; y: T }) => mul(tf.sin(x), ops.stop()(tf.cos(y))),
    inputs: () => ({ x: small, y: wide }),
    options: { surrogate: { y: 'zero' }, order: 2 },
    verdict: 'right',
  },
  {
    name: 'a stopped factor, not declared',
    f: ({ x, y }: { x: T; y: T }) => mul(tf.sin(x), ops.stop()(tf.cos(y))),
    inputs: () => ({ x: small, y: wide }),
    verdict: 'wrong',
    says: /y: the gradient is zero everywhere.*surrogate: 'zero'/,
  },
  {
    name: 'a factor declared stopped that is not',
    f: ({ x, y }: { x: T; y: T }) => mul(tf.sin(x), tf.cos(y)),
    inputs: () => ({ x: small, y: wide }),
    options: { surrogate: { y: 'zero' } },
    verdict: 'wrong',
    says: /y: the gradient should be zero/,
  },
  {
    name: 'int8 with dy inside its range, declared',
    f: ops.int8(0.01),
    inputs: () => [wide],
    options: { surrogate: (x: T) => tf.clipByValue(x, -1.27, 1.27) },
    verdict: 'right',
  },
  {
    name: 'int8 with dy outside its range too',
    f: ops.int8(0.01, false),
    inputs: () => [wide],
    options: { surrogate: (x: T) => tf.clipByValue(x, -1.27, 1.27) },
    verdict: 'wrong',
    says: /only where \|x\| > .*should be zero there/,
  },
  {
    name: 'top-k with dy for all, declared',
    f: ops.topK(2, true),
    inputs: () => [[small, wide]],
    options: { surrogate: 'identity' },
    verdict: 'right',
  },
  {
    name: 'top-k with dy for those that were kept, declared to be for all',
    f: ops.topK(2, false),
    inputs: () => [[small, wide]],
    options: { surrogate: 'identity' },
    verdict: 'wrong',
    says: /it is zero there|wrong only/,
  },
  {
    name: 'a smooth step in place of a step, order 2',
    f: withGradient(
      (x) => tf.step(x),
      (dy, x) => {
        const y = tf.sigmoid(mul(3, x));
        return mul(dy, mul(3, mul(y, tf.sub(1, y))));
      },
    ),
    inputs: () => [small],
    options: { surrogate: (x: T) => tf.sigmoid(mul(3, x)), order: 2 },
    verdict: 'right',
  },
  {
    name: 'a smooth step with another slope',
    f: withGradient(
      (x) => tf.step(x),
      (dy, x) => {
        const y = tf.sigmoid(x);
        return mul(dy, mul(y, tf.sub(1, y)));
      },
    ),
    inputs: () => [small],
    options: { surrogate: (x: T) => tf.sigmoid(mul(3, x)) },
    verdict: 'wrong',
  },
];

const plain: ZooCase[] = [
  {
    name: 'a rotary embedding with an offset',
    f: ops.rotary(5),
    inputs: () => [random([3, 4])],
    verdict: 'right',
  },
  {
    name: 'a rotary embedding whose gradient forgets the offset',
    f: ops.rotary(5, 0),
    inputs: () => [random([3, 4])],
    verdict: 'wrong',
  },
  { name: 'RMS norm', f: ops.rmsNorm(), inputs: () => [random([3, 4]), random([4], 2)], verdict: 'right' },
  {
    name: 'RMS norm without the way by the mean',
    f: ops.rmsNorm(false),
    inputs: () => [random([3, 4]), random([4], 2)],
    verdict: 'wrong',
    says: /along axis 1.*multiple of x/,
  },
  {
    name: 'scaled attention',
    f: ops.attention(0.6),
    inputs: () => [random([3, 4]), random([5, 4], 2), random([5, 2], 3)],
    verdict: 'right',
  },
  {
    name: 'CTC',
    f: ops.ctc([
      [1, 2],
      [2, 1],
    ]),
    inputs: () => [random([2, 4, 3])],
    verdict: 'right',
  },
  {
    name: 'CTC by the log-probabilities, without their softmax',
    f: ops.ctc(
      [
        [1, 2],
        [2, 1],
      ],
      { softmax: false },
    ),
    inputs: () => [random([2, 4, 3])],
    verdict: 'wrong',
  },
  { name: 'digamma', f: ops.digamma(7), inputs: () => [[0.3, 1, 2.5, 7]], verdict: 'right' },
  {
    name: 'digamma with one term of its series',
    f: ops.digamma(0),
    inputs: () => [[0.3, 1, 2.5, 7]],
    verdict: 'wrong',
  },
  {
    name: 'label smoothing',
    f: ops.smoothed(0.1),
    inputs: () => [random([4, 3]), oneHot()],
    options: { constant: [1] },
    verdict: 'right',
  },
  {
    name: 'label smoothing that the gradient forgets',
    f: ops.smoothed(0.1, 0),
    inputs: () => [random([4, 3]), oneHot()],
    options: { constant: [1] },
    verdict: 'wrong',
  },
];

const all = [...surrogates, ...plain];
export const rightOfOthers = all.filter(({ verdict }) => verdict === 'right');
export const wrongOfOthers = all.filter(({ verdict }) => verdict !== 'right');
