/** Inputs and attributes for a kernel of which nothing is known but that it is registered. */
import * as tf from '@tensorflow/tfjs';
import { inFloat64 } from '../../float64/in-float64.js';
import { randomFrom } from '../../random.js';

export interface Probed {
  inputs: Record<string, tf.TensorLike>;
  attrs: Record<string, unknown>;
  /** In words, as `x [2,4]`. */
  shapes: string;
}

/** What a kernel's function reads, where no inputs could be made for it. */
export interface Unprobed {
  inputs: string[];
  attrs: string[];
  reason: string;
}

type Shape = readonly number[];

/** Shapes of all inputs alike. */
const alike: Shape[] = [[2, 4], [2, 3, 4], [1, 2, 3, 4], [4], [4, 4], [1, 2, 4, 4], [2, 2, 4, 4], []];

/** Shapes that are tried, one after the other, for so many inputs. */
function shapesFor(count: number): Shape[][] {
  const same = alike.map((shape) => Array.from({ length: count }, () => shape));
  if (count < 2) return same;
  const last = alike.filter(({ length }) => length > 1);
  return [
    ...same,
    // Weights of the last axis, positions and features, products of matrices.
    ...last.map((shape) => [shape, ...Array.from({ length: count - 1 }, () => shape.slice(-1))]),
    ...last.map((shape) => [shape, ...Array.from({ length: count - 1 }, () => shape.slice(-2))]),
    ...last.map((shape) => [
      shape,
      ...Array.from({ length: count - 1 }, () => [
        ...shape.slice(0, -2),
        shape[shape.length - 1],
        shape[shape.length - 2],
      ]),
    ]),
  ];
}

const guesses: [RegExp, unknown][] = [
  [/eps/i, 1e-5],
  [/axis|^dim$/i, -1],
  [/dtype/i, 'float32'],
  [/^(is|has|use|do|keep|neg|causal|transpose|reverse|exclusive|align|half|training)/i, false],
  [/scale|alpha|beta|lambda|rate|temperature|factor|momentum/i, 0.5],
  [/head|size|count|num|^n$|^k$|groups?/i, 2],
  [/offset|past|start|pos/i, 1],
];

const guessOf = (attribute: string): unknown => guesses.find(([name]) => name.test(attribute))?.[1] ?? 1;

/** Whole numbers: places, labels, masks. */
const isWhole = (name: string): boolean => /label|indic|index|^ids?$|mask|target|position/i.test(name);

function numbersFor(shape: Shape, name: string, random: (n: number) => Float64Array): tf.TensorLike {
  const size = tf.util.sizeFromShape([...shape]);
  const flat = isWhole(name) ? Array.from({ length: size }, (_, i) => i % 2) : Array.from(random(size));
  const nested = (from: number, lengths: Shape): unknown => {
    if (lengths.length === 0) return flat[from];
    const stride = tf.util.sizeFromShape(lengths.slice(1));
    return Array.from({ length: lengths[0] }, (_, i) => nested(from + i * stride, lengths.slice(1)));
  };
  return nested(0, shape) as tf.TensorLike;
}

const tensorOf = (values: tf.TensorLike, name: string): tf.Tensor =>
  tf.tensor(values, undefined, isWhole(name) ? 'int32' : 'float32');

/** The names that a kernel's function reads of its inputs and attributes, as far as it gets with one tensor for each. */
function namesReadBy(kernelFunc: tf.KernelFunc, given: Shape): { inputs: string[]; attrs: string[] } {
  const [inputs, attrs] = [new Set<string>(), new Set<string>()];
  // Inputs may come in a list, of which is read what arrays have.
  const isOfList = (name: string): boolean => name in [] || /^\d+$/.test(name);
  const reading = (names: Set<string>, of: (name: string) => unknown): object =>
    new Proxy(
      {},
      {
        get: (_target, name) => {
          if (typeof name !== 'string' || (names === inputs && isOfList(name))) return undefined;
          names.add(name);
          return of(name);
        },
      },
    );
  const random = randomFrom(1).weights;
  try {
    tf.tidy(() => {
      kernelFunc({
        inputs: reading(inputs, (name) =>
          tensorOf(numbersFor(given, name, random), name),
        ) as tf.NamedTensorInfoMap,
        attrs: reading(attrs, guessOf) as tf.NamedAttrMap,
        backend: tf.backend(),
      });
    });
  } catch {
    // What it read until then is what is known.
  }
  return { inputs: [...inputs], attrs: [...attrs] };
}

/** Inputs and attributes with which the kernel runs on the cpu, and, if there are such, its gradient too; or what it reads. */
export function probe(kernel: string): Probed | Unprobed {
  const { kernelFunc } = tf.getKernel(kernel, 'cpu');
  const read = alike.map((shape) => inFloat64(() => namesReadBy(kernelFunc, shape)));
  const inputs = [...new Set(read.flatMap((one) => one.inputs))];
  const attrs = [...new Set(read.flatMap((one) => one.attrs))];
  if (inputs.length === 0) return { inputs, attrs, reason: 'it reads no inputs by name' };
  const guessed = Object.fromEntries(attrs.map((name) => [name, guessOf(name)]));
  let found: Probed | undefined;
  for (const own of [guessed, {}]) {
    for (const shapes of shapesFor(inputs.length)) {
      const random = randomFrom(1).weights;
      const values = Object.fromEntries(inputs.map((name, i) => [name, numbersFor(shapes[i], name, random)]));
      const how = attempt(kernel, values, own);
      if (how === 'neither') continue;
      const one: Probed = {
        inputs: values,
        attrs: own,
        shapes: inputs.map((name, i) => `${name} [${shapes[i].join(',')}]`).join(', '),
      };
      if (how === 'both') return one;
      found ??= one;
    }
  }
  return {
    inputs,
    attrs,
    reason: found
      ? `it runs, but its gradient throws, or is not finite, with the attributes that were tried (${found.shapes})`
      : 'it does not run with the shapes and attributes that were tried',
  };
}

/** Whether the kernel runs with these inputs, with finite numbers that are not all alike, and its gradient too. */
function attempt(
  kernel: string,
  values: Record<string, tf.TensorLike>,
  attrs: Record<string, unknown>,
): 'both' | 'forward' | 'neither' {
  const run = (tensors: tf.NamedTensorMap): tf.Tensor => {
    const result = tf.engine().runKernel(kernel, tensors, attrs as unknown as tf.NamedAttrMap);
    const [first] = Array.isArray(result) ? result : [result];
    return first;
  };
  let how: 'both' | 'forward' | 'neither' = 'neither';
  inFloat64(() => {
    try {
      const tensors = Object.fromEntries(
        Object.entries(values).map(([name, one]) => [name, tensorOf(one, name)]),
      );
      const y = run(tensors);
      const numbers = y.dataSync();
      if (y.dtype !== 'float32' || y.size === 0 || numbers.length !== y.size) return;
      if (!numbers.every(Number.isFinite) || numbers.every((value) => value === 0)) return;
      how = 'forward';
      const names = Object.keys(tensors).filter((name) => tensors[name].dtype === 'float32');
      const slopes = tf.grads((...given: tf.Tensor[]) =>
        run({ ...tensors, ...Object.fromEntries(names.map((name, i) => [name, given[i]])) }),
      )(names.map((name) => tensors[name]));
      if (slopes.every((slope) => slope.dataSync().every(Number.isFinite))) how = 'both';
    } catch {
      tf.engine().state.activeTape = null as never;
    }
  });
  return how;
}
