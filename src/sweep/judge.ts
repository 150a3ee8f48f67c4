/** What the observations of a case say: which part of TensorFlow.js is wrong, and who else says so. */
import { shapeText } from '../functions/arguments.js';
import { sizeOf } from '../shapes.js';
import type { SweepCase } from './cases/case.js';
import { closedFormOf } from './closed-forms.js';
import { liesWithin, type Bracket } from './kinks.js';
import {
  activeInputs,
  cotangentOf,
  isLost,
  type Difference,
  type DoubleObservation,
  type LostObservation,
  type Observation,
  type Outcome,
  type Stage,
  type StageObservation,
} from './observe.js';
import type { Cell, Direction, Finding, FindingKind, SweepBackend, Witness } from './report.js';

/** A finding as one case shows it. */
export interface Hit extends Pick<
  Finding,
  'id' | 'op' | 'family' | 'kind' | 'backend' | 'direction' | 'message' | 'witness'
> {
  /** The input whose gradient it is. */
  input?: string;
  /** The numbers, or what was thrown; what is wanted instead. */
  got: string;
  expected: string;
}

export interface Judgement {
  hits: Hit[];
  backends: Partial<Record<SweepBackend, Cell>>;
  formula: Cell;
  second: Cell;
}

/** What another library computes for the case: flat numbers; of the gradients null where there is none. */
export interface Oracle {
  by: string;
  forward: readonly number[];
  gradients: Readonly<Record<string, readonly number[] | null>>;
  second?: Readonly<Record<string, readonly number[] | null>>;
}

/** float32 may be off by so much of the largest entry; entry by entry where they are of very different sizes. */
const FORWARD_TOLERANCE = 2e-4;
const BACKWARD_TOLERANCE = 1e-3;
const ENTRYWISE_TOLERANCE = 2e-3;
/** Inputs and cotangents are of size 1: float32 is off by so much wherever they cancel. */
const FLOOR = 2e-6;
/** What a graphics card's sin and cos may be off by: 2^-11 (Vulkan's and WGSL's tables of precision; GLSL ES leaves it open). */
const GRAPHICS_FLOOR = 2 ** -11;
const isGraphics = (stage: Stage): boolean => stage === 'webgl' || stage === 'webgpu';
/** Two computations in double precision. */
const DOUBLE_TOLERANCE = 1e-6;

/** Whether numbers agree, as far as the tolerance and the differences' own error bars go. NaN agrees with NaN alone. */
function agree(
  got: readonly number[],
  wanted: readonly number[],
  tolerance: number,
  entrywise: boolean,
  bars?: readonly number[],
  floor = entrywise ? 1e-30 : FLOOR,
): boolean {
  if (got.length !== wanted.length) return false;
  const largest = wanted.reduce(
    (most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most),
    0,
  );
  return wanted.every((value, i) => {
    if (Object.is(value, got[i]) || value === got[i]) return true;
    if (!Number.isFinite(value)) return false;
    const scale = entrywise ? Math.abs(value) : largest;
    return Math.abs(got[i] - value) <= tolerance * scale + 3 * (bars?.[i] ?? 0) + floor;
  });
}

interface Situation {
  one: SweepCase;
  names: string[];
  double: DoubleObservation;
  backends: StageObservation[];
  oracle?: Oracle;
  hits: Hit[];
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
      if (situation.double.second) cells.second = 'right';
      judgeSecond(situation);
    }
  }
  fillCells(cells);
  return { ...cells, hits: unique(hits) };
}

/** Two builds of one source are one witness. */
const sourceOf = (stage: Stage): Stage => (stage === 'wasm-nosimd' ? 'wasm' : stage);

/** One hit an id: the first. */
const unique = (hits: readonly Hit[]): Hit[] =>
  [...new Map([...hits].reverse().map((hit) => [hit.id, hit])).values()].reverse();

function fillCells(cells: Judgement): void {
  for (const { kind, backend, direction } of cells.hits) {
    if (kind === 'convention' || (kind === 'leaks' && backend === 'core')) continue;
    const cell: Cell = kind === 'kernel missing' || kind === 'no gradient' ? 'missing' : 'wrong';
    if (direction === 'second order') cells.second = worse(cells.second, cell);
    else if (backend === 'core') cells.formula = worse(cells.formula, cell);
    else cells.backends[backend] = worse(cells.backends[backend] ?? 'not run', cell);
  }
}

const ranks: readonly Cell[] = ['not run', 'right', 'missing', 'wrong'];
export const worse = (a: Cell, b: Cell): Cell => (ranks.indexOf(a) >= ranks.indexOf(b) ? a : b);

type HitDraft = Omit<Hit, 'id' | 'op' | 'family' | 'witness'> & { witness?: Witness | null };

function hitOf(one: SweepCase, draft: HitDraft): Hit {
  const op = one.variant ? `${one.op} (${one.variant})` : one.op;
  return {
    id: [op, draft.kind, draft.backend, draft.direction].join('/').replaceAll(' ', '-'),
    op: one.op,
    family: one.family,
    witness: null,
    ...draft,
  };
}

const observed = (by: string): Witness => ({ kind: 'observed', by });

function lostHits(one: SweepCase, lost: readonly LostObservation[]): Hit[] {
  return lost
    .filter(({ stage }) => stage !== 'double' || !lost.some((other) => other.stage === 'cpu'))
    .map(({ stage, lost: how, phase, message }) =>
      hitOf(one, {
        kind: how === 'memory' ? 'crashes' : how,
        backend: stage === 'double' ? 'cpu' : stage,
        direction: phase === 'differences' ? 'forward' : phase,
        message,
        got: message,
        expected: 'an end',
        witness: observed('the process'),
      }),
    );
}

function leakHits({ one, backends }: Omit<Situation, 'double'>): Hit[] {
  const hits: Hit[] = [];
  const text = (n: number): string => `${n} tensor${n === 1 ? '' : 's'} more than before`;
  for (const direction of ['forward', 'backward'] as const) {
    const leaking = backends.filter(({ leaks }) => leaks[direction] > 0);
    const threw = leaking.filter((observation) => {
      const outcome = observation[direction];
      return outcome !== undefined && 'error' in outcome;
    });
    const quiet = leaking.filter((observation) => !threw.includes(observation));
    const hit = (backend: SweepBackend | 'core', n: number, message: string): Hit =>
      hitOf(one, {
        kind: 'leaks',
        backend,
        direction,
        message,
        got: text(n),
        expected: 'as many tensors as before',
        witness: observed('tf.memory()'),
      });
    if (threw.length > 0) {
      const what = direction === 'forward' ? 'An op' : 'A gradient';
      hits.push({
        ...hit(
          'core',
          threw[0].leaks[direction],
          `${what} that throws leaves tensors behind, inside of tf.tidy too.`,
        ),
        // One cause for all ops: what the tape saved is not let go.
        ...(direction === 'backward' && {
          id: 'grad-that-throws/leaks/core/backward',
          op: 'grad that throws',
          family: 'core',
        }),
      });
    }
    const message = `The ${direction} pass leaves tensors behind, inside of tf.tidy too.`;
    if (quiet.length > 0 && quiet.length === backends.length) {
      hits.push(hit('core', quiet[0].leaks[direction], message));
    } else {
      hits.push(...quiet.map(({ stage, leaks }) => hit(stage as SweepBackend, leaks[direction], message)));
    }
  }
  return hits;
}

/** Judges the values, and says whether there are any in double precision to go on with. */
function judgeForward({ one, double, backends, oracle, hits }: Situation): boolean {
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

/** Names of kernels that do nothing but compute a gradient. */
const isGradientKernel = (name: string): boolean => /Grad$|Backprop/.test(name);

function judgeBackward(situation: Situation): void {
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

function judgeSecond({ one, double, oracle, hits }: Situation): void {
  const { second } = double;
  if (!second) return;
  const { failure, wrong, autodiff } = second;
  if (failure) {
    const hit = errorHit(one, 'core', 'second order', failure, double);
    const theirs =
      oracle?.second && Object.values(oracle.second).some((values) => values?.some((v) => v !== 0));
    hits.push({ ...hit, witness: theirs && oracle ? { kind: 'fixture', by: oracle.by } : hit.witness });
  } else if (wrong) {
    const theirs = oracle?.second?.[wrong.input]?.[wrong.entry];
    const agrees =
      theirs !== undefined && agree([theirs], [wrong.numerical], FORWARD_TOLERANCE, true, [wrong.errorBar]);
    hits.push(
      hitOf(one, {
        kind: 'formula',
        backend: 'core',
        direction: 'second order',
        input: wrong.input,
        message: second.unreached
          ? `The gradient's gradient is lost: tf.grad finds no way from the gradient back to ${wrong.input}.`
          : `The gradient's gradient is wrong by ${wrong.input}${ratioText([wrong.autodiff], [wrong.numerical])}.`,
        got: second.unreached
          ? 'an error: tf.grad finds no connection'
          : `${number(wrong.autodiff)}${(autodiff?.length ?? 1) > 1 ? ` at entry ${wrong.entry}` : ''}`,
        expected: number(wrong.numerical),
        witness: agrees && oracle ? { kind: 'fixture', by: oracle.by } : null,
      }),
    );
  }
}

function judgeKink(
  { one, names, double, backends, oracle, hits }: Situation,
  brackets: readonly Bracket[],
): void {
  const ofInput = (outcome: Outcome<Record<string, number[] | null>> | undefined, name: string) =>
    outcome && 'ok' in outcome ? (outcome.ok[name] ?? one.inputs[name].values.map(() => 0)) : undefined;
  names.forEach((name, input) => {
    const coordinates = brackets.filter(
      (bracket) => bracket.input === input && bracket.direction.filter((d) => d !== 0).length === 1,
    );
    const between = coordinates.map(({ low, high }) =>
      high - low > 1e-2 * Math.max(Math.abs(low), Math.abs(high), 1e-3)
        ? `${number(low)} … ${number(high)}`
        : number((low + high) / 2),
    );
    const isOpen = between.some((text) => text.includes('…'));
    const expected = `${between.join(' ')}, a subgradient`;
    const own = ofInput(double.backward, name);
    if (!own) return;
    const right = liesWithin(brackets, input, own);
    const theirs = oracle?.gradients[name];
    const witness: Witness | null =
      oracle && theirs && liesWithin(brackets, input, theirs) ? { kind: 'fixture', by: oracle.by } : null;
    const hit = (): Hit =>
      hitOf(one, {
        kind: right ? 'convention' : 'formula',
        backend: 'core',
        direction: 'backward',
        input: name,
        message: right
          ? 'At a kink the gradient is a choice; this is the one that is made.'
          : 'At a tie the gradient is no subgradient: moving all tied entries together changes the function by less than the gradient says.',
        got: listText(own),
        expected: theirs && witness ? `${listText(theirs)} in ${witness.by}` : expected,
        witness: right ? (witness ?? observed('the one-sided slopes')) : witness,
      });
    if (isOpen || !right) hits.push(hit());
    for (const { stage, backward } of backends) {
      const here = ofInput(backward, name);
      if (right && here && !liesWithin(brackets, input, here)) {
        hits.push(
          hitOf(one, {
            kind: 'kernel',
            backend: stage as SweepBackend,
            direction: 'backward',
            input: name,
            message: `The ${stage} backend's gradient is no subgradient at a kink.`,
            got: listText(here),
            expected,
            witness: { kind: 'backend', by: 'the double-precision kernels' },
          }),
        );
      }
    }
  });
}

const missingKernel = (message: string): string | undefined =>
  /Kernel '(.+?)' not registered for backend/.exec(message)?.[1] ??
  /^(\w+) has no kernel on/.exec(message)?.[1];
const missingGradient = (message: string): string | undefined =>
  /gradient function not found for (.+?)\.?$/m.exec(message)?.[1] ??
  /^(\w+) has no gradient in TensorFlow\.js/.exec(message)?.[1];

/** WebAssembly's traps. */
export const isCrash = (message: string): boolean =>
  /memory access out of bounds|unreachable|table index is out of bounds|null function or function signature|Aborted\(/.test(
    message,
  );

function errorHit(
  one: SweepCase,
  backend: SweepBackend | 'core',
  direction: Direction,
  error: string,
  { discrete }: DoubleObservation,
): Hit {
  const got = error.split('\n')[0];
  const expected = direction === 'forward' ? 'values' : 'a gradient';
  const kernel = missingKernel(error);
  if (kernel) {
    const owner = backend === 'core' ? 'cpu' : backend;
    return hitOf(one, {
      kind: 'kernel missing',
      backend: owner,
      direction,
      message: `The ${owner} backend has no kernel ${kernel}.`,
      got,
      expected,
      witness: observed('the error'),
    });
  }
  const op = missingGradient(error);
  const kind: FindingKind =
    op && !discrete.includes(op) ? 'no gradient' : isCrash(error) ? 'crashes' : 'throws';
  const what =
    direction === 'second order'
      ? "The gradient's gradient"
      : direction === 'forward'
        ? 'The op'
        : 'The gradient';
  return hitOf(one, {
    kind,
    backend,
    direction,
    message:
      kind === 'no gradient'
        ? `${op} has no gradient registered.`
        : op
          ? `${what} throws: it asks for a gradient of ${op}, which has none and needs none.`
          : `${what} ${kind === 'crashes' ? 'crashes' : 'throws'} on ${backend === 'core' ? 'every backend' : `the ${backend} backend`}.`,
    got,
    expected,
    witness: observed('the error'),
  });
}

/** So many numbers are shown of a list. */
const SHOWN = 12;

export const number = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(6))) : String(value);

export const listText = (values: readonly number[]): string =>
  `[${values.slice(0, SHOWN).map(number).join(', ')}${values.length > SHOWN ? ', …' : ''}]`;

/** Both lists, or their first entries that differ where they are long. */
function numbersText(got: readonly number[], wanted: readonly number[]): { got: string; expected: string } {
  if (wanted.length <= SHOWN || got.length !== wanted.length) {
    return { got: listText(got), expected: listText(wanted) };
  }
  const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value) || 0), 0);
  const off = wanted.findIndex((value, i) => !(Math.abs(value - got[i]) <= 1e-4 * largest));
  const at = Math.max(off, 0);
  return {
    got: `${number(got[at])} at entry ${at}`,
    expected: number(wanted[at]),
  };
}

/** Where all entries are off by one factor, that factor. */
function ratioText(got: readonly number[], wanted: readonly number[]): string {
  const pairs = wanted.flatMap((value, i) => (Math.abs(value) > 1e-9 ? [got[i] / value] : []));
  if (pairs.length < 2 && wanted.length > 1) return '';
  const [first] = pairs;
  if (first === undefined || !Number.isFinite(first) || Math.abs(first - 1) < 1e-6) return '';
  if (!pairs.every((ratio) => Math.abs(ratio - first) <= 1e-4 * Math.abs(first))) return '';
  return first === 0 ? ': it is 0' : `: it is ${number(first)} times what it should be`;
}
