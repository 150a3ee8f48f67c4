/** Which of several outputs a mistake comes from. */
import { split } from '../engine/pass.js';
import { columnOf, weighted } from './columns.js';
import type { Evidence } from './evidence.js';

/** With several outputs: which of them the error comes by. */
export function wrongOutput({ pass, input, entries, same }: Evidence): string | undefined {
  const shapes = pass.subject.outputShapes;
  if (shapes.length < 2) return undefined;
  const looked = entries.slice(0, 16);
  const columns = looked.map(({ j, unit }) => columnOf(pass, input, j, unit));
  const [dy] = pass.cotangents;
  const wrong = shapes.flatMap((_, output) => {
    const weights = new Float64Array(dy.length);
    const parts = split(weights, shapes);
    parts[output].set(split(dy, shapes)[output]);
    const gradient = pass.subject.vjp(parts)[input];
    const right = looked.every((entry, i) => {
      const expected = weighted(columns[i], (k) => weights[k]);
      return same(expected, gradient?.[entry.j] ?? 0, entry, 0);
    });
    return right ? [] : [output];
  });
  if (wrong.length === 0 || wrong.length === shapes.length) return undefined;
  return `the error comes from output ${wrong.join(' and ')} of ${shapes.length}; the others' part is right.`;
}
