/**
 * Ops that TensorFlow.js writes by `tf.customGrad`. What such an op saves of its own steps is cut off from its inputs, so that the gradient's gradient
 * is lost. An op is known by the scope that it runs in, which has its name in every build.
 */
import * as tf from '@tensorflow/tfjs';
import type { EngineChange, Fix } from '../fix.js';
import { engine, engineMethod, type CustomFunction, type Engine } from '../engine-methods.js';
import { gradient, sumTo } from './support.js';
import { depthwise, flat } from './convolution.js';

type Save = (tensors: tf.Tensor[]) => void;

/** The place of the function to save by, after the inputs. */
const saverOf = (args: (tf.Tensor | tf.GradSaveFunc)[]): Save => args.at(-1) as unknown as Save;

/**
 * `y = -Σ labels·log softmax(logits)`:
 *
 *     ∂y/∂labels = -log softmax(logits)      ∂y/∂logits = softmax(logits)·Σ labels - labels
 *
 * TensorFlow.js has labels - softmax for the first, and takes the sum of the labels for 1.
 */
const softmaxCrossEntropy =
  (f: CustomFunction): CustomFunction =>
  (...args) => {
    const [labels, logits] = args as tf.Tensor[];
    // The op saves the labels and the logarithms. These lead back to no input, and serve where the gradient is not differentiated.
    let steps: tf.Tensor[] = [];
    const keepSteps = (tensors: tf.Tensor[]): void => void (steps = tensors);
    const { value } = f(labels, logits, keepSteps);
    saverOf(args)([labels, logits, ...steps.slice(1)]);
    return {
      value,
      gradFunc: (dy, [labels, logits, found]) => {
        const d = tf.expandDims(dy, -1);
        const isRecorded = engine().state.gradientDepth > 0;
        const logarithms =
          isRecorded || (found as tf.Tensor | undefined) === undefined
            ? tf.sub(tf.cast(logits, 'float32'), tf.logSumExp(logits, -1, true))
            : found;
        const given = tf.cast(labels, 'float32');
        return [
          tf.neg(tf.mul(d, logarithms)),
          tf.mul(d, tf.sub(tf.mul(tf.sum(given, -1, true), tf.exp(logarithms)), given)),
        ];
      },
    };
  };

/** `y = log σ(x)`, `∂y/∂x = σ(-x)`. TensorFlow.js does not save x, which is gone by then where it is a result of another op. */
const logSigmoid =
  (f: CustomFunction): CustomFunction =>
  (...args) => {
    const { value } = f(...args);
    saverOf(args)([args[0] as tf.Tensor]);
    return { value, gradFunc: (dy, [x]) => tf.mul(dy, tf.sigmoid(tf.neg(x))) };
  };

/** A function of customGrad may return its input, whose gradient would then have what comes to it on top of what leaves it. */
const withFreshValue =
  (f: CustomFunction): CustomFunction =>
  (...args) => {
    const result = f(...args);
    const isInput = args.some(
      (arg) => arg instanceof tf.Tensor && arg.id === (result.value as tf.Tensor | undefined)?.id,
    );
    // tf.clone inside of an op is not recorded, other than the engine's own.
    return isInput ? { ...result, value: tf.clone(result.value) } : result;
  };

const fused = ['fusedConv2d__op', 'fusedDepthwiseConv2d__op', 'fusedMatMul__op'];

const change = engineMethod(
  'customGrad',
  (before, features): Engine['customGrad'] =>
    function (this: Engine, f) {
      const scope = this.state.activeScope?.name ?? '';
      if (features.has('fused') && fused.includes(scope)) {
        // Their kernels are recorded as they are, and have gradients of their own.
        return (...inputs) => f(...inputs, () => {}).value;
      }
      let custom = f;
      if (features.has('softmaxCrossEntropy') && scope === 'softmaxCrossEntropy__op') {
        custom = softmaxCrossEntropy(custom);
      }
      if (features.has('logSigmoid') && scope === 'logSigmoid__op') custom = logSigmoid(custom);
      if (features.has('identity')) custom = withFreshValue(custom);
      return before.call(this, custom);
    },
);

/** A change to what `tf.customGrad` makes. */
export const customGrad = (
  feature: 'fused' | 'softmaxCrossEntropy' | 'logSigmoid' | 'identity',
): EngineChange => change(feature);

/** A bias belongs to the channels, which may be first. */
function biasGradient(dy: tf.Tensor, bias: tf.Tensor, { dataFormat }: tf.NamedAttrMap): tf.Tensor {
  if (dataFormat !== 'NCHW' || bias.rank > 1 || bias.size === 1) return sumTo(dy, bias.shape);
  return tf.sum(dy, [0, 2, 3]);
}

/** The gradient of a fused kernel, which in a gradient is the plain one plus a bias. */
function withBias(kernelName: string, plain: tf.GradConfig): tf.GradConfig {
  const [first, second] = plain.inputsToSave as [string, string];
  return gradient<tf.NamedAttrMap>(
    kernelName,
    { inputs: [first, second, 'bias'] },
    (dy, [a, b, bias], attributes) => {
      const { [first]: byFirst, [second]: bySecond } = plain.gradFunc(dy, [a, b], attributes);
      return { [first]: byFirst, [second]: bySecond, bias: () => biasGradient(dy, bias, attributes) };
    },
  );
}

/** `y = a·b`, each as it is or transposed, with batches that may be broadcast. */
const product = gradient<{ transposeA: boolean; transposeB: boolean }>(
  'BatchMatMul',
  { inputs: ['a', 'b'] },
  (dy, [a, b], { transposeA, transposeB }) => ({
    a: () =>
      sumTo(transposeA ? tf.matMul(b, dy, transposeB, true) : tf.matMul(dy, b, false, !transposeB), a.shape),
    b: () =>
      sumTo(transposeB ? tf.matMul(dy, a, true, transposeA) : tf.matMul(a, dy, !transposeA, false), b.shape),
  }),
);

export const custom: readonly Fix[] = [
  {
    id: 'softmaxCrossEntropy',
    family: 'losses',
    ops: ['losses.softmaxCrossEntropy'],
    wrong:
      'The gradient by the labels is wrong, that by the logits for labels whose sum is not 1, and its gradient is lost.',
    engine: customGrad('softmaxCrossEntropy'),
  },
  {
    id: 'logSigmoid',
    family: 'elementwise',
    ops: ['logSigmoid'],
    wrong: 'The gradient throws where the input is the result of another op.',
    engine: customGrad('logSigmoid'),
  },
  {
    id: 'fused',
    family: 'products',
    ops: ['fused.conv2d', 'fused.depthwiseConv2d', 'fused.matMul'],
    wrong:
      'The gradient throws for images without a batch, for dilations and for batches that are broadcast, and its gradient is lost.',
    engine: customGrad('fused'),
    gradients: [
      withBias('FusedConv2D', flat[0]),
      withBias('FusedDepthwiseConv2D', depthwise[0]),
      withBias('_FusedMatMul', product),
    ],
  },
];
