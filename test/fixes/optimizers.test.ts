/** The steps of optimizers. Oracle: the published formulas, one number after the other in double precision, for each variable by itself. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { applyFixes, fixesIntact, removeFixes } from '../../src/fixes/apply.js';
import { describeOnEachBackend, tensorCount } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
  applyFixes();
});
afterAll(() => removeFixes());

const lr = 0.125;
const epsilon = 0.01;

/** The step of one number: what to subtract, for its gradient g at the t-th step of the optimizer; it keeps what it gathers itself. */
type Rule = () => (g: number, t: number) => number;

const running = (mean: number, rate: number, x: number): number => rate * mean + (1 - rate) * x;

const rules: Record<string, { make: () => tf.Optimizer; rule: Rule; isStockFormula: boolean }> = {
  momentum: {
    make: () => tf.train.momentum(lr, 0.5),
    rule: () => {
      let m = 0;
      return (g) => lr * (m = 0.5 * m + g);
    },
    isStockFormula: true,
  },
  nesterov: {
    make: () => tf.train.momentum(lr, 0.5, true),
    rule: () => {
      let m = 0;
      return (g) => lr * (g + 0.5 * (m = 0.5 * m + g));
    },
    isStockFormula: true,
  },
  adagrad: {
    make: () => tf.train.adagrad(lr, 0.5),
    rule: () => {
      let sum = 0.5;
      return (g) => (lr * g) / Math.sqrt((sum += g * g) + 1e-7);
    },
    isStockFormula: true,
  },
  adadelta: {
    make: () => tf.train.adadelta(lr, 0.75, epsilon),
    rule: () => {
      let [squares, updates] = [0, 0];
      return (g) => {
        squares = running(squares, 0.75, g * g);
        const step = (Math.sqrt(updates + epsilon) / Math.sqrt(squares + epsilon)) * g;
        updates = running(updates, 0.75, step * step);
        return lr * step;
      };
    },
    isStockFormula: false,
  },
  adam: {
    make: () => tf.train.adam(lr, 0.75, 0.875, epsilon),
    rule: () => {
      let [m, v] = [0, 0];
      return (g, t) => {
        m = running(m, 0.75, g);
        v = running(v, 0.875, g * g);
        return (lr * (m / (1 - 0.75 ** t))) / (Math.sqrt(v / (1 - 0.875 ** t)) + epsilon);
      };
    },
    isStockFormula: true,
  },
  adamax: {
    make: () => tf.train.adamax(lr, 0.75, 0.5, epsilon, 0.25),
    rule: () => {
      let [m, u] = [0, 0];
      return (g, t) => {
        m = running(m, 0.75, g);
        u = Math.max(0.5 * u, Math.abs(g));
        return ((lr / (1 + 0.25 * (t - 1)) / (1 - 0.75 ** t)) * m) / (u + epsilon);
      };
    },
    isStockFormula: true,
  },
  rmsprop: {
    make: () => tf.train.rmsprop(lr, 0.75, 0.5, epsilon),
    rule: () => {
      let [v, m] = [0, 0];
      return (g) => {
        v = running(v, 0.75, g * g);
        return (m = 0.5 * m + (lr * g) / Math.sqrt(v + epsilon));
      };
    },
    isStockFormula: true,
  },
  'rmsprop, centred': {
    make: () => tf.train.rmsprop(lr, 0.75, 0.5, epsilon, true),
    rule: () => {
      let [v, m, mean] = [0, 0, 0];
      return (g) => {
        v = running(v, 0.75, g * g);
        mean = running(mean, 0.75, g);
        return (m = 0.5 * m + (lr * g) / Math.sqrt(v - mean * mean + epsilon));
      };
    },
    isStockFormula: false,
  },
};

/** The gradients of each step, by variable; b has a shape of its own. */
type Steps = readonly Readonly<Record<string, readonly number[]>>[];

const starts: Record<string, number[]> = { a: [1, -2], b: [0.5, 3, -1] };

const byTurns: Steps = [
  { a: [1, 0.5] },
  { b: [-2, 1, 0.25] },
  { b: [1, 1, 4], a: [0.75, -3] },
  { a: [2, 1], b: [0, 1, -1] },
  { b: [0.5, -0.5, 2] },
];
const together: Steps = [
  { a: [1, 0.5], b: [-2, 1, 0.25] },
  { a: [0.75, -3], b: [1, 1, 4] },
  { a: [2, 1], b: [0, 1, -1] },
];

function expected(rule: Rule, steps: Steps): Record<string, number[]> {
  return Object.fromEntries(
    Object.entries(starts).map(([name, start]) => [
      name,
      start.map((x, i) => {
        const step = rule();
        return steps.reduce(
          (at, { [name]: g }, t) => ((g as typeof g | undefined) ? at - step(g[i], t + 1) : at),
          x,
        );
      }),
    ]),
  );
}

/** Takes the steps, with `between` before each, and gives what the variables come to. */
async function taken(
  make: () => tf.Optimizer,
  steps: Steps,
  between: (optimizer: tf.Optimizer, step: number) => Promise<tf.Optimizer> | tf.Optimizer = (one) => one,
  { isList = false, isStock = false } = {},
): Promise<Record<string, number[]>> {
  const before = tensorCount();
  let optimizer = make();
  const variables = Object.fromEntries(
    Object.entries(starts).map(([name, start]) => [name, tf.tidy(() => tf.variable(tf.tensor1d(start)))]),
  );
  for (const [i, step] of steps.entries()) {
    optimizer = await between(optimizer, i);
    tf.tidy(() => {
      const named = Object.entries(step).map(([name, g]) => ({
        name: variables[name].name,
        tensor: tf.tensor1d([...g]),
      }));
      optimizer.applyGradients(
        isList ? named : Object.fromEntries(named.map(({ name, tensor }) => [name, tensor])),
      );
    });
  }
  const values = Object.fromEntries(
    Object.entries(variables).map(([name, variable]) => [name, [...variable.dataSync()]]),
  );
  tf.dispose(variables);
  optimizer.dispose();
  // TensorFlow.js' own momentum leaves a tensor behind.
  if (!isStock) expect(tensorCount()).toBe(before);
  return values;
}

const tolerance = { relative: 1e-5, absolute: 1e-6 };
const flat = (values: Record<string, number[]>): number[] => [...values.a, ...values.b];

describeOnEachBackend('each variable has its own, whatever the others do', () => {
  test.each(Object.entries(rules))('%s', async (_name, { make, rule }) => {
    const want = flat(expected(rule, byTurns));
    expectClose(flat(await taken(make, byTurns)), want, tolerance);
    expectClose(flat(await taken(make, byTurns, (one) => one, { isList: true })), want, tolerance);
    expectRejected(
      want.map((x) => x + 1e-4),
      want,
      tolerance,
    );
  });
});

describe('without the fixes', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
    removeFixes();
  });
  afterAll(() => void applyFixes());

  test.each(Object.entries(rules))('%s mixes up what belongs to variables', async (_name, { make }) => {
    await expect(taken(make, byTurns)).rejects.toThrow('could not be broadcast');
    tf.disposeVariables();
  });
});

test.each(Object.entries(rules))(
  '%s: steps that were right are the same, bit for bit',
  async (_name, { make, rule, isStockFormula }) => {
    const mended = flat(await taken(make, together));
    removeFixes();
    const stock = flat(await taken(make, together, undefined, { isStock: true }));
    applyFixes();
    const want = flat(expected(rule, together));
    expectClose(mended, want, tolerance);
    if (isStockFormula) expect(mended).toEqual(stock);
    else expectRejected(stock, want, tolerance);
  },
);

test('minimize, inside of tidy and over a part of the variables', () => {
  const before = tensorCount();
  const x = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
  const y = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3])));
  let optimizer = tf.train.sgd(1);
  tf.tidy(() => {
    optimizer.dispose();
    optimizer = tf.train.momentum(lr, 0.5);
    optimizer.minimize(() => tf.sum(tf.square(y)), false, [y]);
    optimizer.minimize(() => tf.add(tf.sum(tf.square(x)), tf.sum(tf.square(y))));
  });
  // Of x one step; of y two: y(1 - 2·lr) and then less lr·(2·0.75y + 0.5·2y).
  expectClose([...x.dataSync()], [0.75, 1.5], tolerance);
  expectClose([...y.dataSync()], [0.4375, 0.875, 1.3125], tolerance);
  optimizer.dispose();
  tf.dispose([x, y]);
  expect(tensorCount()).toBe(before);
});

describe('getWeights and setWeights', () => {
  const restored =
    (make: () => tf.Optimizer) =>
    async (optimizer: tf.Optimizer, step: number): Promise<tf.Optimizer> => {
      if (step !== 2) return optimizer;
      const other = make();
      const weights = await optimizer.getWeights();
      await other.setWeights(weights);
      tf.dispose(weights[0].tensor);
      // Once more: what was there before is let go.
      const again = await optimizer.getWeights();
      await other.setWeights(again);
      tf.dispose(again[0].tensor);
      optimizer.dispose();
      return other;
    };

  test.each(Object.entries(rules).filter(([name]) => name !== 'adamax'))(
    '%s',
    async (_name, { make, rule }) => {
      for (const steps of [together, byTurns]) {
        expectClose(flat(await taken(make, steps, restored(make))), flat(expected(rule, steps)), tolerance);
      }
    },
  );

  test('variables of other names are found by their places, and one that does not fit is told', async () => {
    const before = tensorCount();
    const [a, b] = tf.tidy(() => [
      tf.variable(tf.tensor1d([1]), true, 'a'),
      tf.variable(tf.tensor1d([1, 2]), true, 'b'),
    ]);
    const make = (): tf.Optimizer => tf.train.momentum(1, 0.5);
    const one = make();
    const step = (optimizer: tf.Optimizer, names: string[]): void =>
      tf.tidy(() =>
        optimizer.applyGradients(
          names.map((name) => ({ name, tensor: tf.ones(name.endsWith('a') ? [1] : [2]) })),
        ),
      );
    step(one, ['a', 'b']);
    const weights = await one.getWeights();
    expect(weights.map(({ name }) => name)).toEqual(['iter', 'a/momentum', 'b/momentum']);
    const [otherA, otherB] = tf.tidy(() => [
      tf.variable(tf.tensor1d([1]), true, 'other a'),
      tf.variable(tf.tensor1d([1, 2]), true, 'other b'),
    ]);
    const two = make();
    await two.setWeights(weights);
    expect(() => step(two, ['other b'])).toThrow(
      'applyGradients: what setWeights() has brought as a/momentum, of shape [1], stands at the place of the variable other b, of shape [2].',
    );
    step(two, ['other a', 'other b']);
    step(two, ['other b']);
    // 1 - 1.5, and 1 - 1.5 - 1.75.
    expectClose([...otherA.dataSync(), ...otherB.dataSync()], [-0.5, -2.25, -1.25], tolerance);
    one.dispose();
    two.dispose();
    tf.dispose([a, b, otherA, otherB, weights[0].tensor]);
    expect(tensorCount()).toBe(before);
  });
});

describe('variables that go', () => {
  test('after tf.disposeVariables() an optimizer begins anew', () => {
    for (const [, { make }] of Object.entries(rules)) {
      const before = tensorCount();
      const optimizer = make();
      const values = [1, 2].map((round) => {
        const x = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
        for (let i = 0; i < 3; i++) optimizer.minimize(() => tf.sum(tf.square(x)), false, [x]);
        const value = [...x.dataSync()];
        if (round === 1) tf.disposeVariables();
        else x.dispose();
        return value;
      });
      for (const value of values.flat()) expect(Number.isFinite(value)).toBe(true);
      expect(values[1]).not.toEqual([1, 2]);
      optimizer.dispose();
      expect(tensorCount()).toBe(before);
    }
  });

  test('what was gathered for them does not add up', () => {
    const optimizer = tf.train.adam(lr);
    const step = (): void => {
      const x = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
      optimizer.minimize(() => tf.sum(tf.square(x)), false, [x]);
      x.dispose();
    };
    step();
    const before = tensorCount();
    for (let i = 0; i < 5; i++) step();
    expect(tensorCount()).toBe(before);
    optimizer.dispose();
  });

  test('one that was disposed of is named', () => {
    const optimizer = tf.train.adam(lr);
    const one = tf.scalar(1);
    expect(() => optimizer.applyGradients([{ name: 'gone', tensor: one }])).toThrow(
      'applyGradients: there is no variable "gone".',
    );
    tf.dispose(one);
    optimizer.dispose();
  });
});

test('centred, gradients that do not change give no NaN', () => {
  const make = (): tf.Optimizer => tf.train.rmsprop(0.001, 0.75, 0, 1e-7, true);
  const last = (): number => {
    const optimizer = make();
    const x = tf.tidy(() => tf.variable(tf.scalar(0)));
    tf.tidy(() => {
      for (let i = 0; i < 200; i++) optimizer.applyGradients([{ name: x.name, tensor: tf.scalar(12.7) }]);
    });
    const [value] = x.dataSync();
    tf.dispose(x);
    optimizer.dispose();
    return value;
  };
  expect(last()).toBeLessThan(0);
  removeFixes();
  expect(last()).toBeNaN();
  applyFixes();
});

test('setMomentum takes effect, inside of tidy too', () => {
  const x = tf.tidy(() => tf.variable(tf.scalar(0)));
  const optimizer = tf.train.momentum(1, 0.5);
  const step = (): void => tf.tidy(() => optimizer.applyGradients([{ name: x.name, tensor: tf.scalar(1) }]));
  step();
  tf.tidy(() => optimizer.setMomentum(0.25));
  step();
  // 1, and then 1 + 0.25·1.
  expectClose([...x.dataSync()], [-2.25], tolerance);
  expect(optimizer.getConfig().momentum).toBe(0.25);
  optimizer.dispose();
  x.dispose();
});

test('a layer that is frozen and thawed goes on where it was', async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 1,
        inputShape: [1],
        kernelInitializer: 'ones',
        useBias: false,
        name: 'first',
      }),
      tf.layers.dense({ units: 1, kernelInitializer: 'ones', useBias: false, name: 'second' }),
    ],
  });
  const [x, y] = [tf.ones([1, 1]), tf.zeros([1, 1])];
  const optimizer = tf.train.momentum(0.01, 0.5);
  const fit = async (isFrozen: boolean): Promise<void> => {
    model.layers[0].trainable = !isFrozen;
    model.compile({ optimizer, loss: 'meanSquaredError' });
    await model.fit(x, y, { epochs: 1, verbose: 0 });
  };
  await fit(false);
  await fit(true);
  await fit(false);
  // The loss is (u·v)², its gradients 2u·v² and 2u²·v.
  let [u, v, mu, mv] = [1, 1, 0, 0];
  for (const isFrozen of [false, true, false]) {
    const [du, dv] = [2 * u * v * v, 2 * u * u * v];
    if (!isFrozen) u -= 0.01 * (mu = 0.5 * mu + du);
    v -= 0.01 * (mv = 0.5 * mv + dv);
  }
  const values = model.getWeights().map((one) => one.dataSync()[0]);
  expectClose(values, [u, v], tolerance);
  expectRejected(values, [u, v - 0.005], tolerance);
  model.dispose();
  optimizer.dispose();
  tf.dispose([x, y]);
});

test('classes are as they were once the fixes are removed, and those of a user stay', () => {
  class Mine extends tf.AdamOptimizer {
    static override get className(): string {
      return 'Mine';
    }
    override applyGradients(): void {
      this.incrementIterations();
    }
  }
  const names = ['MomentumOptimizer', 'AdamOptimizer', 'RMSPropOptimizer', 'AdadeltaOptimizer'] as const;
  const methods = (): unknown[] =>
    names.flatMap((name) => [tf[name].prototype.applyGradients, tf[name].prototype.setWeights]);
  const own = Mine.prototype.applyGradients;
  const mended = methods();
  removeFixes();
  const stock = methods();
  stock.forEach((method, i) => expect(method).not.toBe(mended[i]));
  for (const only of [['optimizer-state'], ['adadelta'], ['rmsprop-centered', 'optimizer-state']]) {
    applyFixes({ only });
    expect(fixesIntact()).toEqual({ intact: true, lost: [] });
    removeFixes({ only: only.slice(0, 1) });
    removeFixes();
    expect(methods()).toEqual(stock);
  }
  // Whichever comes first, a formula is inside of what finds the entries.
  applyFixes({ only: ['optimizer-state'] });
  applyFixes();
  expect(Mine.prototype.applyGradients).toBe(own);
});
