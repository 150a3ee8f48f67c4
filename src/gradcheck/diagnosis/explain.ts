/** What a wrong gradient looks like: the forms that mistakes take, in words. */
import * as tf from '@tensorflow/tfjs';
import { engine } from '../../float64/engine.js';
import { observingKernels } from '../../float64/in-float64.js';
import {
  constantFactor,
  dependenceOnCotangent,
  missingStatistics,
  otherInput,
  rearranged,
  relatedToInput,
  wrongOutput,
} from './forms.js';
import { largestOf, type Entry } from '../engine/judge.js';
import { directionLine, unitsOf, type Pass } from '../engine/pass.js';
import { ladderOf, slopeFrom } from '../engine/slope.js';
import { coordinateOf } from '../engine/subject.js';
import { tolerances } from '../engine/tolerance.js';
import { whereWrong } from './regions.js';

/** An input's entries as numbers to compare: the derivative by differences and by autodiff, for each cotangent. */
export interface Evidence {
  pass: Pass;
  input: number;
  name: string;
  shape: number[];
  /** Entries that were compared one by one, but for kinks. */
  entries: Entry[];
  units: Float64Array;
  numerical(entry: Entry, q: number): number;
  autodiff(entry: Entry, q: number): number;
  /** Whether two numbers are the same as far as forms go, for entries of this input. */
  same(a: number, b: number, entry: Entry, q: number): boolean;
}

export function evidenceOf(pass: Pass, input: number, entries: Entry[]): Evidence {
  const { name, shape } = pass.subject.active[input];
  const units = unitsOf(pass.subject.active[input]);
  const numerical = ({ slopes }: Entry, q: number): number => slopes[q].value;
  const smooth = entries.filter(({ state }) => state !== 'kink' && state !== 'blind');
  const largest = pass.cotangents.map((_, q) =>
    smooth.reduce(
      (most, entry) => Math.max(most, Math.abs(numerical(entry, q)) || 0),
      largestOf(pass, q, input),
    ),
  );
  const relative = Math.max(1e-5, 8 * tolerances[pass.subject.precision].rtol);
  return {
    pass,
    input,
    name,
    shape,
    entries: smooth,
    units,
    numerical,
    autodiff: ({ j }, q) => pass.autodiff[q][input][j],
    same: (a, b, { slopes }, q) =>
      Math.abs(a - b) <=
      relative * Math.max(Math.abs(a), Math.abs(b)) + 1e-7 * largest[q] + 3 * slopes[q].errorBar,
  };
}

/** Sentences on every input whose gradient is wrong. */
export function explain(pass: Pass, found: readonly Entry[][]): string[] {
  const evidence = found.map((entries, input) => evidenceOf(pass, input, entries));
  const sentences: string[] = [];
  evidence.forEach((one, input) => {
    const wrong = found[input].filter(({ state }) => state === 'wrong');
    const broken = found[input].filter(({ state }) => state === 'nonFinite');
    if (broken.length > 0) sentences.push(`${one.name}: ${nonFinite(pass, input, broken)}`);
    if (wrong.length > 0)
      sentences.push(...explainInput(one, wrong, evidence).map((sentence) => `${one.name}: ${sentence}`));
  });
  return sentences;
}

function explainInput(evidence: Evidence, wrong: readonly Entry[], all: readonly Evidence[]): string[] {
  const { pass, input } = evidence;
  if (pass.unreached.has(input)) {
    return [
      'the gradient is zero, because it is detached: f changes with it, but tf.grad finds no way from it to the output. Something on the way leaves TensorFlow.js: dataSync(), a tensor made of plain numbers, a variable.',
    ];
  }
  if (pass.autodiff.every((gradients) => gradients[input].every((value) => value === 0))) {
    return [
      'the gradient is zero everywhere, while f changes: it is detached, or a gradient function gives zeros.',
    ];
  }
  const whole =
    constantFactor(evidence, evidence.entries) ??
    rearranged(evidence) ??
    otherInput(evidence, all) ??
    dependenceOnCotangent(evidence);
  if (whole) return [whole];
  const where = whereWrong(evidence, wrong);
  const inside = [
    constantFactor(evidence, wrong),
    allZero(wrong, ({ j }) => pass.autodiff.map((gradients) => gradients[input][j]))
      ? 'it is zero there.'
      : undefined,
    allZero(wrong, (entry) =>
      pass.autodiff.map((_, q) => (evidence.same(evidence.numerical(entry, q), 0, entry, q) ? 0 : 1)),
    )
      ? 'it should be zero there.'
      : undefined,
    relatedToInput(evidence, wrong),
  ].find((sentence) => sentence !== undefined);
  if (where) return [where + (inside ? ` In that part: ${inside}` : '')];
  return [
    inside ??
      relatedToInput(evidence, evidence.entries) ??
      wrongOutput(evidence) ??
      missingStatistics(evidence) ??
      describeWorst(evidence, wrong),
  ];
}

const allZero = (entries: readonly Entry[], numbers: (entry: Entry) => number[]): boolean =>
  entries.every((entry) => numbers(entry).every((value) => value === 0));

function describeWorst({ shape, entries }: Evidence, wrong: readonly Entry[]): string {
  const worst = wrong.reduce((most, entry) =>
    Math.abs(entry.numerical - entry.autodiff) > Math.abs(most.numerical - most.autodiff) ? entry : most,
  );
  return `${wrong.length} of ${entries.length} entries compared are wrong, in no form that is known here; the worst is [${coordinateOf(worst.j, shape).join(',')}].`;
}

/** Which op made the first number that is not finite. */
function nonFinite(pass: Pass, input: number, broken: readonly Entry[]): string {
  const { subject, cotangents } = pass;
  const { shape, values } = subject.active[input];
  const [{ j }] = broken;
  const value = pass.autodiff
    .map((gradients) => gradients[input][j])
    .find((entry) => !Number.isFinite(entry))!;
  const count = pass.autodiff[0][input].filter((entry) => !Number.isFinite(entry)).length;
  const fact = `the gradient is ${value} at [${coordinateOf(j, shape).join(',')}], where the input is ${values[j]}${count > 1 ? `, and not finite at ${count - 1} more` : ''}.`;

  let infinite: string | undefined;
  let nan: string | undefined;
  observingKernels(
    (name, inputs, outputs) => {
      if (infinite && nan) return;
      const where = `${name} in the ${subject.forward ? 'forward' : 'backward'} pass`;
      const read = ({ dataId, dtype }: tf.TensorInfo): number[] =>
        dtype === 'float32' ? Array.from(engine().readSync(dataId) as Float32Array) : [];
      const results = outputs.flatMap(read);
      if (results.every(Number.isFinite)) return;
      const given = Object.values(inputs).flatMap((info) => (info ? [info].flat().flatMap(read) : []));
      if (!infinite && given.every(Number.isFinite)) infinite = where;
      if (!nan && results.some(Number.isNaN) && !given.some(Number.isNaN)) nan = where;
    },
    () => {
      let at = 0;
      const parts = subject.outputShapes!.map((outputShape) =>
        cotangents[0].subarray(at, (at += tf.util.sizeFromShape(outputShape))),
      );
      subject.vjp(parts);
    },
  );
  const first = infinite ? ` The first number that is not finite is made by ${infinite}` : '';
  const second = nan && nan !== infinite ? `${first ? '; ' : ' '}the first NaN by ${nan}` : '';
  return fact + first + second + (first || second ? '.' : '');
}

/** Sentences on the kinks of every input. */
export function explainKinks(pass: Pass, found: readonly Entry[][]): string[] {
  return found.flatMap((entries, input) => {
    const kinks = entries.filter(({ state }) => state === 'kink');
    if (kinks.length === 0) return [];
    const { name, shape } = pass.subject.active[input];
    const places = kinks
      .slice(0, 3)
      .map(({ j }) => `[${coordinateOf(j, shape).join(',')}]`)
      .join(', ');
    const more = kinks.length > 3 ? ` and ${kinks.length - 3} more` : '';
    const outside = kinks.filter(({ between }) => !between);
    const jump = kinks.some(({ slopes }) => slopes.some(({ kind }) => kind === 'singular'));
    const what = jump ? 'jumps, ends, or has an infinite slope' : 'has a kink';
    const verdict =
      outside.length === 0
        ? `the gradient lies between the one-sided slopes${kinks.length > 1 ? ' everywhere' : ''}.`
        : `the gradient lies outside of the one-sided slopes at [${coordinateOf(outside[0].j, shape).join(',')}]${outside.length > 1 ? ` and ${outside.length - 1} more` : ''}.`;
    const joint = outside.length === 0 && !jump ? jointly(pass, input, kinks) : undefined;
    return [`${name}: f ${what} at ${places}${more}; ${verdict}${joint ?? ''}`];
  });
}

/** Along all kinks of an input at once f may be smooth, as max is along its ties; then the gradient has to agree there. */
function jointly(pass: Pass, input: number, kinks: readonly Entry[]): string | undefined {
  if (kinks.length < 2) return undefined;
  const { values } = pass.subject.active[input];
  const direction = new Float64Array(values.length);
  const unit = unitsOf(pass.subject.active[input])[kinks[0].j];
  for (const { j } of kinks) direction[j] = unit;
  const line = directionLine(
    pass,
    pass.subject.active.map((_, i) => (i === input ? direction : null)),
  );
  const ladders = pass.factors.map((factor) =>
    ladderOf(line, { unit: 1, factor, first: 1, last: tolerances[pass.subject.precision].last }),
  );
  const slope = slopeFrom(ladders, 1, 0, line.noise()[0]);
  const expected = kinks.reduce((sum, { j }) => sum + pass.autodiff[0][input][j] * unit, 0);
  const off = Math.abs(slope.value - expected);
  if (slope.kind !== 'smooth' || off <= 1e-3 * Math.abs(expected) + 3 * slope.errorBar) return undefined;
  return ` Moved together, though, they leave f smooth, and the gradient's sum there is ${(expected / slope.value).toPrecision(3)} times the slope: it is no subgradient.`;
}
