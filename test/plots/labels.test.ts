/** Pictures in another language. Oracle: the table that is given, and the same picture without it. */
import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/errors.js';
import { barPlot, curvePlot } from '../../src/plots/curves.js';
import { labelOf } from '../../src/plots/labels.js';
import { nodeDocument } from '../../src/plots/node-document.js';
import { boundaryGrid, contourPathPlot } from '../../src/plots/planes.js';
import { trainingPlot } from '../../src/plots/training.js';
import { document, read, texts } from './drawing.js';

const labels = {
  loss: '损失',
  step: '步数',
  'class #': '类别 #',
  start: '起点',
  'after # steps': '# 步之后',
  '# of #': '共 #，第 #',
};
const chinese = nodeDocument({ labels });

describe('pictures of a document with labels', () => {
  const curve = { name: 'loss', x: [0, 1], y: [1, 2] };
  const domain = { x: [0, 1], y: [0, 1] } as const;
  const region = {
    predict: (points: number[][]) => points.map(([x]) => Number(x > 0.5)),
    points: [],
    domain,
  };
  const history = { steps: [{ step: 1, loss: 2 }], epochs: [] };
  const path = [
    [0.1, 0.1],
    [0.5, 0.5],
    [0.9, 0.9],
  ];

  test.each<[string, (document: Document) => string, string[]]>([
    ['titles and legends', (document) => curvePlot({ document, title: 'loss', series: [curve, curve] }), ['损失', '损失', '损失']], // prettier-ignore
    ['axes', (document) => curvePlot({ document, xLabel: 'step', yLabel: 'loss', series: [curve] }), ['步数', '损失']], // prettier-ignore
    ['bars', (document) => barPlot({ document, labels: ['start', 'b'], values: [1, 2] }), ['起点']],
    ['a plot’s own words', (document) => trainingPlot(history, { document }), ['损失', '损失', '步数']],
    ['words with numbers', (document) => boundaryGrid({ document, panels: [region] }), ['类别 0', '类别 1']],
    ['points', (document) => contourPathPlot({ document, f: (a, b) => a + b, path, domain }), ['起点', '2 步之后']], // prettier-ignore
  ])('have them for %s', (_, draw, wanted) => {
    const [plain, labelled] = [document, chinese].map((each) => texts(read(draw(each))));
    const changed = labelled.filter((text, k) => text !== plain[k]);
    expect(changed.sort()).toEqual([...wanted].sort());
    expect(labelled).toEqual(plain.map((text) => labelOf(chinese, text)));
  });
});

test('numbers stand in their order; what has no label stays, names of every object’s properties too', () => {
  expect(labelOf(chinese, '3 of −0.5')).toBe('共 3，第 −0.5');
  expect(labelOf(chinese, 'class a')).toBe('class a');
  expect(labelOf(chinese, 'toString')).toBe('toString');
  expect(labelOf(document, 'loss')).toBe('loss');
});

test.each([
  [null, 'labels must be an object with a text for each text, got null.'],
  [['loss'], 'labels must be an object with a text for each text, got loss.'],
  [{ loss: 1 }, 'the label of "loss" must be a text with as many # as it has, got 1.'],
  [{ 'class #': '类别' }, 'the label of "class #" must be a text with as many # as it has, got "类别".'],
])('%j is refused', (given, message) => {
  const make = () => nodeDocument({ labels: given as never });
  expect(make).toThrow(InputError);
  expect(make).toThrow(`nodeDocument: ${message}`);
});
