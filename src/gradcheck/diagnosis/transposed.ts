/** The gradient of a product in which another input stands the other way round: a transpose flag that the gradient ignores. */
import { outputsAt, type Pass } from '../engine/pass.js';
import type { Numbers } from '../engine/subject.js';
import { columnOf, weighted } from './columns.js';
import { ENOUGH, telling, type Evidence } from './evidence.js';

/** So many entries are looked at. */
const LOOKED_AT = 8;

/** An input with its last two axes exchanged; undefined where they are not of one length. */
function exchanged({ subject }: Pass, input: number): Numbers | undefined {
  const { shape, values } = subject.active[input];
  const [rows, columns] = shape.slice(-2);
  if (shape.length < 2 || rows !== columns || rows < 2) return undefined;
  const there = values.slice();
  for (let at = 0; at < values.length; at++) {
    const [block, row, column] = [Math.floor(at / rows ** 2), Math.floor(at / rows) % rows, at % rows];
    there[at] = values[block * rows ** 2 + column * rows + row];
  }
  return there;
}

/** Whether the gradient is the one at a point at which another input is transposed. */
export function ofTransposed(evidence: Evidence): string | undefined {
  const { pass, input, entries, numerical, autodiff, same } = evidence;
  const looked = entries.slice(0, LOOKED_AT);
  if (telling(evidence, looked, 0).length < ENOUGH) return undefined;
  for (const [other, { name }] of pass.subject.active.entries()) {
    const there = other === input ? undefined : exchanged(pass, other);
    if (!there || !outputsAt(pass.subject, (i, own) => (i === other ? there : own))) continue;
    // Where the gradient there is the one here, as of a symmetric matrix, it says nothing.
    let differs = false;
    const holds = looked.every((entry) => {
      const column = columnOf(pass, input, entry.j, entry.unit, (i, own) => (i === other ? there : own));
      return pass.cotangents.every((dy, q) => {
        const expected = weighted(column, (k) => dy[k]);
        differs ||= !same(expected, numerical(entry, q), entry, q);
        return same(expected, autodiff(entry, q), entry, q);
      });
    });
    if (holds && differs)
      return `the gradient is the one for ${name} transposed: a transpose flag is ignored, or ${name} is transposed once too often.`;
  }
  return undefined;
}
