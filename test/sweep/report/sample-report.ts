import { call, input } from '../../../src/sweep/cases/expression.js';
import type { Finding, MatrixRow, SweepReport } from '../../../src/sweep/report/report.js';

const finding = (
  one: Partial<Finding> & Pick<Finding, 'id' | 'op' | 'kind' | 'message'>,
  code: string,
): Finding => ({
  family: 'pooling',
  backend: 'core',
  direction: 'backward',
  first: `${one.op}(x[2,3])`,
  cases: 1,
  witness: { kind: 'another library', by: 'TensorFlow 2.15.1' },
  repro: {
    inputs: { x: { shape: [2], dtype: 'float32', values: [1, 2] } },
    expression: call(one.op, input('x')),
    cotangent: [1],
    code,
    got: '[0.25, NaN]',
    expected: '[0.25, 0.5]',
  },
  ...one,
});

export const kernelFinding = finding(
  {
    id: 'avgPool/kernel/cpu/backward',
    op: 'avgPool',
    kind: 'kernel',
    backend: 'cpu',
    message:
      "The gradient of tf.avgPool(x, [2, 3], 1, 'same') divides by the <window> | not by *what* it_covers.",
    cases: 12,
    witness: { kind: 'backend', by: 'backend tensorflow' },
    upstream: 'https://github.com/tensorflow/tfjs/issues/1234',
  },
  `const x = tf.tensor([1, 2]);\nconst f = (x) => tf.sum(x.map(([a]) => a < 1 && a > 0 ? "</script><b>" : \`\${a}\`));\nconsole.log(tf.grad(f)(x));`,
);

export const formulaFinding = finding(
  {
    id: 'atan2/formula/second order: a & b',
    op: 'atan2',
    family: 'binary',
    kind: 'formula',
    direction: 'second order',
    message: 'The second order has the wrong sign.',
    witness: { kind: 'closed form', by: '-2xy / (x² + y²)²' },
  },
  'console.log(1);',
);

export const suspicion = finding(
  {
    id: 'maxPool3d/throws/webgl/forward',
    op: 'maxPool3d',
    kind: 'throws',
    backend: 'webgl',
    direction: 'forward',
    message: 'It throws.',
    witness: null,
  },
  'console.log(2);',
);

export const convention = finding(
  {
    id: 'relu/convention/core/backward',
    op: 'relu',
    family: 'unary',
    kind: 'convention',
    message: 'The gradient at 0 is 0.',
    witness: { kind: 'another library', by: 'PyTorch 2.9.0' },
  },
  'console.log(3);',
);

const row = (op: string, family: string, rest: Partial<MatrixRow>): MatrixRow => ({
  op,
  family,
  first: `tf.${op}(x[2])`,
  cases: 24,
  backends: { cpu: 'right', wasm: 'right' },
  formula: 'right',
  second: 'right',
  findings: [],
  ...rest,
});

export const sampleReport: SweepReport = {
  schemaVersion: 1,
  tfjs: '4.22.0',
  seed: 7,
  backends: ['cpu', 'wasm', 'webgl'],
  versions: { Chromium: '141.0' },
  cases: 100,
  judged: 100,
  complete: true,
  findings: [convention, suspicion, kernelFinding, formulaFinding],
  matrix: [
    row('relu', 'unary', { findings: [convention.id] }),
    row('maxPool3d', 'pooling', {
      backends: { cpu: 'right', wasm: 'missing', webgl: 'wrong' },
      findings: [suspicion.id],
    }),
    row('avgPool', 'pooling', {
      backends: { cpu: 'wrong', wasm: 'right', webgl: 'right' },
      findings: [kernelFinding.id],
    }),
    row('atan2', 'binary', { second: 'wrong', findings: [formulaFinding.id] }),
  ],
  seconds: 754.2,
};

/** What there is with the fixes alone. */
export const regression = finding(
  {
    id: 'relu/kernel/wasm/forward',
    op: 'relu',
    family: 'unary',
    kind: 'kernel',
    backend: 'wasm',
    direction: 'forward',
    message: 'The values are new.',
  },
  "import 'gradparity/fixes';\nconsole.log(4);",
);

/** The same with `gradparity/fixes`: the pool is mended, the second order and the suspicion stay, and one thing is new. */
export const fixedReport: SweepReport = {
  ...sampleReport,
  fixes: true,
  fixed: {
    findings: [convention, suspicion, formulaFinding, regression],
    matrix: [
      row('relu', 'unary', {
        backends: { cpu: 'right', wasm: 'wrong' },
        findings: [convention.id, regression.id],
      }),
      row('maxPool3d', 'pooling', {
        backends: { cpu: 'right', wasm: 'missing', webgl: 'wrong' },
        findings: [suspicion.id],
      }),
      row('avgPool', 'pooling', { backends: { cpu: 'right', wasm: 'right', webgl: 'right' } }),
      row('atan2', 'binary', { second: 'wrong', findings: [formulaFinding.id] }),
    ],
  },
};

export const incompleteReport: SweepReport = { ...sampleReport, judged: 40, complete: false };

export const emptyReport: SweepReport = { ...sampleReport, findings: [], matrix: [] };
