/** Gradients that are wrong in the ways that people get them wrong, and what the check is to say of each. */
import * as tf from '@tensorflow/tfjs';
import { softmax } from '../../../src/functions/activations.js';
import { elementwise, onesBut, random, withGradient, type ZooCase } from './support.js';

const { sin, cos, mul, add } = tf;
type Case = Omit<ZooCase, 'verdict'>;

/** sin with the derivative cos times something. */
const cosTimes = (factor: number | ((x: tf.Tensor) => tf.Tensor)) =>
  elementwise(
    (x) => sin(x),
    (x) => mul(cos(x), typeof factor === 'number' ? factor : factor(x)),
  );
const matrix = () => [random([3, 4])];
const vector = (n: number) => () => [random([n])];
const sinDy = (use: (dy: tf.Tensor) => tf.Tensor) =>
  withGradient(
    (x) => sin(x),
    (dy, x) => mul(use(dy), cos(x)),
  );

const factors: Case[] = [
  { name: 'factor 2', f: cosTimes(2), inputs: matrix, says: /factor.* 2 times/ },
  { name: 'factor ½', f: cosTimes(0.5), inputs: matrix, says: /½ times/ },
  { name: 'factor −1', f: cosTimes(-1), inputs: matrix, says: /−1 times.*sign/ },
  { name: 'factor −2', f: cosTimes(-2), inputs: matrix, says: /−2 times/ },
  { name: 'factor 1.37', f: cosTimes(1.37), inputs: matrix, says: /1\.370 times/ },
  { name: '1 % too large', f: cosTimes(1.01), inputs: matrix, says: /1\.010 times/ },
  { name: '1e-4 too large', f: cosTimes(1 + 1e-4), inputs: matrix, says: /1 \+ 0\.00010 times/ },
  { name: '1e-6 too large', f: cosTimes(1 + 1e-6), inputs: matrix, says: /1 \+ 0\.0000010 times/ },
  { name: '1e-6 too small', f: cosTimes(1 - 1e-6), inputs: matrix, says: /1 − 0\.0000010 times/ },
  {
    name: '1e-6 too large, beside an offset of 1e6',
    f: withGradient(
      (x) => add(sin(x), 1e6),
      (dy, x) => mul(dy, mul(cos(x), 1 + 1e-6)),
    ),
    inputs: matrix,
    says: /factor/,
  },
  {
    name: 'a mean without its 1/n',
    f: withGradient(
      (x) => tf.mean(x),
      (dy, x) => mul(dy, tf.onesLike(x)),
    ),
    inputs: matrix,
    says: /12 times.*12 entries/,
  },
  {
    name: 'a sum divided by n',
    f: withGradient(
      (x) => tf.sum(x),
      (dy, x) => mul(dy, tf.fill(x.shape, 1 / 12)),
    ),
    inputs: matrix,
    says: /1\/12 times.*12 entries/,
  },
  {
    name: 'one and a half times, a scalar',
    f: cosTimes(1.5),
    inputs: () => [0.3],
    says: /the gradient is 1\.43.*differences give 0\.95/,
  },
  { name: 'three times, rank 5', f: cosTimes(3), inputs: () => [random([2, 1, 3, 1, 2])], says: / 3 times/ },
  {
    name: '1e-4 at a scale of 1e6',
    f: elementwise(
      (x) => mul(sin(x), 1e6),
      (x) => mul(cos(x), 1e6 * (1 + 1e-4)),
    ),
    inputs: vector(5),
    says: /factor/,
  },
  {
    name: '1e-4 at a scale of 1e-6',
    f: elementwise(
      (x) => mul(sin(x), 1e-6),
      (x) => mul(cos(x), 1e-6 * (1 + 1e-4)),
    ),
    inputs: vector(5),
    says: /factor/,
  },
];

/** tanh(x·w), the gradient of w by `ofW`. */
const dense = (ofX: (g: tf.Tensor) => tf.Tensor, ofW: (g: tf.Tensor) => tf.Tensor) =>
  withGradient(
    (x, w) => tf.tanh(tf.matMul(x, w)),
    (dy, x, w) => {
      const d = mul(dy, tf.sub(1, tf.square(tf.tanh(tf.matMul(x, w)))));
      return [ofX(tf.matMul(d, w, false, true)), ofW(tf.matMul(x, d, true, false))];
    },
  );
const layer = () => [random([8, 6]), random([6, 6], 2)];
const same = (x: tf.Tensor): tf.Tensor => x;

const bias = (gradient: (dy: tf.Tensor) => tf.Tensor) =>
  withGradient(
    (x, b) => add(x, b),
    (dy) => [dy, gradient(dy)],
  );
const biased = () => [random([5, 4]), random([4], 2)];

const places: Case[] = [
  {
    name: 'a weight gradient that is transposed',
    f: dense(same, (g) => tf.transpose(g)),
    inputs: layer,
    says: /input 1: .*transposed/,
  },
  {
    name: 'transposed and reshaped',
    f: withGradient(
      (x) => sin(x),
      (dy, x) => tf.reshape(tf.transpose(mul(dy, cos(x))), [3, 4]),
    ),
    inputs: matrix,
    says: /transposed/,
  },
  {
    name: '1e-6 in the weights of a layer',
    f: dense(same, (g) => mul(g, 1 + 1e-6)),
    inputs: layer,
    says: /input 1: .*factor/,
  },
  {
    name: 'reversed',
    f: withGradient(
      (x) => sin(x),
      (dy, x) => tf.reverse(mul(dy, cos(x))),
    ),
    inputs: vector(10),
    says: /reversed/,
  },
  {
    name: 'shifted by one',
    f: withGradient(
      (x) => sin(x),
      (dy, x) => {
        const g = mul(dy, cos(x));
        return tf.concat([tf.slice(g, [1], [9]), tf.slice(g, [0], [1])]);
      },
    ),
    inputs: vector(10),
    says: /shifted by one/,
  },
  {
    name: 'the gradients of two inputs exchanged',
    f: withGradient(
      (x, y) => mul(x, sin(y)),
      (dy, x, y) => [mul(dy, mul(x, cos(y))), mul(dy, sin(y))],
    ),
    inputs: () => [random([6]), random([6], 2)],
    says: /another input.*gradient of input 1/,
  },
  {
    name: 'a bias gradient that is averaged',
    f: bias((dy) => tf.mean(dy, 0)),
    inputs: biased,
    says: /1\/5 times.*averaged over the broadcast axis/,
  },
  {
    name: 'a bias gradient from the first example only',
    f: bias((dy) => tf.reshape(tf.slice(dy, [0, 0], [1, 4]), [4])),
    inputs: biased,
    says: /first slice along axis 0.*not summed over the broadcast axis/,
  },
  {
    name: 'a bias gradient that is not summed',
    f: bias((dy) => dy),
    inputs: biased,
    says: /wrong shape.*\[5,4\].*\[4\].*broadcast along axis 0: sum/,
  },
];

const cotangents: Case[] = [
  {
    name: 'dy ignored',
    f: withGradient(
      (x) => sin(x),
      (_dy, x) => cos(x),
    ),
    inputs: matrix,
    says: /dy is ignored/,
  },
  {
    name: 'dy ignored in a scalar function',
    f: withGradient(
      (x) => tf.sum(sin(x)),
      (_dy, x) => cos(x),
    ),
    inputs: matrix,
    says: /dy is ignored/,
  },
  { name: "dy's sign only", f: sinDy((dy) => tf.sign(dy)), inputs: matrix, says: /only the sign/ },
  { name: '|dy|', f: sinDy((dy) => tf.abs(dy)), inputs: matrix, says: /\|dy\|/ },
  { name: 'dy squared', f: sinDy((dy) => tf.square(dy)), inputs: matrix, says: /dy is squared/ },
  { name: 'dy clipped to 1', f: sinDy((dy) => tf.clipByValue(dy, -1, 1)), inputs: matrix, says: /clipped/ },
  {
    name: 'dy clipped to 3',
    f: sinDy((dy) => tf.clipByValue(dy, -3, 3)),
    inputs: matrix,
    says: /clipped to −3 … 3/,
  },
  { name: 'dy averaged', f: sinDy((dy) => tf.mean(dy)), inputs: matrix, says: /dy is averaged/ },
  {
    name: 'dy where it is positive',
    f: sinDy((dy) => tf.relu(dy)),
    inputs: vector(12),
    says: /dy < 0|not linear/,
  },
  {
    name: 'a constant added',
    f: withGradient(
      (x) => sin(x),
      (dy, x) => add(mul(dy, cos(x)), 0.5),
    ),
    inputs: vector(8),
    says: /not linear|constant/,
  },
];

const zeros: Case[] = [
  { name: 'zero', f: cosTimes(0), inputs: vector(6), says: /zero everywhere/ },
  {
    name: 'zero for one input',
    f: withGradient(
      (x, y) => mul(x, y),
      (dy, _x, y) => [mul(dy, y), tf.zerosLike(y)],
    ),
    inputs: () => [random([6]), random([6], 2)],
    says: /input 1: .*zero everywhere/,
  },
  {
    name: 'detached by dataSync',
    f: (x: tf.Tensor) => tf.tensor1d(Array.from(x.dataSync(), (value) => 2 * value)),
    inputs: vector(3),
    says: /zero.*detached/,
  },
  {
    name: 'one input detached',
    f: (x: tf.Tensor, y: tf.Tensor) => mul(x, tf.tensor1d(Array.from(y.dataSync()))),
    inputs: () => [random([3]), random([3], 2)],
    says: /input 1: .*detached/,
  },
  {
    name: 'one factor detached',
    f: (x: tf.Tensor) => mul(x, tf.tensor1d(Array.from(x.dataSync()))),
    inputs: vector(4),
    says: /½ times/,
  },
];

const above = (x: tf.Tensor, limit: number, inside: number): tf.Tensor =>
  tf.where(tf.greater(x, limit), tf.fill(x.shape, inside), tf.onesLike(x));

const regions: Case[] = [
  {
    name: 'wrong where x < 0',
    f: cosTimes((x) => add(1, tf.cast(tf.less(x, 0), 'float32'))),
    inputs: vector(20),
    says: /only where x < 0.* 2 times/,
  },
  {
    name: 'wrong where x > 1',
    f: cosTimes((x) => above(x, 1, 0)),
    inputs: vector(30),
    says: /only where x > 1.*zero there/,
  },
  {
    name: 'wrong in the first row',
    f: cosTimes(() => tf.tensor2d([[2], [1], [1]])),
    inputs: matrix,
    says: /first slice along axis 0/,
  },
  {
    name: 'wrong in the last column',
    f: cosTimes(() => tf.tensor2d([[1, 1, 1, 0.5]])),
    inputs: matrix,
    says: /last slice along axis 1/,
  },
  {
    name: 'relu with slope 1 everywhere',
    f: elementwise(
      (x) => tf.relu(x),
      (x) => tf.onesLike(x),
    ),
    inputs: vector(10),
    says: /where x < 0.*should be zero/,
  },
  {
    name: 'one of 2,000 by 1 %',
    f: cosTimes(() => onesBut(2000, 1234, 1.01)),
    inputs: vector(2000),
    says: /only at \[1234\]/,
  },
  {
    name: 'one of 2,000 by 1e-4',
    f: cosTimes(() => onesBut(2000, 77, 1 + 1e-4)),
    inputs: vector(2000),
    says: /only at \[77\]/,
  },
  {
    name: 'one of 2,000 by 1e-6',
    f: cosTimes(() => onesBut(2000, 1999, 1 + 1e-6)),
    inputs: vector(2000),
    says: /only at \[1999\]/,
  },
  {
    name: 'two of 2,000 by opposite 1e-5',
    f: cosTimes(() => add(onesBut(2000, 3, 1 + 1e-5), tf.sub(onesBut(2000, 900, 1 - 1e-5), 1))),
    inputs: vector(2000),
    says: /only at \[(3|900)\]/,
  },
  {
    name: 'the last of an odd length',
    f: cosTimes(() => onesBut(17, 16, 0)),
    inputs: vector(17),
    says: /only at \[16\].*zero/,
  },
  {
    name: 'the last of two inputs is wrong beside an integer one',
    f: (i: tf.Tensor, x: tf.Tensor) => tf.gather(cosTimes(2)(x), i),
    inputs: () => [tf.tensor1d([0, 1, 2, 2], 'int32'), random([3])],
    says: /input 1: .* 2 times/,
  },
];

const formulas: Case[] = [
  {
    name: 'sin(x²) without its inner derivative',
    f: elementwise(
      (x) => sin(tf.square(x)),
      (x) => cos(tf.square(x)),
    ),
    inputs: vector(10),
    says: /factor x.*inner derivative/,
  },
  {
    name: 'x² with x² for a derivative',
    f: elementwise(
      (x) => tf.square(x),
      (x) => mul(2, tf.square(x)),
    ),
    inputs: vector(10),
    says: /factor x too much/,
  },
  {
    name: "softmax's diagonal only",
    f: withGradient(
      (x) => softmax(x),
      (dy, x) => {
        const y = softmax(x);
        return mul(dy, mul(y, tf.sub(1, y)));
      },
    ),
    inputs: matrix,
    says: /other outputs is missing.*diagonal/,
  },
  {
    name: 'layer norm without the mean terms',
    f: withGradient(
      (x) => {
        const centred = tf.sub(x, tf.mean(x, 1, true));
        return tf.div(centred, tf.sqrt(add(tf.mean(tf.square(centred), 1, true), 1e-5)));
      },
      (dy, x) => tf.div(dy, tf.sqrt(add(tf.moments(x, 1, true).variance, 1e-5))),
    ),
    inputs: matrix,
    says: /along axis 1, a constant and a multiple of x.*normalises over that axis/,
  },
  {
    name: 'centred columns without the mean of dy',
    f: withGradient(
      (x) => tf.sub(x, tf.mean(x, 0, true)),
      (dy) => tf.clone(dy),
    ),
    inputs: matrix,
    says: /the same along axis 0 is missing.*sum or a mean/,
  },
  {
    name: 'cross-entropy with p for p − t',
    f: withGradient(
      (x) => tf.neg(tf.sum(mul(tf.oneHot([1, 2], 3), tf.logSoftmax(x)))),
      (dy, x) => mul(dy, tf.softmax(x)),
    ),
    inputs: () => [random([2, 3])],
    says: /wrong only at \[0,1\], \[1,2\]/,
  },
  {
    name: 'a product without one of its terms',
    f: elementwise(
      (x) => mul(x, sin(x)),
      (x) => sin(x),
    ),
    inputs: vector(8),
  },
  {
    name: 'the second of two outputs',
    f: (x: tf.Tensor) => [
      sin(x),
      elementwise(
        (at) => cos(at),
        (at) => sin(at),
      )(x),
    ],
    inputs: vector(5),
    says: /output 1 of 2/,
  },
  {
    name: "TensorFlow.js' square of exp, second order",
    f: (x: tf.Tensor) => tf.square(tf.exp(x)),
    inputs: vector(3),
    options: { order: 2 },
    says: /Second order: .*½ times/,
  },
];

const failures: Case[] = [
  {
    name: 'wrong shape',
    f: withGradient(
      (x) => tf.sum(x),
      (dy) => dy,
    ),
    inputs: vector(3),
    says: /wrong shape.*\[\].*\[3\]/,
  },
  {
    name: 'wrong dtype',
    f: withGradient(
      (x) => sin(x),
      (dy) => tf.cast(dy, 'int32'),
    ),
    inputs: vector(3),
    says: /wrong dtype.*int32/,
  },
  {
    name: 'too few gradients',
    f: withGradient(
      (x, y) => mul(x, y),
      (dy, _x, y) => [mul(dy, y)],
    ),
    inputs: () => [random([3]), random([3], 2)],
    says: /another number of gradients/,
  },
  {
    name: 'a gradient that throws',
    f: withGradient(
      (x) => sin(x),
      () => {
        throw new Error('not yet written');
      },
    ),
    inputs: vector(3),
    says: /throws: not yet written/,
  },
  {
    name: 'an input written to',
    f: (x: tf.Tensor) => {
      x.dataSync()[0] = 5;
      return sin(x);
    },
    inputs: vector(3),
    says: /changed its inputs: entry 0 of input 0/,
  },
  {
    name: 'an input disposed of',
    f: (x: tf.Tensor) => {
      const y = sin(x);
      x.dispose();
      return y;
    },
    inputs: vector(3),
    says: /changed its inputs: it disposed input 0/,
  },
  {
    name: 'NaN from the branch not taken',
    f: (x: tf.Tensor) => tf.where(tf.tensor1d([true, false, true], 'bool'), x, tf.sqrt(mul(x, 0))),
    inputs: vector(3),
    says: /NaN at \[0\].*backward pass/,
  },
  {
    name: 'NaN from 0/0',
    f: elementwise(
      (x) => sin(x),
      (x) => tf.div(tf.zerosLike(x), tf.zerosLike(x)),
    ),
    inputs: vector(3),
    says: /NaN.*RealDiv in the backward/,
  },
  {
    name: 'Infinity',
    f: elementwise(
      (x) => sin(x),
      (x) => tf.div(1, tf.zerosLike(x)),
    ),
    inputs: vector(3),
    says: /Infinity.*RealDiv in the backward/,
  },
];

export const wrong: ZooCase[] = [
  ...[...factors, ...places, ...cotangents, ...zeros, ...regions, ...formulas, ...failures].map((one) => ({
    ...one,
    verdict: 'wrong' as const,
  })),
  {
    name: 'a random function',
    f: (x: tf.Tensor) => mul(x, tf.randomUniform([3])),
    inputs: vector(3),
    verdict: 'nondeterministic',
    says: /function is not deterministic/,
  },
  {
    name: 'a function that counts its calls',
    f: (
      (calls) => (x: tf.Tensor) =>
        mul(x, ++calls)
    )(0),
    inputs: vector(3),
    verdict: 'nondeterministic',
    says: /function is not deterministic/,
  },
  {
    name: 'a random gradient',
    f: sinDy((dy) => mul(dy, tf.randomUniform([]))),
    inputs: vector(3),
    verdict: 'nondeterministic',
    says: /gradient is not deterministic/,
  },
  {
    name: 'an op without a gradient',
    f: (x: tf.Tensor) => tf.cumprod(x),
    inputs: vector(3),
    verdict: 'unsupported',
    says: /Cumprod has no gradient/,
  },
  {
    name: "where's condition",
    f: (x: tf.Tensor) => tf.where(tf.less(x, 0), tf.neg(x), x),
    inputs: vector(3),
    verdict: 'unsupported',
    says: /Less has no gradient/,
  },
];
