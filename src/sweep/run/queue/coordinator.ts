/** The end of the queue that asks: hands cases out to workers anywhere, and collects what they found. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, type Job } from 'bullmq';
import { EnvironmentError } from '../../../errors.js';
import type { LaneLimits } from '../lanes/lane.js';
import type { SweepPlan } from '../sweep.js';
import type { Workforce } from '../workforce.js';
import { connect } from './connection.js';
import { answerSchema, QUEUE_NAME, type Answer, type Request } from './messages.js';

export interface QueueOptions {
  url: string;
  plan: SweepPlan;
  digest: number;
  limits: LaneLimits;
  /** Told of the workers' own versions. */
  versions: Record<string, string>;
}

/** Cases in one message. */
const CHUNK = 8;
/** Milliseconds between two looks for what Redis may have lost. */
const LOOK_AGAIN = 5000;
/** Milliseconds between two looks for what is finished. */
const INTERVAL = 200;
/** Seconds for which answers wait for who asked. */
const KEPT = 24 * 3600;
/** Milliseconds for taking back what nobody has begun. */
const FAREWELL = 3000;

type Draft =
  { kind: 'judge'; indices: number[] } | { kind: 'explain'; index: number; hit: string; withFixes?: true };

export async function queueWorkforce(options: QueueOptions): Promise<Workforce> {
  const { url, plan, digest, limits, versions } = options;
  const connection = await connect(url);
  const queue = new Queue(QUEUE_NAME, { connection });
  queue.on('error', () => {});
  const run = randomUUID();
  const { seed, backends, fixes } = plan;
  let closed = false;

  const isOurs = (job: Job | undefined): job is Job => (job?.data as Request | undefined)?.run === run;

  /** Puts all drafts into the queue and passes the answers on, each once, as they come. */
  async function work(
    drafts: readonly Draft[],
    onAnswer: (answer: Answer) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    if (drafts.length === 0 || closed) return;
    try {
      await ask(drafts, onAnswer, signal);
    } catch (error) {
      // The connection was closed under it.
      if (!closed) throw error;
    }
  }

  async function ask(
    drafts: readonly Draft[],
    onAnswer: (answer: Answer) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const open = new Map<string, Draft>();
    await submit(drafts, open);
    let looked = Date.now();
    while (open.size > 0 && !signal?.aborted && !closed) {
      const finished = (await queue.getJobs(['completed', 'failed'])).filter(isOurs);
      for (const job of finished) {
        if (job.id !== undefined && open.delete(job.id)) onAnswer(answerOf(job));
        await job.remove();
      }
      if (finished.length > 0) continue;
      if (Date.now() - looked > LOOK_AGAIN) {
        await submitLost(open);
        looked = Date.now();
      }
      await sleep(INTERVAL);
    }
  }

  async function submit(drafts: readonly Draft[], open: Map<string, Draft>): Promise<void> {
    const jobs = await queue.addBulk(
      drafts.map((draft) => ({
        name: draft.kind,
        data: {
          schemaVersion: 1,
          run,
          seed,
          backends: [...backends],
          digest,
          limits: { timeLimit: limits.timeLimit, memoryLimit: limits.memoryLimit },
          ...(fixes && { fixes }),
          ...draft,
        } satisfies Request,
        // What a run that is no more has asked for does not stay for ever.
        opts: { removeOnComplete: { age: KEPT }, removeOnFail: { age: KEPT } },
      })),
    );
    jobs.forEach(({ id }, i) => {
      if (id === undefined) throw new Error('sweep: the queue has given a job no id.');
      open.set(id, drafts[i]);
    });
  }

  /** A Redis that was restarted without its data has forgotten what was asked for. */
  async function submitLost(open: Map<string, Draft>): Promise<void> {
    const lost: Draft[] = [];
    for (const [id, draft] of open) {
      if (await queue.getJob(id)) continue;
      open.delete(id);
      lost.push(draft);
    }
    if (lost.length > 0) await submit(lost, open);
  }

  function answerOf(job: Job): Answer {
    if (job.failedReason) throw new EnvironmentError(`A worker can't do its part: ${job.failedReason}`);
    const answer = answerSchema.safeParse(job.returnvalue);
    if (!answer.success) {
      throw new EnvironmentError(
        `A worker's answer is not of the kind that was asked for (${answer.error.issues[0].message} at ${answer.error.issues[0].path.join('.')}): it has another version of gradparity. Give all of them the same.`,
      );
    }
    Object.assign(versions, answer.data.versions);
    return answer.data;
  }

  return {
    judge: (indices, onResult, signal) =>
      work(
        chunksOf(indices, CHUNK).map((part) => ({ kind: 'judge', indices: part })),
        (answer) => {
          if (answer.kind === 'judge') answer.results.forEach((result) => onResult(result));
        },
        signal,
      ),
    explain: (tasks, onResult, signal) =>
      work(
        tasks.map(({ index, hit, withFixes }) => ({
          kind: 'explain',
          index,
          hit: hit.id,
          ...(withFixes && { withFixes: true }),
        })),
        (answer) => {
          if (answer.kind === 'explain') onResult(answer.explanation);
        },
        signal,
      ),
    async close() {
      if (closed) return;
      closed = true;
      // What nobody has begun is taken back; what is under way ends for itself. A server that is gone is not waited for.
      await Promise.race([takeBack(), sleep(FAREWELL, undefined, { ref: false })]).catch(() => {});
      connection.disconnect();
      await queue.close().catch(() => {});
    },
  };

  async function takeBack(): Promise<void> {
    const left = await queue.getJobs(['waiting', 'prioritized', 'delayed', 'completed', 'failed']);
    await Promise.allSettled(left.filter(isOurs).map((job) => job.remove()));
  }
}

function chunksOf<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}
