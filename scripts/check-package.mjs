/**
 * `npm run check:package`: what would be published works for those who install it, with each package manager, in each test runner and
 * under each way of resolving types. Packs the package and uses it in projects of its own.
 *
 *   --without git,native    leaves out the slow parts
 *   --only git              the installations from git alone
 */
import { renameSync } from 'node:fs';
import path from 'node:path';
import { fromGit, tarballs } from './check-package/managers.mjs';
import { tfjsNodeSetup } from './check-package/native.mjs';
import { pack, removeScratch, root } from './check-package/project.mjs';
import { runners } from './check-package/runners.mjs';
import { bundle, contents, installed, manifest, missing } from './check-package/shape.mjs';
import { areTheTypesWrong, resolutions } from './check-package/types.mjs';
import { optionsOf } from './options.mjs';

/** What can be left out. */
const SLOW = ['git', 'native'];
const { without, only } = readOptions();

function readOptions() {
  const fail = (message) => {
    console.error(`check:package: ${message}`);
    process.exit(2);
  };
  const { values } = optionsOf('check:package', {
    without: { type: 'string', default: '' },
    only: { type: 'string' },
  });
  const names = values.without.split(',').filter(Boolean);
  const stranger = names.find((name) => !SLOW.includes(name));
  if (stranger) fail(`--without takes ${SLOW.join(', ')}, got ${stranger}.`);
  if (values.only !== undefined && values.only !== 'git') fail(`--only takes git, got ${values.only}.`);
  if (values.only !== undefined && names.length > 0) fail('takes --only or --without, got both.');
  return { without: names, only: values.only };
}

async function step(name, work) {
  if (without.includes(name)) return undefined;
  console.error(`${name} …`);
  const begun = performance.now();
  const outcome = await work();
  console.log(`${name}: fine (${((performance.now() - begun) / 1000).toFixed(0)} s)`);
  return outcome;
}

function away(project, name, work) {
  const place = path.join(project, 'node_modules', name);
  renameSync(place, `${place}-away`);
  try {
    work();
  } finally {
    renameSync(`${place}-away`, place);
  }
}

async function all() {
  await step('manifest', manifest);
  const tarball = pack(root);
  await step('contents', () => contents(tarball));
  await step('are the types wrong', () => areTheTypesWrong(tarball));
  const project = await step('npm, pnpm, yarn', () => tarballs(tarball));
  await step('size', () => {
    installed(project);
    bundle(project);
  });
  await step('missing packages', () => missing(project, (name, work) => away(project, name, work)));
  await step('Jest, Vitest, Vite', () => runners(project));
  await step('types', () => resolutions(project));
  await step('git', fromGit);
  if (process.env.GRADPARITY_NATIVE !== 'off')
    await step('native', () => tfjsNodeSetup(pack(path.join(root, 'packages', 'tfjs-node-setup'))));
}

try {
  if (only === 'git') await step('git', fromGit);
  else await all();
  console.log('The package is sound.');
} catch (error) {
  console.error(`check:package: ${error.message}`);
  process.exitCode = 1;
} finally {
  removeScratch();
}
