/** Files of lines that a run keeps: begun whole, and each line in it whole or not at all. */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';

/** A new file with one line, in place of what was there, which stands where that fails. @throws the file system's error */
export function beginLines(file: string, line: string): void {
  const folder = path.dirname(path.resolve(file));
  mkdirSync(folder, { recursive: true });
  const beside = path.join(folder, `.${path.basename(file)}.${process.pid}-${Date.now().toString(36)}-0.tmp`);
  try {
    const handle = openSync(beside, 'wx');
    try {
      writeAll(handle, Buffer.from(`${line}\n`), 0);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/**
 * A line behind the last one; where there is only room for a part of it the file stays as it was.
 *
 * @throws the file system's error
 */
export function addLine(file: string, line: string): void {
  const handle = openSync(file, 'r+');
  try {
    const { size } = fstatSync(handle);
    try {
      writeAll(handle, Buffer.from(`${line}\n`), size);
    } catch (error) {
      try {
        ftruncateSync(handle, size);
      } catch {
        // A device has no size.
      }
      throw error;
    }
  } finally {
    closeSync(handle);
  }
}

/** One write may take a part of the bytes only. */
function writeAll(handle: number, bytes: Uint8Array, at: number): void {
  for (let written = 0; written < bytes.length;) {
    const came = writeSync(handle, bytes, written, bytes.length - written, at + written);
    if (came === 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    written += came;
  }
}
