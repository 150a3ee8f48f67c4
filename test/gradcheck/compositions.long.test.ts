/**
 * Verdicts on random compositions of ops, a part of `npm run bench -- verdicts`. Oracle: the gradient that the benchmark's reference gives in
 * plain doubles, which is itself held against differences and against TensorFlow.js here.
 */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import type { Composition } from '../../bench/verdicts/composition.js';
import { caseOf, makeCase } from '../../bench/verdicts/cases.js';
import { STRATA, type Stratum } from '../../bench/verdicts/strata.js';
import { outcomeOf } from '../../bench/verdicts/judge.js';
import { evaluate, ops } from '../../bench/verdicts/reference.js';
import { distanceToReference, prepare } from '../../bench/verdicts/tensorflow.js';
import { selectBackend } from '../../src/backends/select.js';
import { inFloat64 } from '../../src/float64/in-float64.js';
import { gradcheck } from '../../src/gradcheck/gradcheck.js';
import { isPassed } from '../../src/gradcheck/report/describe.js';
import { mismatch } from '../support/close.js';
import { present } from '../support/present.js';

const SEED = 20;

beforeAll(async () => {
  await selectBackend('cpu');
});

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const strata = Object.keys(STRATA) as Stratum[];

describe('the cases', () => {
  const some = strata
    .filter((stratum) => stratum !== 'large' && !stratum.endsWith('medium'))
    .flatMap((stratum) => range(40).map((index) => makeCase(stratum, SEED, index, false)));

  test('are the same for the same id, and others for another', () => {
    for (const one of some.slice(0, 10)) expect(caseOf(one.id)).toEqual(one);
    const texts = some.map(({ composition }) => JSON.stringify(composition));
    expect(new Set(texts).size).toBe(texts.length);
    expect(() => caseOf('small/wrong/1/1')).toThrow('names no case');
  });

  test('use every op that the reference has', () => {
    const used = new Set(some.flatMap(({ composition }) => composition.nodes.map(({ op }) => op)));
    expect([...used].sort()).toEqual(Object.keys(ops).sort());
  });

  test('have the gradient that differences of the reference’s own values give', () => {
    for (const { id, composition, reference } of some.filter(({ stratum }) => stratum === 'small')) {
      const numerical = differences(composition);
      const limit = close(composition);
      const exact = reference.flatMap((g) => [...g]);
      expect({ id, off: mismatch(exact, numerical, limit) }).toEqual({ id, off: undefined });
      const largest = Math.max(...exact.map(Math.abs));
      if (1e-4 * largest < 2 * limit.absolute) continue;
      const wrong = exact.map((v) => v * 1.0001);
      expect({ id, off: mismatch(wrong, numerical, limit) }).toEqual({ id, off: expect.any(String) });
    }
  });

  test('have the gradient that TensorFlow.js gives in double precision', () => {
    for (const one of some) {
      // Where rounding explains a difference it is no difference; elsewhere the limit rejects 1e-8.
      expect({ id: one.id, agrees: distanceToReference(one.composition, one) < 1e-10 }).toEqual({
        id: one.id,
        agrees: true,
      });
    }
    const steady = some.filter(({ stratum }) => stratum === 'small');
    const noticed = steady.filter((one) => {
      const reference = one.reference.map((g) => g.map((v) => v * (1 + 1e-8)));
      return distanceToReference(one.composition, { ...one, reference }) > 1e-10;
    });
    expect(noticed.length).toBeGreaterThan(0.9 * steady.length);
  });

  test('are falsified as they say, and nowhere else', () => {
    for (const index of range(24)) {
      const { composition, falsification, reference, allowed } = makeCase('small', SEED, index, true);
      const { f, inputs, dispose } = prepare({ composition, falsification });
      // dy = 2: a gradient that ignores dy is half of what it should be.
      const gradients = inFloat64(() =>
        tf
          .grads((...xs: tf.Tensor[]) => tf.mul(tf.sum(f(...xs)), 2))(inputs)
          .map((g) => g.dataSync()),
      );
      const { kind, error, input, range: at } = present(falsification);
      gradients.forEach((g, i) => {
        const [n = 1] = inputs[i].shape;
        const wanted = Array.from(reference[i], (v, j) => {
          if (kind === 'dy ignored') return v;
          if (input !== null && input !== i) return 2 * v;
          if (kind === 'transposed') return 2 * reference[i][(j % n) * n + Math.floor(j / n)];
          return !at || (j >= at[0] && j < at[1]) ? 2 * v * (1 + error) : 2 * v;
        });
        const tolerance = { relative: 1e-10, absolute: 4 * Math.max(...allowed[i]) };
        expect({ kind, off: mismatch(g, wanted, tolerance) }).toEqual({ kind, off: undefined });
      });
      dispose();
    }
  });
});

/** Central differences of the sum of the outputs: a second method. */
function differences(composition: Composition): number[] {
  const sum = (inputs: Composition['inputs']): number =>
    evaluate({ ...composition, inputs }).output.data.reduce((a, b) => a + b, 0);
  return composition.inputs.flatMap(({ values }, i) =>
    values.map((value, j) => {
      const moved = (by: number): number =>
        sum(
          composition.inputs.map((input, k) =>
            k === i ? { ...input, values: values.map((v, l) => (l === j ? value + by : v)) } : input,
          ),
        );
      return (moved(STEP) - moved(-STEP)) / (value + STEP - (value - STEP));
    }),
  );
}

/** Shorter than the distance to most kinks. */
const STEP = 2 ** -21;

/** What such differences may be off by: rounding of f over the step, and truncation. */
function close(composition: Composition) {
  const size = evaluate(composition).output.data.reduce((a, b) => a + Math.abs(b), 0);
  return { absolute: (2 ** -50 * (size + 10)) / STEP, relative: 1e-6, maxRelativeToLargest: 1e-6 };
}

const sumOfSines = (offset: number): Composition => ({
  inputs: [{ shape: [2], values: [1, 2] }],
  nodes: [
    { op: 'sin', args: [0] },
    { op: 'sum', args: [1] },
    { op: 'shift', args: [2], k: offset },
  ],
});

/** How many right and falsified ones of each stratum are judged here; full and fast mode take turns. */
const COUNTS: Partial<Record<Stratum, [number, number]>> = {
  small: [20, 24],
  spread: [6, 6],
  quantisers: [6, 6],
  flat: [8, 6],
  kinks: [6, 6],
  offset: [4, 4],
};

describe('the verdicts', () => {
  test.each(Object.entries(COUNTS))('%s', async (stratum, [right, falsified]) => {
    const outcomes: Record<string, string[]> = { 'false alarm': [], miss: [], undecided: [] };
    for (const [count, isFalsified] of [
      [right, false],
      [falsified, true],
    ] as const) {
      for (const index of range(count)) {
        const one = makeCase(stratum as Stratum, SEED, index, isFalsified);
        // The larger ones belong to the benchmark.
        if (one.composition.inputs.some(({ values }) => values.length > 30)) continue;
        const { f, inputs, dispose } = prepare(one);
        const report = await gradcheck(f, inputs, { mode: index % 2 === 0 ? 'full' : 'fast' });
        dispose();
        const outcome = outcomeOf(one, { said: report.verdict, passed: isPassed(report) });
        outcomes[outcome]?.push(`${one.id}, ${report.mode}`);
      }
    }
    // An undecided case is no wrong word, but few are left.
    expect(outcomes).toEqual({ 'false alarm': [], miss: [], undecided: expect.anything() });
    expect(outcomes.undecided.length).toBeLessThanOrEqual(1);
  });

  test('count a right gradient that does not pass, and a wrong one that does, as what they are', () => {
    const falsification = { kind: 'sign', error: -2, input: 0, range: null } as const;
    const composition = sumOfSines(0);
    const said = (verdict: string, passed: boolean) => [
      outcomeOf({ composition }, { said: verdict, passed }),
      outcomeOf({ composition, falsification: { ...falsification } }, { said: verdict, passed }),
    ];
    expect(said('right', true)).toEqual(['fine', 'miss']);
    expect(said('wrong', false)).toEqual(['false alarm', 'fine']);
    expect(said('kink', true)).toEqual(['fine', 'miss']);
    expect(said('kink', false)).toEqual(['false alarm', 'fine']);
    expect(said('inconclusive', false)).toEqual(['undecided', 'undecided']);
    expect(said('threw', false)).toEqual(['false alarm', 'undecided']);
  });

  test('count an inconclusive word as true where doubles do not show the derivative', () => {
    const outcome = (offset: number) =>
      outcomeOf({ composition: sumOfSines(offset) }, { said: 'inconclusive', passed: false });
    expect([1e3, 1e7, 1e13].map(outcome)).toEqual(['undecided', 'undecided', 'hidden']);
  });
});
