/** Options, inputs, errors, memory. Verdicts are in zoo.long.test.ts. */
import { describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../src/errors.js';
import { isPassed } from '../../src/gradcheck/report/describe.js';
import type { GradcheckOptions, GradcheckReport } from '../../src/gradcheck/report/report.js';
import { FULL_LIMIT, gradcheck } from '../../src/gradcheck/gradcheck.js';
import type { CheckedFunction, CheckedInputs } from '../../src/gradcheck/engine/subject.js';
import { describeOnEachBackend } from '../support/backends.js';
import { elementwise, random, withGradient } from './zoo/support.js';

const sin = (x: tf.Tensor): tf.Tensor => tf.sin(x);

describeOnEachBackend('gradcheck', () => {
  test('leaves inputs, tensors, the backend and the array type as they were, errors or not', async () => {
    const x = tf.tensor1d([0.1, 0.2, 0.3]);
    const v = tf.variable(tf.tensor1d([1, 2, 3]));
    const before = { ...tf.memory(), backend: tf.getBackend(), array: globalThis.Float32Array };
    const numbers = [Array.from(x.dataSync()), Array.from(v.dataSync())];
    await gradcheck((a: tf.Tensor, b: tf.Tensor) => tf.mul(tf.sin(a), b), [x, v], { order: 2 });
    await gradcheck(
      withGradient(
        (a) => tf.sin(a),
        () => {
          throw new Error('no');
        },
      ),
      [x],
    );
    const throwing = (a: tf.Tensor): tf.Tensor => {
      tf.exp(a);
      throw new Error('boo');
    };
    await expect(gradcheck(throwing, [x])).rejects.toThrow('gradcheck: f threw: boo');
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    expect([Array.from(x.dataSync()), Array.from(v.dataSync())]).toEqual(numbers);
    expect([tf.getBackend(), globalThis.Float32Array]).toEqual([before.backend, before.array]);
    tf.dispose([x, v]);
  });

  test('two checks at once do not disturb each other', async () => {
    const checks = [1, 2, 3].map((seed) => gradcheck(sin, [random([200], seed)], { seed }));
    const other = tf.tidy(() => Array.from(tf.mul(tf.tensor1d([0.1]), 3).dataSync()));
    expect(other[0]).toBe(Math.fround(Math.fround(0.1) * 3));
    for (const report of await Promise.all(checks)) expect(report.verdict).toBe('right');
  });

  test('native precision checks on the backend in use: right ones pass, 1 % does not', async () => {
    const report = await gradcheck(sin, [random([3, 4])], { precision: 'native' });
    expect(report).toMatchObject({ verdict: 'right', precision: 'native', backend: tf.getBackend() });
    const off = elementwise(
      (x) => tf.sin(x),
      (x) => tf.mul(1.01, tf.cos(x)),
    );
    for (const mode of ['full', 'fast'] as const) {
      expect((await gradcheck(off, [random([3, 4])], { precision: 'native', mode })).verdict).toBe('wrong');
    }
    const offset = (x: tf.Tensor): tf.Tensor => tf.add(tf.sin(x), 1e6);
    expect((await gradcheck(offset, [random([3])], { precision: 'native' })).verdict).toBe('inconclusive');
  });

  const bad: [string, CheckedFunction, () => CheckedInputs, RegExp][] = [
    ['f that returns nothing', () => undefined, () => [[1]], /must return a tensor.*got undefined/],
    ['f that returns a number', () => 3, () => [[1]], /got 3/],
    ['f that returns a promise', async (x: tf.Tensor) => x, () => [[1]], /got a promise/],
    [
      'f that returns integers',
      (x: tf.Tensor) => tf.cast(x, 'int32'),
      () => [[1]],
      /integers have no derivative/,
    ],
    ['f that returns an empty list', () => [], () => [[1]], /an empty list/],
    ['f that is no function', 3 as unknown as CheckedFunction, () => [[1]], /f must be a function/],
    ['an unconnected input', sin, () => [[1], [2]], /does not depend on input 1/],
    ['integers only', sin, () => [tf.tensor1d([1], 'int32')], /nothing to differentiate/],
    ['no inputs', () => tf.scalar(1), () => [], /no inputs were given/],
    ['an empty tensor', sin, () => [tf.zeros([0, 3])], /input 0 is empty/],
    ['NaN', sin, () => [[1, NaN]], /must be finite, got NaN at \[1\]/],
    [
      'Infinity',
      sin,
      () => [
        [
          [1, 2],
          [3, Infinity],
        ],
      ],
      /Infinity at \[1,1\]/,
    ],
    ['inputs that are none', sin, () => 'x', /inputs must be a list/],
    ['text', sin, () => ['x'], /input 0 must be a tensor/],
  ];
  test.each(bad)('%s: one clear sentence, and nothing left behind', async (_name, f, inputs, message) => {
    const given = inputs();
    const { numTensors } = tf.memory();
    await expect(gradcheck(f, given)).rejects.toThrow(message);
    await expect(gradcheck(f, given)).rejects.toBeInstanceOf(InputError);
    expect(tf.memory().numTensors).toBe(numTensors);
    if (typeof given === 'object') tf.dispose(given as tf.TensorContainer);
  });

  test('a disposed input', async () => {
    const x = tf.tensor1d([1]);
    x.dispose();
    await expect(gradcheck(sin, [x])).rejects.toThrow(/input 0 is a tensor that was disposed/);
  });
});

test('complex inputs are refused', async () => {
  await tf.setBackend('cpu');
  const z = tf.complex([1], [2]);
  await expect(gradcheck(sin, [z])).rejects.toThrow(/is complex/);
  z.dispose();
});

describe('options', () => {
  test.each<[object, RegExp]>([
    [{ mode: 'slow' }, /mode must be full or fast, got "slow"/],
    [{ precision: 'half' }, /precision must be/],
    [{ order: 3 }, /order must be 1 or 2/],
    [{ seed: 1.5 }, /seed must be a whole number/],
    [{ rtol: -1 }, /rtol must be/],
    [{ tol: 1 }, /no option tol/],
  ])('%j is refused', async (options, message) => {
    await expect(gradcheck(sin, [[1]], options)).rejects.toThrow(message);
  });

  test('full up to its limit, then fast; a seed gives the same report again', async () => {
    expect((await gradcheck(sin, [random([FULL_LIMIT])])).mode).toBe('full');
    const fast = await gradcheck(sin, [random([FULL_LIMIT + 1])], { seed: 5 });
    expect(fast).toMatchObject({ mode: 'fast', missProbability: 1 / 16 });
    const again = await gradcheck(sin, [random([FULL_LIMIT + 1])], { seed: 5 });
    expect({ ...again, seconds: 0 }).toEqual({ ...fast, seconds: 0 });
  });

  test('the cost of the fast mode does not depend on the size', async () => {
    const evaluations = async (n: number): Promise<number> =>
      (await gradcheck((x: tf.Tensor) => tf.sum(tf.square(x)), [random([n])], { mode: 'fast' })).evaluations;
    expect(await evaluations(20_000)).toBeLessThanOrEqual(2 * (await evaluations(20)));
  });

  test('constants and names that name no input are refused', async () => {
    const check = (options: GradcheckOptions) =>
      gradcheck((a: tf.Tensor, b: tf.Tensor) => tf.mul(a, b), [[1, 2], [3]], options);
    await expect(check({ constant: [2] })).rejects.toThrow(
      'constant names no input: 2. There are 0 (input 0), 1 (input 1)',
    );
    await expect(check({ constant: [-1] })).rejects.toThrow('constant names no input: -1');
    await expect(check({ constant: ['b'] })).rejects.toThrow('constant names no input: "b"');
    await expect(check({ names: ['a'] })).rejects.toThrow('one name for each of the 2 inputs, got 1');
    await expect(check({ names: ['a', 'b', 'c'] })).rejects.toThrow('got 3');
    expect(
      await check({ names: ['a', 'b'], constant: ['b', 0] }).catch((error: Error) => error.message),
    ).toMatch('every input is constant');
    expect((await check({ names: ['a', 'b'], constant: ['b'] })).verdict).toBe('right');
  });

  test('names, constants and tolerances', async () => {
    const product = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.mul(x, y);
    const named = await gradcheck(
      product,
      [
        [1, 2],
        [3, 4],
      ],
      { names: ['x', 'weights'], constant: ['x'] },
    );
    expect(named.inputs.map(({ name, index }) => [name, index])).toEqual([['weights', 1]]);
    const byKey = await gradcheck(
      ({ x, y }: Record<string, tf.Tensor>) => tf.mul(x, y),
      { x: [1], y: [2] },
      { constant: ['y'] },
    );
    expect(byKey.inputs.map(({ name }) => name)).toEqual(['x']);
    const off = elementwise(
      (x) => tf.sin(x),
      (x) => tf.mul(1.01, tf.cos(x)),
    );
    expect((await gradcheck(off, [[1, 2]], { rtol: 0.02 })).verdict).toBe('right');
    expect((await gradcheck(off, [[1, 2]], { rtol: 0.005 })).verdict).toBe('wrong');
    expect((await gradcheck(off, [[1, 2]], { atol: 0.05 })).verdict).toBe('right');
  });

  test('a signal ends the check', async () => {
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    await expect(gradcheck(sin, [[1]], { signal: controller.signal })).rejects.toThrow('enough');
  });

  test('where one output hangs on an entry, the report speaks of its derivative', async () => {
    const report = await gradcheck((x: tf.Tensor) => tf.sum(tf.square(x)), [[3, 4]], { details: true });
    expect(report.inputs[0].details?.numerical[1]).toBeCloseTo(8, 10);
    expect(report.inputs[0].details?.autodiff[1]).toBeCloseTo(8, 10);
  });
});

describe('kinks', () => {
  const at = async (f: CheckedFunction, inputs: CheckedInputs) => {
    const [full, fast] = await Promise.all([gradcheck(f, inputs), gradcheck(f, inputs, { mode: 'fast' })]);
    expect(fast.verdict).toBe(full.verdict);
    return {
      verdict: full.verdict,
      kinks: full.inputs.map(({ kinks }) => kinks),
      diagnosis: full.diagnosis.join('\n'),
      details: full.inputs[0].kinkDetails,
    };
  };

  test.each<[string, CheckedFunction, CheckedInputs, number[][][]]>([
    ['relu', (x: tf.Tensor) => tf.relu(x), [[0, 1, -1]], [[[0]]]],
    [
      '|x|',
      (x: tf.Tensor) => tf.abs(x),
      [
        [
          [2, 0],
          [0, -1],
        ],
      ],
      [
        [
          [0, 1],
          [1, 0],
        ],
      ],
    ],
    ['max with ties', (x: tf.Tensor) => tf.max(x), [[1, 3, 3]], [[[1], [2]]]],
    ['min with ties', (x: tf.Tensor) => tf.min(x), [[1, 3, 1]], [[[0], [2]]]],
    ['clip', (x: tf.Tensor) => tf.clipByValue(x, -1, 2), [[-1, 0.5, 2]], [[[0], [2]]]],
    ['leaky relu', (x: tf.Tensor) => tf.leakyRelu(x, 0.2), [[0, 1]], [[[0]]]],
    [
      'maximum',
      (x: tf.Tensor, y: tf.Tensor) => tf.maximum(x, y),
      [
        [1, 2],
        [1, 3],
      ],
      [[[0]], [[0]]],
    ],
    ['floor', (x: tf.Tensor) => tf.floor(x), [[1, 2.5]], [[[0]]]],
  ])('%s', async (_name, f, inputs, kinks) => {
    expect(await at(f, inputs)).toMatchObject({ verdict: 'kink', kinks });
  });

  test('the one-sided slopes, and whether the gradient lies between them', async () => {
    const relu = await at((x: tf.Tensor) => tf.relu(x), [[0, 1]]);
    expect(relu.details[0]).toMatchObject({ coordinate: [0], autodiff: 0, between: true });
    expect(relu.details[0].left).toBeCloseTo(0, 6);
    expect(relu.details[0].right).toBeCloseTo(1, 6);
    const outside = elementwise(
      (x) => tf.abs(x),
      (x) => tf.add(tf.sign(x), tf.mul(3, tf.cast(tf.equal(x, 0), 'float32'))),
    );
    const report = await at(outside, [[0, 1]]);
    expect(report).toMatchObject({ verdict: 'kink' });
    expect(report.details[0].between).toBe(false);
    expect(report.diagnosis).toMatch(/outside of the one-sided slopes/);
  });

  test('max: between the slopes at each tie, and yet no subgradient', async () => {
    expect((await at((x: tf.Tensor) => tf.max(x), [[1, 3, 3]])).diagnosis).toMatch(
      /2\.00 times the slope: it is no subgradient/,
    );
  });

  test('a wrong gradient beside a kink is wrong', async () => {
    const f = elementwise(
      (x) => tf.relu(x),
      (x) => tf.mul(2, tf.cast(tf.greater(x, 0), 'float32')),
    );
    expect((await at(f, [[0, 1, 2, -1]])).verdict).toBe('wrong');
  });
});

describe('the report of a small check', () => {
  const cos2 = elementwise(
    (x) => tf.sin(x),
    (x) => tf.mul(2, tf.cos(x)),
  );

  test('has the settings, and what the fast mode can miss only in fast mode', async () => {
    const full = await gradcheck(sin, [[0.3, 0.7]], { seed: 3 });
    expect({ ...full, seconds: 0, inputs: [], evaluations: 0 }).toEqual({
      schemaVersion: 1,
      verdict: 'right',
      precision: 'float64',
      backend: 'float64',
      mode: 'full',
      order: 1,
      seed: 3,
      inputs: [],
      diagnosis: [],
      evaluations: 0,
      seconds: 0,
      ran: { kernels: ['Sin'], gradients: ['Sin'] },
    });
    expect(full.seconds).toBeGreaterThan(0);
    expect(full.seconds).toBeLessThan(60);
    const fast = await gradcheck(sin, [[0.3, 0.7]], { mode: 'fast' });
    expect(fast).toMatchObject({ mode: 'fast', missProbability: 1 / 16, seed: 1 });
    expect(fast.resolution).toBeGreaterThan(0);
    expect(fast.resolution).toBeLessThan(1e-4);
    expect(full.inputs[0]).not.toHaveProperty('details');
  });

  test('counts the calls of f, those of the second order too', async () => {
    let calls = 0;
    const counted = (x: tf.Tensor): tf.Tensor => {
      calls++;
      return tf.sin(x);
    };
    expect((await gradcheck(counted, [[0.3]])).evaluations).toBe(calls);
    calls = 0;
    const { evaluations, inputs } = await gradcheck(counted, [[0.3]], { order: 2 });
    expect(inputs.map(({ order }) => order)).toEqual([1, 2, 2]);
    expect(evaluations).toBeGreaterThanOrEqual(calls);
  });

  test('the worst of its verdicts is that of the whole; kinks, flat gradients and wrong ones are all said', async () => {
    const f = (x: tf.Tensor, y: tf.Tensor, z: tf.Tensor): tf.Tensor =>
      tf.addN([tf.sum(cos2(x)), tf.sum(tf.relu(y)), tf.sum(tf.floor(z))]);
    const { verdict, inputs, diagnosis } = await gradcheck(f, [[0.3, 0.7, 1.1], [0, 1, 2, 3], [0.5]]);
    expect(inputs.map((one) => one.verdict)).toEqual(['wrong', 'kink', 'right']);
    expect(verdict).toBe('wrong');
    expect(diagnosis).toEqual([
      'input 0: the gradient is off by a constant factor: it is 2 times what it should be.',
      'input 1: f has a kink at [0]; the gradient lies between the one-sided slopes.',
      'input 2: the gradient is 0 everywhere, because f is flat there: training will not move it.',
    ]);
    const kinked = await gradcheck(
      (x: tf.Tensor, y: tf.Tensor) => tf.add(tf.sum(tf.relu(y)), tf.sum(x)),
      [[1], [0, 1]],
    );
    expect(kinked.verdict).toBe('kink');
    // What is wrong and flat is not called flat.
    const zero = await gradcheck(
      elementwise(
        (x) => tf.sin(x),
        (x) => tf.zerosLike(x),
      ),
      [[0.3, 0.7, 1.1]],
    );
    expect(zero.diagnosis.join()).not.toMatch(/training will not move it/);
  });

  test('the second order says so, and has its own failure first', async () => {
    const square = withGradient(
      (x) => tf.square(x),
      (dy, x) =>
        withGradient(
          (g, a) => tf.mul(tf.mul(g, a), 2),
          (ddy, g, a) => [tf.mul(tf.mul(ddy, a), 2), tf.mul(tf.mul(ddy, g), 6)],
        )(dy, x),
    );
    const { verdict, inputs, diagnosis } = await gradcheck(square, [[0.3, 0.7, 1.1]], { order: 2 });
    expect(verdict).toBe('wrong');
    expect(inputs.filter((one) => one.verdict === 'wrong').map(({ name, order }) => [name, order])).toEqual([
      ['input 0', 2],
    ]);
    expect(diagnosis).toEqual([
      expect.stringMatching(/^Second order: input 0: .* 3 times what it should be/),
    ]);
    const elu = await gradcheck((x: tf.Tensor) => tf.elu(cos2(x)), [[0.3, 0.7, 1.1]], { order: 2 });
    expect(elu.verdict).toBe('wrong');
    expect(elu.diagnosis).toEqual([
      expect.stringMatching(/^Second order: EluGrad has no gradient in TensorFlow\.js/),
      expect.stringMatching(/^input 0: .* 2 times what it should be/),
    ]);
    expect((await gradcheck((x: tf.Tensor) => tf.elu(x), [[0.3]], { order: 2 })).verdict).toBe('unsupported');
  });

  test('a kink as near as the shortest step that rounding allows is no wrong gradient, and a wrong one beside it is not right', async () => {
    const beside = (distance: number, factor: number): Promise<GradcheckReport> => {
      const scale = tf.tensor1d([factor, 1, 1]);
      const f = tf.customGrad((given) => {
        const x = tf.add(given as tf.Tensor, distance);
        const value = tf.add(tf.sum(tf.relu(x)), 1e6);
        return {
          value,
          gradFunc: (dy: tf.Tensor) =>
            tf.mul(dy, tf.mul(tf.step(tf.add(given as tf.Tensor, distance)), scale)),
        };
      });
      return gradcheck(f, [[0, 1, -1]]).finally(() => scale.dispose());
    };
    for (let k = 0; k < 16; k++) {
      const distance = 10 ** (-10 + k / 8);
      for (const sign of [1, -1]) {
        const report = await beside(sign * distance, 1);
        expect({ distance, isPassed: report.verdict === 'inconclusive' || isPassed(report) }).toEqual({
          distance,
          isPassed: true,
        });
      }
      expect({ distance, isPassed: isPassed(await beside(distance, 3)) }).toEqual({
        distance,
        isPassed: false,
      });
    }
  });

  test('a function that is not deterministic, or whose gradient cannot be computed', async () => {
    let calls = 0;
    const drifting = await gradcheck((x: tf.Tensor) => tf.mul(x, ++calls), [[0.3]]);
    expect(drifting).toMatchObject({ verdict: 'nondeterministic', inputs: [] });
    expect(drifting.diagnosis).toEqual([
      expect.stringMatching(/^The function is not deterministic: called twice with the same inputs it/),
    ]);
    const unsupported = await gradcheck((x: tf.Tensor) => tf.cumprod(x), [[0.3]]);
    expect(unsupported).toMatchObject({ verdict: 'unsupported', inputs: [] });
  });

  test('the mode by the entries of all inputs that are differentiated', async () => {
    let calls = 0;
    const modeOf = async (...sizes: number[]): Promise<string> => {
      const inputs = sizes.map((size) => new Float32Array(size).fill(0.5));
      const f = (x: tf.Tensor, ...others: tf.Tensor[]): tf.Tensor =>
        tf.addN([tf.sum(tf.mul(x, ++calls)), ...others.map((other) => tf.sum(other))]);
      const { mode, verdict } = await gradcheck(f, inputs, { constant: sizes.length > 2 ? [2] : [] });
      // Nothing is compared.
      expect(verdict).toBe('nondeterministic');
      return mode;
    };
    expect(await modeOf(FULL_LIMIT)).toBe('full');
    expect(await modeOf(FULL_LIMIT + 1)).toBe('fast');
    expect(await modeOf(FULL_LIMIT - 5, 5)).toBe('full');
    expect(await modeOf(FULL_LIMIT - 5, 6)).toBe('fast');
    expect(await modeOf(FULL_LIMIT - 5, 5, 100)).toBe('full');
  });

  test('f that returns its input through an op is wrong, and that is said once, in either order', async () => {
    const itself = (x: tf.Tensor): tf.Tensor =>
      tf.customGrad((at) => ({ value: at as tf.Tensor, gradFunc: (dy: tf.Tensor) => dy }))(x);
    const sentence =
      'tf.customGrad returned its input itself, so that TensorFlow.js adds dy to what its gradient function gives; a gradient function of zeros is without effect. Return a clone of it (x.clone()).';
    for (const order of [1, 2] as const) {
      const { verdict, diagnosis } = await gradcheck(itself, [[0.3, 0.7]], { order });
      expect([verdict, diagnosis]).toEqual(['wrong', [sentence]]);
    }
    // Beside another failure both are said.
    const throwing = elementwise(
      (x) => tf.sin(x),
      () => {
        throw new Error('not yet written');
      },
    );
    const both = await gradcheck((x: tf.Tensor) => tf.mul(itself(x), throwing(x)), [[0.3, 0.7]]);
    expect(both.verdict).toBe('wrong');
    expect(both.diagnosis).toEqual([sentence, 'The gradient throws: not yet written']);
  });

  test('a second derivative of 0 is not called flat', async () => {
    const linear = (x: tf.Tensor): tf.Tensor => tf.sum(tf.mul(x, [1, 2]));
    const { verdict, diagnosis } = await gradcheck(linear, [[0.3, 0.7]], { order: 2 });
    expect([verdict, diagnosis]).toEqual(['right', []]);
  });

  test('rtol is what is let pass, also where it is smaller than usual', async () => {
    const off = (factor: number) =>
      elementwise(
        (x) => tf.sin(x),
        (x) => tf.mul(factor, tf.cos(x)),
      );
    const verdict = async (factor: number, options: GradcheckOptions): Promise<string> =>
      (await gradcheck(off(factor), [[0.3, 0.7, 1.1]], options)).verdict;
    expect(await verdict(1 + 1e-7, {})).toBe('right');
    expect(await verdict(1 + 1e-7, { rtol: 1e-8 })).toBe('wrong');
    expect(await verdict(1 + 1e-6, {})).toBe('wrong');
    expect(await verdict(1 + 1e-6, { rtol: 2e-6 })).toBe('right');
  });

  test('a signal ends the check between two pieces of work', async () => {
    const controller = new AbortController();
    const f = (x: tf.Tensor): tf.Tensor => {
      controller.abort(new Error('enough'));
      return tf.sin(x);
    };
    await expect(gradcheck(f, [[1]], { signal: controller.signal, order: 2 })).rejects.toThrow('enough');
  });
});
