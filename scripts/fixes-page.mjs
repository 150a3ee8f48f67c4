/**
 * `npm run fixes-page`: the table in docs/fixes.md, from the list FIXES of the built package. With `-- --check` it fails where the page would
 * change.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildIfNeeded } from './build.mjs';

const page = fileURLToPath(new URL('../docs/fixes.md', import.meta.url));
const [begin, end] = ['<!-- The table is made by `npm run fixes-page`. -->', '<!-- The table ends here. -->'];

buildIfNeeded();
const { FIXES } = await import('../dist/fixes/public.js');

const tried = JSON.parse(readFileSync(new URL('fixes-since/versions.json', import.meta.url), 'utf8'));

/**
 * Since when a fault is there: the month that the source's history tells, or else what `npm run fixes-since` has found with older versions. A fault that
 * came and went is told from its last coming on.
 */
function sinceOf({ id, since }) {
  const found = tried.fixes[id];
  if (since !== undefined || found === undefined) return since ?? '';
  const { versions } = tried;
  const first = versions.findLastIndex((version) => found[version] !== 'wrong') + 1;
  if (first === 0) return `≤ ${versions[0]}`;
  return found[versions[first - 1]] === 'absent'
    ? `≤ ${versions[first]}, with the op`
    : `${versions[first - 1]} … ${versions[first]}`;
}

const thread = (address) => {
  const [, number] = /\/(\d+)$/.exec(address) ?? [];
  return `[tfjs#${number}](${address})`;
};
const cell = (text) => text.replaceAll('|', '\\|');
const chapters = Map.groupBy
  ? Map.groupBy(FIXES, ({ family }) => family)
  : FIXES.reduce((all, fix) => all.set(fix.family, [...(all.get(fix.family) ?? []), fix]), new Map());
const tables = [...chapters].map(([family, fixes]) =>
  [
    `### ${family[0].toUpperCase()}${family.slice(1)}`,
    '',
    '| fix | ops | what is wrong without it | since | upstream |',
    '| --- | --- | --- | --- | --- |',
    ...fixes.map(
      ({ id, ops, wrong, since, upstream }) =>
        `| \`${id}\` | ${ops.map((op) => `\`${op}\``).join(', ')} | ${cell(wrong)} | ${sinceOf({ id, since })} | ${upstream ? thread(upstream) : ''} |`,
    ),
    '',
  ].join('\n'),
);
const before = readFileSync(page, 'utf8');
const [head, rest] = before.split(begin);
const [, tail] = rest?.split(end) ?? [];
if (tail === undefined) throw new Error(`docs/fixes.md must have the lines ${begin} and ${end}.`);
const text = `${head}${begin}\n\n<!-- prettier-ignore-start -->\n\n${tables.join('\n')}\n<!-- prettier-ignore-end -->\n\n${end}${tail}`;
if (!process.argv.includes('--check')) {
  writeFileSync(page, text);
  console.log(`${FIXES.length} fixes written to ${page}`);
} else if (text !== before) {
  console.error('fixes-page: docs/fixes.md is not what FIXES gives. Run npm run fixes-page.');
  process.exitCode = 1;
}
