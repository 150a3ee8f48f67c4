/** The public names that others rely on, and that `gradparity` itself needs nothing of Node. */
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { buildSync } from 'esbuild';
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
    ['the gradient check', ['gradcheck', 'gradcheckModel', 'expectGradients', 'isPassed', 'describeReport']],
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
    expect([...reached]).toEqual(expect.arrayContaining(['node:fs/promises', 'node:os']));
  });
});

/** Every source file and package that a file reaches through imports that are there at run time. */
function importsOf(entry: string): { files: Set<string>; packages: Set<string> } {
  const root = path.dirname(path.dirname(entry));
  // Imports of types are left out; import() and require are in.
  const { metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
  });
  const inputs = Object.entries(metafile.inputs);
  return {
    files: new Set(inputs.map(([file]) => path.join(root, file))),
    packages: new Set(
      inputs.flatMap(([, { imports }]) => imports.filter(({ external }) => external).map((one) => one.path)),
    ),
  };
}
