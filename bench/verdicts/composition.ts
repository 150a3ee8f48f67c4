/**
 * A composition of ops as plain data: what the benchmark of verdicts hands to every checker. Each of them interprets it with its own
 * framework's ops; `reference.ts` does so without any.
 */

export interface Input {
  shape: number[];
  /** Numbers that float32 holds, in row-major order: every framework starts from the same point. */
  values: number[];
}

/**
 * One op. `args` are places in the list of all inputs followed by all nodes; the last node is the output. What each op means is
 * written once, in `reference.ts`.
 */
export interface Node {
  op: string;
  args: number[];
  /** The constant of `scale` and `shift`, the slope of `leakyRelu`, the grid of `quantise` and `floor` (1/k). */
  k?: number;
  axis?: number;
  keepDims?: boolean;
  /** Of `reshape` and `constant`. */
  shape?: number[];
  perm?: number[];
  begin?: number[];
  size?: number[];
  indices?: number[];
  /** Of `constant`, in row-major order. */
  values?: number[];
}

/** A parameter that the node's op cannot do without. */
export function parameter<K extends keyof Node>(node: Node, name: K): NonNullable<Node[K]> {
  const value = node[name];
  if (value == null) throw new Error(`verdicts: a node ${node.op} has no ${name}.`);
  return value;
}

export interface Composition {
  inputs: Input[];
  nodes: Node[];
}

export const KINDS = ['entry', 'row', 'everywhere', 'sign', 'transposed', 'dy ignored'] as const;
export type Kind = (typeof KINDS)[number];

/**
 * How a gradient is made wrong. `entry`, `row` and `everywhere` multiply by 1 + error, `sign` by −1, `transposed` swaps the two axes,
 * `dy ignored` gives the gradient for dy = 1 whatever dy is.
 */
export interface Falsification {
  kind: Kind;
  error: number;
  /** The input whose gradient is wrong; null: all of them. */
  input: number | null;
  /** The flat range of its entries that are wrong: from, up to. */
  range: [number, number] | null;
}

/** An expression that a reader can follow: `sum(mul(sin(x0), c))`. */
export function print({ inputs, nodes }: Composition): string {
  const texts = inputs.map((_, i) => `x${i}`);
  const lines: string[] = inputs.map(({ shape, values }, i) => {
    const shown = values.slice(0, 12).join(', ');
    return `x${i} [${shape}] = ${shown}${values.length > 12 ? ', …' : ''}`;
  });
  nodes.forEach(({ op, args, values, ...params }, i) => {
    const name = `a${i}`;
    texts.push(name);
    const words = Object.entries(params).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
    if (values) words.push(values.slice(0, 12).join(', ') + (values.length > 12 ? ', …' : ''));
    lines.push(`${name} = ${op}(${[...args.map((arg) => texts[arg]), ...words].join(', ')})`);
  });
  return lines.join('\n');
}
