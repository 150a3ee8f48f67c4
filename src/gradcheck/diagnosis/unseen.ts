/** Why an entry could not be judged, where f itself is the reason. */
import { coordinateOf } from '../engine/inputs.js';
import type { Entry } from '../engine/judge.js';
import type { Pass } from '../engine/pass.js';

/** A sentence on entries on both sides of which f is NaN or infinite, or throws; undefined where there are none. */
export function explainUnseen(
  { subject }: Pass,
  input: number,
  entries: readonly Entry[],
): string | undefined {
  const { name, shape, values } = subject.active[input];
  const around = entries.filter(
    ({ state, slopes }) => state === 'blind' && slopes.some(({ kind }) => kind === 'unknown'),
  );
  if (around.length === 0) return undefined;
  const [{ j }] = around;
  const more = around.length > 1 ? `, and at ${around.length - 1} more` : '';
  return `${name}: f is not finite around the point, or throws there: so it is on both sides of ${values[j]} at [${coordinateOf(j, shape).join(',')}]${more}. Check at a point around which f is defined.`;
}
