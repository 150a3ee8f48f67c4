/**
 * The walk back along the tape, which TensorFlow.js' `engine.gradients` does, without what is wrong with it:
 *
 * - It asks for a gradient of ops whose results are whole numbers or booleans, such as comparisons. Nothing flows through these: a result that is
 *   constant but at jumps has the derivative 0.
 * - It refuses gradients of complex numbers. Here the gradient of a real y by z = a + ib is `∂y/∂a + i·∂y/∂b`, as in TensorFlow and PyTorch.
 * - It has no gradient of a function that returns its input, and adds up those of a tensor that is given twice.
 * - It stumbles over optional inputs that were not given.
 * - After an error it leaves the tensors behind that the tape has saved.
 */
import * as tf from '@tensorflow/tfjs';
import { engine, engineMethod, type Engine, type TapeNode } from './engine-methods.js';
import { registered } from './registry.js';
import { releaseTape } from './tape-order.js';
import type { EngineChange } from './fix.js';

export type GradientsFeature = 'whole-numbers' | 'complex' | 'identity' | 'one-tensor-twice' | 'release';

/** Whether derivatives by a tensor are taken at all. */
const isContinuous = ({ dtype }: tf.Tensor): boolean => dtype === 'float32' || dtype === 'complex64';

/** The nodes that lead from xs to y, in the tape's order, with those inputs alone that depend on xs. Only tensors that pass are gone through. */
function pathsBetween(
  tape: readonly TapeNode[],
  xs: readonly tf.Tensor[],
  y: tf.Tensor,
  passes: (x: tf.Tensor) => boolean,
): TapeNode[] {
  const fromX = new Set(xs.map(({ id }) => id));
  const forward: TapeNode[] = [];
  for (const node of tape) {
    for (const name in node.inputs) {
      const input = node.inputs[name];
      if (!input || !fromX.has(input.id)) continue;
      // A kernel that returns its input has done nothing: there is one tensor, with one gradient.
      if (node.outputs.some(({ id }) => id === input.id)) break;
      forward.push(node);
      for (const output of node.outputs) if (passes(output)) fromX.add(output.id);
      break;
    }
  }
  const toY = new Set<number>(passes(y) ? [y.id] : []);
  const nodes: TapeNode[] = [];
  for (let i = forward.length - 1; i >= 0; i--) {
    const node = forward[i];
    if (!node.outputs.some(({ id }) => toY.has(id))) continue;
    const inputs: TapeNode['inputs'] = {};
    for (const name in node.inputs) {
      const input = node.inputs[name];
      if (!input) continue;
      toY.add(input.id);
      if (fromX.has(input.id)) inputs[name] = input;
    }
    nodes.push({ ...node, inputs });
  }
  return nodes.reverse();
}

/** The ids of all tensors that y depends on, by whatever way. */
function leadingTo(tape: readonly TapeNode[], y: tf.Tensor): Set<number> {
  const ids = new Set([y.id]);
  for (let i = tape.length - 1; i >= 0; i--) {
    const { inputs, outputs } = tape[i];
    if (!outputs.some(({ id }) => ids.has(id))) continue;
    for (const name in inputs) {
      const input = inputs[name];
      if (input) ids.add(input.id);
    }
  }
  return ids;
}

/** The engine's own clone of a tensor that is saved has a node without a registered gradient; its gradient casts to real numbers. */
const isClone = ({ kernelName, inputs, outputs, saved }: TapeNode): boolean =>
  saved.length === 0 &&
  outputs.length === 1 &&
  'x' in inputs &&
  registered('gradRegistry', kernelName) === undefined;

/** A gradient as it belongs to its tensor: of a real one, the real part; of a complex one, a complex number. */
function fitted(node: TapeNode, name: string, x: tf.Tensor, dx: tf.Tensor, isComplex: boolean): tf.Tensor {
  let fit = dx;
  if (isComplex && x.dtype === 'complex64' && dx.dtype === 'float32') fit = tf.complex(dx, tf.zerosLike(dx));
  else if (isComplex && x.dtype !== 'complex64' && dx.dtype === 'complex64') fit = tf.real(dx);
  const dtype = isComplex && x.dtype === 'complex64' ? 'complex64' : 'float32';
  if (fit.dtype !== dtype) {
    throw new Error(
      `Error in gradient for op ${node.kernelName}. The gradient of input ${name} must have '${dtype}' dtype, but has '${fit.dtype}'`,
    );
  }
  if (!tf.util.arraysEqual(fit.shape, x.shape)) {
    throw new Error(
      `Error in gradient for op ${node.kernelName}. The gradient of input '${name}' has shape '${fit.shape.toString()}', which does not match the shape of the input '${x.shape.toString()}'`,
    );
  }
  return fit;
}

/** Goes back along the nodes. `sums` has the gradient of y, and then of all tensors that lead to it, by their ids. */
function backpropagate(sums: Map<number, tf.Tensor>, nodes: readonly TapeNode[], isComplex: boolean): void {
  const { tidy } = engine();
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    const dys = node.outputs.map((output) => {
      const dy = sums.get(output.id) ?? null;
      // The tape would make zeros of real numbers.
      return dy ?? (isComplex && output.dtype === 'complex64' ? complexZeros(output.shape) : null);
    });
    if (!node.gradient) {
      throw new Error(`Cannot compute gradient: gradient function not found for ${node.kernelName}.`);
    }
    const straight = isComplex && node.outputs[0].dtype === 'complex64' && isClone(node);
    const gradients: Record<string, () => tf.Tensor> = straight
      ? { x: () => tf.clone(dys[0] as tf.Tensor) }
      : node.gradient(dys);
    for (const name in node.inputs) {
      const x = node.inputs[name] as tf.Tensor;
      if (!(name in gradients)) {
        throw new Error(
          `Cannot backprop through input ${name}. Available gradients found: ${Object.keys(gradients).toString()}.`,
        );
      }
      const dx = tidy.call(engine(), () => fitted(node, name, x, gradients[name](), isComplex)) as tf.Tensor;
      const sum = sums.get(x.id);
      if (sum) {
        sums.set(x.id, tf.add(sum, dx));
        sum.dispose();
      } else {
        sums.set(x.id, dx);
      }
    }
  }
}

const complexZeros = (shape: number[]): tf.Tensor => tf.complex(tf.zeros(shape), tf.zeros(shape));

/**
 * Tells tensors apart that are given more than once: each becomes a clone. The functions of TensorFlow.js call f with the same array, so that f
 * is given the clones. Returns how to undo it.
 */
function toldApart(xs: tf.Tensor[]): (() => void) | undefined {
  const places = new Map<number, number[]>();
  xs.forEach(({ id }, i) => places.set(id, [...(places.get(id) ?? []), i]));
  const twice = [...places.values()].filter((at) => at.length > 1).flat();
  if (twice.length === 0) return undefined;
  const originals = [...xs];
  for (const i of twice) xs[i] = tf.clone(xs[i]);
  return () => {
    for (const i of twice) xs[i] = originals[i];
  };
}

/** The clone that the engine has made last while it recorded, and those that it keeps for gradients. */
let clone: tf.Tensor | undefined;
let saved: tf.Tensor[] = [];

/** The engine saves by `keep(clone(x))`; tf.clone goes another way, so that what f keeps itself is not touched. */
const cloning = engineMethod(
  'clone',
  (before) =>
    function (this: Engine, x) {
      const copy = before.call(this, x);
      if (this.state.gradientDepth > 0) clone = copy;
      return copy;
    },
)('release');

const keeping = engineMethod(
  'keep',
  (before) =>
    function (this: Engine, x) {
      if (x === clone && this.state.gradientDepth > 0) saved.push(x);
      return before.call(this, x);
    },
)('release');

/** Lets go of what was saved for gradients, on a tape or not: by an op that threw, or that saved twice. */
function releaseSaved(): void {
  const all = saved;
  saved = [];
  clone = undefined;
  for (const tensor of all) if (!tensor.isDisposed) tensor.dispose();
}

const change = engineMethod('gradients', (_before, features): Engine['gradients'] => {
  const has = (feature: GradientsFeature): boolean => features.has(feature);
  return function gradients(this: Engine, f, xs, dy, allowNoGradients = false) {
    tf.util.assert(xs.length > 0, () => 'gradients() received an empty list of xs.');
    if (dy != null && dy.dtype !== 'float32' && !(has('complex') && dy.dtype === 'complex64')) {
      throw new Error(`dy must have 'float32' dtype, but has '${dy.dtype}'`);
    }
    const isComplex = has('complex');
    const undo = has('one-tensor-twice') ? toldApart(xs) : undefined;
    // A gradient that is taken on the way back of another keeps what that one has saved.
    const isOutermost = this.state.gradientDepth === 0;
    const others = saved;
    if (isOutermost) saved = [];
    try {
      const y = this.scopedRun(
        () => this.startTape(),
        () => this.endTape(),
        () => this.tidy('forward', f),
      );
      tf.util.assert(y instanceof tf.Tensor, () => 'The result y returned by f() must be a tensor.');
      // Derivatives by whole numbers are not taken, but for those that are asked for.
      const passes = has('whole-numbers') && xs.every(isContinuous) ? isContinuous : (): boolean => true;
      const tape = this.state.activeTape ?? [];
      const nodes = pathsBetween(tape, xs, y, passes);
      const isInput = has('identity') && xs.some(({ id }) => id === y.id);
      /** Those by which the derivative is 0: y depends on them through whole numbers alone. */
      let flat: ReadonlySet<number> = new Set();
      if (has('whole-numbers')) {
        const used = new Set(nodes.flatMap(({ inputs }) => Object.values(inputs).map((input) => input?.id)));
        if (!xs.every(({ id }) => used.has(id))) flat = leadingTo(tape, y);
      }
      const isFound = nodes.length > 0 || isInput || xs.some(({ id }) => id !== y.id && flat.has(id));
      if (!allowNoGradients && !isFound) {
        throw new Error(
          'Cannot compute gradient of y=f(x) with respect to x. Make sure that the f you passed encloses all operations that lead from x to y.',
        );
      }
      return this.tidy('backward', () => {
        const ones = dy ?? tf.ones(y.shape);
        const sums = new Map([[y.id, isInput && ones === dy ? tf.clone(ones) : ones]]);
        backpropagate(sums, nodes, isComplex);
        const grads = xs.map(
          (x) => sums.get(x.id) ?? (flat.has(x.id) ? tf.zeros(x.shape) : undefined),
        ) as tf.Tensor[];
        if (this.state.gradientDepth === 0) {
          for (const node of tape) for (const tensor of node.saved) tensor.dispose();
          this.state.activeTape = null;
          releaseSaved();
        }
        return { value: y, grads };
      });
    } catch (error) {
      if (has('release')) {
        releaseTape();
        if (this.state.gradientDepth === 0) releaseSaved();
      }
      throw error;
    } finally {
      if (isOutermost) saved = others;
      undo?.();
    }
  };
});

/** A change of the walk back by one of its features. */
export const backpropagation = (feature: GradientsFeature): ReturnType<typeof change> => change(feature);

/** Whatever a gradient saves is let go at its end, also where it throws. */
export const releasing: EngineChange = {
  isApplied: () => [change('release'), cloning, keeping].every((one) => one.isApplied()),
  apply: () => [change('release'), cloning, keeping].forEach((one) => one.apply()),
  remove: () => [change('release'), cloning, keeping].forEach((one) => one.remove()),
};

/** An input that was not given is not saved. */
export const optionalInputs = engineMethod(
  'getTensorsForGradient',
  (before) =>
    function (this: Engine, kernelName, inputs, outputs) {
      // An input that is several tensors is saved as these.
      return before
        .call(this, kernelName, inputs, outputs)
        .flat()
        .filter((tensor) => tensor != null);
    },
)('optional-inputs');
