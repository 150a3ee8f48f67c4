/**
 * `npm run upstream -- --source DIR [patch …]`: tries the patches of docs/upstream, or those named, on a checkout of TensorFlow.js, which stays as it
 * is. Of each: it applies, its tests fail without it and pass with it, with all other tests of their files that passed before; and the files
 * that it changes have no error of types that they had not. A patch of backends is tried on each of them: on wasm with the binary of the
 * package that is installed here, on webgl and webgpu in Chromium, on tensorflow with the Node addon that is installed here; all others are tried on
 * cpu.
 * Where a patch changes C++ of the wasm backend, the kernels that this concerns are compiled with Emscripten, and run in the binary's place.
 * `--keep DIR` leaves the last patched tree there.
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
import { build } from 'esbuild';
import { chromium } from 'playwright-core';
import ts from 'typescript';
import { buildIfNeeded } from './build.mjs';
import { optionsOf } from './options.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const patches = join(root, 'docs/upstream');
const PARTS = [
  'tfjs-core',
  'tfjs-backend-cpu',
  'tfjs-layers',
  'tfjs-backend-wasm',
  'tfjs-backend-webgl',
  'tfjs-backend-webgpu',
  'tfjs-node',
];

const { values: options, positionals } = optionsOf(
  'upstream',
  { source: { type: 'string' }, keep: { type: 'string' } },
  { allowPositionals: true },
);

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
const installed = (...parts) => join(root, 'node_modules/@tensorflow', ...parts);
cpSync(installed('tfjs-backend-wasm/wasm-out'), join(tree, 'tfjs-backend-wasm/wasm-out'), {
  recursive: true,
});
// What tfjs-node takes of the union package.
mkdirSync(join(tree, 'tfjs/src'), { recursive: true });
writeFileSync(
  join(tree, 'tfjs/src/index.ts'),
  `export * from '@tensorflow/tfjs-core';\nexport * from '@tensorflow/tfjs-layers';\n`,
);

// What a new file takes of the types of Emscripten and Jasmine.
writeFileSync(
  join(tree, 'globals.d.ts'),
  `interface EmscriptenModule {
  HEAPU8: Uint8Array;
  _malloc(size: number): number;
  _free(place: number): void;
  cwrap(name: string, result: string | null, types: string[]): (...args: any[]) => any;
}
declare const it: any;
declare const expect: any;
`,
);

const testEnv = (name, flags = {}) =>
  `setTestEnvs([${JSON.stringify({ name, backendName: name, flags, isDataSync: name !== 'wasm' })}]);`;

/** The backends, each with the folder of its source and what starts it. */
const BACKENDS = {
  cpu: { setup: () => `import '@tensorflow/tfjs-backend-cpu';\n${testEnv('cpu')}` },
  wasm: {
    folder: 'tfjs-backend-wasm/',
    setup: (kernels) =>
      `import {setWasmPaths} from '@tensorflow/tfjs-backend-wasm';
setWasmPaths(${JSON.stringify(`${installed('tfjs-backend-wasm/wasm-out')}/`)});
${kernels?.file ? besideRelease(kernels.file) : ''}
${testEnv('wasm')}`,
  },
  webgl: {
    folder: 'tfjs-backend-webgl/',
    setup: () =>
      `import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-webgl';
${testEnv('webgl', { WEBGL_VERSION: 2, WEBGL_CPU_FORWARD: false, WEBGL_SIZE_UPLOAD_UNIFORM: 0 })}`,
  },
  webgpu: {
    folder: 'tfjs-backend-webgpu/',
    setup: () =>
      `import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-webgpu';
${testEnv('webgpu', { WEBGPU_CPU_FORWARD: false })}`,
  },
  tensorflow: {
    folder: 'tfjs-node/',
    setup: () =>
      `import '../tfjs-node/src/register_all_kernels';
import {registerBackend} from '@tensorflow/tfjs-core';
import {NodeJSKernelBackend} from '../tfjs-node/src/nodejs_kernel_backend';
registerBackend('tensorflow', () => new NodeJSKernelBackend(
    require(${JSON.stringify(addon())}), '@tensorflow/tfjs-node'));
${testEnv('tensorflow')}`,
  },
};

/** The Node addon, in the folder of its N-API version. */
function addon() {
  const folder = installed('tfjs-node/lib');
  const version = existsSync(folder) && readdirSync(folder).find((name) => name.startsWith('napi-'));
  if (!version) stop('a patch of tfjs-node needs @tensorflow/tfjs-node with its addon: npm run setup.');
  return join(folder, version, 'tfjs_binding.node');
}

const CC = 'tfjs-backend-wasm/src/cc';
/** Where the compiled kernels have their constants and their stack, in the memory of the release's binary, which leaves this part to them. */
const COMPILED = { from: 2 ** 24, size: 2 ** 22, stack: 2 ** 20 };

/** What TensorFlow.js' sources name of XNNPACK where a kernel does without it. */
const XNNPACK = `#pragma once
#include <cstddef>
#include <cstdint>
enum xnn_status { xnn_status_success = 0 };
typedef struct xnn_operator* xnn_operator_t;
struct xnn_allocator;
struct pthreadpool;
typedef struct pthreadpool* pthreadpool_t;
extern "C" {
xnn_status xnn_initialize(const xnn_allocator*);
xnn_status xnn_run_operator(xnn_operator_t, pthreadpool_t);
pthreadpool_t pthreadpool_create(size_t);
size_t pthreadpool_get_threads_count(pthreadpool_t);
void pthreadpool_destroy(pthreadpool_t);
}
`;

/** A source of the wasm backend, with all that it needs. */
function sourcesOf(file, found = new Set()) {
  if (found.has(file) || !existsSync(join(tree, file))) return found;
  found.add(file);
  for (const [, header] of readFileSync(join(tree, file), 'utf8').matchAll(/^#include "(tfjs-[^"]+)"/gm)) {
    sourcesOf(header, found);
    sourcesOf(header.replace(/\.h$/, '.cc'), found);
  }
  return found;
}

/**
 * The kernels of wasm that files of C++ belong to, compiled as they are in the tree now: the module's file, or the functions of XNNPACK that they
 * call, which is not compiled. Undefined where no C++ is among the files.
 */
function compile(files) {
  const changed = files.filter((file) => file.startsWith(CC) && /\.(cc|h)$/.test(file));
  if (changed.length === 0) return undefined;
  const sources = readdirSync(join(tree, CC, 'kernels'))
    .filter((file) => file.endsWith('.cc') && !file.endsWith('_test.cc'))
    .map((file) => [...sourcesOf(`${CC}/kernels/${file}`)])
    .filter((parts) => parts.some((part) => changed.includes(part)))
    .flat();
  if (sources.length === 0) return undefined;
  const text = sources.map((part) => readFileSync(join(tree, part), 'utf8')).join('\n');
  const calls = [...new Set(text.match(/\bxnn_create_\w+_f32\b/g))];
  if (calls.length > 0) return { calls };
  const folder = join(tree, 'compiled');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'xnnpack.h'), XNNPACK);
  const file = join(folder, 'kernels.wasm');
  const { error, status, stderr } = spawnSync(
    'em++',
    [
      ...new Set([`${CC}/backend.cc`, ...sources].filter((part) => part.endsWith('.cc'))),
      ...['-std=c++17', '-O3', '-msimd128', '-fno-rtti', '-fno-exceptions', '-I.', `-I${folder}`],
      // The memory and what it is given out by are those of the release's binary.
      ...['--no-entry', '-sIMPORTED_MEMORY=1', '-sALLOW_MEMORY_GROWTH=1', '-sMAXIMUM_MEMORY=4GB'],
      ...['-sMALLOC=none', '-sERROR_ON_UNDEFINED_SYMBOLS=0'],
      ...[`-sGLOBAL_BASE=${COMPILED.from}`, `-sTOTAL_STACK=${COMPILED.stack}`],
      `-sINITIAL_MEMORY=${COMPILED.from + COMPILED.size}`,
      ...['-o', file],
    ],
    { cwd: tree, encoding: 'utf8' },
  );
  if (error?.code === 'ENOENT')
    stop('a patch of the C++ of tfjs-backend-wasm needs em++ on PATH: apt-get install emscripten.');
  if (status !== 0) throw new Error(`em++ does not compile it: ${stderr.slice(-2000)}`);
  return { file };
}

/** Makes the backend take the compiled kernels, which work on the memory of the release's binary, where they exist. */
const besideRelease = (file) => `
import {registerBackend, removeBackend} from '@tensorflow/tfjs-core';
import {BackendWasm, init} from '../tfjs-backend-wasm/src/backend_wasm';
const {from, size} = ${JSON.stringify(COMPILED)};
removeBackend('wasm');
registerBackend('wasm', async () => {
  const {wasm} = await init();
  const start = wasm._malloc(from + size);
  if (start > from)
    throw new Error('the compiled kernels have no place in the memory');
  wasm.HEAPU8.fill(0, from, from + size);
  const lacking = name => () => {
    throw new Error(\`the compiled kernels call \${name}, which is not compiled\`);
  };
  const given = {memory: wasm.asm.memory, malloc: wasm._malloc, free: wasm._free};
  const imports = new Proxy({}, {
    get: () => new Proxy(given, {get: (_, name) => given[name] ?? lacking(name)})
  });
  const {instance} = await WebAssembly.instantiate(
      require('fs').readFileSync(${JSON.stringify(file)}), imports);
  const compiled = instance.exports;
  compiled._initialize();

  const {registerTensor, disposeData} = wasm.tfjs;
  wasm.tfjs.registerTensor = (...args) => {
    registerTensor(...args);
    compiled.register_tensor(...args);
  };
  wasm.tfjs.disposeData = id => {
    disposeData(id);
    compiled.dispose_data(id);
  };
  const {cwrap} = wasm;
  wasm.cwrap = (name, result, types) => {
    if (!compiled[name]) return cwrap(name, result, types);
    return (...args) => {
      const places = args.map((arg, i) => types[i] === 'array' ? wasm._malloc(arg.length) : 0);
      args.forEach((arg, i) => places[i] && wasm.HEAPU8.set(arg, places[i]));
      try {
        const value = compiled[name](...args.map((arg, i) => places[i] || arg));
        return result === 'boolean' ? Boolean(value) : value;
      } finally {
        for (const place of places) if (place) wasm._free(place);
      }
    };
  };
  return new BackendWasm(wasm);
}, 1);`;

/** A patch, with what it says of itself. */
function read(name) {
  const text = readFileSync(join(patches, `${name}.patch`), 'utf8');
  const [head, ...diffs] = text.split(/^(?=diff --git )/m);
  const files = diffs.map((diff) => ({ diff, file: /^diff --git a\/(\S+)/.exec(diff)[1] }));
  const tests = files.filter(({ file }) => file.endsWith('_test.ts'));
  const sources = files.filter(({ file }) => !file.endsWith('_test.ts'));
  const backends = Object.keys(BACKENDS).filter((backend) =>
    sources.some(({ file }) => BACKENDS[backend].folder && file.startsWith(BACKENDS[backend].folder)),
  );
  return {
    name,
    needs: [...head.matchAll(/^Needs: (\S+)\.patch$/gm)].map(([, other]) => other),
    files: files.map(({ file }) => file),
    // Tests that TensorFlow.js has already.
    present: [...head.matchAll(/^Tests: (\S+)$/gm)].map(([, file]) => file),
    backends: backends.length > 0 ? backends : ['cpu'],
    tests,
    sources,
  };
}

/** The files of a patch that have types. */
const typed = ({ files }) => files.filter((file) => file.endsWith('.ts'));

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

/** A worker's file, of which the bundle of TensorFlow.js makes a string; it is for threads, which Node has not. */
const withoutWorkers = {
  name: 'without workers',
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.worker\.js$/ }, () => ({ contents: `export const wasmWorkerContents = '';` })),
};

/** Reports what becomes of each test, to `done`. */
const reporting = (done) => `
  env.configure({random: false});
  const result = {passed: [], failed: []};
  env.addReporter({
    specDone: ({status, fullName, failedExpectations}) => {
      if (status === 'passed') result.passed.push(fullName);
      else if (status === 'failed') result.failed.push({name: fullName, why: failedExpectations[0]?.message ?? ''});
    },
    jasmineDone: () => { ${done} },
  });
  console.log = console.warn = () => undefined;`;

/** Runs test files in a process of their own, or in a browser. `{passed: [name], failed: [{name, why}]}` */
async function run(files, backend, kernels) {
  const runner = join(tree, 'runner');
  mkdirSync(runner, { recursive: true });
  writeFileSync(
    join(runner, 'setup.ts'),
    `import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops';
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import {setTestEnvs} from '@tensorflow/tfjs-core/dist/jasmine_util';
${BACKENDS[backend].setup(kernels)}`,
  );
  writeFileSync(
    join(runner, 'entry.ts'),
    [`import './setup';`, ...files.map((file) => `import '../${file}';`)].join('\n'),
  );
  const bundle = join(runner, 'bundle.cjs');
  const isInBrowser = backend === 'webgl' || backend === 'webgpu';
  await build({
    entryPoints: [join(runner, 'entry.ts')],
    outfile: bundle,
    bundle: true,
    platform: isInBrowser ? 'browser' : 'node',
    format: isInBrowser ? 'iife' : 'cjs',
    tsconfig: join(tree, 'tsconfig.json'),
    nodePaths: [
      join(root, 'node_modules'),
      installed('tfjs-core/node_modules'),
      installed('tfjs-node/node_modules'),
    ],
    plugins: [withoutWorkers],
    external: ['*.node'],
    // Modules are imported for their side effects.
    ignoreAnnotations: true,
    logLevel: 'error',
  });
  if (isInBrowser) return runInBrowser(bundle, backend);
  const core = createRequire(import.meta.url).resolve('jasmine-core');
  const program = `
    require(${JSON.stringify(core)}).boot();
    const env = jasmine.getEnv();
    ${reporting(`require('fs').writeFileSync(${JSON.stringify(join(runner, 'result.json'))}, JSON.stringify(result));`)}
    require(${JSON.stringify(bundle)});
    env.execute();`;
  rmSync(join(runner, 'result.json'), { force: true });
  const { stderr } = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', cwd: runner });
  if (!existsSync(join(runner, 'result.json')))
    throw new Error(`the tests did not run: ${stderr.slice(-500)}`);
  return JSON.parse(readFileSync(join(runner, 'result.json'), 'utf8'));
}

/** An address that is never looked up: the page is answered here. WebGPU wants a secure one. */
const ADDRESS = 'https://gradparity.invalid/';

async function runInBrowser(bundle, backend) {
  buildIfNeeded();
  const { chromiumExecutable } = await import('../dist/sweep/run/lanes/chromium.js');
  const executablePath = chromiumExecutable();
  if (!executablePath)
    stop(`a patch of tfjs-backend-${backend} needs Chromium: set CHROMIUM to its executable.`);
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--use-angle=swiftshader',
      '--enable-unsafe-swiftshader',
      '--enable-unsafe-webgpu',
      '--ignore-gpu-blocklist',
    ],
  });
  try {
    const page = await browser.newPage();
    await page.route('**/*', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>upstream</title>' }),
    );
    await page.goto(ADDRESS);
    if (backend === 'webgpu' && !(await page.evaluate(async () => !!(await navigator.gpu?.requestAdapter()))))
      stop('a patch of tfjs-backend-webgpu needs a Chromium with a WebGPU adapter, which this one has not.');
    const jasmine = createRequire(import.meta.url).resolve('jasmine-core/lib/jasmine-core/jasmine.js');
    await page.addScriptTag({ content: readFileSync(jasmine, 'utf8') });
    await page.addScriptTag({
      content: `{
        const core = jasmineRequire.core(jasmineRequire);
        const env = core.getEnv();
        Object.assign(globalThis, jasmineRequire.interface(core, env));
        globalThis.finished = new Promise((resolve) => { ${reporting('resolve(result)')} });
      }`,
    });
    await page.addScriptTag({ content: readFileSync(bundle, 'utf8') });
    return await page.evaluate(() => {
      globalThis.jasmine.getEnv().execute();
      return globalThis.finished;
    });
  } finally {
    await browser.close();
  }
}

let program;
/** The errors of `it` and `describe`, which Jasmine declares. */
const OF_A_TEST_RUNNER = new Set([2582, 2593]);

/** The errors of types of files, each by its file and sentence. */
function typeErrors(files) {
  const { config } = ts.readConfigFile(join(tree, 'tsconfig.json'), ts.sys.readFile);
  const { options: own } = ts.parseJsonConfigFileContent({ ...config, files: ['none.ts'] }, ts.sys, tree);
  const roots = files.map((file) => join(tree, file)).filter((file) => existsSync(file));
  program = ts.createProgram(
    // With the methods of tensors, which another of the files may bring.
    [
      ...roots,
      join(tree, 'globals.d.ts'),
      join(tree, 'tfjs-core/src/public/chained_ops/register_all_chained_ops.ts'),
    ],
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
    return [...program.getSyntacticDiagnostics(parsed), ...program.getSemanticDiagnostics(parsed)]
      .filter(({ code }) => !OF_A_TEST_RUNNER.has(code))
      .map(
        ({ messageText }) =>
          `${file.slice(tree.length + 1)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      );
  });
}

console.error('Looking for the errors of types that the sources have by themselves …');
const stockErrors = new Set(typeErrors([...new Set(names.flatMap((name) => typed(read(name))))]));
let wrong = 0;
for (const name of names) {
  const patch = read(name);
  const needed = patch.needs.map(read);
  const touched = [...patch.files, ...needed.flatMap(({ files }) => files)];
  const complaints = [];
  // Which tests a backend leaves out is said in a setup_test.ts.
  const testFiles = [...new Set([...patch.tests.map(({ file }) => file), ...patch.present])].filter(
    (file) => !file.endsWith('/setup_test.ts'),
  );
  const told = [];
  try {
    if (testFiles.length === 0) complaints.push('it has no test');
    for (const other of needed) apply(other.sources);
    const onEach = async (files, kernels) => {
      const results = new Map();
      for (const backend of patch.backends) results.set(backend, await run(files, backend, kernels));
      return results;
    };
    const isOfCpu = patch.backends.includes('cpu');
    // The other backends lack ops, and fail in tests of TensorFlow.js' own.
    const stock = isOfCpu
      ? new Map()
      : await onEach(testFiles.filter((file) => existsSync(join(tree, file))));
    apply(patch.tests);
    // Compiled without the patch too, so that nothing but the patch differs; kernels with XNNPACK are in the release's binary alone.
    const before = await onEach(testFiles, compile(touched));
    apply(patch.sources);
    const compiled = compile(touched);
    if (compiled?.calls)
      throw new Error(`it needs XNNPACK, which is not compiled here: ${compiled.calls.join(', ')}`);
    const after = await onEach(testFiles, compiled);
    for (const backend of patch.backends) {
      const old = new Set(stock.get(backend)?.failed.map(({ name: test }) => test));
      const news = ({ failed }) => failed.filter(({ name: test }) => !old.has(test));
      const { passed } = after.get(backend);
      const failing =
        news(before.get(backend)).length + [...old].filter((test) => passed.includes(test)).length;
      if (failing === 0) complaints.push(`its tests pass without it on ${backend}`);
      for (const { name: test, why } of news(after.get(backend))) complaints.push(`${test}: ${why}`);
      told.push(`${failing} of its tests fail without it, ${passed.length} pass with it, on ${backend}`);
    }
    if (!isOfCpu) {
      // TensorFlow.js runs the same tests on all backends.
      for (const { name: test, why } of (await run(testFiles, 'cpu')).failed)
        complaints.push(`${test}: ${why}`);
    }
    for (const error of typeErrors(typed(patch))) if (!stockErrors.has(error)) complaints.push(error);
    for (const { file, diff } of patch.sources) {
      const long = diff.split('\n').find((line) => /^\+(?!\+\+ )/.test(line) && line.length > 81);
      if (long && !/import/.test(long))
        complaints.push(`${file} has a line of more than 80 characters: ${long}`);
    }
  } catch (error) {
    complaints.push(`${error.stderr ?? ''}${error.message}`.trim());
  }
  if (options.keep && name === names.at(-1)) cpSync(tree, options.keep, { recursive: true });
  restore(touched);
  if (complaints.length > 0) wrong++;
  console.log(
    complaints.length === 0 ? `${name}: ${told.join('; ')}` : `${name}: WRONG\n  ${complaints.join('\n  ')}`,
  );
}
console.log(`${names.length - wrong} of ${names.length} patches are right.`);
if (wrong > 0) process.exitCode = 1;
