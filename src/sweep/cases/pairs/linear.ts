/** Products, and others of which they are made. */
import { real } from '../case.js';
import { call, input, type Argument, type Expression } from '../expression.js';
import { type Row } from './pair.js';

const [a, b] = ['a', 'b'].map(input);
const m = real([2, 3]);
const sum = (of: Expression, ...rest: Argument[]): Expression => call('sum', of, ...rest);
const mul = (one: Argument, other: Argument): Expression => call('mul', one, other);
export const linear: readonly Row[] = [
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
];
