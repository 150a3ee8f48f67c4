/** `gradparity predict` and data of a user's own, as processes. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { greyPng } from '../data/png-bytes.js';
import { gradparity, main, type Outcome } from './run-cli.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'predict-'));
});
afterAll(() => rm(folder, { recursive: true }));
const at = (...parts: string[]): string => path.join(folder, ...parts);
const run = (...args: string[]): Promise<Outcome> => gradparity(args, { cwd: folder });
const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const example = (name: string): string => path.join(examples, name);

interface Document {
  predictions: { file: string; label: string; probability: number; probabilities: Record<string, number> }[];
  errors: { file: string; message: string }[];
}

describe('predict', () => {
  test('reads the examples: a folder of them, grey, inverted, coloured and a photo', async () => {
    const { code, stdout } = await run('predict', examples, '--json');
    expect(code).toBe(0);
    const { predictions } = JSON.parse(stdout) as Document;
    expect(predictions.map(({ file, label }) => [path.basename(file), label])).toEqual([
      ['four-coloured.png', '4'],
      ['seven.png', '7'],
      ['two-inverted.png', '2'],
      ['zero-photo.jpg', '0'],
    ]);
    for (const { label, probability, probabilities } of predictions) {
      expect(probabilities[label]).toBe(probability);
      expect(Object.keys(probabilities)).toHaveLength(10);
      expect(Object.values(probabilities).reduce((sum, p) => sum + p)).toBeCloseTo(1, 5);
    }
  });

  test('as text: the label, and a bar for each class', async () => {
    const { stdout } = await run('predict', example('seven.png'));
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/seven\.png: 7 \(99\.\d\d %\)$/);
    expect(lines).toHaveLength(11);
    expect(lines[8]).toMatch(/^ {2}7 █{29,30}\S? 99\.\d\d %$/);
  });

  test('from stdin, named - or not', () => {
    for (const args of [
      ['predict', '--json'],
      ['predict', '-', '--json'],
    ]) {
      const { stdout, status } = spawnSync(process.execPath, [main, ...args], {
        cwd: folder,
        input: readFileSync(example('two-inverted.png')),
        encoding: 'utf8',
      });
      expect([status, (JSON.parse(stdout) as Document).predictions[0]]).toEqual([
        0,
        expect.objectContaining({ file: '-', label: '2' }),
      ]);
    }
    const nothing = spawnSync(process.execPath, [main, 'predict'], {
      cwd: folder,
      input: '',
      encoding: 'utf8',
    });
    expect([nothing.status, nothing.stderr]).toEqual([2, expect.stringContaining('stdin: nothing came')]);
  });

  test('a wrong file gets a sentence, and the others are answered', async () => {
    writeFileSync(at('text.png'), 'no image');
    writeFileSync(at('cut.png'), readFileSync(example('seven.png')).subarray(0, 60));
    writeFileSync(at('blank.png'), greyPng(new Float32Array(100), 10));
    mkdirSync(at('empty'));
    const { code, stdout, stderr } = await run(
      'predict',
      'text.png',
      'none.png',
      'cut.png',
      'blank.png',
      'empty',
      '/dev/zero',
      example('seven.png'),
    );
    expect(code).toBe(2);
    expect(stdout).toMatch(/seven\.png: 7 /);
    const said = stderr.trimEnd().split('\n').slice(1);
    expect(said).toEqual([
      expect.stringMatching(
        /^gradparity: text\.png: wanted a PNG or JPEG image, got another kind of file\.$/,
      ),
      expect.stringMatching(/^gradparity: none\.png: can't be read: .*ENOENT/),
      expect.stringMatching(/^gradparity: cut\.png: the PNG image can't be read: it is cut short\.$/),
      expect.stringMatching(/^gradparity: blank\.png: the image is of one colour/),
      expect.stringMatching(/^gradparity: empty: there are no PNG or JPEG images in this folder\.$/),
      expect.stringMatching(/^gradparity: \/dev\/zero: can't be read: it is no ordinary file/),
    ]);
  });
});

describe('data of one’s own', () => {
  test('a folder of images by class: trained, evaluated and predicted by name', async () => {
    for (const [name, bright] of [
      ['left', 0],
      ['right', 1],
    ] as const) {
      mkdirSync(at('sides', name), { recursive: true });
      for (let k = 0; k < 12; k++) {
        const values = new Float32Array(64).map((_, pixel) =>
          Number(pixel % 8 > 3) === bright ? 0.6 + k / 40 : k / 60,
        );
        writeFileSync(at('sides', name, `${k}.png`), greyPng(values, 8));
      }
    }
    const trained = await run(
      'train',
      '--backend',
      'cpu',
      '--data',
      'sides',
      '--hold-out',
      '0.25',
      '--batch-size',
      '6',
      '--hidden',
      '4',
      '--weight-init-std',
      '0.5',
      '--learning-rate',
      '1',
      '--epochs',
      '60',
      '--output',
      'sided',
    );
    expect([trained.code, trained.stderr]).toEqual([
      0,
      expect.stringMatching(
        /Data: 18 training and 6 test examples of 2 classes from the images in .*sides, 6 of them held out/,
      ),
    ]);
    const evaluated = await run('evaluate', 'sided', '--backend', 'cpu', '--data', 'sides', '--json');
    expect(JSON.parse(evaluated.stdout)).toMatchObject({
      accuracy: 1,
      classes: ['left', 'right'],
      confusion: [
        [2, 0],
        [0, 2],
      ],
    });
    copyFileSync(at('sides', 'right', '3.png'), at('some.png'));
    const { stdout } = await run('predict', 'some.png', '--model', 'sided', '--json');
    expect((JSON.parse(stdout) as Document).predictions[0].label).toBe('right');
    // The names go with the model that is exported.
    expect((await run('export', 'sided', '--output', 'sided-too')).code).toBe(0);
    const other = await run('predict', 'some.png', '--model', 'sided-too', '--json');
    expect((JSON.parse(other.stdout) as Document).predictions[0].label).toBe('right');
  });

  test('a CSV file; another’s model is refused for it', async () => {
    writeFileSync(
      at('points.csv'),
      Array.from({ length: 60 }, (_, k) => `${k % 3},${k % 3},${-(k % 3)}`).join('\n'),
    );
    const trained = await run(
      'train',
      '--backend',
      'cpu',
      '--data',
      'points.csv',
      '--batch-size',
      '10',
      '--weight-init-std',
      '0.5',
      '--learning-rate',
      '1',
      '--epochs',
      '40',
      '--output',
      'pointed',
    );
    expect(trained.code).toBe(0);
    expect(trained.stdout).toMatch(/test accuracy 100\.00 %/);
    const refused = await run('evaluate', '--backend', 'cpu', '--data', 'points.csv');
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/a model of points\.csv has \S+ inputs and 3 outputs, got 784-50-10/),
    ]);
  });
});
