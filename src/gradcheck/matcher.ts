/** The matcher `toHaveRightGradients`, as Jest's and Vitest's `expect.extend` take it. */
import { describeReport, isPassed } from './report/describe.js';
import { gradcheck } from './gradcheck.js';
import type { GradcheckOptions } from './report/report.js';
import type { CheckedFunction, CheckedInputs } from './engine/subject.js';

/** What `expect(f)` has more. */
export interface GradientMatchers<R = unknown> {
  /**
   * Checks the function's gradient: `await expect(f).toHaveRightGradients([x, w], options)`. Passed where the gradient is right or,
   * at kinks, between the one-sided slopes. `.not` is passed where it is wrong, and fails where it could not be judged.
   */
  toHaveRightGradients(inputs: CheckedInputs, options?: GradcheckOptions): R;
}

/** With `.not`, a check that came to no verdict fails too: `pass` is true there. */
async function toHaveRightGradients(
  this: { isNot?: boolean },
  f: unknown,
  inputs: CheckedInputs,
  options?: GradcheckOptions,
): Promise<{
  /** Whether the check passed. */
  pass: boolean;
  /** What is said where it did not. */
  message: () => string;
}> {
  const report = await gradcheck(f as CheckedFunction, inputs, options);
  const passed = isPassed(report);
  const wrong = report.verdict === 'wrong' || (report.verdict === 'kink' && !passed);
  const wanted = this.isNot ? 'a wrong gradient was expected' : 'right gradients were expected';
  return { pass: this.isNot ? !wrong : passed, message: () => `${wanted}.\n${describeReport(report)}` };
}

/** The matcher by its name, for `expect.extend`. */
export const matchers = {
  /** As `GradientMatchers` says. */
  toHaveRightGradients,
};
