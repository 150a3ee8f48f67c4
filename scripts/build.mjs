/**
 * Builds dist/ from src/: ES modules by the TypeScript compiler, and dist/cjs for those who `require`, bundled by esbuild.
 * `npm run build`; other scripts build only what is out of date.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const entry = path.join(root, 'dist', 'cli', 'main.js');
const stamp = path.join(root, 'node_modules', '.gradparity-build');

/**
 * Cleans dist/ and compiles. Throws with the compiler's exit code where it can't, which it has told of. Types are checked by `npm run typecheck`, not
 * here: that takes as long again, in each clone and installation from git.
 */
export function build() {
  rmSync(stamp, { force: true });
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json', '--noCheck'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`the TypeScript compiler ended with exit code ${status}`);
  chmodSync(entry, 0o755);
  writeConfigSchema();
  declareMatchers();
  buildCommonJs();
  buildPackages();
  writeFileSync(stamp, sourcesHash());
}

/** dist/config.schema.json, for editors that help with a config file. */
function writeConfigSchema() {
  const program =
    "import { configSchema } from './dist/cli/schema.js'; process.stdout.write(JSON.stringify(configSchema(), null, 2));";
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`the schema of the config file can't be made (exit code ${status})`);
  writeFileSync(path.join(root, 'dist', 'config.schema.json'), `${stdout}\n`);
}

/** The matcher's types for frameworks whose own are there only in their users' projects. */
function declareMatchers() {
  const declare = (file, module, type) =>
    appendFileSync(
      path.join(root, 'dist', file),
      `\ndeclare module '${module}' {\n  interface ${type} extends GradientMatchers<Promise<void>> {}\n}\n`,
    );
  declare('jest.d.ts', 'expect', 'Matchers<R extends void | Promise<void>, T = unknown>');
  declare('vitest.d.ts', 'vitest', 'Matchers<T = any>');
}

/** One bundle, so that its entries share what they hold; most of the dependencies are ES modules only and go into it. */
function buildCommonJs() {
  const dist = path.join(root, 'dist');
  const cjs = path.join(dist, 'cjs');
  // Only now: this script is loaded before `npm ci` has brought it.
  const { buildSync } = createRequire(import.meta.url)('esbuild');
  buildSync({
    stdin: {
      contents:
        "export * from './index.js'; export { matchers as __matchers } from './gradcheck/matcher.js'; export * as __tape from './fixes/tape-order.js'; export * as __fixes from './fixes/public.js';",
      resolveDir: dist,
    },
    outfile: path.join(cjs, 'index.js'),
    bundle: true,
    format: 'cjs',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    external: ['@tensorflow/*'],
    logLevel: 'warning',
  });
  writeFileSync(path.join(cjs, 'package.json'), '{ "type": "commonjs" }\n');
  writeFileSync(
    path.join(cjs, 'jest.js'),
    "const { __matchers } = require('./index.js');\nglobalThis.expect?.extend?.(__matchers);\nexports.matchers = __matchers;\n",
  );
  mkdirSync(path.join(cjs, 'fixes'), { recursive: true });
  writeFileSync(
    path.join(cjs, 'fixes', 'tape.js'),
    "const { __tape } = require('../index.js');\nexports.applyTapeOrder = __tape.applyTapeOrder;\nexports.isTapeOrdered = __tape.isTapeOrdered;\nexports.removeTapeOrder = __tape.removeTapeOrder;\n__tape.applyTapeOrder();\n",
  );
  writeFileSync(
    path.join(cjs, 'fixes', 'index.js'),
    ['FIXES', 'applyFixes', 'fixesIntact', 'removeFixes'].reduce(
      (text, name) => `${text}exports.${name} = __fixes.${name};\n`,
      "const { __fixes } = require('../index.js');\n",
    ) + '__fixes.applyFixes();\n',
  );
  const types = readdirSync(dist, { recursive: true }).filter(
    (file) =>
      file.endsWith('.d.ts') && !/^(cjs|cli|backends|data[/\\](?!image-form)|node|vitest)\b/.test(file),
  );
  for (const file of types) cpSync(path.join(dist, file), path.join(cjs, file));
}

/** The packages beside this one, each in one file that needs no other package. */
function buildPackages() {
  const { buildSync } = createRequire(import.meta.url)('esbuild');
  const folder = path.join(root, 'packages', 'tfjs-node-setup');
  const { version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const outfile = path.join(folder, 'dist', 'main.js');
  rmSync(path.dirname(outfile), { recursive: true, force: true });
  buildSync({
    entryPoints: [path.join(folder, 'src', 'main.ts')],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    define: { VERSION: JSON.stringify(version) },
    // Packages of CommonJS in the bundle use require and __filename.
    banner: {
      js: [
        "import { createRequire as requireFrom } from 'node:module';",
        "import { fileURLToPath as pathOf } from 'node:url';",
        'const require = requireFrom(import.meta.url);',
        'const __filename = pathOf(import.meta.url);',
      ].join('\n'),
    },
    external: ['@tensorflow/*'],
    logLevel: 'warning',
  });
  chmodSync(outfile, 0o755);
}

/** Builds where the sources differ from those that dist/ was built from. Returns whether it did. */
export function buildIfNeeded() {
  if (existsSync(entry) && existsSync(stamp) && readFileSync(stamp, 'utf8') === sourcesHash()) return false;
  console.error('Building dist/ from src/ …');
  mkdirSync(path.dirname(stamp), { recursive: true });
  build();
  return true;
}

/** One hash over the content of everything that a build reads. */
function sourcesHash() {
  const sources = ['src', 'packages/tfjs-node-setup/src']
    .flatMap((folder) => readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((item) => item.isFile())
    .map((item) => path.relative(root, path.join(item.parentPath ?? item.path, item.name)));
  const hash = createHash('sha256');
  for (const file of [
    'tsconfig.json',
    'tsconfig.build.json',
    'package.json',
    'packages/tfjs-node-setup/package.json',
    ...sources.sort(),
  ]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(path.join(root, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    build();
  } catch (error) {
    console.error(`build: ${error.message}`);
    process.exitCode = 1;
  }
}
