/**
 * Runs the programs given by their files one after the other in this process, and prints, as JSON, what each of them prints: a list of lines a file, or
 * the error that it ended with.
 */
/* eslint-disable no-console -- what programs print is what this is about */
import { formatWithOptions } from 'node:util';
import { pathToFileURL } from 'node:url';

const { log, info, warn } = console;
const results = {};
for (const file of process.argv.slice(2)) {
  const lines = [];
  console.log = (...values) =>
    lines.push(...formatWithOptions({ colors: false, breakLength: Infinity }, ...values).split('\n'));
  console.info = console.warn = () => undefined;
  try {
    await import(pathToFileURL(file).href);
    results[file] = { lines };
  } catch (error) {
    results[file] = { lines, error: String(error?.stack ?? error) };
  }
}
Object.assign(console, { log, info, warn });
console.log(JSON.stringify(results));
