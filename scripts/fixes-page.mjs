/**
 * `npm run fixes-page`: the tables in docs/fixes.md and its Chinese page, from the list FIXES of the built package. With `-- --check` it fails
 * where a page would change. Chinese sentences are in fixes-page.zh-CN.json; a sentence that it lacks stays English, and is named.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildIfNeeded } from './build.mjs';
import { optionsOf } from './options.mjs';

const { values: options } = optionsOf('fixes-page', { check: { type: 'boolean' } });

const [begin, end] = ['<!-- The table is made by `npm run fixes-page`. -->', '<!-- The table ends here. -->'];

buildIfNeeded();
const { FIXES } = await import('../dist/fixes/public.js');
const { writeFileWhole } = await import('../dist/files/write.js');

const chinese = JSON.parse(readFileSync(new URL('fixes-page.zh-CN.json', import.meta.url), 'utf8'));
const missing = new Set();
const translated = (table, text) => {
  if (!Object.hasOwn(table, text)) missing.add(text);
  return table[text] ?? text;
};
const pages = [
  {
    file: 'docs/fixes.md',
    head: ['fix', 'ops', 'what is wrong without it', 'since', 'upstream'],
    title: (family) => `${family[0].toUpperCase()}${family.slice(1)}`,
    sentence: (wrong) => wrong,
    between: ', ',
    withOp: (version) => `≤ ${version}, with the op`,
  },
  {
    file: 'docs/zh-CN/fixes.md',
    head: chinese.head,
    title: (family) => translated(chinese.families, family),
    sentence: (wrong) => translated(chinese.wrong, wrong),
    between: '、',
    withOp: (version) => `≤ ${version}，随该运算`,
  },
];

const tried = JSON.parse(readFileSync(new URL('fixes-since/versions.json', import.meta.url), 'utf8'));

/**
 * Since when a fault is there: the month that the source's history tells, or else what `npm run fixes-since` has found with older versions. A fault that
 * came and went is told from its last coming on.
 */
function sinceOf({ id, since }, withOp) {
  const found = tried.fixes[id];
  if (since !== undefined || found === undefined) return since ?? '';
  const { versions } = tried;
  const first = versions.findLastIndex((version) => found[version] !== 'wrong') + 1;
  if (first === 0) return `≤ ${versions[0]}`;
  return found[versions[first - 1]] === 'absent'
    ? withOp(versions[first])
    : `${versions[first - 1]} … ${versions[first]}`;
}

const thread = (address) => {
  const [, number] = /\/(\d+)$/.exec(address) ?? [];
  return `[tfjs#${number}](${address})`;
};
const row = (cells) => `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
const chapters = FIXES.reduce(
  (all, fix) => all.set(fix.family, [...(all.get(fix.family) ?? []), fix]),
  new Map(),
);

/** The page with its tables made anew. */
function renewed(before, { file, head, title, sentence, between, withOp }) {
  const tables = [...chapters].map(([family, fixes]) =>
    [
      `### ${title(family)}`,
      '',
      row(head),
      row(head.map(() => '---')),
      ...fixes.map(({ id, ops, wrong, since, upstream }) =>
        row([
          `\`${id}\``,
          ops.map((op) => `\`${op}\``).join(between),
          sentence(wrong),
          sinceOf({ id, since }, withOp),
          upstream ? thread(upstream) : '',
        ]),
      ),
      '',
    ].join('\n'),
  );
  const [above, rest] = before.split(begin);
  const [, below] = rest?.split(end) ?? [];
  if (below === undefined) throw new Error(`${file} must have the lines ${begin} and ${end}.`);
  return `${above}${begin}\n\n<!-- prettier-ignore-start -->\n\n${tables.join('\n')}\n<!-- prettier-ignore-end -->\n\n${end}${below}`;
}

for (const page of pages) {
  const path = fileURLToPath(new URL(`../${page.file}`, import.meta.url));
  const before = readFileSync(path, 'utf8');
  const text = renewed(before, page);
  if (!options.check) {
    await writeFileWhole(path, text);
    console.log(`${FIXES.length} fixes written to ${page.file}`);
  } else if (text !== before) {
    console.error(`fixes-page: ${page.file} is not what FIXES gives. Run npm run fixes-page.`);
    process.exitCode = 1;
  }
}
for (const text of missing)
  console.error(`fixes-page: scripts/fixes-page.zh-CN.json has no Chinese for: ${text}`);
