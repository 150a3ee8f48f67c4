/** Oracle: the code itself, run by Node as it stands, prints what the hit says that TensorFlow.js gives. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { selectBackend } from '../../../src/backends/select.js';
import { last } from '../../../src/collections.js';
import { assemble, type InputDraft, type SweepCase } from '../../../src/sweep/cases/case.js';
import { call, input, type Expression } from '../../../src/sweep/cases/expression.js';
import { sweepCases } from '../../../src/sweep/cases/index.js';
import { reproOf } from '../../../src/sweep/explanation/repro.js';
import type { Hit } from '../../../src/sweep/judgement/hit.js';
import type { SweepBackend } from '../../../src/sweep/observation/observation.js';
import { observe } from '../../../src/sweep/observation/observe.js';
import { present } from '../../support/present.js';

const runs = fileURLToPath(new URL('../../../runs', import.meta.url));
let folder = '';

beforeAll(async () => {
  await selectBackend('cpu');
  // Within the repository, so that node_modules is found.
  mkdirSync(runs, { recursive: true });
  folder = mkdtempSync(path.join(runs, 'repro-test-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

let files = 0;

/** What the code prints last. */
async function outputOf(code: string): Promise<string> {
  const file = path.join(folder, `${files++}.mjs`);
  writeFileSync(file, code);
  const { stdout } = await promisify(execFile)(process.execPath, [file], {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  return last(stdout.trim().split('\n'));
}

const x = input('x');
const at = (...values: number[]): InputDraft => ({ shape: [values.length], values });

const caseOf = (
  expression: Expression,
  inputs: Record<string, InputDraft>,
  more: Pick<SweepCase, 'cotangent' | 'plainSecond'> = {},
): SweepCase => ({ ...assemble('test', { op: 'test', inputs, expression }, 1), ...more });

const hitOf = (part: Partial<Hit>): Hit => ({
  id: 'test/formula/core/backward',
  op: 'test',
  family: 'test',
  kind: 'formula',
  backend: 'core',
  direction: 'backward',
  message: 'Made up.',
  witness: null,
  got: '',
  expected: '',
  ...part,
});

async function expectPrints(one: SweepCase, hit: Hit, numbers: readonly number[]): Promise<void> {
  const { forward } = await observe(one, 'cpu');
  if (!('ok' in forward)) throw new Error(forward.error);
  const { code } = reproOf(one, hit, forward.ok.shape);
  expect(code.split('\n').length).toBeLessThanOrEqual(3);
  const printed = (await outputOf(code)).split(' ').map(Number);
  expect(printed.length).toBe(numbers.length);
  printed.forEach((value, i) => expect(value).toBeCloseTo(numbers[i], 4));
}

const gradientOf = async (one: SweepCase, name: string): Promise<number[]> => {
  const { backward } = await observe(one, 'cpu');
  if (!backward || !('ok' in backward)) throw new Error(backward?.error);
  return present(backward.ok[name]);
};

const product = caseOf(call('mul', call('exp', x), call('square', input('y'))), {
  x: at(0.5, -1),
  y: at(1.5, 0.3),
});
const dense = present(sweepCases(1).find(({ op, inputs }) => op === 'layers.dense' && inputs['bias']));
const norm = present(
  sweepCases(1).find(
    ({ op, variant, inputs }) => op === 'layers.batchNormalization' && !variant && inputs['movingMean'],
  ),
);

describe('the code prints what the hit says', () => {
  test.each<SweepBackend | 'core'>(['core', 'cpu', 'wasm'])('the values, on %s', async (backend) => {
    const hit = hitOf({ kind: 'kernel', direction: 'forward', backend });
    await expectPrints(product, hit, [2.25 * Math.exp(0.5), 0.09 * Math.exp(-1)]);
  });

  test('the gradient by the only input', async () => {
    const one = caseOf(call('avgPool', x, 2, 1, 'same'), { x: { shape: [1, 2, 2, 1], values: [1, 1, 1, 1] } }, { cotangent: [1, 2, 3, 4] }); // prettier-ignore
    const hit = hitOf({ kind: 'kernel', backend: 'cpu', input: 'x' });
    await expectPrints(one, hit, [0.25, 0.75, 1, 2.5]);
  });

  test.each(['x', 'y'])('the gradient by %s, one of two inputs, on wasm', async (name) => {
    const hit = hitOf({ kind: 'kernel', backend: 'wasm', input: name });
    await expectPrints(product, hit, await gradientOf(product, name));
  });

  test('the second order, of cotangents 1 and of others', async () => {
    const one = caseOf(call('square', call('exp', x)), { x: at(0.5) }, { cotangent: [1], plainSecond: true });
    const hit = hitOf({ direction: 'second order', input: 'x' });
    await expectPrints(one, hit, [2 * Math.E]);
    const random = caseOf(call('square', call('exp', x)), { x: at(0.5, -0.25) });
    const { second } = (await observe(random, 'double')) as { second?: { autodiff?: number[] } };
    await expectPrints(random, hit, present(second?.autodiff));
  });

  test('the second order of two inputs', async () => {
    const one = caseOf(call('mul', x, call('square', input('y'))), { x: at(2), y: at(3) }, { cotangent: [1], plainSecond: true }); // prettier-ignore
    // The gradient is [y², 2xy]: of its sum 2y by x, and 2y + 2x by y; by dy the sum itself.
    await expectPrints(one, hitOf({ direction: 'second order', input: 'x' }), [6]);
    await expectPrints(one, hitOf({ direction: 'second order', input: 'y' }), [10]);
    await expectPrints(one, hitOf({ direction: 'second order', input: 'dy' }), [21]);
  });

  test.each(['x', 'kernel', 'bias'])('the gradient of a layer by %s', async (name) => {
    await expectPrints(dense, hitOf({ input: name }), await gradientOf(dense, name));
  });

  test('the gradient of a layer by a weight that is not trained', async () => {
    await expectPrints(norm, hitOf({ input: 'movingMean' }), await gradientOf(norm, 'movingMean'));
  });

  test('the second order of a layer: zeros, as it is linear, but for the other factor', async () => {
    const { inputs } = dense;
    const linear: SweepCase = { ...dense, plainSecond: true };
    const { code } = reproOf(linear, hitOf({ direction: 'second order', input: 'x' }), [2, 3]);
    const printed = (await outputOf(code)).split(' ').map(Number);
    // Σ of the gradients by the kernel is Σ x·dy, whose derivative by x[i, j] is Σ dy[i, ·].
    const { cotangent } = reproOf(linear, hitOf({ input: 'x' }), [2, 3]);
    const sums = [0, 3].map((start) => cotangent.slice(start, start + 3).reduce((sum, c) => sum + c, 0));
    printed.forEach((value, i) => expect(value).toBeCloseTo(sums[Math.floor(i / inputs['x'].shape[1])], 4));
  });

  test('the gradient by an input that has the name of the cotangent', async () => {
    const squared = caseOf(call('square', { input: 'dy' }), { dy: at(3, -1) });
    await expectPrints(squared, hitOf({ input: 'dy' }), await gradientOf(squared, 'dy'));
  });

  test('how many tensors a leak leaves', async () => {
    const where = caseOf(call('where', call('less', x, 0), call('neg', x), x), { x: at(-1, 2) });
    const { leaks } = await observe(where, 'cpu');
    expect(leaks.backward).toBeGreaterThan(0);
    await expectPrints(where, hitOf({ kind: 'leaks', direction: 'backward' }), [leaks.backward]);
    await expectPrints(product, hitOf({ kind: 'leaks', direction: 'forward' }), [0]);
  });

  test('an error, in the words of TensorFlow.js', async () => {
    const one = caseOf(call('einsum', 'i->', x), { x: at(1, 2) });
    const { code } = reproOf(one, hitOf({ kind: 'no gradient' }), []);
    await expect(outputOf(code)).rejects.toThrow(/gradient function not found for Einsum/);
  });
});

describe('what goes with the code', () => {
  test('inputs, expression, cotangents and the hit’s words, as JSON can hold them', () => {
    const one = caseOf(call('sum', x, undefined, [Infinity, NaN]), { x: at(1, 2) }, { plainSecond: true });
    const repro = reproOf({ ...one, kink: true }, hitOf({ got: '[1]', expected: '[2]' }), []);
    expect(repro).toMatchObject({
      inputs: one.inputs,
      plainSecond: true,
      kink: true,
      got: '[1]',
      expected: '[2]',
    });
    expect(repro.expression).toEqual({ call: 'sum', args: [{ input: 'x' }, null, ['Infinity', 'NaN']] });
    expect(JSON.parse(JSON.stringify(repro))).toEqual(repro);
    expect(repro.cotangent).toHaveLength(1);
    expect(repro).not.toHaveProperty('entrywise');
  });

  test('dtypes and scalars; numbers as short as float32 lets them be', () => {
    const one = caseOf(call('f', x, input('i'), input('b'), input('s')), {
      x: { shape: [2, 1], values: [0.1, -0] },
      i: { ...at(1, -2), dtype: 'int32' },
      b: { ...at(1, 0), dtype: 'bool' },
      s: { shape: [], values: [3], dtype: 'int32' },
    });
    const { code } = reproOf(one, hitOf({ direction: 'forward' }), [2]);
    expect(code.split('\n')[1]).toBe(
      "const [x, i, b, s] = [tf.tensor([0.1, -0], [2, 1]), tf.tensor1d([1, -2], 'int32'), " +
        "tf.tensor1d([true, false], 'bool'), tf.scalar(3, 'int32')];",
    );
  });

  test('no dy where there are no outputs to multiply', () => {
    const { code } = reproOf(product, hitOf({ kind: 'hangs', input: 'x' }), undefined);
    expect(code).not.toContain('dy');
  });

  test('at most three lines, for each case of the sweep', () => {
    for (const one of sweepCases(2)) {
      for (const direction of ['forward', 'backward', 'second order'] as const) {
        const { code } = reproOf(one, hitOf({ direction }), [2]);
        expect(code.split('\n')).toHaveLength(3);
      }
    }
  });
});
