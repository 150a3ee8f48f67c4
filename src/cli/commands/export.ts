/** `gradparity export`: a trained model as a tf.LayersModel in a folder of its own, checked by loading it again. */
import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { BackendName } from '../../backends/select.js';
import { InputError } from '../../errors.js';
import type { Mlp } from '../../networks/mlp.js';
import { bundledModel } from '../models.js';
import { QUANTIZATIONS, type Quantization } from '../../models/quantized.js';
import {
  backendOption,
  jsonOption,
  modelOption,
  testDataOptions,
  text,
  type CommonArguments,
} from '../options.js';
import { openData, percent, printJson, startBackend, type DataArguments } from '../session.js';

interface ExportArguments extends CommonArguments, DataArguments {
  quantize?: Quantization;
  model?: string;
  output: string;
  logits: boolean;
  backend: BackendName | 'auto';
}

const command: CommandModule<object, ExportArguments> = {
  command: 'export [model]',
  describe: 'Write a trained model as model.json and weights.bin, for tf.loadLayersModel',
  builder: {
    model: modelOption,
    output: text({ demandOption: true, describe: 'Folder to write into' }),
    logits: {
      type: 'boolean',
      default: false,
      describe: 'Leave the output activation out: enough to tell the likeliest class',
    },
    quantize: {
      choices: QUANTIZATIONS,
      requiresArg: true,
      describe: 'Weights in 8 or 16 bits, with the accuracy before and after',
    },
    backend: { ...backendOption, default: 'cpu' },
    json: jsonOption,
    ...testDataOptions,
  },
  handler: exportCommand,
};

export default command;

/** Predictions of the exported model may differ from the network's by this much. */
const TOLERANCE = 1e-6;

async function exportCommand(options: ExportArguments): Promise<void> {
  const model = options.model ?? bundledModel();
  const output = path.resolve(options.output);
  if (output === path.resolve(model)) {
    throw new InputError(`export: --output must be another folder than the model's own, ${model}.`);
  }
  await startBackend(options.backend);
  const { loadNotedModel, saveModel } = await import('../../models/files.js');
  const { toLayersModel } = await import('../../models/layers-model.js');
  const { network, notes } = await loadNotedModel(model);
  try {
    const layers = toLayersModel(network, { logits: options.logits, notes });
    await saveModel(layers, output, { quantize: options.quantize });
    layers.dispose();
    const difference = await largestPredictionDifference(network, output, options.logits);
    if (options.quantize === undefined && !(difference <= TOLERANCE)) process.exitCode = 1;
    const accuracy = options.quantize === undefined ? undefined : await accuracies(network, output, options);
    const files = ['model.json', 'weights.bin'].map((name) => path.join(options.output, name));
    if (options.json) {
      printJson({
        command: 'export',
        model,
        files,
        largestPredictionDifference: difference,
        ...(accuracy ? { quantize: options.quantize, accuracy } : { tolerance: TOLERANCE }),
      });
    } else {
      process.stdout.write(
        `${files.join(' and ')} written. Loaded again, the predictions differ from the network's by at most ${difference.toExponential(1)}.\n` +
          (accuracy
            ? `Accuracy on ${accuracy.examples} test examples: ${percent(accuracy.before)} before, ${percent(accuracy.after)} with ${options.quantize} weights.\n`
            : ''),
      );
    }
  } finally {
    network.dispose();
  }
}

/** The share of test examples that the network and its exported model get right. */
async function accuracies(
  network: Mlp,
  directory: string,
  options: DataArguments,
): Promise<{ examples: number; before: number; after: number }> {
  const tf = await import('@tensorflow/tfjs');
  const { loadLayersModel } = await import('../../models/files.js');
  const data = await openData(options, { testOnly: true });
  const loaded = await loadLayersModel(directory);
  try {
    const { x, t } = data.test;
    const after = tf.tidy(() => {
      const predicted = tf.argMax(
        loaded.predict(x, { batchSize: 1000 }) as import('@tensorflow/tfjs').Tensor,
        -1,
      );
      return tf.sum(tf.cast(tf.equal(predicted, t), 'int32')).dataSync()[0] / t.size;
    });
    return { examples: t.size, before: network.accuracy(x, t), after };
  } finally {
    loaded.dispose();
    data.dispose();
  }
}

async function largestPredictionDifference(
  network: Mlp,
  directory: string,
  logits: boolean,
): Promise<number> {
  const tf = await import('@tensorflow/tfjs');
  const { loadLayersModel } = await import('../../models/files.js');
  const loaded = await loadLayersModel(directory);
  try {
    return tf.tidy(() => {
      const x = tf.randomUniform([64, network.structure.sizes[0]], 0, 1, 'float32', 1);
      const difference = tf.sub(
        network.predict(x, { logits }),
        loaded.predict(x) as import('@tensorflow/tfjs').Tensor,
      );
      return tf.max(tf.abs(difference)).dataSync()[0];
    });
  } finally {
    loaded.dispose();
  }
}
