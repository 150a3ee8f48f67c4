/** Images as a network's inputs: MNIST's own come through unchanged; however a digit was drawn, the trained model reads it. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { selectBackend } from '../../src/backends/select.js';
import { looksLikeDigits, toInputs } from '../../src/data/digits.js';
import type { ImageForm } from '../../src/data/image-form.js';
import type { Image } from '../../src/data/images.js';
import { loadMnist } from '../../src/data/mnist.js';
import { InputError } from '../../src/errors.js';
import { loadModel } from '../../src/models/files.js';
import type { Mlp } from '../../src/networks/mlp.js';

const form: ImageForm = { rows: 28, columns: 28, preparation: 'digit' };
const COUNT = 100;
let pictures: Float32Array;
let labels: ArrayLike<number>;
let network: Mlp;
beforeAll(async () => {
  await selectBackend('cpu');
  const mnist = await loadMnist({ trainSize: 1, testSize: COUNT });
  pictures = mnist.test.x.dataSync<'float32'>();
  labels = mnist.test.t.dataSync();
  mnist.dispose();
  network = await loadModel(
    path.join(path.dirname(fileURLToPath(import.meta.url)), '../../models/mnist-784-50-10'),
  );
});

const pictureOf = (n: number): Float32Array => pictures.subarray(784 * n, 784 * (n + 1));

interface Drawing {
  width: number;
  height: number;
  scale: number;
  left: number;
  top: number;
  paper: number[];
  ink: number[];
  /** Of the paper's brightness from side to side. */
  shade?: number;
}

/** Digit n drawn larger or smaller, between its pixels linearly. */
function drawn(n: number, { width, height, scale, left, top, paper, ink, shade = 0 }: Drawing): Image {
  const picture = pictureOf(n);
  const pixel = (x: number, y: number): number =>
    x < 0 || y < 0 || x > 27 || y > 27 ? 0 : picture[28 * y + x];
  const rgb = new Float32Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [sx, sy] = [(x - left) / scale, (y - top) / scale];
      const [x0, y0] = [Math.floor(sx), Math.floor(sy)];
      const [fx, fy] = [sx - x0, sy - y0];
      const value =
        (1 - fy) * ((1 - fx) * pixel(x0, y0) + fx * pixel(x0 + 1, y0)) +
        fy * ((1 - fx) * pixel(x0, y0 + 1) + fx * pixel(x0 + 1, y0 + 1));
      for (let c = 0; c < 3; c++) {
        rgb[3 * (y * width + x) + c] = paper[c] + (ink[c] - paper[c]) * value + shade * (x / width - 0.5);
      }
    }
  }
  return { width, height, rgb };
}

test('MNIST’s own pictures come through as they are, and their negatives too', () => {
  for (let n = 0; n < COUNT; n++) {
    const rgb = Float32Array.from({ length: 3 * 784 }, (_, k) => pictureOf(n)[Math.floor(k / 3)]);
    expect(toInputs({ width: 28, height: 28, rgb }, form, 'x')).toEqual(pictureOf(n));
    const negative = toInputs({ width: 28, height: 28, rgb: rgb.map((v) => 1 - v) }, form, 'x');
    expect(Math.max(...negative.map((value, k) => Math.abs(value - pictureOf(n)[k])))).toBeLessThan(1e-6);
  }
});

describe('the trained model reads what is', () => {
  const [white, black] = [
    [1, 1, 1],
    [0, 0, 0],
  ];
  test.each<[string, Drawing]>([
    [
      'black on white, off the middle',
      { width: 120, height: 160, scale: 3, left: 25, top: 60, paper: white, ink: black },
    ],
    [
      'coloured',
      {
        width: 200,
        height: 200,
        scale: 4,
        left: 10,
        top: 60,
        paper: [0.98, 0.86, 0.2],
        ink: [0.1, 0.2, 0.7],
      },
    ],
    [
      'of the paper’s brightness',
      { width: 100, height: 100, scale: 3, left: 10, top: 5, paper: [0.8, 0.2, 0.2], ink: [0.1, 0.41, 0.1] },
    ],
    [
      'smaller than MNIST’s',
      { width: 22, height: 22, scale: 0.7, left: 1, top: 1, paper: white, ink: black },
    ],
    [
      'grey on shaded paper',
      {
        width: 300,
        height: 240,
        scale: 6,
        left: 80,
        top: 30,
        paper: [0.8, 0.8, 0.75],
        ink: [0.2, 0.2, 0.25],
        shade: 0.15,
      },
    ],
  ])('%s', (_what, drawing) => {
    let right = 0;
    for (let n = 0; n < COUNT; n++) {
      const y = network.predict(Array.from(toInputs(drawn(n, drawing), form, 'x')));
      const answer = y.dataSync();
      if (answer.indexOf(Math.max(...answer)) === labels[n]) right++;
      y.dispose();
    }
    expect(right / COUNT).toBeGreaterThan(0.93);
  });

  test('and one that is not centred is not, without the preparation', () => {
    let right = 0;
    const corner = { width: 56, height: 56, scale: 1, left: 0, top: 0, paper: black, ink: white };
    for (let n = 0; n < COUNT; n++) {
      const y = network.predict(
        Array.from(toInputs(drawn(n, corner), { ...form, preparation: 'plain' }, 'x')),
      );
      const answer = y.dataSync();
      if (answer.indexOf(Math.max(...answer)) === labels[n]) right++;
      y.dispose();
    }
    expect(right / COUNT).toBeLessThan(0.5);
  });
});

test('the centre of mass is in the middle, the box 20 pixels', () => {
  // A bar, far off; 10 times as high as wide.
  const rgb = new Float32Array(3 * 100 * 200).fill(1);
  for (let y = 20; y < 180; y++)
    for (let x = 5; x < 21; x++) rgb.fill(0, 3 * (y * 100 + x), 3 * (y * 100 + x) + 3);
  const inputs = toInputs({ width: 100, height: 200, rgb }, form, 'x');
  const inked = Array.from(inputs.keys()).filter((k) => inputs[k] > 0.5);
  const rows = inked.map((k) => Math.floor(k / 28));
  expect([Math.min(...rows), Math.max(...rows)]).toEqual([5, 24]);
  const columns = inked.map((k) => k % 28);
  expect([Math.min(...columns), Math.max(...columns)]).toEqual([14, 15]);
});

test('a grey image is resized as a whole where that is what the network learned', () => {
  const rgb = Float32Array.from({ length: 3 * 8 }, (_, k) => [0, 1, 1, 0, 0.5, 0.5, 0, 0][Math.floor(k / 3)]);
  const inputs = toInputs({ width: 4, height: 2, rgb }, { rows: 1, columns: 2, preparation: 'plain' }, 'x');
  inputs.forEach((value, k) => expect(value).toBeCloseTo([0.5, 0.25][k], 6));
});

test('nothing but paper is no digit', () => {
  const rgb = new Float32Array(300).fill(0.7);
  expect(() => toInputs({ width: 10, height: 10, rgb }, form, 'a.png')).toThrow(InputError);
  expect(() => toInputs({ width: 10, height: 10, rgb }, form, 'a.png')).toThrow(
    'a.png: the image is of one colour; wanted a digit on a background.',
  );
});

test('MNIST’s pictures look like digits, other pictures do not', () => {
  expect(looksLikeDigits(pictures, COUNT, form)).toBe(true);
  const whole = new Float32Array(20 * 784).fill(0.5).map((v, k) => v + 0.4 * Math.sin(k));
  expect(looksLikeDigits(whole, 20, form)).toBe(false);
});
