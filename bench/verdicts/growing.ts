/** A composition as it grows: which ops may come next, and random ones. */
import { sizeOf } from '../../src/shapes.js';
import { parameter, type Input, type Node } from './composition.js';
import { numbersOf, type Dice } from './dice.js';
import { applyOp, broadcast, type Numbers } from './reference.js';

/** A composition that is not fit, with the reason. */
export class Rejected extends Error {}

/** What f's values may be. */
export interface Bounds {
  value: number;
  /** The least size of a divisor, and of the arguments of log and sqrt. */
  divisor: number;
}
export const ORDINARY: Bounds = { value: 1e4, divisor: 0.05 };
export const SPREAD: Bounds = { value: 1e12, divisor: 1e-12 };
/** Nearer to a kink than this, beside numbers of size 1, a composition is thrown away. */
const KINK_MARGIN = 1e-6;
export const KINKED = ['abs', 'relu', 'leakyRelu', 'selu'];

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
        const t = parameter(node, 'k') * v + half;
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
export class Growing {
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
export function step(growing: Growing, at: number, dice: Dice): number | undefined {
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
export function join(growing: Growing, at: number, input: number, dice: Dice): number {
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
export function grow(growing: Growing, start: number, count: number, dice: Dice): number {
  let at = start;
  const waiting = growing.inputs.map((_, i) => i).slice(1);
  for (let done = 0, tries = 0; done < count;) {
    const [input] = waiting;
    if (waiting.length > 0 && (dice.chance(0.5) || count - done <= waiting.length)) {
      waiting.shift();
      at = join(growing, at, input, dice);
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
export function close(growing: Growing, at: number, dice: Dice): void {
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
