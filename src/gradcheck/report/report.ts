/** What a gradient check found: the types of its report, and the report in words. */

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
  /** The relative error of an entry that is let pass; the numerical value's own error bar comes on top. */
  rtol?: number;
  /** The absolute error of an entry that is let pass, on top. Default 0. */
  atol?: number;
  /** Whether the report has numbers for plots. Default false. */
  details?: boolean;
  /** Ends the check, with the signal's reason, between two pieces of work. */
  signal?: AbortSignal;
}
