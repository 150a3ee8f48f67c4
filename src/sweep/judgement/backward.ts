/** Whether the gradient is right, and if not, whether its formula or a kernel is at fault. */
import { shapeText } from '../../functions/arguments.js';
import type { SweepCase } from '../cases/case.js';
import { cotangentOf } from '../cases/cotangents.js';
import type { Difference, StageObservation, SweepBackend } from '../observation/observation.js';
import {
  agree,
  BACKWARD_TOLERANCE,
  DOUBLE_FLOOR,
  DOUBLE_TOLERANCE,
  ENTRYWISE_TOLERANCE,
  floorOf,
  FORWARD_TOLERANCE,
  isGraphics,
} from './agreement.js';
import { closedFormOf } from './closed-forms.js';
import { asOnCpu, errorHit, missingGradient, missingKernel } from './errors.js';
import { inCore } from './forward.js';
import { hitOf, type FindingKind, type Hit, type Witness } from './hit.js';
import { judgeKink } from './kink.js';
import { suspectOf, TWO_WAYS, witnessOf, type Oracle, type Situation } from './situation.js';
import { numbersText, ratioText } from './words.js';

/** Names of kernels that do nothing but compute a gradient. */
const isGradientKernel = (name: string): boolean => /Grad$|Backprop/.test(name);

/** The kernel that computed the input's gradient. A convolution has one for the filter and one for the image. */
const gradientSuspect = (ran: readonly string[], input: string): string | undefined => {
  const own = ran.filter(isGradientKernel);
  if (own.length === 0) return suspectOf(ran);
  if (!own.every((name) => name.includes('Backprop'))) return suspectOf(own);
  const part = /filter|kernel|depthwise|pointwise/i.test(input) ? 'Filter' : 'Input';
  return suspectOf(own) ?? suspectOf(own.filter((name) => name.includes(`Backprop${part}`)));
};

/** Gradients of a stage that gave some; zeros where autodiff did not reach the input. */
const gradientsOf = ({ backward }: StageObservation, name: string, length: number): readonly number[] =>
  (backward as { ok: Record<string, number[] | null> }).ok[name] ?? new Array<number>(length).fill(0);

/** Whether the backend computes what double precision computes: one that computes another function has another gradient. */
const isSameFunction = ({ one, double }: Situation, { stage, forward }: StageObservation): boolean =>
  'ok' in forward &&
  'ok' in double.forward &&
  agree(
    forward.ok.values,
    double.forward.ok.values,
    one.entrywise ? ENTRYWISE_TOLERANCE : 4 * FORWARD_TOLERANCE,
    one.entrywise ?? false,
    undefined,
    floorOf(one, stage),
  );

const hasGradients = ({ backward }: StageObservation): boolean => backward !== undefined && 'ok' in backward;

export function judgeBackward(situation: Situation): void {
  const { one, names, double, backends, hits } = situation;
  const { backward } = double;
  if (backward === undefined) return;
  if ('error' in backward) {
    const cpu = backends.find(({ stage }) => stage === 'cpu');
    judgeThrown(situation, asOnCpu(backward.error, cpu?.backward), backward.origin);
    return;
  }
  for (const { stage, forward, backward: here } of backends) {
    // What the gradient of an output of another shape throws is that shape's fault.
    const isShaped =
      'ok' in forward &&
      'ok' in double.forward &&
      shapeText(forward.ok.shape) === shapeText(double.forward.ok.shape);
    if (here && 'error' in here && isShaped)
      hits.push(errorHit(one, stage as SweepBackend, 'backward', here.error, double));
  }
  if (double.brackets) {
    judgeKink(situation, double.brackets);
    return;
  }
  const judged = backends.filter((each) => hasGradients(each) && isSameFunction(situation, each));
  for (const name of names) judgeInput(situation, name, judged);
}

/** Names for the finding which tell it from that of another input. */
const about = ({ names }: Situation, name: string): Pick<Hit, 'fault' | 'input'> => ({
  ...(names.length > 1 && { fault: name }),
  input: name,
});

const says = ({ names }: Situation, backend: SweepBackend | 'core', name: string): string =>
  `${backend === 'core' ? "The gradient's formula" : `The ${backend} backend's gradient`} is wrong${names.length > 1 ? ` for ${name}` : ''}`;

function judgeInput(situation: Situation, name: string, judged: readonly StageObservation[]): void {
  const { one, double, oracle, hits } = situation;
  const differences = double.differences?.[name] ?? [];
  const usable = differences.flatMap(({ numerical, state }, j) =>
    Number.isFinite(numerical) && state !== 'kink' && state !== 'blind' ? [j] : [],
  );
  if (usable.length === 0) return;
  const pick = <T>(list: readonly T[]): T[] => usable.map((j) => list[j]);
  const wanted = pick(differences.map(({ numerical }) => numerical));
  const bars = pick(differences.map(({ errorBar }) => errorBar));
  const isRight = (observation: StageObservation): boolean =>
    agree(
      pick(gradientsOf(observation, name, differences.length)),
      wanted,
      (one.entrywise ? ENTRYWISE_TOLERANCE : BACKWARD_TOLERANCE) * (isGraphics(observation.stage) ? 2 : 1),
      one.entrywise ?? false,
      bars,
      floorOf(one, observation.stage),
    );
  const inDouble = gradientsOf(double, name, differences.length);
  // Where a gradient is the difference of two equal ones, what is left in double precision is their rounding.
  const isRounding = (j: number): boolean =>
    !(one.entrywise ?? false) && Math.abs(inDouble[j] - differences[j].numerical) <= DOUBLE_FLOOR;
  const doubleIsWrong = differences.some(
    ({ state }, j) => (state === 'wrong' && !isRounding(j)) || state === 'nonFinite',
  );
  // Where a right formula cancels in float32 on the plainest backend too, it is float32 that can't.
  const plain = judged.find(({ stage }) => stage === 'cpu');
  if (one.entrywise && !doubleIsWrong && plain && !isRight(plain)) return;
  const second = anotherWitness(one, name, oracle, wanted, usable);
  const full = differences.map(({ numerical }) => numerical);
  const right = judged.filter(isRight);
  const wrong = judged.filter((observation) => !right.includes(observation));
  const ally = right.find(({ stage }) => stage !== 'cpu');
  const report = (
    kind: FindingKind,
    backend: SweepBackend | 'core',
    got: readonly number[],
    witness: Witness | null,
  ): Hit =>
    hitOf(one, {
      kind,
      backend,
      direction: 'backward',
      ...about(situation, name),
      ...(kind === 'kernel' && { culprit: gradientSuspect(double.kernels.backward, name) }),
      message: `${says(situation, backend, name)}${ratioText(got, full)}.`,
      ...numbersText(got, full),
      witness,
    });
  const ofStage = (observation: StageObservation): readonly number[] =>
    gradientsOf(observation, name, differences.length);
  const coarselyWrong =
    doubleIsWrong && !agree(pick(inDouble), wanted, BACKWARD_TOLERANCE, one.entrywise ?? false, bars);
  // Only a kernel of the cpu backend's own that computes a gradient can be wrong where core's formula is right.
  const ownKernelRan = double.kernels.backward.some(
    (kernel) => isGradientKernel(kernel) && double.stock.includes(kernel),
  );
  if (doubleIsWrong && !(coarselyWrong && ownKernelRan)) {
    hits.push(report('formula', 'core', inDouble, second));
    return;
  }
  const byAlly: Witness | null = ally ? { kind: 'backend', by: `backend ${ally.stage}` } : null;
  const byDouble: Witness | null = doubleIsWrong
    ? null
    : { kind: 'backend', by: 'the double-precision kernels' };
  if (wrong.length > 0 && double.misplacing !== undefined) {
    const [first] = wrong;
    const hit = report('kernel', first.stage as SweepBackend, ofStage(first), second ?? byDouble);
    hits.push(inCore(hit, `The core's ${double.misplacing} places the windows wrongly`, double.misplacing));
    return;
  }
  if (doubleIsWrong && !judged.some(({ stage }) => stage === 'cpu')) {
    hits.push(report('kernel', 'cpu', inDouble, second ?? byAlly));
  }
  for (const observation of wrong) {
    hits.push(
      report('kernel', observation.stage as SweepBackend, ofStage(observation), second ?? byAlly ?? byDouble),
    );
  }
}

/**
 * Backends that compute another function than double precision does, and the right one: differences say nothing of theirs, another
 * library does.
 */
export function judgeOthers(situation: Situation): void {
  const { one, names, oracle, hits, double, backends } = situation;
  if (!oracle || one.kink) return;
  const others = backends.filter(
    (each) =>
      hasGradients(each) &&
      !isSameFunction(situation, each) &&
      'ok' in each.forward &&
      agree(each.forward.ok.values, oracle.forward, FORWARD_TOLERANCE, false),
  );
  for (const name of names) {
    const theirs = oracle.gradients[name];
    if (theirs === undefined) continue;
    for (const observation of others) {
      const wanted = theirs ?? one.inputs[name].values.map(() => 0);
      const got = gradientsOf(observation, name, wanted.length);
      if (agree(got, wanted, BACKWARD_TOLERANCE, false)) continue;
      const backend = observation.stage as SweepBackend;
      hits.push(
        hitOf(one, {
          kind: 'kernel',
          backend,
          direction: 'backward',
          ...about(situation, name),
          culprit: gradientSuspect(double.kernels.backward, name),
          message: `${says(situation, backend, name)}${ratioText(got, wanted)}.`,
          ...numbersText(got, wanted),
          witness: witnessOf(oracle),
        }),
      );
    }
  }
}

/** Another library's gradient, or the closed form's, where it agrees with the differences. */
function anotherWitness(
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
  if (one.pair && usable.every((_, i) => Math.abs(wanted[i]) <= DOUBLE_TOLERANCE)) return TWO_WAYS;
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
  return oracle && agrees ? witnessOf(oracle) : null;
}

/** The gradient throws in double precision. */
function judgeThrown(
  { one, names, double, backends, oracle, hits }: Situation,
  error: string,
  origin: 'core' | 'kernel' | undefined,
): void {
  const gradientKernels = double.kernels.backward.filter(isGradientKernel);
  // What the tape says of a gradient's shape is said of the kernel that made the gradient, where there is one.
  const byTape = /The gradient of input '.*?' has shape/.test(error);
  const isKernel =
    missingGradient(error) === undefined &&
    (missingKernel(error) !== undefined ||
      (byTape ? gradientKernels.some((kernel) => double.stock.includes(kernel)) : origin === 'kernel'));
  const hit = errorHit(one, isKernel ? 'cpu' : 'core', 'backward', error, double);
  const differs = (differences: readonly Difference[] = []): boolean =>
    differences.some(({ numerical }) => Math.abs(numerical) > 1e-9);
  // Where nothing changes there is nothing to differentiate.
  if (hit.kind === 'no gradient' && !names.some((name) => differs(double.differences?.[name]))) return;
  const theirs = oracle && names.some((name) => oracle.gradients[name] != null);
  hits.push({ ...hit, witness: theirs ? witnessOf(oracle) : hit.witness });
  if (hit.backend === 'core') return;
  for (const { stage, backward } of backends) {
    if (stage !== 'cpu' && backward && 'error' in backward) {
      hits.push(errorHit(one, stage as SweepBackend, 'backward', backward.error, double));
    }
  }
}
