/** The cases' results on the terminal. */
import { describeReport, isPassed } from '../../gradcheck/report/describe.js';
import type { CaseResult } from './cases.js';

export const passed = ({ report, anomaly }: CaseResult): boolean =>
  report !== undefined && isPassed(report) && anomaly === undefined;

/** A table, the explanation of every case that is not right, and a line that counts. */
export async function resultText(results: readonly CaseResult[]): Promise<string> {
  const { default: Table } = await import('cli-table3');
  const table = new Table({
    head: ['', 'case', 'inputs', 'worst error', 'checked', 'seconds'],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'right', 'right', 'left', 'right'],
  });
  for (const result of results) {
    const { name, report } = result;
    const mark = report ? (isPassed(report) ? report.verdict : report.verdict.toUpperCase()) : 'ERROR';
    if (!report) {
      table.push([mark, name, '', '', '', '']);
      continue;
    }
    const worst = Math.max(0, ...report.inputs.map(({ maxRelativeError }) => maxRelativeError));
    table.push([
      mark,
      name,
      String(report.inputs.length),
      report.inputs.length > 0 ? worst.toExponential(1) : '',
      `${report.mode}, ${report.precision === 'float64' ? 'float64' : report.backend}`,
      report.seconds.toFixed(2),
    ]);
  }
  const explained = results
    .filter(({ report }) => report?.verdict !== 'right')
    .map(({ name, report, error }) => `${name}: ${report ? describeReport(report) : error}`);
  const anomalies = results.flatMap(({ name, anomaly }) => (anomaly ? [`${name}: ${anomaly.message}`] : []));
  return [
    table.toString(),
    ...[...explained, ...anomalies].map((text) => `\n${text}`),
    '',
    summary(results),
    '',
  ].join('\n');
}

export function summary(results: readonly CaseResult[]): string {
  const counts = new Map<string, number>();
  for (const { report } of results) {
    const verdict = report?.verdict ?? 'failed';
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  }
  const anomalies = results.filter(({ anomaly }) => anomaly !== undefined).length;
  if (anomalies > 0) counts.set('not finite somewhere', anomalies);
  return [...counts].map(([verdict, count]) => `${count} ${verdict}`).join(', ') + '.';
}
