/** A run that goes on from a checkpoint against the one that was never stopped; advice to runs that learn nothing. */
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { InputError } from '../../src/errors.js';
import { Mlp } from '../../src/networks/mlp.js';
import type { Checkpoint } from '../../src/training/checkpoint.js';
import type { History } from '../../src/training/history.js';
import { train, type Dataset, type TrainOptions } from '../../src/training/trainer.js';
import { describeOnEachBackend, tensorCount } from '../support/backends.js';
import { parametersOf, smallNetwork, threeClasses } from './problems.js';

const timeless = (history: History): History => ({ ...history, seconds: 0, trainingSeconds: 0 });

/** A run of `steps` with a checkpoint after each; and what it ended with. */
async function whole(data: Dataset, options: TrainOptions) {
  const checkpoints: Checkpoint[] = [];
  const network = smallNetwork();
  const history = await train(
    network,
    { train: data, test: data },
    {
      ...options,
      checkpointEvery: 1,
      onCheckpoint: (each) => checkpoints.push(each),
    },
  );
  const parameters = parametersOf(network);
  network.dispose();
  return { checkpoints, history: timeless(history), parameters };
}

describeOnEachBackend('a resumed run', () => {
  test.each([
    ['structured', 'shuffle'],
    ['autodiff', 'shuffle'],
    ['autodiff', 'replacement'],
  ] as const)(
    'ends bit for bit as the one that was never stopped, by %s with %s',
    async (method, sampling) => {
      const data = threeClasses(25);
      const before = tensorCount();
      const options: TrainOptions = {
        method,
        sampling,
        batchSize: 10,
        steps: 11,
        seed: 4,
        probeEvery: 4,
        evaluateEvery: 2,
      };
      const { checkpoints, history, parameters } = await whole(data, options);
      expect(checkpoints.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      for (const resume of checkpoints) {
        // From other weights: the checkpoint's count.
        const network = smallNetwork(77);
        const resumed = await train(network, { train: data, test: data }, { ...options, resume });
        expect(parametersOf(network)).toEqual(parameters);
        expect(timeless(resumed)).toEqual(history);
        network.dispose();
      }
      expect(tensorCount()).toBe(before);
      tf.dispose(data);
    },
  );
});

describe('on the cpu backend', () => {
  beforeAll(() => selectBackend('cpu'));
  let data: Dataset;
  beforeEach(() => {
    data = threeClasses(25);
  });
  afterEach(() => tf.dispose(data));

  test('with more steps it goes on as the longer run does; its settings are its own', async () => {
    const options: TrainOptions = { method: 'autodiff', learningRate: 0.3, batchSize: 5, seed: 4 };
    const short = await whole(data, { ...options, steps: 10 });
    const long = await whole(data, { ...options, steps: 17 });
    for (const resume of [short.checkpoints[4], short.checkpoints[9]]) {
      const network = smallNetwork();
      const history = await train(network, { train: data, test: data }, { resume, steps: 17 });
      expect(parametersOf(network)).toEqual(long.parameters);
      expect(timeless(history)).toEqual(long.history);
      network.dispose();
    }
  });

  test('interrupted and resumed, as often as one likes', async () => {
    const options: TrainOptions = { batchSize: 7, steps: 12, seed: 9 };
    const { history, parameters } = await whole(data, options);
    let resume: Checkpoint | undefined;
    for (let part = 0; part < 20; part++) {
      const network = smallNetwork();
      const controller = new AbortController();
      const resumed = await train(
        network,
        { train: data, test: data },
        {
          ...options,
          resume,
          checkpointEvery: 100,
          onCheckpoint: (each) => (resume = each),
          signal: controller.signal,
          // The event loop has its turn after some steps only; this asks for an end at once.
          onStep: () => controller.abort(),
        },
      );
      if (resumed.stopped === 'finished') {
        expect(parametersOf(network)).toEqual(parameters);
        expect(timeless(resumed)).toEqual(history);
        network.dispose();
        return;
      }
      network.dispose();
    }
    throw new Error('The run did not come to its end.');
  });

  describe('refuses', () => {
    test.each<[string, (resume: Checkpoint) => Promise<unknown>, RegExp]>([
      [
        'another learning rate',
        (resume) => go(smallNetwork(), { resume, learningRate: 0.2 }),
        /has a learningRate of 0\.1, got 0\.2\. Leave learningRate out/,
      ],
      [
        'another method',
        (resume) => go(smallNetwork(), { resume, method: 'central' }),
        /has a method of "autodiff", got "central"/,
      ],
      [
        'fewer steps than are done',
        (resume) => go(smallNetwork(), { resume, steps: 2 }),
        /steps must be at least 3, which the checkpoint has done, got 2/,
      ],
      [
        'another network',
        (resume) => go(new Mlp({ sizes: [4, 6, 3] }), { resume }),
        /of another network; its sizes is \[4,5,3\], got \[4,6,3\]/,
      ],
      [
        'other activations',
        (resume) => go(new Mlp({ sizes: [4, 5, 3], activations: 'relu' }), { resume }),
        /its hidden is \["sigmoid"\], got \["relu"\]/,
      ],
      [
        'other data',
        (resume) => go(smallNetwork(), { resume }, threeClasses(26)),
        /made with other training data/,
      ],
    ])('%s', async (_what, attempt, message) => {
      const { checkpoints } = await whole(data, { batchSize: 10, steps: 4 });
      await expect(attempt(checkpoints[2])).rejects.toThrow(InputError);
      await expect(attempt(checkpoints[2])).rejects.toThrow(message);
    });

    async function go(network: Mlp, options: TrainOptions, other = data): Promise<void> {
      try {
        await train(network, other, options);
      } finally {
        network.dispose();
        if (other !== data) tf.dispose(other);
      }
    }
  });

  describe('a run that learned nothing', () => {
    const run = async (network: Mlp, options: TrainOptions): Promise<History> => {
      const more = threeClasses(60);
      const history = await train(network, more, { batchSize: 10, ...options });
      network.dispose();
      tf.dispose(more);
      return history;
    };

    test('with a loss far above the first one diverged, whatever the loss is at last', async () => {
      const history = await run(smallNetwork(), { steps: 50, learningRate: 1e9 });
      expect(history.stopped).toBe('diverged');
      expect(history.message).toMatch(
        /^Diverged: after 50 steps the loss is [\d.]+, and it was 1\.\d+ at first\. A learning rate of 1000000000 is too large here/,
      );
    });

    test('for first weights through which no gradient comes is told so', async () => {
      const sizes = [4, 5, 5, 5, 5, 3];
      const { stopped, advice } = await run(new Mlp({ sizes, weightInitStd: 0.01, seed: 1 }), { steps: 60 });
      expect(stopped).toBe('finished');
      expect(advice).toMatch(
        /no better than chance\. The gradient of W1 is \de-\d+ of that of W5: it vanishes/,
      );
    });

    test('for dead units is told so', async () => {
      const network = new Mlp({ sizes: [4, 5, 3], activations: 'relu', weightInitStd: 0.1, seed: 1 });
      network.setParameters({ b1: [-9, -9, -9, -9, -9] });
      expect((await run(network, { steps: 60 })).advice).toMatch(/No gradient reaches the first weights/);
    });

    test('for a small learning rate is told so', async () => {
      const network = new Mlp({ sizes: [4, 5, 3], weightInitStd: 0.1, seed: 1 });
      const { advice } = await run(network, { steps: 20, learningRate: 1e-6 });
      expect(advice).toMatch(
        /In 20 steps the loss went from 1\.\d+ to 1\.\d+: a learning rate of 0\.000001 is small/,
      );
    });

    test('and one that learned is told nothing', async () => {
      const history = await run(smallNetwork(), { steps: 300, learningRate: 1 });
      expect([history.stopped, history.advice]).toEqual(['finished', undefined]);
    });
  });
});
