/** Normalisation: by given and by own statistics, across channels, to length 1 and to probabilities. */
import { real, type CaseDraft, type Choices, type Family } from './case.js';
import { half } from './convolution.js';
import { call, get, input, type Argument, type Expression } from './expression.js';

const [x, mean, variance, offset, scale] = ['x', 'mean', 'variance', 'offset', 'scale'].map(input);

const flags = [false, true];

function* batchNorms(choices: Choices): Iterable<CaseDraft> {
  const options = flags.flatMap((withOffset) => flags.map((withScale) => ({ withOffset, withScale })));
  const draft = (
    op: string,
    rank: number,
    whole: boolean,
    { withOffset, withScale }: (typeof options)[number],
    epsilon: number,
  ): CaseDraft => {
    const shape = choices.shape(rank, whole ? 12 : 32);
    const statistics = whole ? shape : shape.slice(-1);
    return {
      op,
      inputs: {
        x: real(shape),
        mean: real(statistics),
        variance: real(statistics, 'positive'),
        ...(withOffset && { offset: real(statistics) }),
        ...(withScale && { scale: real(statistics) }),
      },
      expression: call(op, x, mean, variance, withOffset ? offset : null, withScale ? scale : null, epsilon),
    };
  };
  for (const [rank, option, whole] of [...half([2, 3, 4], options, flags), ...half([5], options, [false])]) {
    yield draft('batchNorm', rank, whole, option, choices.pick([0.001, 0.25]));
  }
  for (const rank of [2, 3, 4]) {
    for (const option of [options[0], options[3]])
      yield draft(`batchNorm${rank}d`, rank, false, option, 0.001);
    for (const option of options) yield draft('batchNorm', rank, false, option, 0.1);
  }
}

/** (x - its mean) / its deviation, over these axes, as layers do. */
const standardised = (axes: Argument): Expression => {
  const moments = call('moments', x, axes, true);
  return call(
    'div',
    call('sub', x, get(moments, 'mean')),
    call('sqrt', call('add', get(moments, 'variance'), 0.001)),
  );
};

export const normalisation: Family = {
  name: 'normalisation',
  *cases(choices: Choices): Iterable<CaseDraft> {
    yield* batchNorms(choices);
    for (const radius of [0, 1, 2, 5]) {
      for (const [bias, alpha, beta] of [
        [1, 1, 0.5],
        [2, 0.5, 0.75],
        [0.5, 2, 1],
        [1, 0.1, 2],
      ]) {
        yield {
          op: 'localResponseNormalization',
          inputs: { x: real([2, ...choices.shuffle([1, 3]), choices.pick([3, 4])]) },
          expression: call('localResponseNormalization', x, radius, bias, alpha, beta),
        };
      }
    }
    yield {
      op: 'localResponseNormalization',
      inputs: { x: real([2, 2, 4]) },
      expression: call('localResponseNormalization', x, 1, 1, 1, 0.5),
    };
    for (const [rank, axes] of [
      [1, 0],
      [2, -1],
      [2, 0],
      [3, [1, 2]],
      [3, [-1, 0]],
      [4, [-3, -2]],
      [4, [0, 1, 2]],
    ] as const) {
      const shape = choices.shape(rank, 24);
      yield { op: 'moments', inputs: { x: real(shape) }, expression: standardised(axes) };
      yield {
        op: 'moments',
        inputs: { x: real(shape), scale: real(shape.slice(-1)), offset: real(shape.slice(-1)) },
        expression: call('add', call('mul', standardised(axes), scale), offset),
        order: rank > 2 ? 1 : 2,
      };
    }
    for (const axis of [null, 0, -1, [0, 1]]) {
      const shape = choices.shape(axis === null ? 1 : 3, 18);
      yield {
        op: 'norm',
        inputs: { x: real(shape) },
        expression: call('div', x, call('norm', x, 'euclidean', axis, true)),
      };
      yield {
        op: 'rsqrt',
        inputs: { x: real(shape) },
        expression: call(
          'mul',
          x,
          call('rsqrt', call('maximum', call('sum', call('square', x), axis, true), 1e-6)),
        ),
      };
    }
    for (const rank of [1, 2, 3, 4, 5]) {
      for (const [op, axes] of [
        ['softmax', [-1, rank - 1]],
        ['logSoftmax', [-1, rank - 1]],
      ] as const) {
        for (const axis of axes) {
          yield {
            op,
            inputs: { x: real(choices.shape(rank, 32)) },
            expression: call(op, x, axis),
          };
        }
      }
    }
    yield {
      op: 'softmax',
      inputs: { x: real([2, 3]) },
      expression: call('log', call('softmax', x)),
    };
    yield {
      op: 'logSoftmax',
      inputs: { x: real([2, 3]), scale: real([2, 3]) },
      expression: call('sum', call('mul', scale, call('logSoftmax', x)), -1),
    };
  },
};
