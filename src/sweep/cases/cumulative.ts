/** Cumulative sums and products: along every axis, with and without the entry itself, from either end. */
import { real, type CaseDraft, type Choices, type Family } from './case.js';
import { shapeOf } from './elementwise.js';
import { call, input } from './expression.js';

export const cumulative: Family = {
  name: 'cumulative',
  *cases(choices: Choices): Iterable<CaseDraft> {
    const x = input('x');
    for (const op of ['cumsum', 'cumprod']) {
      for (const exclusive of [false, true]) {
        for (const reverse of [false, true]) {
          const variant = [exclusive && 'exclusive', reverse && 'reverse'].filter(Boolean).join(' ');
          const at = (axis: number) => ({
            op,
            ...(variant && { variant }),
            expression: call(op, x, axis, exclusive, reverse),
          });
          for (const [rank, axes] of [
            [1, [0]],
            [2, [0, -1]],
            [3, [1]],
            [4, [-1]],
            [6, [2]],
          ] as const) {
            for (const axis of axes) yield { ...at(axis), inputs: { x: real(shapeOf(choices, rank)) } };
          }
        }
      }
      yield { op, inputs: { x: real(choices.shape(2)) }, expression: call(op, x) };
      const zeros = { shape: [2, 3], values: [2, 0, 3, -1, 0.5, 0] };
      yield { op, variant: 'zero', inputs: { x: zeros }, expression: call(op, x, 1) };
      yield { op: `square of ${op}`, inputs: { x: real([4]) }, expression: call('square', call(op, x)) };
    }
  },
};
