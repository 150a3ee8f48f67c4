/** Training: its accounts, its repeatability, its ways to end; learning itself on problems with a known answer. */
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { last } from '../../src/collections.js';
import { autodiff } from '../../src/differentiation/autodiff.js';
import type { GradientMethod } from '../../src/differentiation/gradient-method.js';
import { selectBackend } from '../../src/backends/select.js';
import { InputError } from '../../src/errors.js';
import { Mlp } from '../../src/networks/mlp.js';
import type { History } from '../../src/training/history.js';
import { train, type Dataset, type TrainOptions } from '../../src/training/trainer.js';
import { describeOnEachBackend, tensorCount } from '../support/backends.js';
import { present } from '../support/present.js';
import { parametersOf, smallNetwork, threeClasses } from './problems.js';

/** autodiff with something done to its gradients or in its place. */
const methodLike = (name: string, alter: (step: number) => number): GradientMethod => {
  let step = 0;
  return {
    name,
    lossAndGradients(network, x, t) {
      const factor = alter(step++);
      const { loss, gradients } = autodiff.lossAndGradients(network, x, t);
      return {
        loss,
        gradients: Object.fromEntries(
          Object.entries(gradients).map(([key, gradient]) => [key, tf.mul(gradient, factor)]),
        ),
      };
    },
  };
};

describeOnEachBackend('the same seed', () => {
  test.each(['structured', 'autodiff', 'central'] as const)(
    'gives the same run bit for bit by %s, another seed another',
    async (method) => {
      const data = threeClasses(25);
      const run = async (networkSeed: number, seed: number): Promise<[History, Record<string, number[]>]> => {
        const network = smallNetwork(networkSeed);
        const history = await train(network, data, { method, batchSize: 10, steps: 4, seed, probeEvery: 3 });
        const parameters = parametersOf(network);
        network.dispose();
        return [{ ...history, seconds: 0, trainingSeconds: 0 }, parameters];
      };
      const first = await run(1, 2);
      expect(await run(1, 2)).toEqual(first);
      expect((await run(1, 3))[1]).not.toEqual(first[1]);
      expect((await run(2, 2))[1]).not.toEqual(first[1]);
      tf.dispose(data);
    },
  );

  test('trains each kind of network, and leaves no tensors but its parameters', async () => {
    const data = threeClasses(30);
    const before = tensorCount();
    const network = smallNetwork();
    const parameters = tensorCount();
    const history = await train(network, { train: data, test: data }, { batchSize: 10, probeEvery: 1 });
    expect(tensorCount()).toBe(parameters);
    expect(history.settings.backend).toBe(tf.getBackend());
    expect(Math.max(...history.probes.map((probe) => probe.worstRelativeDifference))).toBeLessThan(1e-4);
    network.dispose();
    expect(tensorCount()).toBe(before);
    tf.dispose(data);
  });

  test('NaN in the data ends the run, with the parameters before', async () => {
    const { x, t } = threeClasses(10);
    const values = x.arraySync();
    values[3][1] = NaN;
    const data = { x: tf.tensor2d(values), t };
    const network = smallNetwork();
    const start = parametersOf(network);
    const history = await train(network, data, { batchSize: 10, steps: 5 });
    expect(history.stopped).toBe('diverged');
    expect(history.message).toBe(
      'Diverged: after 0 steps the loss is NaN. The inputs or targets of its batch are not finite numbers: clean the data. The parameters are those after 0 steps.',
    );
    expect(parametersOf(network)).toEqual(start);
    network.dispose();
    tf.dispose([x, t, data.x]);
  });
});

describe('on the cpu backend', () => {
  let data: Dataset;
  let network: Mlp;
  let before: number;
  beforeAll(() => selectBackend('cpu'));
  beforeEach(() => {
    data = threeClasses(25);
    network = smallNetwork();
    before = tensorCount();
  });
  afterEach(() => {
    expect(tensorCount()).toBe(before);
    network.dispose();
    tf.dispose(data);
  });
  afterAll(() => expect(tensorCount()).toBe(0));

  describe('an epoch', () => {
    // 25 examples in tens are the 250 in hundreds: 3 steps an epoch.
    test.each([
      [9, [0, 3, 6, 9]],
      [8, [0, 3, 6, 8]],
      [3, [0, 3]],
      [2, [0, 2]],
      [0, [0]],
    ])('of 25 examples in tens is 3 steps: %d steps are recorded at %j', async (steps, at) => {
      for (const sampling of ['shuffle', 'replacement'] as const) {
        const seen: number[] = [];
        const { epochs, ...history } = await train(network, data, {
          batchSize: 10,
          steps,
          sampling,
          onEpoch: ({ step }) => seen.push(step),
        });
        expect(epochs.map(({ step }) => step)).toEqual(at);
        expect(epochs.map(({ epoch }) => epoch)).toEqual(at.map((step) => step / 3));
        expect(seen).toEqual(at);
        expect(history.steps.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, i) => i));
        expect(history.stopped).toBe('finished');
      }
    });

    test('the article’s 250 in hundreds, and one epoch where the steps are left out', async () => {
      const large = threeClasses(250);
      const { epochs, settings } = await train(network, large, { steps: 10 });
      expect(settings).toMatchObject({ batchSize: 100, learningRate: 0.1, seed: 0, sampling: 'shuffle' });
      expect(epochs.map(({ step }) => step)).toEqual([0, 3, 6, 9, 10]);
      expect((await train(network, large)).settings.steps).toBe(3);
      tf.dispose(large);
    });

    test('has the accuracy of that moment, on all of both sets', async () => {
      const testSet = threeClasses(12, 8);
      const at: number[][] = [];
      const { epochs } = await train(
        network,
        { train: data, test: testSet },
        {
          batchSize: 25,
          steps: 3,
          learningRate: 3,
          onEpoch: () => at.push([network.accuracy(data.x, data.t), network.accuracy(testSet.x, testSet.t)]),
        },
      );
      expect(epochs.map(({ trainAccuracy, testAccuracy }) => [trainAccuracy, testAccuracy])).toEqual(at);
      tf.dispose(testSet);
    });
  });

  test('a step is θ - η·∂L/∂θ, and its loss that before it', async () => {
    const expected = tf.tidy(() => {
      const { loss, gradients } = autodiff.lossAndGradients(network, data.x, data.t);
      const moved = Object.entries(gradients).map(([name, gradient]) => [
        name,
        Array.from(network.parameters[name].sub(gradient.mul(0.5)).dataSync()),
      ]);
      return { loss, parameters: Object.fromEntries(moved) as Record<string, number[]> };
    });
    const { steps } = await train(network, data, { batchSize: 25, steps: 1, learningRate: 0.5 });
    // The batch is the set in another order, so that sums round differently.
    expect(steps[0].loss).toBeCloseTo(expected.loss, 5);
    for (const [name, values] of Object.entries(parametersOf(network))) {
      values.forEach((value, i) => expect(value).toBeCloseTo(expected.parameters[name][i], 5));
    }
    const other = smallNetwork();
    await train(other, data, { batchSize: 25, steps: 1, learningRate: 0.501 });
    expect(Math.abs(parametersOf(other).b2[0] - expected.parameters.b2[0])).toBeGreaterThan(1e-5);
    other.dispose();
  });

  describe('learns', () => {
    test.each(['structured', 'autodiff', 'forward'] as const)('three classes by %s', async (method) => {
      const { epochs } = await train(network, data, { method, batchSize: 25, steps: 150, learningRate: 3 });
      expect(epochs[0].trainAccuracy).toBeLessThan(0.7);
      expect(last(epochs).trainAccuracy).toBeGreaterThan(0.9);
    });

    test('a line: y = 2·x1 - 3·x2 + 1, the weights themselves', async () => {
      const x = tf.randomUniform<tf.Rank.R2>([40, 2], -1, 1, 'float32', 4);
      const t = tf.tidy(() => x.matMul(tf.tensor2d([[2], [-3]])).add(1));
      const line = new Mlp({ sizes: [2, 1], task: 'regression', seed: 1 });
      const history = await train(
        line,
        { train: { x, t }, test: { x, t } },
        {
          method: 'central',
          batchSize: 40,
          steps: 150,
          learningRate: 0.5,
        },
      );
      const { W1, b1 } = parametersOf(line);
      for (const [got, wanted] of [
        [W1[0], 2],
        [W1[1], -3],
        [b1[0], 1],
      ] as const) {
        expect(got).toBeCloseTo(wanted, 2);
      }
      const end = last(history.epochs);
      expect(end.trainAccuracy).toBeUndefined();
      expect(end.trainLoss).toBeLessThan(1e-4);
      expect(end.testLoss).toBe(end.trainLoss);
      expect(history.epochs[0].trainLoss).toBeGreaterThan(1);
      line.dispose();
      tf.dispose([x, t]);
    });

    test.each([1, 2])('two classes, targets of rank %d', async (rank) => {
      const { x, t } = tf.tidy(() => {
        const x = tf.randomUniform<tf.Rank.R2>([40, 2], -1, 1, 'float32', 4);
        const labels = tf.greater(tf.sum(x, 1), 0).toFloat();
        return { x, t: rank === 1 ? labels : tf.reshape(labels, [40, 1]) };
      });
      const half = new Mlp({ sizes: [2, 1], task: 'binary', seed: 1 });
      const history = await train(half, { x, t }, { batchSize: 10, steps: 200, learningRate: 1 });
      expect(last(history.epochs).trainAccuracy).toBeGreaterThan(0.95);
      half.dispose();
      tf.dispose([x, t]);
    });
  });

  describe('diverging', () => {
    const line = (options: TrainOptions): Promise<[History, Mlp]> => {
      const network = new Mlp({
        sizes: [2, 4, 1],
        activations: 'relu',
        task: 'regression',
        weightInitStd: 1,
        seed: 1,
      });
      const x = tf.randomUniform<tf.Rank.R2>([20, 2], -1, 1, 'float32', 4);
      const t = tf.tidy(() => tf.sum(x, 1));
      return train(network, { x, t }, options)
        .then((history): [History, Mlp] => [history, network])
        .finally(() => tf.dispose([x, t]));
    };

    test.each(['autodiff', 'central'] as const)(
      'at a rate of 1e6 by %s ends the run, keeps the last finite parameters, and says what to do',
      async (method) => {
        const [history, network] = await line({ method, batchSize: 5, steps: 100, learningRate: 1e6 });
        expect(history.stopped).toBe('diverged');
        expect(history.message).toMatch(
          /^Diverged: after \d+ steps .+\. A learning rate of 1000000 is too large here; try a tenth of it\. The parameters are those after \d+ steps\.$/,
        );
        expect(Object.values(parametersOf(network)).flat().every(Number.isFinite)).toBe(true);
        const kept = Number(present(/those after (\d+) steps/.exec(history.message))[1]);
        const steps = history.epochs.map(({ step }) => step);
        expect(steps.at(-1)).toBe(kept);
        expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
        network.dispose();
      },
    );

    test('with an epoch a step, no epoch is recorded twice, nor one of parameters that were given up', async () => {
      const [history, network] = await line({ batchSize: 20, steps: 100, learningRate: 1e6 });
      const steps = history.epochs.map(({ step }) => step);
      expect(steps).toEqual(steps.map((_, i) => i));
      expect(history.epochs.every(({ trainLoss }) => Number.isFinite(trainLoss))).toBe(true);
      network.dispose();
    });

    test('in the very last step is seen too', async () => {
      const [whole, one] = await line({ batchSize: 20, steps: 100, learningRate: 1e6 });
      const lastStep = Number(present(/after (\d+) steps/.exec(whole.message))[1]);
      const [history, two] = await line({ batchSize: 20, steps: lastStep, learningRate: 1e6 });
      expect(history.stopped).toBe('diverged');
      expect(parametersOf(two)).toEqual(parametersOf(one));
      one.dispose();
      two.dispose();
    });

    test('a gradient of NaN at a finite loss never reaches the parameters', async () => {
      const method = methodLike('broken', (step) => (step === 2 ? NaN : 1));
      const history = await train(network, data, { method, batchSize: 10, steps: 8 });
      expect(history).toMatchObject({ stopped: 'diverged' });
      expect(history.message).toContain('after 3 steps a parameter is not finite');
      expect(last(history.epochs).step).toBe(2);
      const same = smallNetwork();
      await train(same, data, { batchSize: 10, steps: 2 });
      expect(parametersOf(network)).toEqual(parametersOf(same));
      same.dispose();
    });
  });

  test('an abort ends the run after the step under way, with what was learned', async () => {
    const controller = new AbortController();
    const history = await train(network, data, {
      batchSize: 10,
      steps: 100,
      signal: controller.signal,
      onStep: ({ step }) => {
        if (step === 4) controller.abort();
      },
    });
    expect(history).toMatchObject({ stopped: 'interrupted', message: 'Interrupted after 4 of 100 steps.' });
    expect(history.epochs.map(({ step }) => step)).toEqual([0, 3, 4]);
    const same = smallNetwork();
    await train(same, data, { batchSize: 10, steps: 4 });
    expect(parametersOf(network)).toEqual(parametersOf(same));
    same.dispose();
    const none = await train(network, data, { batchSize: 10, signal: AbortSignal.abort() });
    expect([none.stopped, none.steps.length, none.epochs.length]).toEqual(['interrupted', 0, 1]);
  });

  test('the event loop gets its turns, so that an abort from outside arrives', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 300);
    const history = await train(network, data, { batchSize: 5, steps: 1e6, signal: controller.signal });
    clearInterval(timer);
    expect(history.stopped).toBe('interrupted');
    expect(turns).toBeGreaterThan(1);
  });

  test('the history is JSON, and comes back whole', async () => {
    const history = await train(
      network,
      { train: data, test: data },
      { batchSize: 10, probeEvery: 2, steps: 5 },
    );
    expect(JSON.parse(JSON.stringify(history))).toEqual(history);
    expect(history).toMatchObject({
      schemaVersion: 1,
      settings: {
        method: 'autodiff',
        sizes: [4, 5, 3],
        loss: 'crossEntropy',
        initialSeed: 3,
        backend: 'cpu',
      },
    });
    expect(history.trainingSeconds).toBeLessThanOrEqual(history.seconds);
  });

  describe('parity probes', () => {
    test.each([
      [0, []],
      [1, [0, 1, 2, 3, 4]],
      [2, [0, 2, 4]],
      [10, [0]],
    ])('every %d steps come at steps %j', async (probeEvery, at) => {
      const seen: number[] = [];
      const { probes } = await train(network, data, {
        batchSize: 10,
        steps: 5,
        probeEvery,
        onProbe: ({ step }) => seen.push(step),
      });
      expect(probes.map(({ step }) => step)).toEqual(at);
      expect(seen).toEqual(at);
    });

    test.each([
      ['structured', 'structured', 1e-6],
      ['autodiff', 'structured', 1e-6],
      ['central', 'central', 2e-4],
    ] as const)(
      'of a run by %s compare %s differences with tf.grad',
      async (method, numericalMethod, worst) => {
        const { probes } = await train(network, data, { method, batchSize: 10, steps: 4, probeEvery: 1 });
        for (const probe of probes) {
          expect(probe).toMatchObject({ numericalMethod, coordinates: 20 + 5 + 15 + 3 });
          expect(probe.worstRelativeDifference).toBeLessThan(worst);
        }
      },
    );

    test('show a gradient that is off by a thousandth', async () => {
      const method = methodLike('off', () => 1.001);
      const { probes } = await train(network, data, { method, batchSize: 10, steps: 4, probeEvery: 1 });
      for (const { worstRelativeDifference, numericalMethod } of probes) {
        expect(numericalMethod).toBe('off');
        expect(worstRelativeDifference).toBeCloseTo(1e-3, 5);
      }
    });
  });

  describe('an error leaves no tensors', () => {
    // The tensors are counted after each test.
    const failure = new Error('on purpose');
    const fail = (): never => {
      throw failure;
    };
    const littering: GradientMethod = {
      name: 'littering',
      lossAndGradients() {
        tf.zeros([3]);
        return fail();
      },
    };
    test.each<[string, TrainOptions]>([
      ['the method', { method: littering }],
      ['onStep', { onStep: fail }],
      ['onEpoch', { onEpoch: fail }],
      ['onProbe', { onProbe: fail, probeEvery: 1 }],
    ])('in %s, and is passed on', async (_where, options) => {
      await expect(train(network, data, { batchSize: 10, steps: 4, ...options })).rejects.toBe(failure);
    });

    test('nor in the data', async () => {
      const labels = Array.from({ length: 25 }, (_, n) => (n === 24 ? 3 : 0));
      const wrong = { x: data.x, t: tf.tensor1d(labels, 'int32') };
      await expect(train(network, wrong, { batchSize: 10 })).rejects.toThrow(
        'train: the labels of the train set must be integers from 0 to 2, got 3.',
      );
      wrong.t.dispose();
    });

    test('nor in a method without every gradient', async () => {
      const method: GradientMethod = {
        name: 'partial',
        lossAndGradients: () => ({ loss: 1, gradients: { W1: tf.zeros([5, 4]) } }),
      };
      await expect(train(network, data, { batchSize: 10, method })).rejects.toThrow(
        'train: the gradient method partial must give W1 a gradient of shape [4,5], got [5,4].',
      );
    });
  });

  describe('refuses', () => {
    test.each<[keyof TrainOptions, unknown, RegExp]>([
      ['learningRate', 0, /learningRate must be a finite number above 0, got 0\.$/],
      ['learningRate', NaN, /got NaN\.$/],
      ['learningRate', Infinity, /got Infinity\.$/],
      ['learningRate', '0.1', /learningRate/],
      ['batchSize', 0, /batchSize must be a whole number of at least 1, got 0\.$/],
      ['batchSize', 2.5, /got 2\.5\.$/],
      ['batchSize', 26, /at most the number of training examples, 25, got 26\.$/],
      ['steps', -1, /steps must be a whole number of at least 0, got -1\.$/],
      ['steps', NaN, /steps/],
      ['seed', 0.5, /seed/],
      ['seed', 2 ** 32, /seed must be at most 4294967295, got 4294967296\.$/],
      ['probeEvery', -3, /probeEvery/],
      ['sampling', 'some', /sampling must be 'shuffle' or 'replacement', got "some"\.$/],
      ['method', 'magic', /method must be one of autodiff, central, forward, structured, got "magic"\.$/],
    ])('%s %p', async (option, value, message) => {
      const start = parametersOf(network);
      const attempt = train(network, data, { batchSize: 10, [option]: value });
      await expect(attempt).rejects.toThrow(InputError);
      await expect(attempt).rejects.toThrow(message);
      expect(parametersOf(network)).toEqual(start);
    });

    test.each<[string, (data: Dataset) => unknown, RegExp]>([
      [
        'other inputs',
        ({ t }) => ({ x: tf.zeros([25, 3]), t }),
        /must have shape \[examples,4\], got \[25,3\]/,
      ],
      [
        'other targets',
        ({ x }) => ({ x, t: tf.zeros([24]) }),
        /as many targets as inputs, got \[24\] for \[25,4\]/,
      ],
      ['no examples', () => ({ x: tf.zeros([0, 4]), t: tf.zeros([0]) }), /got \[0,4\]/],
      ['arrays', () => ({ x: [[1, 2, 3, 4]], t: [0] }), /x and t of the train set must be tensors/],
      [
        'a wrong test set',
        (train) => ({ train, test: { x: tf.zeros([5, 5]), t: tf.zeros([5]) } }),
        /of the test set/,
      ],
    ])('%s', async (_what, make, message) => {
      const wrong = make(data) as Dataset;
      await expect(train(network, wrong, { batchSize: 10 })).rejects.toThrow(message);
      const { x, t } = ('test' in wrong ? wrong.test : wrong) as Dataset;
      tf.dispose([x, t].filter((each) => each !== data.x && each !== data.t));
    });
  });
});
