/** Installs the package @tensorflow/tfjs-node where a project does without it. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { EnvironmentError } from '../errors.js';
import { tfjsNodeVersion } from './native.js';
import { lineOfError } from './probe.js';
import { run } from './run.js';
import { npmCommand } from './tools.js';
import type { ProvisionStep } from './ways.js';

/** Installs tfjs-node beside the TensorFlow.js that gradparity uses, without its script and without saving it. */
export async function installTfjsNode(
  log: (step: ProvisionStep) => void,
  signal: AbortSignal | undefined,
): Promise<string> {
  const name = `@tensorflow/tfjs-node@${tfjsNodeVersion}`;
  const tfjs = createRequire(import.meta.url).resolve('@tensorflow/tfjs/package.json');
  const project = path.resolve(tfjs, '..', '..', '..', '..');
  const has = (file: string) => existsSync(path.join(project, file));
  if (!has('package.json') || has('pnpm-lock.yaml') || has('yarn.lock'))
    throw new EnvironmentError(
      `provisionNative: @tensorflow/tfjs-node is not installed, and ${project} is not a project of npm's. ` +
        `Install ${name} there with its install script off, then run \`gradparity doctor --fix\` again.`,
    );
  const text = `Installing ${name} in ${project}`;
  log({ text });
  const [command, ...before] = npmCommand();
  const ended = await run(
    command,
    [...before, 'install', '--no-save', '--save-dev', '--ignore-scripts', '--no-audit', '--no-fund', name],
    { cwd: project, signal, watch: (seconds) => void log({ text, progress: `${seconds.toFixed(0)} s` }) },
  );
  const folder = path.join(project, 'node_modules', '@tensorflow', 'tfjs-node');
  if (ended.problem !== undefined || !existsSync(folder))
    throw new EnvironmentError(
      `provisionNative: npm could not install ${name} (${ended.problem ?? 'it left nothing'}: ` +
        `${lineOfError(ended.output)}). The wasm backend runs without it.`,
    );
  return folder;
}
