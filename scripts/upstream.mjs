/**
 * `npm run upstream -- --source DIR [patch …]`: tries the patches of docs/upstream, or those named, on a checkout of TensorFlow.js, which stays as it
 * is. Of each: it applies, its tests fail without it and pass with it, with all other tests of their files, on the cpu backend; and the
 * files that it changes have no error of types that they had not. `--keep DIR` leaves the last patched tree there.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));
const patches = join(root, 'docs/upstream');
const PARTS = ['tfjs-core', 'tfjs-backend-cpu', 'tfjs-layers'];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { source: { type: 'string' }, keep: { type: 'string' } },
});

function stop(sentence) {
  console.error(`upstream: ${sentence}`);
  process.exit(2);
}

const { source } = options;
if (!source || !existsSync(join(source, 'tfjs-core/src/engine.ts')))
  stop(
    `--source must be a checkout of TensorFlow.js, got ${source ?? 'none'}. There is one after git clone https://github.com/tensorflow/tfjs && git -C tfjs checkout 0fc04d958.`,
  );
const nameOf = (given) => given.replace(/^.*\//, '').replace(/\.patch$/, '');
const all = readdirSync(patches)
  .filter((file) => file.endsWith('.patch'))
  .map(nameOf);
const names = positionals.length > 0 ? positionals.map(nameOf) : all;
for (const name of names)
  if (!all.includes(name)) stop(`there is no patch ${name}. There are ${all.join(', ')}.`);

const index = readFileSync(join(patches, 'README.md'), 'utf8');
for (const name of all)
  if (!index.includes(`[${name}](${name}.patch)`))
    stop(`docs/upstream/README.md does not list ${name}.patch.`);

const tree = mkdtempSync(join(tmpdir(), 'gradparity-upstream-'));
process.on('exit', () => rmSync(tree, { recursive: true, force: true }));
for (const file of ['tsconfig.json', 'tsconfig_base.json']) cpSync(join(source, file), join(tree, file));
for (const part of PARTS) {
  cpSync(join(source, part, 'src'), join(tree, part, 'src'), { recursive: true });
  cpSync(join(source, part, 'package.json'), join(tree, part, 'package.json'));
}

/** A patch, with what it says of itself. */
function read(name) {
  const text = readFileSync(join(patches, `${name}.patch`), 'utf8');
  const [head, ...diffs] = text.split(/^(?=diff --git )/m);
  const files = diffs.map((diff) => ({ diff, file: /^\+\+\+ b\/(\S+)/m.exec(diff)?.[1] ?? '' }));
  return {
    name,
    needs: [...head.matchAll(/^Needs: (\S+)\.patch$/gm)].map(([, other]) => other),
    files: files.map(({ file }) => file),
    tests: files.filter(({ file }) => file.endsWith('_test.ts')),
    sources: files.filter(({ file }) => !file.endsWith('_test.ts')),
  };
}

function apply(diffs) {
  if (diffs.length === 0) return;
  execFileSync('git', ['apply', '--whitespace=error-all', '-'], {
    cwd: tree,
    input: diffs.map(({ diff }) => diff).join(''),
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() },
  });
}

function restore(files) {
  for (const file of files) {
    const original = join(source, file);
    if (existsSync(original)) cpSync(original, join(tree, file));
    else rmSync(join(tree, file), { force: true });
  }
}

/** Runs test files in a process of their own. `{passed, failed: [{name, why}]}` */
async function run(files) {
  const runner = join(tree, 'runner');
  mkdirSync(runner, { recursive: true });
  writeFileSync(
    join(runner, 'setup.ts'),
    `import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import {setTestEnvs} from '@tensorflow/tfjs-core/dist/jasmine_util';
setTestEnvs([{name: 'cpu', backendName: 'cpu', isDataSync: true}]);`,
  );
  writeFileSync(
    join(runner, 'entry.ts'),
    [`import './setup';`, ...files.map((file) => `import '../${file}';`)].join('\n'),
  );
  const bundle = join(runner, 'bundle.cjs');
  await build({
    entryPoints: [join(runner, 'entry.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    tsconfig: join(tree, 'tsconfig.json'),
    nodePaths: [join(root, 'node_modules'), join(root, 'node_modules/@tensorflow/tfjs-core/node_modules')],
    // Modules are imported for their side effects.
    ignoreAnnotations: true,
    logLevel: 'error',
  });
  const core = createRequire(import.meta.url).resolve('jasmine-core');
  const program = `
    require(${JSON.stringify(core)}).boot();
    const env = jasmine.getEnv();
    env.configure({random: false});
    const result = {passed: 0, failed: []};
    env.addReporter({
      specDone: ({status, fullName, failedExpectations}) => {
        if (status === 'passed') result.passed++;
        else if (status === 'failed') result.failed.push({name: fullName, why: failedExpectations[0]?.message ?? ''});
      },
    });
    console.log = console.warn = () => undefined;
    require(${JSON.stringify(bundle)});
    env.execute().then(() => require('fs').writeFileSync(${JSON.stringify(join(runner, 'result.json'))}, JSON.stringify(result)));`;
  rmSync(join(runner, 'result.json'), { force: true });
  const { stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', cwd: runner });
  if (!existsSync(join(runner, 'result.json')))
    throw new Error(`the tests did not run: ${stderr.slice(-500)}`);
  return JSON.parse(readFileSync(join(runner, 'result.json'), 'utf8'));
}

let program;

/** The errors of types of files, each by its file and sentence. */
function typeErrors(files) {
  const { config } = ts.readConfigFile(join(tree, 'tsconfig.json'), ts.sys.readFile);
  const { options: own } = ts.parseJsonConfigFileContent({ ...config, files: ['none.ts'] }, ts.sys, tree);
  const roots = files.map((file) => join(tree, file)).filter((file) => existsSync(file));
  program = ts.createProgram(
    roots,
    {
      ...own,
      strict: false,
      types: [],
      noEmit: true,
      incremental: false,
      skipLibCheck: true,
      ignoreDeprecations: '6.0',
    },
    undefined,
    program,
  );
  return roots.flatMap((file) => {
    const parsed = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(parsed), ...program.getSemanticDiagnostics(parsed)].map(
      ({ messageText }) =>
        `${file.slice(tree.length + 1)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  });
}

const stockErrors = new Set(typeErrors([...new Set(names.flatMap((name) => read(name).files))]));
let wrong = 0;
for (const name of names) {
  const patch = read(name);
  const needed = patch.needs.map(read);
  const touched = [...patch.files, ...needed.flatMap(({ files }) => files)];
  const complaints = [];
  const testFiles = [...new Set(patch.tests.map(({ file }) => file))];
  let told = '';
  try {
    if (testFiles.length === 0) complaints.push('it has no test');
    for (const other of needed) apply(other.sources);
    apply(patch.tests);
    const before = await run(testFiles);
    if (before.failed.length === 0) complaints.push('its tests pass without it');
    apply(patch.sources);
    const after = await run(testFiles);
    for (const { name: test, why } of after.failed) complaints.push(`${test}: ${why}`);
    for (const error of typeErrors(patch.files)) if (!stockErrors.has(error)) complaints.push(error);
    for (const { file, diff } of patch.sources) {
      const long = diff.split('\n').find((line) => /^\+(?!\+\+ )/.test(line) && line.length > 81);
      if (long && !/import/.test(long))
        complaints.push(`${file} has a line of more than 80 characters: ${long}`);
    }
    told = `${before.failed.length} of its tests fail without it, ${after.passed} pass with it`;
  } catch (error) {
    complaints.push(`${error.stderr ?? ''}${error.message}`.trim());
  }
  if (options.keep && name === names.at(-1)) cpSync(tree, options.keep, { recursive: true });
  restore(touched);
  if (complaints.length > 0) wrong++;
  console.log(complaints.length === 0 ? `${name}: ${told}` : `${name}: WRONG\n  ${complaints.join('\n  ')}`);
}
console.log(`${names.length - wrong} of ${names.length} patches are right.`);
if (wrong > 0) process.exitCode = 1;
