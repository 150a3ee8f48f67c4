/** The function under check as plain numbers: its value and its vector-Jacobian products, in one precision. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../errors.js';
import { isFixApplied } from '../../fixes/faulty.js';
import { inFloat64 } from '../../float64/in-float64.js';
import { shapeText } from '../../functions/arguments.js';
import type { GradcheckOptions, GradcheckPrecision } from '../report/report.js';
import { functionFailure, GradientFailure, gradientFailure, type Phase } from './failures.js';
import {
  readInputs,
  tensorOf,
  tidied,
  type ActiveInput,
  type CheckedInputs,
  type Input,
  type Numbers,
} from './inputs.js';
import { numbersOf, outputList } from './outputs.js';
import {
  isCustom,
  isOp,
  nameOf,
  recorded,
  releasingSaved,
  watchGradients,
  watchingKernels,
  waysBetween,
  type TapeNode,
} from './tape.js';

export { GradientFailure } from './failures.js';
export { coordinateOf, type ActiveInput, type CheckedInputs, type Input, type Numbers } from './inputs.js';
export { forgetTape } from './tape.js';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any function of tensors
export type CheckedFunction = (...inputs: any[]) => unknown;

/** An op of TensorFlow.js' as it was recorded. */
export interface Step {
  op: string;
  inputs: Pick<tf.TensorInfo, 'shape' | 'dtype'>[];
  outputs: Pick<tf.TensorInfo, 'shape' | 'dtype'>[];
}

/** What TensorFlow.js records of f. */
export interface Recording {
  /** The ops between the inputs and the outputs, but for those of tf.customGrad. */
  steps: Step[];
  /** Whether there are gradients of the user's own (tf.customGrad). */
  custom: boolean;
  /** By active input: whether the ops lead from it to an output. */
  connected: boolean[];
  /** Ops whose saved result TensorFlow.js recorded before the op itself, and so loses in a gradient's gradient. */
  late: string[];
  /** The names of the tf.Variables that f uses. */
  variables: string[];
}

export class Subject {
  readonly inputs: Input[];
  readonly active: ActiveInput[];
  evaluations = 0;
  /** Whether f is running, as against its gradient. */
  forward = false;
  /** From the first evaluation. */
  private shapes: number[][] | undefined;
  private taping = false;
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
      throw new InputError(`gradcheck: f must be a function of tensors, got ${typeof f}.`);
    }
    const { read, keys } = readInputs(inputs, options);
    const call = keys
      ? (tensors: tf.Tensor[]) => f(Object.fromEntries(keys.map((key, i) => [key, tensors[i]])))
      : (tensors: tf.Tensor[]) => f(...tensors);
    return new Subject(call, read, options.precision ?? 'float64');
  }

  /** The shapes of f's differentiable outputs. @throws Error before the first evaluation */
  get outputShapes(): number[][] {
    if (!this.shapes) throw new Error('gradcheck: f has not been evaluated: its outputs have no shapes yet.');
    return this.shapes;
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
    return run(() =>
      watchingKernels(() => {
        this.held = this.inputs.map((input) => tensorOf(input, input.values));
        try {
          return piece();
        } finally {
          this.held = undefined;
        }
      }),
    );
  }

  /** f's outputs where the active inputs have these numbers; those that are an input's own array are as they were. */
  evaluate(values: readonly Numbers[] = this.active.map(({ values }) => values)): Float64Array[] {
    return tidied(() => {
      const tensors = this.tensors(values, true);
      const numbers = this.outputs(tensors).map(numbersOf);
      this.requireKept(tensors);
      return numbers;
    });
  }

  /**
   * As `evaluate`, at a point that the check chose by itself: undefined where f throws or gives something else than at the inputs.
   *
   * @throws GradientFailure where f disposes of its inputs
   */
  evaluateMoved(values: readonly Numbers[]): Float64Array[] | undefined {
    try {
      return this.evaluate(values);
    } catch (error) {
      if (error instanceof GradientFailure && error.verdict !== 'unsupported') throw error;
      return undefined;
    }
  }

  /** Evaluates f on tensors of its own, and fails where it changed them. */
  evaluateGuarded(): Float64Array[] {
    return tidied(() => {
      const tensors = this.tensors(this.copies(), false);
      const numbers = this.outputs(tensors).map(numbersOf);
      this.requireKept(tensors);
      this.inputs.forEach((input, i) => requireUnchanged(input, tensors[i]));
      return numbers;
    });
  }

  /** `Σ_k c_k·∂f_k/∂x` for every active input x, null for one that the outputs do not hang on. */
  vjp(cotangents: readonly Float64Array[], values?: readonly Numbers[]): (Float64Array | null)[] {
    return tidied(() => {
      const tensors = this.tensors(values ?? this.active.map(({ values }) => values), false);
      const shapes = this.outputShapes;
      const cs = cotangents.map((c, k) => tf.tensor(toPrecision(c, this.bits), shapes[k], 'float32'));
      return this.gradients(tensors, cs).map((gradient) => gradient && new Float64Array(gradient.dataSync()));
    });
  }

  /** As `vjp`, at a point that the check chose by itself: undefined where f or its gradient throws. */
  vjpMoved(
    cotangents: readonly Float64Array[],
    values: readonly Numbers[],
  ): (Float64Array | null)[] | undefined {
    try {
      return this.vjp(cotangents, values);
    } catch (error) {
      if (error instanceof GradientFailure || error instanceof InputError) return undefined;
      throw error;
    }
  }

  /** The vector-Jacobian product as tensors, for tensors of the inputs and of the cotangents. */
  gradients(tensors: tf.Tensor[], cotangents: tf.Tensor[]): (tf.Tensor | null)[] {
    const xs = this.activeOf(tensors);
    const single = cotangents.length === 1;
    let at: TapeNode | undefined;
    const f = (): tf.Tensor => {
      const ys = this.tapedOutputs(tensors);
      if (single) requireOtherThanInput(ys[0], xs);
      const y = single ? ys[0] : weightedSum(ys, cotangents);
      watchGradients((node) => {
        at = node;
      });
      return y;
    };
    return releasingSaved(() => {
      try {
        const { grads } = tf.engine().gradients(f, xs, single ? cotangents[0] : undefined, true);
        // A gradient that is dy itself becomes a tensor of its own: for the second order it must not pass for an input.
        return grads.map((gradient) =>
          gradient && cotangents.includes(gradient) ? tf.clone(gradient) : (gradient ?? null),
        );
      } catch (error) {
        throw error instanceof InputError ? error : gradientFailure(error, at);
      }
    });
  }

  /** f's differentiable outputs. */
  outputs(tensors: tf.Tensor[]): tf.Tensor[] {
    this.evaluations++;
    const phase: Phase = this.taping ? 'taped' : this.shapes ? 'again' : 'alone';
    let result: unknown;
    this.forward = true;
    try {
      result = this.call(tensors);
    } catch (error) {
      throw functionFailure(error, phase);
    } finally {
      this.forward = false;
    }
    const outputs = outputList(result);
    const shapes = outputs.map(({ shape }) => shape);
    this.shapes ??= shapes;
    if (JSON.stringify(shapes) !== JSON.stringify(this.shapes)) {
      throw new InputError(
        `gradcheck: f's output must keep its shape, but it was ${this.shapes.map(shapeText).join(', ')} and then ${shapes.map(shapeText).join(', ')}.`,
      );
    }
    return outputs;
  }

  /** What TensorFlow.js records of f, at the inputs. */
  recording(): Recording {
    return tidied(() => {
      const tensors = this.tensors(this.copies(), false);
      const { result, tape } = recorded(() => this.tapedOutputs(tensors));
      const active = this.activeOf(tensors);
      const { nodes, late } = waysBetween(tape, active, result);
      const used = tape.flatMap(({ inputs }) => Object.values(inputs).flat());
      return {
        steps: nodes.filter(isOp).map((node) => ({
          op: nameOf(node),
          inputs: Object.values(node.inputs).flat().map(infoOf),
          outputs: node.outputs.map(infoOf),
        })),
        custom: tape.some(isCustom),
        connected: active.map((x) => result.includes(x) || waysBetween(tape, [x], result).nodes.length > 0),
        late: [...new Set(late.map((node) => (isCustom(node) ? 'tf.customGrad' : nameOf(node))))],
        variables: [
          ...new Set(used.flatMap((tensor) => (tensor instanceof tf.Variable ? [tensor.name] : []))),
        ],
      };
    });
  }

  /** What to say where f does not depend on an active input. */
  disconnected(input: ActiveInput): InputError {
    const { variables } = this.recording();
    const hint =
      variables.length > 0
        ? ` f uses variables (${variables.slice(0, 3).join(', ')}${variables.length > 3 ? ', …' : ''}), which are not among its inputs: to check its gradient by them, give f's variables as inputs, f taking tensors in their place.`
        : '';
    return new InputError(
      `gradcheck: f's output does not depend on ${input.name}. Use it in f, or name it in the option constant.${hint}`,
    );
  }

  private tapedOutputs(tensors: tf.Tensor[]): tf.Tensor[] {
    this.taping = true;
    try {
      return this.outputs(tensors);
    } finally {
      this.taping = false;
    }
  }

  private activeOf(tensors: readonly tf.Tensor[]): tf.Tensor[] {
    return tensors.filter((_, i) => this.inputs[i].active);
  }

  private copies(): Numbers[] {
    return this.active.map(({ values }) => values.slice());
  }

  private tensors(values: readonly Numbers[], useHeld: boolean): tf.Tensor[] {
    let next = 0;
    return this.inputs.map((input, i) => {
      const wanted = input.active ? values[next++] : input.values;
      if (useHeld && wanted === input.values && this.held) return this.held[i];
      return tensorOf(input, wanted);
    });
  }

  private requireKept(tensors: readonly tf.Tensor[]): void {
    const disposed = tensors.findIndex(({ isDisposed }) => isDisposed);
    if (disposed >= 0) {
      throw new GradientFailure(
        'wrong',
        `f changed its inputs: it disposed ${this.inputs[disposed].name}. Leave them to the caller.`,
      );
    }
  }
}

function requireUnchanged({ name, values }: Input, tensor: tf.Tensor): void {
  const now: ArrayLike<unknown> = tensor.dataSync();
  const before: ArrayLike<unknown> = values;
  const changed = Array.from(now).findIndex(
    (value, k) => !Object.is(value, before[k]) && value !== before[k],
  );
  if (changed >= 0) {
    throw new GradientFailure(
      'wrong',
      `f changed its inputs: entry ${changed} of ${name} was ${String(before[changed])} and is now ${String(now[changed])}. Work on a copy.`,
    );
  }
}

/** tf.grad finds no op between an input and itself, and throws. */
function requireOtherThanInput(y: tf.Tensor, xs: readonly tf.Tensor[]): void {
  if (!xs.includes(y) || isFixApplied('identity')) return;
  throw new GradientFailure(
    'wrong',
    'The gradient throws: f returns its input itself, and tf.grad then says "Cannot compute gradient of y=f(x) with respect to x". Return x.clone().',
  );
}

const infoOf = ({ shape, dtype }: tf.Tensor): Step['inputs'][number] => ({ shape, dtype });

const weightedSum = (ys: readonly tf.Tensor[], weights: readonly tf.Tensor[]): tf.Tensor =>
  ys.map((y, k) => tf.sum(tf.mul(y, weights[k]))).reduce((sum, term) => tf.add(sum, term));

const toPrecision = (values: Float64Array, bits: number): Float32Array =>
  bits === 53 ? (values.slice() as unknown as Float32Array) : new Float32Array(values);
