/** What a check could not see, and why. */
import { coordinateOf, type Blindness, type Entry, type Findings, type Pass } from '../engine/index.js';

/** A sentence on entries on both sides of which f is NaN or infinite, or throws. */
function undefinedAround({ subject }: Pass, input: number, entries: readonly Entry[]): string[] {
  const { name, shape, values } = subject.active[input];
  const around = entries.filter(({ state, blindness }) => state === 'blind' && blindness === 'undefined');
  if (around.length === 0) return [];
  const [{ j }] = around;
  const more = around.length > 1 ? `, and at ${around.length - 1} more` : '';
  return [
    `${name}: f is not finite around the point, or throws there: so it is on both sides of ${values[j]} at [${coordinateOf(j, shape).join(',')}]${more}. Check at a point around which f is defined.`,
  ];
}

/** The reasons, and what to do about them. */
const reasons: Record<
  Exclude<Blindness, 'undefined'>,
  (names: string, isNative: boolean, isZero: boolean) => string
> = {
  noise: (names, isNative) =>
    `The differences for ${names} are too noisy to tell${isNative ? " in float32: check with precision: 'float64'" : ': f rounds away what its derivative would show. Scale f so that its value is not much larger than what it changes by'}.`,
  hidden: (names, isNative, isZero) =>
    isZero
      ? `f is 0 here, short steps of ${names} do not change it, and autodiff's value is so small that rounding within f would hide what it stands for: nothing can be said of the derivative. Check at a point where f changes.`
      : `f's value is so large that its rounding hides what ${names} does to it: nothing can be said of the derivative. ${isNative ? "Check with precision: 'float64'" : 'Leave out the large constant part of f'}.`,
  undecided: (names) =>
    `The difference quotients for ${names} come to no limit: f has structure at every step that was tried. Check at another point, or smooth f.`,
  contradicted: (names) =>
    `Long steps and short ones say different things of ${names}: f has structure smaller than can be told from rounding. Check at another point.`,
  rounding: (names) =>
    `The gradient for ${names} differs from the differences by no more than its own rounding error. Check at another point, or with a formula in which less cancels.`,
};

/** Sentences on what the check could not see. */
export function explainUnseen({ pass, entries, projections }: Findings): string[] {
  const sentences: string[] = [];
  const isNative = pass.subject.precision === 'native';
  const isZero = pass.finite.every((k) => pass.outputs[k] === 0);
  const nameOf = (input: number): string => pass.subject.active[input].name;
  projections?.moreKinks.forEach((more, input) => {
    if (more) {
      sentences.push(
        `${nameOf(input)}: There are more kinks than the ${entries[input].filter(({ state }) => state === 'kink').length} found: move the inputs, or check in full mode.`,
      );
    }
  });
  const open = pass.subject.active.filter((_, i) => projections?.unresolved[i]).map(({ name }) => name);
  if (open.length > 0) {
    sentences.push(
      `Projections through ${open.join(', ')} are off, or too noisy, and no entry was found that explains it: check in full mode.`,
    );
  }
  if (pass.finite.length < pass.outputs.length) {
    const count = pass.outputs.length - pass.finite.length;
    sentences.push(
      `f is not finite here: ${count} of its ${pass.outputs.length} outputs are NaN or infinite, and were left out.`,
    );
    return sentences;
  }
  const byReason = new Map<Exclude<Blindness, 'undefined'>, Set<number>>();
  entries.forEach((found, input) => {
    for (const { state, blindness = 'undecided' } of found) {
      if (state === 'blind' && blindness !== 'undefined')
        byReason.set(blindness, (byReason.get(blindness) ?? new Set()).add(input));
    }
  });
  entries.forEach((found, input) => sentences.push(...undefinedAround(pass, input, found)));
  for (const [reason, inputs] of byReason) {
    sentences.push(reasons[reason]([...inputs].map(nameOf).join(', '), isNative, isZero));
  }
  return sentences;
}
