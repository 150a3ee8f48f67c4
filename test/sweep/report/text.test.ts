import { describe, expect, test } from '@jest/globals';
import { sweepText } from '../../../src/sweep/report/text.js';
import { emptyReport, fixedReport, incompleteReport, kernelFinding, sampleReport } from './sample-report.js';

describe('sweepText', () => {
  test('counts by kind and backend, describes findings, and names the rest', async () => {
    const text = await sweepText(sampleReport);
    const cells = text
      .split('\n')
      .filter((line) => line.startsWith('│'))
      .map((line) => line.split('│').map((cell) => cell.trim()));
    expect(cells).toEqual([
      ['', 'findings', 'core', 'cpu', 'all', ''],
      ['', 'formula', '1', '', '1', ''],
      ['', 'kernel', '', '1', '1', ''],
      ['', 'all', '1', '1', '2', ''],
    ]);
    expect(text.slice(text.indexOf('\n\n') + 2)).toBe(`\
atan2/formula/second order: a & b: The second order has the wrong sign.
  got [0.25, NaN], expected [0.25, 0.5]
  closed form: -2xy / (x² + y²)²

avgPool/kernel/cpu/backward: ${kernelFinding.message}
  got [0.25, NaN], expected [0.25, 0.5]
  backend tensorflow; https://github.com/tensorflow/tfjs/issues/1234

Suspicions, which nothing but our own differences speaks for (1):
  maxPool3d/throws/webgl/forward

Conventions at kinks (1):
  relu/convention/core/backward

TensorFlow.js 4.22.0 on cpu, wasm, webgl, seed 7: 100 of 100 cases judged: 2 findings, 1 suspicion, 1 convention.
`);
  });

  test('ends with what the fixes do', async () => {
    const text = await sweepText(fixedReport);
    expect(text).toMatch(
      /With the fixes these stay \(2\):\n {2}maxPool3d\/throws\/webgl\/forward: It is a shader[^\n]*\n {2}atan2\/formula[^\n]*\n\nNew with the fixes:\nrelu\/kernel\/wasm\/forward: The values are new\.\n/,
    );
    expect(text).toMatch(
      /\n\nWithout and with gradparity\/fixes: core 1 → 1, cpu 1 → 0, wasm 0 → 1, webgl 1 → 1, 1 new\.\n$/,
    );
  });

  test('says so where the run is incomplete', async () => {
    expect(await sweepText(incompleteReport)).toMatch(
      /40 of 100 cases judged: .*\. The run is incomplete\.\n$/,
    );
  });

  test('is one line where there is nothing to tell', async () => {
    expect(await sweepText(emptyReport)).toBe(
      'TensorFlow.js 4.22.0 on cpu, wasm, webgl, seed 7: 100 of 100 cases judged: 0 findings, 0 suspicions, 0 conventions.\n',
    );
  });
});
