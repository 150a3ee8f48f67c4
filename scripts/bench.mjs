/** `npm run bench -- <name>`: sets everything up and runs a benchmark of bench/. Without a name, lists them. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const benchmarks = {
  gradient: 'one numerical gradient of the article’s network, beside numpy’s loop, PyTorch and numdifftools',
  growth: 'how the structured gradient’s time grows with the network, the batch and the inputs',
  epoch: 'an epoch by tf.grad, beside tf.LayersModel.fit and PyTorch',
  gradcheck: 'the gradient check, beside those of PyTorch and JAX and beside numdifftools',
  verdicts:
    'the gradient check’s verdicts on random compositions, right and falsified, beside PyTorch’s and JAX’',
  fixes: 'a step of training and a prediction, without and with gradparity/fixes',
  memory: 'the tensors and the memory that 10,000 steps of training leave on each backend',
  'sweep-workers': 'a sweep through the queue by 1, 2 and 4 workers, on a Redis server of its own',
  training: 'the article’s whole run of 10,000 steps, by numerical gradients and by tf.grad',
};
const [name, ...args] = process.argv.slice(2);
if (!Object.hasOwn(benchmarks, name ?? '')) {
  const list = Object.entries(benchmarks).map(([each, what]) => `  ${each}  ${what}`);
  console.error(
    `${name ? `There is no benchmark ${name}.` : 'Name a benchmark.'} There are:\n${list.join('\n')}`,
  );
  process.exit(2);
}
try {
  await setup();
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exit(3);
}
const file = fileURLToPath(new URL(`../bench/${name}.mjs`, import.meta.url));
process.exitCode = spawnSync(process.execPath, [file, ...args], { stdio: 'inherit' }).status ?? 1;
