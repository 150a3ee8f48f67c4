/** Functions whose gradients TensorFlow.js has wrong, by the fix that mends them, with what gradcheck says of them without it. */
import * as tf from '@tensorflow/tfjs';

export type Verdict = 'right' | 'wrong' | 'unsupported';

export interface FixCase {
  /** The fix's id. */
  fix: string;
  name: string;
  f: (...x: tf.Tensor[]) => tf.Tensor;
  inputs: () => tf.Tensor[];
  /** Without any fix: of the gradient, and of its gradient. */
  stock: readonly [Verdict, Verdict];
}

const numbers = (shape: number[], seed = 1, scale = 1): tf.Tensor =>
  tf.tidy(() => {
    const size = shape.reduce((a, b) => a * b, 1);
    // Irregular, signed, no two alike, and far from whole numbers.
    const values = Array.from(
      { length: size },
      (_, i) => scale * 1.3 * Math.sin(1.7 * i + seed + 0.35 * Math.cos(3.1 * i)),
    );
    return tf.tensor(values, shape);
  });

const matrix = (): tf.Tensor => numbers([2, 3]);
const volume = (): tf.Tensor => numbers([1, 2, 3, 3, 1]);
const ints = (values: number[], shape = [values.length]): tf.Tensor => tf.tensor(values, shape, 'int32');

const wrong = 'wrong',
  unsupported = 'unsupported',
  right = 'right';

export const CASES: readonly FixCase[] = [
  // engine
  {
    fix: 'tape-order',
    name: 'x·sigmoid(x)',
    f: (x) => tf.mul(x, tf.sigmoid(x)),
    inputs: () => [matrix()],
    stock: [right, wrong],
  },
  {
    fix: 'tape-order',
    name: 'softmax',
    f: (x) => tf.softmax(x),
    inputs: () => [matrix()],
    stock: [right, wrong],
  },
  {
    fix: 'whole-numbers',
    name: 'where(x < 0, …)',
    f: (x) => tf.where(tf.less(x, 0), tf.square(x), x),
    inputs: () => [matrix()],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'whole-numbers',
    name: 'greater',
    f: (x) => tf.mul(tf.cast(tf.greater(x, 0), 'float32'), x),
    inputs: () => [matrix()],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'whole-numbers',
    name: 'cast to whole numbers',
    f: (x) => tf.mul(x, tf.cast(tf.cast(tf.mul(x, 3), 'int32'), 'float32')),
    inputs: () => [matrix()],
    stock: [wrong, wrong],
  },
  {
    fix: 'whole-numbers',
    name: 'relu6',
    f: (x) => tf.square(tf.relu6(x)),
    inputs: () => [matrix()],
    stock: [right, unsupported],
  },
  {
    fix: 'whole-numbers',
    name: 'logSumExp',
    f: (x) => tf.logSumExp(x, 1),
    inputs: () => [matrix()],
    stock: [right, unsupported],
  },
  {
    fix: 'optional-inputs',
    name: 'batchNorm with neither scale nor offset',
    f: (x, m, v) => tf.batchNorm(x, m, tf.square(v)),
    inputs: () => [matrix(), numbers([3], 2), numbers([3], 3)],
    stock: [wrong, wrong],
  },
  // elementwise
  {
    fix: 'broadcast-gradients',
    name: 'maximum',
    f: (a, b) => tf.maximum(a, b),
    inputs: () => [matrix(), numbers([3], 4)],
    stock: [wrong, wrong],
  },
  {
    fix: 'broadcast-gradients',
    name: 'squaredDifference',
    f: (a, b) => tf.squaredDifference(a, b),
    inputs: () => [numbers([2, 1], 4), matrix()],
    stock: [wrong, wrong],
  },
  {
    fix: 'floorDiv',
    name: 'floorDiv',
    f: (a, b) => tf.mul(a, tf.floorDiv(a, b)),
    inputs: () => [matrix(), tf.tensor1d([0.21, 0.43, -0.36])],
    stock: [wrong, wrong],
  },
  {
    fix: 'pow',
    name: 'pow by 1 at 0',
    f: (x) => tf.mul(x, tf.pow(x, 1)),
    inputs: () => [tf.tensor1d([-2, 0, 0.5])],
    stock: [right, wrong],
  },
  { fix: 'elu', name: 'elu', f: (x) => tf.elu(x), inputs: () => [matrix()], stock: [right, unsupported] },
  // reductions
  {
    fix: 'prod',
    name: 'prod by a negative axis',
    f: (x) => tf.prod(x, -1),
    inputs: () => [matrix()],
    stock: [wrong, wrong],
  },
  {
    fix: 'cumsum',
    name: 'cumsum by the first axis',
    f: (x) => tf.square(tf.cumsum(x, 0)),
    inputs: () => [numbers([3, 3])],
    stock: [wrong, wrong],
  },
  {
    fix: 'cumsum',
    name: 'cumsum by the middle axis, exclusive and reverse',
    f: (x) => tf.square(tf.cumsum(x, 1, true, true)),
    inputs: () => [numbers([2, 3, 2])],
    stock: [wrong, wrong],
  },
  {
    fix: 'cumprod',
    name: 'cumprod with zeros',
    f: (x) => tf.cumprod(x, 1),
    inputs: () => [
      tf.tensor2d([
        [0.3, 0, 2, 0.7, -1.1],
        [0, 0, -0.7, 1.3, 0.2],
      ]),
    ],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'cumprod',
    name: 'cumprod, exclusive and reverse',
    f: (x) => tf.cumprod(x, 0, true, true),
    inputs: () => [numbers([4, 2])],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'topk',
    name: 'topk',
    f: (x) => tf.square(tf.topk(x, 2).values),
    inputs: () => [matrix()],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'bincount',
    name: 'bincount',
    f: (w) => tf.square(tf.bincount(tf.tensor1d([1, 0, 1, 7], 'int32'), w as tf.Tensor1D, 3)),
    inputs: () => [numbers([4])],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'bincount',
    name: 'denseBincount of rows',
    f: (w) =>
      tf.square(
        tf.denseBincount(
          tf.tensor2d(
            [
              [1, 0, 1],
              [2, 2, 5],
            ],
            [2, 3],
            'int32',
          ),
          w as tf.Tensor2D,
          3,
        ),
      ),
    inputs: () => [matrix()],
    stock: [unsupported, unsupported],
  },
  // shapes
  {
    fix: 'tile',
    name: 'tile of five axes',
    f: (x) => tf.square(tf.tile(x, [1, 2, 1, 3, 2])),
    inputs: () => [numbers([2, 1, 2, 1, 2])],
    stock: [wrong, wrong],
  },
  {
    fix: 'split-one-part',
    name: 'split into one part',
    f: (x) => tf.square(tf.split(x, 1)[0]),
    inputs: () => [matrix()],
    stock: [wrong, wrong],
  },
  {
    fix: 'split-one-part',
    name: 'unstack of one row',
    f: (x) => tf.square(tf.unstack(x)[0]),
    inputs: () => [numbers([1, 3])],
    stock: [wrong, wrong],
  },
  {
    fix: 'mirrorPad',
    name: 'mirrorPad, reflecting',
    f: (x) =>
      tf.square(
        tf.mirrorPad(
          x,
          [
            [1, 0],
            [2, 1],
          ],
          'reflect',
        ),
      ),
    inputs: () => [matrix()],
    stock: [wrong, wrong],
  },
  {
    fix: 'mirrorPad',
    name: 'mirrorPad, symmetric',
    f: (x) =>
      tf.square(
        tf.mirrorPad(
          x,
          [
            [1, 2],
            [0, 3],
          ],
          'symmetric',
        ),
      ),
    inputs: () => [matrix()],
    stock: [wrong, wrong],
  },
  {
    fix: 'stridedSlice',
    name: 'stridedSlice, backwards and with a new axis',
    f: (x) => tf.square(tf.stridedSlice(x, [0, 2, 0], [2, 0, 0], [1, -1, 1], 0, 2, 0, 4)),
    inputs: () => [numbers([2, 4])],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'flipLeftRight',
    name: 'flipLeftRight',
    f: (x) => tf.mul(x, tf.image.flipLeftRight(x as tf.Tensor4D)),
    inputs: () => [numbers([1, 2, 3, 1])],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'diag',
    name: 'diag of a matrix',
    f: (x) => tf.square(tf.diag(x)),
    inputs: () => [matrix()],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'depthToSpace',
    name: 'depthToSpace',
    f: (x) => tf.square(tf.depthToSpace(x as tf.Tensor4D, 2)),
    inputs: () => [numbers([1, 2, 1, 8])],
    stock: [unsupported, unsupported],
  },
  // indexing
  {
    fix: 'gather-batches',
    name: 'gather with two axes of batches',
    f: (x) =>
      tf.square(
        tf.gather(
          x,
          tf.tensor3d(
            [
              [[1], [0], [1]],
              [[0], [0], [1]],
            ],
            [2, 3, 1],
            'int32',
          ),
          2,
          2,
        ),
      ),
    inputs: () => [numbers([2, 3, 2])],
    stock: [wrong, wrong],
  },
  {
    fix: 'gatherND',
    name: 'gatherND',
    f: (x) =>
      tf.square(
        tf.gatherND(
          x,
          tf.tensor2d(
            [
              [1, 0],
              [0, 2],
              [1, 0],
            ],
            [3, 2],
            'int32',
          ),
        ),
      ),
    inputs: () => [matrix()],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'scatterND',
    name: 'scatterND with one place twice',
    f: (x) => tf.square(tf.scatterND(tf.tensor2d([[2], [0], [2]], [3, 1], 'int32'), x, [4, 2])),
    inputs: () => [numbers([3, 2])],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'tensorScatterUpdate',
    name: 'tensorScatterUpdate',
    f: (x, u) => tf.square(tf.tensorScatterUpdate(x, tf.tensor2d([[2], [0]], [2, 1], 'int32'), u)),
    inputs: () => [numbers([4]), numbers([2], 5)],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'sparseToDense',
    name: 'sparseToDense',
    f: (v, d) => tf.square(tf.sparseToDense(tf.tensor1d([3, 1], 'int32'), v, [5], d as tf.Scalar)),
    inputs: () => [numbers([2]), tf.scalar(0.7)],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'sparse-segments',
    name: 'sparseSegmentMean',
    f: (x) =>
      tf.square(
        tf.sparse.sparseSegmentMean(
          x as tf.Tensor2D,
          ints([0, 2, 1]) as tf.Tensor1D,
          ints([0, 0, 1]) as tf.Tensor1D,
        ),
      ),
    inputs: () => [numbers([3, 2])],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'sparseFillEmptyRows',
    name: 'sparseFillEmptyRows',
    f: (x, d) =>
      tf.square(
        tf.sparse.sparseFillEmptyRows(
          [
            [0, 0],
            [0, 1],
            [2, 0],
          ],
          x as tf.Tensor1D,
          [4, 2],
          d as tf.Scalar,
        ).outputValues,
      ),
    inputs: () => [numbers([3]), tf.scalar(0.7)],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'ragged',
    name: 'raggedGather',
    f: (x) =>
      tf.square(
        tf.raggedGather([tf.tensor1d([0, 2, 5], 'int32')], x, tf.tensor1d([1, 0, 1], 'int32'), 1)
          .outputDenseValues,
      ),
    inputs: () => [numbers([5])],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'ragged',
    name: 'raggedTensorToTensor',
    f: (x, d) =>
      tf.square(tf.raggedTensorToTensor([3, 3], x, d, [tf.tensor1d([0, 2, 3, 4], 'int32')], ['ROW_SPLITS'])),
    inputs: () => [numbers([4]), tf.scalar(0.7)],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'unique',
    name: 'unique',
    f: (x) => tf.square(tf.unique(x).values),
    inputs: () => [numbers([4])],
    stock: [unsupported, unsupported],
  },
  // products
  {
    fix: 'matMul-broadcast',
    name: 'matMul with broadcast batches',
    f: (a, b) => tf.matMul(a, b),
    inputs: () => [numbers([2, 2, 3]), numbers([1, 3, 2], 3)],
    stock: [wrong, wrong],
  },
  {
    fix: 'einsum',
    name: 'einsum of a matrix and its transpose',
    f: (a, b) => tf.einsum('ij,kj->ik', a, b),
    inputs: () => [matrix(), numbers([2, 3], 5)],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'einsum',
    name: 'einsum with an axis of one factor',
    f: (a, b) => tf.einsum('bij,bk->ib', a, b),
    inputs: () => [numbers([2, 2, 2]), numbers([2, 3], 5)],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'einsum',
    name: 'einsum down to a number',
    f: (a, b) => tf.einsum('i,j->', a, b),
    inputs: () => [numbers([2]), numbers([3], 5)],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'einsum',
    name: 'einsum of one',
    f: (a) => tf.square(tf.einsum('ijk->ki', a)),
    inputs: () => [numbers([2, 3, 2])],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'fused',
    name: 'fused.matMul with broadcast batches',
    f: (a, b, bias) => tf.square(tf.fused.matMul({ a, b, bias })),
    inputs: () => [numbers([2, 2, 3]), numbers([1, 3, 2], 3), numbers([2], 4)],
    stock: [wrong, wrong],
  },
  {
    fix: 'fused',
    name: 'fused.conv2d of one image',
    f: (x, filter, bias) =>
      tf.square(
        tf.fused.conv2d({
          x: x as tf.Tensor3D,
          filter: filter as tf.Tensor4D,
          strides: 1,
          pad: 'same',
          bias,
        }),
      ),
    inputs: () => [numbers([3, 4, 2]), numbers([2, 2, 2, 1], 3), numbers([1], 4)],
    stock: [wrong, wrong],
  },
  {
    fix: 'fused',
    name: 'fused.depthwiseConv2d, dilated',
    f: (x, filter) =>
      tf.fused.depthwiseConv2d({
        x: x as tf.Tensor4D,
        filter: filter as tf.Tensor4D,
        strides: 1,
        pad: 'valid',
        dilations: 2,
      }),
    inputs: () => [numbers([1, 4, 4, 2]), numbers([2, 2, 2, 1], 3)],
    stock: [wrong, wrong],
  },
  {
    fix: 'softmaxCrossEntropy',
    name: 'softmaxCrossEntropy by labels and logits',
    f: (labels, logits) => tf.losses.softmaxCrossEntropy(labels, logits),
    inputs: () => [
      tf.tensor2d([
        [0.2, 0.3, 0.5],
        [0.7, 0.4, 0.1],
      ]),
      matrix(),
    ],
    stock: [wrong, wrong],
  },
  // convolutions
  {
    fix: 'conv2d',
    name: 'conv2d, dilated',
    f: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same', 'NHWC', [1, 2]),
    inputs: () => [numbers([1, 4, 4, 2]), numbers([2, 2, 2, 1], 3)],
    stock: [wrong, wrong],
  },
  {
    fix: 'conv2d',
    name: 'conv2d with strides',
    f: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, [2, 1], 'same'),
    inputs: () => [numbers([1, 4, 4, 2]), numbers([3, 2, 2, 1], 3)],
    stock: [right, unsupported],
  },
  {
    fix: 'conv2d',
    name: 'conv2dTranspose',
    f: (x, w) => tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [1, 4, 4, 2], 2, 'same'),
    inputs: () => [numbers([1, 2, 2, 1]), numbers([3, 3, 2, 1], 3)],
    stock: [right, unsupported],
  },
  {
    fix: 'depthwiseConv2d',
    name: 'depthwiseConv2d, dilated',
    f: (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid', 'NHWC', 2),
    inputs: () => [numbers([1, 4, 4, 2]), numbers([2, 2, 2, 1], 3)],
    stock: [wrong, wrong],
  },
  {
    fix: 'conv3d',
    name: 'conv3d',
    f: (x, w) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1, 'valid'),
    inputs: () => [volume(), numbers([2, 2, 2, 1, 1], 3)],
    stock: [right, unsupported],
  },
  {
    fix: 'conv3d',
    name: 'conv3dTranspose',
    f: (x, w) => tf.conv3dTranspose(x as tf.Tensor5D, w as tf.Tensor5D, [1, 3, 3, 3, 1], 1, 'valid'),
    inputs: () => [numbers([1, 2, 2, 2, 1]), numbers([2, 2, 2, 1, 1], 3)],
    stock: [unsupported, unsupported],
  },
  // pooling
  {
    fix: 'avgPool',
    name: 'avgPool',
    f: (x) => tf.square(tf.avgPool(x as tf.Tensor4D, 2, 2, 'valid')),
    inputs: () => [numbers([1, 4, 5, 1])],
    stock: [right, unsupported],
  },
  {
    fix: 'avgPool',
    name: 'avgPool3d',
    f: (x) => tf.square(tf.avgPool3d(x as tf.Tensor5D, 2, 1, 'valid')),
    inputs: () => [volume()],
    stock: [right, unsupported],
  },
  {
    fix: 'maxPool',
    name: 'maxPool',
    f: (x) => tf.square(tf.maxPool(x as tf.Tensor4D, [3, 2], [2, 1], 'same')),
    inputs: () => [numbers([1, 4, 5, 1])],
    stock: [right, unsupported],
  },
  {
    fix: 'maxPool',
    name: 'maxPool3d',
    f: (x) => tf.square(tf.maxPool3d(x as tf.Tensor5D, 2, 1, 'valid')),
    inputs: () => [volume()],
    stock: [right, unsupported],
  },
  {
    fix: 'maxPoolWithArgmax',
    name: 'maxPoolWithArgmax',
    f: (x) => tf.square(tf.maxPoolWithArgmax(x as tf.Tensor4D, 2, 1, 'valid').result),
    inputs: () => [numbers([2, 3, 3, 1])],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'dilation2d',
    name: 'dilation2d',
    f: (x, w) => tf.square(tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, 1, 'same', [1, 2])),
    inputs: () => [numbers([1, 3, 4, 1]), numbers([2, 2, 1], 3, 0.2)],
    stock: [right, unsupported],
  },
  // normalisation
  {
    fix: 'batchNorm',
    name: 'batchNorm without scale',
    f: (x, m, v, o) => tf.batchNorm(x, m, tf.square(v), o),
    inputs: () => [matrix(), numbers([3], 2), numbers([3], 3), numbers([3], 4)],
    stock: [wrong, wrong],
  },
  {
    fix: 'localResponseNormalization',
    name: 'localResponseNormalization',
    f: (x) => tf.localResponseNormalization(x as tf.Tensor4D, 1, 1, 0.7, 0.6),
    inputs: () => [numbers([1, 2, 2, 4])],
    stock: [right, unsupported],
  },
  // images
  {
    fix: 'resize',
    name: 'resizeBilinear',
    f: (x) => tf.square(tf.image.resizeBilinear(x as tf.Tensor4D, [5, 3])),
    inputs: () => [numbers([1, 3, 4, 1])],
    stock: [right, unsupported],
  },
  {
    fix: 'resize',
    name: 'resizeNearestNeighbor',
    f: (x) => tf.square(tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [4, 4])),
    inputs: () => [numbers([1, 2, 2, 1])],
    stock: [right, unsupported],
  },
  {
    fix: 'cropAndResize',
    name: 'cropAndResize by image and boxes',
    f: (x, boxes) =>
      tf.square(
        tf.image.cropAndResize(x as tf.Tensor4D, boxes as tf.Tensor2D, tf.tensor1d([1, 0], 'int32'), [2, 2]),
      ),
    inputs: () => [
      numbers([2, 3, 3, 1]),
      tf.tensor2d([
        [0.12, 0.21, 0.83, 0.74],
        [0.3, 0.11, 0.56, 0.93],
      ]),
    ],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'transform',
    name: 'transform, reflecting',
    f: (x) =>
      tf.square(
        tf.image.transform(
          x as tf.Tensor4D,
          tf.tensor2d([[1, 0.1, 0.3, 0.2, 0.9, 0.1, 0.01, 0.02]]),
          'bilinear',
          'reflect',
        ),
      ),
    inputs: () => [numbers([1, 2, 3, 1])],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'rotateWithOffset',
    name: 'rotateWithOffset',
    f: (x) => tf.square(tf.image.rotateWithOffset(x as tf.Tensor4D, 0.4)),
    inputs: () => [numbers([1, 3, 4, 1])],
    stock: [unsupported, unsupported],
  },
  // complex numbers
  {
    fix: 'complex',
    name: '|z|·Re z of a product',
    f: (a, b) => {
      const z = tf.mul(tf.complex(a, b), tf.complex(b, tf.square(a)));
      return tf.mul(tf.abs(z), tf.real(z));
    },
    inputs: () => [matrix(), numbers([2, 3], 5)],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'complex',
    name: 'sums and a product of complex numbers',
    f: (a, b) =>
      tf.imag(
        tf.mul(
          tf.sub(tf.complex(a, tf.square(a)), tf.complex(b, b)),
          tf.add(tf.complex(b, a), tf.complex(a, a)),
        ),
      ),
    inputs: () => [matrix(), numbers([2, 3], 5)],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'fft',
    name: '|FFT|',
    f: (a, b) => tf.abs(tf.spectral.fft(tf.complex(a, b))),
    inputs: () => [numbers([1, 4]), numbers([1, 4], 5)],
    stock: [unsupported, unsupported],
  },
  {
    fix: 'fft',
    name: 'rfft and irfft',
    f: (x) => {
      const z = tf.spectral.rfft(x);
      return tf.mul(tf.spectral.irfft(tf.mul(z, z)), tf.spectral.irfft(z));
    },
    inputs: () => [numbers([1, 6])],
    stock: [unsupported, unsupported],
  },
];
