/** Judges the functions in the Node that runs this, and prints what came of it. */
import * as tf from '@tensorflow/tfjs';
import { gradcheck } from '../../../dist/index.js';
import { judgeAll } from './functions.mjs';

await tf.setBackend('cpu');
const results = await judgeAll(tf, gradcheck);
process.stdout.write(JSON.stringify({ engine: `Node ${process.version}`, results }));
