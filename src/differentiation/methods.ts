/** The gradient methods by name. */
import { InputError } from '../errors.js';
import { autodiff } from './autodiff.js';
import type { GradientMethod } from './gradient-method.js';
import { central, forward } from './loop.js';
import { structured } from './structured.js';

/** The names of the gradient methods. */
export const GRADIENT_METHODS = ['autodiff', 'central', 'forward', 'structured'] as const;
/** One of `GRADIENT_METHODS`. */
export type GradientMethodName = (typeof GRADIENT_METHODS)[number];

/** The method of that name with its default step, or the method itself. */
export function gradientMethod(method: GradientMethodName | GradientMethod): GradientMethod {
  if (typeof method === 'object' && method !== null) return method;
  switch (method) {
    case 'autodiff':
      return autodiff;
    case 'central':
      return central();
    case 'forward':
      return forward();
    case 'structured':
      return structured();
    default:
      throw new InputError(
        `gradient: method must be one of ${GRADIENT_METHODS.join(', ')}, got ${JSON.stringify(method)}.`,
      );
  }
}
