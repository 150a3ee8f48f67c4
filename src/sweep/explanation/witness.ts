/** Findings' smallest cases with what another library computes for them, as `npm run witnesses` writes them. */
import { readFileSync } from 'node:fs';
import type { SweepCase } from '../cases/case.js';
import type { Oracle } from '../judgement/situation.js';

/** A finding's smallest case and, where the oracle has an answer, its numbers. */
export interface Fixture {
  readonly oracle?: Oracle;
  readonly case: Pick<
    SweepCase,
    'inputs' | 'expression' | 'cotangent' | 'plainSecond' | 'kink' | 'entrywise' | 'order'
  >;
}

const file = new URL('../../../witnesses/findings.json', import.meta.url);

/** JSON has no undefined, no NaN and no Infinity. */
const unnamed: Readonly<Record<string, number>> = { Infinity, '-Infinity': -Infinity, NaN };

function revived(part: unknown, inExpression = false): unknown {
  if (part === null) return inExpression ? undefined : null;
  if (typeof part === 'string') return Object.hasOwn(unnamed, part) ? unnamed[part] : part;
  if (Array.isArray(part)) return part.map((each) => revived(each, inExpression));
  if (typeof part !== 'object') return part;
  return Object.fromEntries(
    Object.entries(part).map(([name, each]) => [name, revived(each, inExpression || name === 'expression')]),
  );
}

let read: Readonly<Record<string, Fixture>> | undefined;

/** All of them, by the findings' ids. */
export const fixtures = (): Readonly<Record<string, Fixture>> =>
  (read ??= revived(JSON.parse(readFileSync(file, 'utf8'))) as Record<string, Fixture>);

export function fixtureOf(id: string): Fixture | undefined {
  const known = [id, id.replace('/wasm-nosimd/', '/wasm/')].find((key) => Object.hasOwn(fixtures(), key));
  return known === undefined ? undefined : fixtures()[known];
}

/** The fixture's case, filed as the case that showed the finding is. */
export const fixtureCase = (fixture: Fixture, like: SweepCase): SweepCase => ({
  id: like.id,
  family: like.family,
  op: like.op,
  ...(like.variant && { variant: like.variant }),
  ...fixture.case,
});
