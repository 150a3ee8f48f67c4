/** Kernels of convolutions: windows where they belong, and those that wasm lacks. */
import * as tf from '@tensorflow/tfjs';
import type { Fix } from '../fix.js';
import { finish, plainActivation, type Fused } from './activation.js';
import {
  addition,
  composed,
  inDoubles,
  replacements,
  type Call,
  type Replacement,
  type Result,
} from './call.js';
import { misleadsXnnpack, windowsOf, withExplicitPads, type Windows } from './geometry.js';

const everywhere = ['cpu', 'wasm', 'webgl', 'webgpu'];

const isDilated = ({ grid }: Windows): boolean => grid.axes.some(({ dilation }) => dilation !== 1);

/** The kernel with its padding written out where the core would place the windows elsewhere. */
const placed =
  (backendName: string, kernelName: string): Replacement =>
  (call, stock) => {
    const windows = windowsOf(kernelName, call);
    if (!windows) return stock(call);
    const isXnnpack = backendName === 'wasm' && !kernelName.includes('Backprop');
    if (windows.channelsFirst && (kernelName.includes('Depthwise') || backendName === 'wasm')) {
      // wasm has no kernels of these, and nobody looks where a depthwise convolution's channels are.
      return inDoubles(kernelName)(call);
    }
    if (kernelName.includes('Backprop') && isDilated(windows)) return inDoubles(kernelName)(call);
    if (windows.agrees && !(isXnnpack && misleadsXnnpack(windows))) return stock(call);
    return stock({ ...call, attrs: withExplicitPads(windows) as tf.NamedAttrMap });
  };

/** What a fused kernel cannot do is done by those that it is made of. */
const placedFused =
  (backendName: string, kernelName: string): Replacement =>
  (call, stock) => {
    const { filter, bias, preluActivationWeights } = call.inputs as unknown as Fused & {
      filter: tf.TensorInfo;
    };
    const isDepthwise = kernelName.includes('Depthwise');
    const channels = isDepthwise ? filter.shape[2] * filter.shape[3] : filter.shape[3];
    const isList = !bias || (bias.shape.length === 1 && bias.shape[0] === channels);
    const isPlain = !preluActivationWeights || plainActivation(preluActivationWeights, channels);
    const { dataFormat } = call.attrs as { dataFormat?: string };
    if (backendName !== 'wasm' || dataFormat === 'NCHW' || (isList && isPlain)) {
      return placed(backendName, kernelName)(call, stock);
    }
    const { x } = call.inputs as { x: tf.TensorInfo };
    return composed(backendName, call, (steps) =>
      finish(
        steps,
        steps.run(isDepthwise ? 'DepthwiseConv2dNative' : 'Conv2D', { x, filter }, call.attrs),
        call,
      ),
    );
  };

/** Of volumes there is no padding to write out. */
const placedVolumes =
  (backendName: string, kernelName: string): Replacement =>
  (call, stock) => {
    // wasm's gradients go wrong wherever there is more than one plane, or a stride.
    const isWrong = backendName === 'wasm' && kernelName.includes('Backprop');
    const windows = windowsOf(kernelName, call);
    return !isWrong && (!windows || windows.agrees) ? stock(call) : inDoubles(kernelName)(call);
  };

/**
 * The gradient of a filter as a convolution, which wasm has: x with batch and channels exchanged is convolved with dy, the stride of the one
 * being the dilation of the other.
 *
 * `dw[tap, i, j] = Σ_{b, o} x[b, o·stride - before + tap·dilation, i] · dy[b, o, j]`
 */
function filterGradientByConvolution(call: Call): Result {
  const windows = windowsOf('Conv2DBackpropFilter', call);
  if (!windows || windows.channelsFirst) return inDoubles('Conv2DBackpropFilter')(call);
  const { x, dy } = call.inputs as { x: tf.TensorInfo; dy: tf.TensorInfo };
  const [, height, width] = windows.grid.axes;
  const spatial = [height, width];
  return composed('wasm', call, (steps) => {
    // As many entries as the windows reach over, the padding among them.
    const reach = spatial.map(
      ({ outputs, stride, window, dilation }) => (outputs - 1) * stride + (window - 1) * dilation + 1,
    );
    const after = spatial.map(({ before, size }, i) => reach[i] - before - size);
    const cut = after.some((n) => n < 0)
      ? steps.run(
          'Slice',
          { x },
          {
            begin: [0, 0, 0, 0],
            size: [x.shape[0], ...spatial.map(({ size }, i) => size + Math.min(0, after[i])), x.shape[3]],
          },
        )
      : x;
    const isPadded = spatial.some(({ before }, i) => before > 0 || after[i] > 0);
    const padded = isPadded
      ? steps.run(
          'PadV2',
          { x: cut },
          {
            paddings: [[0, 0], ...spatial.map(({ before }, i) => [before, Math.max(0, after[i])]), [0, 0]],
            constantValue: 0,
          },
        )
      : cut;
    const perm = [3, 1, 2, 0];
    const byChannel = steps.run('Transpose', { x: padded }, { perm });
    const weights = steps.run('Transpose', { x: dy }, { perm: [1, 2, 0, 3] });
    const turned = steps.run(
      'Conv2D',
      { x: byChannel, filter: weights },
      {
        strides: spatial.map(({ dilation }) => dilation),
        dilations: spatial.map(({ stride }) => stride),
        pad: 'valid',
        dataFormat: 'NHWC',
      },
    );
    return steps.run('Transpose', { x: turned }, { perm: [1, 2, 0, 3] });
  });
}

const imageOps = [
  'conv1d',
  'conv2d',
  'conv2dTranspose',
  'depthwiseConv2d',
  'separableConv2d',
  'fused.conv2d',
  'fused.depthwiseConv2d',
];

const imageKernels = ['Conv2D', 'Conv2DBackpropInput', 'DepthwiseConv2dNative'];

export const CONVOLUTION_KERNELS: readonly Fix[] = [
  {
    id: 'convolution-windows',
    family: 'kernels: convolutions',
    ops: imageOps,
    wrong:
      "Where pad is a number and windows or strides are not square, the core takes the height's for the width too. A depthwise convolution takes channels that come first for rows. On wasm, 'same' with a stride larger than the window, sizes that are rounded up, and biases that are not [channels] are wrong or refused.",
    kernels: [
      ...replacements(everywhere, imageKernels, placed),
      ...replacements(everywhere, ['FusedConv2D', 'FusedDepthwiseConv2D'], placedFused),
      ...replacements(
        ['cpu', 'webgl', 'webgpu'],
        ['Conv2DBackpropFilter', 'DepthwiseConv2dNativeBackpropFilter', 'DepthwiseConv2dNativeBackpropInput'],
        placed,
      ),
    ],
  },
  {
    id: 'convolution-gradients-on-wasm',
    family: 'kernels: convolutions',
    ops: imageOps,
    wrong: 'wasm has no kernels for the gradients of filters, and none for those of depthwise convolutions.',
    upstream: 'https://github.com/tensorflow/tfjs/issues/8474',
    kernels: [
      addition('wasm', 'Conv2DBackpropFilter', filterGradientByConvolution),
      ...['DepthwiseConv2dNativeBackpropFilter', 'DepthwiseConv2dNativeBackpropInput'].map((name) =>
        addition('wasm', name, inDoubles(name)),
      ),
    ],
  },
  {
    id: 'volume-convolutions',
    family: 'kernels: convolutions',
    ops: ['conv3d', 'conv3dTranspose'],
    wrong:
      "'same' with a stride larger than the window begins within the volume instead of at its edge. wasm's gradients are wrong wherever there is a stride, or more than one plane.",
    upstream: 'https://github.com/tensorflow/tfjs/issues/6323',
    kernels: [
      ...replacements(
        ['cpu', 'wasm', 'webgl'],
        ['Conv3D', 'Conv3DBackpropInputV2', 'Conv3DBackpropFilterV2'],
        placedVolumes,
      ),
    ],
  },
];
