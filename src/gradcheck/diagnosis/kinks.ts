/** Kinks: where they are, and whether the gradient is a subgradient there. */
import { coordinateOf } from '../engine/inputs.js';
import type { Entry } from '../engine/judge.js';
import type { Pass } from '../engine/pass.js';
import { slopeAlong } from './columns.js';
import { nonFinite } from './non-finite.js';
import { knownAtTies } from './tensorflow.js';

/** Sentences on the kinks of every input. */
export function explainKinks(pass: Pass, found: readonly Entry[][]): string[] {
  return found.flatMap((entries, input) => {
    const kinks = entries.filter(({ state }) => state === 'kink');
    if (kinks.length === 0) return [];
    const broken = kinks.filter(({ j }) =>
      pass.autodiff.some((gradients) => !Number.isFinite(gradients[input][j])),
    );
    if (broken.length > 0) return [`${pass.subject.active[input].name}: ${nonFinite(pass, input, broken)}`];
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
  const direction = new Float64Array(pass.subject.active[input].values.length);
  const [{ unit }] = kinks;
  for (const { j } of kinks) direction[j] = unit;
  const { left, right } = slopeAlong(pass, input, direction, 0);
  const slope = (left + right) / 2;
  const expected = kinks.reduce((sum, { j }) => sum + pass.autodiff[0][input][j] * unit, 0);
  const smooth = Math.abs(right - left) <= 1e-4 * Math.max(Math.abs(slope), Math.abs(expected));
  if (!smooth || Math.abs(slope - expected) <= 1e-3 * Math.abs(expected)) return undefined;
  const blame = knownAtTies(pass);
  return ` Moved together, though, they leave f smooth, and the gradient's sum there is ${(expected / slope).toPrecision(3)} times the slope: it is no subgradient.${blame ? ` ${blame}` : ''}`;
}
