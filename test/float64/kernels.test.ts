/**
 * What the double-precision kernels compute. Oracles: numpy (test/fixtures/float64.json, written by float64.py beside it) for the
 * textbook's functions; closed forms in JavaScript's doubles; float32, whose rounding a kernel in
 * double must not show; and the cpu backend's kernels in double precision, which must fail where there is one of its own.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { erf, softplus, tanh } from '../../src/float64/kernels/elementwise.js';
import { inFloat64 } from '../../src/float64/in-float64.js';
import * as activations from '../../src/functions/activations.js';
import * as losses from '../../src/functions/losses.js';
import { mismatch } from '../support/close.js';
import { withCpuKernels } from '../support/cpu-kernels.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

interface Golden {
  activations: {
    name: string;
    shape: number[];
    x: number[];
    axis: number | null;
    value: number[];
    cotangent: number[];
    gradient: number[];
  }[];
  losses: { name: string; shape: number[]; y: number[]; t: number[]; value: number[]; gradient: number[] }[];
}

const golden = JSON.parse(
  readFileSync(new URL('../fixtures/float64.json', import.meta.url), 'utf8'),
) as Golden;

describe('the textbook functions, against numpy', () => {
  /** A value this far below the others is the rounding of a sum. */
  const tolerance = { relative: 1e-12, maxRelativeToLargest: 1e-15 };
  type Run = () => [value: ArrayLike<number>, gradient: ArrayLike<number>];
  const cases: [string, Run, number[], number[]][] = [
    ...golden.activations.map(
      ({ name, shape, x, axis, value, cotangent, gradient }): [string, Run, number[], number[]] => {
        const f = activations[name as 'softmax'];
        const at = (t: tf.Tensor): tf.Tensor => (axis === null ? f(t) : f(t, axis));
        return [
          `${name} [${shape.join(',')}]${axis === null ? '' : `, axis ${axis}`}`,
          () => {
            const input = tf.tensor(x, shape);
            return [at(input).dataSync(), tf.grad(at)(input, tf.tensor(cotangent, shape)).dataSync()];
          },
          value,
          gradient,
        ];
      },
    ),
    ...golden.losses.map(({ name, shape, y, t, value, gradient }): [string, Run, number[], number[]] => {
      const loss = (output: tf.Tensor): tf.Tensor => losses[name as 'huber'](output, tf.tensor(t, shape));
      return [
        `${name} [${shape.join(',')}]`,
        () => {
          const output = tf.tensor(y, shape);
          return [loss(output).dataSync(), tf.grad(loss)(output).dataSync()];
        },
        value,
        gradient,
      ];
    }),
  ];

  test.each(cases)('%s', (_name, run, value, gradient) => {
    const [got, slope] = inFloat64(run);
    expect(got).toBeInstanceOf(Float64Array);
    expect(mismatch(got as Float64Array, value, tolerance)).toBeUndefined();
    // A difference of the cotangents, of size 2, that nearly cancel.
    expect(mismatch(slope as Float64Array, gradient, { ...tolerance, absolute: 4e-16 })).toBeUndefined();
    // The same in float32 does not pass.
    let single: ArrayLike<number> = [];
    tf.tidy(() => {
      [single] = run();
    });
    expect(mismatch(single as Float32Array, value, tolerance)).toBeDefined();
  });
});

describe('kernels that have a version of their own', () => {
  // Abramowitz and Stegun, table 7.1, and to more digits by mpmath.
  test.each([
    [0, 0],
    [1e-10, 1.1283791670955126e-10],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [5.9, 0.9999999999999999],
    [7, 1],
  ])('erf(%d)', (x, expected) => {
    expect(mismatch(erf(x), expected, { relative: 4e-16 })).toBeUndefined();
    expect(erf(-x)).toBe(-erf(x));
  });

  test('erf of NaN and the infinities', () => {
    expect([erf(NaN), erf(Infinity), erf(-Infinity)]).toEqual([NaN, 1, -1]);
  });

  test('tanh against Math.tanh, to two units in the last place', () => {
    const x = Array.from({ length: 4001 }, (_, i) => (i - 2000) / 1000).concat([
      1e-300, 1e-9, 5, 19, 25, -40,
    ]);
    const allowed = { relative: 2.5 * 2 ** -52 };
    const expected = x.map(Math.tanh);
    expect(mismatch(x.map(tanh), expected, allowed)).toBeUndefined();
    expect(
      mismatch(
        x.map(tanh),
        expected.map((value) => value * (1 + 2 ** -49)),
        allowed,
      ),
    ).toBeDefined();
    expect([0, -0, Infinity, -Infinity, NaN].map(tanh)).toEqual([0, -0, 1, -1, NaN]);
  });

  test('softplus far out', () => {
    expect(softplus(-30)).toBe(Math.log1p(Math.exp(-30)));
    expect(softplus(20)).toBe(20 + Math.log1p(Math.exp(-20)));
    expect([softplus(-800), softplus(800), softplus(NaN)]).toEqual([0, 800, NaN]);
    // The cpu kernel's answer, in float32's terms the same.
    expect(softplus(20)).not.toBe(20);
  });

  /** Runs an op in double precision: with the kernel of its own, and with the cpu backend's. */
  const both = (names: string[], f: () => tf.Tensor): [own: Float64Array, cpu: Float64Array] => {
    const numbers = (): Float64Array => f().dataSync() as unknown as Float64Array;
    return [inFloat64(numbers), withCpuKernels(names, numbers)];
  };

  test('elu and selu near 0, against their closed form', () => {
    const x = [-1e-10, -3e-7, -1e-4, -0.3, -20, 0, 0.2, 3];
    const tolerance = { relative: 5e-16 };
    const wanted = x.map((value) => (value < 0 ? Math.expm1(value) : value));
    const [own, cpu] = both(['Elu'], () => tf.elu(tf.tensor1d(x)));
    expect(mismatch(own, wanted, tolerance)).toBeUndefined();
    expect(mismatch(cpu, wanted, { relative: 1e-9 })).toBeDefined();
    // λ and λα to all digits: Klambauer et al. 2017, https://github.com/bioinf-jku/SNNs.
    const scale = 1.0507009873554804934193349852946;
    const alpha = 1.6732632423543772848170429916717;
    const scaled = wanted.map((value, i) => scale * (x[i] < 0 ? alpha * value : value));
    const [ownSelu, cpuSelu] = both(['Selu'], () => tf.selu(tf.tensor1d(x)));
    expect(mismatch(ownSelu, scaled, tolerance)).toBeUndefined();
    expect(mismatch(cpuSelu, scaled, { relative: 1e-9 })).toBeDefined();
  });

  test.each([1, 2, 3, 8, 12, 15, 49, 101, 360])(
    'Fourier transforms of %d numbers, against their sum',
    (n) => {
      const parts = [0.7, 1.9].map((shift) =>
        Array.from({ length: 2 * n }, (_, i) => Math.sin(shift + 2.3 * i)),
      ) as [number[], number[]];
      const input = (): tf.Tensor =>
        tf.complex<tf.Tensor>(tf.tensor(parts[0], [2, n]), tf.tensor(parts[1], [2, n]));
      const sums = (sign: number): number[] =>
        Array.from({ length: 2 * n }, (_, at) => {
          const row = at - (at % n);
          let [real, imaginary] = [0, 0];
          for (let j = 0; j < n; j++) {
            // Of the product of the two indices the remainder: sine and cosine lose no digits.
            const angle = (sign * 2 * Math.PI * ((j * at) % n)) / n;
            const [u, v] = [parts[0][row + j], parts[1][row + j]];
            real += u * Math.cos(angle) - v * Math.sin(angle);
            imaginary += u * Math.sin(angle) + v * Math.cos(angle);
          }
          return [real, imaginary];
        }).flat();
      const tolerance = { maxRelativeToLargest: 5e-15 };
      const [own, cpu] = both(['FFT', 'IFFT'], () => tf.spectral.fft(input()));
      expect(mismatch(own, sums(-1), tolerance)).toBeUndefined();
      if (n > 100) expect(mismatch(cpu, sums(-1), tolerance)).toBeDefined();
      const [inverse] = both(['FFT', 'IFFT'], () => tf.spectral.ifft(input()));
      expect(
        mismatch(
          inverse.map((value) => value * n),
          sums(1),
          tolerance,
        ),
      ).toBeUndefined();
    },
  );

  test('numbers at equal distances, each from the first', () => {
    const [own, cpu] = both(['LinSpace'], () => tf.linspace(-1, 2, 1001));
    const wanted = Array.from({ length: 1001 }, (_, n) => (3 * n - 1000) / 1000);
    expect(mismatch(own, wanted, { absolute: 5e-16 })).toBeUndefined();
    expect(mismatch(cpu, wanted, { absolute: 5e-16 })).toBeDefined();
    expect(inFloat64(() => Array.from(tf.linspace(3, 7, 1).dataSync()))).toEqual([3]);
    const [steps, cpuSteps] = both(['Range'], () => tf.range(0, 100, 0.1));
    expect(steps).toEqual(Float64Array.from({ length: 1000 }, (_, n) => n * 0.1));
    expect(mismatch(cpuSteps, steps, { absolute: 1e-13 })).toBeDefined();
  });

  test.each<[start: number, stop: number, step: number | undefined, dtype: 'float32' | 'int32']>([
    [0, 5, 2, 'int32'],
    [5, 0, -2, 'float32'],
    [5, 0, undefined, 'int32'],
    [5, 0, 2, 'float32'],
    [0, 5, -1, 'float32'],
    [3, 3, 1, 'int32'],
  ])('tf.range(%d, %d, %s, %s), as the cpu backend has it', (start, stop, step, dtype) => {
    const [own, cpu] = both(['Range'], () => tf.range(start, stop, step, dtype));
    expect(Array.from(own)).toEqual(Array.from(cpu));
  });

  test('the places of maxima: those whose numbers maxPool gives', () => {
    const image = (): tf.Tensor4D =>
      tf.reshape<tf.Rank.R4>(tf.sin(tf.mul(tf.range(0, 80), 1.7)), [2, 5, 4, 2]);
    const wanted = inFloat64(() => tf.maxPool(image(), [2, 3], 1, 1).dataSync());
    for (const inBatch of [false, true]) {
      const pooled = (which: 'result' | 'indexes'): Float64Array[] =>
        both(['MaxPoolWithArgmax'], () => tf.maxPoolWithArgmax(image(), [2, 3], 1, 1, inBatch)[which]);
      const [values, cpu] = pooled('result');
      const [places] = pooled('indexes');
      expect(Array.from(values)).toEqual(Array.from(wanted));
      const numbers = inFloat64(() => image().dataSync());
      const perImage = wanted.length / 2;
      const found = Array.from(places, (place, i) => numbers[inBatch || i < perImage ? place : place + 40]);
      expect(found).toEqual(Array.from(wanted));
      // The cpu kernel's output has another shape where pad is a number.
      expect(cpu).not.toHaveLength(wanted.length);
    }
  });

  test('images made larger by a whole factor: each pixel that many times', () => {
    const factor = 49;
    const image = (): tf.Tensor4D => tf.tensor4d([3, 5, 7, 11], [1, 2, 2, 1]);
    const [own, cpu] = both(['ResizeNearestNeighbor'], () =>
      tf.image.resizeNearestNeighbor(image(), [2, 2 * factor]),
    );
    const wanted = [3, 5, 7, 11].flatMap((pixel) => Array.from({ length: factor }, () => pixel));
    expect(Array.from(own)).toEqual(wanted);
    // Of 49 · (1 / 49) it makes less than 1.
    expect(Array.from(cpu)).not.toEqual(wanted);
    const gradient = inFloat64(() =>
      tf
        .grad((x: tf.Tensor) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [2, 2 * factor]))(
          image(),
          tf.reshape(tf.range(0, 4 * factor), [1, 2, 2 * factor, 1]),
        )
        .dataSync(),
    );
    const sum = (from: number): number => factor * from + (factor * (factor - 1)) / 2;
    expect(Array.from(gradient)).toEqual([0, 1, 2, 3].map((part) => sum(part * factor)));
  });

  test("PReLU's slopes by channel, channels first: as with the channels last", () => {
    const x = (): tf.Tensor4D => tf.reshape<tf.Rank.R4>(tf.sin(tf.range(0, 120)), [2, 5, 4, 3]);
    const filter = (): tf.Tensor4D => tf.reshape<tf.Rank.R4>(tf.cos(tf.range(0, 36)), [2, 3, 3, 2]);
    const fused = (dataFormat: 'NHWC' | 'NCHW'): tf.Tensor4D =>
      tf.fused.conv2d({
        x: dataFormat === 'NCHW' ? tf.transpose(x(), [0, 3, 1, 2]) : x(),
        filter: filter(),
        strides: 2,
        pad: 'same',
        dataFormat,
        bias: tf.tensor1d([0.3, -0.2]),
        activation: 'prelu',
        preluActivationWeights: tf.tensor1d([0.5, 0.25]),
      });
    const [first, last] = inFloat64(() => [
      Array.from(tf.transpose(fused('NCHW'), [0, 2, 3, 1]).dataSync()),
      Array.from(fused('NHWC').dataSync()),
    ]);
    expect(first).toEqual(last);
    expect(last.some((value) => value < 0) && last.some((value) => value > 0)).toBe(true);
  });

  test('a NaN is the largest of its window, and gets the gradient', () => {
    const f = (x: tf.Tensor): tf.Tensor => tf.maxPool(x as tf.Tensor4D, [1, 2], 1, 'valid');
    const input = (): tf.Tensor => tf.tensor([1, NaN, 3, 2], [1, 1, 4, 1]);
    expect(inFloat64(() => Array.from(f(input()).dataSync()))).toEqual([NaN, NaN, 3]);
    expect(
      inFloat64(() =>
        Array.from(
          tf
            .grad(f)(input(), tf.tensor([1, 10, 100], [1, 1, 3, 1]))
            .dataSync(),
        ),
      ),
    ).toEqual([0, 11, 100, 0]);
  });
});

describe('whole numbers stay whole, as on the cpu backend', () => {
  const ints = (shape: number[], first = -3): tf.Tensor =>
    tf.reshape(tf.range(first, first + tf.util.sizeFromShape(shape), 1, 'int32'), shape);
  test.each<[string, () => tf.Tensor]>([
    ['matMul', () => tf.matMul(ints([2, 2, 3]), ints([2, 3, 2]))],
    ['maxPool', () => tf.maxPool(ints([1, 3, 3, 1]) as tf.Tensor4D, 2, 1, 'same')],
    ['cumsum', () => tf.cumsum(ints([2, 3]), 0)],
    ['cumsum of booleans', () => tf.cumsum(tf.tensor1d([true, false, true], 'bool'))],
    ['cumprod', () => tf.cumprod(ints([2, 3], 1), 1)],
    ['sum', () => tf.sum(ints([2, 3]), 1)],
    ['sum of booleans', () => tf.sum(tf.tensor1d([true, false, true], 'bool'))],
    ['mean', () => tf.mean(ints([2, 3]), 1)],
    ['add', () => tf.add(ints([2, 3]), ints([3]))],
    ['equal', () => tf.equal(ints([2, 3]), ints([3]))],
    ['less, of real numbers', () => tf.less(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor1d([2, 3]))],
    ['transpose', () => tf.transpose(ints([2, 3]))],
    [
      'resizeNearestNeighbor',
      () => tf.image.resizeNearestNeighbor(ints([1, 2, 3, 1]) as tf.Tensor4D, [3, 5]),
    ],
    ['resizeBilinear', () => tf.image.resizeBilinear(ints([1, 2, 2, 1]) as tf.Tensor4D, [3, 5])],
    ['range', () => tf.range(0, 4, 1, 'int32')],
  ])('%s', (_name, f) => {
    const [single, wanted] = tf.tidy(() => {
      const y = f();
      return [y.dtype, Array.from(y.dataSync())];
    });
    const [dtype, got] = inFloat64(() => {
      const y = f();
      return [y.dtype, Array.from(y.dataSync())];
    });
    expect(dtype).toBe(single);
    expect(mismatch(got, wanted, { relative: 1e-6 })).toBeUndefined();
  });
});

test('whole numbers that the cpu backend calls real stay whole, as in TensorFlow', () => {
  const dtypes = inFloat64(() => [
    tf.maxPool3d(tf.ones<tf.Rank.R5>([1, 2, 3, 3, 1], 'int32'), 2, 1, 'same').dtype,
    tf.unsortedSegmentSum(tf.ones([3, 2], 'int32'), tf.tensor1d([1, 0, 1], 'int32'), 2).dtype,
  ]);
  expect(dtypes).toEqual(['int32', 'int32']);
});

describe('what kernels refuse', () => {
  test.each<[string, () => tf.Tensor, RegExp]>([
    [
      "a cotangent that is no output's",
      () =>
        tf.conv2dTranspose(
          tf.ones<tf.Rank.R4>([1, 4, 4, 1]),
          tf.ones([3, 3, 1, 1]),
          [1, 8, 8, 1],
          1,
          'valid',
        ),
      /An axis of size 8 with windows of 3, stride 1, dilation 1 and pad "valid" has 6 outputs, got 4\./,
    ],
    [
      'an unknown padding',
      () => tf.conv2d(tf.ones<tf.Rank.R4>([1, 4, 4, 1]), tf.ones([3, 3, 1, 1]), 1, 'odd' as 'same'),
      /Unknown padding: "odd"\. It takes 'same', 'valid', a number or pairs of numbers\./,
    ],
    [
      'an unknown activation',
      () => tf.fused.matMul({ a: tf.ones([2, 2]), b: tf.ones([2, 2]), activation: 'odd' as 'relu' }),
      /The activation odd is not known\. Take one of linear, relu, relu6, elu, sigmoid, leakyrelu, prelu\./,
    ],
    [
      'complex numbers',
      () => tf.cumsum(tf.complex<tf.Tensor>(tf.ones([2]), tf.ones([2]))),
      /complex64 is not supported by this op, which takes real numbers\./,
    ],
    [
      'an equation with too few terms',
      () => tf.einsum('ij->i', tf.ones([2, 2]), tf.ones([2])),
      /name the axes of 2 tensors/,
    ],
    [
      'a term with too many labels',
      () => tf.einsum('ijk->i', tf.ones([2, 2])),
      /'ijk' names 3 axes, and its tensor is \[2,2\]\./,
    ],
    [
      'a label with two sizes',
      () => tf.einsum('ij,jk->ik', tf.ones([2, 3]), tf.ones([4, 2])),
      /the axis j .* has the sizes 3 and 4\./,
    ],
    [
      'an output label of no term',
      () => tf.einsum('ij->k', tf.ones([2, 2])),
      /no term of 'ij->k' has the output's axis k\./,
    ],
    [
      'three tensors',
      () => tf.einsum('i,i,i->', tf.ones([2]), tf.ones([2]), tf.ones([2])),
      /one or two tensors, got 3\./,
    ],
    [
      'a mean that does not fit',
      () => tf.batchNorm(tf.ones([2, 3, 4]), tf.ones([2]), tf.ones([2])),
      /A tensor of shape \[2\] can't be broadcast to \[1,2,3,4\]\./,
    ],
  ])('%s', (_name, f, message) => {
    expect(() => inFloat64(f)).toThrow(message);
  });
});

describe('ops', () => {
  const m = (): tf.Tensor2D => tf.tensor2d([0.1, -0.7, 1.3, 2.1, 0.4, -1.9], [2, 3]);
  const image = (): tf.Tensor4D => tf.reshape<tf.Rank.R4>(tf.sin(tf.range(0, 72)), [2, 6, 6, 1]);
  const filter = (): tf.Tensor4D => tf.reshape<tf.Rank.R4>(tf.cos(tf.range(0, 18)), [3, 3, 1, 2]);
  const unary = [
    'sin',
    'cos',
    'tan',
    'sinh',
    'cosh',
    'tanh',
    'asinh',
    'atan',
    'exp',
    'expm1',
    'sigmoid',
    'softplus',
    'erf',
    'elu',
    'selu',
    'square',
    'reciprocal',
    'logSigmoid',
  ] as const;
  const table: [string, () => tf.Tensor][] = [
    ...unary.map((name): [string, () => tf.Tensor] => [
      name,
      () => (tf[name] as (x: tf.Tensor) => tf.Tensor)(m()),
    ]),
    ...(['log', 'log1p', 'sqrt', 'rsqrt', 'acosh'] as const).map((name): [string, () => tf.Tensor] => [
      name,
      () => tf[name](tf.add(tf.abs(m()), 1.05)),
    ]),
    ...(['asin', 'acos', 'atanh'] as const).map((name): [string, () => tf.Tensor] => [
      name,
      () => tf[name](tf.mul(m(), 0.3)),
    ]),
    ['add', () => tf.add(m(), 0.1)],
    ['div', () => tf.div(m(), 3)],
    ['pow', () => tf.pow(tf.abs(m()), 1.3)],
    ['atan2', () => tf.atan2(m(), 0.3)],
    ['mod', () => tf.mod(m(), 0.47)],
    ['squaredDifference', () => tf.squaredDifference(m(), 0.3)],
    ['prelu', () => tf.prelu(m(), tf.tensor2d([[0.1]]))],
    ['leakyRelu', () => tf.leakyRelu(m(), 0.1)],
    ['matMul', () => tf.matMul(m(), m(), false, true)],
    [
      'fused matMul',
      () => tf.fused.matMul({ a: m(), b: m(), transposeB: true, bias: tf.scalar(0.1), activation: 'elu' }),
    ],
    ['einsum', () => tf.einsum('ij,kj->ik', m(), m())],
    ['sum', () => tf.sum(m())],
    ['mean', () => tf.mean(m(), 1)],
    ['prod', () => tf.prod(m(), 1)],
    ['cumsum', () => tf.cumsum(m(), 1)],
    ['cumprod', () => tf.cumprod(m(), 1)],
    ['logSumExp', () => tf.logSumExp(m())],
    ['softmax', () => tf.softmax(m())],
    ['logSoftmax', () => tf.logSoftmax(m())],
    ['conv2d', () => tf.conv2d(image(), filter(), 2, 'same')],
    [
      'fused conv2d',
      () =>
        tf.fused.conv2d({ x: image(), filter: filter(), strides: 1, pad: 'valid', activation: 'sigmoid' }),
    ],
    ['depthwiseConv2d', () => tf.depthwiseConv2d(image(), filter(), 1, 'valid')],
    [
      'separableConv2d',
      () =>
        tf.separableConv2d(
          image(),
          filter(),
          tf.reshape<tf.Rank.R4>(tf.sin(tf.range(0, 6)), [1, 1, 2, 3]),
          1,
          'valid',
        ),
    ],
    [
      'conv2dTranspose',
      () => tf.conv2dTranspose(tf.conv2d(image(), filter(), 1, 'valid'), filter(), [2, 6, 6, 1], 1, 'valid'),
    ],
    [
      'conv3d',
      () =>
        tf.conv3d(
          tf.reshape<tf.Rank.R5>(image(), [2, 3, 4, 3, 1]),
          tf.reshape<tf.Rank.R5>(filter(), [1, 3, 3, 1, 2]),
          1,
          'valid',
        ),
    ],
    ['avgPool', () => tf.avgPool(image(), 3, 2, 'same')],
    ['maxPool', () => tf.maxPool(image(), 3, 2, 'same')],
    ['avgPool3d', () => tf.avgPool3d(tf.reshape<tf.Rank.R5>(image(), [2, 3, 4, 3, 1]), 2, 1, 'same')],
    [
      'batchNorm',
      () =>
        tf.batchNorm(m(), tf.tensor1d([0.1, 0.2, 0.3]), tf.tensor1d([1, 2, 3]), undefined, undefined, 1e-3),
    ],
    ['localResponseNormalization', () => tf.localResponseNormalization(image(), 2, 1, 0.3, 0.5)],
    ['resizeBilinear', () => tf.image.resizeBilinear(image(), [5, 7])],
    ['resizeNearestNeighbor', () => tf.image.resizeNearestNeighbor(image(), [5, 7])],
    [
      'cropAndResize',
      () =>
        tf.image.cropAndResize(
          image(),
          tf.tensor2d([[0.1, 0.1, 0.7, 0.8]]),
          tf.tensor1d([1], 'int32'),
          [3, 4],
        ),
    ],
    [
      'dilation2d',
      () => tf.dilation2d(image(), tf.reshape<tf.Rank.R3>(tf.cos(tf.range(0, 9)), [3, 3, 1]), 1, 'same'),
    ],
    ['gather', () => tf.gather(m(), tf.tensor1d([2, 0], 'int32'), 1)],
    ['concat', () => tf.concat([m(), m()], 1)],
    ['slice', () => tf.slice(m(), [0, 1], [2, 2])],
    [
      'pad',
      () =>
        tf.pad(
          m(),
          [
            [1, 0],
            [0, 1],
          ],
          0.1,
        ),
    ],
    [
      'mirrorPad',
      () =>
        tf.mirrorPad(
          m(),
          [
            [1, 0],
            [0, 1],
          ],
          'reflect',
        ),
    ],
    ['tile', () => tf.tile(m(), [2, 1])],
    ['transpose', () => tf.transpose(m())],
    ['reverse', () => tf.reverse(m(), 1)],
    ['where', () => tf.where(tf.greater(m(), 0), m(), 0.1)],
    ['clipByValue', () => tf.clipByValue(m(), -0.3, 1.1)],
    ['maximum', () => tf.maximum(m(), 0.3)],
    ['topk', () => tf.topk(m(), 2).values],
    ['unsortedSegmentSum', () => tf.unsortedSegmentSum(m(), tf.tensor1d([1, 0], 'int32'), 2)],
    ['scatterND', () => tf.scatterND(tf.tensor2d([[1], [0]], [2, 1], 'int32'), tf.tensor1d([0.1, 0.2]), [3])],
    [
      'gatherND',
      () =>
        tf.gatherND(
          m(),
          tf.tensor2d(
            [
              [1, 0],
              [0, 2],
            ],
            [2, 2],
            'int32',
          ),
        ),
    ],
    [
      'spaceToBatchND',
      () =>
        tf.spaceToBatchND(
          image(),
          [2, 2],
          [
            [0, 0],
            [0, 0],
          ],
        ),
    ],
    ['depthToSpace', () => tf.depthToSpace(tf.reshape<tf.Rank.R4>(image(), [2, 3, 3, 4]), 2, 'NHWC')],
    ['linspace', () => tf.linspace(0, 1, 4)],
    [
      'fft',
      () => tf.real(tf.spectral.fft(tf.complex(tf.tensor1d([0.1, 0.2, 0.4]), tf.tensor1d([0.3, 0.1, 0.7])))),
    ],
    ['rfft', () => tf.imag(tf.spectral.rfft(tf.tensor1d([0.1, 0.2, 0.4, 0.9])))],
    ['randomNormal', () => tf.randomNormal([4], 0, 1, 'float32', 1)],
    ['randomUniform', () => tf.randomUniform([4], 0, 1, 'float32', 1)],
  ];
  const inSingle = (f: () => tf.Tensor): Float32Array => tf.tidy(() => f().dataSync<'float32'>());

  test.each(table)('%s: numbers that float32 does not have, and that it rounds to', (name, f) => {
    const values = inFloat64(() => f().dataSync()) as unknown as Float64Array;
    expect(values).toBeInstanceOf(Float64Array);
    expect(values.some((value) => Math.fround(value) !== value)).toBe(true);
    if (!name.startsWith('random')) {
      expect(mismatch(values, inSingle(f), { maxRelativeToLargest: 3e-6, relative: 3e-6 })).toBeUndefined();
    }
  });

  test('the Fourier transform, against its sum', () => {
    const x = [0.1, 0.2, 0.4, 0.9, -0.3, 0.7];
    const real = inFloat64(() => tf.real(tf.spectral.rfft(tf.tensor1d(x))).dataSync());
    const expected = [0, 1, 2, 3].map((k) =>
      x.reduce((sum, value, n) => sum + value * Math.cos((2 * Math.PI * k * n) / x.length), 0),
    );
    expect(mismatch(real, expected, { maxRelativeToLargest: 1e-14 })).toBeUndefined();
  });

  test('a product of matrices, against sums of doubles', () => {
    const a = [0.1, -0.7, 1.3, 2.1, 0.4, -1.9];
    const product = inFloat64(() => tf.matMul(m(), m(), false, true).dataSync());
    const expected = [0, 1].flatMap((i) =>
      [0, 1].map((j) => [0, 1, 2].reduce((sum, k) => sum + a[3 * i + k] * a[3 * j + k], 0)),
    );
    expect(mismatch(product, expected, { maxRelativeToLargest: 1e-15 })).toBeUndefined();
    expect(
      mismatch(
        inSingle(() => tf.matMul(m(), m(), false, true)),
        expected,
        { maxRelativeToLargest: 1e-15 },
      ),
    ).toBeDefined();
  });
});

describe('an update of parts of a tensor', () => {
  /** What is made of x = 0 … 5 as [3,2], and x afterwards. */
  const updated = (): number[][] =>
    inFloat64(() => {
      const x = tf.tensor2d([0, 1, 2, 3, 4, 5], [3, 2]);
      const indices = tf.tensor2d([[2], [0], [2]], [3, 1], 'int32');
      const y = tf.tensorScatterUpdate(x, indices, tf.tensor2d([6, 7, 8, 9, 10, 11], [3, 2]));
      return [y, x].map((tensor) => Array.from(tensor.dataSync()));
    });
  const expected = [
    [8, 9, 2, 3, 10, 11],
    [0, 1, 2, 3, 4, 5],
  ];

  test('leaves the tensor as it was; the last update of a place counts', () => {
    expect(updated()).toEqual(expected);
  });

  test('unlike the cpu kernel', () => {
    expect(withCpuKernels(['TensorScatterUpdate'], updated)).not.toEqual(expected);
  });

  test('at indices of several axes, by single entries or whole parts; each update has its own', () => {
    const at = (indices: number[][], shape: number[], updates: number[]): number[] =>
      inFloat64(() => {
        const x = tf.zeros([2, 3, 2]);
        const places = tf.tensor2d(indices, [indices.length, indices[0].length], 'int32');
        return Array.from(tf.tensorScatterUpdate(x, places, tf.tensor(updates, shape)).dataSync());
      });
    const zerosBut = (entries: [number, number][]): number[] =>
      Array.from({ length: 12 }, (_, i) => entries.find(([place]) => place === i)?.[1] ?? 0);
    const pairs = [
      [0, 2],
      [1, 0],
      [1, 1],
    ];
    expect(at(pairs, [3, 2], [1, 2, 3, 4, 5, 6])).toEqual(
      zerosBut([
        [4, 1],
        [5, 2],
        [6, 3],
        [7, 4],
        [8, 5],
        [9, 6],
      ]),
    );
    const entries = [
      [0, 2, 1],
      [1, 0, 0],
      [1, 2, 1],
    ];
    expect(at(entries, [3], [1, 2, 3])).toEqual(
      zerosBut([
        [5, 1],
        [6, 2],
        [11, 3],
      ]),
    );
  });

  test('refuses an index beyond the tensor, before it or after; the last one is within', () => {
    const at = (index: number) => (): number[] =>
      inFloat64(() =>
        Array.from(
          tf
            .tensorScatterUpdate(tf.zeros([3]), tf.tensor2d([[index]], [1, 1], 'int32'), tf.ones([1]))
            .dataSync(),
        ),
      );
    for (const index of [3, -1, 100])
      expect(at(index)).toThrow(`Invalid indices: ${index} does not index into 3`);
    expect(at(2)()).toEqual([0, 0, 1]);
    expect(at(0)()).toEqual([1, 0, 0]);
  });
});
