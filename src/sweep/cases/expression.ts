/** A TensorFlow.js computation as data: it can be run on any backend, printed as code, and made smaller part by part. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../errors.js';
import { applyWithWeights } from '../../gradcheck/model.js';

/**
 * - input: one of the case's inputs, by name
 * - call: a function of tf, by its path (`image.resizeBilinear`), with its arguments
 * - get: a member of what another expression gives: a name of an object, an index of a list
 * - layers: a tf.sequential model of these layers, applied to `of`; its weights are the inputs named
 */
export type Expression =
  | { readonly input: string }
  | { readonly call: string; readonly args: readonly Argument[] }
  | { readonly get: string | number; readonly of: Expression }
  | LayersExpression;

export interface LayersExpression {
  /** Names of tf.layers with their configurations; the first has its inputShape. */
  readonly layers: readonly (readonly [name: string, config: Readonly<Record<string, Argument>>])[];
  readonly of: Expression;
  /** Inputs in the order of the model's weights, those that are not trained included. */
  readonly weights: readonly string[];
  readonly training?: boolean;
}

/** Expressions, plain values, and lists and option objects of them. */
export type Argument =
  | Expression
  | number
  | string
  | boolean
  | null
  | undefined
  | readonly Argument[]
  | { readonly [name: string]: Argument };

export const input = (name: string): Expression => ({ input: name });
export const call = (path: string, ...args: Argument[]): Expression => ({ call: path, args });
export const get = (of: Expression, member: string | number): Expression => ({ get: member, of });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isExpression = (value: Argument): value is Expression =>
  isObject(value) && ('input' in value || 'call' in value || 'layers' in value || 'get' in value);

/**
 * What the expression gives for these inputs.
 *
 * @throws InputError for an input that is not there and a function that tf does not have; what the function throws
 */
export function run(expression: Expression, inputs: Readonly<Record<string, tf.Tensor>>): unknown {
  const inputOf = (name: string): tf.Tensor => {
    if (!Object.hasOwn(inputs, name)) throw new InputError(`run: there is no input ${name}.`);
    return inputs[name];
  };
  const valueOf = (argument: Argument): unknown => {
    if (isExpression(argument)) return run(argument, inputs);
    if (Array.isArray(argument)) return argument.map(valueOf);
    if (!isObject(argument)) return argument;
    return Object.fromEntries(Object.entries(argument).map(([name, part]) => [name, valueOf(part)]));
  };
  if ('input' in expression) return inputOf(expression.input);
  if ('call' in expression) return functionAt(expression.call)(...expression.args.map(valueOf));
  if ('get' in expression) {
    return (run(expression.of, inputs) as Record<string | number, unknown>)[expression.get];
  }
  const { layers, of, weights, training = false } = expression;
  const model = tf.sequential({
    layers: layers.map(([name, config]) => functionAt(`layers.${name}`)(valueOf(config)) as tf.layers.Layer),
  });
  try {
    return applyWithWeights(model, weights.map(inputOf), run(of, inputs) as tf.Tensor, training);
  } finally {
    model.dispose();
  }
}

type AnyFunction = (...args: unknown[]) => unknown;

function functionAt(path: string): AnyFunction {
  const parts = path.split('.');
  let owner: unknown;
  let value: unknown = tf;
  for (const part of parts) {
    owner = value;
    value = (value as Record<string, unknown> | undefined)?.[part];
  }
  if (typeof value !== 'function') throw new InputError(`run: TensorFlow.js has no function tf.${path}.`);
  return value.bind(owner) as AnyFunction;
}

/** How an input is written; its name where left out. */
export type InputText = (name: string) => string;

/** The expression as JavaScript. */
export function codeOf(expression: Argument, inputText: InputText = (name) => name): string {
  if (!isExpression(expression)) return literal(expression, inputText);
  if ('input' in expression) return inputText(expression.input);
  if ('call' in expression) {
    return `tf.${expression.call}(${expression.args.map((part) => codeOf(part, inputText)).join(', ')})`;
  }
  if ('get' in expression) {
    const { of, get: member } = expression;
    return codeOf(of, inputText) + (typeof member === 'number' ? `[${member}]` : `.${member}`);
  }
  const { of, training } = expression;
  return `${modelCode(expression)}.apply(${codeOf(of, inputText)}${training ? ', {training: true}' : ''})`;
}

/** `tf.sequential({layers: […]})`. */
export const modelCode = ({ layers }: LayersExpression): string =>
  `tf.sequential({layers: [${layers.map(([name, config]) => `tf.layers.${name}(${literal(config, String)})`).join(', ')}]})`;

function literal(value: Argument, inputText: InputText): string {
  if (Array.isArray(value)) return `[${value.map((part: Argument) => codeOf(part, inputText)).join(', ')}]`;
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  if (!isObject(value)) return Object.is(value, -0) ? '-0' : String(value);
  const members = Object.entries(value).map(([name, part]) => {
    const text = codeOf(part, inputText);
    return text === name ? name : `${name}: ${text}`;
  });
  return `{${members.join(', ')}}`;
}

/** The names of the inputs that the expression uses, in the order of their first use. */
export function inputsOf(expression: Argument): string[] {
  const names = new Set<string>();
  const visit = (argument: Argument): void => {
    if (Array.isArray(argument)) argument.forEach(visit);
    else if (isObject(argument)) {
      if ('input' in argument && typeof argument.input === 'string') names.add(argument.input);
      else if ('layers' in argument) {
        visit((argument as unknown as LayersExpression).of);
        (argument as unknown as LayersExpression).weights.forEach((name) => names.add(name));
      } else Object.values(argument).forEach((part) => visit(part));
    }
  };
  visit(expression);
  return [...names];
}
