/** The list of what is mended, family by family. */
import { backpropagation, optionalInputs, releasing } from './backpropagation.js';
import type { Fix } from './fix.js';
import { complex } from './gradients/complex.js';
import { convolution } from './gradients/convolution.js';
import { custom, customGrad } from './gradients/custom.js';
import { elementwise } from './gradients/elementwise.js';
import { image } from './gradients/image.js';
import { indexing } from './gradients/indexing.js';
import { normalisation } from './gradients/normalisation.js';
import { pooling } from './gradients/pooling.js';
import { products } from './gradients/products.js';
import { reductions } from './gradients/reductions.js';
import { shapes } from './gradients/shapes.js';
import { KERNEL_FIXES } from './kernels/index.js';
import { IMAGE_LAYER_FIXES } from './image-layers.js';
import { LAYER_FIXES } from './layers.js';
import { ops as composites } from './ops.js';
import { OPTIMIZER_FIXES } from './optimizers.js';
import { applyTapeOrder, isTapeOrdered, removeTapeOrder } from './tape-order.js';

const ops = ['grad', 'grads', 'valueAndGrad', 'valueAndGrads', 'variableGrads'];

/** The engine: how gradients are recorded and gone back along. */
const engine: readonly Fix[] = [
  {
    id: 'tape-order',
    family: 'engine',
    ops,
    wrong:
      'Derivatives of second and higher order through an op that saves its output (exp, sigmoid, tanh, softmax, …) are wrong, or throw.',
    upstream: 'https://github.com/tensorflow/tfjs/issues/3252',
    engine: { apply: applyTapeOrder, remove: removeTapeOrder, isApplied: isTapeOrdered },
  },
  {
    id: 'whole-numbers',
    family: 'engine',
    ops: [
      'greater',
      'less',
      'lessEqual',
      'equal',
      'notEqual',
      'logicalAnd',
      'logicalOr',
      'logicalNot',
      'logicalXor',
      'any',
      'all',
      'where',
      'cast',
    ],
    wrong:
      'Ops with whole numbers or booleans for results have no gradient of 0, and gradients ask for one; cast to whole numbers has one that is not 0.',
    engine: backpropagation('whole-numbers'),
  },
  {
    id: 'optional-inputs',
    family: 'engine',
    ops: ['batchNorm', 'fused.conv2d', 'fused.depthwiseConv2d', 'fused.matMul'],
    wrong: 'An op with an optional input that is not given throws while a gradient is recorded.',
    engine: optionalInputs,
  },
  {
    id: 'identity',
    family: 'engine',
    ops: ['grad', 'valueAndGrad'],
    wrong: 'A function that returns its input has no gradient.',
    engine: backpropagation('identity'),
  },
  {
    id: 'customGrad-identity',
    family: 'engine',
    ops: ['customGrad'],
    wrong: 'A function of customGrad that returns its input has a wrong gradient.',
    engine: customGrad('identity'),
  },
  {
    id: 'one-tensor-twice',
    family: 'engine',
    ops: ['grads', 'valueAndGrads'],
    wrong: 'Of a tensor that is given twice each place has the sum of the gradients of both.',
    engine: backpropagation('one-tensor-twice'),
  },
  {
    id: 'release',
    family: 'engine',
    ops,
    wrong:
      'A gradient that throws, and a function of customGrad that saves twice, leave tensors behind that nobody can dispose of.',
    engine: releasing,
  },
];

/** Everything that is mended. */
export const FIXES: readonly Fix[] = [
  ...engine,
  ...elementwise,
  ...reductions,
  ...shapes,
  ...indexing,
  ...products,
  ...custom,
  ...convolution,
  ...pooling,
  ...normalisation,
  ...image,
  ...complex,
  ...composites,
  ...KERNEL_FIXES,
  ...LAYER_FIXES,
  ...IMAGE_LAYER_FIXES,
  ...OPTIMIZER_FIXES,
];
