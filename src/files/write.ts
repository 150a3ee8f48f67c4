/** Whole files or none: everything is written beside its target and renamed. */
import { access, constants, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { InputError } from '../errors.js';

/** Writes `content` to `file`, making its folder where there is none. A reader never sees half of it. */
export async function writeFileWhole(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFileAtomic(file, typeof content === 'string' ? content : Buffer.from(content));
}

/** `writeFileWhole` of `value` as indented JSON. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFileWhole(file, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * Says no before the work, not after it, where files can't be written into `directory`: it, or the nearest folder above it that
 * exists, must be a folder one may write to. Makes nothing.
 *
 * @throws InputError, as `unwritable`.
 */
export async function requireWritable(where: string, directory: string): Promise<void> {
  for (let folder = path.resolve(directory); ; folder = path.dirname(folder)) {
    try {
      if (!(await stat(folder)).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
      await access(folder, constants.W_OK | constants.X_OK);
      return;
    } catch (error) {
      if (!isMissing(error) || folder === path.dirname(folder)) throw unwritable(where, directory, error);
    }
  }
}

/** What a failed write into `directory` is to the user; an error that is not the file system's stays what it is. */
export function unwritable(where: string, directory: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return new InputError(`${where}: can't write to ${directory} (${code}). Choose another folder.`, {
    cause: error,
  });
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';
