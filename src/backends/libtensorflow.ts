/** libtensorflow out of TensorFlow's Python wheels, kept once per user and linked into every copy of tfjs-node. */
import { createWriteStream, existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import yauzl from 'yauzl';
import { cacheDirectory } from '../files/cache-directory.js';
import { nodeApiVersion, tfjsNodeVersion } from './native.js';

/** A wheel that carries the C API in a library which loads without Python (TensorFlow's do from 2.13 on). */
export interface Wheel {
  package: string;
  version: string;
  /** The platform tag pip is asked for. */
  platform: string;
  /** Of the wheel file; pip refuses any other. */
  sha256: string;
  /** Download and unpacked library, in megabytes. */
  megabytes: { wheel: number; unpacked: number };
  /** Names under `lib/` that the binding is linked against, and the wheel's library that each stands for. */
  links: Record<string, string>;
}

const linuxLinks = {
  'libtensorflow.so': 'libtensorflow_cc.so.2',
  'libtensorflow.so.2': 'libtensorflow_cc.so.2',
  'libtensorflow.so.2.9.1': 'libtensorflow_cc.so.2',
  'libtensorflow_framework.so': 'libtensorflow_framework.so.2',
};

/** By `process.platform`-`process.arch`. Elsewhere tfjs-node's own download is the only way. */
const wheels: Record<string, Wheel> = {
  'linux-x64': {
    package: 'tensorflow-cpu',
    version: '2.15.1',
    platform: 'manylinux_2_17_x86_64',
    sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
    megabytes: { wheel: 207, unpacked: 620 },
    links: linuxLinks,
  },
  'linux-arm64': {
    package: 'tensorflow-cpu-aws',
    version: '2.15.1',
    platform: 'manylinux_2_17_aarch64',
    sha256: 'd4c3a3a9363bf42999adedbbd514e3a133be2d62f61fee9cfa46aaefb087c09e',
    megabytes: { wheel: 220, unpacked: 700 },
    links: linuxLinks,
  },
  'darwin-arm64': {
    package: 'tensorflow',
    version: '2.15.1',
    platform: 'macosx_12_0_arm64',
    sha256: 'aa926114d1e13ffe5b2ea59c3f195216f26646d7fe36e9e5207b291e4b7902ff',
    megabytes: { wheel: 206, unpacked: 610 },
    links: { 'libtensorflow.2.dylib': 'libtensorflow_cc.2.dylib' },
  },
};

/** The wheel for a platform, or undefined where there is none that serves. */
export function wheelFor(
  platform: string = process.platform,
  arch: string = process.arch,
): Wheel | undefined {
  return wheels[`${platform}-${arch}`];
}

/** Where a release of libtensorflow is kept for this user: `lib/`, `include/` and, once built, `bindings/`. */
export function libraryFolder(version: string): string {
  return cacheDirectory(`libtensorflow-${version}-${process.platform}-${process.arch}`);
}

/** The libraries this user has already, newest release first. */
export function keptLibraries(): string[] {
  const suffix = `-${process.platform}-${process.arch}`;
  const root = cacheDirectory();
  if (!existsSync(root)) return [];
  return readdirSync(root)
    .filter((name) => name.startsWith('libtensorflow-') && name.endsWith(suffix))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .map((name) => path.join(root, name));
}

/** The binding built for a kept library. N-API is the same for every Node, so Node's version is not part of the name. */
export function keptBinding(library: string): string {
  return path.join(library, 'bindings', `tfjs-node-${tfjsNodeVersion}-napi-v${nodeApiVersion}.node`);
}

/**
 * Unpacks from `wheelFile` what tfjs-node needs into `folder`, laid out as its `deps/`: `lib/`, with the names the
 * binding asks for, and `include/`. `onProgress` gets the part done, 0 to 1.
 */
export async function unpackWheel(
  wheelFile: string,
  folder: string,
  wheel: Pick<Wheel, 'links'>,
  { signal, onProgress }: { signal?: AbortSignal | undefined; onProgress?: (part: number) => void } = {},
): Promise<void> {
  await unzip(wheelFile, placeInDeps, folder, signal, onProgress);
  for (const [name, library] of Object.entries(wheel.links)) {
    if (!existsSync(path.join(folder, 'lib', library)))
      throw new Error(`${path.basename(wheelFile)} holds no ${library}`);
    await symlink(library, path.join(folder, 'lib', name));
  }
}

/** Where a file of the wheel goes, relative to `deps/`; undefined where it isn't needed. */
function placeInDeps(name: string): string | undefined {
  const library = /^tensorflow\/(libtensorflow_(?:cc|framework)\.(?:so\.2|2\.dylib))$/.exec(name)?.[1];
  // The arm64 wheel brings its OpenMP library in a folder beside the package.
  const companion = /^tensorflow_cpu_aws\.libs\/(lib[^/]+)$/.exec(name)?.[1];
  const header = /^tensorflow\/include\/((?:tsl|tensorflow\/c|tensorflow\/core\/platform)\/.+\.h)$/.exec(
    name,
  )?.[1];
  const notice = /^(?:tensorflow\/(THIRD_PARTY_NOTICES\.txt)|[^/]+\.dist-info\/(LICENSE))$/.exec(name);
  const shared = library ?? companion;
  if (shared) return path.join('lib', shared);
  if (header) return path.join('include', header);
  return notice ? (notice[1] ?? notice[2]) : undefined;
}

/** Unzips the files of `zipFile` that `place` gives a place in `folder`. */
async function unzip(
  zipFile: string,
  place: (name: string) => string | undefined,
  folder: string,
  signal?: AbortSignal,
  onProgress?: (part: number) => void,
): Promise<void> {
  const open = promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open);
  const zip = await open(zipFile, { lazyEntries: true, autoClose: false });
  const openReadStream = promisify<yauzl.Entry, NodeJS.ReadableStream>(zip.openReadStream.bind(zip));
  try {
    const wanted = (await entriesOf(zip)).flatMap((entry) => {
      const target = place(entry.fileName);
      return target === undefined ? [] : [{ entry, target: path.join(folder, target) }];
    });
    const total = wanted.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0);
    let done = 0;
    for (const { entry, target } of wanted) {
      await mkdir(path.dirname(target), { recursive: true });
      const content = await openReadStream(entry);
      content.on('data', (chunk: Buffer) => onProgress?.((done += chunk.length) / total));
      await pipeline(content, createWriteStream(target), { signal });
    }
  } finally {
    zip.close();
  }
}

async function entriesOf(zip: yauzl.ZipFile): Promise<yauzl.Entry[]> {
  const entries: yauzl.Entry[] = [];
  await new Promise<void>((resolve, reject) => {
    zip.on('entry', (entry: yauzl.Entry) => {
      entries.push(entry);
      zip.readEntry();
    });
    zip.on('end', resolve);
    zip.on('error', reject);
    zip.readEntry();
  });
  return entries;
}

/**
 * Makes the folder `target` whole or not at all: `fill` works in a folder beside it, which is renamed when it is
 * done and removed when it is not. Where `target` came to be in the meantime, that one stays.
 */
export async function makeFolderWhole(
  target: string,
  fill: (beside: string) => Promise<void>,
): Promise<void> {
  const root = path.dirname(target);
  await mkdir(root, { recursive: true });
  await removeAbandoned(root);
  const beside = path.join(root, `.${path.basename(target)}.${process.pid}.partial`);
  try {
    await mkdir(beside);
    await fill(beside);
    await rename(beside, target).catch((error: unknown) => {
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** Removes what processes left behind that were killed while they filled a folder. */
async function removeAbandoned(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const pid = /^\..+\.(\d+)\.partial$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid)))
      await rm(path.join(root, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Copies a file so that `target` is never seen half-written. */
export async function copyWhole(source: string, target: string): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true });
  const beside = `${target}.${process.pid}`;
  try {
    await copyFile(source, beside);
    await rename(beside, target);
  } finally {
    await rm(beside, { force: true });
  }
}
