/** Layers models as files, model.json and weights.bin, on any backend (TensorFlow.js itself writes files only with tfjs-node). */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { localPath } from '../files/place.js';
import { readFileBounded } from '../files/read.js';
import { requireWritable, unwritable, writeJson, writeNewFile } from '../files/write.js';
import { parseJson } from '../json.js';
import type { Mlp } from '../networks/mlp.js';
import { sizeOf } from '../shapes.js';
import { quantized, type Quantization } from './quantized.js';
import { fromLayersModel, notesOf, toLayersModel, type ModelNotes } from './layers-model.js';

const MODEL_FILE = 'model.json';
const WEIGHTS_FILE = 'weights.bin';
/** What `saveModel` writes into an empty folder. */
export const MODEL_FILES: readonly string[] = [MODEL_FILE, WEIGHTS_FILE];

/** What is saved beside the weights, and with how many bits these. */
export interface SaveOptions {
  /** What a network's inputs and outputs stand for; kept in model.json. */
  notes?: ModelNotes;
  /** Weights in fewer bits than float32's. */
  quantize?: Quantization;
}

/**
 * Writes a network (or any tf.LayersModel) into a folder as `model.json` and `weights.bin`, which `tf.loadLayersModel` reads.
 * The folder is made. A model that is there is replaced as a whole: whatever happens meanwhile (a full disk, a process that is
 * killed, another writer), `model.json` names weights that belong to it, the old ones or the new ones. So the weights that replace
 * others have a name of their own, `weights.….bin`.
 *
 * @throws InputError where the folder can't be written; the model that was there stands.
 */
export async function saveModel(
  network: Mlp | tf.LayersModel,
  directory: string | URL,
  { notes, quantize }: SaveOptions = {},
): Promise<void> {
  const folder = localPath('saveModel', directory);
  await requireWritable('saveModel', folder, MODEL_FILES);
  const model = network instanceof tf.LayersModel ? network : toLayersModel(network, { notes });
  try {
    await model.save(
      tf.io.withSaveHandler(async (artifacts) => {
        await writeArtifacts(artifacts, folder, quantize).catch((error) => {
          throw unwritable('saveModel', folder, error);
        });
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      }),
    );
  } finally {
    if (model !== network) model.dispose();
  }
}

async function writeArtifacts(
  artifacts: tf.io.ModelArtifacts,
  folder: string,
  quantize?: Quantization,
): Promise<void> {
  const { weightData, weightSpecs = [], ...rest } = artifacts;
  const joined = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
  const { bytes: weights, specs } = quantize
    ? quantized(joined, weightSpecs, quantize)
    : { bytes: joined, specs: weightSpecs };
  const file = await writeWeights(folder, weights);
  let replaced: string[] = [];
  try {
    do {
      if (!(await exists(path.join(folder, file)))) await writeNewFile(path.join(folder, file), weights);
      replaced = await namedWeights(folder);
      await writeJson(path.join(folder, MODEL_FILE), {
        ...rest,
        weightsManifest: [{ paths: [file], weights: specs }],
        weightsSha256: sha256(weights),
      });
      // Another writer may have taken them for leftovers.
    } while (!(await exists(path.join(folder, file))) && (await namedWeights(folder)).includes(file));
  } catch (error) {
    if (!(await namedWeights(folder)).includes(file)) await rm(path.join(folder, file), { force: true });
    throw error;
  }
  await removeUnnamed(folder, replaced);
}

/** Writes the weights under a name that no model.json has yet, and says which. */
async function writeWeights(folder: string, weights: Uint8Array): Promise<string> {
  await mkdir(folder, { recursive: true });
  if ((await namedWeights(folder)).length === 0) {
    try {
      await writeNewFile(path.join(folder, WEIGHTS_FILE), weights);
      return WEIGHTS_FILE;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  const name = `weights.${randomBytes(6).toString('hex')}.bin`;
  await writeNewFile(path.join(folder, name), weights);
  return name;
}

/** The files of weights that the folder's model.json names, of those that `saveModel` may have written. */
async function namedWeights(folder: string): Promise<string[]> {
  try {
    const json = JSON.parse((await readFileBounded(path.join(folder, MODEL_FILE))).toString('utf8')) as {
      weightsManifest?: { paths?: unknown[] }[];
    };
    const paths = json.weightsManifest?.flatMap((group) => group.paths ?? []) ?? [];
    return paths.filter((name): name is string => typeof name === 'string' && OWN_WEIGHTS.test(name));
  } catch {
    return [];
  }
}

const OWN_WEIGHTS = /^weights(\.[0-9a-f]{12})?\.bin$/;

/** Milliseconds after which weights that no model.json names are nobody's: the time from their writing to the writing of their model.json. */
const ABANDONED = 60_000;

/** Removes the weights that were `replaced`, and what writers left that were killed. */
async function removeUnnamed(folder: string, replaced: readonly string[]): Promise<void> {
  const named = await namedWeights(folder);
  for (const name of await readdir(folder)) {
    if (!OWN_WEIGHTS.test(name) || named.includes(name)) continue;
    const file = path.join(folder, name);
    const age = Date.now() - ((await stat(file).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (replaced.includes(name) || (name !== WEIGHTS_FILE && age > ABANDONED))
      await rm(file, { force: true });
  }
}

const exists = async (file: string): Promise<boolean> =>
  (await stat(file).catch(() => undefined)) !== undefined;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Reads the model in `directory` as a tf.LayersModel.
 *
 * @throws InputError where a file is missing, is not what it should be, lies outside of the folder, or is shorter or longer than the
 *   model says, and for weights that another program changed.
 */
export async function loadLayersModel(directory: string | URL): Promise<tf.LayersModel> {
  const folder = localPath('loadModel', directory);
  const file = path.join(folder, MODEL_FILE);
  const { weights, json } = await readModel(folder, file);
  const { weightsManifest = [], ...artifacts } = json;
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  try {
    // Without weights first: the loader itself would leave tensors behind where they do not fit the layers.
    const model = await layersOf(fromKeras3(artifacts));
    loadWeights(model, weights, weightSpecs);
    return model;
  } catch (error) {
    throw new InputError(`loadModel: ${file} is no layers model: ${sentence(error as Error)}`, {
      cause: error,
    });
  }
}

/**
 * The artifacts with the topology that Keras 3 writes in the words of Keras 2, which are TensorFlow.js': batch_shape for
 * batch_input_shape, a policy for a dtype, tensors with a history for inbound nodes.
 */
function fromKeras3<T extends { modelTopology?: unknown }>(artifacts: T): T {
  const topology = JSON.stringify(artifacts.modelTopology ?? {});
  if (!/"batch_shape"|"DTypePolicy"|"keras_history"/.test(topology)) return artifacts;
  const modelTopology: unknown = JSON.parse(topology, (key, value: unknown) => {
    if (!isObject(value) || Array.isArray(value)) return value;
    if (value.class_name === 'DTypePolicy')
      return (value.config as { name?: string } | undefined)?.name ?? 'float32';
    if ('batch_shape' in value) {
      const { batch_shape, ...rest } = value;
      return { ...rest, batch_input_shape: batch_shape };
    }
    if (Array.isArray(value.inbound_nodes)) {
      return { ...value, inbound_nodes: value.inbound_nodes.map(inboundNode) };
    }
    if (key === 'config' && Array.isArray(value.layers) && Array.isArray(value.input_layers)) {
      // One input or output is not in a list of its own there.
      const listed = (list: unknown): unknown =>
        Array.isArray(list) && typeof list[0] === 'string' ? [list] : list;
      return {
        ...value,
        input_layers: listed(value.input_layers),
        output_layers: listed(value.output_layers),
      };
    }
    return value;
  });
  return { ...artifacts, modelTopology };
}

/**
 * The model without its weights. Where a layer cannot be made, those made before it leave nothing behind: all of them are made before
 * modelFromJSON gives its promise, so that what was made in vain can be told from what others make.
 */
async function layersOf(artifacts: tf.io.ModelArtifacts): Promise<tf.LayersModel> {
  const variables = (): Record<string, tf.Variable> => tf.engine().state.registeredVariables;
  const before = new Set(Object.keys(variables()));
  let made: Promise<tf.LayersModel> | undefined;
  let inVain: tf.Variable[] = [];
  tf.tidy(() => {
    made = tf.models.modelFromJSON(artifacts.modelTopology as Parameters<typeof tf.models.modelFromJSON>[0]);
    inVain = Object.entries(variables()).flatMap(([name, variable]) => (before.has(name) ? [] : [variable]));
  });
  try {
    const model = await (made as unknown as Promise<tf.LayersModel>);
    if (artifacts.trainingConfig) {
      model.loadTrainingConfig(artifacts.trainingConfig as Parameters<typeof model.loadTrainingConfig>[0]);
    }
    if (artifacts.userDefinedMetadata) model.setUserDefinedMetadata(artifacts.userDefinedMetadata);
    return model;
  } catch (error) {
    tf.dispose(inVain);
    throw error;
  }
}

/** Keras 3's {args: [tensor], kwargs}, as Keras 2's list of [layer, node, tensor, kwargs]. */
function inboundNode(node: unknown): unknown {
  if (!isObject(node) || !Array.isArray(node.args)) return node;
  return node.args
    .flat()
    .map((tensor: { config?: { keras_history?: unknown[] } }) => [
      ...(tensor.config?.keras_history ?? []),
      {},
    ]);
}

interface SavedModel extends tf.io.ModelJSON {
  /** Of all bytes of the weights, where gradparity wrote them. */
  weightsSha256?: string;
}

/** Readings of a model that others write at the same time. */
const MOST_READINGS = 100;

/** model.json and the weights it names. While they are read, another may take their place: then they are read again. */
async function readModel(folder: string, file: string): Promise<{ weights: Buffer; json: SavedModel }> {
  for (let reading = 1; ; reading++) {
    const text = (await readPart(file)).toString('utf8');
    try {
      const json = modelJson(file, text);
      return { json, weights: await readWeights(folder, file, json) };
    } catch (error) {
      const now = await readPart(file).catch(() => undefined);
      if (reading === MOST_READINGS || !now || now.toString('utf8') === text) throw error;
    }
  }
}

async function readWeights(folder: string, file: string, json: SavedModel): Promise<Buffer> {
  const { weightsManifest = [], weightsSha256 } = json;
  const specs = weightsManifest.flatMap((group) => group.weights);
  const wanted = weightBytes(specs);
  const names = weightsManifest.flatMap((group) => group.paths);
  for (const name of names) requireInside(name, file);
  const parts: Buffer[] = [];
  for (const name of names) parts.push(await readPart(path.join(folder, name)));
  const weights = Buffer.concat(parts);
  if (wanted !== undefined && weights.length !== wanted) {
    throw new InputError(
      `loadModel: the weights beside ${file} must be ${wanted} bytes, got ${weights.length}. The model was not copied whole; copy or train it again.`,
    );
  }
  if (weightsSha256 !== undefined && sha256(weights) !== weightsSha256) {
    throw new InputError(
      `loadModel: the weights beside ${file} are not those that were written (their SHA-256 differs). They are damaged or another model's; copy or train it again.`,
    );
  }
  return weights;
}

/** A model's files are in its folder; another path in a manifest leads to a file that the user did not name. */
function requireInside(name: string, file: string): void {
  const parts = name.split(/[\\/]/);
  if (name !== '' && !parts.includes('..') && !path.posix.isAbsolute(name) && !path.win32.isAbsolute(name))
    return;
  throw new InputError(
    `loadModel: ${file} names weights outside of its own folder, ${JSON.stringify(name)}; wanted the name of a file beside it.`,
  );
}

/** How many bytes the weights take, or undefined for a dtype whose entries have no fixed size. */
function weightBytes(specs: readonly tf.io.WeightsManifestEntry[]): number | undefined {
  let bytes = 0;
  for (const { shape, dtype, quantization } of specs) {
    const size = BYTES_OF[quantization?.dtype ?? dtype];
    if (size === undefined) return undefined;
    bytes += size * sizeOf(shape);
  }
  return bytes;
}

const BYTES_OF: Record<string, number | undefined> = {
  float32: 4,
  int32: 4,
  bool: 1,
  complex64: 8,
  float16: 2,
  uint16: 2,
  uint8: 1,
};

function loadWeights(
  model: tf.LayersModel,
  weights: Buffer,
  weightSpecs: tf.io.WeightsManifestEntry[],
): void {
  const bytes = weights.buffer.slice(weights.byteOffset, weights.byteOffset + weights.length) as ArrayBuffer;
  try {
    tf.tidy(() => model.loadWeights(renamed(tf.io.decodeWeights(bytes, weightSpecs), model)));
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** The weights by the model's names: Keras 3 puts the model's own before them. */
function renamed(weights: tf.NamedTensorMap, model: tf.LayersModel): tf.NamedTensorMap {
  const known = new Set(model.weights.map(({ originalName }) => originalName));
  return Object.fromEntries(
    Object.entries(weights).map(([name, weight]) => {
      const short = name.split('/').slice(-2).join('/');
      return [known.has(name) || !known.has(short) ? name : short, weight];
    }),
  );
}

/**
 * Reads the network that `saveModel` wrote into `directory`.
 *
 * @throws InputError as loadLayersModel, for a model that is no chain of dense layers, and for weights that are no finite numbers.
 */
export async function loadModel(directory: string | URL): Promise<Mlp> {
  return (await loadNotedModel(directory)).network;
}

/** `loadModel`, with what the model's inputs and outputs stand for. */
export async function loadNotedModel(directory: string | URL): Promise<{ network: Mlp; notes: ModelNotes }> {
  const model = await loadLayersModel(directory);
  try {
    requireFiniteWeights(model, directory);
    return { network: fromLayersModel(model), notes: notesOf(model) };
  } finally {
    model.dispose();
  }
}

/** A network with a NaN in it takes every example for the same class, or for none. */
function requireFiniteWeights(model: tf.LayersModel, directory: string | URL): void {
  for (const weight of model.weights) {
    const wrong = weight
      .read()
      .dataSync<'float32'>()
      .findIndex((value) => !Number.isFinite(value));
    if (wrong === -1) continue;
    throw new InputError(
      `loadModel: the weights in ${directory} must be finite numbers, got ${weight.read().dataSync()[wrong]} at entry ${wrong} of ${weight.originalName}. The training diverged or the file is damaged; train it again.`,
    );
  }
}

function modelJson(file: string, text: string): SavedModel {
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
  if (json.weightsSha256 !== undefined && typeof json.weightsSha256 !== 'string') {
    throw new InputError(`loadModel: the weightsSha256 in ${file} is damaged; wanted the sum as a text.`);
  }
  return json as unknown as SavedModel;
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
    return await readFileBounded(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'EINVAL' || code === 'EFBIG' ? message : code;
    throw new InputError(
      `loadModel: ${file} can't be read (${reason}). A model is a folder with model.json and its weights.`,
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
