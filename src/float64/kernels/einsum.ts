/** Sums of products over labelled axes. */
import * as tf from '@tensorflow/tfjs';
import { lookUp } from '../../collections.js';
import { doublesOf, kernel, tensorOf } from './kernel.js';

/** The labels of a term of an einsum, one an axis; an ellipsis is the labels of the axes that it stands for, the last one '…1'. */
function labelsOf(term: string, rank?: number): string[] {
  const [before, after] = term.split('...');
  if (after === undefined) return [...term];
  const hidden = Math.max(0, (rank ?? 0) - before.length - after.length);
  return [...before, ...Array.from({ length: hidden }, (_, i) => `…${hidden - i}`), ...after];
}

/** How far a step along an axis goes in the output and in both tensors. */
type Step = [output: number, a: number, b: number];

/** `y[place] += a[place] · b[place]` at all places of a box of these sizes, the last axis fastest. */
function sumProducts(
  sizes: readonly number[],
  steps: readonly Step[],
  y: Float64Array,
  a: Float64Array,
  b: Float64Array,
): void {
  const last = sizes.length - 1;
  const walk = (axis: number, atY: number, atA: number, atB: number): void => {
    const [stepY, stepA, stepB] = axis < 0 ? [0, 0, 0] : steps[axis];
    const size = axis < 0 ? 1 : sizes[axis];
    for (let n = 0; n < size; n++) {
      if (axis === last) y[atY] += a[atA] * b[atB];
      else walk(axis + 1, atY, atA, atB);
      atY += stepY;
      atA += stepA;
      atB += stepB;
    }
  };
  walk(Math.min(0, last), 0, 0, 0);
}

/**
 * `y[output labels] = Σ_{other labels} Π_t x_t[labels of t]`. A label that a term repeats is that tensor's diagonal, one that the
 * output repeats a diagonal there; the axes that ellipses stand for are broadcast. The cpu kernel, one step for each label that is
 * summed over, forgets the last steps where two labels belong to one tensor each.
 *
 * @throws Error where terms and tensors do not fit, or a label has two sizes.
 */
const einsum = kernel<Record<string, tf.TensorInfo>, { equation: string }>(
  (inputs, { equation }, backend) => {
    const tensors = Object.values(inputs);
    const [left, right, ...rest] = equation.replace(/\s/g, '').split('->');
    const terms = left.split(',');
    if (right === undefined || rest.length > 0 || terms.length !== tensors.length) {
      throw new Error(
        `einsum: the equation must name the axes of ${tensors.length} tensors and of the output, as in 'ij,jk->ik', got '${equation}'.`,
      );
    }
    if (tensors.length > 2) throw new Error(`einsum: it takes one or two tensors, got ${tensors.length}.`);
    const labels = terms.map((term, i) => labelsOf(term, tensors[i].shape.length));
    const sizes = new Map<string, number>();
    labels.forEach((names, i) => {
      const { shape } = tensors[i];
      if (names.length !== shape.length) {
        throw new Error(
          `einsum: '${terms[i]}' names ${names.length} axes, and its tensor is [${shape.join(',')}].`,
        );
      }
      names.forEach((name, axis) => {
        const before = sizes.get(name);
        const isBroadcast = name.startsWith('…') && (before === 1 || shape[axis] === 1);
        if (before !== undefined && before !== shape[axis] && !isBroadcast) {
          throw new Error(
            `einsum: the axis ${name} of '${equation}' has the sizes ${before} and ${shape[axis]}.`,
          );
        }
        sizes.set(name, before === undefined || before === 1 ? shape[axis] : before);
      });
    });
    const hidden = [...sizes.keys()].filter((name) => name.startsWith('…')).length;
    const output = labelsOf(right, hidden + right.replace('...', '').length);
    const stranger = output.find((name) => !sizes.has(name));
    if (stranger !== undefined)
      throw new Error(`einsum: no term of '${equation}' has the output's axis ${stranger}.`);

    const outputSizes = output.map((name) => lookUp(sizes, name));
    /** How far a step along each axis goes in a tensor with these labels. */
    const stepsOf = (names: readonly string[], shape: readonly number[]): Map<string, number> => {
      const strides = tf.util.computeStrides([...shape, 1]);
      const steps = new Map<string, number>();
      names.forEach((name, axis) => {
        if (shape[axis] > 1) steps.set(name, (steps.get(name) ?? 0) + strides[axis]);
      });
      return steps;
    };
    const outputSteps = stepsOf(output, outputSizes);
    const names = [...new Set([...output, ...sizes.keys()])];
    const y = new Float64Array(tf.util.sizeFromShape(outputSizes));
    const steps = labels.map((own, i) => stepsOf(own, tensors[i].shape));
    sumProducts(
      names.map((name) => lookUp(sizes, name)),
      names.map((name) => [outputSteps, steps[0], steps[1]].map((step) => step?.get(name) ?? 0) as Step),
      y,
      doublesOf(backend, tensors[0]),
      tensors.length > 1 ? doublesOf(backend, tensors[1]) : Float64Array.of(1),
    );
    return tensorOf(backend, outputSizes, y);
  },
);

export const einsumKernels: Readonly<Record<string, tf.KernelFunc>> = { Einsum: einsum };
