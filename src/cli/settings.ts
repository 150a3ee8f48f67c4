/** Where options come from besides the flags: the environment over the config file. */
import { readFileSync } from 'node:fs';
import type { Options } from 'yargs';
import { InputError } from '../errors.js';
import { parseJson } from '../json.js';

export type Settings = Record<string, unknown>;

/** The file that is read from the working folder where none is named. */
export const CONFIG_FILE = 'gradparity.config.json';

/** Options named as flags are: `learning-rate`, from `learningRate` or `LEARNING_RATE` too. */
export const flagName = (name: string): string =>
  (/^[A-Z0-9_]+$/.test(name)
    ? name.toLowerCase()
    : name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)
  ).replaceAll('_', '-');

/** Whether an option was given on the command line; those of a config file may be meant for other commands. */
export const isOnCommandLine = (name: string): boolean =>
  process.argv.some((word) => word.startsWith('--') && flagName(word.slice(2).split('=')[0]) === name);

/** `GRADPARITY_LEARNING_RATE` and its like, as `learning-rate`. */
export function environmentSettings(environment: NodeJS.ProcessEnv): Settings {
  const prefix = 'GRADPARITY_';
  return Object.fromEntries(
    Object.entries(environment)
      .filter(([name, value]) => name.startsWith(prefix) && value !== '')
      .map(([name, value]) => [flagName(name.slice(prefix.length)), value]),
  );
}

/**
 * What the settings, the strongest first, give a command with these options. An option that one stronger (a flag before all)
 * excludes is left out. Yes and no have several spellings in the environment.
 */
export function mergeSettings(
  options: Readonly<Record<string, Options>>,
  flags: readonly string[],
  settings: readonly Settings[],
): Settings {
  const merged: Settings = {};
  for (const layer of settings) {
    const stronger = [...flags, ...Object.keys(merged)];
    for (const [name, value] of Object.entries(layer)) {
      if (!Object.hasOwn(options, name) || Object.hasOwn(merged, name)) continue;
      if (stronger.some((other) => excludes(options, name, other))) continue;
      merged[name] = options[name].type === 'boolean' ? yesOrNo(name, value) : value;
    }
  }
  return merged;
}

const excludes = (options: Readonly<Record<string, Options>>, one: string, other: string): boolean =>
  options[one]?.conflicts === other || options[other]?.conflicts === one;

/** Strictly, as yargs takes every word but "true" for false. */
function yesOrNo(name: string, value: unknown): boolean {
  const word = String(value).toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(word)) return true;
  if (['false', '0', 'no', 'off'].includes(word)) return false;
  throw new InputError(`--${name}: wanted true or false, got ${JSON.stringify(value)}.`);
}

/**
 * The options in a config file: one JSON object, with the names of the flags or in camelCase.
 *
 * @throws InputError where a file that was named can't be read, is no JSON object, or has an option that no command knows.
 */
export function fileSettings(file: string | undefined, known: ReadonlySet<string>): Settings {
  let content: string;
  try {
    content = readFileSync(file ?? CONFIG_FILE, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (file === undefined && code === 'ENOENT') return {};
    throw new InputError(`The config file ${file ?? CONFIG_FILE} can't be read (${code}).`, { cause: error });
  }
  // `$schema` is for editors: it names the schema that this package brings.
  const values = parseObject(file ?? CONFIG_FILE, content);
  delete values.$schema;
  const settings = Object.fromEntries(Object.entries(values).map(([name, value]) => [flagName(name), value]));
  const unknown = Object.keys(settings).filter((name) => !known.has(name));
  if (unknown.length > 0) {
    throw new InputError(
      `The config file ${file ?? CONFIG_FILE} has options that no command knows: ${unknown.join(', ')}.`,
    );
  }
  for (const [name, value] of Object.entries(values)) {
    if (
      typeof value !== 'object' ||
      value === null ||
      (Array.isArray(value) && !value.some((one) => typeof one === 'object'))
    )
      continue;
    throw new InputError(
      `The config file ${file ?? CONFIG_FILE}: ${name} must be a text, a number, true, false or a list of them, got ${JSON.stringify(value)}. Leave ${name} out for its default.`,
    );
  }
  return settings;
}

function parseObject(file: string, content: string): Settings {
  const value = parseJson(`The config file ${file}`, content);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(`The config file ${file} must hold one JSON object of options.`);
  }
  return value as Settings;
}
