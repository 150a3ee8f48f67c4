/** A gradient that is off by a power of the input, or of the output: 1/(2x) for 1/(2√x). */
import { ENOUGH, ratiosOf, type Evidence } from './evidence.js';

/** Exponents that are looked for. */
const EXPONENTS = [-4, -3, -2, -3 / 2, -1, -2 / 3, -1 / 2, -1 / 3, 1 / 3, 1 / 2, 2 / 3, 1, 3 / 2, 2, 3, 4];

/** Relative agreement of ratios. */
const AGREEMENT = 1e-4;

interface Power {
  exponent: number;
  factor: number;
}

/** The power of `base` that the ratios are, times a factor. */
function powerOf(ratios: readonly number[], base: readonly number[]): Power | undefined {
  const sizes = base.map(Math.abs);
  const [least, most] = [sizes.indexOf(Math.min(...sizes)), sizes.indexOf(Math.max(...sizes))];
  if (!(sizes[least] > 0) || sizes[most] / sizes[least] < 1.1) return undefined;
  const slope = Math.log(Math.abs(ratios[most] / ratios[least])) / Math.log(sizes[most] / sizes[least]);
  const exponent = EXPONENTS.find((one) => Math.abs(one - slope) < 0.01);
  if (exponent === undefined) return undefined;
  const isOdd = Math.abs(exponent % 2) === 1;
  const power = (x: number): number => Math.abs(x) ** exponent * (isOdd ? Math.sign(x) : 1);
  const factors = ratios.map((ratio, i) => ratio / power(base[i]));
  const [factor] = factors;
  const isSteady = factors.every((one) => Math.abs(one - factor) <= AGREEMENT * Math.abs(factor));
  return isSteady ? { exponent, factor } : undefined;
}

const fractions: [number, string][] = [
  [-3 / 2, '−3/2'],
  [-2 / 3, '−2/3'],
  [-1 / 2, '−1/2'],
  [-1 / 3, '−1/3'],
  [1 / 3, '1/3'],
  [1 / 2, '1/2'],
  [2 / 3, '2/3'],
  [3 / 2, '3/2'],
];

const textOf = (name: string, { exponent, factor }: Power): string => {
  const fraction = fractions.find(([value]) => value === exponent)?.[1];
  const times = Math.abs(factor - 1) < AGREEMENT ? '' : `${Number(factor.toPrecision(4))}·`;
  const raised =
    exponent === 1
      ? name
      : `${name}^${fraction ? `(${fraction})` : exponent < 0 ? `(−${-exponent})` : exponent}`;
  return `${times}${raised}`;
};

/** The same power at every entry and for every cotangent, right entries too: those at 1. */
export function offByPower(evidence: Evidence): string | undefined {
  const { pass, input, entries } = evidence;
  const { values } = pass.subject.active[input];
  const found = ratiosOf(evidence, entries);
  if (!found) return undefined;
  const ratios = found.map(({ ratio }) => ratio);
  const places = found.map(({ entry }) => entry.j);
  if (new Set(places).size < ENOUGH || ratios.some((ratio) => ratio === 0 || !Number.isFinite(ratio)))
    return undefined;
  const ofInput = powerOf(
    ratios,
    places.map((j) => values[j]),
  );
  const isElementwise =
    found.every(({ entry: { slopes, j } }) => slopes[0].sole === j) && pass.outputs.length === values.length;
  const ofOutput = isElementwise
    ? powerOf(
        ratios,
        places.map((j) => pass.outputs[j]),
      )
    : undefined;
  // x itself, or 1/x, has words of its own, which the relation to the input gives.
  if (ofInput && Math.abs(ofInput.exponent) === 1) return undefined;
  if (ofInput) {
    return `the gradient is off by a power of the input: it is ${textOf('x', ofInput)} times what it should be${ofOutput ? `, or, with the output y, ${textOf('y', ofOutput)} times` : ''}.`;
  }
  return ofOutput
    ? `the gradient is off by a power of the output: it is ${textOf('y', ofOutput)} times what it should be.`
    : undefined;
}
