/** Explains a finding: its smallest case, a program, and who else says so. */
import { sizeOf } from '../../shapes.js';
import { RANDOM, type SweepCase } from '../cases/case.js';
import type { Hit } from '../judgement/hit.js';
import { isGraphics } from '../judgement/agreement.js';
import { judge } from '../judgement/judge.js';
import { TAPE_ORDER } from '../judgement/second-order.js';
import type { Oracle } from '../judgement/situation.js';
import { isLost, type Observation } from '../observation/observation.js';
import { conditions } from './conditions.js';
import { reproOf, type Repro } from './repro.js';
import { callsIn, shrink } from './shrink.js';
import { fixtureCase, fixtureOf, fixturesLike } from './witness.js';

/** What became of a finding on a closer look. */
export interface Explanation {
  /** Of the finding that was to be explained. */
  id: string;
  /** It is a finding with `gradparity/fixes` in place. */
  withFixes?: true;
  filed: Filed;
}

export interface Filed {
  finding: Pick<Hit, 'id' | 'kind' | 'backend' | 'direction' | 'fault' | 'culprit' | 'message' | 'witness'>;
  repro: Repro;
}

/** Seconds for a smaller case: a case takes some milliseconds. */
const SEARCH_TIME = 5;
/** So many smaller cases may hang or kill their process before the search ends. */
const MOST_LOST = 4;

/** So many smaller cases are tried of a finding on a graphics card, where each compiles its shaders. */
const GRAPHICS_BUDGET = 40;

/** Whether another library's numbers may tell that something is wrong; errors tell it themselves. */
const needsOracle = ({ kind, direction }: Hit): boolean =>
  direction !== 'second order' && (kind === 'kernel' || kind === 'formula' || kind === 'limitation');

/** A case that is only tried: a limit of seconds, and when the other stages need not be looked at. */
export interface Search {
  timeLimit: number;
  isUseless(observation: Observation): boolean;
}

/** Who looks at the smaller cases. */
export interface Helpers {
  /** On all stages; of a case that is only tried, on those that the finding hangs on, up to the first that is lost. */
  observe(one: SweepCase, hit: Hit, search?: Search): Promise<Observation[]>;
  /** What another library computes. */
  ask(one: SweepCase, observations: readonly Observation[]): Promise<Oracle | undefined>;
}

/** The finding on a case that is as small as may be, with a second witness where there is one. */
export async function explain(
  one: SweepCase,
  hit: Hit,
  outputShape: readonly number[] | undefined,
  { observe, ask }: Helpers,
): Promise<Explanation> {
  /** The hit on another case: the same fault, and nothing else that only looks like it. */
  const sameOn = async (
    candidate: SweepCase,
    observations: readonly Observation[],
    oracle?: Oracle,
  ): Promise<Hit | undefined> =>
    judge(
      candidate,
      observations,
      oracle ?? (needsOracle(hit) ? await ask(candidate, observations) : undefined),
    ).hits.find((each) => isSameFault(each, hit));
  // A window that sees nothing but padding, an empty tensor: other cases than the one at hand.
  const search: Search = {
    timeLimit: SEARCH_TIME,
    isUseless: (observation) => isDegenerate(observation, hit),
  };
  const explainOn = async (candidate: SweepCase, oracle?: Oracle): Promise<Explanation | undefined> => {
    const observations = await observe(candidate, hit);
    if (observations.some(isLost)) return undefined;
    const found = await sameOn(candidate, observations, oracle ?? (await ask(candidate, observations)));
    if (!found) return undefined;
    const message = withConditions(found.message, await conditionsOf(candidate));
    const told = { ...found, message, got: await steady(candidate, found, oracle) };
    return explanationOf(candidate, told, outputShapeOf(observations));
  };
  /** What it gives, if it gives the same again: a kernel may read where nothing was written. */
  const steady = async (candidate: SweepCase, { got }: Hit, oracle?: Oracle): Promise<string> => {
    if (hit.kind !== 'kernel' && hit.kind !== 'limitation') return got;
    const again = await sameOn(candidate, await observe(candidate, hit), oracle);
    return again?.got === got && !isLeftover(got) ? got : UNSTEADY;
  };
  /** What the case can't do without. */
  const conditionsOf = async (shown: SweepCase): Promise<string[]> => {
    const needed: string[] = [];
    for (const { says, without } of hit.direction === 'second order' ? [] : conditions) {
      const other = without(shown);
      if (!other) continue;
      const observations = await observe(other, hit, search);
      const works = observations.every((each) => !isLost(each) && !search.isUseless(each));
      if (!works) continue;
      const oracle = await ask(other, observations);
      // Where nobody says what the values should be, it shows nothing that the finding is gone.
      const isUntold =
        oracle === undefined && hit.direction === 'forward' && hit.witness?.kind === 'another library';
      if (!isUntold && !(await sameOn(other, observations, oracle))) needed.push(says);
    }
    return needed;
  };
  /** What is left of a composition, as a finding of the ops that are left: one that the families have found is known by its id. */
  const ofFamilies = async (smaller: SweepCase): Promise<Explanation | undefined> => {
    const calls = callsIn(smaller.expression);
    const plain: SweepCase = { ...smaller, op: calls.join(' of '), variant: undefined };
    const observations = await observe(plain, hit);
    if (observations.some(isLost)) return undefined;
    const { hits } = judge(plain, observations, await ask(plain, observations));
    const found = hits.find((each) => isSameFault({ ...each, id: hit.id }, hit) && isAlike(each, hit));
    if (!found) return undefined;
    // As the families have it, whose cases of an op may have others inside.
    const known = found.id.replace(/^[^/]*/, calls[0]);
    const asKnown = fixtureOf(known) !== undefined;
    const [as, its] = asKnown
      ? [
          { ...plain, op: calls[0] },
          { ...found, id: known, op: calls[0] },
        ]
      : [plain, found];
    const explained = await explain(as, its, outputShapeOf(observations), { observe, ask });
    return { ...explained, id: hit.id };
  };
  const fixture = fixtureOf(hit.id);
  if (fixture) {
    const explained = await explainOn(fixtureCase(fixture, one), fixture.oracle);
    if (explained) return explained;
  }
  const isOnGraphics = hit.backend !== 'core' && isGraphics(hit.backend);
  // Each try compiles shaders.
  for (const like of isOnGraphics ? fixturesLike(hit) : []) {
    const explained = await explainOn(fixtureCase(like, one), like.oracle);
    if (explained) return explained;
  }
  // What hangs or kills its process is not asked for again and again.
  if (hit.kind === 'hangs') return explanationOf(one, hit, outputShape);
  if (hit.kind === 'crashes') {
    const message = withConditions(hit.message, await conditionsOf(one));
    return explanationOf(one, { ...hit, message }, outputShape);
  }
  let lost = 0;
  const smaller = await shrink(
    { ...one, order: hit.direction === 'second order' ? 2 : 1 },
    async (candidate) => {
      if (lost >= MOST_LOST) return undefined;
      const observations = await observe(candidate, hit, search);
      if (observations.some(isLost)) {
        lost++;
        return undefined;
      }
      if (observations.some(search.isUseless)) return undefined;
      if (!(await sameOn(candidate, observations))) return undefined;
      const shape = outputShapeOf(observations);
      return shape ? sizeOf(shape) : 0;
    },
    isOnGraphics ? { budget: GRAPHICS_BUDGET } : {},
  );
  const found = one.variant === RANDOM && (await ofFamilies(smaller));
  if (found) return found;
  return (await explainOn(smaller)) ?? explanationOf(one, hit, outputShape);
}

/** "The gradient throws in TensorFlow.js' core, with a negative axis." */
const withConditions = (message: string, needed: readonly string[]): string =>
  needed.length > 0 ? message.replace(/\.$/, `, ${needed.join(' and ')}.`) : message;

/** What is got where the numbers are not the same each time. */
export const UNSTEADY = 'other numbers each time';

/** Numbers below all normal ones, which no computation of ordinary ones gives: what was in the memory before. */
const isLeftover = (got: string): boolean => /\de-(?:39|4\d)\b/.test(got);

const isAlike = (a: Hit, b: Hit): boolean =>
  a.kind === b.kind && a.backend === b.backend && a.direction === b.direction && a.culprit === b.culprit;

/** The same id, the same kind of numbers, and, of an error, the same words but for shapes and counts. */
function isSameFault(a: Hit, b: Hit): boolean {
  const kindOf = ({ got }: Hit): string =>
    /^[[\d-]|^NaN|^Infinity/.test(got)
      ? `${/NaN|Infinity/.test(got) ? 'not finite' : 'numbers'}`
      : got.replace(/(Status: \d+)|[-\d.,[\]]+/g, '$1');
  // What the tape has lost is a wrong number, or nothing at all.
  const isCut = a.culprit === TAPE_ORDER && a.id.startsWith(RANDOM);
  return a.id === b.id && (isCut || kindOf(a) === kindOf(b));
}

/** On the case as it is. */
export const explanationOf = (one: SweepCase, hit: Hit, outputShape?: readonly number[]): Explanation => ({
  id: hit.id,
  filed: filedAs(one, hit, outputShape),
});

const filedAs = (one: SweepCase, hit: Hit, outputShape?: readonly number[]): Filed => ({
  finding: {
    id: hit.id,
    kind: hit.kind,
    backend: hit.backend,
    direction: hit.direction,
    ...(hit.fault !== undefined && { fault: hit.fault }),
    ...(hit.culprit !== undefined && { culprit: hit.culprit }),
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

function isDegenerate(observation: Observation, { kind, direction }: Hit): boolean {
  if (observation.stage !== 'double' || isLost(observation) || 'error' in observation.forward) return false;
  // Empty tensors are what some kernels are found out by.
  const mayBeEmpty = kind === 'kernel' && direction === 'forward';
  const { values } = observation.forward.ok;
  return (values.length === 0 && !mayBeEmpty) || values.some((value) => !Number.isFinite(value));
}
