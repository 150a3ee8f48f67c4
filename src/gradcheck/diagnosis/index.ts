/** What a check's findings look like, in words: the forms that mistakes take, kinks, and what is not to be seen. */
import type { GradientFailure } from '../engine/failures.js';
import { coordinateOf } from '../engine/inputs.js';
import type { Entry } from '../engine/judge.js';
import type { Pass } from '../engine/pass.js';
import type { Subject } from '../engine/subject.js';
import { dependenceOnCotangent } from './cotangent.js';
import { detached, lostOnTheTape } from './detached.js';
import { evidenceOf, ENOUGH, weightOf, type Evidence } from './evidence.js';
import { constantFactor } from './factor.js';
import { relatedToInput } from './input-relation.js';
import { nonFinite } from './non-finite.js';
import { otherInput } from './other-input.js';
import { wrongOutput } from './outputs.js';
import { offByPower } from './power.js';
import { rearranged } from './rearranged.js';
import { whereWrong } from './regions.js';
import { missingStatistics } from './statistics.js';
import { declarationOf, isFlat, isPassedThrough, notFlat } from './surrogate.js';
import { faultOf, knownFaults } from './tensorflow.js';
import { ofTransposed } from './transposed.js';

export { explainFlat } from './flat.js';
export { explainKinks } from './kinks.js';
export { explainUnseen } from './unseen.js';

/** Sentences on every input whose gradient is wrong, and on TensorFlow.js' part in it. */
export function explain(pass: Pass, found: readonly Entry[][]): string[] {
  const evidence = found.map((entries, input) => evidenceOf(pass, input, entries));
  const sentences = evidence.flatMap((one, input) => {
    const { name } = one;
    const wrong = found[input].filter(({ state }) => state === 'wrong');
    const broken = found[input].filter(({ state }) => state === 'nonFinite');
    return [
      ...(broken.length > 0 ? [nonFinite(pass, input, broken)] : []),
      ...(wrong.length > 0 ? withDeclaration(one, wrong, explainInput(one, wrong, evidence)) : []),
    ].map((sentence) => `${name}: ${sentence}`);
  });
  if (sentences.length === 0) return [];
  const cause = pass.unreached.size === 0 ? (lostOnTheTape(pass) ?? knownFaults(pass)) : undefined;
  return cause ? [...sentences, cause] : sentences;
}

/** What a check that could not go on has to say. `subject` is f, also where it is f's gradient that failed (order 2). */
export function explainFailure(failure: GradientFailure, subject: Subject, order: 1 | 2): string[] {
  const fault = faultOf(failure, subject, order);
  return fault ? [failure.message, fault] : [failure.message];
}

/** What to declare, where what was found may be meant, goes with the last sentence. */
function withDeclaration(evidence: Evidence, wrong: readonly Entry[], sentences: string[]): string[] {
  const declaration = isFaint(evidence, wrong) ? undefined : declarationOf(evidence, wrong);
  if (!declaration) return sentences;
  return [...sentences.slice(0, -1), `${sentences[sentences.length - 1]} ${declaration}`];
}

function explainInput(evidence: Evidence, wrong: readonly Entry[], all: readonly Evidence[]): string[] {
  const { pass, input, entries } = evidence;
  if (isFaint(evidence, wrong)) {
    return [
      constantFactor(evidence, entries) ?? whereWrong(evidence, wrong) ?? plainNumbers(evidence, wrong),
    ];
  }
  const whole =
    detached(pass, input) ??
    notFlat(evidence, wrong) ??
    constantFactor(evidence, entries) ??
    offByPower(evidence) ??
    rearranged(evidence) ??
    otherInput(evidence, all) ??
    ofTransposed(evidence) ??
    dependenceOnCotangent(evidence);
  if (whole) return [whole];
  const where = whereWrong(evidence, wrong);
  const inside = [
    constantFactor(evidence, wrong),
    isZero(evidence, wrong) ? 'it is zero there.' : undefined,
    isFlat(evidence, wrong)
      ? `it should be zero there${isPassedThrough(evidence, wrong) ? ", and is dy itself, as the identity's" : ''}.`
      : undefined,
    relatedToInput(evidence, wrong),
  ].find((sentence) => sentence !== undefined);
  if (where) return [where + (inside ? ` In that part: ${inside}` : '')];
  return [
    inside ??
      relatedToInput(evidence, entries) ??
      wrongOutput(evidence) ??
      missingStatistics(evidence) ??
      plainNumbers(evidence, wrong),
  ];
}

/** Whether the errors are smaller than what numbers of a form may differ by: a gradient that is right but for them has every form. */
const isFaint = ({ pass, same, numerical, autodiff }: Evidence, wrong: readonly Entry[]): boolean =>
  wrong.every((entry) =>
    pass.cotangents.every((_, q) => same(numerical(entry, q), autodiff(entry, q), entry, q)),
  );

/** Whether the gradient is 0 at all of the entries. */
const isZero = ({ pass, autodiff }: Evidence, entries: readonly Entry[]): boolean =>
  entries.every((entry) => pass.cotangents.every((_, q) => autodiff(entry, q) === 0));

/** The numbers themselves, where they are few or have no form. */
function plainNumbers(evidence: Evidence, wrong: readonly Entry[]): string {
  const { pass, shape, entries, input } = evidence;
  const numbers = (entry: Entry): string => {
    const { q } = entry;
    const weight = weightOf(pass, entry, q);
    const [got, wanted] = [evidence.autodiff(entry, q), evidence.numerical(entry, q)].map((value) =>
      Number((value / weight).toPrecision(7)),
    );
    const scalar = pass.subject.active[input].values.length === 1;
    const place = scalar ? '' : ` at [${coordinateOf(entry.j, shape).join(',')}]`;
    return `the gradient${place} is ${got}, the differences give ${wanted}`;
  };
  if (entries.length < ENOUGH) return `${wrong.map(numbers).join('; ')}.`;
  const error = ({ numerical, autodiff }: Entry): number => Math.abs(numerical - autodiff);
  const worst = wrong.reduce((most, entry) => (error(entry) > error(most) ? entry : most));
  return `${wrong.length} of ${entries.length} entries compared are wrong, in no form that is known here; the largest error: ${numbers(worst)}.`;
}
