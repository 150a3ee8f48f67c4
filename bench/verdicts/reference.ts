/**
 * The value and the gradient of a composition in plain doubles, with a hand-written vector-Jacobian product for each op: no
 * framework's differentiation is involved.
 */
import { erf } from '../../src/float64/kernels/elementwise.js';
import { sizeOf } from '../../src/shapes.js';
import { parameter, type Composition, type Node } from './composition.js';

export interface Numbers {
  shape: number[];
  data: Float64Array;
}

/** Multiplies by 1 + a rounding error. */
export type Rounding = (value: number) => number;

interface Op {
  value(args: Numbers[], node: Node): Numbers;
  /** For dy in the output's shape: the gradient of each argument, in the argument's shape. */
  vjp(dy: Float64Array, args: Numbers[], y: Numbers, node: Node): Float64Array[];
}

const numbers = (shape: number[], data?: Float64Array): Numbers => ({
  shape,
  data: data ?? new Float64Array(sizeOf(shape)),
});

const elementwise = (
  f: (x: number, k: number) => number,
  derivative: (x: number, y: number, k: number) => number,
): Op => ({
  value: ([x], { k = 0 }) =>
    numbers(
      x.shape,
      x.data.map((v) => f(v, k)),
    ),
  vjp: (dy, [x], y, { k = 0 }) => [dy.map((d, i) => d * derivative(x.data[i], y.data[i], k))],
});

/** For each entry of `shape`, the flat place of the entry of an argument that is broadcast to it. */
function placesIn(argument: readonly number[], shape: readonly number[]): (i: number) => number {
  if (argument.length === shape.length && argument.every((n, axis) => n === shape[axis])) return (i) => i;
  const offset = shape.length - argument.length;
  const places = new Int32Array(sizeOf(shape));
  const strides = new Array<number>(shape.length).fill(0);
  for (let axis = argument.length - 1, stride = 1; axis >= 0; axis--) {
    strides[axis + offset] = argument[axis] === 1 ? 0 : stride;
    stride *= argument[axis];
  }
  for (let i = 0; i < places.length; i++) {
    for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
      places[i] += (rest % shape[axis]) * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
  }
  return (i) => places[i];
}

export function broadcast(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length);
  const shape: number[] = [];
  for (let axis = 1; axis <= rank; axis++) {
    const [m, n] = [a[a.length - axis] ?? 1, b[b.length - axis] ?? 1];
    if (m !== n && m !== 1 && n !== 1) return undefined;
    shape.unshift(Math.max(m, n));
  }
  return shape;
}

const binary = (
  f: (a: number, b: number) => number,
  byA: (a: number, b: number) => number,
  byB: (a: number, b: number) => number,
): Op => ({
  value([a, b]) {
    const shape = broadcast(a.shape, b.shape);
    if (!shape) throw new Error(`verdicts: [${a.shape}] and [${b.shape}] do not broadcast.`);
    const y = numbers(shape);
    const [inA, inB] = [placesIn(a.shape, y.shape), placesIn(b.shape, y.shape)];
    for (let i = 0; i < y.data.length; i++) y.data[i] = f(a.data[inA(i)], b.data[inB(i)]);
    return y;
  },
  vjp(dy, [a, b], y) {
    const [da, db] = [new Float64Array(a.data.length), new Float64Array(b.data.length)];
    const [inA, inB] = [placesIn(a.shape, y.shape), placesIn(b.shape, y.shape)];
    for (let i = 0; i < dy.length; i++) {
      const [p, q] = [inA(i), inB(i)];
      da[p] += dy[i] * byA(a.data[p], b.data[q]);
      db[q] += dy[i] * byB(a.data[p], b.data[q]);
    }
    return [da, db];
  },
});

/** An axis as the places of its lines: the entries of line l are first(l) + k·step, k < count. */
function linesOf(shape: readonly number[], axis: number) {
  const step = sizeOf(shape.slice(axis + 1));
  const count = shape[axis];
  const lines = sizeOf(shape) / count;
  const first = (line: number): number => Math.floor(line / step) * step * count + (line % step);
  return { step, count, lines, first };
}

const reducedShape = (shape: readonly number[], axis: number | undefined, keepDims = false): number[] => {
  if (axis === undefined) return [];
  return keepDims ? shape.map((n, i) => (i === axis ? 1 : n)) : shape.filter((_, i) => i !== axis);
};

/** A reduction over one axis, or over all entries where the node names none. `line` holds the entries of one line. */
const reduction = (
  f: (line: Float64Array) => number,
  /** The derivative by each entry of the line. */
  derivative: (line: Float64Array, y: number) => Float64Array,
): Op => {
  const lineAt = (x: Numbers, axis: number | undefined, line: number) => {
    const { step, count, first } =
      axis === undefined ? { step: 1, count: x.data.length, first: () => 0 } : linesOf(x.shape, axis);
    const places = Int32Array.from({ length: count }, (_, k) => first(line) + k * step);
    return { places, entries: Float64Array.from(places, (place) => x.data[place]) };
  };
  return {
    value([x], { axis, keepDims }) {
      const y = numbers(reducedShape(x.shape, axis, keepDims));
      for (let line = 0; line < y.data.length; line++) y.data[line] = f(lineAt(x, axis, line).entries);
      return y;
    },
    vjp(dy, [x], y, { axis }) {
      const dx = new Float64Array(x.data.length);
      for (let line = 0; line < dy.length; line++) {
        const { places, entries } = lineAt(x, axis, line);
        const slopes = derivative(entries, y.data[line]);
        places.forEach((place, k) => {
          dx[place] = dy[line] * slopes[k];
        });
      }
      return [dx];
    },
  };
};

/** An op on each row (the last axis). */
const rowwise = (
  f: (row: Float64Array) => Float64Array,
  vjp: (dy: Float64Array, row: Float64Array, y: Float64Array) => Float64Array,
): Op => {
  const rows = (shape: number[], each: (from: number, to: number) => void): void => {
    const n = shape[shape.length - 1];
    for (let from = 0; from < sizeOf(shape); from += n) each(from, from + n);
  };
  return {
    value([x]) {
      const y = numbers(x.shape);
      rows(x.shape, (from, to) => y.data.set(f(x.data.subarray(from, to)), from));
      return y;
    },
    vjp(dy, [x], y) {
      const dx = new Float64Array(x.data.length);
      rows(x.shape, (from, to) =>
        dx.set(vjp(dy.subarray(from, to), x.data.subarray(from, to), y.data.subarray(from, to)), from),
      );
      return [dx];
    },
  };
};

/** An op that only moves entries: `from(args, node)` gives for each entry of the output the argument and the place it comes from. */
const moving = (
  shapeOf: (args: Numbers[], node: Node) => number[],
  from: (args: Numbers[], node: Node) => { argument: number; place: number }[],
): Op => ({
  value(args, node) {
    const sources = from(args, node);
    return numbers(
      shapeOf(args, node),
      Float64Array.from(sources, ({ argument, place }) => args[argument].data[place]),
    );
  },
  vjp(dy, args, _y, node) {
    const gradients = args.map(({ data }) => new Float64Array(data.length));
    from(args, node).forEach(({ argument, place }, i) => {
      gradients[argument][place] += dy[i];
    });
    return gradients;
  },
});

/** The coordinates of every entry of a shape, in row-major order. */
function coordinates(shape: readonly number[]): number[][] {
  return Array.from({ length: sizeOf(shape) }, (_, i) => {
    const at: number[] = [];
    for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
      at.unshift(rest % shape[axis]);
      rest = Math.floor(rest / shape[axis]);
    }
    return at;
  });
}

const place = (at: readonly number[], shape: readonly number[]): number =>
  at.reduce((flat, k, axis) => flat * shape[axis] + k, 0);

const mean = (row: Float64Array): number => row.reduce((sum, v) => sum + v, 0) / row.length;
const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * b[i], 0);
const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const softmaxOf = (row: Float64Array): Float64Array => {
  const largest = Math.max(...row);
  const e = row.map((v) => Math.exp(v - largest));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
};
const largestAt = (line: Float64Array): number => line.reduce((best, v, k) => (v > line[best] ? k : best), 0);

/** The variance's addend in `layerNorm`. */
export const LAYER_NORM_EPSILON = 1e-5;
const deviationOf = (row: Float64Array): number => {
  const centre = mean(row);
  return Math.sqrt(mean(row.map((v) => (v - centre) ** 2)) + LAYER_NORM_EPSILON);
};
const SELU = { scale: 1.0507009873554805, alpha: 1.6732632423543772 };

/** To the nearest whole number, halves to the even one, as in every framework. */
const roundHalfEven = (x: number): number => {
  const down = Math.floor(x);
  if (x - down !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
};

export const ops: Record<string, Op> = {
  constant: {
    value: (_, node) => numbers(parameter(node, 'shape'), Float64Array.from(parameter(node, 'values'))),
    vjp: () => [],
  },
  sin: elementwise(Math.sin, Math.cos),
  cos: elementwise(Math.cos, (x) => -Math.sin(x)),
  tanh: elementwise(Math.tanh, (x) => 1 / Math.cosh(x) ** 2),
  sigmoid: elementwise(sigmoid, (x) => sigmoid(x) * sigmoid(-x)),
  exp: elementwise(Math.exp, (_, y) => y),
  log: elementwise(Math.log, (x) => 1 / x),
  softplus: elementwise((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), sigmoid),
  square: elementwise(
    (x) => x * x,
    (x) => 2 * x,
  ),
  sqrt: elementwise(Math.sqrt, (_, y) => 0.5 / y),
  reciprocal: elementwise(
    (x) => 1 / x,
    (_, y) => -y * y,
  ),
  abs: elementwise(Math.abs, Math.sign),
  relu: elementwise(
    (x) => Math.max(x, 0),
    (x) => (x > 0 ? 1 : 0),
  ),
  leakyRelu: elementwise(
    (x, k) => (x > 0 ? x : k * x),
    (x, _, k) => (x > 0 ? 1 : k),
  ),
  elu: elementwise(
    (x) => (x > 0 ? x : Math.expm1(x)),
    (x) => (x > 0 ? 1 : Math.exp(x)),
  ),
  selu: elementwise(
    (x) => SELU.scale * (x > 0 ? x : SELU.alpha * Math.expm1(x)),
    (x) => SELU.scale * (x > 0 ? 1 : SELU.alpha * Math.exp(x)),
  ),
  erf: elementwise(erf, (x) => (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x)),
  neg: elementwise(
    (x) => -x,
    () => -1,
  ),
  scale: elementwise(
    (x, k) => k * x,
    (_x, _y, k) => k,
  ),
  shift: elementwise(
    (x, k) => x + k,
    () => 1,
  ),
  quantise: elementwise(
    (x, k) => roundHalfEven(k * x) / k,
    () => 0,
  ),
  floor: elementwise(
    (x, k) => Math.floor(k * x) / k,
    () => 0,
  ),
  add: binary(
    (a, b) => a + b,
    () => 1,
    () => 1,
  ),
  sub: binary(
    (a, b) => a - b,
    () => 1,
    () => -1,
  ),
  mul: binary(
    (a, b) => a * b,
    (_, b) => b,
    (a) => a,
  ),
  div: binary(
    (a, b) => a / b,
    (_, b) => 1 / b,
    (a, b) => -a / (b * b),
  ),
  sum: reduction(
    (line) => line.reduce((a, b) => a + b, 0),
    (line) => line.map(() => 1),
  ),
  mean: reduction(mean, (line) => line.map(() => 1 / line.length)),
  max: reduction(
    (line) => line[largestAt(line)],
    (line) => {
      const largest = largestAt(line);
      return line.map((_, k) => Number(k === largest));
    },
  ),
  /** √Σx² */
  norm: reduction(
    (line) => Math.sqrt(dot(line, line)),
    (line, y) => line.map((v) => v / y),
  ),
  softmax: rowwise(softmaxOf, (dy, _, y) => {
    const projection = dot(dy, y);
    return dy.map((d, k) => y[k] * (d - projection));
  }),
  logSoftmax: rowwise(
    (row) => {
      const largest = Math.max(...row);
      const logarithm = Math.log(row.reduce((sum, v) => sum + Math.exp(v - largest), 0));
      return row.map((v) => v - largest - logarithm);
    },
    (dy, _, y) => {
      const sum = dy.reduce((a, b) => a + b, 0);
      return dy.map((d, k) => d - Math.exp(y[k]) * sum);
    },
  ),
  /** (x − mean) / √(variance + 1e-5), without weights. */
  layerNorm: rowwise(
    (row) => {
      const centre = mean(row);
      const deviation = deviationOf(row);
      return row.map((v) => (v - centre) / deviation);
    },
    (dy, row, y) => {
      const deviation = deviationOf(row);
      const [centre, along] = [mean(dy), dot(dy, y) / dy.length];
      return dy.map((d, k) => (d - centre - y[k] * along) / deviation);
    },
  ),
  matMul: {
    value([a, b]) {
      const [[m, n], p] = [a.shape, b.shape[1]];
      const y = numbers([m, p]);
      for (let i = 0; i < m; i++) {
        for (let k = 0; k < n; k++) {
          const factor = a.data[i * n + k];
          for (let j = 0; j < p; j++) y.data[i * p + j] += factor * b.data[k * p + j];
        }
      }
      return y;
    },
    vjp(dy, [a, b]) {
      const [[m, n], p] = [a.shape, b.shape[1]];
      const [da, db] = [new Float64Array(m * n), new Float64Array(n * p)];
      for (let i = 0; i < m; i++) {
        for (let k = 0; k < n; k++) {
          let sum = 0;
          for (let j = 0; j < p; j++) {
            sum += dy[i * p + j] * b.data[k * p + j];
            db[k * p + j] += a.data[i * n + k] * dy[i * p + j];
          }
          da[i * n + k] = sum;
        }
      }
      return [da, db];
    },
  },
  reshape: moving(
    (_, node) => parameter(node, 'shape'),
    ([x]) => Array.from(x.data, (_, i) => ({ argument: 0, place: i })),
  ),
  transpose: moving(
    ([x], node) => parameter(node, 'perm').map((axis) => x.shape[axis]),
    ([x], node) => {
      const perm = parameter(node, 'perm');
      return coordinates(perm.map((axis) => x.shape[axis])).map((at) => {
        const source = new Array<number>(at.length);
        perm.forEach((axis, i) => (source[axis] = at[i]));
        return { argument: 0, place: place(source, x.shape) };
      });
    },
  ),
  concat: moving(
    ([a, b], { axis }) => a.shape.map((n, i) => (i === axis ? n + b.shape[i] : n)),
    ([a, b], node) => {
      const axis = parameter(node, 'axis');
      return coordinates(a.shape.map((n, i) => (i === axis ? n + b.shape[i] : n))).map((at) => {
        const inFirst = at[axis] < a.shape[axis];
        const moved = at.map((k, i) => (i === axis && !inFirst ? k - a.shape[i] : k));
        return { argument: inFirst ? 0 : 1, place: place(moved, inFirst ? a.shape : b.shape) };
      });
    },
  ),
  slice: moving(
    (_, node) => parameter(node, 'size'),
    ([x], node) => {
      const begin = parameter(node, 'begin');
      return coordinates(parameter(node, 'size')).map((at) => ({
        argument: 0,
        place: place(
          at.map((k, i) => k + begin[i]),
          x.shape,
        ),
      }));
    },
  ),
  /** Along axis 0. */
  gather: moving(
    ([x], node) => [parameter(node, 'indices').length, ...x.shape.slice(1)],
    ([x], node) => {
      const indices = parameter(node, 'indices');
      return coordinates([indices.length, ...x.shape.slice(1)]).map(([first, ...rest]) => ({
        argument: 0,
        place: place([indices[first], ...rest], x.shape),
      }));
    },
  ),
};

export function applyOp(node: Node, args: Numbers[]): Numbers {
  return ops[node.op].value(args, node);
}

export interface Evaluated {
  /** The inputs and then every node. */
  all: Numbers[];
  output: Numbers;
}

/** Evaluates a composition, each result passed through `round` where one is given. */
export function evaluate({ inputs, nodes }: Composition, round?: Rounding): Evaluated {
  const rounded = (array: Numbers): Numbers =>
    round ? { shape: array.shape, data: array.data.map(round) } : array;
  const all = inputs.map(({ shape, values }) => rounded(numbers(shape, Float64Array.from(values))));
  for (const node of nodes) {
    const y = applyOp(
      node,
      node.args.map((arg) => all[arg]),
    );
    all.push(node.op === 'constant' ? y : rounded(y));
  }
  return { all, output: all[all.length - 1] };
}

/** `Σ_k c_k·∂f_k/∂x` for each input x: reverse mode over what `evaluate` gave. */
export function gradient(
  { inputs, nodes }: Composition,
  { all }: Evaluated,
  cotangent: Float64Array,
  round?: Rounding,
): Float64Array[] {
  const adjoints: (Float64Array | undefined)[] = new Array(all.length);
  adjoints[all.length - 1] = cotangent;
  for (let i = nodes.length - 1; i >= 0; i--) {
    const at = inputs.length + i;
    const dy = adjoints[at];
    const node = nodes[i];
    if (!dy || node.args.length === 0) continue;
    const parts = ops[node.op].vjp(
      dy,
      node.args.map((arg) => all[arg]),
      all[at],
      node,
    );
    node.args.forEach((arg, k) => {
      const part = round ? parts[k].map(round) : parts[k];
      const sum = adjoints[arg];
      adjoints[arg] = sum ? sum.map((v, j) => v + part[j]) : part;
    });
  }
  return inputs.map(({ values }, i) => adjoints[i] ?? new Float64Array(values.length));
}
