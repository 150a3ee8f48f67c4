/** A case of the sweep, and what the families make their cases with. */
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { generatorFrom, shuffle } from '../../random.js';
import { sizeOf } from '../../shapes.js';
import { codeOf, inputsOf, type Expression } from './expression.js';

export interface SweepInput {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  /** Exact in float32, so that every backend computes from the same numbers. */
  readonly values: readonly number[];
  /** Held fast even though it is float32. */
  readonly constant?: boolean;
}

export interface SweepCase {
  /** The computation with its shapes: unique, and the same for the same seed. */
  readonly id: string;
  readonly family: string;
  /** What findings are filed under. */
  readonly op: string;
  /** What sets this case apart, where a finding in it is another one than in the op's plain cases. */
  readonly variant?: string;
  readonly inputs: Readonly<Record<string, SweepInput>>;
  readonly expression: Expression;
  /** 1 where the second order is not asked for. */
  readonly order: 1 | 2;
  /** Entries are compared one by one, each relative to itself: for numbers of very different sizes. */
  readonly entrywise?: boolean;
  /** The inputs lie on a kink of the function: a tie, a 0. */
  readonly kink?: boolean;
  /** It is the difference of two ways of computing the same: 0, and so is its gradient. */
  readonly pair?: boolean;
  /** What multiplies the outputs; random where left out. */
  readonly cotangent?: readonly number[];
  /** Whether the second order's cotangents are all 1, instead of random. */
  readonly plainSecond?: boolean;
}

/** The variant of cases whose inputs are NaN and infinities. */
export const NOT_FINITE = 'not finite';

/** The variant of cases that use an op with one size and then with another. */
export const TWICE = 'twice';

/** The variant of random compositions. */
export const RANDOM = 'random';

/** Where an input's numbers lie. */
export type Range =
  | 'signed' // ¼ … 2¼ of either sign, no two of equal size: no ties, none near 0
  | 'positive' // ¼ … 2¼
  | 'unit' // 1/16 … 15/16 of either sign
  | 'probability' // 1/16 … 15/16
  | 'aboveOne' // 1¼ … 3¼
  | 'small'; // whole numbers -2 … 2, with ties

export interface InputDraft {
  shape: readonly number[];
  dtype?: 'float32' | 'int32' | 'bool';
  range?: Range;
  /** The numbers themselves, instead of a range. */
  values?: readonly number[];
  constant?: boolean;
}

/** A case as a family writes it; the assembly gives it its numbers. */
export interface CaseDraft extends Pick<
  SweepCase,
  'op' | 'variant' | 'expression' | 'entrywise' | 'kink' | 'pair'
> {
  inputs: Readonly<Record<string, InputDraft>>;
  /** Default 2. */
  order?: 1 | 2;
}

/** Random choices of a family, all from the sweep's seed. */
export interface Choices {
  /** A whole number, both ends included. */
  int(low: number, high: number): number;
  pick<T>(list: readonly T[]): T;
  shuffle<T>(list: readonly T[]): T[];
  /** An asymmetric shape: neighbouring sizes differ, no size is 1, at most `most` (default 36) entries. */
  shape(rank: number, most?: number): number[];
}

export interface Family {
  readonly name: string;
  cases(choices: Choices): Iterable<CaseDraft>;
}

/** An input of the check, by its shape and range. */
export const real = (shape: readonly number[], range: Range = 'signed'): InputDraft => ({ shape, range });
/** A float input that is held fast. */
export const fixed = (shape: readonly number[], range: Range = 'signed'): InputDraft => ({
  shape,
  range,
  constant: true,
});
export const ints = (shape: readonly number[], values: readonly number[]): InputDraft => ({
  shape,
  values,
  dtype: 'int32',
});
export const bools = (shape: readonly number[], values: readonly number[]): InputDraft => ({
  shape,
  values,
  dtype: 'bool',
});

export function choicesFrom(seed: number): Choices {
  const generator = generatorFrom(seed);
  const int = (low: number, high: number): number => uniformInt(generator, low, high);
  const pick = <T>(list: readonly T[]): T => list[int(0, list.length - 1)];
  const shuffled = <T>(list: readonly T[]): T[] => {
    const result = [...list];
    shuffle(result, (n) => int(0, n - 1));
    return result;
  };
  const shape = (rank: number, most = 36): number[] => {
    const result: number[] = [];
    let room = most;
    for (let axis = 0; axis < rank; axis++) {
      const left = 2 ** (rank - axis - 1);
      const sizes = [2, 3, 4].filter((n) => n !== result[axis - 1] && n * left <= room);
      const size = sizes.length > 0 ? pick(sizes) : 2;
      result.push(size);
      room = Math.floor(room / size);
    }
    return shuffled(result);
  };
  return { int, pick, shuffle: shuffled, shape };
}

/** A number from a text, for seeds: FNV-1a. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function numbersIn(range: Range, size: number, choices: Choices): number[] {
  // Evenly spread with a jitter, shuffled, in 512ths: exact in float32, and no two the same up to some hundreds of entries.
  const spread = (low: number, high: number): number[] =>
    choices.shuffle(
      Array.from({ length: size }, (_, i) => {
        const gap = (high - low) / size;
        const jitter = choices.int(-Math.floor(gap * 128), Math.floor(gap * 128)) / 512;
        return Math.round((low + (i + 0.5) * gap) * 512) / 512 + jitter;
      }),
    );
  const signed = (numbers: number[]): number[] => numbers.map((n) => (choices.int(0, 1) ? n : -n));
  switch (range) {
    case 'signed':
      return signed(spread(0.25, 2.25));
    case 'positive':
      return spread(0.25, 2.25);
    case 'unit':
      return signed(spread(0.0625, 0.9375));
    case 'probability':
      return spread(0.0625, 0.9375);
    case 'aboveOne':
      return spread(1.25, 3.25);
    case 'small':
      return Array.from({ length: size }, () => choices.int(-2, 2));
  }
}

/** The case with its numbers, from the seed and its own text. */
export function assemble(family: string, draft: CaseDraft, seed: number): SweepCase {
  const { op, variant, expression, entrywise, kink, pair, order = 2 } = draft;
  const used = inputsOf(expression);
  const shapes = new Map(used.map((name) => [name, draft.inputs[name]] as const));
  const text = codeOf(expression, (name) => `${name}[${draft.inputs[name].shape.join(',')}]`);
  const given = [...shapes].flatMap(([name, { values }]) =>
    values ? [`${name} = ${values.join(' ')}`] : [],
  );
  const id = [text, given.length > 0 && `at ${given.join(', ')}`, variant && `(${variant})`]
    .filter(Boolean)
    .join(' ');
  const choices = choicesFrom(hashOf(`${seed} ${id}`));
  const inputs = Object.fromEntries(
    [...shapes].map(
      ([name, { shape, dtype = 'float32', range = 'signed', values, constant }]): [string, SweepInput] => [
        name,
        {
          shape,
          dtype,
          values: values?.map(Math.fround) ?? numbersIn(range, sizeOf(shape), choices),
          ...(constant && { constant }),
        },
      ],
    ),
  );
  return {
    id,
    family,
    op,
    ...(variant && { variant }),
    inputs,
    expression,
    order,
    ...(entrywise && { entrywise }),
    ...(kink && { kink }),
    ...(pair && { pair }),
  };
}
