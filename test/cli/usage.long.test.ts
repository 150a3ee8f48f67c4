/** The command line's manners: help, wrong usage and its exit codes, where options come from. Commands run as processes. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { present } from '../support/present.js';
import { gradparity, main, writeDigits, type Outcome } from './run-cli.js';

// Not in beforeAll: concurrent tests start before it.
const folder = await mkdtemp(path.join(os.tmpdir(), 'usage-'));
const data = await writeDigits(path.join(folder, 'data'));
await writeFile(path.join(folder, 'file'), '');
afterAll(() => rm(folder, { recursive: true }));

const run = (args: readonly string[], env?: NodeJS.ProcessEnv, cwd = folder): Promise<Outcome> =>
  gradparity(args, { cwd, env });

describe('--help', () => {
  const modules = fileURLToPath(new URL('loaded-modules.mjs', import.meta.url));
  const loaded = async (args: string[]): Promise<Outcome & { packages: string[] }> => {
    const outcome = await gradparity(args, { cwd: folder, node: ['--import', modules] });
    return { ...outcome, packages: present(/LOADED (.*)\n/.exec(outcome.stderr))[1].split(' ') };
  };

  test.concurrent.each([
    [[], ['train', 'evaluate', 'check', 'export', 'gates', 'doctor', 'GRADPARITY_']],
    [
      ['train'],
      [
        '--gradient',
        '--step-size',
        '--hidden',
        '--steps',
        '--epochs',
        '--batch-size',
        '--learning-rate',
        '--weight-init-std',
      ]
        .concat(['--sampling', '--seed', '--probe-every', '--output', '--backend', '--json', '--data-dir'])
        .concat(['--train-size', '--test-size', '--config', '[default: 0.1]', '"structured"']),
    ],
    [['evaluate'], ['[model]', '--backend', '--json', '--data-dir', '--test-size']],
    [['check'], ['--backend', '"all"', '--json']],
    [['export'], ['[model]', '--output', '[required]', '--logits', '--backend', '--json']],
    [['gates'], ['--plot', '--backend', '--json']],
    [['doctor'], ['--fix', '--json']],
  ] as [string[], string[]][])('%j: its options, without loading TensorFlow.js', async (command, wanted) => {
    const { code, stdout, packages } = await loaded([...command, '--help']);
    expect(code).toBe(0);
    for (const each of wanted) expect(stdout).toContain(each);
    expect(packages.filter((name) => name.startsWith('@tensorflow'))).toEqual([]);
  });

  test.concurrent('-h is the same; a command that computes loads TensorFlow.js', async () => {
    expect((await run(['train', '-h'])).stdout).toBe((await run(['train', '--help'])).stdout);
    expect((await loaded(['gates'])).packages).toContain('@tensorflow/tfjs-core');
  });

  test.concurrent('--version is that of the package', async () => {
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('wrong usage or input ends with exit code 2 and a sentence on stderr, nothing on stdout', () => {
  test.concurrent.each<[string, string, NodeJS.ProcessEnv?]>([
    ['', 'Name a command.'],
    ['trian', 'There is no such command; did you mean train?'],
    ['xyzzyplugh', 'Unknown argument: xyzzyplugh.'],
    ['train --foo 1', 'Unknown argument: foo.'],
    ['train --foo 1', 'Unknown argument: foo.', { LANG: 'fr_FR.UTF-8', LC_ALL: 'fr_FR.UTF-8' }],
    ['train --steps', 'Not enough arguments following: steps.'],
    ['train --steps abc', '--steps: wanted a whole number of at least 0, got "abc".'],
    ['train --steps -5', '--steps: wanted a whole number of at least 0, got -5.'],
    ['train --steps 1.5', '--steps: wanted a whole number of at least 0, got 1.5.'],
    ['train --steps 1 --steps 2', '--steps: wanted a whole number of at least 0, got 2 values.'],
    ['train --steps 1 --epochs 1', 'Arguments steps and epochs are mutually exclusive.'],
    ['train --learning-rate abc', '--learning-rate: wanted a number above 0, got "abc".'],
    ['train --learning-rate 0', '--learning-rate: wanted a number above 0, got 0.'],
    ['train --learning-rate Infinity', '--learning-rate: wanted a number above 0, got "Infinity".'],
    ['train --step-size 0', '--step-size: wanted a number above 0, got 0.'],
    [
      'train --seed 4294967296',
      '--seed: wanted a whole number of at least 0 and up to 4294967295, got 4294967296.',
    ],
    ['train --hidden 5,x', '--hidden: wanted whole numbers above 0, such as 50 or 100,50, got "5,x".'],
    ['train --gradient foo', '--gradient: wanted one of structured, autodiff, central, forward, got "foo".'],
    ['train --backend gpu', '--backend: wanted one of auto, tensorflow, wasm, cpu, got "gpu".'],
    [
      'train --backend cpu --backend wasm',
      '--backend: wanted one of auto, tensorflow, wasm, cpu, got 2 values.',
    ],
    ['gates --backend gpu', '--backend: wanted one of auto, tensorflow, wasm, cpu, got "gpu".'],
    ['train --output a --output b', '--output: wanted one value, got 2 values.'],
    ['train --output file/run', "train: can't write to file/run (ENOTDIR). Choose another folder."],
    ['export', 'Missing required argument: output.'],
    ['evaluate a b', 'Unknown argument: b.'],
    ['train', '--steps: wanted a whole number of at least 0, got "many".', { GRADPARITY_STEPS: 'many' }],
    ['train', '--json: wanted true or false, got "perhaps".', { GRADPARITY_JSON: 'perhaps' }],
    ['train --config none.json', "The config file none.json can't be read (ENOENT)."],
    ['train', "The config file none.json can't be read (ENOENT).", { GRADPARITY_CONFIG: 'none.json' }],
    ['train --config file', 'The config file file must be JSON: '],
    [
      'train --gradient autodiff --step-size 0.1 --steps 1 --backend cpu --data-dir data',
      'train: --step-size is the h of numerical',
    ],
    ['train --backend cpu --data-dir none', 'loadMnist: '],
    [
      'train --backend cpu --data-dir data --batch-size 300',
      'train: --batch-size must be at most the number of',
    ],
    ['train --backend cpu --data-dir data --train-size 300', 'loadMnist: --train-size must be at most 250'],
    ['evaluate none --backend cpu --data-dir data', "loadModel: none/model.json can't be read (ENOENT)."],
    ['export none --output new', "loadModel: none/model.json can't be read (ENOENT)."],
    ['export same --output ./same', "export: --output must be another folder than the model's own, same."],
  ])('%s: %s', async (args, message, env) => {
    const { code, stdout, stderr } = await run(args.split(' ').filter(Boolean), env);
    const lines = stderr.trimEnd().split('\n');
    expect(lines.at(-1)).toContain(`gradparity: ${message}`);
    expect(lines.at(-1)).toMatch(/[.?]$/);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });

  test('and writes nothing', async () => {
    expect((await readdir(folder)).sort()).toEqual(['data', 'file']);
  });
});

test.concurrent('what the environment lacks ends with exit code 3', async () => {
  const { code, stderr, stdout } = await run(['gates', '--backend', 'tensorflow'], {
    GRADPARITY_NATIVE: 'off',
  });
  expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
  expect(stderr).toMatch(/^gradparity: .*tensorflow was asked for.*GRADPARITY_NATIVE=off.*\.\n$/);
});

describe('options', () => {
  const settings = async (args: string[], env: NodeJS.ProcessEnv, config?: object) => {
    const cwd = await mkdtemp(path.join(folder, 'cwd-'));
    if (config) await writeFile(path.join(cwd, 'gradparity.config.json'), JSON.stringify(config));
    const common = { GRADPARITY_BACKEND: 'cpu', GRADPARITY_DATA_DIR: data, GRADPARITY_JSON: '1', ...env };
    const { code, stdout, stderr } = await run(['train', ...args], common, cwd);
    await rm(cwd, { recursive: true });
    expect([code, stderr.split('\n').filter((line) => line.startsWith('gradparity'))]).toEqual([0, []]);
    return JSON.parse(stdout).settings;
  };

  test.concurrent('flags win over the environment, it over the config file, it over defaults', async () => {
    const config = { batchSize: 20, steps: 0 };
    const env = { GRADPARITY_BATCH_SIZE: '30' };
    const seen = await Promise.all([
      settings(['--steps', '0'], {}),
      settings([], {}, config),
      settings([], env, config),
      settings(['--batch-size', '40'], env, config),
    ]);
    expect(seen.map(({ batchSize, steps }) => [batchSize, steps])).toEqual([
      [100, 0],
      [20, 0],
      [30, 0],
      [40, 0],
    ]);
  });

  test.concurrent(
    'the config file has real numbers and lists, in either spelling; other commands have options too',
    async () => {
      const config = {
        steps: 1,
        hidden: [6, 5],
        learningRate: 0.25,
        'batch-size': 50,
        gradient: 'autodiff',
        logits: true,
      };
      expect(await settings([], {}, config)).toMatchObject({
        steps: 1,
        sizes: [16, 6, 5, 10],
        learningRate: 0.25,
        batchSize: 50,
        method: 'autodiff',
      });
    },
  );

  test.concurrent('steps from one place give way to epochs from a stronger one', async () => {
    const seen = await Promise.all([
      settings(['--epochs', '0'], { GRADPARITY_STEPS: '5' }),
      settings([], { GRADPARITY_STEPS: '0' }, { epochs: 3 }),
      settings(['--steps', '0'], {}, { epochs: 3 }),
    ]);
    expect(seen.map(({ steps }) => steps)).toEqual([0, 0, 0]);
  });

  test.concurrent.each([
    ['{"stepz": 1}', 'has options that no command knows: stepz.'],
    ['[1]', 'must hold one JSON object of options.'],
    ['{"steps": null}', '--steps: wanted a whole number of at least 0, got null.'],
    ['{"steps": 1, "epochs": 1}', 'Arguments steps and epochs are mutually exclusive.'],
    ['{"hidden": [5, "x"]}', '--hidden: wanted whole numbers above 0'],
    ['{"json": "perhaps"}', '--json: wanted true or false, got "perhaps".'],
  ])('a wrong config file: %s', async (content, message) => {
    const cwd = await mkdtemp(path.join(folder, 'cwd-'));
    await writeFile(path.join(cwd, 'gradparity.config.json'), content);
    const { code, stderr } = await run(['train'], {}, cwd);
    await rm(cwd, { recursive: true });
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe('a reader that goes away', () => {
  const shell = (line: string): Promise<{ code: number; stderr: string }> =>
    new Promise((resolve) => {
      execFile('bash', ['-o', 'pipefail', '-c', line], { cwd: folder }, (error, _stdout, stderr) =>
        resolve({ code: (error?.code as number | undefined) ?? 0, stderr }),
      );
    });
  const command = `'${process.execPath}' '${main}' gates`;

  test.concurrent('of stdout is no error', async () => {
    expect(await shell(`${command} | head -1`)).toEqual({ code: 0, stderr: '' });
    expect(await shell(`${command} | true`)).toEqual({ code: 0, stderr: '' });
  });

  test.concurrent('of stderr does not end the work', async () => {
    const { code } = await shell(
      `'${process.execPath}' '${main}' train --steps 1 --backend cpu --data-dir data --output piped 2> >(true) && test -s piped/model.json`,
    );
    await rm(path.join(folder, 'piped'), { recursive: true, force: true });
    expect(code).toBe(0);
  });

  (process.platform === 'linux' ? test.concurrent : test.skip)(
    'a full disk is said, with exit code 3',
    async () => {
      expect(await shell(`${command} > /dev/full`)).toEqual({
        code: 3,
        stderr: "gradparity: the result can't be written (ENOSPC).\n",
      });
    },
  );
});

describe('errors', () => {
  test('with --json are a document on stdout too', async () => {
    const { code, stdout, stderr } = await run(['train', '--steps', 'abc', '--json']);
    expect(code).toBe(2);
    const { error, schemaVersion } = JSON.parse(stdout) as { error: object; schemaVersion: number };
    expect(schemaVersion).toBe(1);
    expect(error).toEqual({ kind: 'input', message: expect.stringMatching(/^--steps: wanted/), exitCode: 2 });
    expect(stderr).toMatch(/^gradparity: --steps: wanted/);
  });

  test('speak of options as the command line does', async () => {
    for (const [option, value] of [
      ['--batch-size', '100000'],
      ['--train-size', '100000'],
    ]) {
      const { stderr } = await run(['train', '--backend', 'cpu', '--data-dir', data, option, value]);
      expect(stderr).toMatch(new RegExp(`${option} must be at most`));
    }
  });

  test.each([
    ['bogus', '--json', /Unknown argument: bogus\. There is no such command\. There are train, evaluate/],
    ['trian', '--steps', /There is no such command; did you mean train\?/],
  ])('%s is no command, whatever its options', async (word, option, message) => {
    const { code, stderr } = await run([word, option]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  test.each([
    '--order=2',
    '--mode=fast',
    '--precision=native',
    '--seed=3',
    '--case=x',
    '--html=x.html',
    '--watch',
    '--time-limit=3',
  ])('check without a file refuses %s', async (option) => {
    const { code, stderr } = await run(['check', option]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(`check: ${option.split('=')[0]} is for the cases of a file`),
    ]);
  });

  test('a layer beyond all memory is a sentence', async () => {
    const { code, stderr } = await run([
      'train',
      '--backend',
      'cpu',
      '--data-dir',
      data,
      '--hidden',
      '100000000',
    ]);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('make 2700000010 parameters; wanted at most'),
    ]);
  });

  test('in a config file: a byte order mark is none, an object for a value is one', async () => {
    await writeFile(path.join(folder, 'bom.json'), '\uFEFF{"steps": "x"}');
    expect((await run(['train', '--config', 'bom.json'])).stderr).toMatch(/--steps: wanted a whole number/);
    await writeFile(path.join(folder, 'object.json'), '{"hidden": {}}');
    const { code, stderr } = await run(['train', '--config', 'object.json']);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('hidden must be a text, a number, true, false or a list of them, got {}'),
    ]);
    await writeFile(path.join(folder, 'seed.json'), '{"seed": 3}');
    expect((await run(['check', '--backend', 'cpu', '--config', 'seed.json'])).code).toBe(0);
  });

  test('a syntax error in a file of cases has its line', async () => {
    for (const name of ['wrong.ts', 'wrong.mjs']) {
      await writeFile(path.join(folder, name), 'export default [\n  { name: "a" inputs: [] },\n];\n');
      const { code, stderr } = await run(['check', name]);
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(/could not be loaded: .*inputs.* \(line 2\)\n$/),
      ]);
    }
  });

  const canChangeUser = process.getuid?.() === 0 && process.platform === 'linux';
  (canChangeUser ? test : test.skip)(
    'a user whom the system does not know, without a home, can run every command',
    async () => {
      for (const line of [['gates'], ['doctor', '--json'], ['train', '--help']]) {
        const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
          execFile(
            'setpriv',
            [
              '--reuid=54321',
              '--regid=54321',
              '--clear-groups',
              'env',
              '-u',
              'HOME',
              process.execPath,
              main,
              ...line,
            ],
            { cwd: '/' },
            (_error, stdout, stderr) => resolve({ stdout, stderr }),
          );
        });
        expect(stdout.length).toBeGreaterThan(100);
        expect(stderr).not.toMatch(/unexpected|at .*:\d+:\d+/);
      }
    },
  );

  test('a working folder that is no more is said to be', async () => {
    const gone = await mkdtemp(path.join(folder, 'gone-'));
    const { stderr } = await new Promise<{ stderr: string }>((resolve) => {
      execFile(
        'sh',
        ['-c', `cd "${gone}" && rmdir "${gone}" && "$0" "$1" gates`, process.execPath, main],
        (_error, _stdout, stderr) => resolve({ stderr }),
      );
    });
    expect(stderr).toBe(
      'gradparity: the working folder is no more. Change to another folder (cd) and try again.\n',
    );
  });
});
