/** Installation by npm, pnpm and yarn, from the tarball and from git; then a program of either kind of module, and the command line. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { folder, npmInstall, registry, requireEqual, result, root, run, scratch } from './project.mjs';

const TFJS = '@tensorflow/tfjs@4.22.0';

const PROGRAM = `
const gradient = numericalGradient((x) => tf.sum(tf.square(x)), [1, 2, 3]);
gradcheck((x) => tf.tanh(x), [[0.5, -1]]).then(({ verdict }) =>
  console.log(verdict, Array.from(gradient.dataSync(), Math.round).join(' ')),
);
`;

const FILES = {
  'use.mjs': `import * as tf from '@tensorflow/tfjs';
import { gradcheck, numericalGradient } from 'gradparity';
import { selectBackend } from 'gradparity/node';
await selectBackend('cpu');
${PROGRAM}`,
  'use.cjs': `const tf = require('@tensorflow/tfjs');
const { gradcheck, numericalGradient } = require('gradparity');
${PROGRAM}`,
};

const project = (name, more = {}) =>
  folder(name, { 'package.json': { name, private: true }, ...FILES, ...more });

/** Whatever installed it: programs as ES module and as CommonJS, and the command line. */
function use(place) {
  for (const file of ['use.mjs', 'use.cjs']) {
    const printed = run(process.execPath, [file], place).trim().split('\n').at(-1);
    requireEqual(`${path.basename(place)}: ${file} prints`, printed, 'right 2 4 6');
  }
  const bin = path.join(place, 'node_modules', '.bin', 'gradparity');
  const { gates } = JSON.parse(run(bin, ['gates', '--json'], place));
  requireEqual(`${path.basename(place)}: gates`, gates.length, 4);
}

const npx = (tool, args, cwd, env) => run('npx', ['--yes', tool, ...args], cwd, env);

const YARN_1 = 'yarn@1.22.22';
const YARN_4 = '@yarnpkg/cli-dist@4.18.1';

/** Yarn's cache of its own: two of them at once damage each other's. */
const yarn1Options = () => [
  '--silent',
  '--network-concurrency',
  '1',
  '--registry',
  registry(),
  '--cache-folder',
  path.join(scratch, 'yarn1-cache'),
];

const yarn4Settings = (more = '') => ({
  '.yarnrc.yml': `nodeLinker: node-modules\nenableScripts: false\nenableTelemetry: false\nnpmRegistryServer: "${registry()}"\n${more}`,
  'yarn.lock': '',
});

/** From the tarball. Gives npm's project, in which others go on. */
export function tarballs(tarball) {
  const npm = project('npm');
  npmInstall(npm, tarball, TFJS);
  use(npm);

  const pnpm = project('pnpm');
  npx('pnpm@10.34.9', ['add', '--ignore-scripts', tarball, TFJS], pnpm);
  use(pnpm);

  const yarn1 = project('yarn1');
  npx(YARN_1, ['add', '--ignore-scripts', ...yarn1Options(), tarball, TFJS], yarn1);
  use(yarn1);

  const yarn4 = project('yarn4', yarn4Settings());
  npx(YARN_4, ['add', `gradparity@file:${tarball}`, `@tensorflow/tfjs@npm:4.22.0`], yarn4);
  use(yarn4);
  return npm;
}

/** From git: dist/ is not in it, and is made by `prepare`. */
export function fromGit() {
  if (result('git', ['-C', root, 'rev-parse', 'HEAD'], root).status !== 0) {
    console.log('  this is no clone: nothing to install from git');
    return;
  }
  const clone = path.join(scratch, 'clone.git');
  run('git', ['clone', '--quiet', '--bare', root, clone], scratch);
  const npm = project('git-npm');
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', `git+file://${clone}`, TFJS], npm);
  use(npm);
  // pnpm asks for leave before it builds what comes from git.
  const pnpm = project('git-pnpm', { 'pnpm-workspace.yaml': 'dangerouslyAllowAllBuilds: true\n' });
  npx('pnpm@10.34.9', ['add', `git+file://${clone}`, TFJS], pnpm);
  use(pnpm);

  const yarn1 = project('git-yarn1');
  npx(YARN_1, ['add', ...yarn1Options(), `git+file://${clone}`, TFJS], yarn1);
  use(yarn1);

  // Yarn 4 takes no path for a repository, and asks for leave; git takes the path for the address.
  const address = 'https://git.invalid/gradparity.git';
  const yarn4 = project('git-yarn4', yarn4Settings(`approvedGitRepositories: ["${address}"]\n`));
  npx(YARN_4, ['add', `gradparity@${address}`, `@tensorflow/tfjs@npm:4.22.0`], yarn4, {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: `url.file://${clone}.insteadOf`,
    GIT_CONFIG_VALUE_0: address,
  });
  use(yarn4);

  // Yarn 1 reads the manifest's files in its own way and takes all; the others take what is published.
  for (const place of [npm, pnpm, yarn4])
    if (existsSync(path.join(place, 'node_modules', 'gradparity', 'src')))
      throw new Error(`${path.basename(place)}: the installed package holds src/.`);
}
