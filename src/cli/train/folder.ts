/** A run's folder: its own, locked while the run lasts, with what is whole in it never replaced by what is not. */
import { lstat, mkdir, readFile, readlink, rename, rm, rmdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '../../errors.js';
import { lockFolder } from '../../files/lock.js';
import { requireWritable, unwritable, writeFileWhole, writeJson } from '../../files/write.js';
import { loadCheckpoint, removeCheckpoints } from '../../models/checkpoints.js';
import { MODEL_FILES, saveModel } from '../../models/files.js';
import type { ModelNotes } from '../../models/layers-model.js';
import type { Mlp } from '../../networks/mlp.js';
import type { History } from '../../training/history.js';

/** Where runs go that were given no folder, each into one of its own; the link to the last complete one is beside them. */
const RUNS = 'runs';
const LATEST = 'latest';

const HISTORY_FILE = 'history.json';
const PICTURE_FILE = 'training.svg';
const CONFIG_FILE = 'config.json';
const BEST = 'best';
const UNFINISHED = 'unfinished';

export interface RunFiles {
  model: string;
  history: string;
  picture?: string;
  /** The model of an epoch that was better than the last one. */
  best?: string;
}

interface Written {
  notes: ModelNotes;
  config: object;
  picture: string | undefined;
  /** Of the epochs. */
  lastIsBest: boolean;
}

/** Says no, before any work, where a run's files can't be written; `folder` undefined for a new one. */
export async function requireRunFolder(folder: string | undefined): Promise<void> {
  const files = [...MODEL_FILES, HISTORY_FILE, PICTURE_FILE, CONFIG_FILE];
  await requireWritable('train', folder ?? RUNS, folder === undefined ? [] : files);
}

export class RunFolder {
  private constructor(
    readonly folder: string,
    /** Made for this run, in the place for runs. */
    private readonly isOwn: boolean,
    /** The outermost folder that was made for it. */
    private readonly made: string | undefined,
    private readonly unlock: () => void,
  ) {}

  /**
   * Takes the folder for a run, `folder` undefined for a new one.
   *
   * @throws InputError where another run is at work in it, or one has stopped in it that can go on, unless it is this one (`resuming`)
   */
  static async take(folder: string | undefined, { resuming }: { resuming: boolean }): Promise<RunFolder> {
    try {
      if (folder === undefined) {
        await mkdir(RUNS, { recursive: true });
        const made = await makeFolder();
        // Of runs that begin together each may have made the place for runs; whoever leaves it empty takes it away.
        return new RunFolder(made, true, RUNS, (await lockFolder('train', made)).release);
      }
      const made = await mkdir(folder, { recursive: true });
      const { release } = await lockFolder('train', folder);
      try {
        if (!resuming) await requireNoStoppedRun(folder);
      } catch (error) {
        release();
        throw error;
      }
      const isOwn = path.dirname(path.resolve(folder)) === path.resolve(RUNS);
      return new RunFolder(folder, isOwn, made, release);
    } catch (error) {
      throw unwritable('train', folder ?? RUNS, error);
    }
  }

  /** Makes room for the checkpoints of a run that begins here. */
  async clear(): Promise<void> {
    await this.writing(async () => {
      await removeCheckpoints(this.folder);
      await rm(path.join(this.folder, UNFINISHED), { recursive: true, force: true });
    });
  }

  /** Keeps the model of the best epoch so far. */
  async keepBest(network: Mlp, notes: ModelNotes): Promise<void> {
    await saveModel(network, path.join(this.folder, UNFINISHED, BEST), { notes });
  }

  /**
   * Writes a run that ended. One that did not finish takes no place of one that did: it goes into a folder within. The best epoch's
   * model is kept where the last is not the best.
   */
  async finish(
    network: Mlp,
    history: History,
    { notes, config, picture, lastIsBest }: Written,
  ): Promise<RunFiles> {
    const isFinished = history.stopped === 'finished';
    const place =
      isFinished || !(await holdsFinishedModel(this.folder))
        ? this.folder
        : path.join(this.folder, UNFINISHED);
    const files: RunFiles = { model: place, history: path.join(place, HISTORY_FILE) };
    return this.writing(async () => {
      await saveModel(network, place, { notes });
      await writeJson(files.history, history);
      await writeJson(path.join(place, CONFIG_FILE), config);
      const pictureFile = path.join(place, PICTURE_FILE);
      if (picture === undefined) await rm(pictureFile, { force: true });
      else {
        await writeFileWhole(pictureFile, picture);
        files.picture = pictureFile;
      }
      const best = await this.placeBest(place, lastIsBest);
      if (best !== undefined) files.best = best;
      if (isFinished) {
        await rm(path.join(this.folder, UNFINISHED), { recursive: true, force: true });
        if (this.isOwn) await pointLatest(this.folder);
      }
      return files;
    });
  }

  private async placeBest(place: string, lastIsBest: boolean): Promise<string | undefined> {
    const kept = path.join(this.folder, UNFINISHED, BEST);
    const target = path.join(place, BEST);
    if (lastIsBest) {
      await rm(target, { recursive: true, force: true });
      await rm(kept, { recursive: true, force: true });
      return undefined;
    }
    if (kept !== target && (await isThere(kept))) {
      await rm(target, { recursive: true, force: true });
      await rename(kept, target);
    }
    await rmdir(path.join(this.folder, UNFINISHED)).catch(() => {});
    return (await isThere(target)) ? target : undefined;
  }

  /** Gives the folder back; one that was made and in which nothing was done goes. */
  async release({ nothingDone = false } = {}): Promise<void> {
    this.unlock();
    if (!nothingDone || this.made === undefined) return;
    await rm(this.folder, { recursive: true, force: true });
    const outermost = path.resolve(this.made);
    for (let above = path.resolve(this.folder); above !== outermost;) {
      above = path.dirname(above);
      // Another run may have begun there.
      if (
        !(await rmdir(above).then(
          () => true,
          () => false,
        ))
      )
        return;
    }
  }

  private async writing<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw unwritable('train', this.folder, error);
    }
  }
}

/** A folder named after the time, with a number behind it where there is one of that second already. */
async function makeFolder(): Promise<string> {
  const now = new Date();
  const local = new Date(now.getTime() - 60_000 * now.getTimezoneOffset());
  const name = path.join(RUNS, local.toISOString().slice(0, 19).replace('T', '-').replaceAll(':', ''));
  for (let number = 1; ; number++) {
    const folder = number === 1 ? name : `${name}-${number}`;
    try {
      await mkdir(folder);
      return folder;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

async function requireNoStoppedRun(folder: string): Promise<void> {
  const stopped = (await stoppedIn(path.join(folder, UNFINISHED))) ?? (await stoppedIn(folder));
  if (stopped === 'diverged') return;
  const checkpoint = await loadCheckpoint(folder).catch(() => undefined);
  if (!checkpoint || checkpoint.step >= checkpoint.settings.steps) return;
  throw new InputError(
    `train: ${folder} holds a run that stopped after ${checkpoint.step} of ${checkpoint.settings.steps} steps. Go on with it (--resume ${folder}), or choose another folder (--output).`,
  );
}

/** How the run ended whose history is in the folder. */
async function stoppedIn(folder: string): Promise<string | undefined> {
  try {
    return (JSON.parse(await readFile(path.join(folder, HISTORY_FILE), 'utf8')) as History).stopped;
  } catch {
    return undefined;
  }
}

/** Whether there is a model that no stopped run left. */
async function holdsFinishedModel(folder: string): Promise<boolean> {
  if (!(await isThere(path.join(folder, MODEL_FILES[0])))) return false;
  const stopped = await stoppedIn(folder);
  return stopped !== 'interrupted' && stopped !== 'diverged';
}

/** Lets runs/latest lead to the folder, at one moment. What is no link there (a run of an older version) gets a name of its own. */
async function pointLatest(folder: string): Promise<void> {
  const latest = path.join(RUNS, LATEST);
  const isLink = await readlink(latest).then(
    () => true,
    () => false,
  );
  if (!isLink && (await isThere(latest)))
    await rename(latest, path.join(RUNS, `before-${path.basename(folder)}`));
  const beside = path.join(RUNS, `.${LATEST}.${process.pid}.tmp`);
  await rm(beside, { force: true });
  await symlink(path.basename(folder), beside, process.platform === 'win32' ? 'junction' : 'dir');
  await rename(beside, latest);
}

const isThere = (place: string): Promise<boolean> =>
  lstat(place).then(
    () => true,
    () => false,
  );
