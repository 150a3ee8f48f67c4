/**
 * Values that TensorFlow.js gets wrong or refuses, somewhere, and that are right with the fixes on every backend: in each case a function of
 * TensorFlow.js and what it gives by a closed form, which stands beside it. Nothing here needs Node: a page runs it too.
 */
import * as tf from '@tensorflow/tfjs';

type F = (x: tf.Tensor) => tf.Tensor;

export interface Value {
  name: string;
  /** The number of TensorFlow.js. */
  get: () => tf.Tensor | tf.Tensor[];
  wanted: readonly number[];
  /** Why WebGL's own arithmetic does not have it. */
  notOnWebgl?: string;
}

const row = (...x: number[]): tf.Tensor1D => tf.tensor1d(x);
const sum = (x: tf.Tensor): tf.Tensor => tf.sum(x);
/** `Σ x·w` over all entries in their order. */
const dot = (x: tf.Tensor, ...w: number[]): tf.Tensor => tf.sum(tf.mul(tf.reshape(x, [-1]), row(...w)));
const ramp = (shape: number[], from = 1): tf.Tensor => {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Array.from({ length: size }, (_, i) => from + i),
    shape,
  );
};
const d = (f: F, x: tf.Tensor): tf.Tensor => tf.grad(f)(x);
/** The derivative of the sum of the derivatives. */
const dd = (f: F, x: tf.Tensor): tf.Tensor => tf.grad((y) => sum(tf.grad(f)(y)))(x);
const ddd = (f: F, x: tf.Tensor): tf.Tensor => tf.grad((y) => sum(tf.grad((z) => sum(tf.grad(f)(z)))(y)))(x);
const each = (x: readonly number[], f: (x: number) => number): number[] => x.map(f);
const σ = (x: number): number => 1 / (1 + Math.exp(-x));

/** What a model of this layer alone gives. */
function inModel(layer: tf.layers.Layer, x: tf.Tensor, training = false): tf.Tensor {
  const model = tf.sequential({ layers: [layer] });
  const y = model.apply(x, { training }) as tf.Tensor;
  model.dispose();
  return y;
}

const at = [0.7, -1.2, 0.3];

const ints = (values: number[], shape: number[] = [values.length]): tf.Tensor =>
  tf.tensor(values, shape, 'int32');

const second: Value[] = [
  { name: 'exp″', get: () => dd(tf.exp, row(...at)), wanted: each(at, Math.exp) },
  { name: 'expm1″', get: () => dd(tf.expm1, row(...at)), wanted: each(at, Math.exp) },
  {
    name: 'sigmoid″',
    get: () => dd(tf.sigmoid, row(...at)),
    wanted: each(at, (x) => σ(x) * (1 - σ(x)) * (1 - 2 * σ(x))),
  },
  {
    name: 'tanh‴',
    get: () => ddd(tf.tanh, row(...at)),
    wanted: each(at, (x) => {
      const t = Math.tanh(x);
      return (1 - t * t) * (6 * t * t - 2);
    }),
  },
  {
    name: 'elu″',
    get: () => dd(tf.elu, row(...at)),
    wanted: each(at, (x) => (x > 0 ? 0 : Math.exp(x))),
  },
  {
    name: 'selu″',
    get: () => dd(tf.selu, row(...at)),
    wanted: each(at, (x) => (x > 0 ? 0 : 1.0507009873554805 * 1.6732632423543772 * Math.exp(x))),
  },
  {
    name: 'softplus″',
    get: () => dd(tf.softplus, row(...at)),
    wanted: each(at, (x) => σ(x) * (1 - σ(x))),
  },
  {
    name: 'logSigmoid″ of 2x',
    get: () => dd((x) => tf.logSigmoid(tf.mul(x, 2)), row(...at)),
    wanted: each(at, (x) => -4 * σ(2 * x) * (1 - σ(2 * x))),
  },
  { name: 'sqrt″', get: () => dd(tf.sqrt, row(4, 9)), wanted: [-1 / 32, -1 / 108] },
  { name: 'rsqrt″', get: () => dd(tf.rsqrt, row(4, 1)), wanted: [0.75 / 32, 0.75] },
  { name: '(x³)‴', get: () => ddd((x) => tf.pow(x, 3), row(-2, 0, 5)), wanted: [6, 6, 6] },
  {
    name: 'softmax: (Σ w·p)″ by the first of two logits',
    get: () => tf.grad((x) => dot(tf.grad((y) => dot(tf.softmax(y), 1, 0))(x), 1, 0))(row(0.4, -0.6)),
    wanted: [1, -1].map((s) => s * σ(1) * (1 - σ(1)) * (1 - 2 * σ(1))),
  },
  {
    name: 'logSoftmax″',
    get: () => tf.grad((x) => dot(tf.grad((y) => dot(tf.logSoftmax(y), 1, 0))(x), 1, 0))(row(0.4, -0.6)),
    wanted: [1, -1].map((s) => -s * σ(1) * (1 - σ(1))),
  },
  {
    name: 'logSumExp″',
    get: () => tf.grad((x) => dot(tf.grad((y) => tf.logSumExp(y))(x), 1, 0))(row(0.4, -0.6)),
    wanted: [1, -1].map((s) => s * σ(1) * (1 - σ(1))),
  },
  {
    name: 'leakyRelu of squares″',
    get: () => dd((x) => tf.leakyRelu(tf.square(x), 0.1), row(2, -3)),
    wanted: [2, 2],
  },
  {
    name: 'a gradient penalty: (|∇ tanh(w·x)| - 1)² by w',
    get: () =>
      d((w) => tf.square(tf.sub(tf.norm(tf.grad((x) => sum(tf.tanh(tf.mul(w, x))))(row(0.5))), 1)), row(2)),
    // s = w(1 - t²), t = tanh 1: 2(s - 1)·(1 - t²)(1 - 2·w·x·t).
    wanted: [2 * (2 * (1 - Math.tanh(1) ** 2) - 1) * (1 - Math.tanh(1) ** 2) * (1 - 2 * Math.tanh(1))],
  },
  {
    name: 'a convolution squared, twice by its filter',
    get: () =>
      dd(
        (w) => tf.square(tf.conv2d(ramp([1, 1, 3, 1]) as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid')),
        tf.tensor4d([1, 1], [1, 2, 1, 1]),
      ),
    // 2·Σ x_i(x_i + x_{i+1}), 2·Σ x_{i+1}(x_i + x_{i+1}).
    wanted: [2 * (3 + 10), 2 * (6 + 15)],
  },
  {
    name: 'avgPool squared, twice',
    get: () =>
      dd((x) => tf.square(tf.avgPool(x as tf.Tensor4D, [1, 2], [1, 2], 'valid')), ramp([1, 1, 4, 1])),
    wanted: [1, 1, 1, 1],
  },
  {
    name: 'maxPool squared, twice',
    get: () =>
      dd((x) => tf.square(tf.maxPool(x as tf.Tensor4D, [1, 2], [1, 2], 'valid')), ramp([1, 1, 4, 1], -3)),
    wanted: [0, 2, 0, 2],
  },
  {
    name: 'resizeBilinear squared, twice',
    get: () =>
      dd((x) => tf.square(tf.image.resizeBilinear(x as tf.Tensor4D, [1, 3], true)), ramp([1, 1, 2, 1])),
    // Ends and the mean: 2 + 2·½·(½ + ½).
    wanted: [3, 3],
  },
  {
    name: 'localResponseNormalization″ of one channel',
    get: () =>
      dd(
        (x) => tf.localResponseNormalization(x as tf.Tensor4D, 1, 1, 1, 1),
        tf.tensor4d([0.5], [1, 1, 1, 1]),
      ),
    // x/(1 + x²): 2x(x² - 3)/(1 + x²)³.
    wanted: [(2 * 0.5 * (0.25 - 3)) / 1.25 ** 3],
  },
];

const first: Value[] = [
  {
    name: 'cumsum down the rows, backwards, without itself',
    get: () => d((x) => dot(tf.cumsum(x, -2, true, true), 1, 2, 3, 4, 5, 6), ramp([3, 2])),
    wanted: [0, 0, 1, 2, 4, 6],
  },
  {
    name: 'cumprod with two zeros',
    get: () => d((x) => sum(tf.cumprod(x)), row(3, 0, 2, 0)),
    wanted: [1, 9, 0, 0],
  },
  {
    name: 'prod along a negative axis',
    get: () =>
      d(
        (x) => sum(tf.prod(x, -1)),
        tf.tensor2d([
          [2, 3],
          [0, 5],
        ]),
      ),
    wanted: [3, 2, 5, 0],
  },
  { name: 'prod, twice', get: () => dd((x) => tf.prod(x), row(2, 3, 4)), wanted: [7, 6, 5] },
  {
    name: 'max, three at a tie',
    get: () => d((x) => tf.max(x), row(2, 2, 1, 2)),
    wanted: [1 / 3, 1 / 3, 0, 1 / 3],
  },
  {
    name: 'mirrorPad of rows',
    get: () =>
      d(
        (x) =>
          dot(
            tf.mirrorPad(
              x,
              [
                [0, 0],
                [1, 1],
              ],
              'reflect',
            ),
            1,
            2,
            3,
            4,
            5,
          ),
        ramp([1, 3]),
      ),
    wanted: [2, 1 + 3 + 5, 4],
  },
  {
    name: 'minimum with a column',
    get: () =>
      tf.grads((a, b) => dot(tf.minimum(a, b), 1, 2, 3, 4))([
        tf.tensor2d([
          [1, 5],
          [3, 9],
        ]),
        tf.tensor2d([[2], [4]]),
      ]),
    wanted: [1, 0, 3, 0, 2, 4],
  },
  {
    name: 'squaredDifference with a number',
    get: () => tf.grads((a, b) => sum(tf.squaredDifference(a, b)))([row(1, 2, 4), tf.scalar(1)]),
    wanted: [0, 2, 6, -8],
  },
  {
    name: 'prelu with one slope a row',
    get: () =>
      tf.grads((x, a) => sum(tf.prelu(x, a)))([
        tf.tensor2d([
          [-1, 2],
          [3, -4],
        ]),
        tf.tensor2d([[0.5], [0.25]]),
      ]),
    wanted: [0.5, 1, 1, 0.25, -1, -4],
  },
  {
    name: 'cast of a comparison',
    get: () => d((x) => sum(tf.mul(x, tf.cast(tf.greaterEqual(x, 1), 'float32'))), row(0.5, 2)),
    wanted: [0, 1],
  },
  {
    name: 'where of a comparison',
    get: () => d((x) => sum(tf.where(tf.notEqual(x, 2), tf.square(x), tf.neg(x))), row(2, 3)),
    wanted: [-1, 6],
  },
  { name: 'floorDiv', get: () => d((x) => sum(tf.add(tf.floorDiv(x, 2), x)), row(5, -3)), wanted: [1, 1] },
  {
    name: 'split in one',
    get: () => d((x) => dot(tf.split(x, 1, 1)[0], 1, 2), ramp([1, 2])),
    wanted: [1, 2],
  },
  {
    name: 'tile of five axes',
    get: () => d((x) => sum(tf.tile(x, [2, 1, 1, 1, 3])), ramp([1, 1, 1, 2, 1])),
    wanted: [6, 6],
  },
  {
    name: 'tile of a number',
    get: () => d((x) => sum(tf.mul(tf.tile(x, []), 3)), tf.scalar(2)),
    wanted: [3],
  },
  {
    name: 'stridedSlice with an end from behind',
    get: () => d((x) => dot(tf.stridedSlice(x, [1, 0], [3, -1], [1, 2]), 1, 2, 3, 4), ramp([3, 4])),
    wanted: [0, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0],
  },
  {
    name: 'topk in rows',
    get: () =>
      d(
        (x) => dot(tf.topk(x, 1).values, 2, 3),
        tf.tensor2d([
          [1, 4],
          [7, 3],
        ]),
      ),
    wanted: [0, 2, 3, 0],
  },
  {
    name: 'gatherND of entries',
    get: () => d((x) => dot(tf.gatherND(x, ints([1, 0, 0, 1], [2, 2])), 5, 7), ramp([2, 2])),
    wanted: [0, 7, 5, 0],
  },
  {
    name: 'scatterND of rows',
    get: () => d((x) => dot(tf.scatterND(ints([2, 0], [2, 1]), x, [3, 2]), 1, 2, 3, 4, 5, 6), ramp([2, 2])),
    wanted: [5, 6, 1, 2],
  },
  {
    name: 'tensorScatterUpdate',
    get: () =>
      tf.grads((x, u) => dot(tf.tensorScatterUpdate(x, ints([1], [1, 1]), u), 2, 3, 5))([
        row(1, 2, 3),
        row(9),
      ]),
    wanted: [2, 0, 5, 3],
  },
  {
    name: 'sparseToDense',
    get: () => d((x) => dot(tf.sparseToDense(ints([1, 3]), x, [4]), 1, 2, 3, 4), row(5, 6)),
    wanted: [2, 4],
  },
  {
    name: 'sparseSegmentMean',
    get: () =>
      d(
        (x) =>
          dot(
            tf.sparse.sparseSegmentMean(x, ints([0, 2, 1]) as tf.Tensor1D, ints([0, 0, 1]) as tf.Tensor1D),
            2,
            3,
          ),
        ramp([3, 1]),
      ),
    wanted: [1, 3, 1],
  },
  {
    name: 'raggedGather',
    get: () =>
      d(
        (x) => dot(tf.raggedGather([ints([0, 1, 3])], x, ints([1]), 1).outputDenseValues, 4, 5),
        row(7, 8, 9),
      ),
    wanted: [0, 4, 5],
  },
  { name: 'diag', get: () => d((x) => dot(tf.diag(x), 1, 2, 3, 4), row(5, 6)), wanted: [1, 4] },
  {
    name: 'depthToSpace',
    get: () => d((x) => dot(tf.depthToSpace(x as tf.Tensor4D, 2), 1, 2, 3, 4), ramp([1, 1, 1, 4])),
    wanted: [1, 2, 3, 4],
  },
  {
    name: 'flipLeftRight',
    get: () => d((x) => dot(tf.image.flipLeftRight(x as tf.Tensor4D), 1, 2, 3), ramp([1, 1, 3, 1])),
    wanted: [3, 2, 1],
  },
  { name: 'unique', get: () => d((x) => dot(tf.unique(x).values, 2, 3), row(4, 5, 4)), wanted: [1, 3, 1] },
  {
    name: 'bincount by weights',
    get: () =>
      d((w) => dot(tf.bincount(ints([1, 0, 1]) as tf.Tensor1D, w as tf.Tensor1D, 2), 3, 5), row(1, 1, 1)),
    wanted: [5, 3, 5],
  },
  { name: 'norm at 0', get: () => d((x) => tf.norm(x), row(0, 0)), wanted: [0, 0] },
  {
    name: 'divNoNan by 0',
    get: () => tf.grads((a, b) => sum(tf.divNoNan(a, b)))([row(1, 6), row(0, 2)]),
    wanted: [0, 0.5, 0, -1.5],
  },
  {
    name: 'einsum of one tensor, itself',
    get: () => d((x) => dot(tf.einsum('ij->ji', x), 1, 2, 3, 4), ramp([2, 2])),
    wanted: [1, 3, 2, 4],
  },
  {
    name: 'einsum ij,jk->',
    get: () => tf.grads((a, b) => tf.einsum('ij,jk->', a, b))([ramp([2, 2]), ramp([2, 1], 5)]),
    wanted: [5, 6, 5, 6, 4, 6],
  },
  {
    name: 'einsum with a batch',
    get: () =>
      d(
        (a) =>
          sum(
            tf.einsum(
              'bij,bj->bi',
              a,
              tf.tensor2d([
                [1, 2],
                [3, 4],
              ]),
            ),
          ),
        ramp([2, 1, 2]),
      ),
    wanted: [1, 2, 3, 4],
  },
  {
    name: 'matMul with a batch that is broadcast',
    get: () => tf.grads((a, b) => sum(tf.matMul(a, b)))([ramp([2, 1, 2]), ramp([1, 2, 1], 5)]),
    wanted: [5, 6, 5, 6, 4, 6],
  },
  {
    name: 'softmaxCrossEntropy by labels that do not sum to 1',
    get: () =>
      tf.grads((t, x) => tf.losses.softmaxCrossEntropy(t, x))([tf.tensor2d([[2, 1]]), tf.tensor2d([[0, 1]])]),
    // -log p, and 3p - t.
    wanted: [Math.log(1 + Math.E), Math.log(1 + 1 / Math.E), 3 * σ(-1) - 2, 3 * σ(1) - 1],
  },
  {
    name: 'fused.conv2d of an image without a batch, dilated',
    get: () =>
      d(
        (x) =>
          sum(
            tf.fused.conv2d({
              x: x as tf.Tensor3D,
              filter: tf.tensor4d([2, 3], [1, 2, 1, 1]),
              strides: 1,
              pad: 'valid',
              dilations: [1, 2],
              activation: 'relu',
            }),
          ),
        ramp([1, 3, 1]),
      ),
    wanted: [2, 0, 3],
  },
  {
    name: 'depthwiseConv2d, dilated',
    get: () =>
      d(
        (x) =>
          sum(
            tf.depthwiseConv2d(
              x as tf.Tensor4D,
              tf.tensor4d([2, 3], [2, 1, 1, 1]),
              1,
              'valid',
              'NHWC',
              [2, 1],
            ),
          ),
        ramp([1, 3, 1, 1]),
      ),
    wanted: [2, 0, 3],
  },
  {
    name: 'conv3d with a stride, by the filter',
    get: () =>
      d(
        (w) =>
          dot(
            tf.conv3d(ramp([1, 3, 1, 3, 1]) as tf.Tensor5D, w as tf.Tensor5D, [2, 1, 2], 'valid'),
            1,
            10,
            100,
            1000,
          ),
        tf.ones([1, 1, 1, 1, 1]),
      ),
    wanted: [1 + 30 + 700 + 9000],
  },
  {
    name: 'conv3dTranspose',
    get: () =>
      d(
        (x) =>
          sum(
            tf.conv3dTranspose(
              x as tf.Tensor5D,
              ramp([1, 1, 2, 1, 1]) as tf.Tensor5D,
              [1, 1, 1, 3, 1],
              1,
              'valid',
            ),
          ),
        ramp([1, 1, 1, 2, 1]),
      ),
    wanted: [3, 3],
  },
  {
    name: 'conv2dTranspose with a stride, by the filter',
    get: () =>
      d(
        (w) =>
          dot(
            tf.conv2dTranspose(
              ramp([1, 1, 2, 1]) as tf.Tensor4D,
              w as tf.Tensor4D,
              [1, 1, 4, 1],
              [1, 2],
              'valid',
            ),
            1,
            2,
            3,
            4,
          ),
        ramp([1, 2, 1, 1]),
      ),
    wanted: [1 + 6, 2 + 8],
  },
  {
    name: 'avgPool at the border',
    get: () => d((x) => sum(tf.avgPool(x as tf.Tensor4D, [1, 3], 1, 'same')), ramp([1, 1, 3, 1])),
    // Means of 2, 3 and 2 entries.
    wanted: [5 / 6, 4 / 3, 5 / 6],
  },
  {
    name: 'maxPool of negative numbers',
    get: () =>
      d(
        (x) => dot(tf.maxPool(x as tf.Tensor4D, [1, 2], 1, 'valid'), 2, 3),
        tf.tensor4d([-3, -1, -2], [1, 1, 3, 1]),
      ),
    wanted: [0, 5, 0],
  },
  {
    name: 'maxPool3d of an oblong window',
    get: () =>
      d(
        (x) => dot(tf.maxPool3d(x as tf.Tensor5D, [1, 1, 2], [1, 1, 2], 'valid'), 2, 3),
        tf.tensor5d([1, 4, 9, 3], [1, 1, 1, 4, 1]),
      ),
    wanted: [0, 2, 3, 0],
  },
  {
    name: 'avgPool3d, same',
    get: () => d((x) => sum(tf.avgPool3d(x as tf.Tensor5D, [1, 1, 2], 1, 'same')), ramp([1, 1, 1, 3, 1])),
    wanted: [0.5, 1, 1.5],
  },
  {
    name: 'dilation2d',
    get: () =>
      tf.grads((x, w) => dot(tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, 1, 'valid'), 2, 3))([
        tf.tensor4d([1, 5, 2], [1, 1, 3, 1]),
        tf.tensor3d([0, 1], [1, 2, 1]),
      ]),
    // 5 + 1, and 5 + 0.
    wanted: [0, 5, 0, 3, 2],
  },
  {
    name: 'resizeNearestNeighbor of an oblong image',
    get: () =>
      d((x) => dot(tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [1, 4]), 1, 2, 3, 4), ramp([1, 1, 2, 1])),
    wanted: [3, 7],
  },
  {
    name: 'resizeBilinear of an oblong image, its corners aligned',
    get: () =>
      d((x) => dot(tf.image.resizeBilinear(x as tf.Tensor4D, [1, 3], true), 1, 10, 100), ramp([1, 1, 2, 1])),
    wanted: [6, 105],
  },
  {
    name: 'cropAndResize',
    get: () =>
      d(
        (x) =>
          sum(
            tf.image.cropAndResize(
              x as tf.Tensor4D,
              tf.tensor2d([[0, 0, 1, 1]]),
              ints([0]) as tf.Tensor1D,
              [1, 3],
            ),
          ),
        ramp([1, 1, 2, 1]),
      ),
    wanted: [1.5, 1.5],
  },
  {
    name: 'transform: a shift by one pixel',
    get: () =>
      d(
        (x) => dot(tf.image.transform(x as tf.Tensor4D, tf.tensor2d([[1, 0, 1, 0, 1, 0, 0, 0]])), 1, 2, 3),
        ramp([1, 1, 3, 1]),
      ),
    wanted: [0, 1, 2],
  },
  {
    name: 'batchNorm without offset, by everything',
    get: () =>
      tf.grads((x, m, v, s) => dot(tf.batchNorm(x, m, v, undefined, s, 1), 1, 2))([
        tf.tensor2d([[3], [5]]),
        row(1),
        row(3),
        row(2),
      ]),
    // (x - m)·s/√(v + ε), the root 2: by v -(x - m)·s/16.
    wanted: [1, 2, -3, -(2 + 8) / 8, 1 + 4],
  },
  {
    name: 'a row with a number for pad, by the row',
    get: () =>
      d((x) => sum(tf.conv1d(x as tf.Tensor3D, ramp([3, 1, 1]) as tf.Tensor3D, 1, 1)), ramp([1, 3, 1])),
    wanted: [3, 6, 5],
  },
  {
    name: 'the same tensor three times',
    get: () => {
      const x = tf.scalar(2);
      return tf.grads((a, b, c) => tf.mul(a, tf.mul(b, tf.square(c))))([x, x, x]);
    },
    wanted: [8, 8, 16],
  },
  { name: 'the identity', get: () => d((x) => x, row(1, 2)), wanted: [1, 1] },
  {
    name: 'a customGrad that returns its input, scaled',
    get: () =>
      d(
        (x) =>
          sum(
            tf.mul(
              3,
              tf.customGrad((y) => ({ value: y as tf.Tensor, gradFunc: (dy: tf.Tensor) => tf.mul(dy, 5) }))(
                x,
              ),
            ),
          ),
        row(1),
      ),
    wanted: [15],
  },
];

const complex: Value[] = [
  {
    name: 'Σ |fft|² by the real part',
    get: () =>
      d((x) => sum(tf.square(tf.abs(tf.spectral.fft(tf.complex(x, tf.zerosLike(x)))))), row(1, 2, 3, 4)),
    wanted: [8, 16, 24, 32],
  },
  {
    name: 'Σ |rfft|² of three',
    get: () =>
      d(
        (x) => {
          const z = tf.spectral.rfft(x);
          return tf.add(sum(tf.square(tf.real(z))), sum(tf.square(tf.imag(z))));
        },
        row(1, 0, 0),
      ),
    wanted: [4, 1, 1],
  },
  {
    name: 'irfft of a pair',
    get: () => d((x) => dot(tf.spectral.irfft(tf.complex(x, tf.zerosLike(x))), 1, 2), row(1, 2)),
    wanted: [1.5, -0.5],
  },
  {
    name: '|z|² of a product',
    get: () =>
      tf.grads((a, b) => sum(tf.square(tf.abs(tf.mul(tf.complex(a, b), tf.complex(row(3), row(4)))))))([
        row(1),
        row(2),
      ]),
    wanted: [50, 100],
  },
];

const values: Value[] = [
  {
    name: 'norm by negative axes, ord 1',
    get: () => tf.norm(tf.tensor3d([1, -2, 3, 4, -5, 6, 7, 8], [2, 2, 2]), 1, [-2, -1]),
    wanted: [6, 14],
  },
  {
    name: 'norm by mixed axes, ord ∞',
    get: () => tf.norm(tf.tensor3d([1, -2, 3, 4, -5, 6, 7, 8], [2, 2, 2]), Infinity, [0, -1]),
    wanted: [11, 15],
  },
  {
    name: 'logSumExp of ∞',
    get: () =>
      tf.logSumExp(
        tf.tensor2d([
          [Infinity, 1],
          [0, 0],
          [-Infinity, 2],
        ]),
        1,
      ),
    wanted: [Infinity, Math.LN2, 2],
  },
  {
    name: 'logSumExp of -∞ alone',
    get: () => tf.logSumExp(row(-Infinity, -Infinity)),
    wanted: [-Infinity],
    notOnWebgl: 'its maximum begins with -1e20',
  },
  {
    name: 'depthwiseConv2d, channels first',
    get: () =>
      tf.depthwiseConv2d(
        ramp([1, 1, 2, 3]) as tf.Tensor4D,
        tf.tensor4d([2], [1, 1, 1, 1]),
        1,
        'same',
        'NCHW',
      ),
    wanted: [2, 4, 6, 8, 10, 12],
  },
  {
    name: 'batchNorm of means in rows',
    get: () =>
      tf.batchNorm(
        tf.tensor2d([
          [1, 2],
          [3, 4],
        ]),
        tf.tensor2d([[1], [2]]),
        tf.tensor2d([[3], [0]]),
        tf.tensor2d([[0], [1]]),
        tf.tensor2d([[2], [1]]),
        1,
      ),
    wanted: [0, 1, 2, 3],
  },
  {
    name: 'matMul, both broadcast',
    get: () => tf.matMul(ramp([2, 1, 1, 2]), ramp([1, 2, 2, 1])),
    wanted: [5, 11, 11, 25],
  },
  {
    name: 'cumprod along the last axis',
    get: () => tf.cumprod(ramp([2, 3]), -1),
    wanted: [1, 2, 6, 4, 20, 120],
  },
  {
    name: 'conv3d, same, stride 2, a window of one',
    get: () => tf.conv3d(ramp([1, 1, 1, 4, 1]) as tf.Tensor5D, tf.ones([1, 1, 1, 1, 1]), 2, 'same'),
    wanted: [1, 3],
  },
  {
    name: 'irfft of a vector',
    get: () => tf.spectral.irfft(tf.complex(row(3, 1), row(0, 0))),
    wanted: [2, 1],
  },
  {
    name: 'sign of NaN',
    get: () => tf.sign(row(NaN, -2)),
    wanted: [NaN, -1],
    notOnWebgl: 'its shader does not look for NaN',
  },
  {
    name: 'sin near 0',
    get: () => tf.mul(tf.sin(row(0.001)), 1000),
    wanted: [1000 * Math.sin(Math.fround(0.001))],
    notOnWebgl: 'GLSL has sines of few digits',
  },
  {
    name: 'oneHot of numbers',
    get: () => tf.oneHot(ints([1, 0]), 2, 3, 0.5, 'float32'),
    wanted: [0.5, 3, 3, 0.5],
  },
  {
    name: 'layers.depthwiseConv2d with a dilationRate',
    get: () => {
      const layer = tf.layers.depthwiseConv2d({
        kernelSize: 2,
        dilationRate: 2,
        depthwiseInitializer: 'ones',
        useBias: false,
      });
      const y = layer.apply(ramp([1, 3, 4, 1])) as tf.Tensor;
      layer.dispose();
      return y;
    },
    wanted: [1 + 3 + 9 + 11, 2 + 4 + 10 + 12],
  },
  {
    name: 'layers.batchNormalization without scale, in training',
    get: () => {
      const layer = tf.layers.batchNormalization({ scale: false, epsilon: 0 });
      const y = layer.apply(tf.tensor2d([[1], [3]]), { training: true }) as tf.Tensor;
      layer.dispose();
      return y;
    },
    wanted: [-1, 1],
  },
  {
    name: 'layers.concatenate along the last axis but one',
    get: () => tf.layers.concatenate({ axis: -2 }).apply([ramp([1, 1, 2]), ramp([1, 2, 2], 3)]) as tf.Tensor,
    wanted: [1, 2, 3, 4, 5, 6],
  },
  {
    name: 'layers.resizing in a model, and its gradient',
    get: () => {
      const resized = (x: tf.Tensor): tf.Tensor =>
        inModel(tf.layers.resizing({ height: 1, width: 4, inputShape: [2, 2, 1] }), x);
      const x = ramp([1, 2, 2, 1]);
      return [resized(x), d((z) => dot(resized(z), 1, 10, 100, 1000), x)];
    },
    wanted: [2, 2.25, 2.75, 3, 16.75, 538.75, 16.75, 538.75],
  },
  {
    name: 'layers.resizing with cropToAspectRatio',
    get: () =>
      inModel(
        tf.layers.resizing({
          height: 2,
          width: 1,
          interpolation: 'nearest',
          cropToAspectRatio: true,
          inputShape: [2, 3, 1],
        }),
        ramp([1, 2, 3, 1]),
      ),
    wanted: [2, 5],
  },
  {
    name: 'layers.centerCrop of an odd number of columns more',
    get: () =>
      inModel(tf.layers.centerCrop({ height: 2, width: 2, inputShape: [3, 3, 1] }), ramp([1, 3, 3, 1])),
    wanted: [1, 2, 4, 5],
  },
  {
    name: 'layers.centerCrop of a smaller image',
    get: () =>
      inModel(tf.layers.centerCrop({ height: 2, width: 2, inputShape: [1, 3, 1] }), ramp([1, 1, 3, 1])),
    wanted: [2, 2, 2, 2],
  },
  {
    name: 'layers.randomWidth in training and outside of it',
    get: () =>
      [true, false].map((training) =>
        inModel(
          tf.layers.randomWidth({ factor: [1, 1], inputShape: [1, 2, 1] }),
          ramp([1, 1, 2, 1]),
          training,
        ),
      ),
    wanted: [1, 1.25, 1.75, 2, 1, 2],
  },
  {
    name: 'momentum by turns',
    get: () => {
      const [a, b] = [tf.variable(tf.scalar(0)), tf.variable(tf.scalar(0))];
      const optimizer = tf.train.momentum(1, 0.5);
      for (const x of [a, b, a]) optimizer.minimize(() => tf.mul<tf.Scalar>(x, 1), false, [x]);
      const found = [tf.clone(a), tf.clone(b)];
      optimizer.dispose();
      tf.dispose([a, b]);
      return found;
    },
    wanted: [-2.5, -1],
  },
];

export const VALUES: readonly Value[] = [...second, ...first, ...complex, ...values];

/** What the cases give on the current backend, each by itself, or the error's words; and how many tensors they leave. */
export function valuesOf(): { name: string; found: number[] | string; left: number }[] {
  return VALUES.map(({ name, get }) => {
    const before = tf.memory().numTensors;
    let found: number[] | string;
    try {
      found = tf.tidy(() => {
        const made = get();
        return (Array.isArray(made) ? made : [made]).flatMap((one) => Array.from(one.dataSync()));
      });
    } catch (error) {
      found = (error as Error).message;
    }
    return { name, found, left: tf.memory().numTensors - before };
  });
}
