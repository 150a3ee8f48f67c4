/** `gradparity worker`: does a part of the sweeps that are asked for through a queue. */
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandModule } from 'yargs';
import { InputError } from '../../errors.js';
import { realNumber, text } from '../options.js';
import { loadQueue } from '../optional.js';
import { abortOnInterrupt, interruptedCode } from '../session.js';
import { jobsOption, versionsOf } from './sweep.js';

interface WorkerArguments {
  queue?: string;
  jobs?: number;
  idle?: number;
}

const command: CommandModule<object, WorkerArguments> = {
  command: 'worker',
  describe: 'Work for sweeps that come through a queue, until interrupted',
  builder: {
    queue: text({ describe: 'redis:// or rediss:// address, as the sweep has it (GRADPARITY_QUEUE)' }),
    jobs: jobsOption,
    idle: realNumber({ above: 0 }, { describe: 'End after so many seconds without work' }),
  },
  async handler({ queue, jobs = availableParallelism(), idle }) {
    if (queue === undefined) {
      throw new InputError('worker: name the queue with --queue redis://host:port, or in GRADPARITY_QUEUE.');
    }
    const { startWorker } = await loadQueue('worker', () => import('../../sweep/run/queue/worker.js'));
    const { addressText } = await import('../../sweep/run/queue/connection.js');
    const { signal, release } = abortOnInterrupt();
    let messages = 0;
    const worker = await startWorker({ url: queue, jobs, versionsOf, onJob: () => messages++ });
    process.stderr.write(`Working for ${addressText(queue)}, ${jobs} at a time; Ctrl-C ends.\n`);
    try {
      while (!signal.aborted) {
        if (idle !== undefined && Date.now() - worker.idleSince() > 1000 * idle) break;
        await sleep(200, undefined, { signal }).catch(() => {});
      }
    } finally {
      await worker.close();
      release();
    }
    process.stderr.write(`Done: ${messages} messages.\n`);
    if (signal.aborted) process.exitCode = interruptedCode();
  },
};

export default command;
