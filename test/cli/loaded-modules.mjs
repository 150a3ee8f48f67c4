/** Imported before a command, prints to stderr at its end which packages' CommonJS modules it has loaded. */
import { createRequire } from 'node:module';
import process from 'node:process';

const { cache } = createRequire(import.meta.url);
process.on('exit', () => {
  const packages = Object.keys(cache).map(
    (file) => /node_modules\/(@[^/]+\/[^/]+|[^/]+)/.exec(file.replaceAll('\\', '/'))?.[1],
  );
  process.stderr.write(`LOADED ${[...new Set(packages)].join(' ')}\n`);
});
