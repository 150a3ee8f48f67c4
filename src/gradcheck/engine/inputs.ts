/** The function's inputs, read once: what is differentiated, and at which numbers. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../errors.js';
import { inFloat64 } from '../../float64/in-float64.js';
import { shapeText, toTensor, type TensorInput } from '../../functions/arguments.js';
import type { GradcheckOptions, SurrogateRule } from '../report/report.js';
import { rulesFor } from './surrogate.js';
import { variablesOf } from './variables.js';

/** Inputs in order, or by name: f then takes one object. */
export type CheckedInputs = TensorInput | readonly TensorInput[] | Readonly<Record<string, TensorInput>>;

export type Numbers = Float64Array | Float32Array;

/** An input: its numbers, and whether it is differentiated. */
export interface Input {
  index: number;
  name: string;
  shape: number[];
  dtype: tf.DataType;
  active: boolean;
  /** Where it is no argument of f's, but a variable that f captures. */
  variable?: tf.Variable;
  /** What its gradient is meant to be, where that is not f's derivative. */
  surrogate?: SurrogateRule;
  values: tf.TypedArray | Float64Array | string[];
}

/** The function's inputs that are differentiated are of one kind: numbers in the check's precision. */
export interface ActiveInput extends Input {
  values: Numbers;
}

/** The inputs as numbers, and their keys where they came by name. They are copied: f never sees the caller's tensors. */
export function readInputs(
  inputs: CheckedInputs,
  options: GradcheckOptions,
): { read: Input[]; keys?: string[] } {
  const { list, keys } = inputList(inputs);
  const variables = variablesOf(options.variables);
  const all = [...list, ...variables.map(({ variable }) => variable)];
  const names = [
    ...list.map((_, index) => options.names?.[index] ?? keys?.[index] ?? `input ${index}`),
    ...variables.map(({ name }, i) => options.names?.[list.length + i] ?? name),
  ];
  requireNamed(list.length, names, options);
  const read = all.map((input, index) => {
    const { variable } = variables[index - list.length] ?? {};
    const one = readInput(input, index, names[index], options);
    return variable ? { ...one, variable } : one;
  });
  if (!read.some(({ active }) => active)) {
    throw new InputError(
      `gradcheck: there is nothing to differentiate: ${read.length === 0 ? 'no inputs were given' : 'every input is constant or not of dtype float32'}. Give at least one float32 input${read.length === 0 ? ', or the tf.Variables that f captures in the option variables' : ''}.`,
    );
  }
  const rules = rulesFor(read, options.surrogate);
  return { read: read.map((input, i) => (rules[i] ? { ...input, surrogate: rules[i] } : input)), keys };
}

/** The option `names` has to name every input, and `constant` only such as there are. */
function requireNamed(
  count: number,
  known: readonly string[],
  { names, constant = [] }: GradcheckOptions,
): void {
  if (names && names.length !== count && names.length !== known.length) {
    throw new InputError(
      `gradcheck: names must have one name for each of the ${count} inputs, got ${names.length}: ${JSON.stringify(names)}.`,
    );
  }
  const stranger = constant.find((one) => (typeof one === 'number' ? !(one in known) : !known.includes(one)));
  if (stranger !== undefined) {
    throw new InputError(
      `gradcheck: constant names no input: ${JSON.stringify(stranger)}. There are ${known.map((name, index) => `${index} (${name})`).join(', ')}.`,
    );
  }
}

/** The inputs in order, with their names where they came by name. */
export function inputList(inputs: unknown): { list: TensorInput[]; keys?: string[] } {
  if (inputs instanceof tf.Tensor) return { list: [inputs] };
  if (Array.isArray(inputs)) return { list: inputs as TensorInput[] };
  if (ArrayBuffer.isView(inputs) || typeof inputs === 'number') return { list: [inputs as TensorInput] };
  if (typeof inputs === 'object' && inputs !== null) {
    return { list: Object.values(inputs) as TensorInput[], keys: Object.keys(inputs) };
  }
  throw new InputError(
    `gradcheck: inputs must be a list of tensors (or arrays of numbers), one tensor, or an object of named ones, got ${inputs === null ? 'null' : typeof inputs}.`,
  );
}

function readInput(
  given: TensorInput,
  index: number,
  name: string,
  { constant = [], precision = 'float64' }: GradcheckOptions,
): Input {
  const held = constant.includes(index) || constant.includes(name);
  const read = (): Input => {
    const tensor = toTensor('gradcheck', name, given);
    const { shape, dtype, size } = tensor;
    if (dtype === 'complex64') {
      throw new InputError(
        `gradcheck: ${name} is complex. Give its real and its imaginary part as two inputs and put them together with tf.complex in f.`,
      );
    }
    const data = tensor.dataSync() as Input['values'];
    if (dtype !== 'float32') return { index, name, shape, dtype, active: false, values: data.slice() };
    const values =
      precision === 'float64'
        ? Float64Array.from(data as ArrayLike<number>)
        : Float32Array.from(data as ArrayLike<number>);
    if (!held && size === 0) {
      throw new InputError(
        `gradcheck: ${name} is empty (shape ${shapeText(shape)}): there is nothing to differentiate. Give it entries, or name it in the option constant.`,
      );
    }
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (!held && bad >= 0) {
      throw new InputError(
        `gradcheck: ${name} must be finite, got ${values[bad]} at [${coordinateOf(bad, shape).join(',')}]. Check at a point where f is defined.`,
      );
    }
    return { index, name, shape: shape.slice(), dtype, active: !held, values };
  };
  // Numbers in arrays become doubles where the check is in doubles; a tensor has the numbers it has.
  if (given instanceof tf.Tensor || precision === 'native') return tidied(read);
  return inFloat64(read);
}

/** tf.tidy for work that returns no tensors. */
export function tidied<T>(f: () => T): T {
  let result: T | undefined;
  tf.tidy(() => {
    result = f();
  });
  return result as T;
}

/** A tensor of these numbers, in this array. */
export const tensorOf = ({ shape, dtype }: Input, values: Input['values']): tf.Tensor =>
  tf.tensor(values, shape, dtype);

/** An entry's index along each axis. */
export function coordinateOf(flat: number, shape: readonly number[]): number[] {
  const coordinate: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    coordinate.unshift(flat % shape[axis]);
    flat = Math.floor(flat / shape[axis]);
  }
  return coordinate;
}
