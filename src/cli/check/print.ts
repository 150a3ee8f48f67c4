/** The cases' results on the terminal. */
import { describeReport, isPassed, surrogateText } from '../../gradcheck/report/describe.js';
import type { CaseResult } from './cases.js';
import type { RegisteredList } from './registered.js';

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
      `${report.mode}, ${report.precision === 'float64' ? 'float64' : report.backend}${surrogateText(report.inputs) ? ', surrogate' : ''}`,
      report.seconds.toFixed(2),
    ]);
  }
  const throughout = unsupportedThroughout(results);
  const explained = results
    .filter(({ report }) => !report || report.verdict !== 'right' || report.diagnosis.length > 0)
    .filter((result) => !throughout?.includes(result))
    .map(({ name, report, error }) => `${name}: ${report ? describeReport(report) : error}`);
  const changed = results.flatMap(({ name, changed: what }) =>
    what ? [`${name} ${what.join('; ')}. That was put back.`] : [],
  );
  const anomalies = results.flatMap(({ name, anomaly }) => (anomaly ? [`${name}: ${anomaly.message}`] : []));
  return [
    table.toString(),
    ...[...explained, ...anomalies].map((text) => `\n${text}`),
    ...(throughout ? [`\n${secondOrderText(throughout, results.length)}`] : []),
    ...(changed.length > 0 ? ['', ...changed] : []),
    '',
    summary(results),
    '',
  ].join('\n');
}

/** The cases that are right, but have no second order, where that is so of all that could be right: one reason for them all is enough. */
function unsupportedThroughout(results: readonly CaseResult[]): CaseResult[] | undefined {
  const without = results.filter(
    ({ report }) =>
      report?.verdict === 'unsupported' &&
      report.order === 2 &&
      report.inputs.length > 0 &&
      report.inputs.every(({ order, verdict }) => order === 1 && verdict === 'right'),
  );
  const hasSecond = results.some(({ report }) => report?.inputs.some(({ order }) => order === 2));
  return without.length > 1 && !hasSecond ? without : undefined;
}

function secondOrderText(without: readonly CaseResult[], count: number): string {
  const reasons = new Map<string, string[]>();
  for (const { name, report } of without) {
    const [reason = ''] = report?.diagnosis ?? [];
    const text = reason.replace(/^Second order: /, '');
    reasons.set(text, [...(reasons.get(text) ?? []), name]);
  }
  const lines = [...reasons].map(([reason, names]) => `  ${reason} (${names.join(', ')})`);
  return [
    `The second order is supported throughout by none of the ${count} cases; the first order of ${without.length} is right.`,
    ...lines,
  ].join('\n');
}

/** What a package registered, and what of it is not checked. */
export function registeredText({
  package: name,
  kernels,
  gradients,
  replaced,
  copied,
  unchecked,
}: RegisteredList): string {
  const names = Object.keys(kernels);
  if (names.length === 0 && gradients.length === 0)
    return `${name} registered no kernels and no gradients. What it exports can be checked by cases: export default [{ name, f, inputs }].`;
  const lone = names.filter((kernel) => !gradients.includes(kernel));
  const backends = [...new Set(Object.values(kernels).flat())];
  return [
    `${name} registered ${names.length} kernels${backends.length > 0 ? ` (for ${backends.join(', ')})` : ''} and ${gradients.length} gradients: ${gradients.join(', ') || 'none'}.`,
    ...(lone.length > 0 ? [`Kernels without a gradient of their own: ${lone.join(', ')}.`] : []),
    ...(copied > 0
      ? [
          `It brings a copy of TensorFlow.js, which registered ${copied} kernels and gradients once more: they take the place of those that were there, and gradparity sweep is for them.`,
        ]
      : []),
    ...(replaced.length > 0 ? [`It replaced what was registered: ${replaced.join(', ')}.`] : []),
    ...unchecked.map((one) => `Not checked: ${one.name}, as ${one.reason}.`),
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
