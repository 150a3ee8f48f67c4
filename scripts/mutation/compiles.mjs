/** Which mutants TypeScript refuses: `npm run typecheck` finds those, tests need not. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/**
 * A function that keeps of some mutants those that compile. A program costs seconds, so that it takes many mutants at once, one in
 * each statement at a file's top level; where an error is elsewhere than in those statements, they are looked at one by one.
 */
export function mutantCompiler() {
  const { errorsOf, statementOf } = languageService();
  const statements = new Map();
  const place = (mutant) => {
    if (!statements.has(mutant)) statements.set(mutant, `${mutant.file} ${statementOf(mutant)}`);
    return statements.get(mutant);
  };
  return (mutants) => {
    const refused = new Set();
    let waiting = mutants;
    while (waiting.length > 0) {
      const places = new Set();
      const isFirst = (mutant) => !places.has(place(mutant)) && places.add(place(mutant));
      const together = waiting.filter(isFirst);
      waiting = waiting.filter((mutant) => !together.includes(mutant));
      const errors = errorsOf(together);
      const elsewhere = new Set([...errors].filter((at) => !places.has(at)).map((at) => at.split(' ')[0]));
      for (const mutant of together) {
        if (errors.has(place(mutant))) refused.add(mutant);
        else if (elsewhere.has(mutant.file) && errorsOf([mutant]).size > 0) refused.add(mutant);
      }
    }
    return mutants.filter((mutant) => !refused.has(mutant));
  };
}

function languageService() {
  const config = path.resolve('tsconfig.json');
  const { options, fileNames } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config,
    ts.sys,
    path.dirname(config),
  );
  let changed = new Map();
  let version = 0;
  const versions = new Map();
  const service = ts.createLanguageService({
    ...ts.sys,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    // A mutant often leaves a name without a use, or a line that is never reached.
    getCompilationSettings: () => ({
      ...options,
      noUnusedLocals: false,
      noUnusedParameters: false,
      allowUnreachableCode: true,
    }),
    getScriptFileNames: () => fileNames.filter((name) => name.startsWith(path.resolve('src') + path.sep)),
    getScriptVersion: (name) => String(versions.get(name) ?? 0),
    getScriptSnapshot: (name) => {
      const text = changed.get(name) ?? ts.sys.readFile(name);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => path.dirname(config),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
  });
  const put = (texts) => {
    version++;
    for (const name of [...changed.keys(), ...texts.keys()]) versions.set(name, version);
    changed = texts;
  };
  const statementAt = (file, position) =>
    service
      .getProgram()
      .getSourceFile(path.resolve(file))
      .statements.findIndex(({ pos, end }) => pos <= position && position < end);
  return {
    /** The number of a mutant's statement at the top level of its file. */
    statementOf({ file, span: [from] }) {
      if (changed.size > 0) put(new Map());
      return statementAt(file, from);
    },
    /** Where the mutants' files have errors, as "file statement". Mutants of one file must not overlap. */
    errorsOf(mutants) {
      const files = new Set(mutants.map(({ file }) => file));
      put(new Map([...files].map((file) => [path.resolve(file), textWith(file, mutants)])));
      const found = [...files].flatMap((file) => [
        ...service.getSyntacticDiagnostics(path.resolve(file)).map(() => `${file} -1`),
        ...service
          .getSemanticDiagnostics(path.resolve(file))
          .map(({ start }) => `${file} ${statementAt(file, start)}`),
      ]);
      return new Set(found);
    },
  };
}

function textWith(file, mutants) {
  const own = mutants.filter((mutant) => mutant.file === file).toSorted((a, b) => b.span[0] - a.span[0]);
  return own.reduce(
    (text, { span: [from, to], replacement }) => text.slice(0, from) + replacement + text.slice(to),
    readFileSync(file, 'utf8'),
  );
}
