/** What a sweep found as one HTML page that needs nothing beside it. */
import { lookUp } from '../collections.js';
import { escapeHtml as escape } from '../escape-html.js';
import { causesOf, type Cause } from '../sweep/report/causes.js';
import { findingKinds, type Cell } from '../sweep/judgement/hit.js';
import { cellPair, fateOf, fixedRowOf, mendingOf, reasonOf, type Mending } from '../sweep/report/mending.js';
import type { Finding, SweepReport } from '../sweep/report/report.js';
import {
  anchorsOf,
  cellMeanings,
  cellSigns,
  counted,
  countsText,
  familiesOf,
  judgedText,
  kindMeanings,
  NO_WITNESS,
  partsOf,
  placeOf,
  upstreamName,
  versionsText,
  withoutOp,
  witnessText,
  type Parts,
} from '../sweep/report/text.js';

/** Ids of the page's own elements, which no finding may have. */
const ownIds = [
  'summary',
  'causes',
  'causes-title',
  'fixes',
  'fixes-title',
  'matrix',
  'matrix-title',
  'findings',
  'suspicions',
  'limitations',
  'conventions',
  'said',
];

/**
 * A page with the causes, the matrix op × backend and every finding with its code, each with an address. It reads without scripts;
 * the filter, whose state is in the address, and the buttons that copy are one.
 */
export function sweepPage(
  report: SweepReport,
  { title = `The gradients of TensorFlow.js ${report.tfjs}` }: { title?: string } = {},
): string {
  const parts = partsOf(report.findings);
  const { findings, suspicions, limitations, conventions } = parts;
  const anchors = anchorsOf([...findings, ...suspicions, ...limitations, ...conventions], ownIds);
  const causes = causesOf(findings);
  const mending = mendingOf(report);
  const detailsOf = (some: readonly Finding[]): string =>
    some.map((finding) => findingDetails(finding, lookUp(anchors, finding.id), mending)).join('\n');
  const list = (
    id: string,
    heading: string,
    says: string,
    some: readonly Finding[],
    content = detailsOf(some),
  ): string =>
    `<section id="${id}" class="list" aria-labelledby="${id}-title">
<h2 id="${id}-title">${heading} <span class="count">${some.length}</span></h2>
<p>${some.length > 0 ? says : 'None.'}</p>
${content}
</section>`;
  const byCause = causes
    .map(
      (cause, i) =>
        `<div class="cause" id="cause-${i + 1}"><h3>${i + 1}. ${escape(cause.title)}</h3>\n${detailsOf(cause.findings)}\n</div>`,
    )
    .join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}: ${countsText(parts)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escape(title)}</h1>
${headline(report, parts)}
<nav aria-label="Sections"><a href="#causes">Causes</a> ${mending ? '<a href="#fixes">With the fixes</a> ' : ''}<a href="#matrix">Op by op</a> <a href="#findings">Findings</a> <a href="#suspicions">Suspicions</a> <a href="#limitations">Limitations</a> <a href="#conventions">Conventions at kinks</a></nav>
</header>
${filter(report)}
<main>
${causesSection(causes, mending)}
${kindTable(report)}
${mendingSection(mending, anchors)}${matrix(report, anchors)}
${list('findings', 'Findings', 'Cause by cause. A second witness agrees with each: a closed form, another library, another backend, or that it was observed.', findings, byCause)}
${list('suspicions', 'Suspicions', 'Our own differences say so, and no second witness yet.', suspicions)}
${list('limitations', 'Limitations', 'What TensorFlow.js says itself that it does not do, in its documentation or in the error, and what the language of shaders leaves open.', limitations)}
${list('conventions', 'Conventions at kinks', 'Where a function has a kink, its gradient is a choice. These are no mistakes.', conventions)}
</main>
<p id="said" class="unseen" role="status"></p>
<script>${script}</script>
</body>
</html>
`;
}

function headline(report: SweepReport, parts: Parts): string {
  const { tfjs, backends, seed, complete, seconds } = report;
  const versions = versionsText(report);
  const facts = [
    `TensorFlow.js ${tfjs}`,
    `backends ${backends.join(', ')}`,
    ...(versions ? [versions] : []),
    `seed ${seed}`,
    durationText(seconds),
  ];
  const incomplete = complete
    ? ''
    : `<p class="incomplete"><strong>This run is incomplete:</strong> ${judgedText(report)}. What is missing below may be wrong all the same.</p>\n`;
  return `${incomplete}<p class="says">${judgedText(report)}: ${countsText(parts)}.</p>
<p class="facts">${escape(facts.join(' · '))}</p>`;
}

/** What is behind the findings, those causes first that are behind most of them. */
function causesSection(causes: readonly Cause[], mending: Mending | undefined): string {
  const rows = causes.map(
    ({ title, ops, findings, upstream }, i) =>
      `<li value="${i + 1}"><a href="#cause-${i + 1}">${escape(title)}</a> ${badge(findings[0].kind)} <span class="facts">${counted(findings.length, 'finding')}${mending ? `, ${findings.filter((finding) => mending.stays.includes(finding)).length || 'none'} with the fixes` : ''}${upstream.length > 0 ? ` · ${upstream.map(upstreamLink).join(', ')}` : ''}</span><br><span class="ops">${ops.map((op) => `<code>${escape(op)}</code>`).join(' ')}</span></li>`,
  );
  return `<section id="causes" aria-labelledby="causes-title">
<h2 id="causes-title">Causes <span class="count">${causes.length}</span></h2>
${rows.length > 0 ? `<ol class="causes">\n${rows.join('\n')}\n</ol>` : '<p>None.</p>'}
</section>`;
}

/** How many there are without and with the fixes, what stays and why, and what is new. */
function mendingSection(mending: Mending | undefined, anchors: ReadonlyMap<string, string>): string {
  if (!mending) return '';
  const { counts, stays, fresh, left } = mending;
  const programs = new Map(left.map(({ id, repro }) => [id, repro.code]));
  const programOf = (id: string): string => {
    const code = programs.get(id);
    return code === undefined
      ? ''
      : `<details class="program"><summary>Its program with the fixes</summary><pre tabindex="0"><code>${escape(code)}</code></pre></details>`;
  };
  const rows = counts.map(
    ({ place, before, after }) =>
      `<tr><th scope="row">${escape(place)}</th><td class="number">${before}</td><td class="number">${after}</td></tr>`,
  );
  const staying = stays.map((finding) => {
    const reason = reasonOf(finding);
    return `<li><a href="#${anchors.get(finding.id)}">${escape(finding.id)}</a>${reason ? `: ${escape(reason)}` : ''}${programOf(finding.id)}</li>`;
  });
  const news = fresh.map(
    ({ id, message, repro }) =>
      `<li><strong>${escape(id)}</strong>: ${escape(message)} Got <code>${escape(repro.got)}</code>, expected <code>${escape(repro.expected)}</code>.${programOf(id)}</li>`,
  );
  return `<section id="fixes" aria-labelledby="fixes-title">
<h2 id="fixes-title">With the fixes</h2>
<p>Each case was judged again with <code>gradparity/fixes</code> in place. Suspicions are counted, limitations are not.</p>
<div class="scroll" role="region" aria-label="Findings by place" tabindex="0"><table class="kinds"><caption>Findings by place</caption><thead><tr><th scope="col">where</th><th scope="col">without</th><th scope="col">with</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div>
<h3>What stays <span class="count">${stays.length}</span></h3>
${staying.length > 0 ? `<ul>\n${staying.join('\n')}\n</ul>` : '<p>Nothing.</p>'}
<h3>What is new <span class="count">${fresh.length}</span></h3>
${news.length > 0 ? `<ul>\n${news.join('\n')}\n</ul>` : '<p>Nothing.</p>'}
</section>
`;
}

function durationText(seconds: number): string {
  if (seconds < 100) return `${seconds.toFixed(0)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function kindTable({ findings }: SweepReport): string {
  const rows = findingKinds.flatMap((kind) => {
    const some = findings.filter((finding) => finding.kind === kind);
    if (some.length === 0) return [];
    const witnessed = some.filter(({ witness }) => witness || kind === 'convention').length;
    const suspected = some.length - witnessed;
    return [
      `<tr><th scope="row">${badge(kind)}</th><td>${escape(kindMeanings[kind])}</td><td class="number">${witnessed}</td><td class="number">${suspected || ''}</td></tr>`,
    ];
  });
  if (rows.length === 0) return '';
  return `<div class="scroll" role="region" aria-label="Findings by kind" tabindex="0"><table class="kinds" id="summary"><caption>Findings by kind</caption><thead><tr><th scope="col">kind</th><th scope="col">what it is</th><th scope="col">count</th><th scope="col">suspicions</th></tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div>`;
}

const badge = (kind: string): string => `<span class="badge ${kind.replaceAll(' ', '-')}">${kind}</span>`;

function filter({ backends, findings, matrix }: SweepReport): string {
  const places = [...new Set([...backends, ...findings.map(({ backend }) => backend)])].filter(
    (place) => place !== 'core',
  );
  const kinds = findingKinds.filter((kind) => findings.some((finding) => finding.kind === kind));
  const families = [...new Set([...matrix, ...findings].map(({ family }) => family))].sort();
  const option = (value: string, text = value): string =>
    `<option value="${escape(value)}">${escape(text)}</option>`;
  const select = (label: string, name: string, options: readonly string[]): string =>
    `<label>${label} <select name="${name}" autocomplete="off"><option value="">all</option>${options.join('')}</select></label>`;
  return `<form class="filter" role="search" aria-label="Filter ops and findings" hidden>
<label>Op <input type="search" name="op" autocomplete="off" spellcheck="false" placeholder="part of its name"></label>
${select(
  'Family',
  'family',
  families.map((family) => option(family)),
)}
${select('Backend', 'backend', [option('core', 'core: every backend'), ...places.map((place) => option(place))])}
${select(
  'Kind',
  'kind',
  kinds.map((kind) => option(kind)),
)}
<button type="reset">Show all</button>
<p class="shown" role="status"></p>
</form>`;
}

function matrix(report: SweepReport, anchors: ReadonlyMap<string, string>): string {
  const { backends, matrix, findings } = report;
  const places = new Map(findings.map((finding) => [finding.id, finding]));
  const columns = ['op', 'cases', 'formula', 'second order', ...backends, 'findings'];
  const isBackend = (column: number): boolean => column >= 4 && column < 4 + backends.length;
  const head = columns
    .map(
      (name, i) =>
        `<th scope="col"${isBackend(i) ? ` data-backend="${escape(name)}"` : ''}>${escape(name)}</th>`,
    )
    .join('');
  const links = (ids: readonly string[], op: string): string =>
    ids
      .filter((id) => anchors.has(id))
      .sort()
      .map((id) => {
        const { kind, witness } = lookUp(places, id);
        const suspected = kind !== 'convention' && !witness;
        return `<li><a href="#${anchors.get(id)}">${escape(withoutOp(id, op))}</a>${suspected ? ' (suspicion)' : ''}</li>`;
      })
      .join('');
  const bodies = familiesOf(matrix).map(
    ([family, rows]) => `<tbody>
<tr class="family"><th scope="rowgroup" colspan="${columns.length}"><span>${escape(family)}</span></th></tr>
${rows
  .map((row) => {
    const after = fixedRowOf(report, row);
    return `<tr data-op="${escape(row.op)}" data-family="${escape(family)}"><th scope="row">${escape(row.op)}</th><td class="number">${row.cases}</td>${cellOf(row.formula, after?.formula)}${cellOf(row.second, after?.second)}${backends.map((backend) => cellOf(row.backends[backend] ?? 'not run', after?.backends[backend], backend)).join('')}<td class="links">${row.findings.length > 0 ? `<ul>${links(row.findings, row.op)}</ul>` : ''}</td></tr>`;
  })
  .join('\n')}
</tbody>`,
  );
  const legend = Object.entries(cellMeanings)
    .map(
      ([cell, meaning]) =>
        `<span class="cell ${cellClass(cell)}">${cellSigns[cell as Cell]}</span> ${meaning}`,
    )
    .join(' &nbsp; ');
  return `<section id="matrix" aria-labelledby="matrix-title">
<h2 id="matrix-title">Op by op <span class="count">${matrix.length}</span></h2>
<p>A backend's column has the worst of the op's cases there, in float32. “formula” and “second order” are the core's gradient and the gradient of that gradient, in double precision.${report.fixed ? ' Where the fixes change a cell, both are there: without and with them.' : ''}</p>
<p class="legend">${legend}</p>
<div class="scroll tall" role="region" aria-label="The table op by op" tabindex="0"><table class="matrix"><thead><tr>${head}</tr></thead>
${bodies.join('\n')}
</table></div>
</section>`;
}

const cellClass = (cell: string): string => cell.replace(' ', '-');

/** A cell, and beside it what it is with the fixes where they change it. */
function cellOf(before: Cell, after?: Cell, backend?: string): string {
  const cells = cellPair(before, after);
  const said = cells.join(', with the fixes ');
  const signs = cells
    .map((cell) => `<span class="cell ${cellClass(cell)}">${cellSigns[cell]}</span>`)
    .join(' → ');
  return `<td class="cell ${cellClass(cells[cells.length - 1])}"${backend ? ` data-backend="${escape(backend)}"` : ''} title="${said}"><span aria-hidden="true">${cells.length === 1 ? cellSigns[before] : signs}</span><span class="unseen">${said}</span></td>`;
}

function findingDetails(finding: Finding, anchor: string, mending?: Mending): string {
  const { id, op, family, kind, backend, message, repro, witness, upstream, cases, first } = finding;
  const facts: [string, string][] = [
    ['where', escape(placeOf(finding))],
    ['got', `<code>${escape(repro.got)}</code>`],
    ['expected', `<code>${escape(repro.expected)}</code>`],
    ['witness', escape(witness ? witnessText(witness) : kind === 'convention' ? 'none' : NO_WITNESS)],
    ...(mending && kind !== 'convention'
      ? [['fixes', escape(fateOf(finding, mending))] satisfies [string, string]]
      : []),
    ...(upstream ? [['upstream', upstreamLink(upstream)] satisfies [string, string]] : []),
    [
      'cases',
      `${counted(cases, 'case shows', 'cases show')} it, the first of them <code>${escape(first)}</code>`,
    ],
  ];
  return `<details class="finding" id="${anchor}" data-op="${escape(op)}" data-family="${escape(family)}" data-kind="${escape(kind)}" data-backend="${escape(backend)}">
<summary>${badge(kind)} <span class="name">${escape(id)}</span> <span class="message">${escape(message)}</span></summary>
<dl>${facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>
<div class="repro"><button type="button" class="copy" hidden aria-label="Copy the code of ${escape(id)}">Copy</button><pre tabindex="0"><code>${escape(repro.code)}</code></pre></div>
<p class="self"><a href="#${anchor}">Link to this</a></p>
</details>`;
}

const upstreamLink = (upstream: string): string =>
  /^https:\/\//.test(upstream)
    ? `<a href="${escape(upstream)}" rel="noreferrer">${escape(upstreamName(upstream))}</a>`
    : escape(upstream);

const style = `
:root { color-scheme: light dark; --line: #8886; --faint: #8882; --quiet: #595959; --right: #00704a; --wrong: #b93a08; --other: #4f4fc4; --link: #0b57d0; }
@media screen and (prefers-color-scheme: dark) { :root { --quiet: #b0b0b0; --right: #4ade9f; --wrong: #ff9466; --other: #b3bcff; --link: #8ab4f8; } }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 75rem; background: Canvas; color: CanvasText; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: .5rem 0; overflow-wrap: anywhere; } h2 { font-size: 1.25rem; margin: 2rem 0 .25rem; }
a { color: var(--link); } :focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.count { font-size: .9rem; font-weight: 400; color: var(--quiet); }
.says { font-size: 1.1rem; margin: .25rem 0; } .facts, caption, .self, .legend { color: var(--quiet); font-size: .875rem; }
.incomplete { border: 2px solid var(--wrong); border-radius: 6px; padding: .5rem .75rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .75rem 0; }
section, .finding { scroll-margin-top: 1rem; }
.unseen { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.filter { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: end; background: Canvas; border-block: 1px solid var(--line); padding: .5rem 0; }
.filter label { display: flex; flex-direction: column; gap: .2rem; font-size: .8125rem; color: var(--quiet); }
.filter input, .filter select, button { font: inherit; font-size: .9375rem; padding: .2rem .5rem; border: 1px solid var(--line); border-radius: 4px; background: Field; color: FieldText; }
.filter :is(input, select, button) { height: 2.1rem; }
button { cursor: pointer; background: ButtonFace; color: ButtonText; } .shown { margin: 0; font-size: .875rem; line-height: 2.1rem; }
.scroll { overflow-x: auto; } .tall { position: relative; overflow: auto; max-height: 70vh; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: separate; border-spacing: 0; font-size: .875rem; } caption { text-align: left; }
th, td { padding: .2rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); } .number { text-align: right; }
.kinds { margin: .5rem 0; } .matrix { width: 100%; }
.matrix thead th { position: sticky; top: 0; z-index: 2; background: Canvas; border-bottom: 2px solid var(--line); white-space: nowrap; }
.matrix th:first-child { position: sticky; left: 0; z-index: 1; background: Canvas; border-right: 1px solid var(--line); } .matrix thead th:first-child { z-index: 3; }
.matrix .family th { position: static; background: var(--faint); border-right: 0; } .family span { position: sticky; left: .6rem; }
.matrix [scope=row] { font-weight: 500; font-family: ui-monospace, monospace; font-size: .8125rem; } .matrix tbody tr:last-child > * { border-bottom: 0; }
.matrix td.cell, .matrix thead th:not(:first-child, :last-child) { text-align: center; }
.cell { font-weight: 700; } .cell.right { color: var(--right); } .cell.wrong { color: var(--wrong); } td.cell.wrong { background: color-mix(in srgb, var(--wrong) 12%, transparent); } .cell.missing, .cell.not-run { color: var(--quiet); }
.links ul { list-style: none; margin: 0; padding: 0; } .links li { white-space: nowrap; }
#fixes li { overflow-wrap: anywhere; } .causes { padding-left: 2.2rem; } .causes li { margin: .35rem 0; overflow-wrap: anywhere; } .ops { color: var(--quiet); } .cause h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; overflow-wrap: anywhere; scroll-margin-top: 1rem; }
.finding { border: 1px solid var(--line); border-left: 4px solid var(--other); border-radius: 6px; margin: .5rem 0; padding: .4rem .75rem; }
#findings .finding { border-left-color: var(--wrong); } .finding:target { outline: 2px solid var(--link); }
summary { cursor: pointer; overflow-wrap: anywhere; } .message { display: block; margin-left: 1.1rem; }
.name, code { font-family: ui-monospace, monospace; font-size: .8125rem; } .name { font-weight: 600; }
.badge { display: inline-block; font-size: .8125rem; font-weight: 600; line-height: 1.4; padding: 0 .5em; border: 1px solid currentColor; border-radius: 1em; color: var(--wrong); white-space: nowrap; }
.badge.no-gradient, .badge.kernel-missing { color: var(--other); } .badge.convention, .badge.limitation { color: var(--quiet); }
dl { margin: .5rem 0; } dl div { display: grid; grid-template-columns: 5.5rem 1fr; gap: .5rem; } dt { color: var(--quiet); font-size: .875rem; } dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.repro { position: relative; } pre { margin: 0; padding: .6rem .75rem; overflow-x: auto; background: var(--faint); border-radius: 6px; line-height: 1.45; }
.copy { display: block; margin: 0 0 .25rem auto; } .self { margin: .4rem 0 0; }
@media (min-width: 50rem) and (min-height: 35rem) { .filter { position: sticky; top: 0; z-index: 4; } .filter:not([hidden]) ~ main :is(section, .finding) { scroll-margin-top: 5rem; } }
@media (max-width: 30rem) { dl div { grid-template-columns: 1fr; gap: 0; margin-bottom: .3rem; } .filter label { flex: 1 1 40%; min-width: 0; } .filter input, .filter select { width: 100%; } }
@media print {
  :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 10pt; } .filter, nav, .copy, .self { display: none; }
  .tall, .scroll { max-height: none; overflow: visible; border: 0; } .matrix th { position: static !important; }
  .matrix { font-size: 8pt; } .matrix :is(th, td) { padding: .1rem .3rem; } .matrix :is(thead th, .links li) { white-space: normal; overflow-wrap: anywhere; } .matrix [scope=row] { font-size: 7.5pt; }
  .finding, tr { break-inside: avoid; }
  .finding::details-content { content-visibility: visible; block-size: auto; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }
}
`;

const script = `
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const form = document.querySelector('.filter'), shown = form.querySelector('.shown'), said = document.getElementById('said');
const names = ['op', 'family', 'backend', 'kind'];
const findings = all('.finding'), rows = all('.matrix tr[data-op]');
const columns = all('.matrix thead th').length;

function apply() {
  const { op, family, backend, kind } = Object.fromEntries(names.map((name) => [name, form.elements[name].value.trim()]));
  const named = ({ dataset }) => dataset.op.toLowerCase().includes(op.toLowerCase()) && (family === '' || dataset.family === family);
  const such = ({ dataset }) => (kind === '' || dataset.kind === kind) && (backend === '' || dataset.backend === backend);
  for (const one of findings) one.hidden = !(named(one) && such(one));
  for (const row of rows) {
    let matching = 0;
    for (const link of all('.links a', row)) {
      const fits = such(document.getElementById(link.hash.slice(1)));
      link.parentElement.hidden = !fits;
      if (fits) matching++;
    }
    row.hidden = !named(row) || (kind !== '' && matching === 0);
  }
  for (const cell of all('.matrix [data-backend]')) cell.hidden = backend !== '' && cell.dataset.backend !== backend;
  const hiddenColumns = backend === '' ? 0 : all('.matrix thead [data-backend]').filter((cell) => cell.hidden).length;
  for (const body of all('.matrix tbody')) {
    body.hidden = all('tr[data-op]', body).every((row) => row.hidden);
    body.querySelector('.family th').colSpan = columns - hiddenColumns;
  }
  const seen = (list) => list.filter((one) => !one.hidden).length;
  for (const cause of all('.cause')) cause.hidden = seen(all('.finding', cause)) === 0;
  for (const item of all('.causes li')) item.hidden = document.getElementById(item.querySelector('a').hash.slice(1)).hidden;
  const causes = all('.causes li'), told = document.querySelector('#causes .count');
  if (causes.length > 0) told.textContent = seen(causes) === causes.length ? causes.length : seen(causes) + ' of ' + causes.length;
  for (const section of all('.list')) {
    const inside = all('.finding', section), count = seen(inside);
    section.querySelector('.count').textContent = count === inside.length ? count : count + ' of ' + inside.length;
  }
  document.querySelector('#matrix .count').textContent = seen(rows) === rows.length ? rows.length : seen(rows) + ' of ' + rows.length;
  shown.textContent = seen(rows) + ' of ' + rows.length + ' ops, ' + seen(findings) + ' of ' + findings.length + ' findings';
}

function write() {
  const state = new URLSearchParams();
  for (const name of names) if (form.elements[name].value.trim() !== '') state.set(name, form.elements[name].value.trim());
  history.replaceState(null, '', state.size > 0 ? '#' + state : location.pathname + location.search);
}

function clear() {
  for (const name of names) form.elements[name].value = '';
}

/** From the address: a filter, or a finding to open. */
function read() {
  const hash = location.hash.slice(1);
  if (hash === '' || hash.includes('=')) {
    const state = new URLSearchParams(hash);
    for (const name of names) {
      const field = form.elements[name];
      field.value = state.get(name) ?? '';
      if (field.selectedIndex === -1) field.value = '';
    }
    apply();
    return;
  }
  const target = document.getElementById(hash);
  if (!target?.matches('.finding')) return;
  if (target.hidden) {
    clear();
    apply();
  }
  target.open = true;
  target.scrollIntoView();
}

form.hidden = false;
form.addEventListener('submit', (event) => event.preventDefault());
form.addEventListener('input', () => { apply(); write(); });
form.addEventListener('reset', (event) => { event.preventDefault(); clear(); apply(); write(); });
addEventListener('hashchange', read);
// A second click on the same link changes no hash.
document.addEventListener('click', (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (link && link.hash === location.hash) read();
});

async function copy(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    // There is no clipboard on pages that come by plain http.
    getSelection().selectAllChildren(code);
    return document.execCommand('copy');
  }
}
for (const button of all('.copy')) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    const done = await copy(button.parentElement.querySelector('code'));
    button.textContent = done ? 'Copied' : 'Not copied';
    said.textContent = button.textContent;
    setTimeout(() => { button.textContent = 'Copy'; said.textContent = ''; }, 2000);
  });
}
apply();
read();
`;
