/** What is known not to be done: by TensorFlow.js, as its documentation says, and by the language of shaders that a backend's kernels are written in. */
import { NOT_FINITE, type SweepCase } from '../cases/case.js';
import type { Argument } from '../cases/expression.js';
import type { Hit } from './hit.js';

/** Ops of which the documentation says: Only "NHWC" is currently supported. */
const channelsLastOnly = ['depthwiseConv2d', 'separableConv2d', 'fused.conv2d', 'fused.depthwiseConv2d'];

function says(part: Argument, text: string): boolean {
  if (part === text) return true;
  return (
    typeof part === 'object' &&
    part !== null &&
    Object.values(part).some((each) => says(each as Argument, text))
  );
}

/** The documentation's words on the case, where it is one of those that they exclude. */
export const excluded = ({ op, expression }: SweepCase): string | undefined =>
  channelsLastOnly.includes(op) && says(expression, 'NCHW')
    ? 'The documentation says: only NHWC is currently supported.'
    : undefined;

/**
 * What shaders may do with NaN and infinities. GLSL ES 3.00, 4.5.1: an operation on a NaN need not give a NaN, and there need not be
 * infinities. WGSL, "Differences from IEEE-754": an implementation may assume that there are neither.
 */
const SHADERS: Partial<Record<Hit['backend'], string>> = {
  webgl: 'What becomes of NaN and infinity in a shader is left to the device by GLSL ES 3.00.',
  webgpu: 'What becomes of NaN and infinity in a shader is left to the device by WGSL.',
};

/** What is said of a wrong number of a shader that was given NaN and infinities. */
export const leftToTheDevice = (one: SweepCase, { kind, backend }: Hit): string | undefined =>
  one.variant === NOT_FINITE && kind === 'kernel' ? SHADERS[backend] : undefined;

/** The hit, as a limitation where its case is excluded by the documentation, or by the language of its kernel. */
export function limited(one: SweepCase, hit: Hit): Hit {
  const words = excluded(one) ?? leftToTheDevice(one, hit);
  if (words === undefined || !['kernel', 'formula', 'throws', 'limitation'].includes(hit.kind)) return hit;
  const [op, , ...rest] = hit.id.split('/');
  return {
    ...hit,
    id: [op, 'limitation', ...rest].join('/'),
    kind: 'limitation',
    message: `${hit.message} ${words}`,
  };
}
