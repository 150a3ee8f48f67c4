/** Oracle: laws of the list of cases, and TensorFlow.js' own registry of gradients. */
import { isDeepStrictEqual } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../../src/backends/select.js';
import { observingKernels } from '../../../src/float64/in-float64.js';
import { sizeOf } from '../../../src/shapes.js';
import type { SweepCase } from '../../../src/sweep/cases/case.js';
import { activeInputs } from '../../../src/sweep/cases/cotangents.js';
import { run } from '../../../src/sweep/cases/expression.js';
import { families, sweepCases } from '../../../src/sweep/cases/index.js';
import { tensorCount } from '../../support/backends.js';
import { present } from '../../support/present.js';

const first = sweepCases(1);

beforeAll(async () => {
  await selectBackend('cpu');
});

const forward = ({ expression, inputs }: SweepCase): tf.Tensor =>
  run(
    expression,
    Object.fromEntries(
      Object.entries(inputs).map(([name, { shape, dtype, values }]) => [
        name,
        tf.tensor([...values], [...shape], dtype),
      ]),
    ),
  ) as tf.Tensor;

/** What is wrong with a case's inputs; undefined where they are as they should be. */
function flawOf(one: SweepCase): string | undefined {
  for (const [name, { shape, dtype, values }] of Object.entries(one.inputs)) {
    if (values.length !== sizeOf(shape)) return `${name} has ${values.length} numbers`;
    if (!shape.every((size) => Number.isInteger(size) && size > 0)) return `${name} is empty`;
    if (!values.every((value) => Number.isFinite(value) && Math.fround(value) === value)) {
      return `${name} is not exact in float32`;
    }
    if (dtype !== 'float32' && !values.every(Number.isInteger)) return `${name} is not of whole numbers`;
  }
  const active = activeInputs(one);
  if (active.length === 0) return 'there is nothing to differentiate';
  const entries = active.reduce((sum, name) => sum + sizeOf(one.inputs[name].shape), 0);
  return entries > 130 ? `${entries} entries are differentiated` : undefined;
}

/** Families of which only the values are looked at: nothing is differentiated, and inputs may be what others must not be. */
const valuesOnly = ['gradients', 'optimizers', 'special values', 'dtypes'];
const isOrdinary = ({ family }: SweepCase): boolean => !valuesOnly.includes(family);

describe.each([1, 2, 3])('the cases of seed %i', (seed) => {
  const cases = sweepCases(seed);

  test('are many, of all families and ranks, no two the same', () => {
    expect(cases.length).toBeGreaterThanOrEqual(1500);
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    expect(new Set(cases.map(({ family }) => family))).toEqual(new Set(families.map(({ name }) => name)));
    const ranks = new Set(
      cases.flatMap(({ inputs }) => Object.values(inputs).map(({ shape }) => shape.length)),
    );
    expect([0, 1, 2, 3, 4, 5, 6].every((rank) => ranks.has(rank))).toBe(true);
  });

  test('have inputs that agree with themselves, exact in float32, and few entries', () => {
    const ordinary = cases.filter(isOrdinary);
    expect(ordinary.flatMap((one) => (flawOf(one) ? [`${one.id}: ${flawOf(one)}`] : []))).toEqual([]);
    const others = cases.filter((one) => !isOrdinary(one));
    expect(others.length).toBeGreaterThan(100);
    expect(others.filter((one) => activeInputs(one).length > 0)).toEqual([]);
  });

  test('are the same for the same seed', () => {
    expect(isDeepStrictEqual(sweepCases(seed), cases)).toBe(true);
    expect(isDeepStrictEqual(sweepCases(seed + 3), cases)).toBe(false);
  });
});

test('a case that is not as it should be is told', () => {
  const one = present(first.find(({ inputs }) => inputs['x']?.shape.length === 2));
  const x = one.inputs['x'];
  const flawed = (part: Partial<typeof x>): SweepCase => ({
    ...one,
    inputs: { ...one.inputs, x: { ...x, ...part } },
  });
  expect(flawOf(flawed({}))).toBeUndefined();
  expect(flawOf(flawed({ values: x.values.slice(1) }))).toMatch(/numbers/);
  expect(flawOf(flawed({ values: x.values.map(() => 0.1) }))).toMatch(/not exact/);
  expect(flawOf(flawed({ values: x.values.map(() => Infinity) }))).toMatch(/not exact/);
  expect(flawOf(flawed({ shape: [131], values: new Array<number>(131).fill(1) }))).toMatch(/131 entries/);
});

test('another seed gives other numbers, to the same ops', () => {
  const second = sweepCases(2);
  const ops = (cases: readonly SweepCase[]): string[] => [...new Set(cases.map(({ op }) => op))].sort();
  expect(ops(second)).toEqual(ops(first));
  const numbers = new Map(first.map((one) => [one.id, one.inputs]));
  const random = second.filter(({ id }) => numbers.has(id) && !id.includes(' at '));
  expect(random.length).toBeGreaterThan(500);
  const alike = random.filter(({ id, inputs }) => JSON.stringify(inputs) === JSON.stringify(numbers.get(id)));
  // Whole numbers with ties, and inputs of a single entry, may come twice.
  expect(alike.length).toBeLessThan(random.length / 50);
});

/**
 * Whose forward kernel is broken on the cpu backend of TensorFlow.js 4.22.0; the sweep reports them.
 * - cumsum and cumprod along axis -1, of more than one axis: the gradient's and kernel's permutation of the axes takes -1 for a
 *   place in the shape, and gives an empty tensor
 * - matMul of batches that are both broadcast: the kernel has the numbers of some of the batches only
 * - norm of the extremes over two negative axes: the second is looked for in what the first left
 * - numbers as pads: conv1d pads the axis that it adds, and the core takes the height's window and stride for the width too
 * - depthwiseConv2d has no NCHW, and says so in its documentation alone
 * - batch normalisation in training without scale or centre: it reads the weight that is not there
 * - layers.concatenate takes every negative axis for the last one
 * - layers that resize images take a model's list of inputs for a tensor, or give a shape that has no batch
 */
const brokenForward = [
  /^tf\.cum(sum|prod)\(x\[[^\]]*,[^\]]*\], -1,/,
  /^tf\.matMul\(a\[[2-9],1(,\d){2,3}\], b\[1,[2-9](,\d){2,3}\]/,
  /^tf\.matMul\(a\[1,[2-9](,\d){2,3}\], b\[[2-9],1(,\d){2,3}\]/,
  /^tf\.norm\(x\[[\d,]+\], -?Infinity, \[-3, -1\]/,
  /^tf\.conv1d\(.*, \d, [1-9]\) \(numberPad\)$/,
  /^tf\.conv2dTranspose\(x\[2,2,3,2\], filter\[2,3,1,2\].*\(numberPad\)$/,
  /^tf\.(avg|max)Pool\(x\[2,4,3,1\], 2, \[1, 2\], 1, 'floor'\)/,
  /^tf\.depthwiseConv2d\(.* \(NCHW\)$/,
  /\(training (no scale|no centre|neither)\)$/,
  /^tf\.layers\.concatenate\(\{axis: -2\}\)/,
  /^tf\.sequential\(\{layers: \[tf\.layers\.(resizing|randomWidth)\(/,
  /^tf\.sequential\(\{layers: \[tf\.layers\.centerCrop\(.* \(larger\)$/,
];

test('the forward pass of every case gives one finite float32 tensor, and leaves no others', () => {
  const before = tensorCount();
  const flaws = new Map<string, string>();
  for (const one of first.filter(isOrdinary)) {
    try {
      tf.tidy(() => {
        const y = forward(one);
        const values = y.dataSync();
        if (!(y instanceof tf.Tensor) || y.dtype !== 'float32') flaws.set(one.id, `gives ${y.dtype}`);
        else if (values.length === 0 || values.length !== y.size)
          flaws.set(one.id, `${values.length} numbers`);
        else if (!values.every(Number.isFinite)) flaws.set(one.id, 'not finite');
      });
    } catch (error) {
      flaws.set(one.id, String(error));
    }
  }
  const isBroken = (id: string): boolean => brokenForward.some((pattern) => pattern.test(id));
  // What TensorFlow.js says that it does not do is a finding of another kind.
  const isRefused = (flaw: string): boolean => /not (yet )?supported|not implemented yet/.test(flaw);
  expect([...flaws].filter(([id, flaw]) => !isBroken(id) && !isRefused(flaw))).toEqual([]);
  // The list of what is broken holds nothing that is not.
  expect(first.filter(({ id }) => isBroken(id) && !flaws.has(id)).map(({ id }) => id)).toEqual([]);
  for (const pattern of brokenForward) expect([...flaws.keys()].some((id) => pattern.test(id))).toBe(true);
  expect(tensorCount()).toBe(before);
});

describe('the gradients that TensorFlow.js has registered', () => {
  const registered = (): string[] => [
    ...present(
      (globalThis as unknown as { _tfGlobals: Map<string, Map<string, unknown>> })._tfGlobals.get(
        'gradRegistry',
      ),
    ).keys(),
  ];

  let reached = new Set<string>();
  beforeAll(() => {
    reached = new Set();
    observingKernels(
      (name) => reached.add(name),
      () => {
        for (const one of first.filter(isOrdinary)) {
          try {
            tf.tidy(() => void forward(one));
          } catch {
            // Ops that throw are what the sweep is to find.
          }
        }
      },
    );
  });

  const unreached = (): string[] =>
    registered()
      .filter((name) => !reached.has(name))
      .sort();

  test('are all reached by some case, but for two that no op runs', () => {
    expect(registered().length).toBeGreaterThanOrEqual(100);
    // tf.broadcastTo runs the kernel Tile, and tf.logSoftmax is a tf.customGrad of Max, Sub, Exp, Sum and Log.
    expect(unreached()).toEqual(['BroadcastTo', 'LogSoftmax']);
  });

  test('one more of them shows', () => {
    tf.registerGradient({ kernelName: 'NoSuchKernel', gradFunc: () => ({}) });
    try {
      expect(unreached()).toEqual(['BroadcastTo', 'LogSoftmax', 'NoSuchKernel']);
    } finally {
      tf.unregisterGradient('NoSuchKernel');
    }
    expect(unreached()).not.toContain('NoSuchKernel');
  });
});
