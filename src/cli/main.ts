#!/usr/bin/env node
/** The command line: finds the command, reads its options, maps errors to exit codes. TensorFlow.js is loaded by those commands that need it. */
import yargs, { type Argv, type CommandModule, type Options } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { EnvironmentError, InputError } from '../errors.js';
import check from './commands/check.js';
import doctor from './commands/doctor.js';
import evaluate from './commands/evaluate.js';
import exportModel from './commands/export.js';
import gates from './commands/gates.js';
import train from './commands/train.js';
import { environmentSettings, fileSettings, type Settings } from './settings.js';
import { version } from './version.js';

const commands = [train, evaluate, check, exportModel, gates, doctor] as CommandModule<object, object>[];

const optionsOf = (command: CommandModule<object, object>): Record<string, Options> =>
  command.builder as Record<string, Options>;

/** The option, its name before what its `coerce` has to say of a value. */
const named = (name: string, option: Options): Options => ({
  ...option,
  ...(option.coerce && {
    coerce: (value: unknown): unknown => {
      try {
        return option.coerce!(value);
      } catch (error) {
        throw new InputError(`--${name}: ${(error as Error).message}`, { cause: error });
      }
    },
  }),
});

/** The command with the settings among its options; other commands' settings are none of its business. */
function withSettings(
  command: CommandModule<object, object>,
  settings: Settings,
): CommandModule<object, object> {
  const options = Object.fromEntries(
    Object.entries(optionsOf(command)).map(([name, option]) => [name, named(name, option)]),
  );
  const own = Object.fromEntries(Object.entries(settings).filter(([name]) => Object.hasOwn(options, name)));
  return { ...command, builder: (yargs: Argv) => yargs.options(options).config(own) };
}

async function run(args: string[]): Promise<void> {
  const known = new Set(commands.flatMap((command) => Object.keys(optionsOf(command))));
  const environment = environmentSettings(process.env);
  const settings = { ...fileSettings(configFile(args, environment), known), ...environment };
  await yargs(args)
    .scriptName('gradparity')
    .usage(
      '$0 <command>\n\nThe textbook network on TensorFlow.js, and the proof that its gradients are right.',
    )
    .command(commands.map((command) => withSettings(command, settings)))
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
    .wrap(Math.min(110, process.stdout.columns ?? 110))
    .exitProcess(false)
    .fail((message, error) => {
      // yargs' own complaints, and what an option's `coerce` throws, are about the input; a command's errors are its own.
      if (error && error.name !== 'YError') throw error;
      throw new InputError(error ? error.message : `${message} See gradparity --help.`);
    })
    .parseAsync();
}

/** `--config` has to be known before the options are. */
function configFile(args: string[], environment: Settings): string | undefined {
  const parsed = yargs(args).help(false).version(false).option('config', { type: 'string' }).parseSync();
  return (parsed.config ?? environment.config) as string | undefined;
}

/** 0 fine, 1 a check failed (set by the command), 2 wrong usage or input, 3 the environment lacks something. */
function report(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof InputError) process.exitCode = 2;
  else if (error instanceof EnvironmentError) process.exitCode = 3;
  else process.exitCode = 1;
  const known = error instanceof InputError || error instanceof EnvironmentError;
  process.stderr.write(known ? `gradparity: ${message}\n` : `gradparity: unexpected error: ${message}\n`);
  if (!known && process.env.DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
}

// A reader that has seen enough (`| head`) closes the pipe; that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await run(hideBin(process.argv));
} catch (error) {
  report(error);
}
