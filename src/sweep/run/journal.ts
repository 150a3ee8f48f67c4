/** A run's steps in a file, one JSON document a line, so that a run that was killed can go on where it was. */
import { readFileSync } from 'node:fs';
import { EnvironmentError, InputError } from '../../errors.js';
import { addLine, beginLines } from '../../files/lines.js';
import type { Explanation } from '../explanation/explain.js';
import type { CaseResult } from './examiner.js';
import type { SweepMemory, SweepPlan } from './sweep.js';

interface Header {
  journal: 'gradparity sweep';
  schemaVersion: 1;
  plan: SweepPlan;
  /** Of the cases: a journal of other cases is of no use. */
  digest: number;
}

type Line = { result: CaseResult } | { explanation: Explanation };

const headerOf = (plan: SweepPlan, digest: number): Header => ({
  journal: 'gradparity sweep',
  schemaVersion: 1,
  plan,
  digest,
});

/**
 * Begins a journal, or, with `resume`, goes on with the one that is there.
 *
 * @throws InputError where the journal to resume is of another run, or no journal; EnvironmentError where it can't be written
 */
export function openJournal(file: string, plan: SweepPlan, digest: number, resume: boolean): SweepMemory {
  const header = headerOf(plan, digest);
  const before: { results: CaseResult[]; explanations: Explanation[] } = { results: [], explanations: [] };
  const content = resume ? readJournal(file) : undefined;
  const write = (action: () => void): void => {
    try {
      action();
    } catch (error) {
      throw new EnvironmentError(
        `sweep: the journal ${file} can't be written (${(error as NodeJS.ErrnoException).code}). Choose another place with --journal.`,
        { cause: error },
      );
    }
  };
  if (content === undefined) {
    write(() => beginLines(file, JSON.stringify(header)));
  } else {
    const [first, ...lines] = content.split('\n');
    if (JSON.stringify(parsed(first)) !== JSON.stringify(header)) {
      throw new InputError(
        `sweep: the journal ${file} is of another run (other seed, backends, ops, shard or version). Leave --resume out to begin anew.`,
      );
    }
    for (const line of lines) {
      // A process that was killed may have left half a line, its last.
      const entry = parsed(line) as { result?: CaseResult; explanation?: Explanation } | null | undefined;
      if (entry?.result) before.results.push(revived(entry.result));
      else if (entry?.explanation) before.explanations.push(entry.explanation);
    }
    if (!content.endsWith('\n')) write(() => addLine(file, ''));
  }
  const keep = (line: Line): void => write(() => addLine(file, JSON.stringify(line)));
  return {
    ...before,
    keepResult: (result) => keep({ result }),
    keepExplanation: (explanation) => keep({ explanation }),
  };
}

function readJournal(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new InputError(
      `sweep: the journal ${file} can't be read (${(error as NodeJS.ErrnoException).code}).`,
      {
        cause: error,
      },
    );
  }
}

/** JSON has no NaN, which a wrong op may have in its shape. */
const revived = ({ outputShape, fixed, ...result }: CaseResult): CaseResult => ({
  ...result,
  outputShape: sizesOf(outputShape),
  ...(fixed && { fixed: { ...fixed, outputShape: sizesOf(fixed.outputShape) } }),
});

const sizesOf = (shape?: (number | null)[]): number[] | undefined => shape?.map((size) => size ?? NaN);

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
