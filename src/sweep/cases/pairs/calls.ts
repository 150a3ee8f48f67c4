/** A function called once and twice. */
import { real, type CaseDraft } from '../case.js';
import { call, input, type Argument } from '../expression.js';
import { pair } from './pair.js';

const x = input('x');

const mul = (one: Argument, other: Argument): ReturnType<typeof call> => call('mul', one, other);

/** The same function twice: what one call saves, the other's gradient must leave in place. */
export function* onceAndTwice(): Iterable<CaseDraft> {
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
      { x: real([2, 3]) },
      mul(call('add', call(op, x), call(op, call('neg', x))), 2),
      call('add', call('add', call(op, x), call(op, x)), mul(2, call(op, call('neg', x)))),
    );
  }
}
