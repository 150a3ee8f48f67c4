/** `gradparity evaluate`: a trained model's accuracy and confusion matrix on MNIST's test set. */
import type { CommandModule } from 'yargs';
import type { BackendName } from '../../backends/select.js';
import { InputError } from '../../errors.js';
import { bundledModel } from '../models.js';
import { backendOption, jsonOption, modelOption, testDataOptions, type CommonArguments } from '../options.js';
import { openData, percent, printJson, startBackend, type DataArguments } from '../session.js';

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
  const { loadNotedModel } = await import('../../models/files.js');
  const { network, notes } = await loadNotedModel(model);
  const data = await openData(options, { testOnly: true });
  const { sizes } = network.structure;
  try {
    const inputs = data.test.x.shape[1];
    if (network.structure.output === 'identity') {
      throw new InputError(
        `evaluate: the model in ${model} gives numbers without an output activation, as export --logits writes it, and no probabilities. Evaluate the model that it was exported from.`,
      );
    }
    if (sizes[0] !== inputs || sizes.at(-1) !== data.classes.length) {
      throw new InputError(
        `evaluate: a model of ${options.data ?? 'MNIST'} has ${inputs} inputs and ${data.classes.length} outputs, got ${sizes.join('-')} in ${model}.`,
      );
    }
    if (notes.classes && String(notes.classes) !== String(data.classes)) {
      throw new InputError(
        `evaluate: the classes of ${model} are ${notes.classes.join(', ')}, those of the data ${data.classes.join(', ')}. Evaluate it on the data that it was made for.`,
      );
    }
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
    network.dispose();
    data.dispose();
  }
}

function summarize(
  loss: number,
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): Evaluation {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  let right = 0;
  for (let n = 0; n < actual.length; n++) {
    confusion[actual[n]][predicted[n]]++;
    if (actual[n] === predicted[n]) right++;
  }
  return { loss, accuracy: right / actual.length, confusion };
}

/** More columns than these fit on no line. */
const MOST_COLUMNS = 16;

async function describe(
  model: string,
  { loss, accuracy, confusion }: Evaluation,
  classes: readonly string[],
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const isDigits = classes.join('') === '0123456789';
  const isWide = classes.length > MOST_COLUMNS;
  const table = new Table({
    head: [isDigits ? 'digit' : 'class', ...(isWide ? ['most often taken for'] : classes), 'recognised'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...(isWide ? (['left'] as const) : classes.map(() => 'right' as const)), 'right'],
  });
  confusion.forEach((row, label) => {
    const count = row.reduce((sum, n) => sum + n, 0);
    const share = count === 0 ? '–' : percent(row[label] / count);
    if (!isWide) {
      table.push([`${classes[label]} as`, ...row.map(String), share]);
      return;
    }
    const wrong = row.flatMap((n, other) => (n > 0 && other !== label ? [{ n, other }] : []));
    wrong.sort((a, b) => b.n - a.n);
    table.push([
      classes[label],
      wrong
        .slice(0, 3)
        .map(({ n, other }) => `${classes[other]} ${n}`)
        .join(', '),
      share,
    ]);
  });
  const total = confusion.flat().reduce((sum, n) => sum + n, 0);
  return `${table}\n${model}: accuracy ${percent(accuracy)}, mean loss ${loss.toFixed(4)} on ${total} test ${isDigits ? 'images' : 'examples'}.\n`;
}
