import { availableParallelism } from 'node:os';

/** What runs: `quick` tests, `long` ones (*.long.test.ts), or `all`. scripts/test.mjs sets it. */
const which = process.env.GRADPARITY_TESTS ?? 'all';

/** @type {import('jest').Config} */
export default {
  testMatch: [`<rootDir>/test/**/*${which === 'long' ? '.long' : ''}.test.ts`],
  testPathIgnorePatterns: ['/node_modules/', ...(which === 'quick' ? ['\\.long\\.test\\.ts$'] : [])],
  testEnvironment: '<rootDir>/test/support/environment.mjs',
  testSequencer: '<rootDir>/test/support/sequencer.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  // Types are checked by `npm run typecheck`; here TypeScript is only stripped.
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, diagnostics: false }] },
  setupFiles: ['<rootDir>/test/support/seed.ts'],
  // One of two cores idle is half of the time lost; long tests wait for processes, servers and browsers besides.
  maxWorkers: which === 'long' ? availableParallelism() + 1 : '100%',
  // The realm of a test file with ES modules is never let go: a worker that holds dozens of them spends a quarter of its time on garbage.
  workerIdleMemoryLimit: '900MB',
  testTimeout: which === 'quick' ? 60_000 : 300_000,
};
