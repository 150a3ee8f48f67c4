/** The parts of the command line that need packages which are to be installed beside it. */
import { optional } from '../optional.js';

const QUEUE = ['bullmq', 'ioredis', 'zod'] as const;
const PLOTTING = ['@observablehq/plot', 'linkedom'] as const;

/** @throws EnvironmentError where the packages of the queue are not installed */
export const loadQueue = <T>(use: string, load: () => Promise<T>): Promise<T> => optional(use, QUEUE, load);

/**
 * All that draws, with a document that it can draw into.
 *
 * @throws EnvironmentError where the packages are not installed
 */
export const loadPlots = (
  use: string,
): Promise<typeof import('../plots/index.js') & typeof import('../plots/node-document.js')> =>
  optional(use, PLOTTING, async () => {
    const [plots, { nodeDocument }] = await Promise.all([
      import('../plots/index.js'),
      import('../plots/node-document.js'),
    ]);
    nodeDocument();
    return { ...plots, nodeDocument };
  });
