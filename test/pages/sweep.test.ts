import { describe, expect, test } from '@jest/globals';
import { parseHTML } from 'linkedom';
import { sweepPage } from '../../src/pages/sweep.js';
import {
  emptyReport,
  fixedReport,
  formulaFinding,
  incompleteReport,
  kernelFinding,
  regression,
  sampleReport,
  suspicion,
} from '../sweep/report/sample-report.js';
import { present } from '../support/present.js';

const page = sweepPage(sampleReport);
const body = parseHTML(page).document;
const texts = (selector: string, within: Element | Document = body) =>
  [...within.querySelectorAll(selector)].map((one) => one.textContent);
const first = (selector: string, within: Element | Document = body): Element =>
  present(within.querySelector(selector));
const idsIn = (section: string) => texts(`#${section} .finding .name`);
const detailsOf = (id: string) =>
  present([...body.querySelectorAll('.finding')].find((one) => first('.name', one).textContent === id));
const data = (element: Element) => ({ ...(element as HTMLElement).dataset });

describe('sweepPage', () => {
  test('says what was run and counts the cases and findings', () => {
    expect(first('title').textContent).toBe(
      'The gradients of TensorFlow.js 4.22.0: 2 findings, 1 suspicion, 1 convention',
    );
    const header = first('header').textContent;
    expect(header).toContain('100 of 100 cases judged: 2 findings, 1 suspicion, 1 convention.');
    expect(header).toContain('backends cpu, wasm, webgl · Chromium 141.0 · seed 7 · 13 min');
    expect(texts('.kinds tbody th')).toEqual(['formula', 'kernel', 'throws', 'convention']);
    expect(first('h1', parseHTML(sweepPage(sampleReport, { title: 'a < b' })).document).textContent).toBe(
      'a < b',
    );
  });

  test('says so where the run is incomplete', () => {
    expect(body.querySelector('.incomplete')).toBeNull();
    const incomplete = first('.incomplete', parseHTML(sweepPage(incompleteReport)).document);
    expect(incomplete.textContent).toContain('This run is incomplete: 40 of 100 cases judged.');
  });

  test('sets findings with a witness, suspicions and conventions apart', () => {
    expect(idsIn('findings')).toEqual([formulaFinding.id, kernelFinding.id]);
    expect(idsIn('suspicions')).toEqual([suspicion.id]);
    expect(idsIn('conventions')).toEqual(['relu/convention/core/backward']);
    expect(detailsOf(suspicion.id).textContent).toContain('suspicion: no second witness');
  });

  test('shows what a finding has', () => {
    const details = detailsOf(kernelFinding.id);
    expect(first('.badge', details).textContent).toBe('kernel');
    expect(texts('dd', details)).toEqual([
      'cpu, backward',
      '[0.25, NaN]',
      '[0.25, 0.5]',
      'backend tensorflow',
      'tfjs#1234',
      '12 cases show it, the first of them avgPool(x[2,3])',
    ]);
    expect(first('dd a', details).getAttribute('href')).toBe(kernelFinding.upstream);
    expect(first('.message', details).textContent).toBe(kernelFinding.message);
  });

  test('escapes what the report says', () => {
    expect(body.querySelectorAll('script')).toHaveLength(1);
    expect(body.querySelectorAll('b')).toHaveLength(0);
    expect(page).toContain('&lt;/script&gt;&lt;b&gt;');
    expect(first('pre code', detailsOf(kernelFinding.id)).textContent).toBe(kernelFinding.repro.code);
    const upstream = sweepPage({
      ...sampleReport,
      findings: [{ ...kernelFinding, upstream: 'javascript:alert(1)' }],
    });
    expect(upstream).not.toContain('href="javascript:');
  });

  test('gives each finding an address without blanks, to which its row leads', () => {
    const ids = [...body.querySelectorAll('[id]')].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[\w./-]+$/);
    for (const link of body.querySelectorAll('a[href^="#"]'))
      expect(ids).toContain(present(link.getAttribute('href')).slice(1));
    const link = first('tr[data-op=atan2] .links a');
    expect(link.getAttribute('href')).toBe(`#${detailsOf(formulaFinding.id).id}`);
    const twice = sweepPage({
      ...sampleReport,
      findings: ['a b', 'a-b', 'matrix'].map((id) => ({ ...kernelFinding, id })),
    });
    expect([...parseHTML(twice).document.querySelectorAll('.finding')].map(({ id }) => id)).toEqual([
      'a-b',
      'a-b-2',
      'matrix-2',
    ]);
  });

  test('has the matrix by family, with signs and words in its cells', () => {
    expect(texts('.matrix thead th')).toEqual([
      'op',
      'cases',
      'formula',
      'second order',
      'cpu',
      'wasm',
      'webgl',
      'findings',
    ]);
    expect(texts('.matrix .family')).toEqual(['binary', 'pooling', 'unary']);
    expect(texts('.matrix tr[data-op] th')).toEqual(['atan2', 'avgPool', 'maxPool3d', 'relu']);
    expect(texts('tr[data-op=maxPool3d] .cell')).toEqual([
      '✓right',
      '✓right',
      '✓right',
      '–missing',
      '✗wrong',
    ]);
    expect(texts('tr[data-op=relu] .cell')[4]).toBe('·not run');
    expect(texts('tr[data-op=maxPool3d] .links')).toEqual(['throws/webgl/forward (suspicion)']);
  });

  test('has what the fixes do beside what is without them', () => {
    const mended = parseHTML(sweepPage(fixedReport)).document;
    const cells = [...mended.querySelectorAll('tr[data-op=avgPool] td.cell')];
    expect(cells.map(({ textContent }) => textContent)).toEqual([
      '✓right',
      '✓right',
      '✗ → ✓wrong, with the fixes right',
      '✓right',
      '✓right',
    ]);
    const section = mended.querySelector('#fixes');
    expect([...(section?.querySelectorAll('tbody tr') ?? [])].map(({ textContent }) => textContent)).toEqual([
      'core11',
      'cpu10',
      'wasm01',
      'webgl11',
    ]);
    expect([...(section?.querySelectorAll('li') ?? [])].map(({ textContent }) => textContent)).toEqual([
      expect.stringContaining(suspicion.id),
      expect.stringContaining(formulaFinding.id),
      expect.stringContaining(regression.id),
    ]);
    expect(body.querySelector('#fixes')).toBeNull();
  });

  test('has what the filter goes by, and hides it where there are no scripts', () => {
    expect(data(detailsOf(kernelFinding.id))).toEqual({
      op: 'avgPool',
      family: 'pooling',
      kind: 'kernel',
      backend: 'cpu',
    });
    expect(data(first('tr[data-op=avgPool]'))).toEqual({ op: 'avgPool', family: 'pooling' });
    expect([...body.querySelectorAll('tr[data-op=avgPool] [data-backend]')].map(data)).toEqual([
      { backend: 'cpu' },
      { backend: 'wasm' },
      { backend: 'webgl' },
    ]);
    expect(first('form').hasAttribute('hidden')).toBe(true);
    for (const button of body.querySelectorAll('.copy')) expect(button.hasAttribute('hidden')).toBe(true);
    const options = (name: string) =>
      [...body.querySelectorAll(`[name=${name}] option`)].map((one) => one.getAttribute('value'));
    expect(options('family')).toEqual(['', 'binary', 'pooling', 'unary']);
    expect(options('backend')).toEqual(['', 'core', 'cpu', 'wasm', 'webgl']);
    expect(options('kind')).toEqual(['', 'formula', 'kernel', 'throws', 'convention']);
  });

  test('needs nothing beside it', () => {
    expect(page).not.toMatch(/\ssrc=|url\(|@import|<link/);
    for (const link of body.querySelectorAll('[href]')) expect(link.tagName).toBe('A');
  });

  test('can be empty', () => {
    const empty = parseHTML(sweepPage(emptyReport)).document;
    expect(texts('.list p', empty)).toEqual(['None.', 'None.', 'None.', 'None.']);
  });
});
