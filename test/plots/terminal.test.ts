/** Pictures in signs. Oracles: pictures written by hand, and what a sign's dots mean in Unicode. */
import { describe, expect, test } from '@jest/globals';
import { InputError } from '../../src/errors.js';
import { sparkLine, textCurves, textImages, textPlane } from '../../src/plots/terminal.js';

/** The places (column, row from above) of the dots in lines of Braille. */
function dotsOf(picture: string): string[] {
  const order = [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1], [1, 2], [0, 3], [1, 3]]; // prettier-ignore
  return picture
    .split('\n')
    .filter((line) => line.includes('│'))
    .flatMap((line, row) =>
      Array.from(line.split('│')[1]).flatMap((sign, column) =>
        order.flatMap(([x, y], bit) =>
          ((sign.codePointAt(0) ?? 0) - 0x2800) & (1 << bit) ? [`${2 * column + x},${4 * row + y}`] : [],
        ),
      ),
    );
}

describe('textCurves', () => {
  test('draws a diagonal from the lower left to the upper right, with the ends of the axes', () => {
    const x = Array.from({ length: 20 }, (_, k) => k);
    const picture = textCurves({ series: [{ name: '', x, y: x }], width: 14, height: 5, xLabel: 'x' });
    // 14 signs: "19", the axis and ten of Braille, 20 × 20 dots.
    expect(dotsOf(picture).sort()).toEqual(x.map((k) => `${k},${19 - k}`).sort());
    expect(picture.split('\n')[0]).toMatch(/^19 │/);
    expect(picture.split('\n')[4]).toMatch(/^ ?0 │/);
    expect(picture).toMatch(/0 +x +19/);
  });

  test('leaves out what is not finite, and what a log axis has no place for', () => {
    const one = textCurves({
      series: [{ name: 'a', x: [1, 10, 100], y: [NaN, 1, 2], dots: 'only' }],
      xScale: 'log',
    });
    expect(dotsOf(one)).toHaveLength(2);
    const none = { series: [{ name: 'a', x: [0, -1], y: [1, 1] }], xScale: 'log' } as const;
    expect(() => textCurves(none)).toThrow(InputError);
    expect(() => textCurves({ series: [] })).toThrow('series is empty');
  });
});

test('a spark line is as high as the means of its parts', () => {
  expect(sparkLine([0, 0, 7, 7], 2)).toBe('▁█');
  expect(sparkLine([0, 1, 2, 3, 4, 5, 6, 7], 20)).toBe('▁▂▃▄▅▆▇█');
  expect(sparkLine([5, NaN, 5], 8)).toBe('▁▁');
  expect(sparkLine([NaN], 8)).toBe('');
});

test('images have a sign for two pixels of a column, and signs of their own below 0', () => {
  const image = [1, 0, 1, 0.5, 0, 0, 0, 1];
  expect(textImages({ images: [image], imageWidth: 2, imageHeight: 4 })).toBe('█░\n ▒\n');
  expect(textImages({ images: [[-1, 1]], imageWidth: 2, imageHeight: 1, signed: true })).toBe('≡█\n');
  const two = textImages({
    images: [[1], [0], [1]],
    imageWidth: 1,
    imageHeight: 1,
    captions: ['a', 'b', 'c'],
    width: 3,
  });
  expect(two).toBe('a b\n█\nc\n█\n');
});

test('a plane has the y axis upwards', () => {
  const predict = (points: number[][]) => points.map(([x, y]) => (y > 0 ? 1 : x > 0 ? 2 : 0));
  expect(textPlane({ predict, domain: { x: [-1, 1], y: [-1, 1] }, width: 4, height: 2 })).toBe(
    '####\n··oo\n',
  );
});
