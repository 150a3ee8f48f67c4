/** The gradient check of a registered kernel, with the gradient function that is registered for it. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../errors.js';
import type { TensorInput } from '../functions/arguments.js';
import { Subject } from './engine/index.js';
import { gradcheck } from './gradcheck.js';
import { effectsOf, explainAttributes } from './kernel/attributes.js';
import { readOptions } from './options.js';
import type { GradcheckOptions, GradcheckReport } from './report/report.js';

/** A kernel's inputs by their names; a list for kernels that take one, as Concat does. */
export type KernelInputs = Readonly<Record<string, TensorInput>> | readonly TensorInput[];

/** A kernel as a function: of one object where its inputs have names, else of each of them. */
export const kernelFunction =
  (kernel: string, inputs: KernelInputs, attrs: Readonly<Record<string, unknown>> = {}) =>
  (...given: unknown[]): tf.Tensor | tf.Tensor[] =>
    tf
      .engine()
      .runKernel(
        kernel,
        (Array.isArray(inputs) ? given : given[0]) as tf.NamedTensorMap,
        attrs as unknown as tf.NamedAttrMap,
      );

/**
 * Checks the gradient that is registered for a kernel, as it is: `runKernel(kernel, inputs, attrs)` against its differences. The report
 * has the attributes' effects too: each is changed, and where that changes f but not its gradient, or nothing at all, the diagnosis names it.
 *
 * - kernel: a name that is registered for the backend cpu, or, with `precision: 'native'`, for the backend in use
 * - inputs: by the names that the kernel knows them by; attrs: its attributes
 *
 * @throws InputError for a name that no kernel has, and as gradcheck does
 */
export async function gradcheckKernel(
  kernel: string,
  inputs: KernelInputs,
  attrs: Readonly<Record<string, unknown>> = {},
  options: GradcheckOptions = {},
): Promise<GradcheckReport> {
  const settings = readOptions(options);
  const backend = settings.precision === 'native' ? tf.getBackend() : 'cpu';
  if (typeof kernel !== 'string' || !tf.getKernel(kernel, backend)) {
    const elsewhere = Object.keys(tf.engine().registryFactory).filter(
      (name) => name !== backend && tf.getKernel(String(kernel), name),
    );
    throw new InputError(
      `gradcheckKernel: no kernel ${JSON.stringify(kernel)} is registered for the backend ${backend}. ${elsewhere.length > 0 ? `There is one for ${elsewhere.join(', ')}: check there with precision: 'native'.` : 'Import what registers it first.'}`,
    );
  }
  const run = (own: Readonly<Record<string, unknown>>) => kernelFunction(kernel, inputs, own);
  const report = await gradcheck(run(attrs), inputs, options);
  const attributes = effectsOf(attrs, (own) => Subject.of(run(own), inputs, settings));
  const sentences = explainAttributes(attributes, report.verdict === 'wrong');
  return { ...report, attributes, diagnosis: [...report.diagnosis, ...sentences] };
}
