/** The function under check as plain numbers: its value and its vector-Jacobian products, in one precision. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../errors.js';
import { engine } from '../../float64/engine.js';
import { inFloat64 } from '../../float64/in-float64.js';
import { shapeText, toTensor, type TensorInput } from '../../functions/arguments.js';
import type { GradcheckOptions, GradcheckPrecision } from '../report/report.js';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any function of tensors
export type CheckedFunction = (...inputs: any[]) => unknown;

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
  values: tf.TypedArray | Float64Array | string[];
}

/** The function's inputs that are differentiated are of one kind: numbers in the check's precision. */
export interface ActiveInput extends Input {
  values: Numbers;
}

/** What a gradient function did instead of giving a gradient. */
export class GradientFailure extends Error {
  constructor(
    readonly verdict: 'wrong' | 'unsupported' | 'nondeterministic',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const WHERE = 'gradcheck';

export class Subject {
  readonly inputs: Input[];
  readonly active: ActiveInput[];
  evaluations = 0;
  /** The shapes of f's differentiable outputs, from the first evaluation. */
  outputShapes: number[][] | undefined;
  /** Whether f is running, as against its gradient. */
  forward = false;
  private held: tf.Tensor[] | undefined;

  constructor(
    private readonly call: (tensors: tf.Tensor[]) => unknown,
    inputs: Input[],
    readonly precision: GradcheckPrecision,
  ) {
    this.inputs = inputs;
    this.active = inputs.filter(({ active }) => active) as ActiveInput[];
  }

  /** Reads f's inputs. They are copied: f never sees the caller's tensors. */
  static of(f: CheckedFunction, inputs: CheckedInputs, options: GradcheckOptions): Subject {
    if (typeof f !== 'function') {
      throw new InputError(`${WHERE}: f must be a function of tensors, got ${typeof f}.`);
    }
    const { precision = 'float64' } = options;
    const { list, keys } = inputList(inputs);
    const read = list.map((input, index) => readInput(input, index, keys?.[index], options));
    if (!read.some(({ active }) => active)) {
      throw new InputError(
        `${WHERE}: there is nothing to differentiate: ${read.length === 0 ? 'no inputs were given' : 'every input is constant or not of dtype float32'}. Give at least one float32 input.`,
      );
    }
    const call = keys
      ? (tensors: tf.Tensor[]) => f(Object.fromEntries(keys.map((key, i) => [key, tensors[i]])))
      : (tensors: tf.Tensor[]) => f(...tensors);
    return new Subject(call, read, precision);
  }

  /** Bits of a number's mantissa. */
  get bits(): number {
    return this.precision === 'float64' ? 53 : 24;
  }

  /** Rounds a number to the precision. */
  round(value: number): number {
    return this.precision === 'float64' ? value : Math.fround(value);
  }

  /** Runs a piece of work in the precision, with the inputs' tensors held ready in between. */
  work<T>(piece: () => T): T {
    const run = this.precision === 'float64' ? inFloat64 : tidied;
    return run(() => {
      this.held = this.inputs.map((input) => tensorOf(input, input.values));
      try {
        return piece();
      } finally {
        this.held = undefined;
      }
    });
  }

  /** f's outputs where the active inputs have these numbers; those that are an input's own array are as they were. */
  evaluate(values: readonly Numbers[] = this.active.map(({ values }) => values)): Float64Array[] {
    let numbers: Float64Array[] = [];
    tf.tidy(() => {
      const tensors = this.tensors(values, true);
      numbers = this.outputs(tensors).map((output) => new Float64Array(output.dataSync()));
      this.requireUntouched(tensors);
    });
    return numbers;
  }

  /** f's outputs at a point that the check chose; undefined where f throws there. */
  evaluateMoved(values: readonly Numbers[]): Float64Array[] | undefined {
    try {
      return this.evaluate(values);
    } catch (error) {
      if (error instanceof GradientFailure) throw error;
      return undefined;
    }
  }

  /** Evaluates f on tensors of its own, and fails where it changed them. */
  evaluateGuarded(): Float64Array[] {
    let numbers: Float64Array[] = [];
    tf.tidy(() => {
      const tensors = this.tensors(
        this.active.map(({ values }) => values.slice()),
        false,
      );
      numbers = this.outputs(tensors).map((output) => new Float64Array(output.dataSync()));
      this.requireUntouched(tensors);
      this.inputs.forEach((input, i) => {
        const now: ArrayLike<unknown> = tensors[i].dataSync();
        const before: ArrayLike<unknown> = input.values;
        const changed = Array.from(now).findIndex(
          (value, k) => !Object.is(value, before[k]) && value !== before[k],
        );
        if (changed >= 0) {
          throw new GradientFailure(
            'wrong',
            `f changed its inputs: entry ${changed} of ${input.name} was ${String(before[changed])} and is now ${String(now[changed])}. Work on a copy.`,
          );
        }
      });
    });
    return numbers;
  }

  /** `Σ_k c_k·∂f_k/∂x` for every active input x, null for one that the outputs do not hang on. */
  vjp(cotangents: readonly Float64Array[], values?: readonly Numbers[]): (Float64Array | null)[] {
    let gradients: (Float64Array | null)[] = [];
    tf.tidy(() => {
      const tensors = this.tensors(values ?? this.active.map(({ values }) => values), false);
      const shapes = this.outputShapes!;
      const cs = cotangents.map((c, k) => tf.tensor(toPrecision(c, this.bits), shapes[k], 'float32'));
      gradients = this.gradients(tensors, cs).map((gradient) =>
        gradient ? new Float64Array(gradient.dataSync()) : null,
      );
    });
    return gradients;
  }

  /** The vector-Jacobian product as tensors, for tensors of the inputs and of the cotangents. */
  gradients(tensors: tf.Tensor[], cotangents: tf.Tensor[]): (tf.Tensor | null)[] {
    const xs = tensors.filter((_, i) => this.inputs[i].active);
    const single = cotangents.length === 1;
    const f = (): tf.Tensor => {
      const ys = this.outputs(tensors);
      return single
        ? ys[0]
        : ys.map((y, k) => tf.sum(tf.mul(y, cotangents[k]))).reduce((sum, term) => tf.add(sum, term));
    };
    try {
      const { grads } = tf.engine().gradients(f, xs, single ? cotangents[0] : undefined, true);
      return grads.map((gradient) => gradient ?? null);
    } catch (error) {
      forgetTape();
      throw error instanceof GradientFailure || error instanceof InputError
        ? error
        : gradientFailure(error as Error);
    }
  }

  /** f's differentiable outputs. */
  outputs(tensors: tf.Tensor[]): tf.Tensor[] {
    this.evaluations++;
    let result: unknown;
    this.forward = true;
    try {
      result = this.call(tensors);
    } catch (error) {
      if (error instanceof GradientFailure || error instanceof InputError) throw error;
      const missing = missingKernel(error as Error);
      if (missing) throw missing;
      throw new InputError(`${WHERE}: f threw: ${(error as Error)?.message ?? String(error)}`, {
        cause: error,
      });
    } finally {
      this.forward = false;
    }
    const outputs = outputList(result);
    const shapes = outputs.map(({ shape }) => shape);
    this.outputShapes ??= shapes;
    if (JSON.stringify(shapes) !== JSON.stringify(this.outputShapes)) {
      throw new InputError(
        `${WHERE}: f's output must keep its shape, but it was ${this.outputShapes.map(shapeText).join(', ')} and then ${shapes.map(shapeText).join(', ')}.`,
      );
    }
    return outputs;
  }

  private tensors(values: readonly Numbers[], useHeld: boolean): tf.Tensor[] {
    let next = 0;
    return this.inputs.map((input, i) => {
      const wanted = input.active ? values[next++] : input.values;
      if (useHeld && wanted === input.values && this.held) return this.held[i];
      return tensorOf(input, wanted);
    });
  }

  private requireUntouched(tensors: tf.Tensor[]): void {
    const disposed = tensors.findIndex(({ isDisposed }) => isDisposed);
    if (disposed >= 0) {
      throw new GradientFailure(
        'wrong',
        `f changed its inputs: it disposed ${this.inputs[disposed].name}. Leave them to the caller.`,
      );
    }
  }
}

function tidied<T>(f: () => T): T {
  let result: T | undefined;
  tf.tidy(() => {
    result = f();
  });
  return result as T;
}

const toPrecision = (values: Float64Array, bits: number): Float32Array =>
  bits === 53 ? (values.slice() as unknown as Float32Array) : new Float32Array(values);

function tensorOf({ shape, dtype }: Input, values: Input['values']): tf.Tensor {
  return tf.tensor(values.slice() as tf.TypedArray, shape, dtype);
}

/** The inputs in order, with their names where they came by name. */
function inputList(inputs: unknown): { list: TensorInput[]; keys?: string[] } {
  if (inputs instanceof tf.Tensor) return { list: [inputs] };
  if (Array.isArray(inputs)) return { list: inputs as TensorInput[] };
  if (ArrayBuffer.isView(inputs) || typeof inputs === 'number') return { list: [inputs as TensorInput] };
  if (typeof inputs === 'object' && inputs !== null) {
    return { list: Object.values(inputs) as TensorInput[], keys: Object.keys(inputs) };
  }
  throw new InputError(
    `${WHERE}: inputs must be a list of tensors (or arrays of numbers), one tensor, or an object of named ones, got ${inputs === null ? 'null' : typeof inputs}.`,
  );
}

function readInput(
  given: TensorInput,
  index: number,
  key: string | undefined,
  { names, constant = [], precision = 'float64' }: GradcheckOptions,
): Input {
  const name = names?.[index] ?? key ?? `input ${index}`;
  const held = constant.includes(index) || constant.includes(name);
  const read = (): Input => {
    const tensor = toTensor(WHERE, name, given);
    const { shape, dtype, size } = tensor;
    if (dtype === 'complex64') {
      throw new InputError(
        `${WHERE}: ${name} is complex. Give its real and its imaginary part as two inputs and put them together with tf.complex in f.`,
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
        `${WHERE}: ${name} is empty (shape ${shapeText(shape)}): there is nothing to differentiate. Give it entries, or name it in the option constant.`,
      );
    }
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (!held && bad >= 0) {
      throw new InputError(
        `${WHERE}: ${name} must be finite, got ${values[bad]} at [${coordinateOf(bad, shape).join(',')}]. Check at a point where f is defined.`,
      );
    }
    return { index, name, shape: shape.slice(), dtype, active: !held, values };
  };
  // Numbers in arrays become doubles where the check is in doubles; a tensor has the numbers it has.
  if (given instanceof tf.Tensor || precision === 'native') return tidied(read);
  return inFloat64(read);
}

/** An entry's index along each axis. */
export function coordinateOf(flat: number, shape: readonly number[]): number[] {
  const coordinate: number[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    coordinate.unshift(flat % shape[axis]);
    flat = Math.floor(flat / shape[axis]);
  }
  return coordinate;
}

function outputList(result: unknown): tf.Tensor[] {
  const wanted = 'f must return a tensor, a list of tensors or an object of tensors';
  if (typeof (result as PromiseLike<unknown> | undefined)?.then === 'function') {
    (result as PromiseLike<unknown>).then(undefined, () => {});
    throw new InputError(`${WHERE}: ${wanted}, got a promise. tf.grad is synchronous: f has to be as well.`);
  }
  const list: unknown[] =
    result instanceof tf.Tensor
      ? [result]
      : Array.isArray(result)
        ? result
        : typeof result === 'object' && result !== null && !ArrayBuffer.isView(result)
          ? Object.values(result)
          : [];
  if (list.length === 0 || !list.every((item) => item instanceof tf.Tensor)) {
    const got =
      result === null || typeof result !== 'object'
        ? String(result)
        : Array.isArray(result)
          ? list.length === 0
            ? 'an empty list'
            : 'a list with something else in it'
          : `an object of ${
              Object.values(result)
                .map((v) => typeof v)
                .join(', ') || 'nothing'
            }`;
    throw new InputError(`${WHERE}: ${wanted}, got ${got}.`);
  }
  const tensors = list as tf.Tensor[];
  const disposed = tensors.find(({ isDisposed }) => isDisposed);
  if (disposed)
    throw new InputError(`${WHERE}: f returned a tensor that was disposed. Return it from tf.tidy instead.`);
  const real = tensors.filter(({ dtype }) => dtype === 'float32');
  if (real.length === 0) {
    throw new InputError(
      `${WHERE}: ${wanted} of dtype float32, got ${tensors.map(({ dtype }) => dtype).join(', ')}: ${tensors[0].dtype === 'complex64' ? 'return tf.real and tf.imag of it' : 'integers have no derivative'}.`,
    );
  }
  if (real.every(({ size }) => size === 0)) {
    throw new InputError(
      `${WHERE}: f returned nothing but empty tensors: there is nothing to differentiate.`,
    );
  }
  return real;
}

/** A gradient that threw leaves its tape, with the tensors saved on it. */
export function forgetTape(): void {
  const { state } = engine();
  if (state.gradientDepth > 0 || !state.activeTape) return;
  for (const { saved = [] } of state.activeTape) tf.dispose(saved);
  state.activeTape = null;
}

function missingKernel(error: Error): GradientFailure | undefined {
  const { message } = error;
  const kernel = /Kernel '(.+?)' not registered for backend '(.+?)'/.exec(message);
  return kernel
    ? new GradientFailure(
        'unsupported',
        `${kernel[1]} has no kernel on the backend ${kernel[2]}.${kernel[2] === 'float64' ? " Check with precision: 'native' on a backend that has one, or register one for cpu." : ''}`,
        { cause: error },
      )
    : undefined;
}

/** TensorFlow.js' error in a backward pass, in words. */
function gradientFailure(error: Error): GradientFailure {
  const { message } = error;
  const missing = missingKernel(error);
  if (missing) return missing;
  const noGradient = /gradient function not found for (.+?)\.?$/m.exec(message);
  if (noGradient) {
    return new GradientFailure(
      'unsupported',
      `${noGradient[1]} has no gradient in TensorFlow.js. Where none is needed, as in a condition, compute that part inside of tf.customGrad with a gradient of zeros.`,
      { cause: error },
    );
  }
  const shape =
    /gradient for op (.+?)\. The gradient of input '(.+?)' has shape '(.*?)', which does not match the shape of the input '(.*?)'/.exec(
      message,
    );
  if (shape) {
    const [, op, input, got, wanted] = shape;
    return new GradientFailure(
      'wrong',
      `The gradient has the wrong shape: ${opName(op)} gives [${got}] for its input ${input}, which has shape [${wanted}].${broadcastHint(got, wanted)}`,
      { cause: error },
    );
  }
  const dtype =
    /gradient for op (.+?)\. The gradient of input '?(.+?)'? must have 'float32' dtype, but has '(.+?)'/.exec(
      message,
    );
  if (dtype) {
    return new GradientFailure(
      'wrong',
      `The gradient has the wrong dtype: ${opName(dtype[1])} gives ${dtype[3]} for its input ${dtype[2]}, wanted float32.`,
      { cause: error },
    );
  }
  if (/same number of tensors as inputs/.test(message)) {
    return new GradientFailure(
      'wrong',
      'The gradient function of tf.customGrad gives another number of gradients than it has inputs: one for each is wanted.',
      { cause: error },
    );
  }
  return new GradientFailure('wrong', `The gradient throws: ${message}`, { cause: error });
}

const opName = (name: string): string => (tf.getGradient(name) ? name : 'a custom op (tf.customGrad)');

function broadcastHint(got: string, wanted: string): string {
  const [from, to] = [got, wanted].map((text) => (text === '' ? [] : text.split(',').map(Number)));
  const offset = from.length - to.length;
  if (offset < 0 || !to.every((size, axis) => size === from[axis + offset] || size === 1)) return '';
  const axes = from
    .map((_, axis) => axis)
    .filter((axis) => axis < offset || (to[axis - offset] === 1 && from[axis] !== 1));
  return axes.length === 0
    ? ''
    : ` The input was broadcast along axis ${axes.join(', ')}: sum the gradient over it.`;
}
