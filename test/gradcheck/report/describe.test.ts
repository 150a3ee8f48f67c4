/** Reports made up by hand; their words. */
import { describe, expect, test } from '@jest/globals';
import {
  describeReport,
  digits,
  isPassed,
  ranText,
  surrogateText,
} from '../../../src/gradcheck/report/describe.js';
import type { GradcheckReport, InputReport, Kink, Verdict } from '../../../src/gradcheck/report/report.js';

const kink = (between: boolean, ...at: number[]): Kink => ({
  coordinate: at,
  left: -1,
  right: 3,
  autodiff: 0.1,
  between,
});

const input = (parts: Partial<InputReport>): InputReport => ({
  index: 0,
  name: 'x',
  shape: [2, 3],
  order: 1,
  verdict: 'right',
  entries: 6,
  checked: 6,
  maxAbsoluteError: 0,
  maxRelativeError: 0,
  worst: null,
  kinks: [],
  kinkDetails: [],
  nonFinite: 0,
  ...parts,
});

const report = (parts: Partial<GradcheckReport>): GradcheckReport => ({
  schemaVersion: 1,
  verdict: 'right',
  precision: 'float64',
  backend: 'float64',
  mode: 'full',
  order: 1,
  seed: 4,
  inputs: [input({})],
  diagnosis: [],
  evaluations: 1,
  ran: { kernels: ['Sin'], gradients: ['Sin'] },
  seconds: 1,
  ...parts,
});

describe('describeReport', () => {
  test('one line where all is right, with the mode, the precision and the order', () => {
    expect(describeReport(report({}))).toBe('The gradient is right (full mode, in double precision).');
    expect(describeReport(report({ mode: 'fast', precision: 'native', backend: 'wasm', order: 2 }))).toBe(
      'The gradient is right (fast mode, in float32 on the backend wasm, order 2).',
    );
  });

  test.each<[Verdict, string]>([
    ['wrong', 'The gradient is wrong'],
    ['kink', 'The function has kinks here, where there is no gradient'],
    ['inconclusive', 'The gradient could not be judged'],
    ['nondeterministic', 'The function is not deterministic'],
    ['unsupported', 'The gradient cannot be computed'],
  ])('%s: the verdict, the diagnosis, and the seed', (verdict, words) => {
    expect(describeReport(report({ verdict, diagnosis: ['One.', 'Two.'] }))).toBe(
      `${words} (full mode, in double precision).\n  One.\n  Two.\nSeed 4 gives the same again.`,
    );
  });

  test('of a wrong input the worst entry; of one that is right nothing', () => {
    const worst = { coordinate: [1, 2], numerical: 1 / 3, autodiff: -2, errorBar: 1.23e-9 };
    const inputs = [
      input({ name: 'W', verdict: 'wrong', order: 2, checked: 5, maxRelativeError: 0.0123, worst }),
      input({ name: 'b', worst }),
    ];
    expect(
      describeReport(report({ verdict: 'wrong', inputs }))
        .split('\n')
        .slice(1),
    ).toEqual([
      '  W, second order [2,3]: wrong; 5 of 6 entries compared, relative error up to 1.2e-2',
      '    worst at [1,2]: differences give 0.3333333333 ± 1e-9, autodiff -2',
      'Seed 4 gives the same again.',
    ]);
    const unclear = describeReport(report({ inputs: [input({ verdict: 'inconclusive', worst })] }));
    expect(unclear).toContain('worst at [1,2]');
    expect(describeReport(report({ inputs: [input({ verdict: 'kink', worst })] }))).not.toContain('worst');
    expect(describeReport(report({ inputs: [input({ verdict: 'wrong' })] }))).not.toContain('worst');
  });

  test('five kinks at the most, with the slopes and whether the gradient lies between them', () => {
    const kinkDetails = [kink(true, 7, 1), kink(false, 8), ...[1, 2, 3, 4].map((at) => kink(true, at))];
    const lines = describeReport(report({ inputs: [input({ verdict: 'kink', kinkDetails })] })).split('\n');
    expect(lines.slice(2, 4)).toEqual([
      '    kink at [7,1]: slopes -1 and 3, autodiff 0.1',
      '    kink at [8]: slopes -1 and 3, autodiff 0.1, which is not between them',
    ]);
    expect(lines.filter((line) => line.includes('kink at'))).toHaveLength(5);
  });
});

test('what ran: none, or twelve names at the most and how many more there are', () => {
  const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `K${i + 1}`);
  const of = (kernels: number, gradients: number): string =>
    ranText(report({ ran: { kernels: names(kernels), gradients: names(gradients) } }));
  const twelve = 'K1, K2, K3, K4, K5, K6, K7, K8, K9, K10, K11, K12';
  expect(of(0, 1)).toBe('Kernels that ran: none; gradient functions: K1.');
  expect(of(12, 2)).toBe(`Kernels that ran: ${twelve}; gradient functions: K1, K2.`);
  expect(of(13, 0)).toBe(`Kernels that ran: ${twelve} and 1 more; gradient functions: none.`);
  expect(of(1, 30)).toBe(`Kernels that ran: K1; gradient functions: ${twelve} and 18 more.`);
  // A report says so where it is of a registered kernel.
  expect(describeReport(report({ attributes: [] }))).toBe(
    'The gradient is right (full mode, in double precision).\n  Kernels that ran: Sin; gradient functions: Sin.',
  );
});

describe('what the gradient was compared with', () => {
  const declared = (...surrogates: InputReport['surrogate'][]): InputReport[] =>
    surrogates.map((surrogate, i) => input({ name: `x${i}`, ...(surrogate && { surrogate }) }));

  test("f's own derivative: nothing is said", () => {
    expect(surrogateText(declared(undefined, undefined))).toBeUndefined();
    expect(surrogateText([])).toBeUndefined();
    expect(surrogateText([input({ order: 2, surrogate: 'zero' })])).toBeUndefined();
  });

  test('a function, or rules by their inputs; in the report after the verdict', () => {
    expect(surrogateText(declared('function', 'function'))).toBe('the derivative of the surrogate');
    expect(surrogateText(declared('zero', undefined, { scale: -1 }, 'identity'))).toBe(
      "the surrogate (x0: zero, x2: -1 times f's derivative, x3: identity)",
    );
    expect(describeReport(report({ inputs: declared('function'), diagnosis: ['One.'] }))).toBe(
      'The gradient is right (full mode, in double precision).\n  It was compared with the derivative of the surrogate.\n  One.',
    );
  });
});

test('passed: right, or a kink with the gradient between the slopes at every one', () => {
  const of = (verdict: Verdict, ...kinkDetails: Kink[]): boolean =>
    isPassed(report({ verdict, inputs: [input({}), input({ kinkDetails })] }));
  expect(of('right')).toBe(true);
  expect(of('kink', kink(true), kink(true))).toBe(true);
  expect(of('kink', kink(true), kink(false))).toBe(false);
  for (const verdict of ['wrong', 'inconclusive', 'nondeterministic', 'unsupported'] as const) {
    expect(of(verdict, kink(true))).toBe(false);
  }
});

test('digits: ten of them, no zeros behind, and what is not finite', () => {
  expect([0.1 + 0.2, 1 / 3, 1e-20, NaN, -Infinity].map(digits)).toEqual([
    '0.3',
    '0.3333333333',
    '1e-20',
    'NaN',
    '-Infinity',
  ]);
});
