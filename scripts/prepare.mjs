/** `npm run prepare`, which package managers run before they pack: an installation from git brings a dist/ too. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildIfNeeded } from './build.mjs';

if (existsSync(fileURLToPath(new URL('../node_modules/typescript/package.json', import.meta.url)))) {
  buildIfNeeded();
} else {
  console.error(
    'prepare: dist/ is built by the development dependencies, which are not installed: npm run setup',
  );
  process.exitCode = 1;
}
