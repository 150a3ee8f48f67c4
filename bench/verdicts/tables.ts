/** The verdicts as tables. */
import Table from 'cli-table3';
import type { Falsification } from './composition.js';
import { ERRORS } from './falsify.js';
import type { Answer, Outcome } from './judge.js';
import type { Stratum } from './strata.js';

export interface Judged extends Answer {
  id: string;
  falsification?: Falsification;
  outcome: Outcome;
}

/** What one checker said of one stratum. */
export interface Row {
  stratum: Stratum;
  checker: string;
  judged: Judged[];
}

const FORMS = ['sign', 'transposed', 'dy ignored'];
const SIZES = ERRORS.map((error) => error.toExponential(0));

/** The column that a falsification belongs to: the size of its error, or its form. */
const columnOf = ({ kind, error }: Falsification): string =>
  FORMS.includes(kind) ? kind : Math.abs(error).toExponential(0);

/** `missed/all` of the falsified cases that fit. */
function missed(judged: readonly Judged[], fits: (falsification: Falsification) => boolean): string {
  const some = judged.filter(({ falsification }) => falsification && fits(falsification));
  return some.length === 0
    ? '–'
    : `${some.filter(({ outcome }) => outcome === 'miss').length}/${some.length}`;
}

const mean = (judged: readonly Judged[], of: (one: Judged) => number): number =>
  judged.reduce((sum, one) => sum + of(one), 0) / Math.max(1, judged.length);

export function tables(rows: readonly Row[]): string {
  const style = { head: [], border: [], compact: true };
  const heads = ['stratum', 'checker'];
  const right = new Table({
    head: [
      ...heads,
      'right',
      'false alarms',
      'kink',
      'undecided',
      'hidden',
      'evaluations a case',
      'ms a case',
    ],
    style,
  });
  const bySize = new Table({ head: [...heads, ...SIZES, ...FORMS, 'undecided'], style });
  const kinds = ['entry', 'row', 'everywhere'];
  const byKind = new Table({ head: [...heads, ...kinds, 'falsified'], style });
  for (const { stratum, checker, judged } of rows) {
    const rights = judged.filter(({ falsification }) => !falsification);
    const wrongs = judged.filter(({ falsification }) => falsification);
    const count = (list: readonly Judged[], what: Outcome) =>
      list.filter(({ outcome }) => outcome === what).length;
    right.push([
      stratum,
      checker,
      rights.length,
      count(rights, 'false alarm'),
      rights.filter(({ said }) => said === 'kink').length,
      count(rights, 'undecided') + count(rights, 'hidden'),
      count(rights, 'hidden'),
      mean(rights, ({ evaluations }) => evaluations).toFixed(0),
      (1000 * mean(rights, ({ seconds }) => seconds)).toPrecision(3),
    ]);
    bySize.push([
      stratum,
      checker,
      ...[...SIZES, ...FORMS].map((column) => missed(wrongs, (one) => columnOf(one) === column)),
      `${count(wrongs, 'undecided')}/${wrongs.length}`,
    ]);
    byKind.push([
      stratum,
      checker,
      ...kinds.map((kind) => missed(wrongs, (one) => one.kind === kind)),
      missed(wrongs, () => true),
    ]);
  }
  return [
    'Right gradients: how many do not pass. Hidden: no difference in doubles shows that gradient to 1e-5.',
    right.toString(),
    'Falsified gradients: how many pass, by the relative size of the error or its form.',
    bySize.toString(),
    'The same by how much of the gradient is wrong.',
    byKind.toString(),
  ].join('\n');
}

/** The cases that this library judged otherwise than they are, to be looked at one by one. */
export function failures(rows: readonly Row[]): string {
  const words: [Outcome, string][] = [
    ['false alarm', 'False alarms'],
    ['miss', 'Misses'],
    ['undecided', 'Undecided'],
  ];
  return words
    .map(([what, title]) => {
      const lines = rows
        .filter(({ checker }) => checker.startsWith('gradparity'))
        .flatMap(({ checker, judged }) =>
          judged
            .filter(({ outcome }) => outcome === what)
            .map(({ id, said, falsification }) => `  ${id}  ${checker}: ${said}; ${wordsFor(falsification)}`),
        );
      return lines.length === 0 ? '' : `${title} (--case ID says more):\n${lines.join('\n')}`;
    })
    .filter((text) => text !== '')
    .join('\n');
}

/** A falsification in words: `row of x0 from 3 up to 6 by 0.001`. */
export function wordsFor(falsification: Falsification | undefined): string {
  if (!falsification) return 'right';
  const { kind, error, input, range } = falsification;
  const where = input === null ? '' : ` of x${input}${range ? ` from ${range[0]} up to ${range[1]}` : ''}`;
  return `${kind}${where}${FORMS.includes(kind) ? '' : ` by ${error}`}`;
}
