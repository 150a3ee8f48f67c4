/** What is in the package, how much it brings with it, and whether it could be published. */
import { readFileSync, statSync, existsSync } from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { result, requireEqual, requireMatch, root, run } from './project.mjs';

/** Limits, beside TensorFlow.js; megabytes of 2^20 bytes. */
const LIMITS = { tarball: 2.1, unpacked: 8, packages: 40, installed: 25, bundle: 0.15 };

const within = (what, value, limit, unit = '') => {
  const text = `${what}: ${Number.isInteger(value) ? value : value.toFixed(2)}${unit} of at most ${limit}${unit}`;
  console.log(`  ${text}`);
  if (value > limit) throw new Error(`${text} is too much.`);
};
const MB = 2 ** 20;

export async function manifest() {
  const { messages, pkg } = await publint({ pkgDir: root, strict: true });
  if (messages.length > 0) throw new Error(messages.map((message) => formatMessage(message, pkg)).join('\n'));
  const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const atInstall = ['preinstall', 'install', 'postinstall'].filter((name) => name in scripts);
  requireEqual('scripts that run where the package is installed', atInstall.join(), '');
  for (const name of ['.', 'packages/tfjs-node-setup']) {
    const { repository, homepage, bugs } = JSON.parse(
      readFileSync(path.join(root, name, 'package.json'), 'utf8'),
    );
    const base = /^git\+(https:.*)\.git$/.exec(repository?.url)?.[1];
    if (base === undefined || !homepage?.startsWith(base) || bugs?.url !== `${base}/issues`)
      throw new Error(
        `${name}: repository, homepage and bugs do not belong together: npm run set-repository.`,
      );
    if (/\/OWNER\//.test(base))
      console.log(`  ${name}: the repository is still ${base} (npm run set-repository)`);
  }
  run('npm', ['publish', '--dry-run', '--ignore-scripts', '--loglevel=error'], root);
}

export function contents(tarball) {
  const listed = run('tar', ['-tzf', tarball], root).split('\n').filter(Boolean);
  const stray = listed.filter(
    (name) =>
      !/^package\/(dist|models|witnesses)\/|^package\/docs\/tfjs-gradients\.known\.json$|^package\/[A-Z]+(\.[\w-]+)?(\.md)?$|^package\/package\.json$/.test(
        name,
      ),
  );
  if (stray.length > 0) throw new Error(`The package holds files it should not: ${stray.join(', ')}.`);
  within('tarball', statSync(tarball).size / MB, LIMITS.tarball, ' MB');
  return listed.length;
}

/** Packages that npm has installed beside TensorFlow.js' own and what these bring, and their size. */
export function installed(project) {
  const { packages } = JSON.parse(readFileSync(path.join(project, 'package-lock.json'), 'utf8'));
  const resolve = (from, name) => {
    for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('node_modules/') - 1))) {
      const place = `${at ? `${at}/` : ''}node_modules/${name}`;
      if (packages[place]) return place;
      if (!at) return undefined;
    }
  };
  const ofTensorFlow = new Set();
  const visit = (place) => {
    if (ofTensorFlow.has(place)) return;
    ofTensorFlow.add(place);
    const { dependencies, optionalDependencies, peerDependencies } = packages[place];
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
      const found = resolve(place, name);
      if (found) visit(found);
    }
  };
  Object.keys(packages)
    .filter((place) => place.startsWith('node_modules/@tensorflow/'))
    .forEach(visit);
  const rest = Object.keys(packages).filter(
    (place) => place && !ofTensorFlow.has(place) && existsSync(path.join(project, place)),
  );
  const size = (place) =>
    Number(run('du', ['-sk', '--exclude=node_modules', path.join(project, place)], project).split('\t')[0]) /
    1024;
  within('packages beside TensorFlow.js', rest.length, LIMITS.packages);
  within(
    'their size',
    rest.map(size).reduce((sum, one) => sum + one, 0),
    LIMITS.installed,
    ' MB',
  );
}

/** What `gradcheck` adds to a page, without TensorFlow.js, minified. */
export function bundle(project) {
  const { buildSync } = createRequire(import.meta.url)('esbuild');
  const { outputFiles } = buildSync({
    stdin: { contents: "export { gradcheck } from 'gradparity';", resolveDir: project },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    external: ['@tensorflow/*'],
  });
  within('gradcheck in a bundle', outputFiles[0].contents.length / MB, LIMITS.bundle, ' MB');
}

/** Where a peer or an optional package is missing: one sentence, exit code 3. */
export function missing(project, moveAway) {
  const bin = path.join(project, 'node_modules', 'gradparity', 'dist', 'cli', 'main.js');
  const refused = (args, sentence) => {
    const { status, stderr } = result(process.execPath, [bin, ...args], project);
    requireEqual(`gradparity ${args.join(' ')}: exit code`, status, 3);
    requireEqual(`gradparity ${args.join(' ')}: lines`, stderr.trim().split('\n').length, 1);
    requireMatch(`gradparity ${args.join(' ')}`, stderr, sentence);
  };
  refused(
    ['gates', '--plot', 'a.svg'],
    /^gradparity: gates --plot needs the packages @observablehq\/plot, linkedom, .*npm install @observablehq\/plot linkedom\n$/,
  );
  refused(
    ['plot', 'steps', '--output', 'a.png'],
    /^gradparity: plot --output needs the packages @observablehq\/plot/,
  );
  refused(
    ['sweep', '--queue', 'redis://localhost:1'],
    /sweep --queue needs the packages bullmq, ioredis, zod/,
  );
  refused(['worker', '--queue', 'redis://localhost:1'], /worker needs the packages bullmq/);
  refused(['predict', 'a.png'], /^gradparity: predict needs the packages fast-png, jpeg-js, /);
  moveAway('@tensorflow/tfjs', () =>
    refused(['check'], /^gradparity: gradparity needs the package @tensorflow\/tfjs/),
  );
}
