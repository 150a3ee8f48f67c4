/** Findings made up by hand; what the report says of them. */
import { describe, expect, test } from '@jest/globals';
import type { Entry, Findings } from '../../../src/gradcheck/engine/index.js';
import { summarize } from '../../../src/gradcheck/report/summary.js';
import { present } from '../../support/present.js';
import { entry, findings, passWith, projections, slope } from './made-up.js';

const reportOf = (some: Findings, details = false) => summarize(some, details)[0];

describe('summarize', () => {
  test('names the input, and counts', () => {
    expect(reportOf(findings([entry({}), entry({ j: 1 })]))).toMatchObject({
      index: 3,
      name: 'x',
      shape: [2, 2],
      order: 1,
      entries: 4,
      checked: 2,
      verdict: 'right',
      nonFinite: 0,
      kinks: [],
    });
  });

  test('what it was compared with, where that is not f’s own derivative', () => {
    const { subject } = passWith();
    const against = (ofSubject: object, ofInput: object): object =>
      reportOf(
        findings([entry({})], {
          pass: passWith({
            subject: { ...subject, ...ofSubject, active: [{ ...subject.active[0], ...ofInput }] },
          }),
        }),
      );
    expect(against({}, {})).not.toHaveProperty('surrogate');
    expect(against({}, { surrogate: 'zero' })).toHaveProperty('surrogate', 'zero');
    expect(against({}, { surrogate: { scale: -1 } })).toHaveProperty('surrogate', { scale: -1 });
    expect(against({ surrogate: () => 1 }, {})).toHaveProperty('surrogate', 'function');
  });

  test.each<[Entry['state'][], string]>([
    [['right'], 'right'],
    [['right', 'kink'], 'kink'],
    [['right', 'kink', 'blind'], 'inconclusive'],
    [['blind', 'kink', 'wrong', 'right'], 'wrong'],
    [['blind', 'nonFinite'], 'wrong'],
  ])('%j is %s', (states, verdict) => {
    expect(reportOf(findings(states.map((state, j) => entry({ j, state })))).verdict).toBe(verdict);
  });

  test('a projection that is not resolved, kinks that are left, or an output that is not finite: inconclusive', () => {
    const right = [entry({})];
    expect(reportOf(findings(right, { projections: projections({}) })).verdict).toBe('right');
    for (const parts of [{ unresolved: [true] }, { moreKinks: [true] }]) {
      expect(reportOf(findings(right, { projections: projections(parts) })).verdict).toBe('inconclusive');
      expect(
        reportOf(findings([entry({ state: 'wrong' })], { projections: projections(parts) })).verdict,
      ).toBe('wrong');
    }
    expect(reportOf(findings(right, { pass: passWith({ finite: Int32Array.of(1) }) })).verdict).toBe(
      'inconclusive',
    );
  });

  test('errors are for a cotangent of size 1, relative to the larger value', () => {
    const { maxAbsoluteError, maxRelativeError } = reportOf(
      findings([entry({ numerical: 3, autodiff: 2 }), entry({ j: 1, q: 1, numerical: -2, autodiff: 6 })]),
    );
    expect(maxAbsoluteError).toBe(2);
    expect(maxRelativeError).toBeCloseTo(8 / 6, 12);
  });

  test('an error beside nothing counts relative to a millionth of the largest gradient, or of what cancels', () => {
    const tiny = entry({ numerical: 1e-9, autodiff: 0 });
    expect(reportOf(findings([tiny])).maxRelativeError).toBeCloseTo(1e-3, 12);
    const flat = passWith({ autodiff: [[new Float64Array(4)], [new Float64Array(4)]] });
    expect(reportOf(findings([tiny], { pass: flat })).maxRelativeError).toBe(1);
    const cancelling = entry({ numerical: 1e-9, autodiff: 0, slopes: [slope({ scale: 0.1 })] });
    expect(reportOf(findings([cancelling], { pass: flat })).maxRelativeError).toBeCloseTo(1e-2, 12);
    expect(reportOf(findings([entry({ numerical: 0, autodiff: 0 })], { pass: flat })).maxRelativeError).toBe(
      0,
    );
  });

  test('NaN is an infinite error', () => {
    const { maxAbsoluteError, maxRelativeError } = reportOf(
      findings([entry({ numerical: NaN, state: 'blind' }), entry({ numerical: 5 })]),
    );
    expect([maxAbsoluteError, maxRelativeError]).toEqual([Infinity, Infinity]);
  });

  test('without entries the projections’ errors', () => {
    expect(reportOf(findings([], { projections: projections({}) }))).toMatchObject({
      checked: 0,
      maxAbsoluteError: 0.25,
      maxRelativeError: 0.125,
      worst: null,
    });
    expect(reportOf(findings([]))).toMatchObject({ maxAbsoluteError: 0, maxRelativeError: 0 });
  });

  test('the worst entry: by its state first, then by its error; a kink is none', () => {
    const worstOf = (...entries: Entry[]) => reportOf(findings(entries)).worst?.coordinate;
    const off = (j: number, error: number, state: Entry['state']): Entry =>
      entry({ j, numerical: 1 + error, state });
    expect(worstOf(off(0, 0.1, 'right'), off(1, 0.3, 'right'), off(2, 0.2, 'right'))).toEqual([0, 1]);
    expect(worstOf(off(0, 0.1, 'blind'), off(1, 0.3, 'right'))).toEqual([0, 0]);
    expect(worstOf(off(0, 0.9, 'blind'), off(1, 0.3, 'wrong'), off(3, 0.2, 'wrong'))).toEqual([0, 1]);
    expect(worstOf(off(0, 0.9, 'wrong'), off(2, 0, 'nonFinite'))).toEqual([1, 0]);
    expect(worstOf(off(0, 0.9, 'kink'), off(3, 0, 'right'))).toEqual([1, 1]);
    expect(worstOf(off(0, 0.9, 'kink'))).toBeUndefined();
  });

  test('numbers are derivatives where one output alone hangs on the entry, else for a dy of size 1', () => {
    const numbers = { numerical: 8, autodiff: 4, errorBar: 2 };
    const worst = (q: number, sole: number, pass = passWith()) => {
      const slopes = [slope({ sole }), slope({ sole })];
      const { numerical, autodiff, errorBar } = present(
        reportOf(findings([entry({ ...numbers, q, slopes })], { pass })).worst,
      );
      return [numerical, autodiff, errorBar];
    };
    expect(worst(0, -1)).toEqual([8, 4, 2]);
    expect(worst(1, -1)).toEqual([2, 1, 0.5]);
    expect(worst(0, 0)).toEqual([4, 2, 1]);
    expect(worst(0, 1)).toEqual([-16, -8, 4]);
    expect(worst(1, 1)).toEqual([-4, -2, 1]);
    const single = passWith({
      cotangents: [Float64Array.of(0.5), Float64Array.of(-2)],
      outputs: Float64Array.of(1),
      finite: Int32Array.of(0),
    });
    expect(worst(0, -1, single)).toEqual([16, 8, 4]);
    // An output that is not finite has a cotangent of 0.
    expect(worst(0, 0, passWith({ cotangents: [Float64Array.of(0, 1), Float64Array.of(0, 4)] }))).toEqual([
      8, 4, 2,
    ]);
  });

  test('a kink’s slopes and gradient are those of the first cotangent', () => {
    const slopes = [slope({ left: -2, right: 6, sole: 0 }), slope({ left: 1, right: 1, sole: 0 })];
    const { kinks, kinkDetails } = reportOf(
      findings([entry({}), entry({ j: 2, q: 1, state: 'kink', slopes, between: false })], {
        pass: passWith({ autodiff: [[Float64Array.of(0, 0, 3, 0)], [Float64Array.of(9, 9, 9, 9)]] }),
      }),
    );
    expect(kinks).toEqual([[1, 0]]);
    expect(kinkDetails).toEqual([{ coordinate: [1, 0], left: -1, right: 3, autodiff: 1.5, between: false }]);
  });

  test('counts an entry of the gradient that is not finite for any cotangent, once', () => {
    const autodiff = [[Float64Array.of(NaN, 1, Infinity, 1)], [Float64Array.of(NaN, 1, 1, -Infinity)]];
    expect(reportOf(findings([], { pass: passWith({ autodiff }) })).nonFinite).toBe(3);
  });

  test('numbers for plots where they are asked for', () => {
    const ladder = [
      { t: 0.5, quotient: 3 },
      { t: 0.25, quotient: 2.5 },
    ];
    const slopes = [slope({ value: 3, errorBar: -0.5, sole: 0, ladder }), slope({})];
    const some = findings([entry({ j: 1, numerical: 1 }), entry({ j: 3, slopes, state: 'wrong' })], {
      pass: passWith({ autodiff: [[Float64Array.of(0, 10, 0, 2)], [new Float64Array(4)]] }),
    });
    expect(reportOf(some)).not.toHaveProperty('details');
    expect(reportOf(some, true).details).toEqual({
      indices: [1, 3],
      numerical: [1, 1.5],
      autodiff: [10, 1],
      errorBar: [0, 0.25],
      steps: [
        { h: 0.5, error: 0.5 },
        { h: 0.25, error: 0.25 },
      ],
    });
    expect(reportOf(findings([]), true).details).toEqual({
      indices: [],
      numerical: [],
      autodiff: [],
      errorBar: [],
      steps: [],
    });
  });
});
