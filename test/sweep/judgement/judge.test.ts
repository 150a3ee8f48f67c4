/** Oracle: observations made by hand, whose fault is known. */
import { describe, expect, test } from '@jest/globals';
import { assemble, type SweepCase } from '../../../src/sweep/cases/case.js';
import { cotangentOf } from '../../../src/sweep/cases/cotangents.js';
import { call, input } from '../../../src/sweep/cases/expression.js';
import { isCrash } from '../../../src/sweep/judgement/errors.js';
import { worse, type Hit } from '../../../src/sweep/judgement/hit.js';
import { judge } from '../../../src/sweep/judgement/judge.js';
import type { Oracle } from '../../../src/sweep/judgement/situation.js';
import { listText, number } from '../../../src/sweep/judgement/words.js';
import type {
  Difference,
  DoubleObservation,
  Gradients,
  LostObservation,
  Observation,
  Outcome,
  Stage,
  StageObservation,
  SweepBackend,
  Values,
} from '../../../src/sweep/observation/observation.js';

const one: SweepCase = assemble(
  'test',
  { op: 'op', inputs: { x: { shape: [2], values: [0.5, 1] } }, expression: call('op', input('x'), 2) },
  1,
);

const VALUES = [1, 2];
const GRADIENT = [3, -4];

const values = (...numbers: number[]): Outcome<Values> => ({
  ok: { shape: [numbers.length], values: numbers },
});
const gradient = (...x: number[]): Outcome<Gradients> => ({ ok: { x } });
const error = (text: string): { error: string } => ({ error: text });
const differences = (numbers: readonly number[], state: Difference['state'] = 'right'): Difference[] =>
  numbers.map((numerical) => ({ numerical, errorBar: 1e-9, state }));

const stage = (name: Stage, part: Partial<StageObservation> = {}): StageObservation => ({
  stage: name,
  forward: values(...VALUES),
  backward: gradient(...GRADIENT),
  leaks: { forward: 0, backward: 0 },
  ...part,
});

const double = (part: Partial<DoubleObservation> = {}): DoubleObservation => ({
  ...stage('double'),
  differences: { x: differences(GRADIENT) },
  kernels: { forward: ['Op'], backward: ['Op', 'Multiply'] },
  discrete: [],
  // A kernel of the cpu backend's own.
  stock: ['Op', 'OpGrad'],
  ...part,
  stage: 'double',
});

type Parts = Partial<Record<SweepBackend, Partial<StageObservation>>> & {
  double?: Partial<DoubleObservation>;
};

/** Observations on cpu, wasm and tensorflow, right but for what is given. */
const observed = (
  parts: Parts = {},
  backends: SweepBackend[] = ['cpu', 'wasm', 'tensorflow'],
): Observation[] => [double(parts.double), ...backends.map((name) => stage(name, parts[name]))];

/** A finding in one line. */
const line = ({ kind, backend, direction, witness }: Hit): string =>
  `${kind} ${backend} ${direction}, ${witness ? `${witness.kind}: ${witness.by}` : 'no witness'}`;
const linesOf = (observations: Observation[], of = one, oracle?: Oracle): string[] =>
  judge(of, observations, oracle).hits.map(line);

const wrongForward = { forward: values(1, 2.5) };
const wrongBackward = { backward: gradient(3, -5) };
/** In double precision, with the verdict of the comparison. */
const wrongDouble: Partial<DoubleObservation> = {
  ...wrongBackward,
  differences: { x: differences(GRADIENT, 'wrong') },
};

/** The same by a kernel that computes a gradient, and that is the cpu backend's own. */
const wrongByKernel: Partial<DoubleObservation> = {
  ...wrongDouble,
  kernels: { forward: ['Op'], backward: ['OpGrad'] },
};

const oracle = (part: Partial<Oracle> = {}): Oracle => ({
  by: 'another',
  forward: VALUES,
  gradients: { x: GRADIENT },
  ...part,
});

test('a right case: no hits, and all cells are right', () => {
  const judgement = judge(one, observed({ double: { second: {} } }));
  expect(judgement).toEqual({
    hits: [],
    backends: { cpu: 'right', wasm: 'right', tensorflow: 'right' },
    formula: 'right',
    second: 'right',
  });
  expect(judge(one, observed(), oracle()).hits).toEqual([]);
  expect(judge(one, observed()).second).toBe('not run');
});

test('a hit says what it is, where and by which numbers', () => {
  const { hits } = judge({ ...one, variant: 'some thing' }, observed({ wasm: wrongBackward }));
  expect(hits).toEqual([
    {
      id: 'op-(some-thing)/kernel/wasm/backward',
      op: 'op',
      family: 'test',
      kind: 'kernel',
      backend: 'wasm',
      direction: 'backward',
      input: 'x',
      message: "The wasm backend's gradient is wrong.",
      got: '[3, -5]',
      expected: '[3, -4]',
      witness: { kind: 'backend', by: 'backend tensorflow' },
    },
  ]);
});

describe('values', () => {
  test.each<[string, Parts, string[]]>([
    ['wasm alone', { wasm: wrongForward }, ['kernel wasm forward, backend: backend tensorflow']],
    ['tensorflow alone', { tensorflow: wrongForward }, ['kernel tensorflow forward, backend: backend wasm']],
    [
      'the shape',
      { wasm: { forward: { ok: { shape: [1, 2], values: VALUES } } } },
      ['kernel wasm forward, backend: backend tensorflow'],
    ],
    [
      'a number where an infinity is due',
      {
        double: { forward: values(1, Infinity) },
        cpu: { forward: values(1, Infinity) },
        tensorflow: { forward: values(1, Infinity) },
      },
      ['kernel wasm forward, backend: backend tensorflow'],
    ],
    ['NaN', { wasm: { forward: values(1, NaN) } }, ['kernel wasm forward, backend: backend tensorflow']],
    [
      'an infinity',
      { wasm: { forward: values(1, Infinity) } },
      ['kernel wasm forward, backend: backend tensorflow'],
    ],
    ['too few', { wasm: { forward: values(1) } }, ['kernel wasm forward, backend: backend tensorflow']],
    [
      'nothing at all on cpu',
      {
        double: { forward: { ok: { shape: [2], values: [] } } },
        cpu: { forward: { ok: { shape: [2], values: [] } } },
      },
      ['kernel cpu forward, backend: backend wasm'],
    ],
  ])('wrong: %s', (_what, parts, lines) => {
    expect(linesOf(observed(parts))).toEqual(lines);
  });

  test('a backend that is wrong in both passes is so in the first', () => {
    const { hits, backends } = judge(one, observed({ wasm: { ...wrongForward, ...wrongBackward } }));
    expect(hits.map(({ id }) => id)).toEqual(['op/kernel/wasm/forward']);
    expect(backends).toEqual({ cpu: 'right', wasm: 'wrong', tensorflow: 'right' });
  });

  test('cpu and wasm wrong, tensorflow right: an oracle tells', () => {
    const parts = { double: wrongForward, cpu: wrongForward, wasm: wrongForward };
    expect(linesOf(observed(parts), one, oracle())).toEqual([
      'kernel cpu forward, another library: another',
      'kernel wasm forward, another library: another',
    ]);
    // An oracle of the wrong values blames the other.
    expect(linesOf(observed(parts), one, oracle({ forward: [1, 2.5] }))).toEqual([
      'kernel tensorflow forward, another library: another',
    ]);
  });

  test('a closed form is a witness of its own', () => {
    const exp: SweepCase = { ...one, op: 'exp', expression: call('exp', input('x')) };
    const forward = values(Math.exp(0.5), Math.E);
    const dy = cotangentOf(exp, 2);
    const slopes = [Math.exp(0.5) * dy[0], Math.E * dy[1]];
    const right = { forward, backward: gradient(...slopes) };
    const right64 = { ...right, differences: { x: differences(slopes) } };
    const all = { cpu: right, wasm: right, tensorflow: right, double: right64 };
    expect(linesOf(observed(all), exp)).toEqual([]);
    expect(linesOf(observed({ ...all, wasm: { ...right, ...wrongForward } }), exp)).toEqual([
      'kernel wasm forward, closed form: closed form',
    ]);
    const wrong = { ...right, ...wrongForward };
    expect(
      linesOf(
        observed({ double: { ...right64, ...wrongForward }, cpu: wrong, wasm: wrong, tensorflow: wrong }),
        exp,
      ),
    ).toEqual(
      ['cpu', 'wasm', 'tensorflow'].map((backend) => `kernel ${backend} forward, closed form: closed form`),
    );
    // By kernels that are right, or simple: not theirs.
    const simple = { ...right64, ...wrongForward, stock: ['Exp'] };
    expect(linesOf(observed({ double: simple, cpu: wrong, wasm: wrong, tensorflow: wrong }), exp)).toEqual([
      'formula core forward, closed form: closed form',
    ]);
    const slope = { ...right, ...wrongBackward };
    const formula = { ...right64, ...wrongBackward, differences: { x: differences(slopes, 'wrong') } };
    expect(linesOf(observed({ double: formula, cpu: slope, wasm: slope, tensorflow: slope }), exp)).toEqual([
      'formula core backward, closed form: closed form',
    ]);
    // Where the differences say otherwise, it is no witness.
    const other = { ...formula, differences: { x: differences([9, 9], 'wrong') } };
    expect(linesOf(observed({ double: other, cpu: slope, wasm: slope, tensorflow: slope }), exp)).toEqual([
      'formula core backward, no witness',
    ]);
  });
});

describe('gradients', () => {
  test.each<[string, Parts, SweepBackend[] | undefined, string[]]>([
    ['wasm alone', { wasm: wrongBackward }, undefined, ['kernel wasm backward, backend: backend tensorflow']],
    [
      'wasm alone, with nobody beside cpu',
      { wasm: wrongBackward },
      ['cpu', 'wasm'],
      ['kernel wasm backward, backend: the double-precision kernels'],
    ],
    [
      'cpu in float32 only',
      { cpu: wrongBackward },
      undefined,
      ['kernel cpu backward, backend: backend wasm'],
    ],
    [
      'cpu and wasm, by a gradient kernel of their own; tensorflow right',
      { double: wrongByKernel, cpu: wrongBackward, wasm: wrongBackward },
      undefined,
      [
        'kernel cpu backward, backend: backend tensorflow',
        'kernel wasm backward, backend: backend tensorflow',
      ],
    ],
    [
      'everyone',
      { double: wrongDouble, cpu: wrongBackward, wasm: wrongBackward, tensorflow: wrongBackward },
      undefined,
      ['formula core backward, no witness'],
    ],
    [
      'everyone, by a gradient kernel of their own',
      { double: wrongByKernel, cpu: wrongBackward, wasm: wrongBackward },
      ['cpu', 'wasm'],
      ['kernel cpu backward, no witness', 'kernel wasm backward, no witness'],
    ],
    [
      'everyone, by kernels that are right in double precision',
      { double: { ...wrongByKernel, stock: [] }, cpu: wrongBackward, wasm: wrongBackward },
      ['cpu', 'wasm'],
      ['formula core backward, no witness'],
    ],
    [
      'everyone, by windows that the core places wrongly',
      {
        double: { misplacing: 'get3DPadAndOutInfo' },
        cpu: wrongBackward,
        wasm: wrongBackward,
      },
      ['cpu', 'wasm'],
      ['formula core backward, backend: the double-precision kernels'],
    ],
  ])('wrong: %s', (_what, parts, backends, lines) => {
    expect(linesOf(observed(parts, backends))).toEqual(lines);
  });

  test('cells follow', () => {
    const kernel = judge(one, observed({ double: wrongByKernel, cpu: wrongBackward, wasm: wrongBackward }));
    expect(kernel).toMatchObject({
      backends: { cpu: 'wrong', wasm: 'wrong', tensorflow: 'right' },
      formula: 'right',
    });
    const all = { double: wrongDouble, cpu: wrongBackward, wasm: wrongBackward, tensorflow: wrongBackward };
    expect(judge(one, observed(all))).toMatchObject({
      backends: { cpu: 'right', wasm: 'right', tensorflow: 'right' },
      formula: 'wrong',
    });
  });

  test('an input that autodiff does not reach has zeros', () => {
    const unreached: Outcome<Gradients> = { ok: { x: null } };
    const part = { backward: unreached };
    const parts = { cpu: part, wasm: part, tensorflow: part };
    const wrong = { ...part, differences: { x: differences(GRADIENT, 'wrong') } };
    const [hit, ...others] = judge(one, observed({ ...parts, double: wrong })).hits;
    expect(others).toEqual([]);
    expect(hit).toMatchObject({
      kind: 'formula',
      got: '[0, 0]',
      message: "The gradient's formula is wrong: it is 0.",
    });
    const zero = { ...part, differences: { x: differences([0, 0]) } };
    expect(linesOf(observed({ ...parts, double: zero }))).toEqual([]);
  });

  test('one factor for all entries is named; of several inputs the one', () => {
    const two = assemble('test', { op: 'op', inputs: { x: { shape: [2], values: [1, 2] }, y: { shape: [2], values: [1, 2] } }, expression: call('op', input('x'), input('y')) }, 1); // prettier-ignore
    const backward: Outcome<Gradients> = { ok: { x: GRADIENT, y: [10, 20] } };
    const part = { backward };
    const wrong = { ...part, differences: { x: differences(GRADIENT), y: differences([5, 10], 'wrong') } };
    const [hit] = judge(two, observed({ double: wrong, cpu: part, wasm: part, tensorflow: part })).hits;
    expect(hit).toMatchObject({
      input: 'y',
      message: "The gradient's formula is wrong for y: it is 2 times what it should be.",
    });
    // A single entry has no factor in common with others.
    const single = { ...part, differences: { x: differences([GRADIENT[0], -8], 'wrong') } };
    expect(judge(one, observed({ double: single })).hits[0].message).toBe("The gradient's formula is wrong.");
  });

  test.each<Difference['state']>(['kink', 'blind'])(
    'entries whose difference is %s are not judged',
    (state) => {
      const [first, second] = [differences([3])[0], differences([9], state)[0]];
      expect(linesOf(observed({ double: { differences: { x: [first, second] } } }))).toEqual([]);
      const wrong = { ...first, numerical: 7, state: 'wrong' as const };
      const parts = { double: { differences: { x: [wrong, second] } } };
      expect(linesOf(observed(parts))).toEqual(['formula core backward, no witness']);
    },
  );

  test('NaN in a gradient is wrong', () => {
    const part = { backward: gradient(3, NaN) };
    const bad = { ...part, differences: { x: [differences([3])[0], differences([-4], 'nonFinite')[0]] } };
    expect(linesOf(observed({ double: bad, cpu: part, wasm: part, tensorflow: part }))).toEqual([
      'formula core backward, no witness',
    ]);
  });

  test("another library's numbers are a witness only where they agree with the differences", () => {
    const all = { double: wrongDouble, cpu: wrongBackward, wasm: wrongBackward, tensorflow: wrongBackward };
    expect(linesOf(observed(all), one, oracle())).toEqual([
      'formula core backward, another library: another',
    ]);
    for (const x of [[3, -5], [3], [NaN, -4], null]) {
      expect(linesOf(observed(all), one, oracle({ gradients: { x } }))).toEqual([
        'formula core backward, no witness',
      ]);
    }
  });
});

describe('tolerances: just inside and just outside', () => {
  const off = (size: number): Parts => ({ wasm: { forward: values(1 + size, 2) } });
  const offBackward = (size: number): Parts => ({ wasm: { backward: gradient(3 + size, -4) } });
  const entrywise: SweepCase = { ...one, entrywise: true };

  test.each<[string, SweepCase, (size: number) => Parts, number]>([
    ['values, of the largest', one, off, 2e-4 * 2 + 2e-6],
    ['values, entry by entry', entrywise, off, 2e-3],
    ['gradients, of the largest', one, offBackward, 1e-3 * 4 + 2e-6],
    ['gradients, entry by entry', entrywise, offBackward, 2e-3 * 3],
  ])('%s', (_what, of, parts, allowed) => {
    for (const sign of [1, -1]) {
      expect(linesOf(observed(parts(sign * 0.99 * allowed)), of)).toEqual([]);
      expect(linesOf(observed(parts(sign * 1.01 * allowed)), of)).toHaveLength(1);
    }
  });

  test('a graphics card may be off by 2^-11 where a processor may not, and by no more', () => {
    const on = (backend: SweepBackend, by: number): string[] =>
      linesOf(observed({ [backend]: { forward: values(1 + by, 2) } }, ['cpu', backend, 'tensorflow']));
    expect(on('webgl', 1e-3)).toEqual([]);
    expect(on('webgpu', 1e-3)).toEqual([]);
    expect(on('wasm', 1e-3)).toEqual(['kernel wasm forward, backend: backend tensorflow']);
    expect(on('webgl', 5e-3)).toEqual(['kernel webgl forward, backend: backend tensorflow']);
  });

  test("the differences' own error bars count", () => {
    const bars = differences(GRADIENT).map((difference) => ({ ...difference, errorBar: 0.5 }));
    const parts = (value: number): Parts => ({
      double: { differences: { x: bars } },
      wasm: { backward: gradient(value, -4) },
    });
    expect(linesOf(observed(parts(4.4)))).toEqual([]);
    expect(linesOf(observed(parts(4.6)))).toHaveLength(1);
  });

  test('a small entry beside a large one: judged by itself only entry by entry', () => {
    const [mixed, wrong] = [values(1e-8, 2), values(2e-8, 2)];
    const parts: Parts = { double: { forward: mixed }, cpu: { forward: mixed }, tensorflow: { forward: mixed }, wasm: { forward: wrong } }; // prettier-ignore
    expect(linesOf(observed(parts))).toEqual([]);
    expect(linesOf(observed(parts), entrywise)).toEqual(['kernel wasm forward, backend: backend tensorflow']);
  });

  test('entry by entry, what float32 cannot do on cpu either is no finding', () => {
    const parts = { cpu: wrongBackward, wasm: wrongBackward };
    expect(linesOf(observed(parts), entrywise)).toEqual([]);
    expect(linesOf(observed({ wasm: wrongBackward }), entrywise)).toHaveLength(1);
    expect(linesOf(observed(parts))).toHaveLength(2);
    // A formula that is wrong in doubles is.
    const all = { double: wrongDouble, ...parts, tensorflow: wrongBackward };
    expect(linesOf(observed(all), entrywise)).toEqual(['formula core backward, no witness']);
  });

  test('a formula that is off by less than float32 shows is a finding all the same', () => {
    const almost = {
      double: { backward: gradient(3, -4.0001), differences: { x: differences(GRADIENT, 'wrong') } },
    };
    expect(linesOf(observed(almost))).toEqual(['formula core backward, no witness']);
  });
});

const noGradient = (op: string): { error: string } =>
  error(`Cannot compute gradient: gradient function not found for ${op}.`);
/** An error whose first line in TensorFlow.js is a kernel's. */
const byKernel = { error: 'Oh.', origin: 'kernel' as const };
const noKernel = (backend: string): { error: string } =>
  error(`Kernel 'Op' not registered for backend '${backend}'`);

describe('errors', () => {
  const everywhere = (backward: { error: string }, part: Partial<DoubleObservation> = {}): Observation[] =>
    observed({
      double: { backward, ...part },
      cpu: { backward },
      wasm: { backward },
      tensorflow: { backward },
    });

  test('no gradient: missing', () => {
    const judgement = judge(one, everywhere(noGradient('Einsum')));
    expect(judgement.hits.map(line)).toEqual(['no gradient core backward, observed: the error']);
    expect(judgement.hits[0]).toMatchObject({
      id: 'op/no-gradient/core/backward/Einsum',
      message: 'Einsum has no gradient registered.',
      got: noGradient('Einsum').error,
    });
    expect(judgement).toMatchObject({ formula: 'missing', backends: { cpu: 'right' } });
  });

  test('no gradient where nothing changes: none is needed', () => {
    expect(
      judge(one, everywhere(noGradient('Floor'), { differences: { x: differences([0, 0]) } })).hits,
    ).toEqual([]);
  });

  test('no gradient of what has no derivative: the gradient throws', () => {
    const judgement = judge(one, everywhere(noGradient('Less'), { discrete: ['Less'] }));
    expect(judgement.hits.map(line)).toEqual(['throws core backward, observed: the error']);
    expect(judgement.hits[0].message).toMatch(/asks for a gradient of Less, which has none and needs none/);
    expect(judgement.formula).toBe('wrong');
  });

  test('another library that has the gradient is a witness', () => {
    const observations = everywhere(noGradient('Einsum'));
    expect(linesOf(observations, one, oracle())).toEqual([
      'no gradient core backward, another library: another',
    ]);
    expect(linesOf(observations, one, oracle({ gradients: { x: null } }))).toEqual([
      'no gradient core backward, observed: the error',
    ]);
  });

  test.each<[string, Parts, string[]]>([
    [
      'the gradient on every backend',
      Object.fromEntries(
        ['double', 'cpu', 'wasm', 'tensorflow'].map((name) => [name, { backward: error('Oh.') }]),
      ),
      ['throws core backward, observed: the error'],
    ],
    [
      'the gradient of the cpu kernels',
      { double: { backward: byKernel }, cpu: { backward: byKernel } },
      ['throws cpu backward, observed: the error'],
    ],
    [
      'the gradient on wasm',
      { wasm: { backward: error('Oh.') } },
      ['throws wasm backward, observed: the error'],
    ],
    [
      'the values on wasm',
      { wasm: { forward: error('Oh.'), backward: undefined } },
      ['throws wasm forward, observed: the error'],
    ],
    [
      'the values of the cpu kernels',
      { double: { forward: byKernel }, cpu: { forward: byKernel } },
      ['throws cpu forward, observed: the error'],
    ],
    [
      'no kernel',
      { wasm: { forward: noKernel('wasm') } },
      ['kernel missing wasm forward, observed: the error'],
    ],
    [
      'no kernel of the gradient',
      { wasm: { backward: noKernel('wasm') } },
      ['kernel missing wasm backward, observed: the error'],
    ],
    [
      'no cpu kernel of the gradient, and none of wasm',
      {
        double: { backward: noKernel('float64') },
        cpu: { backward: noKernel('cpu') },
        wasm: { backward: noKernel('wasm') },
      },
      [
        'kernel missing cpu backward, observed: the error',
        'kernel missing wasm backward, observed: the error',
      ],
    ],
    [
      'WebAssembly traps',
      { wasm: { backward: error('memory access out of bounds') } },
      ['crashes wasm backward, observed: the error'],
    ],
  ])('%s', (_what, parts, lines) => {
    expect(linesOf(observed(parts))).toEqual(lines);
  });

  test('cells: missing, wrong', () => {
    const cells = (parts: Parts) => judge(one, observed(parts)).backends;
    expect(cells({ wasm: { forward: noKernel('wasm') } })).toEqual({
      cpu: 'right',
      wasm: 'missing',
      tensorflow: 'right',
    });
    expect(cells({ wasm: { forward: error('Oh.') } })).toEqual({
      cpu: 'right',
      wasm: 'wrong',
      tensorflow: 'right',
    });
  });

  test.each(['memory access out of bounds', 'unreachable', 'table index is out of bounds', 'Aborted(OOM)'])(
    '%s is a crash',
    (message) => {
      expect(isCrash(message)).toBe(true);
      expect(isCrash(`RuntimeError: ${message}`)).toBe(true);
    },
  );

  test.each(['Error in reshape: shapes do not match', 'Index out of bounds', 'aborted', ''])(
    '%j is none',
    (message) => {
      expect(isCrash(message)).toBe(false);
    },
  );
});

describe('where double precision has no answer', () => {
  const throwing = { forward: error('Oh.') };

  test('an error that all have is the core’s, others are their backends’', () => {
    const all = { double: throwing, cpu: throwing, wasm: throwing, tensorflow: throwing };
    expect(linesOf(observed(all))).toEqual(['throws core forward, observed: the error']);
    const missing = { forward: error("Kernel 'Op' not registered for backend 'wasm'") };
    const kernel = { forward: byKernel };
    expect(linesOf(observed({ double: kernel, cpu: kernel, wasm: missing }))).toEqual([
      'throws cpu forward, observed: the error',
      'kernel missing wasm forward, observed: the error',
    ]);
  });

  test('a gradient that throws on cpu hides no trap of wasm', () => {
    const parts = {
      double: { backward: byKernel },
      cpu: { backward: byKernel },
      wasm: { backward: error('memory access out of bounds') },
    };
    expect(linesOf(observed(parts))).toEqual([
      'throws cpu backward, observed: the error',
      'crashes wasm backward, observed: the error',
    ]);
  });

  test('what was not judged is not called right', () => {
    const kernel = { forward: byKernel };
    expect(judge(one, observed({ double: kernel, cpu: kernel })).backends).toEqual({
      cpu: 'wrong',
      wasm: 'not run',
      tensorflow: 'not run',
    });
  });
});

describe('what never came to its end', () => {
  const lost = (
    name: Stage,
    how: LostObservation['lost'],
    phase: LostObservation['phase'] = 'backward',
  ): LostObservation => ({
    stage: name,
    lost: how,
    phase,
    message: `${how} in ${phase}`,
  });
  const linesAndCells = (observations: Observation[]) => {
    const { hits, backends, second } = judge(one, observations);
    return { lines: hits.map(line), backends, second };
  };

  test.each<['hangs' | 'crashes' | 'memory', string]>([
    ['hangs', 'hangs'],
    ['crashes', 'crashes'],
    ['memory', 'crashes'],
  ])('%s', (how, kind) => {
    const { lines, backends } = linesAndCells([double(), stage('cpu'), lost('wasm', how)]);
    expect(lines).toEqual([`${kind} wasm backward, observed: the process`]);
    expect(backends).toEqual({ cpu: 'right', wasm: 'wrong' });
  });

  test('in double precision: the cpu kernels’ fault, said once', () => {
    const { lines, backends } = linesAndCells([lost('double', 'hangs', 'differences'), stage('cpu')]);
    expect(lines).toEqual(['hangs cpu forward, observed: the process']);
    expect(backends.cpu).toBe('wrong');
    expect(linesAndCells([lost('double', 'hangs'), lost('cpu', 'hangs')]).lines).toEqual([
      'hangs cpu backward, observed: the process',
    ]);
    expect(linesAndCells([lost('double', 'hangs', 'second order'), stage('cpu')]).second).toBe('wrong');
  });

  test('the others are judged all the same', () => {
    expect(
      linesAndCells([...observed({ tensorflow: wrongForward }, ['cpu', 'tensorflow']), lost('wasm', 'hangs')])
        .lines,
    ).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^kernel tensorflow forward/),
        expect.stringMatching(/^hangs wasm/),
      ]),
    );
  });
});

describe('leaks', () => {
  const leaking = (forward: number, backward: number) => ({ leaks: { forward, backward } });

  test('of one backend, of all, and of a gradient that throws', () => {
    const single = judge(one, observed({ wasm: leaking(2, 0) }));
    expect(single.hits.map(line)).toEqual(['leaks wasm forward, observed: tf.memory()']);
    expect(single.hits[0].got).toBe('2 tensors more than before');
    expect(single.backends.wasm).toBe('wrong');
    const all = judge(one, observed({ cpu: leaking(0, 1), wasm: leaking(0, 1), tensorflow: leaking(0, 1) }));
    expect(all.hits.map(line)).toEqual(['leaks core backward, observed: tf.memory()']);
    expect(all.hits[0]).toMatchObject({ id: 'op/leaks/core/backward', got: '1 tensor more than before' });
    expect(all).toMatchObject({ formula: 'right', backends: { cpu: 'right' } });
    const thrown = { backward: error('Oh.'), ...leaking(0, 3) };
    const { hits } = judge(
      one,
      observed({ double: { backward: error('Oh.') }, cpu: thrown, wasm: thrown, tensorflow: thrown }),
    );
    expect(hits.map(({ id }) => id)).toEqual([
      'grad-that-throws/leaks/core/backward',
      'op/throws/core/backward/Oh',
    ]);
    expect(hits[0]).toMatchObject({ op: 'grad that throws', family: 'core' });
  });

  test('of a forward pass that throws, of that; not of one that crashes a backend', () => {
    const thrown = { forward: error('Oh.'), ...leaking(2, 0) };
    const { hits } = judge(one, observed({ double: { forward: error('Oh.') }, cpu: thrown, wasm: thrown }));
    expect(hits.map(({ id }) => id)).toContain('op/leaks/core/forward');
    const crashed = { forward: error('memory access out of bounds'), ...leaking(2, 0) };
    expect(judge(one, observed({ wasm: crashed })).hits.map(({ id }) => id)).toEqual([
      'op/crashes/wasm/forward',
    ]);
  });

  test('none where there are none', () => {
    expect(judge(one, observed({ wasm: leaking(0, 0) })).hits).toEqual([]);
  });
});

describe('the second order', () => {
  const wrong = {
    wrong: { input: 'x', entry: 1, autodiff: 2, numerical: 4, errorBar: 1e-9 },
    autodiff: [1, 2],
  };
  const second = (part: object, more: Partial<DoubleObservation> = {}) =>
    observed({ double: { second: part, ...more } });

  test('wrong numbers', () => {
    const judgement = judge(one, second(wrong));
    expect(judgement.hits.map(line)).toEqual(['formula core second order, no witness']);
    expect(judgement.hits[0]).toMatchObject({
      id: 'op/formula/core/second-order',
      input: 'x',
      message: "The gradient's gradient is wrong by x.",
      got: '2 at entry 1',
      expected: '4',
    });
    expect(judgement).toMatchObject({ formula: 'right', second: 'wrong' });
  });

  test('an oracle that agrees with the differences is a witness, one that does not is none', () => {
    const by = (x: number[]) => linesOf(second(wrong), one, oracle({ second: { x } }));
    expect(by([1, 4.0001])).toEqual(['formula core second order, another library: another']);
    expect(by([1, 4.01])).toEqual(['formula core second order, no witness']);
    expect(by([1])).toEqual(['formula core second order, no witness']);
    expect(linesOf(second(wrong), one, oracle())).toEqual(['formula core second order, no witness']);
  });

  test.each([noGradient('OpGrad').error, 'OpGrad has no gradient in TensorFlow.js. Where none is needed …'])(
    'no gradient: %s',
    (failure) => {
      const judgement = judge(one, second({ failure }));
      expect(judgement.hits.map(line)).toEqual(['no gradient core second order, observed: the error']);
      expect(judgement.second).toBe('missing');
      expect(linesOf(second({ failure }, { discrete: ['OpGrad'] }))).toEqual([
        'throws core second order, observed: the error',
      ]);
    },
  );

  test('an oracle whose second derivative is not 0 is a witness of a failure', () => {
    const { error: failure } = noGradient('OpGrad');
    expect(linesOf(second({ failure }), one, oracle({ second: { x: [0, 1] } }))).toEqual([
      'no gradient core second order, another library: another',
    ]);
    expect(linesOf(second({ failure }), one, oracle({ second: { x: [0, 0] } }))).toEqual([
      'no gradient core second order, observed: the error',
    ]);
  });
});

describe('kinks', () => {
  const kink: SweepCase = { ...one, kink: true };
  const bracket = (direction: number[], low: number, high: number) => ({ input: 0, direction, low, high });
  /** Of the maximum of two that are equal. */
  const tie = [bracket([1, 0], 0, 1), bracket([0, 1], 0, 1), bracket([1, 1], 1, 1)];
  const at = (x: number[], parts: Parts = {}): Observation[] => {
    const part = { backward: gradient(...x) };
    return observed({
      cpu: part,
      wasm: part,
      tensorflow: part,
      ...parts,
      double: { ...part, differences: undefined, brackets: tie },
    });
  };

  test('a subgradient is a convention, and no mistake', () => {
    for (const x of [
      [0.5, 0.5],
      [1, 0],
    ]) {
      const { hits, formula, backends } = judge(kink, at(x));
      expect(hits.map(line)).toEqual(['convention core backward, observed: the one-sided slopes']);
      expect({ formula, cpu: backends.cpu }).toEqual({ formula: 'right', cpu: 'right' });
      expect(hits[0]).toMatchObject({ got: listText(x), expected: '0 … 1 0 … 1, a subgradient' });
    }
  });

  test('what is none is wrong; a suspicion unless another library has a subgradient', () => {
    const { hits, formula } = judge(kink, at([1, 1]));
    expect(hits.map(line)).toEqual(['formula core backward, no witness']);
    expect(formula).toBe('wrong');
    expect(linesOf(at([1, 1]), kink, oracle({ gradients: { x: [0.5, 0.5] } }))).toEqual([
      'formula core backward, another library: another',
    ]);
    expect(linesOf(at([1, 1]), kink, oracle({ gradients: { x: [1, 1] } }))).toEqual([
      'formula core backward, no witness',
    ]);
  });

  test('a backend of its own mind: another subgradient is none of its faults, what is none is', () => {
    expect(linesOf(at([1, 0], { wasm: { backward: gradient(0, 1) } }), kink)).toEqual([
      'convention core backward, observed: the one-sided slopes',
    ]);
    expect(linesOf(at([1, 0], { wasm: { backward: gradient(1, 1) } }), kink)).toEqual([
      'convention core backward, observed: the one-sided slopes',
      'kernel wasm backward, backend: the double-precision kernels',
    ]);
  });

  test('where the brackets are closed there is nothing to choose', () => {
    const closed = [bracket([1, 0], 3, 3), bracket([0, 1], -4, -4)];
    const smooth = observed({ double: { differences: undefined, brackets: closed } });
    expect(judge(kink, smooth).hits).toEqual([]);
  });
});

describe('a finding hides no other', () => {
  test('two inputs that are wrong are two', () => {
    const two = assemble('test', { op: 'op', inputs: { x: { shape: [1], values: [1] }, y: { shape: [1], values: [1] } }, expression: call('op', input('x'), input('y')) }, 1); // prettier-ignore
    const part = { backward: { ok: { x: [1], y: [1] } } };
    const wrong = { ...part, differences: { x: differences([2], 'wrong'), y: differences([3], 'wrong') } };
    const { hits } = judge(two, observed({ double: wrong, cpu: part, wasm: part, tensorflow: part }));
    expect(hits.map(({ id }) => id)).toEqual(['op/formula/core/backward/x', 'op/formula/core/backward/y']);
  });
});

test('numbers are short, long lists are cut; of long lists the first entry that differs is shown', () => {
  expect([number(1 / 3), number(NaN), number(-Infinity), number(2)]).toEqual([
    '0.333333',
    'NaN',
    '-Infinity',
    '2',
  ]);
  expect(listText([1, 0.5])).toBe('[1, 0.5]');
  expect(listText(Array.from({ length: 13 }, (_, i) => i))).toBe('[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …]');
  const long = Array.from({ length: 20 }, (_, i) => i + 1);
  const wrong = long.map((value, i) => (i === 7 ? 80 : value));
  const big: Partial<StageObservation> = { forward: values(...long), backward: undefined };
  const parts: Parts = {
    double: { forward: values(...long), backward: undefined },
    cpu: big,
    tensorflow: big,
    wasm: { ...big, forward: values(...wrong) },
  };
  expect(judge(one, observed(parts)).hits[0]).toMatchObject({ got: '80 at entry 7', expected: '8' });
});

test('the worse of two cells', () => {
  expect(worse('right', 'not run')).toBe('right');
  expect(worse('missing', 'right')).toBe('missing');
  expect(worse('missing', 'wrong')).toBe('wrong');
});
