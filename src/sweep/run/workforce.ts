/** Who does the work of a sweep: examiners on this machine, or workers behind a queue. */
import type { SweepCase } from '../cases/case.js';
import { explanationOf, type Explanation } from '../explanation/explain.js';
import type { Hit } from '../judgement/hit.js';
import type { Stage, SweepBackend } from '../observation/observation.js';
import { openTensorFlow, type TensorFlow } from './tensorflow.js';
import { Examiner, mendedProgram, type CaseResult, type LaneOf } from './examiner.js';
import { nodeBackends, type Lane, type LaneLimits } from './lanes/lane.js';

/** A finding to be explained, on the case that showed it first. */
export interface ExplainTask {
  index: number;
  hit: Hit;
  outputShape?: readonly number[];
  /** It is a finding with `gradparity/fixes` in place. */
  withFixes?: true;
}

export interface Workforce {
  /** Judges the cases with these numbers, in any order, until done or aborted. */
  judge(
    indices: readonly number[],
    onResult: (result: CaseResult) => void,
    signal?: AbortSignal,
  ): Promise<void>;
  explain(
    tasks: readonly ExplainTask[],
    onResult: (explanation: Explanation) => void,
    signal?: AbortSignal,
  ): Promise<void>;
  close(): Promise<void>;
}

export interface LocalOptions extends LaneLimits {
  cases: readonly SweepCase[];
  backends: readonly SweepBackend[];
  /** Examiners that work side by side. */
  jobs: number;
  /** A Python interpreter that has TensorFlow, for cases that the tables have no answer to. */
  tensorflow?: string;
  /** Each case is judged with `gradparity/fixes` too. */
  fixes?: boolean;
}

/** An examiner with its lanes, which come up when they are needed. */
export async function openExaminer(
  backends: readonly SweepBackend[],
  limits: LaneLimits,
  { tensorflow, fixes = false }: { tensorflow?: TensorFlow; fixes?: boolean } = {},
): Promise<{ examiner: Examiner; close: () => Promise<void> }> {
  const stock = await openLanes(backends, limits, false);
  if (!fixes) return { examiner: new Examiner(backends, stock.laneOf, tensorflow), close: stock.close };
  const mended = await openLanes(backends, limits, true);
  const fixed = new Examiner(backends, mended.laneOf, tensorflow);
  return {
    examiner: new Examiner(backends, stock.laneOf, tensorflow, fixed),
    close: async () => void (await Promise.all([stock.close(), mended.close()])),
  };
}

/** Lanes with TensorFlow.js as it is, or with the fixes in place: processes and pages of their own. */
async function openLanes(
  backends: readonly SweepBackend[],
  limits: LaneLimits,
  withFixes: boolean,
): Promise<{ laneOf: LaneOf; close: () => Promise<void> }> {
  const { NodeLane } = await import('./lanes/node-lane.js');
  const node = new NodeLane(limits, withFixes);
  let browser: Lane | undefined;
  if (backends.some((backend) => !nodeBackends.includes(backend))) {
    const { BrowserLane } = await import('./lanes/browser-lane.js');
    browser = new BrowserLane(limits, withFixes);
  }
  const laneOf = (stage: Stage): Lane => {
    if (stage === 'double' || nodeBackends.includes(stage)) return node;
    if (!browser)
      throw new Error(`sweep: there is no browser for ${stage}, which is not among the backends.`);
    return browser;
  };
  return { laneOf, close: async () => void (await Promise.all([node.close(), browser?.close()])) };
}

/** Examiners on this machine. */
export async function localWorkforce({
  cases,
  backends,
  jobs,
  tensorflow: python,
  fixes,
  ...limits
}: LocalOptions): Promise<Workforce> {
  const tensorflow = python === undefined ? undefined : await openTensorFlow(python);
  const staff = await Promise.all(
    Array.from({ length: jobs }, () => openExaminer(backends, limits, { tensorflow, fixes })),
  );

  /** Each examiner takes the next task when it is done with one. */
  async function share<T>(
    tasks: readonly T[],
    work: (task: T, examiner: Examiner) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    let next = 0;
    await Promise.all(
      staff.map(async ({ examiner }) => {
        try {
          while (next < tasks.length && !signal?.aborted) await work(tasks[next++], examiner);
        } catch (error) {
          // Its lanes were closed under it.
          if (!signal?.aborted) throw error;
        }
      }),
    );
  }
  return {
    judge: (indices, onResult, signal) =>
      share(
        indices,
        async (index, examiner) => {
          const result = await examiner.judge(cases[index], index);
          if (!signal?.aborted) onResult(result);
        },
        signal,
      ),
    explain: (tasks, onResult, signal) =>
      share(
        tasks,
        async ({ index, hit, outputShape, withFixes }, examiner) => {
          const explanation = await examiner.explain(cases[index], hit, outputShape, withFixes);
          if (!signal?.aborted) onResult(explanation);
        },
        signal,
      ),
    close: async () => {
      tensorflow?.close();
      await Promise.all(staff.map(({ close }) => close()));
    },
  };
}

/** What is said of a finding that there was no time to explain. */
export const unexplained = (
  cases: readonly SweepCase[],
  { index, hit, outputShape, withFixes }: ExplainTask,
): Explanation => {
  const explanation = explanationOf(cases[index], hit, outputShape);
  return withFixes ? mendedProgram(explanation) : explanation;
};
