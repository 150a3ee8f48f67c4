/** Checkpoints as files: what was written comes back, damage is named and the one before is used. */
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { InputError } from '../../src/errors.js';
import {
  decodeCheckpoint,
  encodeCheckpoint,
  loadCheckpoint,
  saveCheckpoint,
} from '../../src/models/checkpoints.js';
import { networkOf, type Checkpoint } from '../../src/training/checkpoint.js';
import { train } from '../../src/training/trainer.js';
import { parametersOf, smallNetwork, threeClasses } from '../training/problems.js';

let folder: string;
beforeAll(() => selectBackend('cpu'));
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'checkpoints-'));
});
afterEach(() => rm(folder, { recursive: true }));
const file = (step: number): string =>
  path.join(folder, 'checkpoints', `step-${String(step).padStart(9, '0')}.checkpoint`);

/** The checkpoints of a run of 9 steps, one each three. */
async function someCheckpoints(): Promise<Checkpoint[]> {
  const network = smallNetwork();
  const { x, t } = threeClasses(20);
  const taken: Checkpoint[] = [];
  await train(
    network,
    { x, t },
    {
      steps: 9,
      batchSize: 6,
      probeEvery: 4,
      checkpointEvery: 3,
      onCheckpoint: (each) => taken.push(each),
      extra: { η: [1, null] },
    },
  );
  network.dispose();
  tf.dispose([x, t]);
  return taken;
}

test('what is read is what was written, numbers that JSON does not know too', async () => {
  const [, taken] = await someCheckpoints();
  taken.history.probes[0].worstRelativeDifference = Infinity;
  taken.history.steps[1].loss = 1e-320;
  await saveCheckpoint(folder, taken);
  expect(await loadCheckpoint(folder)).toEqual(taken);
  expect(await loadCheckpoint(path.join(folder, 'checkpoints'))).toEqual(taken);
  expect(await loadCheckpoint(file(6))).toEqual(taken);
  const without = { ...taken, sampler: { generator: [1, -2, 3, 4], position: 0 }, extra: undefined };
  expect(decodeCheckpoint(encodeCheckpoint(without), 'x')).toEqual(without);
});

test('the last two are kept, and none of a later step than the last', async () => {
  const [three, six, nine] = await someCheckpoints();
  for (const each of [three, six, nine]) await saveCheckpoint(folder, each);
  expect(await readdir(path.join(folder, 'checkpoints'))).toEqual(
    [file(6), file(9)].map((name) => path.basename(name)),
  );
  await saveCheckpoint(folder, { ...six, step: 7 });
  expect(await readdir(path.join(folder, 'checkpoints'))).toEqual(
    [file(6), file(7)].map((name) => path.basename(name)),
  );
});

test('the network of a checkpoint has its weights and its structure', async () => {
  const [three] = await someCheckpoints();
  const network = networkOf(three);
  expect(network.structure).toEqual(three.structure);
  expect(network.seed).toBe(3);
  expect(parametersOf(network)).toEqual(
    Object.fromEntries(Object.entries(three.parameters).map(([name, { values }]) => [name, [...values]])),
  );
  network.dispose();
});

describe('a damaged one is named, and the one before used', () => {
  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['cut short', () => truncate(file(9), 500), /its SHA-256 is not that of its bytes/],
    ['nothing in it', () => truncate(file(9), 0), /it has 0 bytes only/],
    ['another file', () => writeFile(file(9), 'x'.repeat(1000)), /it does not begin as a checkpoint does/],
    [
      'one bit',
      async () => {
        const bytes = await readFile(file(9));
        bytes[bytes.length >> 1] ^= 4;
        await writeFile(file(9), bytes);
      },
      /its SHA-256 is not that of its bytes/,
    ],
  ])('%s', async (_what, damage, message) => {
    const [, six, nine] = await someCheckpoints();
    await saveCheckpoint(folder, six);
    await saveCheckpoint(folder, nine);
    await damage();
    const said: string[] = [];
    expect((await loadCheckpoint(folder, { log: (line) => said.push(line) })).step).toBe(6);
    expect(said).toEqual([expect.stringMatching(message)]);
    expect(said[0]).toContain(file(9));
    await truncate(file(6), 3);
    await expect(loadCheckpoint(folder)).rejects.toThrow(
      /no checkpoint in .* is whole\. The checkpoint .*000009.* damaged.*000006/,
    );
  });

  test('every cut and every changed byte is found', async () => {
    const bytes = encodeCheckpoint((await someCheckpoints())[0]);
    for (let length = 0; length < bytes.length; length += 7) {
      expect(() => decodeCheckpoint(bytes.subarray(0, length), 'x')).toThrow(InputError);
    }
    for (let at = 0; at < bytes.length; at += 5) {
      const changed = Uint8Array.from(bytes);
      changed[at] ^= 1 << (at % 8);
      expect(() => decodeCheckpoint(changed, 'x')).toThrow(InputError);
    }
    expect(decodeCheckpoint(bytes, 'x').step).toBe(3);
  });

  test('none there', async () => {
    await expect(loadCheckpoint(folder)).rejects.toThrow(/there is no checkpoint in /);
    await expect(loadCheckpoint(path.join(folder, 'none'))).rejects.toThrow(InputError);
  });
});
