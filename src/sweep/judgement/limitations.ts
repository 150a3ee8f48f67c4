/** What TensorFlow.js' documentation says it does not do. */
import type { SweepCase } from '../cases/case.js';
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

/** The hit, as a limitation where the documentation excludes its case. */
export function limited(one: SweepCase, hit: Hit): Hit {
  const words = excluded(one);
  if (words === undefined || !['kernel', 'formula', 'throws', 'limitation'].includes(hit.kind)) return hit;
  const [op, , ...rest] = hit.id.split('/');
  return {
    ...hit,
    id: [op, 'limitation', ...rest].join('/'),
    kind: 'limitation',
    message: `${hit.message} ${words}`,
  };
}
