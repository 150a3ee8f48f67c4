/**
 * Layers of several inputs, and what else of the layers' library is applied to tensors without a model: regularizers, constraints,
 * encodings with weights.
 */
import { fixed, ints, real, type CaseDraft, type Family, type InputDraft } from './case.js';
import { apply, call, get, input, type Argument, type Expression } from './expression.js';

type Config = Readonly<Record<string, Argument>>;

const names = ['a', 'b', 'c'];
const [a, x, w] = ['a', 'x', 'w'].map(input);

/** `tf.layers.add(config).apply(…)`. */
const applied = (path: string, config: Config | undefined, ...args: Argument[]): Expression =>
  apply(get(config ? call(path, config) : call(path), 'apply'), ...args);

function merge(
  name: string,
  config: Config | undefined,
  shapes: readonly (readonly number[])[],
  variant?: string,
): CaseDraft {
  const used = names.slice(0, shapes.length);
  return {
    op: `layers.${name}`,
    ...(variant && { variant }),
    inputs: Object.fromEntries(used.map((each, i): [string, InputDraft] => [each, real(shapes[i])])),
    expression: applied(`layers.${name}`, config, used.map(input)),
  };
}

function* mergers(): Iterable<CaseDraft> {
  for (const name of ['add', 'average', 'multiply', 'maximum', 'minimum']) {
    for (const shape of [
      [2, 3],
      [2, 3, 2],
    ]) {
      yield merge(name, undefined, [shape, shape]);
      yield merge(name, undefined, [shape, shape, shape]);
    }
    yield merge(
      name,
      undefined,
      [
        [2, 3, 2],
        [2, 1, 2],
      ],
      'broadcast',
    );
    yield merge(
      name,
      undefined,
      [
        [2, 3, 2],
        [2, 2],
      ],
      'of several ranks',
    );
    yield {
      op: `layers.${name}`,
      variant: 'the same twice',
      inputs: { a: real([2, 3]) },
      expression: applied(`layers.${name}`, undefined, [a, a]),
      ...(['maximum', 'minimum'].includes(name) && { kink: true }),
    };
  }
  yield merge('concatenate', undefined, [
    [2, 3],
    [2, 1],
  ]);
  yield merge('concatenate', { axis: 1 }, [
    [2, 3, 2],
    [2, 1, 2],
    [2, 2, 2],
  ]);
  yield merge('concatenate', { axis: -2 }, [
    [2, 1, 3],
    [2, 2, 3],
  ]);
  for (const normalize of [false, true]) {
    const variant = normalize ? 'normalized' : undefined;
    for (const axes of [1, -1])
      yield merge(
        'dot',
        { axes, normalize },
        [
          [2, 3],
          [2, 3],
        ],
        variant,
      );
    yield merge(
      'dot',
      { axes: [2, 1], normalize },
      [
        [2, 3, 4],
        [2, 4, 2],
      ],
      variant,
    );
    yield merge(
      'dot',
      { axes: 1, normalize },
      [
        [2, 3, 2],
        [2, 3, 4],
      ],
      variant,
    );
    yield merge(
      'dot',
      { axes: [1, 2], normalize },
      [
        [2, 3],
        [2, 2, 3],
      ],
      variant,
    );
  }
}

function* penalties(): Iterable<CaseDraft> {
  for (const [name, config] of [
    ['l1', { l1: 0.25 }],
    ['l2', { l2: 0.25 }],
    ['l1l2', { l1: 0.5, l2: 0.25 }],
    ['l1l2', { l1: 0.5 }],
  ] as const) {
    yield {
      op: `regularizers.${name}`,
      inputs: { x: real([3, 2]) },
      expression: applied(`regularizers.${name}`, config, x),
    };
  }
  for (const axis of [0, 1]) {
    for (const [name, config] of [
      ['maxNorm', { maxValue: 1, axis }],
      ['maxNorm', { maxValue: 8, axis }],
      ['minMaxNorm', { minValue: 0.25, maxValue: 1, axis }],
      ['minMaxNorm', { minValue: 5, maxValue: 6, rate: 0.5, axis }],
      ['unitNorm', { axis }],
    ] as const) {
      yield {
        op: `constraints.${name}`,
        inputs: { x: real([3, 4]) },
        expression: applied(`constraints.${name}`, config, x),
      };
    }
  }
  yield {
    op: 'constraints.nonNeg',
    inputs: { x: real([3, 2]) },
    expression: applied('constraints.nonNeg', undefined, x),
  };
}

function* encodings(): Iterable<CaseDraft> {
  const counted = applied('layers.categoryEncoding', { numTokens: 4, outputMode: 'count' }, x, {
    countWeights: w,
  });
  for (const [shape, values] of [
    [
      [2, 3],
      [0, 2, 1, 3, 2, 2],
    ],
    [
      [3, 2],
      [3, 3, 0, 1, 2, 0],
    ],
  ]) {
    yield {
      op: 'layers.categoryEncoding',
      inputs: { x: ints(shape, values), w: real(shape) },
      expression: counted,
      order: 1,
    };
  }
}

/** A loss as it is written where layers have regularizers: with its penalty, the labels held fast. */
function* penalised(): Iterable<CaseDraft> {
  const labels = input('labels');
  for (const [name, config] of [
    ['l1', { l1: 0.125 }],
    ['l2', { l2: 0.125 }],
  ] as const) {
    yield {
      op: `regularizers.${name}`,
      inputs: { x: real([2, 3]), w: real([3, 2]), labels: fixed([2, 2]) },
      expression: call(
        'add',
        call('losses.meanSquaredError', labels, call('matMul', x, w)),
        applied(`regularizers.${name}`, config, w),
      ),
    };
  }
}

export const merging: Family = {
  name: 'merging',
  *cases(): Iterable<CaseDraft> {
    for (const make of [mergers, penalties, encodings, penalised]) yield* make();
  },
};
