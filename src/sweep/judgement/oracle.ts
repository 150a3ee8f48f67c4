/** What another library computes for the sweep's cases, as `npm run witnesses` writes it: witnesses/, a file a family. */
import { readFileSync } from 'node:fs';
import { hashOf, type SweepCase } from '../cases/case.js';
import { cotangentOf } from '../cases/cotangents.js';
import type { Oracle } from './situation.js';

/** A family's answers, by the cases' ids. */
interface Answers {
  by: string;
  cases: Readonly<Record<string, Omit<Oracle, 'by'> & { digest: number }>>;
}

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

/** A file of witnesses/; undefined where there is none. Nulls in expressions are arguments that are left out. */
export function readWitnesses(name: string): unknown {
  try {
    return revived(
      JSON.parse(readFileSync(new URL(`../../../witnesses/${name}.json`, import.meta.url), 'utf8')),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const families = new Map<string, Answers | undefined>();

const answersOf = (family: string): Answers | undefined => {
  if (!families.has(family))
    families.set(family, readWitnesses(family.replaceAll(' ', '-')) as Answers | undefined);
  return families.get(family);
};

/** Of what is asked: an answer to another question is none. */
export const digestOfCase = (one: SweepCase, outputs: number): number =>
  hashOf(JSON.stringify([one.inputs, one.expression, Array.from(cotangentOf(one, outputs))]));

/** The answer in the tables; none for cases of another seed. */
export function oracleOf(one: SweepCase): Oracle | undefined {
  const answers = answersOf(one.family);
  if (!answers || !Object.hasOwn(answers.cases, one.id)) return undefined;
  const { digest, ...answer } = answers.cases[one.id];
  return digest === digestOfCase(one, answer.forward.length) ? { by: answers.by, ...answer } : undefined;
}
