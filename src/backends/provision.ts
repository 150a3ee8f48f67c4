/** Sets up tfjs-node, whose own installer fails wherever one storage host is out of reach. */
import { constants, realpathSync, statSync } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { EnvironmentError } from '../errors.js';
import { writeJson } from '../files/write.js';
import { installTfjsNode } from './install-package.js';
import { keptLibraries, wheelFor } from './libtensorflow.js';
import {
  bindingFile,
  nativeIsSwitchedOff,
  nativeObstacle,
  processorObstacle,
  tfjsNodeFolder,
} from './native.js';
import { probeNative } from './probe.js';
import {
  clear,
  downloadByTfjsNode,
  Failed,
  takeFromWheel,
  useLibrary,
  type Context,
  type ProvisionStep,
} from './ways.js';

export type { ProvisionStep } from './ways.js';

export interface ProvisionOptions {
  log?: (step: ProvisionStep) => void;
  signal?: AbortSignal | undefined;
  /** tfjs-node's folder; by default the one that gradparity imports. */
  folder?: string | undefined;
  /** The command that the user has run, or may run again, as errors name it. */
  command?: string;
  /** The end of the explanation where no way led there: what works all the same. */
  without?: string;
  /** Believe that what ran before runs, while its files are the same: milliseconds instead of a second. Default true. */
  believeProof?: boolean;
}

/** How the native backend came to run: it did already, or by one of the three ways. */
export interface Provisioned {
  how: 'already' | 'kept library' | 'own download' | 'wheel';
  libtensorflow: string;
  folder: string;
}

/**
 * Makes the native backend run: tries, in this order, a libtensorflow that this user has already, tfjs-node's own
 * download, and the library in TensorFlow's Python wheel with the binding built from source. What was made is proved
 * in a child process; what does not pass is taken away again. Where all is in place it returns within milliseconds.
 *
 * @throws EnvironmentError with what happened on each way, and what to do
 * @throws the signal's reason when it is aborted; nothing half-made is left
 */
export async function provisionNative(options: ProvisionOptions = {}): Promise<Provisioned> {
  const {
    log = () => undefined,
    signal,
    command = 'gradparity doctor --fix',
    without = 'Without it everything runs on the wasm backend that comes with gradparity, several times slower.',
  } = options;
  if (nativeIsSwitchedOff())
    throw new EnvironmentError(
      'provisionNative: GRADPARITY_NATIVE=off switches the native backend off; unset it to set the backend up.',
    );
  const unfit = processorObstacle();
  if (unfit !== undefined)
    throw new EnvironmentError(`provisionNative: ${unfit}. The wasm backend runs here.`);
  const folder = options.folder ?? tfjsNodeFolder() ?? (await installTfjsNode(log, signal));
  const context = { log, signal, folder };
  const present = await runsAlready(context, options.believeProof ?? true);
  if (present !== undefined) return { how: 'already', libtensorflow: present, folder };

  await access(folder, constants.W_OK).catch(() => {
    throw new EnvironmentError(`${folder} can't be written to. Run \`${command}\` as its owner.`);
  });
  const failures: { way: string; failed: Failed }[] = [];
  for (const { how, name, attempt } of ways(context)) {
    try {
      const libtensorflow = await attempt();
      await remember(folder, libtensorflow);
      return { how, libtensorflow, folder };
    } catch (error) {
      await clear(folder);
      signal?.throwIfAborted();
      failures.push({ way: name, failed: error instanceof Failed ? error : new Failed(String(error)) });
    }
  }
  throw new EnvironmentError(explain(failures, command, without));
}

function ways(context: Context) {
  const wheel = wheelFor();
  return [
    ...keptLibraries().map((library) => ({
      how: 'kept library' as const,
      name: `the library in ${library}`,
      attempt: () => useLibrary(library, context),
    })),
    {
      how: 'own download' as const,
      name: "tfjs-node's own download",
      attempt: () => downloadByTfjsNode(context),
    },
    {
      how: 'wheel' as const,
      name: wheel
        ? `the library in the Python wheel ${wheel.package} ${wheel.version}`
        : "TensorFlow's Python wheel",
      attempt: () => takeFromWheel(wheel, context),
    },
  ];
}

function explain(failures: { way: string; failed: Failed }[], command: string, without: string): string {
  const remedies = [...new Set(failures.flatMap(({ failed }) => failed.remedy ?? []))];
  return [
    `The native backend could not be set up on ${process.platform}-${process.arch}, Node ${process.version}.`,
    ...failures.map(({ way, failed }) => `  - ${way}: ${failed.message}`),
    ...(remedies.length > 0 ? [`What helps, before \`${command}\` again:`] : []),
    ...remedies.map((remedy) => `  - ${remedy}`),
    without,
  ].join('\n');
}

// ---- what is there ----

/** libtensorflow's version where tfjs-node runs. */
async function runsAlready(
  { folder, log, signal }: Context,
  believeProof: boolean,
): Promise<string | undefined> {
  if (nativeObstacle(folder) !== undefined) return undefined;
  const proof = JSON.parse(await readFile(proofFile(folder), 'utf8').catch(() => '{}')) as Record<
    string,
    unknown
  >;
  if (believeProof && proof.of === fingerprint(folder)) return String(proof.libtensorflow);
  log({ text: 'Trying the native backend that is there' });
  const probe = await probeNative(folder, signal);
  if ('problem' in probe) return undefined;
  // Where node_modules is not ours to write to, the proof is made anew each time.
  await remember(folder, probe.version).catch(() => undefined);
  return probe.version;
}

async function remember(folder: string, libtensorflow: string): Promise<void> {
  await writeJson(proofFile(folder), { of: fingerprint(folder), libtensorflow });
}

function proofFile(folder: string): string {
  return path.join(folder, 'lib', 'gradparity.json');
}

function fingerprint(folder: string): string {
  const { mtimeMs, size } = statSync(bindingFile(folder));
  return [process.platform, process.arch, realpathSync(path.join(folder, 'deps')), mtimeMs, size].join(' ');
}
