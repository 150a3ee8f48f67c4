/** Gradients that may be meant to differ from f's derivative: zero, dy itself, a multiple; and f flat where the gradient is not 0. */
import type { Entry } from '../engine/judge.js';
import type { Evidence } from './evidence.js';

/** Whether the gradient is dy itself at these entries, of which each has an output of its own. */
export function isPassedThrough(
  { pass, input, autodiff, same }: Evidence,
  entries: readonly Entry[],
): boolean {
  const { subject, cotangents } = pass;
  if (pass.outputs.length !== subject.active[input].values.length) return false;
  return entries.every((entry) =>
    cotangents.every((dy, q) => same(autodiff(entry, q), dy[entry.j], entry, q)),
  );
}

/** Whether f does not change with the entries, as far as can be seen. */
export const isFlat = ({ pass, numerical, same }: Evidence, entries: readonly Entry[]): boolean =>
  entries.length > 0 &&
  entries.every((entry) => pass.cotangents.every((_, q) => same(numerical(entry, q), 0, entry, q)));

/** f is flat, and the gradient is not 0: a mistake, or a straight-through estimator. */
export function notFlat(evidence: Evidence, wrong: readonly Entry[]): string | undefined {
  const { pass, entries } = evidence;
  if (wrong.length < entries.length || !isFlat(evidence, entries)) return undefined;
  const { reference } = pass.subject;
  if (isPassedThrough(evidence, entries)) {
    return `the gradient is dy itself, as the identity's, where it should be zero: ${reference} is flat there.`;
  }
  return `the gradient should be zero: ${reference} is flat there.`;
}

/** What to declare where the difference is meant. Without an option `surrogate`, and of the first order only. */
export function declarationOf(evidence: Evidence, wrong: readonly Entry[]): string | undefined {
  const { pass, autodiff, numerical, same } = evidence;
  const { subject, order } = pass;
  if (order !== 1 || subject.reference !== 'f') return undefined;
  const everywhere = (holds: (entry: Entry, q: number) => boolean): boolean =>
    wrong.every((entry) => pass.cotangents.every((_, q) => holds(entry, q)));
  if (everywhere((entry, q) => autodiff(entry, q) === 0)) {
    return wrong.length === evidence.entries.length
      ? "If that is meant, as of a stop-gradient, declare it: surrogate: 'zero'."
      : undefined;
  }
  if (isFlat(evidence, wrong)) {
    if (isPassedThrough(evidence, evidence.entries))
      return "If that is meant, as of a straight-through estimator, declare it: surrogate: 'identity'.";
    return wrong.length < evidence.entries.length
      ? undefined
      : 'If that is meant, as of a smoothed or a straight-through gradient, declare the function that it is the derivative of: surrogate: (x) => ….';
  }
  return everywhere((entry, q) => same(autodiff(entry, q), -numerical(entry, q), entry, q))
    ? 'If that is meant, as of a gradient reversal, declare it: surrogate: { scale: -1 }.'
    : undefined;
}
