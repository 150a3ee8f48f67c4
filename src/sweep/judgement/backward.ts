/** Whether the gradient is right, and if not, whether its formula or a kernel is at fault. */
import type { SweepCase } from '../cases/case.js';
import { cotangentOf } from '../cases/cotangents.js';
import type { Difference, StageObservation, SweepBackend } from '../observation/observation.js';
import {
  agree,
  BACKWARD_TOLERANCE,
  DOUBLE_TOLERANCE,
  ENTRYWISE_TOLERANCE,
  FORWARD_TOLERANCE,
  GRAPHICS_FLOOR,
  isGraphics,
} from './agreement.js';
import { closedFormOf } from './closed-forms.js';
import { errorHit, missingGradient } from './errors.js';
import { hitOf, type FindingKind, type Witness } from './hit.js';
import { judgeKink } from './kink.js';
import { sourceOf, type Oracle, type Situation } from './situation.js';
import { numbersText, ratioText } from './words.js';

/** Names of kernels that do nothing but compute a gradient. */
const isGradientKernel = (name: string): boolean => /Grad$|Backprop/.test(name);

export function judgeBackward(situation: Situation): void {
  const { one, names, double, backends, oracle, hits } = situation;
  const { backward } = double;
  if (backward === undefined) return;
  if ('error' in backward) {
    judgeThrown(situation, backward.error);
    return;
  }
  for (const { stage, backward: here } of backends) {
    if (here && 'error' in here)
      hits.push(errorHit(one, stage as SweepBackend, 'backward', here.error, double));
  }
  if (double.brackets) {
    judgeKink(situation, double.brackets);
    return;
  }
  // A backend that computes another function has another gradient.
  const judged = backends.filter(
    ({ stage, backward: here }) =>
      here &&
      'ok' in here &&
      !hits.some(
        ({ kind, backend, direction }) => kind === 'kernel' && backend === stage && direction === 'forward',
      ),
  );
  const gradientsOf = (
    { backward: here }: StageObservation,
    name: string,
    length: number,
  ): readonly number[] =>
    (here as { ok: Record<string, number[] | null> }).ok[name] ?? new Array<number>(length).fill(0);
  for (const name of names) {
    const differences = double.differences?.[name] ?? [];
    const usable = differences.flatMap(({ numerical, state }, j) =>
      Number.isFinite(numerical) && state !== 'kink' && state !== 'blind' ? [j] : [],
    );
    if (usable.length === 0) continue;
    const pick = <T>(list: readonly T[]): T[] => usable.map((j) => list[j]);
    const wanted = pick(differences.map(({ numerical }) => numerical));
    const bars = pick(differences.map(({ errorBar }) => errorBar));
    const inDouble = pick(gradientsOf(double, name, differences.length));
    const isRight = (observation: StageObservation): boolean =>
      agree(
        pick(gradientsOf(observation, name, differences.length)),
        wanted,
        (one.entrywise ? ENTRYWISE_TOLERANCE : BACKWARD_TOLERANCE) * (isGraphics(observation.stage) ? 2 : 1),
        one.entrywise ?? false,
        bars,
        isGraphics(observation.stage) ? GRAPHICS_FLOOR : undefined,
      );
    const doubleIsWrong = differences.some(({ state }) => state === 'wrong' || state === 'nonFinite');
    // Where a right formula cancels in float32 on the plainest backend too, it is float32 that can't.
    const plain = judged.find(({ stage }) => stage === 'cpu');
    if (one.entrywise && !doubleIsWrong && plain && !isRight(plain)) continue;
    const right = judged.filter(isRight);
    const wrong = judged.filter((observation) => !right.includes(observation));
    const second = fixtureOrClosedForm(one, name, oracle, wanted, usable);
    const full = differences.map(({ numerical }) => numerical);
    const report = (
      kind: FindingKind,
      backend: SweepBackend | 'core',
      got: readonly number[],
      witness: Witness | null,
    ): void => {
      hits.push(
        hitOf(one, {
          kind,
          backend,
          direction: 'backward',
          input: name,
          message: `${backend === 'core' ? "The gradient's formula" : `The ${backend} backend's gradient`} is wrong${names.length > 1 ? ` for ${name}` : ''}${ratioText(got, full)}.`,
          ...numbersText(got, full),
          witness,
        }),
      );
    };
    const coarselyWrong =
      doubleIsWrong && !agree(inDouble, wanted, BACKWARD_TOLERANCE, one.entrywise ?? false, bars);
    const ofStage = (observation: StageObservation): readonly number[] =>
      gradientsOf(observation, name, differences.length);
    const ally = right.find(({ stage }) => stage !== 'cpu');
    const byAlly: Witness | null = ally ? { kind: 'backend', by: `backend ${ally.stage}` } : null;
    const kernelRan = double.kernels.backward.some(isGradientKernel);
    const independent = judged.some(({ stage }) => stage !== 'cpu' && sourceOf(stage) !== 'wasm');
    if (!doubleIsWrong) {
      // The double-precision kernels agree with the differences: two methods against one kernel.
      for (const observation of wrong) {
        report(
          'kernel',
          observation.stage as SweepBackend,
          ofStage(observation),
          second ?? {
            kind: 'backend',
            by: ally ? `backend ${ally.stage}` : 'the double-precision kernels',
          },
        );
      }
    } else if (coarselyWrong && (ally || (kernelRan && !independent))) {
      report('kernel', 'cpu', gradientsOf(double, name, differences.length), second ?? byAlly);
      for (const observation of wrong.filter(({ stage }) => stage !== 'cpu')) {
        report('kernel', observation.stage as SweepBackend, ofStage(observation), second ?? byAlly);
      }
    } else {
      report('formula', 'core', gradientsOf(double, name, differences.length), second);
    }
  }
}

/** Another library's gradient, or the closed form's, where it agrees with the differences. */
function fixtureOrClosedForm(
  one: SweepCase,
  name: string,
  oracle: Oracle | undefined,
  wanted: readonly number[],
  usable: readonly number[],
): Witness | null {
  const closed = closedFormOf(one);
  if (closed) {
    const dy = cotangentOf(one, closed.x.length);
    const slopes = closed.x.map((x, i) => closed.form.slope(x) * dy[i]);
    if (
      agree(
        usable.map((j) => slopes[j]),
        wanted,
        DOUBLE_TOLERANCE,
        false,
      )
    ) {
      return { kind: 'closed form', by: 'closed form' };
    }
  }
  const given = oracle?.gradients[name];
  // None is as good as zeros.
  const theirs = given === null ? new Array<number>(Math.max(...usable) + 1).fill(0) : given;
  const agrees =
    theirs &&
    agree(
      usable.map((j) => theirs[j]),
      wanted,
      FORWARD_TOLERANCE,
      false,
    );
  return oracle && agrees ? { kind: 'fixture', by: oracle.by } : null;
}

/** The gradient throws in double precision. */
function judgeThrown({ one, names, double, backends, oracle, hits }: Situation, error: string): void {
  const everywhere = backends.every(({ backward }) => backward === undefined || 'error' in backward);
  const hit = errorHit(one, everywhere || missingGradient(error) ? 'core' : 'cpu', 'backward', error, double);
  const differs = (differences: readonly Difference[] = []): boolean =>
    differences.some(({ numerical }) => Math.abs(numerical) > 1e-9);
  // Where nothing changes there is nothing to differentiate.
  if (hit.kind === 'no gradient' && !names.some((name) => differs(double.differences?.[name]))) return;
  const theirs = oracle && names.some((name) => oracle.gradients[name] != null);
  hits.push({ ...hit, witness: theirs ? { kind: 'fixture', by: oracle.by } : hit.witness });
  if (hit.backend === 'core') return;
  for (const { stage, backward } of backends) {
    if (stage !== 'cpu' && backward && 'error' in backward) {
      hits.push(errorHit(one, stage as SweepBackend, 'backward', backward.error, double));
    }
  }
}
