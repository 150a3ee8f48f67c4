/**
 * tf.grad and its like, as functions: of functions that give their input back, with one tensor twice, of each other, with gradients
 * of one's own and what these save.
 */
import { fixed, type CaseDraft, type Family } from './case.js';
import { apply, call, get, input, inputsOf, lambda, type Argument, type Expression } from './expression.js';

const [x, a, b, dy, s] = ['x', 'a', 'b', 'dy', 's'].map(input);

/** A custom gradient of a function of x. */
const custom = (value: Expression, gradient: Argument): Expression =>
  call('customGrad', lambda(['x'], { value, gradFunc: lambda(['dy'], gradient) }));

/**
 * A custom gradient that saves tensors: `saves`, each a list of them, before the value is made. The gradient is a function of dy
 * and `saved`, those of the last time.
 */
const saving = (
  saves: readonly Argument[],
  value: Expression,
  gradient: Argument,
  parameters: readonly string[] = ['x'],
): Expression =>
  call(
    'customGrad',
    lambda([...parameters, 'save'], {
      ...Object.fromEntries(saves.map((list, i) => [`save${i + 1}`, apply(input('save'), list)])),
      value,
      gradFunc: lambda(['dy', 'saved'], gradient),
    }),
  );

const saved = (i: number): Expression => get(input('saved'), i);
/** Of the square of x: dy·2x by what was saved. */
const twice = call('mul', dy, call('mul', 2, saved(0)));
const square = call('square', x);

const savings: readonly (readonly [variant: string, f: Expression])[] = [
  ['save', saving([[x]], square, twice)],
  ['save of another tensor', saving([[call('add', x, 0)]], square, twice)],
  ['save of the value', saving([[square]], square, call('mul', dy, saved(0)))],
  ['save of two', saving([[x, call('add', x, 1)]], square, call('mul', dy, call('add', saved(0), saved(1))))],
  ['save of none', saving([[]], square, call('neg', dy))],
  ['save that is not used', saving([[x]], square, call('neg', dy))],
  ['save called twice', saving([[x], [x]], square, twice)],
  ['save called three times', saving([[x], [call('add', x, 0)], [x]], square, twice)],
];

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

const ofTwo = (gradient: Argument): Expression => saving([[a, b]], call('mul', a, b), gradient, ['a', 'b']);

const customPairs: readonly (readonly [variant: string, f: Expression])[] = [
  ['save', ofTwo([call('mul', dy, saved(1)), call('mul', dy, saved(0))])],
  [
    'save called twice',
    saving(
      [
        [a, b],
        [a, b],
      ],
      call('mul', a, b),
      [call('mul', dy, saved(1)), call('mul', dy, saved(0))],
      ['a', 'b'],
    ),
  ],
];

/** Gradients of gradients, custom ones with their call alone, and all of several gradients. */
function* further(shape: readonly number[]): Iterable<CaseDraft> {
  const inputs = { s: fixed(shape), t: fixed(shape), dy: fixed(shape) };
  const draft = (op: string, variant: string, expression: Expression): CaseDraft => {
    const used = Object.entries(inputs).filter(([name]) => inputsOf(expression).includes(name));
    return { op, variant, inputs: Object.fromEntries(used), expression, order: 1 };
  };
  for (const [variant, f] of savings) {
    yield draft('customGrad', `${variant}, value`, apply(f, s));
    yield draft('grad', variant, apply(call('grad', f), s));
    yield draft('grad', variant, apply(call('grad', f), s, dy));
    yield draft('valueAndGrad', variant, get(apply(call('valueAndGrad', f), s), 'grad'));
    yield draft('valueAndGrad', variant, get(apply(call('valueAndGrad', f), s), 'value'));
  }
  for (const [variant, f] of customPairs) {
    yield draft('customGrad', `two inputs, ${variant}, value`, apply(f, s, input('t')));
    for (const member of [0, 1]) {
      yield draft('grads', `custom, ${variant}`, get(apply(call('grads', f), [s, input('t')]), member));
      const all = apply(call('valueAndGrads', f), [s, input('t')]);
      yield draft('valueAndGrads', `custom, ${variant}`, get(get(all, 'grads'), member));
    }
  }
  for (const [variant, f] of pairs) {
    if (variant === 'concatenation') continue;
    const all = apply(call('valueAndGrads', f), [s, input('t')]);
    for (const member of [0, 1]) yield draft('valueAndGrads', variant, get(get(all, 'grads'), member));
    yield draft('valueAndGrads', variant, get(all, 'value'));
  }
  const ofGrad = (f: Expression): Expression => lambda(['x'], apply(call('grad', f), x));
  for (const [variant, f] of [
    ['of a square', lambda(['x'], square)],
    ['of a cube', lambda(['x'], call('mul', x, square))],
    ['of a custom gradient', savings[0][1]],
  ] as const) {
    yield draft('grad', `of grad, ${variant}`, apply(call('grad', ofGrad(f)), s));
  }
  const thrice = ofGrad(ofGrad(lambda(['x'], call('mul', square, square))));
  yield draft('grad', 'of grad of grad', apply(call('grad', thrice), s));
}

export const gradients: Family = {
  name: 'gradients',
  *cases(): Iterable<CaseDraft> {
    for (const shape of [[], [3]]) {
      yield* further(shape);
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
