/**
 * `npm run api`: the public names and their types against the reports in docs/api, so that a change of one shows as a difference.
 * `npm run api -- --write` writes the reports anew.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { buildIfNeeded } from './build.mjs';
import { optionsOf } from './options.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { write: isWriting = false } = optionsOf('api', { write: { type: 'boolean' } }).values;

/** Entries of the package, by the name of their report. */
const ENTRIES = {
  gradparity: 'index.d.ts',
  node: 'node.d.ts',
  plots: 'plots/index.d.ts',
  'plots-node': 'plots/node-document.d.ts',
  jest: 'jest.d.ts',
  vitest: 'vitest.d.ts',
  fixes: 'fixes/index.d.ts',
  'fixes-tape': 'fixes/tape.d.ts',
};

buildIfNeeded();
const reports = path.join(root, 'docs', 'api');
mkdirSync(reports, { recursive: true });
mkdirSync(path.join(root, 'runs'), { recursive: true });
const temporary = mkdtempSync(path.join(root, 'runs', 'api-'));
const complaints = [];
try {
  for (const [name, entry] of Object.entries(ENTRIES)) {
    console.error(`${name} …`);
    const config = ExtractorConfig.prepare({
      configObjectFullPath: path.join(root, 'api-extractor.json'),
      packageJsonFullPath: path.join(root, 'package.json'),
      configObject: {
        projectFolder: root,
        mainEntryPointFilePath: path.join(root, 'dist', entry),
        compiler: { tsconfigFilePath: path.join(root, 'tsconfig.json'), skipLibCheck: true },
        apiReport: {
          enabled: true,
          reportFileName: name,
          reportFolder: reports,
          reportTempFolder: temporary,
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        newlineKind: 'lf',
        messages: {
          compilerMessageReporting: { default: { logLevel: 'error' } },
          // What the docstrings hold is the docs' business; here it is names and types.
          extractorMessageReporting: { default: { logLevel: 'none' } },
          tsdocMessageReporting: { default: { logLevel: 'none' } },
        },
      },
    });
    const file = path.join(reports, `${name}.api.md`);
    const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
    const { succeeded, errorCount } = Extractor.invoke(config, {
      localBuild: isWriting,
      messageCallback: (message) => {
        message.handled = message.logLevel !== 'error';
      },
    });
    const now = readFileSync(isWriting ? file : path.join(temporary, `${name}.api.md`), 'utf8');
    if (errorCount > 0) complaints.push(`${name}: the types could not be read`);
    else if (!isWriting && (!succeeded || now !== before))
      complaints.push(`${name}:\n${difference(before, now)}`);
  }
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
if (complaints.length > 0) {
  console.error(
    `api: the public names have changed. If that is meant, npm run api -- --write, and look at docs/api.\n${complaints.join('\n')}`,
  );
  process.exitCode = 1;
} else {
  console.log(
    `The public names of ${Object.keys(ENTRIES).length} entries are ${isWriting ? 'written to' : 'those in'} docs/api.`,
  );
}

/** The lines that are in one of two texts only. */
function difference(before, now) {
  const [old, next] = [before, now].map((text) => new Set(text.split('\n')));
  return [
    ...[...old].filter((line) => !next.has(line)).map((line) => `- ${line}`),
    ...[...next].filter((line) => !old.has(line)).map((line) => `+ ${line}`),
  ].join('\n');
}
