/** The types of the notebooks' cells, by the repository's own TypeScript: all cells of a notebook are one module. */
import path from 'node:path';
import ts from 'typescript';
import { codeCells, folder, notebookFile, languages, readNotebook, root, textOf } from './format.mjs';

/** What the compiler finds in the notebooks of these names, a line each: `01-name, cell 3, line 2: …`. */
export function typeErrors(names) {
  const modules = new Map(
    names.map((name) => [path.join(folder, languages[0], `${name}.ts`), moduleOf(name)]),
  );
  const config = ts.readConfigFile(path.join(root, 'tsconfig.json'), ts.sys.readFile).config;
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (file) => modules.has(path.normalize(file)) || fileExists(file);
  host.readFile = (file) => modules.get(path.normalize(file))?.text ?? readFile(file);
  const program = ts.createProgram(
    [...modules.keys(), path.join(folder, 'deno.d.ts')],
    { ...options, noEmit: true },
    host,
  );
  return ts.getPreEmitDiagnostics(program).map((found) => {
    const message = ts.flattenDiagnosticMessageText(found.messageText, '\n');
    const module = found.file && modules.get(path.normalize(found.file.fileName));
    if (!module) return `${found.file ? `${path.relative(root, found.file.fileName)}: ` : ''}${message}`;
    const { line } = found.file.getLineAndCharacterOfPosition(found.start);
    const { cell, first } = module.cells.findLast((each) => each.first <= line);
    return `${module.name}, code cell ${cell}, line ${line - first + 1}: ${message}`;
  });
}

/** The cells as one text, and at which line each begins. */
function moduleOf(name) {
  const cells = [];
  let text = '';
  let line = 0;
  codeCells(readNotebook(notebookFile(languages[0], name))).forEach((cell, index) => {
    const source = `${textOf(cell.source)}\n`;
    cells.push({ cell: index + 1, first: line });
    text += source;
    line += source.split('\n').length - 1;
  });
  return { name, cells, text };
}
