/**
 * For each fix that shows on the cpu backend the smallest program that TensorFlow.js 4.22 gets wrong without it: the ops it needs besides the oldest
 * ones, a function of TensorFlow.js, and the right result. A program that throws is wrong. What an op could not do in older versions is asked for by
 * a function among the needs, which throws or gives false there.
 */
const g = (tf, f, x, dy) => Array.from(tf.grad(f)(x, dy).dataSync());
const v = (y) => Array.from(y.dataSync());
const second = (tf, f, x) => g(tf, (x) => tf.grad(f)(x), x);

/** Where an optimizer comes to from 0 in so many steps. */
function steps(tf, optimizer, f, count) {
  const x = tf.variable(tf.scalar(0));
  for (let i = 0; i < count; i++) optimizer.minimize(() => f(x), false, [x]);
  return v(x);
}

const multiplies = (a, b) => (tf) => tf.matMul(tf.ones(a), tf.ones(b)).size > 0;

export const PROGRAMS = {
  'tape-order': [[], (tf) => second(tf, (x) => tf.exp(x), tf.scalar(0)), [1]],
  'whole-numbers': [
    [],
    (tf) => g(tf, (x) => tf.mul(x, tf.cast(tf.greater(x, 1), 'float32')), tf.scalar(2)),
    [1],
  ],
  'optional-inputs': [
    ['batchNorm'],
    (tf) =>
      g(
        tf,
        (x) => tf.batchNorm(x, tf.tensor1d([1]), tf.tensor1d([4]), null, tf.tensor1d([3]), 0),
        tf.tensor2d([[1]]),
      ),
    [1.5],
  ],
  identity: [[], (tf) => g(tf, (x) => x, tf.scalar(2)), [1]],
  'customGrad-identity': [
    [],
    (tf) =>
      g(
        tf,
        tf.customGrad((x) => ({ value: x, gradFunc: (dy) => tf.neg(dy) })),
        tf.scalar(1),
      ),
    [-1],
  ],
  'one-tensor-twice': [
    [],
    (tf) => {
      const s = tf.scalar(3);
      return tf
        .grads((a, b) => tf.mul(a, tf.square(b)))([s, s])
        .flatMap(v);
    },
    [9, 18],
  ],
  release: [
    [
      (tf) =>
        v(
          tf.customGrad((x, save) => (save([x]), { value: tf.square(x), gradFunc: (dy) => dy }))(
            tf.scalar(1),
          ),
        ),
    ],
    (tf) => {
      const f = tf.customGrad((x, save) => {
        save([x]);
        save([x]);
        return { value: tf.square(x), gradFunc: (dy, [x]) => tf.mul(dy, tf.mul(2, x)) };
      });
      const x = tf.scalar(3);
      const before = tf.memory().numTensors;
      tf.grad((x) => f(x))(x).dispose();
      return [tf.memory().numTensors - before];
    },
    [0],
  ],
  'broadcast-gradients': [[], (tf) => g(tf, (b) => tf.maximum(tf.tensor1d([5, 0, 7]), b), tf.scalar(4)), [1]],
  floorDiv: [[], (tf) => g(tf, (a) => tf.mul(a, tf.floorDiv(a, tf.scalar(2))), tf.scalar(7)), [3]],
  pow: [[], (tf) => second(tf, (x) => tf.pow(x, tf.scalar(1)), tf.scalar(0)), [0]],
  elu: [[], (tf) => second(tf, (x) => tf.elu(x), tf.scalar(-1)), [Math.exp(-1)]],
  logSigmoid: [['logSigmoid'], (tf) => g(tf, (x) => tf.logSigmoid(tf.mul(x, 2)), tf.scalar(0)), [1]],
  divNoNan: [
    ['divNoNan'],
    (tf) => g(tf, (a) => tf.divNoNan(a, tf.tensor1d([2, 0])), tf.tensor1d([6, 1])),
    [0.5, 0],
  ],
  'max-min-ties': [[], (tf) => g(tf, (x) => tf.max(x), tf.tensor1d([1, 2, 2])), [0, 0.5, 0.5]],
  prod: [['prod'], (tf) => g(tf, (x) => tf.prod(x, -1), tf.tensor1d([2, 3])), [3, 2]],
  cumsum: [
    [],
    (tf) =>
      g(
        tf,
        (x) => tf.cumsum(x, 0),
        tf.tensor2d([
          [1, 2],
          [3, 4],
        ]),
        tf.tensor2d([
          [1, 2],
          [3, 4],
        ]),
      ),
    [4, 6, 3, 4],
  ],
  cumprod: [['cumprod'], (tf) => g(tf, (x) => tf.cumprod(x), tf.tensor1d([2, 3])), [4, 2]],
  topk: [['topk'], (tf) => g(tf, (x) => tf.topk(x, 1).values, tf.tensor1d([1, 5, 3])), [0, 1, 0]],
  bincount: [
    ['bincount'],
    (tf) => g(tf, (w) => tf.bincount(tf.tensor1d([0, 1], 'int32'), w, 2), tf.tensor1d([1, 1])),
    [1, 1],
  ],
  'norm-negative-axes': [
    [],
    (tf) =>
      v(
        tf.norm(
          tf.tensor2d([
            [1, -2],
            [3, 4],
          ]),
          1,
          [-2, -1],
        ),
      ),
    [6],
  ],
  'norm-zero': [[], (tf) => g(tf, (x) => tf.norm(x), tf.tensor1d([0, 0])), [0, 0]],
  logSumExp: [[], (tf) => v(tf.logSumExp(tf.tensor1d([Infinity, 1]))), [Infinity]],
  tile: [[], (tf) => g(tf, (x) => tf.tile(x, [1, 1, 1, 1, 2]), tf.ones([1, 1, 1, 1, 1])), [2]],
  'split-one-part': [[], (tf) => g(tf, (x) => tf.square(tf.split(x, 1)[0]), tf.tensor1d([1, 2])), [2, 4]],
  mirrorPad: [
    ['mirrorPad'],
    (tf) => g(tf, (x) => tf.mirrorPad(x, [[1, 0]], 'symmetric'), tf.tensor1d([1, 2])),
    [2, 1],
  ],
  stridedSlice: [
    ['stridedSlice'],
    (tf) => g(tf, (x) => tf.stridedSlice(x, [0], [3], [2]), tf.tensor1d([1, 2, 3])),
    [1, 0, 1],
  ],
  flipLeftRight: [
    ['image.flipLeftRight'],
    (tf) =>
      g(
        tf,
        (x) => tf.image.flipLeftRight(x),
        tf.tensor4d([1, 2], [1, 1, 2, 1]),
        tf.tensor4d([3, 4], [1, 1, 2, 1]),
      ),
    [4, 3],
  ],
  diag: [['diag'], (tf) => g(tf, (x) => tf.diag(x), tf.tensor1d([1, 2])), [1, 1]],
  depthToSpace: [
    ['depthToSpace'],
    (tf) => g(tf, (x) => tf.depthToSpace(x, 2), tf.ones([1, 1, 1, 4])),
    [1, 1, 1, 1],
  ],
  'gather-batches': [
    [(tf) => tf.gather(tf.ones([1, 2, 3]), tf.tensor3d([2, 2, 0, 1], [1, 2, 2], 'int32'), 2, 2).rank === 3],
    (tf) =>
      g(tf, (x) => tf.gather(x, tf.tensor3d([2, 2, 0, 1], [1, 2, 2], 'int32'), 2, 2), tf.ones([1, 2, 3])),
    [0, 0, 2, 1, 1, 0],
  ],
  gatherND: [
    ['gatherND'],
    (tf) => g(tf, (x) => tf.gatherND(x, tf.tensor2d([[1]], [1, 1], 'int32')), tf.tensor1d([1, 2])),
    [0, 1],
  ],
  scatterND: [
    ['scatterND'],
    (tf) => g(tf, (u) => tf.scatterND(tf.tensor2d([[1]], [1, 1], 'int32'), u, [2]), tf.tensor1d([1])),
    [1],
  ],
  tensorScatterUpdate: [
    ['tensorScatterUpdate'],
    (tf) =>
      g(
        tf,
        (u) => tf.tensorScatterUpdate(tf.zeros([2]), tf.tensor2d([[1]], [1, 1], 'int32'), u),
        tf.tensor1d([1]),
      ),
    [1],
  ],
  sparseToDense: [
    ['sparseToDense'],
    (tf) => g(tf, (u) => tf.sparseToDense(tf.tensor1d([1], 'int32'), u, [2], tf.scalar(0)), tf.tensor1d([1])),
    [1],
  ],
  'sparse-segments': [
    ['sparse.sparseSegmentSum'],
    (tf) =>
      g(
        tf,
        (x) => tf.sparse.sparseSegmentSum(x, tf.tensor1d([0], 'int32'), tf.tensor1d([0], 'int32')),
        tf.ones([2, 1]),
      ),
    [1, 0],
  ],
  sparseFillEmptyRows: [
    ['sparse.sparseFillEmptyRows'],
    (tf) =>
      g(
        tf,
        (x) =>
          tf.sparse.sparseFillEmptyRows(
            tf.tensor2d([[1, 0]], [1, 2], 'int32'),
            x,
            tf.tensor1d([2, 1], 'int32'),
            tf.scalar(0),
          ).outputValues,
        tf.tensor1d([3]),
      ),
    [1],
  ],
  unique: [['unique'], (tf) => g(tf, (x) => tf.unique(x).values, tf.tensor1d([2, 2, 3])), [0.5, 0.5, 1]],
  'matMul-broadcast': [
    [multiplies([2, 1, 1], [1, 1, 1])],
    (tf) => g(tf, (b) => tf.matMul(tf.ones([2, 1, 1]), b), tf.ones([1, 1, 1])),
    [2],
  ],
  einsum: [['einsum'], (tf) => g(tf, (x) => tf.einsum('ij->i', x), tf.ones([1, 2])), [1, 1]],
  fused: [
    ['fused.conv2d'],
    (tf) =>
      g(
        tf,
        (x) => tf.fused.conv2d({ x, filter: tf.ones([1, 1, 1, 1]), strides: 1, pad: 'valid' }),
        tf.ones([1, 1, 1]),
      ),
    [1],
  ],
  softmaxCrossEntropy: [
    ['losses.softmaxCrossEntropy'],
    (tf) => g(tf, (t) => tf.losses.softmaxCrossEntropy(t, tf.zeros([1, 2])), tf.tensor2d([[1, 0]])),
    [Math.log(2), Math.log(2)],
  ],
  conv2d: [
    [],
    (tf) =>
      g(tf, (x) => tf.conv2d(x, tf.ones([1, 2, 1, 1]), 1, 'valid', 'NHWC', [1, 2]), tf.ones([1, 1, 3, 1])),
    [1, 0, 1],
  ],
  depthwiseConv2d: [
    [],
    (tf) =>
      g(
        tf,
        (x) => tf.depthwiseConv2d(x, tf.ones([1, 2, 1, 1]), 1, 'valid', 'NHWC', [1, 2]),
        tf.ones([1, 1, 3, 1]),
      ),
    [1, 0, 1],
  ],
  conv3d: [
    ['conv3d'],
    (tf) => {
      const one = () => tf.ones([1, 1, 1, 1, 1]);
      return g(tf, (x) => tf.grad((w) => tf.conv3d(x, w, 1, 'valid'))(one()), one());
    },
    [1],
  ],
  'conv1d-pad': [[], (tf) => v(tf.conv1d(tf.ones([1, 4, 1]), tf.ones([3, 1, 1]), 1, 1)), [2, 3, 3, 2]],
  avgPool: [
    [],
    (tf) => second(tf, (x) => tf.square(tf.avgPool(x, [1, 2], 1, 'valid')), tf.ones([1, 1, 2, 1])),
    [1, 1],
  ],
  maxPool: [
    [],
    (tf) =>
      second(tf, (x) => tf.square(tf.maxPool(x, [1, 2], 1, 'valid')), tf.tensor4d([1, 3], [1, 1, 2, 1])),
    [0, 2],
  ],
  maxPoolWithArgmax: [
    ['maxPoolWithArgmax'],
    (tf) =>
      g(tf, (x) => tf.maxPoolWithArgmax(x, [1, 2], 1, 'valid').result, tf.tensor4d([1, 3], [1, 1, 2, 1])),
    [0, 1],
  ],
  dilation2d: [
    ['dilation2d'],
    (tf) =>
      second(
        tf,
        (x) => tf.square(tf.dilation2d(x, tf.zeros([1, 2, 1]), 1, 'valid')),
        tf.tensor4d([1, 3], [1, 1, 2, 1]),
      ),
    [0, 2],
  ],
  batchNorm: [
    ['batchNorm'],
    (tf) =>
      g(
        tf,
        (m) => tf.batchNorm(tf.ones([2, 1]), m, tf.ones([1, 1]), tf.zeros([1, 1]), tf.ones([1, 1]), 0),
        tf.zeros([1, 1]),
      ),
    [-2],
  ],
  localResponseNormalization: [
    [],
    (tf) => second(tf, (x) => tf.localResponseNormalization(x, 1, 1, 1, 1), tf.tensor4d([2], [1, 1, 1, 1])),
    [4 / 125],
  ],
  resize: [
    [],
    (tf) => second(tf, (x) => tf.square(tf.image.resizeBilinear(x, [1, 1])), tf.ones([1, 1, 1, 1])),
    [2],
  ],
  cropAndResize: [
    ['image.cropAndResize'],
    (tf) =>
      g(
        tf,
        (x) => tf.image.cropAndResize(x, tf.tensor2d([[0, 0, 1, 1]]), tf.tensor1d([0], 'int32'), [1, 1]),
        tf.ones([1, 1, 1, 1]),
      ),
    [1],
  ],
  transform: [
    ['image.transform'],
    (tf) =>
      g(tf, (x) => tf.image.transform(x, tf.tensor2d([[1, 0, 0, 0, 1, 0, 0, 0]])), tf.ones([1, 1, 1, 1])),
    [1],
  ],
  rotateWithOffset: [
    ['image.rotateWithOffset'],
    (tf) => g(tf, (x) => tf.image.rotateWithOffset(x, 0), tf.ones([1, 1, 1, 1])),
    [1],
  ],
  complex: [['complex'], (tf) => g(tf, (x) => tf.real(tf.complex(x, x)), tf.tensor1d([1])), [1]],
  fft: [['spectral.rfft'], (tf) => g(tf, (x) => tf.real(tf.spectral.rfft(x)), tf.tensor1d([1, 2])), [2, 0]],
  'irfft-of-a-vector': [
    ['spectral.irfft'],
    (tf) => tf.spectral.irfft(tf.complex([6, -1, 2], [0, 0, 0])).shape,
    [4],
  ],
  'convolution-windows': [
    [],
    (tf) => tf.conv2d(tf.ones([1, 3, 5, 1]), tf.ones([1, 3, 1, 1]), 1, 0).shape,
    [1, 3, 3, 1],
  ],
  'volume-convolutions': [
    ['conv3d'],
    (tf) =>
      v(tf.conv3d(tf.tensor5d([1, 2, 3], [1, 1, 1, 3, 1]), tf.ones([1, 1, 1, 1, 1]), [1, 1, 3], 'same')),
    [1],
  ],
  'pool-windows': [[], (tf) => tf.avgPool(tf.ones([1, 3, 5, 1]), [1, 3], 1, 0).shape, [1, 3, 3, 1]],
  'average-pool-gradients': [
    [],
    (tf) => g(tf, (x) => tf.avgPool(x, [1, 2], 1, 'same'), tf.ones([1, 1, 2, 1])),
    [0.5, 1.5],
  ],
  'maximum-pool-gradients': [
    ['maxPool3d'],
    (tf) =>
      g(tf, (x) => tf.maxPool3d(x, [1, 2, 3], 1, 'valid'), tf.tensor5d([0, 1, 2, 9, 4, 5], [1, 1, 2, 3, 1])),
    [0, 0, 0, 1, 0, 0],
  ],
  'broadcast-products': [
    [multiplies([2, 1, 1], [1, 1, 1])],
    (tf) => v(tf.matMul(tf.tensor4d([1, 2], [2, 1, 1, 1]), tf.tensor4d([3, 4], [1, 2, 1, 1]))),
    [3, 4, 6, 8],
  ],
  'einsum-kernel': [
    ['einsum'],
    (tf) => v(tf.einsum('i,j->', tf.tensor1d([1, 2]), tf.tensor1d([3, 4]))),
    [21],
  ],
  'segment-sum-kernel': [
    [],
    (tf) => v(tf.unsortedSegmentSum(tf.tensor1d([1, Infinity]), tf.tensor1d([0, 1], 'int32'), 2)),
    [1, Infinity],
  ],
  'cumulative-axis': [[], (tf) => v(tf.cumsum(tf.tensor2d([[1, 2]]), -1)), [1, 3]],
  'batch-norm-axis': [
    ['batchNorm'],
    (tf) =>
      v(
        tf.batchNorm(
          tf.tensor3d([1, 2, 3, 4], [1, 2, 2]),
          tf.tensor3d([1, 3], [1, 2, 1]),
          tf.ones([1, 2, 1]),
          tf.zeros([1, 2, 1]),
          tf.ones([1, 2, 1]),
          0,
        ),
      ),
    [0, 1, 0, 1],
  ],
  'scatter-update-in-place': [
    ['tensorScatterUpdate'],
    (tf) => {
      const x = tf.tensor1d([1, 2]);
      tf.tensorScatterUpdate(x, tf.tensor2d([[1]], [1, 1], 'int32'), tf.tensor1d([9]));
      return v(x);
    },
    [1, 2],
  ],
  'sign-of-nan': [[], (tf) => v(tf.sign(tf.tensor1d([NaN]))), [NaN]],
  'resize-gradients': [
    [],
    (tf) => g(tf, (x) => tf.image.resizeBilinear(x, [1, 2]), tf.ones([1, 1, 2, 1])),
    [1, 1],
  ],
  'transform-kernel': [
    ['image.transform'],
    (tf) => v(tf.image.transform(tf.tensor4d([1, 2], [2, 1, 1, 1]), tf.tensor2d([[1, 0, 0, 0, 1, 0, 0, 0]]))),
    [1, 2],
  ],
  'complex-shapes-on-cpu': [
    ['complex'],
    (tf) => {
      const x = tf.complex([1, 2], [3, 4]);
      tf.reshape(x, [2, 1]);
      return tf.real(x).shape;
    },
    [2],
  ],
  'complex-parts': [['complex'], (tf) => v(tf.real(tf.slice(tf.complex([1, 2], [3, 4]), [0], [1]))), [1]],
  'depthwise-layer-dilation': [
    ['layers.depthwiseConv2d'],
    (tf) =>
      v(
        tf.layers
          .depthwiseConv2d({ kernelSize: [1, 2], dilationRate: 2, depthwiseInitializer: 'ones' })
          .apply(tf.tensor4d([1, 2, 4], [1, 1, 3, 1])),
      ),
    [5],
  ],
  'upsampling-layer-bilinear': [
    [
      (tf) =>
        v(
          tf.layers
            .upSampling2d({ size: [1, 2], interpolation: 'bilinear' })
            .apply(tf.tensor4d([1, 3], [1, 1, 2, 1])),
        )[1] !== 1,
    ],
    (tf) =>
      v(
        tf.layers
          .upSampling2d({ size: [1, 2], interpolation: 'bilinear' })
          .apply(tf.tensor4d([1, 3], [1, 1, 2, 1])),
      ),
    [1, 1.5, 2.5, 3],
  ],
  'batch-normalization-layer': [
    ['layers.batchNormalization'],
    (tf) =>
      v(
        tf.layers
          .batchNormalization({ scale: false, epsilon: 0 })
          .apply(tf.tensor2d([[1], [3]]), { training: true }),
      ),
    [-1, 1],
  ],
  'concatenate-layer-axis': [
    ['layers.concatenate'],
    (tf) =>
      v(
        tf.layers
          .concatenate({ axis: -2 })
          .apply([tf.tensor3d([1, 2], [1, 1, 2]), tf.tensor3d([3, 4, 5, 6], [1, 2, 2])]),
      ),
    [1, 2, 3, 4, 5, 6],
  ],
  'resizing-layer': [
    ['layers.resizing'],
    (tf) =>
      v(
        tf
          .sequential({ layers: [tf.layers.resizing({ height: 1, width: 4, inputShape: [1, 2, 1] })] })
          .apply(tf.tensor4d([1, 3], [1, 1, 2, 1])),
      ),
    [1, 1.5, 2.5, 3],
  ],
  'center-crop-layer': [
    ['layers.centerCrop'],
    (tf) => v(tf.layers.centerCrop({ height: 1, width: 2 }).apply(tf.tensor4d([1, 2, 3], [1, 1, 3, 1]))),
    [1, 2],
  ],
  'random-width-layer': [
    ['layers.randomWidth'],
    (tf) =>
      v(
        tf
          .sequential({ layers: [tf.layers.randomWidth({ factor: [1, 1], inputShape: [1, 2, 1] })] })
          .apply(tf.tensor4d([1, 3], [1, 1, 2, 1]), { training: true }),
      ),
    [1, 1.5, 2.5, 3],
  ],
  'optimizer-state': [
    ['train.momentum'],
    (tf) => {
      const a = tf.variable(tf.scalar(0));
      const b = tf.variable(tf.scalar(0));
      const optimizer = tf.train.momentum(1, 0.5);
      optimizer.minimize(() => tf.add(tf.mul(a, 4), b), false, [a, b]);
      optimizer.minimize(() => tf.mul(b, 1), false, [b]);
      return v(b);
    },
    [-2.5],
  ],
  adadelta: [
    ['train.adadelta'],
    (tf) => steps(tf, tf.train.adadelta(1, 0.5, 1), (x) => tf.mul(x, 2), 1),
    [-2 / Math.sqrt(3)],
  ],
  'rmsprop-centered': [
    ['train.rmsprop'],
    (tf) => steps(tf, tf.train.rmsprop(1, 0.5, 0, 0.75, true), (x) => tf.mul(x, 1), 1),
    [-1],
  ],
  'momentum-value': [
    ['train.momentum'],
    (tf) => {
      const optimizer = tf.train.momentum(1, 0.5);
      optimizer.setMomentum(3);
      return steps(tf, optimizer, (x) => tf.mul(x, 1), 2);
    },
    [-5],
  ],
  'momentum-dispose': [
    ['train.momentum'],
    (tf) => {
      const before = tf.memory().numTensors;
      tf.train.momentum(0.1, 0.9).dispose();
      return [tf.memory().numTensors - before];
    },
    [0],
  ],
};
