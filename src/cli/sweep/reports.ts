/** Where `sweep` and `merge` write their report, and how they end. */
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { InputError } from '../../errors.js';
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
 * has the findings written down as known ones asks for no verdict.
 */
export async function writeReports(
  where: string,
  report: SweepReport,
  args: ReportArguments,
  known?: readonly string[],
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
  if (args.json) {
    printJson({ command: where, ...report, ...(comparison && { known: comparison }) });
  } else {
    const { sweepText } = await import('../../sweep/report/text.js');
    process.stdout.write(await sweepText(report));
    for (const id of comparison?.added ?? []) process.stdout.write(`new: ${id}\n`);
    for (const id of comparison?.vanished ?? []) process.stdout.write(`gone: ${id}\n`);
    if (comparison && comparison.added.length + comparison.vanished.length === 0) {
      process.stdout.write('Nothing new, nothing gone.\n');
    }
  }
  const mistakes = report.findings.filter(({ kind }) => kind !== 'convention').length;
  const failed = comparison
    ? comparison.added.length + comparison.vanished.length > 0
    : mistakes > 0 && args.writeKnown === undefined;
  if (failed) process.exitCode = 1;
}

/** The list of known findings in a file. */
export async function readKnown(where: string, file: string): Promise<string[]> {
  const { parseKnown } = await import('../../sweep/report/known.js');
  const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${where}: the list of known findings ${file} can't be read (${error.code}).`, {
      cause: error,
    });
  });
  return parseKnown(file, content);
}
