/** Findings made up by hand; what the report says of them. */
import { describe, expect, test } from '@jest/globals';
import type { Blindness, Entry, Findings, Pass, Slope } from '../../../src/gradcheck/engine/index.js';
import { summarize, unseen } from '../../../src/gradcheck/report/summary.js';

const slope = (parts: Partial<Slope>): Slope => ({
  kind: 'smooth',
  value: 0,
  errorBar: 0,
  left: 0,
  right: 0,
  scale: 0,
  noise: 0,
  sole: -1,
  t: 1,
  ladder: [],
  ...parts,
});

const entry = (parts: Partial<Entry>): Entry => ({
  j: 0,
  q: 0,
  numerical: 1,
  autodiff: 1,
  errorBar: 0,
  slopes: [slope({ value: 1 }), slope({ value: 1 })],
  state: 'right',
  between: true,
  ...parts,
});

/** One input x [2,2] of a function with two outputs, and two cotangents, of sizes 1 and 4. */
const passWith = (parts: object = {}): Pass =>
  ({
    subject: {
      precision: 'float64',
      active: [{ index: 3, name: 'x', shape: [2, 2], values: Float64Array.of(1, 2, 3, 4) }],
    },
    order: 1,
    cotangents: [Float64Array.of(2, -0.5), Float64Array.of(8, -2)],
    scales: [1, 4],
    outputs: Float64Array.of(5, 6),
    finite: Int32Array.of(0, 1),
    autodiff: [[Float64Array.of(1, 1, 1, 1)], [Float64Array.of(1, 1, 1, 1)]],
    ...parts,
  }) as unknown as Pass;

const findings = (entries: Entry[], parts: Partial<Findings> = {}): Findings => ({
  pass: passWith(),
  entries: [entries],
  ...parts,
});

const projections = (parts: object): Findings['projections'] =>
  ({
    entries: [[]],
    unresolved: [false],
    absolute: [0.25],
    relative: [0.125],
    moreKinks: [false],
    resolution: 1e-7,
    ...parts,
  }) as Findings['projections'];

const reportOf = (some: Findings, details = false) => summarize(some, details)[0]!;

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
      const { numerical, autodiff, errorBar } = reportOf(
        findings([entry({ ...numbers, q, slopes })], { pass }),
      ).worst!;
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

describe('unseen', () => {
  test('nothing where all was seen', () => {
    expect(unseen(findings([entry({}), entry({ state: 'wrong' }), entry({ state: 'kink' })]))).toEqual([]);
    expect(unseen(findings([entry({})], { projections: projections({}) }))).toEqual([]);
  });

  test.each<[Blindness, string]>([
    [
      'noise',
      'The differences for x are too noisy to tell: f rounds away what its derivative would show. Scale f so',
    ],
    ['hidden', "f's value is so large that its rounding hides what x does to it"],
    ['undefined', 'f is not finite, or throws, on both sides of the point in x.'],
    ['undecided', 'The difference quotients for x come to no limit'],
    ['contradicted', 'Long steps and short ones say different things of x'],
    ['rounding', 'The gradient for x differs from the differences by no more than its own rounding error.'],
  ])('%s, in one sentence with a way out', (blindness, words) => {
    const sentences = unseen(
      findings([entry({ state: 'blind', blindness }), entry({ j: 1, state: 'blind', blindness })]),
    );
    expect(sentences).toHaveLength(1);
    expect(sentences[0]).toContain(words);
    expect(sentences[0]).toMatch(/(Scale|Check|Leave out) .+\.$/);
  });

  test('by reason, with the names of all inputs that it holds for', () => {
    const names = ['x', 'W', 'b'];
    const pass = passWith({
      subject: { precision: 'native', active: names.map((name) => ({ name, shape: [1], values: [1] })) },
    });
    const blind = (blindness: Blindness): Entry[] => [entry({ state: 'blind', blindness })];
    const sentences = unseen({ pass, entries: [blind('noise'), blind('undecided'), blind('noise')] });
    expect(sentences).toHaveLength(2);
    expect(sentences[0]).toBe(
      "The differences for x, b are too noisy to tell in float32: check with precision: 'float64'.",
    );
    expect(sentences[1]).toContain('for W come');
    expect(unseen({ pass, entries: [[entry({ state: 'blind' })], [], []] })[0]).toContain('come to no limit');
  });

  test('projections and kinks that are left over', () => {
    const names = ['x', 'W', 'b'];
    const pass = passWith({
      subject: { precision: 'float64', active: names.map((name) => ({ name, shape: [1], values: [1] })) },
    });
    const kinks = [entry({ state: 'kink' }), entry({ state: 'kink' }), entry({})];
    const sentences = unseen({
      pass,
      entries: [[], kinks, []],
      projections: projections({ unresolved: [true, false, true], moreKinks: [false, true, false] }),
    });
    expect(sentences).toEqual([
      'W: There are more kinks than the 2 found: move the inputs, or check in full mode.',
      'Projections through x, b are off, or too noisy, and no entry was found that explains it: check in full mode.',
    ]);
  });

  test('outputs that are not finite, and then no other reason', () => {
    const pass = passWith({ outputs: Float64Array.of(1, NaN, Infinity), finite: Int32Array.of(0) });
    expect(unseen(findings([entry({ state: 'blind', blindness: 'noise' })], { pass }))).toEqual([
      'f is not finite here: 2 of its 3 outputs are NaN or infinite, and were left out.',
    ]);
  });
});
