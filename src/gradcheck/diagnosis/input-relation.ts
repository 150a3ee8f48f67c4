/** A mistake that goes with the input's own value. */
import type { Entry } from '../engine/judge.js';
import { ENOUGH, telling, type Evidence } from './evidence.js';

/** A relation that goes with the input's own value: a missing or a doubled inner derivative, a constant added. */
export function relatedToInput(evidence: Evidence, entries: readonly Entry[]): string | undefined {
  const { pass, input, numerical, autodiff, same } = evidence;
  const { values } = pass.subject.active[input];
  const clear = telling(evidence, entries, 0).filter(({ j }) => values[j] !== 0);
  if (clear.length < ENOUGH) return undefined;
  const steady = (list: number[]): boolean => {
    const size = Math.max(...list.map(Math.abs));
    return size > 0 && list.every((value) => Math.abs(value - list[0]) <= 1e-4 * size);
  };
  const ratio = (entry: Entry): number => autodiff(entry, 0) / numerical(entry, 0);
  const text = (factor: number): string =>
    Math.abs(factor - 1) < 1e-4 ? '' : ` times ${factor.toPrecision(3)}`;
  // Where every x is the same, a factor x is one like any other.
  const varies = !steady(clear.map(({ j }) => values[j]));
  const missing = clear.map((entry) => ratio(entry) * values[entry.j]);
  if (varies && steady(missing))
    return `the gradient is too small by the factor x${text(1 / missing[0])}: an inner derivative is missing.`;
  const doubled = clear.map((entry) => ratio(entry) / values[entry.j]);
  if (varies && steady(doubled)) return `the gradient has the factor x${text(doubled[0])} too much.`;
  if (
    entries.length === evidence.entries.length &&
    entries.every((entry) => !same(numerical(entry, 0), autodiff(entry, 0), entry, 0))
  ) {
    const added = clear.map((entry) => autodiff(entry, 0) - numerical(entry, 0));
    if (steady(added))
      return `a constant was added to the gradient: ${added[0].toPrecision(3)} (for the dy of this check).`;
  }
  return undefined;
}
