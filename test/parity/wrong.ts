/** Parity cases whose gradient by tf.grad was made wrong. */
import type { ParityCase } from '../../src/parity/textbook.js';

/** The same case, evaluated now and once. */
export function evaluated(each: ParityCase): ParityCase {
  const pair = each.gradients();
  return { ...each, gradients: () => pair };
}

/** The same case with its largest entry by tf.grad (an entry of 0 where all are) off by `relative` times its size, or by `relative`. */
export const withWrongAutodiff = (each: ParityCase, relative: number): ParityCase => ({
  ...each,
  gradients: () => {
    const { numerical, autodiff } = each.gradients();
    const sizes = Array.from(autodiff, Math.abs);
    const largest = Math.max(...sizes);
    const wrong = Array.from(autodiff);
    wrong[sizes.indexOf(largest)] += relative * (largest || 1);
    return { numerical, autodiff: wrong };
  },
});

/** The same with its entries in reverse: a gradient of the wrong layout. */
export const reversed = (each: ParityCase): ParityCase => ({
  ...each,
  gradients: () => {
    const { numerical, autodiff } = each.gradients();
    return { numerical, autodiff: Array.from(autodiff).reverse() };
  },
});

/** The same with all entries multiplied by `factor`. */
export const scaled = (each: ParityCase, factor: number): ParityCase => ({
  ...each,
  gradients: () => {
    const { numerical, autodiff } = each.gradients();
    return { numerical, autodiff: Array.from(autodiff, (value) => value * factor) };
  },
});
