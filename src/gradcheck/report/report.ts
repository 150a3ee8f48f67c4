/** What a gradient check found: the types of its report, and the report in words. */
import type * as tf from '@tensorflow/tfjs';

/**
 * - right: the two gradients agree, as far as the errors of both allow
 * - wrong: they do not
 * - kink: they agree but for points where the function has no derivative
 * - inconclusive: this precision cannot tell
 * - nondeterministic: the function, or its gradient, gives another result each time
 * - unsupported: an op has no gradient, or no kernel in this precision
 */
export type Verdict = 'right' | 'wrong' | 'kink' | 'inconclusive' | 'nondeterministic' | 'unsupported';

/** float64: in double precision. native: on the backend in use, in float32. */
export type GradcheckPrecision = 'float64' | 'native';

/** full: every coordinate. fast: random projections, at a cost that does not depend on the size. */
export type GradcheckMode = 'full' | 'fast';

/**
 * What the gradient by one input is meant to be, where it is not meant to be f's own derivative:
 *
 * - zero: the input is held fast, as behind a stop-gradient
 * - identity: dy itself, as of a straight-through estimator; the output must have the input's shape
 * - scale: so many times f's own derivative; −1 for a gradient reversal
 */
export type SurrogateRule = 'zero' | 'identity' | { readonly scale: number };

/** A function whose derivative the gradient is meant to be; or a rule for all inputs, or for each by place or by name. */
export type Surrogate =
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- any function of tensors
  | ((...inputs: any[]) => unknown)
  | SurrogateRule
  | readonly (SurrogateRule | null | undefined)[]
  | Readonly<Record<string, SurrogateRule | undefined>>;

/** tf.Variables that f captures, in a list or by the names that they have in the report. */
export type CapturedVariables = readonly tf.Variable[] | Readonly<Record<string, tf.Variable>>;

/** What ran of TensorFlow.js' registry. */
export interface Ran {
  /** The kernels of the forward pass. */
  kernels: string[];
  /** The gradient functions of the backward pass, by their kernels; `tf.customGrad` for those that are not registered. */
  gradients: string[];
  /** f, or a gradient function, asked for the backend: in double precision it was told cpu, and what it does elsewhere was not checked. */
  asksForBackend?: true;
}

/** What another value of a kernel's attribute changes. */
export interface AttributeEffect {
  name: string;
  /** The values that were put in the place of its own. */
  tried: unknown[];
  onValue: boolean;
  onGradient: boolean;
}

/** What `gradcheck` found. */
export interface GradcheckReport {
  schemaVersion: 1;
  verdict: Verdict;
  precision: GradcheckPrecision;
  /** The backend that computed: `float64`, or the one in use. */
  backend: string;
  mode: GradcheckMode;
  /** 2 where the gradient's gradient was checked too. */
  order: 1 | 2;
  /** Every random choice follows from it. */
  seed: number;
  /** One for each input that is differentiated, first those of order 1; with order 2, cotangents are inputs as well. */
  inputs: InputReport[];
  /** What is wrong, and what seems to be the cause: a sentence or two each, the most telling first. */
  diagnosis: string[];
  /** Calls of the function. */
  evaluations: number;
  seconds: number;
  ran: Ran;
  /** Of a registered kernel: what its attributes do, as far as they could be changed. */
  attributes?: AttributeEffect[];
  /** In fast mode: the largest probability that an error of `resolution` or more stays unseen. */
  missProbability?: number;
  /**
   * In fast mode: an error of one entry, times the entry's size, over the sum of |gradient·size| of all entries that are looked at
   * together. Larger ones are seen with a probability of 1 - missProbability.
   */
  resolution?: number;
}

/** One entry of a gradient, computed in both ways. */
export interface Comparison {
  /** The entry's index along each axis; [] in a scalar. */
  coordinate: number[];
  numerical: number;
  autodiff: number;
  /** What the numerical value may be off by, as estimated from several steps. */
  errorBar: number;
}

/** An entry at which the function has no derivative. */
export interface Kink {
  coordinate: number[];
  /** The one-sided derivatives. Infinite or NaN where the function jumps or ends. */
  left: number;
  right: number;
  autodiff: number;
  /** Whether the autodiff value lies between the two. */
  between: boolean;
}

/** What was found of the gradient of one input. */
export interface InputReport {
  /** Its place among the inputs. */
  index: number;
  name: string;
  shape: number[];
  /** 1: the function's gradient; 2: the gradient's gradient. */
  order: 1 | 2;
  verdict: Verdict;
  /** What the gradient was compared with, where it was not f's own derivative: that of the function in the option `surrogate`, or its rule. */
  surrogate?: 'function' | SurrogateRule;
  /** How many entries it has, and how many were compared one by one; in fast mode those that a search came upon. */
  entries: number;
  checked: number;
  maxAbsoluteError: number;
  /** The error over the larger of the two values. */
  maxRelativeError: number;
  worst: Comparison | null;
  /** Coordinates at which the function has a kink, of which `kinkDetails` says more. */
  kinks: number[][];
  kinkDetails: Kink[];
  /** How many entries of the gradient are NaN or infinite. */
  nonFinite: number;
  /** With the option `details`. */
  details?: InputDetails;
}

/** Numbers for plots: entry i is at flat index `indices[i]`. */
export interface InputDetails {
  indices: number[];
  numerical: number[];
  autodiff: number[];
  errorBar: number[];
  /** At the worst coordinate: the central difference's distance to autodiff at each step h. */
  steps: { h: number; error: number }[];
}

/** How `gradcheck` checks. */
export interface GradcheckOptions {
  /** Default: full up to FULL_LIMIT entries in all inputs together, else fast. */
  mode?: GradcheckMode;
  /** Default float64. native: on the backend in use, in float32. */
  precision?: GradcheckPrecision;
  /** 2 checks the gradient of the gradient too. Default 1. */
  order?: 1 | 2;
  /** Default 1. */
  seed?: number;
  /** Inputs (by place or name) that are held fast. Integer, bool and string tensors always are. */
  constant?: readonly (number | string)[];
  /** The inputs' names in the report. */
  names?: readonly string[];
  /**
   * tf.Variables that f captures, as a class with weights of its own or a loss for `optimizer.minimize(() => loss)` does: they are
   * moved and differentiated like inputs, after these, and have their own numbers again when the check ends. The inputs may then be empty.
   */
  variables?: CapturedVariables;
  /**
   * What the gradient is meant to be the derivative of, where that is not f: a function g of the same inputs with outputs of the same
   * shapes, or rules for the inputs. So straight-through estimators, clipped or smoothed gradients, stop-gradients and gradient
   * reversals are checked for what they are meant to be: tf.grad of f against differences of g.
   *
   * `{ surrogate: 'identity' }`, `{ surrogate: (x) => tf.clipByValue(x, -1, 1) }`, `{ surrogate: { y: 'zero' } }`, `{ surrogate: [{ scale: -1 }, null] }`
   */
  surrogate?: Surrogate;
  /** The relative error of an entry that is let pass; the numerical value's own error bar comes on top. */
  rtol?: number;
  /** The absolute error of an entry that is let pass, on top. Default 0. */
  atol?: number;
  /** Whether the report has numbers for plots. Default false. */
  details?: boolean;
  /** Ends the check, with the signal's reason, between two pieces of work. */
  signal?: AbortSignal;
}
