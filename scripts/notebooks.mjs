/**
 * `npm run notebooks`: executes every notebook of notebooks/, or those named, into runs/notebooks/: as a notebook with its
 * outputs, as a page, and each picture as an SVG file. `--clear` instead takes the outputs out of the notebooks themselves.
 *
 * Exit code 1 where a cell fails, or a notebook was saved with outputs; 2 for a notebook that there is none of; 3 where the
 * environment lacks something. The kernel is tslab from node_modules; its kernelspec in runs/notebooks/jupyter serves an editor too:
 * `JUPYTER_PATH=$PWD/runs/notebooks/jupyter jupyter lab notebooks`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setup } from './setup.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const sources = path.join(root, 'notebooks');
const results = path.join(root, 'runs', 'notebooks');
const kernels = path.join(results, 'jupyter');

const { values: options, positionals } = parsed();
const names = positionals.length > 0 ? positionals.map(named) : all();
if (options.clear) names.forEach(clear);
else await executeAll();

function parsed() {
  try {
    return parseArgs({ options: { clear: { type: 'boolean' } }, allowPositionals: true });
  } catch (error) {
    console.error(`notebooks: ${error.message}`);
    process.exit(2);
  }
}

async function executeAll() {
  const python = await environment();
  writeKernelspec();
  const failures = names.filter((name) => !execute(python, name));
  console.log(`Notebooks: ${names.length - failures.length} executed, ${failures.length} failed.`);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

/** The Python that has nbconvert, everything else set up before it. */
async function environment() {
  try {
    await setup();
    // dist/, which this imports from, may not have been there before.
    const { pythonEnvironment } = await import('./python-environment.mjs');
    return pythonEnvironment(path.join(sources, 'requirements.txt'));
  } catch (error) {
    console.error(`notebooks: ${error.message}`);
    process.exit(3);
  }
}

/** Whether the notebook ran to its end. Says what became of it. */
function execute(python, name) {
  removeResults(name);
  const notebook = read(path.join(sources, `${name}.ipynb`));
  if (hasOutputs(notebook)) {
    console.error(
      `${name}: was saved with outputs. \`npm run notebooks -- --clear\` takes them out; they belong in runs/.`,
    );
    return false;
  }
  console.error(`${name}: executing …`);
  const started = performance.now();
  const run = nbconvert(python, ['--to', 'notebook', '--execute', path.join(sources, `${name}.ipynb`)]);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const executed = path.join(results, `${name}.ipynb`);
  const failure = run.status === 0 ? complaint(read(executed)) : explain(notebook, run);
  if (failure !== undefined) {
    console.error(`${name}: failed after ${seconds} s, ${failure}`);
    return false;
  }
  const pictures = extractPictures(executed, name);
  const page = nbconvert(python, ['--to', 'html', executed]);
  if (page.status !== 0) {
    console.error(`${name}: executed, but the page could not be made: ${lastLines(page.stderr)}`);
    return false;
  }
  console.error(
    `${name}: executed in ${seconds} s; runs/notebooks/${name}.html, ${pictures} picture${pictures === 1 ? '' : 's'}.`,
  );
  return true;
}

function nbconvert(python, args) {
  const timeout = '--ExecutePreprocessor.timeout=900';
  return spawnSync(python, ['-m', 'nbconvert', timeout, '--output-dir', results, ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      // libtensorflow reads these from the environment that the kernel started with.
      TF_CPP_MIN_LOG_LEVEL: '2',
      TF_ENABLE_ONEDNN_OPTS: '0',
      ...process.env,
      JUPYTER_PATH: kernels,
      JUPYTER_NO_CONFIG: '1',
    },
  });
}

/** Which cell failed, and with what, out of nbconvert's report. */
function explain(notebook, { stderr, error }) {
  if (error) return error.message;
  const report = stderr.split('An error occurred while executing the following cell:\n')[1];
  const index = report ? notebook.cells.findIndex(({ source }) => report.includes(text(source))) : -1;
  if (index < 0) return `nbconvert says:\n${lastLines(stderr)}`;
  const source = text(notebook.cells[index].source);
  const output = report.slice(report.indexOf(source) + source.length).replace(/^-{5,}.*$/gm, '');
  return `in cell ${index + 1}, which begins ${JSON.stringify(source.split('\n', 1)[0])}:\n${indent(output)}`;
}

/** What a cell wrote to stderr: tslab only prints an error that nothing awaited. */
function complaint({ cells }) {
  for (const [index, { outputs = [] }] of cells.entries()) {
    const stderr = outputs.filter((output) => output.name === 'stderr').map((output) => text(output.text));
    if (stderr.length > 0) return `cell ${index + 1} wrote to stderr:\n${indent(stderr.join(''))}`;
  }
  return undefined;
}

/** Writes every SVG picture of the outputs to a file, and returns how many there are. */
function extractPictures(file, name) {
  const pictures = read(file).cells.flatMap(({ outputs = [] }) =>
    outputs.map(({ data }) => data?.['image/svg+xml']).filter((svg) => svg !== undefined),
  );
  pictures.forEach((svg, k) => writeFileSync(path.join(results, `${name}-${k + 1}.svg`), text(svg)));
  return pictures.length;
}

function removeResults(name) {
  for (const file of existsSync(results) ? readdirSync(results) : []) {
    const mine = file.startsWith(name) && /^(-\d+\.svg|\.ipynb|\.html)$/.test(file.slice(name.length));
    if (mine) rmSync(path.join(results, file));
  }
}

function writeKernelspec() {
  const folder = path.join(kernels, 'kernels', 'tslab');
  mkdirSync(folder, { recursive: true });
  const tslab = path.join(root, 'node_modules', 'tslab', 'bin', 'tslab');
  const kernel = {
    argv: [process.execPath, tslab, 'kernel', '--config-path', '{connection_file}'],
    display_name: 'TypeScript',
    language: 'typescript',
  };
  writeFileSync(path.join(folder, 'kernel.json'), `${JSON.stringify(kernel, null, 2)}\n`);
}

/** Takes the outputs out, in the layout that Jupyter itself writes. */
function clear(name) {
  const file = path.join(sources, `${name}.ipynb`);
  const notebook = read(file);
  if (!hasOutputs(notebook)) return;
  for (const cell of notebook.cells.filter((each) => each.cell_type === 'code')) {
    cell.outputs = [];
    cell.execution_count = null;
    delete cell.metadata.execution;
  }
  writeFileSync(file, `${JSON.stringify(notebook, null, 1)}\n`);
  console.error(`${name}: outputs taken out.`);
}

function all() {
  return readdirSync(sources)
    .filter((file) => file.endsWith('.ipynb'))
    .map((file) => path.basename(file, '.ipynb'))
    .sort();
}

/** The name of a notebook given by its path or name. */
function named(argument) {
  const name = path.basename(argument, '.ipynb');
  if (existsSync(path.join(sources, `${name}.ipynb`))) return name;
  console.error(`notebooks: there is no notebook ${argument}; there are ${all().join(', ')}.`);
  process.exit(2);
}

/** A field of a notebook, which may be one text or a list of lines. */
function text(field) {
  return Array.isArray(field) ? field.join('') : field;
}

function hasOutputs({ cells }) {
  return cells.some(
    ({ outputs = [], execution_count = null }) => outputs.length > 0 || execution_count !== null,
  );
}

function read(file) {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function lastLines(output) {
  return indent(output.trim().split('\n').slice(-12).join('\n'));
}

function indent(lines) {
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `    ${line}`)
    .join('\n');
}
