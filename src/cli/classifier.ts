/** A trained classifier with the test data that it is judged by. */
import { InputError } from '../errors.js';
import type { ModelNotes } from '../models/layers-model.js';
import type { Mlp } from '../networks/mlp.js';
import { openData, percent, type DataArguments, type OpenedData } from './session.js';

export interface Classifier {
  network: Mlp;
  notes: ModelNotes;
  data: OpenedData;
  dispose(): void;
}

/**
 * The model in a folder with its test data; `command` is named in the errors.
 *
 * @throws InputError where the two do not belong together
 */
export async function openClassifier(
  command: string,
  model: string,
  options: DataArguments,
): Promise<Classifier> {
  const { loadNotedModel } = await import('../models/files.js');
  const { network, notes } = await loadNotedModel(model);
  let data: OpenedData | undefined;
  const dispose = (): void => {
    network.dispose();
    data?.dispose();
  };
  try {
    data = await openData(options, { testOnly: true });
    const { sizes, output } = network.structure;
    const inputs = data.test.x.shape[1];
    if (output === 'identity') {
      throw new InputError(
        `${command}: the model in ${model} gives numbers without an output activation, as export --logits writes it, and no probabilities. Take the model that it was exported from.`,
      );
    }
    if (sizes[0] !== inputs || sizes.at(-1) !== data.classes.length) {
      throw new InputError(
        `${command}: a model of ${options.data ?? 'MNIST'} has ${inputs} inputs and ${data.classes.length} outputs, got ${sizes.join('-')} in ${model}.`,
      );
    }
    if (notes.classes && String(notes.classes) !== String(data.classes)) {
      throw new InputError(
        `${command}: the classes of ${model} are ${notes.classes.join(', ')}, those of the data ${data.classes.join(', ')}. Take the data that it was made for.`,
      );
    }
    return { network, notes, data, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Row: the class; column: what it was taken for. */
export function confusionOf(
  actual: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): number[][] {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let n = 0; n < actual.length; n++) confusion[actual[n]][predicted[n]]++;
  return confusion;
}

export const isDigitNames = (classes: readonly string[]): boolean => classes.join('') === '0123456789';

/** More columns than these fit on no line. */
const MOST_COLUMNS = 16;

/** The matrix as a table, of many classes with the three that each is most often taken for. */
export async function confusionTable(
  confusion: readonly (readonly number[])[],
  classes: readonly string[],
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const isDigits = isDigitNames(classes);
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
  return table.toString();
}
