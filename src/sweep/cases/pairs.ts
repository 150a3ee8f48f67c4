/**
 * Two ways of computing the same: fused and in parts, layer and core, batch and example by example, a special function and the
 * general one. Their difference is 0, and so is its gradient.
 */
import { fixed, ints, real, type CaseDraft, type Family, type InputDraft } from './case.js';
import { call, get, input, type Argument, type Expression, type LayersExpression } from './expression.js';

const [x, a, b, filter, bias, alpha, dy] = ['x', 'a', 'b', 'filter', 'bias', 'alpha', 'dy'].map(input);
const pointwise = input('pointwise');

type Inputs = Record<string, InputDraft>;

/** Filed under the first way's op, as a variant that says the other way. */
const pair = (
  op: string,
  other: string,
  inputs: Inputs,
  first: Expression,
  second: Expression,
  order: 1 | 2 = 1,
): CaseDraft => ({
  op,
  variant: `as ${other}`,
  inputs,
  expression: call('sub', first, second),
  order,
  pair: true,
});

/** The activations of fused ops, as functions of what they are applied to. */
const activations: Readonly<Record<string, (z: Expression) => Expression>> = {
  linear: (z) => z,
  relu: (z) => call('relu', z),
  relu6: (z) => call('relu6', z),
  elu: (z) => call('elu', z),
  leakyrelu: (z) => call('leakyRelu', z, 0.3),
  prelu: (z) => call('prelu', z, alpha),
  sigmoid: (z) => call('sigmoid', z),
};

/** Every activation with and without bias, and every shape of bias and of prelu's weights that broadcasts. */
function* fusedAndInParts(): Iterable<CaseDraft> {
  const ways: readonly (readonly [
    op: string,
    inputs: Inputs,
    plain: Expression,
    named: Record<string, Argument>,
    biases: readonly (readonly number[])[],
  ])[] = [
    [
      'fused.matMul',
      { a: real([2, 3]), b: real([3, 4]) },
      call('matMul', a, b),
      { a, b },
      [[4], [1, 4], [1], []],
    ],
    [
      'fused.conv2d',
      { x: real([2, 3, 4, 2]), filter: real([2, 2, 2, 3]) },
      call('conv2d', x, filter, 1, 'same'),
      { x, filter, strides: 1, pad: 'same' },
      [[3], [1, 1, 3], [1], []],
    ],
    [
      'fused.depthwiseConv2d',
      { x: real([2, 3, 4, 2]), filter: real([2, 2, 2, 2]) },
      call('depthwiseConv2d', x, filter, 1, 'same'),
      { x, filter, strides: 1, pad: 'same' },
      [[4], [1, 1, 4], [1], []],
    ],
  ];
  for (const [op, inputs, plain, named, biases] of ways) {
    const other = op.slice('fused.'.length);
    for (const [activation, activate] of Object.entries(activations)) {
      const shapes = activation === 'linear' || activation === 'relu' ? biases : biases.slice(0, 1);
      for (const shape of [undefined, ...shapes]) {
        const withBias = shape === undefined ? plain : call('add', plain, bias);
        const isPrelu = activation === 'prelu';
        yield pair(
          op,
          other,
          {
            ...inputs,
            ...(shape && { bias: real(shape) }),
            ...(isPrelu && { alpha: real(biases[0], 'positive') }),
          },
          call(op, {
            ...named,
            ...(shape && { bias }),
            activation,
            ...(activation === 'leakyrelu' && { leakyreluAlpha: 0.3 }),
            ...(isPrelu && { preluActivationWeights: alpha }),
          }),
          activate(withBias),
        );
      }
    }
  }
}

/** A layer, its weights held fast: what is compared is the values and the gradient by x. */
function* layerAndCore(): Iterable<CaseDraft> {
  const ways: readonly (readonly [
    name: string,
    config: Record<string, Argument>,
    shape: readonly number[],
    weights: Record<string, readonly number[]>,
    core: Expression,
  ])[] = [
    [
      'dense',
      { units: 3 },
      [2, 4],
      { filter: [4, 3], bias: [3] },
      call('add', call('matMul', x, filter), bias),
    ],
    [
      'dense',
      { units: 3, activation: 'relu', useBias: false },
      [2, 4],
      { filter: [4, 3] },
      call('relu', call('matMul', x, filter)),
    ],
    [
      'conv1d',
      { filters: 3, kernelSize: 2 },
      [2, 4, 2],
      { filter: [2, 2, 3], bias: [3] },
      call('add', call('conv1d', x, filter, 1, 'valid'), bias),
    ],
    [
      'conv2d',
      { filters: 3, kernelSize: [2, 3], padding: 'same', strides: [2, 1] },
      [2, 3, 4, 2],
      { filter: [2, 3, 2, 3], bias: [3] },
      call('add', call('conv2d', x, filter, [2, 1], 'same'), bias),
    ],
    [
      'depthwiseConv2d',
      { kernelSize: 2 },
      [2, 3, 4, 2],
      { filter: [2, 2, 2, 1], bias: [2] },
      call('add', call('depthwiseConv2d', x, filter, 1, 'valid'), bias),
    ],
    [
      'separableConv2d',
      { filters: 3, kernelSize: 2 },
      [2, 3, 4, 2],
      { filter: [2, 2, 2, 1], pointwise: [1, 1, 2, 3], bias: [3] },
      call('add', call('separableConv2d', x, filter, pointwise, 1, 'valid'), bias),
    ],
    [
      'conv2dTranspose',
      { filters: 2, kernelSize: 2, strides: 2, useBias: false },
      [1, 2, 3, 3],
      { filter: [2, 2, 2, 3] },
      call('conv2dTranspose', x, filter, [1, 4, 6, 2], 2, 'valid'),
    ],
    ['maxPooling2d', { poolSize: 2 }, [2, 4, 4, 2], {}, call('maxPool', x, 2, 2, 'valid')],
    [
      'averagePooling2d',
      { poolSize: [2, 3], strides: 1, padding: 'same' },
      [2, 4, 4, 2],
      {},
      call('avgPool', x, [2, 3], 1, 'same'),
    ],
    ['globalAveragePooling1d', {}, [2, 4, 3], {}, call('mean', x, 1)],
    ['globalMaxPooling2d', {}, [2, 3, 2, 2], {}, call('max', x, [1, 2])],
    [
      'batchNormalization',
      { epsilon: 0.01 },
      [3, 2],
      { filter: [2], bias: [2], mean: [2], variance: [2] },
      call('batchNorm', x, input('mean'), input('variance'), bias, filter, 0.01),
    ],
    ['upSampling2d', { size: [2, 3] }, [1, 2, 3, 2], {}, call('image.resizeNearestNeighbor', x, [4, 9])],
    ['softmax', { axis: -1 }, [2, 3], {}, call('softmax', x)],
    ['prelu', {}, [2, 3], { alpha: [3] }, call('prelu', x, alpha)],
    ['permute', { dims: [2, 1] }, [2, 3, 4], {}, call('transpose', x, [0, 2, 1])],
    ['repeatVector', { n: 3 }, [2, 4], {}, call('tile', call('expandDims', x, 1), [1, 3, 1])],
    [
      'zeroPadding2d',
      {
        padding: [
          [1, 0],
          [2, 1],
        ],
      },
      [2, 2, 3, 1],
      {},
      call('pad', x, [
        [0, 0],
        [1, 0],
        [2, 1],
        [0, 0],
      ]),
    ],
  ];
  for (const [name, config, shape, weights, core] of ways) {
    const model: LayersExpression = {
      layers: [[name, { inputShape: shape.slice(1), ...config }]],
      of: x,
      weights: Object.keys(weights),
    };
    yield pair(
      `layers.${name}`,
      'its core function',
      {
        x: real(shape),
        ...Object.fromEntries(
          Object.entries(weights).map(([weight, size]) => [
            weight,
            fixed(size, weight === 'variance' || weight === 'alpha' ? 'positive' : 'signed'),
          ]),
        ),
      },
      model,
      core,
    );
  }
}

/** A batch at once, and its examples one after the other. */
function* batchAndLoop(): Iterable<CaseDraft> {
  const example = (of: Expression, i: number, shape: readonly number[]): Expression =>
    call('slice', of, [i, ...shape.slice(1).map(() => 0)], [1, ...shape.slice(1)]);
  const ways: readonly (readonly [
    op: string,
    shape: readonly number[],
    inputs: Inputs,
    f: (each: Expression) => Expression,
  ])[] = [
    ['conv1d', [3, 4, 2], { filter: real([2, 2, 3]) }, (e) => call('conv1d', e, filter, 1, 'same')],
    [
      'conv2d',
      [3, 3, 4, 1],
      { filter: real([2, 2, 1, 2]) },
      (e) => call('conv2d', e, filter, [1, 2], 'same'),
    ],
    [
      'depthwiseConv2d',
      [3, 3, 3, 2],
      { filter: real([2, 2, 2, 1]) },
      (e) => call('depthwiseConv2d', e, filter, 1, 'valid'),
    ],
    [
      'conv3d',
      [2, 2, 3, 2, 1],
      { filter: real([2, 2, 1, 1, 2]) },
      (e) => call('conv3d', e, filter, 1, 'same'),
    ],
    ['maxPool', [3, 4, 3, 2], {}, (e) => call('maxPool', e, 2, 2, 'same')],
    ['avgPool', [3, 4, 3, 2], {}, (e) => call('avgPool', e, 2, 1, 'valid')],
    ['maxPool3d', [2, 2, 4, 3, 1], {}, (e) => call('maxPool3d', e, 2, 1, 'valid')],
    ['avgPool3d', [2, 2, 4, 3, 1], {}, (e) => call('avgPool3d', e, 2, 1, 'valid')],
    ['matMul', [3, 2, 2], { b: real([1, 2, 3]) }, (e) => call('matMul', e, b)],
    ['softmax', [3, 4], {}, (e) => call('softmax', e)],
    ['logSoftmax', [3, 4], {}, (e) => call('logSoftmax', e)],
    ['cumsum', [3, 4], {}, (e) => call('cumsum', e, 1)],
    ['cumprod', [3, 4], {}, (e) => call('cumprod', e, 1)],
    ['image.resizeBilinear', [2, 3, 2, 2], {}, (e) => call('image.resizeBilinear', e, [4, 5])],
    ['image.resizeNearestNeighbor', [2, 3, 2, 2], {}, (e) => call('image.resizeNearestNeighbor', e, [4, 5])],
    ['localResponseNormalization', [2, 2, 2, 4], {}, (e) => call('localResponseNormalization', e, 1)],
    ['topk', [3, 4], {}, (e) => get(call('topk', e, 2), 'values')],
    ['depthToSpace', [2, 2, 1, 4], {}, (e) => call('depthToSpace', e, 2, 'NHWC')],
    ['linalg.bandPart', [2, 3, 3], {}, (e) => call('linalg.bandPart', e, 1, 0)],
  ];
  for (const [op, shape, inputs, f] of ways) {
    const examples = Array.from({ length: shape[0] }, (_, i) => f(example(x, i, shape)));
    yield pair(op, 'example by example', { x: real(shape), ...inputs }, f(x), call('concat', examples, 0));
  }
}

/** A special function, and others of which it is made. */
function* specialAndGeneral(): Iterable<CaseDraft> {
  const m = real([2, 3]);
  const labels = fixed([2, 3], 'probability');
  const probability = real([2, 3], 'probability');
  const log = (of: Expression): Expression => call('log', of);
  const sum = (of: Expression, ...rest: Argument[]): Expression => call('sum', of, ...rest);
  const mul = (one: Argument, other: Argument): Expression => call('mul', one, other);
  const squared = (of: Expression): Expression => call('square', of);
  const sequence = { x: real([2, 5, 2]), filter: real([2, 2, 3]) };
  const flat = (of: Expression): Expression => call('reshape', of, [2, 1, 5, 2]);

  for (const [strides, pad] of [
    [1, 'valid'],
    [2, 'same'],
  ] as const) {
    yield pair(
      'conv1d',
      'conv2d',
      sequence,
      call('conv1d', x, filter, strides, pad),
      call('squeeze', call('conv2d', flat(x), call('expandDims', filter, 0), [1, strides], pad), [1]),
    );
  }
  yield pair(
    'conv2d',
    'conv3d',
    { x: real([2, 3, 4, 1]), filter: real([2, 2, 1, 2]) },
    call('conv2d', x, filter, 1, 'same'),
    call('squeeze', call('conv3d', call('expandDims', x, 1), call('expandDims', filter, 0), 1, 'same'), [1]),
  );
  yield pair(
    'conv2d',
    'matMul',
    { x: real([2, 2, 3, 2]), filter: real([1, 1, 2, 3]) },
    call('conv2d', x, filter, 1, 'valid'),
    call(
      'reshape',
      call('matMul', call('reshape', x, [12, 2]), call('reshape', filter, [2, 3])),
      [2, 2, 3, 3],
    ),
  );
  yield pair(
    'separableConv2d',
    'its two convolutions',
    { x: real([1, 3, 4, 2]), filter: real([2, 2, 2, 1]), pointwise: real([1, 1, 2, 3]) },
    call('separableConv2d', x, filter, pointwise, 1, 'same'),
    call('conv2d', call('depthwiseConv2d', x, filter, 1, 'same'), pointwise, 1, 'valid'),
  );
  for (const kind of ['max', 'avg']) {
    const args = [[2, 3], 1, 'valid'];
    yield pair(
      'pool',
      `${kind}Pool`,
      { x: real([2, 3, 4, 2]) },
      call('pool', x, [2, 3], kind, 'valid', undefined, 1),
      call(`${kind}Pool`, x, ...args),
    );
  }
  yield pair(
    'maxPoolWithArgmax',
    'maxPool',
    { x: real([2, 3, 4, 2]) },
    get(call('maxPoolWithArgmax', x, 2, 2, 'same'), 'result'),
    call('maxPool', x, 2, 2, 'same'),
  );
  yield pair(
    'avgPool',
    'mean',
    { x: real([2, 3, 4, 2]) },
    call('avgPool', x, [3, 4], 1, 'valid'),
    call('mean', x, [1, 2], true),
  );
  yield pair(
    'maxPool',
    'max',
    { x: real([2, 3, 4, 2]) },
    call('maxPool', x, [3, 4], 1, 'valid'),
    call('max', x, [1, 2], true),
  );

  // Norms and their parts.
  const square4 = { x: real([2, 3, 4]) };
  for (const [ord, parts] of [
    [1, (axis: Argument) => sum(call('abs', x), axis)],
    [2, (axis: Argument) => call('sqrt', sum(squared(x), axis))],
    ['euclidean', (axis: Argument) => call('sqrt', sum(squared(x), axis))],
    [Infinity, (axis: Argument) => call('max', call('abs', x), axis)],
    [-Infinity, (axis: Argument) => call('min', call('abs', x), axis)],
  ] as const) {
    for (const axis of [0, 2, -2])
      yield pair('norm', 'its parts', square4, call('norm', x, ord, axis), parts(axis));
  }
  yield pair(
    'norm',
    'its parts',
    { x: real([3, 4]) },
    call('norm', x, 'fro', [0, 1]),
    call('sqrt', sum(squared(x))),
  );

  const sums: readonly (readonly [string, string, Inputs, Expression, Expression])[] = [
    ['mean', 'sum', { x: m }, call('mean', x, 1), call('div', sum(x, 1), 3)],
    ['mean', 'sum', { x: m }, call('mean', x), call('div', sum(x), 6)],
    ['addN', 'add', { x: m, a: m, b: m }, call('addN', [x, a, b]), call('add', call('add', x, a), b)],
    [
      'moments',
      'mean',
      { x: m },
      get(call('moments', x, 0), 'variance'),
      call('mean', squared(call('sub', x, call('mean', x, 0, true))), 0),
    ],
    ['logSumExp', 'log of sum of exp', { x: m }, call('logSumExp', x, 1), log(sum(call('exp', x), 1))],
    [
      'prod',
      'exp of sum of log',
      { x: real([2, 3], 'positive') },
      call('prod', x, 1),
      call('exp', sum(log(x), 1)),
    ],
    ['logSoftmax', 'log of softmax', { x: m }, call('logSoftmax', x), log(call('softmax', x))],
    [
      'softmax',
      'exp',
      { x: m },
      call('softmax', x),
      call('div', call('exp', x), sum(call('exp', x), 1, true)),
    ],
    ['logSigmoid', 'log of sigmoid', { x: m }, call('logSigmoid', x), log(call('sigmoid', x))],
    ['softplus', 'log1p of exp', { x: m }, call('softplus', x), call('log1p', call('exp', x))],
    [
      'sigmoid',
      'tanh',
      { x: m },
      call('sigmoid', x),
      call('mul', 0.5, call('add', 1, call('tanh', call('mul', 0.5, x)))),
    ],
    ['relu6', 'clipByValue', { x: m }, call('relu6', x), call('clipByValue', x, 0, 6)],
    [
      'clipByValue',
      'minimum and maximum',
      { x: m },
      call('clipByValue', x, -1, 1),
      call('minimum', 1, call('maximum', x, -1)),
    ],
    [
      'elu',
      'relu and expm1',
      { x: m },
      call('elu', x),
      call('add', call('relu', x), call('expm1', call('minimum', x, 0))),
    ],
    ['prelu', 'leakyRelu', { x: m }, call('prelu', x, 0.25), call('leakyRelu', x, 0.25)],
    [
      'tan',
      'sin and cos',
      { x: real([2, 3], 'unit') },
      call('tan', x),
      call('div', call('sin', x), call('cos', x)),
    ],
    ['expm1', 'exp', { x: m }, call('expm1', x), call('sub', call('exp', x), 1)],
    ['rsqrt', 'sqrt', { x: real([2, 3], 'positive') }, call('rsqrt', x), call('reciprocal', call('sqrt', x))],
    ['pow', 'square', { x: real([2, 3], 'positive') }, call('pow', x, 2), squared(x)],
    [
      'squaredDifference',
      'square',
      { a: m, b: m },
      call('squaredDifference', a, b),
      squared(call('sub', a, b)),
    ],
    ['divNoNan', 'div', { a: m, b: m }, call('divNoNan', a, b), call('div', a, b)],
    [
      'atan2',
      'atan',
      { a: real([2, 3], 'positive'), b: real([2, 3], 'positive') },
      call('atan2', a, b),
      call('atan', call('div', a, b)),
    ],
    ['dot', 'sum', { a: real([4]), b: real([4]) }, call('dot', a, b), sum(mul(a, b))],
    [
      'outerProduct',
      'mul',
      { a: real([2]), b: real([3]) },
      call('outerProduct', a, b),
      mul(call('reshape', a, [2, 1]), b),
    ],
    ['einsum', 'matMul', { a: m, b: real([3, 4]) }, call('einsum', 'ij,jk->ik', a, b), call('matMul', a, b)],
    [
      'einsum',
      'matMul',
      { a: real([2, 2, 3]), b: real([2, 4, 3]) },
      call('einsum', 'bij,bkj->bik', a, b),
      call('matMul', a, b, false, true),
    ],
    [
      'matMul',
      'transpose',
      { a: real([3, 2]), b: real([4, 3]) },
      call('matMul', a, b, true, true),
      call('matMul', call('transpose', a), call('transpose', b)),
    ],
    ['tile', 'concat', { x: m }, call('tile', x, [1, 2]), call('concat', [x, x], 1)],
    [
      'stack',
      'concat',
      { a: m, b: m },
      call('stack', [a, b], 1),
      call('concat', [call('expandDims', a, 1), call('expandDims', b, 1)], 1),
    ],
    [
      'unstack',
      'slice',
      { x: m },
      get(call('unstack', x, 1), 2),
      call('reshape', call('slice', x, [0, 2], [2, 1]), [2]),
    ],
    ['split', 'slice', { x: real([2, 4]) }, get(call('split', x, 2, 1), 1), call('slice', x, [0, 2], [2, 2])],
    [
      'stridedSlice',
      'slice',
      { x: real([3, 4]) },
      call('stridedSlice', x, [1, 1], [3, 3], [1, 1]),
      call('slice', x, [1, 1], [2, 2]),
    ],
    [
      'gather',
      'matMul',
      { x: m, index: ints([3], [1, 0, 1]) },
      call('gather', x, input('index')),
      call('matMul', call('cast', call('oneHot', input('index'), 2), 'float32'), x),
    ],
    [
      'gatherND',
      'gather',
      { x: m, index: ints([2, 1], [1, 0]) },
      call('gatherND', x, input('index')),
      call('gather', x, call('reshape', input('index'), [2])),
    ],
    [
      'reverse',
      'gather',
      { x: m, index: ints([3], [2, 1, 0]) },
      call('reverse', x, 1),
      call('gather', x, input('index'), 1),
    ],
    [
      'cumsum',
      'matMul',
      { x: m },
      call('cumsum', x, 1),
      call('matMul', x, call('linalg.bandPart', call('ones', [3, 3]), 0, -1)),
    ],
    [
      'cumsum',
      'sum',
      { x: m },
      call('cumsum', x, 1, true, true),
      call('sub', sum(x, 1, true), call('cumsum', x, 1)),
    ],
    [
      'pad',
      'concat',
      { x: m },
      call('pad', x, [
        [0, 0],
        [1, 0],
      ]),
      call('concat', [call('zeros', [2, 1]), x], 1),
    ],
    ['broadcastTo', 'tile', { x: real([1, 3]) }, call('broadcastTo', x, [2, 3]), call('tile', x, [2, 1])],
    [
      'batchToSpaceND',
      'spaceToBatchND',
      { x: real([1, 2, 4, 1]) },
      call(
        'batchToSpaceND',
        call(
          'spaceToBatchND',
          x,
          [2, 2],
          [
            [0, 0],
            [0, 0],
          ],
        ),
        [2, 2],
        [
          [0, 0],
          [0, 0],
        ],
      ),
      x,
    ],
    [
      'unsortedSegmentSum',
      'matMul',
      { x: m, index: ints([2], [1, 1]) },
      call('unsortedSegmentSum', x, input('index'), 2),
      call('matMul', call('cast', call('oneHot', input('index'), 2), 'float32'), x, true),
    ],
    [
      'where',
      'mul',
      { a: m, b: m, x: fixed([2, 3]) },
      call('where', call('greater', x, 0), a, b),
      call('add', mul(a, call('step', x)), mul(b, call('step', call('neg', x)))),
    ],
    [
      'maximum',
      'relu',
      { a: m, b: m },
      call('maximum', a, b),
      call('add', b, call('relu', call('sub', a, b))),
    ],
    [
      'batchNorm',
      'its formula',
      { x: m, a: real([3]), b: real([3], 'positive') },
      call('batchNorm', x, a, b, undefined, undefined, 0.5),
      call('div', call('sub', x, a), call('sqrt', call('add', b, 0.5))),
    ],
    [
      'localResponseNormalization',
      'div',
      { x: real([1, 1, 2, 1]) },
      call('localResponseNormalization', x, 1, 0.5, 1, 0.5),
      call('div', x, call('sqrt', call('add', 0.5, squared(x)))),
    ],
    [
      'losses.meanSquaredError',
      'mean',
      { a: labels, b: m },
      call('losses.meanSquaredError', a, b),
      call('mean', squared(call('sub', a, b))),
    ],
    [
      'losses.absoluteDifference',
      'mean',
      { a: labels, b: m },
      call('losses.absoluteDifference', a, b),
      call('mean', call('abs', call('sub', a, b))),
    ],
    [
      'losses.softmaxCrossEntropy',
      'logSoftmax',
      { a: labels, b: m },
      call('losses.softmaxCrossEntropy', a, b),
      call('mean', call('neg', sum(mul(a, call('logSoftmax', b)), 1))),
    ],
    [
      'losses.sigmoidCrossEntropy',
      'logSigmoid',
      { a: labels, b: m },
      call('losses.sigmoidCrossEntropy', a, b),
      call(
        'neg',
        call(
          'mean',
          call(
            'add',
            mul(a, call('logSigmoid', b)),
            mul(call('sub', 1, a), call('logSigmoid', call('neg', b))),
          ),
        ),
      ),
    ],
    [
      'losses.logLoss',
      'log',
      { a: labels, b: probability },
      call('losses.logLoss', a, b, undefined, 0),
      call('neg', call('mean', call('add', mul(a, log(b)), mul(call('sub', 1, a), log(call('sub', 1, b)))))),
    ],
    [
      'losses.huberLoss',
      'its parts',
      { a: labels, b: m },
      call('losses.huberLoss', a, b),
      call(
        'mean',
        mul(
          call('clipByValue', call('abs', call('sub', a, b)), 0, 1),
          call(
            'sub',
            call('abs', call('sub', a, b)),
            mul(0.5, call('clipByValue', call('abs', call('sub', a, b)), 0, 1)),
          ),
        ),
      ),
    ],
    [
      'losses.hingeLoss',
      'relu',
      { a: { shape: [2, 3], values: [0, 1, 1, 0, 1, 0], constant: true }, b: m },
      call('losses.hingeLoss', a, b),
      call('mean', call('relu', call('sub', 1, mul(call('sub', mul(2, a), 1), b)))),
    ],
    [
      'losses.cosineDistance',
      'sum',
      { a: labels, b: m },
      call('losses.cosineDistance', a, b, 1),
      call('mean', call('sub', 1, sum(mul(a, b), 1))),
    ],
  ];
  for (const [op, other, inputs, first, second] of sums) {
    yield pair(op, other, inputs, first, second);
  }
  // The same function twice: what one call saves, the other's gradient must leave in place.
  for (const op of [
    'logSigmoid',
    'logSoftmax',
    'softmax',
    'sigmoid',
    'softplus',
    'tanh',
    'erf',
    'elu',
    'selu',
    'square',
  ]) {
    yield pair(
      op,
      'itself, once and twice',
      { x: m },
      mul(call('add', call(op, x), call(op, call('neg', x))), 2),
      call('add', call('add', call(op, x), call(op, x)), mul(2, call(op, call('neg', x)))),
    );
  }
  yield pair(
    'conv2dTranspose',
    'conv2d with dilated input',
    { dy: real([1, 2, 3, 2]), filter: real([2, 2, 1, 2]) },
    call('conv2dTranspose', dy, filter, [1, 3, 4, 1], 1, 'valid'),
    call('conv2d', dy, call('transpose', call('reverse', filter, [0, 1]), [0, 1, 3, 2]), 1, [
      [0, 0],
      [1, 1],
      [1, 1],
      [0, 0],
    ]),
  );
}

export const pairs: Family = {
  name: 'pairs',
  *cases(): Iterable<CaseDraft> {
    yield* fusedAndInParts();
    yield* layerAndCore();
    yield* batchAndLoop();
    yield* specialAndGeneral();
  },
};
