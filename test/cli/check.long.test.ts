/** `gradparity check` on files, run as a user runs it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gradparity, main } from './run-cli.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
let cwd: string;

beforeAll(() => {
  cwd = mkdtempSync(path.join(os.tmpdir(), 'gradparity-check-'));
  symlinkSync(path.join(root, 'node_modules'), path.join(cwd, 'node_modules'), 'dir');
});

afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const tfImport = "import * as tf from '@tensorflow/tfjs';\n";
const right = "{ name: 'right', f: (x) => tf.sin(x), inputs: [[1, 2]] }";
const doubled = `{ name: 'doubled', inputs: () => [[1, 2]], f: tf.customGrad((x, save) => {
  save([x]);
  return { value: tf.square(x), gradFunc: (dy, [x]) => tf.mul(dy, tf.mul(x, 4)) };
}) }`;

function file(name: string, content: string): string {
  mkdirSync(path.dirname(path.join(cwd, name)), { recursive: true });
  writeFileSync(path.join(cwd, name), content);
  return name;
}

const check = (...args: string[]) => gradparity(['check', ...args], { cwd });

/** Loaded before the command: fs.watch as it is at the limit of inotify. */
const NO_WATCHERS = `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
fs.watch = () => {
  throw Object.assign(new Error('ENOSPC: System limit for number of file watchers reached'), { code: 'ENOSPC', errno: -28 });
};
syncBuiltinESMExports();
`;

describe('check', () => {
  test('the example: explains what is wrong, writes its page, exits with 1', async () => {
    const page = path.join(cwd, 'r.html');
    const { code, stdout } = await check(path.join(root, 'examples/custom-op.ts'), '--html', page);
    expect(code).toBe(1);
    expect(stdout).toMatch(/right +│ swish /);
    expect(stdout).toMatch(/dy is ignored/);
    expect(stdout).toMatch(/½ times what it should be/);
    expect(stdout).toMatch(/wrong only where x < 0/);
    expect(stdout).toMatch(/2 right, 3 wrong\./);
    expect(stdout).toMatch(/Seed 1/);
    expect(readFileSync(page, 'utf8')).toMatch(/dy is ignored[^]*<svg/);
  });

  test('JSON, of several files, in every kind of script', async () => {
    const files = [
      file('a.mjs', `${tfImport}export default [${right}];`),
      file('b.cjs', `const tf = require('@tensorflow/tfjs'); module.exports = { cases: [${doubled}] };`),
      file(
        'c.ts',
        `${tfImport}const x: number[] = [1];\nexport const cases = [{ name: 'typed', f: (t: tf.Tensor): tf.Tensor => tf.sqrt(tf.mul(t, 0)), inputs: [x] }];`,
      ),
    ];
    const { code, stdout } = await check(...files, '--json');
    expect(code).toBe(1);
    const document = JSON.parse(stdout) as {
      schemaVersion: number;
      results: {
        file: string;
        name: string;
        report: { verdict: string; inputs: { maxRelativeError: unknown }[] };
      }[];
    };
    expect(document).toMatchObject({ schemaVersion: 1, command: 'check', passed: 1, failed: 2 });
    expect(document.results.map(({ name, report }) => [name, report.verdict])).toEqual([
      ['right', 'right'],
      ['doubled', 'wrong'],
      ['typed', 'wrong'],
    ]);
    expect(document.results[2].report.inputs[0].maxRelativeError).toBe('Infinity');
  });

  test('options reach the checks; a pattern chooses cases', async () => {
    const name = file('options.mjs', `${tfImport}export default [${right}, ${doubled}];`);
    const { code, stdout } = await check(
      name,
      '--mode',
      'fast',
      '--seed',
      '4',
      '--order',
      '2',
      '--case',
      'righ',
      '--json',
    );
    expect(code).toBe(0);
    const { results } = JSON.parse(stdout) as { results: { report: object }[] };
    expect(results).toHaveLength(1);
    expect(results[0].report).toMatchObject({ mode: 'fast', seed: 4, order: 2, verdict: 'right' });
    const native = await check(
      name,
      '--precision',
      'native',
      '--backend',
      'wasm',
      '--case',
      'right',
      '--json',
    );
    expect(JSON.parse(native.stdout)).toMatchObject({
      results: [{ report: { precision: 'native', backend: 'wasm' } }],
    });
    expect(await check(name, '--case', 'none')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no case's name contains"),
    });
  });

  test('a model is a case', async () => {
    const name = file(
      'model.mjs',
      `${tfImport}export default [{ name: 'model', model: () => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] }), x: [[1, 2, 3]], y: [[0, 1]], loss: 'meanSquaredError' }];`,
    );
    const { code, stdout } = await check(name, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      results: [{ report: { inputs: [{ name: 'dense_Dense1/kernel' }, { name: 'dense_Dense1/bias' }] } }],
    });
  });

  test('a model’s case may leave out the loss that it was compiled with, and weigh classes', async () => {
    const model = (compile: string): string =>
      `model: () => { const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], activation: 'softmax' })] }); ${compile} return model; }, x: [[1, 2, 3]], y: [[0, 1]]`;
    const compile = "model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });";
    const name = file(
      'compiled.mjs',
      `${tfImport}export default [
  { name: 'compiled', ${model(compile)} },
  { name: 'weighted', ${model(compile)}, options: { classWeight: { 0: 1, 1: 2 }, sampleWeight: [3] } },
  { name: 'unweighted', ${model(compile)}, options: { classWeight: { 0: 1 } } },
  { name: 'not compiled', ${model('')} },
];`,
    );
    const { stdout } = await check(name, '--json');
    const { results } = JSON.parse(stdout) as { results: { error?: string; report?: { verdict: string } }[] };
    expect(results.map(({ report, error }) => report?.verdict ?? error)).toEqual([
      'right',
      'right',
      expect.stringContaining('a weight for every class in y; it has none for 1'),
      expect.stringContaining('the model was not compiled'),
    ]);
  });

  test('cases that throw, hang or end the process are named, and the others judged', async () => {
    const name = file(
      'bad.mjs',
      `${tfImport}export default [
  { name: 'throws', f: () => { throw new Error('boo'); }, inputs: [[1]] },
  { name: 'hangs', f: () => { for (;;); }, inputs: [[1]] },
  { name: 'exits', f: () => process.exit(3), inputs: [[1]] },
  { name: 'promise', f: async (x) => x, inputs: [[1]] },
  { name: 'integers', f: (x) => x, inputs: () => [tf.tensor1d([1], 'int32')] },
  ${right},
];`,
    );
    const { code, stdout } = await check(name, '--time-limit', '8', '--json');
    expect(code).toBe(1);
    const { results } = JSON.parse(stdout) as {
      results: { name: string; error?: string; report?: object }[];
    };
    expect(results.map(({ name, error }) => [name, error])).toEqual([
      ['throws', 'gradcheck: f threw: boo'],
      ['hangs', 'The case did not end within 8 s (--time-limit).'],
      ['exits', 'The case ended the process (exit code 3).'],
      ['promise', expect.stringContaining('got a promise')],
      ['integers', expect.stringContaining('nothing to differentiate')],
      ['right', undefined],
    ]);
    expect(results[5].report).toMatchObject({ verdict: 'right' });
  });

  test.each([
    ['no export', 'none.mjs', 'const a = 1;', /exports no cases/],
    ['a function', 'function.mjs', 'export default () => 1;', /exports no cases.*a function/],
    ['an empty list', 'empty.mjs', 'export default [];', /empty list/],
    ['no name', 'unnamed.mjs', 'export default [{ f: () => 1, inputs: [] }];', /must have a name/],
    [
      'twice the same name',
      'twice.mjs',
      "const a = { name: 'a', f: () => 1, inputs: [] }; export default [a, a];",
      /two cases are named "a"/,
    ],
    ['no inputs', 'inputs.mjs', "export default [{ name: 'a', f: () => 1 }];", /case "a" has no inputs/],
    [
      'a stray key',
      'stray.mjs',
      "export default [{ name: 'a', f: () => 1, inputs: [], input: 1 }];",
      /has input, which means nothing/,
    ],
    [
      'an error at import',
      'import.mjs',
      "\nthrow new Error('at import');",
      /import\.mjs could not be loaded: at import \(line 2\)/,
    ],
    ['an import that never ends', 'forever.mjs', 'for (;;);', /did not end within 8 s.*while it was loaded/],
  ])(
    '%s: one sentence, exit code 2; another file is judged all the same',
    async (_what, name, content, message) => {
      const good = file('good.mjs', `${tfImport}export default [${right}];`);
      const { code, stdout, stderr } = await check(file(name, content), good, '--time-limit', '8');
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/\n +at /);
      expect(stdout).toMatch(/1 right\./);
      expect(code).toBe(2);
    },
  );

  test.each([
    [['missing.ts'], /no file missing\.ts/],
    [['data.json'], /must be a script/],
    [['good.mjs', '--mode', 'slow'], /--mode/],
    [['good.mjs', '--order', '3'], /--order/],
    [['good.mjs', '--backend', 'all'], /for the textbook/],
  ])('%j is refused', async (args, message) => {
    file('good.mjs', `${tfImport}export default [${right}];`);
    file('data.json', '[]');
    const { code, stderr } = await check(...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });

  test('what the user prints does not mix with the JSON', async () => {
    const name = file('prints.mjs', `${tfImport}console.log('hello'); export default [${right}];`);
    const { stdout, stderr } = await check(name, '--json');
    expect(() => JSON.parse(stdout) as unknown).not.toThrow();
    expect(stderr).toMatch('hello');
  });

  test.each([
    ['by the system', []],
    // chokidar asks fs.watch, which the system refuses where its number of watched files is used up.
    [
      'by looking, where the system watches no more files',
      ['--import', 'data:text/javascript,' + encodeURIComponent(NO_WATCHERS)],
    ],
  ])('--watch checks again when a file changes, until interrupted: %s', async (_how, node) => {
    const name = file(`watch-${node.length}/cases.mjs`, `${tfImport}export default [${doubled}];`);
    const child = spawn(process.execPath, [...node, main, 'check', name, '--watch'], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const until = async (ready: () => boolean): Promise<void> => {
      while (!ready()) {
        if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${stdout}${stderr}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    await until(() => stdout.includes('1 wrong.') && stderr.includes('Watching'));
    expect(stderr.includes('The system watches no more files (ENOSPC): looking at them')).toBe(
      node.length > 0,
    );
    file(name, `${tfImport}export default [${right}];`);
    await until(() => stdout.includes('1 right.'));
    child.kill('SIGINT');
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(130);
  });
});
