/** The playground's page: the editor, the worker that computes, and what came of it. */
import { inputPlots, plotWords } from '../../../dist/pages/gradcheck.js';
import type { GradcheckReport, InputReport } from '../../../dist/index.js';
import { inChinese } from './chinese.ts';
import { editorIn } from './editor.ts';
import { codeOf, examples } from './examples.ts';
import { fragmentOf, sharedIn } from './link.ts';
import type { Answer } from './messages.ts';
import { words as allWords } from './words.ts';

const language = document.documentElement.lang.startsWith('zh') ? 'zh' : 'en';
const words = allWords[language];
const part = <E extends HTMLElement>(name: string): E => {
  const found = document.querySelector<E>(`#playground [data-part="${name}"]`);
  if (!found) throw new Error(`The page has no part ${name}.`);
  return found;
};
const form = part<HTMLFormElement>('form');
const start = part<HTMLButtonElement>('start');
const stop = part<HTMLButtonElement>('stop');
const share = part<HTMLButtonElement>('share');
const chosen = part<HTMLSelectElement>('example');
const second = part<HTMLInputElement>('second');
const withFixes = part<HTMLInputElement>('fixes');
const status = part('status');
const result = part('result');

const editor = editorIn(part('editor'), part('editor').dataset.label ?? '', run);

let worker: Worker;
let ticking: ReturnType<typeof setInterval> | undefined;
let printed: string[] = [];

function begin(): void {
  worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }: MessageEvent<Answer>) => hear(data));
  worker.addEventListener('error', () => {
    rest(words.workerFailed);
  });
}

/** No check is under way. */
function rest(says: string): void {
  status.classList.remove('sr-only');
  clearInterval(ticking);
  ticking = undefined;
  stop.disabled = true;
  start.disabled = false;
  status.textContent = says;
  form.removeAttribute('aria-busy');
}

function run(): void {
  if (start.disabled) return;
  printed = [];
  result.replaceChildren();
  start.disabled = true;
  stop.disabled = false;
  form.setAttribute('aria-busy', 'true');
  const started = performance.now();
  status.classList.remove('sr-only');
  const tick = (): void => {
    status.textContent = words.running(Math.round((performance.now() - started) / 1000));
  };
  tick();
  ticking = setInterval(tick, 1000);
  worker.postMessage({
    code: editor.text(),
    order: second.checked ? 2 : 1,
    withFixes: withFixes.checked,
  });
}

function hear(answer: Answer): void {
  if (answer.kind === 'ready') {
    if (!ticking) rest(status.dataset.says ?? words.ready);
  } else if (answer.kind === 'printed') printed.push(answer.line);
  else if (answer.kind === 'report') {
    rest('');
    showReport(answer.report);
  } else {
    rest('');
    const said = words.failures[answer.failure](
      answer.message.replace(/\.$/, answer.failure === 'syntax' ? '' : '.'),
    );
    show('failed', words.failed, [answer.line === undefined ? said : words.line(answer.line, said)]);
  }
}

// ---- what came of it ----

function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function show(kind: string, title: string, sentences: readonly string[], ...more: Node[]): void {
  const heading = element('h2', { className: `verdict ${kind}`, textContent: title, tabIndex: -1 });
  const lines =
    printed.length > 0
      ? [details(words.printed, element('pre', { tabIndex: 0 }, element('code', {}, printed.join('\n'))))]
      : [];
  result.replaceChildren(
    heading,
    ...sentences.map((text) => element('p', { className: 'says', textContent: text })),
    ...more,
    ...lines,
  );
  // Read out, and seen as the heading.
  status.textContent = title;
  status.classList.add('sr-only');
  heading.scrollIntoView({ block: 'nearest' });
}

const details = (summary: string, ...content: Node[]): HTMLDetailsElement =>
  element('details', { open: true }, element('summary', {}, summary), ...content);

function showReport(report: GradcheckReport): void {
  const { verdict, diagnosis, inputs, evaluations, seconds, order } = report;
  const [name, meaning] = words.verdicts[verdict];
  const said = diagnosis.map((sentence) =>
    language === 'zh' ? (inChinese(sentence) ?? sentence) : sentence,
  );
  const original =
    language === 'zh' && diagnosis.length > 0
      ? [
          details(
            words.original,
            ...diagnosis.map((sentence) => element('p', { textContent: sentence, lang: 'en' })),
          ),
        ]
      : [];
  for (const one of original) one.open = false;
  const kinks = inputs.flatMap((input) =>
    input.kinkDetails
      .slice(0, 20)
      .map(({ coordinate, left, right, autodiff, between }) => [
        nameOf(input),
        `[${coordinate.join(',')}]`,
        digits(left),
        digits(right),
        digits(autodiff),
        words.between[between ? 0 : 1],
      ]),
  );
  show(
    verdict,
    name,
    said.length > 0 ? said : [meaning],
    ...original,
    element('p', { className: 'facts', textContent: words.facts(evaluations, seconds, order) }),
    ...(inputs.length > 0 ? [tableOf(words.table.caption, words.table.head, inputs.map(rowOf))] : []),
    ...(kinks.length > 0 ? [tableOf(words.kinks.caption, words.kinks.head, kinks)] : []),
    ...inputs.flatMap(plotsOf),
  );
}

const nameOf = ({ name, order }: InputReport): string =>
  `${language === 'zh' ? name.replace(/^input (\d+)$/, '输入 $1') : name}${order === 2 ? ` (${words.second})` : ''}`;

const digits = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(10))) : String(value);

function rowOf(input: InputReport): string[] {
  const { shape, verdict, checked, entries, maxRelativeError, worst } = input;
  return [
    nameOf(input),
    `[${shape.join(',')}]`,
    words.verdicts[verdict][0],
    words.compared(checked, entries),
    maxRelativeError.toExponential(1),
    worst ? `[${worst.coordinate.join(',')}]` : '',
    worst ? digits(worst.numerical) : '',
    worst ? digits(worst.autodiff) : '',
  ];
}

function tableOf(caption: string, head: readonly string[], rows: readonly string[][]): HTMLElement {
  const cells = (row: readonly string[]): HTMLElement[] =>
    row.map((text, k) =>
      k === 0 ? element('th', { scope: 'row', textContent: text }) : element('td', { textContent: text }),
    );
  const table = element(
    'table',
    {},
    element('caption', { textContent: caption }),
    element(
      'thead',
      {},
      element('tr', {}, ...head.map((text) => element('th', { scope: 'col', textContent: text }))),
    ),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...cells(row)))),
  );
  const frame = element('div', { className: 'scroll', tabIndex: 0 }, table);
  frame.setAttribute('role', 'group');
  frame.setAttribute('aria-label', caption);
  return frame;
}

function plotsOf(input: InputReport): Node[] {
  const html = inputPlots(input, document, {
    ...plotWords,
    ...words.plots,
    map: () => words.plots.map(nameOf(input)),
    scatter: () => words.plots.scatter,
  });
  if (html === '') return [];
  const frame = element('div');
  frame.innerHTML = html;
  // A group of lines or dots is no part that a screen reader names.
  for (const group of frame.querySelectorAll('g[aria-label]')) group.removeAttribute('aria-label');
  return [frame];
}

// ---- what it starts from, and the link ----

function choose(id: string): void {
  const example = examples.find((one) => one.id === id);
  if (!example) return;
  chosen.value = id;
  second.checked = example.order === 2;
  withFixes.checked = false;
  editor.replace(codeOf(example, language));
}

async function open(): Promise<void> {
  try {
    const shared = await sharedIn(location.hash);
    if (!shared) return choose(examples[0].id);
    chosen.value = '';
    second.checked = shared.order === 2;
    withFixes.checked = shared.withFixes;
    editor.replace(shared.code);
  } catch {
    choose(examples[0].id);
    status.dataset.says = words.damagedLink;
    if (!start.disabled) status.textContent = words.damagedLink;
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  run();
});
stop.addEventListener('click', () => {
  worker.terminate();
  rest(words.stopped);
  start.disabled = true;
  status.dataset.says = words.stopped;
  begin();
  start.focus();
});
chosen.addEventListener('change', () => choose(chosen.value));
share.addEventListener('click', async () => {
  const fragment = await fragmentOf({
    code: editor.text(),
    order: second.checked ? 2 : 1,
    withFixes: withFixes.checked,
  });
  history.replaceState(null, '', fragment);
  status.classList.remove('sr-only');
  try {
    await navigator.clipboard.writeText(location.href);
    status.textContent = words.copied;
  } catch {
    status.textContent = words.linked;
  }
});
addEventListener('hashchange', () => void open());

stop.disabled = true;
start.disabled = true;
status.textContent = words.loading;
begin();
void open();
