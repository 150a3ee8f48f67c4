/** The right numbers in the wrong places. */
import { coordinateOf } from '../engine/inputs.js';
import { ENOUGH, telling, type Evidence } from './evidence.js';

/** The right numbers in the wrong places: axes exchanged, an axis reversed or shifted. */
export function rearranged(evidence: Evidence): string | undefined {
  const { shape, entries, pass, input } = evidence;
  const holds = (place: (coordinate: number[]) => number): boolean =>
    pass.cotangents.every((_, q) => {
      const clear = telling(evidence, entries, q);
      return (
        clear.length >= ENOUGH &&
        clear.every((entry) =>
          evidence.same(
            evidence.numerical(entry, q),
            pass.autodiff[q][input][place(coordinateOf(entry.j, shape))],
            entry,
            q,
          ),
        )
      );
    });
  for (const order of shape.length <= 4 ? permutations(shape.length) : []) {
    if (order.every((axis, i) => axis === i)) continue;
    const permuted = order.map((axis) => shape[axis]);
    if (permuted.filter((length) => length > 1).length < 2) continue;
    if (
      holds((at) =>
        flatOf(
          order.map((axis) => at[axis]),
          permuted,
        ),
      )
    ) {
      return `the gradient is transposed: its axes are in the order [${order.join(',')}]. Its numbers are right, their places are not.`;
    }
  }
  for (let axis = 0; axis < shape.length; axis++) {
    const length = shape[axis];
    const moved = (by: (i: number) => number) => (at: number[]) =>
      flatOf(
        at.map((i, a) => (a === axis ? by(i) : i)),
        shape,
      );
    if (length > 1 && holds(moved((i) => length - 1 - i)))
      return `the gradient is reversed along axis ${axis}.`;
    for (const by of length > 2 ? [1, -1] : []) {
      if (holds(moved((i) => (i + by + length) % length)))
        return `the gradient is shifted by one along axis ${axis}.`;
    }
  }
  return undefined;
}

const flatOf = (at: readonly number[], shape: readonly number[]): number =>
  at.reduce((flat, i, axis) => flat * shape[axis] + i, 0);

function permutations(n: number): number[][] {
  if (n === 0) return [[]];
  return permutations(n - 1).flatMap((order) =>
    Array.from({ length: n }, (_, at) => [...order.slice(0, at), n - 1, ...order.slice(at)]),
  );
}
