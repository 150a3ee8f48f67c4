/** Random compositions of ops: what no family thinks of. The same for the same seed. */
import {
  assemble,
  choicesFrom,
  hashOf,
  RANDOM,
  real,
  type CaseDraft,
  type Choices,
  type SweepCase,
} from './case.js';
import { call, input, type Expression } from './expression.js';

/** The shape of every input and every result. */
const SHAPE = [2, 3] as const;
/** So many calls lie within each other. */
const DEPTH = 4;

/** Of one tensor; each keeps its shape, and is defined for all numbers of moderate size. */
const unary: readonly ((a: Expression) => Expression)[] = [
  ...[
    'sin',
    'cos',
    'tanh',
    'sigmoid',
    'softplus',
    'square',
    'abs',
    'relu',
    'elu',
    'selu',
    'neg',
    'erf',
    'atan',
  ].map((op) => (a: Expression) => call(op, a)),
  (a) => call('softmax', a),
  (a) => call('logSoftmax', a),
  (a) => call('exp', call('tanh', a)),
  (a) => call('sqrt', call('add', call('square', a), 0.5)),
  (a) => call('reciprocal', call('add', call('abs', a), 0.75)),
  (a) => call('log', call('add', call('square', a), 0.5)),
  (a) => call('cumsum', a, 1),
  (a) => call('reverse', a, 0),
  (a) => call('leakyRelu', a, 0.3),
  (a) => call('transpose', call('reshape', a, [3, 2])),
  (a) => call('sub', a, call('mean', a, 1, true)),
  (a) => call('div', a, call('add', call('max', call('abs', a), 0, true), 1)),
];

/** Of two. */
const binary: readonly ((a: Expression, b: Expression) => Expression)[] = [
  ...['add', 'sub', 'mul', 'maximum', 'minimum', 'squaredDifference'].map(
    (op) => (a: Expression, b: Expression) => call(op, a, b),
  ),
  (a, b) => call('div', a, call('add', call('square', b), 0.75)),
  (a, b) => call('where', call('less', a, b), call('sin', a), b),
  (a, b) => call('matMul', call('matMul', a, b, false, true), b),
  (a, b) => call('slice', call('concat', [a, b], 1), [0, 1], [2, 3]),
  (a, b) => call('mul', a, call('sum', b, 1, true)),
];

function composed(choices: Choices, depth: number): Expression {
  if (depth === 0) return input(choices.pick(['x', 'y']));
  const inner = (): Expression => composed(choices, depth - 1);
  return choices.int(0, 2) === 0 ? choices.pick(binary)(inner(), inner()) : choices.pick(unary)(inner());
}

/** So many different compositions. */
export function randomCases(count: number, seed: number): SweepCase[] {
  const choices = choicesFrom(hashOf(`${seed} random`));
  const cases = new Map<string, SweepCase>();
  while (cases.size < count) {
    const expression = composed(choices, choices.int(2, DEPTH));
    const op = 'call' in expression ? expression.call : 'input';
    const draft: CaseDraft = {
      op,
      variant: RANDOM,
      inputs: { x: real(SHAPE), y: real(SHAPE) },
      expression,
    };
    const one = assemble('random', draft, seed);
    cases.set(one.id, one);
  }
  return [...cases.values()];
}
