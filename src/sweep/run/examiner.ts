/** Judges single cases and explains findings, with lanes of its own. */
import { lookUp } from '../../collections.js';
import { sizeOf } from '../../shapes.js';
import type { SweepCase } from '../cases/case.js';
import { explain, outputShapeOf, type Explanation, type Search } from '../explanation/explain.js';
import type { Hit } from '../judgement/hit.js';
import { isGraphics } from '../judgement/agreement.js';
import { judge, type Judgement } from '../judgement/judge.js';
import { oracleOf } from '../judgement/oracle.js';
import type { Oracle } from '../judgement/situation.js';
import { isLost, type Observation, type Stage, type SweepBackend } from '../observation/observation.js';
import type { Lane } from './lanes/lane.js';
import type { TensorFlow } from './tensorflow.js';

/** What came of one case. */
export interface CaseResult extends Judgement {
  index: number;
  outputShape?: number[];
  /** What comes of it with `gradparity/fixes` in place, where that was asked for. */
  fixed?: Omit<CaseResult, 'index' | 'fixed'>;
}

/** Makes the lane that a backend runs in; the same lane for all backends of one kind. */
export type LaneOf = (stage: Stage) => Lane;

export class Examiner {
  /**
   * @param tensorflow asked about cases that the tables have no answer to
   * @param fixed another one, whose lanes have `gradparity/fixes` in place
   */
  constructor(
    private readonly backends: readonly SweepBackend[],
    private readonly laneOf: LaneOf,
    private readonly tensorflow?: TensorFlow,
    private readonly fixed?: Examiner,
  ) {}

  async judge(one: SweepCase, index: number): Promise<CaseResult> {
    const [result, fixed] = await Promise.all([this.resultOf(one), this.fixed?.resultOf(one)]);
    return { index, ...result, ...(fixed && { fixed }) };
  }

  private async resultOf(one: SweepCase): Promise<NonNullable<CaseResult['fixed']>> {
    let observations = await this.observeAll(one);
    // On a busy machine a process may have been waited for that was about to start.
    const late = observations.filter(
      (each) => isLost(each) && each.lost === 'hangs' && each.phase === 'forward',
    );
    for (const { stage } of late) {
      const again = await this.laneOf(stage).observe(one, stage);
      observations = observations.map((each) => (each.stage === stage ? again : each));
    }
    const oracle = await this.ask(one, observations);
    let judgement = judge(one, observations, oracle);
    const suspected = graphics(judgement.hits.map(({ backend }) => backend));
    if (suspected.length > 0) {
      // What a shader does that was compiled for an earlier case is not said of this one.
      const again = await this.observeAll(one, suspected, { afresh: true });
      observations = observations.map((each) => again.find(({ stage }) => stage === each.stage) ?? each);
      judgement = judge(one, observations, oracle);
    }
    return { ...this.ofBackends(judgement), outputShape: outputShapeOf(observations) };
  }

  /** What is said of the backends that were asked for, and of the core. */
  private ofBackends(judgement: Judgement): Judgement {
    const { hits, backends } = judgement;
    const isOurs = (backend: SweepBackend | 'core'): boolean =>
      backend === 'core' || this.backends.includes(backend);
    return {
      ...judgement,
      hits: hits.filter(({ backend }) => isOurs(backend)),
      backends: Object.fromEntries(
        Object.entries(backends).filter(([backend]) => isOurs(backend as SweepBackend)),
      ),
    };
  }

  private async observeAll(
    one: SweepCase,
    stages: readonly Stage[] = this.stages,
    { search, afresh = false }: { search?: Search; afresh?: boolean } = {},
  ): Promise<Observation[]> {
    const observe = (stage: Stage): Promise<Observation> =>
      this.laneOf(stage).observe(one, stage, search?.timeLimit, afresh);
    if (!search) return this.inLanes(stages, observe);
    const observations: Observation[] = [];
    for (const stage of stages) {
      const observation = await observe(stage);
      observations.push(observation);
      // A smaller case that hangs, or is of no use, is so on the other backends too.
      if (isLost(observation) || search.isUseless(observation)) break;
    }
    return observations;
  }

  /** The stages of each lane one after the other, and the lanes side by side: a browser works while Node does. */
  private async inLanes(
    stages: readonly Stage[],
    observe: (stage: Stage) => Promise<Observation>,
  ): Promise<Observation[]> {
    const lanes = new Map<Lane, Stage[]>();
    for (const stage of stages) {
      const lane = this.laneOf(stage);
      lanes.set(lane, [...(lanes.get(lane) ?? []), stage]);
    }
    const observations = new Map<Stage, Observation>();
    await Promise.all(
      [...lanes.values()].map(async (ofLane) => {
        for (const stage of ofLane) observations.set(stage, await observe(stage));
      }),
    );
    return stages.map((stage) => lookUp(observations, stage));
  }

  /** Who is at fault does not hang on backends beside: for a smaller case the one that the finding is of is enough. */
  private stagesOf({ direction, backend }: Hit, search?: Search): Stage[] {
    if (direction === 'second order') return ['double'];
    return search
      ? ['double', ...new Set<Stage>(['cpu', ...(backend === 'core' ? [] : [backend])])]
      : this.stages;
  }

  /** Another library's numbers: from the tables, or from TensorFlow itself where that is at hand. */
  private async ask(one: SweepCase, observations: readonly Observation[]): Promise<Oracle | undefined> {
    const known = oracleOf(one);
    const shape = outputShapeOf(observations);
    return known ?? (shape && (await this.tensorflow?.ask(one, sizeOf(shape))));
  }

  /** @param withFixes whether it is a finding with the fixes in place */
  async explain(
    one: SweepCase,
    hit: Hit,
    outputShape?: readonly number[],
    withFixes = false,
  ): Promise<Explanation> {
    if (withFixes && this.fixed) return mendedProgram(await this.fixed.explain(one, hit, outputShape));
    return explain(one, hit, outputShape, {
      observe: (each, about, search) =>
        this.observeAll(each, this.stagesOf(about, search), { search, afresh: true }),
      ask: (each, observations) => this.ask(each, observations),
    });
  }

  /** cpu is there always: it tells the core's faults from a backend's, and what float32 can do at all. */
  private get stages(): Stage[] {
    return ['double', ...new Set<Stage>(['cpu', ...this.backends])];
  }
}

/** The backends among these that keep shaders and buffers from case to case, once each. */
const graphics = (backends: readonly (SweepBackend | 'core')[]): Stage[] => [
  ...new Set(
    backends.filter((backend): backend is SweepBackend => backend !== 'core' && isGraphics(backend)),
  ),
];

/** The same with the fixes imported in the program's first line. */
export const mendedProgram = ({ id, filed: { finding, repro } }: Explanation): Explanation => ({
  id,
  withFixes: true,
  filed: {
    finding,
    repro: { ...repro, code: repro.code.replace('\n', " import 'gradparity/fixes';\n") },
  },
});
