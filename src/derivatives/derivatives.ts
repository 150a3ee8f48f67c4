/**
 * Derivatives of functions of tensors: products with Jacobians and Hessians, and these themselves. TensorFlow.js' tape is kept in the right order
 * while they are taken, so that those of second order are right wherever TensorFlow.js' gradients are. Where an op on the way has none, or a
 * wrong one, the error names it; with `gradparity/fixes` they have right ones.
 */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { areFixesApplied, FaultyGradientError, REMEDY, tellingFaults } from '../fixes/faulty.js';
import { releaseTape, withTapeOrder } from '../fixes/tape-order.js';
import { shapeText } from '../functions/arguments.js';
import { sizeOf } from '../shapes.js';

/** What f takes: a tensor, or tensors by name. */
export type Point = tf.Tensor | Readonly<Record<string, tf.Tensor>>;

/** The same for each tensor of a point: of a tensor one, of named tensors one for each name. */
export type Like<X extends Point> = X extends tf.Tensor ? tf.Tensor : { [Name in keyof X]: tf.Tensor };

/** Hessians: of a tensor one, of named tensors one for each pair of names. */
export type HessianOf<X extends Point> = X extends tf.Tensor
  ? tf.Tensor
  : { [Row in keyof X]: { [Column in keyof X]: tf.Tensor } };

const isTensor = (x: Point): x is tf.Tensor => x instanceof tf.Tensor;

/** The tensors of a point, by name; the one of a tensor has the name ''. */
const partsOf = (x: Point): Record<string, tf.Tensor> => (isTensor(x) ? { '': x } : x);

/** Tensors by the names of a point in the point's form. */
const formed = <X extends Point, T>(x: X, parts: Record<string, T>): T | Record<string, T> =>
  isTensor(x) ? parts[''] : parts;

const labelOf = (name: string, of: string): string => (name === '' ? of : `${of}.${name}`);

function checkPoint(where: string, x: Point): void {
  const parts = Object.entries(partsOf(x));
  if (parts.length === 0) throw new InputError(`${where}: x must hold at least one tensor, got none.`);
  for (const [name, part] of parts) {
    if (!(part instanceof tf.Tensor) || part.dtype !== 'float32') {
      const got = part instanceof tf.Tensor ? `dtype ${part.dtype}` : String(part);
      throw new InputError(
        `${where}: ${labelOf(name, 'x')} must be a float32 tensor, got ${got}. A derivative is by real numbers; cast it, or leave it out of x.`,
      );
    }
  }
}

function checkLike(where: string, name: string, x: Point, v: Point): void {
  const [wanted, got] = [partsOf(x), partsOf(v)];
  for (const [key, part] of Object.entries(wanted)) {
    if (!Object.hasOwn(got, key)) {
      throw new InputError(`${where}: ${name} must have a tensor for each of x, and has none for ${key}.`);
    }
    if (!tf.util.arraysEqual(got[key].shape, part.shape)) {
      throw new InputError(
        `${where}: ${labelOf(key, name)} must have the shape of ${labelOf(key, 'x')}, ${shapeText(part.shape)}, got ${shapeText(got[key].shape)}.`,
      );
    }
  }
}

/** f's value, checked to be a tensor of real numbers. */
function valueOf(where: string, y: unknown): tf.Tensor {
  if (!(y instanceof tf.Tensor)) throw new InputError(`${where}: f must return a tensor, got ${typeof y}.`);
  if (y.dtype !== 'float32') {
    throw new InputError(`${where}: f must return float32 numbers, got dtype ${y.dtype}.`);
  }
  return y;
}

function scalarOf(where: string, y: unknown): tf.Tensor {
  const value = valueOf(where, y);
  if (value.size !== 1) {
    throw new InputError(
      `${where}: f must return a single number, got shape ${shapeText(value.shape)}. Sum it, or take its jacobian.`,
    );
  }
  return value;
}

/** Runs in the tape's right order; a derivative that TensorFlow.js lacks, or has wrong, is told as one of f. */
function differentiate<T extends tf.TensorContainer>(where: string, f: () => T): T {
  try {
    return withTapeOrder(() => tellingFaults(() => tf.tidy(f)));
  } catch (error) {
    releaseTape();
    throw inWords(where, error as Error);
  }
}

function inWords(where: string, error: Error): Error {
  const { message } = error;
  const library = `TensorFlow.js ${tf.version['tfjs-core']}`;
  const remedy = areFixesApplied() ? '' : ` ${REMEDY}`;
  if (error instanceof FaultyGradientError) {
    const { op, how, cause } = error;
    const what =
      how === 'wrong'
        ? `has a wrong derivative of ${op}`
        : `can't compute the derivative of ${op} (${(cause as Error).message.replace(/\.$/, '')})`;
    return new InputError(`${where}: ${library} ${what}, which f or its gradient uses.${remedy}`, {
      cause: error,
    });
  }
  const [, op] = /gradient function not found for (\w*)/.exec(message) ?? [];
  if (op !== undefined) {
    return new InputError(
      `${where}: ${library} has no derivative of ${op || 'an op of customGrad'}, which f or its gradient uses. Write it by other ops, or register one with tf.registerGradient.${remedy}`,
      { cause: error },
    );
  }
  const [, misshapen] = /[Ee]rror in gradient for op (\w+)/.exec(message) ?? [];
  if (misshapen !== undefined && tf.getGradient(misshapen) !== undefined) {
    return new InputError(
      `${where}: ${library} can't compute the derivative of ${misshapen} (${message.replace(/\.$/, '')}), which f or its gradient uses.${remedy}`,
      { cause: error },
    );
  }
  return error;
}

/** The gradient of f's outputs, weighted by u, by every tensor of x; 0 by those that f does not depend on. */
function pullBack(
  where: string,
  f: (x: Point) => tf.Tensor,
  x: Point,
  u?: tf.Tensor,
): { value: tf.Tensor; gradients: Record<string, tf.Tensor> } {
  const entries = Object.entries(partsOf(x));
  const { value, grads } = tf.engine().gradients(
    () => valueOf(where, f(x)),
    entries.map(([, part]) => part),
    u,
    true,
  );
  const gradients = entries.map(([name, part], i): [string, tf.Tensor] => {
    const gradient = grads[i] as tf.Tensor | undefined;
    return [name, gradient ?? tf.zerosLike(part)];
  });
  return { value, gradients: Object.fromEntries(gradients) };
}

/** `Σ_i <a_i, b_i>` over the tensors by name. */
const inner = (a: Record<string, tf.Tensor>, b: Record<string, tf.Tensor>): tf.Tensor =>
  tf.addN(Object.keys(a).map((name) => tf.sum(tf.mul(a[name], b[name]))));

/**
 * The vector-Jacobian product of f at x: a function from u, of the shape of f(x), to `uᵀ·∂f/∂x`, of x's form. Without u, of ones.
 *
 * @throws InputError for x or f(x) that are not real tensors, a u of another shape, and ops without a derivative.
 */
export function vjp<X extends Point>(f: (x: X) => tf.Tensor, x: X): (u?: tf.Tensor) => Like<X> {
  checkPoint('vjp', x);
  return (u) =>
    differentiate('vjp', () => {
      if (u) checkOutput('vjp', f(x), u);
      return formed(x, pullBack('vjp', f as (x: Point) => tf.Tensor, x, u).gradients);
    }) as Like<X>;
}

function checkOutput(where: string, y: unknown, u: tf.Tensor): void {
  const { shape } = valueOf(where, y);
  if (!tf.util.arraysEqual(shape, u.shape)) {
    throw new InputError(
      `${where}: u must have the shape of f(x), ${shapeText(shape)}, got ${shapeText(u.shape)}.`,
    );
  }
}

/**
 * The Jacobian-vector product of f at x: `∂f/∂x·v`, the derivative of f along v, of f(x)'s shape. `v` has x's form.
 *
 * By two products the other way: uᵀ·(∂f/∂x)·v is linear in u, and its gradient by u is what is wanted.
 *
 * @throws InputError as vjp, and for a v that does not fit x.
 */
export function jvp<X extends Point>(f: (x: X) => tf.Tensor, x: X, v: Like<X>): tf.Tensor {
  checkPoint('jvp', x);
  checkLike('jvp', 'v', x, v);
  return differentiate('jvp', () => forward('jvp', f as (x: Point) => tf.Tensor, x, v));
}

function forward(where: string, f: (x: Point) => tf.Tensor, x: Point, v: Point): tf.Tensor {
  const u = tf.zerosLike(valueOf(where, f(x)));
  const along = (weights: Point): tf.Tensor =>
    inner(pullBack(where, f, x, weights as tf.Tensor).gradients, partsOf(v));
  return pullBack(where, along, u).gradients[''];
}

/**
 * The Hessian-vector product of a scalar f at x: `∂²f/∂x²·v`, of x's form.
 *
 * @throws InputError as jvp, and for an f of more than one number.
 */
export function hvp<X extends Point>(f: (x: X) => tf.Tensor, x: X, v: Like<X>): Like<X> {
  checkPoint('hvp', x);
  checkLike('hvp', 'v', x, v);
  return differentiate('hvp', () =>
    formed(x, curvature('hvp', f as (x: Point) => tf.Tensor, x, partsOf(v))),
  ) as Like<X>;
}

function curvature(
  where: string,
  f: (x: Point) => tf.Tensor,
  x: Point,
  v: Record<string, tf.Tensor>,
): Record<string, tf.Tensor> {
  const along = (at: Point): tf.Tensor =>
    inner(pullBack(where, (point) => scalarOf(where, f(point)), at).gradients, v);
  return pullBack(where, along, x).gradients;
}

/** Rows that are put together at a time. */
const ROWS = 64;

/** Tensors by name, each of the shape of its part, below each other: [count, …shape]. `row` makes those of one index. */
function rowsOf(
  count: number,
  parts: Record<string, { shape: number[] }>,
  row: (index: number) => Record<string, tf.Tensor>,
): Record<string, tf.Tensor> {
  const blocks: Record<string, tf.Tensor>[] = [];
  for (let from = 0; from < count; from += ROWS) {
    const rows = Array.from({ length: Math.min(ROWS, count - from) }, (_, i) => tf.tidy(() => row(from + i)));
    blocks.push(byName(parts, (name) => tf.stack(rows.map((one) => one[name]))));
    tf.dispose(rows);
  }
  return byName(parts, (name, { shape }) =>
    blocks.length === 0
      ? tf.zeros([0, ...shape])
      : tf.concat(
          blocks.map((block) => block[name]),
          0,
        ),
  );
}

const byName = <P>(
  parts: Record<string, P>,
  of: (name: string, part: P) => tf.Tensor,
): Record<string, tf.Tensor> =>
  Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, of(name, part)]));

/** 1 at one place, 0 elsewhere. */
function unitAt(shape: number[], index: number): tf.Tensor {
  const place = tf.range(0, sizeOf(shape), 1, 'int32');
  return tf.reshape(tf.cast(tf.equal(place, tf.scalar(index, 'int32')), 'float32'), shape);
}

/**
 * The Jacobian of f at x: `∂f/∂x`, [...f(x).shape, ...x.shape]; of named tensors one for each. Row by row, or column by column where f(x) is
 * larger than x.
 *
 * @throws InputError as vjp.
 */
export function jacobian<X extends Point>(f: (x: X) => tf.Tensor, x: X): Like<X> {
  checkPoint('jacobian', x);
  const of = f as (x: Point) => tf.Tensor;
  return differentiate('jacobian', () => {
    const { shape, size } = valueOf('jacobian', of(x));
    const parts = partsOf(x);
    const jacobians = byName(parts, (name, part) => {
      const whole = (at: Point): tf.Tensor => of(formed(x, { ...parts, [name]: at as tf.Tensor }));
      const all = [...shape, ...part.shape];
      if (size <= part.size) {
        const row = (i: number): Record<string, tf.Tensor> =>
          pullBack('jacobian', whole, part, unitAt(shape, i)).gradients;
        return tf.reshape(rowsOf(size, { '': part }, row)[''], all);
      }
      const column = (i: number): Record<string, tf.Tensor> => ({
        '': forward('jacobian', whole, part, unitAt(part.shape, i)),
      });
      const columns = tf.reshape(rowsOf(part.size, { '': { shape } }, column)[''], [part.size, size]);
      return tf.reshape(tf.transpose(columns), all);
    });
    return formed(x, jacobians);
  }) as Like<X>;
}

/**
 * The Hessian of a scalar f at x: `∂²f/∂x²`, [...x.shape, ...x.shape]; of named tensors by a name for the rows and one for the columns.
 *
 * @throws InputError as hvp.
 */
export function hessian<X extends Point>(f: (x: X) => tf.Tensor, x: X): HessianOf<X> {
  checkPoint('hessian', x);
  const of = f as (x: Point) => tf.Tensor;
  return differentiate('hessian', () => {
    const parts = partsOf(x);
    const blocks = Object.entries(parts).map(([name, part]) => {
      const row = (i: number): Record<string, tf.Tensor> => {
        const v = byName(parts, (each, { shape }) => (each === name ? unitAt(shape, i) : tf.zeros(shape)));
        return curvature('hessian', of, x, v);
      };
      const rows = rowsOf(part.size, parts, row);
      const shaped = byName(parts, (each, { shape }) => tf.reshape(rows[each], [...part.shape, ...shape]));
      return [name, formed(x, shaped)] as const;
    });
    return formed(x, Object.fromEntries(blocks) as Record<string, tf.Tensor>);
  }) as HessianOf<X>;
}

/**
 * The gradient by x of the loss of each example of a batch by itself: [N, ...x.shape] for tensors [N, …]. f is called with x and one example at a
 * time, [1, …] of each tensor, and returns its loss, a single number.
 *
 * @throws InputError as hvp, and for tensors of different numbers of examples.
 */
export function perExampleGradients<X extends Point>(
  f: (x: X, ...examples: tf.Tensor[]) => tf.Tensor,
  x: X,
  ...batch: tf.Tensor[]
): Like<X> {
  const where = 'perExampleGradients';
  checkPoint(where, x);
  const counts = batch.map(({ shape }) => shape[0]);
  if (batch.length === 0 || counts.some((count) => count === undefined || count !== counts[0])) {
    throw new InputError(
      `${where}: the batch must be tensors [examples, …] of as many examples each, got ${batch.length === 0 ? 'none' : batch.map(({ shape }) => shapeText(shape)).join(' and ')}.`,
    );
  }
  return differentiate(where, () => {
    const row = (n: number): Record<string, tf.Tensor> => {
      const example = batch.map((tensor) => tf.slice(tensor, n, 1));
      return pullBack(where, (at) => scalarOf(where, f(at as X, ...example)), x).gradients;
    };
    return formed(x, rowsOf(counts[0], partsOf(x), row));
  }) as Like<X>;
}
