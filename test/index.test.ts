/** The public names that others rely on, and that `gradparity` itself needs nothing of Node. */
import { existsSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import * as gradparity from '../src/index.js';
import { present } from './support/present.js';

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

describe('every type that a public signature names', () => {
  const at = (name: string): string => fileURLToPath(new URL(`../src/${name}`, import.meta.url));
  const entries = ['index.ts', 'node.ts', 'jest.ts', 'vitest.ts'];
  const inner = 'gradcheck/gradcheck.ts';
  let program: ts.Program;

  beforeAll(() => {
    program = declarationsOf([...entries, inner].map(at));
  });

  test.each(entries)('%s: is exported beside it, or by gradparity', (entry) => {
    expect(unexported(program, at(entry), at('index.ts'))).toEqual([]);
  });

  test('and the walk would find one: gradcheck.ts does not export its report’s type', () => {
    expect(unexported(program, at(inner), at(inner))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^gradcheck: GradcheckReport of /)]),
    );
  });
});

const declared = (file: string): string => file.replace(/\.ts$/, '.d.ts');

/** The declarations that the compiler writes for these sources, and those they import, as a program: inferred types stand there too. */
function declarationsOf(sources: readonly string[]): ts.Program {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) =>
    readFileSync(file, 'utf8'),
  ) as { config: { compilerOptions: object } };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const written = new Map<string, string>();
  ts.createProgram(sources, { ...options, declaration: true, emitDeclarationOnly: true }).emit(
    undefined,
    (file, text) => written.set(path.resolve(file), text),
  );
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  const isSource = (file: string): boolean =>
    path.resolve(file).startsWith(path.join(root, 'src') + path.sep) && !file.endsWith('.d.ts');
  host.fileExists = (file) => written.has(path.resolve(file)) || (!isSource(file) && fileExists(file));
  host.getSourceFile = (file, language) => {
    const text = written.get(path.resolve(file));
    return text === undefined
      ? getSourceFile(file, language)
      : ts.createSourceFile(file, text, language, true);
  };
  return ts.createProgram(sources.map(declared), options, host);
}

/**
 * The types of this package that what `entry` exports names, and that neither `entry` nor `main` exports: "who names it: the type,
 * of which file".
 */
function unexported(program: ts.Program, entry: string, main: string): string[] {
  const source = fileURLToPath(new URL('../src/', import.meta.url));
  const checker = program.getTypeChecker();
  const real = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exportsOf = (file: string): Map<ts.Symbol, string> => {
    const module = present(checker.getSymbolAtLocation(present(program.getSourceFile(declared(file)))));
    return new Map(checker.getExportsOfModule(module).map((symbol) => [real(symbol), symbol.name]));
  };
  const fileOf = (declaration: ts.Node | undefined): string =>
    path.resolve(declaration?.getSourceFile().fileName ?? '');
  const names = exportsOf(entry);
  const known = new Set([...names.keys(), ...exportsOf(main).keys()]);

  const found = new Set<string>();
  for (const [symbol, name] of names) {
    const visit = (node: ts.Node): void => {
      const used = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined;
      const target = used && real(used);
      const declaration = target?.declarations?.[0];
      // Types that a file declares at its top; type parameters come with what they are in.
      if (
        target &&
        target.flags & ts.SymbolFlags.Type &&
        declaration &&
        ts.isSourceFile(declaration.parent) &&
        fileOf(declaration).startsWith(source) &&
        !known.has(target)
      ) {
        found.add(`${name}: ${target.name} of ${path.relative(source, fileOf(declaration))}`);
      }
      ts.forEachChild(node, visit);
    };
    for (const declaration of symbol.declarations ?? []) {
      if (fileOf(declaration).startsWith(source)) visit(declaration);
    }
  }
  return [...found].sort();
}

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
