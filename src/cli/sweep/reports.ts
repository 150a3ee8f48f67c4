/** Where `sweep` and `merge` write their report, and how they end. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '../../errors.js';
import type { KnownList } from '../../sweep/report/known.js';
import type { SweepReport } from '../../sweep/report/report.js';
import { text } from '../options.js';
import { printJson } from '../session.js';
import { flagName } from '../settings.js';

export interface ReportArguments {
  json: boolean;
  report?: string;
  html?: string;
  markdown?: string;
  known?: string;
  writeKnown?: string;
}

export const reportOptions = {
  report: text({ describe: 'Write the report to this file as JSON, for `gradparity merge`' }),
  html: text({ describe: 'Write the report to this file as a page' }),
  markdown: text({ describe: 'Write the report to this file as Markdown' }),
  known: text({ describe: 'List of known findings: fail on new ones and on known ones that are gone' }),
  'write-known': text({ describe: 'Write the findings to this file as a list of known ones' }),
};

/** Says no before the work where a report can't be written. */
export async function requireReportPlaces(where: string, args: ReportArguments): Promise<void> {
  const { requireWritable } = await import('../../files/write.js');
  for (const name of ['report', 'html', 'markdown', 'writeKnown'] as const) {
    const file = args[name];
    if (file === undefined) continue;
    const option = `${where} --${flagName(name)}`;
    await requireWritable(option, path.dirname(file));
    if ((await stat(file).catch(() => undefined))?.isDirectory()) {
      throw new InputError(`${option}: ${file} is a folder. Name a file.`);
    }
  }
}

/**
 * Writes what was asked for and prints the report. Exit code 1: findings, or with a list of known ones a difference from it. Who
 * has the findings written down as known ones asks for no verdict. With the fixes, what is left with them counts, and what is new with them fails always.
 */
export async function writeReports(
  where: string,
  report: SweepReport,
  args: ReportArguments,
  known?: KnownList,
): Promise<void> {
  const { unwritable, writeFileWhole, writeJson } = await import('../../files/write.js');
  /** A disk that is full after hours of work is the user's to mend, and the journal stands. */
  const written = (option: string, file: string, writing: Promise<void>): Promise<void> =>
    writing.catch((error: unknown) => {
      throw unwritable(`${where} --${option}`, file, error);
    });
  const { compareKnown, knownOf } = await import('../../sweep/report/known.js');
  if (args.report !== undefined) await written('report', args.report, writeJson(args.report, report));
  if (args.html !== undefined) {
    const { sweepPage } = await import('../../pages/sweep.js');
    await written('html', args.html, writeFileWhole(args.html, sweepPage(report)));
  }
  if (args.markdown !== undefined) {
    const { sweepMarkdown } = await import('../../sweep/report/markdown.js');
    await written('markdown', args.markdown, writeFileWhole(args.markdown, sweepMarkdown(report)));
  }
  if (args.writeKnown !== undefined) {
    await written('write-known', args.writeKnown, writeJson(args.writeKnown, knownOf(report)));
  }
  const comparison = known && compareKnown(report, known);
  const { mendingOf } = await import('../../sweep/report/mending.js');
  const mending = mendingOf(report);
  const changes = comparison
    ? [
        ...comparison.added.map((id) => `new: ${id}`),
        ...comparison.vanished.map((id) => `gone: ${id}`),
        ...(comparison.fixed?.added ?? []).map((id) => `new with the fixes: ${id}`),
        ...(comparison.fixed?.vanished ?? []).map((id) => `gone with the fixes: ${id}`),
      ]
    : [];
  if (args.json) {
    const ids = (some: readonly { id: string }[]): string[] => some.map(({ id }) => id);
    printJson({
      command: where,
      ...report,
      ...(mending && {
        mending: {
          counts: mending.counts,
          mended: ids(mending.mended),
          stays: ids(mending.stays),
          fresh: ids(mending.fresh),
        },
      }),
      ...(comparison && { known: comparison }),
    });
  } else {
    const { sweepText } = await import('../../sweep/report/text.js');
    process.stdout.write(await sweepText(report));
    for (const line of changes) process.stdout.write(`${line}\n`);
    if (comparison && changes.length === 0) process.stdout.write('Nothing new, nothing gone.\n');
  }
  // With the fixes it is what they leave that fails.
  const { findings } = report.fixed ?? report;
  const mistakes = findings.filter(({ kind }) => kind !== 'convention').length;
  const failed = comparison ? changes.length > 0 : mistakes > 0 && args.writeKnown === undefined;
  // What is known to be new with the fixes was looked at when it was written down.
  const regresses = (mending?.fresh.length ?? 0) > 0 && comparison?.fixed === undefined;
  if (failed || regresses) process.exitCode = 1;
}

/** The list of known findings in a file. */
export async function readKnown(where: string, file: string): Promise<KnownList> {
  const { parseKnown } = await import('../../sweep/report/known.js');
  const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${where}: the list of known findings ${file} can't be read (${error.code}).`, {
      cause: error,
    });
  });
  return parseKnown(file, content);
}
