/** The pages of the site, and what Markdown that is written for GitHub becomes in them. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const FENCE = /^( *)(`{3,}|~{3,}).*?^\1\2[`~]*$/gms;

export class Pages {
  all = [];
  /** What is wrong with the sources, in sentences. */
  flaws = [];
  #root;
  #base;
  #repository;

  constructor({ root, base, manifest }) {
    this.#root = root;
    this.#base = base.replace(/\/$/, '');
    this.#repository = manifest.repository.url.replace(/^git\+/, '').replace(/\.git$/, '');
  }

  /** page: source (from the root of the repository), slug, locale. */
  add(page) {
    page = { ...page, slug: page.slug.replace(/(^|\/)README$/, '$1index').toLowerCase() };
    if (this.has(page.slug, page.locale)) {
      this.flaws.push(
        `${page.source} would be the page ${page.slug} in ${page.locale}, and so is another file.`,
      );
      return;
    }
    this.all.push({ ...page, title: page.title ?? this.#titleOf(page) });
  }

  has(slug, locale) {
    return this.all.some((page) => page.slug === slug.toLowerCase() && page.locale === locale);
  }

  #titleOf({ source, isOwn }) {
    const text = readFileSync(path.join(this.#root, source), 'utf8');
    if (isOwn) return /^title: (.*)$/m.exec(text)?.[1];
    const markdown = source.endsWith('.ipynb')
      ? JSON.parse(text)
          .cells.filter(({ cell_type }) => cell_type === 'markdown')
          .map((cell) => [cell.source].flat().join(''))
          .join('\n\n')
      : text;
    const title = /^# (.+)$/m.exec(markdown.replace(FENCE, ''))?.[1];
    if (title === undefined) this.flaws.push(`${source} has no heading "# …", which would be its title.`);
    return title?.replaceAll(/\\([_<>*])/g, '$1').replaceAll('`', '');
  }

  /** A page of the site out of Markdown: its title as front matter, links and formulas in the site's manner. */
  markdown(text, page) {
    if (page.isOwn) return this.links(text, page);
    // What stands beside a block's language is for tests; a file's name is its title.
    const blocks = text.replace(/^(`{3,}\w+) (?:file=(\S+))?.*$/gm, (_, start, file) =>
      file === undefined ? start : `${start} title="${file}"`,
    );
    return this.frontMatter(page) + this.formulas(this.links(blocks.replace(/^# .+$/m, ''), page));
  }

  frontMatter({ title, source, isReference }, more = {}) {
    const fields = {
      title,
      // Paths of generated pages lead nowhere.
      editUrl:
        isReference || !source || this.#isPlaceholder ? false : `${this.#repository}/edit/main/${source}`,
      ...more,
    };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
    return `---\n${lines.join('\n')}\n---\n\n`;
  }

  get #isPlaceholder() {
    return this.#repository.includes('/OWNER/');
  }

  /** A formula in dollars on lines of its own is a block for GitHub; remark-math wants its dollars on lines of their own. */
  formulas(text) {
    return outsideOfCode(text, (prose) =>
      prose.replace(/^( *)\$\$\s*([^$]+?)\s*\$\$\s*$/gm, (_, indent, formula) => {
        const lines = ['$$', ...formula.split('\n').map((line) => line.trim()), '$$'];
        return `\n${lines.map((line) => indent + line).join('\n')}\n`;
      }),
    );
  }

  /** Links to files that are pages lead to the pages; links to other files lead to the repository. */
  links(text, page) {
    return outsideOfCode(text, (prose) =>
      prose
        .replace(
          /(!?\[(?:[^\]\\]|\\.)*\]\()([^)\s]+)((?:\s+"[^"]*")?\))/g,
          (_, before, link, after) => before + this.resolve(link, page) + after,
        )
        .replace(
          /((?:href|src)=")([^"]+)(")/g,
          (_, before, link, after) => before + this.resolve(link, page) + after,
        )
        // Front matter and props of the site's own pages.
        .replace(/^(\s+link: )(\S+)$/gm, (_, before, link) => before + this.resolve(link, page)),
    );
  }

  resolve(link, page) {
    if (/^([a-z]+:|#)/.test(link)) return link;
    const [target, anchor] = link.split('#');
    const hash = anchor === undefined ? '' : `#${anchor}`;
    // The site's own pages name pages of the site from its root.
    if (target.startsWith('/en/')) return `${this.#base}${target.slice(3)}${hash}`;
    if (target.startsWith('/'))
      return `${this.#base}${page.locale === 'zh-CN' ? '/zh-cn' : ''}${target}${hash}`;
    const file = path.posix.normalize(path.posix.join(path.posix.dirname(page.source), target));
    if (file.startsWith('docs/images/')) return `${this.#base}/images/${file.slice('docs/images/'.length)}`;
    if (/^README(\.zh-CN)?\.md$/.test(file)) return `${this.urlOf('', page.locale)}${hash}`;
    const found =
      this.all.find(({ source, locale }) => source === file && locale === page.locale) ??
      this.all.find(({ source }) => source === file);
    if (found) {
      // Who reads Chinese stays there where a page is in English alone; a link from one language to the other leads there.
      const isChinese = page.locale === 'zh-CN' && !(found.locale === 'en' && this.has(found.slug, 'zh-CN'));
      return `${this.urlOf(found.slug, isChinese ? 'zh-CN' : found.locale)}${hash}`;
    }
    if (page.isReference) {
      this.flaws.push(`${page.source} links to ${link}, which is no page.`);
      return link;
    }
    if (!existsSync(path.join(this.#root, file)))
      this.flaws.push(`${page.source} links to ${link}, which is not there.`);
    return `${this.#repository}/blob/main/${file}${hash}`;
  }

  urlOf(slug, locale) {
    const address = slug.replace(/(^|\/)index$/, '');
    return `${this.#base}${locale === 'zh-CN' ? '/zh-cn' : ''}/${address}${address === '' ? '' : '/'}`;
  }
}

/** Changes the prose of Markdown and leaves its code as it is. */
export function outsideOfCode(text, change) {
  const code = [];
  const keep = (match) => `\u0000${code.push(match) - 1}\u0000`;
  const bare = text.replace(FENCE, keep).replace(/(`+)(?!`)(?:[^`]|(?!\1)`)*?[^`]?\1(?!`)/g, keep);
  return change(bare).replace(/\u0000(\d+)\u0000/g, (_, index) => restore(code[index]));
  function restore(piece) {
    return piece.replace(/\u0000(\d+)\u0000/g, (_, index) => restore(code[index]));
  }
}
