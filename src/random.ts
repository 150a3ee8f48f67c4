/** Random numbers, all from a seed. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

type Generator = ReturnType<typeof xoroshiro128plusFromState>;

/** A generator for a seed, any whole number that a double holds: no two of them give the same state. */
export function generatorFrom(seed: number): Generator {
  const low = seed | 0;
  return xoroshiro128plusFromState([-1, ~low, low, Math.floor(seed / 2 ** 32) | 0]);
}

/** The generator that gave this state, from there on. */
export const generatorFromState = (state: readonly number[]): Generator => xoroshiro128plusFromState(state);

/** Whole numbers from 0 to n - 1, all alike likely, reproducible from the seed. */
export function randomIndices(seed: number): (n: number) => number {
  const generator = generatorFrom(seed);
  return (n) => uniformInt(generator, 0, n - 1);
}

/** Fisher and Yates' shuffle, in place: every order is alike likely. `random(n)` gives whole numbers from 0 to n - 1. */
export function shuffle<T>(order: { [i: number]: T; length: number }, random: (n: number) => number): void {
  for (let last = order.length - 1; last > 0; last--) {
    const other = random(last + 1);
    [order[last], order[other]] = [order[other], order[last]];
  }
}

/** The random numbers of a check. */
export interface Random {
  /** Of size ½ to 1½, of either sign: no sum of a few of them is likely to vanish, and none is near 0. */
  weights(n: number, scale?: number): Float64Array;
  /** `count` different whole numbers below n, in order; all of them where count ≥ n. */
  sample(n: number, count: number): number[];
  /** A number from low up to high. */
  uniform(low: number, high: number): number;
}

export function randomFrom(seed: number): Random {
  const generator = generatorFrom(seed);
  const weight = (): number => (uniformFloat64(generator) + 0.5) * (uniformInt(generator, 0, 1) ? 1 : -1);
  return {
    weights(n, scale = 1) {
      const weights = new Float64Array(n);
      for (let i = 0; i < n; i++) weights[i] = scale * weight();
      return weights;
    },
    sample(n, count) {
      if (count >= n) return Array.from({ length: n }, (_, i) => i);
      const chosen = new Set<number>();
      while (chosen.size < count) chosen.add(uniformInt(generator, 0, n - 1));
      return [...chosen].sort((a, b) => a - b);
    },
    uniform: (low, high) => low + (high - low) * uniformFloat64(generator),
  };
}
