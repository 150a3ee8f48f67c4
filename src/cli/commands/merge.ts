/** `gradparity merge`: the reports of a sweep's shards as one. */
import { readFile } from 'node:fs/promises';
import type { CommandModule } from 'yargs';
import { InputError } from '../../errors.js';
import { jsonOption } from '../options.js';
import {
  readKnown,
  reportOptions,
  requireReportPlaces,
  writeReports,
  type ReportArguments,
} from '../sweep/reports.js';

interface MergeArguments extends ReportArguments {
  reports: string[];
}

const command: CommandModule<object, MergeArguments> = {
  command: 'merge <reports..>',
  describe: "Put the reports of a sweep's shards together",
  builder: { ...reportOptions, json: jsonOption },
  async handler(args) {
    await requireReportPlaces('merge', args);
    const known = args.known === undefined ? undefined : await readKnown('merge', args.known);
    const { mergeReports, parseReport } = await import('../../sweep/report/merge.js');
    const shards = [];
    for (const file of args.reports) {
      const content = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        throw new InputError(`merge: the report ${file} can't be read (${error.code}).`, { cause: error });
      });
      shards.push(parseReport(file, content));
    }
    await writeReports('merge', mergeReports(shards), args, known);
  },
};

export default command;
