/** Images, rebuilt pixel by pixel from the rectangles of the picture. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { last } from '../../src/collections.js';
import { InputError } from '../../src/errors.js';
import { imagePlot } from '../../src/plots/images.js';
import { present } from '../support/present.js';
import { attribute, document, mark, read, texts } from './drawing.js';

/** The ink at each pixel, 0 … 15, of a picture of one image. */
function inks(root: Element, width: number, height: number): number[] {
  const groups = Array.from(root.querySelectorAll('[aria-label="rect"]')).map((group) =>
    Array.from(group.querySelectorAll('rect')),
  );
  const frame = last(groups)[0];
  const [left, top, side] = [attribute(frame, 'x'), attribute(frame, 'y'), attribute(frame, 'width') / width];
  const image = new Array<number>(width * height).fill(0);
  for (const rect of groups.slice(0, -1).flat()) {
    const [x, y, run] = [
      (attribute(rect, 'x') - left) / side,
      (attribute(rect, 'y') - top) / side,
      attribute(rect, 'width') / side,
    ];
    const level = Number(present(/rgb\((\d+),/.exec(present(rect.getAttribute('fill'))))[1]);
    image.fill(Math.round(15 * (1 - level / 255)), y * width + x, y * width + x + run);
  }
  return image;
}

describe('imagePlot', () => {
  test('holds the image in 16 shades (property)', () => {
    const pixels = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 12, maxLength: 12 });
    fc.assert(
      fc.property(pixels, (image) => {
        const root = read(imagePlot({ document, images: [image], imageWidth: 4, imageHeight: 3, max: 255 }));
        expect(inks(root, 4, 3)).toEqual(image.map((value) => Math.round((15 * value) / 255)));
      }),
      { numRuns: 30 },
    );
  });

  test('captions stand below, and marked images have a colour of their own', () => {
    const images = [new Float32Array(784).fill(0.5), new Uint8Array(784)];
    const root = read(imagePlot({ document, images, captions: ['7', 'not 4'], marked: [1] }));
    expect(texts(root)).toEqual(['7', 'not 4']);
    const colours = mark(root, 'text', 'text').map((text) => text.getAttribute('fill'));
    expect(new Set(colours).size).toBe(2);
  });

  test('a pixel of NaN stays paper', () => {
    const root = read(imagePlot({ document, images: [[NaN, 1]], imageWidth: 2, imageHeight: 1 }));
    expect(inks(root, 2, 1)).toEqual([0, 15]);
  });

  test('weights are blue above 0, orange below it, and the paler the nearer to it', () => {
    const signed = { document, signed: true, imageWidth: 5, imageHeight: 1 };
    const root = read(imagePlot({ ...signed, images: [[1, 0.43, 0, -0.43, -1]] }));
    const fills = Array.from(
      root.querySelectorAll('[aria-label="rect"]')[0].querySelectorAll('rect'),
      (rect) => rect.getAttribute('fill'),
    );
    // Three of seven shades from white.
    const part = (full: number): number => Math.round(255 + (3 / 7) * (full - 255));
    expect(fills).toEqual([
      'rgb(0,90,160)',
      `rgb(${[0, 90, 160].map(part).join()})`,
      `rgb(${[213, 94, 0].map(part).join()})`,
      'rgb(213,94,0)',
    ]);
    expect(() => imagePlot({ ...signed, images: [[0, 0, 0, 0, -1.5]] })).toThrow(
      'between -1 and max = 1, got -1.5',
    );
  });

  const good = { document, images: [[0, 1]], imageWidth: 2, imageHeight: 1 };
  test.each([
    ['no images', { images: [] }, /images is empty/],
    ['an image of the wrong size', { images: [[1]] }, /image 0 must have 2 values.*got 1/],
    ['bytes without max', { images: [[0, 255]] }, /max = 1, got 255 in image 0/],
    ['negative values', { images: [[0, -1]] }, /got -1/],
    ['nothing but NaN', { images: [[NaN, NaN]] }, /nothing but NaN/],
    ['too few captions', { captions: [] }, /got 0 for 1 images/],
    ['a mark on no image', { marked: [3] }, /0 … 0, got 3/],
    ['columns of 0', { columns: 0 }, /columns/],
    ['a max of 0', { max: 0 }, /max must be/],
  ])('refuses %s', (_, wrong, message) => {
    const attempt = () => imagePlot({ ...good, ...wrong });
    expect(attempt).toThrow(InputError);
    expect(attempt).toThrow(message);
  });
});
