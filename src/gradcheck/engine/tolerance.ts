/** What a check lets pass, and with which steps it looks, in each precision. */
import type { GradcheckPrecision } from '../report/report.js';

export interface Tolerance {
  /** The relative error of an entry that is let pass. */
  rtol: number;
  /** The absolute error that is let pass, for a cotangent of size 1. */
  atol: number;
  /** Relative agreement of a value by long steps with autodiff that a short step has to confirm, and nothing else. */
  atOnce: number;
  /** Three error bars, over the larger value, from which on an entry counts as not seen. */
  blind: number;
  /** How many of its own rounding errors autodiff may be off by, relative to its size, at the most. */
  roundingCap: number;
  /** The first look's long steps are `unit·2^-near` and half of that. */
  near: number;
  /** Powers of two between the short step and the long ones where these follow from it. */
  octaves: number;
  /** The long look's steps are `unit·2^-1 … unit·2^-last`. */
  last: number;
  /** The error bar, over the sum of the entries' sizes, up to which a projection's first look is precise enough. */
  projection: number;
}

/**
 * In doubles an error of 1e-6 is to be caught, and constants that were rounded to float32 outside of the function are to pass.
 * In float32 the tolerance is what a backend's kernels may round.
 */
export const tolerances: Record<GradcheckPrecision, Tolerance> = {
  float64: {
    rtol: 2 ** -22,
    atol: 0,
    atOnce: 2 ** -24,
    blind: 2 ** -10,
    roundingCap: 1e-7,
    near: 8,
    octaves: 6,
    last: 30,
    projection: 2 ** -34,
  },
  native: {
    rtol: 2 ** -13,
    atol: 0,
    atOnce: 2 ** -16,
    blind: 2 ** -5,
    roundingCap: 2 ** -9,
    near: 3,
    octaves: 3,
    last: 13,
    projection: 2 ** -14,
  },
};
