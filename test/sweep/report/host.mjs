/**
 * Runs programs one after the other in one process: `node host.mjs file …`. Tells its parent of each what it printed, and the error that it
 * ended with.
 */
import { formatWithOptions } from 'node:util';
import { pathToFileURL } from 'node:url';

const files = process.argv.slice(2);
let printed = [];
let rejected;
globalThis.console.log = (...values) => printed.push(formatWithOptions({}, ...values));
process.on('unhandledRejection', (error) => (rejected ??= error));

for (const [index, file] of files.entries()) {
  printed = [];
  rejected = undefined;
  let failure;
  try {
    await import(pathToFileURL(file).href);
    await new Promise((resolve) => setImmediate(resolve));
  } catch (error) {
    failure = error;
  }
  failure ??= rejected;
  const out = printed.join('\n').split('\n').at(-1);
  process.send({
    index,
    out,
    err: failure === undefined ? '' : (failure.stack ?? String(failure)),
    code: failure === undefined ? 0 : 1,
  });
}
process.disconnect();
