/** Elementwise: functions of one tensor, entry by entry, in the middle of their domain, at its ends and at their kinks. */
import { sizeOf } from '../../shapes.js';
import { real, type CaseDraft, type Choices, type Family, type InputDraft, type Range } from './case.js';
import { call, input, type Argument, type Expression } from './expression.js';

/** A list of lists as one line of a table. */
export const list = <const T extends readonly Argument[]>(...entries: T): T => entries;

/** The ops of one tensor without attributes that are smooth where their range lies. */
export const smooth: Readonly<Record<string, Range>> = {
  abs: 'signed',
  acos: 'unit',
  acosh: 'aboveOne',
  asin: 'unit',
  asinh: 'signed',
  atan: 'signed',
  atanh: 'unit',
  clone: 'signed',
  cos: 'signed',
  cosh: 'signed',
  elu: 'signed',
  erf: 'signed',
  exp: 'signed',
  expm1: 'signed',
  log: 'positive',
  log1p: 'unit',
  logSigmoid: 'signed',
  neg: 'signed',
  reciprocal: 'signed',
  relu: 'signed',
  relu6: 'signed',
  rsqrt: 'positive',
  selu: 'signed',
  sigmoid: 'signed',
  sin: 'signed',
  sinh: 'signed',
  softplus: 'signed',
  sqrt: 'positive',
  square: 'signed',
  tan: 'unit',
  tanh: 'signed',
};

/** ±¼, ±¾, … ±7¾ in turn: a quarter or more from every multiple of ½. */
export const quarters = (shape: readonly number[]): InputDraft => ({
  shape,
  values: Array.from({ length: sizeOf(shape) }, (_, i) => (i % 2 ? -1 : 1) * (0.25 + ((i * 5) % 16) / 2)),
});

/** ±½, ±1, ±1½ in turn: never a quarter, and no quotient of a quarter by one of them is whole. */
export const halves = (shape: readonly number[]): InputDraft => ({
  shape,
  values: Array.from({ length: sizeOf(shape) }, (_, i) => (i % 4 < 2 ? 1 : -1) * (((i % 3) + 1) / 2)),
});

/** A shape of this rank with few entries: from rank 5 on, two sizes are 1. */
export function shapeOf(choices: Choices, rank: number, most = 24): number[] {
  return rank < 5 ? choices.shape(rank, most) : choices.shuffle([...choices.shape(rank - 2, most), 1, 1]);
}

const x = input('x');
const mul = (a: Expression | number, b: Expression | number): Expression => call('mul', a, b);
const toFloat = (of: Expression): Expression => call('cast', of, 'float32');
/** √½ in float32. */
const ROOT_HALF = 0.7071067690849304;

/** Ops and composites that jump or bend in the middle of the domain: at quarters they do neither. */
const bent: readonly (readonly [op: string, expression: Expression])[] = [
  ...['ceil', 'floor', 'round', 'sign', 'relu6'].map((op) => [op, call(op, x)] as const),
  ...[[], [0], [0.5], [-1]].map((alpha) => ['step', call('step', x, ...alpha)] as const),
  ...[
    [-1, 1],
    [0, 3],
    [-5, -0.5],
    [-100, 100],
  ].map(([low, high]) => ['clipByValue', call('clipByValue', x, low, high)] as const),
  ...[[], [0], [0.125], [0.5], [1], [2]].map(
    (alpha) => ['leakyRelu', call('leakyRelu', x, ...alpha)] as const,
  ),
  ['hard sigmoid', call('clipByValue', call('add', mul(x, 0.25), 0.5), 0, 1)],
  ['hard swish', mul(x, call('div', call('relu6', call('add', x, 3)), 6))],
  ['mul of step', mul(x, call('step', x))],
  ['mul of sign', mul(x, call('sign', x))],
];

/** Smooth computations of more than one op, and ops that tell the kind of a number. */
const composites: readonly (readonly [op: string, expression: Expression])[] = [
  ['cast', toFloat(x)],
  ['zerosLike', mul(call('zerosLike', x), x)],
  ['onesLike', mul(call('onesLike', x), x)],
  ...['isNaN', 'isInf', 'isFinite'].map((op) => [op, mul(toFloat(call(op, x)), x)] as const),
  ['swish', mul(x, call('sigmoid', x))],
  ['mish', mul(x, call('tanh', call('softplus', x)))],
  ['gelu by erf', mul(mul(x, 0.5), call('add', 1, call('erf', mul(x, ROOT_HALF))))],
  [
    'gelu by tanh',
    mul(
      mul(x, 0.5),
      call('add', 1, call('tanh', mul(call('add', x, mul(call('pow', x, 3), 0.044921875)), 0.796875))),
    ),
  ],
  ['softsign', call('div', x, call('add', 1, call('abs', x)))],
];

const mirrored = (...sizes: number[]): number[] => [...sizes.map((n) => -n).reverse(), ...sizes];
const wide = mirrored(1e-5, 1e-3, 0.3, 5, 30);
const huge = mirrored(1e-5, 1e-3, 0.3, 5, 1e3, 1e6);
const inUnit = mirrored(1e-5, 1e-3, 0.3, 0.9, 0.99);
const angles = mirrored(1e-5, 1e-3, 0.3, 1.2, 5, 20);
const positive = [1e-6, 1e-3, 0.3, 1.5, 1e3, 1e6];
const bendAtZero = mirrored(0.01, 0.3, 5, 1e3, 1e6);
const jumpAtWholes = mirrored(0.01, 0.75, 5.25, 100.25);

/**
 * Numbers of very different sizes at which neither the function nor its derivative leaves float32. Where a function nears a number
 * other than 0, they end before differences of doubles can no longer tell its slope.
 */
const extremes: readonly (readonly [op: string, values: readonly number[], ...attributes: number[]])[] = [
  ['abs', bendAtZero],
  ['acos', inUnit],
  ['acosh', [1.01, 1.1, 2, 30, 1e3, 1e6]],
  ['asin', inUnit],
  ['asinh', huge],
  ['atan', mirrored(1e-5, 1e-3, 0.3, 5, 1e3)],
  ['atanh', inUnit],
  ['ceil', jumpAtWholes],
  ['clipByValue', bendAtZero, -100, 100],
  ['clone', huge],
  ['cos', mirrored(1e-3, 0.3, 1.2, 5, 20)],
  ['cosh', mirrored(1e-3, 0.3, 5, 30)],
  ['elu', mirrored(0.01, 0.3, 5, 15)],
  ['erf', mirrored(1e-5, 1e-3, 0.3, 1, 2, 3)],
  ['exp', wide],
  ['expm1', [-15, -5, -0.3, -1e-3, -1e-5, 1e-5, 1e-3, 0.3, 5, 30]],
  ['floor', jumpAtWholes],
  ['leakyRelu', bendAtZero],
  ['log', positive],
  ['log1p', [-0.99, -0.5, -1e-3, -1e-5, 1e-5, 1e-3, 0.5, 30, 1e6]],
  ['logSigmoid', wide],
  ['neg', huge],
  ['reciprocal', huge],
  ['relu', bendAtZero],
  ['relu6', [-1e6, -5, -0.01, 0.01, 3, 5.75, 6.25, 1e6]],
  ['round', jumpAtWholes],
  ['rsqrt', positive],
  ['selu', mirrored(0.01, 0.3, 5, 15)],
  ['sigmoid', [-30, -5, -0.3, -1e-3, -1e-5, 1e-5, 1e-3, 0.3, 5, 15]],
  ['sign', bendAtZero],
  ['sin', angles],
  ['sinh', wide],
  ['softplus', wide],
  ['sqrt', positive],
  ['square', huge],
  ['step', bendAtZero],
  ['tan', angles],
  ['tanh', mirrored(1e-5, 1e-3, 0.3, 3, 8)],
];

const kinks: readonly (readonly [op: string, values: readonly number[], ...attributes: number[]])[] = [
  ['abs', [-1, 0, 2]],
  ['relu', [-1, 0, 2]],
  ['relu6', [-1, 0, 2, 6, 7]],
  ['leakyRelu', [-1, 0, 2]],
  ['leakyRelu', [-1, 0, 2], 0.5],
  ['clipByValue', [-2, -1, 0, 1.5, 2], -1, 1.5],
  ['elu', [-1, 0, 2]],
  ['selu', [-1, 0, 2]],
];

export const elementwise: Family = {
  name: 'elementwise',
  *cases(choices: Choices): Iterable<CaseDraft> {
    for (const [op, range] of Object.entries(smooth)) {
      for (const rank of [0, 1, 2, 4, 6]) {
        yield { op, inputs: { x: real(shapeOf(choices, rank), range) }, expression: call(op, x) };
      }
    }
    for (const rank of [1, 5]) {
      for (const [op, expression] of composites) {
        yield { op, inputs: { x: real(shapeOf(choices, rank)) }, expression };
      }
    }
    for (const rank of [0, 3]) {
      for (const [op, expression] of bent) {
        yield { op, inputs: { x: quarters(shapeOf(choices, rank, 12)) }, expression };
      }
    }
    for (const [op, expression] of [
      ['cast', toFloat(call('cast', x, 'int32'))],
      ['cast', toFloat(call('cast', x, 'bool'))],
    ] as const) {
      yield { op, variant: 'to whole numbers', inputs: { x: quarters([5]) }, expression };
    }
    for (const [op, values, ...attributes] of extremes) {
      yield {
        op,
        variant: 'extremes',
        inputs: { x: { shape: [values.length], values } },
        expression: call(op, x, ...attributes),
        entrywise: true,
        order: 1,
      };
    }
    for (const [op, values, ...attributes] of kinks) {
      yield {
        op,
        variant: 'kink',
        inputs: { x: { shape: [values.length], values } },
        expression: call(op, x, ...attributes),
        kink: true,
        order: 1,
      };
    }
  },
};
