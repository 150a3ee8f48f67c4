/**
 * What docs/ and the site's own pages tell is so: every block of code is compiled and run. Oracles: the comments beside what the programs
 * print, the command line's own help, package.json; for the Chinese pages, the English ones.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { transformSync } from 'esbuild';
import { chromium } from 'playwright-core';
import { chromiumExecutable } from '../src/sweep/run/lanes/chromium.js';
import {
  blocksOf,
  brokenLinks,
  commandsOf,
  filesNamed,
  flawOf,
  headingsOf,
  isJest,
  manifest,
  promised,
  proseOf,
  read,
  root,
  run,
  withoutProse,
  type Block,
} from './support/documents.js';
import { present } from './support/present.js';

const markdownIn = (folder: string): string[] =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((file) => /\.mdx?$/.test(file))
    .sort();

// The report's own programs are run by test/sweep/report/programs; docs/api is made by a command that checks it.
const documents = [...markdownIn('docs'), ...markdownIn('site/pages')].filter(
  (file) => !file.startsWith('docs/api/') && file !== 'docs/tfjs-gradients.md',
);
/** Their own tests run their programs, which need files beside them. */
const tested = [
  'docs/use-your-model.md',
  'docs/check-others-ops.md',
  // Its packages are those that `npm run field` installs.
  'docs/field-study.md',
];
/** Each program of these prints something. */
const isGuide = (file: string): boolean => /^(docs\/(guides|explanation)|site\/pages)\//.test(file);

const isChinese = (file: string): boolean => file.includes('/zh-CN/');
const english = documents.filter((file) => !isChinese(file));

/** English alone are pages for who works on this repository, and 404 speaks both languages. The others are there twice. */
const isEnglishOnly = (file: string): boolean =>
  file === 'site/pages/en/404.mdx' ||
  /^docs\/((decisions|upstream)\/|(dependencies|performance|reliability)\.md$)/.test(file);
const isTranslated = (file: string): boolean => !isEnglishOnly(file);

interface Placed extends Block {
  /** The document and its place there, for messages. */
  readonly at: string;
}

const placed = (files: readonly string[]): Placed[] =>
  files.flatMap((file) => blocksOf(read(file)).map((block, k) => ({ ...block, at: `${file} ${k + 1}` })));

const isVitest = ({ code }: Block): boolean => code.includes("from 'vitest'");
const isConfiguration = ({ code }: Block): boolean => /^export default (\{|defineConfig\()/m.test(code);
const isScript = ({ language }: Block): boolean => language === 'ts' || language === 'js';

const blocks = placed(english.filter((file) => !tested.includes(file)));
const scripts = blocks.filter((block) => isScript(block) && !isConfiguration(block));
const tests = scripts.filter((block) => isJest(block) || isVitest(block));
const programs = scripts.filter((block) => !tests.includes(block));
const configurations = blocks.filter((block) => isScript(block) && isConfiguration(block));

// Inside the package, so that the import of `gradparity` finds the built package itself.
let folder: string;
beforeAll(() => {
  mkdirSync(path.join(root, 'runs'), { recursive: true });
  folder = mkdtempSync(path.join(root, 'runs', 'docs-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, code: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, code);
  return file;
}

test('there are documents in both languages, and programs in them', () => {
  expect(english.length).toBeGreaterThan(20);
  expect(documents.length - english.length).toBeGreaterThan(20);
  expect(programs.length).toBeGreaterThan(30);
  expect(tests.filter(isJest).length).toBeGreaterThan(0);
  expect(tests.filter(isVitest).length).toBeGreaterThan(0);
});

// ---- programs ----

interface Printed {
  lines: string[];
  error?: string;
}

/** What each program prints. One process runs them all, but for those that change TensorFlow.js. */
function printedBy(some: readonly Pick<Placed, 'at' | 'code' | 'language'>[]): Map<string, Printed> {
  const results = new Map<string, Printed>();
  const files = some.map((block, k) => ({
    ...block,
    file: written(`programs/${k}.${block.language}`, block.code),
  }));
  const changes = files.filter(({ code }) => code.includes('gradparity/fixes'));
  const groups = [files.filter((one) => !changes.includes(one)), ...changes.map((one) => [one])];
  for (const group of groups.filter(({ length }) => length > 0)) {
    const runner = path.join(root, 'test', 'support', 'run-programs.mjs');
    const { stdout, stderr } = run(['--import', 'tsx', runner, ...group.map(({ file }) => file)]);
    const last = stdout.trim().split('\n').pop();
    if (!last?.startsWith('{')) throw new Error(`The programs ended early: ${stderr}`);
    const all = JSON.parse(last) as Record<string, Printed>;
    for (const { at, file } of group) results.set(at, all[file]);
  }
  return results;
}

const withoutBanner = ({ lines, error }: Printed): Printed => ({
  lines: lines.filter((line) => line !== '' && !/^=+$|^Hi, looks like/.test(line)),
  ...(error !== undefined && { error }),
});

test('the programs print their comments; in guides and explanations each prints something', () => {
  const printed = printedBy(programs);
  const got = programs.map(({ at }) => [at, withoutBanner(present(printed.get(at)))]);
  const wanted = programs.map(({ at, code }) => [at, { lines: promised(code) }]);
  expect(got).toEqual(wanted);
  const silent = programs.filter(({ code }) => promised(code).length === 0).map(({ at }) => at);
  expect(silent.filter((at) => isGuide(at))).toEqual([]);
});

test('a program whose comment is wrong, or that throws, is noticed', () => {
  const some = [
    { at: 'wrong', language: 'ts', code: 'console.log(1 + 1); // 3\nconsole.log([1], 2); // [ 1 ] 2\n' },
    { at: 'throws', language: 'ts', code: "console.log(1); // 1\nthrow new Error('on purpose');\n" },
  ];
  const printed = printedBy(some);
  expect(printed.get('wrong')?.lines).toEqual(['2', '[ 1 ] 2']);
  expect(promised(some[0].code)).toEqual(['3', '[ 1 ] 2']);
  expect(printed.get('throws')?.error).toContain('on purpose');
});

test('the tests pass under Jest, with the configuration that is shown; Vitest’s too, as far as they are the same', () => {
  tests.forEach(({ code }, k) =>
    written(
      `jest/${k}.test.ts`,
      code
        .replace("from 'vitest'", "from '@jest/globals'")
        .replace("'gradparity/vitest'", "'gradparity/jest'"),
    ),
  );
  // The matcher comes from the configuration alone, here.
  written(
    'jest/configured.test.ts',
    "import { expect, test } from '@jest/globals';\ntest('matcher', () => { expect(typeof (expect(1) as any).toHaveRightGradients).toBe('function'); });\n",
  );
  const shown = configurations.map(({ code }) => code).find((code) => code.includes('jest.config'));
  const { setupFilesAfterEnv } = optionsIn(present(shown)) as { setupFilesAfterEnv: string[] };
  const config = {
    testEnvironment: 'node',
    testMatch: ['<rootDir>/*.test.ts'],
    extensionsToTreatAsEsm: ['.ts'],
    transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false }] },
    setupFilesAfterEnv,
  };
  const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const { stdout, stderr } = run([
    ...['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, '--json'],
    ...['-w', '1', '--rootDir', path.join(folder, 'jest'), '--config', JSON.stringify(config)],
  ]);
  if (!stdout.startsWith('{')) throw new Error(stderr);
  const { testResults } = JSON.parse(stdout) as { testResults: { status: string; message: string }[] };
  expect(testResults.map(({ status, message }) => [status, message])).toEqual(
    Array.from({ length: tests.length + 1 }, () => ['passed', '']),
  );
});

/** The object that a configuration exports. */
function optionsIn(code: string): unknown {
  const body = code.replace(/^import .*$/gm, '').replace('export default', 'return');
  return new Function('defineConfig', body)((options: unknown) => options);
}

test('the configurations name what the package exports', () => {
  expect(configurations.length).toBeGreaterThanOrEqual(2);
  const names = configurations.flatMap(({ code }) => {
    const options = optionsIn(code) as { setupFilesAfterEnv?: string[]; test?: { setupFiles: string[] } };
    return options.setupFilesAfterEnv ?? options.test?.setupFiles ?? [];
  });
  expect(names).toEqual(expect.arrayContaining(['gradparity/jest', 'gradparity/vitest']));
  const { exports } = manifest as unknown as { exports: Record<string, unknown> };
  for (const name of names) expect(exports).toHaveProperty([name.replace('gradparity', '.')]);
});

test('TypeScript accepts them as they stand, and would not accept another type', () => {
  const typed = [...programs, ...tests].filter(({ language }) => language === 'ts');
  typed.forEach(({ code }, k) => written(`types/program-${k}.ts`, code));
  written('types/vitest.d.ts', "declare module 'vitest' {\n  export * from '@jest/globals';\n}\n");
  written('types/wrong.ts', "import { gradcheck } from 'gradparity';\nawait gradcheck(1, 2);\n");
  written(
    'types/tsconfig.json',
    JSON.stringify({ extends: '../../../tsconfig.json', compilerOptions: { noEmit: true }, include: ['.'] }),
  );
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const errors = run([compiler, '-p', path.join(folder, 'types')])
    .stdout.trim()
    .split('\n');
  const named = errors
    .filter((line) => !/^\s/.test(line))
    .map((line) => line.replace(/program-(\d+)\.ts/, (_, k) => typed[Number(k)].at));
  expect(named).toEqual([expect.stringMatching(/wrong\.ts\(2,17\): error TS2345/)]);
});

const executablePath = chromiumExecutable();
(executablePath ? test : test.skip)(
  'the programs of the guide to the browser print the same in one',
  async () => {
    const some = placed(['docs/guides/browser.md']).filter(isScript);
    expect(some.length).toBeGreaterThan(0);
    const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    try {
      for (const [k, { at, code }] of some.entries()) {
        const source = written(`browser/${k}.ts`, code);
        const bundle = path.join(folder, 'browser', `${k}.js`);
        const esbuild = path.join(root, 'node_modules', 'esbuild', 'bin', 'esbuild');
        execFileSync(process.execPath, [
          ...[esbuild, source, '--bundle', '--format=esm', '--log-level=error', `--outfile=${bundle}`],
        ]);
        const page = await browser.newPage();
        const lines: string[] = [];
        page.on('console', (message) => message.type() === 'log' && lines.push(message.text()));
        page.on('pageerror', (error) => lines.push(String(error)));
        // Node's way of writing arrays is not the browser's: what is compared are texts and numbers.
        await page.setContent('<!doctype html><title>x</title>');
        await page.addScriptTag({
          type: 'module',
          content: `${readFileSync(bundle, 'utf8')}\nglobalThis.done = true;`,
        });
        await page.waitForFunction('globalThis.done === true', undefined, { timeout: 60_000 });
        expect([at, lines]).toEqual([at, promised(code)]);
        await page.close();
      }
    } finally {
      await browser.close();
    }
  },
);

// ---- what is no program ----

/** What is wrong with a block that is neither script nor command; undefined where it can be used as it stands. */
function flawOfBlock({ language, code }: Block): string | undefined {
  switch (language) {
    case 'ts':
    case 'js':
    case 'sh':
    case 'text':
    case '':
      return undefined;
    case 'json':
      return flaw(() => JSON.parse(code));
    case 'yaml': {
      const commands = Array.from(code.matchAll(/^\s*- run: (.+)$/gm), ([, line]) => line);
      return commands.map(flawOf).find((one) => one !== undefined);
    }
    case 'html':
      return flaw(() => {
        for (const [, script] of code.matchAll(/<script[^>]*>(.*?)<\/script>/gs)) transformSync(script);
      });
    case 'python':
    case 'py': {
      const { status, stderr, error } = spawnSync(
        'python3',
        ['-c', 'import sys; compile(sys.stdin.read(), "block", "exec")'],
        {
          input: code,
          encoding: 'utf8',
        },
      );
      return error || status === 0 ? undefined : stderr;
    }
    default:
      return `nothing here can run a block of ${language}`;
  }
}

function flaw(f: () => unknown): string | undefined {
  try {
    f();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

test('the other blocks are what they say: commands exist, JSON can be read', () => {
  const flaws = placed(documents).map((block) => [block.at, flawOfBlock(block)]);
  expect(flaws.filter(([, one]) => one !== undefined)).toEqual([]);
  expect(flawOfBlock({ language: 'json', code: '{' })).toContain('SyntaxError');
  expect(flawOfBlock({ language: 'yaml', code: '  - run: npm run no-such-script\n' })).toContain(
    'no-such-script',
  );
  expect(flawOfBlock({ language: 'cobol', code: '' })).toContain('cobol');
});

test.each(documents)(
  'the commands of %s exist; its links lead somewhere, and the files that it names exist',
  (file) => {
    const text = read(file);
    const flaws = commandsOf(text).map((line) => [line, flawOf(line)]);
    // Those that have a test of their own make the files that their commands name.
    const ownFiles = tested.includes(file.replace('zh-CN/', '')) ? /^there is no file/ : /^$/;
    expect(flaws.filter(([, one]) => one !== undefined && !ownFiles.test(one))).toEqual([]);
    // Links of the site's own pages start at the site's root, and `npm run docs` checks them.
    if (!file.startsWith('site/')) expect(brokenLinks(file, text)).toEqual([]);
    expect(filesNamed(text).filter((name) => !existsSync(path.join(root, name)))).toEqual([]);
  },
);

// ---- both languages ----

/** These have the same sections in both languages, and the same programs. */
const translated = english.filter(isTranslated);
const chineseOf = (file: string): string =>
  file.startsWith('site/') ? file.replace('/en/', '/zh-CN/') : file.replace('docs/', 'docs/zh-CN/');

/** What stands beside a block's language: a file's name, and what a command ends with. */
const marksOf = (text: string): string[] =>
  Array.from(text.matchAll(/^```\w+ (.+)$/gm), ([, marks]) => marks);

/** Where a page leads, whichever the language: to files, addresses and places of its own. */
function targetsOf(file: string, text: string): string[] {
  const links = Array.from(proseOf(text).matchAll(/\]\(([^)\s]+)\)|href="([^"]+)"/g), ([, a, b]) => a ?? b);
  const targets = links.map((link) => {
    const [target] = link.split('#');
    if (target === '' || /^(https?:|\/)/.test(target)) return target;
    const there = path.posix.join(path.posix.dirname(file), target);
    return there.replace('docs/zh-CN/', 'docs/').replace('pages/zh-CN/', 'pages/en/');
  });
  return [...new Set(targets)].sort();
}

describe.each(translated)('%s', (file) => {
  test('is there in Chinese, with the same code, headings of the same levels and links to the same pages', () => {
    const [ours, theirs] = [read(file), read(chineseOf(file))];
    expect(blocksOf(theirs).map(withoutProse)).toEqual(blocksOf(ours).map(withoutProse));
    const levels = (text: string): string[] => headingsOf(text).map((heading) => heading.split(' ')[0]);
    expect(levels(theirs)).toEqual(levels(ours));
    expect(marksOf(theirs)).toEqual(marksOf(ours));
    expect(targetsOf(chineseOf(file), theirs)).toEqual(targetsOf(file, ours));
    expect(/\p{Script=Han}/u.test(headingsOf(theirs).join(''))).toBe(headingsOf(theirs).length > 0);
  });
});
