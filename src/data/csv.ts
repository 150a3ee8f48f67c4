/** Reads CSV with the label first and numbers after it, as MNIST in CSV has it: `label,pixel…` a line, with or without a header. */
import { InputError } from '../errors.js';

export interface CsvTable {
  /** The first field of every row. */
  labels: string[];
  /** The others, row after row. */
  values: Float32Array;
  /** Numbers a row. */
  width: number;
}

const [COMMA, QUOTE, NEWLINE, RETURN] = [44, 34, 10, 13];

/**
 * The table in a text's bytes. A first line whose second field is no number is a header. Empty lines do not count.
 *
 * @throws InputError with the file's name and the line: a row of another length, a field that is no finite number, no rows
 */
export function parseCsv(bytes: Uint8Array, name: string): CsvTable {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (text.includes(0))
    throw new InputError(`${name}: not a text; wanted CSV with the label first in every line.`);
  const labels: string[] = [];
  let values = new Float32Array(1024);
  let width = -1;
  let line = 0;
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (at < text.length) {
    line++;
    let end = text.indexOf(NEWLINE, at);
    if (end === -1) end = text.length;
    const last = text[end - 1] === RETURN ? end - 1 : end;
    if (last > at) {
      const row = fields(text, at, last);
      const isHeader =
        labels.length === 0 && row.length > 1 && Number.isNaN(numberOf(row[1])) && width === -1;
      if (isHeader) width = -2;
      else {
        if (width < 0) width = row.length - 1;
        if (width < 1) {
          throw new InputError(
            `${name}: line ${line} has one field only; wanted the label and numbers behind it, parted by commas.`,
          );
        }
        if (row.length - 1 !== width) {
          throw new InputError(
            `${name}: line ${line} has ${row.length} fields; wanted ${width + 1}, as the rows before it.`,
          );
        }
        const start = labels.length * width;
        if (start + width > values.length) {
          const more = new Float32Array(Math.max(2 * values.length, start + width));
          more.set(values);
          values = more;
        }
        for (let field = 0; field < width; field++) {
          const number = numberOf(row[field + 1]);
          if (!Number.isFinite(Math.fround(number))) {
            throw new InputError(
              `${name}: line ${line}, field ${field + 2}: wanted a number, got ${JSON.stringify(row[field + 1].slice(0, 40))}.`,
            );
          }
          values[start + field] = number;
        }
        if (row[0] === '') throw new InputError(`${name}: line ${line} has no label in its first field.`);
        labels.push(row[0]);
      }
    }
    at = end + 1;
  }
  if (labels.length === 0)
    throw new InputError(`${name}: no rows; wanted a label and numbers in every line.`);
  return { labels, values: values.slice(0, labels.length * width), width };
}

/** The fields of a line; one in quotes may hold commas. */
function fields(text: Buffer, from: number, to: number): string[] {
  const line = text.toString('utf8', from, to);
  if (!line.includes('"')) return line.split(',').map((field) => field.trim());
  const row: string[] = [];
  let field = '';
  let quoted = false;
  for (let k = 0; k < line.length; k++) {
    const code = line.charCodeAt(k);
    if (code === QUOTE && quoted && line.charCodeAt(k + 1) === QUOTE) field += line[k++];
    else if (code === QUOTE) quoted = !quoted;
    else if (code === COMMA && !quoted) {
      row.push(field.trim());
      field = '';
    } else field += line[k];
  }
  row.push(field.trim());
  return row;
}

const numberOf = (field: string): number => (field === '' ? NaN : Number(field));
