/** What a gradient has to lie between at a point where the function has kinks. */
import { directionLine, type Pass } from '../../gradcheck/engine/index.js';
import { randomFrom } from '../../random.js';

/** Along a direction of one input: bounds of the directional derivative close by. */
export interface Bracket {
  /** The input's place among the differentiated ones. */
  input: number;
  direction: number[];
  low: number;
  high: number;
}

/** How far around the point it is looked, relative to the inputs' size: features of the function are larger. */
const NEAR = 2 ** -14;
const STEP = 2 ** -24;
const DIRECTIONS = 12;
const POINTS = 16;

/**
 * For every coordinate, the direction of all ones and some of ±1: the smallest and largest derivative along it at points close to
 * the pass' own. A subgradient's component lies between them, in every direction: the gradient [1,1] of max at a tie does not,
 * as along [1,1] the maximum rises by 1.
 */
export function bracketsAt(pass: Pass): Bracket[] {
  const random = randomFrom(1);
  return pass.subject.work(() =>
    pass.subject.active.flatMap((active, input) => {
      const { values } = active;
      const units = pass.units[input];
      const signs = (): Float64Array => random.weights(values.length).map(Math.sign);
      const directions = [
        ...Array.from(values.keys(), (j) => new Float64Array(values.length).fill(1, j, j + 1)),
        new Float64Array(values.length).fill(1),
        ...Array.from({ length: values.length > 1 ? DIRECTIONS : 0 }, signs),
      ];
      const points = Array.from({ length: POINTS }, () => random.weights(values.length));
      return directions.map((direction): Bracket => {
        const slopes = points.map((offset) => slopeAt(pass, input, direction, offset, units));
        return {
          input,
          direction: Array.from(direction),
          low: Math.min(...slopes),
          high: Math.max(...slopes),
        };
      });
    }),
  );
}

/** The derivative along the direction at a point beside the pass' own. */
function slopeAt(
  pass: Pass,
  input: number,
  direction: Float64Array,
  offset: Float64Array,
  units: Float64Array,
): number {
  const step = STEP * Math.max(...units);
  const at = (t: number): number =>
    directionLine(
      pass,
      pass.subject.active.map((_, i) =>
        i === input ? direction.map((d, k) => NEAR * units[k] * offset[k] + t * d) : null,
      ),
    ).at(1).change[0];
  return (at(step) - at(-step)) / (2 * step);
}

/** Whether a gradient of the input is a subgradient, as far as the directions show. */
export function liesWithin(
  brackets: readonly Bracket[],
  input: number,
  gradient: readonly number[],
): boolean {
  return brackets
    .filter((bracket) => bracket.input === input)
    .every(({ direction, low, high }) => {
      const along = direction.reduce((sum, d, i) => sum + d * gradient[i], 0);
      const slack = 1e-3 * Math.max(Math.abs(low), Math.abs(high), 1e-3);
      return along >= low - slack && along <= high + slack;
    });
}
