/** What a sweep found, in words: for the terminal, and for the pages, which say the same. */
import { findingKinds, type Cell, type FindingKind, type Witness } from '../judgement/hit.js';
import { mendingOf, mendingText, reasonOf, type Mending } from './mending.js';
import type { Finding, MatrixRow, SweepReport } from './report.js';

/** The findings as they are read: what has a witness, what has none, what is refused, and what is a choice at a kink. */
export interface Parts {
  findings: Finding[];
  suspicions: Finding[];
  limitations: Finding[];
  conventions: Finding[];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Each part by kind, then by id, however the run came upon them. */
export function partsOf(all: readonly Finding[]): Parts {
  const sorted = [...all].sort(
    (a, b) => findingKinds.indexOf(a.kind) - findingKinds.indexOf(b.kind) || compare(a.id, b.id),
  );
  const mistakes = sorted.filter(({ kind }) => kind !== 'convention' && kind !== 'limitation');
  return {
    findings: mistakes.filter(({ witness }) => witness),
    suspicions: mistakes.filter(({ witness }) => !witness),
    limitations: sorted.filter(({ kind }) => kind === 'limitation'),
    conventions: sorted.filter(({ kind }) => kind === 'convention'),
  };
}

export const kindMeanings: Readonly<Record<FindingKind, string>> = {
  formula: "what TensorFlow.js' core computes, values or gradient, is wrong on every backend",
  kernel: "a backend's kernel gives wrong numbers, while the core's formula is right",
  'no gradient': 'the function has a derivative, but no gradient is registered for it',
  'kernel missing': 'a backend has no kernel for it',
  throws: 'an error instead of a result',
  hangs: 'no result in any reasonable time',
  crashes: 'the process or the page dies',
  leaks: 'tensors are left behind that nobody can dispose of',
  limitation:
    'TensorFlow.js says itself that it does not do this, in its documentation or in the error, or the language of shaders leaves it open',
  convention: 'at a kink, where the gradient is a choice; no mistake',
};

export const cellSigns: Readonly<Record<Cell, string>> = {
  right: '✓',
  wrong: '✗',
  missing: '–',
  'not run': '·',
};

export const cellMeanings: Readonly<Record<Cell, string>> = {
  right: 'right',
  wrong: 'wrong',
  missing: 'missing: no kernel, or no gradient',
  'not run': 'not run',
};

/** The matrix by family, families and ops in the order of their names. */
export function familiesOf(matrix: readonly MatrixRow[]): [family: string, rows: MatrixRow[]][] {
  const families = new Map<string, MatrixRow[]>();
  for (const row of [...matrix].sort((a, b) => compare(a.family, b.family) || compare(a.op, b.op))) {
    families.set(row.family, [...(families.get(row.family) ?? []), row]);
  }
  return [...families];
}

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;

/** "TensorFlow 2.15.1", "observed: the error". */
export const witnessText = ({ kind, by }: Witness): string =>
  kind === 'another library' || by.startsWith(kind) ? by : `${kind}: ${by}`;

export const NO_WITNESS = 'suspicion: no second witness';

/** Where the finding is: "core, backward". */
export const placeOf = ({ backend, direction }: Finding): string => `${backend}, ${direction}`;

/** The id in a row that has the op already. */
export const withoutOp = (id: string, op: string): string =>
  id.startsWith(`${op.replaceAll(' ', '-')}/`) ? id.slice(op.length + 1) : id;

/** "tfjs#1234" for an issue there, else what it is. */
export const upstreamName = (upstream: string): string =>
  upstream.replace(/^https:\/\/github\.com\/tensorflow\/([\w-]+)\/(issues|pull)\/(\d+)(?:#.*)?$/, '$1#$3');

/** What beside TensorFlow.js took part: "libtensorflow 2.9.1, Chromium 141". */
export const versionsText = ({ versions }: SweepReport): string =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');

export const judgedText = ({ judged, cases }: SweepReport): string =>
  `${judged} of ${counted(cases, 'case')} judged`;

/** "12 findings, 1 suspicion, 3 conventions". */
export const countsText = ({ findings, suspicions, limitations, conventions }: Parts): string =>
  [
    counted(findings.length, 'finding'),
    counted(suspicions.length, 'suspicion'),
    ...(limitations.length > 0 ? [counted(limitations.length, 'limitation')] : []),
    counted(conventions.length, 'convention'),
  ].join(', ');

/**
 * Names for the findings that can stand in an address: an id may hold blanks and signs.
 *
 * @param taken names that the page has already
 */
export function anchorsOf(
  findings: readonly Finding[],
  taken: readonly string[] = [],
): ReadonlyMap<string, string> {
  const used = new Set(taken);
  const anchors = new Map<string, string>();
  for (const { id } of findings) {
    const plain = id.replace(/[^\w./-]+/g, '-');
    let anchor = plain;
    for (let i = 2; used.has(anchor); i++) anchor = `${plain}-${i}`;
    used.add(anchor);
    anchors.set(id, anchor);
  }
  return anchors;
}

/** Kinds by backend in numbers, the findings in some lines each, and a line that counts; suspicions and conventions by id only. */
export async function sweepText(report: SweepReport): Promise<string> {
  const parts = partsOf(report.findings);
  const { findings, suspicions, limitations, conventions } = parts;
  const blocks = [
    ...(findings.length > 0 ? [await countTable(report, findings)] : []),
    ...findings.map(findingLines),
    ...named('Suspicions, which nothing but our own differences speaks for', suspicions),
    ...named('Limitations, which TensorFlow.js or the language of its shaders tells', limitations),
    ...named('Conventions at kinks', conventions),
    summaryLine(report, parts),
    ...mendingBlocks(mendingOf(report)),
  ];
  return `${blocks.join('\n\n')}\n`;
}

async function countTable({ backends }: SweepReport, findings: readonly Finding[]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const places = [...new Set(['core', ...backends, ...findings.map(({ backend }) => backend)])].filter(
    (place) => findings.some(({ backend }) => backend === place),
  );
  const table = new Table({
    head: ['findings', ...places, 'all'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', ...places.map(() => 'right' as const), 'right'],
  });
  const row = (name: string, some: readonly Finding[]): string[] => [
    name,
    ...places.map((place) => String(some.filter(({ backend }) => backend === place).length || '')),
    String(some.length),
  ];
  for (const kind of findingKinds) {
    const some = findings.filter((finding) => finding.kind === kind);
    if (some.length > 0) table.push(row(kind, some));
  }
  table.push(row('all', findings));
  return table.toString();
}

function findingLines({ id, message, repro, witness, upstream }: Finding): string {
  const says = [witness && witnessText(witness), upstream].filter(Boolean).join('; ');
  return [`${id}: ${message}`, `  got ${repro.got}, expected ${repro.expected}`, `  ${says}`].join('\n');
}

/** What stays with the fixes in place and why, what is new, and how many there were and are. */
const mendingBlocks = (mending: Mending | undefined): string[] =>
  mending
    ? [
        ...(mending.stays.length > 0
          ? [
              [
                `With the fixes these stay (${mending.stays.length}):`,
                ...mending.stays.map((finding) => `  ${finding.id}${suffix(reasonOf(finding))}`),
              ].join('\n'),
            ]
          : []),
        ...(mending.fresh.length > 0
          ? [['New with the fixes:', ...mending.fresh.map(findingLines)].join('\n')]
          : []),
        `Without and with gradparity/fixes: ${mendingText(mending)}.`,
      ]
    : [];

const suffix = (reason: string | undefined): string => (reason === undefined ? '' : `: ${reason}`);

const named = (title: string, findings: readonly Finding[]): string[] =>
  findings.length > 0
    ? [[`${title} (${findings.length}):`, ...findings.map(({ id }) => `  ${id}`)].join('\n')]
    : [];

function summaryLine(report: SweepReport, parts: Parts): string {
  const { tfjs, backends, seed, complete } = report;
  const incomplete = complete ? '' : ' The run is incomplete.';
  return `TensorFlow.js ${tfjs} on ${backends.join(', ')}, seed ${seed}: ${judgedText(report)}: ${countsText(parts)}.${incomplete}`;
}
