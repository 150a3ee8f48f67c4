/** Mini-batches: which examples each step of training sees. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** 'shuffle': every example once an epoch, in a new order each; 'replacement': each batch drawn at random from all. */
export type Sampling = 'shuffle' | 'replacement';

/** Whole numbers from 0 to n - 1, all alike likely, reproducible from the seed. */
export function randomIndices(seed: number): (n: number) => number {
  const generator = xoroshiro128plus(seed);
  return (n) => uniformInt(generator, 0, n - 1);
}

/**
 * The batches of indices 0 … count - 1, without end.
 *
 * With 'shuffle' the last batch of an epoch holds what is left: ceil(count / batchSize) batches see every example once.
 * Source: Saito, §4.2.3 (drawing at random) and §4.5.3 (epochs).
 */
export function* batches(
  count: number,
  batchSize: number,
  sampling: Sampling,
  seed: number,
): Generator<Int32Array> {
  const random = randomIndices(seed);
  if (sampling === 'replacement') {
    for (;;) yield Int32Array.from({ length: batchSize }, () => random(count));
  }
  const order = Int32Array.from({ length: count }, (_, index) => index);
  for (;;) {
    shuffle(order, random);
    for (let start = 0; start < count; start += batchSize) yield order.slice(start, start + batchSize);
  }
}

/** Fisher and Yates' shuffle, in place: every order is alike likely. */
function shuffle(order: Int32Array, random: (n: number) => number): void {
  for (let last = order.length - 1; last > 0; last--) {
    const other = random(last + 1);
    [order[last], order[other]] = [order[other], order[last]];
  }
}
