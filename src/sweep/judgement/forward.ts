/** Whether the values are right, and if not, on which backends. */
import { shapeText } from '../../functions/arguments.js';
import { sizeOf } from '../../shapes.js';
import type { Stage, SweepBackend } from '../observation/observation.js';
import { agree, ENTRYWISE_TOLERANCE, FORWARD_TOLERANCE, GRAPHICS_FLOOR, isGraphics } from './agreement.js';
import { closedFormOf } from './closed-forms.js';
import { errorHit, missingKernel } from './errors.js';
import { hitOf, type Witness } from './hit.js';
import { sourceOf, type Situation } from './situation.js';
import { numbersText } from './words.js';

/** Judges the values, and says whether there are any in double precision to go on with. */
export function judgeForward({ one, double, backends, oracle, hits }: Situation): boolean {
  const { forward } = double;
  if ('error' in forward) {
    const failed = backends.filter((observation) => 'error' in observation.forward);
    const everywhere =
      failed.length > 1 && failed.length === backends.length && !missingKernel(forward.error);
    hits.push(errorHit(one, everywhere ? 'core' : 'cpu', 'forward', forward.error, double));
    for (const { stage, forward: here } of everywhere ? [] : failed) {
      if (stage !== 'cpu' && 'error' in here) {
        hits.push(errorHit(one, stage as SweepBackend, 'forward', here.error, double));
      }
    }
    return false;
  }
  const closed = closedFormOf(one);
  const truth = closed
    ? {
        values: closed.x.map(closed.form.value),
        witness: { kind: 'closed form', by: 'closed form' } as Witness,
      }
    : oracle && { values: oracle.forward, witness: { kind: 'fixture', by: oracle.by } as Witness };
  const { values } = forward.ok;
  const entrywise = one.entrywise ?? false;
  const tolerance = entrywise ? ENTRYWISE_TOLERANCE : FORWARD_TOLERANCE;
  const same = (a: readonly number[], b: readonly number[]): boolean => agree(a, b, tolerance, entrywise);
  const report = (
    backend: SweepBackend,
    got: readonly number[],
    wanted: readonly number[],
    witness: Witness | null,
  ) =>
    hits.push(
      hitOf(one, {
        kind: 'kernel',
        backend,
        direction: 'forward',
        message: `The ${backend} backend's values are wrong.`,
        ...numbersText(got, wanted),
        witness,
      }),
    );
  const doubleWrong = truth !== undefined && !same(values, truth.values);
  const others: { stage: SweepBackend; values: readonly number[]; shape: readonly number[] }[] = [];
  for (const { stage, forward: here } of backends) {
    if ('error' in here) hits.push(errorHit(one, stage as SweepBackend, 'forward', here.error, double));
    else others.push({ stage: stage as SweepBackend, ...here.ok });
  }
  const wanted = truth?.values ?? values;
  const sameShape = ({ shape }: { shape: readonly number[] }): boolean =>
    doubleWrong || shapeText(shape) === shapeText(forward.ok.shape);
  const isFine = ({ stage, values: theirs }: { stage: Stage; values: readonly number[] }): boolean =>
    isGraphics(stage)
      ? agree(theirs, wanted, 4 * tolerance, entrywise, undefined, GRAPHICS_FLOOR)
      : same(theirs, wanted);
  const deviant = others.filter((other) => !isFine(other) || !sameShape(other));
  const independent = others.filter(({ stage }) => stage !== 'cpu');
  const sources = new Set(independent.map(({ stage }) => sourceOf(stage)));
  const majority =
    !truth &&
    sources.size >= 2 &&
    independent.every((other) => !same(other.values, values) && same(other.values, independent[0].values));
  const broken = sizeOf(forward.ok.shape) !== values.length || values.length === 0;
  if (broken) {
    const whole = others.find(({ values: theirs }) => theirs.length > 0);
    report(
      'cpu',
      values,
      truth?.values ?? whole?.values ?? [],
      truth?.witness ?? (whole ? { kind: 'backend', by: `backend ${whole.stage}` } : null),
    );
    return false;
  }
  if (majority) {
    // Backends with code of their own agree with one another, and not with the cpu kernels.
    report('cpu', values, independent[0].values, {
      kind: 'backend',
      by: independent.map(({ stage }) => `backend ${stage}`).join(', '),
    });
    return false;
  }
  for (const other of deviant) {
    const { stage, values: got, shape } = other;
    // What all of TensorFlow.js' own backends have from its core says nothing against libtensorflow.
    const ally =
      stage === 'tensorflow'
        ? undefined
        : others.find(
            (each) =>
              sourceOf(each.stage) !== sourceOf(stage) && each.stage !== 'cpu' && !deviant.includes(each),
          );
    report(
      stage,
      got,
      wanted,
      truth?.witness ?? (ally ? { kind: 'backend', by: `backend ${ally.stage}` } : null),
    );
    if (isFine(other)) {
      Object.assign(hits[hits.length - 1], {
        message: `The ${stage} backend's output has another shape.`,
        got: `shape ${shapeText(shape)}`,
        expected: `shape ${shapeText(forward.ok.shape)}`,
      });
    }
  }
  if (doubleWrong && !deviant.some(({ stage }) => stage === 'cpu'))
    report('cpu', values, wanted, truth.witness);
  return !doubleWrong;
}
