/** Judges single cases and explains findings, with lanes of its own. */
import { sizeOf } from '../shapes.js';
import type { SweepCase } from './cases/case.js';
import { judge, type Hit, type Judgement, type Oracle } from './judge.js';
import type { Lane } from './lanes/lane.js';
import { isLost, type Observation, type Stage } from './observe.js';
import type { Finding, Repro, SweepBackend } from './report.js';
import { reproOf } from './repro.js';
import { shrink } from './shrink.js';
import { fixtureCase, fixtureOf } from './witness.js';

/** What came of one case. */
export interface CaseResult extends Judgement {
  index: number;
  outputShape?: number[];
}

/** What became of a finding on a closer look. */
export interface Explanation {
  /** Of the finding that was to be explained. */
  id: string;
  /** What it is: once another library's numbers are known, the fault may turn out to be another backend's, or several ones'. */
  filed: Filed[];
}

export interface Filed {
  finding: Pick<Finding, 'id' | 'kind' | 'backend' | 'direction' | 'message' | 'witness'>;
  repro: Repro;
}

/** Seconds for a smaller case: a case takes some milliseconds. */
const SHRINK_TIME = 3;
/** So many smaller cases may hang or kill their process before the search ends. */
const MOST_LOST = 3;

/** Makes the lane that a backend runs in; the same lane for all backends of one kind. */
export type LaneOf = (stage: Stage) => Lane;

export class Examiner {
  constructor(
    private readonly backends: readonly SweepBackend[],
    private readonly laneOf: LaneOf,
  ) {}

  async judge(one: SweepCase, index: number): Promise<CaseResult> {
    const observations = await this.observeAll(one);
    const judgement = judge(one, observations);
    if (!this.backends.includes('cpu')) delete judgement.backends.cpu;
    return { index, ...judgement, outputShape: outputShapeOf(observations) };
  }

  private async observeAll(
    one: SweepCase,
    stages: readonly Stage[] = this.stagesOf(one),
    timeLimit?: number,
  ): Promise<Observation[]> {
    const observations: Observation[] = [];
    for (const stage of stages) {
      const observation = await this.laneOf(stage).observe(one, stage, timeLimit);
      observations.push(observation);
      // A smaller case that hangs is of no use, on the other backends neither.
      if (timeLimit !== undefined && isLost(observation)) break;
    }
    return observations;
  }

  /** The finding on a case that is as small as may be, with a second witness where there is one. */
  async explain(one: SweepCase, hit: Hit, outputShape?: readonly number[]): Promise<Explanation> {
    const fixture = fixtureOf(hit.id);
    if (fixture) {
      const explained = await this.explainOn(fixtureCase(fixture, one), hit.id, fixture.oracle);
      if (explained) return explained;
    }
    // What hangs or kills its process is not asked for again and again.
    if (hit.kind === 'hangs' || hit.kind === 'crashes') return explanationOf(one, hit, outputShape);
    let lost = 0;
    const smaller = await shrink(
      { ...one, order: hit.direction === 'second order' ? 2 : 1 },
      async (candidate) => {
        if (lost >= MOST_LOST) return undefined;
        const observations = await this.observeAll(candidate, this.stagesFor(candidate, hit), SHRINK_TIME);
        if (observations.some(isLost)) {
          lost++;
          return undefined;
        }
        // A window that sees nothing but padding, an empty tensor: other cases than the one at hand.
        if (isDegenerate(observations, hit)) return undefined;
        const shows = judge(candidate, observations).hits.some(({ id }) => id === hit.id);
        if (!shows) return undefined;
        const shape = outputShapeOf(observations);
        return shape ? sizeOf(shape) : 0;
      },
    );
    return (await this.explainOn(smaller, hit.id)) ?? explanationOf(one, hit, outputShape);
  }

  /** cpu is there too where it has to tell what float32 can do at all. */
  private stagesOf({ entrywise }: SweepCase): Stage[] {
    const plain: Stage[] = entrywise && !this.backends.includes('cpu') ? ['cpu'] : [];
    return ['double', ...plain, ...this.backends];
  }

  /** The stages that a finding hangs on. */
  private stagesFor(one: SweepCase, { direction }: Hit): Stage[] {
    return direction === 'second order' ? ['double'] : this.stagesOf(one);
  }

  private async explainOn(one: SweepCase, id: string, oracle?: Oracle): Promise<Explanation | undefined> {
    const observations = await this.observeAll(one);
    const before = judge(one, observations).hits;
    const main = before.find((each) => each.id === id);
    if (!main) return undefined;
    const { hits } = judge(one, observations, oracle);
    // What only the oracle could tell, of the same kind, takes the place of the finding or stands beside it.
    const told = hits.filter(
      (hit) =>
        hit.kind === main.kind &&
        hit.direction === main.direction &&
        !before.some((each) => each.id === hit.id),
    );
    const kept = hits.find((each) => each.id === id) ?? (told.length === 0 ? main : undefined);
    const outputShape = outputShapeOf(observations);
    return {
      id,
      filed: [...(kept ? [kept] : []), ...told].map((hit) => filedAs(one, hit, outputShape)),
    };
  }
}

/** On the case as it is. */
export const explanationOf = (one: SweepCase, hit: Hit, outputShape?: readonly number[]): Explanation => ({
  id: hit.id,
  filed: [filedAs(one, hit, outputShape)],
});

const filedAs = (one: SweepCase, hit: Hit, outputShape?: readonly number[]): Filed => ({
  finding: {
    id: hit.id,
    kind: hit.kind,
    backend: hit.backend,
    direction: hit.direction,
    message: hit.message,
    witness: hit.witness,
  },
  repro: reproOf(one, hit, outputShape),
});

function outputShapeOf(observations: readonly Observation[]): number[] | undefined {
  for (const observation of observations) {
    if (!isLost(observation) && 'ok' in observation.forward) return observation.forward.ok.shape;
  }
  return undefined;
}

function isDegenerate(observations: readonly Observation[], { kind, direction }: Hit): boolean {
  // Empty tensors are what some kernels are found out by.
  const mayBeEmpty = kind === 'kernel' && direction === 'forward';
  return observations.some((observation) => {
    if (observation.stage !== 'double' || isLost(observation) || 'error' in observation.forward) return false;
    const { values } = observation.forward.ok;
    return (values.length === 0 && !mayBeEmpty) || values.some((value) => !Number.isFinite(value));
  });
}
