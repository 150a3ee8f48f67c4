/** Mini-batches: which examples each step of training sees. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { generatorFrom, generatorFromState, shuffle } from '../random.js';

/** 'shuffle': every example once an epoch, in a new order each; 'replacement': each batch drawn at random from all. */
export type Sampling = 'shuffle' | 'replacement';

/** All that decides which batches come next. */
export interface SamplerState {
  /** The random generator's four words of 32 bits. */
  generator: number[];
  /** 'shuffle': the order of the epoch under way, and how many of it have been taken. */
  order?: Int32Array;
  position: number;
}

/**
 * Draws the batches of indices 0 … count - 1, without end.
 *
 * With 'shuffle' the last batch of an epoch holds what is left: ceil(count / batchSize) batches see every example once.
 * Source: Saito, §4.2.3 (drawing at random) and §4.5.3 (epochs).
 */
export class Sampler {
  private generator: ReturnType<typeof generatorFrom>;
  private readonly order?: Int32Array;
  private position: number;

  constructor(
    private readonly count: number,
    private readonly batchSize: number,
    sampling: Sampling,
    seed: number,
  ) {
    this.generator = generatorFrom(seed);
    this.order = sampling === 'shuffle' ? Int32Array.from({ length: count }, (_, index) => index) : undefined;
    this.position = sampling === 'shuffle' ? count : 0;
  }

  next(): Int32Array {
    const random = (n: number): number => uniformInt(this.generator, 0, n - 1);
    if (!this.order) return Int32Array.from({ length: this.batchSize }, () => random(this.count));
    if (this.position === this.count) {
      shuffle(this.order, random);
      this.position = 0;
    }
    const start = this.position;
    this.position = Math.min(start + this.batchSize, this.count);
    return this.order.slice(start, this.position);
  }

  state(): SamplerState {
    const { order, position } = this;
    return { generator: [...this.generator.getState()], order: order?.slice(), position };
  }

  /** Goes on where the sampler was that gave this state. */
  restore(state: SamplerState): void {
    this.generator = generatorFromState(state.generator);
    if (state.order) this.order?.set(state.order);
    this.position = state.position;
  }
}

/** What a `Sampler` draws, one after the other. */
export function* batches(
  count: number,
  batchSize: number,
  sampling: Sampling,
  seed: number,
): Generator<Int32Array> {
  const sampler = new Sampler(count, batchSize, sampling, seed);
  for (;;) yield sampler.next();
}
