"""Products and decompositions of matrices."""

import numpy as np
import tensorflow as tf

from tensors import NoWitness, dims, ints, match, now, real, tensor


def mat_mul(a, b, transposeA=False, transposeB=False):
    a, b = match(a, b)
    return tf.matmul(a, b, transposeA, transposeB)


def dot(a, b):
    return tf.tensordot(*match(a, b), 1)


def einsum(equation, *tensors):
    return tf.einsum(equation, *(real(part) for part in tensors))


def qr(x, fullMatrices=False):
    """Q and R are theirs up to signs of R's rows: these are taken from TensorFlow.js' reflections."""
    x = real(x)
    rows, columns = dims(x)[-2:]
    if fullMatrices and rows > columns:
        raise NoWitness("the last columns of Q are any that complete the basis")
    q, r = tf.linalg.qr(x)
    signs = []
    for matrix in x.numpy().reshape(-1, rows, columns):
        left = matrix.copy()
        diagonal = []
        for j in range(min(rows, columns)):
            column = left[j:, j]
            length = np.linalg.norm(column) * (-1 if left[j, j] > 0 else 1)
            w = column.copy()
            w[0] -= length
            left[j:] -= 2 * np.outer(w, w @ left[j:]) / max(w @ w, 1e-300)
            diagonal.append(np.sign(length))
        signs.append(diagonal)
    signs = np.array(signs).reshape(dims(x)[:-2] + [-1]) * np.sign(tf.linalg.diag_part(r).numpy())
    return [q * tf.constant(signs[..., None, :], now.real), r * tf.constant(signs[..., :, None], now.real)]


def gram_schmidt(xs):
    listed = isinstance(xs, list)
    found = []
    for x in [real(one) for one in xs] if listed else tf.unstack(real(xs)):
        for earlier in found:
            x = x - tf.reduce_sum(earlier * x) * earlier
        found.append(x / tf.sqrt(tf.reduce_sum(tf.square(x))))
    return found if listed else tf.stack(found)


FUNCTIONS = {
    "matMul": mat_mul,
    "dot": dot,
    "outerProduct": lambda a, b: real(a)[:, None] * real(b)[None],
    "einsum": einsum,
    "linalg.bandPart": lambda a, numLower, numUpper: tf.linalg.band_part(
        tensor(a), *(ints(n) for n in (numLower, numUpper))
    ),
    "linalg.qr": qr,
    "linalg.gramSchmidt": gram_schmidt,
}
