/** The list of findings that are known: a run then fails on new ones, and on known ones that are gone. */
import { z } from 'zod';
import { InputError } from '../errors.js';
import type { SweepReport } from './report.js';

const knownList = z.object({
  schemaVersion: z.literal(1),
  tfjs: z.string().optional(),
  findings: z.array(z.string()),
});

export interface KnownComparison {
  added: string[];
  vanished: string[];
}

/** A report's findings as such a list. Conventions are no mistakes, and are left out. */
export const knownOf = (report: SweepReport): z.infer<typeof knownList> => ({
  schemaVersion: 1,
  tfjs: report.tfjs,
  findings: report.findings
    .filter(({ kind }) => kind !== 'convention')
    .map(({ id }) => id)
    .sort(),
});

/**
 * @throws InputError where the text is no such list
 */
export function parseKnown(where: string, text: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${where} must be JSON: ${(error as Error).message.replace(/\s+/g, ' ')}.`, {
      cause: error,
    });
  }
  const list = knownList.safeParse(value);
  if (!list.success) {
    throw new InputError(
      `${where} must be a list of known findings, {"schemaVersion": 1, "findings": [ids…]}, as --write-known writes it: ${list.error.issues[0].message} at ${list.error.issues[0].path.join('.') || 'its top'}.`,
    );
  }
  return list.data.findings;
}

/** What is new, and what is gone. Of a part of the sweep (ops, a shard, an interrupted run) nothing can be said to be gone. */
export function compareKnown(report: SweepReport, known: readonly string[]): KnownComparison {
  const here = new Set(knownOf(report).findings);
  const whole = report.complete && report.ops === undefined && report.shard === undefined;
  const backends = new Set<string>([...report.backends, 'core']);
  return {
    added: [...here].filter((id) => !known.includes(id)).sort(),
    vanished: whole
      ? known.filter((id) => !here.has(id) && backends.has(id.split('/').at(-2) ?? '')).sort()
      : [],
  };
}
