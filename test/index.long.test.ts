/** The types that the public names need are public themselves; TypeScript reads all sources twice for it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { present } from './support/present.js';

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
