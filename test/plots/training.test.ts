/** The picture of a training run, read back. */
import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/errors.js';
import { runningMean, trainingPlot } from '../../src/plots/training.js';
import { present } from '../support/present.js';
import { document, mark, outline, read, texts } from './drawing.js';

const steps = Array.from({ length: 100 }, (_, k) => ({ step: k + 1, loss: 2 - k / 100 }));
const epochs = [
  { epoch: 0, step: 0, trainAccuracy: 0.1, testAccuracy: 0.12 },
  { epoch: 1, step: 50, trainAccuracy: 0.5, testAccuracy: 0.45 },
  { epoch: 2, step: 100, trainAccuracy: 0.8, testAccuracy: 0.75 },
];

describe('trainingPlot', () => {
  test('has two panels over the same steps, with epochs where they ended', () => {
    const root = read(trainingPlot({ steps, epochs }, { document }));
    const panels = Array.from(root.children).filter((child) => child.tagName.toLowerCase() === 'svg');
    expect(panels).toHaveLength(2);
    const [raw, mean] = mark(panels[0], 'line');
    const [train, test] = mark(panels[1], 'line');
    expect([raw, mean, train, test].map((path) => outline(path)[0].length)).toEqual([100, 100, 3, 3]);
    // Step 50 lies at the same place in both.
    expect(outline(raw)[0][49][0]).toBeCloseTo(outline(train)[0][1][0], 2);
    expect(outline(raw)[0][48][0]).not.toBeCloseTo(outline(train)[0][1][0], 2);
    expect(mark(panels[1], 'x-axis tick label', 'text').map((text) => text.textContent)).toEqual([
      '0',
      '1',
      '2',
    ]);
    expect(texts(root)).toEqual(
      expect.arrayContaining([
        'loss, thick: mean of 2 steps',
        'training accuracy',
        'test accuracy',
        'step',
        'epoch',
      ]),
    );
  });

  test('lays runs over each other, a colour each', () => {
    const runs = ['structured', 'autodiff'].map((name) => ({ name, history: { steps, epochs } }));
    const root = read(trainingPlot(runs, { document }));
    expect(texts(root)).toEqual(expect.arrayContaining(['structured', 'autodiff', 'training', 'test']));
    expect(mark(root, 'line')).toHaveLength(8);
    const strokes = mark(root, 'line').map((path) => present(path.parentElement).getAttribute('stroke'));
    expect(new Set(strokes).size).toBe(2);
  });

  test('does without test accuracy, and without epochs', () => {
    const untested = epochs.map(({ epoch, step, trainAccuracy }) => ({ epoch, step, trainAccuracy }));
    expect(texts(read(trainingPlot({ steps, epochs: untested }, { document })))).not.toContain(
      'test accuracy',
    );
    const root = read(trainingPlot({ steps, epochs: [] }, { document }));
    expect(root.querySelectorAll('svg')).toHaveLength(1);
    expect(texts(root)).not.toContain('accuracy');
  });

  test('a loss that is not finite is a gap of the thin line; the mean goes on with its neighbours', () => {
    const holed = steps.map((step) => (step.step === 30 ? { step: 30, loss: NaN } : step));
    const [raw, mean] = mark(
      read(trainingPlot({ steps: holed, epochs: [] }, { document, window: 5 })),
      'line',
    );
    expect(outline(raw).map((piece) => piece.length)).toEqual([29, 70]);
    expect(outline(mean).map((piece) => piece.length)).toEqual([100]);
  });

  test.each([
    ['no runs', [], {}, /list of runs is empty/],
    ['no steps', { steps: [], epochs }, {}, /"loss" is empty/],
    ['nothing but NaN', { steps: [{ step: 1, loss: NaN }], epochs }, {}, /no point/],
    [
      'an accuracy in percent',
      { steps, epochs: [{ ...epochs[0], trainAccuracy: 94 }] },
      {},
      /0 and 1, got 94 at epoch 0/,
    ],
    ['an accuracy of NaN', { steps, epochs: [{ ...epochs[0], testAccuracy: NaN }] }, {}, /testAccuracy.*NaN/],
    ['a window of 0', { steps, epochs }, { window: 0 }, /window/],
  ])('refuses %s', (_, history, options, message) => {
    const attempt = () => trainingPlot(history, { document, ...options });
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
  });
});

describe('runningMean', () => {
  const points = (ys: number[]) => ys.map((y, x) => ({ x, y }));
  const means = (ys: number[], window: number) => runningMean(points(ys), window).map(({ y }) => y);

  test('averages around each point, fewer at the ends (by hand)', () => {
    expect(means([1, 2, 6, 3], 3)).toEqual([1.5, 3, 11 / 3, 4.5]);
    expect(means([1, 2, 6, 3], 2)).toEqual([1.5, 4, 4.5, 3]);
    expect(means([1, 2, 6, 3], 1)).toEqual([1, 2, 6, 3]);
  });

  test('leaves out what is not finite, and is NaN where nothing is left', () => {
    expect(means([1, NaN, 3], 3)).toEqual([1, 2, 3]);
    expect(means([NaN, NaN, 3], 2)).toEqual([NaN, 3, 3]);
  });
});
