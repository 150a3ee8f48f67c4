/** `gradparity sweep`: every differentiable op of TensorFlow.js on every backend, against double precision. */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { BackendName } from '../../backends/select.js';
import { InputError } from '../../errors.js';
import { sweepBackends, type SweepBackend } from '../../sweep/observation/observation.js';
import type { KnownList } from '../../sweep/report/known.js';
import type { SweepReport } from '../../sweep/report/report.js';
import type { SweepPlan, SweepRun } from '../../sweep/run/sweep.js';
import { jsonOption, realNumber, text, wholeNumber, type CommonArguments } from '../options.js';
import { loadQueue } from '../optional.js';
import { abortOnInterrupt, interruptedCode } from '../session.js';
import {
  readKnown,
  reportOptions,
  requireReportPlaces,
  writeReports,
  type ReportArguments,
} from '../sweep/reports.js';

export interface SweepArguments extends CommonArguments, ReportArguments {
  backends?: SweepBackend[];
  ops?: string;
  seed: number;
  jobs?: number;
  timeLimit: number;
  memoryLimit: number;
  shard?: { index: number; count: number };
  journal: string;
  resume: boolean;
  queue?: string;
  tensorflow?: string;
  random?: number;
  fixes: boolean;
}

/** `cpu,wasm` as a list. */
function backendList(value: unknown): SweepBackend[] | undefined {
  if (value === undefined) return undefined;
  const names = String(value).split(',').filter(Boolean) as SweepBackend[];
  const unknown = names.find((name) => !sweepBackends.includes(name));
  if (unknown !== undefined || names.length === 0) {
    throw new InputError(`wanted some of ${sweepBackends.join(',')}, got ${JSON.stringify(value)}.`);
  }
  return sweepBackends.filter((name) => names.includes(name));
}

function shardOf(value: unknown): SweepArguments['shard'] {
  if (value === undefined) return undefined;
  const [, index, count] = /^([1-9]\d*)\/([1-9]\d*)$/.exec(String(value)) ?? [];
  if (index === undefined || Number(index) > Number(count)) {
    throw new InputError(`wanted i/n with 1 ≤ i ≤ n, as in 2/4, got ${JSON.stringify(value)}.`);
  }
  return { index: Number(index), count: Number(count) };
}

const limitOptions = {
  'time-limit': realNumber(
    { above: 0 },
    { default: 10, describe: 'Seconds that a case may take on a backend' },
  ),
  'memory-limit': wholeNumber({ min: 256 }, { default: 3072, describe: 'MiB that a process may take' }),
};

export const jobsOption = wholeNumber(
  { min: 1 },
  { describe: 'Processes side by side; one a core where left out' },
);

const command: CommandModule<object, SweepArguments> = {
  command: 'sweep',
  describe: "Check TensorFlow.js' own gradients: every op, on every backend, against double precision",
  builder: {
    backends: {
      requiresArg: true,
      describe: `Comma-separated, of ${sweepBackends.join(', ')}; those of cpu, wasm and tensorflow that run here where left out`,
      coerce: backendList,
    },
    ops: text({
      describe: "Only ops whose name contains this, as 'pool', or one of these, as 'pool,conv2d'",
    }),
    seed: wholeNumber({}, { default: 1, describe: 'Seed of shapes, numbers and cotangents' }),
    random: wholeNumber(
      { min: 1 },
      { describe: 'So many random compositions of ops, by --seed, instead of the ordinary cases' },
    ),
    fixes: {
      type: 'boolean',
      default: false,
      describe: 'Judge every case with gradparity/fixes too: what they mend, what stays, what is new',
    },
    jobs: jobsOption,
    ...limitOptions,
    shard: {
      requiresArg: true,
      describe: 'i/n: the i-th of n parts; `gradparity merge` puts them together',
      coerce: shardOf,
    },
    journal: text({
      default: path.join('runs', 'sweep', 'journal.jsonl'),
      describe: 'File in which finished cases are kept, for --resume',
    }),
    resume: { type: 'boolean', default: false, describe: 'Go on where the run in the journal was cut off' },
    queue: text({
      describe: 'redis:// or rediss:// address: `gradparity worker` processes do the work (GRADPARITY_QUEUE)',
    }),
    tensorflow: text({
      describe:
        'Python interpreter that has TensorFlow: asked about cases that have no answer of its in the package, as those of other seeds',
    }),
    ...reportOptions,
    json: jsonOption,
  },
  handler: runSweep,
};

export default command;

async function runSweep(args: SweepArguments): Promise<void> {
  const { version } = await import('@tensorflow/tfjs');
  await requireReportPlaces('sweep', args);
  if (args.random !== undefined && (args.queue !== undefined || args.shard !== undefined)) {
    throw new InputError(
      'sweep: --random goes with neither --queue nor --shard. Give each machine another --seed.',
    );
  }
  const known = args.known === undefined ? undefined : await readKnown('sweep', args.known);
  const { backends, versions } = await chooseBackends(args);
  const plan: SweepPlan = {
    tfjs: version.tfjs,
    seed: args.seed,
    backends,
    ...(args.ops !== undefined && { ops: args.ops }),
    ...(args.random !== undefined && { random: args.random }),
    ...(args.shard && { shard: args.shard }),
    ...(args.fixes && { fixes: true }),
  };
  const { digestOf, planCases, sweep } = await import('../../sweep/run/sweep.js');
  const { cases } = planCases(plan);
  const digest = digestOf(cases);
  const { signal, release } = abortOnInterrupt();
  const { sweepProgress } = await import('../sweep/progress.js');
  const bar = sweepProgress();
  const limits = { timeLimit: args.timeLimit, memoryLimit: args.memoryLimit };
  let workforce;
  if (args.queue !== undefined) {
    const { queueWorkforce } = await loadQueue(
      'sweep --queue',
      () => import('../../sweep/run/queue/coordinator.js'),
    );
    workforce = await queueWorkforce({
      url: args.queue,
      plan,
      digest,
      limits,
      versions,
    });
  } else {
    const { localWorkforce } = await import('../../sweep/run/workforce.js');
    const jobs = args.jobs ?? availableParallelism();
    workforce = await localWorkforce({
      cases,
      backends,
      jobs,
      tensorflow: args.tensorflow,
      fixes: args.fixes,
      ...limits,
    });
  }
  const { openJournal } = await import('../../sweep/run/journal.js');
  // What runs now is not waited for: Ctrl-C ends the sweep at once, with what is known.
  const closing = (): void => void workforce.close();
  signal.addEventListener('abort', closing);
  try {
    // Not before there is somebody to do the work: an earlier journal is worth more than an empty one.
    const memory = openJournal(args.journal, plan, digest, args.resume);
    const untold = known && !tellsOfEach(args) ? setsOf(known) : undefined;
    const report = await sweep({ plan, workforce, memory, versions, untold, signal, onProgress: bar.update });
    bar.stop();
    if (untold) {
      process.stderr.write(
        'sweep: known findings were not made smaller: some that have a witness in a report are suspicions here.\n',
      );
    }
    await writeReports('sweep', report, args, known);
    if (args.random !== undefined && !args.json) {
      const jobs = args.jobs ?? availableParallelism();
      process.stdout.write(`${rateText(report, jobs, known?.findings)}\n`);
    }
    if (signal.aborted) process.exitCode = interruptedCode();
  } finally {
    bar.stop();
    signal.removeEventListener('abort', closing);
    await workforce.close();
    release();
  }
}

/** Whether anything is written that has each finding with its smallest case. A random composition is filed under what that case is of. */
const tellsOfEach = ({ report, html, markdown, json, random }: SweepArguments): boolean =>
  [report, html, markdown, random].some((each) => each !== undefined) || json;

const setsOf = ({ findings, fixed = [] }: KnownList): NonNullable<SweepRun['untold']> => ({
  findings: new Set(findings),
  fixed: new Set(fixed),
});

/** "3 findings, 1 of them new, in 120 s on 2 processors: 45 an hour of processor time." */
function rateText({ findings, seconds }: SweepReport, jobs: number, known?: readonly string[]): string {
  const mistakes = findings.filter(({ kind }) => kind !== 'convention');
  const found = mistakes.length;
  const isNew = known && `, ${mistakes.filter(({ id }) => !known.includes(id)).length} of them new,`;
  const rate = (3600 * found) / (seconds * jobs);
  return `${found} finding${found === 1 ? '' : 's'}${isNew ?? ''} in ${seconds.toFixed(0)} s on ${jobs} processor${jobs === 1 ? '' : 's'}: ${rate.toFixed(0)} an hour of processor time.`;
}

/** The backends asked for, each of which must run here, or those that do. Behind a queue it is the workers who must have them. */
async function chooseBackends({
  backends,
  queue,
}: SweepArguments): Promise<{ backends: SweepBackend[]; versions: Record<string, string> }> {
  if (queue !== undefined) return { backends: backends ?? ['cpu', 'wasm', 'tensorflow'], versions: {} };
  const { availableBackends } = await import('../../backends/select.js');
  const available = await availableBackends();
  const chosen = backends ?? sweepBackends.filter((name) => (available as readonly string[]).includes(name));
  return { backends: chosen, versions: await versionsOf(chosen) };
}

/** Versions of the backends beyond TensorFlow.js', which also shows that they run here. */
export async function versionsOf(backends: readonly SweepBackend[]): Promise<Record<string, string>> {
  const { selectBackend } = await import('../../backends/select.js');
  const { nodeBackends } = await import('../../sweep/run/lanes/lane.js');
  const versions: Record<string, string> = {};
  for (const name of backends) {
    if (nodeBackends.includes(name)) {
      const { version } = await selectBackend(name === 'wasm-nosimd' ? 'wasm' : (name as BackendName));
      if (name === 'tensorflow' && version) versions.libtensorflow = version;
    } else {
      const { browserVersion } = await import('../../sweep/run/lanes/browser-lane.js');
      versions.Chromium = await browserVersion(name as 'webgl' | 'webgpu');
    }
  }
  return versions;
}
