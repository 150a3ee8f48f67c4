/**
 * Every kind that `gradparity plot` draws, as SVG, PNG and signs. Oracles: the SVG's own texts, the PNG's size and ink as another library
 * decodes it, `evaluate` for the counts, and closed forms for the numbers of the textbook's pictures.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decode } from 'fast-png';
import { gradparity, writeDigits } from './run-cli.js';

let folder: string;
const cli = (...args: string[]) => gradparity(args, { cwd: folder });
const plot = (...args: string[]) => cli('plot', ...args);
const json = async (...args: string[]) => JSON.parse((await plot(...args, '--json')).stdout);

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'plot-'));
  await writeDigits(path.join(folder, 'digits'));
  for (const [name, gradient] of [
    ['numerical', 'structured'],
    ['automatic', 'autodiff'],
  ]) {
    const { code, stderr } = await cli(
      ...[
        'train',
        '--data-dir',
        'digits',
        '--steps',
        '20',
        '--batch-size',
        '50',
        '--hidden',
        '6',
        '--learning-rate',
        '1',
      ],
      ...['--weight-init-std', '1', '--backend', 'cpu', '--gradient', gradient, '--output', name],
    );
    if (code !== 0) throw new Error(stderr);
  }
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const digits = ['--data-dir', 'digits'];
const kinds: [string, string[]][] = [
  ['runs', ['numerical', 'automatic']],
  ['gradients', ['numerical', ...digits]],
  ['hidden', ['numerical']],
  ['confusion', ['numerical', ...digits]],
  ['misread', ['numerical', ...digits]],
  ['activations', []],
  ['boundaries', []],
  ['descent', []],
  ['steps', []],
];

describe('gradparity plot', () => {
  test.each(kinds)('%s: as PNG with ink and words', async (kind, args) => {
    const drawn = await plot(kind, ...args, '--output', `${kind}.png`);
    expect(drawn).toMatchObject({ code: 0 });
    expect(drawn.stdout).toMatch(new RegExp(`^${kind}\\.png: .+\n$`));
    const { width, height, data, channels } = decode(readFileSync(path.join(folder, `${kind}.png`)));
    expect(Math.min(width, height)).toBeGreaterThan(150);
    const dark = Array.from({ length: width * height }, (_, k) => data[k * channels] < 100).filter(
      Boolean,
    ).length;
    expect(dark).toBeGreaterThan(200);
  });

  test.each(
    kinds.filter(([kind]) => ['runs', 'gradients', 'confusion', 'misread', 'descent'].includes(kind)),
  )('%s: as signs, no wider than the terminal', async (kind, args) => {
    const signs = await plot(kind, ...args);
    expect(signs.code).toBe(0);
    const widths = signs.stdout.split('\n').map((line) => [...line].length);
    expect(Math.max(...widths)).toBeLessThanOrEqual(kind === 'confusion' ? 100 : 84);
    expect(signs.stdout.split('\n').length).toBeGreaterThan(4);
  });

  test('an SVG has the title that the command prints', async () => {
    const { stdout } = await plot('steps', '--output', 'deep/steps.svg');
    const title = stdout.trim().split(': ')[1];
    expect(readFileSync(path.join(folder, 'deep', 'steps.svg'), 'utf8')).toContain(`>${title}</text>`);
  });

  test('counts are those of evaluate; a misread digit is one off the diagonal', async () => {
    const { confusion } = await json('confusion', 'numerical', ...digits);
    const { stdout } = await cli('evaluate', 'numerical', ...digits, '--json');
    expect(confusion).toEqual(JSON.parse(stdout).confusion);
    const { misread, shown } = await json('misread', 'numerical', ...digits);
    const all = (confusion as number[][]).flat().reduce((a, b) => a + b, 0);
    const right = (confusion as number[][]).reduce((sum, row, k) => sum + row[k], 0);
    expect(misread).toBe(all - right);
    for (const each of shown) expect(each.class).not.toBe(each.takenFor);
  });

  test('numbers of the pictures of functions are those of the closed forms', async () => {
    const { x, activations, derivatives } = await json('activations');
    const at = x.indexOf(1);
    const s = 1 / (1 + Math.exp(-1));
    expect(activations.sigmoid[at]).toBeCloseTo(s, 6);
    expect(derivatives.sigmoid[at]).toBeCloseTo(s * (1 - s), 6);
    expect(derivatives.tanh[at]).toBeCloseTo(1 - Math.tanh(1) ** 2, 6);
    expect(derivatives.step[at]).toBe(0);
    const { descents } = await json('descent');
    // Each step of a bowl of a·x² multiplies x by 1 − 2·a·η.
    const [bowl, saddle, plateau] = descents;
    expect(bowl.path.at(-1)[0]).toBeCloseTo(-7 * 0.91 ** 40, 3);
    expect(saddle.path.at(-1)[1]).toBeCloseTo(0.01 * 1.2 ** 28, 2);
    expect(plateau.value).toBeGreaterThan(0.99);
    const { steps, errors } = await json('steps');
    const k = steps.findIndex((h: number) => Math.abs(h - 1e-3) < 1e-9);
    // Truncation: h/2·|f″/f′| forward, h²/6·|f‴/f′| central.
    expect(errors['forward, float64'][k]).toBeCloseTo(5e-4 * Math.tan(1), 6);
    expect(errors['central, float64'][k]).toBeCloseTo(1e-6 / 6, 9);
    expect(errors['central, float32'][k]).toBeGreaterThan(10 * errors['central, float64'][k]);
    const { panels } = await json('boundaries');
    expect(panels.map(({ right }: { right: number }) => right)).toEqual([4, expect.any(Number), 4, 60]);
    expect(panels[1].right).toBeLessThan(4);
    const { worstRelativeDifference } = await json('gradients', 'numerical', ...digits);
    expect(worstRelativeDifference).toBeLessThan(1e-4);
  });

  test.each([
    [['circles'], /wanted one of runs, gradients, .* got "circles"/],
    [['steps', 'numerical'], /steps is drawn of nothing but itself, got numerical/],
    [['steps', '--output', 'a.pdf'], /ends in \.svg or \.png, got "a\.pdf"/],
    [['steps', '--output', 'numerical/model.json/a.svg'], /can't write to/],
    [['runs', 'nowhere'], /nowhere can't be read/],
    [['runs', 'bad.json'], /bad\.json is no history of a run/],
    [['runs', 'none.json'], /has no steps; there is nothing to draw/],
    [['hidden', 'numerical', 'automatic'], /hidden draws one model, got 2/],
    [['confusion', 'numerical', '--data', 'table.csv'], /a model of table\.csv has 2 inputs and 2 outputs/],
    [['misread', 'table', '--data', 'table.csv'], /misread draws images/],
    [['hidden', 'table'], /takes 2 numbers, which are no square image/],
  ] as const)('%j is refused in a sentence', async (args, message) => {
    writeFileSync(path.join(folder, 'bad.json'), '{"steps": [{"step": "a"}], "epochs": []}');
    writeFileSync(path.join(folder, 'none.json'), '{"steps": [], "epochs": []}');
    if (!existsSync(path.join(folder, 'table'))) {
      writeFileSync(path.join(folder, 'table.csv'), `label,a,b\n${'x,0,1\ny,1,0\n'.repeat(10)}`);
      await cli(...'train --data table.csv --steps 1 --batch-size 2 --output table --backend cpu'.split(' '));
    }
    const { code, stderr, stdout } = await plot(...args);
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toMatch(/\n {4}at /);
  });
});
