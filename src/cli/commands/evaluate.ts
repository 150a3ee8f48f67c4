/** `gradparity evaluate`: a trained model's accuracy and confusion matrix on MNIST's test set. */
import type { CommandModule } from 'yargs';
import type { BackendName } from '../../backends/select.js';
import { InputError } from '../../errors.js';
import { bundledModel } from '../models.js';
import { backendOption, jsonOption, modelOption, testDataOptions, type CommonArguments } from '../options.js';
import { openMnist, percent, printJson, startBackend, type DataArguments } from '../session.js';

interface EvaluateArguments extends CommonArguments, DataArguments {
  model?: string;
  backend: BackendName | 'auto';
}

const command: CommandModule<object, EvaluateArguments> = {
  command: 'evaluate [model]',
  describe: 'Accuracy and confusion matrix of a trained model on the MNIST test set',
  builder: {
    model: modelOption,
    backend: backendOption,
    json: jsonOption,
    ...testDataOptions,
  },
  handler: evaluate,
};

export default command;

interface Evaluation {
  loss: number;
  accuracy: number;
  /** Row: the digit; column: what the model took it for. */
  confusion: number[][];
}

async function evaluate(options: EvaluateArguments): Promise<void> {
  const model = options.model ?? bundledModel();
  await startBackend(options.backend);
  const { loadModel } = await import('../../models/files.js');
  const network = await loadModel(model);
  const mnist = await openMnist(options, { testOnly: true });
  const { sizes } = network.structure;
  try {
    const inputs = mnist.test.x.shape[1];
    if (network.structure.output === 'identity') {
      throw new InputError(
        `evaluate: the model in ${model} gives numbers without an output activation, as export --logits writes it, and no probabilities. Evaluate the model that it was exported from.`,
      );
    }
    if (sizes[0] !== inputs || sizes.at(-1) !== 10) {
      throw new InputError(
        `evaluate: a model of MNIST has ${inputs} inputs and 10 outputs, got ${sizes.join('-')} in ${model}.`,
      );
    }
    const predicted = network.predictClasses(mnist.test.x);
    const loss = network.loss(mnist.test.x, mnist.test.t);
    const result = summarize(loss.dataSync()[0], mnist.test.t.dataSync(), predicted.dataSync());
    predicted.dispose();
    loss.dispose();
    if (!Number.isFinite(result.loss)) {
      throw new InputError(
        `evaluate: the loss of ${model} is ${result.loss}: its outputs are no finite numbers, and no class is the likeliest. Train it again.`,
      );
    }
    if (options.json) printJson({ command: 'evaluate', model, examples: mnist.test.t.size, ...result });
    else process.stdout.write(await describe(model, result));
  } finally {
    network.dispose();
    mnist.dispose();
  }
}

function summarize(loss: number, actual: ArrayLike<number>, predicted: ArrayLike<number>): Evaluation {
  const confusion = Array.from({ length: 10 }, () => new Array<number>(10).fill(0));
  let right = 0;
  for (let n = 0; n < actual.length; n++) {
    confusion[actual[n]][predicted[n]]++;
    if (actual[n] === predicted[n]) right++;
  }
  return { loss, accuracy: right / actual.length, confusion };
}

async function describe(model: string, { loss, accuracy, confusion }: Evaluation): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const digits = Array.from(confusion.keys());
  const table = new Table({
    head: ['digit', ...digits.map(String), 'recognised'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...digits.map(() => 'right' as const), 'right'],
  });
  confusion.forEach((row, digit) => {
    const count = row.reduce((sum, n) => sum + n, 0);
    table.push([`${digit} as`, ...row.map(String), count === 0 ? '–' : percent(row[digit] / count)]);
  });
  const total = confusion.flat().reduce((sum, n) => sum + n, 0);
  return `${table}\n${model}: accuracy ${percent(accuracy)}, mean loss ${loss.toFixed(4)} on ${total} test images.\n`;
}
