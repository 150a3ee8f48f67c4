/**
 * Random compositions whose gradient is known, from a seed: by stratum, what makes them hard to judge. The same stratum, seed and
 * index always give the same composition.
 */
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import {
  KINDS,
  sizeOf,
  type Composition,
  type Falsification,
  type Input,
  type Kind,
  type Node,
} from './composition.js';
import { applyOp, broadcast, evaluate, gradient, type Numbers } from './reference.js';

export const STRATA = {
  small: 'ordinary scales, 1 to 100 entries',
  medium: 'ordinary scales, about 1,000 entries',
  large: 'ordinary scales, 10,000 to 100,000 entries',
  spread: 'entries times 10^U(-8, 8), 1 to 100 entries',
  'spread-medium': 'entries times 10^U(-8, 8), about 1,000 entries',
  quantisers: 'round(kx)/k or floor(kx)/k with gradient 0 beside smooth parts',
  flat: 'an input or all of f has no influence: x/x, a bias under a softmax, saturation',
  kinks: 'some arguments of relu, leakyRelu, abs or selu lie 1e-6 to 1e-3 beside their kink',
  offset: 'f plus a number of size 1e3 to 1e7',
} as const;
export type Stratum = keyof typeof STRATA;

/** Relative errors of falsified gradients. */
export const ERRORS = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

/** Each falsified case takes the next of these. */
export const VARIANTS: readonly { kind: Kind; error: number }[] = [
  ...ERRORS.flatMap((error) => KINDS.slice(0, 3).map((kind) => ({ kind, error }))),
  ...KINDS.slice(3).map((kind) => ({ kind, error: 1 })),
];

export interface Case {
  id: string;
  stratum: Stratum;
  composition: Composition;
  /** undefined: the gradient is right. */
  falsification?: Falsification;
  /** Of the sum of f's outputs, in plain doubles: the oracle that each framework's own gradient is held against. */
  reference: Float64Array[];
  /** What each entry of a right gradient may be off by: its rounding, and what f's own rounding hides. */
  allowed: Float64Array[];
}

/** Why compositions were thrown away, with counts. */
export type Rejections = Map<string, number>;

class Rejected extends Error {}

class Dice {
  private readonly generator;

  constructor(...words: number[]) {
    const state = [0x9e3779b9 | 0, 0x243f6a88, 0xb7e15162 | 0, 0x452821e6];
    words.forEach((word, i) => {
      state[i % 4] = Math.imul(state[i % 4] ^ word, 0x85ebca6b) ^ (i + 1);
    });
    this.generator = xoroshiro128plusFromState(state);
    for (let i = 0; i < 20; i++) this.generator.next();
  }

  uniform(low = 0, high = 1): number {
    return low + (high - low) * uniformFloat64(this.generator);
  }

  below(n: number): number {
    return Math.floor(this.uniform(0, n));
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  sign(): number {
    return this.chance(0.5) ? 1 : -1;
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Of size ½ to 1½ and either sign, as float32 holds it. */
  weight(): number {
    return Math.fround(this.sign() * this.uniform(0.5, 1.5));
  }

  /** 10^U(low, high) */
  magnitude(low: number, high: number): number {
    return 10 ** this.uniform(low, high);
  }
}

const numbersOf = (n: number, next: () => number): number[] =>
  Array.from({ length: n }, () => Math.fround(next()));

const SHAPES: Record<'small' | 'medium' | 'large', number[][]> = {
  small: [[], [1], [3], [5], [8], [64], [2, 3], [3, 4], [4, 4], [6, 5], [10, 10], [2, 3, 4]],
  medium: [[1000], [32, 32], [10, 100], [4, 16, 16]],
  large: [[10000], [100, 100], [20, 50, 20], [100000], [316, 316]],
};

const sizeClass = (stratum: Stratum): keyof typeof SHAPES =>
  stratum === 'large' ? 'large' : stratum.endsWith('medium') ? 'medium' : 'small';
const isSpread = (stratum: Stratum): boolean => stratum.startsWith('spread');

/** What f's values may be. */
interface Bounds {
  value: number;
  /** The least size of a divisor, and of the arguments of log and sqrt. */
  divisor: number;
}
const ORDINARY: Bounds = { value: 1e4, divisor: 0.05 };
const SPREAD: Bounds = { value: 1e12, divisor: 1e-12 };
/** Nearer to a kink than this, beside numbers of size 1, a composition is thrown away. */
const KINK_MARGIN = 1e-6;
const KINKED = ['abs', 'relu', 'leakyRelu', 'selu'];

const all = (x: Numbers, test: (v: number) => boolean): boolean => x.data.every(test);

/** Whether an op may be applied to these arguments: inside its domain and off its kinks. */
function isAllowed(node: Node, args: Numbers[], { value, divisor }: Bounds, margin: number): boolean {
  const [x, other] = args;
  switch (node.op) {
    case 'log':
    case 'sqrt':
      return all(x, (v) => v >= divisor);
    case 'reciprocal':
      return all(x, (v) => Math.abs(v) >= divisor);
    case 'div':
      return all(other, (v) => Math.abs(v) >= divisor);
    case 'exp':
      return all(x, (v) => v <= 6);
    case 'square':
      return all(x, (v) => v * v <= value);
    case 'sin':
    case 'cos':
      return all(x, (v) => Math.abs(v) <= 30);
    case 'norm':
      return x.data.some((v) => Math.abs(v) >= divisor);
    case 'quantise':
    case 'floor': {
      // The margin to the next jump, in jumps.
      const half = node.op === 'quantise' ? 0.5 : 0;
      return all(x, (v) => {
        const t = node.k! * v + half;
        return Math.abs(t - Math.round(t)) >= 1e-3;
      });
    }
    case 'max':
      return maxMargin(x, node.axis) >= margin;
    default:
      return !KINKED.includes(node.op) || all(x, (v) => Math.abs(v) >= margin);
  }
}

/** The least distance between the largest and the second largest entry of a line. */
function maxMargin(x: Numbers, axis: number | undefined): number {
  const step = axis === undefined ? 1 : sizeOf(x.shape.slice(axis + 1));
  const count = axis === undefined ? x.data.length : x.shape[axis];
  if (count < 2) return Infinity;
  let margin = Infinity;
  for (let line = 0; line < x.data.length / count; line++) {
    const first = Math.floor(line / step) * step * count + (line % step);
    const entries = Array.from({ length: count }, (_, k) => x.data[first + k * step]).sort((a, b) => b - a);
    margin = Math.min(margin, entries[0] - entries[1]);
  }
  return margin;
}

/** A composition as it grows, with its values. */
class Growing {
  readonly nodes: Node[] = [];
  readonly values: Numbers[] = [];

  constructor(
    readonly inputs: Input[],
    readonly bounds: Bounds,
    readonly margin = KINK_MARGIN,
  ) {
    for (const { shape, values } of inputs) this.values.push({ shape, data: Float64Array.from(values) });
  }

  /** Adds an op where it is allowed; returns its place. */
  add(op: string, args: number[], params: Omit<Node, 'op' | 'args'> = {}): number | undefined {
    const node: Node = { op, args, ...params };
    const given = args.map((arg) => this.values[arg]);
    if (!isAllowed(node, given, this.bounds, this.margin)) return undefined;
    const y = applyOp(node, given);
    if (!all(y, (v) => Math.abs(v) <= this.bounds.value)) return undefined;
    this.nodes.push(node);
    this.values.push(y);
    return this.values.length - 1;
  }

  must(op: string, args: number[], params: Omit<Node, 'op' | 'args'> = {}): number {
    const at = this.add(op, args, params);
    if (at === undefined) throw new Rejected('outside of an op’s domain, or too large');
    return at;
  }

  constant(shape: number[], values: number[]): number {
    return this.must('constant', [], { shape, values });
  }

  shape(at: number): number[] {
    return this.values[at].shape;
  }
}

const UNARY = [
  'sin',
  'cos',
  'tanh',
  'sigmoid',
  'exp',
  'log',
  'softplus',
  'square',
  'sqrt',
  'reciprocal',
  'abs',
  'relu',
  'leakyRelu',
  'elu',
  'selu',
  'erf',
  'neg',
];
const POSITIVE = ['log', 'sqrt', 'reciprocal'];

/** One random op on `at`; undefined where it is not allowed there. */
function step(growing: Growing, at: number, dice: Dice): number | undefined {
  const shape = growing.shape(at);
  const rank = shape.length;
  const size = sizeOf(shape);
  const roll = dice.uniform();
  if (roll < 0.5) {
    const op = dice.pick(UNARY);
    let argument: number | undefined = at;
    // Random numbers are seldom all positive: make them so.
    if (POSITIVE.includes(op) && !isAllowed({ op, args: [at] }, [growing.values[at]], growing.bounds, 0)) {
      argument = growing.add(dice.pick(['softplus', 'exp', 'sigmoid']), [at]);
      if (argument !== undefined) argument = growing.add('shift', [argument], { k: Math.fround(0.1) });
    }
    if (argument === undefined) return undefined;
    return growing.add(op, [argument], op === 'leakyRelu' ? { k: Math.fround(0.2) } : {});
  }
  if (roll < 0.58) return growing.add(dice.pick(['scale', 'shift']), [at], { k: dice.weight() });
  if (roll < 0.66) {
    const constant = growing.constant(
      shape,
      numbersOf(size, () => dice.weight()),
    );
    return growing.add(dice.pick(['add', 'mul', 'sub', 'div']), [at, constant]);
  }
  if (roll < 0.74) {
    // Two branches meet: an earlier result of a shape that fits.
    const others = growing.values
      .map((_, i) => i)
      .filter((i) => {
        const common = broadcast(shape, growing.shape(i));
        return common !== undefined && sizeOf(common) <= Math.max(size, sizeOf(growing.shape(i)));
      });
    const pair = dice.chance(0.5) ? [at, dice.pick(others)] : [dice.pick(others), at];
    return growing.add(dice.pick(['add', 'mul', 'sub', 'div']), pair);
  }
  if (rank === 0) return undefined;
  if (roll < 0.82) {
    return shape[rank - 1] > 1
      ? growing.add(dice.pick(['softmax', 'logSoftmax', 'layerNorm']), [at])
      : undefined;
  }
  if (roll < 0.88) {
    if (rank < 2) return undefined;
    const params = { axis: dice.below(rank), keepDims: dice.chance(0.5) };
    return growing.add(dice.pick(['sum', 'mean', 'max', 'norm']), [at], params);
  }
  if (roll < 0.93 && rank === 2) {
    const columns = dice.pick([2, 4, shape[1]]);
    const values = numbersOf(shape[1] * columns, () => dice.normal() / Math.sqrt(shape[1]));
    return growing.add('matMul', [at, growing.constant([shape[1], columns], values)]);
  }
  const axis = dice.below(rank);
  switch (dice.below(5)) {
    case 0:
      return growing.add('reshape', [at], { shape: rank === 1 ? [1, size] : [size] });
    case 1: {
      const perm = shape.map((_, i) => i).reverse();
      return rank > 1 ? growing.add('transpose', [at], { perm }) : undefined;
    }
    case 2:
      return size <= 20_000 ? growing.add('concat', [at, at], { axis }) : undefined;
    case 3: {
      const size = shape.map((n, i) => (i === axis ? Math.max(1, Math.ceil(n * 0.7)) : n));
      return growing.add('slice', [at], { begin: shape.map((n, i) => n - size[i]), size });
    }
    default:
      return growing.add('gather', [at], {
        indices: Array.from({ length: shape[0] }, () => dice.below(shape[0])),
      });
  }
}

/** Joins another input to what there is. */
function join(growing: Growing, at: number, input: number, dice: Dice): number {
  const [a, b] = [growing.shape(at), growing.shape(input)];
  if (a.length === 2 && b.length === 2 && a[1] === b[0] && (!broadcast(a, b) || dice.chance(0.7))) {
    return growing.must('matMul', [at, input]);
  }
  if (broadcast(a, b)) {
    const joined = growing.add(dice.pick(['add', 'mul', 'sub', 'div']), [at, input]);
    if (joined !== undefined) return joined;
    return growing.must('add', [at, input]);
  }
  // Shapes that have nothing to do with one another meet as numbers.
  const one = growing.must('mean', [growing.must('tanh', [input])], {});
  return growing.must('mul', [at, one]);
}

/** `count` random ops on what there is, with every input joined on the way. */
function grow(growing: Growing, start: number, count: number, dice: Dice): number {
  let at = start;
  const waiting = growing.inputs.map((_, i) => i).slice(1);
  for (let done = 0, tries = 0; done < count;) {
    if (waiting.length > 0 && (dice.chance(0.5) || count - done <= waiting.length)) {
      at = join(growing, at, waiting.shift()!, dice);
      done++;
      continue;
    }
    const next = step(growing, at, dice);
    if (next !== undefined) {
      at = next;
      done++;
    } else if (++tries > 60) throw new Rejected('no op fits');
  }
  return at;
}

/** A number, or up to eight, as the output: a weighted sum of what there is. */
function close(growing: Growing, at: number, dice: Dice): void {
  const shape = growing.shape(at);
  const size = sizeOf(shape);
  if (size <= 8 && dice.chance(0.5)) {
    if (at < growing.inputs.length || growing.nodes[at - growing.inputs.length].op === 'constant') {
      growing.must('scale', [at], { k: 1 });
    } else if (at !== growing.values.length - 1) growing.must('scale', [at], { k: 1 });
    return;
  }
  const weights = growing.constant(
    shape,
    numbersOf(size, () => dice.weight()),
  );
  const weighted = growing.must('mul', [at, weights]);
  growing.must(dice.chance(0.3) ? 'mean' : 'sum', [weighted], {});
}

function makeInputs(stratum: Stratum, dice: Dice): Input[] {
  const shapes = SHAPES[sizeClass(stratum)];
  const first = dice.pick(shapes);
  const count = dice.pick([1, 1, 1, 2, 2, 3]);
  const draw = (shape: number[]): Input => ({
    shape,
    values: numbersOf(
      sizeOf(shape),
      isSpread(stratum)
        ? () => dice.sign() * dice.uniform(0.5, 1.5) * dice.magnitude(-8, 8)
        : () => dice.normal(),
    ),
  });
  const inputs = [draw(first)];
  while (inputs.length < count) {
    const last = first[first.length - 1];
    const choices: number[][] = [first, [], ...(first.length > 0 ? [[last]] : [])];
    if (first.length === 2) choices.push([last, dice.pick([2, 4])]);
    inputs.push(draw(dice.pick(choices)));
  }
  return inputs;
}

/** Brings an input of spread scales to sizes that the ops after it can work with; returns the place of the result. */
function tame(growing: Growing, input: number, dice: Dice): number {
  const { shape, data } = growing.values[input];
  const roll = dice.uniform();
  if (roll < 0.6) {
    const scales = Array.from(data, (v) => Math.fround(Math.abs(v) * dice.magnitude(-0.5, 0.5)));
    return growing.must('div', [input, growing.constant(shape, scales)]);
  }
  if (roll < 0.75) return growing.must('log', [growing.must('abs', [input])]);
  const rows = shape.length > 0 && shape[shape.length - 1] > 1 ? ['layerNorm', 'softmax'] : [];
  return growing.must(
    dice.pick(['tanh', 'sigmoid', 'erf', 'softplus', 'relu', 'elu', 'abs', 'norm', ...rows]),
    [input],
  );
}

function composeOrdinary(stratum: Stratum, dice: Dice): Growing {
  const growing = new Growing(makeInputs(stratum, dice), ORDINARY);
  close(growing, grow(growing, 0, 2 + dice.below(7), dice), dice);
  return growing;
}

function composeSpread(stratum: Stratum, dice: Dice): Growing {
  const growing = new Growing(makeInputs(stratum, dice), SPREAD, 0);
  let at = tame(growing, 0, dice);
  for (let input = 1; input < growing.inputs.length; input++) {
    const other = tame(growing, input, dice);
    at = join(growing, at, other, dice);
  }
  let left = 1 + dice.below(5);
  for (let tries = 0; left > 0;) {
    const next = step(growing, at, dice);
    if (next !== undefined) {
      at = next;
      left--;
    } else if (++tries > 60) throw new Rejected('no op fits');
  }
  close(growing, at, dice);
  return growing;
}

/** A rounded branch is added to, or multiplied with, a smooth one. */
function composeQuantisers(stratum: Stratum, dice: Dice): Growing {
  const growing = new Growing(makeInputs(stratum, dice).slice(0, 1), ORDINARY);
  const k = dice.pick([1, 4, 10, 64, 100, 256, 1000]);
  const before = dice.chance(0.5) ? 0 : growing.must(dice.pick(['sin', 'tanh', 'softplus']), [0]);
  const rounded = growing.must(dice.pick(['quantise', 'floor']), [before], { k });
  const smooth = growing.must(dice.pick(['sin', 'tanh', 'softplus', 'square', 'scale']), [before], { k: 2 });
  const both = growing.must(dice.pick(['add', 'mul']), [smooth, rounded]);
  close(growing, grow(growing, both, dice.below(4), dice), dice);
  return growing;
}

function composeFlat(_: Stratum, dice: Dice): Growing {
  const draw = (shape: number[]): Input => ({ shape, values: numbersOf(sizeOf(shape), () => dice.normal()) });
  const shape = dice.pick([[3], [8], [3, 4], [4, 4], [6, 5]]);
  const part = dice.pick(['x/x', 'bias', 'centred', 'unit', 'relu', 'saturated', 'sum of softmax']);
  const inputs =
    part === 'unit'
      ? [draw(dice.pick([[], [1]])), draw([5])]
      : part === 'bias' || part === 'centred'
        ? [draw(shape), draw([])]
        : [draw(shape)];
  const growing = new Growing(inputs, ORDINARY);
  let at: number;
  switch (part) {
    case 'x/x':
      at = growing.must('div', [0, 0]);
      break;
    case 'bias':
      at = growing.must(dice.pick(['softmax', 'logSoftmax']), [growing.must('add', [0, 1])]);
      break;
    case 'centred': {
      const moved = growing.must('add', [0, 1]);
      at = growing.must('sub', [moved, growing.must('mean', [moved], {})]);
      break;
    }
    case 'unit':
      at = growing.must('div', [0, growing.must('norm', [0], {})]);
      break;
    case 'relu':
      at = growing.must('relu', [
        growing.must('shift', [growing.must('neg', [growing.must('softplus', [0])])], { k: -0.5 }),
      ]);
      break;
    case 'saturated':
      at = growing.must(dice.pick(['tanh', 'sigmoid', 'erf']), [
        growing.must('shift', [growing.must('scale', [0], { k: 3 })], { k: 50 }),
      ]);
      break;
    default:
      at = growing.must('sum', [growing.must('softmax', [0])], { axis: shape.length - 1 });
  }
  // With a branch that is not flat, or without.
  if (part === 'unit' || dice.chance(0.5)) {
    const other = growing.must(dice.pick(['sin', 'tanh', 'square']), [part === 'unit' ? 1 : 0]);
    const sum = growing.must('mean', [other], {});
    at = growing.must(dice.pick(['add', 'mul']), [at, sum]);
  }
  for (let i = dice.below(3); i > 0; i--) at = step(growing, at, dice) ?? at;
  close(growing, at, dice);
  return growing;
}

/** A third of the arguments of an op with a kink lie 1e-6 to 1e-3 beside it. */
function composeKinks(stratum: Stratum, dice: Dice): Growing {
  const growing = new Growing(makeInputs(stratum, dice).slice(0, 1), ORDINARY, 5e-7);
  const before = dice.chance(0.4) ? 0 : grow(growing, 0, 1 + dice.below(2), dice);
  const { shape, data } = growing.values[before];
  const shifts = Array.from(data, (v) =>
    Math.fround(dice.chance(0.35) ? dice.sign() * dice.magnitude(-6, -3) - v : dice.weight()),
  );
  const near = growing.must('add', [before, growing.constant(shape, shifts)]);
  const op = dice.pick(KINKED);
  const bent = growing.must(op, [near], op === 'leakyRelu' ? { k: Math.fround(0.2) } : {});
  close(growing, grow(growing, bent, dice.below(4), dice), dice);
  return growing;
}

function composeOffset(stratum: Stratum, dice: Dice): Growing {
  const growing = composeOrdinary(stratum, dice);
  const bounds: Bounds = { ...ORDINARY, value: 1e9 };
  const moved = new Growing(growing.inputs, bounds);
  moved.nodes.push(...growing.nodes);
  moved.values.splice(0, moved.values.length, ...growing.values);
  moved.must('shift', [moved.values.length - 1], {
    k: Math.fround(dice.sign() * dice.magnitude(3, 7)),
  });
  return moved;
}

const COMPOSERS: Record<Stratum, (stratum: Stratum, dice: Dice) => Growing> = {
  small: composeOrdinary,
  medium: composeOrdinary,
  large: composeOrdinary,
  spread: composeSpread,
  'spread-medium': composeSpread,
  quantisers: composeQuantisers,
  flat: composeFlat,
  kinks: composeKinks,
  offset: composeOffset,
};

/** Places that some output hangs on. */
function used({ inputs, nodes }: Composition): Set<number> {
  const seen = new Set<number>([inputs.length + nodes.length - 1]);
  for (let at = inputs.length + nodes.length - 1; at >= inputs.length; at--) {
    if (seen.has(at)) nodes[at - inputs.length].args.forEach((arg) => seen.add(arg));
  }
  return seen;
}

/** The composition without the nodes that no output hangs on. */
function pruned(composition: Composition): Composition {
  const seen = used(composition);
  const { inputs, nodes } = composition;
  if (inputs.some((_, i) => !seen.has(i))) throw new Rejected('an input without a path to the output');
  const places = new Map<number, number>(inputs.map((_, i) => [i, i]));
  const kept: Node[] = [];
  nodes.forEach((node, i) => {
    const at = inputs.length + i;
    if (!seen.has(at)) return;
    places.set(at, inputs.length + kept.length);
    kept.push({ ...node, args: node.args.map((arg) => places.get(arg)!) });
  });
  return { inputs, nodes: kept };
}

/** Rounding of doubles. */
const EPSILON = 2 ** -53;
const RUNS = 3;

interface Known {
  /** f's outputs. */
  value: Float64Array;
  /** How far rounding inside of f moves its outputs (L2 norm). */
  noise: number;
  /** For each input the size of each entry's effect: the L2 norm of its column of the Jacobian. */
  columns: Float64Array[];
  /** The gradient of the sum of the outputs. */
  gradient: Float64Array[];
  /** How far rounding moves that gradient. */
  rounding: Float64Array[];
}

/**
 * Value and gradient, with what rounding does to them: everything is computed again with each intermediate result, forward and
 * backward, off by a random relative error of up to 2·2^-53 (stochastic arithmetic).
 */
function know(composition: Composition, dice: Dice): Known {
  const exact = evaluate(composition);
  const value = exact.output.data;
  const ones = new Float64Array(value.length).fill(1);
  const sum = gradient(composition, exact, ones);
  const rounding = sum.map(({ length }) => new Float64Array(length));
  let noise = EPSILON * Math.hypot(...value);
  for (let run = 0; run < RUNS; run++) {
    const round = (v: number): number => v * (1 + EPSILON * dice.uniform(-2, 2));
    const other = evaluate(composition, round);
    noise = Math.max(noise, Math.hypot(...value.map((v, k) => v - other.output.data[k])));
    gradient(composition, other, ones, round).forEach((g, i) =>
      g.forEach((v, j) => {
        const off = Math.abs(v - sum[i][j]);
        if (!(off <= rounding[i][j])) rounding[i][j] = off;
      }),
    );
  }
  const columns = sum.map(({ length }) => new Float64Array(length));
  value.forEach((_, k) => {
    const row =
      value.length === 1
        ? sum
        : gradient(
            composition,
            exact,
            ones.map((_, l) => Number(k === l)),
          );
    row.forEach((g, i) =>
      g.forEach((v, j) => {
        columns[i][j] = Math.hypot(columns[i][j], v);
      }),
    );
  });
  return { value, noise, columns, gradient: sum, rounding };
}

/** Double-precision differentiation may be off by this share of an entry; where it is off by more the case is thrown away. */
const MOST_ROUNDING = 1e-9;

/**
 * Throws where even a right gradient in doubles has few right digits: an entry's rounding is above 1e-9 of it, and it is more than f's own
 * rounding would hide (rounding·|x| above 16·2^-53·|f|).
 */
function requireSound({ inputs }: Composition, known: Known): Float64Array[] {
  const { value, noise, gradient, rounding } = known;
  if (!value.every(Number.isFinite) || !gradient.every((g) => g.every(Number.isFinite))) {
    throw new Rejected('a value or gradient that is not finite');
  }
  const hidden = Math.max(noise, 16 * EPSILON * Math.hypot(...value));
  return gradient.map((g, i) =>
    g.map((v, j) => {
      const unseen = hidden / Math.abs(inputs[i].values[j]);
      if (rounding[i][j] > Math.max(MOST_ROUNDING * Math.abs(v), unseen)) {
        throw new Rejected('a gradient that doubles cannot give to 1e-9');
      }
      return 8 * rounding[i][j] + unseen;
    }),
  );
}

/** An entry is falsified only if its own effect is at least this share of the largest effect in its input. */
const LEAST_SHARE = 1e-3;
/** And only if the error, over a step of the entry's own size, moves f by so many times f's rounding. */
const LEAST_EFFECT = 64;

/** Picks what is made wrong; throws where no entry would show it. */
function falsify(
  stratum: Stratum,
  { inputs, nodes }: Composition,
  { columns, noise, gradient }: Known,
  variant: { kind: Kind; error: number },
  dice: Dice,
): Falsification {
  const { kind } = variant;
  // Of an input at spread scales, the effect of moving an entry by its own size counts, else the derivative.
  const effects = columns.map((column, i) => column.map((v, j) => v * Math.abs(inputs[i].values[j])));
  const ranked = isSpread(stratum) ? effects : columns;
  const eligible = columns.map((column, i) => {
    const largest = ranked[i].reduce((a, b) => Math.max(a, b), 0);
    return Array.from(column, (_, j) => j).filter(
      (j) =>
        effects[i][j] > 0 &&
        ranked[i][j] >= LEAST_SHARE * largest &&
        variant.error * effects[i][j] >= LEAST_EFFECT * noise,
    );
  });
  let candidates = inputs.map((_, i) => i).filter((i) => eligible[i].length > 0);
  if (kind === 'transposed') {
    candidates = candidates.filter((i) => {
      const { shape } = inputs[i];
      const n = shape[0];
      if (shape.length !== 2 || n !== shape[1] || n === 1) return false;
      return eligible[i].some((j) => {
        const other = gradient[i][(j % n) * n + Math.floor(j / n)];
        return Math.abs(other - gradient[i][j]) > 0.01 * Math.abs(gradient[i][j]);
      });
    });
  }
  if (candidates.length === 0) throw new Rejected('no entry whose error would show');
  const input = dice.pick(candidates);
  const at = dice.pick(eligible[input]);
  const error = dice.sign() * variant.error;
  switch (kind) {
    case 'entry':
      return { kind, error, input, range: [at, at + 1] };
    case 'row': {
      const { shape, values } = inputs[input];
      const length = shape.length > 1 ? sizeOf(shape.slice(1)) : Math.max(1, Math.ceil(values.length / 4));
      const from = Math.floor(at / length) * length;
      return { kind, error, input, range: [from, Math.min(from + length, values.length)] };
    }
    case 'everywhere':
      return { kind, error, input: null, range: null };
    case 'sign':
      return { kind, error: -2, input, range: [0, inputs[input].values.length] };
    case 'transposed':
      return { kind, error: 1, input, range: null };
    case 'dy ignored':
      if (nodes.length === 0) throw new Rejected('nothing to ignore');
      return { kind, error: 1, input: null, range: null };
  }
}

const ATTEMPTS = 400;

/**
 * Case `index` of a stratum: the first random composition that is fit, by these rules (`rejections` counts those that are not).
 * - Values stay below 1e4 (1e12 at spread scales), arguments inside of every op's domain and 1e-6 or more from kinks.
 * - Reverse mode in doubles is right to 1e-9 in every entry, or to what f's own rounding hides.
 * - What is falsified could be seen: an entry whose effect is at least 1e-3 of its input's largest, and whose error moves f, over a step of the
 *   entry's own size, by 64 times f's rounding or more.
 */
export function makeCase(
  stratum: Stratum,
  seed: number,
  index: number,
  falsified: boolean,
  rejections: Rejections = new Map(),
): Case {
  const place = Object.keys(STRATA).indexOf(stratum);
  const variant = falsified ? VARIANTS[index % VARIANTS.length] : undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const dice = new Dice(seed | 0, Math.floor(seed / 2 ** 32), place, index, Number(falsified), attempt);
    try {
      const { inputs, nodes } = COMPOSERS[stratum](stratum, dice);
      const composition = pruned({ inputs, nodes });
      const known = know(composition, dice);
      const allowed = requireSound(composition, known);
      const falsification = variant && falsify(stratum, composition, known, variant, dice);
      return {
        id: `${stratum}/${falsified ? 'falsified' : 'right'}/${seed}/${index}`,
        stratum,
        composition,
        ...(falsification && { falsification }),
        reference: known.gradient,
        allowed,
      };
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      rejections.set(error.message, (rejections.get(error.message) ?? 0) + 1);
    }
  }
  throw new Error(`${stratum}/${seed}/${index}: none of ${ATTEMPTS} compositions was fit.`);
}

/** The case of an id. */
export function caseOf(id: string): Case {
  const [stratum, said, seed, index] = id.split('/');
  if (!Object.hasOwn(STRATA, stratum) || !['right', 'falsified'].includes(said) || index === undefined) {
    throw new Error(`${id} names no case. Ids are like small/right/1/17 and spread/falsified/1/3.`);
  }
  return makeCase(stratum as Stratum, Number(seed), Number(index), said === 'falsified');
}
