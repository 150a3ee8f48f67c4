/** Curves and bars, read back from the picture by the positions of its ticks. */
import { describe, expect, test } from '@jest/globals';
import { last } from '../../src/collections.js';
import { InputError } from '../../src/errors.js';
import { barPlot, curvePlot, padded, thinned } from '../../src/plots/curves.js';
import { present } from '../support/present.js';
import { attribute, document, mark, outline, read, texts } from './drawing.js';

const line = (name: string, x: number[], y: number[]) => ({ name, x, y });

/** Pixel → value of an axis, from the positions and texts of two of its ticks. */
function scaleOf(
  root: Element,
  side: 'x' | 'y',
  value: (text: string) => number = Number,
): (pixel: number) => number {
  const ticks = mark(root, `${side}-axis tick label`, 'text').map((text) => {
    const [x, y] = present(/translate\(([^,]+),([^)]+)\)/.exec(present(text.getAttribute('transform'))))
      .slice(1)
      .map(Number);
    return { pixel: side === 'x' ? x : y, value: value(text.textContent.replace('−', '-')) };
  });
  const [a, b] = [ticks[0], last(ticks)];
  return (pixel) => a.value + ((pixel - a.pixel) * (b.value - a.value)) / (b.pixel - a.pixel);
}

describe('curvePlot', () => {
  test('draws every point where the axes say (oracle: the ticks)', () => {
    const x = [-2, -1, 0, 1, 3];
    const y = [4, 1, 0, 1, 9];
    const root = read(curvePlot({ document, series: [line('square', x, y)], xLabel: 'x', yLabel: 'x²' }));
    const [points] = outline(mark(root, 'line')[0]);
    const [toX, toY] = [scaleOf(root, 'x'), scaleOf(root, 'y')];
    // Half a pixel, Plot's offset for ticks, is 0.005 of x and 0.016 of y.
    points.forEach(([px, py], k) => {
      expect(Math.abs(toX(px) - x[k])).toBeLessThan(0.01);
      expect(Math.abs(toY(py) - y[k])).toBeLessThan(0.03);
    });
    expect(Math.abs(toX(points[0][0]) - x[1])).toBeGreaterThan(0.01);
    expect(texts(root)).toEqual(expect.arrayContaining(['x', 'x²']));
  });

  test('a log axis is straight for a power law, a linear one is not', () => {
    const x = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2];
    const series = [
      line(
        'h²',
        x,
        x.map((h) => h * h),
      ),
    ];
    const bend = (scale: 'log' | 'linear') => {
      const root = read(curvePlot({ document, series, xScale: scale, yScale: scale }));
      const [points] = outline(mark(root, 'line')[0]);
      const slopes = points.slice(1).map(([px, py], k) => (py - points[k][1]) / (px - points[k][0]));
      return Math.max(...slopes) - Math.min(...slopes);
    };
    expect(bend('log')).toBeLessThan(1e-3);
    expect(bend('linear')).toBeGreaterThan(0.1);
    const labels = texts(read(curvePlot({ document, series, xScale: 'log', yScale: 'log' })));
    expect(labels).toEqual(expect.arrayContaining(['10⁻⁶', '10⁻¹²']));
  });

  test('values that are not finite are gaps', () => {
    const series = [line('gaps', [0, 1, 2, 3, 4, 5, 6, 7], [1, 2, NaN, 3, 4, Infinity, 5, 6])];
    const pieces = outline(mark(read(curvePlot({ document, series })), 'line')[0]);
    expect(pieces.map((piece) => piece.length)).toEqual([2, 2, 2]);
  });

  test("dots: 'only' draws points without a line, and a dot in the legend", () => {
    const series = [
      line('exact', [0, 1, 2], [0, 1, 4]),
      { ...line('measured', [0, 1, 2], [0, 1, NaN]), dots: 'only' as const },
    ];
    const root = read(curvePlot({ document, series }));
    expect(mark(root, 'line')).toHaveLength(1);
    expect(mark(root, 'dot', 'circle')).toHaveLength(2);
    expect(root.querySelectorAll('circle')).toHaveLength(3);
    const both = read(curvePlot({ document, series: [series[0], { ...series[1], dots: true }] }));
    expect(mark(both, 'line')).toHaveLength(2);
  });

  test('names several curves in a legend, one in none, and tells them apart by colour and dash', () => {
    const several = read(
      curvePlot({ document, series: [line('one', [0, 1], [0, 1]), line('two', [0, 1], [1, 0])] }),
    );
    expect(texts(several)).toEqual(expect.arrayContaining(['one', 'two']));
    const groups = mark(several, 'line').map((path) => present(path.parentElement));
    const looks = groups.map(
      (group) => `${group.getAttribute('stroke')} ${group.getAttribute('stroke-dasharray')}`,
    );
    expect(new Set(looks).size).toBe(2);
    expect(texts(read(curvePlot({ document, series: [line('one', [0, 1], [0, 1])] })))).not.toContain('one');
  });

  test.each([
    ['no series', { series: [] }, /series is empty/],
    ['different lengths', { series: [line('a', [1, 2], [1])] }, /"a".*2 and 1/],
    ['an empty series', { series: [line('a', [], [])] }, /"a" is empty/],
    ['nothing but NaN', { series: [line('a', [1, 2], [NaN, NaN])] }, /"a" has no point/],
    ['0 on a log axis', { series: [line('a', [1, 2], [1, 0])], yScale: 'log' }, /y of "a" is 0 at index 1/],
    ['a domain the wrong way round', { series: [line('a', [1], [1])], xDomain: [2, 1] }, /xDomain.*\[2,1\]/],
    [
      'a log domain from 0',
      { series: [line('a', [1], [1])], xScale: 'log', xDomain: [0, 1] },
      /xDomain.*positive/,
    ],
  ])('refuses %s', (_, options, message) => {
    const attempt = () => curvePlot({ document, ...(options as { series: [] }) });
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
  });
});

describe('barPlot', () => {
  const labels = ['a', 'b', 'c', 'd'];

  test('bars are as high as their values; one that is not finite is left out', () => {
    const root = read(barPlot({ document, labels, values: [1, 4, NaN, 2], highlight: 1 }));
    const bars = mark(root, 'bar', 'rect');
    const heights = bars.map((bar) => attribute(bar, 'height'));
    expect(heights).toHaveLength(3);
    expect(heights[1] / heights[0]).toBeCloseTo(4, 6);
    expect(heights[2] / heights[0]).toBeCloseTo(2, 6);
    expect(new Set(bars.map((bar) => bar.getAttribute('fill'))).size).toBe(2);
    expect(texts(root)).toEqual(expect.arrayContaining(labels));
  });

  test.each([
    ['no bars', { labels: [], values: [] }, /labels is empty/],
    ['too few values', { labels, values: [1] }, /got 1 for 4 labels/],
    ['nothing but NaN', { labels: ['a'], values: [NaN] }, /no value is finite/],
    ['a label given twice', { labels: ['a', 'a'], values: [1, 2] }, /different/],
    ['a highlight that is no bar', { labels: ['a'], values: [1], highlight: 1 }, /0 … 0, got 1/],
  ])('refuses %s', (_, options, message) => {
    expect(() => barPlot({ document, ...options })).toThrow(InputError);
    expect(() => barPlot({ document, ...options })).toThrow(message);
  });
});

describe('thinned', () => {
  const points = Array.from({ length: 10_000 }, (_, k) => ({ x: k, y: Math.sin(k / 500) }));

  test('keeps ends, peaks and gaps, in order, and few points', () => {
    const spiky = points.map((point, k) =>
      k === 7777 ? { x: k, y: 40 } : k === 5000 ? { x: k, y: NaN } : point,
    );
    const kept = thinned(spiky, 1000);
    expect(kept.length).toBeLessThanOrEqual(1010);
    expect([kept[0], kept.at(-1)]).toEqual([spiky[0], spiky.at(-1)]);
    expect(kept).toContainEqual({ x: 7777, y: 40 });
    expect(kept.filter(({ y }) => Number.isNaN(y))).toEqual([{ x: 5000, y: NaN }]);
    expect(kept.map(({ x }) => x)).toEqual(kept.map(({ x }) => x).sort((a, b) => a - b));
    // Taking every tenth point would lose the peak.
    expect(spiky.filter((_, k) => k % 10 === 0)).not.toContainEqual({ x: 7777, y: 40 });
  });

  test('leaves short curves as they are', () =>
    expect(thinned(points.slice(0, 100))).toEqual(points.slice(0, 100)));
});

test('padded gives room, but none beyond 0 where the values stop there', () => {
  expect(padded([0, 100])).toEqual([0, 104]);
  expect(padded([-1, 1])).toEqual([-1.08, 1.08]);
  expect(padded([5])[0]).toBeLessThan(5);
});
