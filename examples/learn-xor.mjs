/**
 * XOR, which no single perceptron represents, learned by a network of two layers: every weight moved by ±h in turn, central
 * differences, gradient descent. Run it with `node examples/learn-xor.mjs` after `npm run setup`.
 */
import * as tf from '@tensorflow/tfjs';
import { Mlp, train } from 'gradparity';
import { selectBackend } from 'gradparity/node';

// Seventeen weights need no fast backend, and the plain JavaScript one starts at once.
await selectBackend('cpu');
const x = tf.tensor2d([0, 0, 0, 1, 1, 0, 1, 1], [4, 2]);
const t = tf.tensor1d([0, 1, 1, 0]);
const network = new Mlp({ sizes: [2, 4, 1], activations: 'tanh', task: 'binary', weightInitStd: 1, seed: 3 });

const { steps, message } = await train(
  network,
  { x, t },
  { method: 'central', batchSize: 4, steps: 400, learningRate: 0.5 },
);
console.log(
  `${message} Loss ${steps[0].loss.toFixed(3)} at the start, ${steps.at(-1).loss.toFixed(3)} at the end.`,
);
const y = network.predict(x).arraySync();
x.arraySync().forEach(([x1, x2], n) => {
  console.log(`${x1} xor ${x2} = ${Math.round(y[n])} (the network says ${y[n][0].toFixed(3)})`);
});
