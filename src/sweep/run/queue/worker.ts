/** The end of the queue that works: takes cases, judges them, answers. What a killed worker had in hand goes to another. */
import { hostname } from 'node:os';
import { UnrecoverableError, Worker, type Job } from 'bullmq';
import type { SweepCase } from '../../cases/case.js';
import { sweepCases } from '../../cases/index.js';
import type { SweepBackend } from '../../observation/observation.js';
import type { Examiner } from '../examiner.js';
import { digestOf } from '../sweep.js';
import { openExaminer } from '../workforce.js';
import { connect } from './connection.js';
import { QUEUE_NAME, requestSchema, type Answer, type Request } from './messages.js';

export interface WorkerOptions {
  url: string;
  /** Examiners side by side. */
  jobs: number;
  /** The versions of these backends here; throws where one does not run. */
  versionsOf: (backends: readonly SweepBackend[]) => Promise<Record<string, string>>;
  onJob?: (request: Request) => void;
}

export interface RunningWorker {
  /** When the last job ended, or the worker came up; Infinity while there is one. */
  idleSince(): number;
  /** Finishes what is in hand. */
  close(): Promise<void>;
}

/** Milliseconds after which a job whose worker gives no sign of life is another's. */
const LOCK = 10_000;

type ExplainAnswer = Extract<Answer, { kind: 'explain' }>;
type Staff = { examiner: Examiner; close: () => Promise<void> };

/** Takes jobs until it is closed. */
export async function startWorker({ url, jobs, versionsOf, onJob }: WorkerOptions): Promise<RunningWorker> {
  const connection = await connect(url);
  /** Examiners by what they are for; the free ones. */
  const free = new Map<string, Staff[]>();
  const staff = new Set<Staff>();
  const known = new Map<number, { cases: SweepCase[]; digest: number }>();
  const versions = new Map<string, Promise<Record<string, string>>>();
  let running = 0;
  let idleSince = Date.now();

  function casesOf(seed: number): { cases: SweepCase[]; digest: number } {
    let found = known.get(seed);
    if (!found) {
      const cases = sweepCases(seed);
      known.set(seed, (found = { cases, digest: digestOf(cases) }));
    }
    return found;
  }

  async function withExaminer<T>(
    { backends, limits, fixes }: Request,
    work: (examiner: Examiner) => Promise<T>,
  ): Promise<T> {
    const key = JSON.stringify([backends, limits, fixes]);
    const list = free.get(key) ?? [];
    free.set(key, list);
    const one = list.pop() ?? (await openExaminer(backends, limits, { fixes }));
    staff.add(one);
    try {
      return await work(one.examiner);
    } finally {
      list.push(one);
    }
  }

  async function answer(job: Job): Promise<Answer> {
    const parsed = requestSchema.safeParse(job.data);
    if (!parsed.success) {
      throw new UnrecoverableError(
        `the message is not one of this version's (${parsed.error.issues[0].message} at ${parsed.error.issues[0].path.join('.')}). Give both ends the same gradparity.`,
      );
    }
    const request = parsed.data;
    onJob?.(request);
    const { cases, digest } = casesOf(request.seed);
    const wanted = request.kind === 'judge' ? request.indices : [request.index];
    if (digest !== request.digest || wanted.some((index) => index >= cases.length)) {
      throw new UnrecoverableError(
        'its cases are others: it has another version of gradparity. Give both ends the same.',
      );
    }
    const key = request.backends.join();
    const known = versions.get(key) ?? versionsOf(request.backends);
    versions.set(key, known);
    const here = await known;
    return withExaminer(request, async (examiner): Promise<Answer> => {
      if (request.kind === 'judge') {
        const results = [];
        for (const index of request.indices) results.push(await examiner.judge(cases[index], index));
        return { kind: 'judge', results, versions: here };
      }
      const one = cases[request.index];
      const judged = await examiner.judge(one, request.index);
      const { hits, outputShape } = (request.withFixes && judged.fixed) || judged;
      const hit = hits.find(({ id }) => id === request.hit);
      if (!hit) throw new UnrecoverableError(`case ${request.index} does not show ${request.hit} here.`);
      const explanation = await examiner.explain(one, hit, outputShape, request.withFixes);
      return { kind: 'explain', explanation: explanation as ExplainAnswer['explanation'], versions: here };
    });
  }

  const worker = new Worker<Request, Answer>(
    QUEUE_NAME,
    async (job) => {
      running++;
      idleSince = Infinity;
      try {
        return await answer(job);
      } catch (error) {
        // Nobody else would fare better with the same message; the run that asked is told.
        throw error instanceof UnrecoverableError ? error : new UnrecoverableError((error as Error).message);
      } finally {
        running--;
        if (running === 0) idleSince = Date.now();
      }
    },
    {
      connection,
      // Redis shows which worker has a job in hand.
      name: `${hostname()}:${process.pid}`,
      concurrency: jobs,
      lockDuration: LOCK,
      stalledInterval: LOCK / 2,
      // A case that kills one worker after the other is its process' affair, not the worker's: no limit is needed.
      maxStalledCount: 1000,
    },
  );
  worker.on('error', () => {});
  await worker.waitUntilReady();
  return {
    idleSince: () => idleSince,
    async close() {
      await worker.close();
      await Promise.all([...staff].map(({ close }) => close()));
      connection.disconnect();
    },
  };
}
