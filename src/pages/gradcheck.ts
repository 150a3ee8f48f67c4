/** The results of checks as one HTML page that needs nothing beside it. */
import { escapeHtml as escape } from '../escape-html.js';
import * as Plot from '@observablehq/plot';
import { describeReport, digits, isPassed, ranText, surrogateText } from '../gradcheck/report/describe.js';
import type { GradcheckReport, InputReport } from '../gradcheck/report/report.js';

export interface PageResult {
  name: string;
  file?: string;
  report?: GradcheckReport;
  /** Why there is no report. */
  error?: string;
}

export interface PageOptions {
  /** Makes the plots' elements: `nodeDocument()` in Node, the page's own in a browser. */
  document: Document;
  title?: string;
}

/** So many points and cells are drawn of an input at most. */
const MOST_POINTS = 2000;

/**
 * A page with a section for each case: verdict, diagnosis, a table of its inputs, and, where the report has `details`, maps of the
 * error, numerical against autodiff, and the error against the step. It reads without scripts; the filter is one.
 */
export function reportPage(
  results: readonly PageResult[],
  { document, title = 'Gradient check' }: PageOptions,
): string {
  const counts = new Map<string, number>();
  for (const result of results) counts.set(verdictOf(result), (counts.get(verdictOf(result)) ?? 0) + 1);
  const summary = [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}: ${summary}</title>
<style>${style}</style>
</head>
<body>
<h1>${escape(title)}</h1>
<p>${summary || 'No cases.'}</p>
<form class="filter" hidden>
<label>Case <input type="search" id="text"></label>
<label>Verdict <select id="verdict"><option value="">all</option>${[...counts.keys()].map((verdict) => `<option>${verdict}</option>`).join('')}</select></label>
</form>
<main>
${results.map((result) => section(result, document)).join('\n')}
</main>
<script>${script}</script>
</body>
</html>
`;
}

const verdictOf = ({ report }: PageResult): string => report?.verdict ?? 'failed';

const signs: Record<string, string> = {
  right: '✓',
  wrong: '✗',
  kink: '∠',
  failed: '!',
  inconclusive: '?',
  nondeterministic: '≠',
  unsupported: '–',
};

function section(result: PageResult, document: Document): string {
  const { name, file, report, error } = result;
  const verdict = verdictOf(result);
  const open = verdict === 'right' ? '' : ' open';
  const body = report
    ? reportBody(report, document)
    : `<p class="says">${escape(error ?? 'There is no report.')}</p>`;
  return `<details class="case ${verdict}" data-verdict="${verdict}" data-name="${escape(name)}"${open}>
<summary><span class="badge">${signs[verdict]} ${verdict}</span> <span class="name">${escape(name)}</span>${file ? ` <span class="file">${escape(file)}</span>` : ''}</summary>
${body}
</details>`;
}

function reportBody(report: GradcheckReport, document: Document): string {
  const { diagnosis, inputs, mode, precision, backend, seed, evaluations, seconds, order } = report;
  const facts = [
    `${mode} mode`,
    precision === 'float64' ? 'double precision' : `float32, backend ${backend}`,
    `order ${order}`,
    `seed ${seed}`,
    ...(surrogateText(inputs) ? [`against ${surrogateText(inputs)}`] : []),
    `${evaluations} evaluations`,
    `${seconds.toFixed(2)} s`,
  ];
  const says =
    diagnosis.length > 0
      ? diagnosis
      : [isPassed(report) ? 'The two gradients agree.' : describeReport(report)];
  return `${says.map((sentence) => `<p class="says">${escape(sentence)}</p>`).join('\n')}
<p class="facts">${escape(facts.join(' · '))}</p>
<p class="facts">${escape(ranText(report))}</p>
${inputs.length > 0 ? inputTable(inputs) : ''}
${inputs.map((input) => inputPlots(input, document)).join('\n')}`;
}

function inputTable(inputs: readonly InputReport[]): string {
  const head = [
    'input',
    'shape',
    'order',
    'verdict',
    'compared',
    'largest error',
    'relative',
    'worst at',
    'differences',
    'autodiff',
    'error bar',
  ];
  const rows = inputs.map(
    ({ name, shape, order, verdict, checked, entries, maxAbsoluteError, maxRelativeError, worst }) => [
      name,
      `[${shape.join(',')}]`,
      String(order),
      verdict,
      `${checked} of ${entries}`,
      maxAbsoluteError.toExponential(1),
      maxRelativeError.toExponential(1),
      worst ? `[${worst.coordinate.join(',')}]` : '',
      worst ? digits(worst.numerical) : '',
      worst ? digits(worst.autodiff) : '',
      worst ? worst.errorBar.toExponential(0) : '',
    ],
  );
  const kinks = inputs.flatMap(({ name, kinkDetails }) =>
    kinkDetails
      .slice(0, 20)
      .map(({ coordinate, left, right, autodiff, between }) => [
        name,
        `[${coordinate.join(',')}]`,
        digits(left),
        digits(right),
        digits(autodiff),
        between ? 'yes' : 'no',
      ]),
  );
  return (
    tableOf('The gradient of each input', head, rows) +
    (kinks.length > 0
      ? tableOf(
          'Kinks',
          ['input', 'at', 'slope on the left', 'on the right', 'autodiff', 'between them'],
          kinks,
        )
      : '')
  );
}

const tableOf = (caption: string, head: readonly string[], rows: readonly string[][]): string =>
  `<div class="scroll"><table><caption>${caption}</caption><thead><tr>${head.map((cell) => `<th scope="col">${cell}</th>`).join('')}</tr></thead><tbody>${rows
    .map(
      (row) =>
        `<tr>${row.map((cell, i) => (i === 0 ? `<th scope="row">${escape(cell)}</th>` : `<td>${escape(cell)}</td>`)).join('')}</tr>`,
    )
    .join('')}</tbody></table></div>`;

interface Point {
  index: number;
  numerical: number;
  autodiff: number;
  /** The decimal logarithm of the relative error, at least -16. */
  error: number;
}

/** What stands at the axes of an input's pictures. */
export interface PlotAxes {
  differences: string;
  autodiff: string;
  step: string;
  distance: string;
  lastAxis: string;
  entry: string;
}

/** What the captions say, too. `drawn` says how many of the entries are shown, where not all are. */
export interface PlotWords extends PlotAxes {
  map(input: InputReport, drawn: string): string;
  scatter(drawn: string): string;
  steps: string;
}

export const plotWords: PlotWords = {
  differences: 'differences',
  autodiff: 'autodiff',
  step: 'step h',
  distance: 'distance',
  lastAxis: 'last axis',
  entry: 'entry',
  map: ({ name, order }, drawn) =>
    `Relative error of ${name}${order === 2 ? ', order 2' : ''}, entry by entry${drawn}`,
  scatter: (drawn) => `Autodiff against differences${drawn}: on the line they agree`,
  steps: 'At the worst entry: distance of the central difference from autodiff, by step',
};

/**
 * The pictures of one input, as HTML: a map of the error, autodiff against differences, and the error against the step. '' where the report
 * was made without `details`.
 */
export function inputPlots(input: InputReport, document: Document, words: PlotWords = plotWords): string {
  const { details } = input;
  if (!details || details.indices.length === 0) return '';
  const largest = Math.max(
    ...[...details.numerical, ...details.autodiff].filter(Number.isFinite).map(Math.abs),
    0,
  );
  const all = details.indices.map((index, i): Point => {
    const [numerical, autodiff] = [details.numerical[i], details.autodiff[i]];
    const size = Math.max(Math.abs(numerical), Math.abs(autodiff), 1e-6 * largest);
    const relative = Math.abs(numerical - autodiff) / (size || 1);
    return {
      index,
      numerical,
      autodiff,
      error: Number.isFinite(relative) ? Math.log10(Math.max(relative, 1e-16)) : NaN,
    };
  });
  const every = Math.ceil(all.length / MOST_POINTS);
  const points = all.filter((_, i) => i % every === 0);
  const drawn = points.length < all.length ? `, ${points.length} of ${all.length} entries` : '';
  const figures = [
    figure(words.map(input, drawn), errorMap(input, points, document, words)),
    figure(words.scatter(drawn), scatter(points, document, words)),
    details.steps.some(({ error }) => error > 0) &&
      figure(words.steps, steps(details.steps, document, words)),
  ];
  return `<div class="plots">${figures.filter(Boolean).join('')}</div>`;
}

const figure = (caption: string, svg: string): string =>
  `<figure>${svg}<figcaption>${escape(caption)}</figcaption></figure>`;

function drawing(options: Plot.PlotOptions, label: string, document: Document): string {
  const element = Plot.plot({
    width: 340,
    height: 260,
    marginTop: 32,
    marginBottom: 42,
    style: { background: 'none', color: 'currentColor', fontSize: '12px' },
    ariaLabel: label,
    ...options,
    document,
  });
  return element.outerHTML;
}

function errorMap(
  { shape, entries }: InputReport,
  points: readonly Point[],
  document: Document,
  { lastAxis, entry }: PlotAxes,
): string {
  const columns = shape.length > 1 ? shape[shape.length - 1] : Math.min(entries, 50);
  const cells = points.map((point) => ({
    ...point,
    row: Math.floor(point.index / columns),
    column: point.index % columns,
  }));
  const options: Plot.PlotOptions = {
    height: Math.min(400, Math.max(110, 60 + (200 * Math.ceil(entries / columns)) / Math.max(columns, 4))),
    padding: 0,
    x: { label: shape.length > 1 ? lastAxis : entry, ticks: [] },
    y: { label: null, ticks: [] },
    color: { domain: [-16, 0], scheme: 'viridis', legend: false, label: 'log₁₀ of the relative error' },
    marks: [
      Plot.cell(cells, {
        x: 'column',
        y: 'row',
        fill: (cell: Point) => (Number.isFinite(cell.error) ? cell.error : null),
        stroke: (cell: Point) => (Number.isFinite(cell.error) ? 'none' : 'red'),
        title: (cell: Point) =>
          `entry ${cell.index}: differences ${digits(cell.numerical)}, autodiff ${digits(cell.autodiff)}`,
      }),
    ],
  };
  return `${drawing(options, 'Map of the relative error', document)}<p class="scale"><span>1e-16</span><span class="ramp"></span><span>1</span></p>`;
}

function scatter(points: readonly Point[], document: Document, { differences, autodiff }: PlotAxes): string {
  const finite = points.filter(
    ({ numerical, autodiff }) => Number.isFinite(numerical) && Number.isFinite(autodiff),
  );
  const values = finite.flatMap(({ numerical, autodiff }) => [numerical, autodiff]);
  const [low, high] = [Math.min(...values, 0), Math.max(...values, 0)];
  return drawing(
    {
      marginLeft: 50,
      x: { label: differences, nice: true, domain: [low, high === low ? low + 1 : high] },
      y: { label: autodiff, nice: true, domain: [low, high === low ? low + 1 : high] },
      marks: [
        Plot.line([low, high], {
          x: (value: number) => value,
          y: (value: number) => value,
          stroke: 'currentColor',
          strokeOpacity: 0.5,
        }),
        Plot.dot(finite, { x: 'numerical', y: 'autodiff', r: 3, fill: '#D55E00', fillOpacity: 0.7 }),
      ],
    },
    'Autodiff against differences',
    document,
  );
}

function steps(
  list: readonly { h: number; error: number }[],
  document: Document,
  { step, distance }: PlotAxes,
): string {
  const positive = list.filter(({ h, error }) => h > 0 && error > 0 && Number.isFinite(error));
  const errors = positive.map(({ error }) => error);
  // Three decades at least: a wrong gradient's distance hardly changes with the step, and is to look that way.
  const high = 3 * Math.max(...errors);
  const low = Math.min(...errors, high / 3000);
  return drawing(
    {
      marginLeft: 55,
      x: { type: 'log', label: step, ticks: 4, tickFormat: exponent },
      y: { type: 'log', label: distance, domain: [low, high], ticks: 5, tickFormat: exponent },
      marks: [
        Plot.line(positive, { x: 'h', y: 'error', stroke: '#0072B2' }),
        Plot.dot(positive, { x: 'h', y: 'error', r: 2.5, fill: '#0072B2' }),
      ],
    },
    'Error against the step',
    document,
  );
}

const exponent = (value: number): string => value.toExponential(0);

const style = `
:root { color-scheme: light dark; --line: #8884; --right: #00794d; --wrong: #c2410c; --other: #5b5bd6; }
@media (prefers-color-scheme: dark) { :root { --right: #4ade9f; --wrong: #ff9466; --other: #a5b4fc; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 75rem; }
.case { border: 1px solid var(--line); border-left: 4px solid var(--other); border-radius: 6px; margin: .75rem 0; padding: .5rem .75rem; }
.case.right { border-left-color: var(--right); } .case.wrong, .case.failed { border-left-color: var(--wrong); }
summary { cursor: pointer; overflow-wrap: anywhere; } .badge { font-weight: 600; color: var(--other); }
.right .badge { color: var(--right); } .wrong .badge, .failed .badge { color: var(--wrong); }
.name { font-weight: 600; } .file, .facts, figcaption, caption { opacity: .75; font-size: .875rem; }
.says { font-size: 1.05rem; overflow-wrap: anywhere; white-space: pre-wrap; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .875rem; margin: .5rem 0; }
th, td { border: 1px solid var(--line); padding: .2rem .5rem; text-align: right; white-space: nowrap; } th { text-align: left; } caption { text-align: left; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; max-width: 340px; } figure svg { max-width: 100%; height: auto; overflow: visible; }
.scale { display: flex; gap: .5rem; align-items: center; font-size: .75rem; margin: 0; }
.ramp { flex: 1; height: .6rem; background: linear-gradient(90deg, #440154, #31688e, #35b779, #fde725); }
.filter { display: flex; flex-wrap: wrap; gap: 1rem; } .filter[hidden] { display: none; }
@media print { .filter { display: none; } .case { break-inside: avoid; } }
`;

const script = `
const form = document.querySelector('.filter'); form.hidden = false;
form.addEventListener('submit', (event) => event.preventDefault());
form.addEventListener('input', () => {
  const text = document.getElementById('text').value.toLowerCase(), verdict = document.getElementById('verdict').value;
  for (const one of document.querySelectorAll('.case'))
    one.hidden = !one.dataset.name.toLowerCase().includes(text) || (verdict !== '' && one.dataset.verdict !== verdict);
});
`;
