/** Judges the functions in the browser that loads this. */
import * as tf from '@tensorflow/tfjs';
import { gradcheck } from '../../../dist/index.js';
import { judgeAll } from './functions.mjs';

globalThis.run = async () => {
  await tf.setBackend('cpu');
  return { engine: navigator.userAgent, results: await judgeAll(tf, gradcheck) };
};
