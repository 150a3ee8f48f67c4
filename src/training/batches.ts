/** Mini-batches: which examples each step of training sees. */
import { randomIndices, shuffle } from '../random.js';

/** 'shuffle': every example once an epoch, in a new order each; 'replacement': each batch drawn at random from all. */
export type Sampling = 'shuffle' | 'replacement';

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
