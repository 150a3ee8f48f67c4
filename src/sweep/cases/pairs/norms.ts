/** Norms, and their parts. */
import { real, type CaseDraft } from '../case.js';
import { call, input, type Argument, type Expression } from '../expression.js';
import { pair } from './pair.js';

const x = input('x');
const sum = (of: Expression, ...rest: Argument[]): Expression => call('sum', of, ...rest);
const squared = (of: Expression): Expression => call('square', of);
/** Every norm over every axis. */
export function* norms(): Iterable<CaseDraft> {
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
}
