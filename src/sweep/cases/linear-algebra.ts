/** Linear algebra: products of matrices in every orientation and batch, einsum, and decompositions. */
import { real, type CaseDraft, type Choices, type Family } from './case.js';
import { half } from './convolution.js';
import { call, get, input } from './expression.js';

const [a, b, x, y] = ['a', 'b', 'x', 'y'].map(input);
const flags = [false, true];

/** Sizes of the batch dimensions on both sides. */
const batches: readonly (readonly [number[], number[]])[] = [
  [[2], [2]],
  [[2], [1]],
  [[1], [3]],
  [[3], []],
  [[], [2]],
  [
    [2, 3],
    [2, 3],
  ],
  [
    [2, 1],
    [1, 3],
  ],
  [[2, 2], [2]],
  [
    [1, 2],
    [2, 1],
  ],
  [
    [2, 1, 2],
    [2, 1, 2],
  ],
  [
    [2, 1, 2],
    [1, 2, 1],
  ],
];

const letters: Readonly<Record<string, number>> = { b: 2, h: 2, i: 2, j: 3, k: 4, l: 2, m: 3 };
const equations = [
  'i->i',
  'ij->ji',
  'ij->i',
  'ij->j',
  'ij->',
  'ijk->kji',
  'ijk->jki',
  'ijk->ik',
  'ijkl->ljki',
  'i,i->',
  'i,i->i',
  'i,j->ij',
  'i,j->',
  'ij,j->i',
  'j,ij->i',
  'i,ij->j',
  'ij,i->ij',
  'ij,j->ji',
  'ij,ij->',
  'ij,ij->ij',
  'ij,ji->ij',
  'ij,ij->i',
  'ij,jk->ik',
  'ij,jk->ki',
  'ij,kj->ik',
  'ji,jk->ik',
  'ji,kj->ki',
  'ij,jk->ijk',
  'ij,k->ijk',
  'ij,k->i',
  'bij,bjk->bik',
  'bij,bkj->bik',
  'bij,bjl->ilb',
  'bij,jk->bik',
  'ij,bjk->bik',
  'bij,bij->b',
  'bij,bj->bi',
  'bijl,bl->bij',
  'ijl,jim->lm',
  'bhil,bhml->bhim',
  'bhim,bhml->bihl',
  'bilm,bjm->bilj',
];

export const linearAlgebra: Family = {
  name: 'linear algebra',
  *cases(choices: Choices): Iterable<CaseDraft> {
    const plain = flags.flatMap((first) => flags.map((second) => [[[], []], first, second] as const));
    for (const [[left, right], transposeA, transposeB] of [...plain, ...half(batches, flags, flags)]) {
      const [m, k, n] = choices.shuffle(left.length + right.length > 0 ? [2, 3, 1] : [2, 3, 4]);
      yield {
        op: 'matMul',
        ...(left.join() !== right.join() && { variant: 'broadcast' }),
        inputs: {
          a: real([...left, ...(transposeA ? [k, m] : [m, k])]),
          b: real([...right, ...(transposeB ? [n, k] : [k, n])]),
        },
        expression: call('matMul', a, b, transposeA, transposeB),
      };
    }
    for (const [shape, transposeA, transposeB] of [
      [[3, 2], true, false],
      [[3, 2], false, true],
      [[3, 3], false, false],
      [[3, 3], true, true],
      [[2, 3, 2], true, false],
      [[2, 2, 3], false, true],
    ] as const) {
      yield {
        op: 'matMul',
        inputs: { x: real(shape) },
        expression: call('matMul', x, x, transposeA, transposeB),
      };
    }
    for (const [left, right] of [
      [[4], [4]],
      [[3], [3, 2]],
      [[2, 3], [3]],
      [
        [2, 3],
        [3, 4],
      ],
      [
        [1, 3],
        [3, 1],
      ],
    ]) {
      yield { op: 'dot', inputs: { a: real(left), b: real(right) }, expression: call('dot', a, b) };
    }
    for (const shape of [[4], [3, 3]]) {
      yield { op: 'dot', inputs: { x: real(shape) }, expression: call('dot', x, x) };
    }
    for (const [left, right] of [
      [3, 4],
      [2, 1],
    ]) {
      yield {
        op: 'outerProduct',
        inputs: { a: real([left]), b: real([right]) },
        expression: call('outerProduct', a, b),
      };
    }
    yield { op: 'outerProduct', inputs: { x: real([3]) }, expression: call('outerProduct', x, x) };

    for (const equation of equations) {
      const terms = equation.split('->')[0].split(',');
      const shapes = terms.map((term) => [...term].map((letter) => letters[letter]));
      yield {
        op: 'einsum',
        inputs: { a: real(shapes[0]), ...(terms.length > 1 && { b: real(shapes[1]) }) },
        expression: call('einsum', equation, ...[a, b].slice(0, terms.length)),
      };
    }
    yield { op: 'einsum', inputs: { x: real([3, 3]) }, expression: call('einsum', 'ij,jk->ik', x, x) };

    for (const shape of [
      [3, 4],
      [2, 4, 3],
    ]) {
      for (const [lower, upper] of [
        [0, 0],
        [1, 0],
        [0, 2],
        [-1, 0],
        [1, -1],
      ]) {
        yield {
          op: 'linalg.bandPart',
          inputs: { x: real(shape) },
          expression: call('linalg.bandPart', x, lower, upper),
        };
      }
    }
    for (const shape of [
      [2, 3],
      [3, 3],
      [2, 4],
      [1, 3],
    ]) {
      yield {
        op: 'linalg.gramSchmidt',
        inputs: { x: real(shape) },
        expression: call('linalg.gramSchmidt', x),
      };
    }
    for (const member of [0, 1]) {
      yield {
        op: 'linalg.gramSchmidt',
        inputs: { x: real([3]), y: real([3]) },
        expression: get(call('linalg.gramSchmidt', [x, y]), member),
      };
      for (const [shape, full] of [
        [[2, 2], false],
        [[3, 3], false],
        [[3, 2], false],
        [[3, 2], true],
        [[2, 3], false],
        [[2, 2, 2], false],
      ] as const) {
        yield {
          op: 'linalg.qr',
          inputs: { x: real(shape) },
          expression: get(call('linalg.qr', x, full), member),
        };
      }
    }
    for (const ord of [1, Infinity, -Infinity, 'fro', 'euclidean']) {
      for (const [shape, axes] of [
        [
          [3, 4],
          [0, 1],
        ],
        [
          [2, 4, 3],
          [1, 2],
        ],
        [
          [3, 2, 4],
          [0, 1],
        ],
      ]) {
        const keepDims = choices.pick(flags);
        yield { op: 'norm', inputs: { x: real(shape) }, expression: call('norm', x, ord, axes, keepDims) };
      }
    }
  },
};
