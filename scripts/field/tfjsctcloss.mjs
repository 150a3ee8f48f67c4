/** The CTC loss of tfjsctcloss, against differences of the same loss by its definition: the sum over all paths. */
import * as tf from '@tensorflow/tfjs';
import * as ctc from 'tfjsctcloss';

const blank = 2;
const targets = [
  [0, 1],
  [1, 0],
];
const labels = tf
  .oneHot(
    targets.map((target) => [...target, blank, blank]),
    3,
  )
  .toFloat();
const logits = targets.map((_, b) =>
  [0, 1, 2, 3].map((t) => [0, 1, 2].map((c) => Math.sin(3 * b + 2 * t + c))),
);

/** All paths of classes over four steps that read as the target once repetitions and blanks are taken out. */
const pathsOf = (target) =>
  Array.from({ length: 3 ** 4 }, (_, n) => [0, 1, 2, 3].map((t) => Math.floor(n / 3 ** t) % 3)).filter(
    (path) => path.filter((c, t) => c !== path[t - 1] && c !== blank).join() === target.join(),
  );

/** −log Σ_paths Π_t p_t(path_t), by the definition (Graves et al. 2006, equation 3). */
const byDefinition = (x) =>
  tf.stack(
    tf
      .unstack(tf.logSoftmax(x))
      .map((one, b) =>
        tf.neg(
          tf.logSumExp(tf.stack(pathsOf(targets[b]).map((path) => tf.sum(tf.mul(tf.oneHot(path, 3), one))))),
        ),
      ),
  );

/** The package's flag by which its gradient uses dy. */
const usingDy = (f) => (x) => {
  tf.env().set(ctc.CTC_LOSS_USE_DY_IN_GRAD_FUNC, true);
  return f(x);
};

const options = { surrogate: byDefinition };
export default [
  { name: 'ctcLoss, by tf.grad', f: (x) => ctc.ctcLoss(labels, x), inputs: [logits], options },
  { name: 'ctcLossGradient', f: (x) => ctc.ctcLossGradient(labels, x), inputs: [logits], options },
  {
    name: 'ctcLossGradient, CTC_LOSS_USE_DY_IN_GRAD_FUNC',
    f: usingDy((x) => ctc.ctcLossGradient(labels, x)),
    inputs: [logits],
    options,
  },
];
