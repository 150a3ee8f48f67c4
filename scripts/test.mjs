/**
 * `npm test`: sets everything up and runs the tests, but for those that take long: `npm run test:long` runs these. Further arguments go to
 * Jest; with a name among them, as in `npm test -- losses`, all tests of such files run.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { setup } from './setup.mjs';

try {
  await setup();
} catch (error) {
  console.error(`test: ${error.message}`);
  process.exit(3);
}
const given = process.argv.slice(2);
const isLong = given[0] === '--long';
const args = isLong ? given.slice(1) : given;
const which = isLong ? 'long' : args.some((arg) => !arg.startsWith('-')) ? 'all' : 'quick';
const { optionsForShortWork } = await import('../dist/v8-options.js');
const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
console.error(`Running the ${which === 'all' ? '' : `${which} `}tests …`);
// Jest runs ES modules, which the sources are, only with this flag.
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    // Each test file makes much that does not outlive it.
    '--max-semi-space-size=64',
    ...(which === 'quick' ? optionsForShortWork() : []),
    jest,
    ...args,
  ],
  {
    stdio: 'inherit',
    cwd: new URL('..', import.meta.url),
    // libtensorflow reads these from the environment that the process started with.
    env: { TF_CPP_MIN_LOG_LEVEL: '2', TF_ENABLE_ONEDNN_OPTS: '0', ...process.env, GRADPARITY_TESTS: which },
  },
);
process.exitCode = status ?? 1;
