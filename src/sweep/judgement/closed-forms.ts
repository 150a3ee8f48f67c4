/** Functions of one number and their derivatives, by JavaScript's own Math: a witness that shares no code with TensorFlow.js. */
import type { SweepCase } from '../cases/case.js';

export interface ClosedForm {
  value: (x: number) => number;
  slope: (x: number) => number;
}

const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

const forms: Readonly<Record<string, ClosedForm>> = {
  acos: { value: Math.acos, slope: (x) => -1 / Math.sqrt(1 - x * x) },
  acosh: { value: Math.acosh, slope: (x) => 1 / Math.sqrt(x * x - 1) },
  asin: { value: Math.asin, slope: (x) => 1 / Math.sqrt(1 - x * x) },
  asinh: { value: Math.asinh, slope: (x) => 1 / Math.sqrt(x * x + 1) },
  atan: { value: Math.atan, slope: (x) => 1 / (1 + x * x) },
  atanh: { value: Math.atanh, slope: (x) => 1 / (1 - x * x) },
  cos: { value: Math.cos, slope: (x) => -Math.sin(x) },
  cosh: { value: Math.cosh, slope: Math.sinh },
  exp: { value: Math.exp, slope: Math.exp },
  expm1: { value: Math.expm1, slope: Math.exp },
  log: { value: Math.log, slope: (x) => 1 / x },
  log1p: { value: Math.log1p, slope: (x) => 1 / (1 + x) },
  logSigmoid: {
    value: (x) => Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x))),
    slope: (x) => sigmoid(-x),
  },
  neg: { value: (x) => -x, slope: () => -1 },
  reciprocal: { value: (x) => 1 / x, slope: (x) => -1 / (x * x) },
  relu: { value: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0) },
  rsqrt: { value: (x) => 1 / Math.sqrt(x), slope: (x) => -1 / (2 * x * Math.sqrt(x)) },
  sigmoid: { value: sigmoid, slope: (x) => sigmoid(x) * sigmoid(-x) },
  sin: { value: Math.sin, slope: Math.cos },
  sinh: { value: Math.sinh, slope: Math.cosh },
  softplus: { value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), slope: sigmoid },
  sqrt: { value: Math.sqrt, slope: (x) => 1 / (2 * Math.sqrt(x)) },
  square: { value: (x) => x * x, slope: (x) => 2 * x },
  tan: { value: Math.tan, slope: (x) => 1 / Math.cos(x) ** 2 },
  tanh: { value: Math.tanh, slope: (x) => 1 / Math.cosh(x) ** 2 },
};

/** The closed form of a case that is one such function of one input. */
export function closedFormOf({
  expression,
  inputs,
}: SweepCase): { x: readonly number[]; form: ClosedForm } | undefined {
  if (!('call' in expression) || expression.args.length !== 1) return undefined;
  const [argument] = expression.args;
  const form = Object.hasOwn(forms, expression.call) ? forms[expression.call] : undefined;
  if (!form || typeof argument !== 'object' || argument === null || !('input' in argument)) return undefined;
  return { x: inputs[argument.input as string].values, form };
}
