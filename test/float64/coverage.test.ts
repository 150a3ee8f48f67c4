/**
 * Every kernel that the cpu backend registers, in double precision. A kernel that is in neither table fails the test, so that one
 * that TensorFlow.js adds cannot answer in single precision unnoticed.
 *
 * Oracles: numpy and PyTorch in float64 (test/fixtures/kernels.json, written by kernels.py beside it), to 1e-12, for
 * each; the float32 answer, to which the double one must round; and that the double answer has digits that float32 lacks, also where
 * a kernel only moves or selects numbers.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { inFloat64, observingKernels } from '../../src/float64/in-float64.js';
import { mismatch } from '../support/close.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

type Make = () => tf.Tensor | tf.Tensor[];

const x = (): tf.Tensor2D => tf.tensor2d([0.1, -0.7, 1.3, 2.1, 0.4, -1.9], [2, 3]);
const positive = (): tf.Tensor2D => tf.tensor2d([1.1, 1.7, 1.3, 2.1, 1.4, 1.9], [2, 3]);
const small = (): tf.Tensor2D => tf.tensor2d([0.1, -0.7, 0.3, 0.6, 0.4, -0.9], [2, 3]);
const sines = (shape: number[]): tf.Tensor =>
  tf.reshape(tf.sin(tf.range(1, 1 + tf.util.sizeFromShape(shape))), shape);
const image = (channels = 1): tf.Tensor4D => sines([2, 6, 6, channels]) as tf.Tensor4D;
const filter = (): tf.Tensor4D => sines([3, 3, 1, 2]) as tf.Tensor4D;
const volume = (): tf.Tensor5D => sines([1, 3, 4, 4, 1]) as tf.Tensor5D;
const ints = (values: number[]): tf.Tensor1D => tf.tensor1d(values, 'int32');
const complex = (): tf.Tensor => tf.complex(tf.tensor1d([0.1, 0.2, 0.4]), tf.tensor1d([0.3, 0.1, 0.7]));
const slope = (f: (x: tf.Tensor) => tf.Tensor, at: tf.Tensor): tf.Tensor =>
  tf.grad((v) => tf.sum(tf.sin(f(v))))(at);
/** By kernel: a computation that runs it and whose result shows its precision. */
const real: Record<string, Make> = {
  Abs: () => tf.abs(x()),
  Acos: () => tf.acos(small()),
  Acosh: () => tf.acosh(positive()),
  Add: () => tf.add(x(), 0.1),
  AddN: () => tf.addN([x(), x(), small()]),
  Asin: () => tf.asin(small()),
  Asinh: () => tf.asinh(x()),
  Atan: () => tf.atan(x()),
  Atan2: () => tf.atan2(x(), 0.3),
  Atanh: () => tf.atanh(small()),
  AvgPool: () => tf.avgPool(image(), 3, 2, 'same'),
  AvgPool3D: () => tf.avgPool3d(volume(), 2, 1, 'same'),
  AvgPool3DGrad: () => slope((v) => tf.avgPool3d(v as tf.Tensor5D, 2, 1, 'same'), volume()),
  AvgPoolGrad: () => slope((v) => tf.avgPool(v as tf.Tensor4D, 3, 2, 'same'), image()),
  BatchMatMul: () => tf.matMul(x(), positive(), false, true),
  BatchToSpaceND: () =>
    tf.batchToSpaceND(
      sines([4, 2, 2, 1]),
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
  Cast: () => tf.cast(x(), 'float32'),
  ClipByValue: () => tf.clipByValue(x(), -0.3, 1.1),
  Complex: () => tf.real(complex()),
  ComplexAbs: () => tf.abs(complex()),
  Concat: () => tf.concat([x(), small()], 1),
  Conv2D: () => tf.conv2d(image(), filter(), 2, 'same'),
  Conv2DBackpropFilter: () => slope((f) => tf.conv2d(image(), f as tf.Tensor4D, 1, 'same'), filter()),
  Conv2DBackpropInput: () => slope((v) => tf.conv2d(v as tf.Tensor4D, filter(), 1, 'same'), image()),
  Conv3D: () => tf.conv3d(volume(), sines([2, 2, 2, 1, 2]) as tf.Tensor5D, 1, 'same'),
  Conv3DBackpropFilterV2: () =>
    slope((f) => tf.conv3d(volume(), f as tf.Tensor5D, 1, 'same'), sines([2, 2, 2, 1, 2])),
  Conv3DBackpropInputV2: () =>
    slope((v) => tf.conv3d(v as tf.Tensor5D, sines([2, 2, 2, 1, 2]) as tf.Tensor5D, 1, 'same'), volume()),
  Cos: () => tf.cos(x()),
  Cosh: () => tf.cosh(x()),
  CropAndResize: () =>
    tf.image.cropAndResize(image(), tf.tensor2d([[0.1, 0.1, 0.7, 0.8]]), ints([1]), [3, 4]),
  Cumprod: () => tf.cumprod(x(), 1),
  Cumsum: () => tf.cumsum(x(), 1),
  DenseBincount: () => tf.denseBincount(ints([1, 0, 1]), tf.tensor1d([0.1, 0.2, 0.7]), 3),
  Bincount: () => tf.bincount(ints([1, 0, 1]), tf.tensor1d([0.1, 0.2, 0.7]), 3),
  DepthToSpace: () => tf.depthToSpace(sines([1, 2, 2, 4]) as tf.Tensor4D, 2, 'NHWC'),
  DepthwiseConv2dNative: () => tf.depthwiseConv2d(image(), filter(), 1, 'valid'),
  DepthwiseConv2dNativeBackpropFilter: () =>
    slope((f) => tf.depthwiseConv2d(image(), f as tf.Tensor4D, 1, 'valid'), filter()),
  DepthwiseConv2dNativeBackpropInput: () =>
    slope((v) => tf.depthwiseConv2d(v as tf.Tensor4D, filter(), 1, 'valid'), image()),
  Diag: () => tf.diag(tf.tensor1d([0.1, 0.7])),
  Dilation2D: () => tf.dilation2d(image(), sines([3, 3, 1]) as tf.Tensor3D, 1, 'same'),
  Dilation2DBackpropFilter: () =>
    slope((f) => tf.dilation2d(image(), f as tf.Tensor3D, 1, 'same'), sines([3, 3, 1])),
  Dilation2DBackpropInput: () =>
    slope((v) => tf.dilation2d(v as tf.Tensor4D, sines([3, 3, 1]) as tf.Tensor3D, 1, 'same'), image()),
  Einsum: () => tf.einsum('ij,kj->ik', x(), positive()),
  Elu: () => tf.elu(x()),
  EluGrad: () => slope(tf.elu, x()),
  Erf: () => tf.erf(x()),
  Exp: () => tf.exp(x()),
  ExpandDims: () => tf.expandDims(x(), 1),
  Expm1: () => tf.expm1(x()),
  FFT: () => tf.real(tf.spectral.fft(complex())),
  Fill: () => tf.fill([2], 0.1),
  FlipLeftRight: () => tf.image.flipLeftRight(image()),
  FusedBatchNorm: () =>
    tf.batchNorm(x(), tf.tensor1d([0.1, 0.2, 0.3]), tf.tensor1d([1, 2, 3]), undefined, undefined, 1e-3),
  FusedConv2D: () =>
    tf.fused.conv2d({ x: image(), filter: filter(), strides: 1, pad: 'valid', activation: 'sigmoid' }),
  FusedDepthwiseConv2D: () =>
    tf.fused.depthwiseConv2d({
      x: image(),
      filter: filter(),
      strides: 1,
      pad: 'valid',
      activation: 'elu',
    }),
  GatherNd: () => tf.gatherND(x(), tf.tensor2d([1, 0, 0, 2], [2, 2], 'int32')),
  GatherV2: () => tf.gather(x(), ints([2, 0]), 1),
  IFFT: () => tf.imag(tf.spectral.ifft(complex())),
  Identity: () => tf.clone(x()),
  Imag: () => tf.imag(complex()),
  LRN: () => tf.localResponseNormalization(image(3), 2, 1, 0.3, 0.5),
  LRNGrad: () => slope((v) => tf.localResponseNormalization(v as tf.Tensor4D, 2, 1, 0.3, 0.5), image(3)),
  LeakyRelu: () => tf.leakyRelu(x(), 0.1),
  LinSpace: () => tf.linspace(0, 1, 4),
  Log: () => tf.log(positive()),
  Log1p: () => tf.log1p(positive()),
  Max: () => tf.max(x(), 1),
  MaxPool: () => tf.maxPool(image(), 3, 2, 'same'),
  MaxPool3D: () => tf.maxPool3d(volume(), 2, 1, 'same'),
  MaxPool3DGrad: () => slope((v) => tf.maxPool3d(v as tf.Tensor5D, 2, 1, 'same'), volume()),
  MaxPoolGrad: () => slope((v) => tf.maxPool(v as tf.Tensor4D, 3, 2, 'same'), image()),
  MaxPoolWithArgmax: () => tf.maxPoolWithArgmax(image(), 2, 2, 'valid').result,
  Maximum: () => tf.maximum(x(), 0.3),
  Mean: () => tf.mean(x(), 1),
  Min: () => tf.min(x(), 1),
  Minimum: () => tf.minimum(x(), 0.3),
  MirrorPad: () =>
    tf.mirrorPad(
      x(),
      [
        [1, 0],
        [0, 1],
      ],
      'reflect',
    ),
  Mod: () => tf.mod(x(), 0.47),
  Multiply: () => tf.mul(x(), 0.3),
  Neg: () => tf.neg(x()),
  OneHot: () => tf.oneHot(ints([1, 0]), 3, 0.1, 0.7, 'float32'),
  Pack: () => tf.stack([x(), small()]),
  PadV2: () => tf.pad(x(), [[1, 0], [0, 1]], 0.1), // prettier-ignore
  Pow: () => tf.pow(positive(), 1.3),
  Prelu: () => tf.prelu(x(), tf.tensor2d([[0.1]])),
  Prod: () => tf.prod(x(), 1),
  RaggedGather: () =>
    tf.raggedGather([ints([0, 2, 3])], tf.tensor1d([0.1, 0.2, 0.7]), ints([1, 0]), 1).outputDenseValues,
  Range: () => tf.range(0.1, 1, 0.3),
  Real: () => tf.real(complex()),
  RealDiv: () => tf.div(x(), 3),
  Reciprocal: () => tf.reciprocal(x()),
  Relu: () => tf.relu(x()),
  Relu6: () => tf.relu6(x()),
  Reshape: () => tf.reshape(x(), [3, 2]),
  ResizeBilinear: () => tf.image.resizeBilinear(image(), [5, 7]),
  ResizeBilinearGrad: () => slope((v) => tf.image.resizeBilinear(v as tf.Tensor4D, [5, 7]), image()),
  ResizeNearestNeighbor: () => tf.image.resizeNearestNeighbor(image(), [5, 7]),
  ResizeNearestNeighborGrad: () =>
    slope((v) => tf.image.resizeNearestNeighbor(v as tf.Tensor4D, [5, 7]), image()),
  Reverse: () => tf.reverse(x(), 1),
  RotateWithOffset: () => tf.image.rotateWithOffset(image(), 0.3, 0.1),
  Rsqrt: () => tf.rsqrt(positive()),
  ScatterNd: () => tf.scatterND(tf.tensor2d([1, 0], [2, 1], 'int32'), tf.tensor1d([0.1, 0.2]), [3]),
  Select: () => tf.where(tf.greater(x(), 0), x(), 0.1),
  Selu: () => tf.selu(x()),
  Sigmoid: () => tf.sigmoid(x()),
  Sin: () => tf.sin(x()),
  Sinh: () => tf.sinh(x()),
  Slice: () => tf.slice(x(), [0, 1], [2, 2]),
  Softmax: () => tf.softmax(x()),
  Softplus: () => tf.softplus(x()),
  SpaceToBatchND: () =>
    tf.spaceToBatchND(
      image(),
      [2, 2],
      [
        [0, 0],
        [0, 0],
      ],
    ),
  SparseFillEmptyRows: () => {
    const { outputValues } = tf.sparse.sparseFillEmptyRows(
      tf.tensor2d([0, 0, 2, 1], [2, 2], 'int32'),
      tf.tensor1d([0.1, 0.7]),
      ints([3, 2]),
      tf.scalar(0.3),
    ) as unknown as { outputValues: tf.Tensor };
    return outputValues;
  },
  SparseSegmentMean: () => tf.sparse.sparseSegmentMean(x(), ints([0, 1]), ints([0, 0])),
  SparseSegmentSum: () => tf.sparse.sparseSegmentSum(x(), ints([0, 1]), ints([0, 0])),
  SparseToDense: () => tf.sparseToDense(ints([1, 2]), tf.tensor1d([0.1, 0.7]), [4], 0.3),
  SplitV: () => tf.split(x(), 3, 1),
  Sqrt: () => tf.sqrt(positive()),
  Square: () => tf.square(x()),
  SquaredDifference: () => tf.squaredDifference(x(), 0.3),
  Step: () => tf.step(x(), 0.1),
  StridedSlice: () => tf.stridedSlice(x(), [0, 0], [2, 3], [1, 2]),
  Sub: () => tf.sub(x(), 0.3),
  Sum: () => tf.sum(x()),
  Tan: () => tf.tan(x()),
  Tanh: () => tf.tanh(x()),
  TensorScatterUpdate: () =>
    tf.tensorScatterUpdate(x(), tf.tensor2d([1], [1, 1], 'int32'), tf.tensor2d([[0.1, 0.2, 0.7]])),
  Tile: () => tf.tile(x(), [2, 1]),
  TopK: () => tf.topk(x(), 2).values,
  Transform: () =>
    tf.image.transform(
      tf.slice(image(), 0, 1),
      tf.tensor2d([[0.9, 0.1, 0.3, -0.1, 0.8, 0.2, 0, 0]]),
      'bilinear',
    ),
  Transpose: () => tf.transpose(x()),
  Unique: () => tf.unique(tf.tensor1d([0.1, 0.7, 0.1])).values,
  Unpack: () => tf.unstack(x()),
  UnsortedSegmentSum: () => tf.unsortedSegmentSum(x(), ints([1, 0]), 2),
  _FusedMatMul: () =>
    tf.fused.matMul({ a: x(), b: positive(), transposeB: true, bias: tf.scalar(0.1), activation: 'elu' }),
  RaggedRange: () =>
    tf.raggedRange(tf.tensor1d([0.1, 0.2]), tf.tensor1d([1, 2]), tf.tensor1d([0.3, 0.7])).rtDenseValues,
  RaggedTensorToTensor: () =>
    tf.raggedTensorToTensor(
      ints([2, 2]),
      tf.tensor1d([0.1, 0.2, 0.7]),
      tf.scalar(0.3),
      [ints([0, 2, 3])],
      ['ROW_SPLITS'],
    ),
};

/** Kernels whose result is whole numbers, strings or random draws: it has no precision to lose. */
const others: Record<string, string> = {
  ...Object.fromEntries(
    ['All', 'Any', 'Equal', 'Greater', 'GreaterEqual', 'IsFinite', 'IsInf', 'IsNan', 'Less', 'LessEqual'].map(
      (name) => [name, 'bool'],
    ),
  ),
  ...Object.fromEntries(['LogicalAnd', 'LogicalNot', 'LogicalOr', 'NotEqual'].map((name) => [name, 'bool'])),
  ...Object.fromEntries(
    ['ArgMax', 'ArgMin', 'BitwiseAnd', 'BroadcastArgs', 'Multinomial', 'SearchSorted', 'SparseReshape'].map(
      (name) => [name, 'indices'],
    ),
  ),
  ...Object.fromEntries(
    ['NonMaxSuppressionV3', 'NonMaxSuppressionV4', 'NonMaxSuppressionV5'].map((name) => [name, 'indices']),
  ),
  ...Object.fromEntries(
    ['Ceil', 'Floor', 'FloorDiv', 'Round', 'Sign', 'OnesLike', 'ZerosLike'].map((name) => [
      name,
      'whole numbers',
    ]),
  ),
  ...Object.fromEntries(
    ['StaticRegexReplace', 'StringNGrams', 'StringSplit', 'StringToHashBucketFast'].map((name) => [
      name,
      'strings',
    ]),
  ),
  Draw: 'a picture on a canvas',
};

const listOf = (result: tf.Tensor | tf.Tensor[]): tf.Tensor[] => (Array.isArray(result) ? result : [result]);
const numbers = (result: tf.Tensor | tf.Tensor[]): number[] =>
  listOf(result).flatMap((tensor) => Array.from(tensor.dataSync()));

test('every kernel of the cpu backend is in the table, and nothing else', () => {
  const registered = tf.getKernelsForBackend('cpu').map(({ kernelName }) => kernelName);
  expect([...Object.keys(real), ...Object.keys(others)].sort()).toEqual(registered.sort());
});

/** Wrong in TensorFlow.js 4.22: borders of a padded average, and images after the first of a batch. */
const wrongUpstream = ['AvgPoolGrad', 'AvgPool3DGrad', 'ResizeNearestNeighborGrad'];

describe('a kernel in double precision', () => {
  test.each(Object.entries(real))('%s', (name, make) => {
    const ran = new Set<string>();
    const double = observingKernels(
      (kernelName) => ran.add(kernelName),
      () => numbers(make()),
    );
    expect([...ran]).toContain(name);
    expect(double.some((value) => Math.fround(value) !== value)).toBe(true);
    const single = tf.tidy(() => numbers(make()));
    // The same computation in float32 does not pass for one in double, and is what it rounds to.
    // ResizeNearestNeighborGrad returns a plain array, which is not rounded on the cpu backend either.
    if (name !== 'ResizeNearestNeighborGrad') {
      expect(single.every((value) => Math.fround(value) === value)).toBe(true);
    }
    const difference = mismatch(double, single, { maxRelativeToLargest: 1e-5, relative: 1e-5 });
    if (wrongUpstream.includes(name)) expect(difference).toBeDefined();
    else expect(difference).toBeUndefined();
  });
});

describe('against numpy and PyTorch in double precision', () => {
  const golden = JSON.parse(
    readFileSync(new URL('../fixtures/kernels.json', import.meta.url), 'utf8'),
  ) as Record<string, number[]>;
  const tolerance = { relative: 1e-12, maxRelativeToLargest: 1e-15 };
  test('for every kernel of the table', () => {
    expect(Object.keys(golden).sort()).toEqual(Object.keys(real).sort());
  });

  test.each(Object.entries(golden))('%s', (name, expected) => {
    const double = inFloat64(() => numbers(real[name]()));
    expect(mismatch(double, expected, tolerance)).toBeUndefined();
    // Whoever rounds once to float32 on the way is off by more.
    expect(mismatch(double.map(Math.fround), expected, tolerance)).toBeDefined();
  });
});

test('the store is empty again', () => {
  const before = tf.memory().numTensors;
  inFloat64(() => void numbers(real.Sin()));
  expect(tf.memory().numTensors).toBe(before);
});
