/** Whole files or none: everything is written beside its target and renamed. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/** Writes `content` to `file`, making its folder where there is none. A reader never sees half of it. */
export async function writeFileWhole(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFileAtomic(file, typeof content === 'string' ? content : Buffer.from(content));
}

/** `writeFileWhole` of `value` as indented JSON. */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await writeFileWhole(file, `${JSON.stringify(value, null, 2)}\n`);
}
