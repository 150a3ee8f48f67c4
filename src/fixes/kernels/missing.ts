/** Kernels that a backend lacks and the cpu backend has. */
import type { Fix } from '../fix.js';
import { addition, inDoubles, onCpu } from './call.js';

const ragged = ['RaggedGather', 'RaggedRange', 'RaggedTensorToTensor'];

export const MISSING_KERNELS: readonly Fix[] = [
  {
    id: 'missing-on-wasm',
    family: 'kernels: missing',
    ops: ['raggedGather', 'raggedRange', 'raggedTensorToTensor', 'string.staticRegexReplace'],
    wrong: "wasm has no kernel; it is computed by the cpu backend's.",
    kernels: [...ragged, 'StaticRegexReplace'].map((name) => addition('wasm', name, onCpu(name))),
  },
  {
    id: 'missing-on-webgl',
    family: 'kernels: missing',
    ops: ['dilation2d'],
    wrong: "webgl has no kernels for the gradients; they are computed by the cpu backend's.",
    kernels: ['Dilation2DBackpropInput', 'Dilation2DBackpropFilter'].map((name) =>
      addition('webgl', name, onCpu(name)),
    ),
  },
  {
    id: 'missing-on-tensorflow',
    family: 'kernels: missing',
    ops: [
      'bitwiseAnd',
      'denseBincount',
      'image.rotateWithOffset',
      'image.transform',
      'maxPoolWithArgmax',
      'raggedGather',
      'raggedRange',
      'raggedTensorToTensor',
      'searchSorted',
      'sparse.sparseFillEmptyRows',
      'sparse.sparseReshape',
      'sparse.sparseSegmentMean',
      'sparse.sparseSegmentSum',
    ],
    wrong: "The Node backend has no kernel; it is computed by the cpu backend's.",
    kernels: [
      ...[
        'BitwiseAnd',
        'DenseBincount',
        ...ragged,
        'RotateWithOffset',
        'SearchSorted',
        'SparseFillEmptyRows',
        'SparseReshape',
        'SparseSegmentMean',
        'SparseSegmentSum',
      ].map((name) => addition('tensorflow', name, onCpu(name))),
      ...['MaxPoolWithArgmax', 'Transform'].map((name) => addition('tensorflow', name, inDoubles(name))),
    ],
  },
];
