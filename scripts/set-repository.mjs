/**
 * `npm run set-repository -- https://github.com/owner/gradparity`: writes the address of the repository, of its issues and of its README into
 * the manifests of all packages here, into the READMEs and into the notebooks' contents. Whoever publishes does it once.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const PACKAGES = {
  'package.json': undefined,
  'packages/tfjs-node-setup/package.json': 'packages/tfjs-node-setup',
};

/** Texts that name the repository's address as the manifest does. */
const TEXTS = [
  'README.md',
  'README.zh-CN.md',
  'notebooks/en/00-index.ipynb',
  'notebooks/zh-CN/00-index.ipynb',
];

const [address, ...more] = process.argv.slice(2);
const base = address?.replace(/(\.git|\/)$/, '');
if (more.length > 0 || !/^https:\/\/[\w.-]+\/[\w.-]+\/[\w.-]+$/.test(base ?? '')) {
  console.error(
    `set-repository: wanted one address such as https://github.com/owner/gradparity, got ${process.argv.slice(2).join(' ') || 'nothing'}.`,
  );
  process.exit(2);
}
const placeOf = (file) => fileURLToPath(new URL(`../${file}`, import.meta.url));
const { homepage } = JSON.parse(readFileSync(placeOf('package.json'), 'utf8'));
const before = homepage.replace(/#readme$/, '');
for (const file of TEXTS) {
  writeFileSync(placeOf(file), readFileSync(placeOf(file), 'utf8').replaceAll(before, base));
  console.log(`${file}: ${base}`);
}
for (const [file, directory] of Object.entries(PACKAGES)) {
  const path = placeOf(file);
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  manifest.repository = { type: 'git', url: `git+${base}.git`, ...(directory && { directory }) };
  manifest.homepage = directory ? `${base}/tree/main/${directory}#readme` : `${base}#readme`;
  manifest.bugs = { url: `${base}/issues` };
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
  console.log(`${file}: ${base}`);
}
