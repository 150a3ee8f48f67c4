/** Networks as TensorFlow.js layers models, and back. */
import * as tf from '@tensorflow/tfjs';
import type { ImageForm } from '../data/image-form.js';
import type { LossName, OutputName } from '../differentiation/losses.js';
import { InputError } from '../errors.js';
import { activationByName, type ActivationName } from '../functions/activations.js';
import { Mlp } from '../networks/mlp.js';

/** tf.layers' name of each activation; identity is its 'linear'. */
const layersName = (
  activation: ActivationName | OutputName,
): 'linear' | Exclude<typeof activation, 'identity'> => (activation === 'identity' ? 'linear' : activation);

/** What a model's inputs and outputs stand for. */
export interface ModelNotes {
  /** The classes' names, one an output. */
  classes?: string[];
  /** For images: how they become inputs. */
  image?: ImageForm;
}

/** What a layers model does not say of the network it came from. */
interface NetworkMetadata {
  gradparity: {
    loss?: LossName;
    epsilon?: number;
    seed?: number;
    /** Of a model whose outputs are logits: the activation that was left out. */
    logitsOf?: OutputName;
  } & ModelNotes;
}

/**
 * The network as a tf.LayersModel of dense layers: `predict` gives the same probabilities (or numbers); with `logits` the
 * output activation is left out, as one may for inference. Its weights are copies; dispose it by itself.
 */
export function toLayersModel(
  network: Mlp,
  { logits = false, notes = {} }: { logits?: boolean; notes?: ModelNotes } = {},
): tf.Sequential {
  const { sizes, hidden, output, loss, epsilon } = network.structure;
  const activations = [...hidden, logits ? 'identity' : output];
  const model = tf.sequential({
    layers: activations.map((activation, index) =>
      tf.layers.dense({
        name: `layer${index + 1}`,
        units: sizes[index + 1],
        activation: layersName(activation),
        ...(index === 0 && { inputShape: [sizes[0]] }),
      }),
    ),
  });
  model.layers.forEach((layer, index) =>
    layer.setWeights([network.parameters[`W${index + 1}`], network.parameters[`b${index + 1}`]]),
  );
  const metadata: NetworkMetadata = {
    gradparity: { ...(logits ? { logitsOf: output } : { loss, epsilon, seed: network.seed }), ...notes },
  };
  if (Object.keys(metadata.gradparity).length > 0) model.setUserDefinedMetadata(metadata);
  return model;
}

/** What the model's metadata say of its inputs and outputs, as far as it fits the model. */
export function notesOf(model: tf.LayersModel): ModelNotes {
  const { classes, image } =
    (model.getUserDefinedMetadata() as Partial<NetworkMetadata> | undefined)?.gradparity ?? {};
  const [inputs, outputs] = [model.inputs[0].shape.at(-1), model.outputs[0].shape.at(-1)];
  const isNames =
    Array.isArray(classes) && classes.length === outputs && classes.every((name) => typeof name === 'string');
  const isForm =
    typeof image === 'object' &&
    image !== null &&
    [image.rows, image.columns].every((size) => Number.isSafeInteger(size) && size > 0) &&
    image.rows * image.columns === inputs &&
    (image.preparation === 'digit' || image.preparation === 'plain');
  return { ...(isNames && { classes }), ...(isForm && { image }) };
}

/**
 * The network of a layers model, as `fromLayersModel`; of one that was written without its output activation (`logits`), with it, so that
 * its outputs are the probabilities again.
 *
 * @throws InputError as `fromLayersModel`
 */
export function withOutputActivation(model: tf.LayersModel): Mlp {
  const network = fromLayersModel(model);
  const { logitsOf } =
    (model.getUserDefinedMetadata() as Partial<NetworkMetadata> | undefined)?.gradparity ?? {};
  const { sizes, hidden, output } = network.structure;
  if (logitsOf !== 'softmax' || output !== 'identity') return network;
  try {
    const whole = new Mlp({ sizes, activations: [...hidden, logitsOf], seed: network.seed });
    whole.setParameters(network.parameters);
    return whole;
  } finally {
    network.dispose();
  }
}

/** Layers that change nothing where the network predicts, on inputs of rank 2. */
const SILENT = [
  'InputLayer',
  'Dropout',
  'GaussianNoise',
  'GaussianDropout',
  'AlphaDropout',
  'Flatten',
  'ActivityRegularization',
];

/** A dense layer of the model, with the activation that follows it. */
interface DenseLayer {
  name: string;
  activation: string;
  weights: tf.Tensor[];
}

/**
 * The network of a layers model: a chain of dense layers, with biases or without (they are 0 then), and activations that `Mlp` knows, in the
 * layers or as layers of their own. Dropout and noise, which are for training alone, are left out. Weights are copied.
 *
 * @throws InputError for any other model, with the layer that does not fit.
 */
export function fromLayersModel(model: tf.LayersModel): Mlp {
  const layers = model.layers.filter((layer) => layer.getClassName() !== 'InputLayer');
  const configs: DenseLayer[] = [];
  for (const layer of layers) {
    const kind = layer.getClassName();
    if (SILENT.includes(kind)) continue;
    if (kind === 'Dense') {
      configs.push({ name: layer.name, activation: activationOf(layer), weights: layer.getWeights() });
      continue;
    }
    const before = configs.at(-1);
    const activation =
      kind === 'Activation' ? activationOf(layer) : { ReLU: 'relu', Softmax: 'softmax' }[kind];
    if (activation === undefined || !isPlain(layer) || before?.activation !== 'identity') {
      throw new InputError(
        `fromLayersModel: every layer must be dense, or an activation behind a dense layer without one, got ${kind} '${layer.name}'.`,
      );
    }
    before.activation = activation;
  }
  requireChain(model, layers);
  if (configs.length === 0) throw new InputError('fromLayersModel: the model has no dense layers.');
  const activations = configs.map(({ activation }) => activation) as (ActivationName | OutputName)[];
  activations.slice(0, -1).forEach((name, index) => {
    if (!Object.hasOwn(activationByName, name)) {
      throw new InputError(
        `fromLayersModel: layer '${configs[index].name}' has the activation ${name}; hidden layers may have ${Object.keys(activationByName).join(', ')}.`,
      );
    }
  });
  const { loss, epsilon, seed } =
    (model.getUserDefinedMetadata() as Partial<NetworkMetadata>)?.gradparity ?? {};
  const network = new Mlp({
    sizes: [configs[0].weights[0].shape[0], ...configs.map(({ weights }) => weights[0].shape[1] as number)],
    activations,
    loss,
    epsilon,
    seed,
  });
  network.setParameters(
    Object.fromEntries(
      configs.flatMap(({ weights: [W, b] }, index) => [
        [`W${index + 1}`, W],
        // Without one the network's own stays, which is 0.
        ...(b ? [[`b${index + 1}`, b] as const] : []),
      ]),
    ),
  );
  return network;
}

/** `Mlp`'s name of the layer's activation. */
function activationOf(layer: tf.layers.Layer): string {
  const { activation } = layer.getConfig();
  return activation === 'linear' || activation === undefined || activation === null
    ? 'identity'
    : String(activation);
}

/** Whether a layer that is an activation is the plain one: ReLU has a bound and slopes among its settings, softmax an axis. */
function isPlain(layer: tf.layers.Layer): boolean {
  const { maxValue, axis } = layer.getConfig() as { maxValue?: number | null; axis?: number };
  return (maxValue === undefined || maxValue === null) && (axis === undefined || axis === -1 || axis === 1);
}

/** One input of rank 2, and every layer on top of the one before. */
function requireChain(model: tf.LayersModel, layers: readonly tf.layers.Layer[]): void {
  const chained = layers.every(
    ({ inboundNodes }, index) =>
      inboundNodes.length === 1 &&
      inboundNodes[0].inputTensors[0] === (index === 0 ? model.inputs[0] : layers[index - 1].output),
  );
  if (!chained || model.inputs.length !== 1 || model.outputs.length !== 1 || model.inputs[0].rank !== 2) {
    throw new InputError(
      'fromLayersModel: the model must be one chain of layers on inputs of shape [examples,inputs].',
    );
  }
}
