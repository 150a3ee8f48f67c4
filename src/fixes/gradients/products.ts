/** Products of matrices, and Einstein's sums. */
import * as tf from '@tensorflow/tfjs';
import type { Fix } from '../fix.js';
import { gradient, stockGradient, sumTo } from './support.js';
import { sizeOf } from '../../shapes.js';

const family = 'products';

/** TensorFlow.js does not sum over the axes of batches that are broadcast. */
const batchMatMul = gradient('BatchMatMul', { inputs: ['a', 'b'] }, (dy, [a, b], attributes) => {
  const stock = stockGradient('BatchMatMul', dy, [a, b], attributes);
  return { a: () => sumTo(stock.a(), a.shape), b: () => sumTo(stock.b(), b.shape) };
});

/** A tensor with a name for each of its axes. */
interface Named {
  axes: string;
  value: tf.Tensor;
}

const unique = (axes: string): string => [...new Set(axes)].join('');

/** Sums over the axes that are not wanted. */
function reduced({ axes, value }: Named, wanted: string): Named {
  const lost = [...axes].flatMap((axis, i) => (wanted.includes(axis) ? [] : [i]));
  if (lost.length === 0) return { axes, value };
  return { axes: [...axes].filter((axis) => wanted.includes(axis)).join(''), value: tf.sum(value, lost) };
}

/** The axes in the order wanted, with those that are not there of length 1. */
function aligned({ axes, value }: Named, wanted: string): tf.Tensor {
  const order = [...wanted].filter((axis) => axes.includes(axis)).map((axis) => axes.indexOf(axis));
  const turned = order.every((from, to) => from === to) ? value : tf.transpose(value, order);
  let next = 0;
  return tf.reshape(
    turned,
    [...wanted].map((axis) => (axes.includes(axis) ? turned.shape[next++] : 1)),
  );
}

/** The entries of a tensor in which axes of one name have one place: its diagonal, with each name once. */
function diagonal({ axes, value }: Named): Named {
  const once = unique(axes);
  if (once === axes) return { axes, value };
  const length = (axis: string): number => value.shape[axes.indexOf(axis)];
  const strides = [...axes].map((_, i) => sizeOf(value.shape.slice(i + 1)));
  const shape = [...once].map(length);
  let places: tf.Tensor = tf.zeros(shape, 'int32');
  [...once].forEach((axis, at) => {
    const step = [...axes].reduce((sum, one, i) => (one === axis ? sum + strides[i] : sum), 0);
    const along = tf.mul(tf.range(0, shape[at], 1, 'int32'), tf.scalar(step, 'int32'));
    places = tf.add(
      places,
      tf.reshape(
        along,
        shape.map((n, i) => (i === at ? n : 1)),
      ),
    );
  });
  return { axes: once, value: tf.gather(tf.reshape(value, [-1]), tf.cast(places, 'int32')) };
}

/** The other way round: a tensor whose diagonal is g, and 0 elsewhere, with the axes given. */
function onDiagonal({ axes, value }: Named, wanted: string, shape: number[]): tf.Tensor {
  let spread = tf.reshape(
    value,
    [...wanted].map((axis, i) => (wanted.indexOf(axis) === i ? shape[i] : 1)),
  );
  [...wanted].forEach((axis, i) => {
    const first = wanted.indexOf(axis);
    if (first === i) return;
    const eye = tf.eye(shape[i]);
    spread = tf.mul(
      spread,
      tf.reshape(
        eye,
        shape.map((n, at) => (at === first || at === i ? n : 1)),
      ),
    );
  });
  return axes.length === wanted.length ? value : spread;
}

/** `Σ a·b` over the axes that are not wanted. Between two matrices it is TensorFlow.js' own sum. */
function contracted(a: Named, b: Named, wanted: string): Named {
  const [x, y] = [reduced(a, b.axes + wanted), reduced(b, a.axes + wanted)];
  if (x.axes === '' || y.axes === '' || wanted === '') {
    const all = unique(x.axes + y.axes);
    return reduced({ axes: all, value: tf.mul(aligned(x, all), aligned(y, all)) }, wanted);
  }
  return { axes: wanted, value: tf.einsum(`${x.axes},${y.axes}->${wanted}`, x.value, y.value) };
}

/**
 * `y[out] = Σ Π_i x_i[term_i]`, so that the gradient by one factor is the sum of dy and the others over the axes it does not have. Along an axis that it
 * alone has it is constant; of axes that occur twice in it, it is on the diagonal.
 */
const einsum = gradient<{ equation: string }>('Einsum', { allInputs: true }, (dy, saved, { equation }) => {
  const [left, out] = equation.replace(/\s/g, '').split('->');
  const terms = left.split(',');
  return Object.fromEntries(
    saved.map((x, i) => [
      String(i),
      () => {
        const term = unique(terms[i]);
        let g: Named = { axes: out, value: dy };
        const others = terms.flatMap((axes, j) => (j === i ? [] : [diagonal({ axes, value: saved[j] })]));
        const known = out + others.map(({ axes }) => axes).join('');
        const kept = [...term].filter((axis) => known.includes(axis)).join('');
        others.forEach((other, j) => {
          const later = others
            .slice(j + 1)
            .map(({ axes }) => axes)
            .join('');
          const wanted = unique(g.axes + other.axes);
          g = contracted(g, other, [...wanted].filter((axis) => (kept + later).includes(axis)).join(''));
        });
        g = reduced(g, kept);
        const lengths = [...term].map((axis) => x.shape[terms[i].indexOf(axis)]);
        const value = tf.mul(aligned(g, term), tf.ones(lengths));
        return onDiagonal({ axes: term, value }, terms[i], x.shape);
      },
    ]),
  );
});

export const products: readonly Fix[] = [
  {
    id: 'matMul-broadcast',
    family,
    ops: ['matMul'],
    wrong: 'The gradient throws where axes of batches are broadcast.',
    upstream: 'https://github.com/tensorflow/tfjs/issues/8721',
    gradients: [batchMatMul],
  },
  {
    id: 'einsum',
    family,
    ops: ['einsum', 'image.rgbToGrayscale'],
    wrong: 'There is no gradient.',
    since: '2021-04',
    upstream: 'https://github.com/tensorflow/tfjs/issues/5690',
    gradients: [einsum],
  },
];
