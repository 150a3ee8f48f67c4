/** What becomes of Markdown and notebooks. Oracles: Markdown written by hand. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { notebookPage } from '../scripts/notebook.mjs';
import { outsideOfCode, Pages } from '../scripts/pages.mjs';

const root = path.resolve(import.meta.dirname, '..', '..');
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(path.join(tmpdir(), 'gradparity-site-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function pagesWith(base = '/'): { pages: Pages; page: (source: string) => { source: string } } {
  const pages = new Pages({ root, base, manifest });
  pages.add({ source: 'docs/guides/kinks.md', slug: 'guides/kinks', locale: 'en' });
  pages.add({ source: 'docs/zh-CN/guides/kinks.md', slug: 'guides/kinks', locale: 'zh-CN' });
  pages.add({ source: 'docs/performance.md', slug: 'project/performance', locale: 'en' });
  const page = (source: string) => pages.all.find((one: { source: string }) => one.source === source);
  return { pages, page };
}

describe('links', () => {
  test.each([
    ['docs/guides/kinks.md', '../performance.md#verdicts', '/project/performance/#verdicts'],
    ['docs/zh-CN/guides/kinks.md', '../../performance.md', '/zh-cn/project/performance/'],
    ['docs/zh-CN/guides/kinks.md', '../../guides/kinks.md', '/guides/kinks/'],
    ['docs/guides/kinks.md', '../zh-CN/guides/kinks.md', '/zh-cn/guides/kinks/'],
    ['docs/guides/kinks.md', '#what-to-do', '#what-to-do'],
    ['docs/guides/kinks.md', 'https://example.org/a.md', 'https://example.org/a.md'],
    ['docs/guides/kinks.md', '../images/growth.svg', '/images/growth.svg'],
    ['docs/zh-CN/guides/kinks.md', '/playground/', '/zh-cn/playground/'],
    ['docs/zh-CN/guides/kinks.md', '/en/', '/'],
  ])('of %s to %s become %s', (source, link, wanted) => {
    const { pages, page } = pagesWith();
    expect(pages.resolve(link, page(source))).toBe(wanted);
    expect(pages.flaws).toEqual([]);
  });

  test('to files that are no pages lead to the repository, and to none are a fault', () => {
    const { pages, page } = pagesWith();
    const from = page('docs/guides/kinks.md');
    expect(pages.resolve('../../examples/custom-op.ts', from)).toMatch(
      /^https:.*\/blob\/main\/examples\/custom-op\.ts$/,
    );
    expect(pages.flaws).toEqual([]);
    pages.resolve('no-such.md', from);
    expect(pages.flaws).toEqual(['docs/guides/kinks.md links to no-such.md, which is not there.']);
  });

  test('begin with the site’s base', () => {
    const { pages, page } = pagesWith('/gradparity/');
    expect(pages.resolve('../performance.md', page('docs/guides/kinks.md'))).toBe(
      '/gradparity/project/performance/',
    );
  });

  test('in code stay as they are', () => {
    const { pages, page } = pagesWith();
    const text = '[a](../performance.md) `[b](x.md)`\n\n```ts\n// [c](x.md)\n```\n';
    expect(pages.links(text, page('docs/guides/kinks.md'))).toBe(
      text.replace('../performance.md', '/project/performance/'),
    );
    expect(pages.flaws).toEqual([]);
  });
});

test('what stands beside the language of a block is a title, or goes', () => {
  const { pages, page } = pagesWith();
  const made = pages.markdown(
    '# T\n\n```js file=a.mjs\nx\n```\n\n```sh exit=1 says=/x/\ny\n```\n',
    page('docs/guides/kinks.md'),
  );
  expect(made.split('---\n')[2].trim()).toBe('```js title="a.mjs"\nx\n```\n\n```sh\ny\n```');
});

test('a page that two files would be is a fault', () => {
  const { pages } = pagesWith();
  pages.add({ source: 'docs/sweep.md', slug: 'guides/kinks', locale: 'en' });
  expect(pages.flaws).toEqual([
    'docs/sweep.md would be the page guides/kinks in en, and so is another file.',
  ]);
});

test('a formula on a line of its own becomes a block; money and code do not', () => {
  const { pages } = pagesWith();
  const squeezed = pages.formulas('a $x$\n\n$$ y = x^2 $$\n\n`$$ z $$`\n').replace(/\n{2,}/g, '\n\n');
  expect(squeezed).toBe('a $x$\n\n$$\ny = x^2\n$$\n\n`$$ z $$`\n');
});

test('code within code comes out as it went in', () => {
  const text = '````md\n```ts\na\n```\n````\n``a ` b`` c\n';
  expect(outsideOfCode(text, (prose: string) => prose.toUpperCase())).toBe(text.replace(/ c\n$/, ' C\n'));
});

test('a notebook’s cells, outputs and pictures stand in their order', () => {
  const { pages } = pagesWith();
  const code = (source: string, outputs: object[]) => ({ cell_type: 'code', source: [source], outputs });
  const stream = (text: string, name = 'stdout') => ({ output_type: 'stream', name, text: [text] });
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg">\n\n<clipPath id="c"/><g aria-label="line" clip-path="url(#c)"/></svg>';
  const notebook = {
    cells: [
      { cell_type: 'markdown', source: ['# Title\n', '\n', 'First $x$.'] },
      code('console.log(1);\nconsole.log(2);', [stream('\u001b[33m1\u001b[39m\n'), stream('2\n')]),
      code('draw();', [
        { output_type: 'display_data', data: { 'image/svg+xml': svg, 'text/plain': 'svg' } },
        { output_type: 'display_data', data: { 'image/png': Buffer.from('png').toString('base64') } },
        { output_type: 'execute_result', data: { 'text/plain': ['a ``` b'] } },
      ]),
      { cell_type: 'markdown', source: '<details>\n<summary>Solution</summary>\n\n$$ y $$\n\n</details>' },
    ],
  };
  const page = { source: 'notebooks/en/00.ipynb', slug: 'tutorial/00', locale: 'en', title: 'Title' };
  const made = notebookPage(notebook, pages, page, folder);
  const [, , body] = made.split('---\n');
  expect(body.replace(/\n{2,}/g, '\n\n').trim()).toBe(
    [
      'First $x$.',
      '```ts\nconsole.log(1);\nconsole.log(2);\n```',
      '```text title="Output"\n1\n2\n```',
      '```ts\ndraw();\n```',
      '<div class="picture"><svg role="img" aria-label="What the program above draws" xmlns="http://www.w3.org/2000/svg"> <clipPath id="tutorial-00-1-c"/><g clip-path="url(#tutorial-00-1-c)"/></svg></div>',
      '<p class="picture"><img src="/notebooks/00-2.png" alt="What the program above draws" loading="lazy"></p>',
      '````text title="Output"\na ``` b\n````',
      '<details>\n<summary>Solution</summary>\n\n$$\ny\n$$\n\n</details>',
    ].join('\n\n'),
  );
  expect(readFileSync(path.join(folder, 'notebooks', '00-2.png'), 'utf8')).toBe('png');
});
