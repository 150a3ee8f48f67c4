/**
 * Kernels of the Node backend, which hands 'same' and 'valid' windows of channels that come last to libtensorflow, and refuses others, or gives wrong
 * numbers for them. Convolutions are computed by the same kernels, of an image whose padding is written into it; pools by those in double precision.
 */
import type * as tf from '@tensorflow/tfjs';
import type { Fix } from '../fix.js';
import {
  composed,
  inDoubles,
  replacements,
  type Call,
  type Replacement,
  type Result,
  type Steps,
} from './call.js';
import { windowsOf, type Windows } from './geometry.js';

const LAST = [0, 2, 3, 1];
const FIRST = [0, 3, 1, 2];

/** How far the windows go beyond the image's rows and columns: before, and after, where it is less than nothing if they end within it. */
const beyond = ({ grid }: Windows): [number, number][] =>
  grid.axes
    .slice(1)
    .map(({ before, outputs, stride, window, dilation, size }) => [
      before,
      (outputs - 1) * stride + (window - 1) * dilation + 1 - before - size,
    ]);

/** Whether libtensorflow is handed the windows as they are. */
const isPlain = (windows: Windows): boolean =>
  typeof windows.attrs.pad === 'string' ||
  beyond(windows).every(([before, after]) => before === 0 && after <= 0);

/** x [batch, height, width, channels] with as many rows and columns as its windows reach over. */
function filled(steps: Steps, x: tf.TensorInfo, windows: Windows): tf.TensorInfo {
  const pads = beyond(windows);
  const [batch, height, width, channels] = x.shape;
  const size = [batch, height + Math.min(0, pads[0][1]), width + Math.min(0, pads[1][1]), channels];
  const isCut = pads.some(([, after]) => after < 0);
  const inside = isCut ? steps.run('Slice', { x }, { begin: [0, 0, 0, 0], size }) : x;
  const paddings = [[0, 0], ...pads.map(([before, after]) => [before, Math.max(0, after)]), [0, 0]];
  return steps.run('PadV2', { x: inside }, { paddings, constantValue: 0 });
}

/** The way back of a gradient by `filled`: padding is left out, and what was not reached has 0. */
function emptied(steps: Steps, dx: tf.TensorInfo, windows: Windows): tf.TensorInfo {
  const pads = beyond(windows);
  const [batch, , , channels] = dx.shape;
  const sizes = windows.grid.axes.slice(1).map(({ size }, i) => size + Math.min(0, pads[i][1]));
  const inside = steps.run(
    'Slice',
    { x: dx },
    { begin: [0, ...pads.map(([before]) => before), 0], size: [batch, ...sizes, channels] },
  );
  const paddings = [[0, 0], ...pads.map(([, after]) => [0, Math.max(0, -after)]), [0, 0]];
  return steps.run('PadV2', { x: inside }, { paddings, constantValue: 0 });
}

/** A convolution, or a gradient of one. */
const convolution =
  (kernelName: string): Replacement =>
  (call, libtensorflow) => {
    const windows = windowsOf(kernelName, call);
    // Without oneDNN libtensorflow refuses dilation where each channel has a filter of its own.
    const stock = (handed: Call): Result => {
      try {
        return libtensorflow(handed);
      } catch (error) {
        // An error of the addon's may be of another realm.
        if (!String((error as Partial<Error>).message).includes('does not support dilations')) throw error;
        return inDoubles(kernelName)(handed);
      }
    };
    if (!windows) return stock(call);
    const { channelsFirst, attrs } = windows;
    // Slopes, which a fused kernel may be given, would have channels first too.
    const { preluActivationWeights: slopes } = call.inputs as { preluActivationWeights?: tf.TensorInfo };
    if ((channelsFirst && slopes) || (!channelsFirst && isPlain(windows))) return stock(call);
    return composed('tensorflow', call, (steps) => {
      const turned = (x: tf.TensorInfo, perm: number[]): tf.TensorInfo =>
        channelsFirst ? steps.run('Transpose', { x }, { perm }) : x;
      const { x, dy } = call.inputs as { x?: tf.TensorInfo; dy?: tf.TensorInfo };
      const isFilled = !isPlain(windows);
      const inputs = { ...call.inputs } as Record<string, tf.TensorInfo>;
      if (dy) inputs.dy = turned(dy, LAST);
      if (x) {
        const last = turned(x, LAST);
        inputs.x = isFilled ? filled(steps, last, windows) : last;
      }
      const given = {
        ...attrs,
        dataFormat: 'NHWC',
        ...(isFilled && { pad: 'valid', dimRoundingMode: undefined }),
      };
      const isByInput = kernelName.endsWith('BackpropInput');
      if (isByInput) {
        const { inputShape } = attrs;
        const shape = channelsFirst ? LAST.map((axis) => inputShape[axis]) : inputShape;
        const pads = beyond(windows);
        given.inputShape = isFilled
          ? [shape[0], ...pads.map(([before, after], i) => shape[i + 1] + before + after), shape[3]]
          : shape;
      }
      const made = stock({ ...call, inputs, attrs: given as unknown as tf.NamedAttrMap }) as tf.TensorInfo;
      // A gradient by the filter has no channels to turn.
      if (kernelName.endsWith('BackpropFilter')) return made;
      return turned(
        isByInput && isFilled
          ? emptied(steps, steps.own(made), windows)
          : channelsFirst
            ? steps.own(made)
            : made,
        FIRST,
      );
    });
  };

/** A pool of images, or its gradient. */
const pool =
  (kernelName: string): Replacement =>
  (call: Call, stock) => {
    const windows = windowsOf(kernelName, call);
    return !windows || (!windows.channelsFirst && isPlain(windows))
      ? stock(call)
      : inDoubles(kernelName)(call);
  };

/** A convolution of volumes, or a gradient of one, which libtensorflow has without dilation alone. */
const volume =
  (kernelName: string): Replacement =>
  (call, stock) => {
    const windows = windowsOf(kernelName, call);
    return windows?.grid.axes.some(({ dilation }) => dilation !== 1)
      ? inDoubles(kernelName)(call)
      : stock(call);
  };

export const NATIVE_KERNELS: readonly Fix[] = [
  {
    id: 'windows-on-tensorflow',
    family: 'kernels: convolutions',
    ops: [
      'conv1d',
      'conv2d',
      'conv2dTranspose',
      'conv3d',
      'depthwiseConv2d',
      'separableConv2d',
      'fused.conv2d',
      'fused.depthwiseConv2d',
      'avgPool',
      'maxPool',
      'pool',
    ],
    wrong:
      'The Node backend refuses numbers for pad in pools, and in the gradients of convolutions, and dilated volumes, and without oneDNN dilated filters of each channel; channels that come first are refused, or give wrong numbers.',
    kernels: [
      ...replacements(
        ['tensorflow'],
        [
          'Conv2D',
          'Conv2DBackpropInput',
          'Conv2DBackpropFilter',
          'DepthwiseConv2dNative',
          'DepthwiseConv2dNativeBackpropInput',
          'DepthwiseConv2dNativeBackpropFilter',
          'FusedConv2D',
          'FusedDepthwiseConv2D',
        ],
        (_, name) => convolution(name),
      ),
      ...replacements(['tensorflow'], ['AvgPool', 'MaxPool', 'AvgPoolGrad', 'MaxPoolGrad'], (_, name) =>
        pool(name),
      ),
      ...replacements(
        ['tensorflow'],
        ['Conv3D', 'Conv3DBackpropInputV2', 'Conv3DBackpropFilterV2'],
        (_, name) => volume(name),
      ),
    ],
  },
];
