/** Normalisations, and their formulas. */
import { real } from '../case.js';
import { call, input, type Expression } from '../expression.js';
import { type Row } from './pair.js';

const [x, a, b] = ['x', 'a', 'b'].map(input);
const m = real([2, 3]);
const squared = (of: Expression): Expression => call('square', of);
export const normalisations: readonly Row[] = [
  [
    'batchNorm',
    'its formula',
    { x: m, a: real([3]), b: real([3], 'positive') },
    call('batchNorm', x, a, b, undefined, undefined, 0.5),
    call('div', call('sub', x, a), call('sqrt', call('add', b, 0.5))),
  ],
  [
    'localResponseNormalization',
    'div',
    { x: real([1, 1, 2, 1]) },
    call('localResponseNormalization', x, 1, 0.5, 1, 0.5),
    call('div', x, call('sqrt', call('add', 0.5, squared(x)))),
  ],
];
