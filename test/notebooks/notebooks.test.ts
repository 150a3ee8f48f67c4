/** The notebooks as files: two languages with one code, outputs that are there, exercises, links, formulas. What they print is checked by `npm run notebooks`. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import katex from 'katex';
import { format } from 'prettier';
import { labelOf, type Labels } from '../../src/plots/labels.js';
import { nodeDocument } from '../../src/plots/node-document.js';
import {
  codeCells,
  folder,
  languages,
  notebookFile,
  notebookNames,
  notebookOf,
  notebookText,
  pictures,
  printed,
  readNotebook,
  textOf,
  type CodeCell,
  type Notebook,
} from '../../scripts/notebooks/format.mjs';

const names = notebookNames();
const all = languages.flatMap((language) => names.map((name) => [language, name] as const));
const read = (language: string, name: string): Notebook => readNotebook(notebookFile(language, name));
/** Texts in pictures that are the same in every language: functions, gates, formats. */
const NAMES = [
  ...['AND', 'NAND', 'XOR', 'sgn', 'sin', 'tanh', 'relu', 'sigmoid', 'step', 'grad', 'float'],
  ...['logit', 'Huber', 'crossEntropy', 'softmax', 'softmaxCrossEntropy'],
];
const prose = (notebook: Notebook) =>
  notebook.cells.filter((cell) => cell.cell_type === 'markdown').map((cell) => textOf(cell.source));

describe('every language', () => {
  test.each(languages)('%s has the same notebooks', (language) => {
    expect(notebookNames(language)).toEqual(names);
    expect(names.length).toBeGreaterThan(0);
  });

  test.each(names)('%s: cells of the same kinds, headings of the same levels, as many formulas', (name) => {
    const [first, ...others] = languages.map((language) => outline(read(language, name)));
    for (const other of others) expect(other).toEqual(first);
  });

  test.each(names)(
    '%s: identical code, tags and outputs; pictures with the labels of their folder',
    (name) => {
      const [first, ...others] = languages.map((language) => codeCells(read(language, name)).map(content));
      for (const [k, language] of languages.slice(1).entries()) {
        const document = nodeDocument({ labels: labelsOf(language) });
        const labelled = first.map((cell) => ({
          ...cell,
          pictures: cell.pictures.map(({ texts, ...more }) => ({
            ...more,
            texts: texts.map((text) => labelOf(document, text)),
          })),
        }));
        expect(others[k]).toEqual(labelled);
      }
    },
  );

  test.each(languages)('%s has no label without a picture that has its text', (language) => {
    const shown = names.flatMap((name) => codeCells(read(languages[0], name)).flatMap(content));
    const texts = shown.flatMap(({ pictures }) => pictures.flatMap((picture) => picture.texts));
    const labels = labelsOf(language);
    const unused = Object.entries(labels).filter(([text, label]) => {
      const document = nodeDocument({ labels: { [text]: label } });
      return texts.every((one) => labelOf(document, one) === one);
    });
    expect(unused).toEqual([]);
  });

  test.each(languages.slice(1))('words that %s has in pictures without a label are names', (language) => {
    const found = names.flatMap((name) => codeCells(read(language, name)).flatMap(content));
    const texts = found.flatMap(({ pictures }) => pictures.flatMap((picture) => picture.texts));
    const words = texts.flatMap((text) =>
      /\p{Script=Han}/u.test(text) ? [] : (text.match(/\p{L}{3,}/gu) ?? []),
    );
    expect([...new Set(words)].filter((word) => !NAMES.includes(word))).toEqual([]);
  });
});

describe.each(all)('%s/%s', (language, name) => {
  const notebook = read(language, name);

  test('is of the kernel and the form that Jupyter writes', () => {
    expect(notebook.metadata.kernelspec.name).toBe('deno');
    expect([notebook.nbformat, notebook.nbformat_minor]).toEqual([4, 5]);
    expect(new Set(notebook.cells.map(({ id }) => id)).size).toBe(notebook.cells.length);
    expect(notebookText(notebook)).toBe(readFileSync(notebookFile(language, name), 'utf8'));
  });

  test('was executed from top to bottom, and shows what it prints', () => {
    const cells = codeCells(notebook);
    expect(cells.map((cell) => cell.execution_count)).toEqual(cells.map((_, k) => k + 1));
    expect(cells.filter(lacksOutput).map((cell) => textOf(cell.source))).toEqual([]);
    expect(cells.flatMap((cell) => cell.outputs).filter(isFailure)).toEqual([]);
    // The value of a last expression, that of a dispose() for example, is nothing that a reader asked for.
    expect(
      cells.flatMap((cell) => cell.outputs).filter((output) => output.output_type === 'execute_result'),
    ).toEqual([]);
  });

  test('has three exercises, each with a hidden solution', () => {
    const text = prose(notebook).join('\n');
    const section = text.split(/^## (?:Exercises|练习)$/m);
    expect(section).toHaveLength(2);
    const exercises = section[1].split(/^\*\*\d\.\*\*/m).slice(1);
    expect(exercises).toHaveLength(3);
    for (const exercise of exercises) {
      const solution = /\n\n<details><summary>(?:Solution|答案)<\/summary>\n\n([^]+?)\n\n<\/details>/.exec(
        exercise,
      );
      expect(solution?.[1].length ?? 0).toBeGreaterThan(20);
    }
  });

  test('begins with its number, both languages and the books, and asks for nothing from the network', () => {
    const [first] = prose(notebook);
    expect(first).toMatch(new RegExp(`^# ${name.slice(0, 2)} `));
    for (const other of languages.filter((each) => each !== language))
      expect(first).toContain(`../${other}/${name}.ipynb`);
    expect(first).toMatch(/Saito|斋藤/);
    expect(first).toContain('Géron');
    expect(prose(notebook).join('\n')).not.toMatch(/!\[[^\]]*\]\(http|<img|<script|<link/);
  });

  test('links to files that exist', () => {
    const broken = links(notebook).filter((link) => !leadsSomewhere(link, path.join(folder, language)));
    expect(broken).toEqual([]);
  });

  test('has formulas that KaTeX sets without a warning', () => {
    for (const { tex, display } of formulas(notebook))
      expect(() => katex.renderToString(tex, { displayMode: display, strict: 'error' })).not.toThrow();
  });
});

test.each(names)('%s has its code as prettier lays it out', async (name) => {
  for (const cell of codeCells(read(languages[0], name))) {
    const source = textOf(cell.source);
    const laidOut = await format(source, { parser: 'typescript', printWidth: 96, singleQuote: true });
    expect(source).toBe(laidOut.trimEnd());
  }
});

test.each(languages)('the contents in %s list every notebook', (language) => {
  const contents = links(read(language, names[0]));
  expect(names[0]).toMatch(/^00-/);
  expect(names.slice(1).filter((name) => !contents.includes(`${name}.ipynb`))).toEqual([]);
});

/** What the tests above are for, made on purpose. */
describe('the checks reject', () => {
  const cell = (source: string, outputs: object[] = []) =>
    ({ cell_type: 'code', id: 'a', source, metadata: {}, outputs }) as unknown as CodeCell;
  const text = (source: string) =>
    ({ cells: [{ cell_type: 'markdown', id: 'a', source, metadata: {} }] }) as unknown as Notebook;

  test('a cell that prints or draws and has no output', () => {
    expect(lacksOutput(cell('console.log(1);'))).toBe(true);
    expect(lacksOutput(cell('x.print();'))).toBe(true);
    expect(lacksOutput(cell('await show(svg);', [{ output_type: 'stream', text: '1' }]))).toBe(true);
    expect(lacksOutput(cell('console.log(1);', [{ output_type: 'stream', text: '1\n' }]))).toBe(false);
    expect(lacksOutput(cell('const show = 1;'))).toBe(false);
  });

  test('a picture with another text, or another curve', () => {
    const drawn = (text: string, end: number) =>
      content(
        cell('', [
          {
            output_type: 'display_data',
            data: {
              'image/svg+xml': `<svg><text x="${end}">${text}</text><path d="M0,0${'L1,1'.repeat(40)}L${end},2"/></svg>`,
            },
          },
        ]),
      );
    expect(drawn('loss', 2).pictures[0].texts).toEqual(['loss']);
    expect(drawn('loss', 2)).not.toEqual(drawn('损失', 2));
    expect(drawn('loss', 2)).not.toEqual(drawn('loss', 3));
  });

  test('a link that leads nowhere', () => {
    const [none, some, web] = links(text('[a](99-none.ipynb) [b](../README.md#x) [c](https://example.org/)'));
    expect(leadsSomewhere(none, path.join(folder, 'en'))).toBe(false);
    expect(leadsSomewhere(some, path.join(folder, 'en'))).toBe(true);
    expect(leadsSomewhere(web, path.join(folder, 'en'))).toBe(true);
  });

  test('a formula with a command that there is none of, and none in code', () => {
    const found = formulas(
      text('a `$x$` and $\\nosuch$, and\n\n$$ a < b $$\n\n```ts\nconst a = `${b}${c}`;\n```'),
    );
    expect(found).toEqual([
      { tex: ' a < b ', display: true },
      { tex: '\\nosuch', display: false },
    ]);
    expect(() => katex.renderToString('\\nosuch', { strict: 'error' })).toThrow();
  });

  test('notebooks whose cells or headings differ', () => {
    expect(outline(text('# a'))).not.toEqual(outline(text('## a')));
    expect(outline(text('$a$'))).not.toEqual(outline(text('a')));
    expect(notebookOf('en', '99-none')).toBeUndefined();
  });
});

/** What the cells of all languages have in common: pictures by the texts in them and the paths that are drawn. */
function content({ source, metadata, outputs }: CodeCell) {
  const printed = outputs.filter(({ data }) => data === undefined);
  const svgs = outputs.flatMap(({ data }) => (data ? [textOf(data['image/svg+xml'])] : []));
  return {
    source: textOf(source),
    tags: metadata.tags ?? [],
    printed,
    pictures: svgs.map((svg) => ({
      texts: Array.from(svg.matchAll(/<text[^>]*>([^<]+)<\/text>/g), ([, text]) => text),
      // Lines of a legend begin where its words let them; curves, images and maps do not move.
      paths: (svg.match(/<(?:path|rect|circle)[^>]*>/g) ?? []).filter((path) => path.length > 150).sort(),
    })),
  };
}

const labelsOf = (language: string): Labels =>
  JSON.parse(readFileSync(path.join(folder, language, 'labels.json'), 'utf8')) as Labels;

/** Kind of each cell, with the levels of its headings and the number of its formulas, code blocks and solutions. */
function outline({ cells }: Notebook) {
  return cells.map((cell) => {
    if (cell.cell_type === 'code') return 'code';
    const source = textOf(cell.source);
    const one = { cells: [cell] } as unknown as Notebook;
    const headings = withoutCode(source).match(/^#+(?= )/gm) ?? [];
    const count = (pattern: RegExp) => source.match(pattern)?.length ?? 0;
    const displayed = formulas(one).filter(({ display }) => display).length;
    const inline = formulas(one).length > 0;
    return [...headings, displayed, inline, count(/^```/gm), count(/<details>/g), count(/^\|/gm)].join(' ');
  });
}

function lacksOutput(cell: CodeCell): boolean {
  const source = textOf(cell.source);
  const prints = /console\.log\(|\.print\(/.test(source) && printed(cell) === '';
  const draws = /^ *await show\(/m.test(source) && pictures(cell).length === 0;
  return prints || draws;
}

function isFailure(output: { output_type: string; name?: string }): boolean {
  return output.output_type === 'error' || output.name === 'stderr';
}

function withoutCode(source: string): string {
  return source.replace(/^```[^]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');
}

function links(notebook: Notebook): string[] {
  return prose(notebook).flatMap((source) =>
    [...withoutCode(source).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]),
  );
}

function leadsSomewhere(link: string, from: string): boolean {
  return /^https?:\/\//.test(link) || existsSync(path.join(from, decodeURI(link.replace(/#.*$/, ''))));
}

function formulas(notebook: Notebook): { tex: string; display: boolean }[] {
  return prose(notebook).flatMap((source) => {
    const text = withoutCode(source);
    const displayed = [...text.matchAll(/\$\$([^]+?)\$\$/g)].map(([, tex]) => ({ tex, display: true }));
    const rest = text.replace(/\$\$[^]+?\$\$/g, '');
    const inline = [...rest.matchAll(/\$([^$]+)\$/g)].map(([, tex]) => ({ tex, display: false }));
    return [...displayed, ...inline];
  });
}
