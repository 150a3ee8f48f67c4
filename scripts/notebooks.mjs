/**
 * `npm run notebooks`: type-checks the cells of every notebook, or of those named, executes them, and compares what they print with the
 * outputs that are committed. `--write` executes them and writes the outputs, and the code of notebooks/en, into the notebooks of all
 * languages; the others' pictures are drawn with the labels of their folder. `--pictures` only draws these. `--types` only checks the types.
 *
 * The check runs with GRADPARITY_NOTEBOOKS=small, by which a notebook that takes minutes does less; `--full`, `--write` and `--pictures` run all. What a
 * cell with the tag "varies" prints is not compared. Exit code 1 where something is wrong with a notebook, 2 for wrong usage, 3 where the
 * environment lacks something. notebooks/README.md tells of the kernel.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  codeCells,
  folder,
  languages,
  notebookFile,
  notebookNames,
  notebookOf,
  notebookText,
  pictures,
  printed,
  readNotebook,
  root,
  textOf,
  varies,
} from './notebooks/format.mjs';
import { optionsOf } from './options.mjs';
import { setup } from './setup.mjs';

const results = path.join(root, 'runs', 'notebooks');
const kernels = path.join(results, 'jupyter');
/** Longer than that no cell takes, on the slowest backend. */
const cellSeconds = 900;

const flag = { type: 'boolean', default: false };
const { values: options, positionals } = optionsOf(
  'notebooks',
  { write: flag, pictures: flag, types: flag, full: flag },
  { allowPositionals: true },
);
const names = positionals.length > 0 ? positionals.map(named) : notebookNames();
try {
  await setup();
} catch (error) {
  quit(3, error.message);
}
// Packages may not have been there before.
const { typeErrors } = await import('./notebooks/types.mjs');
const { writeFileWhole } = await import('../dist/files/write.js');

const wrong = typeErrors(names);
if (wrong.length > 0) quit(1, `types:\n${indent(wrong.join('\n'))}`);
console.log(`Types: ${names.length} notebooks checked.`);
if (!options.types) await executeAll();

async function executeAll() {
  const task = options.write ? write : options.pictures ? draw : check;
  const python = await environment();
  let failed = 0;
  const started = performance.now();
  for (const name of names) {
    const begun = performance.now();
    const complaint = await task(python, name);
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    if (complaint !== undefined) failed++;
    console.error(
      complaint === undefined ? `${name}: ${seconds} s` : `${name}: failed after ${seconds} s, ${complaint}`,
    );
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(`Notebooks: ${names.length - failed} executed in ${seconds} s, ${failed} failed.`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/** The Python that has the kernel and what runs it. */
async function environment() {
  try {
    const { pythonEnvironment } = await import('./python-environment.mjs');
    const python = pythonEnvironment(path.join(folder, 'requirements.txt'));
    const deno = path.join(path.dirname(python), process.platform === 'win32' ? 'deno.exe' : 'deno');
    const kernel = {
      argv: [deno, 'jupyter', '--kernel', '--conn', '{connection_file}'],
      display_name: 'Deno',
      language: 'typescript',
    };
    mkdirSync(path.join(kernels, 'kernels', 'deno'), { recursive: true });
    writeFileSync(path.join(kernels, 'kernels', 'deno', 'kernel.json'), JSON.stringify(kernel));
    return python;
  } catch (error) {
    return quit(3, error.message);
  }
}

/** Executes a notebook; what is wrong with it, or undefined. */
function check(python, name) {
  const { executed, complaint } = execute(python, name, languages[0]);
  return complaint ?? difference(name, executed);
}

/** A notebook of a language with its outputs, or what is wrong with it. */
function execute(python, name, language) {
  const source = notebookFile(language, name);
  const target = path.join(results, `${name}.ipynb`);
  mkdirSync(results, { recursive: true });
  rmSync(target, { force: true });
  const run = spawnSync(python, [path.join(folder, 'execute.py'), source, target, `${cellSeconds}`], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      // libtensorflow reads these from the environment that the kernel started with.
      TF_CPP_MIN_LOG_LEVEL: '2',
      TF_ENABLE_ONEDNN_OPTS: '0',
      GRADPARITY_NOTEBOOKS: options.write || options.pictures || options.full ? 'full' : 'small',
      ...process.env,
      DENO_DIR: path.join(results, 'deno'),
      DENO_NO_UPDATE_CHECK: '1',
      NO_COLOR: '1',
      JUPYTER_PATH: kernels,
      JUPYTER_NO_CONFIG: '1',
    },
  });
  if (!existsSync(target))
    return { complaint: run.error?.message ?? `the kernel says:\n${indent(lastLines(run.stderr))}` };
  const executed = readNotebook(target);
  return { executed, complaint: failureOf(executed) };
}

/** The first cell that failed or wrote to stderr, in words. */
function failureOf(executed) {
  for (const [index, { outputs }] of codeCells(executed).entries()) {
    for (const output of outputs) {
      const at = `in code cell ${index + 1}`;
      if (output.output_type === 'error') return `${at}:\n${indent(output.traceback.join('\n'))}`;
      if (output.name === 'stderr') return `${at}, which wrote to stderr:\n${indent(textOf(output.text))}`;
    }
  }
  return undefined;
}

/** Where the outputs are others than those that each language's notebook holds. */
function difference(name, executed) {
  const now = codeCells(executed);
  for (const language of languages) {
    const committed = codeCells(notebookOf(language, name) ?? { cells: [] });
    for (const [index, cell] of now.entries()) {
      const before = committed[index];
      const at = `code cell ${index + 1} of ${language}`;
      const way = 'If that is right, `npm run notebooks -- --write` writes the new outputs.';
      if (before === undefined) return `${at} is missing. \`npm run notebooks -- --write\` needs it too.`;
      if (`${pictures(before)}` !== `${pictures(cell)}`)
        return `${at} shows ${pictures(cell).length} pictures, ${pictures(before).length} are committed. ${way}`;
      if (!varies(cell) && printed(before) !== printed(cell))
        return `${at} prints\n${indent(printed(cell))}\n  committed is\n${indent(printed(before))}\n  ${way}`;
    }
  }
  return undefined;
}

/** Executes the first language's notebook and writes its code and outputs into that of each language; none, where the cells of one do not correspond. */
async function write(python, name) {
  const { executed, complaint } = execute(python, name, languages[0]);
  if (complaint !== undefined) return complaint;
  const cells = codeCells(executed).map((cell, index) => ({
    source: cell.source,
    metadata: withoutTimes(cell.metadata),
    outputs: tidied(cell.outputs),
    execution_count: index + 1,
  }));
  const notebooks = languages.map((language) => [notebookFile(language, name), notebookOf(language, name)]);
  for (const [file, notebook] of notebooks) {
    const found = notebook && codeCells(notebook).length;
    if (found !== cells.length)
      return `${path.relative(root, file)} must have ${cells.length} code cells as the English one has, got ${found ?? 'no file'}.`;
  }
  for (const [file, notebook] of notebooks) {
    codeCells(notebook).forEach((cell, index) => Object.assign(cell, cells[index]));
    notebook.metadata.language_info = executed.metadata.language_info;
    await writeFileWhole(file, notebookText(notebook));
  }
  return draw(python, name);
}

/** Executes the other languages' notebooks, whose folders have labels of their own, and writes their pictures into them. What is printed stays. */
async function draw(python, name) {
  for (const language of languages.slice(1)) {
    const notebook = notebookOf(language, name);
    if (!codeCells(notebook).some((cell) => pictures(cell).length > 0)) continue;
    const { executed, complaint } = execute(python, name, language);
    if (complaint !== undefined) return `${language}, ${complaint}`;
    for (const [index, cell] of codeCells(notebook).entries()) {
      const drawn = tidied(codeCells(executed)[index].outputs).filter(({ data }) => data !== undefined);
      if (drawn.length !== pictures(cell).length)
        return `${language}, code cell ${index + 1} draws ${drawn.length} pictures, ${pictures(cell).length} are committed.`;
      cell.outputs = cell.outputs.map((output) => (output.data === undefined ? output : drawn.shift()));
    }
    await writeFileWhole(notebookFile(language, name), notebookText(notebook));
  }
  return undefined;
}

function withoutTimes(metadata) {
  const kept = { ...metadata };
  delete kept.execution;
  return kept;
}

/** Outputs as they are committed: one text for what is printed in a row, pictures in hundredths of a pixel. */
function tidied(outputs) {
  const tidy = [];
  for (const output of outputs) {
    const last = tidy.at(-1);
    if (output.output_type === 'stream' && last?.output_type === 'stream') last.text += textOf(output.text);
    else if (output.output_type === 'stream') tidy.push({ ...output, text: textOf(output.text) });
    else tidy.push(withShortPicture(output));
  }
  return tidy;
}

function withShortPicture(output) {
  const svg = output.data?.['image/svg+xml'];
  if (svg === undefined) return output;
  // Within tags only: the numbers of labels stay as they are.
  const short = textOf(svg).replace(/<[^>]*>/g, (tag) =>
    tag.replace(/-?\d+\.\d{3,}/g, (number) => `${Math.round(100 * Number(number)) / 100}`),
  );
  return { ...output, data: { ...output.data, 'image/svg+xml': short } };
}

/** The name of a notebook given by its path or name. */
function named(argument) {
  const name = path.basename(argument, '.ipynb');
  if (notebookNames().includes(name)) return name;
  return quit(2, `there is no notebook ${argument}; there are ${notebookNames().join(', ')}.`);
}

function quit(code, message) {
  console.error(`notebooks: ${message}`);
  process.exit(code);
}

function lastLines(output) {
  return output.trim().split('\n').slice(-12).join('\n');
}

function indent(lines) {
  return lines
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => `    ${line}`)
    .join('\n');
}
