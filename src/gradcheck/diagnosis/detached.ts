/** A gradient that is zero, or partly lost, because tf.grad finds no way. */
import type { Pass } from '../engine/pass.js';
import { DOCS, isListed, release } from './tensorflow.js';

/** A gradient that is zero everywhere, while f changes. */
export function detached(pass: Pass, input: number): string | undefined {
  const { subject, order, unreached, autodiff } = pass;
  if (unreached.has(input)) {
    if (order === 1) {
      return `the gradient is zero, because it is detached: ${subject.reference} changes with it, but tf.grad finds no way from it to the output. Something on the way leaves TensorFlow.js: dataSync(), a tensor made of plain numbers, a variable.`;
    }
    const { connected, late, custom } = subject.recording();
    const lost = 'the gradient is zero, because tf.grad finds no way from the gradient back to it:';
    if (connected[input] && late.length > 0) return `${lost} ${recordedLate(late)}`;
    return custom
      ? `${lost} a gradient function on the way leaves TensorFlow.js by dataSync(), or uses what was computed before and not its inputs. Compute it from \`saved\` inputs.`
      : `${lost} a gradient function of ${release()}'s own loses it, none of yours (${DOCS}).`;
  }
  if (autodiff.every((gradients) => gradients[input].every((value) => value === 0))) {
    return `the gradient is zero everywhere, while ${subject.reference} changes: it is detached, or a gradient function gives zeros.`;
  }
  return undefined;
}

/** Why the second order is off: a saved result that stands on the tape before the op that made it. */
export function lostOnTheTape({ subject, order }: Pass): string | undefined {
  if (order === 1) return undefined;
  const { late } = subject.recording();
  return late.length === 0 ? undefined : `A part of it is lost: ${recordedLate(late)}`;
}

const recordedLate = (late: readonly string[]): string =>
  `what ${late.join(', ')} saves of its result for its gradient stands on the tape before the op itself, and TensorFlow.js goes by the order (tfjs#3252${isListed() ? `, ${DOCS}` : ''}). No gradient function is at fault.`;
