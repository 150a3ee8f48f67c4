/** The numerical gradient of a function of a tensor, one entry at a time, in the precision of the backend in use. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { significandBits, toTensor, type TensorInput } from '../functions/arguments.js';
import { checkStep, lostStep, optimalStep, powerOfTwoNear, type DifferenceScheme } from './numbers.js';

/** The scheme and the step of a numerical gradient. */
export interface DifferenceOptions {
  /** Default 'central'. */
  scheme?: DifferenceScheme;
  /** The step, for every entry; by default one for each, fitted to the precision and to the entry's size. */
  h?: number;
}

type Values = Float32Array | Float64Array;

/** f at a list of values, as numbers. */
type Evaluate = (values: Values) => ArrayLike<number>;

/**
 * The gradient `∂f/∂x` of a scalar function by differences: every entry in turn is moved by ±h, the others held fast.
 *
 * - f: from a tensor of x's shape to a scalar tensor, or to a number, which keeps the precision of a double. x: float32, any rank,
 *   or numbers in arrays. Result: x's shape.
 * - The step of an entry: `optimalStep` times the larger of |x_i| and a quarter of x's root mean square, a power of two;
 *   the quotient divides by the distance that the entry really moved in x's precision.
 * - 2n evaluations of f for n entries (n + 1 forward, 6n for richardson). f's tensors are disposed; x is not changed.
 *
 * In float32 the rounding of f divided by 2h stays in the result: about 1e-5 of |f| at best for 'central'. 'richardson'
 * takes much longer steps and reaches some 1e-6 where f is smooth.
 *
 * @throws InputError where x is not float32 or has entries that are not finite, f gives no scalar, h does not move x.
 * Source: Saito, §4.4; the loop there handles vectors only.
 */
export function numericalGradient(
  f: (x: tf.Tensor) => tf.Tensor | number,
  x: TensorInput,
  options: DifferenceOptions = {},
): tf.Tensor {
  return tf.tidy(() => {
    const at = toTensor('numericalGradient', 'x', x);
    const gradient = differenceQuotients(scalar('numericalGradient', f), at, options);
    return tf.tensor(Float32Array.from(gradient), at.shape);
  });
}

/** f with its result checked: a number, or a tensor of one. */
export function scalar(
  where: string,
  f: (x: tf.Tensor) => tf.Tensor | number,
): (x: tf.Tensor) => tf.Tensor | number {
  return (x) => {
    const y: unknown = f(x);
    if (typeof y === 'number' || (y instanceof tf.Tensor && y.size === 1)) return y;
    const got = y instanceof tf.Tensor ? `a tensor of shape [${y.shape.join(',')}]` : `${typeof y}`;
    throw new InputError(
      `${where}: f must return a scalar tensor or a number, got ${got}. Reduce it first, for example with tf.sum.`,
    );
  };
}

/** A function's result as numbers. A number is not rounded to the backend's precision. */
export const numbersOf = (y: tf.Tensor | number): ArrayLike<number> =>
  typeof y === 'number' ? [y] : y.dataSync();

export interface QuotientOptions extends DifferenceOptions {
  /** The entries of x to differentiate for, all by default. */
  coordinates?: readonly number[];
  /** The weight c_k of each of f's outputs, 1 by default. */
  cotangent?: ArrayLike<number>;
}

/**
 * `Σ_k c_k·∂f_k/∂x_i`. f may return many numbers: their differences are taken one by one and summed in doubles, which keeps
 * digits that the difference of two sums would lose.
 */
export function differenceQuotients(
  f: (x: tf.Tensor) => tf.Tensor | number,
  x: tf.Tensor,
  { scheme = 'central', h, coordinates, cotangent }: QuotientOptions = {},
): Float64Array {
  const where = 'numericalGradient';
  if (x.dtype !== 'float32') {
    throw new InputError(
      `${where}: x must be float32, got ${x.dtype}: a derivative needs real numbers. Use x.toFloat().`,
    );
  }
  if (!['forward', 'central', 'richardson'].includes(scheme)) {
    throw new InputError(
      `${where}: scheme must be 'forward', 'central' or 'richardson', got ${JSON.stringify(scheme)}.`,
    );
  }
  if (h !== undefined) checkStep(where, h);
  const values = valuesOf(x);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new InputError(`${where}: x must be finite, got ${values[bad]} at entry ${bad}.`);

  const evaluate: Evaluate = (at) => {
    let numbers: ArrayLike<number> = [];
    // Read inside of tidy: it frees what f made, and leaves alone a tensor that f only passed on.
    tf.tidy(() => {
      numbers = numbersOf(f(tf.tensor(at.slice(), x.shape, 'float32')));
    });
    return cotangent ? Float64Array.from(numbers, (number, k) => number * cotangent[k]) : numbers;
  };
  const differentiate = schemes[scheme](evaluate, values);
  const stepOf = h === undefined ? fittedSteps(scheme, values) : () => h;
  const wanted = coordinates ?? Array.from(values.keys());
  return Float64Array.from(wanted, (i) => differentiate(i, stepOf(i)));
}

/**
 * x's numbers in the precision in which f sees them, whatever they are kept in: x may come from outside of inFloat64, or have left
 * it; the cpu backend keeps those of a tensor that was cast from int32 in an Int32Array.
 */
function valuesOf(x: tf.Tensor): Values {
  const data: ArrayLike<number> = x.dataSync();
  return significandBits() === 53 ? Float64Array.from(data) : Float32Array.from(data);
}

/** The default step of each entry. */
function fittedSteps(scheme: DifferenceScheme, values: Values): (i: number) => number {
  const base = optimalStep(scheme, significandBits());
  let squares = 0;
  for (const value of values) squares += value * value;
  const typical = Math.sqrt(squares / values.length) / 4;
  return (i) => base * powerOfTwoNear(Math.max(Math.abs(values[i]), typical) || 1);
}

/** Each scheme, set up for one point: from an entry's index and step to its difference quotient. */
const schemes: Record<
  DifferenceScheme,
  (evaluate: Evaluate, values: Values) => (i: number, h: number) => number
> = {
  forward: (evaluate, values) => {
    const here = evaluate(values);
    return (i, h) => {
      const ahead = movedBy(values, i, h);
      return sumOfDifferences(evaluate(ahead), here) / (ahead[i] - values[i]);
    };
  },
  central: (evaluate, values) => (i, h) => centralQuotient(evaluate, values, i, h),
  // Central differences have the error series c₂h² + c₄h⁴ + …; from h, 2h and 4h the first two terms are eliminated.
  richardson: (evaluate, values) => (i, h) => {
    const [small, middle, large] = [h, 2 * h, 4 * h].map((step) =>
      centralQuotient(evaluate, values, i, step),
    );
    const fourthOrder = [(4 * small - middle) / 3, (4 * middle - large) / 3];
    return (16 * fourthOrder[0] - fourthOrder[1]) / 15;
  },
};

function centralQuotient(evaluate: Evaluate, values: Values, i: number, h: number): number {
  const ahead = movedBy(values, i, h);
  const behind = movedBy(values, i, -h);
  return sumOfDifferences(evaluate(ahead), evaluate(behind)) / (ahead[i] - behind[i]);
}

/** A copy of `values` with entry i moved by h, rounded to the precision that they are stored in. */
function movedBy(values: Values, i: number, h: number): Values {
  const moved = values.slice();
  moved[i] = values[i] + h;
  if (moved[i] === values[i]) throw lostStep('numericalGradient', Math.abs(h), values[i]);
  return moved;
}

function sumOfDifferences(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] - b[k];
  return sum;
}
