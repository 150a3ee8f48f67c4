/** Checkpoints as files: one file each, written whole, with a checksum; the last two are kept. */
import { createHash } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '../errors.js';
import { localPath } from '../files/place.js';
import { readFileBounded } from '../files/read.js';
import { unwritable, writeFileWhole } from '../files/write.js';
import type { Checkpoint } from '../training/checkpoint.js';
import { sizeOf } from '../shapes.js';

/** Where in a run's folder its checkpoints are. */
export const CHECKPOINTS = 'checkpoints';

const KEPT = 2;
const nameOf = (step: number): string => `step-${String(step).padStart(9, '0')}.checkpoint`;
const NAME = /^step-(\d{9,16})\.checkpoint$/;

/**
 * Writes a checkpoint into the folder `checkpoints` of a run's folder and removes all but it and the one before. A process that is
 * killed meanwhile leaves those that were there.
 *
 * @throws InputError where the folder can't be written
 */
export async function saveCheckpoint(directory: string | URL, checkpoint: Checkpoint): Promise<void> {
  const folder = path.join(localPath('saveCheckpoint', directory), CHECKPOINTS);
  try {
    await writeFileWhole(path.join(folder, nameOf(checkpoint.step)), encodeCheckpoint(checkpoint));
  } catch (error) {
    throw unwritable('saveCheckpoint', folder, error);
  }
  const steps = await stepsIn(folder);
  const before = steps.filter((step) => step < checkpoint.step).slice(0, KEPT - 1);
  const over = steps.filter((step) => step !== checkpoint.step && !before.includes(step));
  await Promise.all(over.map((step) => rm(path.join(folder, nameOf(step)), { force: true })));
}

/** Removes the checkpoints of a run's folder. */
export async function removeCheckpoints(directory: string): Promise<void> {
  const folder = path.join(directory, CHECKPOINTS);
  await Promise.all(
    (await stepsIn(folder)).map((step) => rm(path.join(folder, nameOf(step)), { force: true })),
  );
}

/** The steps of a folder's checkpoints, the newest first. */
async function stepsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => b - a);
}

/** Who is told of damaged checkpoints. */
export interface LoadCheckpointOptions {
  /** Told, in a sentence each, which checkpoints are damaged and passed over. */
  log?: (message: string) => void;
}

/**
 * The newest checkpoint of a run's folder that is whole, or the one in the file named.
 *
 * @throws InputError where there is none, with what is wrong with those that are there
 */
export async function loadCheckpoint(
  place: string | URL,
  { log }: LoadCheckpointOptions = {},
): Promise<Checkpoint> {
  const given = localPath('loadCheckpoint', place);
  const found = await stat(given).catch(() => undefined);
  if (found && !found.isDirectory()) return readCheckpoint(given);
  const files = await filesIn(given);
  const damaged: string[] = [];
  for (const file of files) {
    try {
      return await readCheckpoint(file);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      damaged.push(error.message);
      log?.(`${error.message} The one before it is used.`);
    }
  }
  throw new InputError(
    damaged.length > 0
      ? `loadCheckpoint: no checkpoint in ${given} is whole. ${damaged.join(' ')}`
      : `loadCheckpoint: there is no checkpoint in ${given}; wanted the folder of a run with a folder "${CHECKPOINTS}" in it.`,
  );
}

/** The checkpoints of a run's folder, or of its folder of checkpoints, the newest first. */
async function filesIn(given: string): Promise<string[]> {
  for (const folder of [path.join(given, CHECKPOINTS), given]) {
    const steps = await stepsIn(folder);
    if (steps.length > 0) return steps.map((step) => path.join(folder, nameOf(step)));
  }
  return [];
}

async function readCheckpoint(file: string): Promise<Checkpoint> {
  let bytes: Buffer;
  try {
    bytes = await readFileBounded(file);
  } catch (error) {
    throw new InputError(`The checkpoint ${file} can't be read (${(error as NodeJS.ErrnoException).code}).`, {
      cause: error,
    });
  }
  return decodeCheckpoint(bytes, file);
}

const MAGIC = 'gradparity checkpoint 1\n';
const SUM = 32;

/**
 * The bytes of a checkpoint:
 *
 *     magic | length of the header, 32 bits | header, JSON | parameters, float32 | order, int32 | losses, float64 | SHA-256 of all before
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { parameters, sampler, history, ...rest } = checkpoint;
  const { steps, ...records } = history;
  const header = Buffer.from(
    JSON.stringify(
      {
        ...rest,
        parameters: Object.entries(parameters).map(([name, { shape }]) => ({ name, shape })),
        sampler: {
          generator: sampler.generator,
          position: sampler.position,
          order: sampler.order?.length ?? 0,
        },
        history: { ...records, steps: steps.length },
      },
      (_key, value: unknown) =>
        typeof value === 'number' && !Number.isFinite(value) ? { [NOT_FINITE]: String(value) } : value,
    ),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(header.length);
  const content = Buffer.concat([
    Buffer.from(MAGIC, 'latin1'),
    length,
    header,
    ...Object.values(parameters).map(({ values }) => bytesOf(values)),
    bytesOf(sampler.order ?? new Int32Array(0)),
    bytesOf(Float64Array.from(steps, ({ loss }) => loss)),
  ]);
  return Buffer.concat([content, createHash('sha256').update(content).digest()]);
}

/** JSON has no Infinity and no NaN. */
const NOT_FINITE = '$number';

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

interface Header extends Omit<Checkpoint, 'parameters' | 'sampler' | 'history'> {
  parameters: { name: string; shape: number[] }[];
  sampler: { generator: number[]; position: number; order: number };
  history: Omit<Checkpoint['history'], 'steps'> & { steps: number };
}

/** @throws InputError for bytes that are no checkpoint, or of which one has changed */
export function decodeCheckpoint(bytes: Uint8Array, name: string): Checkpoint {
  const damaged = (what: string): InputError => new InputError(`The checkpoint ${name} is damaged: ${what}.`);
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const begin = MAGIC.length + 4;
  if (content.length < begin + SUM) throw damaged(`it has ${content.length} bytes only`);
  if (content.toString('latin1', 0, MAGIC.length) !== MAGIC)
    throw damaged('it does not begin as a checkpoint does');
  const body = content.subarray(0, content.length - SUM);
  if (!createHash('sha256').update(body).digest().equals(content.subarray(body.length))) {
    throw damaged('its SHA-256 is not that of its bytes');
  }
  const end = begin + content.readUInt32LE(MAGIC.length);
  if (end > body.length) throw damaged('its header is longer than the file');
  let at = end;
  const take = (count: number, size: number): ArrayBuffer => {
    if (!Number.isSafeInteger(count) || count < 0 || at + count * size > body.length) {
      throw damaged('it is shorter than its header says');
    }
    const part = new Uint8Array(body.subarray(at, (at += count * size)));
    return part.buffer;
  };
  try {
    const header = JSON.parse(body.toString('utf8', begin, end), (_key, value: unknown) =>
      typeof value === 'object' && value !== null && NOT_FINITE in value ? Number(value[NOT_FINITE]) : value,
    ) as Header;
    const parameters = Object.fromEntries(
      header.parameters.map(({ name, shape }) => [
        name,
        {
          shape,
          values: new Float32Array(take(sizeOf(shape), 4)),
        },
      ]),
    );
    const { order: length, ...sampler } = header.sampler;
    const order = length > 0 ? { order: new Int32Array(take(length, 4)) } : {};
    const losses = new Float64Array(take(header.history.steps, 8));
    if (at !== body.length) throw damaged('it is longer than its header says');
    return {
      ...header,
      parameters,
      sampler: { ...sampler, ...order },
      history: { ...header.history, steps: Array.from(losses, (loss, step) => ({ step, loss })) },
    };
  } catch (error) {
    throw error instanceof InputError ? error : damaged('its header can’t be read');
  }
}
