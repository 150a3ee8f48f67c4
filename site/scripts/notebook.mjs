/** A notebook as a page: its cells in their order, the outputs that were saved with them, pictures as they are. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const joined = (field) => (Array.isArray(field) ? field.join('') : (field ?? ''));

export function notebookPage(notebook, pages, page, publicFolder) {
  let pictures = 0;
  const chinese = page.locale === 'zh-CN';
  const words = chinese
    ? { output: '输出', picture: '上面的程序画出的图' }
    : { output: 'Output', picture: 'What the program above draws' };
  const fenced = (text, language) => {
    const ticks = '`'.repeat(Math.max(3, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length + 1)));
    return `${ticks}${language}\n${text.replace(/\n$/, '')}\n${ticks}`;
  };
  const output = (one) => {
    if (one.output_type === 'stream') return fenced(plain(joined(one.text)), `text title="${words.output}"`);
    if (one.output_type === 'error')
      return fenced(
        plain(joined(one.traceback?.join('\n')) || `${one.ename}: ${one.evalue}`),
        `text title="${words.output}"`,
      );
    const data = one.data ?? {};
    if (data['image/svg+xml'])
      return svg(
        joined(data['image/svg+xml']),
        `${page.slug.replace(/\W+/g, '-')}-${++pictures}`,
        words.picture,
      );
    for (const [type, extension] of [
      ['image/png', 'png'],
      ['image/jpeg', 'jpg'],
    ]) {
      if (!data[type]) continue;
      const file = `notebooks/${chinese ? 'zh-CN/' : ''}${page.slug.split('/').pop()}-${++pictures}.${extension}`;
      const target = path.join(publicFolder, file);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, Buffer.from(joined(data[type]), 'base64'));
      return `<p class="picture"><img src="${pages.urlOf('', 'en')}${file}" alt="${words.picture}" loading="lazy"></p>`;
    }
    if (data['text/html']) return `<div class="html-output">${oneLine(joined(data['text/html']))}</div>`;
    if (data['text/markdown']) return pages.formulas(joined(data['text/markdown']));
    if (data['text/latex']) return pages.formulas(joined(data['text/latex']));
    return data['text/plain']
      ? fenced(plain(joined(data['text/plain'])), `text title="${words.output}"`)
      : '';
  };
  let isTitled = false;
  const body = notebook.cells.map((cell) => {
    const source = joined(cell.source);
    if (cell.cell_type === 'markdown') {
      const text = isTitled ? source : source.replace(/^# .+$/m, '');
      isTitled ||= text !== source;
      return pages.formulas(pages.links(text, page));
    }
    if (cell.cell_type !== 'code' || source.trim() === '') return '';
    return [fenced(source, 'ts'), ...together(cell.outputs ?? []).map(output)].filter(Boolean).join('\n\n');
  });
  return pages.frontMatter(page) + body.join('\n\n') + '\n';
}

/** The outputs, with what a cell printed bit by bit as one. */
function together(outputs) {
  const all = [];
  for (const one of outputs) {
    const last = all.at(-1);
    if (one.output_type === 'stream' && last?.output_type === 'stream' && last.name === one.name)
      last.text = joined(last.text) + joined(one.text);
    else all.push({ ...one });
  }
  return all;
}

/** Without a terminal's colours. */
const plain = (text) => text.replace(/\u001b\[[\d;]*m/g, '');

/** HTML in Markdown ends at an empty line. */
const oneLine = (html) => html.replace(/\s*\n\s*/g, ' ');

/**
 * A picture within the page, so that it has the page's colours; its ids are its own. For a screen reader it is one image, with its title, or
 * else with `words`; the names of its parts, which have no role, go.
 */
function svg(text, prefix, words) {
  const whole = oneLine(text.replace(/<\?xml.*?\?>|<!DOCTYPE.*?>/gs, ''))
    .replace(/\bid="([^"]+)"/g, `id="${prefix}-$1"`)
    .replace(/url\(#([^)]+)\)/g, `url(#${prefix}-$1)`)
    .replace(/href="#([^"]+)"/g, `href="#${prefix}-$1"`)
    .replace(/<(?!svg)[a-z]+\b[^>]*>/g, (tag) => tag.replace(/ aria-(?:label|description)="[^"]*"/g, ''))
    .replace(/<svg\b[^>]*>/, (tag) =>
      / role="/.test(tag) ? tag : tag.replace('<svg', `<svg role="img" aria-label="${words}"`),
    );
  return `<div class="picture">${whole.trim()}</div>`;
}
