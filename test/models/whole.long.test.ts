/** A model in a folder is whole at every moment: its writer killed, two of them at work, the disk full. With processes, on the built package. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { selectBackend } from '../../src/backends/select.js';
import { loadModel } from '../../src/models/files.js';
import { main } from '../cli/run-cli.js';

let folder: string;
let writer: string;
beforeAll(async () => {
  await selectBackend('cpu');
  folder = mkdtempSync(path.join(os.tmpdir(), 'whole-'));
  writer = path.join(folder, 'writer.mjs');
  const dist = (name: string): string =>
    JSON.stringify(pathToFileURL(path.join(path.dirname(main), '..', name)).href);
  // Every weight of a model is its number, so that a mixture of two shows.
  writeFileSync(
    writer,
    `import { Mlp } from ${dist('index.js')};
    import { saveModel, selectBackend } from ${dist('node.js')};
    import * as tf from ${JSON.stringify(import.meta.resolve('@tensorflow/tfjs'))};
    await selectBackend('cpu');
    const [place, first] = process.argv.slice(2);
    const network = new Mlp({ sizes: [200, 300, 10], seed: 1 });
    for (let number = Number(first); ; number++) {
      for (const parameter of Object.values(network.parameters)) parameter.assign(tf.fill(parameter.shape, number));
      try {
        await saveModel(network, place);
      } catch (error) {
        console.log(error.name + ': ' + error.message);
        process.exit(2);
      }
      console.log(number);
    }`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const begin = (place: string, first: number): ChildProcess =>
  spawn(process.execPath, [writer, place, String(first)], { stdio: ['ignore', 'pipe', 2] });

const ended = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => child.once('close', resolve));

/** The number that all weights of the model are. */
async function numberIn(place: string): Promise<number> {
  const network = await loadModel(place);
  const numbers = new Set(
    Object.values(network.parameters).flatMap((each) => [...each.dataSync<'float32'>()]),
  );
  network.dispose();
  expect(numbers.size).toBe(1);
  return [...numbers][0];
}

test('killed by SIGKILL at 25 moments, the model loads each time, and no number is lost', async () => {
  const place = path.join(folder, 'killed');
  let number = 0;
  for (let kill = 0; kill < 25; kill++) {
    const child = begin(place, number + 1);
    let last = number;
    child.stdout?.on('data', (text: Buffer) => (last = Number(String(text).trim().split('\n').at(-1))));
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    await new Promise((resolve) => setTimeout(resolve, (kill * 7) % 40));
    child.kill('SIGKILL');
    await ended(child);
    number = await numberIn(place);
    // The one that was told of, or the next, whose name was in place when the writer died.
    expect(number - last).toBeGreaterThanOrEqual(0);
    expect(number - last).toBeLessThanOrEqual(1);
  }
});

test('two writers and a reader: 300 loads, each of one whole model', async () => {
  const place = path.join(folder, 'two');
  const writers = [begin(place, 1), begin(place, 1_000_001)];
  await Promise.all(writers.map((child) => new Promise((resolve) => child.stdout?.once('data', resolve))));
  const numbers = new Set<number>();
  for (let load = 0; load < 300; load++) numbers.add(await numberIn(place));
  for (const child of writers) child.kill('SIGKILL');
  await Promise.all(writers.map(ended));
  expect([...numbers].some((number) => number < 1_000_000)).toBe(true);
  expect([...numbers].some((number) => number > 1_000_000)).toBe(true);
});

/** Whether a disk of a size can be made here, as another user's root. */
const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

(canMount ? test : test.skip)('on a full disk it says so, and the model before is whole', async () => {
  const kept = path.join(folder, 'kept');
  mkdirSync(kept);
  // 252,000 bytes of weights: one model fits, a second beside it does not.
  const { stdout, stderr } = spawnSync(
    'unshare',
    [
      '-rm',
      'sh',
      '-c',
      `mount -t tmpfs -o size=400k tmpfs /mnt && "$0" "$1" /mnt/model 7; cp -r /mnt/model "$2"`,
    ].concat(process.execPath, writer, kept),
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  expect(stdout).toMatch(
    /^7\nInputError: saveModel: can't write to \/mnt\/model \(ENOSPC\)\. There is no room; /,
  );
  expect(await numberIn(path.join(kept, 'model'))).toBe(7);
  expect(
    JSON.parse(readFileSync(path.join(kept, 'model', 'model.json'), 'utf8')).weightsManifest[0].paths,
  ).toEqual(['weights.bin']);
});
