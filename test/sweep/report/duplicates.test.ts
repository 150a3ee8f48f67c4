/** Oracle: findings of which it is plain which are the same. */
import { expect, test } from '@jest/globals';
import { withoutDuplicates } from '../../../src/sweep/report/duplicates.js';
import type { Finding, MatrixRow } from '../../../src/sweep/report/report.js';
import { kernelFinding, sampleReport } from './sample-report.js';

const finding = (id: string, cases: number): Finding => {
  const [op, kind] = id.split('/');
  return { ...kernelFinding, id, op, kind: kind.replaceAll('-', ' ') as Finding['kind'], cases };
};
const row = (op: string, findings: string[]): MatrixRow => ({ ...sampleReport.matrix[0], op, findings });

const plain = 'conv2d/no-gradient/core/second-order/Conv2DBackpropFilter';
const variant = 'conv2d-(NCHW)/no-gradient/core/second-order/Conv2DBackpropFilter';

test('a variant has no finding of its own that the plain op has too', () => {
  const { findings, matrix } = withoutDuplicates(
    [finding(variant, 2), finding(plain, 3)],
    [row('conv2d', [plain]), row('conv2d (NCHW)', [variant])],
  );
  expect(findings.map(({ id, cases }) => [id, cases])).toEqual([[plain, 5]]);
  expect(matrix.map((each) => each.findings)).toEqual([[plain], [plain]]);
});

test('another error, and numbers, of which nobody knows whether they are the same, are findings of their own', () => {
  const ids = [
    plain,
    'conv2d-(NCHW)/no-gradient/core/second-order/Other',
    'avgPool/kernel/cpu/backward',
    'avgPool-(pad)/kernel/cpu/backward',
    'gather-(batchDims)/throws/core/backward/Size',
  ];
  const { findings } = withoutDuplicates(
    ids.map((id) => finding(id, 1)),
    [],
  );
  expect(findings.map(({ id }) => id)).toEqual(ids);
});

test('tensors left behind, and an optimizer that is wrong as it stands, are said once', () => {
  const ids = [
    'train.adadelta/formula/core/forward',
    'train.adadelta-(rho)/formula/core/forward',
    'train.momentum/leaks/core/forward',
    'train.momentum-(nesterov)/leaks/core/forward',
    'train.momentum-(by-turns)/formula/core/forward',
  ];
  const { findings } = withoutDuplicates(
    ids.map((id) => finding(id, 1)),
    [],
  );
  expect(findings.map(({ id }) => id)).toEqual([ids[0], ids[2], ids[4]]);
});
