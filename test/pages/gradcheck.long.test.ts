import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { parseHTML } from 'linkedom';
import { selectBackend } from '../../src/backends/select.js';
import { gradcheck } from '../../src/gradcheck/gradcheck.js';
import { reportPage, type PageResult } from '../../src/pages/gradcheck.js';
import { nodeDocument } from '../../src/plots/node-document.js';
import { wrong } from '../gradcheck/zoo/wrong.js';
import { present } from '../support/present.js';

let results: PageResult[];
let page: string;
let body: Document;

beforeAll(async () => {
  await selectBackend();
  const doubled = present(wrong.find(({ name }) => name === 'factor 2'));
  const nan = present(wrong.find(({ name }) => name === 'NaN from 0/0'));
  const details = { details: true };
  results = [
    {
      name: 'right',
      report: await gradcheck(
        (x: tf.Tensor) => tf.sin(x),
        [
          [
            [1, 2],
            [3, 4],
          ],
        ],
        details,
      ),
    },
    {
      name: 'doubled <script>alert(1)</script>',
      report: await gradcheck(doubled.f, doubled.inputs(), details),
    },
    { name: 'kink', report: await gradcheck((x: tf.Tensor) => tf.relu(x), [[0, 1]], details) },
    { name: 'nan', report: await gradcheck(nan.f, nan.inputs(), details) },
    {
      name: 'large',
      report: await gradcheck((x: tf.Tensor) => tf.sin(x), [tf.linspace(0.1, 9, 5000)], {
        ...details,
        mode: 'full',
      }),
    },
    {
      name: 'fast',
      report: await gradcheck((x: tf.Tensor) => tf.sin(x), [[1, 2]], { ...details, mode: 'fast' }),
    },
    { name: 'failed', error: 'f threw: <b>boom</b>' },
  ];
  page = reportPage(results, { document: nodeDocument() });
  body = parseHTML(page).document;
}, 120_000);

const sections = () => [...body.querySelectorAll('details.case')];

describe('reportPage', () => {
  test('has a section for each case, open where it is not right', () => {
    expect(sections().map((one) => one.getAttribute('data-verdict'))).toEqual([
      'right',
      'wrong',
      'kink',
      'wrong',
      'right',
      'right',
      'failed',
    ]);
    expect(sections().map((one) => one.hasAttribute('open'))).toEqual([
      false,
      true,
      true,
      true,
      false,
      false,
      true,
    ]);
    expect(body.querySelector('title')?.textContent).toContain('3 right, 2 wrong, 1 kink, 1 failed');
  });

  test('says what the reports say', () => {
    for (const [i, { report, error }] of results.entries()) {
      for (const sentence of report?.diagnosis ?? [error ?? ''])
        expect(sections()[i].textContent).toContain(sentence);
    }
    expect(sections()[2].textContent).toContain('slope on the left');
  });

  test('draws a map, a scatter and the error by step for inputs with numbers, and none where there are none', () => {
    expect(sections()[1].querySelectorAll('figure svg')).toHaveLength(3);
    expect(sections()[6].querySelectorAll('svg')).toHaveLength(0);
    expect(sections()[1].querySelectorAll('[aria-label="cell"] rect')).toHaveLength(12);
    expect(page).not.toMatch(/NaN,|,NaN|="NaN"/);
  });

  test('escapes what users name', () => {
    expect(body.querySelectorAll('script')).toHaveLength(1);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).toContain('&lt;b&gt;boom&lt;/b&gt;');
  });

  test('needs nothing beside it, and stays of a size', () => {
    expect(page).not.toMatch(/(src|href)=|url\(|@import|https?:\/\/(?!www\.w3\.org)/);
    expect(page.length).toBeLessThan(2_000_000);
    expect(sections()[4].textContent).toMatch(/of 5000 entries/);
  });
});
