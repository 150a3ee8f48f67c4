/** Models as files: written and read on every backend, and refused where they are damaged. */
import { execFileSync } from 'node:child_process';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
  appendFile,
  chmod,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { InputError } from '../../src/errors.js';
import { loadLayersModel, loadModel, saveModel } from '../../src/models/files.js';
import { Mlp } from '../../src/networks/mlp.js';
import { describeOnEachBackend, tensorCount } from '../support/backends.js';
import { expectClose, expectRejected } from '../support/close.js';
import { parametersOf, smallNetwork, threeClasses } from '../training/problems.js';

let folder: string;
let tensors: number;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'models-'));
  tensors = tensorCount();
});
afterEach(async () => {
  expect(tensorCount()).toBe(tensors);
  await rm(folder, { recursive: true });
});

/** Predictions of a layers model and of a network may differ by this much. */
const tolerance = { absolute: 1e-6 };

const modelFile = (): string => path.join(folder, 'model.json');
const weightsFile = (): string => path.join(folder, 'weights.bin');

async function saveSmall(): Promise<void> {
  const network = smallNetwork();
  await saveModel(network, folder);
  network.dispose();
}

/** The predictions of a layers model for x, and then no more model. */
function predictAndDispose(model: tf.LayersModel, x: tf.Tensor): Float32Array {
  const y = model.predict(x) as tf.Tensor;
  const values = y.dataSync<'float32'>();
  tf.dispose(y);
  model.dispose();
  return values;
}

describeOnEachBackend('a saved network', (backend) => {
  const networks: [string, () => Mlp][] = [
    ['4-5-3 for three classes', smallNetwork],
    ['4-1 for two', () => new Mlp({ sizes: [4, 1], task: 'binary', weightInitStd: 1, seed: 2 })],
    [
      '4-6-5-2 for regression',
      () =>
        new Mlp({
          sizes: [4, 6, 5, 2],
          activations: ['relu', 'softplus'],
          loss: 'huber',
          weightInitStd: 1,
          seed: 2,
        }),
    ],
  ];
  test.each(networks)(
    '%s comes back with the same weights, structure and predictions',
    async (_name, make) => {
      const network = make();
      const { x, t } = threeClasses(6);
      await saveModel(network, path.join(folder, 'new', 'folder'));
      const loaded = await loadModel(path.join(folder, 'new', 'folder'));
      expect(parametersOf(loaded)).toEqual(parametersOf(network));
      expect(loaded.structure).toEqual(network.structure);
      expect(loaded.seed).toBe(network.seed);
      const wanted = tf.tidy(() => network.predict(x).dataSync<'float32'>());
      const layers = await loadLayersModel(path.join(folder, 'new', 'folder'));
      const predicted = predictAndDispose(layers, x);
      expectClose(predicted, wanted, tolerance);
      expectRejected(
        predicted.map((y) => y + 2e-6),
        wanted,
        tolerance,
      );
      network.dispose();
      loaded.dispose();
      tf.dispose([x, t]);
    },
  );

  test('is a folder of two files that tf.loadLayersModel reads by itself', async () => {
    const network = smallNetwork();
    await saveModel(network, folder);
    expect((await readdir(folder)).sort()).toEqual(['model.json', 'weights.bin']);
    const { x, t } = threeClasses(6);
    const wanted = tf.tidy(() => network.predict(x).dataSync<'float32'>());
    const json = JSON.parse(await readFile(modelFile(), 'utf8')) as tf.io.ModelJSON;
    const weightData = new Uint8Array(await readFile(weightsFile())).buffer;
    const handler = tf.io.fromMemory({
      ...json,
      weightSpecs: json.weightsManifest[0].weights,
      weightData,
    });
    expectClose(predictAndDispose(await tf.loadLayersModel(handler), x), wanted, tolerance);
    if (backend === 'tensorflow') {
      const model = await tf.loadLayersModel(pathToFileURL(modelFile()).href);
      expectClose(predictAndDispose(model, x), wanted, tolerance);
    }
    network.dispose();
    tf.dispose([x, t]);
  });
});

describe('on the cpu backend', () => {
  beforeAll(() => selectBackend('cpu'));

  test('saving again replaces a model of another size', async () => {
    await saveSmall();
    const wide = new Mlp({ sizes: [7, 20, 2], seed: 1 });
    await saveModel(wide, folder);
    const loaded = await loadModel(folder);
    expect(parametersOf(loaded)).toEqual(parametersOf(wide));
    expect(await readdir(folder)).toHaveLength(2);
    wide.dispose();
    loaded.dispose();
  });

  test('of writers and readers at the same time each reader gets one whole model', async () => {
    const networks = [3, 4, 5].map((seed) => smallNetwork(seed));
    const known = networks.map((network) => JSON.stringify(parametersOf(network)));
    await saveModel(networks[0], folder);
    let writing = true;
    const writers = networks.map(async (network) => {
      for (let k = 0; k < 30; k++) await saveModel(network, folder);
    });
    const readers = [0, 1].map(async () => {
      let loads = 0;
      while (writing) {
        const loaded = await loadModel(folder);
        expect(known).toContain(JSON.stringify(parametersOf(loaded)));
        loaded.dispose();
        loads++;
      }
      return loads;
    });
    await Promise.all(writers);
    writing = false;
    for (const loads of await Promise.all(readers)) expect(loads).toBeGreaterThan(1);
    for (const network of networks) network.dispose();
  });

  test('an address of the form file://… is the path in it', async () => {
    const network = smallNetwork();
    await saveModel(network, pathToFileURL(path.join(folder, 'a b')));
    await saveModel(network, `file://${path.relative('.', path.join(folder, 'c'))}`);
    expect((await readdir(folder)).sort()).toEqual(['a b', 'c']);
    for (const place of ['a b', 'c']) (await loadModel(path.join(folder, place))).dispose();
    await expect(saveModel(network, 'http://host/model')).rejects.toThrow(InputError);
    network.dispose();
  });

  test('weights in several files are read in their order', async () => {
    await saveSmall();
    const network = await loadModel(folder);
    const bytes = await readFile(weightsFile());
    await writeFile(path.join(folder, 'a.bin'), bytes.subarray(0, 10));
    await writeFile(path.join(folder, 'b.bin'), bytes.subarray(10));
    await edit((json) => (json.weightsManifest[0].paths = ['a.bin', 'b.bin']));
    await rm(weightsFile());
    const loaded = await loadModel(folder);
    expect(parametersOf(loaded)).toEqual(parametersOf(network));
    network.dispose();
    loaded.dispose();
  });

  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  async function edit(change: (json: any) => unknown): Promise<void> {
    const json = JSON.parse(await readFile(modelFile(), 'utf8'));
    change(json);
    await writeFile(modelFile(), JSON.stringify(json));
  }

  test.each(['sequential', 'functional'])(
    'a model.json in the words of Keras 3 is read (%s)',
    async (kind) => {
      await saveSmall();
      const network = await loadModel(folder);
      const dtype = {
        module: 'keras',
        class_name: 'DTypePolicy',
        config: { name: 'float32' },
        registered_name: null,
      };
      await edit((json) => {
        const layers = json.modelTopology.config.layers;
        for (const { config } of layers) config.dtype = dtype;
        delete layers[0].config.batch_input_shape;
        const input = { class_name: 'InputLayer', config: { batch_shape: [null, 4], dtype, name: 'input' } };
        const all = [input, ...layers];
        for (const group of json.weightsManifest)
          for (const spec of group.weights) spec.name = `model/${spec.name}`;
        if (kind === 'sequential') {
          json.modelTopology.config.layers = all;
          return;
        }
        all.forEach((layer, k) => {
          layer.name = layer.config.name;
          const before = all[k - 1]?.config.name;
          const history = {
            class_name: '__keras_tensor__',
            config: { shape: [null, 4], dtype: 'float32', keras_history: [before, 0, 0] },
          };
          layer.inbound_nodes = k === 0 ? [] : [{ args: [history], kwargs: {} }];
        });
        json.modelTopology = {
          class_name: 'Functional',
          config: {
            name: 'model',
            layers: all,
            input_layers: ['input', 0, 0],
            output_layers: [all.at(-1).config.name, 0, 0],
          },
        };
      });
      const loaded = await loadModel(folder);
      expect(parametersOf(loaded)).toEqual(parametersOf(network));
      network.dispose();
      loaded.dispose();
    },
  );

  describe('a damaged model is one clear sentence or two', () => {
    beforeEach(saveSmall);
    test.each<[string, () => Promise<unknown>, RegExp]>([
      ['no model.json', () => rm(modelFile()), /model\.json can't be read \(ENOENT\)\. A model is a folder/],
      ['no weights', () => rm(weightsFile()), /weights\.bin can't be read \(ENOENT\)/],
      [
        'a folder for a file',
        async () => {
          await rm(weightsFile());
          await mkdir(weightsFile());
        },
        /weights\.bin can't be read \(EISDIR\)/,
      ],
      [
        'weights cut short',
        () => truncate(weightsFile(), 100),
        /must be 172 bytes, got 100\. The model was not copied whole/,
      ],
      ['no bytes', () => truncate(weightsFile(), 0), /must be 172 bytes, got 0\./],
      ['bytes too many', () => appendFile(weightsFile(), 'more'), /must be 172 bytes, got 176\./],
      ['no JSON', () => writeFile(modelFile(), '{"modelTopology":'), /must be JSON: /],
      ['an empty file', () => writeFile(modelFile(), ''), /must be JSON: /],
      ['other JSON', () => writeFile(modelFile(), '{"name": "x"}'), /has no modelTopology/],
      ['a list', () => writeFile(modelFile(), '[1]'), /has no modelTopology/],
      ['null', () => writeFile(modelFile(), 'null'), /has no modelTopology/],
      [
        'a graph model',
        () => edit((json) => (json.format = 'graph-model')),
        /is a graph model; wanted a layers model/,
      ],
      ['no topology', () => edit((json) => (json.modelTopology = null)), /has no modelTopology/],
      [
        'an odd topology',
        () => edit((json) => (json.modelTopology = { class_name: 'Sequential' })),
        /is no layers model: /,
      ],
      [
        'an unknown layer',
        () => edit((json) => (json.modelTopology.config.layers[0].class_name = 'Dens')),
        /is no layers model: .*Dens/,
      ],
      [
        'a layer too large',
        () => edit((json) => (json.modelTopology.config.layers[0].config.units = 6)),
        /is no layers model: /,
      ],
      [
        'a second layer without its size',
        () => edit((json) => delete json.modelTopology.config.layers[1].config.units),
        /is no layers model: /,
      ],
      [
        'another weight',
        () => edit((json) => (json.weightsManifest[0].weights[0].name = 'other')),
        /is no layers model: /,
      ],
      [
        'a weight left out',
        () => edit((json) => json.weightsManifest[0].weights.pop()),
        /must be 160 bytes, got 172\./,
      ],
      [
        'a manifest of its own',
        () => edit((json) => (json.weightsManifest = { a: 1 })),
        /weightsManifest in .* is damaged/,
      ],
      [
        'shapes of words',
        () => edit((json) => (json.weightsManifest[0].weights[0].shape = ['a'])),
        /weightsManifest in .* is damaged/,
      ],
      ...['../other/weights.bin', '/etc/passwd', 'a/../../b', 'C:\\\\x', '..\\\\x', ''].map(
        (name): [string, () => Promise<unknown>, RegExp] => [
          `weights at ${JSON.stringify(name)}`,
          () => edit((json) => (json.weightsManifest[0].paths = [name])),
          /names weights outside of its own folder, ".*"; wanted the name of a file beside it\./,
        ],
      ),
      [
        'a pipe for weights',
        async () => {
          await rm(weightsFile());
          execFileSync('mkfifo', [weightsFile()]);
        },
        /weights\.bin can't be read \(it is no ordinary file\)/,
      ],
      [
        'a device for model.json',
        async () => {
          await rm(modelFile());
          await symlink('/dev/zero', modelFile());
        },
        /model\.json can't be read \(it is no ordinary file\)/,
      ],
      [
        'one bit of the weights',
        async () => {
          const bytes = await readFile(weightsFile());
          bytes[17] ^= 1;
          await writeFile(weightsFile(), bytes);
        },
        /are not those that were written \(their SHA-256 differs\)/,
      ],
      [
        'a NaN in the weights',
        async () => {
          const bytes = await readFile(weightsFile());
          bytes.writeFloatLE(NaN, 4 * 21);
          await writeFile(weightsFile(), bytes);
          await edit((json) => delete json.weightsSha256);
        },
        /must be finite numbers, got NaN at entry 1 of layer1\/bias\. The training diverged/,
      ],
      [
        'an unknown dtype',
        () => edit((json) => (json.weightsManifest[0].weights[0].dtype = 'float12')),
        /is no layers model: /,
      ],
    ])('%s', async (_what, damage, message) => {
      await damage();
      const attempt = loadModel(folder);
      await expect(attempt).rejects.toThrow(InputError);
      const error = (await attempt.catch((reason: unknown) => reason)) as Error;
      expect(error.message).toMatch(message);
      expect(error.message).toMatch(/^loadModel: .*\.$/);
    });
  });

  test('a model whose manifest is missing has no weights, and is refused', async () => {
    await saveSmall();
    await edit((json) => delete json.weightsManifest);
    await expect(loadModel(folder)).rejects.toThrow(InputError);
  });

  test('no folder, or a file for it', async () => {
    await expect(loadModel(path.join(folder, 'none'))).rejects.toThrow(
      /none\/model\.json can't be read \(ENOENT\)/,
    );
    await writeFile(path.join(folder, 'file'), '');
    await expect(loadModel(path.join(folder, 'file'))).rejects.toThrow(/\(ENOTDIR\)/);
  });

  describe('where it cannot be written', () => {
    test('below a file: a sentence, and nothing changed', async () => {
      await writeFile(path.join(folder, 'file'), 'mine');
      const network = smallNetwork();
      const attempt = saveModel(network, path.join(folder, 'file', 'model'));
      await expect(attempt).rejects.toThrow(InputError);
      await expect(attempt).rejects.toThrow(
        /^saveModel: can't write to .*model \(ENOTDIR\)\. Choose another folder\.$/,
      );
      expect(await readFile(path.join(folder, 'file'), 'utf8')).toBe('mine');
      network.dispose();
    });

    test('over a folder named weights.bin: the old model.json stays, nothing half-written', async () => {
      await writeFile(modelFile(), 'old');
      await mkdir(weightsFile());
      const network = smallNetwork();
      await expect(saveModel(network, folder)).rejects.toThrow(/can't write to .*\(EISDIR\)/);
      expect((await readdir(folder)).sort()).toEqual(['model.json', 'weights.bin']);
      expect(await readFile(modelFile(), 'utf8')).toBe('old');
      network.dispose();
    });

    (process.getuid?.() === 0 ? test.skip : test)('without permission: the old model stays', async () => {
      await saveSmall();
      await chmod(folder, 0o500);
      const network = smallNetwork(9);
      await expect(saveModel(network, folder)).rejects.toThrow(/\(EACCES\)/);
      await chmod(folder, 0o700);
      const loaded = await loadModel(folder);
      expect(loaded.seed).toBe(3);
      network.dispose();
      loaded.dispose();
    });
  });
});
