/** The random numbers of a check, all from its seed. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export interface Random {
  /** Of size ½ to 1½, of either sign: no sum of a few of them is likely to vanish, and none is near 0. */
  weights(n: number, scale?: number): Float64Array;
  /** `count` different whole numbers below n, in order; all of them where count ≥ n. */
  sample(n: number, count: number): number[];
}

export function randomFrom(seed: number): Random {
  const generator = xoroshiro128plus(seed);
  const weight = (): number => (uniformFloat64(generator) + 0.5) * (uniformInt(generator, 0, 1) ? 1 : -1);
  return {
    weights: (n, scale = 1) => Float64Array.from({ length: n }, () => scale * weight()),
    sample(n, count) {
      if (count >= n) return Array.from({ length: n }, (_, i) => i);
      const chosen = new Set<number>();
      while (chosen.size < count) chosen.add(uniformInt(generator, 0, n - 1));
      return [...chosen].sort((a, b) => a - b);
    },
  };
}
