/**
 * Every program of the committed report, as a user runs it. Oracle: what the report says that it prints. Programs with the same imports share a
 * process; what does not show there what the report says has a process of its own, as has what ends its process or does not end. Those of WebGL
 * and WebGPU run in pages of Chromium, in the same way.
 */
import { fork, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chromiumExecutable } from '../../../src/sweep/run/lanes/chromium.js';
import { isForBrowser, openPrograms } from './chromium-programs.js';

interface Program {
  id: string;
  code: string;
  got: string;
  expected: string;
}

interface Ending {
  out: string;
  err: string;
  code: number | null;
  signal: string | null;
  late: boolean;
}

/** The page is Markdown: signs are escaped in sentences, not in spans of code. */
const plain = (text: string): string =>
  text.startsWith('`')
    ? text.replace(/^`+ ?| ?`+$/g, '').replaceAll('\\|', '|')
    : text.replace(/\\(.)/g, '$1');

function programsOf(page: string): Program[] {
  const blocks = [
    ...page.matchAll(
      /<details id="[^"]*">\n<summary><code>(.*)<\/code><\/summary>\n\n.*\n\n(`{3,})js\n([^]*?)\n\2\n\nGot (.*), expected (.*)\.\n\n<\/details>/g,
    ),
  ];
  return blocks.map(([, id, , code, got, expected]) => ({
    id,
    code,
    got: plain(got),
    expected: plain(expected),
  }));
}

/** Seconds for a program that ends. */
const LIMIT = 60;
/** And for one that is said not to. */
const HANGING = 12;

// As from a user's terminal: what the tests set for libtensorflow is not set there.
const env: NodeJS.ProcessEnv = {
  ...process.env,
  TF_CPP_MIN_LOG_LEVEL: '2',
  TF_ENABLE_ONEDNN_OPTS: undefined,
  NODE_OPTIONS: undefined,
};

/** Of Node: with what tfjs-node calls and Node 23 has no more, as in a tfjs-node that has been set up. */
const options = ['--import', new URL('removed-functions.mjs', import.meta.url).href];

function run(file: string, seconds: number): Promise<Ending> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...options, file], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err, late] = ['', '', false];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, 1000 * seconds);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ out: out.trim().split('\n').at(-1) ?? '', err, code, signal, late });
    });
  });
}

const host = fileURLToPath(new URL('host.mjs', import.meta.url));

/** What the programs of these files did in one process, by their places; those after one that ended the process, or did not end, are not there. */
function runTogether(files: readonly string[]): Promise<Map<number, Ending>> {
  return new Promise((resolve) => {
    const endings = new Map<number, Ending>();
    const child = fork(host, files, { env, execArgv: options, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    const stop = (): NodeJS.Timeout => setTimeout(() => child.kill('SIGKILL'), 1000 * LIMIT);
    let timer = stop();
    child.on('message', ({ index, ...ending }: Pick<Ending, 'out' | 'err' | 'code'> & { index: number }) => {
      clearTimeout(timer);
      timer = stop();
      endings.set(index, { ...ending, signal: null, late: false });
    });
    child.on('close', () => {
      clearTimeout(timer);
      resolve(endings);
    });
  });
}

const numbersIn = (text: string): number[] =>
  [...text.matchAll(/-?(?:NaN|Infinity|\d+(?:\.\d+)?(?:e[-+]?\d+)?)/g)].map(([number]) => Number(number));

/** The report has six digits, and the core's gradients in double precision, which the program computes in float32. */
function close(got: readonly number[], said: readonly number[]): boolean {
  const largest = Math.max(...said.filter(Number.isFinite).map(Math.abs), 1e-3);
  return (
    got.length === said.length &&
    said.every(
      (value, i) =>
        Object.is(got[i], value) || got[i] === value || Math.abs(got[i] - value) <= 2e-3 * largest,
    )
  );
}

/** What is wrong with how the program ended; undefined where it shows what the report says. */
function complaint(
  { got }: Pick<Program, 'got'>,
  { out, err, code, signal, late }: Ending,
): string | undefined {
  const ended = `printed ${JSON.stringify(out)}, exit ${code ?? signal}, ${JSON.stringify(err.slice(-200))}`;
  const is = (shown: boolean): string | undefined => (shown ? undefined : ended);
  if (/does not end within/.test(got)) return is(late);
  // TensorFlow.js goes on with what was in the memory: what WebGPU says is on the console.
  const refused = /^WebGPU refuses it: (.*)/.exec(got);
  if (refused) return is(err.includes(refused[1]));
  if (late) return `did not end, ${ended}`;
  if (got === 'other numbers each time') return is(code === 0 && numbersIn(out).length > 0);
  if (/^(?:the process|.* kills |.*takes more than|.* ends the process)/.test(got)) return is(code !== 0);
  const leaked = /^(\d+) tensors? more than before$/.exec(got);
  if (leaked) return is(code === 0 && out === leaked[1]);
  if (got.startsWith('shape ')) return is(code === 0 && out === got);
  const single = /^(\S+) at entry (\d+)$/.exec(got);
  if (single) return is(code === 0 && close([numbersIn(out)[Number(single[2])]], [Number(single[1])]));
  if (/^[[\d-]|^NaN$|^Infinity$/.test(got)) {
    const said = numbersIn(got);
    const printed = numbersIn(out);
    return is(code === 0 && close(got.includes('…') ? printed.slice(0, said.length) : printed, said));
  }
  if (/^an error: tf\.grad finds no connection/.test(got)) return is(code !== 0 && /gradient/i.test(err));
  // Chromium names the call that refuses its argument at times, and the device that is lost by several names.
  const said = got.replace(/^Failed to execute '\w+' on '\w+': (?:Failed to read [^:]*: )?/, '');
  if (got === 'Instance dropped in popErrorScope') return is(code !== 0);
  return is(code !== 0 && err.replace(/\s+/g, ' ').includes(said.replace(/\s+/g, ' ')));
}

const folders = fileURLToPath(new URL('../../../runs', import.meta.url));
let folder: string;
beforeAll(() => {
  // Inside of the repository, where Node finds TensorFlow.js.
  mkdirSync(folders, { recursive: true });
  folder = mkdtempSync(path.join(folders, 'programs-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Whether a program does what no other in its process would survive. */
const isAlone = ({ got }: Program): boolean =>
  /does not end|^the process| kills |takes more than|ends the process|other numbers/.test(got);

/** Browsers side by side: a program waits for the device, or for its time to be over, for most of its time. */
const BROWSERS = 3;

/** Programs that share a process: those with the same first lines, so many at a time. */
const TOGETHER = 16;

function groupsOf(programs: readonly Program[]): number[][] {
  const places = programs.map((_, index) => index);
  const alone = places.filter((index) => isAlone(programs[index])).map((index) => [index]);
  const byHead = new Map<string, number[]>();
  for (const index of places.filter((one) => !isAlone(programs[one]))) {
    const [head] = programs[index].code.split('\n');
    byHead.set(head, [...(byHead.get(head) ?? []), index]);
  }
  const together = [...byHead.values()].flatMap((all) =>
    Array.from({ length: Math.ceil(all.length / TOGETHER) }, (_, i) =>
      all.slice(i * TOGETHER, (i + 1) * TOGETHER),
    ),
  );
  return [...together, ...alone];
}

/** Where programs run, by their numbers. */
interface Place {
  /** What programs did that ran one after the other, by their places among these; some may be missing. */
  together(indices: readonly number[]): Promise<ReadonlyMap<number, Ending>>;
  alone(index: number): Promise<Ending>;
}

const secondsFor = ({ got }: Program): number => (/does not end/.test(got) ? HANGING : LIMIT);

/** What is wrong with programs: each place takes the next of them that share one. */
async function complaintsIn(places: readonly Place[], programs: readonly Program[]): Promise<string[]> {
  const groups = groupsOf(programs);
  const found: string[] = [];
  await Promise.all(
    places.map(async (where) => {
      for (let group = groups.pop(); group; group = groups.pop()) {
        const together = group.length > 1 ? await where.together(group) : new Map<number, Ending>();
        for (const [place, index] of group.entries()) {
          const program = programs[index];
          const shared = together.get(place);
          if (shared && complaint(program, shared) === undefined) continue;
          const wrong = complaint(program, await where.alone(index));
          if (wrong !== undefined) found.push(`${program.id}: got ${program.got}, but it ${wrong}`);
        }
      }
    }),
  );
  return found;
}

/** What is wrong with programs that run in Chromium. */
async function complaintsInBrowser(programs: readonly Program[]): Promise<string[]> {
  if (programs.length === 0) return [];
  const browsers = await openPrograms(Math.min(BROWSERS, programs.length));
  const codesOf = (indices: readonly number[]): string[] => indices.map((index) => programs[index].code);
  const places = browsers.map((browser): Place => ({
    together: async (indices) => new Map((await browser.run(codesOf(indices), LIMIT)).entries()),
    alone: async (index) => (await browser.run(codesOf([index]), secondsFor(programs[index])))[0],
  }));
  try {
    return await complaintsIn(places, programs);
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
  }
}

function complaintsOf(programs: readonly Program[]): Promise<string[]> {
  const fileOf = (index: number): string => path.join(folder, `${index}.mjs`);
  programs.forEach(({ code }, index) => writeFileSync(fileOf(index), code));
  const place: Place = {
    together: (indices) => runTogether(indices.map(fileOf)),
    alone: (index) => run(fileOf(index), secondsFor(programs[index])),
  };
  return complaintsIn(
    Array.from({ length: availableParallelism() }, () => place),
    programs,
  );
}

const page = readFileSync(
  process.env.GRADPARITY_REPORT ?? new URL('../../../docs/tfjs-gradients.md', import.meta.url),
  'utf8',
);

describe("the report's programs", () => {
  test('are there, one a finding', () => {
    const { length } = [...page.matchAll(/^<details id=/gm)];
    expect(length).toBeGreaterThan(300);
    expect(programsOf(page)).toHaveLength(length);
  });

  test('print what the report says', async () => {
    expect(await complaintsOf(programsOf(page).filter((one) => !isForBrowser(one)))).toEqual([]);
  }, 1_200_000);

  (chromiumExecutable() === undefined ? test.skip : test)(
    'print it in Chromium, where they are for WebGL and WebGPU',
    async () => {
      expect(await complaintsInBrowser(programsOf(page).filter(isForBrowser))).toEqual([]);
      // What is not so is told.
      const code =
        "import * as tf from '@tensorflow/tfjs'; await tf.setBackend('webgl');\nconsole.log('1 2.1');";
      const untrue = [
        { id: 'numbers', code, got: '[1, 2]', expected: '' },
        { id: 'error', code, got: 'no kernel', expected: '' },
        { id: 'refusal', code, got: 'WebGPU refuses it: no', expected: '' },
      ];
      expect(await complaintsInBrowser(untrue)).toHaveLength(untrue.length);
    },
    1_200_000,
  );

  test('a program that prints something else is told from them', async () => {
    const print = (text: string): string => `console.log(${JSON.stringify(text)});`;
    const all: [got: string, code: string][] = [
      ['[1, 2]', print('1 2.1')],
      ['[1, 2]', print('1')],
      ['[1, 2]', 'throw new Error("no")'],
      ['5 at entry 1', print('5 1')],
      ['shape [1,2]', print('shape [2,1]')],
      ['2 tensors more than before', print('3')],
      ['gradient function not found for Einsum', print('1')],
      ['gradient function not found for Einsum', 'throw new Error("another")'],
      ['an error: tf.grad finds no connection', print('0')],
    ];
    const programs = all.map(([got, code], i) => ({ id: String(i), code, got, expected: '' }));
    expect(await complaintsOf(programs)).toHaveLength(all.length);
    const right = [
      ['[1, 2]', print('1 2.0001')],
      ['[1, …]', print('1 7')],
      ['no', 'throw new Error("no")'],
    ].map(([got, code], i) => ({ id: String(i), code, got, expected: '' }));
    expect(await complaintsOf(right)).toEqual([]);
  }, 60_000);
});
