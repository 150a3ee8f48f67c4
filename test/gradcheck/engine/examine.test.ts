/** From the opening of a pass to what was found. Oracle: how each gradient was falsified, and counts. */
import { describe, expect, test } from '@jest/globals';
import { drive, examine, type Findings } from '../../../src/gradcheck/engine/examine.js';
import { openPass } from '../../../src/gradcheck/engine/pass.js';
import type { Subject } from '../../../src/gradcheck/engine/subject.js';
import { tolerances } from '../../../src/gradcheck/engine/tolerance.js';
import type { GradcheckMode } from '../../../src/gradcheck/report/report.js';
import { randomFrom } from '../../../src/random.js';
import { elementwise, plus, root, square, subjectOf, type Curve, type Plain } from './record/plain.js';
import { present } from '../../support/present.js';

const numbers = (n: number, seed = 1): Float64Array => randomFrom(seed).weights(n);
const constant = (value: number): Curve => [() => value, () => 0];

const look = (of: Plain, mode: GradcheckMode, order: 1 | 2 = 1, signal?: AbortSignal): Promise<Findings> =>
  examine(subjectOf(of), order, { mode, tolerance: tolerances.float64, random: randomFrom(1), signal });

/** With the gradient of some entries of an input twice what it is. */
const twice = (of: Plain, input: number, ...places: number[]): Plain => ({
  ...of,
  vjp: (c, x) =>
    of
      .vjp(c, x)
      .map(
        (gradient, i) => gradient && gradient.map((g, j) => (i === input && places.includes(j) ? 2 * g : g)),
      ),
});

const states = ({ entries }: Findings): string[] =>
  entries.map((list) => list.map(({ state }) => state).join(' '));
const places = ({ entries }: Findings): number[][] => entries.map((list) => list.map(({ j }) => j));

const two = elementwise(root, numbers(40), numbers(30, 2));

describe('in full', () => {
  test('every entry is compared, in order', async () => {
    const findings = await look(twice(elementwise(square, [1, 2, 3], [4, 5]), 1, 0), 'full');
    expect(places(findings)).toEqual([
      [0, 1, 2],
      [0, 1],
    ]);
    expect(states(findings)).toEqual(['right right right', 'wrong right']);
    expect(findings.projections).toBeUndefined();
    expect(findings.pass.order).toBe(1);
  });
});

describe('fast', () => {
  test('where all agrees no entry is compared', async () => {
    const { entries, projections, pass } = await look(two, 'fast');
    expect(entries).toEqual([[], []]);
    expect(projections).toMatchObject({ unresolved: [false, false], settled: [true, true] });
    expect(pass.subject.evaluations).toBeLessThan(60);
  });

  test('what is wrong is found, and a sample of its input beside it, in order; a settled input without is left alone', async () => {
    for (const input of [0, 1]) {
      const findings = await look(twice(two, input, 5, 17), 'fast');
      const found = findings.entries[input];
      expect(findings.entries[1 - input]).toEqual([]);
      expect(found.filter(({ state }) => state === 'wrong').map(({ j }) => j)).toEqual([5, 17]);
      const listed = found.map(({ j }) => j);
      expect(listed).toEqual([...new Set(listed)].sort((a, b) => a - b));
      // Twelve are drawn, of which one or both may be among the two.
      expect(listed.length).toBeGreaterThanOrEqual(12);
      expect(listed.length).toBeLessThanOrEqual(14);
    }
  });

  test('what the projections left open is compared entry by entry, and is open no more', async () => {
    const findings = await look(elementwise(plus(square, constant(1e15)), numbers(30)), 'fast');
    expect(places(findings)).toEqual([Array.from({ length: 30 }, (_, j) => j)]);
    expect(findings.entries[0].every(({ blindness }) => blindness === 'hidden')).toBe(true);
    expect(findings.projections).toMatchObject({ unresolved: [false], moreKinks: [false] });
  });

  test('but not where it has too many entries for that', async () => {
    // One entry of all is hidden; the others have no effect. The limit, 2048 entries, is one of all inputs together.
    const one = (others: number): Plain => ({
      x: [numbers(2000), numbers(others, 2)],
      f: ([a]) => [a[0] * a[0] + 1e15],
      vjp: (c, [a, b]) => [
        Array.from(a, (value, j) => (j === 0 ? 2 * c[0] * value : 0)),
        Array.from(b, () => 0),
      ],
    });
    const within = await look(one(48), 'fast');
    expect(within.entries[0]).toHaveLength(2000);
    expect(present(within.projections).unresolved).toEqual([false, false]);
    const beyond = await look(one(49), 'fast');
    expect(beyond.entries[0].length).toBeLessThan(30);
    expect(present(beyond.projections).unresolved).toEqual([true, false]);
  });

  test('nor where an entry is known to be wrong', async () => {
    // The first input's outputs are large, and hide what the second's do: it is looked at first.
    const hidden: Plain = {
      x: [numbers(30), numbers(30, 2)],
      f: ([a, b]) => [...Array.from(a, (x) => 1e3 * x), ...Array.from(b, (x) => 1e-9 * x + 1e6)],
      vjp: (c, [a, b]) => [
        Array.from(a, (_x, j) => 1e3 * c[j] * (j === 3 ? 2 : 1)),
        Array.from(b, (_x, j) => 1e-9 * c[a.length + j]),
      ],
    };
    const findings = await look(hidden, 'fast');
    expect(findings.entries[0].filter(({ state }) => state === 'wrong').map(({ j }) => j)).toEqual([3]);
    expect(findings.entries[1].length).toBeLessThanOrEqual(12);
  });
});

describe('an input that autodiff does not reach', () => {
  /** f hangs on its second input as `change` says, while its gradient knows of the first alone. */
  const unreached = (change: (y: number) => number): Plain => ({
    x: [
      [1, 2],
      [3, 4],
    ],
    f: ([x, y]) => Array.from(x, (value, j) => value * value + change(y[j])),
    vjp: (c, [x]) => [Array.from(x, (value, j) => 2 * value * c[j]), null],
  });

  test('and that f does not use either was given by mistake', async () => {
    await expect(
      look(
        unreached(() => 1),
        'full',
      ),
    ).rejects.toThrow('disconnected: input 1');
    await expect(
      look(
        unreached(() => 1),
        'fast',
      ),
    ).rejects.toThrow('disconnected: input 1');
  });

  test('is no mistake in the second order', async () => {
    expect(
      states(
        await look(
          unreached(() => 1),
          'full',
          2,
        ),
      ),
    ).toEqual(['right right', 'right right']);
  });

  const isFar = (y: number): boolean => Math.abs(y - 3) > 0.2 && Math.abs(y - 4) > 0.2;
  test.each<[string, (y: number) => number]>([
    ['that f uses', (y) => y],
    ['that f uses beyond 0.2 alone', (y) => (isFar(y) ? 1 : 0)],
    ['beyond which f is not finite', (y) => (isFar(y) ? NaN : 0)],
  ])('%s has a gradient, which may be wrong', async (_name, change) => {
    const findings = await look(unreached(change), 'full');
    expect(places(findings)).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });
});

describe('the event loop', () => {
  const counted = (): { subject: Subject; pass: ReturnType<typeof openPass>; count: () => number } => {
    const subject = subjectOf(elementwise(square, [1]));
    const pass = openPass(subject, 1, randomFrom(1));
    let calls = 0;
    Object.assign(subject, { work: <T>(piece: () => T): T => (calls++, piece()) });
    return { subject, pass, count: () => calls };
  };

  test('has a turn after some milliseconds of work, not after each piece; what the work gives is returned', async () => {
    const quick = counted();
    const work = function* (pieces: number, milliseconds: number): Generator<void, string> {
      for (let i = 0; i < pieces; i++) {
        for (const end = performance.now() + milliseconds; performance.now() < end;);
        yield;
      }
      return 'done';
    };
    expect(await drive(quick.pass, work(500, 0))).toBe('done');
    expect(quick.count()).toBeLessThan(100);
    const slow = counted();
    let turns = 0;
    const clock = setInterval(() => turns++);
    await drive(slow.pass, work(4, 60));
    clearInterval(clock);
    expect(slow.count()).toBe(5);
    expect(turns).toBeGreaterThan(0);
  });

  test('and a signal ends the work with its reason: before f is called, and between slices', async () => {
    let calls = 0;
    const of: Plain = { ...two, f: (x) => (calls++, two.f(x)) };
    await expect(look(of, 'full', 1, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    expect(calls).toBe(0);
    const controller = new AbortController();
    const endless = function* (): Generator<void, never> {
      for (;;) {
        controller.abort(new Error('stop'));
        yield;
      }
    };
    await expect(drive(counted().pass, endless(), controller.signal)).rejects.toThrow('stop');
  });

  test('a function that has changed by the end of the check is told', async () => {
    const three = elementwise(square, [1, 2, 3]);
    const { pass } = await look(three, 'full');
    let calls = 0;
    const changed = (y: number): number => (calls === pass.subject.evaluations ? y + 1 : y);
    const of: Plain = { ...three, f: (x) => (calls++, three.f(x).map(changed)) };
    await expect(look(of, 'full')).rejects.toThrow(/not deterministic: called again/);
  });
});
