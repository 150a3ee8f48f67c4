/** Numbers at equal distances. The cpu kernels add step after step, and with it rounding after rounding. */
import type * as tf from '@tensorflow/tfjs';
import { kernel, tensorOf } from './kernel.js';

interface RangeAttributes {
  start: number;
  stop: number;
  step: number;
  dtype: 'float32' | 'int32';
}

/** `y_n = start + n·(stop - start) / (num - 1)`, the last one stop itself. */
const linspace = kernel<object, { start: number; stop: number; num: number }>(
  (_, { start, stop, num }, backend) => {
    const step = (stop - start) / (num - 1);
    const values = Float64Array.from({ length: num }, (_value, n) =>
      n === 0 ? start : n === num - 1 ? stop : start + n * step,
    );
    return tensorOf(backend, [num], values);
  },
);

/** `y_n = start + n·step` up to, without, stop; a step of 1 that leads away from stop is taken for -1, as TensorFlow.js does. */
const range = kernel<object, RangeAttributes>((_, { start, stop, step, dtype }, backend) => {
  const leadsAway = (start < stop && step < 0) || (stop < start && step > 1);
  const size = start === stop || leadsAway ? 0 : Math.abs(Math.ceil((stop - start) / step));
  const signed = stop < start && step === 1 ? -1 : step;
  const values = Float64Array.from({ length: size }, (_value, n) => start + n * signed);
  return tensorOf(backend, [size], values, dtype);
});

export const sequenceKernels: Readonly<Record<string, tf.KernelFunc>> = {
  LinSpace: linspace,
  Range: range,
};
