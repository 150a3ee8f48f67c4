/**
 * Complex numbers. The gradient of a real L by z = a + ib is `∂L/∂a + i·∂L/∂b`, as in TensorFlow and PyTorch. Of a function w = f(z) that is
 * complex-differentiable, it is `conj(f'(z))·dw`; of a matrix, its conjugate transpose.
 */
import * as tf from '@tensorflow/tfjs';
import type { Fix } from '../fix.js';
import { backpropagation } from '../backpropagation.js';
import { gradient, run, stockGradient, sumTo } from './support.js';

const family = 'complex';

const zerosOf = (x: tf.Tensor): tf.Tensor => tf.zeros(x.shape);
const conjugate = (z: tf.Tensor): tf.Tensor => tf.complex(tf.real(z), tf.neg(tf.imag(z)));
const scaled = (z: tf.Tensor, by: number): tf.Tensor =>
  tf.complex(tf.mul(tf.real(z), by), tf.mul(tf.imag(z), by));
const isComplex = ({ dtype }: tf.Tensor): boolean => dtype === 'complex64';

/** Of a gradient, which is real where nothing flows through the imaginary part. */
const realOf = (dy: tf.Tensor): tf.Tensor => (isComplex(dy) ? tf.real(dy) : dy);
const imaginaryOf = (dy: tf.Tensor): tf.Tensor => (isComplex(dy) ? tf.imag(dy) : zerosOf(dy));
const complexOf = (dy: tf.Tensor): tf.Tensor => (isComplex(dy) ? dy : tf.complex(dy, zerosOf(dy)));

/** Of complex numbers there are sums and products alone among TensorFlow.js' kernels. */
function summedTo(g: tf.Tensor, shape: number[]): tf.Tensor {
  if (tf.util.arraysEqual(g.shape, shape)) return g;
  return tf.complex(sumTo(tf.real(g), shape), sumTo(tf.imag(g), shape));
}

const multiply = gradient('Multiply', { inputs: ['a', 'b'] }, (dy, [a, b], attributes) => {
  if (!isComplex(a) && !isComplex(b)) return stockGradient('Multiply', dy, [a, b], attributes);
  const g = complexOf(dy);
  return {
    a: () => summedTo(tf.mul(g, conjugate(complexOf(b))), a.shape),
    b: () => summedTo(tf.mul(g, conjugate(complexOf(a))), b.shape),
  };
});

/** Sums over the axes that are broadcast, for which TensorFlow.js has real numbers alone. */
const additive = (kernelName: string, sign: 1 | -1): tf.GradConfig =>
  gradient(kernelName, { inputs: ['a', 'b'] }, (dy, [a, b], attributes) => {
    if (!isComplex(dy)) return stockGradient(kernelName, dy, [a, b], attributes);
    return {
      a: () => summedTo(dy, a.shape),
      b: () => summedTo(sign === 1 ? dy : scaled(dy, -1), b.shape),
    };
  });

/** `|z|` grows along z: `dy·z/|z|`, and 0 at 0. */
const complexAbs = gradient('ComplexAbs', { inputs: ['x'] }, (dy, [z]) => ({
  x: () => {
    const [a, b] = [tf.real(z), tf.imag(z)];
    const square = tf.add(tf.square(a), tf.square(b));
    const isZero = tf.equal(square, 0);
    const inverse = tf.where(
      isZero,
      tf.zerosLike(square),
      tf.rsqrt(tf.where(isZero, tf.onesLike(square), square)),
    );
    return tf.complex(tf.mul(dy, tf.mul(a, inverse)), tf.mul(dy, tf.mul(b, inverse)));
  },
}));

/** Fourier's matrix F is symmetric: its conjugate transpose is n times its inverse. */
const fourier = (kernelName: string, inverse: string, factor: (n: number) => number): tf.GradConfig =>
  gradient(kernelName, {}, (dy) => ({
    input: () => scaled(run(inverse, { input: complexOf(dy) }), factor(dy.shape[dy.rank - 1])),
  }));

export const complex: readonly Fix[] = [
  {
    id: 'complex',
    family,
    ops: ['complex', 'real', 'imag', 'abs', 'add', 'sub', 'mul'],
    wrong: 'There are no gradients of complex numbers.',
    engine: backpropagation('complex'),
    gradients: [
      gradient('Complex', {}, (dy) => ({ real: () => tf.clone(realOf(dy)), imag: () => imaginaryOf(dy) })),
      gradient('Real', {}, (dy) => ({ input: () => tf.complex(dy, zerosOf(dy)) })),
      gradient('Imag', {}, (dy) => ({ input: () => tf.complex(zerosOf(dy), dy) })),
      gradient('Identity', {}, (dy) => ({
        x: () => (isComplex(dy) ? tf.clone(dy) : tf.cast(dy, 'float32')),
      })),
      complexAbs,
      multiply,
      additive('Add', 1),
      additive('Sub', -1),
    ],
  },
  {
    id: 'fft',
    family,
    ops: ['spectral.fft', 'spectral.ifft', 'spectral.rfft', 'spectral.irfft', 'signal.stft'],
    wrong: 'There is no gradient.',
    gradients: [fourier('FFT', 'IFFT', (n) => n), fourier('IFFT', 'FFT', (n) => 1 / n)],
  },
];
