/** `gradparity predict`: what a trained model reads in images. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { BackendName } from '../../backends/select.js';
import type { ImageForm } from '../../data/image-form.js';
import { InputError } from '../../errors.js';
import type { Mlp } from '../../networks/mlp.js';
import { bundledModel } from '../models.js';
import { backendOption, jsonOption, text, type CommonArguments } from '../options.js';
import { percent, printJson, startBackend } from '../session.js';

interface PredictArguments extends CommonArguments {
  images?: string[];
  model?: string;
  backend: BackendName | 'auto';
}

const command: CommandModule<object, PredictArguments> = {
  command: 'predict [images..]',
  describe: 'Read PNG and JPEG images (files, folders, - for stdin) with a trained model',
  builder: {
    model: text({ describe: 'Folder with model.json; the trained model of the package where left out' }),
    backend: { ...backendOption, default: 'cpu' },
    json: jsonOption,
  },
  handler: predict,
};

export default command;

interface Prediction {
  file: string;
  label: string;
  probability: number;
  probabilities: Record<string, number>;
}

/** What stdin is called in results. */
const STDIN = '-';

async function predict(options: PredictArguments): Promise<void> {
  const model = options.model ?? bundledModel();
  const { decodeImage, loadDecoders } = await import('../../data/images.js');
  const { toInputs } = await import('../../data/digits.js');
  const decoders = await loadDecoders('predict');
  const named = (options.images ?? []).map(String);
  if (named.length === 0 && process.stdin.isTTY) {
    throw new InputError('predict: name images or a folder of them, or give one on stdin.');
  }
  await startBackend(options.backend);
  const { loadNotedModel } = await import('../../models/files.js');
  const { network, notes } = await loadNotedModel(model);
  const predictions: Prediction[] = [];
  const errors: { file: string; message: string }[] = [];
  try {
    const form = notes.image ?? squareForm(network, model);
    const classes =
      notes.classes ?? Array.from({ length: network.structure.sizes.at(-1) ?? 0 }, (_, k) => String(k));
    if (network.structure.output !== 'softmax') {
      throw new InputError(
        `predict: the model in ${model} gives no probabilities of classes (its output is ${network.structure.output}); wanted one with softmax.`,
      );
    }
    for await (const { file, bytes } of imagesOf(named.length === 0 ? [STDIN] : named, errors)) {
      try {
        const inputs = toInputs(decodeImage(bytes, file, decoders), form, file);
        const prediction = answer(network, classes, file, inputs);
        predictions.push(prediction);
        if (!options.json) process.stdout.write(described(prediction));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        errors.push({ file, message: error.message });
      }
    }
  } finally {
    network.dispose();
  }
  if (options.json) printJson({ command: 'predict', model, predictions, errors });
  for (const { message } of errors) process.stderr.write(`gradparity: ${message}\n`);
  if (errors.length > 0) process.exitCode = 2;
}

/** Of a model that says nothing of it: square images, as MNIST's digits are. */
function squareForm(network: Mlp, model: string): ImageForm {
  const [inputs] = network.structure.sizes;
  const side = Math.sqrt(inputs);
  if (!Number.isInteger(side) || side < 4) {
    throw new InputError(
      `predict: the model in ${model} takes ${inputs} numbers, which are no square image, and says nothing of their form.`,
    );
  }
  return { rows: side, columns: side, preparation: 'digit' };
}

function answer(network: Mlp, classes: readonly string[], file: string, inputs: Float32Array): Prediction {
  const y = network.predict(Array.from(inputs));
  const probabilities = Array.from(y.dataSync<'float32'>());
  y.dispose();
  if (!probabilities.every(Number.isFinite)) {
    throw new InputError(`${file}: the model's answer is no finite number.`);
  }
  const best = probabilities.indexOf(Math.max(...probabilities));
  return {
    file,
    label: classes[best],
    probability: probabilities[best],
    probabilities: Object.fromEntries(classes.map((name, k) => [name, probabilities[k]])),
  };
}

/** Bytes of the images named, of those in folders, of stdin; what can't be read goes to `errors`. */
async function* imagesOf(
  named: readonly string[],
  errors: { file: string; message: string }[],
): AsyncGenerator<{ file: string; bytes: Uint8Array }> {
  const { readFileBounded } = await import('../../files/read.js');
  const { reasonOf } = await import('../../data/download.js');
  for (const name of named) {
    try {
      if (name === STDIN) yield { file: STDIN, bytes: await stdinBytes() };
      else {
        for (const file of await filesOf(name)) {
          try {
            yield { file, bytes: await readFileBounded(file, MOST_BYTES) };
          } catch (error) {
            errors.push({ file, message: `${file}: can't be read: ${reasonOf(error)}.` });
          }
        }
      }
    } catch (error) {
      const message =
        error instanceof InputError ? error.message : `${name}: can't be read: ${reasonOf(error)}.`;
      errors.push({ file: name, message });
    }
  }
}

/** Larger than any photo. */
const MOST_BYTES = 256 * 2 ** 20;

async function filesOf(name: string): Promise<string[]> {
  const { localPath } = await import('../../files/place.js');
  const { IMAGE_NAME } = await import('../../data/images.js');
  const place = localPath('predict', name);
  if (!(await stat(place)).isDirectory()) return [place];
  const names = (await readdir(place)).filter((each) => IMAGE_NAME.test(each) && !each.startsWith('.'));
  if (names.length === 0) throw new InputError(`${name}: there are no PNG or JPEG images in this folder.`);
  names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return names.map((each) => path.join(place, each));
}

async function stdinBytes(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > MOST_BYTES)
      throw new InputError(`stdin: more than ${MOST_BYTES} bytes came; wanted one image.`);
  }
  if (length === 0) throw new InputError('stdin: nothing came; wanted one PNG or JPEG image.');
  return Buffer.concat(chunks);
}

/** Classes that get a bar. */
const MOST_BARS = 10;
const BAR = 30;

/** The label, and a bar for each class, of many for the likeliest. */
function described({ file, label, probability, probabilities }: Prediction): string {
  let rows = Object.entries(probabilities);
  if (rows.length > MOST_BARS) rows = rows.sort(([, a], [, b]) => b - a).slice(0, MOST_BARS);
  const width = Math.max(...rows.map(([name]) => name.length));
  const bars = rows.map(([name, share]) => {
    const eighths = Math.round(8 * BAR * share);
    const bar = '█'.repeat(eighths >> 3) + ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths & 7];
    return `  ${name.padEnd(width)} ${bar}${bar === '' ? '' : ' '}${percent(share)}`;
  });
  return `${file}: ${label} (${percent(probability)})\n${bars.join('\n')}\n`;
}
