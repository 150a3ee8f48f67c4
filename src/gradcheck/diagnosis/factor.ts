/** A gradient that is off by a factor. */
import { sizeOf } from '../../shapes.js';
import type { Entry } from '../engine/judge.js';
import { ENOUGH, ratiosOf, type Evidence } from './evidence.js';

/** The same factor at every entry and for every cotangent. Several cotangents of one entry say no more than one. */
export function constantFactor(evidence: Evidence, entries: readonly Entry[]): string | undefined {
  const found = ratiosOf(evidence, entries);
  if (!found || new Set(found.map(({ entry }) => entry.j)).size < ENOUGH) return undefined;
  const ratios = found.map(({ ratio }) => ratio);
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

const often: [number, string][] = [
  [1, 'once too often'],
  [2, 'twice too often'],
  [0.5, 'by its root too often'],
  [-1, 'once too seldom'],
  [-2, 'twice too seldom'],
  [-0.5, 'by its root too seldom'],
];

/** Numbers that a factor may be a power of: attributes of the kernels that ran, inputs of one entry. */
function scaleIn(size: number, { pass }: Evidence): string | undefined {
  const { attributes, inputs } = pass.subject;
  const scalars = inputs.flatMap(({ name, values, shape }): [string, number][] =>
    sizeOf(shape) === 1 && typeof values[0] === 'number' ? [[name, values[0]]] : [],
  );
  for (const [name, value] of [...scalars, ...attributes]) {
    const magnitude = Math.abs(value);
    // Of 2 or ½ there are too many, by chance.
    if (!(magnitude > 0) || Math.abs(Math.log2(magnitude)) % 1 < 1e-6) continue;
    const power = often.find(([exponent]) => Math.abs(size / magnitude ** exponent - 1) < 1e-4);
    if (power) return `: ${name} (${Number(value.toPrecision(4))}) is applied ${power[1]}`;
  }
  return undefined;
}

/** The length of an axis of which a factor is the root, or one over it. */
function rootIn(size: number, { pass }: Evidence): string | undefined {
  const squared = size >= 1 ? size ** 2 : 1 / size ** 2;
  const n = Math.round(squared);
  if (n < 2 || Math.abs(squared - n) > 1e-4 * n || Number.isInteger(Math.sqrt(n))) return undefined;
  for (const { name, shape } of pass.subject.active) {
    const axis = shape.lastIndexOf(n);
    if (axis >= 0) return ` (${size < 1 ? '1/' : ''}√${n}; axis ${axis} of ${name} has length ${n})`;
  }
  return undefined;
}

/** Where a factor may come from: a sign, a scale, a number of entries, the length of an axis. */
function meaningOf(factor: number, evidence: Evidence): string {
  const { pass, name, shape, input } = evidence;
  const size = Math.abs(factor);
  const scale = scaleIn(size, evidence) ?? rootIn(size, evidence);
  if (scale) return scale;
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
  const lacksMean =
    size > 1 &&
    sizeOf(output) === 1 &&
    pass.subject.outputShapes.length === 1 &&
    shape.length > 1 &&
    shape[0] === n;
  if (lacksMean) meanings.push(`the mean over axis 0 of ${name}, of length ${n}, is missing`);
  if (sizeOf(shape) === n) meanings.push(`${name} has ${n} entries`);
  shape.forEach(
    (length, axis) =>
      length === n &&
      shape.length > 1 &&
      !(lacksMean && axis === 0) &&
      meanings.push(`axis ${axis} of ${name} has length ${n}`),
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
