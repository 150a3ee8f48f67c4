/** All records: what the engine returns, to the last bit, beside the verdicts that were written by hand. */
import { entryCases, recordEntries } from './entries.js';
import { expectedOf, projectionCases, recordProjections } from './projections.js';
import { slopeCases, recordSlope } from './slopes.js';

export interface Record {
  title: string;
  /** By case. */
  expected: { [name: string]: string };
  make: () => { verdicts: { [name: string]: string }; lines: { [name: string]: string | string[] } };
}

const recordOf = <T extends { name: string }>(
  title: string,
  cases: readonly T[],
  expected: (one: T) => string,
  make: (one: T) => { verdict: string; lines: string | string[] },
): Record => {
  const byName = <V>(value: (one: T) => V): { [name: string]: V } =>
    Object.fromEntries(cases.map((one) => [one.name, value(one)]));
  return {
    title,
    expected: byName(expected),
    make: () => {
      const made = byName(make);
      const part = <K extends 'verdict' | 'lines'>(key: K) =>
        Object.fromEntries(Object.entries(made).map(([name, one]) => [name, one[key]]));
      return { verdicts: part('verdict'), lines: part('lines') };
    },
  };
};

export const records: Record[] = [
  ...Object.entries(slopeCases).map(([way, cases]) =>
    recordOf(`slopes ${way}`, cases, ({ isWhole, kind }) => (isWhole ? kind : 'as known'), recordSlope),
  ),
  ...Object.entries(entryCases).map(([title, cases]) =>
    recordOf(`entries: ${title}`, cases, ({ expected }) => expected, recordEntries),
  ),
  ...projectionCases.map((one) => recordOf(`projections: ${one.name}`, [one], expectedOf, recordProjections)),
];
