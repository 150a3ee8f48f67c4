/** Random numbers for the cases. */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

export class Dice {
  private readonly generator;

  constructor(...words: number[]) {
    const state = [0x9e3779b9 | 0, 0x243f6a88, 0xb7e15162 | 0, 0x452821e6];
    words.forEach((word, i) => {
      state[i % 4] = Math.imul(state[i % 4] ^ word, 0x85ebca6b) ^ (i + 1);
    });
    this.generator = xoroshiro128plusFromState(state);
    for (let i = 0; i < 20; i++) this.generator.next();
  }

  uniform(low = 0, high = 1): number {
    return low + (high - low) * uniformFloat64(this.generator);
  }

  below(n: number): number {
    return Math.floor(this.uniform(0, n));
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  sign(): number {
    return this.chance(0.5) ? 1 : -1;
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Of size ½ to 1½ and either sign, as float32 holds it. */
  weight(): number {
    return Math.fround(this.sign() * this.uniform(0.5, 1.5));
  }

  /** 10^U(low, high) */
  magnitude(low: number, high: number): number {
    return 10 ** this.uniform(low, high);
  }
}

export const numbersOf = (n: number, next: () => number): number[] =>
  Array.from({ length: n }, () => Math.fround(next()));
