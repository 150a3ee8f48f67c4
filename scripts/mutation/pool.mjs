/** Processes that run test files; one that does not answer in time is ended and replaced. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Jest keeps something of every test file that it ran. */
const MEMORY = 1.2 * 2 ** 30;

/** Several workers. `each(items, use)` gives each item to the next free one: `use(item, run)`. */
export function pool(size, environment) {
  const workers = Array.from({ length: size }, () => worker(environment));
  return {
    async each(items, use) {
      const queue = items.slice();
      await Promise.all(
        workers.map(async ({ run }) => {
          for (let item = queue.shift(); item !== undefined; item = queue.shift()) await use(item, run);
        }),
      );
    },
    end: () => workers.forEach(({ end }) => end()),
  };
}

function worker(environment) {
  let child;
  let said = '';
  const end = () => {
    child?.kill('SIGKILL');
    child = undefined;
  };
  const start = () => {
    said = '';
    child = fork(fileURLToPath(new URL('worker.mjs', import.meta.url)), {
      execArgv: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    child.stderr.on('data', (text) => (said = (said + text).slice(-2000)));
  };
  /**
   * What came of a task; `{late: true}` where nothing is heard for `seconds`, `{crashed: true}` where the process ended by itself,
   * both with the mutant that was `trying` then. `heard` gets what the worker says before.
   */
  const run = (task, seconds, heard = () => {}) =>
    new Promise((resolve) => {
      if (!child) start();
      const own = child;
      let trying;
      let timer;
      const settle = (answer) => {
        clearTimeout(timer);
        own.removeAllListeners('message').removeAllListeners('exit');
        if (answer.late || answer.crashed || answer.memory > MEMORY) end();
        resolve(answer);
      };
      const wait = () => {
        clearTimeout(timer);
        timer = setTimeout(() => settle({ late: true, trying }), seconds * 1000);
      };
      wait();
      own.on('message', (message) => {
        if (message.passed !== undefined) return settle(message);
        trying = message.trying ?? trying;
        wait();
        heard(message);
      });
      own.once('exit', () => settle({ crashed: true, trying, message: said }));
      own.send(task);
    });
  return { run, end };
}
