/** A case that is the difference of two ways of computing the same. */
import type { CaseDraft, InputDraft } from '../case.js';
import { call, type Expression } from '../expression.js';

export type Inputs = Record<string, InputDraft>;

/** Filed under the first way's op, as a variant that says the other way. */
export const pair = (
  op: string,
  other: string,
  inputs: Inputs,
  first: Expression,
  second: Expression,
  order: 1 | 2 = 1,
): CaseDraft => ({
  op,
  variant: `as ${other}`,
  inputs,
  expression: call('sub', first, second),
  order,
  pair: true,
});

/** A pair as a row of a table. */
export type Row = readonly [op: string, other: string, inputs: Inputs, first: Expression, second: Expression];
