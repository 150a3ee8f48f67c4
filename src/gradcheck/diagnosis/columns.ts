/** Derivatives that a diagnosis needs beyond those of the check: of every output by one entry, and along a direction. */
import type { Pass } from '../engine/pass.js';

/** f's outputs, one after the other, where an active input has these numbers; NaN where f refuses them. */
function outputsAt({ subject, outputs }: Pass, input: number, moved: Float64Array): Float64Array {
  const values = subject.active.map((active, i) =>
    i !== input ? active.values : subject.precision === 'float64' ? moved : Float32Array.from(moved),
  );
  const parts = subject.evaluateMoved(values);
  if (!parts) return new Float64Array(outputs.length).fill(NaN);
  return Float64Array.from(parts.flatMap((part) => Array.from(part)));
}

/** No power of two, so that a quantity that f rounds to one is not in step with it. */
const stepOf = ({ subject }: Pass): number =>
  subject.precision === 'float64' ? 0.7 * 2 ** -9 : 0.7 * 2 ** -5;

/** The derivative of every single output by one coordinate, good to some eight digits. */
export function columnOf(pass: Pass, input: number, j: number, unit: number): Float64Array {
  const { values } = pass.subject.active[input];
  const at = (t: number): { x: number; y: Float64Array } => {
    const moved = Float64Array.from(values);
    moved[j] = pass.subject.round(values[j] + t * unit);
    return { x: moved[j], y: outputsAt(pass, input, moved) };
  };
  const quotients = (t: number): Float64Array => {
    const [ahead, behind] = [at(t), at(-t)];
    return ahead.y.map((value, k) => (value - behind.y[k]) / (ahead.x - behind.x));
  };
  const t = stepOf(pass);
  const [near, far] = [quotients(t), quotients(2 * t)];
  // Richardson: the error's term in t² cancels.
  return near.map((value, k) => (4 * value - far[k]) / 3);
}

/** The one-sided derivatives of `Σ_k c_k·f_k` along a direction of an active input. */
export function slopeAlong(
  pass: Pass,
  input: number,
  direction: Float64Array,
  q: number,
): { left: number; right: number } {
  const { values } = pass.subject.active[input];
  const { cotangents, outputs, finite } = pass;
  const change = (t: number): number => {
    const there = outputsAt(
      pass,
      input,
      direction.map((d, j) => values[j] + t * d),
    );
    return finite.reduce((sum, k) => sum + cotangents[q][k] * (there[k] - outputs[k]), 0) / t;
  };
  const t = stepOf(pass);
  const side = (sign: number): number =>
    (8 * change((sign * t) / 4) - 6 * change((sign * t) / 2) + change(sign * t)) / 3;
  return { left: side(-1), right: side(1) };
}
