#!/usr/bin/env node
/** The command line: finds the command, reads its options, maps errors to exit codes. TensorFlow.js is loaded by those commands that need it. */
import { createRequire } from 'node:module';
import yargs, { type Argv, type CommandModule, type Options } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { EnvironmentError, InputError } from '../errors.js';
import { commands, doctor, optionsOf } from './commands/index.js';
import { missingPackage } from '../optional.js';
import { checkValue } from './options.js';
import { printJson } from './session.js';
import { environmentSettings, fileSettings, flagName, mergeSettings, type Settings } from './settings.js';
import { version } from './version.js';

/** The option, its values checked as they are read: an error says the option's name, what it wanted and what came. */
const checked = (name: string, option: Options): Options => ({
  ...option,
  coerce: (value: unknown): unknown => {
    try {
      return option.coerce ? option.coerce(value) : checkValue(value, option);
    } catch (error) {
      throw new InputError(`--${name}: ${(error as Error).message}`, { cause: error });
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
): CommandModule<object, object> {
  const options = Object.fromEntries(
    Object.entries(optionsOf(command)).map(([name, option]) => [name, checked(name, option)]),
  );
  const own = mergeSettings(options, flags, settings);
  return {
    ...command,
    builder: (yargs: Argv) => yargs.options(options).config(own),
    handler: (args) => {
      if (command !== (doctor as CommandModule)) requireTensorFlow();
      return command.handler(args);
    },
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
function requireCommand(word: unknown, asksForHelp: boolean): void {
  const names = commands.map(({ command }) => String(command).split(' ')[0]);
  if (word === undefined || asksForHelp || names.includes(String(word))) return;
  const near = names.find((name) => distance(name, String(word)) <= 2);
  throw new InputError(
    `${near ? `There is no such command; did you mean ${near}?` : `Unknown argument: ${word}. There is no such command.`} There are ${names.join(', ')}. See gradparity --help.`,
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

async function run(args: string[]): Promise<void> {
  const known = new Set(commands.flatMap((command) => Object.keys(optionsOf(command))));
  const switches = new Set(
    commands.flatMap((command) =>
      Object.entries(optionsOf(command)).flatMap(([name, { type }]) => (type === 'boolean' ? [name] : [])),
    ),
  );
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
    .command(commands.map((command) => withSettings(command, flags, [environment, file])))
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
        `${(error?.message ?? message).trim().replace(/[^.?]$/, '$&.')} See gradparity --help.`,
      );
    })
    .parseAsync();
}

/** 0 fine, 1 a check failed (set by the command), 2 wrong usage or input, 3 the environment lacks something. */
function report(error: unknown): void {
  if ((error as NodeJS.ErrnoException).syscall === 'uv_cwd') {
    error = new EnvironmentError(
      'the working folder is no more. Change to another folder (cd) and try again.',
    );
  }
  const known = error instanceof InputError || error instanceof EnvironmentError;
  const raw = error instanceof Error ? error.message : String(error);
  const message = known ? inFlags(raw) : raw;
  process.exitCode = error instanceof InputError ? 2 : error instanceof EnvironmentError ? 3 : 1;
  process.stderr.write(known ? `gradparity: ${message}\n` : `gradparity: unexpected error: ${message}\n`);
  if (!known && process.env.DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (wantsJson()) {
    const kind =
      error instanceof InputError
        ? 'input'
        : error instanceof EnvironmentError
          ? 'environment'
          : 'unexpected';
    printJson({ error: { kind, message, exitCode: process.exitCode } });
  }
}

/** A message in the words of the command line: `batchSize` is --batch-size there. */
function inFlags(message: string): string {
  const names = commands
    .flatMap((command) => Object.keys(optionsOf(command)))
    .filter((name) => name.includes('-'));
  return [...new Set(names)].reduce((text, flag) => {
    const name = flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    return text
      .replace(`--${flag} (${name})`, `--${flag}`)
      .replace(new RegExp(`(?<![\\w"'./-])${name}(?![\\w"'/(])`, 'g'), `--${flag}`);
  }, message);
}

/** Whether the result was asked for as JSON, where the options themselves may be what is wrong. */
const wantsJson = (): boolean =>
  process.argv.some((word) => word === '--json' || word === '--json=true') ||
  /^(true|1|yes|on)$/i.test(process.env.GRADPARITY_JSON ?? '');

// A reader that has seen enough (`| head`) closes the pipe; that is no error. Without one for stderr the work goes on.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') report(new EnvironmentError(`the result can't be written (${error.code}).`));
  process.exit();
});
process.stderr.on('error', () => {});

// A terminal that is named dumb knows neither colours nor movements of the cursor.
if (process.env.TERM === 'dumb') {
  for (const stream of [process.stdout, process.stderr]) stream.isTTY = false;
}

try {
  await run(hideBin(process.argv));
} catch (error) {
  report(error);
}
