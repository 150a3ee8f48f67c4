/** Whether the values are right, and if not, whether TensorFlow.js' core or a backend's kernel is at fault. */
import { shapeText } from '../../functions/arguments.js';
import { sizeOf } from '../../shapes.js';
import type { SweepCase } from '../cases/case.js';
import type { Stage, StageObservation, SweepBackend, Values } from '../observation/observation.js';
import { agree, ENTRYWISE_TOLERANCE, floorOf, FORWARD_TOLERANCE, isGraphics } from './agreement.js';
import { closedFormOf } from './closed-forms.js';
import { errorHit, missingKernel } from './errors.js';
import { hitOf, type Hit, type Witness } from './hit.js';
import { intricate, suspectOf, TWO_WAYS, witnessOf, type Situation } from './situation.js';
import { listText, numbersText } from './words.js';

interface Truth {
  values: readonly number[];
  shape?: readonly number[];
  witness: Witness;
}

/** What the values should be, by somebody else than TensorFlow.js. */
function truthOf({ one, oracle, double }: Situation): Truth | undefined {
  const closed = closedFormOf(one);
  if (closed) {
    return { values: closed.x.map(closed.form.value), witness: { kind: 'closed form', by: 'closed form' } };
  }
  if (one.pair && double.forward && 'ok' in double.forward) {
    return { values: double.forward.ok.values.map(() => 0), witness: TWO_WAYS };
  }
  return oracle && { values: oracle.forward, shape: oracle.shape, witness: witnessOf(oracle) };
}

/**
 * Judges the values, and says whether there are some in double precision to go on with: the gradient is to be that of what is
 * computed, be it the right function or not.
 */
export function judgeForward(situation: Situation): boolean {
  const { double, hits, one } = situation;
  const { forward } = double;
  if ('error' in forward) {
    // Where there is nothing to compute, as with no window at all, an error is an answer.
    judgeThrownForward(situation, forward.error, forward.origin);
    return false;
  }
  const truth = truthOf(situation);
  const entrywise = one.entrywise ?? false;
  const tolerance = entrywise ? ENTRYWISE_TOLERANCE : FORWARD_TOLERANCE;
  const same = (a: readonly number[], b: readonly number[], stage?: Stage): boolean =>
    agree(a, b, tolerance * (stage && isGraphics(stage) ? 4 : 1), entrywise, undefined, floorOf(one, stage));
  const { values } = forward.ok;
  const broken = isBroken(forward.ok);
  const isWrong =
    broken ||
    (truth !== undefined &&
      (!same(values, truth.values) || (truth.shape && !sameShape(truth.shape, forward.ok.shape))));
  const right: Truth | undefined = truth ?? (broken ? undefined : { ...forward.ok, witness: ownKernels });
  const shape = truth ? (truth.shape ?? (isWrong ? undefined : forward.ok.shape)) : forward.ok.shape;
  const wrongHits: Hit[] = [];
  for (const { stage, forward: here } of situation.backends) {
    if ('error' in here) {
      hits.push(errorHit(one, stage as SweepBackend, 'forward', here.error, double));
    } else if (right ? !same(here.ok.values, right.values, stage) : isBroken(here.ok)) {
      wrongHits.push(wrongValues(situation, stage as SweepBackend, here.ok, right));
    } else if (shape && !sameShape(here.ok.shape, shape)) {
      wrongHits.push(wrongShape(situation, stage as SweepBackend, here.ok, shape, right));
    }
  }
  const cpu = situation.backends.find(({ stage }) => stage === 'cpu');
  const cpuIsRight = cpu && 'ok' in cpu.forward && !wrongHits.some(({ backend }) => backend === 'cpu');
  if (wrongHits.length > 0 && double.misplacing !== undefined) {
    const [first] = wrongHits;
    hits.push({
      ...inCore(first, `The core's ${double.misplacing} places the windows wrongly`, double.misplacing),
      ...(cpuIsRight && { shownOn: first.backend as SweepBackend }),
    });
  } else if (
    isWrong &&
    !cpuIsRight &&
    (isOptimizer(one) || !intricate(double.stock, double.kernels.forward))
  ) {
    const [first] = wrongHits.length > 0 ? wrongHits : [wrongValues(situation, 'cpu', forward.ok, right)];
    hits.push(inCore(first, 'The values are wrong on every backend'));
    // A backend that is right where the core's own are wrong computes another way.
    hits.push(...wrongHits.filter((hit) => !sameNumbers(hit, first)));
  } else {
    const ofCpu = isWrong && !cpuIsRight && !wrongHits.some(({ backend }) => backend === 'cpu');
    hits.push(...(ofCpu ? [wrongValues(situation, 'cpu', forward.ok, right)] : []), ...wrongHits);
  }
  // Without entries there is nothing to differentiate.
  return !broken && values.length > 0;
}

/** Optimizers are the core's: a kernel that refuses what they give it, or computes from it, is not to blame. */
const isOptimizer = ({ expression }: SweepCase): boolean => 'train' in expression;

/** Not as many numbers as its shape says. */
const isBroken = ({ shape, values }: Values): boolean => sizeOf(shape) !== values.length;

const ownKernels: Witness = { kind: 'backend', by: 'the double-precision kernels' };

const sameShape = (a: readonly number[], b: readonly number[]): boolean => shapeText(a) === shapeText(b);
const sameNumbers = (a: Hit, b: Hit): boolean => a.got === b.got && a.expected === b.expected;

/** Who says so: another library or a closed form, another backend, or else our own kernels in double precision. */
const witnessAgainst = (
  { backends, one }: Situation,
  backend: SweepBackend,
  got: Values,
  right: Truth | undefined,
): Witness | null => {
  if (right && right.witness !== ownKernels) return right.witness;
  const ally = allyOf(backends, backend, got, one);
  return ally ? { kind: 'backend', by: `backend ${ally.stage}` } : (right?.witness ?? null);
};

function wrongValues(
  situation: Situation,
  backend: SweepBackend,
  got: Values,
  right: Truth | undefined,
): Hit {
  return hitOf(situation.one, {
    kind: 'kernel',
    backend,
    direction: 'forward',
    culprit: suspectOf(situation.double.kernels.forward),
    message: `The ${backend} backend's values are wrong.`,
    ...(right
      ? numbersText(got.values, right.values)
      : { got: listText(got.values), expected: `${sizeOf(got.shape)} numbers` }),
    witness: witnessAgainst(situation, backend, got, right),
  });
}

/** A backend with kernels of its own that gives something else. */
function allyOf(
  backends: readonly StageObservation[],
  backend: SweepBackend,
  { values, shape }: Values,
  one: SweepCase,
): { stage: Stage; forward: { ok: Values } } | undefined {
  for (const { stage, forward } of backends) {
    if (stage === backend || stage === 'cpu' || !('ok' in forward) || forward.ok.values.length === 0)
      continue;
    const isAlike = agree(
      forward.ok.values,
      values,
      FORWARD_TOLERANCE,
      one.entrywise ?? false,
      undefined,
      floorOf(one, stage),
    );
    if (!isAlike || !sameShape(forward.ok.shape, shape)) return { stage, forward };
  }
  return undefined;
}

const wrongShape = (
  situation: Situation,
  backend: SweepBackend,
  got: Values,
  wanted: readonly number[],
  right: Truth | undefined,
): Hit =>
  hitOf(situation.one, {
    kind: 'kernel',
    backend,
    direction: 'forward',
    culprit: suspectOf(situation.double.kernels.forward),
    fault: 'shape',
    message: `The ${backend} backend's output has another shape.`,
    got: `shape ${shapeText(got.shape)}`,
    expected: `shape ${shapeText(wanted)}`,
    witness: witnessAgainst(situation, backend, got, right),
  });

/** The same in the core, which all backends share. */
export function inCore(hit: Hit, says: string, culprit?: string): Hit {
  const [op, , , direction, ...fault] = hit.id.split('/');
  return {
    ...hit,
    id: [op, 'formula', 'core', direction, ...fault].join('/'),
    kind: 'formula',
    backend: 'core',
    culprit,
    message: `${says}${hit.fault === 'shape' ? ': their shape is another one' : ''}.`,
  };
}

/** The op throws in double precision: the core does, or the cpu backend's kernel. */
function judgeThrownForward(
  { one, double, backends, hits }: Situation,
  error: string,
  origin: 'core' | 'kernel' | undefined,
): void {
  const isCore = (origin !== 'kernel' || isOptimizer(one)) && missingKernel(error) === undefined;
  hits.push(errorHit(one, isCore ? 'core' : 'cpu', 'forward', error, double));
  if (isCore) return;
  for (const { stage, forward } of backends) {
    if (stage !== 'cpu' && 'error' in forward) {
      hits.push(errorHit(one, stage as SweepBackend, 'forward', forward.error, double));
    }
  }
}
