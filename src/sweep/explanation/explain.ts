/** Explains a finding: its smallest case, a program, and who else says so. */
import { sizeOf } from '../../shapes.js';
import type { SweepCase } from '../cases/case.js';
import type { Hit } from '../judgement/hit.js';
import { judge } from '../judgement/judge.js';
import type { Oracle } from '../judgement/situation.js';
import { isLost, type Observation } from '../observation/observation.js';
import { reproOf, type Repro } from './repro.js';
import { shrink } from './shrink.js';
import { fixtureCase, fixtureOf } from './witness.js';

/** What became of a finding on a closer look. */
export interface Explanation {
  /** Of the finding that was to be explained. */
  id: string;
  /** What it is: once another library's numbers are known, the fault may turn out to be another backend's, or several ones'. */
  filed: Filed[];
}

export interface Filed {
  finding: Pick<Hit, 'id' | 'kind' | 'backend' | 'direction' | 'message' | 'witness'>;
  repro: Repro;
}

/** Seconds for a smaller case: a case takes some milliseconds. */
const SHRINK_TIME = 3;
/** So many smaller cases may hang or kill their process before the search ends. */
const MOST_LOST = 3;

/**
 * Observes a case on the stages that a finding hangs on, all of them where it is said of no finding. With a limit of seconds it
 * ends with the first stage that is lost.
 */
export type Observe = (one: SweepCase, hit?: Hit, timeLimit?: number) => Promise<Observation[]>;

/** The finding on a case that is as small as may be, with a second witness where there is one. */
export async function explain(
  one: SweepCase,
  hit: Hit,
  outputShape: readonly number[] | undefined,
  observe: Observe,
): Promise<Explanation> {
  const fixture = fixtureOf(hit.id);
  if (fixture) {
    const explained = await explainOn(fixtureCase(fixture, one), hit.id, observe, fixture.oracle);
    if (explained) return explained;
  }
  // What hangs or kills its process is not asked for again and again.
  if (hit.kind === 'hangs' || hit.kind === 'crashes') return explanationOf(one, hit, outputShape);
  let lost = 0;
  const smaller = await shrink(
    { ...one, order: hit.direction === 'second order' ? 2 : 1 },
    async (candidate) => {
      if (lost >= MOST_LOST) return undefined;
      const observations = await observe(candidate, hit, SHRINK_TIME);
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
  return (await explainOn(smaller, hit.id, observe)) ?? explanationOf(one, hit, outputShape);
}

async function explainOn(
  one: SweepCase,
  id: string,
  observe: Observe,
  oracle?: Oracle,
): Promise<Explanation | undefined> {
  const observations = await observe(one);
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

export function outputShapeOf(observations: readonly Observation[]): number[] | undefined {
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
