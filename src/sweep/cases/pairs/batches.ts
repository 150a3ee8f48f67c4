/** A batch at once, and its examples one after the other. */
import { real, type CaseDraft } from '../case.js';
import { call, get, input, type Expression } from '../expression.js';
import { pair, type Inputs } from './pair.js';

const [x, b, filter] = ['x', 'b', 'filter'].map(input);

/** A batch at once, and its examples one after the other. */
export function* batchAndLoop(): Iterable<CaseDraft> {
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
