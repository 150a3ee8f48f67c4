/** `npm start`: sets everything up and trains one epoch on MNIST by numerical gradients. Further arguments go to `gradparity train`. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

try {
  await setup();
} catch (error) {
  console.error(`start: ${error.message}`);
  process.exit(3);
}
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
// Ctrl-C reaches the command too, which ends in good order; this process waits for it.
process.on('SIGINT', () => {});
const { status } = spawnSync(process.execPath, [main, 'train', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
