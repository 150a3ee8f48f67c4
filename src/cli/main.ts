#!/usr/bin/env node
/** The command line: finds the command, reads its options, maps errors to exit codes. TensorFlow.js is loaded by those commands that need it. */
import module from 'node:module';
import { hideBin } from 'yargs/helpers';
import { EnvironmentError, InputError } from '../errors.js';
import { runCommandLine } from './command-line.js';
import { commands, optionsOf } from './commands/index.js';
import { printJson } from './session.js';

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

/** From Node 22.1 on: what Node compiles is kept for the next start in the system's temporary folder. Child processes find it by the environment. */
function keepCompiled(): void {
  const { enableCompileCache } = module as { enableCompileCache?: () => { directory?: string } };
  const directory = enableCompileCache?.().directory;
  if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory;
}

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

keepCompiled();
try {
  await runCommandLine(hideBin(process.argv));
} catch (error) {
  report(error);
}
