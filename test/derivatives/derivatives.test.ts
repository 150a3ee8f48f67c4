import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { hessian, hvp, jacobian, jvp, perExampleGradients, vjp } from '../../src/derivatives/derivatives.js';
import { InputError } from '../../src/errors.js';
import { applyFixes, removeFixes } from '../../src/fixes/apply.js';
import { isTapeOrdered } from '../../src/fixes/tape-order.js';
import { inFloat64 } from '../../src/float64/in-float64.js';
import { describeOnEachBackend, expectNoLeak } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';

const list = (x: tf.Tensor): number[] => Array.from(x.dataSync());
const softmaxOf = (x: readonly number[]): number[] => {
  const e = x.map(Math.exp);
  const sum = e.reduce((a, b) => a + b);
  return e.map((one) => one / sum);
};
/** diag(p) - p·pᵀ, the Jacobian of softmax and the Hessian of log-sum-exp. */
const softmaxJacobian = (x: readonly number[]): number[] => {
  const p = softmaxOf(x);
  return p.flatMap((a, i) => p.map((b, j) => (i === j ? a : 0) - a * b));
};
const x = [0.3, -1.2, 0.8];
const exact = { relative: 1e-9, absolute: 1e-12 };

/** What the function gives in double precision. */
const inDoubles = (f: () => tf.Tensor): number[] => inFloat64(() => tf.tidy(() => list(f())));

const messageOf = (f: () => unknown): string => {
  try {
    f();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('against closed forms, in double precision', () => {
  test('the Jacobian of softmax and its products', () => {
    const u = [1, -2, 0.5];
    const J = softmaxJacobian(x);
    const rows = [0, 1, 2];
    expectClose(
      inDoubles(() => jacobian((x) => tf.softmax(x), tf.tensor1d(x))),
      J,
      exact,
    );
    const product = rows.map((i) => rows.reduce((sum, j) => sum + J[3 * i + j] * u[j], 0));
    // The matrix is symmetric.
    expectClose(
      inDoubles(() => vjp((x: tf.Tensor) => tf.softmax(x), tf.tensor1d(x))(tf.tensor1d(u))),
      product,
      exact,
    );
    expectClose(
      inDoubles(() => jvp((x: tf.Tensor) => tf.softmax(x), tf.tensor1d(x), tf.tensor1d(u))),
      product,
      exact,
    );
  });

  test.each([
    ['exp', tf.exp, Math.exp],
    ['tanh', tf.tanh, (v: number) => -2 * Math.tanh(v) * (1 - Math.tanh(v) ** 2)],
    [
      'sigmoid',
      tf.sigmoid,
      (v: number) => {
        const s = 1 / (1 + Math.exp(-v));
        return s * (1 - s) * (1 - 2 * s);
      },
    ],
    ['softplus', tf.softplus, (v: number) => Math.exp(-v) / (1 + Math.exp(-v)) ** 2],
    ['sin', tf.sin, (v: number) => -Math.sin(v)],
    ['x³', (v: tf.Tensor) => tf.pow(v, tf.scalar(3)), (v: number) => 6 * v],
  ] as const)('the Hessian of Σ %s(x) is diagonal', (_name, f, second) => {
    const sum = (x: tf.Tensor): tf.Tensor => tf.sum(f(x));
    const expected = x.flatMap((value, i) => x.map((_, j) => (i === j ? second(value) : 0)));
    expectClose(
      inDoubles(() => hessian(sum, tf.tensor1d(x))),
      expected,
      exact,
    );
    expectClose(
      inDoubles(() => hvp(sum, tf.tensor1d(x), tf.tensor1d([1, 2, 3]))),
      x.map((value, i) => second(value) * (i + 1)),
      exact,
    );
  });

  test('the Hessian of log-sum-exp; TensorFlow.js’ own gradient of the gradient is another matrix', () => {
    const f = (x: tf.Tensor): tf.Tensor => tf.log(tf.sum(tf.exp(x)));
    const expected = softmaxJacobian(x);
    expectClose(
      inDoubles(() => hessian(f, tf.tensor1d(x))),
      expected,
      exact,
    );
    const stock = inDoubles(() =>
      tf.stack(
        [0, 1, 2].map((i) => tf.grad((x: tf.Tensor) => tf.slice(tf.grad(f)(x), i, 1))(tf.tensor1d(x))),
      ),
    );
    expectRejected(stock, expected, exact);
  });

  test('a function with more outputs than inputs: column by column', () => {
    const A = [1, 2, 3, 4, 5, 6, 7, 8];
    const got = inDoubles(() =>
      jacobian(
        (x) => tf.matMul(tf.tensor2d(A, [4, 2]), tf.exp<tf.Tensor2D>(x)),
        tf.tensor2d([0.1, -0.4], [2, 1]),
      ),
    );
    expectClose(
      got,
      A.map((value, i) => value * Math.exp(i % 2 === 0 ? 0.1 : -0.4)),
      exact,
    );
  });

  test('named tensors: f = Σ a²·b', () => {
    const [a, b] = [
      [1, 2],
      [3, -1],
    ];
    const f = ({ a, b }: { a: tf.Tensor; b: tf.Tensor }): tf.Tensor => tf.sum(tf.mul(tf.square(a), b));
    const at = (): { a: tf.Tensor; b: tf.Tensor } => ({ a: tf.tensor1d(a), b: tf.tensor1d(b) });
    const H = inFloat64(() => {
      const { a: ofA, b: ofB } = hessian(f, at());
      return [ofA.a, ofA.b, ofB.a, ofB.b].map(list);
    });
    expect(H).toEqual([
      [6, 0, 0, -2],
      [2, 0, 0, 4],
      [2, 0, 0, 4],
      [0, 0, 0, 0],
    ]);
    const product = inFloat64(() => {
      const { a, b } = hvp(f, at(), { a: tf.tensor1d([1, 1]), b: tf.tensor1d([1, 0]) });
      return [list(a), list(b)];
    });
    expect(product).toEqual([
      [8, -2],
      [2, 4],
    ]);
    const J = inFloat64(() => {
      const { a, b } = jacobian(f, at());
      return [list(a), list(b)];
    });
    expect(J).toEqual([
      [6, -4],
      [1, 4],
    ]);
  });
});

describe('what f does not depend on', () => {
  test('zeros, and ones for f that returns its input', () => {
    const point = tf.tensor1d(x);
    expect(list(vjp(() => tf.scalar(2), point)())).toEqual([0, 0, 0]);
    expect(list(vjp((x: tf.Tensor) => x, point)())).toEqual([1, 1, 1]);
    expect(list(jvp(() => tf.scalar(2), point, point))).toEqual([0]);
    expect(list(hessian((x: tf.Tensor) => tf.sum(x), point))).toEqual(new Array(9).fill(0));
    point.dispose();
  });
});

describe('laws', () => {
  const numbers = (length: number): fc.Arbitrary<number[]> =>
    fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: length, maxLength: length });
  const f = (x: tf.Tensor): tf.Tensor =>
    tf.tanh(tf.matMul(tf.reshape(x, [2, 2]), tf.tensor2d([0.5, -1, 2, 0.3, 0.7, -0.2], [2, 3])));
  const loss = (x: tf.Tensor): tf.Tensor => tf.sum(tf.exp(tf.mul(f(x), 0.5)));

  test('uᵀ·jvp(v) = vjp(u)·v', () => {
    fc.assert(
      fc.property(numbers(4), numbers(4), numbers(6), (x, v, u) => {
        const [left, right] = inFloat64(() =>
          tf.tidy(() => {
            const [at, along, weights] = [tf.tensor1d(x), tf.tensor1d(v), tf.tensor2d(u, [2, 3])];
            return [
              list(tf.sum(tf.mul(weights, jvp(f, at, along))))[0],
              list(tf.sum(tf.mul(vjp(f, at)(weights), along)))[0],
            ];
          }),
        );
        expect(Math.abs(left - right)).toBeLessThan(1e-12);
      }),
      { numRuns: 25 },
    );
  });

  test('the Hessian is symmetric, and its product with v is hvp; both agree with differences of the gradient', () => {
    fc.assert(
      fc.property(numbers(4), numbers(4), (x, v) => {
        const { H, product, differences } = inFloat64(() =>
          tf.tidy(() => {
            const [at, along] = [tf.tensor1d(x), tf.tensor1d(v)];
            const gradientAt = (by: number): tf.Tensor => tf.grad(loss)(tf.add(at, tf.mul(along, by)));
            return {
              H: list(hessian(loss, at)),
              product: list(hvp(loss, at, along)),
              differences: list(tf.div(tf.sub(gradientAt(1e-5), gradientAt(-1e-5)), 2e-5)),
            };
          }),
        );
        const rows = [0, 1, 2, 3];
        expectClose(
          rows.flatMap((i) => rows.map((j) => H[4 * j + i])),
          H,
          { absolute: 1e-12 },
        );
        expectClose(
          rows.map((i) => rows.reduce((sum, j) => sum + H[4 * i + j] * v[j], 0)),
          product,
          { absolute: 1e-12 },
        );
        expectClose(product, differences, { absolute: 1e-6 });
      }),
      { numRuns: 25 },
    );
  });
});

describeOnEachBackend('on the backend in use', () => {
  test('gradients of single examples, whose mean is that of the batch', () => {
    const W = tf.tensor2d([0.2, -0.1, 0.4, 0.3], [2, 2]);
    const X = tf.tensor2d([1, 2, -1, 0.5, 0.3, 0.7], [3, 2]);
    const t = tf.tensor2d([1, 0, 0, 1, 1, 1], [3, 2]);
    const loss = (W: tf.Tensor, X: tf.Tensor, t: tf.Tensor): tf.Tensor =>
      tf.sum(tf.squaredDifference(tf.matMul(X as tf.Tensor2D, W as tf.Tensor2D), t));
    expectNoLeak(() => {
      const all = perExampleGradients(loss, W, X, t);
      expect(all.shape).toEqual([3, 2, 2]);
      // 2·xᵀ·(x·W - t), example by example.
      const [w, values, targets] = [list(W), list(X), list(t)];
      const expected = [0, 1, 2].flatMap((n) => {
        const input = values.slice(2 * n, 2 * n + 2);
        const r = [0, 1].map((k) => input[0] * w[k] + input[1] * w[2 + k] - targets[2 * n + k]);
        return input.flatMap((value) => r.map((residual) => 2 * value * residual));
      });
      expectClose(list(all), expected, { absolute: 1e-6 });
      const whole = tf.grad((W: tf.Tensor) => loss(W, X, t))(W);
      const sum = tf.sum(all, 0);
      expectClose(list(sum), list(whole), { absolute: 1e-6 });
      return [all, whole, sum];
    });
    tf.dispose([W, X, t]);
  });

  test('no tensors stay but the results, and the tape’s order is as before', () => {
    const at = tf.tensor1d(x);
    const f = (x: tf.Tensor): tf.Tensor => tf.sum(tf.tanh(x));
    expectNoLeak(() => [
      vjp(f, at)(),
      jvp(f, at, at),
      hvp(f, at, at),
      jacobian((x: tf.Tensor) => tf.tanh(x), at),
      hessian(f, at),
    ]);
    expectNoLeak(() => expect(() => hvp((x: tf.Tensor) => tf.tanh(x), at, at)).toThrow(InputError));
    expectNoLeak(() =>
      expect(() =>
        hvp(
          (x: tf.Tensor) => {
            tf.exp(tf.tanh(x));
            throw new Error('mine');
          },
          at,
          at,
        ),
      ).toThrow('mine'),
    );
    expect(isTapeOrdered()).toBe(false);
    at.dispose();
  });
});

describe('what is refused', () => {
  const at = tf.tensor1d(x);
  test.each([
    [
      'x of whole numbers',
      () => vjp((x: tf.Tensor) => x, tf.tensor1d([1], 'int32')),
      /x must be a float32 tensor, got dtype int32/,
    ],
    ['no tensors', () => vjp<Record<string, tf.Tensor>>(() => at, {}), /x must hold at least one tensor/],
    [
      'u of another shape',
      () => vjp((x: tf.Tensor) => x, at)(tf.ones([2])),
      /u must have the shape of f\(x\), \[3\], got \[2\]/,
    ],
    [
      'v of another shape',
      () => jvp((x: tf.Tensor) => x, at, tf.ones([2])),
      /v must have the shape of x, \[3\], got \[2\]/,
    ],
    [
      'v without a name',
      () => jvp(({ a }: { a: tf.Tensor }) => a, { a: at }, {} as { a: tf.Tensor }),
      /has none for a/,
    ],
    [
      'f of several numbers',
      () => hvp((x: tf.Tensor) => x, at, at),
      /f must return a single number, got shape \[3\]/,
    ],
    [
      'f of whole numbers',
      () => vjp((x: tf.Tensor) => tf.cast(x, 'int32'), at)(),
      /f must return float32 numbers, got dtype int32/,
    ],
    ['f that returns a number', () => vjp((() => 1) as never, at)(), /f must return a tensor, got number/],
    [
      'no batch',
      () => perExampleGradients((x: tf.Tensor) => x, at),
      /tensors \[examples, …\] of as many examples each, got none/,
    ],
    [
      'a batch of different lengths',
      () => perExampleGradients((x: tf.Tensor) => x, at, tf.ones([2, 1]), tf.ones([3])),
      /got \[2,1\] and \[3\]/,
    ],
  ] as const)('%s', (_name, f, message) => {
    expect(f).toThrow(InputError);
    expect(f).toThrow(message);
  });

  test('an op without a derivative is named', () => {
    const run = (): unknown => hvp((x: tf.Tensor) => tf.sum(tf.cumprod(x)), at, at);
    expect(run).toThrow(InputError);
    expect(run).toThrow(
      /hvp: TensorFlow.js [\d.]+ has no derivative of Cumprod, which f or its gradient uses/,
    );
  });

  test.each<[string, string, (x: tf.Tensor) => tf.Tensor, number[]]>([
    ['MirrorPad', 'wrong', (x) => tf.sum(tf.mirrorPad(x, [[2, 1]], 'reflect')), [1, 3, 2]],
    ['Max', 'wrong', (x) => tf.max(tf.relu(tf.sub(x, 10))), [0, 0, 0]],
    [
      'Cumsum',
      'wrong',
      (x) => tf.sum(tf.cumsum(tf.outerProduct(x as tf.Tensor1D, tf.tensor1d([1, 1, 1])), 0)),
      [9, 6, 3],
    ],
    [
      'softmaxCrossEntropy',
      'wrong',
      (x) => tf.losses.softmaxCrossEntropy(tf.stack([x, x]), tf.zeros([2, 3])),
      [Math.log(3), Math.log(3), Math.log(3)],
    ],
    ['Prod', 'throws', (x) => tf.prod(tf.sub(x, 1), -1), [2, 0, 0]],
    ['Maximum', 'throws', (x) => tf.sum(tf.maximum(x, tf.sum(x))), []],
    [
      'FusedBatchNorm',
      'throws',
      (x) =>
        tf.sum(tf.batchNorm(tf.reshape(x, [3, 1]), tf.zeros([1]), tf.ones([1]), undefined, undefined, 3)),
      [0.5, 0.5, 0.5],
    ],
  ])(
    'without the fixes %s, %s in TensorFlow.js, is named, and leaves no tensors; with them it is right',
    (op, how, f, expected) => {
      const x = tf.tensor1d([1, 2, 3]);
      const before = tf.memory().numTensors;
      const run = (): tf.Tensor => vjp(f, x)();
      expect(run).toThrow(InputError);
      expect(run).toThrow(
        new RegExp(
          `vjp: TensorFlow.js [\\d.]+ (has a wrong|can't compute the) derivative of ${op}.*import 'gradparity/fixes'`,
        ),
      );
      expect(how === 'wrong').toBe(/has a wrong/.test(messageOf(run)));
      expect(tf.memory().numTensors).toBe(before);
      applyFixes();
      try {
        const right = run();
        if (expected.length > 0) expectClose(right, expected, { absolute: 2e-6 });
        tf.dispose(right);
      } finally {
        removeFixes();
        x.dispose();
      }
    },
  );

  test('f’s own error stays', () => {
    expect(() =>
      vjp(() => {
        throw new Error('mine');
      }, at)(),
    ).toThrow('mine');
  });
});
