/** Downloads a small file over interruptions: what has come is kept beside the target and carried on from there. */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { EnvironmentError } from '../errors.js';

export interface DownloadOptions {
  /** Where the bytes that have come are kept until all are there and checked. */
  partFile: string;
  /** Throws unless the bytes are those wanted; returns what they hold. */
  check: (bytes: Uint8Array) => Promise<Uint8Array>;
  /** Called as bytes come; `total` is left out where the server doesn't tell. */
  onProgress?: (received: number, total?: number) => void;
  signal?: AbortSignal;
  /** Milliseconds without a byte after which the connection is given up. */
  patience?: number;
}

/** Connections to one server for one file, each carrying on where the last was cut. */
const MAX_REQUESTS = 5;
/** MNIST's largest file is 47 MB uncompressed. */
export const MAX_BYTES = 64 * 2 ** 20;
const PATIENCE = 30_000;

/**
 * What `check` returns for the file at `url`.
 *
 * A cut connection is taken up again with a Range request, in this call while each connection brings something,
 * and by later calls from `partFile`. A server that doesn't honour Range is taken from the start. If what was
 * carried on turns out wrong, the file is fetched once more from the start. The part file is gone at the end,
 * unless the connection failed.
 *
 * Throws an Error with the server's or the network's reason, EnvironmentError if the part file can't be written,
 * and the signal's reason on abort.
 */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array> {
  const part = await Part.open(options.partFile);
  try {
    for (let again = true; ; again = false) {
      const held = part.length;
      const connections = await fetchAll(url, part, options);
      try {
        const content = await options.check(part.bytes());
        await part.clear();
        return content;
      } catch (error) {
        await part.clear();
        const piecedTogether = held > 0 || connections > 1;
        if (!piecedTogether || !again) throw error;
      }
    }
  } finally {
    await part.close();
  }
}

/** The reason in an error of `fetch` or the file system: its message, or its code where that says more. */
export function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { message, code, cause } = error as { message?: string; code?: string; cause?: unknown };
  if (cause) return reasonOf(cause);
  if (code && !message?.includes(code)) return message ? `${message} (${code})` : code;
  return message || String(error);
}

/** An answer that asking again won't better. */
class Refused extends Error {}

/** Brings `part` to the whole file; returns how many connections it took. */
async function fetchAll(url: string, part: Part, options: DownloadOptions): Promise<number> {
  for (let request = 1; ; request++) {
    const came = { bytes: 0 };
    try {
      if (await fetchRest(url, part, came, options)) return request;
      if (request === MAX_REQUESTS) throw new Error('the connection was cut again and again');
    } catch (error) {
      options.signal?.throwIfAborted();
      const final = error instanceof Refused || error instanceof EnvironmentError;
      if (final || came.bytes === 0 || request === MAX_REQUESTS) throw error;
    }
  }
}

/** One connection. True if the file is whole, as far as the server's word goes; false to ask again. */
async function fetchRest(
  url: string,
  part: Part,
  came: { bytes: number },
  { signal, onProgress, patience = PATIENCE }: DownloadOptions,
): Promise<boolean> {
  const impatience = new AbortController();
  const giveUp = () => impatience.abort(new Error(`nothing came for ${patience / 1000} s`));
  const timer = setTimeout(giveUp, patience);
  try {
    const response = await fetch(url, {
      headers: { 'accept-encoding': 'identity', ...(part.length > 0 && { range: `bytes=${part.length}-` }) },
      signal: AbortSignal.any([impatience.signal, ...(signal ? [signal] : [])]),
    });
    const answer = readAnswer(response, part.length);
    if (answer.start !== part.length) await part.clear();
    if (answer.start === undefined) return false;
    onProgress?.(part.length, answer.total);
    if (response.status !== 416) {
      for await (const chunk of response.body ?? []) {
        timer.refresh();
        came.bytes += chunk.length;
        await part.append(chunk);
        onProgress?.(part.length, answer.total);
        if (part.length > MAX_BYTES) {
          await part.clear();
          throw new Refused(`more than ${MAX_BYTES} bytes came`);
        }
      }
    }
    return answer.total === undefined || part.length === answer.total;
  } finally {
    clearTimeout(timer);
    impatience.abort();
  }
}

/**
 * What the server sends: the position its bytes start at, and the length of the whole file where it tells.
 * No `start` where what it sends is of no use, and the file must be asked for anew.
 */
function readAnswer(response: Response, held: number): { start?: number; total?: number } {
  const { status, headers } = response;
  const [, from, to] = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/.exec(headers.get('content-range') ?? '') ?? [];
  const total = to === undefined ? undefined : Number(to);
  if (status === 416 && held > 0) return total === held ? { start: held, total } : {};
  if (status === 206) {
    if (Number(from) === held && !headers.has('content-encoding')) return { start: held, total };
    if (held === 0) throw new Refused('the server sent a part of the file unasked');
    return {};
  }
  if (status !== 200) throw new Refused(`HTTP ${status} ${response.statusText}`.trimEnd());
  const length = headers.get('content-length');
  return { start: 0, total: length === null || headers.has('content-encoding') ? undefined : Number(length) };
}

/** The bytes that have come: in memory, and in a file for the next call to carry on from. */
class Part {
  readonly #file: string;
  readonly #handle: FileHandle;
  #chunks: Uint8Array[];
  length: number;

  private constructor(file: string, handle: FileHandle, held: Uint8Array) {
    this.#file = file;
    this.#handle = handle;
    this.#chunks = [held];
    this.length = held.length;
  }

  static async open(file: string): Promise<Part> {
    return writing(file, async () => {
      await mkdir(path.dirname(file), { recursive: true });
      const handle = await open(file, 'a+');
      return new Part(file, handle, await handle.readFile());
    });
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks);
  }

  async append(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(chunk);
    this.length += chunk.length;
    await writing(this.#file, () => this.#handle.appendFile(chunk));
  }

  async clear(): Promise<void> {
    this.#chunks = [];
    this.length = 0;
    await writing(this.#file, () => this.#handle.truncate(0));
  }

  /** Closes the file, and deletes it where nothing is held. */
  async close(): Promise<void> {
    await this.#handle.close();
    if (this.length === 0) await rm(this.#file, { force: true });
  }
}

async function writing<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw new EnvironmentError(
      `Can't write ${file}: ${reasonOf(error)}. Free some space, or set GRADPARITY_CACHE_DIR to a folder that can be written.`,
      { cause: error },
    );
  }
}
