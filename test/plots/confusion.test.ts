/** The matrix, read back from the picture's cells. */
import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/errors.js';
import { confusionPlot } from '../../src/plots/confusion.js';
import { pictureGrid } from '../../src/plots/svg.js';
import { attribute, document, mark, read, texts } from './drawing.js';

const counts = [
  [8, 2, 0],
  [0, 5, 0],
  [1, 1, 2],
];
const labels = ['a', 'b', 'c'];

describe('confusionPlot', () => {
  test('has each count other than 0 in its cell, mistakes in another colour', () => {
    const root = read(confusionPlot({ document, labels, counts, title: 'T' }));
    const cells = mark(root, 'cell', 'rect');
    const numbers = mark(root, 'text', 'text').map((text) => text.textContent);
    expect(numbers).toEqual(['8', '2', '5', '1', '1', '2']);
    const columns = [...new Set(cells.map((cell) => attribute(cell, 'x')))].sort((a, b) => a - b);
    const rows = [...new Set(cells.map((cell) => attribute(cell, 'y')))].sort((a, b) => a - b);
    const places = cells.map((cell) => [
      rows.indexOf(attribute(cell, 'y')),
      columns.indexOf(attribute(cell, 'x')),
    ]);
    expect(places).toEqual([[0, 0], [0, 1], [1, 1], [2, 0], [2, 1], [2, 2]]); // prettier-ignore
    const fills = cells.map((cell) => cell.getAttribute('fill'));
    expect(fills.filter((fill) => fill === fills[0])).toHaveLength(3);
    const shades = cells.map((cell) => attribute(cell, 'fill-opacity'));
    [0.8, Math.sqrt(0.2), 1, 0.5, 0.5, 0.5].forEach((shade, k) => expect(shades[k]).toBeCloseTo(shade, 6));
  });

  test.each([
    ['no labels', { labels: [], counts: [] }, 'labels is empty'],
    ['a matrix that is not square', { labels, counts: [[1, 2, 3]] }, 'must have 3 rows of 3 numbers'],
    ['half a count', { labels: ['a'], counts: [[0.5]] }, 'whole numbers of at least 0, got 0.5'],
    ['less than none', { labels: ['a'], counts: [[-1]] }, 'got -1'],
  ])('says no to %s', (_what, options, message) => {
    expect(() => confusionPlot({ document, ...options })).toThrow(InputError);
    expect(() => confusionPlot({ document, ...options })).toThrow(message);
  });
});

describe('pictureGrid', () => {
  const picture = confusionPlot({ document, labels, counts, width: 300, height: 200 });

  test('puts whole pictures side by side, in rows', () => {
    const root = read(
      pictureGrid({ title: 'All <of> them', pictures: [picture, picture, picture], columns: 2 }),
    );
    const inner = Array.from(root.children).filter((each) => each.tagName.toLowerCase() === 'svg');
    const height = attribute(read(picture), 'height');
    expect(inner.map((each) => [attribute(each, 'x'), attribute(each, 'y')])).toEqual([
      [0, 36],
      [300, 36],
      [0, 36 + height],
    ]);
    expect([attribute(root, 'width'), attribute(root, 'height')]).toEqual([600, 36 + 2 * height]);
    expect(texts(root)[0]).toBe('All <of> them');
  });

  test('says no to what is no picture', () => {
    expect(() => pictureGrid({ pictures: [] })).toThrow('pictures is empty');
    expect(() => pictureGrid({ pictures: [picture], columns: 0 })).toThrow('columns must be');
    expect(() => pictureGrid({ pictures: [picture, '<svg>'] })).toThrow('picture 1 must be an SVG text');
  });
});
