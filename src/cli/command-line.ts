/** From the words of the command line to a command with its options, and the settings among them. */
import { createRequire } from 'node:module';
import yargs, { type Argv, type CommandModule, type Options } from 'yargs';
import { InputError } from '../errors.js';
import { missingPackage } from '../optional.js';
import { commands, doctor, optionsOf } from './commands/index.js';
import { checkValue } from './options.js';
import { environmentSettings, fileSettings, flagName, mergeSettings, type Settings } from './settings.js';
import { version } from './version.js';

/** What is done with a command's options, once they are read: the command itself, but for those who only look at what was read. */
export type Dispatch = (command: CommandModule<object, object>, options: object) => unknown;

const runIt: Dispatch = (command, options) => {
  if (command !== (doctor as CommandModule)) requireTensorFlow();
  return command.handler(options as never);
};

/** The option, its values checked as they are read: an error says the option's name, what it wanted and what came. */
const checked = (name: string, option: Options): Options => ({
  ...option,
  coerce: (value: unknown): unknown => {
    try {
      return option.coerce ? option.coerce(value) : checkValue(value, option);
    } catch (error) {
      throw new InputError(brief(`--${name}: ${(error as Error).message}`), { cause: error });
    }
  },
});

/**
 * The command with the settings among its options; other commands' settings are none of its business. `flags` are the names of
 * those on the command line.
 */
function withSettings(
  command: CommandModule<object, object>,
  flags: readonly string[],
  settings: readonly Settings[],
  dispatch: Dispatch,
): CommandModule<object, object> {
  const options = Object.fromEntries(
    Object.entries(optionsOf(command)).map(([name, option]) => [name, checked(name, option)]),
  );
  const own = mergeSettings(options, flags, settings);
  return {
    ...command,
    builder: (yargs: Argv) => yargs.options(options).config(own),
    handler: (args) => dispatch(command, args) as void | Promise<void>,
  };
}

/** A package manager that does not install peers leaves TensorFlow.js away. */
function requireTensorFlow(): void {
  try {
    createRequire(import.meta.url).resolve('@tensorflow/tfjs');
  } catch (error) {
    throw missingPackage('gradparity', ['@tensorflow/tfjs'], error);
  }
}

/** Says of a first word that is no command's name that it is none, before its options are looked at. */
/** yargs looks names up in plain objects, which have some of their own. */
function requireOptionNames(words: readonly string[]): void {
  const name = words
    .flatMap((word) => /^--?(?:no-)?([^=.]+)/.exec(word)?.[1] ?? [])
    .find((each) => each in Object.prototype || flagName(each) in Object.prototype);
  if (name !== undefined) throw new InputError(`Unknown argument: ${name}. See gradparity --help.`);
}

/** A message with words of any length shortened. */
const brief = (message: string): string =>
  message.replace(/\S{120,}/g, (word) => `${word.slice(0, 80)}… (${word.length} characters)`);

function requireCommand(word: unknown, asksForHelp: boolean): void {
  const names = commands.map(({ command }) => String(command).split(' ')[0]);
  if (word === undefined || asksForHelp || names.includes(String(word))) return;
  const near = names.find((name) => distance(name, String(word)) <= 2);
  throw new InputError(
    brief(
      `${near ? `There is no such command; did you mean ${near}?` : `Unknown argument: ${word}. There is no such command.`} There are ${names.join(', ')}. See gradparity --help.`,
    ),
  );
}

/** Levenshtein's: letters to insert, to leave out or to change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}

/**
 * Reads the words, and does what they say.
 *
 * @throws InputError for words that no command has, and what the command throws
 */
export async function runCommandLine(args: string[], dispatch: Dispatch = runIt): Promise<void> {
  const known = new Set(commands.flatMap((command) => Object.keys(optionsOf(command))));
  const switches = new Set(
    commands.flatMap((command) =>
      Object.entries(optionsOf(command)).flatMap(([name, { type }]) => (type === 'boolean' ? [name] : [])),
    ),
  );
  requireOptionNames(args);
  const environment = environmentSettings(process.env);
  const typed = yargs(args)
    .help(false)
    .version(false)
    .boolean([...switches, 'help', 'h', 'version', 'v'])
    .string([...known].filter((name) => !switches.has(name)))
    .option('config', { type: 'string' })
    .parseSync();
  const file = fileSettings((typed.config ?? environment.config) as string | undefined, known);
  const flags = Object.keys(typed).map(flagName);
  requireCommand(
    typed._[0],
    flags.some((name) => ['help', 'h', 'version', 'v'].includes(name)),
  );
  await yargs(args)
    .scriptName('gradparity')
    .usage(
      '$0 <command>\n\nThe textbook network on TensorFlow.js, and the proof that its gradients are right.',
    )
    .locale('en')
    .updateStrings({ 'Did you mean %s?': 'There is no such command; did you mean %s?' })
    .command(commands.map((command) => withSettings(command, flags, [environment, file], dispatch)))
    .option('config', {
      type: 'string',
      requiresArg: true,
      describe: 'JSON file of options; gradparity.config.json where there is one',
    })
    .demandCommand(1, 'Name a command.')
    .strict()
    .recommendCommands()
    .version(version())
    .alias({ h: 'help', v: 'version' })
    .epilogue(
      'Every option can be set as GRADPARITY_OPTION_NAME or in the config file as well; flags win, then the environment.',
    )
    // Narrower, words would be broken.
    .wrap(Math.max(80, Math.min(110, process.stdout.columns ?? 110)))
    .exitProcess(false)
    .fail((message, error) => {
      // yargs' own complaints, and what an option's `coerce` throws, are about the input; a command's errors are its own.
      if (error && error.name !== 'YError') throw error;
      throw new InputError(
        brief(`${(error?.message ?? message).trim().replace(/[^.?]$/, '$&.')} See gradparity --help.`),
      );
    })
    .parseAsync();
}
