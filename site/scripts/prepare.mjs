/**
 * Writes what Astro reads: every page of docs/, the notebooks and the reference as pages of the site, and the table of contents.
 * Nothing here is to be edited: the sources are in docs/, notebooks/, site/pages/ and in the docstrings of src/.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { notebookPage } from './notebook.mjs';
import { reference } from './reference.mjs';
import { gradientsPage } from './gradients.mjs';
import { Pages } from './pages.mjs';

const site = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const root = path.dirname(site);
const content = path.join(site, 'src', 'content', 'docs');
const inRoot = (...parts) => path.join(root, ...parts);
const read = (file) => readFileSync(inRoot(file), 'utf8');
const manifest = JSON.parse(read('package.json'));

/** The order in which the guides and explanations are listed; what is not named here comes after them. */
const order = {
  guides: [
    'custom-op',
    'layer',
    'model',
    'jest',
    'vitest',
    'ci',
    'browser',
    'check-others-ops',
    'variables',
    'kinks',
    'modes-and-tolerances',
    'fixes',
    'own-data',
    'use-your-model',
    'native-backend',
    'sweep-your-build',
    'scale-out',
    'gallery',
    'field-study',
  ],
  explanation: [
    'how-gradcheck-decides',
    'numerical-accuracy',
    'structured-differences',
    'float64',
    'second-order',
    'mistakes',
  ],
  tfjs: ['gradients', 'sweep'],
  project: ['performance', 'reliability', 'contributing', 'changelog', 'dependencies'],
};

/** Where a document of docs/ goes that is in none of its folders. */
const places = {
  'how-gradcheck-decides': 'explanation',
  performance: 'project',
  reliability: 'project',
  dependencies: 'project',
  sweep: 'tfjs',
};

async function main() {
  rmSync(content, { recursive: true, force: true });
  for (const folder of ['images', 'notebooks'])
    rmSync(path.join(site, 'public', folder), { recursive: true, force: true });
  const pages = new Pages({ root, base: process.env.GRADPARITY_SITE_BASE ?? '/', manifest });
  addDocuments(pages);
  addNotebooks(pages);
  addTutorial(pages);
  for (const locale of ['en', 'zh-CN'])
    pages.add({ source: 'docs/tfjs-gradients.md', slug: 'tfjs/gradients', locale });
  const names = await reference(root, path.join(site, '.reference'));
  for (const { file, slug } of names) pages.add({ source: file, slug, locale: 'en', isReference: true });
  if (existsSync(inRoot('docs', 'images')))
    cpSync(inRoot('docs', 'images'), path.join(site, 'public', 'images'), { recursive: true });

  for (const page of pages.all) {
    const text = page.made ? '' : read(page.source);
    const made = page.made
      ? pages.frontMatter(page) + page.made
      : page.source === 'docs/tfjs-gradients.md'
        ? gradientsPage(text, pages, page)
        : page.source.endsWith('.ipynb')
          ? notebookPage(JSON.parse(text), pages, page, path.join(site, 'public'))
          : pages.markdown(text, page);
    write(
      path.join(
        content,
        page.locale === 'zh-CN' ? 'zh-cn' : '',
        `${page.slug}${page.isMdx ? '.mdx' : '.md'}`,
      ),
      made,
    );
  }
  if (pages.flaws.length > 0) {
    console.error(pages.flaws.map((flaw) => `docs: ${flaw}`).join('\n'));
    process.exit(1);
  }
  write(path.join(site, 'src', 'prepared.json'), `${JSON.stringify({ sidebar: sidebarOf(pages) })}\n`);
  console.error(`docs: ${pages.all.length} pages prepared.`);
}

function addDocuments(pages) {
  for (const file of readdirSync(inRoot('docs'), { recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .sort()) {
    if (!file.endsWith('.md') || file.startsWith('api/') || file === 'tfjs-gradients.md') continue;
    const isChinese = file.startsWith('zh-CN/') || file.endsWith('.zh-CN.md');
    const name = file.replace(/^zh-CN\//, '').replace(/(\.zh-CN)?\.md$/, '');
    const slug = name.includes('/')
      ? name.replace(/^decisions\//, 'project/decisions/')
      : `${places[name] ?? 'guides'}/${name}`;
    pages.add({ source: `docs/${file}`, slug, locale: isChinese ? 'zh-CN' : 'en' });
  }
  pages.add({ source: 'CONTRIBUTING.md', slug: 'project/contributing', locale: 'en' });
  pages.add({ source: 'CHANGELOG.md', slug: 'project/changelog', locale: 'en' });
  for (const locale of ['en', 'zh-CN'])
    for (const file of readdirSync(path.join(site, 'pages', locale)))
      pages.add({
        source: `site/pages/${locale}/${file}`,
        slug: file.replace(/\.mdx?$/, ''),
        locale,
        isMdx: file.endsWith('.mdx'),
        isOwn: true,
      });
}

/** Both languages' folders, or, while there is only one, that. */
function addNotebooks(pages) {
  for (const [folder, locale] of [
    ['notebooks/en', 'en'],
    ['notebooks/zh-CN', 'zh-CN'],
    ['notebooks', 'en'],
  ]) {
    if (!existsSync(inRoot(folder))) continue;
    for (const file of readdirSync(inRoot(folder)).sort()) {
      const slug = `tutorial/${file.replace(/\.ipynb$/, '')}`;
      if (file.endsWith('.ipynb') && !pages.has(slug, locale))
        pages.add({ source: `${folder}/${file}`, slug, locale });
    }
  }
}

/** The page that lists the notebooks. */
function addTutorial(pages) {
  for (const [locale, title, intro] of [
    [
      'en',
      'Tutorial',
      'The notebooks are in the folder `notebooks` of the repository; `npm run notebooks` executes them. Here they stand with what they print and draw.',
    ],
    [
      'zh-CN',
      '教程',
      '这些笔记本在仓库的 `notebooks` 文件夹中，用 `npm run notebooks` 运行。这里是运行后的样子，包括打印的结果和画出的图。',
    ],
  ]) {
    const own = pages.all.filter((page) => page.source.endsWith('.ipynb'));
    const slugs = [...new Set(own.map(({ slug }) => slug))];
    const list = slugs.map((slug) => {
      const page =
        own.find((one) => one.slug === slug && one.locale === locale) ?? own.find((one) => one.slug === slug);
      return `1. [${page.title}](${pages.urlOf(slug, locale)})`;
    });
    pages.add({
      source: '',
      slug: 'tutorial/index',
      locale,
      title,
      made: `${intro}\n\n${list.join('\n')}\n`,
    });
  }
}

/** The table of contents, from the pages that there are: each group in the order above, then by name. */
function sidebarOf(pages) {
  const slugs = [...new Set(pages.all.filter(({ isReference }) => !isReference).map(({ slug }) => slug))];
  const group = (prefix, label, chinese, more = {}) => {
    const known = (order[prefix] ?? []).map((name) => `${prefix}/${name}`);
    const place = (slug) => (known.includes(slug) ? known.indexOf(slug) : known.length);
    const items = slugs
      .filter((slug) => slug.startsWith(`${prefix}/`) && slug !== 'tutorial/index')
      .sort((a, b) => place(a) - place(b) || a.localeCompare(b));
    return items.length === 0
      ? []
      : [
          {
            label,
            translations: { 'zh-CN': chinese },
            items: items.map((slug) => ({ slug: slug.replace(/\/index$/, '') })),
            ...more,
          },
        ];
  };
  return [
    { slug: 'playground', label: 'Playground', translations: { 'zh-CN': '在线检验' } },
    ...group('guides', 'Guides', '指南'),
    ...group('tutorial', 'Tutorial', '教程'),
    ...group('explanation', 'Explanation', '原理'),
    ...group('tfjs', 'TensorFlow.js’ gradients', 'TensorFlow.js 的梯度'),
    {
      label: 'Reference',
      translations: { 'zh-CN': 'API 参考' },
      collapsed: true,
      items: pages.all
        .filter(({ isReference }) => isReference)
        .map(({ slug, title }) => ({ slug, label: title })),
    },
    ...group('project', 'Project', '项目', { collapsed: true }),
  ];
}

function write(file, text) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

try {
  await main();
} catch (error) {
  console.error(`docs: ${error.message}`);
  process.exitCode = 1;
}
