/** The check as an assertion, for any test framework. */
import { describeReport, isPassed } from './report/describe.js';
import { gradcheck } from './gradcheck.js';
import type { GradcheckOptions, GradcheckReport } from './report/report.js';
import type { CheckedFunction, CheckedInputs } from './engine/subject.js';

/** A gradient check that was not passed. The message says what was found; `report` has the numbers. */
export class GradientMismatchError extends Error {
  override readonly name = 'GradientMismatchError';

  constructor(readonly report: GradcheckReport) {
    super(describeReport(report));
  }
}

/**
 * `gradcheck` that throws unless the check is passed: the gradient is right, or, where f has kinks, it lies between the
 * one-sided slopes.
 *
 * @throws GradientMismatchError with the report; InputError as gradcheck does
 */
export async function expectGradients(
  f: CheckedFunction,
  inputs: CheckedInputs,
  options?: GradcheckOptions,
): Promise<GradcheckReport> {
  const report = await gradcheck(f, inputs, options);
  if (!isPassed(report)) throw new GradientMismatchError(report);
  return report;
}
