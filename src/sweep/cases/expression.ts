/** A TensorFlow.js computation as data: it can be run on any backend, printed as code, and made smaller part by part. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../errors.js';
import { applyWithWeights } from '../../gradcheck/model.js';

/**
 * - input: one of the case's inputs, by name
 * - call: a function of tf, by its path (`image.resizeBilinear`), with its arguments
 * - get: a member of what another expression gives: a name of an object, an index of a list
 * - parameters: a function of tensors, for tf.grad and its like; its body may use the parameters' names as inputs
 * - apply: what such a function, or one that a function of tf made, gives for these arguments
 * - layers: a tf.sequential model of these layers, applied to `of`; its weights are the inputs named
 * - train: what an optimizer makes of a variable in some steps
 */
export type Expression =
  | { readonly input: string }
  | { readonly call: string; readonly args: readonly Argument[] }
  | { readonly get: string | number; readonly of: Expression }
  | { readonly parameters: readonly string[]; readonly body: Argument }
  | { readonly apply: Expression; readonly args: readonly Argument[] }
  | LayersExpression
  | TrainExpression;

/** Variables and an optimizer are made, the steps taken, and both disposed of; it gives the variable named `result`. */
export interface TrainExpression {
  /** A function of tf.train, with its arguments. */
  readonly train: string;
  readonly args: readonly Argument[];
  /** What each variable begins with. In the steps the variables' names stand for them. */
  readonly variables: Readonly<Record<string, Expression>>;
  readonly steps: readonly TrainStep[];
  readonly result: string;
}

/**
 * - gradients: applyGradients with these, by the variables' names; asList: in its other form
 * - minimize: minimize of this cost, over all variables or those named
 * - set: a setter of the optimizer, as LearningRate, with its argument
 */
export type TrainStep =
  | { readonly gradients: Readonly<Record<string, Expression>>; readonly asList?: boolean }
  | { readonly minimize: Expression; readonly over?: readonly string[] }
  | { readonly set: string; readonly to: number };

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

export const lambda = (parameters: readonly string[], body: Argument): Expression => ({ parameters, body });
export const apply = (f: Expression, ...args: Argument[]): Expression => ({ apply: f, args });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const kinds = ['input', 'call', 'layers', 'get', 'parameters', 'apply', 'train'];

export const isExpression = (value: Argument): value is Expression =>
  isObject(value) && kinds.some((kind) => kind in value);

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
  const valueOf = (argument: Argument): unknown => valueIn(argument, inputs);
  if ('input' in expression) return inputOf(expression.input);
  if ('call' in expression) return functionAt(expression.call)(...expression.args.map(valueOf));
  if ('apply' in expression)
    return (run(expression.apply, inputs) as AnyFunction)(...expression.args.map(valueOf));
  if ('parameters' in expression) {
    const { parameters, body } = expression;
    return (...given: tf.Tensor[]) => {
      const all = { ...inputs, ...Object.fromEntries(parameters.map((name, i) => [name, given[i]])) };
      return valueIn(body, all);
    };
  }
  if ('get' in expression) {
    const owner = run(expression.of, inputs) as Record<string | number, unknown>;
    const member = owner[expression.get];
    // As a method is called in the code.
    return typeof member === 'function' ? (member.bind(owner) as AnyFunction) : member;
  }
  if ('train' in expression) return trained(expression, inputs);
  const { layers, of, weights, training = false } = expression;
  const model = modelOf(layers, inputs);
  try {
    const [x, tensors] = [run(of, inputs) as tf.Tensor, weights.map(inputOf)];
    requireFit(layers[0][1].inputShape as readonly number[] | undefined, model, x, tensors);
    return applyWithWeights(model, tensors, x, training);
  } finally {
    model.dispose();
  }
}

const modelOf = (
  layers: LayersExpression['layers'],
  inputs: Readonly<Record<string, tf.Tensor>> = {},
): tf.Sequential =>
  tf.sequential({
    layers: layers.map(
      ([name, config]) => functionAt(`layers.${name}`)(valueIn(config, inputs)) as tf.layers.Layer,
    ),
  });

function trained(
  { train, args, variables, steps, result }: TrainExpression,
  inputs: Readonly<Record<string, tf.Tensor>>,
): tf.Tensor {
  const own: Record<string, tf.Variable> = {};
  const optimizer = functionAt(`train.${train}`)(
    ...args.map((part) => valueIn(part, inputs)),
  ) as tf.Optimizer;
  try {
    for (const [name, of] of Object.entries(variables)) own[name] = tf.variable(run(of, inputs) as tf.Tensor);
    for (const step of steps) {
      if ('gradients' in step) {
        const named = Object.entries(step.gradients).map(([name, of]) => ({
          name: own[name].name,
          tensor: run(of, inputs) as tf.Tensor,
        }));
        const byName = Object.fromEntries(named.map(({ name, tensor }) => [name, tensor]));
        optimizer.applyGradients(step.asList ? named : byName);
      } else if ('minimize' in step) {
        const cost = (): tf.Scalar => run(step.minimize, { ...inputs, ...own }) as tf.Scalar;
        optimizer.minimize(
          cost,
          false,
          (step.over ?? Object.keys(own)).map((name) => own[name]),
        );
      } else {
        (optimizer as unknown as Record<string, AnyFunction>)[`set${step.set}`](step.to);
      }
    }
    return tf.clone(own[result]);
  } finally {
    tf.dispose(own);
    optimizer.dispose();
  }
}

function valueIn(argument: Argument, inputs: Readonly<Record<string, tf.Tensor>>): unknown {
  if (isExpression(argument)) return run(argument, inputs);
  if (Array.isArray(argument)) return argument.map((part: Argument) => valueIn(part, inputs));
  if (!isObject(argument)) return argument;
  return Object.fromEntries(Object.entries(argument).map(([name, part]) => [name, valueIn(part, inputs)]));
}

/** As setWeights and fit() would have it: apply() itself takes tensors of any shape. */
function requireFit(
  inputShape: readonly number[] | undefined,
  model: tf.LayersModel,
  x: tf.Tensor,
  tensors: readonly tf.Tensor[],
): void {
  const wanted = [[null, ...(inputShape ?? x.shape.slice(1))], ...weightShapes(model)];
  const given: (readonly (number | null)[])[] = [
    [null, ...x.shape.slice(1)],
    ...tensors.map(({ shape }) => shape),
  ];
  if (JSON.stringify(wanted) !== JSON.stringify(given)) {
    throw new InputError(
      `run: the layers take an input and weights of the shapes ${JSON.stringify(wanted)}, got ${JSON.stringify(given)}.`,
    );
  }
}

const weightShapes = (model: tf.LayersModel): number[][] =>
  model.weights.map(({ shape }) => shape.map((size) => size ?? 1));

/** The shapes of the weights of such a model; undefined where TensorFlow.js does not make it. */
export function weightShapesOf({ layers }: LayersExpression): number[][] | undefined {
  try {
    return tf.tidy(() => {
      const model = modelOf(layers);
      const shapes = weightShapes(model);
      model.dispose();
      return shapes;
    });
  } catch {
    return undefined;
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
  if ('apply' in expression) {
    const { apply: f, args } = expression;
    return `${codeOf(f, inputText)}(${args.map((part) => codeOf(part, inputText)).join(', ')})`;
  }
  if ('parameters' in expression) {
    const { parameters, body } = expression;
    const code = codeOf(body, (name) => (parameters.includes(name) ? name : inputText(name)));
    return `(${parameters.join(', ')}) => ${code.startsWith('{') ? `(${code})` : code}`;
  }
  if ('train' in expression) return trainCode(expression, inputText);
  const { of, training } = expression;
  return `${modelCode(expression)}.apply(${codeOf(of, inputText)}${training ? ', {training: true}' : ''})`;
}

/** `((x, o) => { …; return y; })(tf.variable(x), tf.train.sgd(0.1))`. */
function trainCode({ train, args, variables, steps, result }: TrainExpression, inputText: InputText): string {
  const names = Object.keys(variables);
  const text = (of: Argument): string => codeOf(of, inputText);
  const inside: InputText = (name) => (names.includes(name) ? name : inputText(name));
  const lines = steps.map((step) => {
    if ('gradients' in step) {
      const named = Object.entries(step.gradients);
      return step.asList
        ? `o.applyGradients([${named.map(([name, of]) => `{name: ${name}.name, tensor: ${text(of)}}`).join(', ')}])`
        : `o.applyGradients({${named.map(([name, of]) => `[${name}.name]: ${text(of)}`).join(', ')}})`;
    }
    if ('minimize' in step) {
      return `o.minimize(() => ${codeOf(step.minimize, inside)}, false, [${(step.over ?? names).join(', ')}])`;
    }
    return `o.set${step.set}(${step.to})`;
  });
  const body = [
    ...lines,
    `const y = tf.clone(${result})`,
    `tf.dispose([${names.join(', ')}])`,
    'o.dispose()',
    'return y',
  ];
  const made = [
    ...Object.values(variables).map((of) => `tf.variable(${text(of)})`),
    `tf.train.${train}(${args.map(text).join(', ')})`,
  ];
  return `((${[...names, 'o'].join(', ')}) => { ${body.join('; ')}; })(${made.join(', ')})`;
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
      else if ('parameters' in argument) {
        const { parameters, body } = argument as { parameters: readonly string[]; body: Argument };
        for (const name of inputsOf(body)) if (!parameters.includes(name)) names.add(name);
      } else if ('layers' in argument) {
        visit((argument as unknown as LayersExpression).of);
        (argument as unknown as LayersExpression).weights.forEach((name) => names.add(name));
      } else Object.values(argument).forEach((part) => visit(part));
    }
  };
  visit(expression);
  return [...names];
}

/** As JSON can hold it: undefined as null, numbers that are not finite as their names. */
export function plainData(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(plainData);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plainData(part)]));
}
