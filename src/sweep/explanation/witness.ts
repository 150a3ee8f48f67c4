/** Findings' smallest cases with what another library computes for them, as `npm run witnesses` writes them. */
import type { SweepCase } from '../cases/case.js';
import { readWitnesses } from '../judgement/oracle.js';
import type { Oracle } from '../judgement/situation.js';
import { sweepBackends } from '../observation/observation.js';

/** A finding's smallest case and, where the oracle has an answer, its numbers. */
export interface Fixture {
  readonly oracle?: Oracle;
  readonly case: Pick<
    SweepCase,
    'inputs' | 'expression' | 'cotangent' | 'plainSecond' | 'kink' | 'entrywise' | 'pair' | 'order'
  >;
}

let read: Readonly<Record<string, Fixture>> | undefined;

/** All of them, by the findings' ids; but those whose inputs JSON could not hold, NaN and Infinity being null in a report. */
export const fixtures = (): Readonly<Record<string, Fixture>> =>
  (read ??= Object.fromEntries(
    Object.entries(readWitnesses('findings') as Record<string, Fixture>).filter(([, { case: one }]) =>
      isWhole(one),
    ),
  ));

const isWhole = ({ inputs }: Fixture['case']): boolean =>
  Object.values(inputs).every(({ values }) =>
    (values as readonly (number | null)[]).every((value) => value !== null),
  );

export function fixtureOf(id: string): Fixture | undefined {
  const known = [id, id.replace('/wasm-nosimd/', '/wasm/')].find((key) => Object.hasOwn(fixtures(), key));
  return known === undefined ? undefined : fixtures()[known];
}

/** Fixtures of the same finding on other backends, whose smallest case may do for it too. */
export const fixturesLike = ({ id, backend }: { id: string; backend: string }): Fixture[] =>
  backend === 'core'
    ? []
    : sweepBackends.flatMap((other) => {
        const fixture = other === backend ? undefined : fixtureOf(id.replace(`/${backend}/`, `/${other}/`));
        return fixture ? [fixture] : [];
      });

/** The fixture's case, filed as the case that showed the finding is. */
export const fixtureCase = (fixture: Fixture, like: SweepCase): SweepCase => ({
  id: like.id,
  family: like.family,
  op: like.op,
  ...(like.variant && { variant: like.variant }),
  ...fixture.case,
});
