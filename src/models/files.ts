/** Layers models as files, model.json and weights.bin, on any backend (TensorFlow.js itself writes files only with tfjs-node). */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { unwritable, writeFileWhole, writeJson } from '../files/write.js';
import { parseJson } from '../json.js';
import type { Mlp } from '../networks/mlp.js';
import { sizeOf } from '../shapes.js';
import { fromLayersModel, toLayersModel } from './layers-model.js';

const MODEL_FILE = 'model.json';
const WEIGHTS_FILE = 'weights.bin';

/**
 * Writes a network (or any tf.LayersModel) into a folder as `model.json` and `weights.bin`, which `tf.loadLayersModel` reads.
 * The folder is made; files of that name are replaced whole.
 *
 * @throws InputError where the folder can't be written.
 */
export async function saveModel(network: Mlp | tf.LayersModel, directory: string): Promise<void> {
  const model = network instanceof tf.LayersModel ? network : toLayersModel(network);
  try {
    await model.save(
      tf.io.withSaveHandler(async (artifacts) => {
        await writeArtifacts(artifacts, directory).catch((error) => {
          throw unwritable('saveModel', directory, error);
        });
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      }),
    );
  } finally {
    if (model !== network) model.dispose();
  }
}

async function writeArtifacts(artifacts: tf.io.ModelArtifacts, directory: string): Promise<void> {
  const { weightData, weightSpecs, ...rest } = artifacts;
  await writeFileWhole(
    path.join(directory, WEIGHTS_FILE),
    new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)),
  );
  await writeJson(path.join(directory, MODEL_FILE), {
    ...rest,
    weightsManifest: [{ paths: [WEIGHTS_FILE], weights: weightSpecs }],
  });
}

/**
 * Reads the model in `directory` as a tf.LayersModel.
 *
 * @throws InputError where a file is missing, is not what it should be, or is shorter or longer than the model says.
 */
export async function loadLayersModel(directory: string): Promise<tf.LayersModel> {
  const file = path.join(directory, MODEL_FILE);
  const { weightsManifest = [], ...artifacts } = await readModelJson(file);
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  const parts = await Promise.all(
    weightsManifest.flatMap((group) => group.paths).map((name) => readPart(path.join(directory, name))),
  );
  const weights = Buffer.concat(parts);
  requireLength(weights, weightSpecs, file);
  try {
    // Without weights first: the loader itself would leave tensors behind where they do not fit the layers.
    const model = await tf.loadLayersModel({ load: async () => artifacts });
    loadWeights(model, weights, weightSpecs);
    return model;
  } catch (error) {
    throw new InputError(`loadModel: ${file} is no layers model: ${sentence(error as Error)}`, {
      cause: error,
    });
  }
}

function requireLength(
  weights: Uint8Array,
  weightSpecs: readonly tf.io.WeightsManifestEntry[],
  file: string,
): void {
  if (!weightSpecs.every(({ dtype, quantization }) => dtype === 'float32' && !quantization)) return;
  const wanted = weightSpecs.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), 0);
  if (weights.length !== wanted) {
    throw new InputError(
      `loadModel: the weights beside ${file} must be ${wanted} bytes, got ${weights.length}. The model was not copied whole; copy or train it again.`,
    );
  }
}

function loadWeights(
  model: tf.LayersModel,
  weights: Buffer,
  weightSpecs: tf.io.WeightsManifestEntry[],
): void {
  const bytes = weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length) as ArrayBuffer;
  try {
    tf.tidy(() => model.loadWeights(tf.io.decodeWeights(bytes, weightSpecs)));
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * Reads the network that `saveModel` wrote into `directory`.
 *
 * @throws InputError as loadLayersModel, and for a model that is no chain of dense layers.
 */
export async function loadModel(directory: string): Promise<Mlp> {
  const model = await loadLayersModel(directory);
  try {
    return fromLayersModel(model);
  } finally {
    model.dispose();
  }
}

async function readModelJson(file: string): Promise<tf.io.ModelJSON> {
  const text = (await readPart(file)).toString('utf8');
  const json = parseJson(`loadModel: ${file}`, text);
  if (!isObject(json) || !isObject(json.modelTopology)) {
    throw new InputError(`loadModel: ${file} has no modelTopology; it is not a model.json of TensorFlow.js.`);
  }
  if (json.format === 'graph-model') {
    throw new InputError(`loadModel: ${file} is a graph model; wanted a layers model.`);
  }
  if (json.weightsManifest !== undefined && !isWeightsManifest(json.weightsManifest)) {
    throw new InputError(
      `loadModel: the weightsManifest in ${file} is damaged; wanted names and shapes of weights and their files.`,
    );
  }
  return json as unknown as tf.io.ModelJSON;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const isWeightsManifest = (manifest: unknown): manifest is tf.io.WeightsManifestConfig =>
  Array.isArray(manifest) &&
  manifest.every(
    (group: Partial<tf.io.WeightsManifestConfig[number]> | null) =>
      Array.isArray(group?.paths) &&
      group.paths.every((name) => typeof name === 'string') &&
      Array.isArray(group.weights) &&
      group.weights.every((spec) => typeof spec?.name === 'string' && isShape(spec.shape)),
  );

const isShape = (shape: unknown): boolean =>
  Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0);

async function readPart(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new InputError(
      `loadModel: ${file} can't be read (${(error as NodeJS.ErrnoException).code}). A model is a folder with model.json and its weights.`,
      { cause: error },
    );
  }
}

/** What another library says, without its guesses at the reason, with a full stop. */
const sentence = ({ message }: Error): string =>
  message
    .split(/\n| This may be due to/, 1)[0]
    .trim()
    .replace(/\.?$/, '.');
