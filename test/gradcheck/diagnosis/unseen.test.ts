/** What could not be seen: of functions whose domain is known, and in findings made up by hand. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { explainUnseen } from '../../../src/gradcheck/diagnosis/unseen.js';
import type { Blindness, Entry } from '../../../src/gradcheck/engine/index.js';
import { entry, findings, passWith, projections } from '../report/made-up.js';
import { said } from './support.js';

type T = tf.Tensor;

test('NaN on both sides', () => {
  const f = (x: T): T => tf.mul(x, x.dataSync()[0] === 1 ? 1 : NaN);
  expect(said(f, [[1, 2]])).toMatch(/input 0: f is not finite around the point.* of 1 at \[0\]/);
});

test('a throw on both sides', () => {
  const f = (x: T): T => {
    if (x.dataSync()[0] !== 1) throw new Error('only 1 is known');
    return tf.square(x);
  };
  expect(said(f, [[1, 2]])).toMatch(/or throws there.*both sides of 1 at \[0\]/);
});

test('values around: nothing is said', () => {
  expect(said((x: T) => tf.square(x), [[1, 2]])).toBe('');
});

describe('in words', () => {
  test('nothing where all was seen', () => {
    expect(explainUnseen(findings([entry({}), entry({ state: 'wrong' }), entry({ state: 'kink' })]))).toEqual(
      [],
    );
    expect(explainUnseen(findings([entry({})], { projections: projections({}) }))).toEqual([]);
  });

  test.each<[Blindness, string]>([
    [
      'noise',
      'The differences for x are too noisy to tell: f rounds away what its derivative would show. Scale f so that its value is not much larger than what it changes by.',
    ],
    [
      'hidden',
      "f's value is so large that its rounding hides what x does to it: nothing can be said of the derivative. Leave out the large constant part of f.",
    ],
    [
      'undecided',
      'The difference quotients for x come to no limit: f has structure at every step that was tried. Check at another point, or smooth f.',
    ],
    [
      'contradicted',
      'Long steps and short ones say different things of x: f has structure smaller than can be told from rounding. Check at another point.',
    ],
    [
      'rounding',
      'The gradient for x differs from the differences by no more than its own rounding error. Check at another point, or with a formula in which less cancels.',
    ],
  ])('%s, in one sentence with a way out', (blindness, sentence) => {
    const blind = [entry({ state: 'blind', blindness }), entry({ j: 1, state: 'blind', blindness })];
    expect(explainUnseen(findings(blind))).toEqual([sentence]);
    // A reason of an entry that has a verdict is none.
    expect(explainUnseen(findings([entry({ blindness })]))).toEqual([]);
  });

  test('hidden where f is 0 at all of its outputs: other words', () => {
    const hidden = (precision: 'float64' | 'native', ...outputs: number[]): string[] => {
      const { subject } = passWith();
      const pass = passWith({
        subject: { ...subject, precision },
        outputs: Float64Array.from(outputs),
        finite: Int32Array.from(outputs.keys()),
      });
      return explainUnseen(findings([entry({ state: 'blind', blindness: 'hidden' })], { pass }));
    };
    const zero =
      "f is 0 here, short steps of x do not change it, and autodiff's value is so small that rounding within f would hide what it stands for: nothing can be said of the derivative. Check at a point where f changes.";
    const large = (wayOut: string): string =>
      `f's value is so large that its rounding hides what x does to it: nothing can be said of the derivative. ${wayOut}.`;
    for (const precision of ['float64', 'native'] as const) {
      expect(hidden(precision, 0)).toEqual([zero]);
      expect(hidden(precision, 0, -0)).toEqual([zero]);
    }
    for (const outputs of [[0, 6], [6, 0], [5]]) {
      expect(hidden('float64', ...outputs)).toEqual([large('Leave out the large constant part of f')]);
      expect(hidden('native', ...outputs)).toEqual([large("Check with precision: 'float64'")]);
    }
  });

  test('by reason, with the names of all inputs that it holds for', () => {
    const names = ['x', 'W', 'b'];
    const pass = passWith({
      subject: { precision: 'native', active: names.map((name) => ({ name, shape: [1], values: [1] })) },
    });
    const blind = (blindness: Blindness): Entry[] => [entry({ state: 'blind', blindness })];
    const sentences = explainUnseen({ pass, entries: [blind('noise'), blind('undecided'), blind('noise')] });
    expect(sentences).toHaveLength(2);
    expect(sentences[0]).toBe(
      "The differences for x, b are too noisy to tell in float32: check with precision: 'float64'.",
    );
    expect(sentences[1]).toMatch(/^The difference quotients for W come to no limit/);
    expect(explainUnseen({ pass, entries: [blind('hidden'), [], []] })).toEqual([
      "f's value is so large that its rounding hides what x does to it: nothing can be said of the derivative. Check with precision: 'float64'.",
    ]);
    expect(explainUnseen({ pass, entries: [[entry({ state: 'blind' })], [], []] })).toEqual([
      expect.stringMatching(/^The difference quotients for x come to no limit/),
    ]);
  });

  test('points around which f is not defined come before the other reasons', () => {
    const entries = [
      entry({ state: 'blind', blindness: 'noise' }),
      entry({ j: 1, state: 'blind', blindness: 'undefined' }),
    ];
    expect(explainUnseen(findings(entries))).toEqual([
      expect.stringMatching(/^x: f is not finite around the point.* of 2 at \[0,1\]\. Check at a point/),
      expect.stringMatching(/^The differences for x are too noisy/),
    ]);
    expect(explainUnseen(findings([entry({ blindness: 'undefined' })]))).toEqual([]);
  });

  test('projections and kinks that are left over', () => {
    const names = ['x', 'W', 'b'];
    const pass = passWith({
      subject: { precision: 'float64', active: names.map((name) => ({ name, shape: [1], values: [1] })) },
    });
    const kinks = [entry({ state: 'kink' }), entry({ state: 'kink' }), entry({})];
    const sentences = explainUnseen({
      pass,
      entries: [[], kinks, []],
      projections: projections({ unresolved: [true, false, true], moreKinks: [false, true, false] }),
    });
    expect(
      explainUnseen({
        pass,
        entries: [[], [], []],
        projections: projections({ unresolved: [false, false, false], moreKinks: [false, false, false] }),
      }),
    ).toEqual([]);
    expect(sentences).toEqual([
      'W: There are more kinks than the 2 found: move the inputs, or check in full mode.',
      'Projections through x, b are off, or too noisy, and no entry was found that explains it: check in full mode.',
    ]);
  });

  test('outputs that are not finite, and then no other reason', () => {
    const pass = passWith({ outputs: Float64Array.of(1, NaN, Infinity), finite: Int32Array.of(0) });
    expect(explainUnseen(findings([entry({ state: 'blind', blindness: 'noise' })], { pass }))).toEqual([
      'f is not finite here: 2 of its 3 outputs are NaN or infinite, and were left out.',
    ]);
  });

  test('f that is not finite around entries: the first of them with its value, and how many more', () => {
    const blind = (j: number): Entry => entry({ j, state: 'blind', blindness: 'undefined' });
    const around = (...js: number[]): string[] => explainUnseen(findings(js.map(blind)));
    const so = 'x: f is not finite around the point, or throws there: so it is on both sides of ';
    expect(around(2)).toEqual([`${so}3 at [1,0]. Check at a point around which f is defined.`]);
    expect(around(1, 2, 3)).toEqual([
      `${so}2 at [0,1], and at 2 more. Check at a point around which f is defined.`,
    ]);
  });
});
