/** The cases that a user's file exports, read and checked. */
import { InputError } from '../../errors.js';
import type { gradcheckModel, ModelGradcheckOptions } from '../../gradcheck/model.js';
import type { KernelInputs } from '../../gradcheck/kernel.js';
import type { GradcheckOptions, GradcheckReport } from '../../gradcheck/report/report.js';
import type { CheckedFunction, CheckedInputs } from '../../gradcheck/engine/subject.js';

/** A value, or a function that makes it when the case runs. */
type Lazy<T> = T | (() => T | Promise<T>);

/** What a lazy value comes to. */
export const made = async <T>(value: Lazy<T>): Promise<T> =>
  typeof value === 'function' ? (value as () => T | Promise<T>)() : value;

export interface FunctionCase {
  name: string;
  f: CheckedFunction;
  inputs: Lazy<CheckedInputs>;
  options?: GradcheckOptions;
}

export interface ModelCase {
  name: string;
  model: Lazy<Parameters<typeof gradcheckModel>[0]>;
  x: Lazy<Parameters<typeof gradcheckModel>[1]>;
  y: Lazy<Parameters<typeof gradcheckModel>[2]>;
  /** Left out, the loss that the model was compiled with. */
  loss?: Parameters<typeof gradcheckModel>[3];
  options?: ModelGradcheckOptions;
}

/** A kernel that is registered, by its name: as it is, with the gradient that is registered for it. */
export interface KernelCase {
  /** Left out, the kernel's. */
  name: string;
  kernel: string;
  inputs: Lazy<KernelInputs>;
  attrs?: Readonly<Record<string, unknown>>;
  options?: GradcheckOptions;
}

export type CheckCase = FunctionCase | ModelCase | KernelCase;

/** What detectAnomaly found, as data. */
export interface Anomaly {
  op: string;
  phase: 'forward' | 'gradient';
  /** `file:line:column`. */
  line?: string;
  message: string;
}

/** What came of a case: the report, or a sentence on why there is none. */
export interface CaseResult {
  file: string;
  name: string;
  report?: GradcheckReport;
  error?: string;
  /** What the case changed in the process, and what was put back after it. */
  changed?: string[];
  /** With --anomaly: where the first number that is not finite arises. */
  anomaly?: Anomaly;
}

const wanted =
  'export default [{ name, f, inputs }, …], or export const cases: functions to check with their inputs, or { name, model, x, y, loss }, or { kernel, inputs, attrs }';

/** The cases of a module. */
export function casesOf(file: string, module: Record<string, unknown>): CheckCase[] {
  // A CommonJS module's exports are its default; one that was compiled from an ES module has that one's default within.
  const outer = module.default as Record<string, unknown> | unknown[] | undefined;
  const exported = Array.isArray(outer) ? outer : (module.cases ?? outer?.cases ?? outer?.default ?? outer);
  if (!Array.isArray(exported)) {
    throw new InputError(
      `${file} exports no cases: ${wanted}. Got ${exported === undefined ? 'neither' : `a ${typeof exported}`}.`,
    );
  }
  if (exported.length === 0) throw new InputError(`${file} exports an empty list of cases: ${wanted}.`);
  const names = new Set<string>();
  return exported.map((one: unknown, i) => {
    const place = `${file}: case ${i}`;
    if (typeof one !== 'object' || one === null)
      throw new InputError(`${place} must be an object, got ${String(one)}: ${wanted}.`);
    const { kernel } = one as { kernel?: unknown };
    if (kernel !== undefined && (typeof kernel !== 'string' || kernel === ''))
      throw new InputError(
        `${place}: kernel must be the name of a registered kernel, got ${JSON.stringify(kernel)}.`,
      );
    const { name = kernel } = one as { name?: unknown };
    if (typeof name !== 'string' || name === '')
      throw new InputError(`${place} must have a name, got ${JSON.stringify(name)}.`);
    if (names.has(name))
      throw new InputError(`${file}: two cases are named ${JSON.stringify(name)}. Give each its own name.`);
    names.add(name);
    const needed =
      'model' in one ? ['model', 'x', 'y'] : kernel !== undefined ? ['kernel', 'inputs'] : ['f', 'inputs'];
    const missing = needed.find((key) => (one as Record<string, unknown>)[key] === undefined);
    if (missing) throw new InputError(`${file}: case ${JSON.stringify(name)} has no ${missing}: ${wanted}.`);
    const known = [
      'name',
      'options',
      ...needed,
      ...('model' in one ? ['loss'] : []),
      ...(kernel !== undefined ? ['attrs'] : []),
    ];
    const unknown = Object.keys(one).find((key) => !known.includes(key));
    if (unknown)
      throw new InputError(
        `${file}: case ${JSON.stringify(name)} has ${unknown}, which means nothing here: ${wanted}.`,
      );
    return { ...one, name } as CheckCase;
  });
}
