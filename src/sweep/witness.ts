/** Fixtures: findings' cases with what another library computes for them. */
import type { SweepCase } from './cases/case.js';
import type { Oracle } from './judge.js';
import { witnesses } from './witnesses.js';

/** A finding's smallest case and, where the oracle has an answer, its numbers, as scripts/witnesses.mjs writes them. */
export interface Fixture {
  readonly oracle?: Oracle;
  readonly case: Pick<
    SweepCase,
    'inputs' | 'expression' | 'cotangent' | 'plainSecond' | 'kink' | 'entrywise' | 'order'
  >;
}

export function fixtureOf(id: string): Fixture | undefined {
  const known = [id, id.replace('/wasm-nosimd/', '/wasm/')].find((key) => Object.hasOwn(witnesses, key));
  return known === undefined ? undefined : witnesses[known];
}

/** The fixture's case, filed as the case that showed the finding is. */
export const fixtureCase = (fixture: Fixture, like: SweepCase): SweepCase => ({
  id: like.id,
  family: like.family,
  op: like.op,
  ...(like.variant && { variant: like.variant }),
  ...fixture.case,
});
