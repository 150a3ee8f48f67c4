/** Whole files or none: everything is written beside its target, looked at, synced and renamed. */
import type { Stats } from 'node:fs';
import { access, constants, lstat, mkdir, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '../errors.js';

/**
 * Writes `content` to `file`, making its folder where there is none. A reader sees the old content or the new one, never half of it,
 * and after a power cut too: the bytes are on the disk before the name is. Where that fails the old file stands as it was. A link is
 * followed, and the old file's permissions are kept.
 *
 * @throws the file system's error; ENOSPC for a disk that takes a part of the bytes only
 */
export async function writeFileWhole(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const old = await requireReplaceable(file);
  const target = old ? await realpath(file) : file;
  const beside = path.join(
    path.dirname(target),
    `.${path.basename(target)}.${process.pid}-${Date.now().toString(36)}-${(count++).toString(36)}.tmp`,
  );
  await removeLeftovers(target);
  try {
    await writeNewFile(beside, content, old?.mode);
    await rename(beside, target);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(path.dirname(target));
}

/** Tells the files apart that one process writes at a time. */
let count = 0;

/**
 * Writes a file that must not be there yet, in full, down to the disk. Where that fails there is no such file.
 *
 * @throws the file system's error; EEXIST where the name is taken
 */
export async function writeNewFile(file: string, content: string | Uint8Array, mode?: number): Promise<void> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const handle = await open(file, 'wx', 0o666);
  try {
    try {
      if (mode !== undefined) await handle.chmod(mode & 0o7777);
      await writeAll(handle, bytes);
      await handle.sync();
      const { size } = await handle.stat();
      if (size !== bytes.length) throw fullDisk(size, bytes.length);
    } finally {
      await handle.close();
    }
  } catch (error) {
    await rm(file, { force: true }).catch(() => {});
    throw error;
  }
}

/** One `write` may take a part of the bytes only. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written);
    if (bytesWritten === 0) throw fullDisk(written, bytes.length);
    written += bytesWritten;
  }
}

const fullDisk = (came: number, wanted: number): Error =>
  Object.assign(new Error(`ENOSPC: ${came} of ${wanted} bytes could be written`), { code: 'ENOSPC' });

/** Puts the names in a folder on the disk too; some systems and file systems know no such thing. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/** Longer than any file here takes to be written. */
const ABANDONED = 3_600_000;

/** What writers of this file left that did not live to rename it. */
async function removeLeftovers(target: string): Promise<void> {
  const folder = path.dirname(target);
  const begin = `.${path.basename(target)}.`;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(begin) || !/\.\d+-[0-9a-z]+-[0-9a-z]+\.tmp$/.test(name)) continue;
    const file = path.join(folder, name);
    const { mtimeMs } = await lstat(file).catch(() => ({ mtimeMs: Infinity }));
    if (Date.now() - mtimeMs > ABANDONED) await rm(file, { force: true }).catch(() => {});
  }
}

/** What is at the file's place: a file, or nothing. Anything else (a folder, a link to nowhere, a device) cannot be replaced. */
async function requireReplaceable(file: string): Promise<Stats | undefined> {
  try {
    await lstat(file);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const found = await stat(file).catch((error: unknown) => {
    throw isMissing(error) ? new Unfit('ENOENT', 'it is a link to nowhere') : error;
  });
  if (found.isDirectory()) throw new Unfit('EISDIR', 'it is a folder');
  if (!found.isFile()) throw new Unfit('EINVAL', 'it is no ordinary file');
  return found;
}

/** What is in a file's place and no file. */
class Unfit extends Error {
  constructor(
    readonly code: string,
    readonly reason: string,
  ) {
    super(`${code}: ${reason}`);
  }
}

/** `writeFileWhole` of `value` as indented JSON. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFileWhole(file, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Says no before the work, not after it, where files can't be written into `directory`: it, or the nearest folder above it that
 * exists, must be a folder one may write to, and of the `files` that are to come each must be absent or an ordinary file. Makes nothing.
 *
 * @throws InputError, as `unwritable`.
 */
export async function requireWritable(
  where: string,
  directory: string,
  files: readonly string[] = [],
): Promise<void> {
  for (let folder = path.resolve(directory); ; folder = path.dirname(folder)) {
    try {
      await lstat(folder);
    } catch (error) {
      if (isMissing(error) && folder !== path.dirname(folder)) continue;
      throw unwritable(where, directory, error);
    }
    try {
      if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
      await access(folder, constants.W_OK | constants.X_OK);
    } catch (error) {
      throw unwritable(where, directory, error);
    }
    break;
  }
  for (const name of files) {
    const file = path.join(directory, name);
    await requireReplaceable(file).catch((error: unknown) => {
      throw unwritable(where, file, error);
    });
  }
}

/** What a failed write to `place` is to the user; an error that is not the file system's stays what it is. */
export function unwritable(where: string, place: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined || error instanceof InputError) return error;
  const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code);
  const remedy = full
    ? 'There is no room; what was there before stands. Free some space, or choose another folder.'
    : 'Choose another folder.';
  const reason = error instanceof Unfit ? `: ${error.reason}` : '';
  return new InputError(`${where}: can't write to ${place}${reason} (${code}). ${remedy}`, { cause: error });
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
