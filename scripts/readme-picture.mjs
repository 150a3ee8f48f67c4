/**
 * The picture of both READMEs, docs/images/tfjs-second-derivative.svg: the second derivative of swish as TensorFlow.js computes it, and
 * as it is. `node scripts/readme-picture.mjs` draws it anew after `npm run setup`; with a path, into that file.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as Plot from '@observablehq/plot';
import * as tf from '@tensorflow/tfjs';
import { writeFileWhole } from '../dist/files/write.js';
import { selectBackend } from '../dist/node.js';
import { nodeDocument } from '../dist/plots/node-document.js';
import { colourOf, figure, ink, plotPanel, xAxis, yAxis } from '../dist/plots/svg.js';

const committed = fileURLToPath(new URL('../docs/images/tfjs-second-derivative.svg', import.meta.url));
/** Where the two values are written beside the curves. */
const MARKED = 3;
const [right, wrong] = [colourOf(0), colourOf(1)];

/** swish″(x) = σ·(1 - σ)·(2 + x·(1 - 2σ)), with σ = σ(x) */
function secondDerivative(x) {
  const s = 1 / (1 + Math.exp(-x));
  return s * (1 - s) * (2 + x * (1 - 2 * s));
}

/** The same by tf.grad of tf.grad, which throws nothing. */
function secondDerivativeByTensorFlow(points) {
  const swish = (x) => tf.sum(tf.mul(x, tf.sigmoid(x)));
  const slope = tf.grad(swish);
  return tf.tidy(() =>
    tf
      .grad((x) => tf.sum(slope(x)))(tf.tensor1d(points))
      .dataSync(),
  );
}

async function draw() {
  await selectBackend('cpu');
  const xs = Array.from({ length: 241 }, (_, k) => (k - 120) / 20);
  const computed = secondDerivativeByTensorFlow(xs);
  const points = xs.map((x, k) => ({ x, right: secondDerivative(x), wrong: computed[k] }));
  const marked = points.filter(({ x }) => x === MARKED);
  const number = (value) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
  const label = (which, colour, more) =>
    Plot.text(marked, {
      x: 'x',
      y: which,
      text: (point) => number(point[which]),
      fill: colour,
      stroke: 'white',
      strokeWidth: 4,
      fontWeight: 600,
      fontSize: 15,
      ...more,
    });
  const document = nodeDocument();
  const panel = plotPanel(document, {
    width: 560,
    height: 260,
    marginLeft: 64,
    x: xAxis({ label: 'x', domain: [-6, 6] }),
    y: { ...yAxis({ domain: [-0.15, 0.55] }), ticks: 6 },
    marks: [
      Plot.areaY(points, { x: 'x', y1: 'right', y2: 'wrong', fill: wrong, fillOpacity: 0.14 }),
      Plot.ruleY([0], { stroke: ink, strokeOpacity: 0.5 }),
      Plot.line(points, { x: 'x', y: 'right', stroke: right, strokeWidth: 2.5 }),
      Plot.line(points, { x: 'x', y: 'wrong', stroke: wrong, strokeWidth: 2.5, strokeDasharray: '7 3' }),
      Plot.dot(marked, { x: 'x', y: 'right', fill: right, r: 4 }),
      Plot.dot(marked, { x: 'x', y: 'wrong', fill: wrong, r: 4 }),
      label('wrong', wrong, { textAnchor: 'start', dx: 7, dy: -10 }),
      label('right', right, { textAnchor: 'middle', dy: 17 }),
      Plot.frame({ stroke: ink }),
    ],
  });
  return figure({
    document,
    title: 'The second derivative of swish, x·σ(x)',
    legend: [
      {
        name: `TensorFlow.js ${tf.version['tfjs']}, by tf.grad of tf.grad`,
        colour: wrong,
        dash: '7 3',
        strokeWidth: 2.5,
      },
      { name: 'right', colour: right, strokeWidth: 2.5 },
    ],
    rows: [[panel]],
  });
}

await writeFileWhole(process.argv[2] ? path.resolve(process.argv[2]) : committed, await draw());
