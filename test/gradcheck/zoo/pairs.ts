/**
 * Functions at which checks go astray, each with its right gradient and with a wrong one: large inputs, structure in step with the
 * check's own steps, flat parts, domains with an end, mixed sizes, kinks of the second derivative, offsets that hide.
 */
import * as tf from '@tensorflow/tfjs';
import type { GradcheckOptions } from '../../../src/gradcheck/report/report.js';
import { elementwise, random, withGradient, type ZooCase } from './support.js';

type T = tf.Tensor;
type Slope = (x: T) => T;

const { add, div, mul, sub, sin, cos, tanh, square } = tf;

interface Pair {
  name: string;
  value: Slope;
  /** The derivative, entry by entry, and a wrong one. */
  right: Slope;
  wrong: Slope;
  inputs: () => ZooCase['inputs'] extends () => infer I ? I : never;
  options?: GradcheckOptions;
  /** Where nothing can be seen, neither verdict is true. */
  hidden?: boolean;
  says?: RegExp;
}

const ones: Slope = (x) => tf.onesLike(x);
const zeros: Slope = (x) => tf.zerosLike(x);
const flat = /f is flat there/;
const tanhSlope: Slope = (x) => sub(1, square(tanh(x)));

/** Refuses numbers below 0, as a table or an assertion does. */
const refusing =
  (f: Slope): Slope =>
  (x) => {
    if (tf.min(x).dataSync()[0] <= 0) throw new Error('x must be positive');
    return f(x);
  };

const pairs: Pair[] = [
  {
    name: 'square, 64×64',
    value: (x) => square(x),
    right: (x) => mul(2, x),
    wrong: (x) => x,
    inputs: () => [random([64, 64])],
    options: { mode: 'fast' },
  },
  {
    name: 'tanh, 48×48, off by 1e-5',
    value: tanh,
    right: tanhSlope,
    wrong: (x) => mul(tanhSlope(x), 1 + 1e-5),
    inputs: () => [random([48, 48])],
    options: { mode: 'fast' },
  },
  {
    name: 'round(256x)/256',
    value: (x) => div(tf.round(mul(x, 256)), 256),
    right: zeros,
    wrong: ones,
    inputs: () => [[0.3123, -0.7134, 1.1077]],
    says: flat,
  },
  {
    name: 'floor of pixel values',
    value: (x) => tf.floor(x),
    right: zeros,
    wrong: ones,
    inputs: () => [[17.3, 128.6, 201.2]],
    says: flat,
  },
  {
    name: 'a daily sine, t in days',
    value: (t) => add(mul(0.1, t), sin(mul(2 * Math.PI, t))),
    right: (t) => add(0.1, mul(2 * Math.PI, cos(mul(2 * Math.PI, t)))),
    wrong: (t) => mul(0.1, tf.onesLike(t)),
    inputs: () => [[200.3, 100.7, 250.1]],
  },
  {
    name: 'a narrow bump on a line',
    value: (x) => add(x, tf.exp(mul(-1e8, square(sub(x, 0.5))))),
    right: (x) => sub(1, mul(2e8, mul(sub(x, 0.5), tf.exp(mul(-1e8, square(sub(x, 0.5))))))),
    wrong: ones,
    inputs: () => [[0.50003, 1.7]],
  },
  {
    name: 'log that refuses x ≤ 0',
    value: refusing((x) => tf.log(x)),
    right: (x) => tf.reciprocal(x),
    wrong: (x) => mul(1.001, tf.reciprocal(x)),
    inputs: () => [[0.01, 1, 3]],
  },
  {
    name: 'tanh beside a Unix time',
    value: tanh,
    right: tanhSlope,
    wrong: (x) => mul(tanhSlope(x), 1.001),
    inputs: () => [[0.5, -1, 1.7e9]],
  },
  {
    name: 'log of sizes from 1e-8 to 1e8',
    value: (x) => tf.log(x),
    right: (x) => tf.reciprocal(x),
    wrong: (x) => mul(1 + 1e-4, tf.reciprocal(x)),
    inputs: () => [[1e-8, 3e-5, 0.2, 1, 400, 1e8]],
  },
  {
    name: 'relu(x)² at 0',
    value: (x) => square(tf.relu(x)),
    right: (x) => mul(2, tf.relu(x)),
    wrong: (x) => add(0.01, mul(2, tf.relu(x))),
    inputs: () => [[0, 1]],
  },
  {
    name: 'x·|x| at 0',
    value: (x) => mul(x, tf.abs(x)),
    right: (x) => mul(2, tf.abs(x)),
    wrong: (x) => add(0.01, mul(2, tf.abs(x))),
    inputs: () => [[0, -1]],
  },
  {
    name: '|x|^1.5 at 0',
    value: (x) => tf.pow(tf.abs(x), 1.5),
    right: (x) => mul(1.5, mul(tf.sign(x), tf.sqrt(tf.abs(x)))),
    wrong: (x) => add(0.01, mul(1.5, mul(tf.sign(x), tf.sqrt(tf.abs(x))))),
    inputs: () => [[0, 2]],
  },
  {
    name: 'squared hinge at its margin',
    value: (x) => square(tf.relu(sub(1, x))),
    right: (x) => mul(-2, tf.relu(sub(1, x))),
    wrong: (x) => sub(mul(-2, tf.relu(sub(1, x))), 0.1),
    inputs: () => [[1, 0.3, 2]],
  },
  {
    name: 'the same at both ends of long steps',
    value: (x) => cos(tanh(x)),
    right: (x) => mul(tf.neg(sin(tanh(x))), tanhSlope(x)),
    wrong: zeros,
    inputs: () => [[-3e-4, 7e5, -2e4]],
  },
  {
    name: 'log of exp of small numbers, whose digits end at 2^-53',
    value: (x) => tf.log(tf.exp(x)),
    right: ones,
    wrong: (x) => mul(1.5, tf.onesLike(x)),
    inputs: () => [[1.4e-7, 2.5e-7, 300]],
  },
  {
    name: 'sin x + 1e15',
    value: (x) => add(sin(x), 1e15),
    right: (x) => cos(x),
    wrong: (x) => mul(2, cos(x)),
    inputs: () => [[0.3, 1.1]],
    hidden: true,
    says: /rounding hides/,
  },
  {
    // What 1e9 hides within f does not show in f's own size.
    name: 'sin x + 1e9 - 1e9 of small numbers',
    value: (x) => tf.sub(add(sin(x), 1e9), 1e9),
    right: (x) => cos(x),
    wrong: (x) => mul(2, cos(x)),
    inputs: () => [[1e-7, -3e-7, 2.2e-7]],
    hidden: true,
    says: /rounding hides/,
  },
  {
    name: 'stairs of 1/256, + 1e6 - 1e6',
    value: (x) => tf.sub(add(div(tf.round(mul(x, 256)), 256), 1e6), 1e6),
    right: zeros,
    wrong: ones,
    inputs: () => [[0.1, 0.2, 0.35]],
    says: flat,
  },
  {
    // erf(x) is 1 in doubles, and its derivative 1e-28.
    name: 'log erf x',
    value: (x) => tf.log(tf.erf(x)),
    right: (x) => div(mul(2 / Math.sqrt(Math.PI), tf.exp(tf.neg(square(x)))), tf.erf(x)),
    wrong: (x) => mul(1e-20, x),
    inputs: () => [[8, 9]],
    hidden: true,
    says: /f is 0 here, short steps of .* do not change it/,
  },
  {
    name: 'nothing of x',
    value: (x) => mul(x, 0),
    right: zeros,
    wrong: (x) => mul(1e-12, x),
    inputs: () => [[8, 9]],
    says: flat,
  },
];

const cases = pairs.flatMap(({ name, value, right, wrong, inputs, options, hidden, says }): ZooCase[] => [
  {
    name: `${name}, right`,
    f: elementwise(value, right),
    inputs,
    options,
    verdict: hidden ? 'inconclusive' : 'right',
    says,
  },
  {
    name: `${name}, wrong`,
    f: elementwise(value, wrong),
    inputs,
    options,
    verdict: hidden ? 'inconclusive' : 'wrong',
    ...(hidden && { says }),
  },
]);

const logits = (): T => tf.tensor2d(random([4, 3]));
const ofSum = (use: (dy: T) => T): ((...inputs: T[]) => T) =>
  withGradient(
    (x) => tf.sum(sin(x)),
    (dy, x) => mul(use(dy), cos(x)),
  );

/** A book-style net with weights of 0.01, in float32: most of its gradient stands just above the rounding of the loss. */
const smallNet = (x: T, w: T, v: T): T =>
  tf.neg(
    tf.mean(
      tf.sum(mul(tf.oneHot([1, 0, 2], 3), tf.logSoftmax(tf.matMul(tf.sigmoid(tf.matMul(x, w)), v))), 1),
    ),
  );

/** Σ w·log softmax(x): the gradient at the largest logit is what is left of 3e7 − 3e7, some 1e-5. */
const cancelling = (x: T): T => tf.sum(mul(tf.tensor1d([2.1e-5, -3.1e7, -1.7e-5, 0.9e-5]), tf.logSoftmax(x)));
const cancellingAt = () => [[-620.3, 0.4, -811.7, -1404.2]];
/** The identity, whose gradient is off at one entry. */
const offBy = (at: number, factor: number): Slope => {
  const { length } = cancellingAt()[0];
  return elementwise(
    (x) => tf.clone(x),
    () => tf.tensor1d(Array.from({ length }, (_, i) => (i === at ? factor : 1))),
  );
};
/** Sizes at which long steps at the tensor's scale see the first entry by an error bar of 1e-5 of it. */
const besideMillions = () => [[0.00656, -4031229.75, -0.00521, 470588.03125, 2072.5]];
const gentle: Slope = (x) => tf.sqrt(add(tf.sigmoid(mul(-1, tf.elu(x))), 0.1));
const gentleOffBy =
  (factor: number): Slope =>
  (x) =>
    gentle(
      elementwise(
        (at) => tf.clone(at),
        () => tf.tensor1d([factor, 1, 1, 1, 1]),
      )(x),
    );

const rightCases: ZooCase[] = [
  {
    name: 'elu near 0 beside millions',
    f: gentle,
    inputs: besideMillions,
    verdict: 'right',
  },
  {
    name: 'x / x is flat',
    f: (x: T) => div(x, x),
    inputs: () => [[0.3, 0.7, 1.4]],
    verdict: 'right',
    says: flat,
  },
  {
    name: 'one bias for all logits of a softmax',
    f: (b: T) => tf.softmax(add(logits(), b)),
    inputs: () => [0.5],
    verdict: 'right',
    says: flat,
  },
  {
    name: 'a bias before a subtracted mean',
    f: (b: T) => {
      const x = add(logits(), b);
      return sub(x, tf.mean(x));
    },
    inputs: () => [0.5],
    verdict: 'right',
    says: flat,
  },
  {
    name: 'a sum, dy as it is',
    f: ofSum((dy) => dy),
    inputs: () => [random([6])],
    verdict: 'right',
  },
  {
    name: "avgPool 'same', whose kernel on cpu is wrong",
    f: (x: tf.Tensor4D) => tf.avgPool(x, 2, 1, 'same'),
    inputs: () => [random([1, 3, 3, 1])],
    verdict: 'right',
  },
];

const wrongCases: ZooCase[] = [
  {
    name: 'what is left of large terms in a log softmax',
    f: cancelling,
    inputs: cancellingAt,
    verdict: 'inconclusive',
    says: /its own rounding error/,
  },
  {
    name: 'the same, off by a hundredth',
    f: (x: T) => cancelling(offBy(1, 1.01)(x)),
    inputs: cancellingAt,
    verdict: 'wrong',
  },
  {
    name: 'elu near 0 beside millions, off by 1e-6',
    f: gentleOffBy(1 - 1e-6),
    inputs: besideMillions,
    verdict: 'wrong',
  },
  {
    name: 'a millionth of |dy| too much',
    f: withGradient(
      (x) => sin(x),
      (dy, x) => mul(add(dy, mul(1e-6, tf.abs(dy))), cos(x)),
    ),
    inputs: () => [random([6])],
    verdict: 'wrong',
  },
  {
    name: 'a millionth of dy² too much',
    f: withGradient(
      (x) => sin(x),
      (dy, x) => mul(add(dy, mul(1e-6, square(dy))), cos(x)),
    ),
    inputs: () => [random([6])],
    verdict: 'wrong',
  },
  {
    name: 'a book-style net of small weights, in float32',
    f: smallNet,
    inputs: () => [random([3, 8]), random([8, 5], 2, 0, 0.01), random([5, 3], 3, 0, 0.01)],
    options: { precision: 'native', constant: [0] },
    verdict: 'inconclusive',
    says: /precision: 'float64'/,
  },
  {
    name: 'the same net, twice the gradient',
    f: (x: T, w: T, v: T) =>
      smallNet(
        x,
        elementwise(
          (at) => tf.clone(at),
          (at) => mul(2, tf.onesLike(at)),
        )(w),
        v,
      ),
    inputs: () => [random([3, 8]), random([8, 5], 2, 0, 0.01), random([5, 3], 3, 0, 0.01)],
    options: { precision: 'native', constant: [0] },
    verdict: 'wrong',
  },
  { name: 'a sum, |dy|', f: ofSum((dy) => tf.abs(dy)), inputs: () => [random([6])], verdict: 'wrong' },
  { name: 'a sum, relu(dy)', f: ofSum((dy) => tf.relu(dy)), inputs: () => [random([6])], verdict: 'wrong' },
  {
    name: 'a sum, dy clipped to ±5',
    f: ofSum((dy) => tf.clipByValue(dy, -5, 5)),
    inputs: () => [random([6])],
    verdict: 'wrong',
    says: /clipped/,
  },
  {
    name: 'small dy dropped',
    f: withGradient(
      (x) => sin(x),
      (dy, x) => mul(mul(dy, tf.cast(tf.greater(tf.abs(dy), 0.01), 'float32')), cos(x)),
    ),
    inputs: () => [random([6])],
    verdict: 'wrong',
  },
  {
    name: 'a flat function with a gradient of 1e-6',
    f: elementwise(
      (x) => div(x, x),
      (x) => mul(1e-6, tf.onesLike(x)),
    ),
    inputs: () => [[0.3, 0.7, 1.4]],
    verdict: 'wrong',
  },
];

export const rightOfPairs: ZooCase[] = [...cases.filter(({ verdict }) => verdict === 'right'), ...rightCases];
export const wrongOfPairs: ZooCase[] = [...cases.filter(({ verdict }) => verdict !== 'right'), ...wrongCases];
