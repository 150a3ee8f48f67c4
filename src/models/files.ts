/** Layers models as files, model.json and weights.bin, on any backend (TensorFlow.js itself writes files only with tfjs-node). */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { writeFileWhole, writeJson } from '../files/write.js';
import type { Mlp } from '../networks/mlp.js';
import { fromLayersModel, toLayersModel } from './layers-model.js';

const MODEL_FILE = 'model.json';
const WEIGHTS_FILE = 'weights.bin';

/**
 * Writes a network (or any tf.LayersModel) into a folder as `model.json` and `weights.bin`, which `tf.loadLayersModel` reads.
 * The folder is made; files of that name are replaced whole.
 */
export async function saveModel(network: Mlp | tf.LayersModel, directory: string): Promise<void> {
  const model = network instanceof tf.LayersModel ? network : toLayersModel(network);
  try {
    await model.save(
      tf.io.withSaveHandler(async (artifacts) => {
        await writeArtifacts(artifacts, directory);
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
    new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData as ArrayBuffer)),
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
  const json = await readModelJson(file);
  const manifest = json.weightsManifest ?? [];
  const weightSpecs = manifest.flatMap((group) => group.weights);
  const parts = await Promise.all(
    manifest.flatMap((group) => group.paths).map((name) => readPart(path.join(directory, name))),
  );
  const weights = Buffer.concat(parts);
  const wanted = weightSpecs.reduce((sum, { shape }) => sum + 4 * tf.util.sizeFromShape(shape), 0);
  if (weightSpecs.every(({ dtype, quantization }) => dtype === 'float32' && !quantization) && weights.length !== wanted) {
    throw new InputError(
      `loadModel: the weights beside ${file} must be ${wanted} bytes, got ${weights.length}. The model was not copied whole; copy or train it again.`,
    );
  }
  const weightData = weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length);
  try {
    return await tf.loadLayersModel(tf.io.fromMemory({ ...json, weightSpecs, weightData } as tf.io.ModelArtifacts));
  } catch (error) {
    throw new InputError(`loadModel: ${file} is no layers model: ${(error as Error).message}`, { cause: error });
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
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(`loadModel: ${file} must be JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof json !== 'object' || json === null || !('modelTopology' in json)) {
    throw new InputError(`loadModel: ${file} has no modelTopology; it is not a model.json of TensorFlow.js.`);
  }
  return json as tf.io.ModelJSON;
}

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
