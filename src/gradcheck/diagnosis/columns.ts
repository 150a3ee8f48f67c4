/** Derivatives that a diagnosis needs beyond those of the check: of every output by one entry, and along a direction. */
import { directionLine, outputsAt, type Pass } from '../engine/pass.js';
import type { Numbers } from '../engine/subject.js';

/** The derivatives by one coordinate of the outputs that depend on it. */
export interface Column {
  /** Places of these outputs, in order. */
  places: Int32Array;
  slopes: Float64Array;
}

/** No power of two, so that a quantity that f rounds to one is not in step with it. */
const stepOf = ({ subject }: Pass): number =>
  subject.precision === 'float64' ? 0.7 * 2 ** -9 : 0.7 * 2 ** -5;

/** The derivative of every single output by one coordinate, good to some eight digits; `others` says where the other inputs are. */
export function columnOf(
  pass: Pass,
  input: number,
  j: number,
  unit: number,
  others: (i: number, own: Numbers) => Numbers = (_, own) => own,
): Column {
  const { values } = pass.subject.active[input];
  const at = (t: number): { x: number; y: Float64Array } => {
    const moved = values.slice();
    moved[j] = values[j] + t * unit;
    const y = outputsAt(pass.subject, (i, own) => (i === input ? moved : others(i, own)));
    return { x: moved[j], y: y ?? new Float64Array(pass.outputs.length).fill(NaN) };
  };
  const t = stepOf(pass);
  const pairs = [t, 2 * t].map((step) => ({ ahead: at(step), behind: at(-step) }));
  const touched: number[] = [];
  for (let k = 0; k < pass.outputs.length; k++) {
    if (pairs.some(({ ahead, behind }) => ahead.y[k] !== behind.y[k])) touched.push(k);
  }
  const places = Int32Array.from(touched);
  // Richardson: the error's term in t² cancels.
  const slopes = Float64Array.from(places, (k) => {
    const [near, far] = pairs.map(({ ahead, behind }) => (ahead.y[k] - behind.y[k]) / (ahead.x - behind.x));
    return (4 * near - far) / 3;
  });
  return { places, slopes };
}

/** `Σ_k w_k·∂f_k`, over the outputs whose slope is finite. */
export function weighted({ places, slopes }: Column, weight: (k: number) => number): number {
  let sum = 0;
  for (const [i, k] of places.entries()) if (Number.isFinite(slopes[i])) sum += weight(k) * slopes[i];
  return sum;
}

/** The derivative of one output. */
export function slopeOf({ places, slopes }: Column, k: number): number {
  const i = places.indexOf(k);
  return i < 0 ? 0 : slopes[i];
}

/** The one-sided derivatives of `Σ_k c_k·f_k` along a direction of an active input. */
export function slopeAlong(
  pass: Pass,
  input: number,
  direction: Float64Array,
  q: number,
): { left: number; right: number } {
  const line = directionLine(
    pass,
    pass.subject.active.map((_, i) => (i === input ? direction : null)),
  );
  const change = (t: number): number => line.at(t).change[q] / t;
  const t = stepOf(pass);
  const side = (sign: number): number =>
    (8 * change((sign * t) / 4) - 6 * change((sign * t) / 2) + change(sign * t)) / 3;
  return { left: side(-1), right: side(1) };
}
