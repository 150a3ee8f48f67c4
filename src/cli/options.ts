/** Options that several commands share, and values checked as they are read: yargs itself turns `--steps abc` into NaN. */
import type { Options } from 'yargs';
import { InputError } from '../errors.js';

/** The value of an option that has no `coerce` of its own, if it is one of its choices, or true or false, or one word. */
export function checkValue(value: unknown, { choices, type }: Options): unknown {
  if (value === undefined) return undefined;
  const refuse = (wanted: string): never => {
    throw new InputError(`wanted ${wanted}, got ${valueText(value)}.`);
  };
  if (choices) return choices.includes(value as string) ? value : refuse(`one of ${choices.join(', ')}`);
  if (type === 'boolean') return typeof value === 'boolean' ? value : refuse('true or false');
  return typeof value === 'string' && value !== '' ? value : refuse('one value');
}

const valueText = (value: unknown): string =>
  Array.isArray(value) ? `${value.length} values` : JSON.stringify(value);

/** What every command takes. */
export interface CommonArguments {
  json: boolean;
}

interface Range {
  /** The least value, itself allowed. */
  min?: number;
  /** A bound below, itself not allowed. */
  above?: number;
  max?: number;
}

/** An option with what its value may be in a config file, as a JSON schema says it. */
export type OptionWithSchema = Options & { schema?: object };

/** An option whose value is a number in a range. Without a yargs type, so that what was typed can be named. */
const numberOption = (kind: string, test: (value: number) => boolean, range: Range, options: Options) =>
  ({
    requiresArg: true,
    schema: {
      type: test === Number.isSafeInteger ? 'integer' : 'number',
      ...(range.min !== undefined && { minimum: range.min }),
      ...(range.above !== undefined && { exclusiveMinimum: range.above }),
      ...(range.max !== undefined && { maximum: range.max }),
    },
    ...options,
    coerce: (value: unknown) => {
      if (value === undefined) return undefined;
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof number === 'number' && test(number) && within(number, range)) return number;
      const wanted = [kind, rangeText(range)].filter(Boolean).join(' ');
      throw new InputError(`wanted ${wanted}, got ${valueText(value)}.`);
    },
  }) satisfies OptionWithSchema;

const within = (value: number, { min = -Infinity, above = -Infinity, max = Infinity }: Range): boolean =>
  value >= min && (value > above || above === -Infinity) && value <= max;

function rangeText({ min, above, max }: Range): string {
  const low = min !== undefined ? `of at least ${min}` : above !== undefined ? `above ${above}` : '';
  return [low, max !== undefined ? `up to ${max}` : ''].filter(Boolean).join(' and ');
}

export const wholeNumber = (range: Range, options: Options) =>
  numberOption('a whole number', Number.isSafeInteger, range, options);

export const realNumber = (range: Range, options: Options) =>
  numberOption('a number', Number.isFinite, range, options);

/** An option that is one word. */
export const text = (options: Options) =>
  ({ type: 'string', requiresArg: true, ...options }) satisfies Options;

export const backendOption = {
  choices: ['auto', 'tensorflow', 'wasm', 'cpu'] as const,
  default: 'auto' as const,
  requiresArg: true,
  describe: 'TensorFlow.js backend: auto takes the fastest that runs here',
} satisfies Options;

export const jsonOption = {
  type: 'boolean',
  default: false,
  describe: 'Print one JSON document on stdout',
} satisfies Options;

/** Where a model is read from: the folder named, else the trained model of the package. */
export const modelOption = {
  type: 'string',
  describe: 'Folder with model.json; the trained model of the package where left out',
} satisfies Options;

export const testDataOptions = {
  data: text({
    describe: 'Data of your own: a folder of IDX files, a CSV file, or a folder of images for each class',
    conflicts: 'data-dir',
  }),
  'hold-out': realNumber(
    { above: 0, max: 0.9 },
    { describe: 'Share of --data that is the test set where it has none', defaultDescription: '0.15' },
  ),
  'data-dir': text({
    describe: "Folder with MNIST's four IDX files, plain or .gz; found or downloaded where left out",
  }),
  'test-size': wholeNumber({ min: 1 }, { describe: 'Only the first so many test examples' }),
};

export const dataOptions = {
  ...testDataOptions,
  'train-size': wholeNumber({ min: 1 }, { describe: 'Only the first so many training examples' }),
};
