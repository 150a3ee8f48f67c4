/** Decision regions against the line that the classifier cuts along; contours against circles. */
import { describe, expect, jest, test } from '@jest/globals';
import { InputError } from '../../src/errors.js';
import { boundaryGrid, boundaryPlot, contourPathPlot } from '../../src/plots/planes.js';
import { present } from '../support/present.js';
import { attribute, document, mark, outline, read, texts } from './drawing.js';

const domain = { x: [-1, 1], y: [-1, 1] } as const;
/** Above x + 2y = 0.3: class 1. */
const tilted = (points: number[][]) => points.map(([x, y]) => (x + 2 * y > 0.3 ? 1 : 0));

/** Pixels back to the domain, by the frame. */
function plane(root: Element): (point: [number, number]) => [number, number] {
  const frame = mark(root, 'frame', 'rect')[0] ?? present(root.querySelector('rect[aria-label="frame"]'));
  const [left, top, width, height] = ['x', 'y', 'width', 'height'].map((name) => attribute(frame, name));
  return ([x, y]) => [(2 * (x - left)) / width - 1, 1 - (2 * (y - top)) / height];
}

const inner = ([x, y]: [number, number]) => Math.abs(x) < 0.99 && Math.abs(y) < 0.99;

describe('boundaryPlot', () => {
  test('the edge of each region is the line of the classifier, to a quarter of a cell', () => {
    const root = read(boundaryPlot({ document, predict: tilted, points: [], domain }));
    const regions = mark(root, 'contour');
    expect(regions).toHaveLength(2);
    const toDomain = plane(root);
    for (const region of regions) {
      const edge = outline(region).flat().map(toDomain).filter(inner);
      expect(edge.length).toBeGreaterThan(50);
      const off = (limit: number) =>
        Math.max(...edge.map(([x, y]) => Math.abs(x + 2 * y - limit) / Math.sqrt(5)));
      expect(off(0.3)).toBeLessThan(0.25 * (2 / 96) + 0.005);
      expect(off(0.35)).toBeGreaterThan(0.25 * (2 / 96) + 0.005);
    }
  });

  test('asks once, for points that cover the domain and little more', () => {
    const predict = jest.fn(tilted);
    boundaryPlot({ document, predict, points: [], domain });
    expect(predict).toHaveBeenCalledTimes(1);
    const xs = predict.mock.calls[0][0].map(([x]) => x);
    expect(Math.min(...xs)).toBeGreaterThan(-1.05);
    expect(Math.min(...xs)).toBeLessThanOrEqual(-1);
    expect(Math.max(...xs)).toBeGreaterThanOrEqual(1);
  });

  test('draws the data where they are, a symbol and a colour for each class', () => {
    const points = [
      { x: 0, y: 0, label: 0 },
      { x: 0.5, y: 0.5, label: 1 },
    ];
    const root = read(boundaryPlot({ document, predict: tilted, points, domain }));
    const groups = Array.from(root.querySelectorAll('[aria-label="dot"]'));
    expect(new Set(groups.map((group) => group.getAttribute('fill'))).size).toBe(2);
    const dots = mark(root, 'dot', '*');
    const circle = dots.find((dot) => dot.tagName.toLowerCase() === 'circle');
    expect(dots).toHaveLength(2);
    const place = circle
      ? [attribute(circle, 'cx'), attribute(circle, 'cy')]
      : present(/translate\(([^,]+),([^)]+)\)/.exec(present(dots[0].getAttribute('transform'))))
          .slice(1)
          .map(Number);
    const [x, y] = plane(root)(place as [number, number]);
    expect(Math.hypot(x, y)).toBeLessThan(0.01);
    expect(texts(root)).toEqual(expect.arrayContaining(['class 0', 'class 1']));
  });

  test('one class alone fills the picture', () => {
    const root = read(
      boundaryPlot({ document, predict: (points) => points.map(() => 2), points: [], domain }),
    );
    const toDomain = plane(root);
    expect(outline(mark(root, 'contour')[0]).flat().map(toDomain).filter(inner)).toEqual([]);
    expect(texts(root).filter((text) => text.startsWith('class'))).toEqual(['class 2']);
  });

  const good = { document, predict: tilted, points: [], domain };
  test.each([
    ['too few classes', { predict: () => [1] }, /one class for each point, got 1/],
    ['a class of NaN', { predict: (points: number[][]) => points.map(() => NaN) }, /predict's class.*NaN/],
    ['a probability', { predict: (points: number[][]) => points.map(() => 0.5) }, /whole number.*0\.5/],
    ['a label beyond the symbols', { points: [{ x: 0, y: 0, label: 7 }] }, /label of point 0.*got 7/],
    ['a point of NaN', { points: [{ x: NaN, y: 0, label: 0 }] }, /point 0 must be finite/],
    ['an empty domain', { domain: { x: [1, 1], y: [0, 1] } }, /domain\.x/],
  ])('refuses %s', (_, wrong, message) => {
    const attempt = () => boundaryPlot({ ...good, ...(wrong as object) });
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
  });
});

describe('boundaryGrid', () => {
  test('puts panels side by side under their titles', () => {
    const panel = (title: string) => ({ title, predict: tilted, points: [], domain });
    const root = read(boundaryGrid({ document, panels: ['a', 'b', 'c'].map(panel), columns: 2 }));
    const places = Array.from(root.children)
      .filter((child) => child.tagName.toLowerCase() === 'svg')
      .map((child) => [attribute(child, 'x'), attribute(child, 'y')]);
    expect(places).toHaveLength(3);
    expect(places[0][1]).toBe(places[1][1]);
    expect(places[2][0]).toBe(places[0][0]);
    expect(places[2][1]).toBeGreaterThan(places[0][1]);
    expect(texts(root)).toEqual(expect.arrayContaining(['a', 'b', 'c']));
  });

  test('refuses no panels', () =>
    expect(() => boundaryGrid({ document, panels: [] })).toThrow(/panels is empty/));
});

describe('contourPathPlot', () => {
  const bowl = (x: number, y: number) => x * x + y * y;

  test('the contours of a bowl are circles', () => {
    const root = read(contourPathPlot({ document, f: bowl, path: [[0.5, 0.5]], domain }));
    const toDomain = plane(root);
    const rings = mark(root, 'contour').map((ring) => outline(ring).flat().map(toDomain));
    expect(rings).toHaveLength(12);
    const spread = (ring: [number, number][], x0 = 0) => {
      const radii = ring.map(([x, y]) => Math.hypot(x - x0, y));
      return Math.max(...radii) - Math.min(...radii);
    };
    // The ground outside a ring has the picture's edge as its other outline.
    const circle = rings[3].filter(inner);
    expect(circle.length).toBeGreaterThan(20);
    expect(spread(circle)).toBeLessThan(0.01);
    expect(spread(circle, 0.05)).toBeGreaterThan(0.01);
  });

  test('the path is drawn from point to point', () => {
    const path = [
      [-0.5, 0.5],
      [0.25, 0],
      [0, -0.75],
    ];
    const root = read(contourPathPlot({ document, f: bowl, path, domain }));
    const toDomain = plane(root);
    const drawn = mark(root, 'link').map((link) => outline(link)[0].map(toDomain));
    expect(drawn).toHaveLength(2);
    drawn.forEach((ends, k) =>
      ends.forEach(([x, y], end) => {
        expect(x).toBeCloseTo(path[k + end][0], 2);
        expect(y).toBeCloseTo(path[k + end][1], 2);
      }),
    );
    expect(texts(root)).toEqual(expect.arrayContaining(['start', 'after 2 steps']));
  });

  test('a path that flies off is cut at the frame, and one that overflows ends there', () => {
    const path = Array.from({ length: 400 }, (_, k) => [0.5 * (-20) ** k, 0.25 * (-20) ** k]);
    const svg = contourPathPlot({ document, f: bowl, path, domain });
    const root = read(svg);
    expect(svg).not.toMatch(/\de[+-]?\d|NaN|Infinity/);
    const toDomain = plane(root);
    const drawn = mark(root, 'link').flatMap((link) => outline(link)[0].map(toDomain));
    expect(drawn.length).toBeGreaterThan(0);
    for (const [x, y] of drawn) expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThan(1.01);
  });

  test('a plateau is one ground, and where f is not finite there is none', () => {
    const flat = read(contourPathPlot({ document, f: () => 3, path: [[0, 0]], domain }));
    expect(mark(flat, 'contour')).toHaveLength(1);
    const half = read(contourPathPlot({ document, f: (x) => Math.log(x), path: [[0.5, 0]], domain }));
    const toDomain = plane(half);
    const reach = outline(mark(half, 'contour')[0]).flat().map(toDomain);
    expect(Math.min(...reach.map(([x]) => x))).toBeGreaterThan(-0.02);
  });

  test.each([
    ['an empty path', { path: [] }, /path is empty/],
    ['a start of NaN', { path: [[NaN, 0]] }, /start at a finite point/],
    [
      'points of three',
      {
        path: [
          [0, 0],
          [1, 2, 3],
        ],
      },
      /3 numbers at index 1/,
    ],
    ['f finite nowhere', { f: () => NaN }, /f is finite nowhere/],
    ['a domain of NaN', { domain: { x: [0, NaN], y: [0, 1] } }, /domain\.x/],
  ])('refuses %s', (_, wrong, message) => {
    const attempt = () =>
      contourPathPlot({ document, f: bowl, path: [[0, 0]], domain, ...(wrong as object) });
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
  });
});
