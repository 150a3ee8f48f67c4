/** Pictures of the textbook's functions: activations, decision boundaries, descents, errors of differences. They need no data. */
import * as tf from '@tensorflow/tfjs';
import { centralDifference, forwardDifference } from '../../differentiation/numbers.js';
import { relu, sigmoid, softplus, step, tanh } from '../../functions/activations.js';
import { Mlp } from '../../networks/mlp.js';
import { PerceptronClassifier } from '../../perceptron/perceptron-classifier.js';
import { and } from '../../perceptron/logic-gates.js';
import { textCurves, textPlane } from '../../plots/terminal.js';
import { randomFrom } from '../../random.js';
import { gradientDescent } from '../../training/gradient-descent.js';
import { train } from '../../training/trainer.js';
import { documentOf, type Picture } from './picture.js';

/** The activations, and their derivatives by tf.grad. */
export async function drawActivations(): Promise<Picture> {
  const title = 'Activations and their derivatives';
  const x = Float32Array.from({ length: 241 }, (_, k) => (k - 120) / 20);
  const all = { step, sigmoid, tanh, relu, softplus };
  const [values, slopes] = [
    (f: (x: tf.Tensor) => tf.Tensor) => f(tf.tensor1d(x)),
    // The step's derivative is 0 wherever it has one, and tf.grad knows none.
    (f: (x: tf.Tensor) => tf.Tensor) =>
      f === step ? tf.zerosLike(tf.tensor1d(x)) : tf.grad((v) => tf.sum(f(v)))(tf.tensor1d(x)),
  ].map((make) =>
    Object.entries(all).map(([name, f]) => ({
      name,
      x,
      y: tf.tidy(() => make(f as (x: tf.Tensor) => tf.Tensor).dataSync()),
    })),
  );
  const panels = [
    { title: 'Activations', series: values, yDomain: [-1.2, 3] as const },
    { title: 'Their derivatives', series: slopes, yDomain: [-0.2, 1.2] as const },
  ];
  return {
    title,
    data: { x: [...x], activations: named(values), derivatives: named(slopes) },
    svg: (plots) =>
      plots.pictureGrid({
        title,
        columns: 2,
        pictures: panels.map((panel) =>
          plots.curvePlot({ ...documentOf(plots), ...panel, xLabel: 'x', width: 460, height: 300 }),
        ),
      }),
    text: (width) =>
      panels
        .map(({ title: name, series }) => textCurves({ title: name, width, series, xLabel: 'x', height: 4 }))
        .join('\n'),
  };
}

const named = (series: readonly { name: string; y: ArrayLike<number> }[]): Record<string, number[]> =>
  Object.fromEntries(series.map(({ name, y }) => [name, Array.from(y)]));

/** AND by a unit with a threshold, XOR by a perceptron and by a network, two moons by a network. */
export async function drawBoundaries(): Promise<Picture> {
  const title = 'What the perceptron and the network decide';
  const corners = [0, 1, 2, 3].map((k) => [k >> 1, k & 1]);
  const isXor = [0, 1, 1, 0];
  const square = { x: [-0.5, 1.5], y: [-0.5, 1.5] } as const;
  const perceptron = new PerceptronClassifier();
  perceptron.fit(corners, isXor);
  const xor = await learned([2, 4, 2], corners, isXor, { steps: 400, learningRate: 1 });
  const moons = twoMoons(30);
  const curved = await learned([2, 8, 2], moons.points, moons.labels, { steps: 500, learningRate: 1 });
  const classes = (network: Mlp) => (points: number[][]) =>
    tf.tidy(() => network.predictClasses(points).dataSync());
  const labelled = (points: readonly number[][], labels: readonly number[]) =>
    points.map(([x, y], k) => ({ x, y, label: labels[k] }));
  const panels = [
    {
      title: 'AND, one unit',
      predict: (points: number[][]) => tf.tidy(() => and.predict(points).dataSync()),
      points: labelled(corners, [0, 0, 0, 1]),
      domain: square,
    },
    {
      title: 'XOR, a perceptron',
      predict: (points: number[][]) => tf.tidy(() => perceptron.predict(points).dataSync()),
      points: labelled(corners, isXor),
      domain: square,
    },
    {
      title: 'XOR, 2-4-2',
      predict: classes(xor),
      points: labelled(corners, isXor),
      domain: square,
    },
    {
      title: 'Two moons, 2-8-2',
      predict: classes(curved),
      points: labelled(moons.points, moons.labels),
      domain: { x: [-1.6, 2.6], y: [-1.2, 1.7] } as const,
    },
  ];
  const right = panels.map((panel) => {
    const answers = panel.predict(panel.points.map(({ x, y }) => [x, y]));
    return panel.points.filter(({ label }, k) => label === answers[k]).length;
  });
  return {
    title,
    data: {
      panels: panels.map(({ title: name, points }, k) => ({
        title: name,
        points: points.length,
        right: right[k],
      })),
    },
    svg: (plots) => plots.boundaryGrid({ ...documentOf(plots), title, panels, columns: 4 }),
    dispose: () => [xor, curved].forEach((network) => network.dispose()),
    text: (width) =>
      panels
        .map(
          ({ title: name, predict, points, domain }, k) =>
            `${name}: ${right[k]} of ${points.length} points are right\n${textPlane({ predict, domain, width: Math.min(44, width) })}`,
        )
        .join('\n'),
  };
}

async function learned(
  sizes: number[],
  points: number[][],
  labels: number[],
  { steps, learningRate }: { steps: number; learningRate: number },
): Promise<Mlp> {
  const network = new Mlp({ sizes, activations: 'tanh', weightInitStd: 1, seed: 1 });
  const data = { x: tf.tensor2d(points), t: tf.tensor1d(labels, 'int32') };
  try {
    await train(network, data, {
      method: 'autodiff',
      steps,
      learningRate,
      batchSize: points.length,
      seed: 1,
    });
  } finally {
    tf.dispose(data);
  }
  return network;
}

/** Two half circles that reach into each other, with noise. */
function twoMoons(each: number): { points: number[][]; labels: number[] } {
  const random = randomFrom(1);
  const points: number[][] = [];
  const labels: number[] = [];
  for (let k = 0; k < each; k++) {
    const angle = (Math.PI * k) / (each - 1);
    const noise = (): number => 0.12 * (random.uniform(-1, 1) + random.uniform(-1, 1));
    points.push([Math.cos(angle) + noise(), Math.sin(angle) + noise()]);
    points.push([1 - Math.cos(angle) + noise(), 0.5 - Math.sin(angle) + noise()]);
    labels.push(0, 1);
  }
  return { points, labels };
}

/** A minimum that is found, a saddle that is left, and a plateau on which nothing moves. */
const grounds = [
  {
    title: 'Bowl: x₀²/20 + x₁²',
    f: (x0: number, x1: number) => x0 ** 2 / 20 + x1 ** 2,
    g: (x: tf.Tensor) => tf.sum(tf.mul(tf.square(x), tf.tensor1d([1 / 20, 1]))),
    from: [-7, 2],
    rate: 0.9,
    steps: 40,
    domain: { x: [-8, 8], y: [-4, 4] },
  },
  {
    title: 'Saddle: x₀² − x₁²',
    f: (x0: number, x1: number) => x0 ** 2 - x1 ** 2,
    g: (x: tf.Tensor) => tf.sum(tf.mul(tf.square(x), tf.tensor1d([1, -1]))),
    from: [-1.7, 0.01],
    rate: 0.1,
    steps: 28,
    domain: { x: [-2, 2], y: [-2, 2] },
  },
  {
    title: 'Plateau: 1 − exp(−(x₀² + x₁²)/2)',
    f: (x0: number, x1: number) => 1 - Math.exp(-(x0 ** 2 + x1 ** 2) / 2),
    g: (x: tf.Tensor) => tf.sub(1, tf.exp(tf.div(tf.sum(tf.square(x)), -2))),
    from: [-3.3, 2.4],
    rate: 0.5,
    steps: 60,
    domain: { x: [-6, 6], y: [-4, 4] },
  },
] as const;

export async function drawDescent(): Promise<Picture> {
  const title = 'Gradient descent on a bowl, a saddle and a plateau';
  const descents = grounds.map((ground) => {
    const { x, path, value, message } = gradientDescent(ground.g, [...ground.from], {
      learningRate: ground.rate,
      steps: ground.steps,
      scheme: 'central',
    });
    x.dispose();
    return { ...ground, path, value, message };
  });
  return {
    title,
    data: {
      descents: descents.map(({ title: name, rate, path, value, message }) => ({
        title: name,
        learningRate: rate,
        path,
        value,
        message,
      })),
    },
    svg: (plots) =>
      plots.pictureGrid({
        title,
        columns: 3,
        pictures: descents.map(({ title: name, f, path, domain, rate }) =>
          plots.contourPathPlot({
            ...documentOf(plots),
            title: `${name}, η = ${rate}`,
            f,
            path,
            domain,
            width: 440,
            height: 340,
          }),
        ),
      }),
    text: (width) =>
      descents
        .map(({ title: name, path, value, rate }) =>
          textCurves({
            title: `${name}, η = ${rate}: f = ${Number(value.toPrecision(3))} after ${path.length - 1} steps`,
            width: Math.min(width, 60),
            xLabel: 'x₀ (x₁ upwards)',
            height: 6,
            series: [{ name: '', x: path.map(([x0]) => x0), y: path.map(([, x1]) => x1) }],
          }),
        )
        .join('\n'),
  };
}

/** The relative error of sin′(1) by differences, over the step, where every operation is rounded to float32 and where to float64. */
export async function drawSteps(): Promise<Picture> {
  const title = 'Error of a difference of sin at 1, by its step';
  const steps = Array.from({ length: 65 }, (_, k) => 10 ** (-k / 4));
  const { fround } = Math;
  const single = (x: number): number => fround(Math.sin(fround(x)));
  const ways: Record<string, (h: number) => number> = {
    'forward, float32': (h) => fround(fround(single(1 + h) - single(1)) / fround(h)),
    'central, float32': (h) => fround(fround(single(1 + h) - single(1 - h)) / fround(2 * h)),
    'forward, float64': (h) => forwardDifference(Math.sin, 1, h),
    'central, float64': (h) => centralDifference(Math.sin, 1, h),
  };
  const series = Object.entries(ways).map(([name, difference]) => ({
    name,
    x: steps,
    y: steps.map((h) => {
      // A step that 1 does not feel has no difference; an error of 0 has no place on a log axis.
      const isLost = name.endsWith('32') ? fround(1 + h) === 1 : 1 + h === 1;
      const error = isLost ? NaN : Math.abs(difference(h) / Math.cos(1) - 1);
      return error > 0 ? error : NaN;
    }),
  }));
  const axes = { xScale: 'log', yScale: 'log', xLabel: 'step h', yLabel: 'relative error' } as const;
  return {
    title,
    data: { steps, errors: named(series) },
    svg: (plots) => plots.curvePlot({ ...documentOf(plots), title, series, ...axes }),
    text: (width) => textCurves({ title, width, series, ...axes, height: 6 }),
  };
}
