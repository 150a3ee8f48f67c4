/** Fused ops, and the same in parts. */
import { real, type CaseDraft } from '../case.js';
import { call, input, type Argument, type Expression } from '../expression.js';
import { pair, type Inputs } from './pair.js';

const [x, a, b, filter, bias, alpha] = ['x', 'a', 'b', 'filter', 'bias', 'alpha'].map(input);

/** The activations of fused ops, as functions of what they are applied to. */
const activations: Readonly<Record<string, (z: Expression) => Expression>> = {
  linear: (z) => z,
  relu: (z) => call('relu', z),
  relu6: (z) => call('relu6', z),
  elu: (z) => call('elu', z),
  leakyrelu: (z) => call('leakyRelu', z, 0.3),
  prelu: (z) => call('prelu', z, alpha),
  sigmoid: (z) => call('sigmoid', z),
};

/** Every activation with and without bias, and every shape of bias and of prelu's weights that broadcasts. */
export function* fusedAndInParts(): Iterable<CaseDraft> {
  const ways: readonly (readonly [
    op: string,
    inputs: Inputs,
    plain: Expression,
    named: Record<string, Argument>,
    biases: readonly (readonly number[])[],
  ])[] = [
    [
      'fused.matMul',
      { a: real([2, 3]), b: real([3, 4]) },
      call('matMul', a, b),
      { a, b },
      [[4], [1, 4], [1], []],
    ],
    [
      'fused.conv2d',
      { x: real([2, 3, 4, 2]), filter: real([2, 2, 2, 3]) },
      call('conv2d', x, filter, 1, 'same'),
      { x, filter, strides: 1, pad: 'same' },
      [[3], [1, 1, 3], [1], []],
    ],
    [
      'fused.depthwiseConv2d',
      { x: real([2, 3, 4, 2]), filter: real([2, 2, 2, 2]) },
      call('depthwiseConv2d', x, filter, 1, 'same'),
      { x, filter, strides: 1, pad: 'same' },
      [[4], [1, 1, 4], [1], []],
    ],
  ];
  for (const [op, inputs, plain, named, biases] of ways) {
    const other = op.slice('fused.'.length);
    for (const [activation, activate] of Object.entries(activations)) {
      const shapes = activation === 'linear' || activation === 'relu' ? biases : biases.slice(0, 1);
      for (const shape of [undefined, ...shapes]) {
        const withBias = shape === undefined ? plain : call('add', plain, bias);
        const isPrelu = activation === 'prelu';
        yield pair(
          op,
          other,
          {
            ...inputs,
            ...(shape && { bias: real(shape) }),
            ...(isPrelu && { alpha: real(biases[0], 'positive') }),
          },
          call(op, {
            ...named,
            ...(shape && { bias }),
            activation,
            ...(activation === 'leakyrelu' && { leakyreluAlpha: 0.3 }),
            ...(isPrelu && { preluActivationWeights: alpha }),
          }),
          activate(withBias),
        );
      }
    }
  }
}
