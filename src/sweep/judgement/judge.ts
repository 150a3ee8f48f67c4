/** What the observations of a case say: which part of TensorFlow.js is wrong, and who else says so. */
import { hashOf, RANDOM, type SweepCase } from '../cases/case.js';
import { activeInputs } from '../cases/cotangents.js';
import {
  isLost,
  type DoubleObservation,
  type Observation,
  type StageObservation,
  type SweepBackend,
} from '../observation/observation.js';
import { judgeBackward, judgeOthers } from './backward.js';
import { judgeForward } from './forward.js';
import { worse, type Cell, type Hit } from './hit.js';
import { limited } from './limitations.js';
import { leakHits, lostHits } from './remains.js';
import { judgeSecond, TAPE_ORDER } from './second-order.js';
import type { Oracle, Situation } from './situation.js';

export interface Judgement {
  hits: Hit[];
  backends: Partial<Record<SweepBackend, Cell>>;
  formula: Cell;
  second: Cell;
}

export function judge(one: SweepCase, observations: readonly Observation[], oracle?: Oracle): Judgement {
  const hits: Hit[] = [];
  const cells: Judgement = { hits, backends: {}, formula: 'not run', second: 'not run' };
  const lost = observations.filter(isLost);
  for (const { stage } of observations) if (stage !== 'double') cells.backends[stage] = 'not run';
  hits.push(...lostHits(one, lost));
  const double = observations.find(({ stage }) => stage === 'double');
  const backends = observations.filter(
    (observation): observation is StageObservation => !isLost(observation) && observation.stage !== 'double',
  );
  const before: Omit<Situation, 'double'> = { one, names: activeInputs(one), backends, oracle, hits };
  hits.push(...leakHits(before));
  if (double && !isLost(double)) {
    const situation: Situation = { ...before, double: double as DoubleObservation };
    if (judgeForward(situation)) {
      cells.formula = 'right';
      for (const { stage, forward } of backends)
        if ('ok' in forward) cells.backends[stage as SweepBackend] = 'right';
      judgeBackward(situation);
      judgeOthers(situation);
      if (situation.double.second) cells.second = 'right';
      judgeSecond(situation);
    }
  }
  // What a kernel does at places that the core has told it wrongly is the core's fault, which is a finding of its own.
  const misplaced = double && !isLost(double) && (double as DoubleObservation).misplacing !== undefined;
  const unreached = double && !isLost(double) ? unreachedBy(double) : [];
  const own = misplaced ? hits.filter(({ kind }) => kind !== 'crashes') : hits;
  const judgement = {
    ...cells,
    hits: unique(own.map((hit) => ofComposition(one, withUnreached(limited(one, hit), unreached)))),
  };
  fillCells(judgement);
  return judgement;
}

/** Of several inputs those that autodiff does not reach. */
function unreachedBy({ backward }: StageObservation): string[] {
  const gradients = backward && 'ok' in backward ? Object.entries(backward.ok) : [];
  return gradients.length > 1
    ? gradients.flatMap(([name, gradient]) => (gradient === null ? [name] : []))
    : [];
}

const withUnreached = (hit: Hit, unreached: string[]): Hit =>
  unreached.length > 0 && hit.direction !== 'forward' ? { ...hit, unreached } : hit;

/**
 * A hit on a random composition is of that composition alone, until it is known which of its ops is behind it; but what is the same
 * mistake for all ops, by its own words, is one finding.
 */
function ofComposition(one: SweepCase, hit: Hit): Hit {
  if (one.variant !== RANDOM || hit.family !== one.family) return hit;
  const { kind, backend, direction, culprit, fault } = hit;
  const isGeneral = culprit === TAPE_ORDER || (kind === 'throws' && fault === undefined);
  const of = isGeneral ? [culprit] : [hashOf(one.id).toString(36), fault];
  return {
    ...hit,
    id: [RANDOM, kind, backend, direction, ...of].filter(Boolean).join('/').replaceAll(' ', '-'),
  };
}

/** One hit an id: the first. */
const unique = (hits: readonly Hit[]): Hit[] =>
  [...new Map([...hits].reverse().map((hit) => [hit.id, hit])).values()].reverse();

function fillCells(cells: Judgement): void {
  for (const { kind, backend, direction } of cells.hits) {
    if (kind === 'convention' || (kind === 'leaks' && backend === 'core')) continue;
    const cell: Cell = ['kernel missing', 'no gradient', 'limitation'].includes(kind) ? 'missing' : 'wrong';
    if (direction === 'second order') cells.second = worse(cells.second, cell);
    else if (backend === 'core') cells.formula = worse(cells.formula, cell);
    else cells.backends[backend] = worse(cells.backends[backend] ?? 'not run', cell);
  }
}
