/** `npm start`: sets everything up and trains one epoch on MNIST by numerical gradients. Further arguments go to `gradparity train`. */
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const parent = process.ppid;

try {
  await setup();
} catch (error) {
  console.error(`start: ${error.message}`);
  process.exit(3);
}
// npm that is killed tells nobody: the training ends in good order as it does when it is asked to.
const watch = setInterval(() => {
  if (process.ppid === parent) return;
  clearInterval(watch);
  process.kill(process.pid, 'SIGTERM');
}, 500);
watch.unref();
// In this process, so that whatever ends it ends the training too.
const main = new URL('../dist/cli/main.js', import.meta.url);
process.argv = [process.execPath, fileURLToPath(main), 'train', ...process.argv.slice(2)];
await import(main.href);
