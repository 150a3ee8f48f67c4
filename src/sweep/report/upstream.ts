/** Issues in TensorFlow.js' repository that are about a finding. */

/** By the beginning of a finding's id. */
const issues: Readonly<Record<string, number>> = {
  'exp/formula/core/second-order': 3252,
  'sigmoid/formula/core/second-order': 3252,
  'tanh/formula/core/second-order': 3252,
  'einsum/no-gradient/core/backward': 8277,
  'topk/no-gradient/core/backward': 1601,
  'gatherND/no-gradient/core/backward': 1795,
  'conv1d-(dilation)/throws/core/backward': 7906,
  'conv2d-(dilation)/throws/core/backward': 7906,
};

export function upstreamOf(id: string): string | undefined {
  const prefix = Object.keys(issues).find((start) => id.startsWith(start));
  return prefix && `https://github.com/tensorflow/tfjs/issues/${issues[prefix]}`;
}
