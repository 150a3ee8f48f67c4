/**
 * What the READMEs and CONTRIBUTING.md tell is so. Oracles: the comments beside their programs' output, the command line's own
 * help, package.json, the files of the repository, and the reports that figures are taken from.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { main } from './cli/run-cli.js';
import {
  blocksOf,
  brokenLinks,
  commandNames,
  commandsOf,
  filesNamed,
  flawOf,
  headingsOf,
  isJest,
  manifest,
  printed,
  promised,
  read,
  root,
  run,
  withoutProse,
} from './support/documents.js';
import { present } from './support/present.js';

const readmes = ['README.md', 'README.zh-CN.md'];
const documents = [...readmes, 'CONTRIBUTING.md', 'CHANGELOG.md'];

// Inside the package, so that the import of `gradparity` finds the built package itself.
let folder: string;
beforeAll(() => {
  mkdirSync(path.join(root, 'runs'), { recursive: true });
  folder = mkdtempSync(path.join(root, 'runs', 'readme-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// ---- programs ----

const blocks = blocksOf(read('README.md'));
const programs = blocks.filter((block) => block.language === 'ts' && !isJest(block));
const jestTests = blocks.filter((block) => block.language === 'ts' && isJest(block));

function written(name: string, code: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, code);
  return file;
}

describe('the programs', () => {
  test('are all that is neither a command nor one of them', () => {
    expect(programs.length).toBeGreaterThanOrEqual(4);
    expect(jestTests).toHaveLength(1);
    for (const document of documents)
      for (const { language } of blocksOf(read(document))) expect(['ts', 'sh']).toContain(language);
  });

  test.each(programs.map(({ code }, k) => [k, code] as const))(
    'program %i prints its comments',
    (k, code) => {
      const expected = promised(code);
      expect(expected.length).toBeGreaterThan(0);
      expect(printed(written(`program-${k}.ts`, code))).toEqual(expected);
    },
  );

  test('a program whose comment is wrong, or missing, is noticed', () => {
    const code = 'console.log(1 + 1); // 3\nconsole.log(2);\n';
    expect(promised(code)).toEqual(['3', 'nothing, beside console.log(2);']);
    expect(printed(written('wrong.ts', code))).toEqual(['2', '2']);
  });

  test('the test for Jest passes, and fails with a gradient that is wrong', () => {
    const [{ code }] = jestTests;
    mkdirSync(path.join(folder, 'jest'));
    written('jest/right.test.ts', code);
    const wrong = code.replace(
      'expect(logCosh)',
      'expect(tf.customGrad((y, t) => ({ value: logCosh(y as tf.Tensor, t as tf.Tensor), gradFunc: () => [tf.ones([3]), tf.ones([3])] })))',
    );
    expect(wrong).not.toBe(code);
    written('jest/wrong.test.ts', wrong);
    const config = {
      testEnvironment: 'node',
      testMatch: ['<rootDir>/*.test.ts'],
      extensionsToTreatAsEsm: ['.ts'],
      transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false }] },
    };
    const jest = path.join(root, 'node_modules', 'jest', 'bin', 'jest.js');
    const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const { stdout } = run([
      ...flags,
      jest,
      ...['--json', '--rootDir', path.join(folder, 'jest'), '--config', JSON.stringify(config)],
    ]);
    const { testResults } = JSON.parse(stdout) as { testResults: { name: string; status: string }[] };
    expect(Object.fromEntries(testResults.map(({ name, status }) => [path.basename(name), status]))).toEqual({
      'right.test.ts': 'passed',
      'wrong.test.ts': 'failed',
    });
  });

  test('TypeScript accepts them as they stand, and would not accept another type', () => {
    mkdirSync(path.join(folder, 'types'));
    [...programs, ...jestTests].forEach(({ code }, k) => written(`types/program-${k}.ts`, code));
    written('types/wrong.ts', "import { gradcheck } from 'gradparity';\nawait gradcheck(1, 2);\n");
    written(
      'types/tsconfig.json',
      JSON.stringify({
        extends: '../../../tsconfig.json',
        compilerOptions: { noEmit: true },
        include: ['.'],
      }),
    );
    const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const errors = run([compiler, '-p', path.join(folder, 'types')])
      .stdout.trim()
      .split('\n');
    expect(errors.filter((line) => !/^\s/.test(line))).toEqual([
      expect.stringMatching(/wrong\.ts\(2,17\): error TS2345/),
    ]);
  });
});

// ---- commands ----

describe('the commands', () => {
  test.each(documents)('of %s exist, with their options', (document) => {
    const flaws = commandsOf(read(document)).map((line) => [line, flawOf(line)]);
    if (document !== 'CHANGELOG.md') expect(flaws.length).toBeGreaterThan(5);
    expect(flaws.filter(([, flaw]) => flaw !== undefined)).toEqual([]);
  });

  test.each([
    ['npx gradparity chekc a.ts', 'there is no command chekc'],
    ['npx gradparity check examples/custom-op.ts --ordre 2', 'check has no option --ordre'],
    ['npx gradparity check examples/no-such-file.ts  # prose', 'there is no file examples/no-such-file.ts'],
    ['npx gradparity check --mode slow', "--mode of check can't be slow"],
    ['npm start -- --no-such-option', 'train has no option --no-such-option'],
    ['npm run no-such-script', 'there is no script no-such-script'],
    ['npm install left-pad', 'left-pad'],
    ['npx no-such-package', 'no package here brings no-such-package'],
    ['git apply ../gradparity/docs/upstream/none.patch', 'there is no file docs/upstream/none.patch'],
    ['git push', 'git push is none of git clone, git checkout and git apply'],
    ['yarn add gradparity', 'yarn is neither npm nor npx nor gradparity'],
  ])('%s is refused', (line, flaw) => expect(flawOf(line)).toBe(flaw));

  test.each([
    ['npx gradparity gates', 0],
    ['npx gradparity check examples/custom-op.ts', 1],
  ])('%s ends with exit code %i', (line, code) => {
    expect(commandsOf(read('README.md')).map((one) => one.replace(/\s+# .*$/, ''))).toContain(line);
    expect(run([main, ...line.split(' ').slice(2)]).status).toBe(code);
  });

  test.each(readmes)('are all named in %s, and so is each package that is optional', (readme) => {
    const text = read(readme);
    const rows = Array.from(text.matchAll(/^\| `(\w+)` +\|/gm), ([, name]) => name);
    expect(rows).toEqual(expect.arrayContaining(commandNames));
    const installed = commandsOf(text)
      .filter((line) => line.startsWith('npm install '))
      .join(' ')
      .split(/\s+/);
    expect(installed).toEqual(expect.arrayContaining(Object.keys(manifest.peerDependencies)));
  });
});

// ---- documents ----

test('both READMEs have the same blocks of code, but for the sentences in them, and headings of the same levels', () => {
  const [english, chinese] = readmes.map(read);
  expect(blocksOf(chinese).map(withoutProse)).toEqual(blocksOf(english).map(withoutProse));
  const levels = (text: string): string[] => headingsOf(text).map((heading) => heading.split(' ')[0]);
  expect(levels(chinese)).toEqual(levels(english));
  const other = { language: 'ts', code: 'console.log(1); // 2\n' };
  expect(withoutProse(other)).not.toEqual(withoutProse({ ...other, code: 'console.log(1); // 1\n' }));
});

test.each(documents)('the links of %s lead somewhere, and the files that it names exist', (document) => {
  expect(brokenLinks(document, read(document))).toEqual([]);
  expect(filesNamed(read(document)).filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
});

test('a link to no file or no heading is noticed', () => {
  const text =
    '# One\n[a](README.md) [b](no-such.md) [c](#one) [d](#two) [e](README.md#no-such) `src/no-such.ts`';
  expect(brokenLinks('README.md', text)).toEqual(['no-such.md', '#two', 'README.md#no-such']);
  expect(filesNamed(text)).toEqual(['src/no-such.ts']);
});

// ---- figures ----

/** The numbers in the paragraph of a README that has `mark`. */
const numbersNear = (readme: string, mark: string): string[] => {
  const paragraph = present(
    read(readme)
      .split('\n\n')
      .find((each) => each.includes(mark)),
  );
  return Array.from(paragraph.matchAll(/(?<![\w.-])\d[\d,.]*\d(?![\w-])/g), ([number]) => number);
};

const found = (text: string, pattern: RegExp): string[] => present(pattern.exec(text)).slice(1);

test.each(readmes)('the figures on TensorFlow.js in %s are those of the report', (readme) => {
  const report = read('docs/tfjs-gradients.md');
  const [version] = found(report, /^# The gradients of TensorFlow\.js (\S+)$/m);
  const [cases, findings] = found(report, /^(\d+) of \d+ cases judged: (\d+) findings/m);
  const [list] = found(report, /^<h2 id="findings">(.*?)^<h2 id="suspicions">/ms);
  const wrongNumbers = list
    .split('\n')
    .filter((row) => /^\| \[`[^/]*\/(formula|kernel)\//.test(row) && !row.includes('| an error'));
  const mark = readme === 'README.md' ? '**Not all' : '**TensorFlow.js';
  expect(numbersNear(readme, mark).sort()).toEqual(
    [version, Number(cases).toLocaleString('en'), findings, `${wrongNumbers.length}`].sort(),
  );
  expect(numbersNear(readme, 'tf.mirrorPad')).toEqual([findings]);
});

test.each(readmes)('the figures on numerical gradients in %s are those of docs/performance.md', (readme) => {
  const performance = read('docs/performance.md');
  const figures = [
    ...found(performance, /batch (\d+), step 1e-4, all ([\d,]+) parameters/),
    ...found(performance, /the textbook loop: ([\d.]+) s a step/),
    ...found(performance, /^\| structured +\| +tensorflow \| +([\d.]+) \|/m),
    ...found(performance, /^\| the article's ([\d,]+) steps in under 90 s +\| (\d+) s /m),
  ];
  expect(figures).toHaveLength(6);
  expect(numbersNear(readme, '39,760').sort()).toEqual(figures.sort());
});

test('what the checks of PyTorch and JAX miss is what the benchmark says', () => {
  const rows = read('docs/performance.md')
    .split('\n')
    .filter((row) => /1e-2, 1e-4, 1e-6 +\|/.test(row))
    .map((row) => row.split('|').slice(-4, -1));
  expect(rows).toHaveLength(6);
  for (const [gradparity, pytorch, jax] of rows) {
    expect(gradparity).toContain('1e-6');
    expect(pytorch).not.toContain('1e-4');
    expect(jax).not.toContain('1e-6');
  }
});

// ---- the picture ----

const picture = 'docs/images/tfjs-second-derivative.svg';

/** A picture's text without its numbers, and its numbers: Math.exp may differ in its last bit from Node to Node. */
const taken = (svg: string): { text: string; numbers: number[] } => ({
  text: svg.replace(/\d+(\.\d+)?/g, '#'),
  numbers: Array.from(svg.matchAll(/\d+(\.\d+)?/g), ([number]) => Number(number)),
});

/** How far apart, in pixels, the numbers of two pictures are at most. */
const apart = (one: number[], other: number[]): number =>
  Math.max(...one.map((number, k) => Math.abs(number - other[k])));

test('the picture shows what TensorFlow.js computes today, and every README has it with a text in its place', () => {
  const file = path.join(folder, 'picture.svg');
  expect(run([path.join('scripts', 'readme-picture.mjs'), file]).status).toBe(0);
  const [committed, drawn] = [read(picture), readFileSync(file, 'utf8')].map(taken);
  expect(drawn.text).toBe(committed.text);
  expect(apart(drawn.numbers, committed.numbers)).toBeLessThan(0.01);
  // A curve that is elsewhere by a fiftieth of a pixel.
  expect(
    apart(
      drawn.numbers.map((number) => number + 0.02),
      committed.numbers,
    ),
  ).toBeGreaterThan(0.01);
  // The values at 3 that the program above prints, of TensorFlow.js and by differences.
  expect(Array.from(read(picture).matchAll(/>([+−]\d\.\d\d)</g), ([, label]) => label)).toEqual([
    '+0.09',
    '−0.03',
  ]);
  for (const readme of readmes)
    expect(read(readme)).toMatch(
      new RegExp(`!\\[[^\\]]*x = 3[^\\]]*\\+0\\.09[^\\]]*−0\\.03[^\\]]*\\]\\(${picture}\\)`),
    );
});
