/** Inputs that ordinary ones hide: NaN and the infinities, and tensors without entries. Only their values are looked at. */
import { sizeOf } from '../../shapes.js';
import { fixed, ints, NOT_FINITE, type CaseDraft, type Family, type InputDraft } from './case.js';
import { smooth } from './elementwise.js';
import { call, get, input, type Argument, type Expression } from './expression.js';

const [x, y, filter] = ['x', 'y', 'filter'].map(input);

const toFloat = (of: Expression): Expression => call('cast', of, 'float32');

const odd: InputDraft = { shape: [6], values: [NaN, Infinity, -Infinity, 0, 1, -2], constant: true };
const others: InputDraft = { shape: [6], values: [1, NaN, 2, -Infinity, Infinity, -2], constant: true };

function* notFinite(): Iterable<CaseDraft> {
  const variant = NOT_FINITE;
  for (const op of Object.keys(smooth)) {
    yield { op, variant, inputs: { x: odd }, expression: call(op, x), order: 1 };
  }
  for (const op of ['ceil', 'floor', 'round', 'sign', 'leakyRelu', 'step']) {
    yield { op, variant, inputs: { x: odd }, expression: call(op, x), order: 1 };
  }
  for (const op of ['isNaN', 'isInf', 'isFinite']) {
    yield { op, variant, inputs: { x: odd }, expression: toFloat(call(op, x)), order: 1 };
  }
  for (const op of [
    'add',
    'sub',
    'mul',
    'div',
    'divNoNan',
    'maximum',
    'minimum',
    'squaredDifference',
    'atan2',
  ]) {
    yield { op, variant, inputs: { x: odd, y: others }, expression: call(op, x, y), order: 1 };
  }
  for (const op of ['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual']) {
    yield { op, variant, inputs: { x: odd, y: others }, expression: toFloat(call(op, x, y)), order: 1 };
  }
  const rows: InputDraft = { shape: [3, 2], values: [1, NaN, Infinity, 2, -Infinity, 3], constant: true };
  for (const op of ['sum', 'mean', 'prod', 'max', 'min', 'logSumExp']) {
    for (const axis of [1, 0]) {
      yield { op, variant, inputs: { x: rows }, expression: call(op, x, axis), order: 1 };
    }
  }
  yield { op: 'softmax', variant, inputs: { x: rows }, expression: call('softmax', x), order: 1 };
  yield {
    op: 'clipByValue',
    variant,
    inputs: { x: odd },
    expression: call('clipByValue', x, -1, 1),
    order: 1,
  };
  yield { op: 'cumsum', variant, inputs: { x: odd }, expression: call('cumsum', x), order: 1 };
}

/** Without entries: what comes has its shape all the same. */
function* empty(): Iterable<CaseDraft> {
  const variant = 'empty';
  const none = (shape: readonly number[]): InputDraft =>
    sizeOf(shape) === 0 ? { shape, values: [], constant: true } : fixed(shape);
  const draft = (
    op: string,
    shape: readonly number[],
    expression: Expression,
    more: Record<string, InputDraft> = {},
  ): CaseDraft => ({ op, variant, inputs: { x: none(shape), ...more }, expression, order: 1 });
  for (const op of ['neg', 'exp', 'relu', 'sigmoid', 'square', 'clone']) yield draft(op, [0, 3], call(op, x));
  for (const op of ['add', 'mul', 'div', 'maximum']) {
    yield draft(op, [0, 3], call(op, x, y), { y: none([3]) });
    yield draft(op, [2, 0], call(op, x, y), { y: none([2, 1]) });
  }
  for (const op of ['sum', 'prod', 'max', 'min', 'mean', 'all', 'any', 'logSumExp']) {
    const of = op === 'all' || op === 'any' ? call('cast', x, 'bool') : x;
    // The mean and the extremes of nothing are another matter.
    const axes: Argument[] = op === 'sum' || op === 'prod' ? [0, 1, undefined] : [1];
    for (const axis of axes) yield draft(op, [0, 3], toFloat(call(op, of, axis)));
  }
  const moves: [string, Argument[], number[]][] = [
    ['reshape', [[3, 0]], [0, 3]],
    ['transpose', [], [0, 3]],
    ['expandDims', [1], [0, 3]],
    ['tile', [[2, 1]], [0, 3]],
    ['reverse', [1], [0, 3]],
    [
      'slice',
      [
        [0, 1],
        [0, 2],
      ],
      [0, 3],
    ],
    [
      'pad',
      [
        [
          [1, 0],
          [0, 0],
        ],
      ],
      [0, 3],
    ],
    ['cumsum', [1], [0, 3]],
    ['softmax', [], [0, 3]],
    ['gather', [{ input: 'index' }], [3, 2]],
    ['broadcastTo', [[0, 3]], [1, 3]],
  ];
  for (const [op, args, shape] of moves) {
    const index = { index: ints([0], []) };
    yield draft(op, shape, call(op, x, ...args), op === 'gather' ? index : {});
  }
  yield draft('concat', [0, 3], call('concat', [x, y]), { y: none([2, 3]) });
  yield draft('stack', [0, 3], call('stack', [x, x]));
  yield draft('split', [2, 0], get(call('split', x, 2), 0));
  yield draft('matMul', [0, 3], call('matMul', x, y), { y: none([3, 2]) });
  yield draft('matMul', [2, 0], call('matMul', x, y), { y: none([0, 3]) });
  yield draft('conv2d', [0, 3, 3, 1], call('conv2d', x, filter, 1, 'same'), { filter: fixed([2, 2, 1, 2]) });
  yield draft('maxPool', [0, 3, 3, 1], call('maxPool', x, 2, 1, 'same'));
  yield draft('batchNorm', [0, 2], call('batchNorm', x, y, y), { y: fixed([2], 'positive') });
}

export const special: Family = {
  name: 'special values',
  *cases(): Iterable<CaseDraft> {
    yield* notFinite();
    yield* empty();
  },
};
