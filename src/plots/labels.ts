/** Pictures in another language than English: the texts that a document puts in place of the plots' and the caller's own. */
import { InputError } from '../errors.js';

/** Texts by those whose place they take. A `#` in both stands for a number: `{ 'after # steps': '# 步之后' }`. */
export type Labels = Readonly<Record<string, string>>;

const tables = new WeakMap<Document, Labels>();
const number = /[−-]?\d+(?:\.\d+)?/g;

/** Gives a document its labels. */
export function setLabels(document: Document, labels: Labels): void {
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels))
    throw new InputError(
      `nodeDocument: labels must be an object with a text for each text, got ${String(labels)}.`,
    );
  const numbersIn = (text: string) => text.split('#').length - 1;
  for (const [text, label] of Object.entries(labels)) {
    if (typeof label !== 'string' || numbersIn(label) !== numbersIn(text))
      throw new InputError(
        `nodeDocument: the label of "${text}" must be a text with as many # as it has, got ${JSON.stringify(label)}.`,
      );
  }
  tables.set(document, labels);
}

/** What a picture of this document says for a text: the text itself where it has no label. */
export function labelOf(document: Document, text: string): string {
  const labels = tables.get(document);
  if (labels === undefined) return text;
  if (Object.hasOwn(labels, text)) return labels[text];
  const numbers = text.match(number) ?? [];
  const form = text.replace(number, '#');
  if (numbers.length === 0 || !Object.hasOwn(labels, form)) return text;
  return labels[form].replaceAll('#', () => numbers.shift() ?? '#');
}
