/** `gradparity check`: gradients by differences against tf.grad, for the cases in a file, or for the textbook's functions. */
import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { BackendName } from '../../backends/select.js';
import { EnvironmentError, InputError } from '../../errors.js';
import type { GradcheckOptions } from '../../gradcheck/report/report.js';
import type { ParityResult } from '../../parity/textbook.js';
import type { CaseResult } from '../check/cases.js';
import type { RegisteredList } from '../check/registered.js';
import {
  backendOption,
  jsonOption,
  realNumber,
  text,
  wholeNumber,
  type CommonArguments,
} from '../options.js';
import { loadPlots } from '../optional.js';
import { flagName, isOnCommandLine } from '../settings.js';
import { status } from '../progress.js';
import { abortOnInterrupt, interruptedCode, printJson, startBackend } from '../session.js';

interface CheckArguments extends CommonArguments {
  files?: string[];
  backend: BackendName | 'auto' | 'all';
  mode?: 'full' | 'fast';
  precision?: 'float64' | 'native';
  order?: 1 | 2;
  seed?: number;
  case?: string;
  registered?: string;
  shim: boolean;
  html?: string;
  watch: boolean;
  timeLimit?: number;
  anomaly: boolean;
}

const command: CommandModule<object, CheckArguments> = {
  command: 'check [files..]',
  describe: 'Check gradients: of the cases that a file exports, or of the textbook functions and the network',
  builder: {
    backend: {
      ...backendOption,
      choices: [...backendOption.choices, 'all'],
      describe: 'TensorFlow.js backend; all: one after the other those that run here (without a file)',
    },
    mode: {
      choices: ['full', 'fast'],
      requiresArg: true,
      describe: 'Every entry, or random projections; by size where left out',
    },
    precision: {
      choices: ['float64', 'native'],
      requiresArg: true,
      describe: 'Double precision (the default), or float32 on the backend',
    },
    order: {
      ...wholeNumber({ min: 1, max: 2 }, { describe: '2 checks the gradient of the gradient too' }),
    },
    seed: wholeNumber({}, { describe: 'Seed of every random choice; 1 where left out' }),
    case: text({ describe: 'Only cases whose name contains this' }),
    registered: text({
      describe:
        'Import this package (or file), list the kernels and gradients that it registers, and check them',
    }),
    shim: {
      type: 'boolean',
      default: false,
      describe: 'Put the globals of a browser in place, for packages that expect one',
    },
    html: text({ describe: 'Write a page with the results to this file' }),
    watch: {
      type: 'boolean',
      default: false,
      describe: 'Check again whenever a file beside the given ones changes',
    },
    anomaly: {
      type: 'boolean',
      default: false,
      describe: 'Name the op and the line at which a value or a gradient is first not finite',
    },
    'time-limit': realNumber(
      { above: 0 },
      { defaultDescription: '60', describe: 'Seconds that a case may take' },
    ),
    json: jsonOption,
  },
  handler: (args) => {
    const { files = [], registered } = args;
    if (registered === undefined) return files.length > 0 ? checkFiles(args, files) : checkTextbook(args);
    if (files.length > 0 || args.watch) {
      throw new InputError(
        'check: --registered takes a package, and neither files nor --watch beside it. Check the files by a command of their own.',
      );
    }
    return checkFiles(args, [registered]);
  },
};

export default command;

async function checkFiles(args: CheckArguments, files: readonly string[]): Promise<void> {
  const { requireFile } = await import('../check/files.js');
  if (args.backend === 'all')
    throw new InputError('check: --backend all is for the textbook; name one backend for a file.');
  if (args.html) {
    const { requireWritable } = await import('../../files/write.js');
    await requireWritable('check --html', path.dirname(args.html));
    await loadPlots('check --html');
  }
  if (args.registered === undefined) for (const file of files) await requireFile(file);
  const { signal, release } = abortOnInterrupt();
  try {
    await checkOnce(args, files, signal);
    if (args.watch && !signal.aborted) await watch(args, files, signal);
    if (signal.aborted) process.exitCode = interruptedCode();
  } finally {
    release();
  }
}

async function checkOnce(args: CheckArguments, files: readonly string[], signal: AbortSignal): Promise<void> {
  const { checkFile } = await import('../check/files.js');
  const { passed, registeredText, resultText } = await import('../check/print.js');
  const { mode, precision, order, seed } = args;
  const options: GradcheckOptions = Object.fromEntries(
    Object.entries({ mode, precision, order, seed, details: args.html ? true : undefined }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  // In double precision the backend serves the user's own tensors only; the one in plain JavaScript is there at once.
  const backend =
    args.backend === 'auto' && precision !== 'native' ? 'cpu' : (args.backend as BackendName | 'auto');
  const results: CaseResult[] = [];
  const refused: string[] = [];
  let list: RegisteredList | undefined;
  for (const file of files) {
    const one = await checkFile(file, {
      pattern: args.case,
      registered: args.registered !== undefined,
      shim: args.shim,
      backend,
      options,
      timeLimit: args.timeLimit ?? 60,
      anomaly: args.anomaly,
      signal,
      onCase: (name, index, count) => {
        status(`${index + 1}/${count} ${name} …`);
      },
    });
    status('');
    results.push(...one.results);
    if (one.refused) refused.push(one.refused);
    list ??= one.list;
  }
  if (signal.aborted) return;
  const failed = results.filter((result) => !passed(result)).length;
  if (args.html) {
    const { reportPage } = await import('../../pages/gradcheck.js');
    const { nodeDocument } = await loadPlots('check --html');
    const { writeFileWhole } = await import('../../files/write.js');
    await writeFileWhole(args.html, reportPage(results, { document: nodeDocument() }));
  }
  if (args.json)
    printJson({
      command: 'check',
      passed: results.length - failed,
      failed: failed + refused.length,
      results,
      refused,
      ...(list && { registered: list }),
    });
  else {
    if (list) process.stdout.write(`${registeredText(list)}\n`);
    if (results.length > 0) process.stdout.write(await resultText(results));
  }
  for (const sentence of refused) process.stderr.write(`gradparity: ${sentence}\n`);
  if (results.length === 0 && refused.length === 0 && !(list && args.case === undefined)) {
    throw new InputError(`check: no case's name contains ${JSON.stringify(args.case)}.`);
  }
  process.exitCode = failed > 0 ? 1 : refused.length > 0 ? 2 : 0;
}

/** Checks again on every change in the files' folders, until interrupted. */
async function watch(args: CheckArguments, files: readonly string[], signal: AbortSignal): Promise<void> {
  const { watch: watchFiles } = await import('chokidar');
  const folders = [...new Set(files.map((file) => path.dirname(path.resolve(file))))];
  let wake: () => void = () => {};
  let changed = false;
  const page = args.html && path.resolve(args.html);
  /** Watches, or says with what error that cannot be done. */
  const begin = async (usePolling: boolean) => {
    const watcher = watchFiles(folders, {
      ignoreInitial: true,
      ignored: (file) => /[\\/](node_modules|\.git)([\\/]|$)/.test(file),
      awaitWriteFinish: { stabilityThreshold: 100, pollInterval: 20 },
      usePolling,
    });
    watcher.on('all', (_event, file) => {
      if (path.resolve(file) === page || !/\.[cm]?[jt]sx?$|\.json$/.test(file)) return;
      changed = true;
      wake();
    });
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      watcher.on('error', (error) => resolve(error as NodeJS.ErrnoException));
      watcher.once('ready', () => resolve(undefined));
    });
    return { watcher, failure };
  };
  signal.addEventListener('abort', () => wake());
  let { watcher, failure } = await begin(false);
  if (failure) {
    // The system's number of watched files is used up.
    await watcher.close();
    process.stderr.write(
      `The system watches no more files (${failure.code}): looking at them ten times a second instead.\n`,
    );
    ({ watcher, failure } = await begin(true));
    if (failure)
      throw new EnvironmentError(
        `check --watch: the files can't be watched (${failure.code ?? failure.message}).`,
      );
  }
  process.stderr.write('Watching for changes; Ctrl-C ends.\n');
  try {
    while (!signal.aborted) {
      if (!changed) await new Promise<void>((resolve) => (wake = resolve));
      if (signal.aborted) return;
      changed = false;
      if (process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[H');
      await checkOnce(args, files, signal);
    }
  } finally {
    await watcher.close();
  }
}

/** What the check of the textbook has no use for. */
const FOR_FILES = [
  'shim',
  'mode',
  'precision',
  'order',
  'seed',
  'case',
  'html',
  'watch',
  'timeLimit',
  'anomaly',
] as const;

async function checkTextbook({ backend, json }: CheckArguments): Promise<void> {
  const given = FOR_FILES.filter((name) => isOnCommandLine(flagName(name)));
  if (given.length > 0) {
    throw new InputError(
      `check: ${given.map((name) => `--${flagName(name)}`).join(', ')} ${given.length > 1 ? 'are' : 'is'} for the cases of a file, and none is named. Name one, such as gradparity check examples/custom-op.ts, or leave ${given.length > 1 ? 'them' : 'it'} out.`,
    );
  }
  const { availableBackends } = await import('../../backends/select.js');
  const { doubleCases, DOUBLE_TOLERANCE, judge, parityCases } = await import('../../parity/textbook.js');
  const backends = backend === 'all' ? await availableBackends() : [backend];
  const results: (Omit<ParityResult, 'worst'> & { backend: string })[] = [];
  for (const request of backends) {
    const { name } = await startBackend(request);
    results.push(...parityCases().map((one) => ({ backend: name, ...judge(one) })));
  }
  for (const { name, check } of doubleCases()) {
    const { verdict, inputs } = await check();
    results.push({
      backend: 'float64',
      name,
      tolerance: DOUBLE_TOLERANCE,
      worstRelativeDifference: Math.max(...inputs.map(({ maxRelativeError }) => maxRelativeError)),
      right: verdict === 'right',
    });
  }
  const wrong = results.filter(({ right }) => !right).length;
  if (wrong > 0) process.exitCode = 1;
  if (json) {
    printJson({ command: 'check', passed: results.length - wrong, failed: wrong, results });
    return;
  }
  process.stdout.write(
    `${await table(results)}\n${results.length - wrong} of ${results.length} gradients agree with their differences.\n`,
  );
}

async function table(
  results: readonly (Omit<ParityResult, 'worst'> & { backend: string })[],
): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const rows = new Table({
    head: ['', 'gradient', 'backend', 'worst difference', 'tolerance'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'left', 'right', 'right'],
  });
  for (const { name, backend, worstRelativeDifference, tolerance, right } of results) {
    rows.push([
      right ? 'right' : 'WRONG',
      name,
      backend,
      worstRelativeDifference.toExponential(1),
      tolerance.toExponential(0),
    ]);
  }
  return rows.toString();
}
