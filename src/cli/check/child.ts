/** The process that a file's cases run in: what a user's code does, for ever or to the process, ends with it. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BackendName } from '../../backends/select.js';
import { hintOn } from './hints.js';
import type { GradcheckOptions, GradcheckReport } from '../../gradcheck/report/report.js';
import { casesOf, made, type Anomaly, type CheckCase } from './cases.js';
import type { RegisteredList } from './registered.js';

export interface ChildRequest {
  file: string;
  /** `file` is a package, or a file, whose kernels and gradients are checked, and not the cases that it exports. */
  registered?: boolean;
  /** The globals of a browser are put in place before anything is loaded. */
  shim?: boolean;
  /** The cases before this one have been judged already. */
  from: number;
  /** A part of the names to run. */
  pattern?: string;
  backend: BackendName | 'auto';
  options: GradcheckOptions;
  /** Look for the first number that is not finite, too. */
  anomaly?: boolean;
}

export type ChildMessage =
  | { kind: 'cases'; names: string[]; list?: RegisteredList }
  | { kind: 'start'; index: number }
  | {
      kind: 'done';
      index: number;
      report?: GradcheckReport;
      error?: string;
      anomaly?: Anomaly;
      changed: string[];
    }
  | { kind: 'refused'; error: string }
  | { kind: 'end' };

const send = (message: ChildMessage): Promise<void> =>
  new Promise((resolve) => {
    if (!process.send) throw new Error('This is a child process of gradparity check.');
    process.send(message, () => resolve());
  });

/** The message of whatever was thrown, on one line, and where in the user's file. */
function sentence(error: unknown, file?: string): string {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  // esbuild, which reads TypeScript, has the place and the mistake on the second line; Node has no place in what it throws.
  const mistake = /^.*:(\d+):\d+: ERROR: (.*)$/m.exec(message);
  if (mistake) return `${mistake[2]} (line ${mistake[1]})`;
  const line =
    file && stack?.split('\n').find((text) => text.includes(path.basename(file)) && /:\d+:\d+/.test(text));
  const place = line && /:(\d+):\d+\)?$/.exec(line.trim())?.[1];
  return message.split('\n')[0] + (place ? ` (line ${place})` : '');
}

/** Where Node finds a file's syntax wrong: it says so on stderr only. */
async function lineOfSyntaxError(file: string): Promise<string | undefined> {
  const { stderr } = await new Promise<{ stderr: string }>((resolve) =>
    execFile(process.execPath, ['--check', file], (_error, _stdout, stderr) => resolve({ stderr })),
  );
  const [first] = stderr.split('\n');
  return first.includes(path.basename(file)) ? /:(\d+)$/.exec(first)?.[1] : undefined;
}

async function judge(one: CheckCase, options: GradcheckOptions): Promise<GradcheckReport> {
  if ('model' in one) {
    const { gradcheckModel } = await import('../../gradcheck/model.js');
    return gradcheckModel(await made(one.model), await made(one.x), await made(one.y), one.loss, {
      ...one.options,
      ...options,
    });
  }
  if ('kernel' in one) {
    const { gradcheckKernel } = await import('../../gradcheck/kernel.js');
    return gradcheckKernel(one.kernel, await made(one.inputs), one.attrs, { ...one.options, ...options });
  }
  const { gradcheck } = await import('../../gradcheck/gradcheck.js');
  return gradcheck(one.f, await made(one.inputs), { ...one.options, ...options });
}

async function run({
  file,
  registered,
  shim,
  from,
  pattern,
  backend,
  options,
  anomaly,
}: ChildRequest): Promise<void> {
  const { selectBackend } = await import('../../backends/select.js');
  await selectBackend(backend);
  let cases: CheckCase[];
  let list: RegisteredList | undefined;
  try {
    const loading = shim
      ? (await import('./shim.js')).inBrowserShim
      : <T>(load: () => Promise<T>): Promise<T> => load();
    if (registered) {
      const { importPackage, registeredCases } = await import('./registered.js');
      ({ cases, list } = await registeredCases(file, () => loading(() => importPackage(file))));
    } else {
      const module = (await loading(() => import(pathToFileURL(path.resolve(file)).href))) as Record<
        string,
        unknown
      >;
      cases = casesOf(file, module);
    }
    cases = cases.filter(({ name }) => pattern === undefined || name.includes(pattern));
  } catch (error) {
    const known = error instanceof Error && error.name === 'InputError';
    const place = known || !(error instanceof SyntaxError) ? undefined : await lineOfSyntaxError(file);
    await send({
      kind: 'refused',
      error: known
        ? error.message
        : `${file} could not be loaded: ${sentence(error, file)}${place === undefined ? '' : ` (line ${place})`}${hintOn(String(error))}`,
    });
    return;
  }
  await send({ kind: 'cases', names: cases.map(({ name }) => name), list });
  const { isolate } = await import('./isolation.js');
  for (let index = from; index < cases.length; index++) {
    await send({ kind: 'start', index });
    const restore = isolate();
    let outcome: { report: GradcheckReport; anomaly?: Anomaly } | { error: string };
    try {
      const found = anomaly ? await (await import('./anomaly.js')).anomalyOf(cases[index]) : undefined;
      outcome = { report: await judge(cases[index], options), ...(found && { anomaly: found }) };
    } catch (error) {
      outcome = { error: sentence(error) };
    }
    await send({ kind: 'done', index, ...outcome, changed: await restore() });
  }
  await send({ kind: 'end' });
}

// With the command that started it, however that ended.
process.once('disconnect', () => process.exit());
process.once('message', (request: ChildRequest) => {
  void run(request).finally(() => process.disconnect());
});
