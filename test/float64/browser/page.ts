/** Runs in the browser: what inFloat64 and gradcheck do where WebGL is the backend in use. */
import * as tf from '@tensorflow/tfjs';
import { gradcheck, inFloat64 } from '../../../src/index.js';

export interface Findings {
  backend: string;
  backendAfter: string;
  backendAfterThrow: string;
  thrown: string;
  arrayRestored: boolean;
  value: number[];
  valueIsDouble: boolean;
  slope: number[];
  single: number[];
  variable: { assigned: number[]; next: number[] };
  outer: number[];
  leaked: number;
  right: string;
  wrong: { verdict: string; diagnosis: string[] };
}

export async function run(): Promise<Findings> {
  await tf.setBackend('webgl');
  await tf.ready();
  const SingleArray = globalThis.Float32Array;
  const backend = tf.getBackend();
  const x = tf.tensor1d([0.5, -1.25, 2]);
  const weight = tf.variable(tf.tensor1d([1, 2, 3]));
  // On the graphics card before, so that reading it is a read-back.
  const moved = tf.mul(x, 2);
  const single = Array.from(tf.tidy(() => tf.exp(moved).dataSync()));
  const before = tf.memory().numTensors;

  const { value, slope, isDouble } = inFloat64(() => {
    const y = tf.exp(moved).dataSync() as unknown;
    weight.assign(tf.div(weight, 3));
    return {
      value: Array.from(y as Float64Array),
      isDouble: y instanceof Float64Array,
      slope: Array.from(
        tf
          .grad((v) => tf.sum(tf.sin(v)))(moved)
          .dataSync(),
      ),
    };
  });
  const backendAfter = tf.getBackend();
  let thrown = '';
  try {
    inFloat64(() => {
      tf.exp(moved);
      throw new Error('on purpose');
    });
  } catch (error) {
    thrown = (error as Error).message;
  }
  const leaked = tf.memory().numTensors - before;

  const wrongSquare = tf.customGrad((v) => {
    const t = v as tf.Tensor;
    return { value: tf.square(t), gradFunc: (dy) => tf.mul(dy, tf.mul(t, 2 * (1 + 1e-6))) };
  });
  const right = await gradcheck((v: tf.Tensor) => tf.tanh(tf.square(v)), [moved]);
  const wrong = await gradcheck((v: tf.Tensor) => wrongSquare(v), [moved]);
  return {
    backend,
    backendAfter,
    backendAfterThrow: tf.getBackend(),
    thrown,
    arrayRestored: globalThis.Float32Array === SingleArray,
    value,
    valueIsDouble: isDouble,
    slope,
    single,
    variable: {
      assigned: Array.from(weight.dataSync()),
      next: Array.from(tf.tidy(() => tf.add(weight, 1).dataSync())),
    },
    outer: Array.from(tf.tidy(() => tf.add(moved, 1).dataSync())),
    leaked,
    right: right.verdict,
    wrong: { verdict: wrong.verdict, diagnosis: wrong.diagnosis },
  };
}

(globalThis as { run?: typeof run }).run = run;
