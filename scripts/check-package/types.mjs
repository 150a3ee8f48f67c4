/** The types as each way of resolving modules finds them. */
import path from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { readFileSync } from 'node:fs';
import { folder, run } from './project.mjs';

const matcher = (framework) => `import { expect } from '${framework === 'jest' ? '@jest/globals' : 'vitest'}';
import { square, type Tensor } from '@tensorflow/tfjs';
import { gradcheck, type GradcheckReport } from 'gradparity';
import 'gradparity/${framework}';
export const report: Promise<GradcheckReport> = gradcheck((x: Tensor) => square(x), [[1, 2]]);
export const passed: Promise<void> = expect((x: Tensor) => square(x)).toHaveRightGradients([[1, 2]], { mode: 'fast' });
// @ts-expect-error -- there is no such mode
void expect(square).toHaveRightGradients([[1, 2]], { mode: 'slow' });
`;

const EVERY_ENTRY = `import { TwoLayerNet, type History, type InputReport } from 'gradparity';
import { loadModel, selectBackend, type BackendName } from 'gradparity/node';
import { curvePlot, type CurvePlotOptions } from 'gradparity/plots';
import { nodeDocument } from 'gradparity/plots/node';
import { fixesIntact, type FixesIntact } from 'gradparity/fixes';
import { isTapeOrdered } from 'gradparity/fixes/tape';
export const name: Promise<BackendName> = selectBackend('cpu').then((selected) => selected.name);
export const network = new TwoLayerNet({ inputSize: 3, hiddenSize: 2, outputSize: 2, seed: 1 });
export const draw = (options: CurvePlotOptions): string => curvePlot({ ...options, document: nodeDocument() });
export const ordered: boolean = isTapeOrdered();
export const intact: FixesIntact = fixesIntact();
export type { History, InputReport };
export { loadModel };
// @ts-expect-error -- there is no such backend
void selectBackend('gpu');
`;

/** By `module` and `moduleResolution`: what a file may import there. */
const RESOLUTIONS = [
  ['node10', 'commonjs', 'commonjs', { 'entries.ts': EVERY_ENTRY, 'jest.ts': matcher('jest') }],
  ['node16', 'node16', 'commonjs', { 'jest.ts': matcher('jest') }],
  [
    'node16',
    'node16',
    'module',
    { 'entries.ts': EVERY_ENTRY, 'jest.ts': matcher('jest'), 'vitest.ts': matcher('vitest') },
  ],
  [
    'bundler',
    'esnext',
    'module',
    { 'entries.ts': EVERY_ENTRY, 'jest.ts': matcher('jest'), 'vitest.ts': matcher('vitest') },
  ],
];

/** In a project that has TypeScript and both test frameworks. */
export function resolutions(project) {
  const compiler = path.join(project, 'node_modules', 'typescript', 'bin', 'tsc');
  for (const [moduleResolution, module, type, files] of RESOLUTIONS) {
    const place = folder(`${path.basename(project)}/types-${moduleResolution}-${type}`, {
      'package.json': { private: true, type },
      'tsconfig.json': {
        compilerOptions: {
          module,
          moduleResolution,
          target: 'es2022',
          lib: ['es2022', 'dom'],
          strict: true,
          skipLibCheck: true,
          noEmit: true,
          types: ['node'],
        },
        files: Object.keys(files),
      },
      ...files,
    });
    run(process.execPath, [compiler], place);
  }
}

/** These entries are ES modules alone; Node's require takes them, from the oldest version that is supported on. */
const MODULES = ['./node', './plots', './plots/node', './vitest'];

export async function areTheTypesWrong(tarball) {
  const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))));
  const problems = (analysis.problems ?? []).filter(
    ({ kind, entrypoint, resolutionKind }) =>
      !(kind === 'CJSResolvesToESM' && MODULES.includes(entrypoint)) &&
      // Old resolution knows no conditions; types are found, and Node finds the files by itself.
      !(kind === 'NoResolution' && resolutionKind === 'node10'),
  );
  if (problems.length > 0)
    throw new Error(`The types are wrong: ${JSON.stringify(problems.slice(0, 5), null, 1)}`);
}
