/** Kernels of pools and their gradients. */
import * as tf from '@tensorflow/tfjs';
import type { Fix } from '../fix.js';
import {
  composed,
  dispose,
  inDoubles,
  onCpu,
  replacement,
  replacements,
  valuesOf,
  type Call,
  type Replacement,
  type Result,
} from './call.js';
import { countsOf, misleadsXnnpack, windowsOf, withExplicitPads } from './geometry.js';

const everywhere = ['cpu', 'wasm', 'webgl', 'webgpu'];

/** The smallest normal number in single precision: what wasm's maxima begin with, in place of -∞. */
const SMALLEST = 2 ** -126;

/** A pool of images with its padding written out where the core, or XNNPACK, would place the windows elsewhere. */
const placed =
  (backendName: string, kernelName: string): Replacement =>
  (call, stock) => {
    const windows = windowsOf(kernelName, call);
    if (!windows) return stock(call);
    const isXnnpack = backendName === 'wasm' && !kernelName.includes('Grad');
    if (windows.agrees && !(isXnnpack && misleadsXnnpack(windows))) return stock(call);
    return stock({ ...call, attrs: withExplicitPads(windows) as tf.NamedAttrMap });
  };

/** A pool of volumes, for whose padding there is no way to write it out. */
const placedVolumes =
  (_backend: string, kernelName: string): Replacement =>
  (call, stock) => {
    const windows = windowsOf(kernelName, call);
    return !windows || windows.agrees ? stock(call) : inDoubles(kernelName)(call);
  };

/**
 * The gradient of a mean over windows: `dx_i = Σ_{o: i in window o} dy_o / n_o`. TensorFlow.js divides by the window's size k, padding included; it is
 * given `dy·k / n` instead.
 */
const averageGradient =
  (backendName: string, kernelName: string): Replacement =>
  (call, stock) => {
    const windows = windowsOf(kernelName, call);
    if (!windows) return stock(call);
    const { grid, rank, agrees } = windows;
    const toStock = (handed: Call): Result =>
      agrees
        ? stock(handed)
        : rank === 2
          ? stock({ ...handed, attrs: withExplicitPads(windows) as tf.NamedAttrMap })
          : inDoubles(kernelName)(handed);
    if (rank === 3 && !agrees) return toStock(call);
    const size = grid.axes.reduce((product, { window }) => product * window, 1);
    const counts = countsOf(grid);
    if (counts.every((count) => count === size)) return toStock(call);
    const { dy, input } = call.inputs as { dy: tf.TensorInfo; input: tf.TensorInfo };
    return composed(backendName, call, (steps) => {
      const factors = steps.constant(
        [1, ...grid.axes.slice(3 - rank).map(({ outputs }) => outputs), 1],
        counts.map((count) => size / Math.max(count, 1)),
      );
      const scaled = steps.run('Multiply', { a: dy, b: factors });
      return toStock({ ...call, inputs: { dy: scaled, input } }) as tf.TensorInfo;
    });
  };

/** Whether a maximum may be one that wasm overlooks. */
const mayBeOverlooked = (values: tf.TypedArray): boolean => values.some((value) => !(value > SMALLEST));

/** The gradient of a maximum over windows. */
const maximumGradient =
  (backendName: string, kernelName: string): Replacement =>
  (call, stock) => {
    const windows = windowsOf(kernelName, call);
    if (!windows) return stock(call);
    const { grid, rank, agrees } = windows;
    const [depth, height, width] = grid.axes;
    // The cpu kernel takes the height of a volume's window for its width.
    const isUnequal =
      backendName === 'cpu' &&
      rank === 3 &&
      (height.window !== width.window || depth.window !== height.window);
    const { output } = call.inputs as { output?: tf.TensorInfo };
    const isOverlooked =
      backendName === 'wasm' && (!output || mayBeOverlooked(valuesOf(call.backend, output)));
    if (isUnequal || isOverlooked || (rank === 3 && !agrees)) return inDoubles(kernelName)(call);
    return agrees ? stock(call) : stock({ ...call, attrs: withExplicitPads(windows) as tf.NamedAttrMap });
  };

/** wasm's maxima over windows, computed again where one of them is the number that they begin with. */
const maximum =
  (kernelName: string, right: tf.KernelFunc): Replacement =>
  (call, stock) => {
    const windows = kernelName.startsWith('MaxPool') ? windowsOf(kernelName, call) : undefined;
    if (windows && !windows.agrees) return right(call);
    const result = stock(call);
    const tensors = Array.isArray(result) ? result : [result];
    if (valuesOf(call.backend, tensors[0]).every((value) => value !== SMALLEST)) return result;
    for (const tensor of tensors) dispose(call.backend, tensor);
    return right(call);
  };

/** wasm's gradients of dilation, which overlook maxima as dilation itself does. */
const dilationGradient =
  (kernelName: string): Replacement =>
  (call, stock) => {
    const { x, filter } = call.inputs as { x: tf.TensorInfo; filter: tf.TensorInfo };
    const isPositive =
      !mayBeOverlooked(valuesOf(call.backend, x)) &&
      valuesOf(call.backend, filter).every((value) => value >= 0);
    return isPositive ? stock(call) : onCpu(kernelName)(call);
  };

export const POOL_KERNELS: readonly Fix[] = [
  {
    id: 'pool-windows',
    family: 'kernels: pools',
    ops: ['avgPool', 'maxPool', 'pool', 'avgPool3d', 'maxPool3d'],
    wrong:
      "Where pad is a number and windows or strides are not square, the core takes the height's for the width too; 'same' in a volume with a stride larger than the window begins within it. On wasm, sizes that are rounded up read past the image.",
    kernels: [
      ...replacements(everywhere, ['AvgPool', 'MaxPool'], placed),
      ...replacements(['cpu', 'webgl', 'webgpu'], ['MaxPool3D'], placedVolumes),
      ...replacements(everywhere, ['AvgPool3D'], placedVolumes),
    ],
  },
  {
    id: 'average-pool-gradients',
    family: 'kernels: pools',
    ops: ['avgPool', 'pool', 'avgPool3d'],
    wrong:
      "The gradient at a border divides by the window's size, where the mean is over the entries inside.",
    kernels: replacements(everywhere, ['AvgPoolGrad', 'AvgPool3DGrad'], averageGradient),
  },
  {
    id: 'maximum-pool-gradients',
    family: 'kernels: pools',
    ops: ['maxPool', 'pool', 'maxPool3d'],
    wrong:
      "The gradient is not told how sizes were rounded; on cpu a volume's window is taken for a cube; on wasm it goes to the first entry where no maximum is positive.",
    kernels: replacements(everywhere, ['MaxPoolGrad', 'MaxPool3DGrad'], maximumGradient),
  },
  {
    id: 'negative-maxima-on-wasm',
    family: 'kernels: pools',
    ops: ['maxPool3d', 'maxPoolWithArgmax', 'dilation2d'],
    wrong: 'Maxima below 0 come as 1.2e-38, the smallest positive number, with which the search begins.',
    kernels: [
      replacement('wasm', 'MaxPool3D', maximum('MaxPool3D', inDoubles('MaxPool3D'))),
      replacement('wasm', 'MaxPoolWithArgmax', maximum('MaxPoolWithArgmax', inDoubles('MaxPoolWithArgmax'))),
      replacement('wasm', 'Dilation2D', maximum('Dilation2D', onCpu('Dilation2D'))),
      ...['Dilation2DBackpropInput', 'Dilation2DBackpropFilter'].map((name) =>
        replacement('wasm', name, dilationGradient(name)),
      ),
    ],
  },
];
