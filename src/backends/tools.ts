/** The programs that provisioning leans on: pip, npm, a C++ compiler, node-gyp. */
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { run } from './run.js';

/** A program with the arguments that come before one's own, and what it says its version is. */
export interface Tool {
  command: string[];
  version: string;
}

/** pip, as whichever Python has it. Its Python's version doesn't matter: only files are downloaded with it. */
export function findPip(): Promise<Tool | undefined> {
  return firstThatAnswers([['python3', '-m', 'pip'], ['python', '-m', 'pip'], ['pip3']]);
}

/** A C++ compiler: `CXX` where that is set, else the usual names. */
export function findCompiler(): Promise<Tool | undefined> {
  const named = process.env.CXX?.trim();
  return firstThatAnswers([...(named ? [named.split(/\s+/)] : []), ['c++'], ['g++'], ['clang++']]);
}

/** GNU make, which node-gyp drives the compiler with. */
export function findMake(): Promise<Tool | undefined> {
  return firstThatAnswers([['make'], ['gmake']]);
}

async function firstThatAnswers(candidates: string[][]): Promise<Tool | undefined> {
  for (const command of candidates) {
    const { problem, output } = await run(command[0], [...command.slice(1), '--version'], { timeLimit: 30 });
    if (problem === undefined)
      return {
        command,
        version: output
          .trim()
          .split('\n', 1)[0]
          .replace(/ from .*/, ''),
      };
  }
  return undefined;
}

/** Node's headers beside the running Node, as the folder that node-gyp's `--nodedir` takes. */
export function nodeHeaders(): string | undefined {
  const prefix = path.dirname(path.dirname(realpathSync(process.execPath)));
  return existsSync(path.join(prefix, 'include', 'node', 'node_api.h')) ? prefix : undefined;
}

/** npm: the one that runs this process, else the one beside Node, else whichever is on PATH. */
export function npmCommand(): string[] {
  const script = npmScript();
  return script === undefined ? ['npm'] : [process.execPath, script];
}

function npmScript(): string | undefined {
  const beside = path.dirname(realpathSync(process.execPath));
  const onPath = (process.env.PATH ?? '').split(path.delimiter).map((folder) => path.join(folder, 'npm'));
  return [
    process.env.npm_execpath,
    path.join(beside, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    path.join(beside, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    ...onPath,
  ]
    .filter((file) => file !== undefined)
    .filter((file) => existsSync(file))
    .map((file) => realpathSync(file))
    .find((file) => file.endsWith('npm-cli.js'));
}

/** node-gyp's script: the one npm brings. Undefined leaves node-pre-gyp to its own search. */
export function nodeGyp(): string | undefined {
  const npm = npmScript();
  if (npm === undefined) return undefined;
  const script = path.join(path.dirname(npm), '..', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');
  return existsSync(script) ? script : undefined;
}

/** node-pre-gyp's script, as tfjs-node in `folder` would load it. */
export function nodePreGyp(folder: string): string {
  const manifest = createRequire(path.join(folder, 'package.json')).resolve(
    '@mapbox/node-pre-gyp/package.json',
  );
  return path.join(path.dirname(manifest), 'bin', 'node-pre-gyp');
}
