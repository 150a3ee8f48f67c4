/** Notebooks as files: where they are, their cells, and the form in which Jupyter writes them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
export const folder = path.join(root, 'notebooks');
/** The languages. The code of the first is what is executed; the others have the same. */
export const languages = ['en', 'zh-CN'];

/** The notebooks of a language by name, in order. */
export function notebookNames(language = languages[0]) {
  return readdirSync(path.join(folder, language))
    .filter((file) => file.endsWith('.ipynb'))
    .map((file) => path.basename(file, '.ipynb'))
    .sort();
}

export function notebookFile(language, name) {
  return path.join(folder, language, `${name}.ipynb`);
}

export function readNotebook(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** The notebook of a name in a language, or undefined. */
export function notebookOf(language, name) {
  const file = notebookFile(language, name);
  return existsSync(file) ? readNotebook(file) : undefined;
}

/** A field of a notebook, which may be one text or a list of lines. */
export function textOf(field) {
  return Array.isArray(field) ? field.join('') : (field ?? '');
}

export function codeCells({ cells }) {
  return cells.filter((cell) => cell.cell_type === 'code');
}

/** Whether what a cell prints is different in every run, or on every machine: the tag "varies". */
export function varies(cell) {
  return cell.metadata.tags?.includes('varies') ?? false;
}

/** All that a cell prints, in one text. */
export function printed({ outputs }) {
  return outputs
    .map((output) => textOf(output.output_type === 'stream' ? output.text : output.data?.['text/plain']))
    .join('');
}

/** The media types of a cell's pictures, in order. */
export function pictures({ outputs }) {
  return outputs.flatMap(({ data = {} }) => Object.keys(data).filter((type) => type.startsWith('image/')));
}

/** The text of an .ipynb file, as Jupyter writes it: fields by name, one line of text a line. */
export function notebookText(notebook) {
  const sorted = (_key, value) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value;
  const cells = notebook.cells.map((cell) => ({
    ...cell,
    source: linesOf(cell.source),
    ...(cell.outputs && { outputs: cell.outputs.map(withLines) }),
  }));
  return `${JSON.stringify({ ...notebook, cells }, sorted, 1)}\n`;
}

function withLines(output) {
  if (output.text !== undefined) return { ...output, text: linesOf(output.text) };
  if (output.data === undefined) return output;
  const data = Object.entries(output.data).map(([type, value]) => [type, linesOf(value)]);
  return { ...output, data: Object.fromEntries(data) };
}

function linesOf(field) {
  return textOf(field).match(/[^\n]*\n|[^\n]+$/g) ?? [];
}
