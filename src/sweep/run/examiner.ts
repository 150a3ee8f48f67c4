/** Judges single cases and explains findings, with lanes of its own. */
import type { SweepCase } from '../cases/case.js';
import { explain, outputShapeOf, type Explanation } from '../explanation/explain.js';
import type { Hit } from '../judgement/hit.js';
import { judge, type Judgement } from '../judgement/judge.js';
import { isLost, type Observation, type Stage, type SweepBackend } from '../observation/observation.js';
import type { Lane } from './lanes/lane.js';

/** What came of one case. */
export interface CaseResult extends Judgement {
  index: number;
  outputShape?: number[];
}

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

  explain(one: SweepCase, hit: Hit, outputShape?: readonly number[]): Promise<Explanation> {
    return explain(one, hit, outputShape, (each, about, timeLimit) =>
      this.observeAll(each, this.stagesFor(each, about), timeLimit),
    );
  }

  /** cpu is there too where it has to tell what float32 can do at all. */
  private stagesOf({ entrywise }: SweepCase): Stage[] {
    const plain: Stage[] = entrywise && !this.backends.includes('cpu') ? ['cpu'] : [];
    return ['double', ...plain, ...this.backends];
  }

  private stagesFor(one: SweepCase, hit: Hit | undefined): Stage[] {
    return hit?.direction === 'second order' ? ['double'] : this.stagesOf(one);
  }
}
