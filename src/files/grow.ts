/** Files that grow while others read them. */
import { open } from 'node:fs/promises';
import { writeFileWhole } from './write.js';

/** Milliseconds between two writes. */
const PAUSE = 1000;

/**
 * A file to which is added. What is added is written some time later, in order, in whole pieces as they were given; a failure is kept and
 * told at the end, as the work that is watched goes on without its watcher.
 */
export class GrowingFile {
  private pieces: Uint8Array[] = [];
  private writing: Promise<void> = Promise.resolve();
  private written = performance.now();
  private failure: unknown;

  private constructor(readonly file: string) {}

  /** Begins the file with `content`, in place of what was there. @throws the file system's error */
  static async begin(file: string, content: string | Uint8Array): Promise<GrowingFile> {
    await writeFileWhole(file, content);
    return new GrowingFile(file);
  }

  add(content: string | Uint8Array): void {
    this.pieces.push(typeof content === 'string' ? Buffer.from(content) : content);
    if (performance.now() - this.written > PAUSE) this.flush();
  }

  /** Waits until all is on the disk. @throws the first error of the file system */
  async end(): Promise<void> {
    this.flush();
    await this.writing;
    if (this.failure !== undefined) throw this.failure;
  }

  private flush(): void {
    this.written = performance.now();
    const bytes = Buffer.concat(this.pieces);
    this.pieces = [];
    this.writing = this.writing.then(async () => {
      if (this.failure !== undefined || bytes.length === 0) return;
      try {
        await append(this.file, bytes);
      } catch (error) {
        this.failure = error;
      }
    });
  }
}

/** A piece that does not fit is taken away again: the file ends where the last whole one does. */
async function append(file: string, bytes: Uint8Array): Promise<void> {
  // Not made anew: a file that somebody took away is no more the one that was begun.
  const handle = await open(file, 'r+');
  try {
    const { size } = await handle.stat();
    try {
      for (let written = 0; written < bytes.length;) {
        const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, size + written);
        if (bytesWritten === 0) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
        written += bytesWritten;
      }
    } catch (error) {
      await handle.truncate(size).catch(() => {});
      throw error;
    }
  } finally {
    await handle.close();
  }
}
