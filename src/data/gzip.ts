/** Files that may be compressed with gzip, decompressed to no more than they say they hold. */
import { createGunzip } from 'node:zlib';
import { idxLength, isGzip } from './idx.js';

/** What an array of bytes may take here. */
export const MOST_BYTES = 2 ** 31 - 1;
/** Gzip makes no more of a byte, by its format. */
const HIGHEST_RATIO = 1032;

/**
 * The contents of a file that may be compressed with gzip. An IDX file's own header says how many bytes there are; one that holds more,
 * or more than `most`, is refused when they come, not when they have filled the memory.
 *
 * @throws Error with what is wrong, as the end of a sentence
 */
export async function uncompressed(bytes: Uint8Array, most = MOST_BYTES): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  const gunzip = createGunzip();
  const chunks: Buffer[] = [];
  let length = 0;
  let bound = most;
  let isBound = false;
  gunzip.end(bytes);
  for await (const chunk of gunzip as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (!isBound) {
      const said = idxLength(Buffer.concat(chunks.slice(0, 2)));
      isBound = said !== undefined || length > 1024;
      if (said !== undefined) bound = Math.min(most, said);
      if (bound > HIGHEST_RATIO * bytes.length && said !== undefined) {
        throw new Error(
          `cut short: its header says ${said} bytes, more than ${bytes.length} compressed ones can hold`,
        );
      }
    }
    if (length > bound)
      throw new Error(
        `it holds more than ${bound} bytes, ${bound < most ? 'which its header says' : 'the most here'}`,
      );
  }
  if (gunzip.bytesWritten < bytes.length) {
    throw new Error(`${bytes.length - gunzip.bytesWritten} bytes follow the end of the gzip data`);
  }
  return Buffer.concat(chunks);
}
