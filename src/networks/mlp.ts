/** The multilayer perceptron: dense layers, an activation after each, a loss on top. */
import * as tf from '@tensorflow/tfjs';
import type {
  DenseStructure,
  DifferentiableNetwork,
  GradientMethod,
  NamedTensors,
} from '../differentiation/gradient-method.js';
import { lossRow, lossTable, type LossName, type OutputName } from '../differentiation/losses.js';
import { gradientMethod, type GradientMethodName } from '../differentiation/methods.js';
import { InputError } from '../errors.js';
import { activationByName, sigmoid, softmax, type ActivationName } from '../functions/activations.js';
import { floatTensor, shapeText, toTensor, type TensorInput } from '../functions/arguments.js';
import { checkLabels, type Reduction } from '../functions/losses.js';

/** What the network is for; it decides the output layer and the loss. Source: Saito, §3.5. */
export type Task = 'regression' | 'binary' | 'multiclass';

/** The form of an `Mlp` and its initial weights. */
export interface MlpOptions {
  /** Size of the input and of each layer, the output's last: [784, 50, 10]. */
  sizes: readonly number[];
  /** Activation of the hidden layers: one for all, or one each; the output's may follow as the last. Default 'sigmoid'. */
  activations?: ActivationName | readonly (ActivationName | OutputName)[];
  /** Default 'multiclass', or 'binary' for a loss of binaryCrossEntropy, or 'regression' for a loss of residuals. */
  task?: Task;
  /** Default by task: meanSquaredError, binaryCrossEntropy, crossEntropy. */
  loss?: LossName;
  /** The ε of the cross-entropies, the book's 1e-7 by default. */
  epsilon?: number;
  /** Standard deviation of the initial weights, the book's 0.01 by default. Biases start at 0. */
  weightInitStd?: number;
  /** Seed of the initial weights; drawn at random and kept in `seed` when left out. */
  seed?: number;
}

const outputOfTask: Record<Task, OutputName> = {
  regression: 'identity',
  binary: 'sigmoid',
  multiclass: 'softmax',
};

const lossOfTask: Record<Task, LossName> = {
  regression: 'meanSquaredError',
  binary: 'binaryCrossEntropy',
  multiclass: 'crossEntropy',
};

/**
 * A network of dense layers: `a1 = x·W1 + b1, z1 = φ(a1), a2 = z1·W2 + b2, …, y = σ(a_L)`.
 *
 * - Parameters: `W1` [sizes[0], sizes[1]], `b1` [sizes[1]], `W2`, … as tf.Variable; W ~ N(0, weightInitStd²), b = 0.
 * - The output layer by task: identity for regression, sigmoid for two classes (one output), softmax for many.
 * - `dispose` frees the parameters.
 *
 * @throws InputError for sizes, activations, task and loss that do not go together. Source: Saito, ch. 3–4; Géron, ch. 10.
 */
export class Mlp implements DifferentiableNetwork {
  readonly structure: DenseStructure;
  readonly parameters: Readonly<Record<string, tf.Variable>>;
  readonly seed: number;

  constructor(options: MlpOptions) {
    this.structure = resolveStructure(options);
    const { weightInitStd = 0.01, seed = Math.floor(Math.random() * 2 ** 31) } = options;
    if (!(weightInitStd >= 0 && Number.isFinite(weightInitStd))) {
      throw new InputError(
        `Mlp: weightInitStd must be a finite number of at least 0, got ${weightInitStd}. The book's is 0.01.`,
      );
    }
    // Each layer has a seed of its own, a whole number too.
    const mostSeed = Math.floor(Number.MAX_SAFE_INTEGER / this.structure.sizes.length) - 1;
    if (!Number.isSafeInteger(seed) || seed < 0 || seed > mostSeed) {
      throw new InputError(`Mlp: seed must be a whole number from 0 to ${mostSeed}, got ${seed}.`);
    }
    this.seed = seed;
    this.parameters = initialParameters(this.structure.sizes, weightInitStd, seed);
  }

  /** Number of layers with parameters. */
  private get depth(): number {
    return this.structure.sizes.length - 1;
  }

  /**
   * The output y for x: [N, outputs] for a batch [N, inputs], [outputs] for one example [inputs]. With `logits`, what
   * goes into the output activation: enough to tell the likeliest class.
   */
  predict(x: TensorInput, { logits = false }: { logits?: boolean } = {}): tf.Tensor {
    return tf.tidy(() => {
      const input = this.input('predict', x);
      const a = this.logitsAt(this.parameters, input);
      const y = logits ? a : this.output(a);
      return input.rank === 1 ? tf.reshape(y, [this.structure.sizes[this.depth]]) : y;
    });
  }

  /** The loss of the predictions for x against the targets t, a scalar. */
  loss(x: TensorInput, t: TensorInput): tf.Scalar {
    return tf.tidy(() => {
      const input = this.input('loss', x);
      return this.lossAt(this.parameters, input, this.target(t, input)) as tf.Scalar;
    });
  }

  lossAt(parameters: Readonly<NamedTensors>, x: tf.Tensor, t: tf.Tensor, reduction?: Reduction): tf.Tensor {
    return tf.tidy(() => {
      const a = this.logitsAt(parameters, x);
      return this.lossOfLogits(x.rank === 1 ? tf.reshape(a, [a.shape[1] as number]) : a, t, reduction);
    });
  }

  lossOfLogits(logits: tf.Tensor, t: tf.Tensor, reduction?: Reduction): tf.Tensor {
    return tf.tidy(() => {
      const { loss, epsilon } = this.structure;
      const { ofLogits, singles, value } = lossRow(loss);
      const y = ofLogits ? logits : this.output(logits);
      return value(...(singles === 'output' ? this.aligned(y, t) : ([y, t] as const)), {
        epsilon,
        reduction,
      });
    });
  }

  /**
   * The share of examples, 0 to 1, whose likeliest class is the target's; with several sigmoid outputs the share of outputs.
   *
   * - t for a batch of N: labels [N], whole numbers from 0 to K - 1, or one-hot [N,K] (of soft targets the largest counts); with sigmoid
   *   outputs 0 or 1 (a soft target counts as 1 above a half), [N,K], or [N] for one output. For one example the same without N.
   *
   * @throws InputError for targets of another shape, other labels, and a regression, which has no classes.
   */
  accuracy(x: TensorInput, t: TensorInput): number {
    return tf.tidy(() => {
      const input = this.input('accuracy', x);
      const predicted = this.predictClasses(input);
      const actual = this.classesOf(t, input);
      const right = tf.equal(predicted, tf.reshape(actual, predicted.shape));
      // Counted in whole numbers: a mean would be rounded to float32.
      return tf.sum(tf.cast(right, 'int32')).dataSync()[0] / predicted.size;
    });
  }

  /** The likeliest class of every example, int32 [N]; of sigmoid outputs 0 or 1 for each, [N·K]. */
  predictClasses(x: TensorInput): tf.Tensor1D {
    if (this.structure.output === 'identity') {
      throw new InputError(
        'accuracy: a regression network has no classes. Compare losses, or choose the task binary or multiclass.',
      );
    }
    return tf.tidy(() => {
      const input = this.input('accuracy', x);
      const batch = tf.reshape(input, [-1, this.structure.sizes[0]]);
      const chunks: tf.Tensor1D[] = [];
      for (let start = 0; start < batch.shape[0]; start += EXAMPLES_AT_ONCE) {
        chunks.push(
          tf.tidy(() => {
            const size = Math.min(EXAMPLES_AT_ONCE, batch.shape[0] - start);
            const logits = this.logitsAt(this.parameters, tf.slice(batch, [start, 0], [size, -1]));
            return this.structure.output === 'sigmoid'
              ? tf.cast<tf.Tensor1D>(tf.greater(tf.reshape(logits, [-1]), 0), 'int32')
              : tf.argMax<tf.Tensor1D>(logits, 1);
          }),
        );
      }
      return tf.cast<tf.Tensor1D>(tf.concat(chunks), 'int32');
    });
  }

  /**
   * `∂loss/∂parameter` for every parameter by the given method, default tf.grad. The caller disposes them.
   *
   * - 'autodiff': tf.grad; 'central', 'forward': differences, every parameter in turn; 'structured': central differences
   *   through the network's structure, hundreds of times faster.
   */
  gradient(
    x: TensorInput,
    t: TensorInput,
    method: GradientMethodName | GradientMethod = 'autodiff',
  ): NamedTensors {
    return tf.tidy(() => {
      const input = this.input('gradient', x);
      return gradientMethod(method).lossAndGradients(this, input, this.target(t, input)).gradients;
    });
  }

  /** Copies new values into some or all parameters; their shapes must fit. */
  setParameters(values: Readonly<Record<string, TensorInput>>): void {
    tf.tidy(() => {
      const checked = Object.entries(values).map(([name, value]) => {
        const parameter = Object.hasOwn(this.parameters, name) ? this.parameters[name] : undefined;
        if (!parameter) {
          throw new InputError(
            `setParameters: there is no parameter ${name}; there are ${Object.keys(this.parameters).join(', ')}.`,
          );
        }
        const tensor = floatTensor('setParameters', name, value);
        if (!tf.util.arraysEqual(tensor.shape, parameter.shape)) {
          throw new InputError(
            `setParameters: ${name} must have shape ${shapeText(parameter.shape)}, got ${shapeText(tensor.shape)}.`,
          );
        }
        return { parameter, tensor };
      });
      // A clone, so that the caller may dispose what was passed; assign takes it over.
      for (const { parameter, tensor } of checked) parameter.assign(tf.clone(tensor));
    });
  }

  /** Frees the parameters. */
  dispose(): void {
    tf.dispose(Object.values(this.parameters));
  }

  private logitsAt(parameters: Readonly<NamedTensors>, x: tf.Tensor): tf.Tensor {
    let z = tf.reshape(x, [-1, this.structure.sizes[0]]);
    for (let layer = 1; layer <= this.depth; layer++) {
      const W = parameters[`W${layer}`] as tf.Tensor2D;
      const a = tf.add(tf.matMul(z as tf.Tensor2D, W), parameters[`b${layer}`]);
      z = layer === this.depth ? a : activationByName[this.structure.hidden[layer - 1]](a);
    }
    return z;
  }

  private output(logits: tf.Tensor): tf.Tensor {
    switch (this.structure.output) {
      case 'softmax':
        return softmax(logits);
      case 'sigmoid':
        return sigmoid(logits);
      default:
        return logits;
    }
  }

  private input(where: string, x: TensorInput): tf.Tensor {
    const tensor = floatTensor(where, 'x', x);
    const inputs = this.structure.sizes[0];
    if ((tensor.rank !== 1 && tensor.rank !== 2) || tensor.shape[tensor.rank - 1] !== inputs) {
      throw new InputError(
        `${where}: x must be a batch [examples,${inputs}] or one example [${inputs}], got shape ${shapeText(tensor.shape)}.`,
      );
    }
    return tensor;
  }

  /** The target as a tensor; whole numbers in a plain array of labels become int32. */
  private target(t: TensorInput, x: tf.Tensor): tf.Tensor {
    const tensor = toTensor('Mlp', 't', t);
    const labels = this.structure.output === 'softmax' && tensor.rank === x.rank - 1;
    const whole =
      labels && !(t instanceof tf.Tensor) && Array.from(tensor.dataSync()).every(Number.isInteger);
    return whole ? tf.cast(tensor, 'int32') : tensor;
  }

  /** y and t for a loss entry by entry; where there is one output, targets [N] stand for [N,1] and a scalar for [1]. */
  private aligned(y: tf.Tensor, t: tf.Tensor): [tf.Tensor, tf.Tensor] {
    return y.shape[y.rank - 1] === 1 && tf.util.arraysEqual(t.shape, y.shape.slice(0, -1))
      ? [y, tf.reshape(t, y.shape)]
      : [y, t];
  }

  /** The class of every target, int32, as predictClasses has those of x. */
  private classesOf(t: TensorInput, x: tf.Tensor): tf.Tensor {
    const target = toTensor('accuracy', 't', t);
    const { output, sizes } = this.structure;
    const classes = sizes[this.depth];
    const examples = x.shape.slice(0, -1);
    const isShape = (shape: readonly number[]): boolean => tf.util.arraysEqual(target.shape, [...shape]);
    if (output === 'softmax' && isShape(examples)) {
      checkLabels('accuracy', target, classes);
      return tf.cast(target, 'int32');
    }
    if (isShape([...examples, classes])) {
      return output === 'softmax' ? tf.argMax(target, -1) : tf.cast(tf.greater(target, 0.5), 'int32');
    }
    if (output === 'sigmoid' && classes === 1 && isShape(examples)) {
      return tf.cast(tf.greater(target, 0.5), 'int32');
    }
    const whole = `${shapeText([...examples, classes])}${output === 'softmax' ? ' (one-hot)' : ''}`;
    const labels = output === 'softmax' || classes === 1 ? `${shapeText(examples)} (labels) or ` : '';
    throw new InputError(
      `accuracy: t must have shape ${labels}${whole} for x of shape ${shapeText(x.shape)}, got ${shapeText(target.shape)}.`,
    );
  }
}

/** Examples that `accuracy` sends through the network at a time, to bound memory. */
const EXAMPLES_AT_ONCE = 5000;

function initialParameters(sizes: readonly number[], std: number, seed: number): Record<string, tf.Variable> {
  return tf.tidy(() => {
    const parameters: Record<string, tf.Variable> = {};
    for (let layer = 1; layer < sizes.length; layer++) {
      // tf.randomNormal takes the seed 0 for none at all.
      const layerSeed = seed * sizes.length + layer;
      const shape: [number, number] = [sizes[layer - 1], sizes[layer]];
      parameters[`W${layer}`] = tf.variable(tf.randomNormal(shape, 0, std, 'float32', layerSeed));
      parameters[`b${layer}`] = tf.variable(tf.zeros([sizes[layer]]));
    }
    return parameters;
  });
}

function resolveStructure(options: MlpOptions): DenseStructure {
  const { sizes, activations = 'sigmoid', epsilon = 1e-7 } = options;
  if (sizes.length < 2 || sizes.some((size) => !Number.isSafeInteger(size) || size < 1)) {
    throw new InputError(
      `Mlp: sizes must be whole numbers above 0, the input's first and the output's last, got [${sizes.join(', ')}].`,
    );
  }
  if (!(epsilon >= 0 && Number.isFinite(epsilon))) {
    throw new InputError(
      `Mlp: epsilon must be a finite number of at least 0, got ${epsilon}. The book's is 1e-7.`,
    );
  }
  const layers = sizes.length - 1;
  const listed = typeof activations === 'string' ? new Array(layers - 1).fill(activations) : [...activations];
  if (listed.length !== layers - 1 && listed.length !== layers) {
    throw new InputError(
      `Mlp: activations must name ${layers - 1} hidden layers (and may name the output), got ${listed.length} for sizes [${sizes.join(', ')}].`,
    );
  }
  const hidden = listed.slice(0, layers - 1);
  for (const name of hidden) {
    if (!Object.hasOwn(activationByName, name)) {
      throw new InputError(
        `Mlp: a hidden layer's activation must be one of ${Object.keys(activationByName).join(', ')}, got ${JSON.stringify(name)}.`,
      );
    }
  }
  const { output, loss } = resolveOutput(options, listed[layers - 1]);
  if (output === 'softmax' && sizes[layers] < 2) {
    throw new InputError(
      `Mlp: softmax wants at least 2 outputs, got ${sizes[layers]}. Choose the task binary.`,
    );
  }
  const parameters = sizes.slice(1).reduce((sum, size, layer) => sum + (sizes[layer] + 1) * size, 0);
  if (parameters > MOST_PARAMETERS) {
    throw new InputError(
      `Mlp: sizes [${sizes.join(', ')}] make ${parameters} parameters; wanted at most ${MOST_PARAMETERS}. Choose smaller layers.`,
    );
  }
  return { sizes: [...sizes], hidden, output, loss, epsilon };
}

/** 2 GB of them: what one array may hold. */
const MOST_PARAMETERS = 2 ** 29;

function resolveOutput(
  { task, loss }: MlpOptions,
  named: OutputName | undefined,
): { output: OutputName; loss: LossName } {
  if (task !== undefined && !Object.hasOwn(outputOfTask, task)) {
    throw new InputError(`Mlp: task must be regression, binary or multiclass, got ${JSON.stringify(task)}.`);
  }
  if (loss !== undefined && !Object.hasOwn(lossTable, loss)) {
    throw new InputError(
      `Mlp: loss must be one of ${Object.keys(lossTable).join(', ')}, got ${JSON.stringify(loss)}.`,
    );
  }
  if (named !== undefined && !Object.values(outputOfTask).includes(named)) {
    throw new InputError(`Mlp: the output's activation must be identity, sigmoid or softmax, got ${named}.`);
  }
  const output = named ?? (task ? outputOfTask[task] : loss ? lossRow(loss).output : outputOfTask.multiclass);
  const ofOutput = (Object.keys(outputOfTask) as Task[]).find(
    (each) => outputOfTask[each] === output,
  ) as Task;
  const chosen = loss ?? lossOfTask[task ?? ofOutput];
  const probabilities = lossRow(chosen).output;
  if (probabilities !== 'identity' && probabilities !== output) {
    throw new InputError(
      `Mlp: the loss ${chosen} wants a ${probabilities} output, got ${output}. Leave one of them out to have them fit.`,
    );
  }
  return { output, loss: chosen };
}
