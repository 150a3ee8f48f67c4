/** The function under check as plain numbers: its value and its vector-Jacobian products, in one precision. */
import * as tf from '@tensorflow/tfjs';
import { InputError } from '../../errors.js';
import { isFixApplied } from '../../fixes/faulty.js';
import { engine } from '../../float64/engine.js';
import { inFloat64, observingKernels, presentedAsCpu } from '../../float64/in-float64.js';
import { shapeText } from '../../functions/arguments.js';
import type { GradcheckOptions, GradcheckPrecision } from '../report/report.js';
import {
  functionFailure,
  GradientFailure,
  gradientFailure,
  isDisposedError,
  type Phase,
} from './failures.js';
import {
  readInputs,
  tensorOf,
  tidied,
  type ActiveInput,
  type CheckedInputs,
  type Input,
  type Numbers,
} from './inputs.js';
import { aliasesOn, type Alias } from './aliasing.js';
import { numbersOf, outputList } from './outputs.js';
import { isSame, largestIn } from './repeats.js';
import { moveBy } from './surrogate.js';
import {
  activeTape,
  inputsOf,
  isCustom,
  isOp,
  nameOf,
  recorded,
  releasingSaved,
  watchGradients,
  watchingKernels,
  waysBetween,
  type Misuse,
  type TapeNode,
} from './tape.js';
import { holding } from './variables.js';

export { GradientFailure } from './failures.js';
export { coordinateOf, type ActiveInput, type CheckedInputs, type Input, type Numbers } from './inputs.js';
export { forgetTape } from './tape.js';

/** A function to check: takes its inputs as tensors, returns a tensor, a list or an object of tensors. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any function of tensors
export type CheckedFunction = (...inputs: any[]) => unknown;

/** An op of TensorFlow.js' as it was recorded. */
export interface Step {
  op: string;
  inputs: Pick<tf.TensorInfo, 'shape' | 'dtype'>[];
  outputs: Pick<tf.TensorInfo, 'shape' | 'dtype'>[];
}

/** Numbers from this on stand for infinity, as those of a mask do. */
const ENDLESS = 1e30;

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
  /** The kernels that ran in the forward pass, and whose gradient functions did in the backward pass. */
  readonly kernels = new Set<string>();
  readonly gradientsOf = new Set<string>();
  /** Numbers among the kernels' attributes, by their names. */
  readonly attributes = new Map<string, number>();
  /** Whether f, or a gradient function, asked for the backend's name. It was told cpu. */
  asksForBackend = false;
  /** Tensors that ops gave away without their being theirs, as the first backward pass found them. */
  aliases: Alias[] | undefined;
  /** f's outputs at the inputs, as they were when a gradient was last recorded there. */
  taped: Float64Array[] | undefined;
  /** From the first evaluation. */
  private shapes: number[][] | undefined;
  private taping = false;
  private held: tf.Tensor[] | undefined;
  /** Whether some inputs have rules for what their gradients are meant to be. */
  private readonly hasRules: boolean;

  /** `surrogate` is the function whose derivative f's gradient is meant to be, where that is not f. */
  constructor(
    private readonly call: (tensors: tf.Tensor[]) => unknown,
    inputs: Input[],
    readonly precision: GradcheckPrecision,
    readonly surrogate?: (tensors: tf.Tensor[]) => unknown,
  ) {
    this.inputs = inputs;
    this.active = inputs.filter(({ active }) => active) as ActiveInput[];
    this.hasRules = this.active.some((input) => input.surrogate !== undefined);
  }

  /** Reads f's inputs. They are copied: f never sees the caller's tensors. */
  static of(f: CheckedFunction, inputs: CheckedInputs, options: GradcheckOptions): Subject {
    if (typeof f !== 'function') {
      throw new InputError(`gradcheck: f must be a function of tensors, got ${typeof f}.`);
    }
    const { read, keys } = readInputs(inputs, options);
    const isArgument = read.map(({ variable }) => variable === undefined);
    const caller = (g: CheckedFunction): ((tensors: tf.Tensor[]) => unknown) =>
      keys
        ? (tensors) => g(Object.fromEntries(keys.map((key, i) => [key, tensors[i]])))
        : (tensors) => g(...tensors.filter((_, i) => isArgument[i]));
    const { surrogate, precision = 'float64' } = options;
    return new Subject(
      caller(f),
      read,
      precision,
      typeof surrogate === 'function' ? caller(surrogate) : undefined,
    );
  }

  /** What the gradient is compared with: f, or what stands for it in the option `surrogate`. */
  get reference(): 'f' | 'the surrogate' {
    return this.surrogate || this.hasRules ? 'the surrogate' : 'f';
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
      watchingKernels(
        () => {
          this.held = this.inputs.map((input) => tensorOf(input, input.values.slice()));
          try {
            return piece();
          } finally {
            this.held = undefined;
          }
        },
        (kernel, attrs) => this.note(kernel, attrs),
      ),
    );
  }

  /** Remembers a kernel of the forward pass. */
  private note(kernel: string, attrs: unknown): void {
    // While it is recorded, what is saved is cloned: kernels that are none of f's.
    if (!this.forward || this.taping) return;
    this.kernels.add(kernel);
    for (const [name, value] of Object.entries(attrs ?? {})) {
      if (typeof value === 'number') this.attributes.set(name, value);
    }
  }

  /**
   * f's outputs where the active inputs have these numbers, or those of what stands for f in the option `surrogate`. Arrays that are
   * an input's own are as they were; others are given away.
   */
  evaluate(values: readonly Numbers[] = this.own): Float64Array[] {
    return tidied(() => {
      const moved = this.hasRules
        ? values.map((there, i) => moveBy(this.active[i].surrogate, this.active[i].values, there))
        : values;
      const tensors = this.tensors(moved, true);
      const numbers = (this.surrogate ? this.surrogateOutputs(tensors) : this.outputs(tensors)).map(
        numbersOf,
      );
      this.requireKept(tensors, this.surrogate ? 'the surrogate' : 'f');
      return this.hasRules ? this.withIdentities(numbers, values) : numbers;
    });
  }

  /** With what inputs with the rule `identity` add to the output. Where nothing else moves it, the output is they alone. */
  private withIdentities(outputs: Float64Array[], values: readonly Numbers[]): Float64Array[] {
    const rules = this.active.map(({ surrogate }) => surrogate);
    if (!rules.includes('identity')) return outputs;
    const isAlone = rules.every((rule) => rule === 'zero' || rule === 'identity');
    const [output] = outputs;
    const sum = isAlone ? new Float64Array(output.length) : output;
    for (const [i, { name, shape, values: at }] of this.active.entries()) {
      if (rules[i] !== 'identity') continue;
      if (outputs.length !== 1 || !tf.util.arraysEqual(shape, this.outputShapes[0])) {
        throw new InputError(
          `gradcheck: the surrogate 'identity' of ${name} ${shapeText(shape)} needs one output of the same shape, got ${this.outputShapes.map(shapeText).join(', ')}. Give a function as surrogate.`,
        );
      }
      for (let j = 0; j < sum.length; j++) sum[j] += isAlone ? values[i][j] : values[i][j] - at[j];
    }
    return [sum];
  }

  /** The outputs of the function that stands for f, which has to give what f gives. */
  private surrogateOutputs(tensors: tf.Tensor[]): tf.Tensor[] {
    this.evaluations++;
    let result: unknown;
    try {
      result = holding(this.variables, tensors, () => this.surrogate?.(tensors));
    } catch (error) {
      throw functionFailure(error, 'alone', 'the surrogate');
    }
    const outputs = outputList(result, 'the surrogate');
    const shapes = outputs.map(({ shape }) => shape);
    if (JSON.stringify(shapes) !== JSON.stringify(this.outputShapes)) {
      throw new InputError(
        `gradcheck: the surrogate must return tensors of the shapes that f returns, ${this.outputShapes.map(shapeText).join(', ')}, got ${shapes.map(shapeText).join(', ')}.`,
      );
    }
    return outputs;
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

  /** As `evaluate` at the inputs, with f on tensors of its own; fails where f changed them. */
  evaluateGuarded(): Float64Array[] {
    const own = tidied(() => {
      const tensors = this.tensors(this.own, false);
      const numbers = this.outputs(tensors).map(numbersOf);
      this.requireKept(tensors);
      this.inputs.forEach((input, i) => requireUnchanged(input, tensors[i]));
      return numbers;
    });
    return this.reference === 'f' ? own : this.evaluate();
  }

  /** `Σ_k c_k·∂f_k/∂x` for every active input x, null for one that the outputs do not hang on. */
  vjp(cotangents: readonly Float64Array[], values?: readonly Numbers[]): (Float64Array | null)[] {
    return tidied(() => {
      const tensors = this.tensors(values ?? this.own, false);
      const shapes = this.outputShapes;
      const cs = cotangents.map((c, k) => tf.tensor(toPrecision(c, this.bits), shapes[k], 'float32'));
      const keep = (ys: tf.Tensor[]): void => void (this.taped = ys.map(numbersOf));
      return this.gradients(tensors, cs, values ? undefined : keep).map(
        (gradient) => gradient && new Float64Array(gradient.dataSync()),
      );
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

  /** The vector-Jacobian product as tensors, for tensors of the inputs and of the cotangents; `see` gets f's outputs. */
  gradients(
    tensors: tf.Tensor[],
    cotangents: tf.Tensor[],
    see?: (outputs: tf.Tensor[]) => void,
  ): (tf.Tensor | null)[] {
    const xs = this.activeOf(tensors);
    const single = cotangents.length === 1;
    const since = tf.scalar(0).id;
    const seen: { at?: TapeNode; misuse?: { node: TapeNode; how: Misuse } } = {};
    const f = (): tf.Tensor => {
      const ys = this.tapedOutputs(tensors);
      see?.(ys);
      this.aliases ??= aliasesOn(activeTape(), xs, ys, since);
      if (single) this.requireOtherThanInput(ys[0], xs);
      const y = single ? ys[0] : weightedSum(ys, cotangents);
      watchGradients(
        (node) => {
          seen.at = node;
          this.gradientsOf.add(isCustom(node) ? 'tf.customGrad' : nameOf(node));
        },
        (node, how) => {
          seen.misuse ??= { node, how };
        },
        (work) => this.presented(work),
      );
      return y;
    };
    const isGone = (tensor: tf.Tensor | null | undefined): boolean => tensor?.isDisposed ?? false;
    return releasingSaved(() =>
      holding(this.variables, tensors, () => {
        let grads: (tf.Tensor | null | undefined)[];
        try {
          ({ grads } = tf.engine().gradients(f, xs, single ? cotangents[0] : undefined, true));
        } catch (error) {
          if (error instanceof InputError) throw error;
          throw seen.misuse && isDisposedError(error)
            ? misuseOf(seen.misuse)
            : gradientFailure(error, seen.at);
        }
        const { misuse } = seen;
        if (misuse && (misuse.how === 'disposed' || [...grads, ...cotangents].some(isGone)))
          throw misuseOf(misuse);
        // A gradient that is dy itself becomes a tensor of its own: for the second order it must not pass for an input.
        return grads.map((gradient) =>
          gradient && cotangents.includes(gradient) ? tf.clone(gradient) : (gradient ?? null),
        );
      }),
    );
  }

  /** Without the fix named identity, tf.grad finds no op between an input and itself, and throws. */
  private requireOtherThanInput(y: tf.Tensor, xs: readonly tf.Tensor[]): void {
    if (!xs.includes(y) || isFixApplied('identity')) return;
    const alias = this.aliases?.find(({ isFault }) => isFault);
    throw new GradientFailure(
      'wrong',
      alias?.sentence ??
        'The gradient throws: f returns its input itself, and tf.grad then says "Cannot compute gradient of y=f(x) with respect to x". Return x.clone().',
    );
  }

  /** Runs the user's code, which finds the cpu where it asks for the backend. */
  private presented<T>(work: () => T): T {
    return this.precision === 'float64'
      ? presentedAsCpu(() => {
          this.asksForBackend = true;
        }, work)
      : work();
  }

  /** The variables in the places of the inputs that they are. */
  private get variables(): (tf.Variable | undefined)[] {
    return this.inputs.map(({ variable }) => variable);
  }

  /** f's differentiable outputs. */
  outputs(tensors: tf.Tensor[]): tf.Tensor[] {
    this.evaluations++;
    const phase: Phase = this.taping ? 'taped' : this.shapes ? 'again' : 'alone';
    let result: unknown;
    this.forward = true;
    try {
      result = holding(this.variables, tensors, () => this.presented(() => this.call(tensors)));
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
      const tensors = this.tensors(this.own, false);
      const { result, tape } = recorded(() => this.tapedOutputs(tensors));
      const active = this.activeOf(tensors);
      const { nodes, late } = waysBetween(tape, active, result);
      const used = tape.flatMap(inputsOf);
      return {
        steps: nodes.filter(isOp).map((node) => ({
          op: nameOf(node),
          inputs: inputsOf(node).map(infoOf),
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
        ? ` f uses variables (${variables.slice(0, 3).join(', ')}${variables.length > 3 ? ', …' : ''}), which are not among its inputs: to check its gradient by them, name them in the option variables.`
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
    return tensors.flatMap((tensor, i) => {
      const { active, variable } = this.inputs[i];
      return active ? [variable ?? tensor] : [];
    });
  }

  /** The size of the largest number that a kernel gives within f, at the inputs; in single precision it is not known. */
  largestWithin(): number {
    if (this.precision !== 'float64') return 0;
    let largest = 0;
    const see = ({ dataId, dtype }: tf.TensorInfo): void => {
      if (dtype !== 'float32') return;
      const size = largestIn(engine().readSync(dataId) as Float32Array);
      if (size < ENDLESS) largest = Math.max(largest, size);
    };
    observingKernels(
      (_kernel, _inputs, outputs) => outputs.forEach(see),
      () => void this.evaluate(),
    );
    return largest;
  }

  /** The active inputs' own numbers. */
  private get own(): Numbers[] {
    return this.active.map(({ values }) => values);
  }

  private tensors(values: readonly Numbers[], useHeld: boolean): tf.Tensor[] {
    let next = 0;
    return this.inputs.map((input, i) => {
      const wanted = input.active ? values[next++] : input.values;
      const isOwn = wanted === input.values;
      if (useHeld && isOwn && this.held) return this.held[i];
      return tensorOf(input, isOwn ? wanted.slice() : wanted);
    });
  }

  private requireKept(tensors: readonly tf.Tensor[], who = 'f'): void {
    const disposed = tensors.findIndex(({ isDisposed }) => isDisposed);
    if (disposed >= 0) {
      throw new GradientFailure(
        'wrong',
        `${who} changed its inputs: it disposed ${this.inputs[disposed].name}. Leave them to the caller.`,
      );
    }
  }
}

function requireUnchanged({ name, values }: Input, tensor: tf.Tensor): void {
  const now: ArrayLike<unknown> = tensor.dataSync();
  const before: ArrayLike<unknown> = values;
  let changed = 0;
  while (changed < now.length && isSame(now[changed], before[changed])) changed++;
  if (changed < now.length) {
    throw new GradientFailure(
      'wrong',
      `f changed its inputs: entry ${changed} of ${name} was ${String(before[changed])} and is now ${String(now[changed])}. Work on a copy.`,
    );
  }
}

/** A gradient function that does with its dy what it must not, in words. */
function misuseOf({ node, how }: { node: TapeNode; how: Misuse }): GradientFailure {
  const who = isCustom(node) ? 'The gradient function of tf.customGrad' : `The gradient of ${nameOf(node)}`;
  return new GradientFailure(
    'wrong',
    how === 'disposed'
      ? `${who} disposes of dy, which is not its own: TensorFlow.js and whoever gave it still use it. Leave it to tf.tidy, and return dy.clone() where the gradient is dy.`
      : `${who} returns dy itself for several inputs, and TensorFlow.js disposes of it when it adds another gradient to one of them. Return dy.clone() for each.`,
  );
}

const infoOf = ({ shape, dtype }: tf.Tensor): Step['inputs'][number] => ({ shape, dtype });

const weightedSum = (ys: readonly tf.Tensor[], weights: readonly tf.Tensor[]): tf.Tensor =>
  ys.map((y, k) => tf.sum(tf.mul(y, weights[k]))).reduce((sum, term) => tf.add(sum, term));

const toPrecision = (values: Float64Array, bits: number): Float32Array =>
  bits === 53 ? (values.slice() as unknown as Float32Array) : new Float32Array(values);
