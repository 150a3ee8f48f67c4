/**
 * Memory over a long training: on each backend that runs here, the tensors that 10,000 steps leave behind, and what the process grows by
 * from the 2,000th step to the last. The exit code is 1 where a tensor is left, or where it grows by more than 50 MB.
 *
 *     node --expose-gc bench/memory.mjs
 */
import * as tf from '@tensorflow/tfjs';
import { Mlp, train } from '../dist/index.js';
import { availableBackends, selectBackend } from '../dist/node.js';
import { optionsOf } from '../scripts/options.mjs';

optionsOf('bench memory');

const STEPS = 10_000;
const MOST_GROWTH = 50;

/** Megabytes of the process, after a collection where Node was started with --expose-gc. */
const megabytes = () => {
  globalThis.gc?.();
  return process.memoryUsage().rss / 1e6;
};

for (const backend of await availableBackends()) {
  await selectBackend(backend);
  const network = new Mlp({ sizes: [16, 8, 10], seed: 1 });
  const x = tf.randomUniform([1000, 16], 0, 1, 'float32', 1);
  const t = tf.tensor1d(
    Array.from({ length: 1000 }, (_, n) => n % 10),
    'int32',
  );
  const tensors = tf.memory().numTensors;
  let early = 0;
  const onStep = ({ step }) => {
    if (step === STEPS / 5) early = megabytes();
  };
  await train(network, { x, t }, { steps: STEPS, batchSize: 20, onStep });
  const left = tf.memory().numTensors - tensors;
  const grown = megabytes() - early;
  console.log(`${backend}: ${STEPS} steps leave ${left} tensors; the process grew by ${grown.toFixed(1)} MB`);
  if (left !== 0 || grown > MOST_GROWTH) process.exitCode = 1;
  network.dispose();
  tf.dispose([x, t]);
}
