/** What a run tells while it goes on: a CSV file, and a file of events for TensorBoard. */
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { InputError } from '../../errors.js';
import { GrowingFile } from '../../files/grow.js';
import { localPath } from '../../files/place.js';
import { requireWritable, unwritable, writeFileWhole } from '../../files/write.js';
import type { ProbeRecord } from '../../parity/probe.js';
import type { Checkpoint } from '../../training/checkpoint.js';
import { scalarRecord, startRecord, versionRecord } from '../../training/event-file.js';
import type { EpochRecord, History } from '../../training/history.js';

export interface WatchingOptions {
  /** A file. */
  csv?: string;
  /** A folder in which the run has one of its own. */
  tensorboard?: string;
}

/** Says no before any work where they can't be written. */
export async function requireWatchable({ csv, tensorboard }: WatchingOptions): Promise<void> {
  if (csv !== undefined) {
    const file = localPath('train', csv);
    await requireWritable('train', path.dirname(file), [path.basename(file)]);
  }
  if (tensorboard !== undefined) await requireWritable('train', localPath('train', tensorboard));
}

type Steps = Pick<History, 'steps' | 'epochs'>;

const HEAD = 'step,loss,epoch,train_accuracy,test_accuracy\n';

/** A line for each step: the loss of its batch, and the accuracies of the weights that it begins with, where they were taken. */
function line(step: number, loss: number | undefined, record: EpochRecord | undefined): string {
  const numbers = [step, loss, record?.epoch, record?.trainAccuracy, record?.testAccuracy];
  return `${numbers.map((value) => value ?? '').join()}\n`;
}

function csvOf({ steps, epochs }: Steps): string {
  const records = new Map(epochs.map((record) => [record.step, record]));
  const losses = new Map(steps.map(({ step, loss }) => [step, loss]));
  const all = [...new Set([...losses.keys(), ...records.keys()])].sort((a, b) => a - b);
  return HEAD + all.map((step) => line(step, losses.get(step), records.get(step))).join('');
}

export class Watching {
  /** The last record, until its step's loss is there. */
  private pending: EpochRecord | undefined;

  private constructor(
    private readonly csv: GrowingFile | undefined,
    private readonly events: GrowingFile | undefined,
  ) {}

  /**
   * Begins the files of a run in the folder `run`, or goes on with those of the run to resume.
   *
   * @throws InputError where they can't be written
   */
  static async begin(
    { csv, tensorboard }: WatchingOptions,
    { run, resume }: { run: string; resume: Checkpoint | undefined },
  ): Promise<Watching> {
    let place = '';
    const begin = async (file: string, content: string | Uint8Array): Promise<GrowingFile> => {
      place = file;
      return GrowingFile.begin(file, content);
    };
    try {
      const before = resume?.history ?? { steps: [], epochs: [] };
      const last = before.epochs.at(-1);
      const isPending = resume !== undefined && last?.step === resume.step;
      const shown = isPending ? { ...before, epochs: before.epochs.slice(0, -1) } : before;
      const watching = new Watching(
        csv === undefined ? undefined : await begin(localPath('train', csv), csvOf(shown)),
        tensorboard === undefined ? undefined : await begin(eventFile(tensorboard, run), firstEvents(resume)),
      );
      // TensorBoard drops what came at the step where the run goes on.
      if (isPending && last) watching.record(last);
      return watching;
    } catch (error) {
      throw unwritable('train', place, error);
    }
  }

  /** Takes the files away of a run that did nothing. */
  async discard(): Promise<void> {
    for (const growing of [this.csv, this.events]) {
      if (growing) await rm(growing.file, { force: true });
    }
  }

  /** A step's loss, the step counted from 0. */
  step(step: number, loss: number): void {
    const record = this.pending?.step === step ? this.pending : undefined;
    this.pending = undefined;
    this.csv?.add(line(step, loss, record));
    this.events?.add(scalarRecord(now(), step, { loss }));
  }

  record(record: EpochRecord): void {
    const { step, trainAccuracy, testAccuracy } = record;
    this.pending = record;
    this.events?.add(
      scalarRecord(now(), step, {
        ...(trainAccuracy !== undefined && { 'accuracy/train': trainAccuracy }),
        ...(testAccuracy !== undefined && { 'accuracy/test': testAccuracy }),
      }),
    );
  }

  probe({ step, worstRelativeDifference }: ProbeRecord): void {
    this.events?.add(
      scalarRecord(now(), step, { 'parity/worst_relative_difference': worstRelativeDifference }),
    );
  }

  /** Ends the files with what the run has come to; `problem` is the sentence of one that could not be written. */
  async end(history: Steps): Promise<{ files: { csv?: string; tensorboard?: string }; problem?: string }> {
    let problem: string | undefined;
    const ended = async (growing: GrowingFile | undefined, last?: string): Promise<void> => {
      if (!growing) return;
      try {
        await growing.end();
        if (last !== undefined) await writeFileWhole(growing.file, last);
      } catch (error) {
        const told = unwritable('train', growing.file, error);
        if (!(told instanceof InputError)) throw told;
        problem ??= told.message;
      }
    };
    // As a whole once more: of a run that diverged the last steps are not among its history.
    await ended(this.csv, csvOf(history));
    await ended(this.events);
    return {
      files: {
        ...(this.csv && { csv: this.csv.file }),
        ...(this.events && { tensorboard: path.dirname(this.events.file) }),
      },
      ...(problem !== undefined && { problem }),
    };
  }
}

/** Seconds since 1970. */
const now = (): number => Date.now() / 1000;

/** A file of its own for each start of a run, named as TensorBoard wants it, in the order of their beginnings. */
function eventFile(folder: string, run: string): string {
  const place = path.join(localPath('train', folder), path.basename(path.resolve(run)));
  const second = Math.floor(now());
  return path.join(place, `events.out.tfevents.${second}.${os.hostname()}.${process.pid}.0`);
}

function firstEvents(resume: Checkpoint | undefined): Uint8Array {
  const version = versionRecord(now());
  return resume ? Buffer.concat([version, startRecord(now(), resume.step)]) : version;
}
