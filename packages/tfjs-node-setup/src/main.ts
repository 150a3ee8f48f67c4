#!/usr/bin/env node
/** `npx tfjs-node-setup`: makes the @tensorflow/tfjs-node of a project load, whatever keeps it from that. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { EnvironmentError, InputError } from '../../../src/errors.js';
import { probeNative } from '../../../src/backends/probe.js';
import { provisionNative } from '../../../src/backends/provision.js';
import { replaceRemovedFunctions } from '../../../src/backends/removed-functions.js';
import { stepLines } from '../../../src/backends/step-lines.js';

declare const VERSION: string;

const COMMAND = 'npx tfjs-node-setup';

const USAGE = `${COMMAND} [project]

Makes the @tensorflow/tfjs-node that is installed in a project load. In this order:
- a libtensorflow that this command has set up before, for whichever project;
- the download of tfjs-node's own installer;
- the library in TensorFlow's Python wheel (by pip), with the binding compiled here (C++ compiler, make, Python 3).
On Node 22 and later the two functions of node:util that Node has removed are replaced in tfjs-node's files.

Where npm install itself fails by tfjs-node's install script: npm install --ignore-scripts, then this command.

  --help, --version
Exit codes: 0 tfjs-node loads, 2 wrong usage, 3 something is missing, which is then named.`;

/** tfjs-node's folder as a program in the project would find it. */
function folderIn(project: string): string {
  try {
    const require = createRequire(path.join(path.resolve(project), 'index.js'));
    return path.dirname(require.resolve('@tensorflow/tfjs-node/package.json'));
  } catch (error) {
    throw new EnvironmentError(
      `There is no @tensorflow/tfjs-node in ${path.resolve(project)}. Install it without its script, npm install --ignore-scripts @tensorflow/tfjs-node, then run ${COMMAND} again.`,
      { cause: error },
    );
  }
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help || values.version) {
    process.stdout.write(`${values.help ? USAGE : VERSION}\n`);
    return;
  }
  if (positionals.length > 1) throw new InputError(`Name one project, got ${positionals.join(', ')}.`);
  const folder = folderIn(positionals[0] ?? '.');
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    version: string;
  };
  if (!/^4\./.test(version)) {
    throw new EnvironmentError(
      `${folder} is @tensorflow/tfjs-node ${version}; this command knows 4.x, and was tried with 4.22.0.`,
    );
  }
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => controller.abort());
  const { signal } = controller;
  const { log, end } = stepLines(process.stderr);
  let loaded;
  try {
    await provisionNative({
      folder,
      log,
      signal,
      command: COMMAND,
      without: 'Without it, @tensorflow/tfjs-backend-wasm is the fastest backend in Node.',
      believeProof: false,
    });
    const changed = await replaceRemovedFunctions(folder);
    if (changed.length > 0) {
      log({
        text: `Replaced functions that Node has removed in ${changed.map((file) => path.relative(folder, file)).join(', ')}`,
      });
    }
    log({ text: 'Loading it as a program does' });
    loaded = await probeNative(folder, signal, { shimmed: false });
  } catch (error) {
    if (!signal.aborted) throw error;
    process.stderr.write('\nInterrupted; nothing half-made is left.\n');
    process.exitCode = 130;
    return;
  } finally {
    end();
  }
  if ('problem' in loaded) {
    throw new EnvironmentError(
      `@tensorflow/tfjs-node ${version} is set up, and does not load in Node ${process.version}: ${loaded.problem}.`,
    );
  }
  process.stdout.write(
    `@tensorflow/tfjs-node ${version} loads in Node ${process.version}, with libtensorflow ${loaded.version}.\n`,
  );
}

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
    });
  } catch (error) {
    throw new InputError(`${(error as Error).message} See ${COMMAND} --help.`, { cause: error });
  }
}

try {
  await main();
} catch (error) {
  const known = error instanceof InputError || error instanceof EnvironmentError;
  process.stderr.write(`tfjs-node-setup: ${known ? '' : 'unexpected error: '}${(error as Error).message}\n`);
  process.exitCode = error instanceof InputError ? 2 : known ? 3 : 1;
}
