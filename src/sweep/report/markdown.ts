/** What a sweep found as Markdown, for the repository: the same findings give the same text, and Prettier leaves it as it is. */
import { lookUp } from '../../collections.js';
import { escapeHtml } from '../../escape-html.js';
import { findingKinds, type Cell } from '../judgement/hit.js';
import { causesOf, type Cause } from './causes.js';
import { cellPair, fateOf, fixedRowOf, mendingOf, reasonOf, type Mending } from './mending.js';
import type { Finding, SweepReport } from './report.js';
import {
  anchorsOf,
  cellMeanings,
  cellSigns,
  counted,
  countsText,
  familiesOf,
  judgedText,
  kindMeanings,
  partsOf,
  placeOf,
  upstreamName,
  versionsText,
  withoutOp,
  witnessText,
  type Parts,
} from './text.js';

/** A document: contents, causes with their ops, op × backend, and every finding with its program, cause by cause. */
export function sweepMarkdown(report: SweepReport): string {
  const parts = partsOf(report.findings);
  const { findings, suspicions, limitations, conventions } = parts;
  const anchors = anchorsOf([...findings, ...suspicions, ...limitations, ...conventions]);
  const causes = causesOf(findings);
  const families = familiesOf(report.matrix);
  const mending = mendingOf(report);
  const blocks = [
    `# The gradients of TensorFlow.js ${escape(report.tfjs)}`,
    // Prettier would pad the tables to the width of their longest cells: twice the size of the page.
    '<!-- prettier-ignore-start -->',
    ...introduction(report),
    '## Contents',
    contents(parts, causes, families, mending),
    `<h2 id="causes">Causes</h2>`,
    `${judgedText(report)}: ${countsText(parts)}. ${counted(causes.length, 'cause is', 'causes are')} behind the findings.`,
    ...(causes.length > 0 ? [causeTable(causes, mending)] : []),
    ...summaryTable(report.findings),
    ...mendingBlocks(mending, anchors),
    `<h2 id="ops">Op by op</h2>`,
    `${Object.entries(cellSigns)
      .map(([cell, sign]) => `${sign} ${cellMeanings[cell as keyof typeof cellMeanings]}`)
      .join(
        '; ',
      )}. A backend's column has the worst of the op's cases there, in float32. "formula" and "second order" are the core's gradient and the gradient of that gradient, in double precision.${mending ? ' Where `gradparity/fixes` change a cell, both are there: without and with them.' : ''}`,
    ...matrixBlocks(report, anchors),
    `<h2 id="findings">Findings, cause by cause</h2>`,
    ...(causes.length > 0 ? [] : ['None.']),
    ...causes.flatMap((cause, i) => [
      `<h3 id="cause-${i + 1}">${i + 1}. ${escapeHtml(oneLine(cause.title))}</h3>`,
      ...(cause.upstream.length > 0 ? [`Upstream: ${cause.upstream.map(upstreamLink).join(', ')}.`] : []),
      ...findingBlocks(cause.findings, anchors, mending),
    ]),
    `<h2 id="suspicions">Suspicions</h2>`,
    'What our own differences say and no second witness does yet: neither a closed form, nor TensorFlow for Python, nor another backend.',
    ...(suspicions.length > 0 ? findingBlocks(suspicions, anchors, mending) : ['None.']),
    `<h2 id="limitations">Limitations</h2>`,
    'What TensorFlow.js says itself that it does not do, in its documentation or in the error, and what the language of shaders leaves open. TensorFlow for Python does it.',
    ...(limitations.length > 0 ? findingBlocks(limitations, anchors, mending) : ['None.']),
    `<h2 id="conventions">Conventions at kinks</h2>`,
    'Where a function has a kink, its gradient is a choice. These are no mistakes.',
    ...(conventions.length > 0 ? findingBlocks(conventions, anchors) : ['None.']),
    '<!-- prettier-ignore-end -->',
  ];
  return `${blocks.join('\n\n')}\n`;
}

function introduction(report: SweepReport): string[] {
  const { tfjs, backends, seed, complete, judged, cases } = report;
  const versions = versionsText(report);
  return [
    ...(complete
      ? []
      : [
          `**This run is incomplete:** ${judged} of ${counted(cases, 'case')} were judged. What is missing below may be wrong all the same.`,
        ]),
    `What \`gradparity sweep\` finds wrong in the ops and gradients of TensorFlow.js ${escape(tfjs)}, on the backends ${backends.map(escape).join(', ')}${versions ? ` (${escape(versions)})` : ''}, with seed ${seed}.`,
    "Each op is called with several shapes and options, and its values are compared with those of TensorFlow for Python. Its gradient's formula, which all backends share, runs in double precision and is compared with numerical differences of the op itself; so is the gradient of the gradient. Then each backend's kernels run in float32, forwards and backwards.",
    'A finding is listed as one only where a second witness agrees: a closed form, TensorFlow for Python ("composed in TensorFlow" where it has no such function, and others that give its values are put together), another backend, or, for an error or a leak, that it was observed. Everything else is a suspicion. Each has a program of a few lines, with what it prints today and what it should.',
    ...(backends.includes('tensorflow')
      ? [
          'Since Node 23, those of the backend tensorflow need a tfjs-node that `npx tfjs-node-setup` has been over: it calls functions that Node has removed.',
        ]
      : []),
    'To make this page again:',
    `\`\`\`sh\nnpx gradparity sweep${report.fixed ? ' --fixes' : ''} --markdown page.md\n\`\`\``,
  ];
}

function contents(
  { suspicions, limitations, conventions }: Parts,
  causes: readonly Cause[],
  families: readonly (readonly [family: string, rows: readonly unknown[]])[],
  mending: Mending | undefined,
): string {
  const familyLinks = families.map(([family]) => `[${escape(family)}](#family-${slug(family)})`).join(', ');
  return [
    `- [Causes](#causes): ${causes.length}`,
    ...(mending ? ['- [With the fixes](#fixes)'] : []),
    `- [Op by op](#ops)${familyLinks && `: ${familyLinks}`}`,
    '- [Findings, cause by cause](#findings)',
    `- [Suspicions](#suspicions): ${suspicions.length}`,
    `- [Limitations](#limitations): ${limitations.length}`,
    `- [Conventions at kinks](#conventions): ${conventions.length}`,
  ].join('\n');
}

const slug = (text: string): string => text.replace(/[^\w]+/g, '-');

function causeTable(causes: readonly Cause[], mending: Mending | undefined): string {
  return table(
    ['', 'cause', 'kind', 'ops', 'findings', ...(mending ? ['with the fixes'] : []), 'upstream'],
    causes.map(({ title, findings, ops, upstream }, i) => [
      `[${i + 1}](#cause-${i + 1})`,
      escape(title),
      findings[0].kind,
      ops.map(code).join(', '),
      String(findings.length),
      ...(mending ? [String(findings.filter((finding) => mending.stays.includes(finding)).length)] : []),
      upstream.map(upstreamLink).join(', '),
    ]),
    mending ? 'rlllrrl' : 'rlllrl',
  );
}

/** How many there are without and with the fixes, what stays and why, and what is new. */
function mendingBlocks(mending: Mending | undefined, anchors: ReadonlyMap<string, string>): string[] {
  if (!mending) return [];
  const { counts, stays, fresh, left } = mending;
  const withFixes = anchorsOf(left, [...anchors.values()]);
  return [
    `<h2 id="fixes">With the fixes</h2>`,
    'Each case was judged again with `gradparity/fixes` in place. Suspicions are counted, limitations are not.',
    table(
      ['where', 'without', 'with'],
      counts.map(({ place, before, after }) => [escape(place), String(before), String(after)]),
      'lrr',
    ),
    ...(stays.length > 0
      ? [
          table(
            ['what stays', 'why'],
            stays.map((finding) => [
              `[${code(finding.id)}](#${withFixes.get(finding.id) ?? anchors.get(finding.id)})`,
              escape(reasonOf(finding) ?? ''),
            ]),
          ),
        ]
      : ['Nothing stays.']),
    ...(fresh.length > 0
      ? [
          'New with the fixes:',
          table(
            ['finding', 'what is wrong', 'got', 'expected'],
            fresh.map(({ id, message, repro }) => [
              code(id),
              escape(message),
              value(repro.got),
              value(repro.expected),
            ]),
          ),
        ]
      : ['Nothing is new.']),
    ...left.map((finding) => reproBlock(finding, lookUp(withFixes, finding.id), ', with gradparity/fixes')),
  ];
}

function summaryTable(all: readonly Finding[]): string[] {
  const rows = findingKinds.map((kind) => {
    const some = all.filter((finding) => finding.kind === kind);
    const witnessed = some.filter(({ witness }) => witness || kind === 'convention').length;
    const suspected = some.length - witnessed;
    return { some, cells: [kind, kindMeanings[kind], String(witnessed), String(suspected || '')] };
  });
  const shown = rows.filter(({ some }) => some.length > 0).map(({ cells }) => cells);
  return shown.length > 0 ? [table(['kind', 'what it is', 'count', 'suspicions'], shown, 'llrr')] : [];
}

function findingBlocks(
  findings: readonly Finding[],
  anchors: ReadonlyMap<string, string>,
  mending?: Mending,
): string[] {
  const rows = findings.map((finding) => {
    const { id, message, repro, witness } = finding;
    return [
      `[${code(id)}](#${anchors.get(id)})`,
      escape(message),
      value(repro.got),
      value(repro.expected),
      witness ? escape(witnessText(witness)) : 'none',
      ...(mending ? [escape(fateOf(finding, mending))] : []),
    ];
  });
  return [
    table(
      ['finding', 'what is wrong', 'got', 'expected', 'witness', ...(mending ? ['with the fixes'] : [])],
      rows,
    ),
    ...findings.map((finding) => reproBlock(finding, lookUp(anchors, finding.id))),
  ];
}

function reproBlock(finding: Finding, anchor: string, suffix = ''): string {
  const { id, message, repro, cases, first } = finding;
  const fence = '`'.repeat(Math.max(3, longestRun(repro.code) + 1));
  return [
    `<details id="${anchor}">\n<summary><code>${escapeHtml(oneLine(id))}${suffix}</code></summary>`,
    `${capital(escape(placeOf(finding)))}. ${escape(message)} ${counted(cases, 'case shows', 'cases show')} it, the first of them ${code(first)}.`,
    `${fence}js\n${repro.code.trimEnd()}\n${fence}`,
    `Got ${value(repro.got)}, expected ${value(repro.expected)}.`,
    '</details>',
  ].join('\n\n');
}

function matrixBlocks(report: SweepReport, anchors: ReadonlyMap<string, string>): string[] {
  const { backends, matrix } = report;
  return familiesOf(matrix).flatMap(([family, rows]) => [
    `<h3 id="family-${slug(family)}">${escapeHtml(capital(oneLine(family)))}</h3>`,
    table(
      ['op', 'cases', 'formula', 'second order', ...backends.map(escape), 'findings'],
      rows.map((row) => [
        code(row.op),
        String(row.cases),
        signs(row.formula, fixedRowOf(report, row)?.formula),
        signs(row.second, fixedRowOf(report, row)?.second),
        ...backends.map((backend) =>
          signs(row.backends[backend] ?? 'not run', fixedRowOf(report, row)?.backends[backend]),
        ),
        row.findings
          .filter((id) => anchors.has(id))
          .sort()
          .map((id) => `[${code(withoutOp(id, row.op))}](#${anchors.get(id)})`)
          .join(', '),
      ]),
      `lrcc${'c'.repeat(backends.length)}l`,
    ),
  ]);
}

const signs = (before: Cell, after: Cell | undefined): string =>
  cellPair(before, after)
    .map((cell) => cellSigns[cell])
    .join(' → ');

const upstreamLink = (upstream: string): string =>
  /^https:\/\/[^\s()<>|\\]+$/.test(upstream)
    ? `[${escape(upstreamName(upstream))}](${upstream})`
    : escape(upstream);

/** A table. `aligns`: l, r or c for each column. */
function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  aligns = 'l'.repeat(head.length),
): string {
  const rules: Record<string, string> = { l: '---', r: '--:', c: ':-:' };
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [head, [...aligns].map((align) => rules[align]), ...rows].map(line).join('\n');
}

const oneLine = (text: string): string => text.trim().replace(/\s+/g, ' ');

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Text in which no sign means anything to Markdown. */
const escape = (text: string): string => oneLine(text).replace(/[\\`*_[\]<>|$~&]/g, '\\$&');

const longestRun = (text: string): number =>
  Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));

/** A span of code, in a table too. */
function code(text: string): string {
  const line = oneLine(text);
  const runs = new Set([...line.matchAll(/`+/g)].map(([run]) => run.length));
  let ticks = 1;
  while (runs.has(ticks)) ticks++;
  const gap = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return '`'.repeat(ticks) + gap + line.replaceAll('|', '\\|') + gap + '`'.repeat(ticks);
}

/** Numbers as code, sentences as such. */
const value = (text: string): string =>
  /^(?:NaN|-?Infinity|[-+\d.e[\],\s…])+$/.test(text) ? code(text) : escape(text);
