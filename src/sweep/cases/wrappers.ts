/** Layers around others: wrappers, cells and stacks of them, masks that go from layer to layer, resizing. */
import type { CaseDraft, Family, InputDraft } from './case.js';
import { call, type Expression } from './expression.js';
import { stack, type Config, type Weights } from './layers.js';

// Without this each run draws an orthogonal matrix first.
const recurrentInitializer = 'zeros';

const gatesOf = { simpleRNN: 1, gru: 3, lstm: 4 } as const;
type Recurrent = keyof typeof gatesOf;

const recurrentWeights = (name: Recurrent, inputs: number, units: number, prefix = ''): Weights => {
  const columns = gatesOf[name] * units;
  return {
    [`${prefix}Kernel`]: [inputs, columns],
    [`${prefix}Recurrent`]: [units, columns],
    [`${prefix}Bias`]: [columns],
  };
};

function wrapped(
  name: string,
  config: Config,
  shape: readonly number[],
  weights: Weights,
  variant?: string,
): CaseDraft {
  return stack([[name, config]], shape, weights, {
    op: `layers.${name}`,
    order: 1,
    range: 'unit',
    ...(variant && { variant }),
  });
}

function* timeDistributed(): Iterable<CaseDraft> {
  yield wrapped(
    'timeDistributed',
    { layer: call('layers.dense', { units: 3, activation: 'tanh' }) },
    [2, 3, 2],
    { kernel: [2, 3], bias: [3] },
  );
  yield wrapped(
    'timeDistributed',
    { layer: call('layers.conv1d', { filters: 2, kernelSize: 2 }) },
    [2, 2, 4, 2],
    { kernel: [2, 2, 2], bias: [2] },
  );
  yield wrapped('timeDistributed', { layer: call('layers.flatten') }, [2, 3, 2, 2], {});
}

function* bidirectional(): Iterable<CaseDraft> {
  for (const name of Object.keys(gatesOf) as Recurrent[]) {
    for (const mergeMode of ['concat', 'sum', 'ave', 'mul']) {
      for (const returnSequences of [false, true]) {
        yield wrapped(
          'bidirectional',
          { layer: call(`layers.${name}`, { units: 1, returnSequences, recurrentInitializer }), mergeMode },
          [2, 3, 2],
          { ...recurrentWeights(name, 2, 1, 'forward'), ...recurrentWeights(name, 2, 1, 'backward') },
        );
      }
    }
  }
}

function* cells(): Iterable<CaseDraft> {
  for (const name of Object.keys(gatesOf) as Recurrent[]) {
    const cell = (units: number): Expression => call(`layers.${name}Cell`, { units, recurrentInitializer });
    for (const returnSequences of [false, true]) {
      yield wrapped(
        'rnn',
        { cell: cell(2), returnSequences },
        [2, 3, 2],
        recurrentWeights(name, 2, 2, 'only'),
      );
    }
    yield wrapped(
      'rnn',
      { cell: call('layers.stackedRNNCells', { cells: [cell(2), cell(1)] }) },
      [2, 3, 1],
      { ...recurrentWeights(name, 1, 2, 'first'), ...recurrentWeights(name, 2, 1, 'second') },
      'stacked',
    );
  }
}

/** Steps that a mask leaves out, within an example and at its end. The examples are held fast: at a 0 the mask jumps. */
function* masked(): Iterable<CaseDraft> {
  const values = [0.5, -1, 1.25, 0.75, 0, 0, -0.5, 1, 0, 0, 0.25, -0.75];
  const x: InputDraft = { shape: [2, 3, 2], values, constant: true };
  for (const name of Object.keys(gatesOf) as Recurrent[]) {
    for (const returnSequences of [false, true]) {
      const draft = stack(
        [
          ['masking', { maskValue: 0 }],
          [name, { units: 1, returnSequences, recurrentInitializer }],
        ],
        [2, 3, 2],
        recurrentWeights(name, 2, 1, 'only'),
        { op: `layers.${name}`, variant: 'masked', order: 1, range: 'unit' },
      );
      yield { ...draft, inputs: { ...draft.inputs, x } };
    }
    const draft = stack(
      [
        ['embedding', { inputDim: 4, outputDim: 2, inputLength: 3, maskZero: true }],
        [name, { units: 1, recurrentInitializer }],
      ],
      [2, 3],
      { embeddings: [4, 2], ...recurrentWeights(name, 2, 1, 'only') },
      { op: `layers.${name}`, variant: 'masked', order: 1, range: 'unit' },
    );
    yield {
      ...draft,
      inputs: { ...draft.inputs, x: { shape: [2, 3], values: [1, 3, 0, 2, 0, 1], dtype: 'int32' } },
    };
  }
}

/** Images of another size; what is drawn at random is drawn from one number. */
function* images(): Iterable<CaseDraft> {
  for (const interpolation of ['nearest', 'bilinear']) {
    for (const [height, width] of [
      [4, 2],
      [2, 5],
    ])
      yield wrapped('resizing', { height, width, interpolation }, [1, 3, 4, 2], {});
    yield wrapped(
      'resizing',
      { height: 2, width: 5, interpolation, cropToAspectRatio: true },
      [1, 4, 4, 2],
      {},
      'cropToAspectRatio',
    );
    for (const training of [false, true]) {
      yield stack(
        [['randomWidth', { factor: [0.5, 0.5], interpolation }]],
        [1, 2, 4, 2],
        {},
        {
          op: 'layers.randomWidth',
          order: 1,
          ...(training && { variant: 'training', training }),
        },
      );
    }
  }
  for (const [shape, height, width] of [
    [[1, 3, 3, 1], 2, 2],
    [[1, 5, 6, 1], 2, 3],
    [[1, 7, 4, 1], 3, 4],
  ] as const)
    yield wrapped('centerCrop', { height, width }, shape, {});
  for (const [shape, height, width] of [
    [[1, 2, 3, 1], 4, 4],
    [[1, 3, 5, 1], 4, 3],
  ] as const)
    yield wrapped('centerCrop', { height, width }, shape, {}, 'larger');
}

function* convLstm(): Iterable<CaseDraft> {
  for (const [more, kernelSize] of [
    [{ strides: [2, 1] }, [2, 1]],
    [{ dilationRate: [1, 2], recurrentActivation: 'sigmoid' }, [1, 2]],
    [{ padding: 'same', activation: 'sigmoid', recurrentActivation: 'tanh' }, [1, 2]],
    [{ useBias: false, goBackwards: true }, [2, 1]],
  ] as const) {
    const kernel = [...kernelSize, 1, 4];
    // Where the gradient throws, each entry takes many steps.
    const shape = 'dilationRate' in more ? [1, 1, 2, 3, 1] : [1, 2, 3, 3, 1];
    yield wrapped('convLstm2d', { filters: 1, kernelSize, recurrentInitializer, ...more }, shape, {
      kernel,
      recurrent: kernel,
      ...('useBias' in more ? {} : { bias: [4] }),
    });
  }
}

export const wrappers: Family = {
  name: 'wrappers',
  *cases(): Iterable<CaseDraft> {
    for (const make of [timeDistributed, bidirectional, cells, masked, images, convLstm]) yield* make();
  },
};
