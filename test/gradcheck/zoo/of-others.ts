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

const twice = (gradient: (dy: T) => T[]) =>
  withGradient(
    (x, y) => tf.add(x, y),
    (dy) => gradient(dy),
  );
/** An op that gives away the tensor that it made before: the last one, or the first one ever. */
const cached = (isKept: boolean) => {
  let last: T | undefined;
  const make = withGradient(
    (x) => (last = tf.exp(x)),
    (dy, x) => mul(dy, tf.exp(x)),
  );
  const again = withGradient(
    () => last as T,
    (dy, x) => mul(dy, tf.exp(x)),
  );
  const kept = withGradient(
    (x) => (last ??= tf.keep(tf.exp(x))),
    (dy, x) => mul(dy, tf.exp(x)),
  );
  return isKept ? kept : (x: T) => mul(make(x), again(x));
};

const aliases: ZooCase[] = [
  {
    name: 'x·stop(x), where stop returns its input',
    f: (x: T) => mul(x, ops.stop(true)(x)),
    inputs: () => [wide],
    verdict: 'wrong',
    says: /tf\.customGrad returned its input itself.*x\.clone\(\)/,
  },
  {
    name: 'x·stop(x) with a clone, declared',
    f: (x: T) => mul(x, ops.stop()(x)),
    inputs: () => [wide],
    options: { surrogate: (x: T) => mul(x, tf.tensor1d(wide)) },
    verdict: 'right',
  },
  {
    name: 'an identity with a right gradient that returns its input',
    f: (x: T) => tf.sin(tf.customGrad((at) => ({ value: at as T, gradFunc: (dy: T) => tf.clone(dy) }))(x)),
    inputs: () => [wide],
    verdict: 'wrong',
    says: /returned its input itself[^]* 2 times/,
  },
  {
    name: 'stop that returns its input, by itself',
    f: ops.stop(true),
    inputs: () => [wide],
    verdict: 'wrong',
    says: /returned its input itself/,
  },
  {
    name: "another op's tensor given away",
    f: cached(false),
    inputs: () => [wide],
    verdict: 'wrong',
    says: /returned a tensor that is not its own.*the result of tf\.customGrad/,
  },
  {
    name: 'dy returned for two inputs, and disposed of by TensorFlow.js',
    f: (x: T) => twice((dy) => [dy, dy])(x, tf.sin(tf.exp(x))),
    inputs: () => [wide],
    verdict: 'wrong',
    says: /returns dy itself for several inputs/,
  },
  {
    name: 'a clone of dy returned for two inputs',
    f: (x: T) => twice((dy) => [tf.clone(dy), tf.clone(dy)])(x, tf.sin(tf.exp(x))),
    inputs: () => [wide],
    verdict: 'right',
  },
  {
    name: 'dy returned, and disposed of',
    f: withGradient(
      (x) => tf.clone(x),
      (dy) => {
        dy.dispose();
        return dy;
      },
    ),
    inputs: () => [wide],
    verdict: 'wrong',
    says: /disposes of dy/,
  },
  {
    name: 'dy returned',
    f: (x: T) =>
      tf.sin(
        withGradient(
          (at) => tf.clone(at),
          (dy) => dy,
        )(x),
      ),
    inputs: () => [wide],
    verdict: 'right',
  },
];

const weights = tf.variable(tf.tensor2d([0.7, -0.2, 0.4, 1.1, -0.6, 0.3], [3, 2]), true, 'zoo/weights');
const points = tf.keep(tf.tensor2d(small, [2, 3]));
const lossBy = (activation: (x: T) => T) => () => tf.mean(tf.square(activation(tf.matMul(points, weights))));
const tanhTimes = (factor: number) =>
  withGradient(
    (x) => tf.tanh(x),
    (dy, x) => mul(mul(factor, dy), tf.sub(1, tf.square(tf.tanh(x)))),
  );

const captured: ZooCase[] = [
  {
    name: 'a loss of a captured variable alone',
    f: lossBy(tanhTimes(1)),
    inputs: () => [],
    options: { variables: [weights] },
    verdict: 'right',
  },
  {
    name: 'a loss of a captured variable, twice the gradient',
    f: lossBy(tanhTimes(2)),
    inputs: () => [],
    options: { variables: { kernel: weights } },
    verdict: 'wrong',
    says: /kernel: .* 2 times/,
  },
  {
    name: 'an input beside a captured variable',
    f: (x: T) => tf.sin(tf.matMul(x, weights)),
    inputs: () => [random([2, 3])],
    options: { variables: [weights], order: 2 },
    verdict: 'right',
  },
];

/** Twice x, by a program on the GPU and by loops elsewhere. */
const branching = (factor: number) => (x: T) => {
  if (tf.getBackend() !== 'cpu') throw new Error('no program for this backend');
  return withGradient(
    (at) => (tf.getBackend() === 'cpu' ? mul(2, at) : mul(3, at)),
    (dy) => mul(tf.getBackend() === 'cpu' ? factor : 0, dy),
  )(x);
};

const asking: ZooCase[] = [
  {
    name: 'an op that asks for the backend',
    f: branching(2),
    inputs: () => [wide],
    verdict: 'right',
    says: /asks for the backend .* was told cpu/,
  },
  {
    name: 'an op that asks for the backend, with a wrong gradient on the cpu',
    f: branching(4),
    inputs: () => [wide],
    verdict: 'wrong',
    says: / 2 times[^]*asks for the backend/,
  },
];

const root = (gradient: (dy: T, x: T) => T) => withGradient((x) => tf.sqrt(x), gradient);
const product = (transposes: boolean) =>
  withGradient(
    (a, c) => tf.matMul(a, c, false, true),
    (dy, a, c) => [tf.matMul(dy, c, false, !transposes), tf.matMul(dy, a, true)],
  );
const square = () => [random([3, 3]), random([3, 3], 2)];
const batch = (mean: boolean) =>
  withGradient(
    (x) => tf.mean(tf.sum(tf.sin(x), 1)),
    (dy, x) => mul(mul(dy, mean ? 1 / x.shape[0] : 1), tf.cos(x)),
  );
const scaled = (times: number) => (q: T, k: T, v: T) => ops.attention(0.6, times)(q, k, v);

const forms: ZooCase[] = [
  {
    name: 'a square root',
    f: root((dy, x) => tf.div(dy, mul(2, tf.sqrt(x)))),
    inputs: () => [[0.5, 1, 2, 4]],
    verdict: 'right',
  },
  {
    name: 'a square root whose gradient divides by 2x',
    f: root((dy, x) => tf.div(dy, mul(2, x))),
    inputs: () => [[1, 0.5, 2, 1]],
    verdict: 'wrong',
    says: /power of the input: it is x\^\(−1\/2\) times.*with the output y, y\^\(−1\)/,
  },
  {
    name: 'exp whose gradient has its square',
    f: withGradient(
      (x) => tf.exp(x),
      (dy, x) => mul(dy, tf.exp(mul(2, x))),
    ),
    inputs: () => [small],
    verdict: 'wrong',
    says: /power of the output: it is y times/,
  },
  { name: 'a product with a transpose flag', f: product(true), inputs: square, verdict: 'right' },
  {
    name: 'a product whose gradient ignores the transpose flag',
    f: product(false),
    inputs: square,
    verdict: 'wrong',
    says: /input 0: the gradient is the one for input 1 transposed: a transpose flag is ignored/,
  },
  { name: 'the mean of a batch', f: batch(true), inputs: () => [random([5, 3])], verdict: 'right' },
  {
    name: 'the mean of a batch, dy as it is',
    f: batch(false),
    inputs: () => [random([5, 3])],
    verdict: 'wrong',
    says: /5 times.*the mean over axis 0 of input 0, of length 5, is missing/,
  },
  {
    name: 'a scale applied twice in a gradient',
    f: (x: T, s: T) =>
      withGradient(
        (at, by) => mul(mul(by, by), tf.sin(at)),
        (dy, at, by) => [mul(mul(dy, by), tf.cos(at)), tf.sum(mul(mul(dy, mul(2, by)), tf.sin(at)))],
      )(x, s),
    inputs: () => [small, 0.35],
    verdict: 'wrong',
    says: /input 1 \(0\.35\) is applied once too seldom/,
  },
  {
    name: 'attention whose gradient has its scale twice',
    f: scaled(2),
    inputs: () => [random([3, 4]), random([5, 4], 2), random([5, 2], 3)],
    verdict: 'wrong',
    says: /constant factor: it is 0\.6000 times/,
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

const all = [...surrogates, ...aliases, ...captured, ...asking, ...forms, ...plain];
export const rightOfOthers = all.filter(({ verdict }) => verdict === 'right');
export const wrongOfOthers = all.filter(({ verdict }) => verdict !== 'right');
