/** tf.Variables that f captures: they stand among the inputs, and hold the inputs' numbers while f and its gradient run. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../errors.js';
import { isInherited, replaceMethods } from '../../methods.js';
import type { CapturedVariables } from '../report/report.js';
import { FunctionError } from './failures.js';

/** The variables with their names in the report. */
export function variablesOf(given: CapturedVariables | undefined): { name: string; variable: tf.Variable }[] {
  if (given === undefined || given === null) return [];
  if (typeof given !== 'object') {
    throw new InputError(
      `gradcheck: variables must be a list of tf.Variables or an object of named ones, got ${String(given)}.`,
    );
  }
  const list: unknown[] = Object.values(given);
  const keys = Array.isArray(given) ? undefined : Object.keys(given);
  const seen = new Map<unknown, string>();
  return list.map((variable, i) => {
    const place = keys?.[i] ?? `variable ${i}`;
    if (!(variable instanceof tf.Variable)) {
      throw new InputError(
        `gradcheck: variables must hold tf.Variables; ${place} is ${variable instanceof tf.Tensor ? 'a tensor. Give it as an input' : String(variable)}.`,
      );
    }
    if (variable.isDisposed) throw new InputError(`gradcheck: ${place} (${variable.name}) was disposed.`);
    if (variable.dtype !== 'float32') {
      throw new InputError(
        `gradcheck: ${place} (${variable.name}) must be of dtype float32 to be differentiated, got ${variable.dtype}. Leave it out of variables.`,
      );
    }
    const other = seen.get(variable);
    if (other !== undefined) {
      throw new InputError(`gradcheck: ${place} and ${other} are the same variable, ${variable.name}.`);
    }
    seen.set(variable, place);
    return { name: keys?.[i] ?? variable.name, variable };
  });
}

type Held = { dataId: tf.TensorInfo['dataId'] } & Partial<Pick<tf.Variable, 'assign' | 'dispose'>>;

/**
 * Runs `work` while each variable has the numbers of the tensor in its place; then they have their own ones again. To assign to one, or to
 * dispose of it, is refused meanwhile.
 */
export function holding<T>(
  variables: readonly (tf.Variable | undefined)[],
  tensors: readonly tf.Tensor[],
  work: () => T,
): T {
  const restore: (() => void)[] = [];
  try {
    variables.forEach((variable, i) => {
      if (!variable) return;
      const held = variable as Held;
      const refuse = (what: string) => () => {
        throw new FunctionError(
          `gradcheck: f ${what} the variable ${variable.name}, by which it is differentiated. Give the loss alone, without the optimizer's step.`,
        );
      };
      restore.push(
        replaceMethods(held, {
          dataId: tensors[i].dataId,
          ...(isInherited(held, 'assign') && { assign: refuse('assigns to') }),
          ...(isInherited(held, 'dispose') && { dispose: refuse('disposes of') }),
        }),
      );
    });
    return work();
  } finally {
    for (const undo of restore) undo();
  }
}
