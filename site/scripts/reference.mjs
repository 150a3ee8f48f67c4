/** The reference, from the docstrings: a page for each public name. What is undocumented, or names what is not exported, is an error. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { Application, Converter } from 'typedoc';

/** A source file as typedoc names modules, whichever of its ways it takes. */
const bare = (name) =>
  name
    .replace(/^src\/?/, '')
    .replace(/\.ts$/, '')
    .replace(/(^|\/)index$/, '');

/** Writes the pages as Markdown to `out`, and returns their files, from `root`, with their slugs. */
export async function reference(root, out) {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const { exports } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const entries = Object.entries(exports)
    .filter(([name]) => name !== './package.json')
    .map(([name, target]) => ({
      name: name.replace(/^\./, 'gradparity'),
      file: (target.import ?? target).types.replace(/^\.\/dist\//, 'src/').replace(/\.d\.ts$/, '.ts'),
    }));
  const app = await Application.bootstrapWithPlugins({
    entryPoints: entries.map(({ file }) => path.join(root, file)),
    tsconfig: path.join(root, 'tsconfig.build.json'),
    basePath: root,
    plugin: ['typedoc-plugin-markdown'],
    out,
    logLevel: 'Warn',
    name: 'gradparity',
    readme: 'none',
    disableSources: true,
    disableGit: true,
    excludePrivate: true,
    excludeInternal: true,
    excludeExternals: true,
    githubPages: false,
    treatWarningsAsErrors: true,
    treatValidationWarningsAsErrors: true,
    validation: {
      notExported: true,
      invalidLink: true,
      notDocumented: true,
      invalidPath: true,
      rewrittenLink: true,
    },
    // Tables of values of which only a type is public, by `typeof`.
    intentionallyNotExported: ['QUANTIZATIONS', 'names', 'aliases', 'lossTable'],
    requiredToBeDocumented: ['Function', 'Class', 'Interface', 'TypeAlias', 'Variable', 'Enum'],
    outputFileStrategy: 'members',
    entryFileName: 'index',
    membersWithOwnFile: ['Class', 'Function', 'Interface', 'TypeAlias', 'Variable'],
    hideBreadcrumbs: true,
    hidePageHeader: true,
    useCodeBlocks: true,
    expandObjects: true,
    pageTitleTemplates: { module: '{name}', member: '{name}', index: 'Reference' },
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) {
      const found = entries.find(({ file }) => bare(file) === bare(module.name));
      if (found) module.name = found.name;
    }
  });
  const project = await app.convert();
  if (!project) throw new Error('typedoc could not read the sources; see its messages above.');
  app.validate(project);
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings())
    throw new Error('the reference has faults; see typedoc’s messages above.');
  return readdirSync(out, { recursive: true })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.md'))
    .sort()
    .map((file) => ({
      file: path.posix.join(path.relative(root, out), file),
      slug: `reference/${file.replace(/\.md$/, '')}`.replace(/\/index$/, '').toLowerCase(),
    }));
}
