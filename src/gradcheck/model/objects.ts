/** An object with variables and a forward function as a function to check: a model that is no tf.LayersModel. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../errors.js';

const WHERE = 'gradcheckModel';

/** How an object's forward pass is called: by the name of its method, or by a function of the object and its inputs. */
export type ForwardOption = string | ((model: never, ...x: never[]) => tf.Tensor | tf.Tensor[]);

type Forward = (...x: unknown[]) => tf.Tensor | tf.Tensor[];

/** Methods that are looked for, and places of variables. */
const FORWARD = ['forward', 'call', 'apply', 'predict'] as const;
const VARIABLES = ['trainableVariables', 'trainableWeights', 'variables', 'weights', 'parameters'] as const;

const isObject = (value: unknown): value is Record<string, unknown> =>
  (typeof value === 'object' || typeof value === 'function') && value !== null;

/** The forward pass of an object, or of a function with properties. */
export function forwardOf(model: object, given: ForwardOption | undefined, training: boolean): Forward {
  const own = model as Record<string, unknown>;
  if (typeof given === 'function') return (...x) => (given as (...all: unknown[]) => tf.Tensor)(model, ...x);
  if (given !== undefined) {
    if (typeof own[given] === 'function') return (...x) => (own[given] as Forward)(...x);
    throw new InputError(
      `${WHERE}: the option forward is ${JSON.stringify(given)}, but the model has no such method.`,
    );
  }
  if (model instanceof tf.layers.Layer) {
    return (...x) =>
      model.apply((x.length === 1 ? x[0] : x) as tf.Tensor, { training }) as tf.Tensor | tf.Tensor[];
  }
  if (typeof model === 'function') return model as Forward;
  const name = FORWARD.find((one) => typeof own[one] === 'function');
  if (name === undefined) {
    throw new InputError(
      `${WHERE}: model must be a tf.LayersModel, or an object with a forward function: ${FORWARD.join(', ')}, or the one in the option forward. It has none of them.`,
    );
  }
  return (...x) => (own[name] as Forward)(...x);
}

/** A tf.Variable, or that of a layer's weight; undefined for anything else, and for what is not trained. */
function variableOf(value: unknown): tf.Variable | undefined {
  const held = isObject(value) && !(value instanceof tf.Tensor) && 'val' in value ? value.val : value;
  if (!(held instanceof tf.Variable) || held.isDisposed || held.dtype !== 'float32') return undefined;
  const { trainable = true } = value as { trainable?: boolean };
  return trainable && held.trainable ? held : undefined;
}

/** The variables that an object is trained by, with names: those that it lists itself, or all that are found in its properties. */
export function variablesIn(model: object): Record<string, tf.Variable> {
  const found: Record<string, tf.Variable> = {};
  const add = (name: string, variable: tf.Variable): void => {
    if (!Object.values(found).includes(variable))
      found[name in found ? `${name} (${variable.id})` : name] = variable;
  };
  const own = model as Record<string, unknown>;
  for (const place of VARIABLES) {
    const there = own[place];
    const list: unknown = typeof there === 'function' ? there.call(model) : there;
    if (!isObject(list)) continue;
    for (const one of Object.values(list)) {
      const variable = variableOf(one);
      if (variable) add(variable.name, variable);
    }
    if (Object.keys(found).length > 0) return found;
  }
  const seen = new Set<unknown>();
  const search = (value: unknown, path: string): void => {
    if (!isObject(value) || ArrayBuffer.isView(value) || seen.has(value)) return;
    seen.add(value);
    const variable = variableOf(value);
    if (variable) return add(path, variable);
    if (value instanceof tf.Tensor) return;
    const entries = value instanceof Map ? [...value.entries()] : Object.entries(value);
    for (const [key, one] of entries) search(one, path === '' ? String(key) : `${path}.${String(key)}`);
  };
  search(model, '');
  return found;
}
