/** What makes a picture stand alone, on one picture of each kind; the texts of ticks. */
import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/errors.js';
import { barPlot, curvePlot } from '../../src/plots/curves.js';
import { imagePlot } from '../../src/plots/images.js';
import { boundaryGrid, boundaryPlot, contourPathPlot } from '../../src/plots/planes.js';
import { tick } from '../../src/plots/svg.js';
import { trainingPlot } from '../../src/plots/training.js';
import { present } from '../support/present.js';
import { document, read, texts } from './drawing.js';

const title = 'Loss <b> & "rate" 学习\u0007';
const domain = { x: [0, 1], y: [0, 1] } as const;
const region = { predict: (points: number[][]) => points.map(([x]) => Number(x > 0.5)), points: [], domain };
const history = {
  steps: [{ step: 1, loss: 2 }],
  epochs: [{ epoch: 0, step: 1, trainAccuracy: 0.5, testAccuracy: 0.4 }],
};

const pictures: [string, (given: typeof document | undefined) => string][] = [
  ['curvePlot', (document) => curvePlot({ document, title, series: [{ name: 'a', x: [0, 1], y: [1, 2] }] })],
  ['barPlot', (document) => barPlot({ document, title, labels: ['a', 'b'], values: [1, 2] })],
  ['trainingPlot', (document) => trainingPlot(history, { document, title })],
  ['boundaryPlot', (document) => boundaryPlot({ document, title, ...region })],
  ['boundaryGrid', (document) => boundaryGrid({ document, title, panels: [region, region] })],
  [
    'contourPathPlot',
    (document) => contourPathPlot({ document, title, f: (a, b) => a + b, path: [[0, 0]], domain }),
  ],
  [
    'imagePlot',
    (document) => imagePlot({ document, title, images: [[0, 1]], imageWidth: 2, imageHeight: 1 }),
  ],
];

describe.each(pictures)('%s', (name, draw) => {
  const svg = draw(document);
  const root = read(svg);

  test('stands alone: namespace, size, white ground, fonts, nothing that a viewer may lack', () => {
    expect(svg.startsWith('<svg ')).toBe(true);
    expect(root.getAttribute('xmlns')).toBe('http://www.w3.org/2000/svg');
    const [width, height] = [root.getAttribute('width'), root.getAttribute('height')];
    expect(root.getAttribute('viewBox')).toBe(`0 0 ${width} ${height}`);
    expect(Number(width) > 0 && Number(height) > 0).toBe(true);
    const ground = present(root.firstElementChild);
    expect(['width', 'height', 'fill'].map((key) => ground.getAttribute(key))).toEqual([
      '100%',
      '100%',
      'white',
    ]);
    expect(root.getAttribute('style')).toMatch(/color: #222222; font-family: .*sans-serif/);
    expect(svg).not.toMatch(/<style|var\(|href|<image|NaN|undefined|Infinity/);
  });

  test('writes the title as XML, without control characters', () => {
    expect(svg).toContain('>Loss &lt;b&gt; &amp; "rate" 学习\ufffd</text>');
    expect(texts(root)[0]).toBe('Loss <b> & "rate" 学习\ufffd');
  });

  test('is the same picture each time, but for the numbers of its clip paths', () => {
    const bare = (text: string) => text.replace(/plot-clip-\d+/g, 'plot-clip');
    expect(bare(draw(document))).toBe(bare(svg));
  });

  test('asks for a document where there is none', () => {
    expect(() => draw(undefined)).toThrow(InputError);
    expect(() => draw(undefined)).toThrow(new RegExp(`^${name}: .*nodeDocument`));
  });
});

test('a width that is no number of pixels is refused', () => {
  const series = [{ name: 'a', x: [0, 1], y: [1, 2] }];
  for (const width of [NaN, 0, -5, 1e6])
    expect(() => curvePlot({ document, series, width })).toThrow(/width must be/);
  expect(read(curvePlot({ document, series, width: 300 })).getAttribute('width')).toBe('300');
});

test.each([
  [0, '0'],
  [-1.5, '−1.5'],
  [0.1 + 0.2, '0.3'],
  [0.0001, '0.0001'],
  [0.00002, '2e−5'],
  [99999, '99999'],
  [-1e6, '−1e6'],
])('tick(%p) is %p', (value, text) => expect(tick(value)).toBe(text));
