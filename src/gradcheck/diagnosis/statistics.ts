/** A sum, a mean or a spread that the gradient leaves out. */
import { coordinateOf } from '../engine/inputs.js';
import type { Entry } from '../engine/judge.js';
import type { Evidence } from './evidence.js';

/** What is missing is the way by a mean over an axis, or by mean and spread, as normalisations leave it out. */
export function missingStatistics({
  pass,
  input,
  shape,
  entries,
  numerical,
  autodiff,
  same,
}: Evidence): string | undefined {
  const { values } = pass.subject.active[input];
  if (entries.length !== values.length) return undefined;
  for (const [axis, length] of shape.entries()) {
    if (length < 3) continue;
    const slices = new Map<string, Entry[]>();
    for (const entry of entries) {
      const key = coordinateOf(entry.j, shape)
        .map((i, a) => (a === axis ? '' : i))
        .join();
      slices.set(key, [...(slices.get(key) ?? []), entry]);
    }
    /** Whether along every slice the error is a constant, or a straight line in x; a line through few points says nothing. */
    const holds = (straight: boolean): boolean =>
      pass.cotangents.every((_, q) =>
        [...slices.values()].every((slice) => {
          const at = slice.map(({ j }) => values[j]);
          const errors = slice.map((entry) => numerical(entry, q) - autodiff(entry, q));
          const mean = (list: readonly number[]): number =>
            list.reduce((sum, one) => sum + one, 0) / list.length;
          const [middle, level] = [mean(at), mean(errors)];
          const spread = mean(at.map((x) => (x - middle) ** 2));
          const slope =
            straight && spread > 0 ? mean(at.map((x, i) => (x - middle) * errors[i])) / spread : 0;
          return slice.every((entry, i) => {
            const line = level + slope * (at[i] - middle);
            return same(autodiff(entry, q) + line, numerical(entry, q), entry, q);
          });
        }),
      );
    if (holds(false))
      return `an amount that is the same along axis ${axis} is missing: f takes a sum or a mean over that axis, and the gradient leaves it out.`;
    if (length > 3 && holds(true))
      return `what is missing is, along axis ${axis}, a constant and a multiple of x: f normalises over that axis, and the gradient leaves out that the mean and the variance depend on x.`;
  }
  return undefined;
}
