/** A training run survives: killed, asked to end, on a full disk, beside another, after another. With processes, on small images. */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { selectBackend } from '../../src/backends/select.js';
import { loadModel } from '../../src/models/files.js';
import { randomIndices } from '../../src/random.js';
import type { History } from '../../src/training/history.js';
import { parametersOf } from '../training/problems.js';
import { gradparity, main, writeDigits, type Outcome } from './run-cli.js';

let folder: string;
beforeAll(async () => {
  await selectBackend('cpu');
  folder = await mkdtemp(path.join(os.tmpdir(), 'train-'));
  await writeDigits(path.join(folder, 'data'));
});
afterAll(() => rm(folder, { recursive: true }));
const at = (...parts: string[]): string => path.join(folder, ...parts);
const quick = 'train --backend cpu --gradient autodiff --data-dir data --batch-size 20 --probe-every 0';
const run = (
  line: string,
  onStderr?: (text: string, interrupt: (signal?: NodeJS.Signals) => void) => void,
): Promise<Outcome> => gradparity(line.split(' '), { cwd: folder, onStderr });

const historyIn = (place: string): History => {
  const history = JSON.parse(readFileSync(at(place, 'history.json'), 'utf8')) as History;
  return { ...history, seconds: 0, trainingSeconds: 0 };
};
async function parametersIn(place: string): Promise<Record<string, number[]>> {
  const network = await loadModel(at(place));
  const parameters = parametersOf(network);
  network.dispose();
  return parameters;
}

test('killed by SIGKILL at 20 random moments and resumed, it ends bit for bit as the run that nobody killed', async () => {
  const line = `${quick} --hidden 8 --steps 6000 --checkpoint-every 20 --evaluate-every 500`;
  const uninterrupted = await run(`${line} --output whole`);
  expect(uninterrupted.code).toBe(0);
  const random = randomIndices(Number(process.env.KILL_SEED ?? 1));
  let kills = 0;
  let resumable = false;
  for (let start = 0; start < 400; start++) {
    // The first moments are those of starting up; the run is killed there too.
    const moment = kills < 20 ? random(kills % 5 === 0 ? 900 : 250) : Infinity;
    const child = spawn(
      process.execPath,
      [main, ...(resumable ? 'train --resume killed' : `${line} --output killed`).split(' ')],
      { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let stderr = '';
    let timer: NodeJS.Timeout | undefined;
    const arm = (): void => {
      if (timer === undefined && moment < Infinity) timer = setTimeout(() => child.kill('SIGKILL'), moment);
    };
    if (kills % 5 === 0) arm();
    child.stderr.on('data', (text: Buffer) => {
      stderr += String(text);
      if (stderr.includes('Training 16-8-10')) arm();
    });
    const code = await new Promise((resolve) => child.once('close', resolve));
    clearTimeout(timer);
    resumable ||=
      existsSync(at('killed', 'checkpoints')) &&
      readdirSync(at('killed', 'checkpoints')).some((name) => name.endsWith('.checkpoint'));
    if (code === null) {
      kills++;
      continue;
    }
    expect([code, stderr]).toEqual([0, expect.stringContaining('Next: ')]);
    break;
  }
  expect(kills).toBe(20);
  expect(await parametersIn('killed')).toEqual(await parametersIn('whole'));
  expect(historyIn('killed')).toEqual(historyIn('whole'));
}, 300_000);

describe('asked to end', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('by %s it saves what was learned and ends with exit code %i', async (signal, wanted) => {
    const output = `by-${signal}`;
    const { code, stdout, stderr } = await run(
      `${quick} --hidden 4 --steps 1000000 --output ${output}`,
      (text, interrupt) => {
        if (text.includes('step 0/')) {
          setTimeout(() => {
            interrupt(signal);
            // As timeout does, and a terminal that closes.
            if (signal !== 'SIGINT') interrupt(signal);
          }, 300);
        }
      },
    );
    expect(code).toBe(wanted);
    expect(stdout).toMatch(/^Interrupted after \d+ of 1000000 steps\.$/m);
    expect(stderr).toContain(`To go on: npx gradparity train --resume ${output}`);
    expect(historyIn(output).stopped).toBe('interrupted');
    expect(Object.keys(await parametersIn(output))).toEqual(['W1', 'b1', 'W2', 'b2']);
    const done = historyIn(output).steps.length;
    const more = await run(`train --resume ${output} --steps ${done + 5}`);
    expect([more.code, more.stdout]).toEqual([0, expect.stringContaining(`${done + 5} steps done.`)]);
  });

  test('npm start that is killed takes the training with it, which saves', async () => {
    const script = fileURLToPath(new URL('../../scripts/start.mjs', import.meta.url));
    // A parent that dies and tells nobody.
    const parent = spawn(
      'sh',
      [
        '-c',
        `"$0" "$1" --backend cpu --hidden 4 --data-dir data --steps 1000000 --output orphan & echo $!; wait`,
        process.execPath,
        script,
      ],
      {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let output = '';
    parent.stdout.on('data', (text: Buffer) => (output += String(text)));
    await new Promise<void>((resolve) =>
      parent.stderr.on('data', (text: Buffer) => String(text).includes('step 0/') && resolve()),
    );
    const child = Number(output.trim());
    parent.kill('SIGKILL');
    const alive = (): boolean => {
      try {
        process.kill(child, 0);
        // A process that has ended and that nobody asks for is a zombie.
        return !/^State:\s+Z/m.test(readFileSync(`/proc/${child}/status`, 'utf8'));
      } catch {
        return false;
      }
    };
    for (let wait = 0; alive() && wait < 200; wait++) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(alive()).toBe(false);
    expect(historyIn('orphan').stopped).toBe('interrupted');
  });
});

describe('nothing is overwritten by less', () => {
  test('each run has a folder of its own, and runs/latest leads to the last complete one', async () => {
    mkdirSync(at('home'));
    const own = { cwd: at('home') };
    const line = `${quick.replace('--data-dir data', '--data-dir ../data')} --hidden 4`;
    expect((await gradparity(`${line} --steps 20`.split(' '), own)).code).toBe(0);
    const first = readlinkSync(at('home', 'runs', 'latest'));
    expect(existsSync(at('home', 'runs', 'latest', 'model.json'))).toBe(true);
    const interrupted = await gradparity(`${line} --steps 1000000`.split(' '), {
      ...own,
      onStderr: (text, interrupt) => text.includes('step 0/') && setTimeout(() => interrupt(), 200),
    });
    expect(interrupted.code).toBe(130);
    const diverged = await gradparity(
      `${line} --activation relu --learning-rate 1e36 --steps 30`.split(' '),
      own,
    );
    expect(diverged.code).toBe(1);
    expect(readlinkSync(at('home', 'runs', 'latest'))).toBe(first);
    expect((await gradparity(`${line} --steps 20 --seed 2`.split(' '), own)).code).toBe(0);
    const last = readlinkSync(at('home', 'runs', 'latest'));
    expect(last).not.toBe(first);
    expect(readdirSync(at('home', 'runs')).filter((name) => name !== 'latest')).toHaveLength(4);
    // A run of a version that had no links there is kept.
    rmSync(at('home', 'runs', 'latest'));
    mkdirSync(at('home', 'runs', 'latest'));
    writeFileSync(at('home', 'runs', 'latest', 'model.json'), 'old');
    expect((await gradparity(`${line} --steps 20 --seed 3`.split(' '), own)).code).toBe(0);
    const kept = readdirSync(at('home', 'runs')).find((name) => name.startsWith('before-'));
    expect(readFileSync(at('home', 'runs', String(kept), 'model.json'), 'utf8')).toBe('old');
  });

  test('in a folder that holds a finished run, a stopped one goes within; a finished one replaces it, picture and all', async () => {
    expect((await run(`${quick} --hidden 4 --steps 30 --output place`)).code).toBe(0);
    const before = await parametersIn('place');
    expect(readdirSync(at('place'))).toContain('training.svg');
    const stopped = await run(`${quick} --hidden 5 --steps 1000000 --output place`, (text, interrupt) => {
      if (text.includes('step 0/')) setTimeout(() => interrupt(), 200);
    });
    expect(stopped.stderr).toContain('The finished model in place stands.');
    expect(stopped.stdout).toMatch(/^Model: place\/unfinished /m);
    expect(await parametersIn('place')).toEqual(before);
    expect(historyIn('place').stopped).toBe('finished');
    expect(historyIn('place/unfinished').stopped).toBe('interrupted');
    const again = await run(`${quick} --hidden 5 --steps 10 --output place`);
    expect([again.code, again.stderr]).toEqual([
      2,
      expect.stringMatching(
        /place holds a run that stopped after \d+ of 1000000 steps\. Go on with it \(--resume place\)/,
      ),
    ]);
    const steps = historyIn('place/unfinished').steps.length;
    expect((await run(`train --resume place --steps ${steps}`)).code).toBe(0);
    expect(Object.values(await parametersIn('place'))[1]).toHaveLength(5);
    expect(readdirSync(at('place'))).not.toContain('unfinished');
    // One step has no picture; that of the run before it does not stay.
    expect((await run(`${quick} --hidden 4 --steps 1 --output place`)).code).toBe(0);
    expect(readdirSync(at('place'))).not.toContain('training.svg');
  });

  test('the best epoch is kept where the last one is worse', async () => {
    const { stdout } = await run(
      `${quick} --hidden 12 --weight-init-std 0.5 --learning-rate 12 --epochs 8 --seed 5 --output best`,
    );
    const { epochs } = historyIn('best');
    const scores = epochs.slice(1).map(({ testAccuracy }) => testAccuracy ?? 0);
    const best = Math.max(...scores);
    if (scores.at(-1) === best) {
      expect(stdout).not.toContain('Best');
      return;
    }
    const evaluated = await run('evaluate best/best --backend cpu --data-dir data --json');
    expect(JSON.parse(evaluated.stdout).accuracy).toBe(best);
  });
});

test('two runs on one folder: the second is told, and the first ends well', async () => {
  let second: Promise<Outcome> | undefined;
  const first = await run(`${quick} --hidden 4 --steps 1000000 --output shared`, (text, interrupt) => {
    if (!text.includes('step 0/')) return;
    second = run(`${quick} --hidden 4 --steps 10 --output shared`);
    void second.then(() => interrupt());
  });
  const told = await second;
  expect([told?.code, told?.stderr]).toEqual([
    2,
    expect.stringMatching(/train: shared is in use by process \d+ on /),
  ]);
  expect(first.code).toBe(130);
  expect(historyIn('shared').settings.steps).toBe(1000000);
});

test('a damaged checkpoint is named and the one before used; with other options it does not resume', async () => {
  expect((await run(`${quick} --hidden 4 --steps 60 --checkpoint-every 20 --output damaged`)).code).toBe(0);
  const [before, last] = readdirSync(at('damaged', 'checkpoints'));
  writeFileSync(
    at('damaged', 'checkpoints', last),
    readFileSync(at('damaged', 'checkpoints', last)).subarray(9),
  );
  const { code, stderr } = await run('train --resume damaged --steps 80');
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /The checkpoint damaged\/checkpoints\/step-000000060\.checkpoint is damaged: .* The one before it is used\./,
  );
  expect(stderr).toContain('Resuming damaged after 40 steps.');
  expect(before).toBe('step-000000040.checkpoint');
  const other = await run('train --resume damaged --learning-rate 0.5');
  expect([other.code, other.stderr]).toEqual([
    2,
    expect.stringContaining('the run to resume has --learning-rate 0.1, got 0.5'),
  ]);
  expect((await run('train --resume nowhere')).code).toBe(2);
});

test('what no file can replace is noticed before the training', async () => {
  mkdirSync(at('taken', 'model.json'), { recursive: true });
  mkdirSync(at('linked'));
  symlinkSync('nowhere', at('linked', 'weights.bin'));
  for (const [place, reason] of [
    ['taken', 'it is a folder (EISDIR)'],
    ['linked', 'it is a link to nowhere (ENOENT)'],
  ]) {
    const { code, stderr } = await run(`${quick} --steps 10 --output ${place}`);
    expect([code, stderr]).toEqual([2, expect.stringContaining(reason)]);
    expect(stderr).not.toContain('Training');
  }
});

test('config.json of a run reproduces it', async () => {
  expect(
    (
      await run(
        `${quick} --hidden 4,3 --steps 25 --learning-rate 0.7 --seed 8 --sampling replacement --output one`,
      )
    ).code,
  ).toBe(0);
  expect((await run('train --config one/config.json --output two')).code).toBe(0);
  expect(await parametersIn('two')).toEqual(await parametersIn('one'));
  expect(historyIn('two')).toEqual(historyIn('one'));
});

test('config.json of a run that began with a model, and went for an epoch, reproduces it on the backend that it had', async () => {
  expect((await run(`${quick} --hidden 4 --steps 3 --output begun`)).code).toBe(0);
  const line =
    'train --gradient autodiff --data-dir data --batch-size 20 --from begun --epochs 1 --output third';
  expect((await run(line)).code).toBe(0);
  const config = JSON.parse(readFileSync(at('third', 'config.json'), 'utf8'));
  expect(config).toMatchObject({ backend: historyIn('third').settings.backend, steps: 13 });
  expect((await run('train --config third/config.json --output fourth')).code).toBe(0);
  expect(await parametersIn('fourth')).toEqual(await parametersIn('third'));
  expect(await parametersIn('fourth')).not.toEqual(await parametersIn('begun'));
});

test('--from goes on from a model, whose layers are its own', async () => {
  expect((await run(`${quick} --hidden 4 --steps 0 --output untrained`)).code).toBe(0);
  expect((await run(`${quick} --from untrained --steps 12 --output later`)).code).toBe(0);
  expect((await run(`${quick} --hidden 4 --steps 12 --output direct`)).code).toBe(0);
  expect(await parametersIn('later')).toEqual(await parametersIn('direct'));
  const { code, stderr } = await run(`${quick} --from untrained --hidden 4 --output no`);
  expect([code, stderr]).toEqual([2, expect.stringContaining('Leave --hidden out')]);
});

/** Whether a disk of a size can be made here, as another user's root. */
const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

(canMount ? describe : describe.skip)('on a full disk', () => {
  /** Trains twice into the same folder of a disk of that size, and copies it away. */
  const onDisk = (size: string, name: string) => {
    const script = `mount -t tmpfs -o size=${size} tmpfs /mnt && "$@" --steps 20 --output /mnt/run; first=$?; "$@" --steps 30 --hidden 400 --output /mnt/run; second=$?; cp -r /mnt/run "${at(name)}"; echo; echo $first $second`;
    const args = [
      '-rm',
      'sh',
      '-c',
      script,
      'sh',
      process.execPath,
      main,
      ...`${quick} --checkpoint-every 10`.split(' '),
    ];
    return spawnSync('unshare', args, { cwd: folder, encoding: 'utf8' });
  };

  test('a run that does not fit ends with an error, and the model before stands', async () => {
    const { stdout, stderr } = onDisk('120k', 'full');
    expect(stdout.trim().split('\n').at(-1)).toBe('0 2');
    expect(stderr).toMatch(
      /can't write to \/mnt\/run\S* \(ENOSPC\)\. There is no room; what was there before stands\./,
    );
    expect(Object.values(await parametersIn('full')).map(({ length }) => length)).toEqual([800, 50, 500, 10]);
    expect(historyIn('full').steps).toHaveLength(20);
  });

  test('and the same two runs where there is room', async () => {
    expect(onDisk('40m', 'roomy').stdout.trim().split('\n').at(-1)).toBe('0 0');
    expect(Object.values(await parametersIn('roomy'))[1]).toHaveLength(400);
  });
});
