/** Issues in TensorFlow.js' repository that are about findings. */

/** By what the findings' ids match; the first of a finding's is the one that is most about it. */
const threads: readonly (readonly [ids: RegExp, issues: readonly number[]])[] = [
  [/^einsum\/no-gradient/, [8277, 5690, 7722]],
  [/^topk\/no-gradient/, [1601]],
  [/^gatherND\/no-gradient/, [1795]],
  [/^cumprod.*\/no-gradient/, [8558]],
  [/-\(dilation\)\/limitation\/core\/backward\/dilation/, [7906]],
  [/^matMul.*\/throws\/core\/backward\/shape/, [8721]],
  [/^losses\.computeWeightedLoss.*\/throws/, [7710]],
  [/^(layers\.)?conv3dTranspose.*\/(formula|kernel|limitation)/, [6323]],
  [/^(layers\.)?conv2d.*\/kernel-missing\/wasm/, [8474]],
  [/\/kernel-missing\/wasm\/\w+\/UnsortedSegmentSum/, [8082]],
  [/\/kernel\/webgpu\/.*Error-while-parsing-WGSL-error-type-mismatch/, [8638]],
  [/-\(twice\)\/kernel\/webgpu/, [2669]],
  [
    /^layers\.(batch|layer)Normalization.*\/throws\/core\/backward|^batchNorm.*\/throws\/core\/backward/,
    [2868],
  ],
];

/** Of the findings whose culprit is the tape's order. */
const TAPE_ORDER = 3252;

const addressOf = (issue: number): string => `https://github.com/tensorflow/tfjs/issues/${issue}`;

/** The addresses of the threads about a finding. */
export function upstreamOf(id: string, culprit?: string): string[] {
  const issues = threads.filter(([ids]) => ids.test(id)).flatMap(([, list]) => list);
  return [...(culprit === "the tape's order" ? [TAPE_ORDER] : []), ...issues].map(addressOf);
}
