/** Layers of tf.layers, each with its weights as inputs, and small stacks of them. */
import { fixed, ints, real, type CaseDraft, type Family, type Range } from './case.js';
import { input, type Argument } from './expression.js';

export type Config = Readonly<Record<string, Argument>>;
/** The shapes of the weights, in the order of model.weights. */
export type Weights = Readonly<Record<string, readonly number[]>>;

interface Options {
  op?: string;
  variant?: string;
  order?: 1 | 2;
  training?: boolean;
  /** Of the weights. */
  range?: Range;
}

const flags = [false, true];
const activations = [
  'linear',
  'relu',
  'relu6',
  'elu',
  'selu',
  'sigmoid',
  'hardSigmoid',
  'softplus',
  'softsign',
  'tanh',
  'softmax',
  'logSoftmax',
  'swish',
  'mish',
  'gelu',
  'gelu_new',
];

/** A model of these layers, the first of which takes x of this shape, batch included. */
export function stack(
  layers: readonly (readonly [name: string, config?: Config])[],
  shape: readonly number[],
  weights: Weights = {},
  { op = 'sequential', training = false, range = 'signed', ...rest }: Options = {},
): CaseDraft {
  const inputOf = (name: string, size: readonly number[]): CaseDraft['inputs'][string] => {
    const moving = name.startsWith('moving');
    // In training the batch's own statistics are used.
    return (moving && training ? fixed : real)(size, name === 'movingVariance' ? 'positive' : range);
  };
  return {
    op,
    ...rest,
    inputs: {
      x: real(shape),
      ...Object.fromEntries(Object.entries(weights).map(([name, size]) => [name, inputOf(name, size)])),
    },
    expression: {
      layers: layers.map(([name, config = {}], i) => [
        name,
        i === 0 ? { inputShape: shape.slice(1), ...config } : config,
      ]),
      of: input('x'),
      weights: Object.keys(weights),
      ...(training && { training }),
    },
  };
}

const layer = (
  name: string,
  config: Config,
  shape: readonly number[],
  weights: Weights = {},
  options: Options = {},
): CaseDraft => stack([[name, config]], shape, weights, { op: `layers.${name}`, ...options });

function* dense(): Iterable<CaseDraft> {
  for (const activation of activations) {
    yield layer('dense', { units: 3, activation }, [2, 4], { kernel: [4, 3], bias: [3] });
  }
  for (const activation of ['relu', 'elu', 'tanh', 'softmax', 'gelu']) {
    yield layer('activation', { activation }, [2, 3, 2]);
  }
  yield layer('dense', { units: 2, useBias: false }, [3, 4], { kernel: [4, 2] });
  yield layer('dense', { units: 4, activation: 'tanh' }, [2, 2, 3], { kernel: [3, 4], bias: [4] });
}

function* convolutions(): Iterable<CaseDraft> {
  for (const padding of ['valid', 'same']) {
    const configs: [Config, string?][] = [
      [{ strides: 1, activation: padding === 'same' ? 'relu' : 'sigmoid' }],
      [{ strides: 2 }],
      [{ dilationRate: 2 }, 'dilation'],
    ];
    for (const [more, variant] of configs) {
      const options = variant ? { variant } : {};
      yield layer(
        'conv1d',
        { filters: 3, kernelSize: 2, padding, ...more },
        [2, 4, 2],
        { kernel: [2, 2, 3], bias: [3] },
        options,
      );
      yield layer(
        'conv2d',
        { filters: 2, kernelSize: [2, 1], padding, ...more },
        [2, 3, 2, 2],
        { kernel: [2, 1, 2, 2], bias: [2] },
        options,
      );
      yield layer(
        'depthwiseConv2d',
        { kernelSize: 2, depthMultiplier: 2, padding, ...more },
        [2, 4, 3, 1],
        { kernel: [2, 2, 1, 2], bias: [2] },
        options,
      );
      yield layer(
        'separableConv2d',
        { filters: 3, kernelSize: [2, 2], depthMultiplier: 1, padding, ...more },
        [2, 3, 3, 2],
        { depthwise: [2, 2, 2, 1], pointwise: [1, 1, 2, 3], bias: [3] },
        { ...options, order: 1 },
      );
    }
    for (const strides of [1, 2]) {
      yield layer(
        'conv3d',
        { filters: 2, kernelSize: [2, 1, 2], strides, padding },
        [2, 2, 3, 2, 1],
        { kernel: [2, 1, 2, 1, 2], bias: [2] },
        { order: 1 },
      );
      yield layer('conv2dTranspose', { filters: 1, kernelSize: [2, 3], strides, padding }, [2, 2, 3, 2], {
        kernel: [2, 3, 1, 2],
        bias: [1],
      });
      yield layer(
        'conv3dTranspose',
        { filters: 1, kernelSize: 2, strides, padding },
        [1, 2, 1, 2, 2],
        { kernel: [2, 2, 2, 1, 2], bias: [1] },
        { order: 1 },
      );
    }
  }
  yield layer('conv2d', { filters: 2, kernelSize: 2, useBias: false }, [2, 3, 4, 1], {
    kernel: [2, 2, 1, 2],
  });
  yield layer(
    'conv2d',
    { filters: 2, kernelSize: 2, dataFormat: 'channelsFirst' },
    [2, 1, 3, 4],
    { kernel: [2, 2, 1, 2], bias: [2] },
    { variant: 'channelsFirst' },
  );
}

function* spatial(): Iterable<CaseDraft> {
  for (const padding of ['valid', 'same']) {
    for (const kind of ['max', 'average']) {
      for (const [poolSize, strides] of [
        [2, 1],
        [2, 2],
        [3, 2],
      ]) {
        yield layer(`${kind}Pooling1d`, { poolSize, strides, padding }, [2, 5, 2]);
      }
      for (const [poolSize, strides] of [
        [
          [2, 3],
          [1, 2],
        ],
        [
          [2, 2],
          [2, 1],
        ],
      ]) {
        yield layer(`${kind}Pooling2d`, { poolSize, strides, padding }, [2, 3, 4, 2]);
      }
      yield layer(
        `${kind}Pooling3d`,
        { poolSize: [2, 1, 2], strides: [1, 2, 1], padding },
        [2, 2, 3, 3, 1],
        {},
        { order: 1 },
      );
    }
  }
  for (const kind of ['Max', 'Average']) {
    yield layer(`global${kind}Pooling1d`, {}, [2, 4, 3]);
    for (const dataFormat of ['channelsLast', 'channelsFirst']) {
      yield layer(`global${kind}Pooling2d`, { dataFormat }, [2, 3, 2, 2]);
      yield layer(`${kind.toLowerCase()}Pooling2d`, { poolSize: 2, strides: 1, dataFormat }, [2, 2, 3, 3]);
    }
  }
  for (const dataFormat of ['channelsLast', 'channelsFirst']) {
    for (const size of [
      [2, 2],
      [1, 3],
    ]) {
      for (const interpolation of ['nearest', 'bilinear']) {
        yield layer('upSampling2d', { size, dataFormat, interpolation }, [2, 2, 3, 2]);
      }
    }
    const edges = [
      [1, 0],
      [0, 1],
    ];
    yield layer('zeroPadding2d', { padding: edges, dataFormat }, [2, 3, 2, 2]);
    yield layer('cropping2D', { cropping: edges, dataFormat }, [2, 3, 4, 3]);
  }
  yield layer('zeroPadding2d', { padding: 2 }, [2, 1, 2, 2]);
  yield layer('centerCrop', { height: 2, width: 2 }, [2, 3, 4, 1]);
  yield layer('rescaling', { scale: 0.5, offset: -1 }, [2, 3]);
}

function* normalisations(): Iterable<CaseDraft> {
  const moving = (c: number): Weights => ({ movingMean: [c], movingVariance: [c] });
  for (const training of flags) {
    for (const [shape, axis] of [
      [[4, 3], -1],
      [[2, 3, 2], -1],
      [[2, 3, 2], 1],
      [[2, 2, 3, 2], -1],
      [[2, 2, 3, 2], 1],
    ] as const) {
      const c = shape[axis < 0 ? shape.length + axis : axis];
      yield layer(
        'batchNormalization',
        { axis, epsilon: 0.01 },
        shape,
        { gamma: [c], beta: [c], ...moving(c) },
        training ? { variant: 'training', training } : {},
      );
    }
  }
  yield layer('batchNormalization', { scale: false }, [3, 2], { beta: [2], ...moving(2) });
  yield layer('batchNormalization', { center: false }, [3, 2], { gamma: [2], ...moving(2) });
  for (const [shape, axis] of [
    [[3, 4], -1],
    [[2, 3, 2], -1],
    [[2, 3, 2], 1],
    [
      [2, 3, 2],
      [1, 2],
    ],
  ] as const) {
    const sizes = (typeof axis === 'number' ? [axis] : axis).map((i) => shape.at(i) ?? 1);
    yield layer('layerNormalization', { axis, epsilon: 0.01 }, shape, { gamma: sizes, beta: sizes });
  }
  yield layer('layerNormalization', { center: false, scale: false }, [3, 4]);
}

function* recurrent(): Iterable<CaseDraft> {
  // Without this each run draws an orthogonal matrix first.
  const recurrentInitializer = 'zeros';
  for (const [name, gates] of [
    ['simpleRNN', 1],
    ['gru', 3],
    ['lstm', 4],
  ] as const) {
    const cell = (more: Config, units: number, shape: readonly number[], useBias = true): CaseDraft =>
      layer(
        name,
        { units, recurrentInitializer, ...more },
        shape,
        {
          kernel: [shape[2], gates * units],
          recurrent: [units, gates * units],
          ...(useBias && { bias: [gates * units] }),
        },
        { order: gates * units > 4 ? 1 : 2, range: 'unit' },
      );
    for (const returnSequences of flags) {
      yield cell({ returnSequences }, 2, [2, 3, 1]);
      yield cell({ returnSequences, goBackwards: true }, 1, [2, 3, 2]);
    }
    yield cell({ useBias: false, activation: 'sigmoid' }, 1, [2, 2, 3], false);
    if (gates > 1) {
      yield cell({ recurrentActivation: 'sigmoid' }, 1, [2, 3, 2]);
      yield cell({ implementation: 2 }, 1, [3, 2, 2]);
    }
  }
  for (const returnSequences of flags) {
    yield layer(
      'convLstm2d',
      { filters: 1, kernelSize: 2, padding: 'same', returnSequences, recurrentInitializer },
      [1, 2, 2, 3, 1],
      { kernel: [2, 2, 1, 4], recurrent: [2, 2, 1, 4], bias: [4] },
      { order: 1 },
    );
  }
}

function* rest(): Iterable<CaseDraft> {
  yield layer('flatten', {}, [2, 3, 2]);
  yield layer('flatten', { dataFormat: 'channelsFirst' }, [2, 2, 3, 2]);
  yield layer('reshape', { targetShape: [3, 4] }, [2, 2, 6]);
  yield layer('reshape', { targetShape: [-1, 2] }, [2, 3, 4]);
  yield layer('permute', { dims: [2, 1] }, [2, 3, 4]);
  yield layer('permute', { dims: [3, 1, 2] }, [2, 2, 3, 2]);
  yield layer('repeatVector', { n: 3 }, [2, 4]);
  // Their bends lie where no 512th does.
  yield layer('elu', {}, [2, 3, 2]);
  for (const alpha of [0.1, 0.3]) yield layer('leakyReLU', { alpha }, [2, 3, 2]);
  for (const config of [{}, { maxValue: 1.3 }]) yield layer('reLU', config, [2, 3, 2]);
  for (const theta of [0.3, 1.1]) yield layer('thresholdedReLU', { theta }, [2, 3, 2]);
  yield layer('prelu', {}, [2, 3, 2], { alpha: [3, 2] });
  yield layer('prelu', { sharedAxes: [1] }, [2, 3, 2], { alpha: [1, 2] });
  yield layer('prelu', {}, [4, 3], { alpha: [3] });
  for (const axis of [-1, 2]) yield layer('softmax', { axis }, [2, 3, 4]);
  yield layer('softmax', {}, [3, 4]);
  yield layer('masking', { maskValue: 0 }, [2, 3, 2]);
  for (const [name, config] of [
    ['dropout', { rate: 0.5 }],
    ['spatialDropout1d', { rate: 0.5 }],
    ['gaussianDropout', { rate: 0.5 }],
    ['gaussianNoise', { stddev: 1 }],
    ['alphaDropout', { rate: 0.5 }],
  ] as const) {
    yield layer(name, config, [2, 3, 2]);
  }
  yield layer('dropout', { rate: 0.5, seed: 5 }, [3, 4], {}, { variant: 'training', training: true });
  for (const [shape, values] of [
    [
      [2, 3],
      [0, 2, 1, 3, 2, 2],
    ],
    [
      [3, 2],
      [3, 3, 3, 0, 1, 0],
    ],
  ]) {
    const draft = layer('embedding', { inputDim: 4, outputDim: 3, inputLength: shape[1] }, shape, {
      embeddings: [4, 3],
    });
    yield { ...draft, inputs: { ...draft.inputs, x: ints(shape, values) } };
  }
}

function* stacks(): Iterable<CaseDraft> {
  for (const activation of ['relu', 'tanh']) {
    yield stack(
      [
        ['dense', { units: 3, activation }],
        ['dense', { units: 2, activation: 'softmax' }],
      ],
      [3, 4],
      { kernel1: [4, 3], bias1: [3], kernel2: [3, 2], bias2: [2] },
    );
  }
  yield stack(
    [['dense', { units: 3 }], ['reLU'], ['dropout', { rate: 0.5 }], ['dense', { units: 1 }]],
    [2, 4],
    { kernel1: [4, 3], bias1: [3], kernel2: [3, 1], bias2: [1] },
  );
  for (const training of flags) {
    yield stack(
      [
        ['conv2d', { filters: 2, kernelSize: 2, padding: 'same' }],
        ['batchNormalization', { epsilon: 0.01 }],
        ['activation', { activation: 'elu' }],
        [training ? 'averagePooling2d' : 'maxPooling2d', { poolSize: [2, 1], strides: [1, 2] }],
        ['flatten'],
        ['dense', { units: 1 }],
      ],
      [2, 3, 4, 1],
      {
        kernel1: [2, 2, 1, 2],
        bias1: [2],
        gamma: [2],
        beta: [2],
        kernel2: [8, 1],
        bias2: [1],
        movingMean: [2],
        movingVariance: [2],
      },
      { order: 1, training },
    );
  }
  yield stack(
    [
      ['lstm', { units: 1, returnSequences: true, recurrentInitializer: 'zeros' }],
      ['gru', { units: 1, recurrentInitializer: 'zeros' }],
    ],
    [2, 3, 2],
    {
      kernel1: [2, 4],
      recurrent1: [1, 4],
      bias1: [4],
      kernel2: [1, 3],
      recurrent2: [1, 3],
      bias2: [3],
    },
    { order: 1, range: 'unit' },
  );
  yield stack(
    [
      ['conv1d', { filters: 2, kernelSize: 2, activation: 'relu' }],
      ['globalMaxPooling1d'],
      ['layerNormalization'],
    ],
    [2, 4, 2],
    { kernel: [2, 2, 2], bias: [2], gamma: [2], beta: [2] },
    { order: 1 },
  );
  yield stack(
    [
      ['dense', { units: 4 }],
      ['reshape', { targetShape: [2, 2, 1] }],
      ['upSampling2d', { size: [2, 1] }],
      ['conv2dTranspose', { filters: 1, kernelSize: 2, strides: 1 }],
    ],
    [2, 3],
    { kernel1: [3, 4], bias1: [4], kernel2: [2, 2, 1, 1], bias2: [1] },
    { order: 1 },
  );
}

/** What is left out, each by itself, along every axis, of shapes whose sizes are alike too; and options one by one. */
function* options(): Iterable<CaseDraft> {
  for (const training of flags) {
    for (const [shape, axis] of [
      [[3, 2], -1],
      [[2, 3, 3], 1],
      [[2, 3, 3], 2],
      [[2, 3, 2], 1],
      [[2, 2, 2, 2], 1],
      [[2, 2, 3, 2], 2],
      [[2, 2, 3, 2], 3],
    ] as const) {
      const c = shape.at(axis) ?? 1;
      const moving = { movingMean: [c], movingVariance: [c] };
      for (const [name, config, weights] of [
        ['all', {}, { gamma: [c], beta: [c] }],
        ['no scale', { scale: false }, { beta: [c] }],
        ['no centre', { center: false }, { gamma: [c] }],
        ['neither', { scale: false, center: false }, {}],
      ] as const) {
        const variant = [training && 'training', name !== 'all' && name].filter(Boolean).join(' ');
        yield layer(
          'batchNormalization',
          { axis, epsilon: 0.01, ...config },
          shape,
          { ...weights, ...moving },
          { order: 1, ...(variant && { variant }), training },
        );
      }
    }
  }
  for (const [name, config, weights] of [
    ['no scale', { scale: false }, { beta: [4] }],
    ['no centre', { center: false }, { gamma: [4] }],
  ] as const) {
    yield layer('layerNormalization', { epsilon: 0.01, ...config }, [3, 4], weights, {
      order: 1,
      variant: name,
    });
  }
  for (const padding of ['valid', 'same']) {
    for (const dilationRate of [[1, 2], 2]) {
      yield layer(
        'depthwiseConv2d',
        { kernelSize: 2, depthMultiplier: 1, padding, dilationRate },
        [1, 4, 3, 1],
        { kernel: [2, 2, 1, 1], bias: [1] },
        { order: 1, variant: 'dilation' },
      );
    }
    for (const more of [{ useBias: false }, { activation: 'elu' }, { strides: [2, 2] }]) {
      const bias: Weights = 'useBias' in more ? {} : { bias: [2] };
      yield layer(
        'depthwiseConv2d',
        { kernelSize: [2, 1], padding, ...more },
        [2, 3, 4, 2],
        { kernel: [2, 1, 2, 1], ...bias },
        { order: 1 },
      );
      yield layer(
        'separableConv2d',
        { filters: 2, kernelSize: [1, 2], padding, ...more },
        [2, 3, 4, 1],
        { depthwise: [1, 2, 1, 1], pointwise: [1, 1, 1, 2], ...bias },
        { order: 1 },
      );
      yield layer(
        'conv2dTranspose',
        { filters: 2, kernelSize: [3, 2], padding, ...more },
        [2, 2, 3, 1],
        { kernel: [3, 2, 2, 1], ...bias },
        { order: 1 },
      );
    }
    for (const strides of [
      [1, 2],
      [2, 1],
    ]) {
      yield layer(
        'conv2d',
        { filters: 1, kernelSize: 2, padding, strides },
        [2, 3, 4, 2],
        { kernel: [2, 2, 2, 1], bias: [1] },
        { order: 1 },
      );
      yield layer(
        'conv2dTranspose',
        { filters: 1, kernelSize: 2, padding, strides },
        [2, 2, 3, 2],
        { kernel: [2, 2, 1, 2], bias: [1] },
        { order: 1 },
      );
    }
    yield layer(
      'conv3d',
      { filters: 1, kernelSize: [1, 2, 1], strides: [2, 1, 2], padding },
      [1, 3, 3, 3, 1],
      { kernel: [1, 2, 1, 1, 1], bias: [1] },
      { order: 1 },
    );
  }
  for (const dilationRate of [1, 2]) {
    yield layer(
      'conv1d',
      { filters: 2, kernelSize: 2, padding: 'causal', dilationRate },
      [2, 4, 2],
      { kernel: [2, 2, 2], bias: [2] },
      { order: 1, variant: 'causal' },
    );
  }
  for (const [name, gates] of [
    ['simpleRNN', 1],
    ['gru', 3],
    ['lstm', 4],
  ] as const) {
    for (const more of [
      { activation: 'relu' },
      { activation: 'linear' },
      { useBias: false },
      { goBackwards: true, returnSequences: true },
    ]) {
      const bias: Weights = 'useBias' in more ? {} : { bias: [gates * 2] };
      yield layer(
        name,
        { units: 2, recurrentInitializer: 'zeros', ...more },
        [2, 3, 2],
        { kernel: [2, gates * 2], recurrent: [2, gates * 2], ...bias },
        { order: 1, range: 'unit' },
      );
    }
  }
  for (const interpolation of ['nearest', 'bilinear']) {
    for (const size of [
      [1, 2],
      [3, 1],
    ])
      yield layer('upSampling2d', { size, interpolation }, [1, 2, 3, 2], {}, { order: 1 });
  }
  for (const maxValue of [1, 6]) yield layer('reLU', { maxValue }, [2, 3, 2], {}, { order: 1 });
  for (const alpha of [0.5, 2]) yield layer('elu', { alpha }, [2, 3, 2], {}, { order: 1 });
  for (const axis of [1, -2])
    yield layer('softmax', { axis }, [2, 3, 4], {}, { order: 1, variant: 'another axis' });
  for (const sharedAxes of [[2], [1, 2]]) {
    const alpha = [3, 2].map((size, i) => (sharedAxes.includes(i + 1) ? 1 : size));
    yield layer('prelu', { sharedAxes }, [2, 3, 2], { alpha }, { order: 1 });
  }
}

export const layers: Family = {
  name: 'layers',
  *cases(): Iterable<CaseDraft> {
    for (const make of [dense, convolutions, spatial, normalisations, recurrent, rest, stacks, options]) {
      yield* make();
    }
  },
};
