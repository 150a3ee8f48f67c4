/** Oracle: closed forms; of what TensorFlow.js 4.22.0 is known to get wrong, the numbers by hand. */
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../../src/backends/select.js';
import { assemble, type CaseDraft, type InputDraft, type SweepCase } from '../../../src/sweep/cases/case.js';
import { activeInputs, cotangentOf, secondCotangents } from '../../../src/sweep/cases/cotangents.js';
import { call, get, input, type Expression } from '../../../src/sweep/cases/expression.js';
import { observeBackend } from '../../../src/sweep/observation/backend.js';
import { observeDouble } from '../../../src/sweep/observation/double.js';
import { liesWithin } from '../../../src/sweep/observation/kinks.js';
import type { Outcome, Phase, StageObservation } from '../../../src/sweep/observation/observation.js';
import { observe } from '../../../src/sweep/observation/observe.js';
import { tensorCount } from '../../support/backends.js';
import { present } from '../../support/present.js';

beforeAll(async () => {
  await selectBackend('cpu');
});

const [x, y] = [input('x'), input('y')];
const at = (...values: number[]): InputDraft => ({ shape: [values.length], values });

const caseOf = (
  expression: Expression,
  inputs: Record<string, InputDraft>,
  more: Partial<CaseDraft> & Pick<SweepCase, 'cotangent' | 'plainSecond'> = {},
): SweepCase => {
  const { cotangent, plainSecond, ...draft } = more;
  const one = assemble('test', { op: 'test', inputs, expression, ...draft }, 1);
  return { ...one, ...(cotangent && { cotangent }), ...(plainSecond && { plainSecond }) };
};

function ok<T>(outcome: Outcome<T> | undefined): T {
  if (!outcome || 'error' in outcome) throw new Error(outcome?.error ?? 'nothing there');
  return outcome.ok;
}

const onCpu = (one: SweepCase): Promise<StageObservation> => observeBackend(one, 'cpu', () => {});
const inDouble = (one: SweepCase) => observeDouble(one, () => {});

function expectNear(got: readonly number[], wanted: readonly number[], digits: number): void {
  expect(got.length).toBe(wanted.length);
  got.forEach((value, i) => expect(value).toBeCloseTo(wanted[i], digits));
}

describe('a right case', () => {
  const one = caseOf(
    call('mul', call('exp', x), call('square', y)),
    { x: at(0.5, -1), y: at(1.5, 2) },
    { cotangent: [1, 2], order: 1 },
  );
  const [a, b] = [Math.exp(0.5), Math.exp(-1)];
  const values = [2.25 * a, 4 * b];
  const gradients = { x: [2.25 * a, 8 * b], y: [3 * a, 8 * b] };

  test('in float32, on cpu', async () => {
    const before = tensorCount();
    const { stage, forward, backward, leaks } = await onCpu(one);
    expect(stage).toBe('cpu');
    expect(ok(forward).shape).toEqual([2]);
    expectNear(ok(forward).values, values, 5);
    expectNear(present(ok(backward)['x']), gradients.x, 5);
    expectNear(present(ok(backward)['y']), gradients.y, 5);
    expect(ok(forward).values.every((value) => Math.fround(value) === value)).toBe(true);
    expect(leaks).toEqual({ forward: 0, backward: 0 });
    expect(tensorCount()).toBe(before);
  });

  test('in double precision, with differences', () => {
    const before = tensorCount();
    const { stage, forward, backward, differences, kernels, discrete, second } = inDouble(one);
    expect(stage).toBe('double');
    expectNear(ok(forward).values, values, 12);
    for (const name of ['x', 'y'] as const) {
      expectNear(present(ok(backward)[name]), gradients[name], 12);
      const entries = present(differences)[name];
      expectNear(
        entries.map(({ numerical }) => numerical),
        gradients[name],
        7,
      );
      expect(entries.map(({ state }) => state)).toEqual(['right', 'right']);
      expect(entries.every(({ errorBar }) => errorBar < 1e-6)).toBe(true);
    }
    expect(kernels.forward.sort()).toEqual(['Exp', 'Multiply', 'Square']);
    expect(kernels.backward).toEqual(expect.arrayContaining(kernels.forward));
    expect(discrete).toEqual([]);
    expect(second).toBeUndefined();
    expect(tensorCount()).toBe(before);
    expect(tf.getBackend()).toBe('cpu');
  });

  test('observe tells the two apart', async () => {
    expect((await observe(one, 'cpu')).stage).toBe('cpu');
    expect((await observe(one, 'double')).stage).toBe('double');
  });
});

describe('cotangents', () => {
  const one = caseOf(call('exp', x), { x: at(0.5, 1, 2) });

  test('are in 64ths, the same each time, and the case’s own where it has some', () => {
    const random = cotangentOf(one, 3);
    expect(Array.from(random).every((c) => Number.isInteger(64 * c) && Math.abs(c) >= 0.5)).toBe(true);
    expect(cotangentOf(one, 3)).toEqual(random);
    expect(cotangentOf({ ...one, id: 'other' }, 3)).not.toEqual(random);
    expect(Array.from(cotangentOf({ ...one, cotangent: [1, 2, 3] }, 3))).toEqual([1, 2, 3]);
    expect(secondCotangents({ ...one, plainSecond: true })).toEqual({ x: [1, 1, 1] });
    expect(secondCotangents({ ...one, cotangent: [1, 2, 3] })).toEqual(secondCotangents(one));
  });
});

describe('what is differentiated', () => {
  test('float32 inputs that are not held fast', async () => {
    const one = caseOf(
      call('add', call('gather', x, input('i')), call('mul', y, call('cast', input('b'), 'float32'))),
      {
        x: at(1, 2, 3),
        y: { ...at(4, 5), constant: true },
        i: { ...at(2, 0), dtype: 'int32' },
        b: { ...at(1, 0), dtype: 'bool' },
      },
      { cotangent: [1, 2] },
    );
    expect(activeInputs(one)).toEqual(['x']);
    for (const observation of [await onCpu(one), inDouble(one)]) {
      expect(ok(observation.forward).values).toEqual([7, 1]);
      expect(ok(observation.backward)).toEqual({ x: [2, 0, 1] });
    }
    expect(Object.keys(present(inDouble(one).differences))).toEqual(['x']);
  });

  test('an input that the output does not hang on has no gradient', async () => {
    const one = caseOf(call('add', x, call('mul', call('zerosLike', y), 2)), { x: at(1), y: at(2) });
    const { backward, differences } = inDouble(one);
    expect(ok(backward)['y'] ?? [0]).toEqual([0]);
    expect(differences?.['y'].map(({ numerical }) => numerical)).toEqual([0]);
    expect(differences?.['y'].map(({ state }) => state)).toEqual(['right']);
  });
});

describe('phases are told in order, before they begin', () => {
  const phasesOf = async (one: SweepCase, stage: 'cpu' | 'double'): Promise<Phase[]> => {
    const phases: Phase[] = [];
    await observe(one, stage, (phase) => phases.push(phase));
    return phases;
  };

  test.each<[string, SweepCase, Phase[], Phase[]]>([
    [
      'all',
      caseOf(call('square', x), { x: at(1, 2) }),
      ['forward', 'backward'],
      ['forward', 'backward', 'differences', 'second order'],
    ],
    [
      'the first order only',
      caseOf(call('square', x), { x: at(1) }, { order: 1 }),
      ['forward', 'backward'],
      ['forward', 'backward', 'differences'],
    ],
    [
      'no second order of a wrong first one',
      caseOf(call('einsum', 'i->', x), { x: at(1, 2) }),
      ['forward', 'backward'],
      ['forward', 'backward', 'differences'],
    ],
    ['a forward pass that throws', caseOf(call('reshape', x, [7]), { x: at(1) }), ['forward'], ['forward']],
  ])('%s', async (_what, one, cpu, double) => {
    expect(await phasesOf(one, 'cpu')).toEqual(cpu);
    expect(await phasesOf(one, 'double')).toEqual(double);
  });
});

test('a forward pass that throws is said, in the words of TensorFlow.js', async () => {
  const one = caseOf(call('reshape', x, [7]), { x: at(1, 2) });
  for (const observation of [await onCpu(one), inDouble(one)]) {
    expect(observation.forward).toMatchObject({ error: expect.stringMatching(/Size\(2\) must match/) });
    expect(observation.backward).toBeUndefined();
    expect(observation.leaks).toEqual({ forward: 0, backward: 0 });
  }
});

describe('what TensorFlow.js 4.22.0 gets wrong', () => {
  test('the second order of a function of exp: the output that exp saved is cut off', () => {
    const composed = (): SweepCase =>
      caseOf(
        call('square', call('exp', x)),
        { x: { shape: [], values: [0.5] } },
        { cotangent: [1], plainSecond: true },
      );
    const { differences, second } = inDouble(composed());
    expect(differences?.['x'].map(({ state }) => state)).toEqual(['right']);
    expect(second?.wrong?.input).toBe('x');
    expect(second?.wrong?.autodiff).toBeCloseTo(2 * Math.E, 3);
    expect(second?.wrong?.numerical).toBeCloseTo(4 * Math.E, 3);
    // Of the square alone it is right.
    expect(inDouble(caseOf(call('square', x), { x: at(0.5, 2) })).second).toEqual({});
  });

  test('wrong numbers are those of the first cotangent, whichever shows the error', () => {
    const one = caseOf(call('square', call('exp', x)), { x: at(0.5, -0.25, 1) });
    const [dy, weights] = [cotangentOf(one, 3), secondCotangents(one)['x']];
    const { entry, input: name, autodiff, numerical } = present(inDouble(one).second?.wrong);
    expect(name).toBe('x');
    const scale = Math.exp(2 * one.inputs['x'].values[entry]) * dy[entry] * weights[entry];
    expect(numerical / scale).toBeCloseTo(4, 6);
    expect(autodiff / scale).toBeCloseTo(2, 6);
  });

  test('max of [1, 3, 3]: outside of the brackets', async () => {
    const one = caseOf(call('max', x), { x: at(1, 3, 3) }, { kink: true, cotangent: [1] });
    const { backward, brackets, differences } = inDouble(one);
    expect(differences).toBeUndefined();
    expect(ok(backward)['x']).toEqual([0, 1, 1]);
    expect(liesWithin(present(brackets), 0, present(ok(backward)['x']))).toBe(false);
    expect(liesWithin(present(brackets), 0, [0, 0.5, 0.5])).toBe(true);
    expect(ok((await onCpu(one)).backward)['x']).toEqual([0, 1, 1]);
  });

  const where = caseOf(call('where', call('less', x, 0), call('neg', x), x), { x: at(-1, 2) });

  test('where(x < 0, -x, x): Less is asked for a gradient; tensors of the tape are left behind, and counted', async () => {
    const { forward, backward, leaks } = await onCpu(where);
    expect(ok(forward).values).toEqual([1, 2]);
    expect(backward).toEqual({ error: expect.stringMatching(/gradient function not found for Less/) });
    expect(leaks.forward).toBe(0);
    expect(leaks.backward).toBeGreaterThan(0);
    const before = tensorCount();
    const double = inDouble(where);
    // By a line of the core, as its stack tells.
    expect(double.backward).toEqual({ ...backward, origin: 'core' });
    expect(double.discrete).toContain('Less');
    expect(double.discrete).not.toContain('Select');
    // The differences are there all the same.
    const dy = cotangentOf(where, 2);
    expectNear(
      present(double.differences)['x'].map(({ numerical }) => numerical),
      [-dy[0], dy[1]],
      7,
    );
    expect(tensorCount()).toBe(before);
  });

  test('after a gradient that threw, the next case is as it would be', async () => {
    await onCpu(where);
    const { backward, leaks } = await onCpu(caseOf(call('square', x), { x: at(3) }, { cotangent: [1] }));
    expect(ok(backward)).toEqual({ x: [6] });
    expect(leaks).toEqual({ forward: 0, backward: 0 });
  });

  test('batchNorm without scale throws in its gradient', async () => {
    const inputs = {
      x: { shape: [2, 2], values: [1, 2, 3, 5] },
      y: at(1, 2),
      v: at(1, 3),
      s: at(2, 0.5),
      o: at(0, 1),
    };
    const args = [x, y, input('v')];
    const without = caseOf(call('batchNorm', ...args), inputs);
    expect((await onCpu(without)).backward).toHaveProperty('error');
    expect(inDouble(without).backward).toHaveProperty('error');
    expect(inDouble(without).differences?.['x'].every(({ numerical }) => Number.isFinite(numerical))).toBe(
      true,
    );
    const withScale = caseOf(call('batchNorm', ...args, input('o'), input('s')), inputs);
    expect((await onCpu(withScale)).backward).toHaveProperty('ok');
  });

  test("avgPool's gradient on cpu, of windows that reach over the edge", async () => {
    const one = caseOf(
      call('avgPool', x, 2, 1, 'same'),
      { x: { shape: [1, 2, 2, 1], values: [1, 1, 1, 1] } },
      { cotangent: [1, 2, 3, 4] },
    );
    expectNear(present(ok((await onCpu(one)).backward)['x']), [0.25, 0.75, 1, 2.5], 6);
    // The double-precision backend has a kernel of its own.
    const { differences, backward, kernels } = inDouble(one);
    const right = [0.25, 1.25, 1.75, 6.75];
    expectNear(present(ok(backward)['x']), right, 12);
    expectNear(
      present(differences)['x'].map(({ numerical }) => numerical),
      right,
      6,
    );
    expect(differences?.['x'].every(({ state }) => state === 'right')).toBe(true);
    expect(kernels.backward).toContain('AvgPoolGrad');
  });

  test('einsum has no gradient', async () => {
    const one = caseOf(
      call('einsum', 'ij->j', x),
      { x: { shape: [2, 2], values: [1, 2, 3, 4] } },
      { cotangent: [1, 2] },
    );
    const missing = { error: expect.stringMatching(/gradient function not found for Einsum/) };
    expect((await onCpu(one)).backward).toEqual(missing);
    const { backward, differences, discrete } = inDouble(one);
    expect(backward).toEqual({ ...missing, origin: 'core' });
    expectNear(
      present(differences)['x'].map(({ numerical }) => numerical),
      [1, 2, 1, 2],
      7,
    );
    expect(discrete).toEqual([]);
  });

  test('a gradient that has no gradient fails in the second order', () => {
    const { second } = inDouble(
      caseOf(call('avgPool', x, 1, 1, 'valid'), { x: { shape: [1, 2, 1, 1], values: [1, 2] } }),
    );
    expect(second?.failure).toMatch(/AvgPoolGrad/);
  });

  test('where tanh saved all there is, the second order does not reach the input at all', () => {
    const { second } = inDouble(
      caseOf(call('tanh', x), { x: at(0.5) }, { cotangent: [1], plainSecond: true }),
    );
    expect(second).toMatchObject({ unreached: true, wrong: { input: 'x', autodiff: 0 } });
    const t = Math.tanh(0.5);
    expect(second?.wrong?.numerical).toBeCloseTo(-2 * t * (1 - t * t), 7);
  });
});

test('a kernel that gives real numbers too is not among those that have no derivative', () => {
  const cast = (of: Expression): Expression => call('cast', of, 'float32');
  const both = call('add', call('neg', x), cast(call('neg', input('i'))));
  const i: InputDraft = { ...at(2), dtype: 'int32' };
  expect(inDouble(caseOf(both, { x: at(1), i })).discrete).not.toContain('Neg');
  const whole = call('add', x, cast(call('neg', input('i'))));
  expect(inDouble(caseOf(whole, { x: at(1), i })).discrete).toContain('Neg');
});

test('a member of what an op gives', async () => {
  const one = caseOf(get(call('moments', x), 'variance'), { x: at(1, 3) }, { cotangent: [1] });
  expect(ok((await onCpu(one)).forward)).toEqual({ shape: [], values: [1] });
  expectNear(present(ok(inDouble(one).backward)['x']), [-1, 1], 12);
});
