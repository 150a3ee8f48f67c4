/** Losses: tf.losses with every reduction and several weights, and the metrics that have a derivative. */
import { last } from '../../collections.js';
import { sizeOf } from '../../shapes.js';
import { fixed, real, type CaseDraft, type Choices, type Family, type InputDraft } from './case.js';
import { quarters } from './elementwise.js';
import { call, input, type Argument } from './expression.js';

type Make = (shape: readonly number[]) => InputDraft;

/** tf.Reduction: NONE, MEAN, SUM, SUM_BY_NONZERO_WEIGHTS. */
const reductions = [0, 1, 2, 3];

const constant = (shape: readonly number[], values: readonly number[]): InputDraft => ({
  shape,
  values,
  constant: true,
});
const signed: Make = (shape) => real(shape);
const unit: Make = (shape) => real(shape, 'unit');
const probability: Make = (shape) => real(shape, 'probability');
/** Whole numbers: never the same as a prediction of `unit`, nor 1 away from it. */
const whole: Make = (shape) => fixed(shape, 'small');
const targets: Make = (shape) => fixed(shape);
const aboveOne: Make = (shape) => fixed(shape, 'aboveOne');
const likely: Make = (shape) => fixed(shape, 'probability');
const flags: Make = (shape) =>
  constant(
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => Number(i % 3 !== 1)),
  );
const oneHot: Make = (shape) => {
  const depth = last(shape);
  return constant(
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) =>
      Number((Math.floor(i / depth) * 2 + 1) % depth === i % depth),
    ),
  );
};
/** In every row ½, ¼, … that come to 1. */
const distribution: Make = (shape) => {
  const depth = last(shape);
  return constant(
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => {
      const place = (Math.floor(i / depth) + i) % depth;
      return 2 ** -Math.min(place + 1, depth - 1);
    }),
  );
};

interface Loss {
  op: string;
  labels: Make;
  predictions: Make;
  /** Arguments between the predictions and the weights. */
  before?: readonly Argument[];
  /** Arguments between the weights and the reduction: several to try, the first everywhere. */
  between?: readonly (readonly Argument[])[];
  /** The shape of what is weighed, from the predictions' shape; the same where left out. */
  losses?: (shape: readonly number[]) => readonly number[];
}

const functions: readonly Loss[] = [
  { op: 'absoluteDifference', labels: whole, predictions: unit },
  { op: 'meanSquaredError', labels: targets, predictions: signed },
  { op: 'hingeLoss', labels: flags, predictions: quarters },
  { op: 'huberLoss', labels: whole, predictions: unit, between: [[1], [2], [0.03125]] },
  { op: 'logLoss', labels: likely, predictions: probability, between: [[undefined], [0.125]] },
  { op: 'logLoss', labels: flags, predictions: probability, between: [[undefined], [0.125]] },
  { op: 'sigmoidCrossEntropy', labels: flags, predictions: signed, between: [[0], [0.125], [0.5]] },
  { op: 'sigmoidCrossEntropy', labels: likely, predictions: signed, between: [[0], [0.25]] },
  {
    op: 'softmaxCrossEntropy',
    labels: oneHot,
    predictions: signed,
    between: [[0], [0.125], [0.5]],
    losses: (shape) => shape.slice(0, -1),
  },
  {
    op: 'softmaxCrossEntropy',
    labels: distribution,
    predictions: signed,
    between: [[0], [0.25]],
    losses: (shape) => shape.slice(0, -1),
  },
  {
    op: 'cosineDistance',
    labels: targets,
    predictions: signed,
    before: [1],
    losses: ([rows, , ...rest]) => [rows, 1, ...rest],
  },
  {
    op: 'cosineDistance',
    labels: targets,
    predictions: signed,
    before: [0],
    losses: ([, ...rest]) => [1, ...rest],
  },
];

const metrics: readonly (readonly [op: string, labels: Make, predictions: Make])[] = [
  ['meanSquaredError', targets, signed],
  ['MSE', targets, signed],
  ['meanAbsoluteError', whole, unit],
  ['meanAbsolutePercentageError', aboveOne, unit],
  ['binaryCrossentropy', flags, probability],
  ['binaryCrossentropy', likely, probability],
  ['categoricalCrossentropy', oneHot, probability],
  ['categoricalCrossentropy', distribution, probability],
  ['cosineProximity', targets, signed],
  ['r2Score', targets, signed],
];

export const losses: Family = {
  name: 'losses',
  *cases(choices: Choices): Iterable<CaseDraft> {
    const [labels, predictions, w, x] = ['labels', 'predictions', 'w', 'x'].map(input);
    for (const [index, loss] of functions.entries()) {
      const op = `losses.${loss.op}`;
      const { before = [], between = [[]], losses: weighedOf = (shape) => shape } = loss;
      const made = (
        shape: readonly number[],
        weights: InputDraft | number | undefined,
        rest: readonly Argument[],
      ) => ({
        op,
        inputs: {
          labels: loss.labels(shape),
          predictions: loss.predictions(shape),
          ...(typeof weights === 'object' && { w: weights }),
        },
        expression: call(
          op,
          labels,
          predictions,
          ...before,
          typeof weights === 'object' ? w : weights,
          ...rest,
        ),
      });
      for (const reduction of reductions) {
        const shape = choices.shape(2, 12);
        const weighed = weighedOf(shape);
        const weights = [
          0.5,
          fixed(weighed, 'positive'),
          flags(weighed),
          fixed(weighed.length > 1 ? [weighed[0], 1] : [], 'positive'),
        ];
        yield made(shape, undefined, [...between[0], reduction]);
        yield made(shape, weights[(index + reduction) % 4], [...between[0], reduction]);
      }
      for (const attributes of between.slice(1)) {
        yield made(choices.shape(2, 12), undefined, [...attributes, choices.pick(reductions)]);
      }
      yield made(choices.shape(3, 12), undefined, between[0]);
      const free = { ...loss.labels([3, 2]), constant: false };
      const inputs = { labels: free, predictions: loss.predictions([3, 2]) };
      yield { op, variant: 'labels', inputs, expression: call(op, labels, predictions, ...before) };
    }

    const op = 'losses.computeWeightedLoss';
    for (const reduction of reductions) {
      for (const weights of [fixed([2, 1], 'positive'), flags([2, 3]), fixed([], 'positive')]) {
        yield { op, inputs: { x: real([2, 3]), w: weights }, expression: call(op, x, w, reduction) };
      }
      for (const rank of [0, 3]) {
        yield { op, inputs: { x: real(choices.shape(rank)) }, expression: call(op, x, undefined, reduction) };
      }
      const both = { x: real([3, 2]), w: real([3, 2], 'positive') };
      yield { op, variant: 'weights', inputs: both, expression: call(op, x, w, reduction) };
    }
    for (const [name, labelsOf, predictionsOf] of metrics) {
      for (const shape of [choices.shape(2, 12), [2, 3, 2]]) {
        const inputs = { labels: labelsOf(shape), predictions: predictionsOf(shape) };
        yield { op: `metrics.${name}`, inputs, expression: call(`metrics.${name}`, labels, predictions) };
      }
    }
  },
};
