/** Changes of the losses by moves of the logits and residuals. Oracle: the losses' formulas in plain doubles, at both ends. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import type { Around, Differentiable, Pick } from '../../src/differentiation/differences.js';
import {
  binaryDifference,
  crossEntropyDifference,
  outputDifference,
  residualDifference,
} from '../../src/differentiation/loss-differences.js';
import { inFloat64 } from '../../src/float64/in-float64.js';
import { expectClose, expectRejected } from '../support/close.js';

type Rows = number[][];

const all: Pick = (x) => x;

/** By moves of every example, [examples][moves][D], in one of the two forms. */
function changes(
  { around }: Differentiable,
  at: Rows,
  moves: number[][][],
  form: keyof Around,
): { shape: number[]; values: number[] } {
  return inFloat64(() =>
    tf.tidy(() => {
      const change = around(tf.tensor3d(at.map((row) => [row])))[form](all, tf.tensor3d(moves));
      return { shape: change.shape, values: Array.from(change.dataSync()) };
    }),
  );
}

/** A target [N,1,D], made where it is needed. */
const targetOf = (t: Rows): tf.Tensor => tf.tensor3d(t.map((row) => [row]));

const sum = (list: readonly number[]): number => list.reduce((total, one) => total + one, 0);

function logSoftmax(a: readonly number[]): number[] {
  const most = Math.max(...a);
  const log = most + Math.log(sum(a.map((one) => Math.exp(one - most))));
  return a.map((one) => one - log);
}

const sigmoid = (a: number): number => 1 / (1 + Math.exp(-a));
const softplus = (a: number): number => Math.max(a, 0) + Math.log1p(Math.exp(-Math.abs(a)));

const crossEntropy =
  (epsilon: number) =>
  (a: readonly number[], t: readonly number[]): number =>
    -sum(logSoftmax(a).map((log, k) => t[k] * (epsilon === 0 ? log : Math.log(Math.exp(log) + epsilon))));

const binary =
  (epsilon: number) =>
  (a: readonly number[], t: readonly number[]): number => {
    const log = (one: number): number => (epsilon === 0 ? -softplus(-one) : Math.log(sigmoid(one) + epsilon));
    return -sum(a.map((one, k) => t[k] * log(one) + (1 - t[k]) * log(-one)));
  };

/** What the loss at the moved numbers is more than at the numbers. */
const differenceOf = (
  loss: (a: readonly number[], t: readonly number[]) => number,
  at: Rows,
  t: Rows,
  moves: number[][][],
): number[] =>
  at.flatMap((row, n) =>
    moves[n].map(
      (move) =>
        loss(
          row.map((one, k) => one + move[k]),
          t[n],
        ) - loss(row, t[n]),
    ),
  );

const logits: Rows = [
  [0.3, -1.2, 2],
  [-0.7, 0.4, 0.9],
  [1.5, 0.1, -2.2],
];
/** Two moves of every example, up to a `size`. */
const movesOf = (size: number, examples = 3): number[][][] =>
  Array.from({ length: examples }, (_, n) =>
    [1, -1].map((sign) =>
      [0, 1, 2].map((k) => (sign * size * (1 + ((3 * n + 5 * k + (sign > 0 ? 0 : 2)) % 7))) / 7),
    ),
  );

const targets: [string, Rows][] = [
  [
    'one-hot',
    [
      [0, 0, 1],
      [1, 0, 0],
      [0, 1, 0],
    ],
  ],
  [
    'soft',
    [
      [0.2, 0.3, 0.5],
      [0.9, 0.05, 0.05],
      [0.4, 0.6, 0],
    ],
  ],
  [
    'one of them soft',
    [
      [0, 0, 1],
      [1, 0, 0],
      [0, 0.5, 0.5],
    ],
  ],
  [
    'with two classes',
    [
      [0, 1, 1],
      [1, 0, 0],
      [0, 1, 0],
    ],
  ],
  [
    'with no class',
    [
      [0, 0, 1],
      [0, 0, 0],
      [0, 1, 0],
    ],
  ],
];

/** Each form of a difference with the sizes of moves that it is for. */
const sized = (
  [
    ['near', [1e-3, 0.25]],
    ['any', [1e-3, 0.25, 3, 40]],
  ] as const
).flatMap(([form, sizes]) => sizes.map((size) => ({ form, size })));

/** Each cross-entropy with what the subtraction of two losses of size 1 leaves. */
const crossEntropies = [
  ['softmax', crossEntropyDifference, crossEntropy, 3e-15],
  ['sigmoid', binaryDifference, binary, 1e-14],
] as const;

describe.each(targets)('cross-entropies for targets that are %s', (_name, t) => {
  describe.each(crossEntropies)('%s', (_output, difference, loss, absolute) => {
    test.each([0, 1e-7, 0.05])('ε = %d', (epsilon) => {
      for (const { form, size } of sized) {
        const moves = movesOf(size);
        const { shape, values } = inFloat64(() =>
          changes(difference(targetOf(t), epsilon), logits, moves, form),
        );
        expect(shape).toEqual([3, 2]);
        const expected = differenceOf(loss(epsilon), logits, t, moves);
        expectClose(values, expected, { relative: 1e-12, absolute: absolute * Math.max(1, size) });
      }
    });
  });
});

test('other targets give other numbers', () => {
  const [[, hard], [, soft]] = targets;
  const moves = movesOf(0.25);
  const of = (t: Rows): number[] =>
    inFloat64(() => changes(crossEntropyDifference(targetOf(t), 1e-7), logits, moves, 'near').values);
  expectRejected(of(soft), of(hard), { maxRelativeToLargest: 1e-3 });
});

test('a move of no size changes nothing, and small ones are known to their last digits', () => {
  const t = targets[1][1];
  for (const epsilon of [0, 1e-7]) {
    for (const form of ['near', 'any'] as const) {
      const still = inFloat64(
        () => changes(crossEntropyDifference(targetOf(t), epsilon), logits, movesOf(0), form).values,
      );
      expectClose(still, [0, 0, 0, 0, 0, 0]);
      // L(a + Δ) - L(a) is Σ_k Δ_k·∂L/∂a_k to the first order; ∂L/∂a = p - t without ε, for a target that sums to 1.
      if (epsilon > 0) continue;
      const moves = movesOf(1e-12);
      const slopes = logits.map((a, n) => logSoftmax(a).map((log, k) => Math.exp(log) - t[n][k]));
      const expected = moves.flatMap((own, n) =>
        own.map((move) => sum(move.map((by, k) => by * slopes[n][k]))),
      );
      const small = inFloat64(
        () => changes(crossEntropyDifference(targetOf(t), 0), logits, moves, form).values,
      );
      expectClose(small, expected, { relative: 1e-10, absolute: 1e-26 });
    }
  }
});

test.each([
  ['one example, one move', 1, 1],
  ['one example', 1, 3],
  ['one move', 2, 1],
] as const)('%s: the shape is [examples, moves]', (_name, examples, count) => {
  const at = logits.slice(0, examples);
  const moves = at.map(() => Array.from({ length: count }, (_, i) => [0.1, -0.2, 0.05 * i]));
  for (const t of [targets[0][1], targets[1][1]]) {
    inFloat64(() => {
      const own = (): tf.Tensor => targetOf(t.slice(0, examples));
      const differences: Differentiable[] = [
        ...[0, 1e-7].flatMap((epsilon) => [
          crossEntropyDifference(own(), epsilon),
          binaryDifference(own(), epsilon),
        ]),
        ...Object.values(residualDifference),
      ];
      for (const difference of differences) {
        for (const form of ['near', 'any'] as const)
          expect(changes(difference, at, moves, form).shape).toEqual([examples, count]);
      }
      for (const difference of Object.values(outputDifference)) {
        for (const form of ['near', 'any'] as const)
          expect(changes(difference, at, moves, form).shape).toEqual([examples, count, 3]);
      }
    });
  }
});

test('of hard targets the own class alone is evaluated; of a batch with a soft one every class', async () => {
  /** The largest result of a logarithm's kernel. */
  const largestOf = async (t: Rows): Promise<number> => {
    const { kernels } = await tf.profile(() =>
      tf.tidy(() => {
        const { near } = crossEntropyDifference(targetOf(t), 1e-7).around(
          tf.tensor3d(logits.map((row) => [row])),
        );
        return near(all, tf.tensor3d(movesOf(0.1)));
      }),
    );
    const sizes = kernels
      .filter(({ name }) => name === 'Log1p' || name === 'Log')
      .map(({ outputShapes }) => tf.util.sizeFromShape(outputShapes[0]));
    return Math.max(...sizes);
  };
  // The first asks the backend how good its logarithm is. Then: three examples and two moves; three classes.
  await largestOf(targets[0][1]);
  const largest: number[] = [];
  for (const [, t] of targets) largest.push(await largestOf(t));
  expect(largest).toEqual([6, 18, 18, 18, 18]);
});

describe('residuals', () => {
  const losses: Record<keyof typeof residualDifference, (r: number) => number> = {
    square: (r) => r ** 2,
    halfSquare: (r) => r ** 2 / 2,
    absolute: Math.abs,
    huber: (r) => (Math.abs(r) <= 1 ? r ** 2 / 2 : Math.abs(r) - 0.5),
  };
  const residuals: Rows = [
    [0.3, -0.4, 2],
    [-3, 0.9, -0.8],
    [1, -1, 0],
  ];
  const names = Object.keys(losses) as (keyof typeof losses)[];

  test.each(names)('%s, moved far and near, over kinks too', (name) => {
    for (const size of [1e-3, 0.05, 0.7, 1.5, 9]) {
      const moves = movesOf(size);
      const { values } = changes(residualDifference[name], residuals, moves, 'any');
      const expected = differenceOf((r) => sum(r.map(losses[name])), residuals, residuals, moves);
      expectClose(values, expected, { relative: 1e-12, absolute: 1e-14 * Math.max(1, size ** 2) });
    }
  });

  test.each(names)('%s, not over a kink: the short form gives the same', (name) => {
    // No move here comes to 0, to 1 or to -1.
    const apart = residuals.slice(0, 2);
    for (const size of [1e-3, 0.05]) {
      const moves = movesOf(size, 2);
      const [near, any] = (['near', 'any'] as const).map(
        (form) => changes(residualDifference[name], apart, moves, form).values,
      );
      expectClose(near, any, { relative: 1e-11, absolute: 1e-15 });
    }
  });

  test('how far the kinks are', () => {
    const of = (name: 'absolute' | 'huber'): number[] =>
      Array.from(residualDifference[name].kink?.(tf.tensor2d(residuals)).dataSync() ?? []);
    expectClose(of('absolute'), residuals.flat().map(Math.abs), { ulps: 1 });
    expectClose(
      of('huber'),
      residuals.flat().map((r) => Math.abs(Math.abs(r) - 1)),
      { absolute: 1e-6 },
    );
    expect(residualDifference.square.kink).toBeUndefined();
  });
});

describe('outputs', () => {
  test.each([
    ['softmax', (a: readonly number[]) => logSoftmax(a).map(Math.exp)],
    ['sigmoid', (a: readonly number[]) => a.map(sigmoid)],
  ] as const)('%s', (name, output) => {
    for (const { form, size } of sized) {
      const moves = movesOf(size);
      const expected = logits.flatMap((row, n) =>
        moves[n].flatMap((move) => {
          const [before, after] = [output(row), output(row.map((one, k) => one + move[k]))];
          return after.map((y, k) => y - before[k]);
        }),
      );
      const { values } = changes(outputDifference[name], logits, moves, form);
      expectClose(values, expected, { relative: 1e-14, absolute: 1e-15 });
    }
  });
});
