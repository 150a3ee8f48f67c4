/** Functions of numbers and their sums, and others of which they are made. */
import { real } from '../case.js';
import { call, get, input, type Argument, type Expression } from '../expression.js';
import { type Row } from './pair.js';

const [x, a, b] = ['x', 'a', 'b'].map(input);
const m = real([2, 3]);
const log = (of: Expression): Expression => call('log', of);
const sum = (of: Expression, ...rest: Argument[]): Expression => call('sum', of, ...rest);
const squared = (of: Expression): Expression => call('square', of);
export const elementwise: readonly Row[] = [
  ['mean', 'sum', { x: m }, call('mean', x, 1), call('div', sum(x, 1), 3)],
  ['mean', 'sum', { x: m }, call('mean', x), call('div', sum(x), 6)],
  ['addN', 'add', { x: m, a: m, b: m }, call('addN', [x, a, b]), call('add', call('add', x, a), b)],
  [
    'moments',
    'mean',
    { x: m },
    get(call('moments', x, 0), 'variance'),
    call('mean', squared(call('sub', x, call('mean', x, 0, true))), 0),
  ],
  ['logSumExp', 'log of sum of exp', { x: m }, call('logSumExp', x, 1), log(sum(call('exp', x), 1))],
  [
    'prod',
    'exp of sum of log',
    { x: real([2, 3], 'positive') },
    call('prod', x, 1),
    call('exp', sum(log(x), 1)),
  ],
  ['logSoftmax', 'log of softmax', { x: m }, call('logSoftmax', x), log(call('softmax', x))],
  ['softmax', 'exp', { x: m }, call('softmax', x), call('div', call('exp', x), sum(call('exp', x), 1, true))],
  ['logSigmoid', 'log of sigmoid', { x: m }, call('logSigmoid', x), log(call('sigmoid', x))],
  ['softplus', 'log1p of exp', { x: m }, call('softplus', x), call('log1p', call('exp', x))],
  [
    'sigmoid',
    'tanh',
    { x: m },
    call('sigmoid', x),
    call('mul', 0.5, call('add', 1, call('tanh', call('mul', 0.5, x)))),
  ],
  ['relu6', 'clipByValue', { x: m }, call('relu6', x), call('clipByValue', x, 0, 6)],
  [
    'clipByValue',
    'minimum and maximum',
    { x: m },
    call('clipByValue', x, -1, 1),
    call('minimum', 1, call('maximum', x, -1)),
  ],
  [
    'elu',
    'relu and expm1',
    { x: m },
    call('elu', x),
    call('add', call('relu', x), call('expm1', call('minimum', x, 0))),
  ],
  ['prelu', 'leakyRelu', { x: m }, call('prelu', x, 0.25), call('leakyRelu', x, 0.25)],
  [
    'tan',
    'sin and cos',
    { x: real([2, 3], 'unit') },
    call('tan', x),
    call('div', call('sin', x), call('cos', x)),
  ],
  ['expm1', 'exp', { x: m }, call('expm1', x), call('sub', call('exp', x), 1)],
  ['rsqrt', 'sqrt', { x: real([2, 3], 'positive') }, call('rsqrt', x), call('reciprocal', call('sqrt', x))],
  ['pow', 'square', { x: real([2, 3], 'positive') }, call('pow', x, 2), squared(x)],
  [
    'squaredDifference',
    'square',
    { a: m, b: m },
    call('squaredDifference', a, b),
    squared(call('sub', a, b)),
  ],
  ['divNoNan', 'div', { a: m, b: m }, call('divNoNan', a, b), call('div', a, b)],
  [
    'atan2',
    'atan',
    { a: real([2, 3], 'positive'), b: real([2, 3], 'positive') },
    call('atan2', a, b),
    call('atan', call('div', a, b)),
  ],
];
