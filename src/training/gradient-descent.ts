/** Gradient descent on a function of a tensor, by numerical gradients, with the path it took. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import { floatTensor, type TensorInput } from '../functions/arguments.js';
import { numbersOf, numericalGradient, scalar, type DifferenceOptions } from '../differentiation/tensors.js';

/** How `gradientDescent` goes. */
export interface DescentOptions extends DifferenceOptions {
  /** η in x ← x - η·∂f/∂x. Default 0.01. */
  learningRate?: number;
  /** Default 100. */
  steps?: number;
  /** 'descent' to a minimum (default) or 'ascent' to a maximum. */
  direction?: 'descent' | 'ascent';
}

/** Where `gradientDescent` ended, and the way there. */
export interface Descent {
  /** Where it ended; the last finite point where it diverged. The caller disposes it. */
  x: tf.Tensor;
  /** f there. */
  value: number;
  /** Every point from x0 to x, flat. */
  path: number[][];
  /** Why it ended: all steps done; a gradient of exactly 0 (a minimum, a saddle point or a plateau); or no longer finite. */
  stopped: 'steps' | 'stationary' | 'diverged';
  /** The same in a sentence. */
  message: string;
}

/**
 * Gradient descent: `x ← x - η·∂f/∂x`, with numerical gradients.
 *
 * - f: from a tensor of x0's shape to a scalar. x0: float32 of any rank, or numbers in arrays; it is not changed.
 * - A rate too large overshoots farther with every step: it stops as 'diverged' at the last finite point and says so. A rate
 *   too small hardly moves. Where the gradient is 0 it stops as 'stationary', be that a minimum or not.
 *
 * @throws InputError for a rate or a number of steps that is none, else as numericalGradient. Source: Saito, §4.4.1.
 */
export function gradientDescent(
  f: (x: tf.Tensor) => tf.Tensor | number,
  x0: TensorInput,
  { learningRate = 0.01, steps = 100, direction = 'descent', ...differences }: DescentOptions = {},
): Descent {
  checkOptions(learningRate, steps, direction);
  const signedRate = direction === 'descent' ? -learningRate : learningRate;
  let x = tf.tidy(() => tf.clone(floatTensor('gradientDescent', 'x0', x0)));
  const path = [Array.from(x.dataSync())];
  const ended = (stopped: Descent['stopped'], message: string): Descent => ({
    x,
    value: valueAt(f, x),
    path,
    stopped,
    message,
  });
  try {
    for (let step = 0; step < steps; step++) {
      let finite = false;
      const next = tf.tidy(() => {
        const gradient = numericalGradient(f, x, differences);
        const isZero = gradient.dataSync().every((slope) => slope === 0);
        if (isZero) return undefined;
        const moved = tf.add(x, tf.mul(gradient, signedRate));
        finite = moved.dataSync().every(Number.isFinite) && Number.isFinite(valueAt(f, moved));
        return moved;
      });
      if (!next) {
        return ended(
          'stationary',
          `Stopped after ${step} steps: the gradient is 0 here, which a minimum, a saddle point and a plateau have in common.`,
        );
      }
      if (!finite) {
        next.dispose();
        return ended(
          'diverged',
          `Diverged at step ${step + 1}: x or f(x) is no longer finite. A learning rate of ${learningRate} is too large here; try a tenth of it.`,
        );
      }
      x.dispose();
      x = next;
      path.push(Array.from(x.dataSync()));
    }
    return ended('steps', `${steps} steps done.`);
  } catch (error) {
    x.dispose();
    throw error;
  }
}

function valueAt(f: (x: tf.Tensor) => tf.Tensor | number, x: tf.Tensor): number {
  let value = NaN;
  tf.tidy(() => {
    value = numbersOf(scalar('gradientDescent', f)(x))[0];
  });
  return value;
}

function checkOptions(learningRate: number, steps: number, direction: string): void {
  if (!(learningRate > 0 && Number.isFinite(learningRate))) {
    throw new InputError(
      `gradientDescent: learningRate must be a finite number above 0, got ${learningRate}. For a maximum, choose the direction 'ascent'.`,
    );
  }
  if (!Number.isSafeInteger(steps) || steps < 0) {
    throw new InputError(`gradientDescent: steps must be a whole number of at least 0, got ${steps}.`);
  }
  if (direction !== 'descent' && direction !== 'ascent') {
    throw new InputError(
      `gradientDescent: direction must be 'descent' or 'ascent', got ${JSON.stringify(direction)}.`,
    );
  }
}
