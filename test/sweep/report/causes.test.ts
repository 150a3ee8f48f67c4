/** Oracle: findings whose cause is known. */
import { expect, test } from '@jest/globals';
import { causesOf } from '../../../src/sweep/report/causes.js';
import type { Finding } from '../../../src/sweep/report/report.js';
import { formulaFinding } from './sample-report.js';

/** A finding by its id: op/kind/backend/direction/fault. */
function finding(id: string, part: Partial<Finding> = {}): Finding {
  const [op, kind, backend, direction, fault] = id.split('/');
  return {
    ...formulaFinding,
    id,
    op,
    kind: kind.replaceAll('-', ' ') as Finding['kind'],
    backend: backend as Finding['backend'],
    direction: direction.replaceAll('-', ' ') as Finding['direction'],
    ...(fault && { fault: fault.replaceAll('-', ' ') }),
    ...part,
  };
}

const order = { culprit: "the tape's order" };
const all = [
  finding('exp/formula/core/second-order', order),
  finding('tanh/formula/core/second-order', order),
  finding('where/throws/core/backward'),
  finding('relu6/throws/core/second-order'),
  finding('greater/throws/core/backward'),
  finding('einsum/no-gradient/core/backward/Einsum', { culprit: 'Einsum' }),
  finding('conv2d/kernel-missing/wasm/backward/Conv2DBackpropFilter', { culprit: 'Conv2DBackpropFilter' }),
  finding('layers.conv2d/kernel-missing/wasm/backward/Conv2DBackpropFilter', {
    culprit: 'Conv2DBackpropFilter',
  }),
  finding('avgPool/kernel/cpu/backward', { culprit: 'AvgPoolGrad' }),
  finding('avgPool-(pad)/kernel/cpu/backward', { culprit: 'AvgPoolGrad' }),
  finding('avgPool/kernel/wasm/backward', { culprit: 'AvgPoolGrad' }),
  finding('conv3d/formula/core/forward', { culprit: 'get3DPadAndOutInfo' }),
  finding('avgPool3d/formula/core/forward', { culprit: 'get3DPadAndOutInfo' }),
  finding('mirrorPad/formula/core/backward'),
];

test('findings of one cause are together, those of two are apart', () => {
  expect(causesOf(all).map(({ ops, findings }) => [ops, findings.length])).toEqual([
    [['greater', 'relu6', 'where'], 3],
    [['avgPool3d', 'conv3d'], 2],
    [['avgPool-(pad)', 'avgPool'], 2],
    [['conv2d', 'layers.conv2d'], 2],
    [['exp', 'tanh'], 2],
    [['mirrorPad'], 1],
    [['avgPool'], 1],
    [['einsum'], 1],
  ]);
});

test('each finding has one cause, whatever the order', () => {
  const causes = causesOf([...all].reverse());
  expect(causes.flatMap(({ findings }) => findings.map(({ id }) => id)).sort()).toEqual(
    all.map(({ id }) => id).sort(),
  );
  expect(causes).toEqual(causesOf(all));
});

test('titles say what is wrong, and threads upstream are linked', () => {
  const titled = (id: string): { title: string; upstream: string[] } => {
    const { title, upstream } = causesOf(all.filter((one) => one.id === id))[0];
    return { title, upstream };
  };
  expect(titled('einsum/no-gradient/core/backward/Einsum')).toEqual({
    title: 'Einsum has no gradient',
    upstream: [8277, 5690, 7722].map((issue) => `https://github.com/tensorflow/tfjs/issues/${issue}`),
  });
  expect(titled('exp/formula/core/second-order').upstream).toEqual([
    'https://github.com/tensorflow/tfjs/issues/3252',
  ]);
  expect(titled('conv3d/formula/core/forward').title).toContain('get3DPadAndOutInfo');
  expect(titled('avgPool/kernel/wasm/backward').title).toBe("The wasm backend's kernel AvgPoolGrad is wrong");
});
