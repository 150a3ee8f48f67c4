/** The public names that others rely on, and that `gradparity` itself needs nothing of Node. */
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import * as gradparity from '../src/index.js';

describe('gradparity', () => {
  test.each([
    [
      'activations',
      ['step', 'sign', 'identity', 'sigmoid', 'tanh', 'relu', 'softplus', 'softmax', 'logSoftmax'],
    ],
    [
      'losses',
      [
        'meanSquaredError',
        'halfSumSquaredError',
        'rootMeanSquaredError',
        'meanAbsoluteError',
        'huber',
      ].concat(['crossEntropy', 'binaryCrossEntropy', 'softmaxCrossEntropy']),
    ],
    ['the perceptron', ['ThresholdLogicUnit', 'and', 'nand', 'or', 'xor', 'PerceptronClassifier']],
    [
      'differentiation',
      [
        'forwardDifference',
        'centralDifference',
        'partialDerivative',
        'numericalGradient',
        'gradientDescent',
      ].concat(['central', 'forward', 'structured']),
    ],
    ['networks', ['Mlp', 'TwoLayerNet', 'train', 'toLayersModel', 'fromLayersModel']],
    ['errors', ['InputError', 'EnvironmentError']],
  ])('has %s', (_chapter, names) => {
    for (const name of names)
      expect([name, typeof gradparity[name as keyof typeof gradparity]]).toEqual([name, 'function']);
  });
});

test('tf.grad is a gradient method beside those by differences', () => {
  const { autodiff, central, forward, structured } = gradparity;
  const names = [autodiff, central(), forward(), structured()].map(({ name }) => name);
  expect([...names].sort()).toEqual([...gradparity.GRADIENT_METHODS].sort());
});

describe('what src/index.ts imports', () => {
  const source = fileURLToPath(new URL('../src/index.ts', import.meta.url));
  const { files, packages } = importsOf(source);

  test('is all of its own chapters', () => {
    for (const chapter of ['functions', 'perceptron', 'differentiation', 'networks', 'training', 'models']) {
      expect([...files].some((file) => file.includes(`${path.sep}src${path.sep}${chapter}${path.sep}`))).toBe(
        true,
      );
    }
  });

  test('is nothing of Node', () => {
    const isNodes = (name: string): boolean => name.startsWith('node:') || builtinModules.includes(name);
    expect([...packages].filter(isNodes)).toEqual([]);
    // Packages that run in a browser.
    expect(
      [...packages].filter((name) => !/^(@tensorflow\/tfjs|pure-rand\/.+|@observablehq\/plot)$/.test(name)),
    ).toEqual([]);
    expect(
      [...files].filter(
        (file) => /[/\\](cli|backends|data|files)[/\\]/.test(file) && !file.endsWith('idx.ts'),
      ),
    ).toEqual([]);
  });

  test('and the walk would find it: src/node.ts reaches node:fs', () => {
    const reached = importsOf(source.replace(/index\.ts$/, 'node.ts')).packages;
    expect([...reached]).toEqual(expect.arrayContaining(['node:fs/promises', 'env-paths']));
  });
});

/** Every source file and package that a file reaches through imports that are there at run time. */
function importsOf(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    // Compiled first, which leaves imports of types out; preProcessFile sees import() and require as well.
    const code = ts.transpileModule(readFileSync(file, 'utf8'), {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2022,
        verbatimModuleSyntax: true,
      },
    }).outputText;
    for (const { fileName } of ts.preProcessFile(code, true, true).importedFiles) {
      if (!fileName.startsWith('.')) {
        packages.add(fileName);
        continue;
      }
      const target = path.resolve(path.dirname(file), fileName.replace(/\.js$/, '.ts'));
      if (!existsSync(target)) throw new Error(`${file} imports ${fileName}, which is not there`);
      visit(target);
    }
  };
  visit(entry);
  return { files, packages };
}
