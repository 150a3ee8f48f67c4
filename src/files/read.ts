/** Files that users name, read without waiting for ever and without more memory than they may take. */
import { constants, open } from 'node:fs/promises';

/**
 * The bytes of an ordinary file. A pipe, a terminal or a device, which may never end, is refused before it is read, and so is a file
 * of more than `most` bytes.
 *
 * @throws the file system's error; with the code EINVAL what is no ordinary file, EFBIG what is too large
 */
export async function readFileBounded(file: string, most = 2 ** 31 - 1): Promise<Buffer> {
  // Without waiting for somebody to open the other end of a pipe.
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const found = await handle.stat();
    if (found.isDirectory()) throw refusal('EISDIR', 'it is a folder');
    if (!found.isFile()) throw refusal('EINVAL', 'it is no ordinary file');
    if (found.size > most)
      throw refusal('EFBIG', `it has ${found.size} bytes, and ${most} are the most here`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

const refusal = (code: string, message: string): Error => Object.assign(new Error(message), { code });
