/** f along a line through the point, as weighted changes of its outputs, with the rounding to expect of them. */

/** f at one place of the line; one number a cotangent c. */
export interface Sample {
  /** The distance that was really gone, in units of the line's direction, as the precision stores it. */
  t: number;
  /** `Σ_k c_k·(f_k(there) - f_k(x))`; NaN where f threw, or one of the outputs is not finite there. */
  change: number[];
  /** `Σ_k |c_k·(f_k(there) - f_k(x))|`: what the sum would be if nothing cancelled. */
  size: number[];
  /** The rounding of those outputs that are larger there than at the point. */
  noise: number[];
  /** The place of the only output that changed; -1 where there are more, or none. */
  sole: number;
}

export interface Line {
  at(t: number): Sample;
  /** By cotangent: the rounding of a weighted change, from all outputs that have changed anywhere on the line so far. */
  noise(): number[];
  /** By cotangent: the largest `size` of all samples so far. */
  reach(): number[];
}

/** Both sides of the point at one step. */
export interface Pair {
  t: number;
  ahead: Sample;
  behind: Sample;
}

export const pairAt = (line: Line, t: number): Pair => ({ t, ahead: line.at(t), behind: line.at(-t) });

/** The central difference. */
export const quotient = ({ ahead, behind }: Pair, q: number): number =>
  (ahead.change[q] - behind.change[q]) / (ahead.t - behind.t);

/** The difference of the one-sided slopes. */
export const bend = ({ ahead, behind }: Pair, q: number): number =>
  ahead.change[q] / ahead.t - behind.change[q] / behind.t;

/** What the slope would be if nothing cancelled. */
export const scaleOf = ({ ahead, behind }: Pair, q: number): number =>
  Math.max(ahead.size[q], behind.size[q]) / Math.abs(ahead.t);

/** The place of the only output that changes on either side; -1 where there are more, or none. At the kink of a relu one side changes nothing. */
export function soleOf({ ahead, behind }: Pair, q: number): number {
  if (behind.size[q] === 0 || ahead.sole === behind.sole) return ahead.sole;
  return ahead.size[q] === 0 ? behind.sole : -1;
}

/** The rounding of a pair's changes. */
export const noiseOf = ({ ahead, behind }: Pair, q: number, line: number): number =>
  Math.max(line, ahead.noise[q], behind.noise[q]);

/** What a line needs to know of f at the point. */
export interface Point {
  cotangents: readonly Float64Array[];
  outputs: Float64Array;
  /** Places of the finite outputs. */
  finite: Int32Array;
  /** The rounding of each output. */
  noise: Float64Array;
  /** Half a unit in the last place of 1. */
  epsilon: number;
}

/** Where the line leads: f's outputs at a step, with the step as it is stored; no outputs where f threw. */
export type Walk = (t: number) => { t: number; there: Float64Array | undefined };

/** Outputs that are summed at a time. */
const BLOCK = 4096;

export function lineThrough({ cotangents, outputs, finite, noise, epsilon }: Point, walk: Walk): Line {
  const touched = new Uint8Array(outputs.length);
  const squares = cotangents.map(() => 0);
  const touch = (k: number): void => {
    if (touched[k] === 1) return;
    touched[k] = 1;
    for (let q = 0; q < squares.length; q++) squares[q] += (cotangents[q][k] * noise[k]) ** 2;
  };
  const farthest = cotangents.map(() => 0);
  const block = Math.min(BLOCK, outputs.length);
  const places = new Int32Array(block);
  const [differences, grown] = [new Float64Array(block), new Float64Array(block)];
  return {
    noise: () => squares.map(Math.sqrt),
    reach: () => farthest,
    at(nominal) {
      const { t, there } = walk(nominal);
      const change = cotangents.map(() => (there ? 0 : NaN));
      const size = cotangents.map(() => 0);
      const growth = cotangents.map(() => 0);
      let changed = 0;
      let last = -1;
      // The outputs that changed are collected by blocks, and a block is summed by one cotangent after the other: a loop over all of
      // them inside that over the outputs takes twice as long.
      let i = 0;
      while (there && i < finite.length) {
        let filled = 0;
        for (; i < finite.length && filled < BLOCK; i++) {
          const k = finite[i];
          const difference = there[k] - outputs[k];
          if (difference === 0) continue;
          touch(k);
          places[filled] = k;
          differences[filled] = difference;
          grown[filled] = Math.abs(there[k]) > Math.abs(outputs[k]) ? epsilon * there[k] : 0;
          filled++;
        }
        if (filled === 0) continue;
        changed += filled;
        last = places[filled - 1];
        for (let q = 0; q < cotangents.length; q++) {
          const cotangent = cotangents[q];
          let [sum, absolute, squared] = [change[q], size[q], growth[q]];
          for (let b = 0; b < filled; b++) {
            const c = cotangent[places[b]];
            const part = c * differences[b];
            sum += part;
            absolute += Math.abs(part);
            squared += (c * grown[b]) ** 2;
          }
          [change[q], size[q], growth[q]] = [sum, absolute, squared];
        }
      }
      // An output that is infinite or NaN there, or too large to be added up, leaves nothing to be seen.
      if (![...size, ...growth].every(Number.isFinite)) {
        const none = cotangents.map(() => 0);
        return { t, change: cotangents.map(() => NaN), size: none, sole: -1, noise: none };
      }
      size.forEach((amount, q) => (farthest[q] = Math.max(farthest[q], amount)));
      return { t, change, size, sole: changed === 1 ? last : -1, noise: growth.map(Math.sqrt) };
    },
  };
}
