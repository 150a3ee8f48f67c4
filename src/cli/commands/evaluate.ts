/** `gradparity evaluate`: a trained model's accuracy and confusion matrix on MNIST's test set. */
import type { CommandModule } from 'yargs';
import type { BackendName } from '../../backends/select.js';
import { InputError } from '../../errors.js';
import { confusionOf, confusionTable, isDigitNames, openClassifier } from '../classifier.js';
import { bundledModel } from '../models.js';
import { backendOption, jsonOption, modelOption, testDataOptions, type CommonArguments } from '../options.js';
import { percent, printJson, startBackend, type DataArguments } from '../session.js';

interface EvaluateArguments extends CommonArguments, DataArguments {
  model?: string;
  backend: BackendName | 'auto';
}

const command: CommandModule<object, EvaluateArguments> = {
  command: 'evaluate [model]',
  describe:
    'Accuracy and confusion matrix of a trained model on the test set of MNIST, or of data of your own',
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
  /** Row: the class; column: what the model took it for. */
  confusion: number[][];
}

async function evaluate(options: EvaluateArguments): Promise<void> {
  const model = options.model ?? bundledModel();
  await startBackend(options.backend);
  const { network, data, dispose } = await openClassifier('evaluate', model, options);
  try {
    const predicted = network.predictClasses(data.test.x);
    const loss = network.loss(data.test.x, data.test.t);
    const actual = data.test.t.dataSync();
    const result = summarize(loss.dataSync()[0], actual, predicted.dataSync(), data.classes.length);
    predicted.dispose();
    loss.dispose();
    if (!Number.isFinite(result.loss)) {
      throw new InputError(
        `evaluate: the loss of ${model} is ${result.loss}: its outputs are no finite numbers, and no class is the likeliest. Train it again.`,
      );
    }
    const { classes } = data;
    const own = options.data === undefined ? {} : { classes };
    if (options.json)
      printJson({ command: 'evaluate', model, examples: data.test.t.size, ...own, ...result });
    else process.stdout.write(await describe(model, result, classes));
  } finally {
    dispose();
  }
}

function summarize(
  loss: number,
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): Evaluation {
  const confusion = confusionOf(actual, predicted, classes);
  const right = confusion.reduce((sum, row, label) => sum + row[label], 0);
  return { loss, accuracy: right / actual.length, confusion };
}

async function describe(
  model: string,
  { loss, accuracy, confusion }: Evaluation,
  classes: readonly string[],
): Promise<string> {
  const isDigits = isDigitNames(classes);
  const total = confusion.flat().reduce((sum, n) => sum + n, 0);
  return `${await confusionTable(confusion, classes)}\n${model}: accuracy ${percent(accuracy)}, mean loss ${loss.toFixed(4)} on ${total} test ${isDigits ? 'images' : 'examples'}.\n`;
}
