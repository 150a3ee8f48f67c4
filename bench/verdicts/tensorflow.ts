/** A composition in TensorFlow.js, with the gradient that TensorFlow.js gives it or with a falsified one. */
import * as tf from '@tensorflow/tfjs';
import { inFloat64 } from '../../src/float64/in-float64.js';
import { sizeOf } from '../../src/shapes.js';
import type { Case } from './cases.js';
import { parameter, type Composition, type Falsification, type Node } from './composition.js';

type T = tf.Tensor;

const normalised = (x: T): T => {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  return tf.div(centred, tf.sqrt(tf.add(tf.mean(tf.square(centred), -1, true), 1e-5)));
};

/** To the grid 1/k. */
const onGrid = (round: (x: T) => T, x: T, node: Node): T => {
  const k = parameter(node, 'k');
  return tf.div(round(tf.mul(x, k)), k);
};

const ops: Record<string, (args: T[], node: Node) => T> = {
  sin: ([x]) => tf.sin(x),
  cos: ([x]) => tf.cos(x),
  tanh: ([x]) => tf.tanh(x),
  sigmoid: ([x]) => tf.sigmoid(x),
  exp: ([x]) => tf.exp(x),
  log: ([x]) => tf.log(x),
  softplus: ([x]) => tf.softplus(x),
  square: ([x]) => tf.square(x),
  sqrt: ([x]) => tf.sqrt(x),
  reciprocal: ([x]) => tf.reciprocal(x),
  abs: ([x]) => tf.abs(x),
  relu: ([x]) => tf.relu(x),
  leakyRelu: ([x], { k }) => tf.leakyRelu(x, k),
  elu: ([x]) => tf.elu(x),
  selu: ([x]) => tf.selu(x),
  erf: ([x]) => tf.erf(x),
  neg: ([x]) => tf.neg(x),
  scale: ([x], node) => tf.mul(x, parameter(node, 'k')),
  shift: ([x], node) => tf.add(x, parameter(node, 'k')),
  quantise: ([x], node) => onGrid(tf.round, x, node),
  floor: ([x], node) => onGrid(tf.floor, x, node),
  add: ([a, b]) => tf.add(a, b),
  sub: ([a, b]) => tf.sub(a, b),
  mul: ([a, b]) => tf.mul(a, b),
  div: ([a, b]) => tf.div(a, b),
  sum: ([x], { axis, keepDims }) => tf.sum(x, axis, keepDims),
  mean: ([x], { axis, keepDims }) => tf.mean(x, axis, keepDims),
  max: ([x], { axis, keepDims }) => tf.max(x, axis, keepDims),
  norm: ([x], { axis, keepDims }) => tf.sqrt(tf.sum(tf.square(x), axis, keepDims)),
  softmax: ([x]) => tf.softmax(x),
  logSoftmax: ([x]) => tf.logSoftmax(x),
  layerNorm: ([x]) => normalised(x),
  matMul: ([a, b]) => tf.matMul(a, b),
  reshape: ([x], node) => tf.reshape(x, parameter(node, 'shape')),
  transpose: ([x], { perm }) => tf.transpose(x, perm),
  concat: ([a, b], { axis }) => tf.concat([a, b], axis),
  slice: ([x], node) => tf.slice(x, parameter(node, 'begin'), node.size),
  gather: ([x], node) => tf.gather(x, tf.tensor1d(parameter(node, 'indices'), 'int32')),
};

/** x as it is, its gradient made wrong on the way back. */
function falsifying({ kind, error, range }: Falsification, x: T): T {
  return tf.customGrad((x) => ({
    value: tf.clone(x as T),
    gradFunc: (dy: T) => {
      if (kind === 'transposed') return tf.transpose(dy);
      if (kind === 'dy ignored') return tf.onesLike(dy);
      const [from, to] = range ?? [0, dy.size];
      const mask = Array.from({ length: dy.size }, (_, j) => (j >= from && j < to ? 1 + error : 1));
      return tf.mul(dy, tf.tensor(mask, dy.shape));
    },
  }))(x);
}

export interface Prepared {
  f: (...inputs: T[]) => T;
  inputs: T[];
  dispose(): void;
}

/** A case as the function and the tensors that gradcheck takes. */
export function prepare({
  composition,
  falsification,
}: Pick<Case, 'composition' | 'falsification'>): Prepared {
  const inputs = composition.inputs.map(({ shape, values }) => tf.tensor(values, shape, 'float32'));
  const constants = composition.nodes.map((node) =>
    node.op === 'constant' ? tf.tensor(parameter(node, 'values'), node.shape, 'float32') : undefined,
  );
  const f = (...given: T[]): T => {
    const all = given.map((x, i) =>
      falsification && falsification.kind !== 'dy ignored' && [i, null].includes(falsification.input)
        ? falsifying(falsification, x)
        : x,
    );
    composition.nodes.forEach((node, i) => {
      all.push(
        constants[i] ??
          ops[node.op](
            node.args.map((arg) => all[arg]),
            node,
          ),
      );
    });
    const y = all[all.length - 1];
    return falsification?.kind === 'dy ignored' ? falsifying(falsification, y) : y;
  };
  return { f, inputs, dispose: () => tf.dispose([inputs, constants.filter((c) => c !== undefined)]) };
}

/**
 * How far TensorFlow.js' own gradient in double precision is from the reference, in the worst entry: relative to that entry, beyond
 * what rounding explains.
 */
export function distanceToReference(composition: Composition, { reference, allowed }: Case): number {
  const { f, inputs, dispose } = prepare({ composition });
  try {
    const gradients = inFloat64(() => tf.grads((...xs: T[]) => tf.sum(f(...xs)))(inputs)).map((g) => {
      const numbers = g.dataSync();
      g.dispose();
      return numbers;
    });
    let worst = 0;
    reference.forEach((g, i) => {
      if (gradients[i].length !== sizeOf(composition.inputs[i].shape)) worst = Infinity;
      g.forEach((v, j) => {
        const off = Math.abs(v - gradients[i][j]) - allowed[i][j];
        if (!(off <= 1e-300))
          worst = Math.max(worst, off / Math.abs(v) || 0, Number.isNaN(off) ? Infinity : 0);
      });
    });
    return worst;
  } finally {
    dispose();
  }
}
