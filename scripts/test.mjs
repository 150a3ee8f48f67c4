/** `npm test`: sets everything up and runs the tests. Further arguments go to Jest: `npm test -- losses`. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { setup } from './setup.mjs';

try {
  await setup();
} catch (error) {
  console.error(`test: ${error.message}`);
  process.exit(3);
}
const jest = createRequire(import.meta.url).resolve('jest/bin/jest');
console.error('Running the tests …');
// Jest runs ES modules, which the sources are, only with this flag.
const { status } = spawnSync(
  process.execPath,
  ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, ...process.argv.slice(2)],
  {
    stdio: 'inherit',
    cwd: new URL('..', import.meta.url),
    // libtensorflow reads these from the environment that the process started with.
    env: { TF_CPP_MIN_LOG_LEVEL: '2', TF_ENABLE_ONEDNN_OPTS: '0', ...process.env },
  },
);
process.exitCode = status ?? 1;
