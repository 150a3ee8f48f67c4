/** What tests need of the documents: their blocks of code, run and held against what stands beside them; their commands, links and files. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from '@jest/globals';
import { main } from '../cli/run-cli.js';
import { present } from './present.js';

export const root = path.resolve(import.meta.dirname, '..', '..');
export const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

export interface Block {
  readonly language: string;
  readonly code: string;
}

export const blocksOf = (text: string): Block[] =>
  Array.from(text.matchAll(/^```(\w*)[^\n]*\n(.*?)^```$/gms), ([, language, code]) => ({ language, code }));

/** A document without its blocks of code, where `#` and brackets have other meanings. */
export const proseOf = (text: string): string => text.replace(/^```.*?^```$/gms, '');

export const headingsOf = (text: string): string[] => proseOf(text).match(/^#+ .*$/gm) ?? [];

/** What GitHub makes of a heading for links to it. */
export const anchorOf = (heading: string): string =>
  heading
    .replace(/^#+ /, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

export const run = (args: readonly string[], env?: NodeJS.ProcessEnv): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });

/** The statements whose output stands in a comment beside them. */
const prints = (line: string): boolean => /^(console\.log|show)\(/.test(line);

/** What a program says that it prints, a line each. */
export const promised = (code: string): string[] =>
  code
    .split('\n')
    .filter(prints)
    .map((line) => /\); \/\/ (.+)$/.exec(line)?.[1] ?? `nothing, beside ${line}`);

/** What the program in `file` prints, without TensorFlow.js' banner. */
export function printed(file: string): string[] {
  const { stdout, stderr, status } = run(['--import', 'tsx', file]);
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter((line) => line !== '' && !/^=+$|^Hi, looks like/.test(line));
}

export const isJest = ({ code }: Block): boolean => code.includes("from '@jest/globals'");
interface CommandHelp {
  /** The choices of each option; undefined where anything goes. */
  readonly options: ReadonlyMap<string, readonly string[] | undefined>;
}

function helpOf(...args: string[]): string {
  const { stdout, status } = run([main, ...args, '--help']);
  if (status !== 0) throw new Error(`gradparity ${args.join(' ')} --help ends with exit code ${status}.`);
  return stdout;
}

export const commandNames = Array.from(helpOf().matchAll(/^ {2}gradparity (\w+)/gm), ([, name]) => name);
const helps = new Map<string, CommandHelp>();

function commandHelp(command: string): CommandHelp {
  const known = helps.get(command);
  if (known) return known;
  const [, text] = helpOf(command).split('Options:');
  const options = new Map(
    text
      .split(/^ +(?:-\w, )?--(?=\w)/m)
      .slice(1)
      .map((option): [string, string[] | undefined] => {
        const choices = /\[choices: ([^\]]+)\]/.exec(option)?.[1];
        return [
          present(/^[\w-]+/.exec(option))[0],
          (choices && Array.from(choices.matchAll(/"([^"]+)"/g), ([, one]) => one)) || undefined,
        ];
      }),
  );
  helps.set(command, { options });
  return { options };
}

export const manifest = JSON.parse(read('package.json')) as Record<
  'scripts' | 'bin' | 'peerDependencies' | 'peerDependenciesMeta',
  Record<string, unknown>
>;
const siblings = readdirSync(path.join(root, 'packages')).flatMap((name) =>
  Object.keys((JSON.parse(read(`packages/${name}/package.json`)) as typeof manifest).bin),
);

/** What npm does by itself, without a script of package.json. */
const npmVerbs = ['ci', 'exec', 'init', 'pack'];

/** Of a clone of TensorFlow.js beside this one, to which a patch of this repository is applied. */
function flawOfGit([verb, given]: readonly string[]): string | undefined {
  if (verb === 'clone') return undefined;
  if (verb === 'checkout')
    return /^[0-9a-f]{9}$/.test(given) ? undefined : `git checkout of ${given}, which is no commit`;
  if (verb !== 'apply') return `git ${verb} is none of git clone, git checkout and git apply`;
  const file = given.replace(/^\.\.\/gradparity\//, '');
  return existsSync(path.join(root, file)) ? undefined : `there is no file ${file}`;
}

/** What is wrong with a command line that a document shows; undefined where it can be run as it stands. */
export function flawOf(line: string): string | undefined {
  const [program, ...words] = line
    .replace(/\s# .*$/, '')
    .trim()
    .split(/\s+/);
  if (program === 'gradparity') return flawOfCommand(words);
  if (program === 'npx') {
    if (words[0] === 'gradparity') return flawOfCommand(words.slice(1));
    return siblings.includes(words[0]) ? undefined : `no package here brings ${words[0]}`;
  }
  if (['cd', 'cp', 'mkdir', 'rm'].includes(program)) return undefined;
  if (program === 'git') return flawOfGit(words);
  if (program !== 'npm') return `${program} is neither npm nor npx nor gradparity`;
  const [verb, ...rest] = words;
  if (verb === 'install') {
    const names = rest.filter((word) => !word.startsWith('git+https://'));
    const bare = names.map((name) => name.replace(/(?<=.)@[\w.~^-]+$/, ''));
    return bare.find((name) => name !== 'gradparity' && !Object.hasOwn(manifest.peerDependencies, name));
  }
  if (npmVerbs.includes(verb)) return undefined;
  const script = verb === 'run' ? rest.find((word) => !word.startsWith('-')) : verb;
  if (script === undefined || !Object.hasOwn(manifest.scripts, script)) return `there is no script ${script}`;
  return script === 'start' ? flawOfCommand(['train', ...rest.filter((word) => word !== '--')]) : undefined;
}

function flawOfCommand([command, ...words]: readonly string[]): string | undefined {
  if (!commandNames.includes(command)) return `there is no command ${command}`;
  const { options } = commandHelp(command);
  for (const [k, word] of words.entries()) {
    const after = words[k + 1];
    if (word.startsWith('--')) {
      if (!options.has(word.slice(2))) return `${command} has no option ${word}`;
      const choices = options.get(word.slice(2));
      if (choices && !choices.includes(after)) return `${word} of ${command} can't be ${after}`;
    } else if (command === 'check' && !words[k - 1]?.startsWith('--') && !existsSync(path.join(root, word))) {
      return `there is no file ${word}`;
    }
  }
  return undefined;
}

/** Every command line of a document, in its blocks and in its sentences. */
export function commandsOf(text: string): string[] {
  const shell = blocksOf(text).filter(({ language }) => language === 'sh');
  const inline = Array.from(proseOf(text).matchAll(/`([^`\n]+)`/g), ([, code]) => code);
  return [
    ...shell.flatMap(({ code }) => code.split('\n').filter(Boolean)),
    ...inline.filter((code) => /^(npm|npx|gradparity) /.test(code)),
  ];
}

/** A block without the sentences in its comments; what a program prints stays. */
export const withoutProse = ({ language, code }: Block): string[] => [
  language,
  ...code.split('\n').map((line) => {
    if (language === 'sh') return line.replace(/\s*# .*$/, '');
    return prints(line) ? line : line.replace(/\/\/ .*$/, '//').replace(/\/\*\* .* \*\/$/, '/** */');
  }),
];

/** The links of a document that lead nowhere: to no file, or to no heading. */
export function brokenLinks(document: string, text: string): string[] {
  const links = Array.from(proseOf(text).matchAll(/\]\(([^)\s]+)\)/g), ([, link]) => link);
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [target, anchor] = link.split('#');
    const file = path.posix.join(path.posix.dirname(document), target || path.posix.basename(document));
    if (!existsSync(path.join(root, file))) return true;
    const there = target === '' ? text : file.endsWith('.md') ? read(file) : '';
    const ids = Array.from(there.matchAll(/<\w+ id="([^"]+)"/g), ([, id]) => id);
    return anchor !== undefined && ![...headingsOf(there).map(anchorOf), ...ids].includes(anchor);
  });
}

/** The files that a document names in its sentences. */
export const filesNamed = (text: string): string[] =>
  Array.from(
    proseOf(text).matchAll(
      /`((?:src|test|docs|scripts|bench|examples|models|notebooks|packages|\.ci)\/[\w./-]+)`/g,
    ),
    ([, file]) => file,
    // NN stands for a number.
  ).filter((file) => !file.includes('NN-'));
