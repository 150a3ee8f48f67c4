/** Slopes along lines of plain numbers, with what each must be. */
import { lineThrough, type Line } from '../../../../src/gradcheck/engine/line.js';
import { ladderOf, slopeFrom, type Slope } from '../../../../src/gradcheck/engine/slope.js';
import {
  abs,
  bell,
  bent,
  cube,
  digest,
  linear,
  plus,
  power,
  quantised,
  relu,
  root,
  rounded,
  square,
  squareRoot,
  times,
  waves,
  within,
  type Curve,
} from './plain.js';

export interface SlopeCase {
  name: string;
  /** By output, along the line from 0. */
  outputs: Curve[];
  /** Along which the second ladder of steps goes, where it is another one. */
  others?: Curve[];
  kind: Slope['kind'];
  /** The slope, where it is known: what is called smooth has it, within three error bars. */
  slope?: number;
  /** Whether all is seen, so that the slope is of this kind. */
  isWhole?: boolean;
  /** The rounding of each output; half a unit in the last place of 1 where it is not said. */
  noise?: number;
  factors?: number[];
  first?: number;
  last?: number;
  unit?: number;
}

const line = (outputs: Curve[], noise: number): Line =>
  lineThrough(
    {
      cotangents: [Float64Array.from(outputs, () => 1)],
      outputs: Float64Array.from(outputs, ([f]) => f(0)),
      finite: Int32Array.from(outputs.keys()),
      noise: new Float64Array(outputs.length).fill(noise),
      epsilon: 2 ** -53,
    },
    (t) => ({ t, there: Float64Array.from(outputs, ([f]) => f(t)) }),
  );

const step = (height: number): Curve => [(x) => (x > 0 ? height : 0), () => 0];
const not = (curve: Curve, low: number, high: number): Curve =>
  within(curve, (x) => !(Math.abs(x) > low && Math.abs(x) < high));
const oddRoot: Curve = [(x) => Math.sign(x) * Math.sqrt(Math.abs(x)), () => NaN];
const oddFourthRoot: Curve = [(x) => Math.sign(x) * Math.sqrt(Math.sqrt(Math.abs(x))), () => NaN];
const from0 = (x: number): boolean => x >= 0;
const upTo0 = (x: number): boolean => x <= 0;

/** A curve but for a zone around 0, in which it is 0. */
const hollow = ([f]: Curve, zone: number): Curve => [(x) => (Math.abs(x) > zone ? f(x) : 0), () => 0];
/** So that 0 is another point of the curve. */
const moved = ([f, d]: Curve, by: number): Curve => [(x) => f(x + by), (x) => d(x + by)];

/** Curves, what they are at 0, and their slope where they have one. */
const curves: [string, Curve, Slope['kind'], number?][] = [
  ['a line', linear(3), 'smooth', 3],
  ['a constant', linear(0, 2), 'smooth', 0],
  ['a parabola', plus(square, linear(1)), 'smooth', 1],
  ['a cubic', cube, 'smooth', -2],
  ['a bell', moved(bell(), -0.3), 'smooth', bell()[1](-0.3)],
  ['a narrow bell', moved(bell(1e-3), -5e-4), 'smooth', bell(1e-3)[1](-5e-4)],
  ['a narrower bell', moved(bell(1e-6), -5e-7), 'smooth', bell(1e-6)[1](-5e-7)],
  ['a square root', moved(root, 1), 'smooth', root[1](1)],
  ['a wave', moved(waves(7), 0.03), 'smooth', waves(7)[1](0.03)],
  ['a fast wave on a line', plus(linear(0.1), moved(waves(512), 3e-4)), 'smooth', 0.1 + waves(512)[1](3e-4)],
  ['|x|', abs, 'kink'],
  ['a relu', relu, 'kink'],
  ['a relu to the left', [(x) => relu[0](-x), () => 0], 'kink'],
  ['two slopes', bent(-1, 3), 'kink'],
  ['a faint kink', plus(times(1e-5, abs), linear(1)), 'kink'],
  ['a kink of 2^-23', plus(times(2 ** -23, abs), linear(1)), 'kink'],
  ['a kink of 2^-26', plus(times(2 ** -26, abs), linear(1)), 'smooth', 1],
  ['a kink at 1e-3', moved(abs, -1e-3), 'smooth', -1],
  ['a kink at 1e-7', moved(abs, -1e-7), 'smooth', -1],
  ['a kink at 1e-10', moved(abs, -1e-10), 'kink'],
  ['|x|^1.5', power(1, 1), 'smooth', 0],
  ['|x|^1.5 and a line', plus(power(1, 1), linear(3)), 'smooth', 3],
  ['relu(x)^1.5', power(1, 0), 'smooth', 0],
  ['relu(x)^1.25', power(2, 0), 'smooth', 0],
  ['relu(x)^1.125', power(3, 0), 'smooth', 0],
  ['relu(x)^1.0625', power(4, 0), 'smooth', 0],
  ['relu(x)^1.03, which looks like a kink', power(5, 0), 'kink'],
  ['relu(x)^1.015, which looks like a kink', power(6, 0), 'kink'],
  ['relu(x)²', power(0, 0), 'smooth', 0],
  ['x|x|', [(x) => x * Math.abs(x), () => 0], 'smooth', 0],
  ['a jump', step(1), 'singular'],
  ['a jump down on a parabola', plus(step(-1e-4), square), 'singular'],
  ['a root', squareRoot, 'singular'],
  ['a root to the left', [(x) => Math.sqrt(-x), () => 0], 'singular'],
  ['a falling root', times(-1, squareRoot), 'singular'],
  ['a root of |x|', [(x) => Math.sqrt(Math.abs(x)), () => 0], 'singular'],
  ['a root with its sign', oddRoot, 'singular'],
  ['a fourth root with its sign', oddFourthRoot, 'singular'],
  ['a root beside a line', plus([(x) => (x > 0 ? Math.sqrt(x) : 0), () => 0], linear(2)), 'singular'],
  ['a line from 0', within(linear(2), from0), 'smooth', 2],
  ['a line up to 0', within(linear(2), upTo0), 'smooth', 2],
  ['a parabola from 0', within(plus(square, linear(1)), from0), 'smooth', 1],
  ['x^1.5 from 0', within(power(1, 0), from0), 'smooth', 0],
  ['an eighth root from 0', within([(x) => Math.sqrt(Math.sqrt(Math.sqrt(x))), () => 0], from0), 'singular'],
  ['a point', within(linear(1), (x) => x === 0), 'undefined'],
  ['a short line', within(linear(1), (x) => Math.abs(x) < 1e-7), 'smooth', 1],
  ['a very short line', within(linear(1), (x) => Math.abs(x) < 1e-8), 'undefined'],
  ['a short line that goes on to the right', within(linear(1), (x) => x > -1e-8), 'smooth', 1],
  ['a short line to the right', within(linear(1), (x) => x >= 0 && x < 1e-7), 'smooth', 1],
  ['a line with a gap', not(linear(2), 0.01, 0.02), 'smooth', 2],
  ['a cubic with a gap', not(cube, 0.01, 0.04), 'smooth', -2],
  ['x^1.5 with a gap', not(power(1, 0), 0.01, 0.04), 'smooth', 0],
  ['x^1.5 with a gap farther down', not(power(1, 0), 1e-5, 2e-5), 'smooth', 0],
  ['a hollow kink', hollow(abs, 1e-3), 'smooth', 0],
  ['a kink with a small hollow', hollow(abs, 1e-6), 'smooth', 0],
  ['a kink with a large hollow', hollow(abs, 0.03), 'smooth', 0],
  ['a quantiser', quantised(moved(linear(1), 0.3123), 256), 'smooth', 0],
  ['a fine quantiser', quantised(moved(linear(1), 0.3123), 1e6), 'smooth', 0],
  ['a finer quantiser', quantised(moved(linear(1), 0.3123), 1e7), 'smooth', 0],
  ['a very fine quantiser', quantised(moved(linear(1), 0.3123), 1e8), 'smooth', 0],
  ['float32', rounded(moved(bell(), -0.3), Math.fround), 'smooth', 0],
  ['float32 of a parabola', rounded(moved(square, 0.7), Math.fround), 'smooth', 0],
];

/** Ways to look at each of them. What few steps, or much noise, do not show may come out as something else. */
const ways: Record<string, Partial<SlopeCase>> = {
  'by two families of steps': { isWhole: true },
  'with no noise': { noise: 0 },
  'with much noise': { noise: 1e-10 },
  'by one family of steps': { factors: [0.7] },
  'by few steps': { last: 7 },
  'by very few steps': { first: 3, last: 7 },
  'by longer steps too': { first: -4 },
  'by powers of two': { factors: [1, 0.5], unit: 2 ** -3, noise: 0, last: 13 },
};

/** All cases, by how they are looked at. */
export const slopeCases: Record<string, SlopeCase[]> = {
  ...Object.fromEntries(
    Object.entries(ways).map(([way, rest]) => [
      way,
      curves.map(([name, curve, kind, slope]): SlopeCase => {
        // Few steps do not reach what is small.
        const known = rest.last === undefined ? slope : undefined;
        return { name, outputs: [curve], kind, slope: known, ...rest };
      }),
    ]),
  ),
  'beside a relu': curves.map(([name, curve, kind]): SlopeCase => ({
    name,
    outputs: [linear(0), curve, relu],
    kind,
  })),
  'by steps of which some go elsewhere': curves.map(([name, curve, kind], i): SlopeCase => {
    const [other, on] = curves[(5 * i + 3) % curves.length];
    return { name: `${name}, and ${other}`, outputs: [curve], others: [on], kind };
  }),
};

export function recordSlope({
  outputs,
  others,
  noise = 2 ** -53,
  factors = [0.7, 0.9],
  first = 1,
  last = 30,
  unit = 1,
  isWhole,
  slope: known,
}: SlopeCase): { verdict: string; lines: string } {
  const lines = [line(outputs, noise), line(others ?? outputs, noise)];
  const ladders = factors.map((factor, i) => ladderOf(lines[i], { unit, factor, first, last }));
  const slope = slopeFrom(ladders, unit, 0, lines[0].noise()[0]);
  const { kind, value, errorBar, left, right, sole, coarse } = slope;
  const isOff =
    kind === 'smooth' &&
    known !== undefined &&
    Math.abs(value - known) > 3 * errorBar + 1e-15 * Math.abs(known);
  return {
    verdict: isOff ? `${value} ± ${errorBar} instead of ${known}` : isWhole ? kind : 'as known',
    lines: `${kind} ${value} ± ${errorBar}, ${left} and ${right}, sole ${sole}${coarse ? `, else ${coarse.value} ± ${coarse.errorBar}` : ''}; ${digest(slope)}`,
  };
}
