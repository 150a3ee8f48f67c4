/**
 * The double-precision backend's own kernels over the attributes of their ops: paddings, strides, dilations, formats, batches,
 * axes, broadcasting.
 *
 * Oracle: TensorFlow in double precision, values and gradients (test/fixtures/attributes.json, written by attributes.py beside it);
 * in single precision where TensorFlow has nothing else. The same with the cpu backend's kernels fails where the fixture says what
 * they do wrong, and nowhere else: so each kernel is needed.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { selectBackend } from '../../src/backends/select.js';
import { inFloat64, observingKernels } from '../../src/float64/in-float64.js';
import { doubleKernels } from '../../src/float64/kernels/index.js';
import { placeKernels } from '../../src/float64/kernels/places.js';
import { run, type Expression } from '../../src/sweep/cases/expression.js';
import { mismatch } from '../support/close.js';
import { withCpuKernels } from '../support/cpu-kernels.js';

interface Case {
  /** What the cpu backend's kernels do wrong. */
  fault: string | null;
  /** Whether they have no end. */
  hangs: boolean;
  inputs: Record<
    string,
    { shape: number[]; dtype: 'float32' | 'int32'; values: (number | string)[]; constant?: boolean }
  >;
  expression: Expression;
  cotangent: number[];
  precision: 'float64' | 'float32';
  forward: (number | string)[];
  /** None where TensorFlow.js has none. */
  gradients: Record<string, (number | string)[]> | null;
}

const { cases } = JSON.parse(
  readFileSync(new URL('../fixtures/attributes.json', import.meta.url), 'utf8'),
) as { cases: Case[] };

beforeAll(async () => {
  await selectBackend('cpu');
});

const nameOf = ({ expression, inputs }: Case): string =>
  `${JSON.stringify(expression)} of ${Object.values(inputs)
    .map(({ shape }) => `[${shape.join(',')}]`)
    .join(' ')}`;

/** Values, and gradients where there are any, one after the other. */
function compute({ inputs, expression, cotangent, gradients }: Case): number[] {
  const tensors = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype, values }]) => [
      name,
      tf.tensor(values.map(Number), shape, dtype),
    ]),
  );
  const f = (...given: tf.Tensor[]): tf.Tensor =>
    run(expression, {
      ...tensors,
      ...Object.fromEntries(names.map((name, i) => [name, given[i]])),
    }) as tf.Tensor;
  const names = Object.keys(gradients ?? {});
  const at = names.map((name) => tensors[name]);
  const y = f(...at);
  const slopes = names.length > 0 ? tf.grads(f)(at, tf.tensor(cotangent, y.shape)) : [];
  return [y, ...slopes].flatMap((tensor) => Array.from(tensor.dataSync()));
}

const expectedOf = ({ forward, gradients }: Case): number[] =>
  [forward, ...Object.values(gradients ?? {})].flat().map(Number);

const toleranceOf = ({ precision }: Case): { relative: number; maxRelativeToLargest: number } =>
  precision === 'float64'
    ? { relative: 1e-12, maxRelativeToLargest: 2e-15 }
    : { relative: 2e-6, maxRelativeToLargest: 1e-6 };

/** What is wrong with the case where these kernels are the cpu backend's. */
function faultWith(names: readonly string[], one: Case): string | undefined {
  try {
    return mismatch(
      withCpuKernels(names, () => compute(one)),
      expectedOf(one),
      toleranceOf(one),
    );
  } catch (error) {
    return String(error);
  }
}

const own = Object.keys(doubleKernels);
/** Kernels that are right on the cpu backend too: here for their speed, or because they share a geometry with their gradient. */
const others = ['_FusedMatMul', 'ResizeBilinear', 'Tanh', ...Object.keys(placeKernels)];
/** Kernels whose need kernels.test.ts shows. */
const elsewhere = [
  'Elu',
  'FFT',
  'IFFT',
  'LinSpace',
  'MaxPoolWithArgmax',
  'Range',
  'ResizeNearestNeighbor',
  'Selu',
  'TensorScatterUpdate',
];
const convicted = new Set<string>();

describe('as in TensorFlow', () => {
  test.each(cases.map((one) => [nameOf(one), one] as const))('%s', (_name, one) => {
    const got = inFloat64(() => compute(one));
    expect(mismatch(got, expectedOf(one), toleranceOf(one))).toBeUndefined();
    // An entry that is off by a millionth does not pass.
    const at = got.reduce((largest, value, i) => (Math.abs(value) > Math.abs(got[largest]) ? i : largest), 0);
    const off = got.map((value, i) => (i === at ? value * (1 + 5e-6) : value));
    if (Number.isFinite(got[at])) expect(mismatch(off, expectedOf(one), toleranceOf(one))).toBeDefined();
  });
});

describe("with the cpu backend's kernels", () => {
  const tried = cases.filter(({ hangs }) => !hangs);
  test.each(tried.map((one) => [one.fault ?? 'right', nameOf(one), one] as const))(
    '%s %s',
    (_fault, _name, one) => {
      const fault = faultWith(own, one);
      if (one.fault === null) expect(fault).toBeUndefined();
      else expect(fault).toBeDefined();
      const ran = new Set<string>();
      observingKernels(
        (name) => ran.add(name),
        () => void compute(one),
      );
      const names = own.filter((name) => ran.has(name));
      expect(names).not.toHaveLength(0);
      if (one.fault === null) return;
      for (const name of names) if (faultWith([name], one) !== undefined) convicted.add(name);
    },
  );

  test('each of them is needed', () => {
    expect([...convicted, ...others, ...elsewhere].sort()).toEqual([...own].sort());
  });
});

test('no tensor is left behind', () => {
  const before = tf.memory().numTensors;
  for (const one of cases) inFloat64(() => void compute(one));
  expect(tf.memory().numTensors).toBe(before);
});
