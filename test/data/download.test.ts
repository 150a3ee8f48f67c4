import { describe, expect, it } from '@jest/globals';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import type { RequestListener, ServerResponse } from 'node:http';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { download, type DownloadOptions, MAX_BYTES, reasonOf } from '../../src/data/download.js';
import { EnvironmentError } from '../../src/errors.js';
import { inTemporaryFolder, sendRange, serve, type TestServer } from './server.js';

const CONTENT = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i * 31 + (i >> 8)) % 251);
const HALF = CONTENT.length / 2;

/** Oracle of every case: the very bytes, or an error. */
async function check(bytes: Uint8Array): Promise<Uint8Array> {
  if (Buffer.compare(bytes, CONTENT) !== 0) throw new Error(`not the file: ${bytes.length} bytes`);
  return bytes;
}

const whole: RequestListener = (request, response) => sendRange(CONTENT, request, response);
const ignoringRange: RequestListener = (_, response) => {
  response.writeHead(200, { 'content-length': CONTENT.length }).end(CONTENT);
};
const answering =
  (
    status: number,
    body: Uint8Array | string = '',
    headers: Record<string, string | number> = {},
  ): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body);

interface Case {
  url: string;
  server: TestServer;
  partFile: string;
  /** Downloads, with options beyond the usual. */
  fetched: (options?: Partial<DownloadOptions>) => Promise<Uint8Array>;
  /** The names in the folder of the part file. */
  left: () => Promise<string[]>;
}

async function withServer(
  handlers: RequestListener[],
  action: (parts: Case) => Promise<void>,
): Promise<void> {
  const server = await serve(...handlers);
  try {
    await inTemporaryFolder(async (folder) => {
      const partFile = path.join(folder, 'cache', 'file.part');
      const url = `${server.url}file`;
      const fetched = (options = {}) => download(url, { partFile, check, ...options });
      await action({ url, server, partFile, fetched, left: () => readdir(path.dirname(partFile)) });
    });
  } finally {
    await server.close();
  }
}

/** A server that sends half of the file at first, and an `onProgress` that has it cut the connection then. */
function cutAtHalf(then: RequestListener) {
  let cut: (() => void) | undefined;
  const half: RequestListener = (_, response: ServerResponse) => {
    response.writeHead(200, { 'content-length': CONTENT.length });
    response.write(CONTENT.subarray(0, HALF));
    cut = () => response.destroy();
  };
  const onProgress = (received: number) => {
    if (received === HALF) cut?.();
  };
  return { handlers: [half, then], onProgress };
}

describe('download', () => {
  it('fetches a file in one request, tells how far it is, and leaves nothing behind', async () => {
    await withServer([whole], async ({ server, fetched, left }) => {
      const progress: (number | undefined)[][] = [];
      const bytes = await fetched({ onProgress: (...step) => progress.push(step) });
      expect(Buffer.compare(bytes, CONTENT)).toBe(0);
      expect(server.requests).toEqual([{ path: '/file' }]);
      expect(progress[0]).toEqual([0, CONTENT.length]);
      expect(progress.at(-1)).toEqual([CONTENT.length, CONTENT.length]);
      expect(await left()).toEqual([]);
    });
  });

  it('returns what check returns', async () => {
    await withServer([whole], async ({ fetched }) => {
      expect(await fetched({ check: async () => Uint8Array.of(7) })).toEqual(Uint8Array.of(7));
    });
  });

  it('carries on where the connection was cut', async () => {
    const { handlers, onProgress } = cutAtHalf(whole);
    await withServer(handlers, async ({ server, fetched, left }) => {
      expect(await fetched({ onProgress })).toHaveLength(CONTENT.length);
      expect(server.requests).toEqual([{ path: '/file' }, { path: '/file', range: `bytes=${HALF}-` }]);
      expect(await left()).toEqual([]);
    });
  });

  it('carries on in a later call what an abort left, and never takes it for the whole', async () => {
    const { handlers } = cutAtHalf(whole);
    await withServer(handlers, async ({ server, fetched, partFile }) => {
      const abort = new AbortController();
      const onProgress = (received: number) => received === HALF && abort.abort(new Error('enough'));
      await expect(fetched({ onProgress, signal: abort.signal })).rejects.toThrow('enough');
      expect(Buffer.compare(await readFile(partFile), CONTENT.subarray(0, HALF))).toBe(0);

      expect(await fetched()).toHaveLength(CONTENT.length);
      expect(server.requests[1]).toEqual({ path: '/file', range: `bytes=${HALF}-` });
    });
  });

  it('asks no server when already aborted', async () => {
    await withServer([whole], async ({ server, fetched }) => {
      const signal = AbortSignal.abort(new Error('enough'));
      await expect(fetched({ signal })).rejects.toThrow('enough');
      expect(server.requests).toEqual([]);
    });
  });

  it('starts over with a server that ignores Range', async () => {
    const { handlers, onProgress } = cutAtHalf(ignoringRange);
    await withServer(handlers, async ({ server, fetched, left }) => {
      expect(await fetched({ onProgress })).toHaveLength(CONTENT.length);
      expect(server.requests).toHaveLength(2);
      expect(await left()).toEqual([]);
    });
  });

  it('starts over with a server that sends another range than the one asked for', async () => {
    const misplaced = answering(206, CONTENT.subarray(10), {
      'content-range': `bytes 10-${CONTENT.length - 1}/${CONTENT.length}`,
    });
    const { handlers, onProgress } = cutAtHalf(misplaced);
    await withServer([...handlers, whole], async ({ server, fetched }) => {
      expect(await fetched({ onProgress })).toHaveLength(CONTENT.length);
      expect(server.requests.map(({ range }) => range)).toEqual([undefined, `bytes=${HALF}-`, undefined]);
    });
  });

  it('asks for the rest of a range shorter than asked for', async () => {
    const short: RequestListener = (_, response) => {
      const range = `bytes ${HALF}-${HALF + 9}/${CONTENT.length}`;
      response.writeHead(206, { 'content-range': range }).end(CONTENT.subarray(HALF, HALF + 10));
    };
    const { handlers, onProgress } = cutAtHalf(short);
    await withServer([...handlers, whole], async ({ server, fetched }) => {
      expect(await fetched({ onProgress })).toHaveLength(CONTENT.length);
      expect(server.requests.at(-1)?.range).toBe(`bytes=${HALF + 10}-`);
    });
  });

  it('fetches anew, once, when what it carried on turns out wrong', async () => {
    await withServer([whole], async ({ server, fetched, partFile, left }) => {
      await fetched();
      await writeFile(partFile, new Uint8Array(HALF));
      expect(await fetched()).toHaveLength(CONTENT.length);
      expect(server.requests.slice(1).map(({ range }) => range)).toEqual([`bytes=${HALF}-`, undefined]);
      expect(await left()).toEqual([]);
    });
  });

  it.each([
    ['whole', CONTENT.length, [`bytes=${CONTENT.length}-`]],
    ['too long', CONTENT.length + 1, [`bytes=${CONTENT.length + 1}-`, undefined]],
  ])('copes with a part file that is %s', async (_, length, ranges) => {
    await withServer([whole], async ({ server, fetched, partFile }) => {
      await fetched();
      await writeFile(partFile, Buffer.concat([CONTENT, Buffer.alloc(1)]).subarray(0, length));
      expect(await fetched()).toHaveLength(CONTENT.length);
      expect(server.requests.slice(1).map(({ range }) => range)).toEqual(ranges);
    });
  });

  it('takes a body that the server compresses on the way', async () => {
    const compressed = answering(200, gzipSync(CONTENT), { 'content-encoding': 'gzip' });
    await withServer([compressed], async ({ fetched }) => {
      expect(await fetched()).toHaveLength(CONTENT.length);
    });
  });

  it('rejects the wrong content without asking twice, and keeps none of it', async () => {
    await withServer([answering(200, 'Please log in')], async ({ server, fetched, left }) => {
      await expect(fetched()).rejects.toThrow('not the file: 13 bytes');
      expect(server.requests).toHaveLength(1);
      expect(await left()).toEqual([]);
    });
  });

  it('gives the reason where there is nothing to be had', async () => {
    await withServer(
      [answering(404), answering(206, 'unasked')],
      async ({ url, server, fetched, left, partFile }) => {
        await expect(fetched()).rejects.toThrow('HTTP 404 Not Found');
        await expect(fetched()).rejects.toThrow('a part of the file unasked');
        await server.close();
        const error = await download(url, { partFile, check }).catch((reason) => reason);
        expect(reasonOf(error)).toMatch(/ECONNREFUSED/);
        expect(await left()).toEqual([]);
      },
    );
  });

  it('gives up on a server that says nothing', async () => {
    await withServer([() => undefined], async ({ fetched }) => {
      await expect(fetched({ patience: 50 })).rejects.toThrow('nothing came for 0.05 s');
    });
  });

  it('stops where far more comes than MNIST has', async () => {
    const megabyte = new Uint8Array(2 ** 20);
    const endless: RequestListener = (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(megabyte));
      };
      response.on('drain', more);
      more();
    };
    await withServer([endless], async ({ server, fetched, left }) => {
      await expect(fetched()).rejects.toThrow(`more than ${MAX_BYTES} bytes came`);
      expect(server.requests).toHaveLength(1);
      expect(await left()).toEqual([]);
    });
  });

  it('blames the folder, not the server, where the part file cannot be written', async () => {
    await withServer([whole], async ({ server, fetched, partFile }) => {
      await writeFile(path.dirname(partFile), 'a file where the folder should be');
      const error = await fetched().catch((reason) => reason);
      expect(error).toBeInstanceOf(EnvironmentError);
      expect(error.message).toMatch(/Can't write .*file\.part: .* set GRADPARITY_CACHE_DIR/);
      expect(server.requests).toEqual([]);
    });
  });
});
