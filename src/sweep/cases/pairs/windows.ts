/** Convolutions and pools, and others of which they are made. */
import { real, type CaseDraft } from '../case.js';
import { call, get, input, type Expression } from '../expression.js';
import { pair } from './pair.js';

const [x, filter, dy, pointwise] = ['x', 'filter', 'dy', 'pointwise'].map(input);

/** A convolution or a pool, and another that computes the same. */
export function* windows(): Iterable<CaseDraft> {
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
}

/** A transposed convolution, and one over its input with zeros around it. */
export function* transposedConvolution(): Iterable<CaseDraft> {
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
