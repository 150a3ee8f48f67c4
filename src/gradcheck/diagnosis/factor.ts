/** A gradient that is off by a factor. */
import { sizeOf } from '../../shapes.js';
import type { Entry } from '../engine/judge.js';
import { ENOUGH, telling, type Evidence } from './evidence.js';

/** The same factor at every entry and for every cotangent. Several cotangents of one entry say no more than one. */
export function constantFactor(evidence: Evidence, entries: readonly Entry[]): string | undefined {
  const { pass, numerical, autodiff, same } = evidence;
  const ratios: number[] = [];
  const places = new Set<number>();
  for (let q = 0; q < pass.cotangents.length; q++) {
    const clear = telling(evidence, entries, q);
    if (entries.some((entry) => !clear.includes(entry) && !same(autodiff(entry, q), 0, entry, q)))
      return undefined;
    for (const entry of clear) {
      ratios.push(autodiff(entry, q) / numerical(entry, q));
      places.add(entry.j);
    }
  }
  if (places.size < ENOUGH) return undefined;
  const factor = [...ratios].sort((a, b) => a - b)[ratios.length >> 1];
  const spread = Math.max(...ratios.map((ratio) => Math.abs(ratio - factor)));
  if (factor === 0 || spread > 0.05 * Math.abs(factor - 1) || spread > 0.01 * Math.abs(factor))
    return undefined;
  return `the gradient is off by a constant factor: it is ${factorText(factor)} times what it should be${meaningOf(factor, evidence)}.`;
}

function factorText(factor: number): string {
  if (Math.abs(factor - 1) < 1e-3)
    return `1 ${factor > 1 ? '+' : '−'} ${Math.abs(factor - 1).toPrecision(2)}`;
  const near = (wanted: number): boolean => Math.abs(factor - wanted) <= 1e-4 * Math.abs(wanted);
  const size = Math.abs(factor);
  const sign = factor < 0 ? '−' : '';
  if (near(Math.sign(factor) * 0.5)) return `${sign}½`;
  if (Math.round(size) > 0 && near(Math.sign(factor) * Math.round(size))) return `${sign}${Math.round(size)}`;
  const inverse = Math.round(1 / size);
  if (inverse > 2 && near(Math.sign(factor) / inverse)) return `${sign}1/${inverse}`;
  return `${sign}${size.toPrecision(4)}`;
}

/** Where a factor may come from: a sign, a number of entries, the length of an axis. */
function meaningOf(factor: number, { pass, name, shape, input }: Evidence): string {
  const size = Math.abs(factor);
  const whole = size >= 1 ? size : 1 / size;
  const n = Math.round(whole);
  if (Math.abs(whole - n) > 1e-3 * n) return '';
  if (n === 1) return factor < 0 ? ': the sign is wrong' : '';
  const [output] = pass.subject.outputShapes;
  const offset = output.length - shape.length;
  const broadcast = output.findIndex(
    (length, axis) => length === n && (axis < offset || (shape[axis - offset] === 1 && length !== 1)),
  );
  const meanings: string[] = [];
  if (broadcast >= 0 && pass.subject.outputShapes.length === 1) {
    meanings.push(
      size < 1
        ? `it was averaged over the broadcast axis ${broadcast} of the output, of length ${n}, instead of summed`
        : `the broadcast axis ${broadcast} of the output has length ${n}`,
    );
  }
  if (sizeOf(shape) === n) meanings.push(`${name} has ${n} entries`);
  shape.forEach(
    (length, axis) =>
      length === n && shape.length > 1 && meanings.push(`axis ${axis} of ${name} has length ${n}`),
  );
  pass.subject.active.forEach((other, i) =>
    other.shape.forEach(
      (length, axis) =>
        i !== input && length === n && meanings.push(`axis ${axis} of ${other.name} has length ${n}`),
    ),
  );
  if (sizeOf(output) === n) meanings.push(`the output has ${n} entries`);
  return meanings.length > 0 ? ` (${meanings.slice(0, 2).join('; ')})` : '';
}
