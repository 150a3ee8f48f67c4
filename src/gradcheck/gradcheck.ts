/** The gradient check: a function's numerical gradient against tf.grad's, in double precision. */
import * as tf from '@tensorflow/tfjs';
import { randomFrom } from '../random.js';
import { explain, explainFailure, explainFlat, explainKinks, explainUnseen } from './diagnosis/index.js';
import {
  DIRECTIONS,
  drive,
  examine,
  FULL_LIMIT,
  GradientFailure,
  gradientOf,
  Subject,
  tolerances,
  type CheckedFunction,
  type CheckedInputs,
  type Findings,
  type Tolerance,
} from './engine/index.js';
import { readOptions, type Settings } from './options.js';
import type { GradcheckOptions, GradcheckReport, InputReport, Verdict } from './report/report.js';
import { summarize } from './report/summary.js';

export { FULL_LIMIT };

/**
 * Checks that TensorFlow.js differentiates `f` rightly at `inputs`: its vector-Jacobian products `Σ_k c_k·∂f_k/∂x_i`, for random
 * cotangents c, against differences of f.
 *
 * - f: takes the inputs as tensors and returns a tensor, a list or an object of tensors; it must be synchronous and always
 *   give the same for the same inputs. inputs: a list of tensors or arrays of numbers of any rank, one tensor, or an object of named ones (f then takes
 *   one object). Integer, bool and string tensors, and those named in `constant`, are held fast. f gets copies: nothing of the caller's is changed.
 * - Precision: double by default (`inFloat64`), so that an error of 1e-6 is seen; `native` checks on the backend in use, in float32.
 * - Modes: `full` compares every entry, 6 evaluations for most and some 120 for those that are not settled by that; `fast` compares projections
 *   on random directions through all inputs, 8 evaluations for each of four, and searches for the culprit where one is off. Full is the
 *   default up to 2,048 entries.
 * - `right` needs a long step and the shortest step that rounding allows to agree with autodiff; `wrong` needs two families of steps that agree with each
 *   other and not with autodiff, beyond the rounding of both. What is neither is `inconclusive`, and the diagnosis says why.
 * - A difference is let pass up to `rtol` (2^-22 in doubles, 2^-13 natively) times the larger value, plus three times the numerical value's own error
 *   bar, plus the rounding error of autodiff as seen when the inputs move by their last bit.
 * - With the option `surrogate` the differences are those of another function, or follow a rule: for gradients that are meant to differ from f's derivative. With
 *   `variables` the tf.Variables that f captures are differentiated too. The report says which kernels and gradient functions ran.
 * - An op that returned its input, or another op's tensor, is wrong whatever the numbers say: TensorFlow.js counts its gradient twice.
 * - The verdict `kink` names points where the one-sided derivatives differ: there is no gradient there to be wrong.
 *
 * @returns the report; it never throws because a gradient is wrong
 * @throws InputError where there is nothing to check: f that is no function, throws, returns no tensor of real numbers or does not depend on an input; inputs that
 * are disposed, empty, not finite, or all constant.
 * Sources: PyTorch's gradcheck for the modes; Ridders 1982 for the error bar; Moré and Wild 2011 for the noise.
 */
export async function gradcheck(
  f: CheckedFunction,
  inputs: CheckedInputs,
  options: GradcheckOptions = {},
): Promise<GradcheckReport> {
  const settings = readOptions(options);
  return checkSubject(Subject.of(f, inputs, settings), settings);
}

/** Checks what has been read already: a function of tensors with its inputs. */
async function checkSubject(subject: Subject, settings: Settings): Promise<GradcheckReport> {
  const started = performance.now();
  const entries = subject.active.reduce((sum, { values }) => sum + values.length, 0);
  const mode = settings.mode ?? (entries <= FULL_LIMIT ? 'full' : 'fast');
  const random = randomFrom(settings.seed);
  const examination = { mode, tolerance: toleranceOf(settings), random, signal: settings.signal };
  const subjects = [subject];
  const inputs: InputReport[] = [];
  const diagnosis: string[] = [];
  let resolution = 0;
  let failure: GradientFailure | undefined;
  try {
    for (const order of settings.order === 2 ? ([1, 2] as const) : ([1] as const)) {
      if (order === 2) subjects.push(gradientOf(subject, random.weights));
      const findings = await examine(subjects[order - 1], order, examination);
      const reports = summarize(findings, settings.details ?? false);
      const sentences = await diagnose(findings, reports, settings.signal);
      inputs.push(...reports);
      diagnosis.push(...sentences.map((sentence) => (order === 2 ? `Second order: ${sentence}` : sentence)));
      resolution = Math.max(resolution, findings.projections?.resolution ?? 0);
    }
  } catch (error) {
    if (!(error instanceof GradientFailure)) throw error;
    failure = error;
    const order = inputs.length > 0 ? 2 : 1;
    const said = explainFailure(failure, subject, order);
    diagnosis.unshift(...said.map((sentence) => (order === 2 ? `Second order: ${sentence}` : sentence)));
  }
  // Numbers may be right by chance where TensorFlow.js counts a gradient twice: x·stop(x), with a stop that stops nothing.
  const aliases = (subject.aliases ?? []).filter(({ sentence }) => sentence !== failure?.message);
  const verdict = worstVerdict([
    ...inputs.map((input) => input.verdict),
    ...(failure ? [failure.verdict] : []),
    ...(aliases.some(({ isFault }) => isFault) ? (['wrong'] as const) : []),
  ]);
  if (verdict !== 'right') diagnosis.unshift(...aliases.map(({ sentence }) => sentence));
  if (subject.asksForBackend) {
    diagnosis.push(
      "f asks for the backend (tf.getBackend()) and was told cpu: what it does on other backends was not checked. precision: 'native' checks on the one in use.",
    );
  }
  return {
    schemaVersion: 1,
    verdict,
    precision: settings.precision,
    backend: settings.precision === 'float64' ? 'float64' : tf.getBackend(),
    mode,
    order: settings.order,
    seed: settings.seed,
    inputs,
    diagnosis,
    evaluations: subjects.reduce((sum, { evaluations }) => sum + evaluations, 0),
    seconds: (performance.now() - started) / 1000,
    ran: {
      kernels: [...subject.kernels],
      gradients: [...subject.gradientsOf],
      ...(subject.asksForBackend && { asksForBackend: true }),
    },
    ...(mode === 'fast' && { missProbability: 0.5 ** DIRECTIONS, resolution }),
  };
}

/** The precision's tolerance with what the options say otherwise. */
const toleranceOf = ({ precision, rtol, atol }: Settings): Tolerance => {
  const usual = tolerances[precision];
  return {
    ...usual,
    ...(rtol !== undefined && { rtol, atOnce: Math.min(usual.atOnce, rtol / 4) }),
    ...(atol !== undefined && { atol }),
  };
};

const severity: readonly Verdict[] = [
  'right',
  'kink',
  'inconclusive',
  'unsupported',
  'nondeterministic',
  'wrong',
];

const worstVerdict = (verdicts: readonly Verdict[]): Verdict =>
  verdicts.reduce(
    (worst, verdict) => (severity.indexOf(verdict) > severity.indexOf(worst) ? verdict : worst),
    'right',
  );

/** What was found, in sentences: what is wrong, where f has kinks, what could not be seen. */
async function diagnose(
  findings: Findings,
  reports: readonly InputReport[],
  signal?: AbortSignal,
): Promise<string[]> {
  const { pass, entries } = findings;
  const isWrong = entries.some((found) =>
    found.some(({ state }) => state === 'wrong' || state === 'nonFinite'),
  );
  const explained = await drive(
    pass,
    (function* () {
      const wrong = isWrong ? explain(pass, entries) : [];
      yield;
      return [...wrong, ...explainKinks(pass, entries)];
    })(),
    signal,
  );
  const flat = reports.flatMap(({ verdict, order }, input) =>
    order === 1 && verdict === 'right' ? (explainFlat(pass, input) ?? []) : [],
  );
  return [...explained, ...flat, ...explainUnseen(findings)];
}
