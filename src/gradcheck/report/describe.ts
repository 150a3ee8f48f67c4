/** A report in words. */
import type { GradcheckReport, InputReport, Kink } from './report.js';

const verdicts: Record<GradcheckReport['verdict'], string> = {
  right: 'The gradient is right',
  wrong: 'The gradient is wrong',
  kink: 'The function has kinks here, where there is no gradient',
  inconclusive: 'The gradient could not be judged',
  nondeterministic: 'The function is not deterministic',
  unsupported: 'The gradient cannot be computed',
};

/** Whether the check is passed: the gradient is right, or lies between the one-sided slopes wherever f has a kink. */
export const isPassed = ({ verdict, inputs }: GradcheckReport): boolean =>
  verdict === 'right' ||
  (verdict === 'kink' && inputs.every(({ kinkDetails }) => kinkDetails.every(({ between }) => between)));

/** The report in some lines: the verdict, what seems to be wrong, the worst entry of every input, and how to see it again. */
export function describeReport(report: GradcheckReport): string {
  const { verdict, diagnosis, inputs, mode, precision, backend, seed, order } = report;
  const where = precision === 'float64' ? 'in double precision' : `in float32 on the backend ${backend}`;
  const lines = [
    `${verdicts[verdict]} (${mode} mode, ${where}${order === 2 ? ', order 2' : ''}).`,
    ...againstLine(inputs),
    ...diagnosis.map((sentence) => `  ${sentence}`),
    ...inputs.flatMap(inputLines),
    ...(report.attributes ? [`  ${ranText(report)}`] : []),
  ];
  if (verdict !== 'right') lines.push(`Seed ${seed} gives the same again.`);
  return lines.join('\n');
}

/** So many names are told. */
const NAMED = 12;

const listed = (names: readonly string[]): string =>
  names.length === 0
    ? 'none'
    : names.slice(0, NAMED).join(', ') + (names.length > NAMED ? ` and ${names.length - NAMED} more` : '');

/** Which kernels ran, and whose gradient functions. */
export const ranText = ({ ran: { kernels, gradients } }: GradcheckReport): string =>
  `Kernels that ran: ${listed(kernels)}; gradient functions: ${listed(gradients)}.`;

/** What the gradient was compared with, where it is not f's own derivative. */
export function surrogateText(inputs: readonly InputReport[]): string | undefined {
  const declared = inputs.filter(({ order, surrogate }) => order === 1 && surrogate !== undefined);
  if (declared.length === 0) return undefined;
  if (declared.every(({ surrogate }) => surrogate === 'function')) return 'the derivative of the surrogate';
  const rules = declared.map(
    ({ name, surrogate }) =>
      `${name}: ${typeof surrogate === 'object' ? `${surrogate.scale} times f's derivative` : surrogate}`,
  );
  return `the surrogate (${rules.join(', ')})`;
}

function againstLine(inputs: readonly InputReport[]): string[] {
  const against = surrogateText(inputs);
  return against ? [`  It was compared with ${against}.`] : [];
}

function inputLines(input: InputReport): string[] {
  const { name, shape, order, verdict, entries, checked, worst, maxRelativeError, kinkDetails } = input;
  if (verdict === 'right') return [];
  const of = order === 2 ? `${name}, second order` : name;
  const lines = [
    `  ${of} [${shape.join(',')}]: ${verdict}; ${checked} of ${entries} entries compared, relative error up to ${maxRelativeError.toExponential(1)}`,
  ];
  if (worst && (verdict === 'wrong' || verdict === 'inconclusive')) {
    lines.push(
      `    worst at [${worst.coordinate.join(',')}]: differences give ${digits(worst.numerical)} ± ${worst.errorBar.toExponential(0)}, autodiff ${digits(worst.autodiff)}`,
    );
  }
  lines.push(...kinkDetails.slice(0, 5).map(kinkLine));
  return lines;
}

const kinkLine = ({ coordinate, left, right, autodiff, between }: Kink): string =>
  `    kink at [${coordinate.join(',')}]: slopes ${digits(left)} and ${digits(right)}, autodiff ${digits(autodiff)}${between ? '' : ', which is not between them'}`;

/** A number short enough to read and long enough to tell from its neighbour. */
export const digits = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(10))) : String(value);
