/** tf.grad and its like, as functions: of functions that give their input back, with one tensor twice, with gradients of one's own. */
import { fixed, type CaseDraft, type Family } from './case.js';
import { apply, call, get, input, lambda, type Argument, type Expression } from './expression.js';

const [x, a, b, dy, s] = ['x', 'a', 'b', 'dy', 's'].map(input);

/** A custom gradient of a function of x. */
const custom = (value: Expression, gradient: Argument): Expression =>
  call('customGrad', lambda(['x'], { value, gradFunc: lambda(['dy'], gradient) }));

/** The functions that are differentiated. */
const functions: readonly (readonly [variant: string, f: Expression])[] = [
  ['of the identity', lambda(['x'], x)],
  ['of a clone', lambda(['x'], call('clone', x))],
  ['of a square', lambda(['x'], call('square', x))],
  ['of a sum of x and x', lambda(['x'], call('add', x, x))],
  ['of a custom gradient', custom(call('square', x), call('neg', dy))],
  ['of a custom gradient of the identity', custom(x, call('neg', dy))],
];

const pairs: readonly (readonly [variant: string, f: Expression])[] = [
  ['product', lambda(['a', 'b'], call('mul', a, call('square', b)))],
  ['first', lambda(['a', 'b'], call('add', a, call('mul', b, 0)))],
  ['concatenation', lambda(['a', 'b'], call('concat', [a, call('square', b)]))],
];

export const gradients: Family = {
  name: 'gradients',
  *cases(): Iterable<CaseDraft> {
    for (const shape of [[], [3]]) {
      const inputs = { s: fixed(shape), t: fixed(shape), dy: fixed(shape) };
      for (const [variant, f] of functions) {
        for (const [op, of] of [
          ['grad', apply(call('grad', f), s)],
          ['grad', apply(call('grad', f), s, dy)],
          ['valueAndGrad', get(apply(call('valueAndGrad', f), s), 'grad')],
          ['valueAndGrad', get(apply(call('valueAndGrad', f), s), 'value')],
        ] as const) {
          yield { op, variant, inputs, expression: of, order: 1 };
        }
      }
      for (const [name, f] of pairs) {
        if (name === 'concatenation' && shape.length === 0) continue;
        for (const [kind, list] of [
          ['two tensors', [s, input('t')]],
          ['one tensor twice', [s, s]],
        ] as const) {
          for (const member of [0, 1]) {
            const inputsOfPair = { s: inputs.s, t: inputs.t };
            const variant = `${kind}, ${name}`;
            yield {
              op: 'grads',
              variant,
              inputs: inputsOfPair,
              expression: get(apply(call('grads', f), list), member),
              order: 1,
            };
          }
        }
      }
    }
  },
};
