/** Layers, and the functions of the core that they stand for. */
import { fixed, real, type CaseDraft } from '../case.js';
import { call, input, type Argument, type Expression, type LayersExpression } from '../expression.js';
import { pair } from './pair.js';

const [x, filter, bias, alpha, pointwise] = ['x', 'filter', 'bias', 'alpha', 'pointwise'].map(input);

/** A layer, its weights held fast: what is compared is the values and the gradient by x. */
export function* layerAndCore(): Iterable<CaseDraft> {
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
