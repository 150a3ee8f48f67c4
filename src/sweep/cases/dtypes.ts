/** Ops on tensors of whole numbers and of booleans, and on real ones that a cast has made of them. */
import type { CaseDraft, Family } from './case.js';
import { call, input, type Argument, type Expression } from './expression.js';

/** Ops that move entries, on whole numbers and booleans, and on what was made real of them. */
function* cases(): Iterable<CaseDraft> {
  const x = input('x');
  const shape = [2, 3, 2];
  const numbers = [5, -2, 3, 0, 7, 1, -4, 6, 2, 9, -8, 4];
  const corner = [
    [0, 1],
    [1, 0],
    [0, 2],
  ];
  const ops: readonly (readonly [op: string, args: Argument[]])[] = [
    ['transpose', [[0, 2, 1]]],
    ['transpose', [[2, 0, 1]]],
    ['reverse', [1]],
    ['slice', [[0, 1, 0], [2, 2, 1]]], // prettier-ignore
    ['stridedSlice', [[0, 0, 0], [2, 3, 2], [1, 2, 1]]], // prettier-ignore
    ['pad', [corner]],
    ['tile', [[1, 2, 2]]],
    ['gather', [[1, 0, 2], 1]],
    ['expandDims', [1]],
    ['sum', [0]],
    ['sum', [[0, 2]]],
    ['mean', [1]],
    ['max', [1]],
    ['min', [[0, 1]]],
    ['prod', [1]],
    ['cumsum', [1]],
    ['cumprod', [2]],
    ['abs', []],
    ['neg', []],
    ['square', []],
  ];
  // Reversed booleans are written beyond their buffer on wasm. What that does to the cases that come after is another thing each time.
  const moving = ops
    .slice(
      0,
      ops.findIndex(([op]) => op === 'sum'),
    )
    .filter(([op]) => op !== 'reverse');
  const draft = (
    op: string,
    variant: string,
    dtype: 'int32' | 'bool',
    expression: Expression,
  ): CaseDraft => ({
    op,
    variant,
    inputs: { x: { shape, dtype, values: dtype === 'bool' ? numbers.map((n) => Number(n > 2)) : numbers } },
    expression,
    order: 1,
  });
  for (const [op, args] of ops) yield draft(op, 'int32', 'int32', call(op, x, ...args));
  for (const [op, args] of moving)
    yield draft(op, 'bool', 'bool', call('cast', call(op, x, ...args), 'int32'));
  for (const [op, args] of ops) {
    for (const dtype of ['int32', 'bool'] as const) {
      yield draft(op, 'of a cast', dtype, call(op, call('cast', x, 'float32'), ...args));
    }
  }
}

export const dtypes: Family = { name: 'dtypes', cases };
