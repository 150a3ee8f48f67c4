/** The committed answers of TensorFlow for Python. Oracle: closed forms, and that an answer belongs to one case only. */
import { expect, test } from '@jest/globals';
import { sweepCases } from '../../../src/sweep/cases/index.js';
import { limited } from '../../../src/sweep/judgement/limitations.js';
import { oracleOf } from '../../../src/sweep/judgement/oracle.js';
import type { Hit } from '../../../src/sweep/judgement/hit.js';
import { assemble, real } from '../../../src/sweep/cases/case.js';
import { call, input } from '../../../src/sweep/cases/expression.js';
import { present } from '../../support/present.js';

const cases = sweepCases(1);

test('nearly every case has an answer', () => {
  expect(cases.filter((one) => oracleOf(one) === undefined).length).toBeLessThan(cases.length / 100);
});

test('the answers are right where that can be computed by hand', () => {
  const one = present(
    cases.find(
      ({ op, expression }) => op === 'square' && 'call' in expression && expression.call === 'square',
    ),
  );
  const { forward, gradients, by } = present(oracleOf(one));
  const { values } = one.inputs['x'];
  expect(by).toMatch(/^TensorFlow \d/);
  values.forEach((value, i) => expect(forward[i]).toBeCloseTo(value * value, 5));
  // Times the case's cotangent, which is the same for all that it multiplies.
  const ratios = values.map((value, i) => present(gradients['x'])[i] / (2 * value));
  expect(ratios.every(Number.isFinite)).toBe(true);
});

test('an answer to other numbers, to another cotangent or of another seed is none', () => {
  const one = present(cases.find((each) => each.op === 'square' && oracleOf(each) !== undefined));
  const [name] = Object.keys(one.inputs);
  const other = { ...one.inputs[name], values: one.inputs[name].values.map((value) => value + 0.5) };
  expect(oracleOf({ ...one, inputs: { ...one.inputs, [name]: other } })).toBeUndefined();
  const outputs = present(oracleOf(one)).forward.length;
  expect(oracleOf({ ...one, cotangent: Array.from({ length: outputs }, () => 9) })).toBeUndefined();
  expect(sweepCases(2).filter((each) => oracleOf(each) !== undefined).length).toBeLessThan(cases.length / 2);
});

const wrongValues = (id: string, where: Pick<Hit, 'op' | 'family' | 'backend'>): Hit => ({
  id,
  ...where,
  kind: 'kernel',
  direction: 'forward',
  message: 'It is wrong.',
  witness: null,
  got: '1',
  expected: '2',
});

test('what the documentation excludes is a limitation, and nothing else is', () => {
  const hit = wrongValues('depthwiseConv2d-(NCHW)/kernel/cpu/forward', {
    op: 'depthwiseConv2d',
    family: 'convolution',
    backend: 'cpu',
  });
  const of = (op: string, format: string) =>
    assemble(
      'convolution',
      {
        op,
        inputs: { x: real([1, 1, 2, 3]), filter: real([1, 1, 1, 1]) },
        expression: call(op, input('x'), input('filter'), 1, 'same', format),
      },
      1,
    );
  expect(limited(of('depthwiseConv2d', 'NCHW'), hit)).toMatchObject({
    id: 'depthwiseConv2d-(NCHW)/limitation/cpu/forward',
    kind: 'limitation',
    message: 'It is wrong. The documentation says: only NHWC is currently supported.',
  });
  expect(limited(of('depthwiseConv2d', 'NHWC'), hit)).toBe(hit);
  // Of conv2d the documentation says that it takes both.
  expect(limited(of('conv2d', 'NCHW'), hit)).toBe(hit);
});

test('what shaders make of NaN and infinity is a limitation, not so what the processor does, nor an error', () => {
  const hit = wrongValues('log-(not-finite)/kernel/webgl/forward', {
    op: 'log',
    family: 'special values',
    backend: 'webgl',
  });
  const of = (variant?: string) =>
    assemble(
      'special values',
      { op: 'log', variant, inputs: { x: real([2]) }, expression: call('log', input('x')) },
      1,
    );
  expect(limited(of('not finite'), hit)).toMatchObject({
    id: 'log-(not-finite)/limitation/webgl/forward',
    kind: 'limitation',
    message:
      'It is wrong. What becomes of NaN and infinity in a shader is left to the device by GLSL ES 3.00.',
  });
  expect(limited(of('not finite'), { ...hit, backend: 'webgpu' }).message).toMatch(/by WGSL\.$/);
  for (const other of [
    { backend: 'wasm' },
    { backend: 'core', kind: 'formula' },
    { kind: 'throws' },
  ] as const) {
    expect(limited(of('not finite'), { ...hit, ...other }).kind).toBe({ ...hit, ...other }.kind);
  }
  expect(limited(of('extremes'), hit)).toBe(hit);
  expect(limited(of(), hit)).toBe(hit);
});
