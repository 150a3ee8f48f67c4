/** TensorFlow for Python, asked case by case: witnesses/ask.py in a process of its own. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { EnvironmentError } from '../../errors.js';
import type { SweepCase } from '../cases/case.js';
import { cotangentOf, secondCotangents } from '../cases/cotangents.js';
import { plainData } from '../cases/expression.js';
import type { Oracle } from '../judgement/situation.js';

const program = fileURLToPath(new URL('../../../witnesses/ask.py', import.meta.url));

/** What the Python program is told of a case; `outputs`: how many numbers it gives. */
export const questionOf = (key: string, one: SweepCase, outputs: number): object => ({
  key,
  inputs: plainData(one.inputs),
  expression: plainData(one.expression),
  cotangent: Array.from(cotangentOf(one, outputs)),
  ...(one.order === 2 && { cotangent2: secondCotangents(one) }),
});

interface Answer extends Omit<Oracle, 'by'> {
  by: string;
  error?: string;
}

/** JSON has no NaN and no Infinity. */
const numbers = (list: readonly (number | string)[]): number[] => list.map(Number);
const eachOf = (
  lists: Readonly<Record<string, readonly (number | string)[] | null>>,
): Record<string, number[] | null> =>
  Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list && numbers(list)]));

/** The answer as it is used; undefined where TensorFlow had none. */
export const oracleFrom = ({
  by,
  error,
  forward,
  shape,
  gradients,
  second,
  composed,
}: Answer): Oracle | undefined =>
  error === undefined
    ? {
        by,
        ...(composed && { composed }),
        forward: numbers(forward),
        ...(shape && { shape }),
        gradients: eachOf(gradients),
        ...(second && { second: eachOf(second) }),
      }
    : undefined;

export interface TensorFlow {
  ask(one: SweepCase, outputs: number): Promise<Oracle | undefined>;
  close(): void;
}

/** @param python an interpreter that has TensorFlow */
export async function openTensorFlow(python: string): Promise<TensorFlow> {
  const child = spawn(python, [program, '--serve'], {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', PYTHONDONTWRITEBYTECODE: '1' },
  });
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-500)));
  child.stdin.on('error', () => {});
  const lines = createInterface(child.stdout);
  const waiting: ((line: string | undefined) => void)[] = [];
  let ended = false;
  lines.on('line', (line) => waiting.shift()?.(line));
  const end = (): void => {
    ended = true;
    for (const each of waiting.splice(0)) each(undefined);
  };
  child.on('error', end);
  child.on('close', end);
  const next = (): Promise<string | undefined> =>
    ended ? Promise.resolve(undefined) : new Promise((resolve) => waiting.push(resolve));
  if ((await next()) === undefined) {
    throw new EnvironmentError(
      `sweep --tensorflow: ${python} does not answer as TensorFlow for Python (${words.trim().split('\n').at(-1)}). Give the interpreter of an environment that has witnesses/requirements.txt.`,
    );
  }
  return {
    async ask(one, outputs) {
      const answer = next();
      child.stdin.write(`${JSON.stringify(questionOf(one.id, one, outputs))}\n`);
      const line = await answer;
      return line === undefined ? undefined : oracleFrom(JSON.parse(line) as Answer);
    },
    close: () => void child.kill(),
  };
}
