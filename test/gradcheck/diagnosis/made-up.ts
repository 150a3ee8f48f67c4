/** Linear functions `f(x, …) = Σ J_i·x_i` with gradients of one's own, as the engine hands them to a diagnosis: nothing is checked. */
import { explain } from '../../../src/gradcheck/diagnosis/index.js';
import { split, type Entry, type Pass } from '../../../src/gradcheck/engine/index.js';
import type { Recording } from '../../../src/gradcheck/engine/subject.js';
import { sizeOf } from '../../../src/shapes.js';
import { entry, slope } from '../report/made-up.js';

type Gradient = (dy: number[], right: number[]) => number[];

export interface MadeInput {
  name?: string;
  shape: number[];
  values?: number[];
  /** ∂f_k/∂x_j, output by output. */
  jacobian: number[][];
  /** What f's own gradient makes of dy, where the right one is `Jᵀ·dy`. */
  gradient?: Gradient;
}

export interface MadeParts {
  /** One output of rank 1 unless given. */
  outputShapes?: number[][];
  cotangents?: number[][];
  order?: 1 | 2;
  precision?: 'float64' | 'native';
  recording?: Partial<Recording>;
  unreached?: number[];
  /** Another f with this Jacobian at the point. */
  f?: (values: readonly Float64Array[]) => number[];
}

/** As a check's: the second with the first's signs and small, the third with the opposite ones and large. */
export const cotangentsFor = (outputs: number): number[][] => {
  const size = (k: number, q: number): number => 0.6 + ((7 * k + 3 * q) % 11) / 10;
  const sign = (k: number): number => (k % 3 === 1 ? -1 : 1);
  return [1, 2 ** -10, -(2 ** 10)].map((scale, q) =>
    Array.from({ length: outputs }, (_, k) => sign(k) * size(k, q) * scale),
  );
};

export const valuesFor = (n: number): number[] =>
  Array.from({ length: n }, (_, j) => (j % 2 === 0 ? 1 : -1) * (0.3 + ((5 * j) % 8) / 4));

const transposed = (jacobian: readonly number[][], dy: readonly number[], n: number): number[] =>
  Array.from({ length: n }, (_, j) => jacobian.reduce((sum, row, k) => sum + dy[k] * row[j], 0));

/** The pass, and its entries as they would have been compared. */
export function made(inputs: readonly MadeInput[], parts: MadeParts = {}): { pass: Pass; found: Entry[][] } {
  const { length: outputs } = inputs[0].jacobian;
  const { outputShapes = [[outputs]], cotangents = cotangentsFor(outputs), precision = 'float64' } = parts;
  const isDouble = precision === 'float64';
  const active = inputs.map(({ name = 'x', shape, values = valuesFor(sizeOf(shape)) }, index) => ({
    index,
    name,
    shape,
    values: isDouble ? Float64Array.from(values) : Float32Array.from(values),
  }));
  const right = inputs.map(({ shape, jacobian }) =>
    cotangents.map((dy) => transposed(jacobian, dy, sizeOf(shape))),
  );
  const gradient = (input: number, dy: number[], truth: number[]): number[] =>
    inputs[input].gradient?.(dy, truth) ?? truth;
  const linear = (values: readonly Float64Array[]): number[] =>
    Array.from({ length: outputs }, (_, k) =>
      inputs.reduce(
        (sum, { jacobian }, i) => jacobian[k].reduce((to, one, j) => to + one * values[i][j], sum),
        0,
      ),
    );
  const f = parts.f ?? linear;
  const pass = {
    subject: {
      precision,
      reference: 'f',
      bits: isDouble ? 53 : 24,
      active,
      inputs: active,
      attributes: new Map(),
      outputShapes,
      forward: false,
      round: (value: number) => (isDouble ? value : Math.fround(value)),
      evaluateMoved: (values: Float64Array[]) => split(Float64Array.from(f(values)), outputShapes),
      vjp: (dys: Float64Array[]) => {
        const dy = dys.flatMap((one) => Array.from(one));
        return inputs.map(({ shape, jacobian }, i) =>
          Float64Array.from(gradient(i, dy, transposed(jacobian, dy, sizeOf(shape)))),
        );
      },
      recording: (): Recording => ({
        steps: [],
        custom: false,
        connected: active.map(() => true),
        late: [],
        variables: [],
        ...parts.recording,
      }),
      work: <T>(piece: () => T): T => piece(),
    },
    order: parts.order ?? 1,
    cotangents: cotangents.map((dy) => Float64Array.from(dy)),
    scales: [1, 2 ** -10, 2 ** 10],
    outputs: Float64Array.from(f(active.map(({ values }) => Float64Array.from(values)))),
    finite: Int32Array.from({ length: outputs }, (_, k) => k),
    noise: new Float64Array(outputs),
    autodiff: cotangents.map((dy, q) =>
      inputs.map((_, i) => Float64Array.from(gradient(i, dy, right[i][q]))),
    ),
    unreached: new Set(parts.unreached),
  } as unknown as Pass;
  const found = inputs.map(({ jacobian }, i) =>
    Array.from(active[i].values, (_, j) => compared(pass, i, j, right[i], jacobian)),
  );
  return { pass, found };
}

/** An entry as a comparison leaves it, for numbers that are off by a millionth or more, or not at all. */
function compared(
  pass: Pass,
  input: number,
  j: number,
  right: readonly number[][],
  jacobian: readonly number[][],
): Entry {
  const by = jacobian.flatMap((row, k) => (row[j] === 0 ? [] : [k]));
  const numbers = right.map((of, q) => ({ numerical: of[j], autodiff: pass.autodiff[q][input][j] }));
  const off = ({ numerical, autodiff }: (typeof numbers)[number]): boolean =>
    !(Math.abs(numerical - autodiff) <= 1e-6 * Math.max(Math.abs(numerical), Math.abs(autodiff)));
  const q = Math.max(0, numbers.findIndex(off));
  return entry({
    j,
    q,
    ...numbers[q],
    slopes: numbers.map(({ numerical }) => slope({ value: numerical, sole: by.length === 1 ? by[0] : -1 })),
    state: numbers.some(({ autodiff }) => !Number.isFinite(autodiff))
      ? 'nonFinite'
      : numbers.some(off)
        ? 'wrong'
        : 'right',
  });
}

/** What is said of it. */
export function sentences(inputs: readonly MadeInput[], parts: MadeParts = {}): string[] {
  const { pass, found } = made(inputs, parts);
  return explain(pass, found);
}

/** Every output hangs on one entry alone. */
export const diagonal = (slopes: readonly number[]): number[][] =>
  slopes.map((one, k) => slopes.map((_, j) => (j === k ? one : 0)));

/** Output k hangs on the entries up to k, as a cumulative sum does. */
export const lower = (slopes: readonly number[]): number[][] =>
  slopes.map((_, k) => slopes.map((one, j) => (j <= k ? one : 0)));

/** Every output hangs on every entry. */
export const full = (slopes: readonly number[], outputs = slopes.length): number[][] =>
  Array.from({ length: outputs }, (_, k) => slopes.map((one, j) => one + (((3 * k + 5 * j) % 7) - 3) / 4));

/** A gradient that uses dy in a way of its own. */
export const using =
  (jacobian: number[][], use: (dy: number[]) => number[]): Gradient =>
  (dy, { length }) =>
    transposed(jacobian, use(dy), length);
