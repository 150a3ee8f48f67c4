// The site of gradparity's documentation. `npm run docs` in the folder above prepares what it reads, and builds it.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { unified } from '@astrojs/markdown-remark';
import starlight from '@astrojs/starlight';
import { defineConfig } from 'astro/config';
import rehypeKatex from 'rehype-katex';
import remarkMath from 'remark-math';
import starlightLinksValidator from 'starlight-links-validator';

const base = `/${(process.env.GRADPARITY_SITE_BASE ?? '').replace(/^\/|\/$/g, '')}/`.replace('//', '/');
const site = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(site);
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const { sidebar } = JSON.parse(readFileSync(path.join(site, 'src', 'prepared.json'), 'utf8'));

/** The fixes that the playground can turn on: all of them where the package has them, else the tape's order. */
const fixes = () => {
  const entry = (name) => manifest.exports[name]?.import?.default ?? manifest.exports[name]?.default;
  const from = (name) => JSON.stringify(path.join(root, entry(name)));
  if (entry('./fixes'))
    return `import { applyFixes, removeFixes } from ${from('./fixes')}; export const all = true; export const apply = () => { applyFixes(); }; export const remove = () => { removeFixes(); };`;
  return `import { applyTapeOrder, removeTapeOrder } from ${from('./fixes/tape')}; export const all = false; export const apply = () => { applyTapeOrder(); }; export const remove = () => { removeTapeOrder(); };`;
};
const fixesModule = () => ({
  name: 'gradparity-fixes',
  resolveId: (id) => (id === 'virtual:fixes' ? '\0virtual:fixes' : undefined),
  load: (id) => (id === '\0virtual:fixes' ? fixes() : undefined),
});

/** What may be wider than a telephone is scrolled by itself, by the keyboard too. */
const scrollable = () =>
  function visit(node) {
    const { tagName, properties } = node;
    if (tagName === 'table' || [properties?.className].flat().includes('katex-display'))
      properties.tabIndex = 0;
    // A head that says nothing is no head.
    if (tagName === 'th' && !node.children.some(({ type, value }) => type !== 'text' || value.trim()))
      node.tagName = 'td';
    for (const child of node.children ?? []) visit(child);
  };

export default defineConfig({
  base,
  outDir: process.env.GRADPARITY_SITE_OUT ?? './dist',
  markdown: {
    // Outputs of programs and formulas are to stay as they are written.
    processor: unified({
      smartypants: false,
      remarkPlugins: [remarkMath],
      rehypePlugins: [[rehypeKatex, { strict: 'error', throwOnError: true }], scrollable],
    }),
  },
  integrations: [
    starlight({
      title: 'gradparity',
      description: manifest.description,
      defaultLocale: 'root',
      locales: {
        root: { label: 'English', lang: 'en' },
        'zh-cn': { label: '简体中文', lang: 'zh-CN' },
      },
      sidebar,
      customCss: ['katex/dist/katex.min.css', './src/styles/site.css'],
      head: [{ tag: 'script', attrs: { src: `${base}reading.js`, defer: true } }],
      credits: false,
      lastUpdated: false,
      plugins: [starlightLinksValidator({ errorOnFallbackPages: false })],
      ...(manifest.homepage.includes('/OWNER/')
        ? {}
        : { social: [{ icon: 'github', label: 'GitHub', href: manifest.homepage.replace(/#.*$/, '') }] }),
    }),
  ],
  vite: {
    plugins: [fixesModule()],
    worker: { format: 'es', plugins: () => [fixesModule()] },
    server: { fs: { allow: [root] } },
    build: { chunkSizeWarningLimit: 4000 },
    resolve: {
      alias: existsSync(path.join(root, 'dist')) ? { gradparity: path.join(root, 'dist', 'index.js') } : {},
    },
  },
});
