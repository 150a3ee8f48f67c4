/** Losses, and their formulas. */
import { fixed, real } from '../case.js';
import { call, input, type Argument, type Expression } from '../expression.js';
import { type Row } from './pair.js';

const [a, b] = ['a', 'b'].map(input);
const m = real([2, 3]);
const labels = fixed([2, 3], 'probability');
const probability = real([2, 3], 'probability');
const log = (of: Expression): Expression => call('log', of);
const sum = (of: Expression, ...rest: Argument[]): Expression => call('sum', of, ...rest);
const mul = (one: Argument, other: Argument): Expression => call('mul', one, other);
const squared = (of: Expression): Expression => call('square', of);
export const losses: readonly Row[] = [
  [
    'losses.meanSquaredError',
    'mean',
    { a: labels, b: m },
    call('losses.meanSquaredError', a, b),
    call('mean', squared(call('sub', a, b))),
  ],
  [
    'losses.absoluteDifference',
    'mean',
    { a: labels, b: m },
    call('losses.absoluteDifference', a, b),
    call('mean', call('abs', call('sub', a, b))),
  ],
  [
    'losses.softmaxCrossEntropy',
    'logSoftmax',
    { a: labels, b: m },
    call('losses.softmaxCrossEntropy', a, b),
    call('mean', call('neg', sum(mul(a, call('logSoftmax', b)), 1))),
  ],
  [
    'losses.sigmoidCrossEntropy',
    'logSigmoid',
    { a: labels, b: m },
    call('losses.sigmoidCrossEntropy', a, b),
    call(
      'neg',
      call(
        'mean',
        call(
          'add',
          mul(a, call('logSigmoid', b)),
          mul(call('sub', 1, a), call('logSigmoid', call('neg', b))),
        ),
      ),
    ),
  ],
  [
    'losses.logLoss',
    'log',
    { a: labels, b: probability },
    call('losses.logLoss', a, b, undefined, 0),
    call('neg', call('mean', call('add', mul(a, log(b)), mul(call('sub', 1, a), log(call('sub', 1, b)))))),
  ],
  [
    'losses.huberLoss',
    'its parts',
    { a: labels, b: m },
    call('losses.huberLoss', a, b),
    call(
      'mean',
      mul(
        call('clipByValue', call('abs', call('sub', a, b)), 0, 1),
        call(
          'sub',
          call('abs', call('sub', a, b)),
          mul(0.5, call('clipByValue', call('abs', call('sub', a, b)), 0, 1)),
        ),
      ),
    ),
  ],
  [
    'losses.hingeLoss',
    'relu',
    { a: { shape: [2, 3], values: [0, 1, 1, 0, 1, 0], constant: true }, b: m },
    call('losses.hingeLoss', a, b),
    call('mean', call('relu', call('sub', 1, mul(call('sub', mul(2, a), 1), b)))),
  ],
  [
    'losses.cosineDistance',
    'sum',
    { a: labels, b: m },
    call('losses.cosineDistance', a, b, 1),
    call('mean', call('sub', 1, sum(mul(a, b), 1))),
  ],
];
